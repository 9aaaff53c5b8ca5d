// SPDX-License-Identifier: MIT
// Family S: connection strings and host names. The key is judged, never shown.
#include "base/text_code.h"
#include "certs/doctor/case.h"

#include <stdio.h>
#include <string.h>

enum { ID_BYTES_MOST = 128 };

static const char connack_5[] = "CONNACK 5; the C SDK: \"Invalid length Base64 string\"";
static const char no_host[] = "name not found: -0x52, EAI_NONAME, mqtt_connect -2";

static struct remark remark_at(const struct connection *c, enum doctor_rule rule, const char *shows,
                               const char *fix)
{
    return (struct remark){.rule = rule, .at = c->at, .shows = shows, .fix = fix};
}

static void judge_key(struct doctor *d, const struct connection *c)
{
    struct buf key HR_CLEANUP(buf_wipe);
    struct remark r = remark_at(c, DOCTOR_S_01, connack_5, "copy the key again, with its last =");
    bool is_encoded = span_find(c->key, '%') < c->key.len || text_has(c->key, "\\u00");
    buf_init(&key, c->key.len + 1);
    if (!c->key.ptr) {
        return;
    }
    if (is_encoded) {
        r.rule = DOCTOR_S_08;
        r.fix = "paste the key as the portal shows it, with + / and =";
        case_say(d, &r, "the SharedAccessKey is percent- or JSON-encoded");
        return;
    }
    if (text_has(c->key, "SharedAccessSignature")) {
        r.rule = DOCTOR_T_15;
        r.fix = "put the device's key there; the SDK makes the token";
        case_say(d, &r, "a SAS token stands where the SharedAccessKey belongs");
        return;
    }
    if (base64_decode(c->key, &key) < 0) {
        case_say(d, &r,
                 "the SharedAccessKey (%zu characters) is not base64: a character is lost or "
                 "wrong",
                 c->key.len);
        return;
    }
    if (key.len == 32 || key.len == 64) {
        case_right(d, "the SharedAccessKey is base64 of a usual length");
        return;
    }
    r.as = key.len >= 16 && key.len <= 64 ? AS_WARNING : AS_ERROR;
    case_say(d, &r,
             "the SharedAccessKey (%zu characters) holds %zu bytes; hubs make keys of 32 or 64",
             c->key.len, key.len);
}

static void judge_shape(struct doctor *d, const struct connection *c)
{
    struct remark r = remark_at(c, DOCTOR_S_02, "the SDK: no DeviceId, or no key",
                                "quote the whole string: '...'");
    bool is_alone = c->host.len && span_find(c->text, ';') == c->text.len;
    if (is_alone) {
        case_say(d, &r, "only HostName is here: the shell ended the string at its first semicolon");
        return;
    }
    if (c->key_name.ptr) {
        r.rule = DOCTOR_S_03;
        r.shows = "the device SDK refuses it, or the device holds a key to the whole hub";
        r.fix = "use the string of the device: HostName, DeviceId, SharedAccessKey";
        case_say(d, &r,
                 "this is a service string (SharedAccessKeyName%s): it must never be on a "
                 "device",
                 c->device.ptr ? " beside DeviceId" : ", no DeviceId");
        return;
    }
    bool is_x509 = span_equals_nocase(c->x509, SPAN_LITERAL("true"));
    r.rule = DOCTOR_S_11;
    r.shows = "CONNACK 5";
    r.fix = "keep one: x509=true or SharedAccessKey";
    if (is_x509 && c->key.len) {
        case_say(d, &r, "x509=true and a SharedAccessKey stand together");
    } else if (!is_x509 && !c->key.len && !c->signature.len) {
        case_say(d, &r, "neither x509=true nor SharedAccessKey: nothing proves the device");
    }
    if (!c->host.len) {
        r.rule = DOCTOR_S_12;
        r.as = AS_ERROR;
        r.shows = no_host;
        r.fix = "add HostName=...";
        case_say(d, &r, "HostName is missing");
    }
    if (!c->device.ptr) {
        r.rule = DOCTOR_S_12;
        r.as = AS_ERROR;
        r.fix = "add DeviceId=...";
        case_say(d, &r, "DeviceId is missing");
    }
}

static bool is_placeholder(struct span host)
{
    static const char *const words[] = {"hostname",  "<", ">",   "{",   "}",           "your",
                                        "my iothub", "[", "xxx", "***", "iothub_name", "myhubname"};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (text_has_nocase(host, words[i])) {
            return true;
        }
    }
    return false;
}

static void judge_host(struct doctor *d, struct doctor_place at, struct span host)
{
    char shown[96];
    struct remark r = {.rule = DOCTOR_S_04,
                       .at = at,
                       .shows = no_host,
                       .fix = "put in the host name from the hub's overview page"};
    case_quote(host, shown);
    if (host.len == 0) {
        return;
    }
    if (is_placeholder(host)) {
        case_say(d, &r, "the host name \"%s\" is a sample's placeholder", shown);
        return;
    }
    bool has_scheme = text_has(host, "://");
    size_t colon = has_scheme ? host.len : span_find(host, ':');
    bool ends_wrong = host.ptr[host.len - 1] == '.';
    r.rule = DOCTOR_S_05;
    r.fix = "give the bare name: myhub.azure-devices.net";
    if (has_scheme || span_find(host, '/') < host.len || colon < host.len || ends_wrong) {
        case_say(d, &r, "\"%s\" is more than a host name%s", shown,
                 ends_wrong ? ": it ends with a dot" : "");
    }
    struct span port = span_from(host, colon + 1);
    uint64_t number = 0;
    if (colon < host.len && span_parse_u64(port, &number) == 0 && number != 8883) {
        r.rule = DOCTOR_S_13;
        r.fix = "8883 is MQTT, 443 WebSocket or HTTPS, 5671 AMQP; 1883 is refused";
        case_say(d, &r, "port %llu", (unsigned long long)number);
    }
}

static void judge_expected(struct doctor *d, const struct connection *c)
{
    struct span expected = span_text(d->settings.hub_host);
    enum doctor_cloud cloud = cloud_of_host(c->host);
    char a[96];
    char b[96];
    struct remark r = remark_at(c, DOCTOR_S_06, "CONNACK 5 or no such host",
                                "use the string of the hub that you mean");
    if (expected.len && c->host.len && !span_equals_nocase(expected, c->host)) {
        case_say(d, &r, "the string names %s, and --hub says %s", case_quote(c->host, a),
                 case_quote(expected, b));
    } else if (d->settings.cloud != CLOUD_ANY && cloud != CLOUD_ANY && cloud != d->settings.cloud) {
        case_say(d, &r, "%s is in the %s cloud, and --cloud says %s", case_quote(c->host, a),
                 doctor_cloud_words[cloud], doctor_cloud_words[d->settings.cloud]);
    }
}

static void judge_hidden(struct doctor *d, const struct connection *c)
{
    struct remark r = remark_at(c, DOCTOR_S_07, "CONNACK 5, or the host is not found",
                                "type the string's end and start again; copy it as plain text");
    for (size_t i = 0; i < c->text.len; i++) {
        uint8_t b = c->text.ptr[i];
        if (b >= 0x80) {
            unsigned point = b;
            if (b >= 0xe0 && b < 0xf0 && i + 2 < c->text.len) {
                point = (b & 0x0fu) << 12 | (c->text.ptr[i + 1] & 0x3fu) << 6 |
                        (c->text.ptr[i + 2] & 0x3fu);
            } else if (b >= 0xc0 && b < 0xe0 && i + 1 < c->text.len) {
                point = (b & 0x1fu) << 6 | (c->text.ptr[i + 1] & 0x3fu);
            }
            case_say(d, &r, "the character U+%04X stands at offset %zu", point, i);
            return;
        }
        if (b <= 0x20 || b == 0x7f || b == '"' || b == '\'') {
            case_say(d, &r, "%s stands at offset %zu",
                     b == ' '                ? "a blank"
                     : b == '"' || b == '\'' ? "a quote"
                                             : "a control character",
                     i);
            return;
        }
    }
}

static bool is_id_byte(uint8_t c)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || (c && strchr("-.%_*?!(),:=@$'+#", c));
}

static void judge_id(struct doctor *d, struct doctor_place at, struct span id)
{
    struct remark r = {.rule = DOCTOR_S_09,
                       .at = at,
                       .shows = "CONNACK 5 or 4",
                       .fix = "use letters, digits and - . _ alone"};
    if (id.len > ID_BYTES_MOST) {
        case_say(d, &r, "the device id has %zu characters; 128 are allowed", id.len);
        return;
    }
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.ptr[i];
        // blanks and quotes are hidden characters already
        if (!is_id_byte(c) && c > 0x20 && c < 0x7f && c != '"') {
            case_say(d, &r, "the device id holds '%c'", c);
            return;
        }
        if (c == '+' || c == '%' || c == '#') {
            r.as = AS_WARNING;
            case_say(d, &r, "the device id holds '%c', which some SDKs mistake", c);
            return;
        }
    }
}

static const char *const field_names[] = {"HostName",
                                          "DeviceId",
                                          "ModuleId",
                                          "GatewayHostName",
                                          "SharedAccessKey",
                                          "SharedAccessKeyName",
                                          "SharedAccessSignature",
                                          "x509",
                                          "DeviceScopeId"};

static void judge_field(struct doctor *d, const struct connection *c, struct span name,
                        bool has_value, unsigned *seen)
{
    struct remark r = remark_at(c, DOCTOR_S_12, "the SDK refuses the string, or takes half of it",
                                "HostName=...;DeviceId=...;SharedAccessKey=...");
    char shown[96];
    if (!has_value) {
        case_say(d, &r, "a part of %zu characters between two semicolons has no =", name.len);
        return;
    }
    for (size_t i = 0; i < HR_COUNT_OF(field_names); i++) {
        if (!span_equals_nocase(name, span_text(field_names[i]))) {
            continue;
        }
        if (!span_equals_text(name, field_names[i]) && strcmp(field_names[i], "x509") != 0) {
            case_say(d, &r, "\"%s\" is written %s", case_quote(name, shown), field_names[i]);
        }
        if (*seen & 1u << i) {
            case_say(d, &r, "%s stands twice", field_names[i]);
        }
        *seen |= 1u << i;
        return;
    }
    if (name.len <= 24) {
        case_say(d, &r, "\"%s\" is no field of a connection string", case_quote(name, shown));
    } else {
        case_say(d, &r, "a field of %zu characters is none of a connection string", name.len);
    }
}

static void judge_fields(struct doctor *d, const struct connection *c)
{
    struct span rest = span_trim(c->text);
    unsigned seen = 0;
    if (rest.len && (rest.ptr[0] == '"' || rest.ptr[0] == '\'')) {
        rest = span_from(rest, 1);
    }
    if (rest.len && (rest.ptr[rest.len - 1] == '"' || rest.ptr[rest.len - 1] == '\'')) {
        rest.len--;
    }
    while (rest.ptr) {
        struct span value = SPAN_EMPTY;
        struct span field = span_cut(rest, ';', &rest);
        struct span name = span_trim(span_cut(field, '=', &value));
        if (field.len) {
            judge_field(d, c, name, value.ptr != NULL, &seen);
        }
    }
}

static void judge_left_over(struct doctor *d, const struct connection *c)
{
    char name[96];
    struct remark r = remark_at(c, DOCTOR_S_10, "the device dials another host",
                                "take it out unless the device sits behind a gateway");
    if (c->gateway.ptr) {
        case_say(d, &r, "GatewayHostName is here: all traffic goes to %s",
                 case_quote(c->gateway, name));
    }
    if (c->module.ptr) {
        r.as = AS_WARNING;
        r.shows = "CONNACK 5 for a device without that module";
        r.fix = "take it out unless this is a module's string";
        case_say(d, &r, "ModuleId is here: this is a module, not a device");
    }
}

static void judge_one(struct doctor *d, const struct connection *c)
{
    size_t before = d->finding_count;
    bool is_token_name = name_has_word(c->symbol, "token") || name_has_word(c->symbol, "sas") ||
                         name_has_word(c->symbol, "password");
    if (is_token_name) {
        struct remark r = remark_at(c, DOCTOR_T_15, "CONNACK 5",
                                    "put a SAS token there, or give the string to the SDK");
        case_say(d, &r, "a connection string stands where a SAS token belongs");
    }
    judge_shape(d, c);
    judge_key(d, c);
    judge_host(d, c->at, c->host);
    judge_expected(d, c);
    judge_hidden(d, c);
    judge_id(d, c->at, c->device);
    judge_left_over(d, c);
    judge_fields(d, c);
    if (before == d->finding_count) {
        case_right(d, "the connection string is well formed");
    }
}

// Host names and ports in configuration and sources.
static void judge_setting(struct doctor *d, const struct setting *s)
{
    char name[96];
    uint64_t port = 0;
    span_copy_text(s->name, name, sizeof name);
    struct span value = s->value;
    bool is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
    value = is_quoted ? span_slice(value, 1, value.len - 2) : value;
    bool is_hub = text_has_nocase(s->name, "iot_hub") || text_has_nocase(s->name, "iothub") ||
                  name_has_word(name, "mqtt") || text_has(value, "azure-devices");
    bool is_host = name_has_word(name, "hostname") || name_has_word(name, "host") ||
                   name_has_word(name, "fqdn");
    if (s->is_off || !is_hub) {
        return;
    }
    if (is_quoted && is_host && !text_has(value, "=")) {
        judge_host(d, s->at, value);
    }
    bool is_port = name_has_word(name, "port");
    if (is_port && setting_number(s, &port) && port != 8883 && port < 65536) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_S_13,
                                  .at = s->at,
                                  .as = port == 1883 ? AS_ERROR : AS_USUAL,
                                  .shows = "connection refused or a time-out",
                                  .fix = "8883 is MQTT, 443 WebSocket or HTTPS, 5671 AMQP"},
                 "%s is %llu%s", name, (unsigned long long)port,
                 port == 1883 ? ": the hub has no MQTT without TLS" : "");
    }
}

void rules_connection(struct doctor *d)
{
    for (size_t i = 0; i < d->connection_count; i++) {
        judge_one(d, d->connections[i]);
    }
    for (size_t i = 0; i < d->setting_count; i++) {
        judge_setting(d, d->settings_read[i]);
    }
    if (d->settings.hub_host) {
        judge_host(d, (struct doctor_place){"--hub", 0}, span_text(d->settings.hub_host));
    }
}
