// SPDX-License-Identifier: MIT
// Protected alerts. The library sends those that it finds itself and no others, so the record is made
// here, with the keys of the connection and behind all that it has written: RFC 5246 6.2.3.3, RFC 5288,
// RFC 7905, RFC 8446 5.2. What the library would write after it does not fit any more, so this is only
// for alerts that end a connection.
#include "base/error.h"
#include "simulator/tls/openssl_private.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <string.h>

enum {
    RECORD_ALERT = 21,
    RECORD_APPLICATION_DATA = 23,
    LEVEL_FATAL = 2,
    NONCE_BYTES = 12,
    SALT_BYTES = 4,     // of GCM in TLS 1.2; the rest of the nonce is sent
    EXPLICIT_BYTES = 8,
    TAG_BYTES = 16,
    KEY_BYTES_MOST = 32,
    HEADER_BYTES = 5,
};

struct seal {
    const char *cipher;
    size_t key_bytes;
    bool is_gcm;
    uint8_t key[KEY_BYTES_MOST];
    uint8_t iv[NONCE_BYTES];
};

// ---- keys

static int derive(const char *kdf_name, const OSSL_PARAM *params, uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    int is_good = context ? EVP_KDF_derive(context, out, len, params) : 0;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    ENSURE(is_good == 1, ERR_CRYPTO);
    return 0;
}

static OSSL_PARAM text_param(const char *key, const char *text)
{
    return OSSL_PARAM_construct_utf8_string(key, (char *)(uintptr_t)text, 0);
}

static OSSL_PARAM bytes_param(const char *key, const void *bytes, size_t len)
{
    return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)bytes, len);
}

// HKDF-Expand-Label(secret, label, "", len), RFC 8446 7.1.
static int expand(const struct tls_connection *c, const char *digest, const char *label, uint8_t *out,
                  size_t len)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        text_param(OSSL_KDF_PARAM_DIGEST, digest),
        bytes_param(OSSL_KDF_PARAM_KEY, c->write_secret, c->write_secret_bytes),
        bytes_param(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6),
        bytes_param(OSSL_KDF_PARAM_LABEL, label, strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    return derive("TLS13-KDF", params, out, len);
}

// The key block of AEAD suites: both keys, then both salts or IVs, the client's first (RFC 5246 6.3).
static int expand_block(const struct tls_connection *c, const char *digest, struct seal *s)
{
    static const char label[] = "key expansion";
    uint8_t master[48];
    uint8_t seed[sizeof label - 1 + 64];
    uint8_t block[2 * (KEY_BYTES_MOST + NONCE_BYTES)];
    size_t iv_bytes = s->is_gcm ? SALT_BYTES : NONCE_BYTES;
    size_t master_bytes = SSL_SESSION_get_master_key(SSL_get_session(c->ssl), master, sizeof master);
    memcpy(seed, label, sizeof label - 1);
    SSL_get_server_random(c->ssl, seed + sizeof label - 1, 32);
    SSL_get_client_random(c->ssl, seed + sizeof label - 1 + 32, 32);
    const OSSL_PARAM params[] = {
        text_param(OSSL_KDF_PARAM_DIGEST, digest),
        bytes_param(OSSL_KDF_PARAM_SECRET, master, master_bytes),
        bytes_param(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    int code = derive("TLS1-PRF", params, block, 2 * (s->key_bytes + iv_bytes));
    memcpy(s->key, block + s->key_bytes, s->key_bytes);
    memcpy(s->iv, block + 2 * s->key_bytes + iv_bytes, iv_bytes);
    OPENSSL_cleanse(master, sizeof master);
    OPENSSL_cleanse(block, sizeof block);
    return code;
}

static int make_seal(const struct tls_connection *c, struct seal *s)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(c->ssl);
    const EVP_MD *md = SSL_CIPHER_get_handshake_digest(cipher);
    const char *digest = md ? EVP_MD_get0_name(md) : "";
    switch (SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm:
        *s = (struct seal){.cipher = "AES-128-GCM", .key_bytes = 16, .is_gcm = true};
        break;
    case NID_aes_256_gcm:
        *s = (struct seal){.cipher = "AES-256-GCM", .key_bytes = 32, .is_gcm = true};
        break;
    case NID_chacha20_poly1305:
        *s = (struct seal){.cipher = "ChaCha20-Poly1305", .key_bytes = 32};
        break;
    default:
        FAIL(ERR_TLS, "with this cipher suite the openssl engine makes no alerts of its own");
    }
    if (SSL_version(c->ssl) != TLS1_3_VERSION) {
        return expand_block(c, digest, s);
    }
    ENSURE(c->write_secret_bytes > 0, ERR_TLS); // the keys were changed
    TRY(expand(c, digest, "key", s->key, s->key_bytes));
    return expand(c, digest, "iv", s->iv, sizeof s->iv);
}

// ---- the record

static int encrypt(const struct seal *s, const uint8_t *nonce, struct span head, struct span plain,
                   struct buf *out)
{
    uint8_t sealed[8 + TAG_BYTES];
    int n = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, s->cipher, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool is_good = cipher && context &&
                   EVP_EncryptInit_ex2(context, cipher, s->key, nonce, NULL) == 1 &&
                   EVP_EncryptUpdate(context, NULL, &n, head.ptr, (int)head.len) == 1 &&
                   EVP_EncryptUpdate(context, sealed, &n, plain.ptr, (int)plain.len) == 1 &&
                   EVP_EncryptFinal_ex(context, sealed + plain.len, &n) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, sealed + plain.len) == 1;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    ENSURE(is_good, ERR_CRYPTO);
    return buf_append(out, span_of(sealed, plain.len + TAG_BYTES));
}

static void store_u64(uint8_t out[8], uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8) {
        out[i] = (uint8_t)v;
    }
}

static int put_header(struct buf *out, uint8_t type, size_t len)
{
    TRY(buf_append_u8(out, type));
    TRY(buf_append_u16be(out, TLS1_2_VERSION));
    return buf_append_u16be(out, (uint16_t)len);
}

// IV and sequence number, RFC 8446 5.3 and RFC 7905 2.
static void mix_nonce(const struct seal *s, uint64_t sequence, uint8_t nonce[NONCE_BYTES])
{
    uint8_t counter[8];
    store_u64(counter, sequence);
    memcpy(nonce, s->iv, NONCE_BYTES);
    for (size_t i = 0; i < sizeof counter; i++) {
        nonce[NONCE_BYTES - sizeof counter + i] ^= counter[i];
    }
}

static int put_13(const struct tls_connection *c, const struct seal *s, uint8_t code, struct buf *out)
{
    const uint8_t plain[] = {LEVEL_FATAL, code, RECORD_ALERT};
    uint8_t nonce[NONCE_BYTES];
    size_t began = out->len;
    mix_nonce(s, c->records_written, nonce);
    TRY(put_header(out, RECORD_APPLICATION_DATA, sizeof plain + TAG_BYTES));
    uint8_t head[HEADER_BYTES];
    memcpy(head, out->data + began, sizeof head);
    return encrypt(s, nonce, span_of(head, sizeof head), span_of(plain, sizeof plain), out);
}

static int put_12(const struct tls_connection *c, const struct seal *s, uint8_t code, struct buf *out)
{
    const uint8_t plain[] = {LEVEL_FATAL, code};
    uint8_t head[8 + HEADER_BYTES] = {[8] = RECORD_ALERT, 3, 3, 0, sizeof plain};
    uint8_t nonce[NONCE_BYTES];
    size_t explicit_bytes = s->is_gcm ? EXPLICIT_BYTES : 0;
    store_u64(head, c->records_written);
    mix_nonce(s, c->records_written, nonce);
    TRY(put_header(out, RECORD_ALERT, explicit_bytes + sizeof plain + TAG_BYTES));
    if (s->is_gcm) { // any that the library has not used: its own count up from a random number
        ENSURE(RAND_bytes(nonce + SALT_BYTES, EXPLICIT_BYTES) == 1, ERR_CRYPTO);
        TRY(buf_append(out, span_of(nonce + SALT_BYTES, EXPLICIT_BYTES)));
    }
    return encrypt(s, nonce, span_of(head, sizeof head), span_of(plain, sizeof plain), out);
}

int openssl_send_alert(struct tls_connection *c, bool is_fatal, uint8_t code)
{
    struct seal s;
    ENSURE(c->state == TLS_OPEN, ERR_TLS);
    if (!is_fatal) {
        ENSURE(code == SSL_AD_CLOSE_NOTIFY, ERR_TLS);
        SSL_shutdown(c->ssl);
        return 0;
    }
    TRY(make_seal(c, &s));
    bool is_13 = SSL_version(c->ssl) == TLS1_3_VERSION;
    int result = is_13 ? put_13(c, &s, code, &c->output) : put_12(c, &s, code, &c->output);
    OPENSSL_cleanse(&s, sizeof s);
    SSL_set_quiet_shutdown(c->ssl, 1);
    return result;
}

// ---- what the library has written

void openssl_note_message(int is_written, int version, int type, const void *bytes, size_t len,
                          SSL *ssl, void *context)
{
    struct tls_connection *c = SSL_get_app_data(ssl);
    const uint8_t *at = bytes;
    (void)context;
    if (!is_written || !c) {
        return;
    }
    bool is_13 = version == TLS1_3_VERSION;
    if (type == SSL3_RT_HEADER) {
        c->records_written++;
    } else if (type == SSL3_RT_CHANGE_CIPHER_SPEC && !is_13) {
        c->records_written = 0;
    } else if (type == SSL3_RT_HANDSHAKE && is_13 && len > 0 && at[0] == SSL3_MT_FINISHED) {
        c->records_written = 0;
    } else if (type == SSL3_RT_HANDSHAKE && is_13 && len > 0 && at[0] == SSL3_MT_KEY_UPDATE) {
        OPENSSL_cleanse(c->write_secret, sizeof c->write_secret);
        c->write_secret_bytes = 0; // the next ones are the library's
    }
}

// "SERVER_TRAFFIC_SECRET_0 RANDOM SECRET"
void openssl_keep_secret(struct tls_connection *c, const char *line)
{
    static const char label[] = "SERVER_TRAFFIC_SECRET_0 ";
    const char *last = strrchr(line, ' ');
    size_t len = 0;
    if (strncmp(line, label, sizeof label - 1) == 0 && last &&
        OPENSSL_hexstr2buf_ex(c->write_secret, sizeof c->write_secret, &len, last + 1, '\0') == 1) {
        c->write_secret_bytes = len;
    }
}
