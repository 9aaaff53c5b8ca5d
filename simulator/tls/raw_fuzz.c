// SPDX-License-Identifier: MIT
// The first byte chooses a flight, the rest is what a device says, at once and byte by byte: both
// must end alike.
#include "base/error.h"
#include "simulator/tls/raw.h"

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fake_random(void *world, void *out, size_t len)
{
    static uint32_t state = 1; // differs from call to call, as key generation wants it
    (void)world;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525 + 1013904223;
        ((uint8_t *)out)[i] = (uint8_t)(state >> 24);
    }
    return 0;
}

static int fake_random_of_mbedtls(void *context, unsigned char *out, size_t len)
{
    return fake_random(context, out, len);
}

static struct tls_server *server;

static void open_server(void)
{
    static unsigned char pem[1000];
    static struct env env = {.random = fake_random};
    const struct span der = SPAN_LITERAL("no certificate at all");
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    if (mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0 ||
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), fake_random_of_mbedtls,
                            NULL) != 0 ||
        mbedtls_pk_write_key_pem(&key, pem, sizeof pem) != 0) {
        abort();
    }
    const struct tls_server_settings settings = {.sent_der = &der,
                                                 .sent_count = 1,
                                                 .key_pem = span_text((char *)pem),
                                                 .chain_name = "fuzz",
                                                 .env = &env};
    if (tls_engine_raw.server_new(&settings, &server) < 0) {
        abort();
    }
    mbedtls_pk_free(&key);
}

static struct tls_judgement judge(enum flight flight, struct span bytes, size_t step_bytes)
{
    struct tls_connection *c = NULL;
    if (tls_engine_raw.connection_new(server, &c) < 0) {
        abort();
    }
    raw_choose_flight(c, flight);
    for (size_t at = 0; at < bytes.len; at += step_bytes) {
        if (tls_engine_raw.feed(c, span_slice(bytes, at, step_bytes)) < 0) {
            break;
        }
        tls_engine_raw.step(c);
        buf_clear(tls_engine_raw.output(c));
    }
    struct tls_judgement seen = tls_engine_raw.facts(c)->judgement;
    tls_engine_raw.connection_free(c);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    if (!server) {
        open_server();
    }
    enum flight flight = (enum flight)(data[0] % FLIGHT_COUNT);
    struct span bytes = span_of(data + 1, size - 1);
    struct tls_judgement whole = judge(flight, bytes, size);
    struct tls_judgement parts = judge(flight, bytes, 1);
    if (whole.is_possible != parts.is_possible || whole.is_accepted != parts.is_accepted ||
        strcmp(whole.next, parts.next) != 0) {
        fprintf(stderr, "at once: %d %d %s, byte by byte: %d %d %s\n", whole.is_possible,
                whole.is_accepted, whole.next, parts.is_possible, parts.is_accepted, parts.next);
        abort();
    }
    return 0;
}
