// SPDX-License-Identifier: MIT
// Family C: the device's clock against the certificates and against ours.
#include "base/when.h"
#include "certs/doctor/case.h"
#include "certs/doctor/predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t day_s = 86400;
// Hub certificates are renewed well before this age.
static const int64_t leaf_life_s = INT64_C(180) * 86400;
static const int64_t time_overflow_s = INT64_C(2147483647);

// The clocks that boards wake up with.
static const char *epoch_of(int64_t t)
{
    static const struct {
        int64_t at_s;
        const char *text;
    } epochs[] = {
        {0, " (1970-01-01, the Unix epoch: the clock was never set)"},
        {INT64_C(315532800), " (1980-01-01, where many RTCs wake up)"},
        {INT64_C(315964800), " (1980-01-06, the GPS epoch: no fix or no network time yet)"},
        {INT64_C(943920000), " (1999-11-30, a date of zeros: the RTC was never set)"},
        {INT64_C(946684800), " (2000-01-01, where many RTCs wake up)"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(epochs); i++) {
        if (t >= epochs[i].at_s && t < epochs[i].at_s + 3 * day_s) {
            return epochs[i].text;
        }
    }
    return "";
}

static bool is_time_zone(int64_t difference_s)
{
    static const int64_t quarter_s = 900;
    int64_t size = llabs(difference_s);
    int64_t off = size % quarter_s;
    bool is_near = off <= 60 || off >= quarter_s - 60;
    return is_near && size >= 1800 - 60 && size <= 14 * 3600 + 60;
}

static bool judge_behind(struct doctor *d, const char *clock)
{
    char since[32];
    int64_t t = d->settings.device_clock_s;
    const struct hub_chain *chain = hub_chain_at(d->cloud, d->settings.now_s);
    struct remark r = {.rule = DOCTOR_C_01,
                       .at = {"--device-clock", 0},
                       .shows = "mbedTLS -0x2700 (-9984) flag 0x200, OpenSSL verify code 9; "
                                "afterwards SAS tokens are refused with CONNACK 5",
                       .fix = "set the time (SNTP, modem, GNSS, RTC) before the first handshake"};
    if (chain && t < chain->from_s) {
        case_say(d, &r, "the device's clock says %s%s, and %s starts %s", clock, epoch_of(t),
                 chain->name, case_day(chain->from_s, since));
        return true;
    }
    if (t < d->settings.now_s - leaf_life_s) {
        r.as = AS_WARNING;
        case_say(d, &r,
                 "the device's clock says %s%s: hub certificates live 180 days, so the one "
                 "in use is younger",
                 clock, epoch_of(t));
        return true;
    }
    return false;
}

static bool judge_ahead(struct doctor *d, const char *clock)
{
    int64_t t = d->settings.device_clock_s;
    if (t > d->settings.now_s + leaf_life_s) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_C_02,
                                  .at = {"--device-clock", 0},
                                  .shows = "mbedTLS -0x2700 (-9984) flag 0x1, OpenSSL verify code "
                                           "10",
                                  .fix = "set the clock from a time server, never to a fixed date"},
                 "the device's clock says %s: the hub's certificate will have ended by then",
                 clock);
        return true;
    }
    return false;
}

static void judge_difference(struct doctor *d)
{
    int64_t difference = d->settings.device_clock_s - d->settings.now_s;
    char text[32];
    struct remark r = {.at = {"--device-clock", 0}};
    duration_print(llabs(difference) * 1000000, text);
    const char *side = difference < 0 ? "behind" : "ahead";
    if (is_time_zone(difference)) {
        r.rule = DOCTOR_C_03;
        r.shows = "SAS tokens end too early or are refused: CONNACK 5";
        r.fix = "keep the clock in UTC and add the zone only for display";
        case_say(d, &r, "the clock is %s %s: local time was stored as UTC", text, side);
    } else if (llabs(difference) > 300) {
        int64_t left = difference < 0 ? 3600 + difference : 3600;
        r.rule = DOCTOR_C_04;
        r.shows = "CONNACK 5 for short-lived tokens";
        r.fix = "set the clock again now and then";
        case_say(d, &r, "the clock is %s %s: a token of 3600 s lives %lld s", text, side,
                 (long long)(left > 0 ? left : 0));
    } else {
        case_right(d, "the device's clock is within five minutes of ours");
    }
}

static bool find_32_bit(const struct doctor *d, struct doctor_place *at)
{
    static const char *const casts[] = {"(int32_t)time(", "(uint32_t)time(", "(int)time(",
                                        "(int32_t) time(", "(int) time("};
    const struct setting *wide = setting_find(d, "SDK_TOOLCHAIN_SUPPORTS_TIME_WIDE_64_BITS");
    if (wide && wide->is_off) {
        *at = wide->at;
        return true;
    }
    for (size_t i = 0; i < d->input_count; i++) {
        struct span code = buf_span(&d->inputs[i]->literals.code);
        struct text_view view = {.file = d->inputs[i]->name, .text = code};
        for (size_t k = 0; k < HR_COUNT_OF(casts); k++) {
            size_t offset = text_find(code, casts[k]);
            if (offset < code.len) {
                *at = (struct doctor_place){view.file, view_line(&view, offset)};
                return true;
            }
        }
    }
    return false;
}

static void judge_width(struct doctor *d)
{
    struct doctor_place at = {"", 0};
    if (!find_32_bit(d, &at)) {
        return;
    }
    const struct cert *late = NULL;
    for (size_t i = 0; i < d->cert_count; i++) {
        bool is_late = d->certs[i]->is_parsed && d->certs[i]->to_s > time_overflow_s;
        late = is_late && !late ? d->certs[i] : late;
    }
    if (late) {
        char day[32];
        case_say(d,
                 &(struct remark){.rule = DOCTOR_C_05,
                                  .at = at,
                                  .shows = "mbedTLS -0x2700 flag 0x1 or 0x200 from one day to the "
                                           "next",
                                  .fix = "use a 64-bit time_t"},
                 "time is kept in 32 bits here, and \"%s\" ends %s, after 2038-01-19", late->name,
                 case_day(late->to_s, day));
    }
}

void rules_clock(struct doctor *d)
{
    char clock[32];
    judge_width(d);
    if (!d->settings.has_device_clock) {
        return;
    }
    utc_print(d->settings.device_clock_s * 1000000, clock);
    if (!judge_behind(d, clock) && !judge_ahead(d, clock)) {
        judge_difference(d);
    }
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        bool is_own = c->role == ROLE_DEVICE && c->is_parsed;
        if (is_own && d->settings.device_clock_s < c->from_s && c->from_s <= d->settings.now_s) {
            char day[32];
            case_say(d,
                     &(struct remark){.rule = DOCTOR_C_01,
                                      .as = AS_WARNING,
                                      .at = c->at,
                                      .fix = "set the time before the first handshake"},
                     "at %s the device's own certificate is not valid yet (from %s)", clock,
                     case_day(c->from_s, day));
        }
    }
}
