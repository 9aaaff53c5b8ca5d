// SPDX-License-Identifier: MIT
// For tests: a hub with shared access policies and CA certificates, the latter judged without
// X.509.
#pragma once
#include "simulator/hub/access.h"
#include "simulator/hub/hub_rig.h"

// ---- an X.509 library of words: "CN|issuer|dates" is a certificate

static inline struct span word_part(struct span der, int index)
{
    struct span rest = der;
    struct span text = SPAN_EMPTY;
    for (int i = 0; i <= index; i++) {
        text = span_cut(rest, '|', &rest);
    }
    return text;
}

static inline int word_chain_leads_to(const struct span *chain, size_t count,
                                      const struct span *anchors, size_t anchor_count,
                                      int64_t utc_s, struct cert_judgement *out)
{
    (void)utc_s;
    *out = (struct cert_judgement){.verdict = CERT_UNTRUSTED};
    snprintf(out->why, sizeof out->why, "the chain does not lead to a known CA");
    for (size_t i = 0; count > 0 && i < anchor_count; i++) {
        if (span_equals(word_part(chain[count - 1], 1), word_part(anchors[i], 0))) {
            bool is_old = span_equals_text(word_part(chain[count - 1], 2), "old");
            out->verdict = is_old ? CERT_OUT_OF_DATE : CERT_TRUSTED;
            out->anchor = i;
            snprintf(out->why, sizeof out->why, is_old ? "CN=middle ended" : "known");
        }
    }
    return 0;
}

static inline int word_common_name(struct span der, char *out, size_t capacity)
{
    return word_part(der, 0).len > 0 && span_copy_text(word_part(der, 0), out, capacity)
               ? 0
               : ERR_SYNTAX;
}

static const struct hub_crypto word_crypto = {word_chain_leads_to, word_common_name};

// Three policies whose keys are RIG_BAD_KEY and RIG_OTHER_KEY, CA devices, a verified CA and one
// that is not. The settings had word_crypto.
static inline void rig_add_access(struct hub_rig *rig)
{
    static const struct access_policy policies[] = {
        {"device", RIG_BAD_KEY, RIG_OTHER_KEY, HUB_RIGHT_DEVICE_CONNECT},
        {"iothubowner", RIG_BAD_KEY, RIG_OTHER_KEY,
         HUB_RIGHT_DEVICE_CONNECT | HUB_RIGHT_SERVICE_CONNECT},
        {"service", RIG_BAD_KEY, RIG_OTHER_KEY, HUB_RIGHT_SERVICE_CONNECT},
    };
    for (size_t i = 0; i < HR_COUNT_OF(policies); i++) {
        assert_int_equal(hub_add_policy(rig->hub, &policies[i]), 0);
    }
    rig_add(rig, (struct identity){.name = "press-01", .auth = HUB_AUTH_CA});
    rig_add(rig, (struct identity){.name = "press-01/axis", .auth = HUB_AUTH_CA});
    assert_int_equal(hub_add_ca(rig->hub, "factory", SPAN_LITERAL("factory|factory"), true), 0);
    assert_int_equal(hub_add_ca(rig->hub, "lab", SPAN_LITERAL("lab|lab"), false), 0);
}
