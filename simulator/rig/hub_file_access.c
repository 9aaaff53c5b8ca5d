// SPDX-License-Identifier: MIT
// The statements `policy` and `ca` of hub files.
#include "base/error.h"
#include "base/fs.h"
#include "certs/cert_list.h"
#include "simulator/rig/hub_file_private.h"

#include <limits.h>
#include <string.h>

enum { OWN_POLICIES_MOST = HUB_POLICIES_MOST - HUB_STANDARD_POLICIES };

static const struct {
    const char *word;
    unsigned bit;
} rights[] = {
#define X(name, bit, word) {word, bit},
    HUB_RIGHT_TABLE(X)
#undef X
};

static unsigned right_of(struct span word)
{
    for (size_t i = 0; i < HR_COUNT_OF(rights); i++) {
        if (span_equals_nocase(word, span_text(rights[i].word))) {
            return rights[i].bit;
        }
    }
    return 0;
}

static int read_name(struct parser *p, const char *what, char out[HUB_LABEL_BYTES_MOST + 1])
{
    struct span name = line_word(p->line, 1);
    if (!span_copy_text(name, out, HUB_LABEL_BYTES_MOST + 1) || !hub_label_is_valid(out)) {
        return MISTAKE(p, 1, "'%.*s' is no name of a %s: 1 to %d letters, digits and -._",
                       SPAN_ARG(name), what, HUB_LABEL_BYTES_MOST);
    }
    return 0;
}

static int read_policy_words(struct parser *p, struct access_policy *policy)
{
    const char *names[HR_COUNT_OF(rights) + 2] = {"primary", "secondary"};
    char near[96];
    for (size_t i = 0; i < HR_COUNT_OF(rights); i++) {
        names[i + 2] = rights[i].word;
    }
    for (size_t i = 2; i < p->line->count; i++) {
        unsigned right = right_of(line_word(p->line, i));
        if (right) {
            policy->rights |= right;
        } else if (line_word_is(p->line, i, "primary")) {
            i++;
            TRY(hub_file_read_key(p, i, "primary", "primary", policy->primary_key));
        } else if (line_word_is(p->line, i, "secondary")) {
            i++;
            TRY(hub_file_read_key(p, i, "secondary", "secondary", policy->secondary_key));
        } else {
            struct span word = line_word(p->line, i);
            return MISTAKE(p, i,
                           "expected RegistryRead, RegistryWrite, ServiceConnect, DeviceConnect, "
                           "primary or secondary, seen '%.*s'%s",
                           SPAN_ARG(word), suggest_text(word, names, HR_COUNT_OF(names), near));
        }
    }
    return 0;
}

// Every hub has the standard ones already: a file gives them keys, and their rights are as they are.
static int check_rights(struct parser *p, struct access_policy *policy)
{
    unsigned standard = hub_standard_rights(span_text(policy->name));
    if (!standard && !policy->rights) {
        return MISTAKE(p, p->line->count,
                       "a policy wants rights: RegistryRead, RegistryWrite, ServiceConnect, "
                       "DeviceConnect");
    }
    if (standard && policy->rights && policy->rights != standard) {
        return MISTAKE(p, 2,
                       "every hub has %s with other rights; leave the rights out, or choose "
                       "another name",
                       policy->name);
    }
    if (!standard && p->own_policy_count++ == OWN_POLICIES_MOST) {
        return MISTAKE(p, 0, "more than %d policies beside the %d that every hub has",
                       OWN_POLICIES_MOST, HUB_STANDARD_POLICIES);
    }
    policy->rights = standard ? standard : policy->rights;
    return 0;
}

int hub_file_policy(struct parser *p)
{
    struct hub_file *file = p->file;
    TRY(hub_file_check_words(p, LINE_WORDS_MOST,
                             "policy NAME RIGHT ... [primary KEY] [secondary KEY]"));
    struct access_policy policy = {.rights = 0};
    TRY(read_name(p, "policy", policy.name));
    for (size_t i = 0; i < file->policy_count; i++) {
        if (span_equals_nocase(span_text(policy.name), span_text(file->policies[i].name))) {
            return MISTAKE(p, 1, "the policy '%s' stands above already", policy.name);
        }
    }
    int code = read_policy_words(p, &policy);
    code = code < 0 ? code : check_rights(p, &policy);
    if (code == 0) {
        file->policies[file->policy_count++] = policy;
    }
    explicit_bzero(&policy, sizeof policy);
    return code;
}

static int take_certificate(struct parser *p, const struct cert_list *list, struct buf *der)
{
    if (list->count != 1) {
        return MISTAKE(p, 2, "expected the one certificate of the CA, seen %zu", list->count);
    }
    const struct cert_facts *facts = list->items[0];
    if (!facts->is_readable) {
        return MISTAKE(p, 2, "the certificate cannot be read: %s", facts->trouble);
    }
    if (!facts->is_ca) {
        return MISTAKE(p, 2, "the certificate of '%s' is no CA's: its basicConstraints do not say so",
                       facts->subject_cn);
    }
    return buf_append(der, buf_span(&facts->der));
}

static int read_certificate(struct parser *p, struct buf *der)
{
    char name[PATH_MAX];
    char path[PATH_MAX];
    struct cert_list list;
    if (!p->path) {
        return 0;
    }
    if (!span_copy_text(line_word(p->line, 2), name, sizeof name) ||
        fs_beside(path, sizeof path, p->path, name) < 0) {
        return MISTAKE(p, 2, "the path is too long");
    }
    cert_list_init(&list);
    int code = cert_list_add_file(&list, path);
    if (code == ERR_NO_MEMORY) {
        cert_list_deinit(&list);
        return code;
    }
    code = code < 0 ? MISTAKE(p, 2, "%s", error_text(code)) : take_certificate(p, &list, der);
    cert_list_deinit(&list);
    return code;
}

int hub_file_ca(struct parser *p)
{
    struct hub_file *file = p->file;
    struct hub_file_ca *ca = &file->cas[file->ca_count];
    const char *usage = "ca NAME FILE [unverified]";
    if (p->line->count < 3) {
        return MISTAKE(p, p->line->count, "expected: %s", usage);
    }
    TRY(hub_file_check_words(p, 4, usage));
    if (file->ca_count == HUB_FILE_CAS_MOST) {
        return MISTAKE(p, 0, "more than %d CA certificates", HUB_FILE_CAS_MOST);
    }
    TRY(read_name(p, "CA certificate", ca->name));
    if (strcmp(ca->name, RIG_OWN_CA) == 0) {
        return MISTAKE(p, 1, "'%s' names the CA of this machine's test devices; choose another name",
                       ca->name);
    }
    for (size_t i = 0; i < file->ca_count; i++) {
        if (strcmp(ca->name, file->cas[i].name) == 0) {
            return MISTAKE(p, 1, "the CA certificate '%s' stands above already", ca->name);
        }
    }
    ca->is_unverified = line_word_is(p->line, 3, "unverified");
    if (p->line->count > 3 && !ca->is_unverified) {
        return MISTAKE(p, 3, "expected unverified or nothing, seen '%.*s'",
                       SPAN_ARG(line_word(p->line, 3)));
    }
    buf_init(&ca->der, HUB_CA_DER_BYTES_MOST);
    int code = read_certificate(p, &ca->der);
    if (code < 0) {
        buf_deinit(&ca->der);
        return code;
    }
    file->ca_count++;
    return 0;
}
