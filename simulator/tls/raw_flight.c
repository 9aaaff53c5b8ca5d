// SPDX-License-Identifier: MIT
// The bytes of a flight (RFC 5246 7.4, RFC 8422), right and wrong.
#include "simulator/tls/raw_flight.h"
#include "base/error.h"

#include <mbedtls/ecp.h>
#include <mbedtls/md.h>

#include <stdio.h>
#include <string.h>

enum {
    RECORD_CCS = 20,
    RECORD_HANDSHAKE = 22,
    RECORD_APPLICATION_DATA = 23,
    RECORD_HEARTBEAT = 24,
    RECORD_MOST = 16384,
    HELLO_REQUEST = 0,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    TLS_1_2 = 0x0303,
    EXT_MAX_FRAGMENT = 1,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_RENEGOTIATION = 0xff01,
    CURVE_SECP256R1 = 23,
    CURVE_SECP160K1 = 15,
    POINT_BYTES = 65,
    MESSAGE_MOST = 1 << 20,
    GARBAGE_BYTES = 700,
    CLAIMED_BYTES = (16 << 20) - 1,
    FEW_NAMES = 3,
    NAMES_OF_8K_BYTES = 8192,
    NAMES_OF_20K_BYTES = 20480,
};

static int random_bytes(const struct raw_flight *f, void *out, size_t len)
{
    return f->env->random(f->env->world, out, len);
}

// For mbedTLS: 0 or one of its codes.
static int random_for_mbedtls(void *context, unsigned char *out, size_t len)
{
    return random_bytes(context, out, len) == 0 ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

static int put_u24(struct buf *out, size_t value)
{
    TRY(buf_append_u8(out, (uint8_t)(value >> 16)));
    return buf_append_u16be(out, (uint16_t)value);
}

static int put_record(struct raw_flight *f, uint8_t type, struct span body)
{
    TRY(buf_append_u8(f->out, type));
    TRY(buf_append_u16be(f->out, TLS_1_2));
    TRY(buf_append_u16be(f->out, (uint16_t)body.len));
    return buf_append(f->out, body);
}

// A message whose header claims `claimed` bytes, in records of its own.
static int put_message_that_claims(struct raw_flight *f, uint8_t type, struct span body,
                                   size_t claimed)
{
    struct buf message HR_CLEANUP(buf_deinit);
    buf_init(&message, MESSAGE_MOST);
    TRY(buf_append_u8(&message, type));
    TRY(put_u24(&message, claimed));
    TRY(buf_append(&message, body));
    for (size_t at = 0; at < message.len; at += RECORD_MOST) {
        TRY(put_record(f, RECORD_HANDSHAKE, span_slice(buf_span(&message), at, RECORD_MOST)));
    }
    return 0;
}

static int put_message(struct raw_flight *f, uint8_t type, struct span body)
{
    return put_message_that_claims(f, type, body, body.len);
}

// ---- ServerHello

// Skip a vector with a length of `bytes` in front.
static struct span skip_vector(struct span text, size_t bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < bytes && text.len >= bytes; i++) {
        len = len << 8 | text.ptr[i];
    }
    return text.len >= bytes + len ? span_from(text, bytes + len) : SPAN_EMPTY;
}

// What stands behind the number of an extension: its length and its bytes.
static struct span find_extension(struct span hello_message, uint16_t wanted)
{
    struct span rest = span_from(hello_message, 4 + 2 + RAW_RANDOM_BYTES);
    rest = skip_vector(rest, 1);               // session id
    rest = skip_vector(rest, 2);               // cipher suites
    rest = span_from(skip_vector(rest, 1), 2); // compression; then the extensions' length
    while (rest.len >= 4) {
        if ((rest.ptr[0] << 8 | rest.ptr[1]) == wanted) {
            return span_from(rest, 2);
        }
        rest = skip_vector(span_from(rest, 2), 2);
    }
    return SPAN_EMPTY;
}

bool raw_has_extension(struct span hello_message, uint16_t wanted)
{
    return find_extension(hello_message, wanted).len > 0;
}

static bool offers_suite(const struct raw_flight *f, uint16_t suite)
{
    const struct client_hello *hello = f->hello;
    for (size_t i = 0; i < hello->suite_count && i < HR_COUNT_OF(hello->suites); i++) {
        if (hello->suites[i] == suite) {
            return true;
        }
    }
    return false;
}

static bool has_rsa(const struct raw_flight *f)
{
    return mbedtls_pk_can_do(f->key, MBEDTLS_PK_RSA);
}

static uint16_t choose_suite(const struct raw_flight *f)
{
    static const uint16_t suites[2][4] = {{0xc02f, 0xc030, 0xc027, 0xc028},
                                          {0xc02b, 0xc02c, 0xc023, 0xc024}};
    const uint16_t *mine = suites[has_rsa(f) ? 0 : 1];
    if (f->flight == FLIGHT_SUITE_RC4 || f->flight == FLIGHT_SUITE_GREASE) {
        return f->flight == FLIGHT_SUITE_RC4 ? 0x0005 : 0x0a0a;
    }
    for (size_t i = 0; i < 4; i++) {
        if (offers_suite(f, mine[i])) {
            return mine[i];
        }
    }
    return mine[0];
}

// Another length than the device's: 4 is 4096 bytes, 1 is 512 (RFC 6066 4).
static int put_fragment_length(const struct raw_flight *f, struct buf *out)
{
    struct span wish = find_extension(f->hello_message, EXT_MAX_FRAGMENT);
    bool has_wished_4 = wish.len > 2 && wish.ptr[2] == 4;
    return buf_append(out, span_of(has_wished_4 ? "\x00\x01\x00\x01\x01" : "\x00\x01\x00\x01\x04",
                                   5));
}

static int put_extensions(const struct raw_flight *f, struct buf *out)
{
    static const struct {
        enum flight flight;
        const char *bytes;
        size_t len;
    } rows[] = {
        {FLIGHT_EXT_UNKNOWN, "\x99\x99\x00\x00", 4},
        {FLIGHT_EXT_ALPN, "\x00\x10\x00\x07\x00\x05\x04mqtt", 11},
        {FLIGHT_EXT_TICKET, "\x00\x23\x00\x00", 4},
        {FLIGHT_EXT_TWICE, "\x00\x0b\x00\x02\x01\x00\x00\x0b\x00\x02\x01\x00", 12},
    };
    bool asks_secure =
        raw_has_extension(f->hello_message, EXT_RENEGOTIATION) || offers_suite(f, 0x00ff);
    if (asks_secure && f->flight != FLIGHT_NO_RENEGOTIATION) {
        TRY(buf_append(out, span_of("\xff\x01\x00\x01\x00", 5)));
    }
    if (raw_has_extension(f->hello_message, EXT_EXTENDED_MASTER_SECRET)) {
        TRY(buf_append(out, span_of("\x00\x17\x00\x00", 4)));
    }
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (rows[i].flight == f->flight) {
            TRY(buf_append(out, span_of(rows[i].bytes, rows[i].len)));
        }
    }
    return f->flight == FLIGHT_EXT_LENGTH ? put_fragment_length(f, out) : 0;
}

static int put_server_hello(struct raw_flight *f)
{
    struct buf body HR_CLEANUP(buf_deinit);
    struct buf extensions HR_CLEANUP(buf_deinit);
    buf_init(&body, 200);
    buf_init(&extensions, 100);
    uint16_t version = f->flight == FLIGHT_TLS11   ? 0x0302
                       : f->flight == FLIGHT_TLS13 ? 0x0304
                                                   : TLS_1_2;
    TRY(buf_append_u16be(&body, version));
    TRY(buf_append(&body, span_of(f->server_random, RAW_RANDOM_BYTES)));
    TRY(buf_append_u8(&body, 0)); // no session id
    TRY(buf_append_u16be(&body, choose_suite(f)));
    TRY(buf_append_u8(&body, f->flight == FLIGHT_COMPRESSION ? 1 : 0));
    TRY(put_extensions(f, &extensions));
    TRY(buf_append_u16be(&body, (uint16_t)extensions.len));
    TRY(buf_append(&body, buf_span(&extensions)));
    if (f->flight == FLIGHT_HELLO_CUT) {
        buf_truncate(&body, 16);
    }
    return put_message(f, SERVER_HELLO, buf_span(&body));
}

// ---- Certificate

static int put_list(const struct raw_flight *f, struct buf *list)
{
    uint8_t garbage[GARBAGE_BYTES];
    if (f->flight == FLIGHT_CERT_EMPTY) {
        return 0;
    }
    if (f->flight == FLIGHT_CERT_GARBAGE) {
        TRY(random_bytes(f, garbage, sizeof garbage));
        garbage[0] = 0; // no SEQUENCE, whatever the dice say
        TRY(put_u24(list, sizeof garbage));
        return buf_append(list, span_of(garbage, sizeof garbage));
    }
    for (size_t i = 0; i < f->cert_count; i++) {
        TRY(put_u24(list, f->certs[i].len));
        TRY(buf_append(list, f->certs[i]));
    }
    return 0;
}

static int put_certificate(struct raw_flight *f)
{
    struct buf list HR_CLEANUP(buf_deinit);
    struct buf body HR_CLEANUP(buf_deinit);
    buf_init(&list, MESSAGE_MOST);
    buf_init(&body, MESSAGE_MOST);
    TRY(put_list(f, &list));
    TRY(put_u24(&body, list.len + (f->flight == FLIGHT_CERT_LENGTH ? 100 : 0)));
    TRY(buf_append(&body, buf_span(&list)));
    return put_message_that_claims(f, CERTIFICATE, buf_span(&body),
                                   f->flight == FLIGHT_CLAIM_16M ? CLAIMED_BYTES : body.len);
}

// ---- ServerKeyExchange

// A true public point on P-256.
static int make_point(struct raw_flight *f, uint8_t out[POINT_BYTES])
{
    mbedtls_ecp_keypair pair;
    size_t len = 0;
    mbedtls_ecp_keypair_init(&pair);
    int code = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, &pair, random_for_mbedtls, f);
    if (code == 0) {
        code = mbedtls_ecp_point_write_binary(&pair.grp, &pair.Q, MBEDTLS_ECP_PF_UNCOMPRESSED, &len,
                                              out, POINT_BYTES);
    }
    mbedtls_ecp_keypair_free(&pair);
    ENSURE(code == 0 && len == POINT_BYTES, ERR_CRYPTO);
    return 0;
}

static int put_parameters(struct raw_flight *f, struct buf *body)
{
    uint8_t point[POINT_BYTES];
    TRY(make_point(f, point));
    size_t len = sizeof point;
    uint16_t curve = CURVE_SECP256R1;
    if (f->flight == FLIGHT_SKE_CURVE) {
        curve = CURVE_SECP160K1;
        len = 41;
    }
    if (f->flight == FLIGHT_SKE_POINT) {
        point[POINT_BYTES - 1] ^= 1; // y of no point with this x
    }
    TRY(buf_append_u8(body, 3)); // a named curve
    TRY(buf_append_u16be(body, curve));
    TRY(buf_append_u8(body, (uint8_t)len));
    return buf_append(body, span_of(point, len));
}

struct signature_way {
    mbedtls_md_type_t hash;
    uint16_t algorithm; // SignatureAndHashAlgorithm
};

static struct signature_way choose_signature(const struct raw_flight *f)
{
    uint16_t kind = has_rsa(f) ? 1 : 3;
    size_t bits = mbedtls_pk_get_bitlen(f->key);
    if (f->flight == FLIGHT_SKE_SHA1) {
        return (struct signature_way){MBEDTLS_MD_SHA1, (uint16_t)(0x0200 | kind)};
    }
    if (has_rsa(f) || bits <= 256) {
        return (struct signature_way){MBEDTLS_MD_SHA256, (uint16_t)(0x0400 | kind)};
    }
    return bits <= 384 ? (struct signature_way){MBEDTLS_MD_SHA384, (uint16_t)(0x0500 | kind)}
                       : (struct signature_way){MBEDTLS_MD_SHA512, (uint16_t)(0x0600 | kind)};
}

static int put_signature(struct raw_flight *f, struct span parameters, struct buf *body)
{
    uint8_t hash[MBEDTLS_MD_MAX_SIZE];
    uint8_t signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    struct signature_way way = choose_signature(f);
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(way.hash);
    struct buf text HR_CLEANUP(buf_deinit);
    size_t len = 0;
    buf_init(&text, 1024);
    TRY(buf_append(&text, span_of(f->client_random, RAW_RANDOM_BYTES)));
    TRY(buf_append(&text, span_of(f->server_random, RAW_RANDOM_BYTES)));
    TRY(buf_append(&text, parameters));
    ENSURE(md && mbedtls_md(md, text.data, text.len, hash) == 0, ERR_CRYPTO);
    ENSURE(mbedtls_pk_sign(f->key, way.hash, hash, mbedtls_md_get_size(md), signature, &len,
                           random_for_mbedtls, f) == 0,
           ERR_CRYPTO);
    if (f->flight == FLIGHT_SKE_SIGNATURE) {
        signature[len - 1] ^= 1;
    }
    TRY(buf_append_u16be(body, way.algorithm));
    TRY(buf_append_u16be(body, (uint16_t)len));
    return buf_append(body, span_of(signature, len));
}

static int put_key_exchange(struct raw_flight *f)
{
    struct buf body HR_CLEANUP(buf_deinit);
    struct buf parameters HR_CLEANUP(buf_deinit);
    buf_init(&body, 4096);
    buf_init(&parameters, 200);
    TRY(put_parameters(f, &parameters));
    TRY(buf_append(&body, buf_span(&parameters)));
    TRY(put_signature(f, buf_span(&parameters), &body));
    return put_message(f, SERVER_KEY_EXCHANGE, buf_span(&body));
}

// ---- CertificateRequest

// A name of one CN.
static int put_name(struct buf *out, size_t number)
{
    char text[40];
    size_t len = (size_t)snprintf(text, sizeof text, "Foreign Certification Authority %03zu", number);
    TRY(buf_append_u16be(out, (uint16_t)(len + 13)));
    const uint8_t head[] = {0x30, (uint8_t)(len + 11), 0x31, (uint8_t)(len + 9),
                            0x30, (uint8_t)(len + 7),  0x06, 0x03,
                            0x55, 0x04,               0x03, 0x0c,
                            (uint8_t)len};
    TRY(buf_append(out, span_of(head, sizeof head)));
    return buf_append(out, span_of(text, len));
}

static int put_names(enum flight flight, struct buf *names)
{
    size_t least = flight == FLIGHT_CR_8K    ? NAMES_OF_8K_BYTES
                   : flight == FLIGHT_CR_20K ? NAMES_OF_20K_BYTES
                                             : 0;
    for (size_t i = 0; names->len < least || (flight == FLIGHT_CR_3 && i < FEW_NAMES); i++) {
        TRY(put_name(names, i));
    }
    return 0;
}

static int put_request(struct raw_flight *f)
{
    struct buf body HR_CLEANUP(buf_deinit);
    struct buf names HR_CLEANUP(buf_deinit);
    buf_init(&body, MESSAGE_MOST);
    buf_init(&names, MESSAGE_MOST);
    TRY(put_names(f->flight, &names));
    TRY(buf_append(&body, span_of("\x02\x01\x40", 3))); // RSA and ECDSA
    TRY(buf_append(&body, span_of("\x00\x08\x04\x01\x04\x03\x05\x01\x05\x03", 10)));
    TRY(buf_append_u16be(&body, (uint16_t)names.len));
    TRY(buf_append(&body, buf_span(&names)));
    return put_message(f, CERTIFICATE_REQUEST, buf_span(&body));
}

// ---- the order

// What stands between ServerHello and Certificate.
static int put_early(struct raw_flight *f)
{
    static const uint8_t payload[20] = {1, 0, 1}; // a heartbeat request, or plain bytes
    switch (f->flight) {
    case FLIGHT_HELLO_TWICE:
        return put_server_hello(f);
    case FLIGHT_REQUEST_MID:
        return put_message(f, HELLO_REQUEST, SPAN_EMPTY);
    case FLIGHT_TYPE_99:
        return put_message(f, 99, SPAN_EMPTY);
    case FLIGHT_APP_DATA:
        return put_record(f, RECORD_APPLICATION_DATA, span_of(payload, sizeof payload));
    case FLIGHT_EARLY_CCS:
        return put_record(f, RECORD_CCS, span_of("\x01", 1));
    case FLIGHT_HEARTBEAT:
        return put_record(f, RECORD_HEARTBEAT, span_of(payload, sizeof payload));
    case FLIGHT_OVER_LENGTH:
        return buf_append(f->out, span_of("\x16\x03\x03\x49\x00", 5));
    case FLIGHT_CR_EARLY:
        return put_request(f);
    default:
        return 0;
    }
}

static int put_done(struct raw_flight *f)
{
    bool has_body = f->flight == FLIGHT_DONE_BODY;
    return f->flight == FLIGHT_DONE_NONE
               ? 0
               : put_message(f, SERVER_HELLO_DONE, has_body ? span_of("\0\0\0", 4) : SPAN_EMPTY);
}

static bool has_request(enum flight flight)
{
    return flight == FLIGHT_CR_EMPTY || flight == FLIGHT_CR_3 || flight == FLIGHT_CR_8K ||
           flight == FLIGHT_CR_20K;
}

int raw_write_flight(struct raw_flight *f)
{
    TRY(random_bytes(f, f->server_random, RAW_RANDOM_BYTES));
    TRY(put_server_hello(f));
    TRY(put_early(f));
    TRY(f->flight == FLIGHT_CERT_NONE ? 0 : put_certificate(f));
    TRY(f->flight == FLIGHT_SKE_NONE ? 0 : put_key_exchange(f));
    TRY(has_request(f->flight) ? put_request(f) : 0);
    return put_done(f);
}
