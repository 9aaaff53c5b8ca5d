// SPDX-License-Identifier: MIT
#include "harness/sweep/landmarks.h"
#include "base/error.h"
#include "base/when.h"
#include "certs/cert_list.h"
#include "certs/timeline.h"
#include "harness/sweep/search.h"

#include <stdio.h>
#include <string.h>

enum { SLACK_S = 2 }; // a device may look at its clock a little after it was booted

//    UTC seconds            what turns there
#define LANDMARK_TABLE(X)                                                                          \
    X(INT64_C(0), "1970 begins: seconds before it are negative")                                   \
    X(INT64_C(315532800), "1980 begins: the FAT and DOS calendar starts")                          \
    X(INT64_C(935280000), "the 10-bit week of GPS turns for the first time (less leap seconds)")   \
    X(INT64_C(946684800), "2000 begins: two-digit years turn")                                     \
    X(INT64_C(1554595200), "the 10-bit week of GPS turns for the second time (less leap seconds)") \
    X(INT64_C(2085978496), "the first NTP era ends: its 32-bit seconds turn to 0")                 \
    X(INT64_C(2147483648), "seconds since 1970 leave 32 bits with a sign")                         \
    X(INT64_C(2173910400), "the 10-bit week of GPS turns for the third time (less leap seconds)")  \
    X(INT64_C(2524608000), "2050 begins: certificates change from UTCTime to GeneralizedTime")     \
    X(INT64_C(4102444800), "2100 begins, which is no leap year")                                   \
    X(INT64_C(4294967296), "seconds since 1970 leave 32 bits without a sign")

static const struct {
    int64_t utc_s;
    const char *what;
} landmarks[] = {
#define X(utc_s, what) {utc_s, what},
    LANDMARK_TABLE(X)
#undef X
};

static int add_both_sides(const struct landmark_question *q, int64_t utc_s, struct search *s)
{
    const int64_t sides[] = {utc_s - 60, utc_s + 60};
    for (size_t i = 0; i < HR_COUNT_OF(sides); i++) {
        TRY(sides[i] > q->from_s && sides[i] < q->to_s ? search_add(s, sides[i]) : 0);
    }
    return 0;
}

// The chain as it stands at `at_s`, read back.
static int read_chain(const char *name, int64_t at_s, struct cert_list *list)
{
    struct workshop *w = NULL;
    struct workshop_settings settings = {0};
    struct chain chain;
    const struct chain_request request = {.hub_host = "myhub.azure-devices.net", .utc_s = at_s};
    TRY(workshop_open(&settings, &w));
    int code = chain_make(w, name, &request, &chain);
    if (code == 0) {
        code = cert_list_add_chain(list, &chain);
        chain_deinit(&chain);
    }
    workshop_close(w);
    return code;
}

static int add_roots(const struct landmark_question *q, const char *name, struct search *s)
{
    struct cert_list list HR_CLEANUP(cert_list_deinit);
    cert_list_init(&list);
    TRY(read_chain(name, q->from_s, &list));
    for (size_t i = 0; i < list.count; i++) {
        const struct cert_facts *cert = list.items[i];
        if (cert->is_readable && cert->role == CERT_ROLE_TRUSTED) {
            TRY(add_both_sides(q, cert->from_s, s));
            TRY(add_both_sides(q, cert->to_s, s));
        }
    }
    return 0;
}

int landmarks_add(const struct landmark_question *q, struct search *s)
{
    for (size_t i = 0; i < HR_COUNT_OF(landmarks); i++) {
        TRY(add_both_sides(q, landmarks[i].utc_s, s));
    }
    for (size_t i = 0; !q->chain && i < timeline_count(); i++) {
        struct timeline_row row;
        timeline_row(i, &row);
        TRY(strcmp(row.cloud, "public") == 0 ? add_both_sides(q, row.from_s, s) : 0);
    }
    return q->root || q->chain ? add_roots(q, q->root ? q->root : q->chain, s) : 0;
}

// ---- what stands behind an edge

static bool is_inside(const struct landmark_question *q, int64_t utc_s)
{
    return utc_s >= q->from_s - 1 && utc_s <= q->to_s + SLACK_S;
}

static int say(struct buf *out, const char *text)
{
    TRY(buf_append_text(out, out->len ? "; " : ""));
    return buf_append_text(out, text);
}

static int say_certificate(const struct landmark_question *q, const struct cert_facts *cert,
                           bool stops, struct buf *out)
{
    char date[32];
    char text[300];
    int64_t utc_s = stops ? cert->to_s : cert->from_s;
    if (!cert->is_readable || !is_inside(q, utc_s)) {
        return 0;
    }
    snprintf(text, sizeof text, "%s certificate '%.130s' %s %s",
             cert->role == CERT_ROLE_TRUSTED ? "the device's root" : "the hub's", cert->subject_cn,
             stops ? "ends" : "begins", utc_print(utc_s * 1000000, date));
    return say(out, text);
}

static int say_certificates(const struct landmark_question *q, const char *name, bool stops,
                            struct buf *out)
{
    struct cert_list list HR_CLEANUP(cert_list_deinit);
    cert_list_init(&list);
    TRY(read_chain(name, q->to_s, &list));
    for (size_t i = 0; i < list.count; i++) {
        bool is_sent = list.items[i]->role == CERT_ROLE_SENT;
        bool counts = is_sent ? name == q->chain : !q->root || name == q->root;
        TRY(counts ? say_certificate(q, list.items[i], stops, out) : 0);
    }
    return 0;
}

static int say_timeline(const struct landmark_question *q, struct buf *out)
{
    for (size_t i = 0; i < timeline_count(); i++) {
        struct timeline_row row;
        timeline_row(i, &row);
        if (strcmp(row.cloud, "public") == 0 && is_inside(q, row.from_s)) {
            char text[400];
            snprintf(text, sizeof text, "the hub's chain is %s from here on: %s", row.recipe,
                     row.event);
            TRY(say(out, text));
        }
    }
    return 0;
}

int landmarks_print(const struct landmark_question *q, bool stops, struct buf *out)
{
    TRY(q->chain ? say_certificates(q, q->chain, stops, out) : say_timeline(q, out));
    TRY(q->root ? say_certificates(q, q->root, stops, out) : 0);
    for (size_t i = 0; i < HR_COUNT_OF(landmarks); i++) {
        TRY(is_inside(q, landmarks[i].utc_s) ? say(out, landmarks[i].what) : 0);
    }
    return 0;
}
