// SPDX-License-Identifier: MIT
// The statements about names and time: set hub.sntp, set dns.hub, set dns.dps, sntp, dns.
#include "base/error.h"
#include "harness/scenario/parser.h"

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

// The words from `at` on; returns how many.
static size_t words_from(const struct parser *p, size_t at, struct span *out)
{
    size_t count = 0;
    for (size_t i = at; i < p->line->count; i++) {
        out[count++] = p->line->words[i].text;
    }
    return count;
}

static int take_sntp(struct parser *p, size_t at, struct sntp_mode *out)
{
    struct span words[LINE_WORDS_MOST];
    size_t bad = 0;
    p->plan->needs_services = true;
    int code = sntp_mode_parse(words, words_from(p, at, words), out, &bad);
    if (code < 0) {
        return MISTAKE(p, at + bad, "%s", error_text(code));
    }
    return 0;
}

static int take_dns(struct parser *p, size_t at, struct dns_behaviour *out)
{
    struct span words[LINE_WORDS_MOST];
    size_t bad = 0;
    p->plan->needs_services = true;
    int code = dns_behaviour_parse(words, words_from(p, at, words), out, &bad);
    if (code < 0) {
        return MISTAKE(p, at + bad, "%s", error_text(code));
    }
    return 0;
}

int parser_set_sntp(struct parser *p, size_t at)
{
    return take_sntp(p, at, &p->plan->settings.sntp);
}

int parser_set_dns_hub(struct parser *p, size_t at)
{
    return take_dns(p, at, &p->plan->settings.dns_hub);
}

int parser_set_dns_dps(struct parser *p, size_t at)
{
    return take_dns(p, at, &p->plan->settings.dns_dps);
}

int parser_sntp(struct parser *p, struct step *step)
{
    step->verb = HUB_SNTP;
    return take_sntp(p, 1, &step->sntp);
}

// A name has a dot, so a mistyped `hub` is not taken for one.
int parser_dns(struct parser *p, struct step *step)
{
    static const char *const whose[] = {"hub", "dps"};
    struct span name = line_word(p->line, 1);
    step->verb = HUB_DNS;
    if (p->line->count < 3) {
        return MISTAKE(p, p->line->count, "expected: dns hub|dps|NAME BEHAVIOUR");
    }
    bool is_word = span_equals_text(name, "hub") || span_equals_text(name, "dps");
    if (!is_word && span_find(name, '.') == name.len) {
        return parser_unknown(p, 1, "name", whose, HR_COUNT_OF(whose));
    }
    if (name.len > DNS_NAME_BYTES_MOST) {
        return MISTAKE(p, 1, "a name has at most %d bytes", DNS_NAME_BYTES_MOST);
    }
    step->text = span_dup_text(name);
    ENSURE(step->text != NULL, ERR_NO_MEMORY);
    return take_dns(p, 2, &step->dns);
}
