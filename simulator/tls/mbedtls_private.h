// SPDX-License-Identifier: MIT
// What the two files of the mbedTLS engine share: mbedtls_server.c (chain and policy) and mbedtls.c
// (connections).
#pragma once
#include "simulator/tls/engine.h"

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <stdatomic.h>

struct tls_server {
    atomic_int users;
    struct env env;
    char chain_name[96];
    char no_version[80]; // what a device without a common version is told
    struct tls_policy policy;
    bool wants_key_log;
    int suites[TLS_POLICY_SUITES_MOST + 1];
    mbedtls_ecp_group_id curves[TLS_POLICY_GROUPS_MOST + 1];
    mbedtls_ssl_config config;
    mbedtls_ssl_config renegotiating; // shares what `config` owns; for connections that were asked
    mbedtls_x509_crt chain;
    mbedtls_x509_crt *cas; // names alone, for the request for a client certificate
    mbedtls_pk_context key;
    mbedtls_ssl_ticket_context tickets;
};

int mbed_server_new(const struct tls_server_settings *settings,
                    struct tls_server **out) HR_NODISCARD;
void mbed_server_release(struct tls_server *server);

// The library hands what follows to the configuration, not to the connection; mbedtls.c knows whose
// step is under way in this thread.
void mbed_note_master_secret(const uint8_t master[48], const uint8_t client_random[32]);
void mbed_note_resumed(void);
