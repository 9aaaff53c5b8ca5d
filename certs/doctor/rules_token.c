// SPDX-License-Identifier: MIT
// Family T: SAS tokens. With the key at hand the signature is computed again, over every text that
// is known to be signed by mistake.
#include "base/hash.h"
#include "base/text_code.h"
#include "base/when.h"
#include "certs/doctor/case.h"

#include <stdlib.h>
#include <string.h>

static const char connack_5[] = "handshake fine, then CONNACK 5 (not authorized)";
static const int64_t year_2038_s = INT64_C(2145916800);

enum { TEXT_BYTES_MOST = 1 << 14 };

static struct remark remark_at(const struct token *t, enum doctor_rule rule, const char *fix)
{
    return (struct remark){.rule = rule, .at = t->at, .shows = connack_5, .fix = fix};
}

// What was signed, and with what.
struct variant {
    const char *name;
    bool is_decoded;   // sr percent-decoded first
    bool is_encoded;   // then encoded
    bool is_lower_hex; // with %2f instead of %2F
    bool is_lower;     // sr in lower case
    bool is_given;     // host and device in the case in which they were given
    bool has_end;      // a line feed behind se
    bool is_raw_key;   // the key's text instead of its bytes
    enum doctor_rule rule;
};

static const struct variant variants[] = {
    {"the decoded resource instead of the text that is sent", .is_decoded = true,
     .rule = DOCTOR_T_07},
    {"the percent-encoded resource instead of the text that is sent", .is_decoded = true,
     .is_encoded = true, .rule = DOCTOR_T_07},
    {"the resource with lower-case percent-encoding", .is_decoded = true, .is_encoded = true,
     .is_lower_hex = true, .rule = DOCTOR_T_07},
    {"a line feed too many behind the expiry", .has_end = true, .rule = DOCTOR_T_07},
    {"the right text with the key's base64 text instead of its bytes", .is_raw_key = true,
     .rule = DOCTOR_T_07},
    {"the decoded resource with the key's base64 text", .is_decoded = true, .is_raw_key = true,
     .rule = DOCTOR_T_07},
    {"the encoded resource with the key's base64 text", .is_decoded = true, .is_encoded = true,
     .is_raw_key = true, .rule = DOCTOR_T_07},
    {"the resource in lower case", .is_lower = true, .rule = DOCTOR_T_08},
    {"the decoded resource in lower case", .is_lower = true, .is_decoded = true,
     .rule = DOCTOR_T_08},
    {"the resource in the case of host and device id", .is_given = true, .rule = DOCTOR_T_08},
    {"the encoded resource in the case of host and device id", .is_given = true, .is_encoded = true,
     .rule = DOCTOR_T_08},
};

static void lower_bytes(struct buf *b, bool only_hex)
{
    for (size_t i = 0; i < b->len; i++) {
        bool is_hex = (i >= 1 && b->data[i - 1] == '%') || (i >= 2 && b->data[i - 2] == '%');
        bool is_upper = b->data[i] >= 'A' && b->data[i] <= 'Z';
        if (is_upper && (is_hex || !only_hex)) {
            b->data[i] = (uint8_t)(b->data[i] + 32);
        }
    }
}

// The text of a variant; 0 or the errors of the buf and of decoding.
static int write_text(const struct doctor *d, const struct token *t, const struct variant *v,
                      struct buf *out)
{
    struct buf plain HR_CLEANUP(buf_deinit);
    buf_init(&plain, TEXT_BYTES_MOST);
    int code = 0;
    if (v->is_given) {
        code = buf_printf(&plain, "%.*s/devices/%.*s", SPAN_ARG(d->host), SPAN_ARG(d->device));
    } else if (v->is_decoded) {
        code = percent_decode(t->sr, &plain);
    } else {
        code = buf_append(&plain, t->sr);
    }
    code = code < 0        ? code
           : v->is_encoded ? percent_encode(buf_span(&plain), out)
                           : buf_append(out, buf_span(&plain));
    if (v->is_lower || v->is_lower_hex) {
        lower_bytes(out, !v->is_lower);
    }
    code = code < 0 ? code : buf_append_u8(out, '\n');
    code = code < 0 ? code : buf_append(out, t->se);
    return code < 0 || !v->has_end ? code : buf_append_u8(out, '\n');
}

static bool is_signed(const struct doctor *d, const struct token *t, struct span key_text,
                      const struct variant *v)
{
    struct buf text HR_CLEANUP(buf_deinit);
    struct buf key HR_CLEANUP(buf_wipe);
    struct buf received HR_CLEANUP(buf_wipe);
    struct buf sent HR_CLEANUP(buf_wipe);
    uint8_t mac[HASH_SHA256_BYTES];
    buf_init(&text, TEXT_BYTES_MOST);
    buf_init(&key, key_text.len + 1);
    buf_init(&sent, t->sig.len + 1);
    buf_init(&received, t->sig.len + 1);
    int code = v->is_raw_key ? buf_append(&key, key_text) : base64_decode(key_text, &key);
    code = code < 0 ? code : write_text(d, t, v, &text);
    code = code < 0 ? code : percent_decode(t->sig, &sent);
    code = code < 0 ? code : base64_decode(buf_span(&sent), &received);
    code = code < 0 ? code : hash_hmac_sha256(buf_span(&key), buf_span(&text), mac);
    bool is_equal =
        code == 0 && span_equals_constant_time(span_of(mac, sizeof mac), buf_span(&received));
    explicit_bzero(mac, sizeof mac);
    return is_equal;
}

static void judge_signature(struct doctor *d, const struct token *t)
{
    static const struct variant right = {.name = "right"};
    bool has_key = false;
    for (size_t i = 0; i < d->connection_count; i++) {
        struct span key = d->connections[i]->key;
        if (!key.len) {
            continue;
        }
        has_key = true;
        if (is_signed(d, t, key, &right)) {
            case_right(d, "the token's signature is right for the key in %s",
                       d->connections[i]->at.file);
            return;
        }
        for (size_t k = 0; k < HR_COUNT_OF(variants); k++) {
            if (is_signed(d, t, key, &variants[k])) {
                struct remark r =
                    remark_at(t, variants[k].rule,
                              "sign sr, a line feed and se, exactly as they are sent, "
                              "with the bytes of the key");
                case_say(d, &r, "the signature is over %s", variants[k].name);
                return;
            }
        }
    }
    if (has_key) {
        struct remark r = remark_at(t, DOCTOR_T_07,
                                    "make the token again with the key of this "
                                    "device; check primary against secondary");
        case_say(d, &r,
                 "the signature fits the given key in none of the known ways: another key "
                 "made it");
    }
}

static bool is_hour_step(int64_t ago_s)
{
    int64_t off = ago_s % 1800;
    return ago_s >= 1800 - 90 && ago_s <= 14 * 3600 && (off <= 90 || off >= 1800 - 90);
}

static void judge_past(struct doctor *d, const struct token *t, int64_t ago_s)
{
    char text[32];
    duration_print(ago_s * 1000000, text);
    if (is_hour_step(ago_s)) {
        struct remark r = remark_at(t, DOCTOR_T_04, "compute se from UTC: time(NULL) + lifetime");
        case_say(d, &r,
                 "se lies %s back, whole half hours: it was computed from local time, unless "
                 "the token is old",
                 text);
        return;
    }
    struct remark r = remark_at(t, DOCTOR_T_02,
                                "make a token at each connect, and set the clock "
                                "before");
    case_say(d, &r, "the token ended %s ago", text);
}

static void judge_expiry(struct doctor *d, const struct token *t)
{
    uint64_t se = 0;
    int64_t now = d->settings.now_s;
    char text[32];
    if (span_parse_u64(span_cut(t->se, '.', &(struct span){0}), &se) < 0) {
        struct remark r = remark_at(t, DOCTOR_T_01, "se is a number: seconds since 1970-01-01 UTC");
        case_say(d, &r, "se is not a number");
        return;
    }
    struct remark r = remark_at(t, DOCTOR_T_03, "divide by 1000");
    if (se > UINT64_C(100000000000)) {
        case_say(d, &r, "se is in milliseconds");
        return;
    }
    if (se < 1000000000) {
        r.rule = DOCTOR_T_05;
        r.fix = "se = seconds since 1970-01-01 UTC now, plus the lifetime";
        case_say(d, &r, "se is %llu: a duration, not a time", (unsigned long long)se);
        return;
    }
    int64_t left = (int64_t)se - now;
    duration_print(llabs(left) * 1000000, text);
    r.rule = DOCTOR_T_16;
    r.fix = "an hour to a day, renewed before it ends";
    if (left < 0) {
        judge_past(d, t, -left);
    } else if ((int64_t)se >= year_2038_s) {
        r.rule = DOCTOR_T_06;
        r.shows = "nothing, until the key is changed";
        r.fix = "treat the key as leaked, change it, and make short tokens";
        case_say(d, &r, "the token never ends in practice (se is in 2038 or later)");
    } else if (left < 600) {
        case_say(d, &r, "the token ends in %s", text);
    } else if (left > 31557600) {
        r.shows = "nothing now; nobody will renew it in time";
        case_say(d, &r, "the token lives %s", text);
    } else {
        case_right(d, "the token is valid for another %s", text);
        case_date(d, (int64_t)se, "the SAS token ends");
    }
}

static bool has_lower_hex(struct span s)
{
    for (size_t i = 0; i + 2 < s.len; i++) {
        bool is_lower = (s.ptr[i + 1] >= 'a' && s.ptr[i + 1] <= 'f') ||
                        (s.ptr[i + 2] >= 'a' && s.ptr[i + 2] <= 'f');
        if (s.ptr[i] == '%' && is_lower) {
            return true;
        }
    }
    return false;
}

static void judge_encoding(struct doctor *d, const struct token *t)
{
    if (span_find(t->sr, '/') < t->sr.len) {
        struct remark r = remark_at(t, DOCTOR_T_09,
                                    "nothing to do while the text that is signed is "
                                    "the text that is sent");
        r.shows = NULL;
        case_say(d, &r, "sr is not percent-encoded: the hub takes both forms");
    }
    bool is_raw = span_find(t->sig, '+') < t->sig.len || span_find(t->sig, '/') < t->sig.len ||
                  span_find(t->sig, '=') < t->sig.len;
    if (is_raw) {
        struct remark r = remark_at(t, DOCTOR_T_10, "percent-encode it: %2B %2F %3D");
        case_say(d, &r, "sig holds a raw +, / or =; a + becomes a blank on the way");
    }
    if (has_lower_hex(t->sr) || has_lower_hex(t->sig)) {
        struct remark r = remark_at(t, DOCTOR_T_11, "write %2F, not %2f");
        case_say(d, &r, "the percent-encoding is in lower case");
    }
}

static void judge_target(struct doctor *d, const struct token *t)
{
    struct buf plain HR_CLEANUP(buf_deinit);
    char shown[96];
    char wanted[96];
    buf_init(&plain, t->sr.len + 1);
    struct span sr = percent_decode(t->sr, &plain) == 0 ? buf_span(&plain) : t->sr;
    struct span rest = sr;
    struct span host = span_cut(rest, '/', &rest);
    struct span kind = span_cut(rest, '/', &rest);
    struct span device = span_cut(rest, '/', &rest);
    struct remark r = remark_at(t, DOCTOR_T_12, "sr = HOST/devices/DEVICE of this device");
    if (d->host.len && host.len && !span_equals_nocase(host, d->host)) {
        case_say(d, &r, "the token is for the hub %s, not for %s", case_quote(host, shown),
                 case_quote(d->host, wanted));
    } else if (d->device.len && device.len && span_equals_nocase(kind, SPAN_LITERAL("devices")) &&
               !span_equals_nocase(device, d->device)) {
        case_say(d, &r, "the token is for the device %s, not for %s", case_quote(device, shown),
                 case_quote(d->device, wanted));
    }
    if (t->skn.len && !span_equals_text(t->skn, "device")) {
        r.rule = DOCTOR_T_13;
        r.fix = "sign with the device's own key and leave skn out";
        case_say(d, &r, "skn is \"%s\": a key to the whole hub is on the device",
                 case_quote(t->skn, shown));
    }
}

static void judge_dps(struct doctor *d, const struct token *t)
{
    struct buf plain HR_CLEANUP(buf_deinit);
    buf_init(&plain, t->sr.len + 1);
    struct span rest = percent_decode(t->sr, &plain) == 0 ? buf_span(&plain) : t->sr;
    struct span scope = span_cut(rest, '/', &rest);
    struct span kind = span_cut(rest, '/', &rest);
    struct span id = span_cut(rest, '/', &rest);
    struct remark r = remark_at(t, DOCTOR_T_14, "sr = SCOPE/registrations/ID and skn=registration");
    r.shows = "401 from the provisioning service";
    bool is_sr = scope.len && span_equals_text(kind, "registrations") && id.len && !rest.ptr;
    if (!is_sr) {
        case_say(d, &r, "sr of a provisioning token is SCOPE/registrations/ID; this one is not");
    }
    if (!span_equals_text(t->skn, "registration")) {
        case_say(d, &r, "a provisioning token needs skn=registration");
    }
}

static void judge_wrapping(struct doctor *d, const struct token *t)
{
    struct span s = t->text;
    struct remark r = remark_at(t, DOCTOR_T_17, "cut it off where the token is made");
    bool is_quoted = s.len && (s.ptr[0] == '"' || s.ptr[0] == '\'');
    uint8_t last = s.len ? s.ptr[s.len - 1] : 'x';
    if (is_quoted || last == '"' || last == '\'' || last == '\n' || last == '\r' || last == ' ') {
        case_say(d, &r, "a quote, blank or line end belongs to the token's text");
    }
    if (name_has_word(t->symbol, "connection") || name_has_word(t->symbol, "connectionstring")) {
        r.rule = DOCTOR_T_15;
        r.shows = "the SDK refuses the string";
        r.fix = "HostName=...;DeviceId=...;SharedAccessSignature=... or a key";
        case_say(d, &r, "a SAS token stands where a connection string belongs");
    }
}

static void judge_one(struct doctor *d, const struct token *t)
{
    struct remark r = remark_at(t, DOCTOR_T_01, "SharedAccessSignature sr=...&sig=...&se=...");
    bool is_whole = t->sr.len && t->sig.len && t->se.len;
    if (!t->has_prefix) {
        case_say(d, &r, "the word SharedAccessSignature and a blank are missing at the start");
    }
    if (!is_whole) {
        case_say(d, &r, "missing:%s%s%s", t->sr.len ? "" : " sr", t->sig.len ? "" : " sig",
                 t->se.len ? "" : " se");
    }
    judge_wrapping(d, t);
    if (t->se.len) {
        judge_expiry(d, t);
    }
    judge_encoding(d, t);
    if (t->sr.len && (token_is_dps(t) || case_is_dps(d))) {
        judge_dps(d, t);
    } else if (t->sr.len) {
        judge_target(d, t);
    }
    if (is_whole) {
        judge_signature(d, t);
    }
}

void rules_token(struct doctor *d)
{
    for (size_t i = 0; i < d->token_count; i++) {
        judge_one(d, d->tokens[i]);
    }
}
