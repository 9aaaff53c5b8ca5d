// SPDX-License-Identifier: MIT
#include "simulator/journal/event.h"
#include "base/error.h"
#include "base/text_code.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
#define X(name, word, fields, meaning) word,
    EVENT_TABLE(X)
#undef X
};

static const char *const field_lists[] = {
#define X(name, word, fields, meaning) fields,
    EVENT_TABLE(X)
#undef X
};

static const char *const meanings[] = {
#define X(name, word, fields, meaning) meaning,
    EVENT_TABLE(X)
#undef X
};

const char *event_word(enum event_type type)
{
    return words[type];
}

const char *event_fields(enum event_type type)
{
    return field_lists[type];
}

const char *event_meaning(enum event_type type)
{
    return meanings[type];
}

const char *const *event_words(void)
{
    return words;
}

int event_type_of(struct span word)
{
    size_t i = span_index(word, words, EVENT_TYPE_COUNT);
    return i < EVENT_TYPE_COUNT ? (int)i : -1;
}

bool event_has_field(enum event_type type, struct span field)
{
    struct span rest = span_text(field_lists[type]);
    while (rest.len) {
        if (span_equals(span_cut(rest, ' ', &rest), field)) {
            return true;
        }
    }
    return false;
}

const struct field *event_field(const struct event *e, const char *name)
{
    for (size_t i = 0; i < e->field_count; i++) {
        if (span_equals_text(span_text(e->fields[i].name), name)) {
            return &e->fields[i];
        }
    }
    return NULL;
}

const char *event_value(const struct event *e, const char *name, char *out, size_t capacity_bytes)
{
    const struct field *f = event_field(e, name);
    out[0] = '\0';
    if (!f) {
        return out;
    }
    if (f->kind == FIELD_TEXT) {
        span_copy_text(f->text, out, capacity_bytes);
    } else if (f->kind == FIELD_BOOL) {
        snprintf(out, capacity_bytes, "%s", f->number ? "true" : "false");
    } else {
        snprintf(out, capacity_bytes, "%" PRId64, f->number);
    }
    return out;
}

// Decimal, without printf: a run writes several numbers per message.
static int append_number(int64_t number, struct buf *out)
{
    char text[24];
    size_t at = sizeof text;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        text[--at] = '-';
    }
    return buf_append(out, span_of(text + at, sizeof text - at));
}

static int append_member(const char *head, int64_t number, struct buf *out)
{
    TRY(buf_append_text(out, head));
    return append_number(number, out);
}

static int field_to_json(const struct field *f, struct buf *out)
{
    TRY(buf_append_text(out, ",\""));
    TRY(buf_append_text(out, f->name));
    TRY(buf_append_text(out, "\":"));
    if (f->kind == FIELD_INT) {
        return append_number(f->number, out);
    }
    if (f->kind == FIELD_BOOL) {
        return buf_append_text(out, f->number ? "true" : "false");
    }
    TRY(buf_append_u8(out, '"'));
    TRY(json_escape(f->text, out));
    return buf_append_u8(out, '"');
}

int event_to_json(const struct event *e, struct buf *out)
{
    TRY(append_member("{\"seq\":", (int64_t)e->seq, out));
    TRY(append_member(",\"at_us\":", (int64_t)e->at_us, out));
    TRY(buf_append_text(out, ",\"event\":\""));
    TRY(buf_append_text(out, words[e->type]));
    TRY(buf_append_u8(out, '"'));
    if (e->machine_us && e->machine_us != e->at_us) {
        TRY(append_member(",\"machine_us\":", (int64_t)e->machine_us, out));
    }
    if (e->connection) {
        TRY(append_member(",\"connection\":", e->connection, out));
    }
    if (e->device && e->device[0]) {
        TRY(buf_append_text(out, ",\"device\":\""));
        TRY(json_escape(span_text(e->device), out));
        TRY(buf_append_u8(out, '"'));
    }
    for (size_t i = 0; i < e->field_count; i++) {
        TRY(field_to_json(&e->fields[i], out));
    }
    return buf_append_u8(out, '}');
}

enum { VALUE_SHOWN_BYTES = 120, RECKONING_SHOWN_BYTES = 600 };

// The reckoning behind a refusal is what people read the line for: it is shown whole.
static size_t shown_bytes(const struct field *f)
{
    return strcmp(f->name, "working") == 0 ? RECKONING_SHOWN_BYTES : VALUE_SHOWN_BYTES;
}

static int print_fields(const struct event *e, size_t most, struct buf *out)
{
    TRY(buf_append_text(out, words[e->type]));
    for (size_t i = 0; i < e->field_count && i < most; i++) {
        char value[RECKONING_SHOWN_BYTES + 1];
        event_value(e, e->fields[i].name, value, shown_bytes(&e->fields[i]) + 1);
        bool has_blank = span_find(span_text(value), ' ') < span_text(value).len;
        const char *quote = has_blank || value[0] == '\0' ? "\"" : "";
        TRY(buf_printf(out, " %s=%s%s%s", e->fields[i].name, quote, value, quote));
    }
    return 0;
}

int event_to_text(const struct event *e, struct buf *out)
{
    return print_fields(e, SIZE_MAX, out);
}

int event_to_brief(const struct event *e, struct buf *out)
{
    return print_fields(e, 3, out);
}

static size_t kept_bytes(const struct field *f, size_t text_bytes_most)
{
    return f->text.len < text_bytes_most ? f->text.len : text_bytes_most;
}

struct event_copy *event_copy_cut(const struct event *e, size_t text_bytes_most)
{
    size_t device_bytes = span_text(e->device).len + 1;
    size_t bytes = sizeof(struct event_copy) + e->field_count * sizeof(struct field) + device_bytes;
    for (size_t i = 0; i < e->field_count; i++) {
        bytes += kept_bytes(&e->fields[i], text_bytes_most);
    }
    struct event_copy *copy = malloc(bytes);
    if (!copy) {
        return NULL;
    }
    struct field *fields = (struct field *)(copy + 1);
    uint8_t *at = (uint8_t *)(fields + e->field_count);
    copy->next = NULL;
    copy->event = *e;
    copy->event.device = (char *)at;
    copy->event.fields = fields;
    span_copy_text(span_text(e->device), (char *)at, device_bytes);
    at += device_bytes;
    for (size_t i = 0; i < e->field_count; i++) {
        size_t len = kept_bytes(&e->fields[i], text_bytes_most);
        fields[i] = e->fields[i];
        fields[i].text = span_of(at, len);
        if (len) {
            memcpy(at, e->fields[i].text.ptr, len);
        }
        at += len;
    }
    return copy;
}

struct event_copy *event_copy_new(const struct event *e)
{
    return event_copy_cut(e, SIZE_MAX);
}

void event_copy_free(struct event_copy *copy)
{
    free(copy);
}
