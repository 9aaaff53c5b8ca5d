// SPDX-License-Identifier: MIT
#include "certs/timeline.h"
#include "base/error.h"
#include "base/when.h"

#include <stdio.h>
#include <string.h>

//     cloud      from          recipe                        proof       event
#define TIMELINE_TABLE(X)                                                                          \
    X("public", "2015-08-27", "azure/hub-2015", SEEN,                                              \
      "leaf for two years below Microsoft IT SSL SHA2 and the Baltimore root")                     \
    X("public", "2017-08-26", "azure/hub-2018", SEEN,                                              \
      "the leaf of 2015 ends; Microsoft IT TLS CA 1, 2, 4 and 5 follow, same root")                \
    X("public", "2020-10-05", "azure/hub-2020", DOCUMENTED,                                        \
      "issuing CAs roll to Microsoft RSA TLS CA 01 and 02, same root; pinned issuers break")       \
    X("public", "2023-02-15", "azure/hub-2023-g2", DOCUMENTED,                                     \
      "hubs begin to move from the Baltimore root to DigiCert Global Root G2")                     \
    X("public", "2023-10-15", "azure/hub-2023-g2", DOCUMENTED,                                     \
      "the last hubs have moved; provisioning services follow until 2024-09-30")                   \
    X("public", "2024-06-28", "azure/hub-2025-g2", SEEN,                                           \
      "Azure TLS Issuing CA 01 to 06 have expired; Azure RSA TLS Issuing CA 03 to 08 serve")       \
    X("public", "2025-05-13", "azure/hub-2025-g2", SEEN, "the Baltimore root has expired")         \
    X("public", "2025-08-31", "azure/hub-2025-g2", DOCUMENTED,                                     \
      "TLS 1.0, TLS 1.1 and suites without ECDHE end for all hubs; the chain stays")               \
    X("public", "2026-08-26", "azure/digicert-g2", INFERRED,                                       \
      "Azure RSA TLS Issuing CA 03 to 08 have expired; three certificates are sent, serverAuth "   \
      "alone")                                                                                     \
    X("public", "2029-06-04", "azure/hub-2026-msg2-selfroot", INFERRED,                            \
      "the cross-signed Microsoft TLS RSA Root G2 and its CAs end this month; next root move")     \
    X("gov", "2017-03-08", "azure/gov-g1", INFERRED,                                               \
      "the C SDK ships DigiCert Global Root CA (G1) for this cloud; the issuing CA is a guess")    \
    X("gov", "2026-04-15", "azure/gov-g1", DOCUMENTED,                                             \
      "public root stores drop G1: a device on a fresh bundle refuses, one with its own copy "     \
      "connects")                                                                                  \
    X("china", "2017-03-08", "azure/china-wosign", SEEN,                                           \
      "the C SDK ships the WoSign root for this cloud; the issuing CA is a guess")                 \
    X("china", "2018-11-14", "azure/china-g1", SEEN,                                               \
      "the C SDK drops WoSign; DigiCert Global Root CA (G1) is what is left")                      \
    X("china", "2025-09-05", "azure/china-g2", DOCUMENTED,                                         \
      "issuing CAs below DigiCert Global Root G2 are announced; keep G1 as well")                  \
    X("germany", "2017-03-08", "azure/germany", SEEN,                                              \
      "the C SDK ships the D-TRUST root for this cloud; the issuing CA is a guess")                \
    X("germany", "2021-10-29", NULL, DOCUMENTED, "this cloud is closed")

static const struct timeline_row rows[] = {
#define X(cloud, from, recipe, proof, event) {from, 0, cloud, recipe, TIMELINE_##proof, event},
    TIMELINE_TABLE(X)
#undef X
};

const char *const timeline_clouds[] = {"public", "gov", "china", "germany"};

size_t timeline_cloud_count(void)
{
    return HR_COUNT_OF(timeline_clouds);
}

size_t timeline_count(void)
{
    return HR_COUNT_OF(rows);
}

int timeline_parse_date(const char *text, int64_t *utc_s)
{
    char moment[40];
    int64_t us = 0;
    bool is_day = strlen(text) == strlen("2026-11-20");
    bool is_cut = !span_copy_text(span_text(text), moment, sizeof moment - 10);
    if (is_day) {
        strcat(moment, "T00:00:00Z");
    }
    if (is_cut || utc_parse(span_text(moment), &us) < 0) {
        FAIL(ERR_VALUE, "'%.60s' is no date: expected 2026-11-20 or 2026-11-20T08:00:00Z", text);
    }
    *utc_s = us / 1000000;
    return 0;
}

void timeline_row(size_t i, struct timeline_row *out)
{
    *out = rows[i];
    int code = timeline_parse_date(rows[i].date, &out->from_s);
    (void)code; // the test reads every row's date
}

const char *timeline_proof_word(enum timeline_proof proof)
{
    static const char *const words[] = {[TIMELINE_SEEN] = "seen",
                                        [TIMELINE_DOCUMENTED] = "documented",
                                        [TIMELINE_INFERRED] = "inferred"};
    return words[proof];
}

bool timeline_at(const char *cloud, int64_t utc_s, struct timeline_row *out)
{
    bool is_found = false;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct timeline_row row;
        timeline_row(i, &row);
        if (strcmp(row.cloud, cloud) == 0 && row.from_s <= utc_s) {
            *out = row;
            is_found = true;
        }
    }
    return is_found;
}

const char *timeline_resolve(const char *name)
{
    const struct span prefix = SPAN_LITERAL("timeline/");
    struct span rest = span_text(name), date = SPAN_EMPTY;
    struct timeline_row row;
    char cloud[16] = "public";
    int64_t utc_s = 0;
    if (!span_starts_with(rest, prefix)) {
        return name;
    }
    rest = span_from(rest, prefix.len);
    struct span first = span_cut(rest, '/', &date);
    if (!date.ptr) {
        date = first;
    } else if (!span_copy_text(first, cloud, sizeof cloud)) {
        return NULL;
    }
    bool is_known = date.ptr && timeline_parse_date((const char *)date.ptr, &utc_s) == 0 &&
                    timeline_at(cloud, utc_s, &row);
    return is_known ? row.recipe : NULL;
}
