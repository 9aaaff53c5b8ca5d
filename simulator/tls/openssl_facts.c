// SPDX-License-Identifier: MIT
// What becomes known of a connection: version, suite, the device's certificate, alerts, secrets,
// and why it failed.
#include "base/error.h"
#include "base/hash.h"
#include "base/when.h"
#include "simulator/tls/openssl_private.h"
#include "simulator/tls/suite.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

void openssl_note_alert(const SSL *ssl, int where, int value)
{
    struct tls_connection *c = SSL_get_app_data(ssl);
    if (!(where & SSL_CB_ALERT)) {
        return;
    }
    struct tls_alert alert = {true, value >> 8 == SSL3_AL_FATAL, (uint8_t)(value & 0xFF)};
    if (where & SSL_CB_READ) {
        c->facts.from_device = alert;
    } else if (alert.is_fatal) { // close_notify is the ordinary end
        c->facts.from_hub = alert;
    }
}

// TLS 1.3 gives its secrets one by one; without memory the capture stays encrypted.
void openssl_note_secret(const SSL *ssl, const char *line)
{
    struct tls_connection *c = SSL_get_app_data(ssl);
    openssl_keep_secret(c, line);
    if (!c->server->wants_key_log || c->state != TLS_HANDSHAKING ||
        buf_printf(&c->key_log, "%s%s", c->key_log.len ? "\n" : "", line) < 0) {
        return;
    }
    c->facts.key_log = buf_text(&c->key_log);
}

// ---- the device's certificate

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1) {
        return 0;
    }
    struct civil_date d = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                           tm.tm_hour,        tm.tm_min,     tm.tm_sec};
    return utc_from_civil(&d);
}

static void copy_common_name(const X509 *crt, char *out, size_t capacity)
{
    const X509_NAME *name = X509_get_subject_name(crt);
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        struct span text = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
        if (text.len > 0 && !memchr(text.ptr, 0, text.len)) {
            span_copy_text(text, out, capacity);
        }
    }
}

static int append_der(X509 *crt, struct buf *out)
{
    int len = i2d_X509(crt, NULL);
    ENSURE(len > 0, ERR_CRYPTO);
    TRY(buf_reserve(out, (size_t)len));
    uint8_t *at = out->data + out->len;
    ENSURE(i2d_X509(crt, &at) == len, ERR_CRYPTO);
    out->len += (size_t)len;
    return 0;
}

// A resumed session remembers the leaf alone.
static int copy_chain(struct tls_connection *c, X509 *leaf)
{
    struct peer_certificate *p = &c->facts.certificate;
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(c->ssl); // of a server: without the leaf
    size_t lens[PEER_CHAIN_MOST];
    size_t count = 0;
    for (int i = -1; i < (chain ? sk_X509_num(chain) : 0) && count < PEER_CHAIN_MOST; i++) {
        size_t before = c->peer_der.len;
        TRY(append_der(i < 0 ? leaf : sk_X509_value(chain, i), &c->peer_der));
        lens[count++] = c->peer_der.len - before;
    }
    size_t at = 0;
    for (p->chain_count = 0; p->chain_count < count; p->chain_count++) {
        p->chain_der[p->chain_count] = span_slice(buf_span(&c->peer_der), at, lens[p->chain_count]);
        at += lens[p->chain_count];
    }
    return 0;
}

static int note_certificate(struct tls_connection *c)
{
    X509 *leaf = SSL_get0_peer_certificate(c->ssl);
    struct peer_certificate *p = &c->facts.certificate;
    if (!leaf) {
        return 0;
    }
    TRY(copy_chain(c, leaf));
    TRY(hash_sha1(p->chain_der[0], p->sha1));
    TRY(hash_sha256(p->chain_der[0], p->sha256));
    p->not_before_s = seconds_of(X509_get0_notBefore(leaf));
    p->not_after_s = seconds_of(X509_get0_notAfter(leaf));
    p->is_ca = (X509_get_extension_flags(leaf) & EXFLAG_CA) != 0;
    copy_common_name(leaf, p->common_name, sizeof p->common_name);
    c->facts.has_certificate = true;
    return 0;
}

// As the device asked (RFC 6066 4), which the library obeys; else all that a record can hold.
static size_t record_bytes_of(SSL *ssl)
{
    const SSL_SESSION *session = SSL_get_session(ssl);
    unsigned code = session ? SSL_SESSION_get_max_fragment_length(session) : TLSEXT_max_fragment_length_DISABLED;
    return code == TLSEXT_max_fragment_length_DISABLED ? SSL3_RT_MAX_PLAIN_LENGTH : (size_t)256 << code;
}

int openssl_note_open(struct tls_connection *c)
{
    char scratch[16];
    const SSL_CIPHER *cipher = SSL_get_current_cipher(c->ssl);
    const struct tls_suite *row = tls_suite_find(SSL_CIPHER_get_protocol_id(cipher));
    const char *version = tls_version_name((uint16_t)SSL_version(c->ssl), scratch);
    c->facts.version = version == scratch ? SSL_get_version(c->ssl) : version;
    c->facts.suite = row ? row->name : SSL_CIPHER_get_name(cipher);
    c->facts.is_resumed = SSL_session_reused(c->ssl) == 1;
    c->facts.record_bytes = record_bytes_of(c->ssl);
    c->facts.has_all_secrets = true;
    TRY(note_certificate(c));
    if (c->input.len == 0) {
        buf_deinit(&c->input);
    }
    c->state = TLS_OPEN;
    return 0;
}

// ---- failures

struct failure_row {
    int reason;
    const char *sentence;
};

// The same sentences as the mbedTLS engine has.
static const struct failure_row failures[] = {
    {SSL_R_NO_SHARED_CIPHER,
     "no common cipher suite, curve or signature hash; the hub takes ECDHE with AES-GCM or "
     "AES-CBC-SHA256/384"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "no common curve"},
    {SSL_R_NO_SHARED_GROUPS, "no common curve"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no common signature algorithm"},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "no common signature algorithm"},
    {SSL_R_WRONG_VERSION_NUMBER, "a record could not be read"},
    {SSL_R_UNKNOWN_PROTOCOL, "a record could not be read"},
    {SSL_R_HTTP_REQUEST, "a record could not be read"},
    {SSL_R_BAD_RECORD_TYPE, "a record could not be read"},
    {SSL_R_BAD_LENGTH, "a record could not be read"},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "a record could not be read"},
    {SSL_R_DATA_LENGTH_TOO_LONG, "a record could not be read"},
    {SSL_R_PACKET_LENGTH_TOO_LONG, "a record could not be read"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a record failed its integrity check"},
    {SSL_R_BAD_SIGNATURE, "the client's key does not fit its certificate"},
    {SSL_R_UNEXPECTED_MESSAGE, "a message came out of order"},
    {SSL_R_UNEXPECTED_RECORD, "a message came out of order"},
    {SSL_R_CCS_RECEIVED_EARLY, "a message came out of order"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
     "the device sent no certificate, and this hub demands one"},
    {SSL_R_DIGEST_CHECK_FAILED, "the handshake's checksum does not fit: a message was changed"},
};

void openssl_note_failure(struct tls_connection *c)
{
    char *why = c->facts.why;
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    const char *text = ERR_reason_error_string(error);
    snprintf(why, sizeof c->facts.why, "OpenSSL: %s", text ? text : "no reason given");
    if (SSL_get_state(c->ssl) == TLS_ST_BEFORE || SSL_get_state(c->ssl) == TLS_ST_SR_CLNT_HELLO) {
        snprintf(why, sizeof c->facts.why, "the ClientHello could not be read: %s",
                 text ? text : "no reason given");
    }
    for (size_t i = 0; i < HR_COUNT_OF(failures) && ERR_GET_LIB(error) == ERR_LIB_SSL; i++) {
        if (failures[i].reason == reason) {
            span_copy_text(span_text(failures[i].sentence), why, sizeof c->facts.why);
        }
    }
    if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
        (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_VERSION_TOO_LOW)) {
        span_copy_text(span_text(c->server->no_version), why, sizeof c->facts.why);
    }
    if (c->facts.from_device.is_seen && c->facts.from_device.is_fatal) {
        span_copy_text(SPAN_LITERAL("the device sent a fatal alert"), why, sizeof c->facts.why);
    }
    c->facts.has_all_secrets = true;
    ERR_clear_error();
}
