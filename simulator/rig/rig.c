// SPDX-License-Identifier: MIT
#include "simulator/rig/rig.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text_code.h"
#include "certs/cert_list.h"
#include "certs/verify.h"
#include "simulator/hub/access.h"
#include "simulator/mqtt/speaker.h"
#include "simulator/rig/responders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

// ---- the hub's time limits

static void on_timer(uv_timer_t *timer);

static void arm_timer(void *context)
{
    struct rig *rig = context;
    uint64_t at = UINT64_MAX;
    for (size_t i = 0; i <= rig->other_count; i++) {
        uint64_t due = hub_deadline_us(rig_hub_at(rig, i));
        at = due < at ? due : at;
    }
    if (at == UINT64_MAX) {
        uv_timer_stop(rig->timer);
        return;
    }
    uv_update_time(rig->settings.loop);
    uv_timer_start(rig->timer, on_timer, env_wait_ms(rig->settings.env, at), 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct rig *rig = timer->data;
    for (size_t i = 0; i <= rig->other_count; i++) {
        hub_tick(rig_hub_at(rig, i));
    }
    arm_timer(rig);
}

static int open_timer(struct rig *rig)
{
    rig->timer = calloc(1, sizeof *rig->timer);
    ENSURE(rig->timer != NULL, ERR_NO_MEMORY);
    uv_timer_init(rig->settings.loop, rig->timer);
    rig->timer->data = rig;
    hub_on_deadline(rig->hub, arm_timer, rig);
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct rig *rig = handle->data;
    free(handle);
    rig->timer = NULL;
}

static void close_timer(struct rig *rig)
{
    if (!rig->timer) {
        return;
    }
    for (size_t i = 0; i <= rig->other_count; i++) {
        hub_on_deadline(rig_hub_at(rig, i), NULL, NULL);
    }
    uv_close((uv_handle_t *)rig->timer, on_timer_closed);
    while (rig->timer) {
        uv_run(rig->settings.loop, UV_RUN_ONCE);
    }
}

struct server_settings rig_server_settings(struct rig *rig, struct mqtt_world *world)
{
    const struct rig_settings *s = &rig->settings;
    return (struct server_settings){.loop = s->loop,
                                    .env = s->env,
                                    .journal = rig->journal,
                                    .faults = rig->faults,
                                    .engine = tls_engine_of(&s->tls),
                                    .tls = s->tls,
                                    .capture = rig->capture,
                                    .key_log = rig->key_log,
                                    .speakers = {{DIALECT_MQTT, mqtt_speaker(world)}},
                                    .last_connection_id = &rig->last_connection_id};
}

int rig_open(struct rig *rig, const struct rig_settings *settings)
{
    *rig = (struct rig){.settings = *settings};
    static const struct hub_crypto crypto = {cert_chain_leads_to, cert_common_name};
    if (!rig->settings.hub.crypto) {
        rig->settings.hub.crypto = &crypto;
    }
    rig->journal = journal_new(settings->env);
    rig->hub = rig->journal ? hub_new(&rig->settings.hub, settings->env, rig->journal) : NULL;
    rig->faults = rig->journal ? faults_new(rig->journal) : NULL;
    int code = rig->hub && rig->faults ? 0 : ERR_NO_MEMORY;
    code = code < 0 ? code : tls_policy_check(&settings->tls);
    code = code < 0 ? code : rig_open_faults(rig);
    code = code < 0 ? code : open_timer(rig);
    code = code < 0 ? code : hub_add_standard_policies(rig->hub);
    if (code == 0) {
        rig_offer_renewal(rig, rig->hub, &rig->issuers[0]);
    }
    if (code == 0 && settings->capture) {
        code = capture_open(settings->capture, settings->env, rig->journal, &rig->capture);
    }
    if (code == 0 && settings->key_log) {
        code = key_log_open(settings->key_log, &rig->key_log);
    }
    if (code == 0) {
        struct workshop_settings w = {.recipes = settings->recipes,
                                      .key_cache = settings->key_cache};
        code = workshop_open(&w, &rig->workshop);
    }
    if (code == 0) {
        rig->mqtt = (struct mqtt_world){
            .env = settings->env, .hub = rig->hub, .faults = rig->faults, .journal = rig->journal};
        const struct server_settings s = rig_server_settings(rig, &rig->mqtt);
        code = server_new(&s, &rig->server);
    }
    if (code == 0 && settings->dps.host[0]) {
        code = rig_open_dps(rig);
    }
    if (code < 0) {
        rig_close(rig);
    }
    return code;
}

struct hub *rig_hub_at(const struct rig *rig, size_t i)
{
    return i == 0 ? rig->hub : i <= rig->other_count ? rig->others[i - 1].hub : NULL;
}

struct hub *rig_find_hub(const struct rig *rig, const char *host)
{
    struct hub *hub = rig->hub;
    for (size_t i = 0; hub && strcasecmp(hub_settings_of(hub)->host, host) != 0;) {
        hub = rig_hub_at(rig, ++i);
    }
    return hub;
}

struct hub *rig_hub_of(const struct rig *rig, const char *name)
{
    struct hub *hub = rig->hub;
    for (size_t i = 0; hub && !hub_find_identity(hub, span_text(name));) {
        hub = rig_hub_at(rig, ++i);
    }
    return hub ? hub : rig->hub;
}

int rig_add_hub(struct rig *rig, const char *host)
{
    struct hub_settings settings = rig->settings.hub;
    struct mqtt_world *world = &rig->others[rig->other_count];
    if (rig->other_count == HR_COUNT_OF(rig->others)) {
        FAIL(ERR_LIMIT, "a rig has at most %d hubs", RIG_HUBS_MOST);
    }
    if (rig_find_hub(rig, host)) {
        FAIL(ERR_IN_USE, "there is a hub named %s already", host);
    }
    ENSURE(span_copy_text(span_text(host), settings.host, sizeof settings.host), ERR_VALUE);
    *world = rig->mqtt;
    world->next = NULL;
    world->hub = hub_new(&settings, rig->settings.env, rig->journal);
    ENSURE(world->hub != NULL, ERR_NO_MEMORY);
    int code = hub_add_standard_policies(world->hub);
    if (code < 0) {
        hub_free(world->hub);
        return code;
    }
    hub_on_deadline(world->hub, arm_timer, rig);
    rig_offer_renewal(rig, world->hub, &rig->issuers[rig->other_count + 1]);
    (rig->other_count ? &rig->others[rig->other_count - 1] : &rig->mqtt)->next = world;
    rig->other_count++;
    return 0;
}

int rig_listen_https(struct rig *rig, const char *address, int port, int *bound_port)
{
    if (!rig->web) {
        struct web_settings settings = {.loop = rig->settings.loop,
                                        .env = rig->settings.env,
                                        .journal = rig->journal,
                                        .subprotocols = {{"mqtt", mqtt_speaker(&rig->mqtt)}}};
        TRY(web_new(&settings, &rig->web));
        TRY(server_add_speaker(rig->server, DIALECT_HTTP, web_speaker(rig->web)));
    }
    return server_listen_for(rig->server, DIALECT_HTTP, address, port, bound_port);
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

static void run_until(struct rig *rig, const bool *is_closed)
{
    while (!*is_closed) {
        uv_run(rig->settings.loop, UV_RUN_ONCE);
    }
}

void rig_close(struct rig *rig)
{
    rig_close_responders(rig);
    if (rig->dps_server) {
        bool is_closed = false;
        server_close(rig->dps_server, on_closed, &is_closed);
        run_until(rig, &is_closed);
    }
    if (rig->server) {
        bool is_closed = false;
        server_close(rig->server, on_closed, &is_closed);
        run_until(rig, &is_closed);
    }
    if (rig->web) {
        bool is_closed = false;
        web_close(rig->web, on_closed, &is_closed);
        run_until(rig, &is_closed);
    }
    close_timer(rig);
    capture_close(rig->capture);
    key_log_close(rig->key_log);
    if (rig->has_chain) {
        chain_deinit(&rig->chain);
    }
    workshop_close(rig->workshop);
    faults_free(rig->faults);
    dps_free(rig->dps);
    for (size_t i = 0; i < rig->other_count; i++) {
        hub_free(rig->others[i].hub);
    }
    hub_free(rig->hub);
    journal_free(rig->journal);
    *rig = (struct rig){0};
}

int rig_make_chain(struct rig *rig, const char *name, const char *host, struct chain *out)
{
    const char *names[RIG_NAMES_MOST + RIG_HUBS_MOST];
    size_t count = rig->settings.more_name_count;
    memcpy(names, rig->settings.more_names, count * sizeof names[0]);
    for (size_t i = 0; i < rig->other_count; i++) {
        names[count++] = hub_settings_of(rig->others[i].hub)->host;
    }
    struct chain_request request = {
        .hub_host = host,
        .more_names = names,
        .more_name_count = count,
        .utc_s = hub_utc_us(rig->hub) / 1000000,
    };
    return chain_make(rig->workshop, name, &request, out);
}

int rig_use_chain(struct rig *rig, const char *name)
{
    struct chain fresh;
    TRY(rig_make_chain(rig, name, rig->settings.hub.host, &fresh));
    int code = server_set_chain(rig->server, &fresh);
    if (code < 0) {
        chain_deinit(&fresh);
        return code;
    }
    if (rig->has_chain) {
        chain_deinit(&rig->chain);
    }
    rig->chain = fresh;
    rig->has_chain = true;
    return 0;
}

int rig_root_of(struct rig *rig, const char *name, struct buf *out_pem)
{
    struct chain chain;
    TRY(rig_make_chain(rig, name, rig->settings.hub.host, &chain));
    int code = buf_append(out_pem, buf_span(&chain.root_pem));
    chain_deinit(&chain);
    return code;
}

int rig_random_key(struct rig *rig, struct buf *out)
{
    const struct env *env = rig->settings.env;
    uint8_t bytes[32];
    TRY(env->random(env->world, bytes, sizeof bytes));
    int code = base64_encode(span_of(bytes, sizeof bytes), out);
    explicit_bzero(bytes, sizeof bytes);
    return code;
}

int rig_random_key_into(struct rig *rig, char *out, size_t capacity)
{
    struct buf text HR_CLEANUP(buf_wipe);
    buf_init(&text, 100);
    TRY(rig_random_key(rig, &text));
    span_copy_text(buf_span(&text), out, capacity);
    return 0;
}

// "HOST/devices/DEVICE[/modules/MODULE]"
static int print_resource(const struct rig *rig, const struct identity *identity, struct buf *out)
{
    struct span module;
    struct span device = span_cut(span_text(identity->name), '/', &module);
    TRY(buf_printf(out, "%s/devices/%.*s", rig->settings.hub.host, SPAN_ARG(device)));
    return module.ptr ? buf_printf(out, "/modules/%.*s", SPAN_ARG(module)) : 0;
}

int rig_sign_token(struct rig *rig, const struct identity *identity, int64_t life_s,
                   struct buf *out)
{
    uint8_t mac[HASH_SHA256_BYTES];
    int64_t expires_s = hub_utc_us(rig->hub) / 1000000 + life_s;
    struct buf resource HR_CLEANUP(buf_deinit);
    struct buf to_sign HR_CLEANUP(buf_deinit);
    struct buf key HR_CLEANUP(buf_wipe);
    struct buf signature HR_CLEANUP(buf_deinit);
    buf_init(&resource, 2000);
    buf_init(&to_sign, 2000);
    buf_init(&key, 100);
    buf_init(&signature, 100);
    if (identity->auth != HUB_AUTH_SAS) {
        FAIL(ERR_VALUE, "%s authenticates by certificate and has no token", identity->name);
    }
    TRY(print_resource(rig, identity, &to_sign));
    TRY(percent_encode(buf_span(&to_sign), &resource));
    buf_clear(&to_sign);
    TRY(buf_printf(&to_sign, "%s\n%" PRId64, buf_text(&resource), expires_s));
    TRY(base64_decode(span_text(identity->primary_key), &key));
    TRY(hash_hmac_sha256(buf_span(&key), buf_span(&to_sign), mac));
    TRY(base64_encode(span_of(mac, sizeof mac), &signature));
    TRY(buf_printf(out, "SharedAccessSignature sr=%s&sig=", buf_text(&resource)));
    TRY(percent_encode(buf_span(&signature), out));
    return buf_printf(out, "&se=%" PRId64, expires_s);
}

int rig_sas_token(struct rig *rig, const struct rig_device *device, int64_t life_s, struct buf *out)
{
    const struct identity *identity = hub_find_identity(rig->hub, span_text(device->id));
    ENSURE(identity != NULL, ERR_UNKNOWN_NAME);
    return rig_sign_token(rig, identity, life_s, out);
}

static int print_string(struct rig *rig, const struct identity *identity, int port,
                        const char *key, struct buf *out)
{
    struct span module;
    struct span device = span_cut(span_text(identity->name), '/', &module);
    TRY(buf_printf(out, "HostName=%s", hub_settings_of(rig_hub_of(rig, identity->name))->host));
    TRY(port != 0 && port != 8883 ? buf_printf(out, ":%d", port) : 0);
    TRY(buf_printf(out, ";DeviceId=%.*s;", SPAN_ARG(device)));
    TRY(module.ptr ? buf_printf(out, "ModuleId=%.*s;", SPAN_ARG(module)) : 0);
    if (identity->auth != HUB_AUTH_SAS) {
        return buf_append_text(out, "x509=true");
    }
    return buf_printf(out, "SharedAccessKey=%s", key);
}

int rig_connection_string(struct rig *rig, const struct identity *identity, int port,
                          struct buf *out)
{
    return print_string(rig, identity, port, identity->primary_key, out);
}

int rig_secondary_string(struct rig *rig, const struct identity *identity, int port,
                         struct buf *out)
{
    bool has_key = identity->auth == HUB_AUTH_SAS && identity->secondary_key[0];
    return has_key ? print_string(rig, identity, port, identity->secondary_key, out) : 0;
}

// A credential of the CA that this machine keeps for devices; the hub knows that CA and has seen
// its possession proved. The certificate file holds what the device sends: leaf and CA.
static int make_by_ca(struct rig *rig, struct rig_device *out)
{
    struct device_files files;
    struct device_wish wish = {.id = out->id,
                               .kind = strchr(out->id, '/') ? DEVICE_MODULE : DEVICE_CA_SIGNED,
                               .key = KEY_P256,
                               .utc_s = hub_utc_us(rig->hub) / 1000000};
    TRY(device_files_make(rig->workshop, &wish, &files));
    out->credential =
        (struct device_credential){.cert_pem = files.chain_pem, .key_pem = files.key_pem};
    files.chain_pem = files.key_pem = (struct buf){0};
    device_files_deinit(&files);
    return rig_register_own_ca(rig, rig->hub);
}

static int make_credential(struct rig *rig, struct identity *identity, struct rig_device *out)
{
    if (identity->auth == HUB_AUTH_CA) {
        return make_by_ca(rig, out);
    }
    TRY(device_credential_make(rig->workshop, out->id, hub_utc_us(rig->hub) / 1000000,
                               &out->credential));
    if (identity->auth == HUB_AUTH_THUMBPRINT) {
        snprintf(identity->primary_thumbprint, sizeof identity->primary_thumbprint, "%s",
                 out->credential.sha256_hex);
        return 0;
    }
    if (!identity->primary_key[0]) {
        TRY(rig_random_key_into(rig, identity->primary_key, sizeof identity->primary_key));
    }
    return rig_random_key_into(rig, identity->secondary_key, sizeof identity->secondary_key);
}

static int fill_device(struct rig *rig, struct identity *identity, int port, struct rig_device *out)
{
    TRY(make_credential(rig, identity, out));
    TRY(hub_add_identity(rig->hub, identity));
    TRY(rig_secondary_string(rig, identity, port, &out->secondary_string));
    return rig_connection_string(rig, identity, port, &out->connection_string);
}

int rig_add_identity(struct rig *rig, const struct identity *identity, int port,
                     struct rig_device *out)
{
    struct identity full = *identity;
    *out = (struct rig_device){.is_x509 = identity->auth != HUB_AUTH_SAS};
    buf_init(&out->connection_string, 2000);
    buf_init(&out->secondary_string, 2000);
    buf_init(&out->dps_key, 200);
    ENSURE(span_copy_text(span_text(identity->name), out->id, sizeof out->id), ERR_VALUE);
    int code = fill_device(rig, &full, port, out);
    explicit_bzero(&full, sizeof full);
    if (code < 0) {
        rig_device_deinit(out);
    }
    return code;
}

int rig_give_certificate(struct rig *rig, enum credential_kind kind, struct rig_device *device)
{
    struct device_files files;
    struct device_wish wish = {.id = device->id,
                               .kind = kind,
                               .key = KEY_P256,
                               .utc_s = hub_utc_us(rig->hub) / 1000000};
    TRY(device_files_make(rig->workshop, &wish, &files));
    device_credential_deinit(&device->credential);
    struct buf *sent = files.chain_pem.len ? &files.chain_pem : &files.cert_pem;
    device->credential = (struct device_credential){.cert_pem = *sent, .key_pem = files.key_pem};
    *sent = files.key_pem = (struct buf){0};
    device_files_deinit(&files);
    return 0;
}

int rig_add_device(struct rig *rig, const char *id, bool is_x509, int port, struct rig_device *out)
{
    struct identity identity = {.auth = is_x509 ? HUB_AUTH_THUMBPRINT : HUB_AUTH_SAS};
    ENSURE(span_copy_text(span_text(id), identity.name, sizeof identity.name), ERR_VALUE);
    return rig_add_identity(rig, &identity, port, out);
}

void rig_device_deinit(struct rig_device *device)
{
    buf_wipe(&device->connection_string);
    buf_wipe(&device->secondary_string);
    buf_wipe(&device->dps_key);
    device_credential_deinit(&device->credential);
}
