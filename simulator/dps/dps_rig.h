// SPDX-License-Identifier: MIT
// For tests: a provisioning service with two hubs in a world that stands still.
#pragma once
#include "base/error.h"
#include "base/test.h"
#include "base/text_code.h"
#include "simulator/dps/dps.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/thumbprint.h"
#include "simulator/journal/event_log.h"

#define DPS_RIG_SCOPE "0ne00ABCDEF"
#define DPS_RIG_KEY   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define DPS_RIG_OTHER "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define DPS_RIG_GROUP                                                                              \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
enum { DPS_RIG_NOW_S = 1795168980 }; // 2026-11-20T10:03:00Z

struct dps_rig {
    struct fake_world fake;
    struct env env;
    struct journal *journal;
    struct event_log log;
    struct dps *dps;
    const char *hubs[4];
    size_t hub_count;
    int place_code; // what the directory answers
    bool leads_to;
    struct dps_ruling ruling;   // of custom allocation
    const char *ruling_payload; // NULL = none
    char placed[512];           // the last placement
    struct identity identity;
    char wish[512]; // the last question to custom allocation
    struct peer_certificate certificate;
};

static inline int64_t dps_rig_utc(void *context)
{
    return ((struct dps_rig *)context)->fake.utc_us;
}

static inline size_t dps_rig_hub_count(void *context)
{
    return ((struct dps_rig *)context)->hub_count;
}

static inline const char *dps_rig_hub_host(void *context, size_t i)
{
    return ((struct dps_rig *)context)->hubs[i];
}

static inline int dps_rig_place(void *context, const struct dps_placement *p)
{
    struct dps_rig *rig = context;
    snprintf(rig->placed, sizeof rig->placed, "%s at %s from %s%s", p->identity->name, p->hub,
             p->from_hub ? p->from_hub : "nowhere", p->keeps_data ? " with data" : "");
    rig->identity = *p->identity;
    return rig->place_code ? error_set(rig->place_code, "the hub said no") : 0;
}

static inline bool dps_rig_leads_to(void *context, const struct peer_certificate *certificate,
                                    struct span ca_der, int64_t utc_s, char why[200])
{
    struct dps_rig *rig = context;
    assert_ptr_equal(certificate, &rig->certificate);
    assert_true(span_equals_text(ca_der, "the CA"));
    assert_int_equal(utc_s, rig->fake.utc_us / 1000000);
    snprintf(why, 200, "the judge says %s", rig->leads_to ? "yes" : "no");
    return rig->leads_to;
}

static inline void dps_rig_allocate(void *context, const struct dps_wish *wish,
                                    struct dps_ruling *out)
{
    struct dps_rig *rig = context;
    snprintf(rig->wish, sizeof rig->wish, "%s of %zu payload %s", wish->registration_id,
             wish->hub_count, wish->payload ? wish->payload : "none");
    struct buf *payload = out->payload;
    *out = rig->ruling;
    out->payload = payload;
    if (rig->ruling_payload) {
        assert_int_equal(buf_append_text(payload, rig->ruling_payload), 0);
    }
}

static inline void dps_rig_open_with(struct dps_rig *rig, const struct dps_settings *settings)
{
    memset(rig, 0, sizeof *rig);
    rig->fake.utc_us = DPS_RIG_NOW_S * INT64_C(1000000) + 123456;
    rig->fake.mono_us = 1000000;
    rig->env = env_fake(&rig->fake);
    rig->journal = journal_new(&rig->env);
    event_log_init(&rig->log, rig->journal);
    rig->hubs[0] = "one.azure-devices.net";
    rig->hubs[1] = "two.azure-devices.net";
    rig->hub_count = 2;
    const struct dps_directory directory = {
        rig,           dps_rig_utc,      dps_rig_hub_count, dps_rig_hub_host,
        dps_rig_place, dps_rig_leads_to, dps_rig_allocate};
    rig->dps = dps_new(settings, &rig->env, rig->journal, &directory);
    assert_non_null(rig->dps);
    memset(rig->certificate.sha1, 0x11, 20);
    memset(rig->certificate.sha256, 0x22, 32);
    rig->certificate.not_before_s = DPS_RIG_NOW_S - 3600;
    rig->certificate.not_after_s = DPS_RIG_NOW_S + 3600;
    snprintf(rig->certificate.common_name, sizeof rig->certificate.common_name, "x509-01");
}

static inline struct dps_settings dps_rig_settings(void)
{
    struct dps_settings settings;
    dps_settings_init(&settings, "global.azure-devices-provisioning.net", DPS_RIG_SCOPE);
    return settings;
}

static inline void dps_rig_close(struct dps_rig *rig)
{
    dps_free(rig->dps);
    event_log_deinit(&rig->log);
    journal_free(rig->journal);
}

static inline void dps_rig_enroll(struct dps_rig *rig, struct dps_enrollment e)
{
    if (dps_put_enrollment(rig->dps, &e) < 0) {
        fail_msg("%s", error_text(ERR_VALUE));
    }
}

// The usual ones: bench-01 and off-01 with DPS_RIG_KEY, x509-01 with the rig's certificate.
static inline void dps_rig_enroll_usual(struct dps_rig *rig)
{
    struct dps_enrollment x509 = {.name = "x509-01", .attestation = DPS_X509};
    thumbprint_print(span_of(rig->certificate.sha256, 32), x509.primary_thumbprint);
    dps_rig_enroll(rig, x509);
    dps_rig_enroll(rig, (struct dps_enrollment){.name = "bench-01",
                                                .primary_key = DPS_RIG_KEY,
                                                .secondary_key = DPS_RIG_OTHER});
    dps_rig_enroll(rig, (struct dps_enrollment){
                            .name = "off-01", .primary_key = DPS_RIG_KEY, .is_disabled = true});
}

// SharedAccessSignature sr=...&sig=...&se=...[&skn=...] that ends life_s from now.
static inline void dps_rig_token(const struct dps_rig *rig, const char *sr, const char *key,
                                 int64_t life_s, const char *tail, char out[600])
{
    char expiry[32];
    struct buf sig HR_CLEANUP(buf_deinit);
    struct buf encoded HR_CLEANUP(buf_deinit);
    buf_init(&sig, 100);
    buf_init(&encoded, 300);
    snprintf(expiry, sizeof expiry, "%lld", (long long)(rig->fake.utc_us / 1000000 + life_s));
    assert_int_equal(sas_sign(key, span_text(sr), span_text(expiry), &sig), 0);
    assert_int_equal(percent_encode(buf_span(&sig), &encoded), 0);
    snprintf(out, 600, "SharedAccessSignature sr=%s&sig=%s&se=%s%s", sr, buf_text(&encoded), expiry,
             tail);
}

// CONNECT of a registration id: with a key, or with the rig's certificate when the key is NULL.
static inline enum reason dps_rig_connect(struct dps_rig *rig, const char *id, const char *key,
                                          struct dps_caller *caller)
{
    char username[300];
    char sr[300];
    char token[600] = "";
    char working[DPS_WORKING_BYTES];
    snprintf(username, sizeof username, DPS_RIG_SCOPE "/registrations/%s/api-version=2019-03-31",
             id);
    snprintf(sr, sizeof sr, DPS_RIG_SCOPE "%%2Fregistrations%%2F%s", id);
    if (key) {
        dps_rig_token(rig, sr, key, 3600, "&skn=registration", token);
    }
    const struct auth_request request = {.client_id = span_text(id),
                                         .username = span_text(username),
                                         .password = key ? span_text(token) : SPAN_EMPTY,
                                         .certificate = key ? NULL : &rig->certificate};
    return dps_connect(rig->dps, &request, 1, caller, working);
}
