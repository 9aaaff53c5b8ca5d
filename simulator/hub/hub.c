// SPDX-License-Identifier: MIT
#include "simulator/hub/hub.h"
#include "base/error.h"
#include "base/when.h"
#include "simulator/hub/hub_private.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/thumbprint.h"
#include "simulator/hub/username.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hub_settings_init(struct hub_settings *settings, const char *host)
{
    *settings = (struct hub_settings){.sas_grace_s = 300,
                                      .disabled_connack = 5,
                                      .bad_username_connack = 5,
                                      .c2d_ttl_s = 3600,
                                      .c2d_deliveries_most = 10,
                                      .twin_too_large_status = 413,
                                      .wrong_host_connack = 5,
                                      .throttled_connack = 3,
                                      .renewal_csr_code = 400037,
                                      .renewal_conflict_code = 409004,
                                      .renewal_delay_s = 1,
                                      .renewal_expires_s = 43200,
                                      .renewal_days = 30};
    hub_limits_of_tier(HUB_TIER_NONE, 1, &settings->limits);
    span_copy_text(span_text(host), settings->host, sizeof settings->host);
}

struct hub *hub_new(const struct hub_settings *settings, const struct env *env,
                    struct journal *journal)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub) {
        hub->settings = *settings;
        hub->env = env;
        hub->journal = journal;
        hub->deadline_us = UINT64_MAX;
    }
    return hub;
}

static void entry_free(struct hub_entry *entry)
{
    hub_c2d_free(entry);
    hub_twin_free(entry->twin);
    hub_renewal_free(entry->renewal);
    hub_filters_free(entry);
    explicit_bzero(entry, sizeof *entry);
    free(entry);
}

void hub_free(struct hub *hub)
{
    if (!hub) {
        return;
    }
    hub_method_free(hub);
    struct hub_entry *entry = hub->entries;
    HASH_CLEAR(hh, hub->entries);
    while (entry) {
        struct hub_entry *next = entry->hh.next;
        entry_free(entry);
        entry = next;
    }
    hub_free_cas(hub);
    explicit_bzero(hub->policies, sizeof hub->policies);
    free(hub);
}

const struct hub_settings *hub_settings_of(const struct hub *hub)
{
    return &hub->settings;
}

int hub_connack_code(const struct hub *hub, enum reason reason)
{
    switch (reason) {
    case REASON_DISABLED:
        return hub->settings.disabled_connack;
    case REASON_BAD_USERNAME:
        return hub->settings.bad_username_connack;
    case REASON_WRONG_HOST:
        return hub->settings.wrong_host_connack;
    case REASON_THROTTLED:
        return hub->settings.throttled_connack;
    default:
        return reason_row(reason)->connack;
    }
}

bool hub_has_host(const struct hub *hub, struct span host)
{
    if (span_equals_nocase(host, span_text(hub->settings.host))) {
        return true;
    }
    for (size_t i = 0; i < HR_COUNT_OF(hub->settings.aliases); i++) {
        const char *alias = hub->settings.aliases[i];
        if (alias[0] && span_equals_nocase(host, span_text(alias))) {
            return true;
        }
    }
    return false;
}

static uint32_t rate_ppm(const struct hub *hub)
{
    return hub->clock_rate_ppm ? hub->clock_rate_ppm : RATE_REAL_PPM;
}

int64_t hub_utc_us(const struct hub *hub)
{
    int64_t ran_us = (int64_t)(hub_mono_us(hub) - hub->clock_since_us);
    int64_t gained_us = rate_faster(ran_us, rate_ppm(hub)) - ran_us;
    return hub->env->utc_us(hub->env->world) + hub->clock_offset_us + gained_us;
}

static void start_clock(struct hub *hub, int64_t offset_us, uint32_t ppm)
{
    char text[32];
    char rate[32];
    hub->clock_offset_us = offset_us;
    hub->clock_since_us = hub_mono_us(hub);
    hub->clock_rate_ppm = ppm;
    EMIT(hub->journal, HUB_CLOCK, 0, NULL, F_TEXT("utc", utc_print(hub_utc_us(hub), text)),
         F_TEXT("rate", rate_print(ppm, rate)));
    hub_due(hub, hub_mono_us(hub)); // messages live by this clock
}

void hub_clock_shift(struct hub *hub, int64_t offset_us)
{
    start_clock(hub, offset_us, rate_ppm(hub));
}

void hub_clock_set_rate(struct hub *hub, uint32_t ppm)
{
    start_clock(hub, hub_utc_us(hub) - hub->env->utc_us(hub->env->world), ppm);
}

uint64_t hub_clock_wait_us(const struct hub *hub, uint64_t us)
{
    return (uint64_t)rate_slower((int64_t)us, rate_ppm(hub));
}

void hub_clock_set(struct hub *hub, int64_t utc_us)
{
    hub_clock_shift(hub, utc_us - hub->env->utc_us(hub->env->world));
}

uint64_t hub_mono_us(const struct hub *hub)
{
    return hub->env->mono_us(hub->env->world);
}

void hub_on_deadline(struct hub *hub, void (*wake)(void *context), void *context)
{
    hub->wake = wake;
    hub->wake_context = context;
}

uint64_t hub_deadline_us(const struct hub *hub)
{
    return hub->deadline_us;
}

void hub_due(struct hub *hub, uint64_t at_us)
{
    if (at_us >= hub->deadline_us) {
        return;
    }
    hub->deadline_us = at_us;
    if (hub->wake) {
        hub->wake(hub->wake_context);
    }
}

void hub_tick(struct hub *hub)
{
    if (hub_mono_us(hub) < hub->deadline_us) {
        return;
    }
    hub->deadline_us = UINT64_MAX;
    for (struct hub_entry *entry = hub->entries; entry; entry = entry->hh.next) {
        hub_c2d_tick(hub, entry);
        hub_renewal_tick(hub, entry);
    }
    hub_feedback_tick(hub);
    hub_method_tick(hub);
    for (struct hub_entry *entry = hub->entries; entry; entry = entry->hh.next) {
        hub_due(hub, hub_c2d_deadline_us(hub, entry));
        hub_due(hub, hub_renewal_deadline_us(entry));
    }
    hub_due(hub, hub_feedback_deadline_us(hub));
    hub_due(hub, hub_method_deadline_us(hub));
}

struct hub_entry *hub_entry_find(const struct hub *hub, struct span name)
{
    struct hub_entry *entry = hub_entry_find_any(hub, name);
    return entry && !entry->is_removed ? entry : NULL;
}

struct hub_entry *hub_entry_find_any(const struct hub *hub, struct span name)
{
    struct hub_entry *entry = NULL;
    if (name.len > 0 && name.len < HUB_NAME_BYTES_MOST) {
        HASH_FIND(hh, hub->entries, name.ptr, name.len, entry);
    }
    return entry;
}

const struct identity *hub_find_identity(const struct hub *hub, struct span name)
{
    struct hub_entry *entry = hub_entry_find(hub, name);
    return entry ? &entry->identity : NULL;
}

const struct identity *hub_next_identity(const struct hub *hub, const struct identity *after)
{
    struct hub_entry *entry = after ? hub_entry_find(hub, span_text(after->name)) : NULL;
    entry = entry ? entry->hh.next : after ? NULL : hub->entries;
    while (entry && entry->is_removed) {
        entry = entry->hh.next;
    }
    return entry ? &entry->identity : NULL;
}

void hub_set_keeper(struct hub *hub, hub_keeper *keeper, void *context)
{
    hub->keeper = keeper;
    hub->keeper_context = context;
}

int hub_keep(struct hub *hub, const struct hub_entry *entry, unsigned what)
{
    return hub->keeper ? hub->keeper(hub->keeper_context, &entry->identity, what) : 0;
}

static int check_keys(const struct identity *id)
{
    if (!id->primary_key[0] && !id->secondary_key[0]) {
        FAIL(ERR_VALUE, "%s: a SAS identity needs a key", id->name);
    }
    TRY(id->primary_key[0] ? sas_check_key(id->name, "primary", id->primary_key) : 0);
    TRY(id->secondary_key[0] ? sas_check_key(id->name, "secondary", id->secondary_key) : 0);
    return 0;
}

static int normalise(const char *name, char thumbprint[THUMBPRINT_TEXT_BYTES])
{
    char text[THUMBPRINT_TEXT_BYTES];
    char why[160];
    if (!thumbprint[0]) {
        return 0;
    }
    if (thumbprint_normalise(span_text(thumbprint), text) < 0) {
        snprintf(why, sizeof why, "%s", error_text(ERR_VALUE));
        FAIL(ERR_VALUE, "%s: %s", name, why);
    }
    memcpy(thumbprint, text, sizeof text);
    return 0;
}

static int check_thumbprints(struct identity *id)
{
    if (!id->primary_thumbprint[0] && !id->secondary_thumbprint[0]) {
        FAIL(ERR_VALUE, "%s: an X.509 identity needs a thumbprint", id->name);
    }
    TRY(normalise(id->name, id->primary_thumbprint));
    return normalise(id->name, id->secondary_thumbprint);
}

static int check_credentials(const struct hub *hub, struct identity *id)
{
    if (id->auth == HUB_AUTH_SAS) {
        return check_keys(id);
    }
    if (id->auth == HUB_AUTH_THUMBPRINT) {
        return check_thumbprints(id);
    }
    if (!hub->settings.crypto) {
        FAIL(ERR_VALUE, "%s: this hub was made without X.509 and knows no CA", id->name);
    }
    return 0;
}

// An identity of that name was here before: in place, because calls may still point to it.
static int revive(struct hub *hub, struct hub_entry *entry, const struct identity *identity)
{
    struct identity fresh = *identity;
    int code = check_credentials(hub, &fresh);
    if (code == 0) {
        entry->identity = fresh;
        entry->is_removed = false;
        code = hub_keep(hub, entry, HUB_KEEP_IDENTITY);
        entry->is_removed = code < 0;
    }
    explicit_bzero(&fresh, sizeof fresh);
    return code;
}

int hub_add_identity(struct hub *hub, const struct identity *identity)
{
    if (!identity_name_is_valid(span_text(identity->name))) {
        FAIL(ERR_VALUE,
             "'%s' is no DEVICE or DEVICE/MODULE: an id has 1 to %d letters, digits and "
             "-.%%_*?!(),:=@$'",
             identity->name, HUB_ID_BYTES_MOST);
    }
    if (hub_find_identity(hub, span_text(identity->name))) {
        FAIL(ERR_IN_USE, "an identity named %s exists already", identity->name);
    }
    struct hub_entry *removed = hub_entry_find_any(hub, span_text(identity->name));
    if (removed) {
        return revive(hub, removed, identity);
    }
    struct hub_entry *entry = calloc(1, sizeof *entry);
    ENSURE(entry != NULL, ERR_NO_MEMORY);
    entry->identity = *identity;
    struct identity *id = &entry->identity;
    int code = check_credentials(hub, id);
    if (code == 0) {
        HASH_ADD_KEYPTR(hh, hub->entries, id->name, strlen(id->name), entry);
        code = entry->is_left_out ? ERR_NO_MEMORY : 0;
    }
    if (code == 0) {
        code = hub_keep(hub, entry, HUB_KEEP_IDENTITY);
        if (code < 0) {
            HASH_DELETE(hh, hub->entries, entry);
        }
    }
    if (code < 0) {
        entry_free(entry);
    }
    return code;
}

int hub_put_identity(struct hub *hub, const struct identity *identity)
{
    struct hub_entry *entry = hub_entry_find(hub, span_text(identity->name));
    if (!entry) {
        return hub_add_identity(hub, identity);
    }
    struct identity fresh = *identity;
    int code = fresh.auth == HUB_AUTH_SAS ? check_keys(&fresh) : check_thumbprints(&fresh);
    if (code == 0) {
        fresh.is_disabled = entry->identity.is_disabled;
        entry->identity = fresh;
    }
    explicit_bzero(&fresh, sizeof fresh);
    return code;
}

static void unlink_connection(struct hub *hub, struct hub_link *link)
{
    struct hub_link **at = &hub->links;
    while (*at && *at != link) {
        at = &(*at)->next;
    }
    if (!*at) {
        return;
    }
    *at = link->next;
    link->next = NULL;
    struct hub_entry *entry = hub_entry_find_any(hub, span_text(link->identity->name));
    if (entry && !entry->is_kept) {
        hub_filters_free(entry);
    }
    if (entry) {
        hub_c2d_release(hub, entry, link);
    }
}

// The link may be gone when close returns.
static void close_connection(struct hub *hub, struct hub_link *link, enum reason reason,
                             uint32_t by_connection)
{
    unlink_connection(hub, link);
    link->close(link, reason, by_connection);
}

void hub_close_link(struct hub *hub, struct hub_link *link, enum reason reason)
{
    close_connection(hub, link, reason, 0);
}

void hub_attach(struct hub *hub, struct hub_link *link)
{
    struct hub_link *older = hub_link_of(hub, link->identity);
    link->next = hub->links;
    hub->links = link;
    if (older && older != link) {
        close_connection(hub, older, REASON_TAKEN_OVER, link->connection);
    }
}

struct hub_link *hub_link_of(const struct hub *hub, const struct identity *identity)
{
    struct hub_link *link = hub->links;
    while (link && link->identity != identity) {
        link = link->next;
    }
    return link;
}

bool hub_take_over(struct hub *hub, const struct identity *identity)
{
    struct hub_link *link = hub_link_of(hub, identity);
    if (link) {
        close_connection(hub, link, REASON_TAKEN_OVER, 0);
    }
    return link != NULL;
}

uint32_t hub_connection_of(const struct hub *hub, const struct identity *identity)
{
    const struct hub_link *link = hub_link_of(hub, identity);
    return link ? link->connection : 0;
}

void hub_link_ready(struct hub *hub, struct hub_link *link)
{
    const struct identity *identity = link->identity;
    struct hub_entry *entry = hub_entry_find(hub, span_text(identity->name));
    hub_c2d_offer(hub, entry);
    link = hub_link_of(hub, identity); // the offer may have ended it
    if (link) {
        hub_method_offer(hub, link);
        hub_renewal_offer(hub, entry);
    }
}

void hub_detach(struct hub *hub, struct hub_link *link)
{
    unlink_connection(hub, link);
}

void hub_close_all(struct hub *hub, enum reason reason)
{
    while (hub->links) {
        close_connection(hub, hub->links, reason, 0);
    }
}

// `name` itself, or a module of the device `name`.
static bool is_part_of(const char *whole, const char *name)
{
    size_t len = strlen(name);
    return strncmp(whole, name, len) == 0 && (whole[len] == '\0' || whole[len] == '/');
}

static struct hub_link *find_part(const struct hub *hub, const char *name)
{
    struct hub_link *link = hub->links;
    while (link && !is_part_of(link->identity->name, name)) {
        link = link->next;
    }
    return link;
}

int hub_set_disabled(struct hub *hub, const char *name, bool is_disabled)
{
    struct hub_entry *entry = hub_entry_find(hub, span_text(name));
    if (!entry) {
        FAIL(ERR_UNKNOWN_NAME, "no identity named '%s' is registered", name);
    }
    bool was_disabled = entry->identity.is_disabled;
    entry->identity.is_disabled = is_disabled;
    int code = hub_keep(hub, entry, HUB_KEEP_IDENTITY);
    if (code < 0) {
        entry->identity.is_disabled = was_disabled;
        return code;
    }
    struct hub_link *link = is_disabled ? find_part(hub, name) : NULL;
    while (link) {
        close_connection(hub, link, REASON_DISABLED, 0);
        link = find_part(hub, name);
    }
    return 0;
}

// Nothing of it is left but its name, for those who point to it.
static int remove_entry(struct hub *hub, struct hub_entry *entry)
{
    struct identity *id = &entry->identity;
    struct hub_link *link = hub_link_of(hub, id);
    if (link) {
        close_connection(hub, link, REASON_UNKNOWN_IDENTITY, 0);
    }
    TRY(hub_keep(hub, entry, HUB_KEEP_REMOVAL));
    entry->is_removed = true;
    id->is_disabled = true; // for a CONNECT that is judged already
    hub_c2d_free(entry);
    hub_twin_free(entry->twin);
    hub_renewal_free(entry->renewal);
    hub_filters_free(entry);
    entry->twin = NULL;
    entry->renewal = NULL;
    entry->is_kept = false;
    entry->has_sdk_fault = false;
    explicit_bzero(id->primary_key, sizeof id->primary_key);
    explicit_bzero(id->secondary_key, sizeof id->secondary_key);
    return 0;
}

int hub_remove_identity(struct hub *hub, const char *name)
{
    if (!hub_entry_find(hub, span_text(name))) {
        FAIL(ERR_UNKNOWN_NAME, "no identity named '%s' is registered", name);
    }
    for (struct hub_entry *entry = hub->entries; entry; entry = entry->hh.next) {
        if (!entry->is_removed && is_part_of(entry->identity.name, name)) {
            TRY(remove_entry(hub, entry));
        }
    }
    return 0;
}
