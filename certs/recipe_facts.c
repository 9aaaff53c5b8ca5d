// SPDX-License-Identifier: MIT
// The statements that say what a chain is for: about, id, origin, verdict, alert, device-host,
// needs.
#include "base/error.h"
#include "certs/recipe.h"

#include <string.h>

static int read_id(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    struct span id = line_word(line, 1);
    if (!key_name_is_good(id) || !span_copy_text(id, r->facts.id, sizeof r->facts.id)) {
        return diag_add(diags, line_place(line, 1),
                        "an id has letters, digits and '._+-' only, at most %d",
                        CHAIN_ID_BYTES_MOST);
    }
    return 0;
}

static int read_words(const struct line *line, char *out, size_t room, struct diag_list *diags)
{
    struct buf words HR_CLEANUP(buf_deinit);
    buf_init(&words, LINE_FILE_BYTES_MOST);
    TRY(line_join(line, 1, &words));
    if (!span_copy_text(buf_span(&words), out, room)) {
        return diag_add(diags, line_place(line, 1), "'%.*s' has %zu bytes, at most %zu fit",
                        SPAN_ARG(line_word(line, 0)), words.len, room - 1);
    }
    return 0;
}

static int read_about(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    return read_words(line, r->facts.about, sizeof r->facts.about, diags);
}

static int read_origin(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    return read_words(line, r->facts.origin, sizeof r->facts.origin, diags);
}

static int read_verdict(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    static const char *const words[] = {"accept", "reject", "free"};
    size_t row = recipe_known_word(line, 1, "verdict", words, HR_COUNT_OF(words), diags);
    r->facts.verdict = (enum chain_verdict)(CHAIN_ACCEPT + row);
    return row == HR_COUNT_OF(words) ? ERR_SYNTAX : 0;
}

static int read_alert(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    int result = 0;
    r->facts.alert_count = 0;
    for (size_t i = 1; i < line->count; i++) {
        int code = chain_alert_code(line_word(line, i));
        if (code < 0) {
            result = diag_add(diags, line_place(line, i),
                              "expected the name of an alert as unknown_ca (RFC 5246 7.2), seen "
                              "'%.*s'",
                              SPAN_ARG(line_word(line, i)));
            continue;
        }
        r->facts.alerts[r->facts.alert_count++] = (uint8_t)code;
    }
    return result;
}

static int read_device_host(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    TRY(recipe_check_template(line, 1, diags));
    if (!span_copy_text(line_word(line, 1), r->facts.device_host, sizeof r->facts.device_host)) {
        return diag_add(diags, line_place(line, 1), "a host name has at most %d letters",
                        CHAIN_HOST_BYTES_MOST);
    }
    return 0;
}

static int read_needs(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    static const char *const words[] = {"raw-flight"};
    TRY(recipe_known_word(line, 1, "need", words, 1, diags) < 1 ? 0 : ERR_SYNTAX);
    r->facts.needs_raw_flight = true;
    return 0;
}

static int read_pad_to(struct recipe *r, const struct line *line, struct diag_list *diags)
{
    return recipe_read_padding(line, 1, &r->padding, diags);
}

static const struct fact_row {
    const char *verb;
    size_t least, most;
    bool is_inherited; // holds for recipes that are based on this one, too
    int (*read)(struct recipe *r, const struct line *line, struct diag_list *diags);
    const char *usage;
} rows[RECIPE_FACTS] = {
    {"about", 1, 63, true, read_about, "words"},
    {"id", 1, 1, false, read_id, "one word, as in 'id t-leaf-expired'"},
    {"origin", 1, 63, false, read_origin, "words: an RFC's clause, or another catalogue's name"},
    {"verdict", 1, 1, false, read_verdict, "accept, reject or free"},
    {"alert", 1, CHAIN_ALERTS_MOST, false, read_alert, "1 to 8 names of alerts, as unknown_ca"},
    {"device-host", 1, 1, true, read_device_host, "the name that a device has to dial"},
    {"needs", 1, 1, true, read_needs, "raw-flight"},
    {"pad-to", 1, 2, true, read_pad_to, "a count of bytes, then sct, san or unknown"},
};

const char *recipe_fact_verb(size_t fact)
{
    return rows[fact].verb;
}

size_t recipe_find_fact(const struct line *line)
{
    size_t i = 0;
    while (i < RECIPE_FACTS && !line_word_is(line, 0, rows[i].verb)) {
        i++;
    }
    return i;
}

int recipe_read_fact(struct recipe *r, size_t fact, const struct line *line,
                     struct fact_place place, struct diag_list *diags)
{
    const struct fact_row *row = &rows[fact];
    struct chain_facts before = r->facts;
    struct recipe_padding padding = r->padding;
    TRY(recipe_check_count(line, line->count - 1, row->least, row->most, row->usage, diags));
    int code = row->read(r, line, diags);
    if (!place.is_nearest || (!place.is_own && !row->is_inherited)) {
        r->facts = before; // not what holds for this recipe; it was read to find its mistakes
        r->padding = padding;
    }
    return code;
}
