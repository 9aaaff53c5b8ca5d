// SPDX-License-Identifier: MIT
#include "simulator/net/dns_zone.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/when.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// The aliases between a name of the service and its address, in its manner.
#define ALIAS_1 "ihsuprodres001dednamespace.servicebus.windows.net"
#define ALIAS_2 "ihsu-prod-res-001.cloudapp.net"

static const struct {
    const char *word;
    const char *argument;
    const char *meaning;
} rows[] = {
#define X(name, word, argument, meaning) {word, argument, meaning},
    DNS_BEHAVIOUR_TABLE(X)
#undef X
};

const char *dns_behaviour_word(enum dns_behaviour_kind kind)
{
    return rows[kind].word;
}

const char *dns_behaviour_argument(enum dns_behaviour_kind kind)
{
    return rows[kind].argument;
}

const char *dns_behaviour_meaning(enum dns_behaviour_kind kind)
{
    return rows[kind].meaning;
}

const char *dns_code_word(enum dns_code code)
{
    static const char *const words[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    return words[code];
}

static const char *const names[] = {
#define X(name, word, argument, meaning) word,
    DNS_BEHAVIOUR_TABLE(X)
#undef X
};

static int parse_kind(struct span word, enum dns_behaviour_kind *out)
{
    char near[96];
    size_t i = span_index(word, names, HR_COUNT_OF(names));
    if (i == HR_COUNT_OF(names)) {
        FAIL(ERR_SYNTAX, "unknown behaviour of a name server '%.*s'%s", SPAN_ARG(word),
             suggest_text(word, names, HR_COUNT_OF(names), near));
    }
    *out = (enum dns_behaviour_kind)i;
    return 0;
}

static int parse_argument(struct span word, struct dns_behaviour *out)
{
    uint8_t bytes[16];
    int64_t us = 0;
    if (out->kind == DNS_BEHAVE_SLOW) {
        int code = duration_parse(word, &us);
        if (code < 0 || us <= 0) {
            FAIL(code < 0 ? code : ERR_VALUE, "slow wants a duration such as 3s, seen '%.*s'",
                 SPAN_ARG(word));
        }
        out->us = (uint64_t)us;
        return 0;
    }
    if (!span_copy_text(word, out->address, sizeof out->address) ||
        (inet_pton(AF_INET, out->address, bytes) != 1 &&
         inet_pton(AF_INET6, out->address, bytes) != 1)) {
        FAIL(ERR_VALUE, "address wants an IPv4 or IPv6 address, seen '%.*s'", SPAN_ARG(word));
    }
    return 0;
}

int dns_behaviour_parse(const struct span *words, size_t count, struct dns_behaviour *out,
                        size_t *bad_word)
{
    struct dns_behaviour b = {.kind = DNS_BEHAVE_RIGHT};
    *bad_word = 0;
    TRY(parse_kind(count ? words[0] : SPAN_EMPTY, &b.kind));
    size_t used = 1;
    if (rows[b.kind].argument[0]) {
        *bad_word = 1;
        TRY(parse_argument(count > 1 ? words[1] : SPAN_EMPTY, &b));
        used = 2;
    }
    if (count > used) {
        *bad_word = used;
        FAIL(ERR_SYNTAX, "'%.*s' is too much here", SPAN_ARG(words[used]));
    }
    *out = b;
    return 0;
}

const char *dns_behaviour_print(const struct dns_behaviour *b, char out[80])
{
    const char *word = rows[b->kind].word;
    if (b->kind == DNS_BEHAVE_SLOW) {
        snprintf(out, 80, "%s %" PRIu64 "ms", word, b->us / 1000);
    } else if (b->kind == DNS_BEHAVE_ADDRESS) {
        snprintf(out, 80, "%s %s", word, b->address);
    } else {
        snprintf(out, 80, "%s", word);
    }
    return out;
}

int dns_zone_add(struct dns_zone *zone, const struct dns_name *name)
{
    if (zone->count == DNS_NAMES_MOST) {
        FAIL(ERR_LIMIT, "a name server knows at most %d names", DNS_NAMES_MOST);
    }
    zone->names[zone->count++] = *name;
    return 0;
}

static int check_behaviour(const struct dns_zone *zone, const struct dns_name *name,
                           const struct dns_behaviour *b)
{
    bool is_short = (b->kind == DNS_BEHAVE_POISONED && !zone->stranger[0]) ||
                    (b->kind == DNS_BEHAVE_DEAD_IPV6 && !zone->dead_ipv6[0]) ||
                    (b->kind == DNS_BEHAVE_MOVED && !name->second[0]);
    if (is_short) {
        FAIL(ERR_VALUE, "this name server has nothing to answer with for %s: %s",
             rows[b->kind].word, rows[b->kind].meaning);
    }
    return 0;
}

int dns_zone_behave(struct dns_zone *zone, const char *name, const struct dns_behaviour *behaviour)
{
    struct dns_name fresh = {.behaviour = *behaviour};
    for (size_t i = 0; i < zone->count; i++) {
        if (span_equals_nocase(span_text(zone->names[i].name), span_text(name))) {
            TRY(check_behaviour(zone, &zone->names[i], behaviour));
            zone->names[i].behaviour = *behaviour;
            return 0;
        }
    }
    TRY(check_behaviour(zone, &fresh, behaviour));
    if (!span_copy_text(span_text(name), fresh.name, sizeof fresh.name)) {
        FAIL(ERR_VALUE, "a name has at most %d bytes", DNS_NAME_BYTES_MOST);
    }
    for (char *c = fresh.name; *c; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    return dns_zone_add(zone, &fresh);
}

// An exact name goes before a pattern.
static const struct dns_name *find_name(const struct dns_zone *zone, const char *asked)
{
    const struct dns_name *best = NULL;
    struct span name = span_text(asked);
    for (size_t i = 0; i < zone->count; i++) {
        const struct dns_name *n = &zone->names[i];
        if (span_equals(name, span_text(n->name))) {
            return n;
        }
        if (n->name[0] == '*' && !best && span_ends_with(name, span_text(n->name + 1))) {
            best = n;
        }
    }
    return best;
}

static const char *address_of(const struct dns_zone *zone, const struct dns_name *n)
{
    switch (n->behaviour.kind) {
    case DNS_BEHAVE_ADDRESS:
        return n->behaviour.address;
    case DNS_BEHAVE_MOVED:
        return n->second;
    case DNS_BEHAVE_POISONED:
        return zone->stranger;
    default:
        return n->address;
    }
}

static bool is_asked_for(const struct dns_query *query, const char *address)
{
    uint16_t type = strchr(address, ':') ? DNS_AAAA : DNS_A;
    return address[0] && (query->type == type || query->type == DNS_ANY);
}

static int put_records(const struct dns_zone *zone, const struct dns_name *n,
                       const struct dns_query *query, struct dns_answer *a,
                       struct dns_verdict *verdict, struct buf *out)
{
    const char *address = address_of(zone, n);
    const char *owner = NULL;
    if (n->has_aliases) {
        TRY(dns_put_alias(a, owner, DNS_TTL_S, ALIAS_1, out));
        TRY(dns_put_alias(a, ALIAS_1, DNS_TTL_S, ALIAS_2, out));
        owner = ALIAS_2;
    }
    if (n->behaviour.kind == DNS_BEHAVE_DEAD_IPV6 && is_asked_for(query, zone->dead_ipv6)) {
        snprintf(verdict->address, sizeof verdict->address, "%s", zone->dead_ipv6);
        TRY(dns_put_address(a, owner, DNS_TTL_S, zone->dead_ipv6, out));
    }
    if (is_asked_for(query, address)) {
        snprintf(verdict->address, sizeof verdict->address, "%s", address);
        TRY(dns_put_address(a, owner, DNS_TTL_S, address, out));
    }
    return 0;
}

static enum dns_code code_of(const struct dns_name *n, const struct dns_query *query)
{
    if (query->code != DNS_OK) {
        return query->code;
    }
    if (!n) {
        return DNS_NO_SUCH_NAME;
    }
    switch (n->behaviour.kind) {
    case DNS_BEHAVE_NXDOMAIN:
        return DNS_NO_SUCH_NAME;
    case DNS_BEHAVE_SERVFAIL:
        return DNS_SERVER_FAILURE;
    case DNS_BEHAVE_REFUSE:
        return DNS_REFUSED;
    default: // a name that only had a behaviour has no address of its own
        return n->address[0] || n->behaviour.kind != DNS_BEHAVE_RIGHT ? DNS_OK : DNS_NO_SUCH_NAME;
    }
}

int dns_zone_answer(const struct dns_zone *zone, const struct dns_query *query, struct span message,
                    size_t limit_bytes, bool is_tcp, struct dns_verdict *verdict, struct buf *out)
{
    struct dns_answer a;
    const struct dns_name *n = query->code == DNS_OK ? find_name(zone, query->name) : NULL;
    *verdict = (struct dns_verdict){.code = code_of(n, query)};
    if (n) {
        verdict->behaviour = n->behaviour;
        verdict->is_silent = n->behaviour.kind == DNS_BEHAVE_TIMEOUT;
        verdict->delay_us = n->behaviour.us;
    }
    if (verdict->is_silent) {
        return 0;
    }
    TRY(dns_begin_answer(&a, query, message, verdict->code, out));
    if (n && verdict->code == DNS_OK) {
        TRY(put_records(zone, n, query, &a, verdict, out));
    }
    TRY(dns_end_answer(&a, out));
    bool is_cut = n && n->behaviour.kind == DNS_BEHAVE_TRUNCATED && !is_tcp;
    if (is_cut || out->len - a.start > limit_bytes) {
        dns_truncate(&a, query, out);
    }
    return 0;
}
