// SPDX-License-Identifier: MIT
// The knobs that are fields of struct hub_settings, as a table.
#include "base/error.h"
#include "base/when.h"
#include "harness/scenario/explain.h"
#include "harness/scenario/parser.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MOST = 2 };

// A choice stores the value of the word that was taken, a number itself, a duration its seconds.
enum knob_kind { KIND_BOOL, KIND_INT, KIND_NUMBER, KIND_SECONDS };

static const struct hub_knob {
    enum knob knob;
    enum knob_kind type;
    size_t offset;
    int values[WORDS_MOST]; // of the words, in the order of the knob's row
    uint32_t least, most;
} hub_knobs[] = {
#define AT(field) offsetof(struct hub_settings, field)
    {KNOB_HUB_LOCAL_AUTH, KIND_BOOL, AT(is_local_auth_off), {0, 1}, 0, 0},
    {KNOB_HUB_DEVICE_SAS, KIND_BOOL, AT(is_device_sas_off), {0, 1}, 0, 0},
    {KNOB_HUB_MODULE_SAS, KIND_BOOL, AT(is_module_sas_off), {0, 1}, 0, 0},
    {KNOB_HUB_ROLL_CUT, KIND_BOOL, AT(has_roll_cut), {0, 1}, 0, 0},
    {KNOB_HUB_SUBSCRIPTIONS, KIND_BOOL, AT(has_strict_subscriptions), {0, 1}, 0, 0},
    {KNOB_HUB_C2D_COUNTS, KIND_BOOL, AT(c2d_counts_attempts), {0, 1}, 0, 0},
    {KNOB_HUB_C2D_CLEAN, KIND_BOOL, AT(c2d_goes_with_session), {0, 1}, 0, 0},
    {KNOB_HUB_C2D_PROPERTIES, KIND_BOOL, AT(takes_any_c2d_property), {0, 1}, 0, 0},
    {KNOB_HUB_DISABLED_CONNACK, KIND_INT, AT(disabled_connack), {5, 3}, 0, 0},
    {KNOB_HUB_USERNAME_CONNACK, KIND_INT, AT(bad_username_connack), {5, 3}, 0, 0},
    {KNOB_HUB_HOST_CONNACK, KIND_INT, AT(wrong_host_connack), {5, 3}, 0, 0},
    {KNOB_HUB_THROTTLED_CONNACK, KIND_INT, AT(throttled_connack), {3, 5}, 0, 0},
    {KNOB_HUB_TWIN_TOO_LARGE, KIND_INT, AT(twin_too_large_status), {413, 400}, 0, 0},
    {KNOB_HUB_RENEWAL, KIND_BOOL, AT(takes_any_renewal), {0, 1}, 0, 0},
    {KNOB_HUB_RENEWAL_NO_RID, KIND_BOOL, AT(closes_renewal_without_rid), {0, 1}, 0, 0},
    {KNOB_HUB_RENEWAL_CSR_CODE, KIND_INT, AT(renewal_csr_code), {400037, 400040}, 0, 0},
    {KNOB_HUB_RENEWAL_CONFLICT_CODE, KIND_INT, AT(renewal_conflict_code), {409004, 409005}, 0, 0},
    {KNOB_HUB_RENEWAL_DELAY, KIND_SECONDS, AT(renewal_delay_s), {0, 0}, 0, 86400},
    {KNOB_HUB_RENEWAL_EXPIRES, KIND_SECONDS, AT(renewal_expires_s), {0, 0}, 1, 604800},
    {KNOB_HUB_RENEWAL_DAYS, KIND_NUMBER, AT(renewal_days), {0, 0}, 1, 365},
    {KNOB_HUB_C2D_DELIVERIES, KIND_NUMBER, AT(c2d_deliveries_most), {0, 0}, 1, 100},
    {KNOB_HUB_C2D_TTL, KIND_SECONDS, AT(c2d_ttl_s), {0, 0}, 1, C2D_TTL_S_MOST},
#undef AT
};

static int take_choice(struct parser *p, size_t at, const struct hub_knob *k, void *field)
{
    char words[WORDS_MOST][16];
    const char *names[WORDS_MOST];
    struct span rest = span_text(knob_values(k->knob));
    for (size_t i = 0; i < WORDS_MOST; i++) {
        span_copy_text(span_cut(rest, '|', &rest), words[i], sizeof words[i]);
        names[i] = words[i];
        if (!line_word_is(p->line, at, words[i])) {
            continue;
        }
        if (k->type == KIND_BOOL) {
            *(bool *)field = k->values[i] != 0;
        } else {
            *(int *)field = k->values[i];
        }
        return 0;
    }
    return parser_unknown(p, at, "value", names, WORDS_MOST);
}

static int take_number(struct parser *p, size_t at, const struct hub_knob *k, uint32_t *field)
{
    struct span word = line_word(p->line, at);
    uint64_t number = 0;
    int code = 0;
    if (k->type == KIND_SECONDS) {
        TRY(parser_duration(p, at, 0, &number));
        code = number % 1000000 ? ERR_VALUE : 0;
        number /= 1000000;
    } else {
        code = span_parse_u64(word, &number);
    }
    if (code < 0 || number < k->least || number > k->most) {
        return diag_add(p->diags, line_place(p->line, at), "'%.*s' is out of range: %u to %u%s",
                        SPAN_ARG(word), k->least, k->most,
                        k->type == KIND_SECONDS ? " whole seconds" : "");
    }
    *field = (uint32_t)number;
    return 0;
}

int parser_hub_knob(struct parser *p, size_t at)
{
    const struct hub_knob *k = hub_knobs;
    while (!line_word_is(p->line, 1, knob_word(k->knob))) {
        k++;
    }
    void *field = (char *)&p->plan->settings.hub + k->offset;
    bool is_choice = k->type == KIND_BOOL || k->type == KIND_INT;
    return is_choice ? take_choice(p, at, k, field) : take_number(p, at, k, field);
}

// The value in the words of the knob's row.
static const char *print_value(const struct hub_knob *k, const struct hub_settings *s, char out[32])
{
    const void *field = (const char *)s + k->offset;
    struct span rest = span_text(knob_values(k->knob));
    if (k->type == KIND_NUMBER) {
        snprintf(out, 32, "%u", *(const uint32_t *)field);
        return out;
    }
    if (k->type == KIND_SECONDS) {
        return duration_print(*(const uint32_t *)field * INT64_C(1000000), out);
    }
    int value = k->type == KIND_BOOL ? *(const bool *)field : *(const int *)field;
    struct span first = span_cut(rest, '|', &rest);
    span_copy_text(value == k->values[0] ? first : rest, out, 32);
    return out;
}

int hub_knobs_explain(const struct hub_settings *s, struct buf *out)
{
    struct hub_settings usual;
    char value[32];
    char standard[32];
    hub_settings_init(&usual, "");
    for (size_t i = 0; i < HR_COUNT_OF(hub_knobs); i++) {
        const struct hub_knob *k = &hub_knobs[i];
        print_value(k, s, value);
        if (strcmp(value, print_value(k, &usual, standard)) != 0) {
            TRY(buf_printf(out, "%s is %s: %s.\n", knob_word(k->knob), value,
                           knob_meaning(k->knob)));
        }
    }
    return 0;
}

int hub_knobs_explain_json(const struct hub_settings *s, struct buf *out)
{
    char value[32];
    for (size_t i = 0; i < HR_COUNT_OF(hub_knobs); i++) {
        const struct hub_knob *k = &hub_knobs[i];
        TRY(buf_printf(out, ",\"%s\":\"%s\"", knob_word(k->knob), print_value(k, s, value)));
    }
    return 0;
}
