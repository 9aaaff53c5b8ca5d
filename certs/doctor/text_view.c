// SPDX-License-Identifier: MIT
#include "certs/doctor/text_view.h"
#include "base/error.h"

#include <string.h>

// How many line ends stand before `offset`.
static size_t count_ends(const struct text_view *view, size_t offset)
{
    size_t low = 0;
    size_t high = view->end_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view->ends[middle] < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool ends_line(struct span s, size_t i)
{
    bool is_crlf = s.ptr[i] == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n';
    return s.ptr[i] == '\n' || (s.ptr[i] == '\r' && !is_crlf);
}

int view_index(struct text_view *view, struct buf *room)
{
    buf_init(room, (view->text.len + 1) * sizeof(uint32_t));
    for (size_t i = 0; i < view->text.len; i++) {
        uint32_t at = (uint32_t)i;
        if (ends_line(view->text, i)) {
            TRY(buf_append(room, span_of(&at, sizeof at)));
        }
    }
    view->ends = (const uint32_t *)(const void *)room->data;
    view->end_count = room->len / sizeof(uint32_t);
    return 0;
}

int view_line(const struct text_view *view, size_t offset)
{
    if (view->ends) {
        return 1 + (int)count_ends(view, offset);
    }
    if (view->lines) {
        size_t last = view->text.len ? view->text.len - 1 : 0;
        return view->text.len ? (int)view->lines[offset < last ? offset : last] : 1;
    }
    int line = 1;
    for (size_t i = 0; i < offset && i < view->text.len; i++) {
        line += ends_line(view->text, i);
    }
    return line;
}

static size_t find(struct span s, const char *word, bool with_case)
{
    struct span w = span_text(word);
    for (size_t i = 0; i + w.len <= s.len; i++) {
        struct span part = span_slice(s, i, w.len);
        if (with_case ? span_equals(part, w) : span_equals_nocase(part, w)) {
            return i;
        }
    }
    return s.len;
}

size_t text_find(struct span s, const char *word)
{
    const uint8_t *hit = s.len ? memmem(s.ptr, s.len, word, strlen(word)) : NULL;
    return hit ? (size_t)(hit - s.ptr) : s.len;
}

size_t text_find_nocase(struct span s, const char *word)
{
    return find(s, word, false);
}

bool text_has(struct span s, const char *word)
{
    return text_find(s, word) < s.len;
}

bool text_has_nocase(struct span s, const char *word)
{
    return text_find_nocase(s, word) < s.len;
}

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

size_t text_find_word(struct span s, size_t from, const char *word)
{
    size_t len = strlen(word);
    while (from < s.len) {
        size_t at = from + text_find(span_from(s, from), word);
        if (at >= s.len) {
            return s.len;
        }
        bool is_begun = at > 0 && is_name_byte(s.ptr[at - 1]);
        bool goes_on = at + len < s.len && is_name_byte(s.ptr[at + len]);
        if (!is_begun && !goes_on) {
            return at;
        }
        from = at + len;
    }
    return s.len;
}

struct span text_line(struct span *rest)
{
    struct span line = span_cut(*rest, '\n', rest);
    if (rest->ptr && rest->len == 0) {
        *rest = SPAN_EMPTY;
    }
    if (line.len && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter_or_digit(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool name_has_word(const char *name, const char *word)
{
    size_t i = 0;
    while (name[i]) {
        size_t begin = i;
        while (is_letter_or_digit(name[i])) {
            bool is_hump = i > begin && is_upper(name[i]) && !is_upper(name[i - 1]);
            if (is_hump) {
                break;
            }
            i++;
        }
        if (i > begin && span_equals_nocase(span_of(name + begin, i - begin), span_text(word))) {
            return true;
        }
        i += i == begin;
    }
    return false;
}
