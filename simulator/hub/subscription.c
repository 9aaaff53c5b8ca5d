// SPDX-License-Identifier: MIT
// The topic filters that the hub remembers for each identity.
#include "base/error.h"
#include "simulator/hub/hub_private.h"

#include <stdlib.h>

void hub_filters_free(struct hub_entry *entry)
{
    while (entry->filters) {
        struct hub_filter *filter = entry->filters;
        entry->filters = filter->next;
        free(filter->text);
        free(filter);
    }
}

static struct hub_entry *entry_of(const struct hub *hub, const struct identity *identity)
{
    return hub_entry_find(hub, span_text(identity->name));
}

static struct hub_filter **filter_place(struct hub_entry *entry, struct span filter)
{
    struct hub_filter **at = &entry->filters;
    while (*at && !span_equals_text(filter, (*at)->text)) {
        at = &(*at)->next;
    }
    return at;
}

bool hub_session_begin(struct hub *hub, const struct identity *identity, bool is_clean)
{
    struct hub_entry *entry = entry_of(hub, identity);
    bool was_kept = entry->is_kept && !is_clean;
    if (!was_kept) {
        hub_filters_free(entry);
    }
    entry->is_kept = !is_clean;
    if (is_clean) {
        hub_c2d_forget_sent(entry);
    }
    return was_kept;
}

int hub_session_subscribe(struct hub *hub, const struct identity *identity, struct span filter,
                          int qos)
{
    struct hub_entry *entry = entry_of(hub, identity);
    struct hub_filter *old = *filter_place(entry, filter);
    if (old) {
        old->qos = qos;
        return 0;
    }
    ENSURE(hub_session_filter_count(hub, identity) < HUB_FILTERS_MOST, ERR_LIMIT);
    struct hub_filter *added = calloc(1, sizeof *added);
    ENSURE(added != NULL, ERR_NO_MEMORY);
    *added = (struct hub_filter){entry->filters, span_dup_text(filter), qos};
    if (!added->text) {
        free(added);
        return ERR_NO_MEMORY;
    }
    entry->filters = added;
    return 0;
}

bool hub_session_unsubscribe(struct hub *hub, const struct identity *identity, struct span filter)
{
    struct hub_filter **at = filter_place(entry_of(hub, identity), filter);
    struct hub_filter *removed = *at;
    if (!removed) {
        return false;
    }
    *at = removed->next;
    free(removed->text);
    free(removed);
    return true;
}

size_t hub_session_filter_count(const struct hub *hub, const struct identity *identity)
{
    size_t count = 0;
    for (struct hub_filter *f = entry_of(hub, identity)->filters; f; f = f->next) {
        count++;
    }
    return count;
}

int hub_session_qos(const struct hub *hub, const struct identity *identity, struct span filter)
{
    struct hub_filter *found = *filter_place(entry_of(hub, identity), filter);
    return found ? found->qos : -1;
}
