// SPDX-License-Identifier: MIT
// SAS tokens, of device keys and of shared access policies.
#include "base/error.h"
#include "base/when.h"
#include "simulator/hub/authenticate_private.h"
#include "simulator/hub/sas.h"

#include <stdio.h>
#include <string.h>

enum { USUAL_TOKEN_S = 3600, FIRST_PLAUSIBLE_YEAR = 2016, SHOWN_POLICY_BYTES = 66 };

static void say_clock(struct auth_result *out, int64_t expires_us, int64_t now_us)
{
    char late[32];
    int64_t made_us = expires_us - INT64_C(1000000) * USUAL_TOKEN_S;
    int64_t year = made_us < 0 ? 1970 : civil_from_utc(made_us / 1000000).year;
    if (year < FIRST_PLAUSIBLE_YEAR) {
        auth_say(out, "the token was made when the device's clock said %d", (int)year);
        return;
    }
    auth_say(out, "the device clock looks about %s late if the token is fresh and lives 1 h",
             duration_print(now_us - made_us, late));
}

static bool has_expired(const struct hub *hub, const struct sas_token *token,
                        struct auth_result *out)
{
    char se[32];
    char now[32];
    char distance[32];
    int64_t now_us = hub_utc_us(hub);
    int64_t late_us = now_us - token->expires_us;
    bool is_expired = late_us > INT64_C(1000000) * SAS_SKEW_S;
    auth_say(out, "se=%s is %s %s the hub's time %s (%d min skew allowed)",
             utc_print(token->expires_us, se),
             duration_print(late_us < 0 ? -late_us : late_us, distance),
             late_us > 0 ? "before" : "after", utc_print(now_us, now), SAS_SKEW_S / 60);
    if (is_expired) {
        say_clock(out, token->expires_us, now_us);
    }
    return is_expired;
}

static bool covers(const struct hub *hub, const struct sas_token *token, const struct username *u)
{
    if (sas_resource_covers(token->resource, span_text(hub->settings.host), u->device, u->module)) {
        return true;
    }
    for (size_t i = 0; i < HR_COUNT_OF(hub->settings.aliases); i++) {
        struct span alias = span_text(hub->settings.aliases[i]);
        if (alias.len && sas_resource_covers(token->resource, alias, u->device, u->module)) {
            return true;
        }
    }
    return false;
}

// The keys that a token may be signed with.
struct key_pair {
    const char *keys[2];                // primary, secondary; "" = none
    const struct access_policy *policy; // NULL: an identity's own keys
};

static void name_key(const struct key_pair *pair, enum hub_key which, struct auth_result *out)
{
    if (pair->policy) {
        hub_policy_key_text(pair->policy, which, out->key);
    } else {
        snprintf(out->key, sizeof out->key, "%s",
                 which == HUB_KEY_PRIMARY ? "primary" : "secondary");
    }
}

// Which key signed the token: 0 and out->key, or out->key stays "".
static int find_key(const struct key_pair *pair, const struct sas_token *token,
                    struct auth_result *out)
{
    for (size_t i = 0; i < HR_COUNT_OF(pair->keys); i++) {
        bool is_signed = false;
        TRY(pair->keys[i][0] ? sas_is_signed_with(token, pair->keys[i], &is_signed) : 0);
        if (is_signed && !out->key[0]) {
            name_key(pair, (enum hub_key)i, out);
        }
    }
    return 0;
}

// Which keys count for this token, or why none does.
static enum reason choose_policy(const struct hub *hub, const struct sas_token *token,
                                 const char *sr, struct key_pair *pair, struct auth_result *out)
{
    char name[SHOWN_POLICY_BYTES];
    const struct access_policy *policy = hub_find_policy(hub, token->policy);
    span_copy_text(token->policy, name, sizeof name);
    if (!policy) {
        auth_say(out,
                 "sr=%s; the token names policy '%s' in skn, which is none of the hub's %zu; a "
                 "device key's token has no skn",
                 sr, name, hub->policy_count);
        return REASON_SAS_UNKNOWN_POLICY;
    }
    if (!(policy->rights & HUB_RIGHT_DEVICE_CONNECT)) {
        auth_say(out, "sr=%s; policy '%s' has no DeviceConnect", sr, policy->name);
        return REASON_SAS_POLICY_WITHOUT_RIGHT;
    }
    if (hub->settings.is_local_auth_off) {
        auth_say(out, "sr=%s; policy '%s' would do, but the hub has disableLocalAuth set", sr,
                 policy->name);
        return REASON_SAS_SWITCHED_OFF;
    }
    *pair = (struct key_pair){{policy->primary_key, policy->secondary_key}, policy};
    return REASON_OK;
}

static enum reason choose_own(const struct hub *hub, bool is_module, struct key_pair *pair,
                              struct auth_result *out)
{
    const struct identity *id = out->identity;
    if (is_module ? hub->settings.is_module_sas_off : hub->settings.is_device_sas_off) {
        auth_say(out, "the hub has %s set", is_module ? "disableModuleSAS" : "disableDeviceSAS");
        return REASON_SAS_SWITCHED_OFF;
    }
    *pair = (struct key_pair){{id->primary_key, id->secondary_key}, NULL};
    return REASON_OK;
}

static void say_signer(const struct key_pair *pair, struct auth_result *out)
{
    const char *policy = pair->policy ? pair->policy->name : "";
    const char *of = pair->policy ? " of policy " : "";
    if (!out->key[0]) {
        auth_say(out, "signed with neither key%s%s", of, policy);
    } else if (pair->policy) {
        auth_say(out, "signed with a key of policy %s (%s)", policy, strrchr(out->key, ' ') + 1);
    } else {
        auth_say(out, "signed with the %s key", out->key);
    }
}

enum reason auth_judge_sas(const struct hub *hub, const struct auth_request *rq,
                           const struct username *u, struct auth_result *out)
{
    struct sas_token token;
    struct key_pair pair;
    char sr[160];
    if (sas_parse(rq->password, &token) < 0) {
        auth_say(out, "%s", error_text(ERR_SYNTAX));
        return REASON_SAS_MALFORMED;
    }
    sas_resource_print(token.resource, sr, sizeof sr);
    enum reason reason = token.policy.len ? choose_policy(hub, &token, sr, &pair, out)
                                          : choose_own(hub, u->module.len > 0, &pair, out);
    if (reason != REASON_OK) {
        return reason;
    }
    if (!covers(hub, &token, u)) {
        auth_say(out, "sr=%s does not match, expected %s/devices/%.*s%s%.*s", sr,
                 hub->settings.host, SPAN_ARG(u->device), u->module.len ? "/modules/" : "",
                 SPAN_ARG(u->module));
        has_expired(hub, &token, out);
        return REASON_SAS_WRONG_RESOURCE;
    }
    auth_say(out, "sr=%s matches", sr);
    if (find_key(&pair, &token, out) < 0) {
        auth_say(out, "the signature could not be computed");
        return REASON_INTERNAL;
    }
    say_signer(&pair, out);
    bool is_expired = has_expired(hub, &token, out);
    if (!out->key[0]) {
        return REASON_SAS_WRONG_SIGNATURE;
    }
    out->token_expires_us = token.expires_us;
    out->token_scope = sas_scope(token.resource);
    out->is_policy = pair.policy != NULL;
    return is_expired ? REASON_SAS_EXPIRED : REASON_OK;
}
