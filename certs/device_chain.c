// SPDX-License-Identifier: MIT
#include "certs/device_chain.h"
#include "base/error.h"
#include "base/when.h"

#include <mbedtls/x509_crt.h>

#include <stdio.h>
#include <string.h>

struct check {
    int64_t utc_s;
    char *why;
    bool has_date_mistake;
};

static int64_t seconds_of(const mbedtls_x509_time *t)
{
    struct civil_date d = {t->year, t->mon, t->day, t->hour, t->min, t->sec};
    return utc_from_civil(&d);
}

static void tell_dates(struct check *check, const mbedtls_x509_crt *crt)
{
    char subject[80];
    char from[32];
    char to[32];
    if (mbedtls_x509_dn_gets(subject, sizeof subject, &crt->subject) < 0) {
        snprintf(subject, sizeof subject, "a certificate with a long name");
    }
    snprintf(check->why, DEVICE_CHAIN_WHY_BYTES, "%s is valid from %s to %s only", subject,
             utc_print(seconds_of(&crt->valid_from) * 1000000, from),
             utc_print(seconds_of(&crt->valid_to) * 1000000, to));
}

// mbedTLS compares dates with the machine's clock; this one is told.
static int on_certificate(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct check *check = context;
    (void)depth;
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    if (check->utc_s < seconds_of(&crt->valid_from)) {
        *flags |= MBEDTLS_X509_BADCERT_FUTURE;
    } else if (check->utc_s > seconds_of(&crt->valid_to)) {
        *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
    } else {
        return 0;
    }
    check->has_date_mistake = true;
    tell_dates(check, crt);
    return 0;
}

static bool read_chain(struct span der, mbedtls_x509_crt *chain, char *why)
{
    size_t count = 0;
    while (der.len > 0) {
        mbedtls_x509_crt *last = chain;
        if (count == DEVICE_CHAIN_CERTS_MOST ||
            mbedtls_x509_crt_parse_der(chain, der.ptr, der.len) != 0) {
            snprintf(why, DEVICE_CHAIN_WHY_BYTES, "certificate %zu of the chain cannot be read",
                     count + 1);
            return false;
        }
        while (last->next) {
            last = last->next;
        }
        der = span_from(der, last->raw.len);
        count++;
    }
    if (count == 0) {
        snprintf(why, DEVICE_CHAIN_WHY_BYTES, "the device sent no certificate");
    }
    return count > 0;
}

static void tell_flags(uint32_t flags, char *why)
{
    char text[DEVICE_CHAIN_WHY_BYTES] = "";
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        snprintf(why, DEVICE_CHAIN_WHY_BYTES,
                 "the chain does not lead to the group's CA; does the device send its "
                 "intermediates, and is this the CA that signed it?");
        return;
    }
    mbedtls_x509_crt_verify_info(text, sizeof text, "", flags);
    text[strcspn(text, "\n")] = '\0';
    snprintf(why, DEVICE_CHAIN_WHY_BYTES, "%s", text);
}

static bool verify(mbedtls_x509_crt *chain, mbedtls_x509_crt *ca, int64_t utc_s, char *why)
{
    struct check check = {.utc_s = utc_s, .why = why};
    uint32_t flags = 0;
    bool is_the_ca =
        chain->raw.len == ca->raw.len && memcmp(chain->raw.p, ca->raw.p, ca->raw.len) == 0;
    if (is_the_ca) {
        snprintf(why, DEVICE_CHAIN_WHY_BYTES, "the device presents the group's CA itself");
        return false;
    }
    int code = mbedtls_x509_crt_verify_with_profile(
        chain, ca, NULL, &mbedtls_x509_crt_profile_default, NULL, &flags, on_certificate, &check);
    if (code == 0) {
        snprintf(why, DEVICE_CHAIN_WHY_BYTES, "the chain leads to the group's CA");
        return true;
    }
    if (!check.has_date_mistake || (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)) {
        tell_flags(flags, why);
    }
    return false;
}

static int read_ca(struct span pem, mbedtls_x509_crt *ca)
{
    struct buf text HR_CLEANUP(buf_deinit); // mbedTLS wants a NUL inside the length
    buf_init(&text, 1 << 20);
    TRY(buf_append(&text, pem));
    if (text.len == 0 || mbedtls_x509_crt_parse(ca, text.data, text.len + 1) != 0 || ca->next) {
        FAIL(ERR_SYNTAX, "the group's CA is not one certificate in PEM");
    }
    return 0;
}

int device_chain_check(struct span chain_der, struct span ca_pem, int64_t utc_s, bool *is_good,
                       char why[DEVICE_CHAIN_WHY_BYTES])
{
    mbedtls_x509_crt chain;
    mbedtls_x509_crt ca;
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&ca);
    *is_good = false;
    why[0] = '\0';
    int code = read_ca(ca_pem, &ca);
    if (code == 0 && read_chain(chain_der, &chain, why)) {
        *is_good = verify(&chain, &ca, utc_s, why);
    }
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&ca);
    return code;
}
