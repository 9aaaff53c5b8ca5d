// SPDX-License-Identifier: MIT
#include "simulator/journal/told.h"
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Names of fields outlive the events that are kept.
static const char *interned(const char *name)
{
    static char names[128][32];
    size_t i = 0;
    while (names[i][0] && strcmp(names[i], name) != 0) {
        i++;
        assert_true(i < HR_COUNT_OF(names));
    }
    snprintf(names[i], sizeof names[i], "%s", name);
    return names[i];
}

static bool is_listed(struct span list, const char *word)
{
    while (list.len) {
        if (span_equals_text(span_cut(list, ' ', &list), word)) {
            return true;
        }
    }
    return false;
}

static void add_field(struct told *t, char *text, const char *with_blanks)
{
    char *value = strchr(text, '=');
    if (!value) {
        fail_msg("'%s' is no field=value", text);
    }
    *value++ = '\0';
    if (!event_has_field(t->event.type, span_text(text))) {
        fail_msg("%s has no field '%s'", event_word(t->event.type), text);
    }
    for (char *c = value; *c && is_listed(span_text(with_blanks), text); c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    assert_true(t->event.field_count < TOLD_FIELDS_MOST);
    t->fields[t->event.field_count++] = (struct field)F_TEXT(interned(text), value);
}

void told_read(struct told *t, const char *line, const char *with_blanks)
{
    char *save = NULL;
    assert_true(strlen(line) < sizeof t->room);
    snprintf(t->room, sizeof t->room, "%s", line);
    char *word = strtok_r(t->room, " ", &save);
    char *connection = strchr(word, '@');
    if (connection) {
        *connection++ = '\0';
    }
    int type = event_type_of(span_text(word));
    if (type < 0) {
        fail_msg("no event '%s'", word);
    }
    t->event = (struct event){.type = (enum event_type)type,
                              .connection = connection ? (uint32_t)atoi(connection) : 0,
                              .device = "",
                              .fields = t->fields};
    for (char *at = strtok_r(NULL, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
        add_field(t, at, with_blanks);
    }
}
