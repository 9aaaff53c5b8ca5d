// SPDX-License-Identifier: MIT
// CA certificates of the hub, and devices that are judged by them.
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/access.h"
#include "simulator/hub/hub_private.h"

#include <stdlib.h>
#include <string.h>

enum { CHALLENGE_BYTES = 24 };

static struct hub_ca *find_ca(const struct hub *hub, const char *name)
{
    for (size_t i = 0; i < hub->ca_count; i++) {
        if (strcmp(hub->cas[i].name, name) == 0) {
            return (struct hub_ca *)&hub->cas[i];
        }
    }
    return NULL;
}

static int need_ca(const struct hub *hub, const char *name, struct hub_ca **out)
{
    *out = find_ca(hub, name);
    if (!*out) {
        FAIL(ERR_UNKNOWN_NAME, "the hub has no CA certificate named '%s'", name);
    }
    return 0;
}

static void emit_ca(const struct hub *hub, const struct hub_ca *ca)
{
    EMIT(hub->journal, HUB_CA, 0, NULL, F_TEXT("name", ca->name),
         F_BOOL("verified", ca->is_verified));
}

int hub_add_ca(struct hub *hub, const char *name, struct span der, bool is_verified)
{
    char common_name[256];
    if (!hub->settings.crypto) {
        FAIL(ERR_VALUE, "this hub was made without X.509 and takes no CA certificate");
    }
    if (!hub_label_is_valid(name)) {
        FAIL(ERR_VALUE, "'%s' is no name of a CA certificate: 1 to %d letters, digits and -._",
             name, HUB_LABEL_BYTES_MOST);
    }
    if (find_ca(hub, name)) {
        FAIL(ERR_IN_USE, "a CA certificate named %s exists already", name);
    }
    if (hub->ca_count == HUB_CAS_MOST) {
        FAIL(ERR_LIMIT, "a hub has at most %d CA certificates", HUB_CAS_MOST);
    }
    if (der.len > HUB_CA_DER_BYTES_MOST ||
        hub->settings.crypto->common_name(der, common_name, sizeof common_name) < 0) {
        FAIL(ERR_VALUE, "CA certificate %s is not an X.509 certificate in DER", name);
    }
    uint8_t *copy = malloc(der.len);
    ENSURE(copy != NULL, ERR_NO_MEMORY);
    memcpy(copy, der.ptr, der.len);
    struct hub_ca *ca = &hub->cas[hub->ca_count++];
    *ca = (struct hub_ca){.der = span_of(copy, der.len), .is_verified = is_verified};
    span_copy_text(span_text(name), ca->name, sizeof ca->name);
    emit_ca(hub, ca);
    return 0;
}

int hub_challenge_ca(struct hub *hub, const char *name, char out[HUB_CHALLENGE_BYTES])
{
    uint8_t bytes[CHALLENGE_BYTES];
    struct hub_ca *ca = NULL;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, HUB_CHALLENGE_BYTES);
    TRY(need_ca(hub, name, &ca));
    TRY(hub->env->random(hub->env->world, bytes, sizeof bytes));
    TRY(hex_encode(span_of(bytes, sizeof bytes), &text));
    span_copy_text(buf_span(&text), ca->challenge, sizeof ca->challenge);
    memcpy(out, ca->challenge, sizeof ca->challenge);
    return 0;
}

int hub_verify_ca(struct hub *hub, const char *name, struct span proof_der)
{
    struct cert_judgement judgement;
    struct hub_ca *ca = NULL;
    char common_name[HUB_CHALLENGE_BYTES];
    const struct hub_crypto *crypto = hub->settings.crypto;
    TRY(need_ca(hub, name, &ca));
    if (!ca->challenge[0]) {
        FAIL(ERR_VALUE, "no challenge was asked for CA certificate %s", name);
    }
    if (crypto->common_name(proof_der, common_name, sizeof common_name) < 0 ||
        strcmp(common_name, ca->challenge) != 0) {
        FAIL(ERR_VALUE, "the proof for %s must be a certificate whose CN is the challenge %s", name,
             ca->challenge);
    }
    TRY(crypto->chain_leads_to(&proof_der, 1, &ca->der, 1, hub_utc_us(hub) / 1000000, &judgement));
    if (judgement.verdict != CERT_TRUSTED) {
        FAIL(ERR_VALUE, "the proof for %s is not signed by that CA: %s", name, judgement.why);
    }
    ca->is_verified = true;
    ca->challenge[0] = '\0';
    emit_ca(hub, ca);
    return 0;
}

int hub_remove_ca(struct hub *hub, const char *name)
{
    struct hub_ca *ca = NULL;
    TRY(need_ca(hub, name, &ca));
    free((void *)ca->der.ptr);
    *ca = hub->cas[--hub->ca_count];
    return 0;
}

bool hub_ca_is_verified(const struct hub *hub, const char *name)
{
    const struct hub_ca *ca = find_ca(hub, name);
    return ca && ca->is_verified;
}

void hub_free_cas(struct hub *hub)
{
    while (hub->ca_count > 0) {
        free((void *)hub->cas[--hub->ca_count].der.ptr);
    }
}
