// SPDX-License-Identifier: MIT
#include "simulator/hub/sdk_fault.h"
#include "base/diag.h"
#include "base/error.h"

#define PREFIX "AzIoTHub_FaultOperation"
enum { SECONDS_MOST = 86400, SHOWN_BYTES = 48 };

static const char *const words[] = {
#define X(name, word, is_mqtt) word,
    SDK_FAULT_TABLE(X)
#undef X
};

static const bool over_mqtt[] = {
#define X(name, word, is_mqtt) is_mqtt,
    SDK_FAULT_TABLE(X)
#undef X
};

const char *sdk_fault_word(enum sdk_fault_kind kind)
{
    return words[kind];
}

bool sdk_fault_is_mqtt(enum sdk_fault_kind kind)
{
    return over_mqtt[kind];
}

// The last application property of that name; ptr NULL when there is none.
static struct span property(const struct bag *bag, const char *name)
{
    struct span value = SPAN_EMPTY;
    for (size_t i = 0; i < bag->count; i++) {
        if (!bag->pairs[i].is_system && span_equals_text(bag->pairs[i].key, name)) {
            value = bag->pairs[i].value;
        }
    }
    return value;
}

static int read_seconds(const struct bag *bag, const char *name, uint64_t *out_us)
{
    char seen[SHOWN_BYTES];
    uint64_t seconds = 0;
    struct span text = span_trim(property(bag, name));
    *out_us = 0;
    if (text.len == 0) {
        return 0;
    }
    span_copy_text(text, seen, sizeof seen);
    if (span_parse_u64(text, &seconds) == ERR_SYNTAX) {
        FAIL(ERR_SYNTAX, "%s wants whole seconds, seen '%s'", name, seen);
    }
    if (seconds > SECONDS_MOST) {
        FAIL(ERR_VALUE, "%s is more than a day: '%s'", name, seen);
    }
    *out_us = seconds * 1000000;
    return 0;
}

static int read_kind(struct span type, enum sdk_fault_kind *out)
{
    char seen[SHOWN_BYTES];
    char near[96];
    size_t i = span_index(type, words, HR_COUNT_OF(words));
    if (i < HR_COUNT_OF(words)) {
        *out = (enum sdk_fault_kind)i;
        return 0;
    }
    span_copy_text(type, seen, sizeof seen);
    FAIL(ERR_VALUE, "the hub knows no fault type '%s'%s", seen,
         suggest_text(type, words, HR_COUNT_OF(words), near));
}

static int read(const struct bag *bag, struct span type, struct sdk_fault *out)
{
    TRY(read_kind(type, &out->kind));
    TRY(read_seconds(bag, PREFIX "DelayInSecs", &out->delay_us));
    TRY(read_seconds(bag, PREFIX "DurationInSecs", &out->duration_us));
    span_copy_text(property(bag, PREFIX "CloseReason"), out->close_reason,
                   sizeof out->close_reason);
    return 0;
}

bool sdk_fault_read(const struct bag *bag, struct sdk_fault *out, int *code)
{
    struct span type = property(bag, PREFIX "Type");
    *out = (struct sdk_fault){0};
    *code = 0;
    if (type.ptr == NULL) {
        return false;
    }
    *code = read(bag, type, out);
    return true;
}
