// SPDX-License-Identifier: MIT
#include "harness/report/html.h"
#include "base/error.h"

#include <libxml/xmlstring.h>
#include <string.h>

static const char *reference_of(uint8_t c)
{
    static const struct {
        uint8_t c;
        const char *text;
    } table[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < HR_COUNT_OF(table); i++) {
        if (table[i].c == c) {
            return table[i].text;
        }
    }
    return NULL;
}

int html_text(struct buf *out, const char *text)
{
    bool is_utf8 = xmlCheckUTF8((const xmlChar *)text) == 1;
    for (const char *at = text; *at; at++) {
        uint8_t c = (uint8_t)*at;
        const char *reference = reference_of(c);
        if (reference) {
            TRY(buf_append_text(out, reference));
        } else if (c < 0x20 || c == 0x7f) {
            TRY(buf_append_u8(out, ' '));
        } else {
            TRY(buf_append_u8(out, !is_utf8 && c >= 0x80 ? '?' : c));
        }
    }
    return 0;
}

int html_element(struct buf *out, const char *tag, const char *text)
{
    TRY(buf_printf(out, "<%s>", tag));
    TRY(html_text(out, text));
    return buf_printf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}
