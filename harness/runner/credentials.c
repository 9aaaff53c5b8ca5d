// SPDX-License-Identifier: MIT
#include "harness/runner/credentials.h"
#include "base/error.h"
#include "base/fs.h"
#include "certs/doctor/doctor.h"
#include "certs/verify.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_BYTES_MOST = 1 << 20, SENTENCE_BYTES_MOST = 360, NAMES_SHOWN = 2 };

struct reading {
    const struct credentials_settings *settings;
    struct credentials *out;
    struct doctor *doctor;
    bool has_own_bundle; // the bench names a file of anchors that is not the rig's
};

// ---- what the bench names

// "--ca=roots.pem", "CA_FILE=roots.pem" or the path itself.
static bool find_file(const char *word, char path[PATH_MAX])
{
    const char *after = strchr(word, '=');
    const char *tries[] = {word, after ? after + 1 : ""};
    struct stat st;
    for (size_t i = 0; i < HR_COUNT_OF(tries); i++) {
        bool is_file = stat(tries[i], &st) == 0 && S_ISREG(st.st_mode);
        if (is_file && st.st_size <= FILE_BYTES_MOST && !(st.st_mode & S_IXUSR)) {
            return realpath(tries[i], path) != NULL;
        }
    }
    return false;
}

static bool is_of_rig(const struct reading *r, const char *path)
{
    return span_starts_with(span_text(path), span_text(r->settings->evidence));
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool has_ca(const struct cert_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->is_readable && list->items[i]->is_ca) {
            return true;
        }
    }
    return false;
}

// Anchors are CA certificates, and no private key stands beside them.
static void take_anchors(struct reading *r, const char *path, struct span bytes)
{
    struct cert_list list;
    cert_list_init(&list);
    bool is_read = cert_list_add_file(&list, path) == 0;
    bool has_key = memmem(bytes.ptr, bytes.len, "PRIVATE KEY", 11) != NULL;
    if (is_read && has_ca(&list) && !has_key && cert_list_add_file(&r->out->anchors, path) == 0) {
        r->has_own_bundle = true;
        r->out->is_known = true;
        snprintf(r->out->file, sizeof r->out->file, "%.79s", base_name(path));
    }
    cert_list_deinit(&list);
    error_clear();
}

static bool looks_like_credential(const char *path, struct span bytes)
{
    static const char *const endings[] = {".pem", ".crt", ".cer", ".der", ".key"};
    bool fits = memmem(bytes.ptr, bytes.len, "-----BEGIN ", 11) != NULL;
    for (size_t i = 0; i < HR_COUNT_OF(endings); i++) {
        fits |= span_ends_with(span_text(path), span_text(endings[i]));
    }
    return fits;
}

// What the doctor does not take, such as its thousandth file, is not examined.
static int examine(struct reading *r, const struct doctor_input *input)
{
    int code = doctor_add(r->doctor, input);
    return code == ERR_NO_MEMORY ? code : 0;
}

static int take_file(struct reading *r, const char *path)
{
    struct buf bytes HR_CLEANUP(buf_wipe);
    buf_init(&bytes, FILE_BYTES_MOST);
    if (is_of_rig(r, path) || fs_read_file(path, &bytes) < 0 ||
        !looks_like_credential(path, buf_span(&bytes))) {
        error_clear();
        return 0;
    }
    take_anchors(r, path, buf_span(&bytes));
    return examine(r, &(struct doctor_input){.name = base_name(path), .bytes = buf_span(&bytes)});
}

// A connection string of the bench's own leads elsewhere than to the rig's hub.
static int take_connection_string(struct reading *r, const char *word)
{
    const struct credentials_settings *s = r->settings;
    const char *found = strcasestr(word, "HostName=");
    char host[200];
    if (!found || (s->connection_string[0] && strstr(found, s->connection_string))) {
        return 0;
    }
    const char *at = found + strlen("HostName=");
    span_copy_text(span_of(at, strcspn(at, ";")), host, sizeof host);
    if (strcmp(host, s->host) != 0) {
        char what[SENTENCE_BYTES_MOST];
        snprintf(
            what, sizeof what,
            "the bench gives the device a connection string for %.100s; the rig's hub is %.100s",
            host, s->host);
        EMIT(s->journal, DOCTOR_IDENTITY, 0, NULL, F_TEXT("rule", "rig"), F_TEXT("file", ""),
             F_TEXT("what", what), F_TEXT("shows", ""),
             F_TEXT("try", "write {device.connection_string} there in the .bench file"));
    }
    return examine(r, &(struct doctor_input){
                          .name = "connection string", .bytes = span_text(found), .is_text = true});
}

static int take_word(struct reading *r, const char *word)
{
    char path[PATH_MAX];
    TRY(take_connection_string(r, word));
    return find_file(word, path) ? take_file(r, path) : 0;
}

static const char *filled_entry(const struct surroundings *around, const char *template)
{
    size_t len = strcspn(template, "=") + 1;
    for (size_t i = 0; around->envp[i]; i++) {
        if (strncmp(around->envp[i], template, len) == 0) {
            return around->envp[i] + len;
        }
    }
    return "";
}

static int take_words(struct reading *r)
{
    const struct credentials_settings *s = r->settings;
    for (size_t i = 1; i < s->device->command_count; i++) {
        TRY(take_word(r, s->around->argv[i]));
    }
    for (size_t i = 0; i < s->device->env_count; i++) {
        TRY(take_word(r, filled_entry(s->around, s->device->env[i])));
    }
    return 0;
}

// ---- what the rig gives

static bool acts_mention_root(const struct bench_acts *acts)
{
    for (size_t i = 0; i < acts->count; i++) {
        for (size_t k = 0; k < acts->items[i].word_count; k++) {
            if (strstr(acts->items[i].words[k], "{root.")) {
                return true;
            }
        }
    }
    return false;
}

// A program finds the rig's root in its environment; a board only where its bench says so.
static bool is_given_rig_root(const struct reading *r)
{
    const struct bench_board *b = r->settings->device->board;
    if (!b) {
        return !r->has_own_bundle;
    }
    return b->credentials == CREDENTIALS_FILES || acts_mention_root(&b->script) ||
           acts_mention_root(&b->credentials_acts) || acts_mention_root(&b->flash);
}

static int take_rig_root(struct reading *r)
{
    if (!is_given_rig_root(r)) {
        return 0;
    }
    r->out->is_known = true;
    snprintf(r->out->file, sizeof r->out->file, "root.pem");
    return cert_list_add_pem(&r->out->anchors, r->settings->root_text, CERT_ROLE_TRUSTED);
}

// ---- what is wrong with it

// The rig's chains are look-alikes: what the doctor knows of the real ones does not hold here.
static bool is_about_real_chains(enum doctor_rule rule)
{
    static const enum doctor_rule rules[] = {DOCTOR_R_01, DOCTOR_R_03, DOCTOR_R_15};
    for (size_t i = 0; i < HR_COUNT_OF(rules); i++) {
        if (rules[i] == rule) {
            return true;
        }
    }
    return false;
}

static void tell(const struct reading *r, const struct doctor_finding *f)
{
    const char *rule = doctor_rule_id(f->rule);
    bool is_of_bundle = rule[0] == 'B' || rule[0] == 'R';
    const struct field fields[] = {F_TEXT("rule", rule),    F_TEXT("file", f->file),
                                   F_TEXT("what", f->what), F_TEXT("shows", f->shows),
                                   F_TEXT("try", f->fix),   {.name = NULL}};
    journal_emit(r->settings->journal, is_of_bundle ? EVENT_DOCTOR_BUNDLE : EVENT_DOCTOR_IDENTITY,
                 0, NULL, fields);
}

// The worst last: the diagnosis looks at the last one.
static void tell_findings(const struct reading *r)
{
    for (size_t i = doctor_finding_count(r->doctor); i > 0; i--) {
        const struct doctor_finding *f = doctor_finding(r->doctor, i - 1);
        if (f->severity == DOCTOR_ERROR && !is_about_real_chains(f->rule)) {
            tell(r, f);
        }
    }
}

static int read_all(struct reading *r)
{
    const struct doctor_settings settings = {.now_s = r->settings->utc_s,
                                             .stack = STACK_ANY,
                                             .cloud = CLOUD_ANY,
                                             .device_id = r->settings->id};
    TRY(doctor_new(&settings, &r->doctor));
    TRY(take_words(r));
    TRY(take_rig_root(r));
    TRY(doctor_run(r->doctor));
    tell_findings(r);
    return 0;
}

int credentials_read(const struct credentials_settings *settings, struct credentials *out)
{
    struct reading r = {.settings = settings, .out = out};
    *out = (struct credentials){.journal = settings->journal};
    cert_list_init(&out->anchors);
    int code = read_all(&r);
    doctor_free(r.doctor);
    if (code < 0) {
        credentials_deinit(out);
    }
    return code;
}

void credentials_deinit(struct credentials *c)
{
    cert_list_deinit(&c->anchors);
    *c = (struct credentials){0};
}

// ---- the hub's chain

// Also true when there is no memory to find out: then nothing is claimed.
static bool leads_to_anchor(const struct credentials *c, const struct chain *chain)
{
    static struct span anchors[CERT_LIST_MOST];
    struct cert_judgement j;
    size_t count = 0;
    for (size_t i = 0; i < c->anchors.count; i++) {
        if (c->anchors.items[i]->is_readable) {
            anchors[count++] = buf_span(&c->anchors.items[i]->der);
        }
    }
    int code = cert_chain_leads_to(chain->sent_der, chain->sent_count, anchors, count, 0, &j);
    return code < 0 || j.verdict == CERT_TRUSTED || j.verdict == CERT_OUT_OF_DATE;
}

static const struct cert_facts *find_anchor(const struct credentials *c,
                                            const struct cert_facts *root, bool is_by_name)
{
    for (size_t i = 0; i < c->anchors.count; i++) {
        const struct cert_facts *a = c->anchors.items[i];
        bool is_it = is_by_name ? a->is_readable && strcmp(a->subject, root->subject) == 0
                                : span_equals(buf_span(&a->der), buf_span(&root->der));
        if (is_it) {
            return a;
        }
    }
    return NULL;
}

// "Baltimore CyberTrust Root, DigiCert Global Root CA and 3 more"
static void print_anchors(const struct credentials *c, char *out, size_t capacity)
{
    size_t shown = c->anchors.count < NAMES_SHOWN ? c->anchors.count : NAMES_SHOWN;
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < shown && len < capacity; i++) {
        const struct cert_facts *a = c->anchors.items[i];
        len += (size_t)snprintf(out + len, capacity - len, "%s%.50s", i ? ", " : "",
                                a->is_readable ? a->subject_cn : "an unreadable certificate");
    }
    if (c->anchors.count > shown && len < capacity) {
        snprintf(out + len, capacity - len, " and %zu more", c->anchors.count - shown);
    }
}

static void tell_missing(const struct credentials *c, const struct chain *chain,
                         const struct cert_facts *root)
{
    char what[SENTENCE_BYTES_MOST], held[160];
    bool is_namesake = find_anchor(c, root, true) != NULL;
    print_anchors(c, held, sizeof held);
    if (is_namesake) {
        snprintf(what, sizeof what,
                 "the %.50s in the device's root file %.60s has another key than the one in which "
                 "the rig's chain %.60s ends",
                 root->subject_cn, c->file, chain->name);
    } else {
        snprintf(
            what, sizeof what,
            "the device's root file %.50s does not contain %.50s, the root of the chain %.50s; "
            "it holds %.90s",
            c->file, root->subject_cn, chain->name, held[0] ? held : "nothing");
    }
    EMIT(c->journal, DOCTOR_ROOT, 0, NULL, F_TEXT("file", c->file),
         F_TEXT("missing", root->subject_cn), F_TEXT("what", what),
         F_TEXT("try", is_namesake
                           ? "the rig's chains are look-alikes with keys of its own: give the "
                             "device {root.pem} of the bench"
                           : "add this root to the device's file; keep DigiCert Global Root G2 and "
                             "Microsoft RSA Root 2017 side by side"));
}

// Of a chain that does not end in an anchor of the device; only when both ways to look agree.
static const struct cert_facts *find_missing(const struct credentials *c, const struct chain *chain,
                                             struct cert_list *roots)
{
    bool is_read = !leads_to_anchor(c, chain) &&
                   cert_list_add_pem(roots, buf_span(&chain->root_pem), CERT_ROLE_TRUSTED) == 0;
    for (size_t i = 0; is_read && i < roots->count; i++) {
        is_read = roots->items[i]->is_readable && !find_anchor(c, roots->items[i], false);
    }
    return is_read && roots->count > 0 ? roots->items[0] : NULL;
}

void credentials_judge_chain(const struct credentials *c, const struct chain *chain)
{
    struct cert_list roots;
    bool is_bad = chain->facts.verdict == CHAIN_REJECT ||
                  span_starts_with(span_text(chain->name), SPAN_LITERAL("bad/"));
    if (!c->is_known || is_bad) {
        return;
    }
    cert_list_init(&roots);
    const struct cert_facts *missing = find_missing(c, chain, &roots);
    if (missing) {
        tell_missing(c, chain, missing);
    } else {
        EMIT(c->journal, DOCTOR_ROOT, 0, NULL, F_TEXT("file", c->file), F_TEXT("missing", ""),
             F_TEXT("what", ""), F_TEXT("try", ""));
    }
    cert_list_deinit(&roots);
    error_clear();
}
