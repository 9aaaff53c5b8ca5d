// SPDX-License-Identifier: MIT
// For tests: a hub with a few identities in a world that stands still.
#pragma once
#include "base/error.h"
#include "base/test.h"
#include "base/text_code.h"
#include "base/when.h"
#include "simulator/hub/hub.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/thumbprint.h"
#include "simulator/journal/event_log.h"

#define RIG_HOST      "simhub.azure-devices.net"
#define RIG_KEY       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define RIG_OTHER_KEY "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define RIG_BAD_KEY   "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
#define RIG_NOW       "2026-11-20T10:03:00Z"
enum { RIG_NOW_S = 1795168980 };

struct hub_rig {
    struct fake_world fake;
    struct env env;
    struct journal *journal;
    struct event_log log;
    struct hub_settings settings;
    struct hub *hub;
    struct peer_certificate certificate; // matches "x509-01"
};

static inline void rig_add(struct hub_rig *rig, struct identity identity)
{
    if (hub_add_identity(rig->hub, &identity) < 0) {
        fail_msg("%s: %s", identity.name, error_text(ERR_VALUE));
    }
}

static inline void rig_open_with(struct hub_rig *rig, const struct hub_settings *settings)
{
    memset(rig, 0, sizeof *rig);
    rig->fake.utc_us = RIG_NOW_S * INT64_C(1000000);
    rig->fake.mono_us = 1000000;
    rig->env = env_fake(&rig->fake);
    rig->journal = journal_new(&rig->env);
    rig->hub = hub_new(settings, &rig->env, rig->journal);
    assert_non_null(rig->hub);
    event_log_init(&rig->log, rig->journal);
    struct peer_certificate *cert = &rig->certificate;
    memset(cert->sha1, 0x11, sizeof cert->sha1);
    memset(cert->sha256, 0x22, sizeof cert->sha256);
    cert->not_before_s = RIG_NOW_S - 3600;
    cert->not_after_s = RIG_NOW_S + 3600;
    struct identity x509 = {.name = "x509-01", .auth = HUB_AUTH_THUMBPRINT};
    thumbprint_print(span_of(cert->sha256, 32), x509.primary_thumbprint);
    rig_add(rig, x509);
    rig_add(rig, (struct identity){
                     .name = "bench-01", .primary_key = RIG_KEY, .secondary_key = RIG_OTHER_KEY});
    rig_add(rig, (struct identity){.name = "bench-01/mod-a", .primary_key = RIG_KEY});
    rig_add(rig, (struct identity){.name = "bench-02", .primary_key = RIG_KEY});
    rig_add(rig, (struct identity){.name = "off-01", .primary_key = RIG_KEY, .is_disabled = true});
    rig_add(rig, (struct identity){.name = "off-01/mod-a", .primary_key = RIG_KEY});
}

static inline void rig_open(struct hub_rig *rig)
{
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    rig_open_with(rig, &settings);
}

static inline void rig_close(struct hub_rig *rig)
{
    hub_free(rig->hub);
    journal_free(rig->journal);
    event_log_deinit(&rig->log);
}

// A token for `resource`, as it stands in sr, that ends `life_s` after the rig's beginning.
static inline const char *rig_token_for(const char *resource, const char *key, const char *policy,
                                        int life_s, char out[400])
{
    char se[24];
    struct buf signature HR_CLEANUP(buf_deinit);
    struct buf encoded HR_CLEANUP(buf_deinit);
    buf_init(&signature, 100);
    buf_init(&encoded, 300);
    snprintf(se, sizeof se, "%d", RIG_NOW_S + life_s);
    assert_int_equal(sas_sign(key, span_text(resource), span_text(se), &signature), 0);
    assert_int_equal(percent_encode(buf_span(&signature), &encoded), 0);
    snprintf(out, 400, "SharedAccessSignature sr=%s&sig=%s&se=%s%s%s", resource, buf_text(&encoded),
             se, policy ? "&skn=" : "", policy ? policy : "");
    return out;
}

// A token for `name` ("d" or "d/m"), signed with `key`.
static inline const char *rig_token(const char *host, const char *name, const char *key, int life_s,
                                    char out[400])
{
    char sr[200];
    const char *slash = strchr(name, '/');
    int device_len = slash ? (int)(slash - name) : (int)strlen(name);
    snprintf(sr, sizeof sr, "%s%%2Fdevices%%2F%.*s%s%s", host, device_len, name,
             slash ? "%2Fmodules%2F" : "", slash ? slash + 1 : "");
    return rig_token_for(sr, key, NULL, life_s, out);
}
