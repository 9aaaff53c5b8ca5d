// SPDX-License-Identifier: MIT
// One chain with its policy, in mbedTLS terms.
#include "base/error.h"
#include "simulator/tls/ca_name.h"
#include "simulator/tls/mbedtls_private.h"
#include "simulator/tls/suite.h"

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICKET_LIFE_S = 86400, TICKET_NAME_BYTES = 4, TICKET_KEY_BITS = 256 };

static int random_bytes(void *context, unsigned char *out, size_t len)
{
    struct tls_server *server = context;
    return server->env.random(server->env.world, out, len) == 0 ? 0
                                                                : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int parse_key(const struct tls_server_settings *settings, mbedtls_pk_context *out)
{
    struct buf text HR_CLEANUP(buf_wipe); // mbedTLS wants a NUL inside the length
    buf_init(&text, 1 << 20);
    TRY(buf_append(&text, settings->key_pem));
    int code = mbedtls_pk_parse_key(out, text.data, text.len + 1, NULL, 0);
    if (code != 0) {
        FAIL(ERR_CRYPTO, "mbedTLS cannot read the key of chain %s (-0x%04x)", settings->chain_name,
             (unsigned)-code);
    }
    return 0;
}

static int copy_bytes(struct span bytes, mbedtls_x509_buf *out)
{
    out->p = calloc(1, bytes.len + 1);
    ENSURE(out->p != NULL, ERR_NO_MEMORY);
    memcpy(out->p, bytes.ptr, bytes.len);
    out->len = bytes.len;
    return 0;
}

// The certificates are sent as they are and never parsed: a hub must be able to present what no
// library would load, and the library's own rules on key usage must not hold it back. A handshake
// needs only the bytes of each and the public key of the first.
static int load_chain(struct tls_server *server, const struct tls_server_settings *settings)
{
    mbedtls_x509_crt *crt = &server->chain;
    for (size_t i = 0; i < settings->sent_count; i++) {
        if (i > 0) {
            crt->next = calloc(1, sizeof *crt->next);
            ENSURE(crt->next != NULL, ERR_NO_MEMORY);
            crt = crt->next;
            mbedtls_x509_crt_init(crt);
        }
        TRY(copy_bytes(settings->sent_der[i], &crt->raw));
        crt->own_buffer = 1;
        crt->version = 3;
    }
    TRY(parse_key(settings, &server->chain.pk));
    return parse_key(settings, &server->key);
}

static int note_secret(void *context, const unsigned char *master, const unsigned char *keys,
                       size_t mac_bytes, size_t key_bytes, size_t iv_bytes,
                       const unsigned char client_random[32], const unsigned char server_random[32],
                       mbedtls_tls_prf_types prf)
{
    (void)context, (void)keys, (void)mac_bytes, (void)key_bytes, (void)iv_bytes;
    (void)server_random, (void)prf;
    mbed_note_master_secret(master, client_random);
    return 0;
}

// ---- the policy

static int choose_suites(struct tls_server *server)
{
    char scratch[16];
    uint16_t wanted[TLS_POLICY_SUITES_MOST];
    size_t count = tls_policy_suites(&server->policy, false, wanted);
    for (size_t i = 0; i < count; i++) {
        if (!mbedtls_ssl_ciphersuite_from_id(wanted[i])) {
            FAIL(ERR_VALUE, "the mbedtls engine has no %s", tls_suite_name(wanted[i], scratch));
        }
        server->suites[i] = wanted[i];
    }
    mbedtls_ssl_conf_ciphersuites(&server->config, server->suites);
    return 0;
}

static int choose_curves(struct tls_server *server)
{
    char scratch[16];
    uint16_t wanted[TLS_POLICY_GROUPS_MOST];
    size_t count = tls_policy_groups(&server->policy, wanted);
    for (size_t i = 0; i < count; i++) {
        const mbedtls_ecp_curve_info *info = mbedtls_ecp_curve_info_from_tls_id(wanted[i]);
        if (wanted[i] != 29 && !info) {
            FAIL(ERR_VALUE, "the mbedtls engine has no curve %s",
                 tls_group_name(wanted[i], scratch));
        }
        server->curves[i] = info ? info->grp_id : MBEDTLS_ECP_DP_CURVE25519;
    }
    server->curves[count] = MBEDTLS_ECP_DP_NONE;
    mbedtls_ssl_conf_curves(&server->config, server->curves);
    return 0;
}

static int choose_versions(struct tls_server *server)
{
    uint16_t least = tls_policy_least(&server->policy);
    uint16_t most = tls_policy_most(&server->policy);
    if (most > 0x0303) {
        FAIL(ERR_VALUE, "the mbedtls engine ends at TLS 1.2; for TLS 1.3 use openssl or auto");
    }
    mbedtls_ssl_conf_min_version(&server->config, least >> 8, least & 0xFF);
    mbedtls_ssl_conf_max_version(&server->config, most >> 8, most & 0xFF);
    return tls_policy_tell_versions(&server->policy, server->no_version);
}

// ---- client certificates

// The hub judges certificates by its own rules, so that the library finds nothing wrong with any.
static int take_any(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    (void)context, (void)crt, (void)depth;
    *flags = 0;
    return 0;
}

static int make_cas(struct tls_server *server)
{
    mbedtls_x509_crt **at = &server->cas;
    size_t count = server->policy.ca_count;
    for (size_t i = 0; i < count || i == 0; i++) { // one without a name makes `required` work
        struct buf name HR_CLEANUP(buf_deinit);
        buf_init(&name, 200);
        TRY(ca_name_make(i + 1, &name));
        *at = calloc(1, sizeof **at);
        ENSURE(*at != NULL, ERR_NO_MEMORY);
        mbedtls_x509_crt_init(*at);
        (*at)->version = 3;
        (*at)->own_buffer = 1;
        TRY(copy_bytes(buf_span(&name), &(*at)->raw));
        (*at)->subject_raw = (*at)->raw;
        at = &(*at)->next;
    }
    return 0;
}

static int ask_for_certificates(struct tls_server *server)
{
    static const int modes[] = {
        [TLS_CLIENT_CERTIFICATE_OPTIONAL] = MBEDTLS_SSL_VERIFY_OPTIONAL,
        [TLS_CLIENT_CERTIFICATE_REQUIRED] = MBEDTLS_SSL_VERIFY_REQUIRED,
        [TLS_CLIENT_CERTIFICATE_NONE] = MBEDTLS_SSL_VERIFY_NONE,
    };
    mbedtls_ssl_config *config = &server->config;
    mbedtls_ssl_conf_authmode(config, modes[server->policy.client_certificate]);
    mbedtls_ssl_conf_verify(config, take_any, NULL);
    TRY(make_cas(server));
    mbedtls_ssl_conf_ca_chain(config, server->cas, NULL);
    mbedtls_ssl_conf_cert_req_ca_list(config, server->policy.ca_count
                                                  ? MBEDTLS_SSL_CERT_REQ_CA_LIST_ENABLED
                                                  : MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
    return 0;
}

// ---- session tickets

static int read_ticket(void *context, mbedtls_ssl_session *session, unsigned char *ticket,
                       size_t len)
{
    struct tls_server *server = context;
    if (server->policy.tickets == TLS_TICKETS_REFUSED) {
        return MBEDTLS_ERR_SSL_INVALID_MAC;
    }
    int code = mbedtls_ssl_ticket_parse(&server->tickets, session, ticket, len);
    if (code == 0) {
        mbed_note_resumed();
    }
    return code;
}

static int write_ticket(void *context, const mbedtls_ssl_session *session, unsigned char *start,
                        const unsigned char *end, size_t *len, uint32_t *lifetime_s)
{
    struct tls_server *server = context;
    return mbedtls_ssl_ticket_write(&server->tickets, session, start, end, len, lifetime_s);
}

// The library makes ticket keys of its own; ours replace them, so that servers share tickets.
static int set_up_tickets(struct tls_server *server, struct span secret)
{
    if (server->policy.tickets == TLS_TICKETS_OFF) {
        return 0;
    }
    ENSURE(secret.len >= TLS_TICKET_SECRET_BYTES, ERR_INTERNAL);
    ENSURE(mbedtls_ssl_ticket_setup(&server->tickets, random_bytes, server,
                                    MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFE_S) == 0,
           ERR_CRYPTO);
    mbedtls_ssl_ticket_key *key = &server->tickets.keys[server->tickets.active];
    memcpy(key->name, secret.ptr, TICKET_NAME_BYTES);
    ENSURE(mbedtls_cipher_setkey(&key->ctx, secret.ptr + TICKET_NAME_BYTES, TICKET_KEY_BITS,
                                 MBEDTLS_ENCRYPT) == 0,
           ERR_CRYPTO);
    mbedtls_ssl_conf_session_tickets_cb(&server->config, write_ticket, read_ticket, server);
    return 0;
}

// ---- the server

static int configure(struct tls_server *server, struct span ticket_secret)
{
    mbedtls_ssl_config *config = &server->config;
    ENSURE(mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT) == 0,
           ERR_CRYPTO);
    mbedtls_ssl_conf_rng(config, random_bytes, server);
    TRY(choose_versions(server));
    TRY(choose_suites(server));
    TRY(choose_curves(server));
    TRY(ask_for_certificates(server));
    TRY(set_up_tickets(server, ticket_secret));
    if (server->wants_key_log) {
        mbedtls_ssl_conf_export_keys_ext_cb(config, note_secret, NULL);
    }
    ENSURE(mbedtls_ssl_conf_own_cert(config, &server->chain, &server->key) == 0, ERR_CRYPTO);
    server->renegotiating = *config;
    mbedtls_ssl_conf_renegotiation(&server->renegotiating, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
    mbedtls_ssl_conf_renegotiation_enforced(&server->renegotiating,
                                            MBEDTLS_SSL_RENEGOTIATION_NOT_ENFORCED);
    return 0;
}

void mbed_server_release(struct tls_server *server)
{
    if (!server || atomic_fetch_sub(&server->users, 1) > 1) {
        return;
    }
    mbedtls_ssl_config_free(&server->config);
    mbedtls_ssl_ticket_free(&server->tickets);
    mbedtls_x509_crt_free(&server->chain);
    if (server->cas) {
        mbedtls_x509_crt_free(server->cas);
        free(server->cas);
    }
    mbedtls_pk_free(&server->key);
    free(server);
}

int mbed_server_new(const struct tls_server_settings *settings, struct tls_server **out)
{
    struct tls_server *server = calloc(1, sizeof *server);
    ENSURE(server != NULL, ERR_NO_MEMORY);
    atomic_init(&server->users, 1);
    server->env = *settings->env;
    server->policy = settings->policy;
    server->wants_key_log = settings->wants_key_log;
    span_copy_text(span_text(settings->chain_name), server->chain_name, sizeof server->chain_name);
    mbedtls_ssl_config_init(&server->config);
    mbedtls_ssl_ticket_init(&server->tickets);
    mbedtls_x509_crt_init(&server->chain);
    mbedtls_pk_init(&server->key);
    int code = load_chain(server, settings);
    if (code == 0) {
        code = configure(server, settings->ticket_secret);
    }
    if (code < 0) {
        mbed_server_release(server);
        return code;
    }
    *out = server;
    return 0;
}
