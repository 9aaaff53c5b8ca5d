// SPDX-License-Identifier: MIT
// The topic filters that the hub remembers for each identity.
#include "base/error.h"
#include "simulator/hub/hub_private.h"

#include <stdlib.h>

static void filter_free(struct hub_filter *filter)
{
    free(filter->text);
    free(filter);
}

void hub_filters_free(struct hub_entry *entry)
{
    while (entry->filters) {
        struct hub_filter *filter = entry->filters;
        entry->filters = filter->next;
        filter_free(filter);
    }
}

static struct hub_entry *entry_of(const struct hub *hub, const struct identity *identity)
{
    return hub_entry_find_any(hub, span_text(identity->name));
}

static struct hub_filter **filter_place(struct hub_entry *entry, struct span filter)
{
    struct hub_filter **at = &entry->filters;
    while (*at && !span_equals_text(filter, (*at)->text)) {
        at = &(*at)->next;
    }
    return at;
}

// A session that ends with its connection is no part of the state.
static int keep_filters(struct hub *hub, const struct hub_entry *entry)
{
    return entry->is_kept ? hub_keep(hub, entry, HUB_KEEP_SESSION) : 0;
}

bool hub_session_begin(struct hub *hub, const struct identity *identity, bool is_clean)
{
    struct hub_entry *entry = entry_of(hub, identity);
    bool was_kept = entry->is_kept && !is_clean;
    if (!was_kept) {
        hub_filters_free(entry);
    }
    bool is_worth_keeping = entry->is_kept != !is_clean;
    entry->is_kept = !is_clean;
    if (is_clean) {
        hub_c2d_forget_sent(entry);
    }
    if (is_clean && hub->settings.c2d_goes_with_session) {
        hub_c2d_purge(hub, span_text(identity->name));
    }
    if (is_worth_keeping && hub_keep(hub, entry, HUB_KEEP_SESSION) < 0) {
        env_log(hub->env, LOG_ERROR, "the session of %s is not kept: %s", identity->name,
                error_text(ERR_IO));
    }
    return was_kept;
}

int hub_session_subscribe(struct hub *hub, const struct identity *identity, struct span filter,
                          int qos)
{
    struct hub_entry *entry = entry_of(hub, identity);
    struct hub_filter *old = *filter_place(entry, filter);
    if (old) {
        int old_qos = old->qos;
        old->qos = qos;
        int code = old_qos == qos ? 0 : keep_filters(hub, entry);
        old->qos = code < 0 ? old_qos : qos;
        return code;
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
    int code = keep_filters(hub, entry);
    if (code < 0) {
        entry->filters = added->next;
        filter_free(added);
    }
    return code;
}

bool hub_session_unsubscribe(struct hub *hub, const struct identity *identity, struct span filter)
{
    struct hub_entry *entry = entry_of(hub, identity);
    struct hub_filter **at = filter_place(entry, filter);
    struct hub_filter *removed = *at;
    if (!removed) {
        return false;
    }
    *at = removed->next;
    filter_free(removed);
    if (keep_filters(hub, entry) < 0) {
        env_log(hub->env, LOG_ERROR, "an unsubscription of %s is not kept: %s", identity->name,
                error_text(ERR_IO));
    }
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

bool hub_session_is_kept(const struct hub *hub, const struct identity *identity)
{
    return entry_of(hub, identity)->is_kept;
}

int hub_session_each(const struct hub *hub, const struct identity *identity,
                     hub_filter_visitor *visit, void *context)
{
    const struct hub_filter *oldest_first[HUB_FILTERS_MOST];
    size_t count = 0;
    for (struct hub_filter *f = entry_of(hub, identity)->filters; f; f = f->next) {
        oldest_first[count++] = f;
    }
    while (count > 0) {
        const struct hub_filter *f = oldest_first[--count];
        TRY(visit(context, span_text(f->text), f->qos));
    }
    return 0;
}
