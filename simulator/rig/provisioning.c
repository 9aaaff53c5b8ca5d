// SPDX-License-Identifier: MIT
// The rig's provisioning service: rules, listeners with a chain of their own, and the directory
// that leads from it to the rig's hub.
#include "base/error.h"
#include "certs/cert_list.h"
#include "certs/device_files.h"
#include "certs/verify.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/speaker.h"
#include "simulator/rig/rig.h"

#include <stdio.h>
#include <string.h>

static const char group_name[] = "bench-group";

enum { TWIN_BYTES_MOST = 1 << 20 };

static int64_t directory_utc_us(void *context)
{
    const struct rig *rig = context;
    return hub_utc_us(rig->hub);
}

static size_t directory_hub_count(void *context)
{
    const struct rig *rig = context;
    return rig->other_count + 1;
}

static const char *directory_hub_host(void *context, size_t i)
{
    const struct rig *rig = context;
    return hub_settings_of(rig_hub_at(rig, i))->host;
}

// The twin goes along; its connection to the old hub ends.
static int move_identity(struct hub *from, struct hub *to, const struct dps_placement *placement)
{
    struct span name = span_text(placement->identity->name);
    struct buf twin HR_CLEANUP(buf_deinit);
    buf_init(&twin, TWIN_BYTES_MOST);
    if (!hub_find_identity(from, name)) {
        return 0; // somebody has removed it there
    }
    TRY(placement->keeps_data ? hub_twin_export(from, name, &twin) : 0);
    TRY(twin.len ? hub_twin_import(to, name, buf_span(&twin)) : 0);
    return hub_remove_identity(from, placement->identity->name);
}

static int directory_place(void *context, const struct dps_placement *placement)
{
    struct rig *rig = context;
    struct hub *to = rig_find_hub(rig, placement->hub);
    struct hub *from = placement->from_hub ? rig_find_hub(rig, placement->from_hub) : NULL;
    ENSURE(to != NULL, ERR_INTERNAL);
    TRY(hub_put_identity(to, placement->identity));
    return from && from != to ? move_identity(from, to, placement) : 0;
}

static bool directory_leads_to(void *context, const struct peer_certificate *certificate,
                               struct span ca_der, int64_t utc_s, char why[200])
{
    struct cert_judgement j;
    (void)context;
    int code = cert_chain_leads_to(certificate->chain_der, certificate->chain_count, &ca_der, 1,
                                   utc_s, &j);
    snprintf(why, 200, "%.199s", code < 0 ? error_text(code) : j.why);
    return code == 0 && j.verdict == CERT_TRUSTED;
}

int rig_open_dps(struct rig *rig)
{
    const struct rig_settings *settings = &rig->settings;
    const struct dps_directory directory = {.context = rig,
                                            .utc_us = directory_utc_us,
                                            .hub_count = directory_hub_count,
                                            .hub_host = directory_hub_host,
                                            .place = directory_place,
                                            .leads_to = directory_leads_to};
    rig->dps = dps_new(&settings->dps, settings->env, rig->journal, &directory);
    ENSURE(rig->dps != NULL, ERR_NO_MEMORY);
    rig->dps_mqtt = (struct mqtt_world){
        .env = settings->env, .dps = rig->dps, .faults = rig->faults, .journal = rig->journal};
    struct server_settings s = rig_server_settings(rig, &rig->dps_mqtt);
    s.is_dps = true;
    return server_new(&s, &rig->dps_server);
}

int rig_use_dps_chain(struct rig *rig, const char *name)
{
    struct chain fresh;
    TRY(rig_make_chain(rig, name, rig->settings.dps.host, &fresh));
    int code = server_set_chain(rig->dps_server, &fresh);
    chain_deinit(&fresh); // the server has copied it
    return code;
}

static int enroll_symmetric(struct rig *rig, struct dps_enrollment *e, const char *id,
                            bool is_group, struct rig_device *out)
{
    struct buf key HR_CLEANUP(buf_wipe);
    buf_init(&key, sizeof e->primary_key - 1);
    e->attestation = DPS_SYMMETRIC_KEY;
    TRY(rig_random_key(rig, &key));
    span_copy_text(buf_span(&key), e->primary_key, sizeof e->primary_key);
    TRY(is_group ? dps_derive_key(e->primary_key, span_text(id), &out->dps_key)
                 : buf_append(&out->dps_key, buf_span(&key)));
    // a certificate beside the key, as every device of the rig has one
    return device_credential_make(rig->workshop, id, hub_utc_us(rig->hub) / 1000000,
                                  &out->credential);
}

static int pem_to_der(struct span pem, struct buf *out)
{
    struct cert_list list;
    cert_list_init(&list);
    int code = cert_list_add_pem(&list, pem, CERT_ROLE_FILE);
    code = code < 0 ? code : buf_append(out, buf_span(&list.items[0]->der));
    cert_list_deinit(&list);
    return code;
}

// A certificate that a CA signed, with the CAs behind it, and the root of the group.
static int take_member(struct rig *rig, const char *id, int64_t now_s,
                       struct device_credential *out, struct buf *ca_der)
{
    struct device_files files;
    struct device_wish wish = {.id = id, .kind = DEVICE_CA_SIGNED, .key = KEY_P256, .utc_s = now_s};
    TRY(device_files_make(rig->workshop, &wish, &files));
    *out = (struct device_credential){.cert_pem = files.chain_pem, .key_pem = files.key_pem};
    memcpy(out->sha1_hex, files.sha1_hex, sizeof out->sha1_hex);
    memcpy(out->sha256_hex, files.sha256_hex, sizeof out->sha256_hex);
    buf_init(&files.chain_pem, 0); // moved into `out`
    buf_init(&files.key_pem, 0);
    int code = pem_to_der(buf_span(&files.ca_pem), ca_der);
    device_files_deinit(&files);
    return code;
}

static int enroll_x509(struct rig *rig, struct dps_enrollment *e, const char *id, bool is_group,
                       struct rig_device *out, struct buf *ca_der)
{
    int64_t now_s = hub_utc_us(rig->hub) / 1000000;
    e->attestation = DPS_X509;
    if (!is_group) {
        TRY(device_credential_make(rig->workshop, id, now_s, &out->credential));
        snprintf(e->primary_thumbprint, sizeof e->primary_thumbprint, "%s",
                 out->credential.sha256_hex);
        return 0;
    }
    TRY(take_member(rig, id, now_s, &out->credential, ca_der));
    e->ca_der = buf_span(ca_der);
    return 0;
}

static int enroll(struct rig *rig, const char *id, enum rig_enrollment kind, struct rig_device *out)
{
    bool is_group = kind == RIG_GROUP || kind == RIG_X509_GROUP;
    struct dps_enrollment e = {.is_group = is_group};
    struct buf ca_der HR_CLEANUP(buf_deinit);
    buf_init(&ca_der, 1 << 16);
    snprintf(e.name, sizeof e.name, "%s", is_group ? group_name : id);
    snprintf(e.hubs[0], sizeof e.hubs[0], "%s", rig->settings.hub.host);
    e.allocation = DPS_STATIC;
    int code = out->is_x509 ? enroll_x509(rig, &e, id, is_group, out, &ca_der)
                            : enroll_symmetric(rig, &e, id, is_group, out);
    code = code < 0 ? code : dps_put_enrollment(rig->dps, &e);
    explicit_bzero(&e, sizeof e);
    return code;
}

int rig_enroll(struct rig *rig, const char *id, enum rig_enrollment kind, struct rig_device *out)
{
    *out = (struct rig_device){.is_x509 = kind == RIG_X509 || kind == RIG_X509_GROUP};
    buf_init(&out->connection_string, 2000);
    buf_init(&out->secondary_string, 2000);
    buf_init(&out->dps_key, 200);
    ENSURE(span_copy_text(span_text(id), out->id, sizeof out->id), ERR_VALUE);
    int code = enroll(rig, id, kind, out);
    if (code < 0) {
        rig_device_deinit(out);
    }
    return code;
}

int rig_assign(struct rig *rig, const char *id, const char *hub)
{
    int code = dps_assign(rig->dps, id, hub);
    return code == ERR_UNKNOWN_NAME ? dps_assign(rig->dps, group_name, hub) : code;
}

int rig_set_enrollment_disabled(struct rig *rig, const char *id, bool is_disabled)
{
    int code = dps_set_disabled(rig->dps, id, is_disabled);
    return code == ERR_UNKNOWN_NAME ? dps_set_disabled(rig->dps, group_name, is_disabled) : code;
}
