// SPDX-License-Identifier: MIT
#include "harness/runner/log_reader.h"
#include "base/error.h"

void log_reader_open(struct log_reader *r, struct journal *journal)
{
    r->left = LOG_READER_LINES_A_SECOND;
    int code = dialects_load_own(&r->dialects);
    if (code < 0) {
        EMIT(journal, RUN_NOTE, 0, NULL, F_TEXT("text", error_text(code)));
    }
}

void log_reader_close(struct log_reader *r)
{
    dialects_free(r->dialects);
    r->dialects = NULL;
}

static bool may_read(struct log_reader *r, uint64_t at_us)
{
    if (at_us / 1000000 != r->second) {
        r->second = at_us / 1000000;
        r->left = LOG_READER_LINES_A_SECOND;
    }
    if (r->left == 0) {
        return false;
    }
    r->left--;
    return true;
}

void log_reader_event(struct log_reader *r, struct journal *journal, const struct event *e)
{
    const struct field *text = e->type == EVENT_DEVICE_OUTPUT ? event_field(e, "text") : NULL;
    struct log_hit hit;
    if (!r->dialects || !text || !may_read(r, e->at_us) ||
        !dialects_read(r->dialects, text->text, &hit)) {
        return;
    }
    if (hit.type == EVENT_LOG_STATE) {
        EMIT(journal, LOG_STATE, 0, NULL, F_TEXT("dialect", hit.dialect), F_TEXT("code", hit.code),
             F_TEXT("meaning", hit.meaning), F_SPAN("text", text->text));
        return;
    }
    EMIT(journal, LOG_ERROR, 0, NULL, F_TEXT("dialect", hit.dialect), F_TEXT("code", hit.code),
         F_TEXT("cause", hit.cause), F_TEXT("meaning", hit.meaning), F_TEXT("try", hit.try_text),
         F_SPAN("text", text->text));
}
