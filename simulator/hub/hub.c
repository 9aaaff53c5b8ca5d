// SPDX-License-Identifier: MIT
#include "simulator/hub/hub.h"
#include "base/error.h"
#include "base/text_code.h"
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
                                      .wrong_host_connack = 5,
                                      .throttled_connack = 3};
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
    }
    return hub;
}

static void entry_free(struct hub_entry *entry)
{
    hub_filters_free(entry);
    explicit_bzero(entry, sizeof *entry);
    free(entry);
}

void hub_free(struct hub *hub)
{
    if (!hub) {
        return;
    }
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

int64_t hub_utc_us(const struct hub *hub)
{
    return hub->env->utc_us(hub->env->world) + hub->clock_offset_us;
}

void hub_clock_shift(struct hub *hub, int64_t offset_us)
{
    char text[32];
    hub->clock_offset_us = offset_us;
    EMIT(hub->journal, HUB_CLOCK, 0, NULL, F_TEXT("utc", utc_print(hub_utc_us(hub), text)));
}

void hub_clock_set(struct hub *hub, int64_t utc_us)
{
    hub_clock_shift(hub, utc_us - hub->env->utc_us(hub->env->world));
}

struct hub_entry *hub_entry_find(const struct hub *hub, struct span name)
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

int hub_check_key(const char *name, const char *which, const char *key_base64)
{
    struct buf key;
    buf_init(&key, sizeof((struct identity *)0)->primary_key);
    int code = base64_decode(span_text(key_base64), &key);
    size_t len = key.len;
    buf_wipe(&key);
    if (code == ERR_NO_MEMORY) {
        return code;
    }
    if (code < 0 || len < SAS_KEY_BYTES_LEAST || len > SAS_KEY_BYTES_MOST) {
        FAIL(ERR_VALUE, "%s: the %s key is not the base64 text of %d to %d bytes", name, which,
             SAS_KEY_BYTES_LEAST, SAS_KEY_BYTES_MOST);
    }
    return 0;
}

static int check_keys(const struct identity *id)
{
    if (!id->primary_key[0] && !id->secondary_key[0]) {
        FAIL(ERR_VALUE, "%s: a SAS identity needs a key", id->name);
    }
    TRY(id->primary_key[0] ? hub_check_key(id->name, "primary", id->primary_key) : 0);
    TRY(id->secondary_key[0] ? hub_check_key(id->name, "secondary", id->secondary_key) : 0);
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
    struct hub_entry *entry = calloc(1, sizeof *entry);
    ENSURE(entry != NULL, ERR_NO_MEMORY);
    entry->identity = *identity;
    struct identity *id = &entry->identity;
    int code = check_credentials(hub, id);
    if (code == 0) {
        HASH_ADD_KEYPTR(hh, hub->entries, id->name, strlen(id->name), entry);
        code = entry->is_left_out ? ERR_NO_MEMORY : 0;
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
    for (struct hub_link **at = &hub->links; *at; at = &(*at)->next) {
        if (*at == link) {
            *at = link->next;
            link->next = NULL;
            struct hub_entry *entry = hub_entry_find(hub, span_text(link->identity->name));
            if (entry && !entry->is_kept) {
                hub_filters_free(entry);
            }
            return;
        }
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
    struct hub_link *older = hub->links;
    while (older && older->identity != link->identity) {
        older = older->next;
    }
    link->next = hub->links;
    hub->links = link;
    if (older && older != link) {
        close_connection(hub, older, REASON_TAKEN_OVER, link->connection);
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
    entry->identity.is_disabled = is_disabled;
    struct hub_link *link = is_disabled ? find_part(hub, name) : NULL;
    while (link) {
        close_connection(hub, link, REASON_DISABLED, 0);
        link = find_part(hub, name);
    }
    return 0;
}
