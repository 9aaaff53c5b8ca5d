// SPDX-License-Identifier: MIT
#include "simulator/tls/policy.h"
#include "base/error.h"
#include "simulator/tls/suite.h"

#include <string.h>

enum { TLS_1_0 = 0x0301, TLS_1_1 = 0x0302, TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

static const char *const engines[] = {"auto", "mbedtls", "openssl"};
static const char *const tickets[] = {"off", "honoured", "refused", "stale"};
static const char *const certificate_wishes[] = {"optional", "required", "none"};

// The suites of the real service, forward secrecy only.
static const uint16_t standard_suites[] = {0xC02B, 0xC02F, 0xC02C, 0xC030,
                                           0xC023, 0xC027, 0xC024, 0xC028};
// TLS 1.0 and 1.1 know no SHA-256 suites: what the service took while it spoke them.
static const uint16_t old_suites[] = {0xC013, 0xC014, 0xC009, 0xC00A, 0x002F, 0x0035};
static const uint16_t new_suites[] = {0x1302, 0x1301};
// Cheap curves first.
static const uint16_t standard_groups[] = {29, 23, 24};

static const struct {
    const char *word;
    const char *values;
} keys[] = {
#define X(name, word, values, standard, meaning) {word, values},
    TLS_POLICY_TABLE(X)
#undef X
};

const char *tls_policy_word(enum tls_policy_key key)
{
    return keys[key].word + sizeof "hub." - 1;
}

const char *tls_policy_values(enum tls_policy_key key)
{
    return keys[key].values;
}

static int choose(struct span value, const char *const *words, size_t count, const char *values,
                  int *out)
{
    size_t i = span_index(value, words, count);
    if (i == count) {
        FAIL(ERR_VALUE, "'%.*s' is not one of %s", SPAN_ARG(span_slice(value, 0, 80)), values);
    }
    *out = (int)i;
    return 0;
}

static int set_engine(struct tls_policy *p, struct span value)
{
    int at = 0;
    TRY(choose(value, engines, HR_COUNT_OF(engines), keys[POLICY_TLS_ENGINE].values, &at));
    p->engine = (enum tls_engine_wish)at;
    return 0;
}

static int read_version(struct span word, uint16_t *out)
{
    if (word.len == 3 && word.ptr[0] == '1' && word.ptr[1] == '.' && word.ptr[2] >= '0' &&
        word.ptr[2] <= '3') {
        *out = (uint16_t)(TLS_1_0 + word.ptr[2] - '0');
        return 0;
    }
    FAIL(ERR_VALUE, "'%.*s' is no TLS version; expected 1.0, 1.1, 1.2, 1.3 or a range such as "
                    "1.2..1.3",
         SPAN_ARG(span_slice(word, 0, 80)));
}

static int set_versions(struct tls_policy *p, struct span value)
{
    bool is_range = value.len == 8 && value.ptr[3] == '.' && value.ptr[4] == '.';
    uint16_t least = 0;
    uint16_t most = 0;
    TRY(read_version(is_range ? span_slice(value, 0, 3) : value, &least));
    TRY(read_version(is_range ? span_from(value, 5) : value, &most));
    if (least > most) {
        FAIL(ERR_VALUE, "the range '%.*s' is empty; its lower end comes first", SPAN_ARG(value));
    }
    p->version_least = least;
    p->version_most = most;
    return 0;
}

static uint16_t suite_of(struct span name)
{
    const struct tls_suite *suite = tls_suite_named(name);
    return suite ? suite->id : 0;
}

// "standard", which leaves *count 0, or names with commas between them.
static int set_list(struct span value, uint16_t (*number_of)(struct span), const char *what,
                    const char *example, size_t most, uint16_t *out, size_t *count)
{
    *count = 0;
    if (span_equals_text(value, "standard")) {
        return 0;
    }
    do {
        struct span name = span_trim(span_cut(value, ',', &value));
        uint16_t number = number_of(name);
        if (number == 0) {
            FAIL(ERR_VALUE, "'%.*s' is no %s that is known here; names read %s",
                 SPAN_ARG(span_slice(name, 0, 80)), what, example);
        }
        if (*count == most) {
            FAIL(ERR_VALUE, "more than %zu names", most);
        }
        out[(*count)++] = number;
    } while (value.ptr);
    return 0;
}

static int set_suites(struct tls_policy *p, struct span value)
{
    return set_list(value, suite_of, "cipher suite", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    TLS_POLICY_SUITES_MOST, p->suites, &p->suite_count);
}

static int set_groups(struct tls_policy *p, struct span value)
{
    return set_list(value, tls_group_named, "curve", "secp256r1", TLS_POLICY_GROUPS_MOST, p->groups,
                    &p->group_count);
}

static int set_tickets(struct tls_policy *p, struct span value)
{
    int at = 0;
    TRY(choose(value, tickets, HR_COUNT_OF(tickets), keys[POLICY_TLS_TICKETS].values, &at));
    p->tickets = (enum tls_tickets)at;
    return 0;
}

static int set_client_certificate(struct tls_policy *p, struct span value)
{
    int at = 0;
    TRY(choose(value, certificate_wishes, HR_COUNT_OF(certificate_wishes),
               keys[POLICY_CLIENT_CERTIFICATE].values, &at));
    p->client_certificate = (enum tls_client_certificate)at;
    return 0;
}

static int set_client_cas(struct tls_policy *p, struct span value)
{
    uint64_t count = 0;
    if (!span_equals_text(value, "none") &&
        (span_parse_u64(value, &count) < 0 || count > TLS_POLICY_CAS_MOST)) {
        FAIL(ERR_VALUE, "'%.*s' is no count of CA names; expected none or 1 to %d",
             SPAN_ARG(span_slice(value, 0, 80)), TLS_POLICY_CAS_MOST);
    }
    p->ca_count = (size_t)count;
    return 0;
}

int tls_policy_set(struct tls_policy *policy, enum tls_policy_key key, struct span value)
{
    static int (*const setters[])(struct tls_policy *, struct span) = {
        [POLICY_TLS_ENGINE] = set_engine,
        [POLICY_TLS_VERSIONS] = set_versions,
        [POLICY_TLS_SUITES] = set_suites,
        [POLICY_TLS_GROUPS] = set_groups,
        [POLICY_TLS_TICKETS] = set_tickets,
        [POLICY_CLIENT_CERTIFICATE] = set_client_certificate,
        [POLICY_CLIENT_CAS] = set_client_cas,
    };
    return setters[key](policy, value);
}

uint16_t tls_policy_least(const struct tls_policy *policy)
{
    return policy->version_least ? policy->version_least : TLS_1_2;
}

uint16_t tls_policy_most(const struct tls_policy *policy)
{
    return policy->version_most ? policy->version_most : TLS_1_2;
}

enum tls_engine_wish tls_policy_engine(const struct tls_policy *policy)
{
    if (policy->engine != TLS_ENGINE_AUTO) {
        return policy->engine;
    }
    return tls_policy_most(policy) >= TLS_1_3 ? TLS_ENGINE_OPENSSL : TLS_ENGINE_MBEDTLS;
}

static bool is_tls13_suite(uint16_t id)
{
    return id >> 8 == 0x13;
}

static size_t append(uint16_t *out, size_t at, const uint16_t *more, size_t count)
{
    memcpy(out + at, more, count * sizeof *more);
    return at + count;
}

size_t tls_policy_suites(const struct tls_policy *policy, bool is_tls13,
                         uint16_t out[TLS_POLICY_SUITES_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < policy->suite_count; i++) {
        if (is_tls13_suite(policy->suites[i]) == is_tls13) {
            out[count++] = policy->suites[i];
        }
    }
    if (count > 0) {
        return count;
    }
    if (is_tls13) {
        return append(out, 0, new_suites, HR_COUNT_OF(new_suites));
    }
    count = append(out, 0, standard_suites, HR_COUNT_OF(standard_suites));
    return tls_policy_least(policy) < TLS_1_2
               ? append(out, count, old_suites, HR_COUNT_OF(old_suites))
               : count;
}

size_t tls_policy_groups(const struct tls_policy *policy, uint16_t out[TLS_POLICY_GROUPS_MOST])
{
    return policy->group_count
               ? append(out, 0, policy->groups, policy->group_count)
               : append(out, 0, standard_groups, HR_COUNT_OF(standard_groups));
}

int tls_policy_check(const struct tls_policy *policy)
{
    bool has_tls13 = tls_policy_most(policy) >= TLS_1_3;
    bool has_older = tls_policy_least(policy) < TLS_1_3;
    if (policy->engine == TLS_ENGINE_MBEDTLS && has_tls13) {
        FAIL(ERR_VALUE, "the mbedtls engine ends at TLS 1.2; for TLS 1.3 use openssl or auto");
    }
    for (size_t i = 0; i < policy->suite_count; i++) {
        char scratch[16];
        bool is_new = is_tls13_suite(policy->suites[i]);
        if (is_new ? !has_tls13 : !has_older) {
            FAIL(ERR_VALUE, "%s belongs to TLS %s, which is not among the versions",
                 tls_suite_name(policy->suites[i], scratch), is_new ? "1.3" : "1.2 and before");
        }
    }
    if (policy->ca_count > 0 && policy->client_certificate == TLS_CLIENT_CERTIFICATE_NONE) {
        FAIL(ERR_VALUE, "CA names stand in the request for a client certificate, and none is "
                        "asked for");
    }
    return 0;
}

int tls_policy_print_versions(const struct tls_policy *policy, struct buf *out)
{
    int least = tls_policy_least(policy) - TLS_1_0;
    int most = tls_policy_most(policy) - TLS_1_0;
    return least == most ? buf_printf(out, "1.%d", least)
                         : buf_printf(out, "1.%d..1.%d", least, most);
}

int tls_policy_tell_versions(const struct tls_policy *policy, char out[80])
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 80);
    TRY(buf_append_text(&text, "the device does not offer TLS "));
    TRY(tls_policy_print_versions(policy, &text));
    span_copy_text(buf_span(&text), out, 80);
    return 0;
}

static int print_suites(const struct tls_policy *p, struct buf *out)
{
    char scratch[16];
    for (size_t i = 0; i < p->suite_count; i++) {
        TRY(buf_printf(out, "%s%s", i ? "," : ", suites ", tls_suite_name(p->suites[i], scratch)));
    }
    for (size_t i = 0; i < p->group_count; i++) {
        TRY(buf_printf(out, "%s%s", i ? "," : ", curves ", tls_group_name(p->groups[i], scratch)));
    }
    return 0;
}

int tls_policy_print(const struct tls_policy *p, struct buf *out)
{
    static const struct tls_policy standard;
    if (memcmp(p, &standard, sizeof standard) == 0) {
        return 0;
    }
    TRY(buf_append_text(out, "TLS "));
    TRY(tls_policy_print_versions(p, out));
    TRY(buf_printf(out, " by %s", engines[tls_policy_engine(p)]));
    TRY(print_suites(p, out));
    TRY(p->tickets ? buf_printf(out, ", session tickets %s", tickets[p->tickets]) : 0);
    TRY(p->client_certificate
            ? buf_printf(out, ", client certificate %s", certificate_wishes[p->client_certificate])
            : 0);
    return p->ca_count ? buf_printf(out, ", %zu CA names in the request for it", p->ca_count) : 0;
}

int tls_policy_prefer(struct tls_policy *policy, const char *engine)
{
    struct tls_policy wanted = *policy;
    if (!engine || !engine[0] || policy->engine != TLS_ENGINE_AUTO) {
        return 0;
    }
    TRY(set_engine(&wanted, span_text(engine)));
    if (tls_policy_check(&wanted) == 0) {
        *policy = wanted;
    }
    return 0;
}
