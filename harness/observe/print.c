// SPDX-License-Identifier: MIT
// A profile as text, JSON and a block for a .bench file.
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"
#include "harness/observe/profile.h"
#include "harness/oracle/backoff.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAITS_MOST = 32, CAUSES_MOST = 8 };

// ---- waits by cause

struct waits {
    const struct attempt *first;
    uint64_t gaps_us[WAITS_MOST];
    size_t count;
};

static struct waits *waits_of(struct waits *list, size_t *count, const struct attempt *a)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i].first->cause == a->cause && list[i].first->connack_code == a->connack_code) {
            return &list[i];
        }
    }
    if (*count == CAUSES_MOST) {
        return NULL;
    }
    list[*count] = (struct waits){.first = a};
    return &list[(*count)++];
}

static size_t gather_waits(const struct profile *p, struct waits list[CAUSES_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i + 1 < p->attempts.count; i++) {
        const struct attempt *a = &p->attempts.items[i];
        bool counts = a->cause != ATTEMPT_NONE && a->cause != ATTEMPT_OWN;
        struct waits *w = counts ? waits_of(list, &count, a) : NULL;
        if (w && w->count < WAITS_MOST) {
            w->gaps_us[w->count++] = attempts_gap_us(&p->attempts, i);
        }
    }
    return count;
}

static int print_fit(const struct waits *w, struct buf *out)
{
    struct backoff_fit fit;
    if (w->count < 2) {
        return buf_append_text(out, "one wait: too few to name a back-off");
    }
    TRY(backoff_fit_of(w->gaps_us, w->count, &fit));
    return backoff_print(&fit, out);
}

static int print_waits(const struct waits *w, struct buf *out)
{
    char time[32];
    TRY(buf_append_text(out, "  back-off        after "));
    TRY(attempts_print_cause(w->first, out));
    for (size_t i = 0; i < w->count; i++) {
        TRY(buf_printf(out, "%s%s", i ? ", " : ": ", duration_print((int64_t)w->gaps_us[i], time)));
    }
    TRY(buf_append_text(out, " = "));
    TRY(print_fit(w, out));
    return buf_append_u8(out, '\n');
}

// ---- text

static int line(struct buf *out, const char *label, const char *value)
{
    return value[0] ? buf_printf(out, "  %-15s %s\n", label, value) : 0;
}

static int print_beat(struct buf *out, const char *label, const char *what,
                      const struct profile_beat *b)
{
    char mean[32], least[32];
    TRY(buf_printf(out, "  %-15s %" PRIu64 " %s", label, b->count, what));
    if (b->gaps) {
        TRY(buf_printf(out, ", every %s (shortest %s)",
                       duration_print((int64_t)(b->gap_sum_us / b->gaps), mean),
                       duration_print((int64_t)b->least_gap_us, least)));
    }
    return 0;
}

static int print_tls(const struct profile *p, struct buf *out)
{
    TRY(line(out, "host name (SNI)", p->ja3[0] && !p->sni[0] ? "none sent" : p->sni));
    TRY(line(out, "TLS offer", p->versions));
    TRY(p->ja3[0] ? buf_printf(out, "  %-15s %zu: %.200s%s\n", "suites", p->suite_count, p->suites,
                               strlen(p->suites) > 200 ? " ..." : "")
                  : 0);
    TRY(line(out, "curves", p->groups));
    TRY(line(out, "JA3", p->ja3));
    TRY(p->ja3[0] ? line(out, "judged", p->judged[0] ? p->judged : "all that IoT Hub asks for")
                  : 0);
    return line(out, "TLS in use", p->tls_used);
}

static int print_mqtt(const struct profile *p, struct buf *out)
{
    char time[32];
    TRY(line(out, "SDK", profile_sdk(p)));
    TRY(line(out, "product", p->product));
    TRY(line(out, "client id", p->client_id));
    TRY(line(out, "API version", p->api_version[0] ? p->api_version : "none sent"));
    TRY(line(out, "credentials", p->auth));
    TRY(p->sas_s >= 0 ? line(out, "token lives", duration_print((p->sas_s + 1) * 1000000, time))
                      : 0);
    TRY(buf_printf(out, "  %-15s %s%s%s\n", "session", p->is_clean ? "clean" : "kept",
                   p->has_will ? ", with a will" : "",
                   p->uses_websocket ? ", over WebSocket" : ""));
    TRY(buf_printf(out, "  %-15s %" PRId64 " s\n", "keep-alive", p->keep_alive_s));
    TRY(print_beat(out, "pings", "seen", &p->pings));
    return buf_append_u8(out, '\n');
}

static int print_use(const struct profile *p, struct buf *out)
{
    for (size_t i = 0; i < p->filter_count; i++) {
        TRY(line(out, i ? "" : "subscribes", p->filters[i]));
    }
    TRY(print_beat(out, "telemetry", "messages", &p->telemetry));
    if (p->telemetry.count) {
        TRY(buf_printf(out, ", QoS %" PRId64 ", %" PRIu64 " to %" PRIu64 " bytes", p->qos_most,
                       p->body_least, p->body_most));
    }
    TRY(buf_printf(out, "\n  %-15s read %" PRIu64 " times, reported %" PRIu64 " times\n", "twin",
                   p->twin_reads, p->twin_reports));
    TRY(buf_printf(out, "  %-15s %" PRIu64 " answered\n", "methods", p->methods_answered));
    return line(out, "provisioning", p->uses_dps ? "registers itself" : "none seen");
}

static int print_suites(const struct profile *p, struct buf *out)
{
    struct profile_suite suites[PROFILE_SUITES_MOST];
    size_t count = profile_suites(p, suites);
    for (size_t i = 0; i < count; i++) {
        TRY(buf_printf(out, "  %-15s suites/%-10s %s\n", i ? "" : "suites that fit", suites[i].name,
                       suites[i].reason));
    }
    return 0;
}

int profile_print_text(const struct profile *p, struct buf *out)
{
    struct waits waits[CAUSES_MOST];
    size_t count = gather_waits(p, waits);
    TRY(buf_printf(out, "%s: %" PRIu64 " connections, %" PRIu64 " sessions\n",
                   p->device[0] ? p->device : "a device that sent no CONNECT", p->connections,
                   p->sessions));
    TRY(print_tls(p, out));
    TRY(p->device[0] ? print_mqtt(p, out) : 0);
    TRY(p->device[0] ? print_use(p, out) : 0);
    for (size_t i = 0; i < count; i++) {
        TRY(waits[i].count ? print_waits(&waits[i], out) : 0);
    }
    TRY(line(out, "left out", p->others));
    return print_suites(p, out);
}

// ---- JSON

static int put_string(struct buf *out, const char *text)
{
    TRY(buf_append_u8(out, '"'));
    TRY(json_escape(span_text(text), out));
    return buf_append_u8(out, '"');
}

static int put_member(struct buf *out, const char *name, const char *text)
{
    TRY(buf_printf(out, ",\"%s\":", name));
    return put_string(out, text);
}

static int put_bool(struct buf *out, const char *name, bool is)
{
    return buf_printf(out, ",\"%s\":%s", name, is ? "true" : "false");
}

static int put_waits(const struct waits *w, struct buf *out)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 400);
    TRY(attempts_print_cause(w->first, &text));
    TRY(buf_append_text(out, "{\"after\":"));
    TRY(put_string(out, buf_text(&text)));
    buf_clear(&text);
    TRY(print_fit(w, &text));
    TRY(put_member(out, "type", buf_text(&text)));
    TRY(buf_append_text(out, ",\"waits_us\":["));
    for (size_t i = 0; i < w->count; i++) {
        TRY(buf_printf(out, "%s%" PRIu64, i ? "," : "", w->gaps_us[i]));
    }
    return buf_append_text(out, "]}");
}

static int put_lists(const struct profile *p, struct buf *out)
{
    struct waits waits[CAUSES_MOST];
    struct profile_suite suites[PROFILE_SUITES_MOST];
    size_t wait_count = gather_waits(p, waits);
    size_t suite_count = profile_suites(p, suites);
    TRY(buf_append_text(out, ",\"subscribes\":["));
    for (size_t i = 0; i < p->filter_count; i++) {
        TRY(i ? buf_append_u8(out, ',') : 0);
        TRY(put_string(out, p->filters[i]));
    }
    TRY(buf_append_text(out, "],\"backoff\":["));
    for (size_t i = 0; i < wait_count; i++) {
        TRY(i ? buf_append_u8(out, ',') : 0);
        TRY(put_waits(&waits[i], out));
    }
    TRY(buf_append_text(out, "],\"suites\":["));
    for (size_t i = 0; i < suite_count; i++) {
        TRY(i ? buf_append_u8(out, ',') : 0);
        TRY(put_string(out, suites[i].name));
    }
    return buf_append_text(out, "]}\n");
}

static uint64_t mean_us(const struct profile_beat *b)
{
    return b->gaps ? b->gap_sum_us / b->gaps : 0;
}

static int put_use(const struct profile *p, struct buf *out)
{
    TRY(buf_printf(out,
                   ",\"keep_alive_s\":%" PRId64 ",\"pings\":%" PRIu64 ",\"ping_every_us\":%" PRIu64
                   ",\"telemetry\":%" PRIu64 ",\"telemetry_every_us\":%" PRIu64
                   ",\"telemetry_qos\":%" PRId64,
                   p->keep_alive_s, p->pings.count, mean_us(&p->pings), p->telemetry.count,
                   mean_us(&p->telemetry), p->qos_most));
    TRY(buf_printf(out,
                   ",\"twin_reads\":%" PRIu64 ",\"twin_reports\":%" PRIu64
                   ",\"methods_answered\":%" PRIu64 ",\"c2d_taken\":%" PRIu64
                   ",\"sas_lifetime_s\":%" PRId64,
                   p->twin_reads, p->twin_reports, p->methods_answered, p->c2d_taken,
                   p->sas_s < 0 ? -1 : p->sas_s + 1));
    TRY(put_bool(out, "clean_session", p->is_clean));
    TRY(put_bool(out, "will", p->has_will));
    TRY(put_bool(out, "websocket", p->uses_websocket));
    TRY(put_bool(out, "dps", p->uses_dps));
    return put_bool(out, "sntp", p->uses_sntp);
}

int profile_print_json(const struct profile *p, struct buf *out)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        {"sni", p->sni},
        {"tls_versions", p->versions},
        {"tls_suites", p->suites},
        {"tls_groups", p->groups},
        {"ja3", p->ja3},
        {"judged", p->judged},
        {"tls_in_use", p->tls_used},
        {"sdk", profile_sdk(p)},
        {"product", p->product},
        {"client_id", p->client_id},
        {"api_version", p->api_version},
        {"auth", p->auth},
        {"left_out", p->others},
    };
    TRY(buf_printf(out, "{\"connections\":%" PRIu64 ",\"sessions\":%" PRIu64, p->connections,
                   p->sessions));
    TRY(put_member(out, "device", p->device));
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        TRY(put_member(out, texts[i].name, texts[i].value));
    }
    TRY(put_use(p, out));
    return put_lists(p, out);
}

// ---- an entry for the inventory

// Quotes what the line syntax would split or take for a comment.
static int put_word(struct buf *out, const char *word)
{
    bool is_plain = word[0] && !strpbrk(word, " \t\"#\\");
    TRY(buf_append_u8(out, ' '));
    if (is_plain) {
        return buf_append_text(out, word);
    }
    TRY(buf_append_u8(out, '"'));
    for (const char *at = word; *at; at++) {
        TRY(*at == '"' || *at == '\\' ? buf_append_u8(out, '\\') : 0);
        TRY(buf_append_u8(out, (uint8_t)*at));
    }
    return buf_append_u8(out, '"');
}

static int put_offers(const struct profile *p, const struct profile_bench *how, struct buf *out)
{
    bool has_x509 = p->auth[0] && strcmp(p->auth, "sas") != 0;
    bool has_tls13 = strstr(p->versions, "TLSv1.3") != NULL;
    for (size_t i = 0; i < how->word_count; i++) {
        has_x509 |= strstr(how->words[i], "{device.cert}") != NULL;
    }
    if (!how->words && !has_x509 && !p->uses_dps && !has_tls13) {
        return buf_append_text(out, "  offers   nothing\n");
    }
    return buf_printf(out, "  offers  %s%s%s%s\n", how->words ? " clock" : "",
                      has_x509 ? " x509" : "", p->uses_dps ? " dps" : "",
                      has_tls13 ? " tls1.3" : "");
}

int profile_print_bench(const struct profile *p, const struct profile_bench *how, struct buf *out)
{
    TRY(buf_printf(out, "%s %s\n", how->words ? "process" : "blackbox", how->name));
    TRY(buf_append_text(out, "  about   "));
    TRY(put_word(out, profile_sdk(p)));
    if (how->words) {
        TRY(buf_append_text(out, "\n  command "));
        for (size_t i = 0; i < how->word_count; i++) {
            TRY(put_word(out, how->words[i]));
        }
        TRY(buf_append_u8(out, '\n'));
    } else {
        TRY(buf_printf(out, "\n  hub-address %s\n", how->address));
    }
    TRY(put_offers(p, how, out));
    return buf_append_text(out, "end\n");
}
