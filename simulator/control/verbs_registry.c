// SPDX-License-Identifier: MIT
// The verbs about identities and connections.
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "simulator/control/control_private.h"
#include "simulator/hub/access.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static int add_line(struct buf *text, const char *line)
{
    TRY(text->len ? buf_append_u8(text, '\n') : 0);
    return buf_append_text(text, line);
}

// ---- lists

static const char *const auth_words[] = {
    [HUB_AUTH_SAS] = "sas", [HUB_AUTH_THUMBPRINT] = "x509", [HUB_AUTH_CA] = "ca"};

static int show_device(struct control_call *call, const struct hub *hub, const struct identity *id)
{
    char line[HUB_NAME_BYTES_MOST + 400];
    const char *host = hub_settings_of(hub)->host;
    uint32_t connection = hub_connection_of(hub, id);
    const char *auth = auth_words[id->auth];
    int len = snprintf(line, sizeof line, "%-32s  %-4s  %-8s  ", id->name, auth,
                       id->is_disabled ? "disabled" : "enabled");
    if (connection) {
        snprintf(line + len, sizeof line - (size_t)len, "connected as #%" PRIu32, connection);
    } else {
        snprintf(line + len, sizeof line - (size_t)len, "not connected");
    }
    size_t used = strlen(line);
    if (hub != call->rig->hub) {
        snprintf(line + used, sizeof line - used, ", at %s", host);
    }
    json_t *row = json_pack("{s:s, s:s, s:s, s:b, s:b, s:I}", "id", id->name, "hub", host, "auth",
                            auth, "enabled", !id->is_disabled, "connected", connection != 0,
                            "connection", (json_int_t)connection);
    ENSURE(row && json_array_append_new(call->result, row) == 0, ERR_NO_MEMORY);
    return add_line(&call->text, line);
}

int control_do_devices(struct control_call *call)
{
    const struct hub *hub;
    call->result = json_array();
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; (hub = rig_hub_at(call->rig, i)); i++) {
        const struct identity *id = NULL;
        while ((id = hub_next_identity(hub, id))) {
            TRY(show_device(call, hub, id));
        }
    }
    return call->text.len ? 0 : buf_append_text(&call->text, "no device is registered");
}

struct connection_list {
    struct control_call *call;
    int code;
};

static int show_connection(struct control_call *call, const struct server_connection *c)
{
    char line[HUB_NAME_BYTES_MOST + 200];
    char age[32];
    const char *state = c->device[0] ? c->device : c->has_tls ? "(TLS, no CONNECT)" : "(no TLS)";
    snprintf(line, sizeof line,
             "#%-5" PRIu32 " %-32s  %-21s  %s, %" PRIu64 " bytes in, %" PRIu64 " out", c->id, state,
             c->peer, duration_print((int64_t)c->age_us, age), c->in_bytes, c->out_bytes);
    json_t *row =
        json_pack("{s:I, s:s, s:s, s:b, s:I, s:I, s:I}", "connection", (json_int_t)c->id, "device",
                  c->device, "peer", c->peer, "tls", c->has_tls, "age_us", (json_int_t)c->age_us,
                  "in_bytes", (json_int_t)c->in_bytes, "out_bytes", (json_int_t)c->out_bytes);
    ENSURE(row && json_array_append_new(call->result, row) == 0, ERR_NO_MEMORY);
    return add_line(&call->text, line);
}

static void visit_connection(void *context, const struct server_connection *c)
{
    struct connection_list *list = context;
    list->code = list->code < 0 ? list->code : show_connection(list->call, c);
}

int control_do_connections(struct control_call *call)
{
    struct connection_list list = {call, 0};
    call->result = json_array();
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    server_list(call->rig->server, visit_connection, &list);
    TRY(list.code);
    return call->text.len ? 0 : buf_append_text(&call->text, "no connection is open");
}

// ---- watching

static int begin_watch(struct control_call *call, const struct control_watch *watch)
{
    if (!call->asker.watch) {
        FAIL(ERR_USAGE, "%s needs the control socket", call->verb->word);
    }
    call->asker.watch(call->asker.context, watch);
    TRY(buf_printf(&call->text, "watching %s", watch->events[0] ? watch->events : "all events"));
    return watch->device[0] ? buf_printf(&call->text, " of %s", watch->device) : 0;
}

static int check_events(const char *wanted)
{
    const char *const *words = event_words();
    char near[96];
    size_t len = strlen(wanted);
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (strncmp(words[i], wanted, len) == 0 &&
            (words[i][len] == '\0' || words[i][len] == '.')) {
            return 0;
        }
    }
    FAIL(ERR_UNKNOWN_NAME, "unknown event '%.60s'%s; `hubrig words events` lists them", wanted,
         suggest_text(span_text(wanted), words, EVENT_TYPE_COUNT, near));
}

int control_do_watch(struct control_call *call)
{
    struct control_watch watch = {.events = ""};
    const char *device = control_option(call, "device");
    if (call->count > 0) {
        TRY(check_events(call->args[0]));
        span_copy_text(span_text(call->args[0]), watch.events, sizeof watch.events);
    }
    if (device) {
        span_copy_text(span_text(device), watch.device, sizeof watch.device);
    }
    return begin_watch(call, &watch);
}

int control_do_telemetry(struct control_call *call)
{
    struct control_watch watch = {.events = "d2c"};
    if (call->count > 0) {
        const struct identity *id = NULL;
        TRY(control_find_identity(call, call->args[0], &id));
        span_copy_text(span_text(id->name), watch.device, sizeof watch.device);
    }
    return begin_watch(call, &watch);
}

// ---- changes

static int write_credential(struct control_call *call, const struct rig_device *device,
                            const char *ending, const struct buf *pem, mode_t mode)
{
    char name[HUB_NAME_BYTES_MOST + 8];
    char path[PATH_MAX];
    snprintf(name, sizeof name, "%s.%s", device->id, ending);
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash, '/')) {
        *slash = '_';
    }
    TRY(fs_join(path, sizeof path, call->control->settings.files, name));
    TRY(fs_write_file(path, buf_span(pem), mode));
    json_t *shown = json_string(path);
    ENSURE(shown && json_object_set_new(call->result, ending, shown) == 0, ERR_NO_MEMORY);
    return buf_printf(&call->text, "\n%s written", path);
}

static int tell_device(struct control_call *call, const struct rig_device *device,
                       enum hub_auth auth)
{
    call->result =
        json_pack("{s:s, s:s, s:s}", "id", device->id, "auth", auth_words[auth],
                  "connection_string", buf_text(&device->connection_string));
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    TRY(buf_printf(&call->text, "%s is registered\n%s", device->id,
                   buf_text(&device->connection_string)));
    if (!device->is_x509 || !call->control->settings.files) {
        return 0;
    }
    TRY(write_credential(call, device, "crt", &device->credential.cert_pem, 0644));
    return write_credential(call, device, "key", &device->credential.key_pem, 0600);
}

int control_do_add_device(struct control_call *call)
{
    struct identity identity = {.auth = HUB_AUTH_SAS};
    struct rig_device device;
    const char *key = control_option(call, "key");
    if (hub_find_identity(call->rig->hub, span_text(call->args[0]))) {
        FAIL(ERR_VALUE, "an identity named %s exists already", call->args[0]);
    }
    bool is_by_ca = control_option(call, "ca") != NULL;
    bool is_x509 = control_option(call, "x509") != NULL;
    identity.auth = is_by_ca ? HUB_AUTH_CA : is_x509 ? HUB_AUTH_THUMBPRINT : HUB_AUTH_SAS;
    if ((key != NULL) + is_by_ca + is_x509 > 1) {
        FAIL(ERR_VALUE, "a device has a key, a thumbprint (--x509) or a CA, not two of them");
    }
    if (!span_copy_text(span_text(call->args[0]), identity.name, sizeof identity.name) ||
        !span_copy_text(span_text(key ? key : ""), identity.primary_key,
                        sizeof identity.primary_key)) {
        FAIL(ERR_VALUE, "the id or the key is too long");
    }
    enum hub_auth auth = identity.auth;
    int code = rig_add_identity(call->rig, &identity, call->control->settings.port, &device);
    explicit_bzero(&identity, sizeof identity);
    TRY(code);
    code = tell_device(call, &device, auth);
    rig_device_deinit(&device);
    return code;
}

static int set_disabled(struct control_call *call, bool is_disabled)
{
    const struct identity *id = NULL;
    TRY(control_find_identity(call, call->args[0], &id));
    bool was_connected = hub_connection_of(call->hub, id) != 0;
    TRY(hub_set_disabled(call->hub, id->name, is_disabled));
    bool is_closed = is_disabled && was_connected;
    call->result = json_pack("{s:s, s:b, s:b}", "id", id->name, "enabled", !is_disabled,
                             "was_connected", was_connected);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%s is %s%s", id->name, is_disabled ? "disabled" : "enabled",
                      is_closed ? "; its connection is closed" : "");
}

int control_do_disable(struct control_call *call)
{
    return set_disabled(call, true);
}

int control_do_enable(struct control_call *call)
{
    return set_disabled(call, false);
}

static int roll(struct control_call *call, const struct identity *id, bool is_secondary)
{
    struct buf connection_string HR_CLEANUP(buf_wipe);
    buf_init(&connection_string, 2000);
    TRY(hub_roll_key(call->hub, id->name, is_secondary ? HUB_KEY_SECONDARY : HUB_KEY_PRIMARY,
                     NULL));
    const char *key = is_secondary ? id->secondary_key : id->primary_key;
    TRY(rig_connection_string(call->rig, id, call->control->settings.port, &connection_string));
    call->result = json_pack("{s:s, s:s, s:s, s:s}", "id", id->name, "which", call->args[1], "key",
                             key, "connection_string", buf_text(&connection_string));
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%s has a new %s key\n%s", id->name, call->args[1],
                      is_secondary ? key : buf_text(&connection_string));
}

int control_do_roll_key(struct control_call *call)
{
    const struct identity *id = NULL;
    bool is_secondary = strcmp(call->args[1], "secondary") == 0;
    if (!is_secondary && strcmp(call->args[1], "primary") != 0) {
        FAIL(ERR_SYNTAX, "expected primary or secondary, seen '%.60s'", call->args[1]);
    }
    TRY(control_find_identity(call, call->args[0], &id));
    return roll(call, id, is_secondary);
}

int control_do_drop(struct control_call *call)
{
    const struct identity *id = NULL;
    bool is_fin = strcmp(call->args[0], "fin") == 0;
    if (!is_fin && strcmp(call->args[0], "rst") != 0) {
        FAIL(ERR_SYNTAX, "expected fin (an orderly end) or rst (a reset), seen '%.60s'",
             call->args[0]);
    }
    TRY(call->count > 1 ? control_find_identity(call, call->args[1], &id) : 0);
    enum drop_how how = is_fin ? DROP_FIN : DROP_RST;
    size_t count = id ? server_drop_device(call->rig->server, id->name, how)
                      : server_drop_all(call->rig->server, how);
    call->result = json_pack("{s:I}", "closed", (json_int_t)count);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%zu connection%s closed by %s", count, count == 1 ? "" : "s",
                      call->args[0]);
}

int control_do_takeover(struct control_call *call)
{
    const struct identity *id = NULL;
    TRY(control_find_identity(call, call->args[0], &id));
    bool was_connected = hub_take_over(call->hub, id);
    call->result = json_pack("{s:s, s:b}", "id", id->name, "was_connected", was_connected);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, was_connected ? "%s was taken over" : "%s is not connected",
                      id->name);
}
