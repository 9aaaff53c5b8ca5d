// SPDX-License-Identifier: MIT
// Keys that are rolled, and shared access policies.
#include "simulator/hub/access.h"
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/hub_private.h"
#include "simulator/hub/sas.h"

#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 32, KEY_TEXT_BYTES = sizeof((struct identity *)0)->primary_key };

static const char *const key_words[] = {"primary", "secondary"};

bool hub_label_is_valid(const char *label)
{
    size_t len = strlen(label);
    for (size_t i = 0; i < len; i++) {
        bool is_letter =
            (label[i] >= 'a' && label[i] <= 'z') || (label[i] >= 'A' && label[i] <= 'Z');
        if (!is_letter && !(label[i] >= '0' && label[i] <= '9') && !strchr("-._", label[i])) {
            return false;
        }
    }
    return len > 0 && len <= HUB_LABEL_BYTES_MOST;
}

static int make_key(const struct hub *hub, char out[KEY_TEXT_BYTES])
{
    uint8_t bytes[KEY_BYTES];
    struct buf text HR_CLEANUP(buf_wipe);
    buf_init(&text, KEY_TEXT_BYTES);
    TRY(hub->env->random(hub->env->world, bytes, sizeof bytes));
    int code = base64_encode(span_of(bytes, sizeof bytes), &text);
    explicit_bzero(bytes, sizeof bytes);
    if (code == 0) {
        span_copy_text(buf_span(&text), out, KEY_TEXT_BYTES);
    }
    return code;
}

// `key` is the place of the key to replace; `used` how links name it.
static int roll(struct hub *hub, const char *name, enum hub_key which, const char *key_base64,
                char key[KEY_TEXT_BYTES])
{
    char fresh[KEY_TEXT_BYTES];
    if (key_base64) {
        TRY(sas_check_key(name, key_words[which], key_base64));
        snprintf(fresh, sizeof fresh, "%s", key_base64);
    } else {
        TRY(make_key(hub, fresh));
    }
    memcpy(key, fresh, sizeof fresh);
    explicit_bzero(fresh, sizeof fresh);
    EMIT(hub->journal, HUB_KEY, 0, NULL, F_TEXT("name", name), F_TEXT("key", key_words[which]));
    return 0;
}

static void cut_links(struct hub *hub, const struct identity *identity, const char *key)
{
    struct hub_link *link = hub->settings.has_roll_cut ? hub->links : NULL;
    while (link) {
        bool is_used =
            (!identity || link->identity == identity) && link->key && strcmp(link->key, key) == 0;
        if (is_used) {
            hub_close_link(hub, link, REASON_KEY_ROLLED);
            link = hub->links; // the list has changed
        } else {
            link = link->next;
        }
    }
}

int hub_roll_key(struct hub *hub, const char *name, enum hub_key which, const char *key_base64)
{
    struct hub_entry *entry = hub_entry_find(hub, span_text(name));
    if (!entry) {
        FAIL(ERR_UNKNOWN_NAME, "no identity named '%s' is registered", name);
    }
    struct identity *id = &entry->identity;
    if (id->auth != HUB_AUTH_SAS) {
        FAIL(ERR_VALUE, "%s is registered with X.509 and has no key", name);
    }
    char *key = which == HUB_KEY_PRIMARY ? id->primary_key : id->secondary_key;
    char old[KEY_TEXT_BYTES];
    memcpy(old, key, sizeof old);
    TRY(roll(hub, id->name, which, key_base64, key));
    int code = hub_keep(hub, entry, HUB_KEEP_IDENTITY);
    if (code < 0) {
        memcpy(key, old, sizeof old);
    }
    explicit_bzero(old, sizeof old);
    TRY(code);
    cut_links(hub, id, key_words[which]);
    return 0;
}

static struct access_policy *find_policy(const struct hub *hub, struct span name)
{
    for (size_t i = 0; i < hub->policy_count; i++) {
        if (span_equals_nocase(name, span_text(hub->policies[i].name))) {
            return (struct access_policy *)&hub->policies[i];
        }
    }
    return NULL;
}

const struct access_policy *hub_find_policy(const struct hub *hub, struct span name)
{
    return find_policy(hub, name);
}

int hub_add_policy(struct hub *hub, const struct access_policy *policy)
{
    unsigned all = 0;
#define X(name, bit, word) all |= HUB_RIGHT_##name;
    HUB_RIGHT_TABLE(X)
#undef X
    if (!hub_label_is_valid(policy->name)) {
        FAIL(ERR_VALUE, "'%s' is no policy name: 1 to %d letters, digits and -._", policy->name,
             HUB_LABEL_BYTES_MOST);
    }
    if (policy->rights == 0 || (policy->rights & ~all)) {
        FAIL(ERR_VALUE, "policy %s has no rights, or rights that do not exist", policy->name);
    }
    if (find_policy(hub, span_text(policy->name))) {
        FAIL(ERR_IN_USE, "a policy named %s exists already", policy->name);
    }
    if (hub->policy_count == HUB_POLICIES_MOST) {
        FAIL(ERR_LIMIT, "a hub has at most %d policies", HUB_POLICIES_MOST);
    }
    TRY(sas_check_key(policy->name, "primary", policy->primary_key));
    TRY(sas_check_key(policy->name, "secondary", policy->secondary_key));
    hub->policies[hub->policy_count++] = *policy;
    return 0;
}

static const struct {
    const char *name;
    unsigned rights;
} standard[] = {
    {"iothubowner", HUB_RIGHT_REGISTRY_READ | HUB_RIGHT_REGISTRY_WRITE |
                        HUB_RIGHT_SERVICE_CONNECT | HUB_RIGHT_DEVICE_CONNECT},
    {"service", HUB_RIGHT_SERVICE_CONNECT},
    {"device", HUB_RIGHT_DEVICE_CONNECT},
    {"registryRead", HUB_RIGHT_REGISTRY_READ},
    {"registryReadWrite", HUB_RIGHT_REGISTRY_READ | HUB_RIGHT_REGISTRY_WRITE},
};
_Static_assert(HR_COUNT_OF(standard) == HUB_STANDARD_POLICIES, "as the header says");

unsigned hub_standard_rights(struct span name)
{
    for (size_t i = 0; i < HR_COUNT_OF(standard); i++) {
        if (span_equals_nocase(name, span_text(standard[i].name))) {
            return standard[i].rights;
        }
    }
    return 0;
}

int hub_add_standard_policies(struct hub *hub)
{
    for (size_t i = 0; i < HR_COUNT_OF(standard); i++) {
        struct access_policy policy = {.rights = standard[i].rights};
        snprintf(policy.name, sizeof policy.name, "%s", standard[i].name);
        int code = make_key(hub, policy.primary_key);
        code = code < 0 ? code : make_key(hub, policy.secondary_key);
        code = code < 0 ? code : hub_add_policy(hub, &policy);
        explicit_bzero(&policy, sizeof policy);
        TRY(code);
    }
    return 0;
}

void hub_policy_key_text(const struct access_policy *policy, enum hub_key which,
                         char out[HUB_KEY_TEXT_BYTES])
{
    snprintf(out, HUB_KEY_TEXT_BYTES, "policy %s %s", policy->name, key_words[which]);
}

int hub_roll_policy_key(struct hub *hub, const char *name, enum hub_key which,
                        const char *key_base64)
{
    char used[HUB_KEY_TEXT_BYTES];
    struct access_policy *policy = find_policy(hub, span_text(name));
    if (!policy) {
        FAIL(ERR_UNKNOWN_NAME, "the hub has no policy named '%s'", name);
    }
    TRY(roll(hub, policy->name, which, key_base64,
             which == HUB_KEY_PRIMARY ? policy->primary_key : policy->secondary_key));
    hub_policy_key_text(policy, which, used);
    cut_links(hub, NULL, used);
    return 0;
}
