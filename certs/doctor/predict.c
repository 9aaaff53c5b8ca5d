// SPDX-License-Identifier: MIT
#include "certs/doctor/predict.h"
#include "certs/doctor/case.h"

#define OF(root) (1u << (root))

static const int64_t time_overflow_s = INT64_C(2147483647);

const struct hub_chain hub_chains[] = {
    // 2020-07-21 .. 2024-10-08, shown until the move of 2023
    {"Microsoft RSA TLS CA 01 (until 2023)", OF(CLOUD_PUBLIC), OF(ROOT_BALTIMORE),
     INT64_C(1595372400), INT64_C(1728370800), INT64_C(1697328000), false},
    // 2023-06-08 .. 2026-08-25 23:59:59
    {"Microsoft Azure RSA TLS Issuing CA 04 (2023 to 2026)", OF(CLOUD_PUBLIC), OF(ROOT_G2),
     INT64_C(1686182400), INT64_C(1787702399), INT64_C(1787702399), false},
    // 2025-08-01 20:03 .. 2029-06-03 20:03
    {"Microsoft TLS G2 RSA CA OCSP (since 2025)", OF(CLOUD_PUBLIC), OF(ROOT_G2),
     INT64_C(1754078580), INT64_C(1875211380), INT64_C(1875211380), false},
    {"Microsoft Azure ECC TLS Issuing CA 03 (2023 to 2026)", OF(CLOUD_PUBLIC), OF(ROOT_G3),
     INT64_C(1686182400), INT64_C(1787702399), INT64_C(1787702399), true},
    // the dates of the sovereign clouds' issuing CAs are not published: those of their roots
    {"Government and China chain below DigiCert Global Root CA", OF(CLOUD_CHINA) | OF(CLOUD_GOV),
     OF(ROOT_G1), INT64_C(1163116800), INT64_C(1952035200), INT64_C(1952035200), false},
    {"Government and China chain below DigiCert Global Root G2", OF(CLOUD_CHINA) | OF(CLOUD_GOV),
     OF(ROOT_G2), INT64_C(1375358400), INT64_C(2147169600), INT64_C(2147169600), false},
};
const size_t hub_chain_count = HR_COUNT_OF(hub_chains);

const struct hub_chain *hub_chain_at(enum doctor_cloud cloud, int64_t utc_s)
{
    const struct hub_chain *best = NULL;
    for (size_t i = 0; i < hub_chain_count; i++) {
        const struct hub_chain *c = &hub_chains[i];
        bool is_shown = c->from_s <= utc_s && utc_s <= c->served_until_s && !c->is_ecc;
        if (is_shown && c->clouds & 1u << cloud && (!best || c->from_s > best->from_s)) {
            best = c;
        }
    }
    return best;
}

static void predict_chain(struct doctor *d, const struct hub_chain *c, unsigned mask)
{
    const struct known_root *anchor = NULL;
    char until[32];
    char other[32];
    int64_t now = d->settings.now_s;
    for (size_t i = 0; i < KNOWN_ROOT_COUNT; i++) {
        bool fits = c->roots & mask & 1u << i;
        anchor = fits ? &known_roots[i] : anchor;
    }
    if (!anchor) {
        if (now <= c->served_until_s) {
            case_outlook(d, "fails against %s: its root is not here", c->name);
        }
        return;
    }
    int64_t end = c->served_until_s < c->to_s ? c->served_until_s : c->to_s;
    end = anchor->not_after_s < end ? anchor->not_after_s : end;
    case_day(end, until);
    if (end < now) {
        case_outlook(d, "worked against %s until %s, anchored in %s", c->name, until, anchor->name);
    } else if (c->from_s > now) {
        case_outlook(d, "works against %s from %s until %s, anchored in %s", c->name,
                     case_day(c->from_s, other), until, anchor->name);
    } else {
        case_outlook(d, "works against %s until %s, anchored in %s", c->name, until, anchor->name);
        case_date(d, end, "%s ends; what follows has to be below a root that is here", c->name);
    }
}

static void predict_anchor_dates(struct doctor *d, size_t trust_count)
{
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        bool is_live = c->role == ROLE_TRUST && c->is_parsed && c->to_s >= d->settings.now_s;
        bool is_of_interest = c->known || trust_count <= 10;
        if (is_live && is_of_interest && !c->is_twice) {
            case_date(d, c->to_s, "%s \"%s\" expires", c->is_self_issued ? "root" : "certificate",
                      c->name);
        }
    }
}

void predict(struct doctor *d)
{
    unsigned mask = case_known_mask(d);
    size_t trust = 0;
    for (size_t i = 0; i < d->cert_count; i++) {
        trust += d->certs[i]->role == ROLE_TRUST;
    }
    if (!case_has_trust(d)) {
        return;
    }
    for (size_t i = 0; i < hub_chain_count; i++) {
        if (hub_chains[i].clouds & 1u << d->cloud) {
            predict_chain(d, &hub_chains[i], mask);
        }
    }
    predict_anchor_dates(d, trust);
    if (trust && d->settings.now_s < time_overflow_s) {
        case_date(d, time_overflow_s, "32-bit clocks overflow (03:14:07 UTC) and read as 1901");
    }
}
