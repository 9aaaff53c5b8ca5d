// SPDX-License-Identifier: MIT
// Two requests for a certificate, the second while the first is active, and their answers.
#include "base/error.h"
#include "simulator/hub/renewal.h"

#include <jansson.h>
#include <stdlib.h>

static int issue(void *context, struct span csr_der, const char *common_name, int64_t from_s,
                 int64_t to_s, struct buf chain[RENEWAL_CHAIN_COUNT])
{
    (void)context;
    (void)common_name;
    if (from_s >= to_s || csr_der.len > 100) {
        return error_set(ERR_VALUE, "no good");
    }
    for (size_t i = 0; i < RENEWAL_CHAIN_COUNT; i++) {
        TRY(buf_append(&chain[i], csr_der));
    }
    return 0;
}

// Whatever was asked for, the answer is JSON.
static void check(const struct renewal_answer *answer)
{
    json_t *root = json_loadb(buf_text(&answer->body), answer->body.len, 0, NULL);
    if (!json_is_object(root) || answer->status < 200) {
        __builtin_trap();
    }
    json_decref(root);
}

static void request(struct hub *hub, const struct identity *identity, struct span rid,
                    struct span body)
{
    struct renewal_answer answer;
    renewal_answer_init(&answer);
    if (hub_renewal_request(hub, identity, rid, body, &answer) == 0) {
        check(&answer);
    }
    renewal_answer_deinit(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_world fake = {.utc_us = INT64_C(1795168980000000)};
    struct env env = env_fake(&fake);
    struct hub_settings settings;
    const struct identity wanted = {.name = "d",
                                    .primary_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
    const struct hub_issuer issuer = {NULL, issue};
    struct renewal_answer last;
    hub_settings_init(&settings, "h");
    struct journal *journal = journal_new(&env);
    struct hub *hub = hub_new(&settings, &env, journal);
    if (hub_add_identity(hub, &wanted) < 0) {
        __builtin_trap();
    }
    hub_set_issuer(hub, &issuer);
    const struct identity *identity = hub_find_identity(hub, SPAN_LITERAL("d"));
    struct span second;
    struct span first = span_cut(span_of(data, size), '\n', &second);
    struct span rid = span_cut(second, '\n', &second);
    request(hub, identity, rid, first);
    request(hub, identity, SPAN_LITERAL("1234"), second);
    fake.mono_us += 1000000;
    hub_tick(hub);
    if (hub_renewal_take(hub, identity, &last)) {
        check(&last);
        renewal_answer_deinit(&last);
    }
    hub_free(hub);
    journal_free(journal);
    return 0;
}
