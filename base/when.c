// SPDX-License-Identifier: MIT
#include "base/when.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const int64_t century_us = INT64_C(100) * 366 * 86400 * 1000000;

struct unit {
    const char *name;
    int64_t us;
};

static const struct unit units[] = {
    {"ms", 1000},
    {"us", 1},
    {"s", 1000000},
    {"m", INT64_C(60) * 1000000},
    {"h", INT64_C(3600) * 1000000},
    {"d", INT64_C(86400) * 1000000},
    {"y", INT64_C(31557600) * 1000000},
};

static const struct unit *unit_at(struct span s)
{
    for (size_t i = 0; i < HR_COUNT_OF(units); i++) {
        if (span_starts_with(s, span_text(units[i].name))) {
            return &units[i];
        }
    }
    return NULL;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

int duration_parse(struct span text, int64_t *out_us)
{
    bool is_negative = text.len && text.ptr[0] == '-';
    struct span s = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+') ? span_from(text, 1) : text;
    ENSURE(s.len > 0, ERR_SYNTAX);
    int64_t total = 0;
    while (s.len > 0) {
        double number = 0;
        double scale = 1;
        size_t digits = 0;
        bool has_point = false;
        while (s.len && (is_digit(s.ptr[0]) || (s.ptr[0] == '.' && !has_point))) {
            if (s.ptr[0] == '.') {
                has_point = true;
            } else {
                number = number * 10 + (s.ptr[0] - '0');
                scale *= has_point ? 10 : 1;
                digits++;
            }
            s = span_from(s, 1);
        }
        ENSURE(digits > 0 && digits <= 15, ERR_SYNTAX);
        const struct unit *unit = unit_at(s);
        if (!unit) {
            FAIL(ERR_SYNTAX, "'%.*s' has no unit; durations read 250ms, 90s, 4m, 1h30m, 2d",
                 SPAN_ARG(text));
        }
        s = span_from(s, strlen(unit->name));
        double us = number / scale * (double)unit->us;
        ENSURE(us <= (double)century_us, ERR_VALUE);
        total += (int64_t)(us + 0.5);
        ENSURE(total <= century_us, ERR_VALUE);
    }
    *out_us = is_negative ? -total : total;
    return 0;
}

const char *duration_print(int64_t us, char out[32])
{
    const char *sign = us < 0 ? "-" : "";
    uint64_t n = us < 0 ? (uint64_t)0 - (uint64_t)us : (uint64_t)us;
    uint64_t s = n / 1000000;
    if (n < 1000) {
        snprintf(out, 32, "%s%" PRIu64 " us", sign, n);
    } else if (n < 1000000) {
        snprintf(out, 32, "%s%" PRIu64 " ms", sign, n / 1000);
    } else if (s < 60 && n % 1000000 / 100000) {
        snprintf(out, 32, "%s%" PRIu64 ".%" PRIu64 " s", sign, s, n % 1000000 / 100000);
    } else if (s < 60) {
        snprintf(out, 32, "%s%" PRIu64 " s", sign, s);
    } else if (s < 3600) {
        snprintf(out, 32, s % 60 ? "%s%" PRIu64 " min %" PRIu64 " s" : "%s%" PRIu64 " min", sign, s / 60,
                 s % 60);
    } else if (s < 86400) {
        snprintf(out, 32, s % 3600 / 60 ? "%s%" PRIu64 " h %" PRIu64 " min" : "%s%" PRIu64 " h", sign,
                 s / 3600, s % 3600 / 60);
    } else {
        snprintf(out, 32, "%s%" PRIu64 " days", sign, s / 86400);
    }
    return out;
}

// Days since 1970-01-01 of a proleptic Gregorian date; eras of 400 years, March-based.
static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

int64_t utc_from_civil(const struct civil_date *date)
{
    return days_from_civil(date->year, date->month, date->day) * 86400 + date->hour * 3600 +
           date->minute * 60 + date->second;
}

struct civil_date civil_from_utc(int64_t seconds)
{
    int64_t days = seconds / 86400;
    int64_t rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil_date){
        .year = yoe + era * 400 + (month <= 2),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest % 3600 / 60),
        .second = (int)(rest % 60),
    };
}

static int take_number(struct span *s, size_t digits, int *out)
{
    ENSURE(s->len >= digits, ERR_SYNTAX);
    uint64_t value = 0;
    TRY(span_parse_u64(span_slice(*s, 0, digits), &value));
    *s = span_from(*s, digits);
    *out = (int)value;
    return 0;
}

static int take_byte(struct span *s, char wanted)
{
    ENSURE(s->len > 0 && s->ptr[0] == (uint8_t)wanted, ERR_SYNTAX);
    *s = span_from(*s, 1);
    return 0;
}

static int take_fraction(struct span *s, int64_t *out_us)
{
    *out_us = 0;
    if (s->len == 0 || s->ptr[0] != '.') {
        return 0;
    }
    *s = span_from(*s, 1);
    ENSURE(s->len && is_digit(s->ptr[0]), ERR_SYNTAX);
    int64_t scale = 100000;
    while (s->len && is_digit(s->ptr[0])) {
        *out_us += (s->ptr[0] - '0') * scale;
        scale /= 10;
        *s = span_from(*s, 1);
    }
    return 0;
}

int utc_parse(struct span text, int64_t *out_us)
{
    struct span s = text;
    struct civil_date d = {0};
    int year = 0;
    int64_t fraction_us = 0;
    TRY(take_number(&s, 4, &year));
    TRY(take_byte(&s, '-'));
    TRY(take_number(&s, 2, &d.month));
    TRY(take_byte(&s, '-'));
    TRY(take_number(&s, 2, &d.day));
    if (s.len > 0) {
        TRY(take_byte(&s, 'T'));
        TRY(take_number(&s, 2, &d.hour));
        TRY(take_byte(&s, ':'));
        TRY(take_number(&s, 2, &d.minute));
        TRY(take_byte(&s, ':'));
        TRY(take_number(&s, 2, &d.second));
        TRY(take_fraction(&s, &fraction_us));
        TRY(take_byte(&s, 'Z'));
    }
    ENSURE(s.len == 0, ERR_SYNTAX);
    ENSURE(year >= 1601 && d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31 &&
               d.hour <= 23 && d.minute <= 59 && d.second <= 59,
           ERR_VALUE);
    d.year = year;
    int64_t seconds = utc_from_civil(&d);
    ENSURE(civil_from_utc(seconds).day == d.day, ERR_VALUE); // no 30 February
    *out_us = seconds * 1000000 + fraction_us;
    return 0;
}

const char *utc_print(int64_t us, char out[32])
{
    int64_t seconds = us / 1000000 - (us % 1000000 < 0);
    struct civil_date d = civil_from_utc(seconds);
    snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)d.year, d.month, d.day, d.hour, d.minute,
             d.second);
    return out;
}

int rate_parse(struct span text, uint32_t *out_ppm)
{
    struct span decimals;
    uint64_t whole = 0;
    uint64_t millionths = 0;
    struct span integer = span_cut(text, '.', &decimals);
    ENSURE(span_parse_u64(integer, &whole) == 0, ERR_SYNTAX);
    if (integer.len < text.len) {
        ENSURE(decimals.len <= 6 && span_parse_u64(decimals, &millionths) == 0, ERR_SYNTAX);
        for (size_t i = decimals.len; i < 6; i++) {
            millionths *= 10;
        }
    }
    ENSURE(whole <= 1000, ERR_VALUE);
    uint64_t ppm = whole * 1000000 + millionths;
    ENSURE(ppm >= 1000 && ppm <= 1000 * UINT64_C(1000000), ERR_VALUE);
    *out_ppm = (uint32_t)ppm;
    return 0;
}

const char *rate_print(uint32_t rate_ppm, char out[32])
{
    snprintf(out, 32, "%u.%06u", rate_ppm / 1000000, rate_ppm % 1000000);
    size_t len = strlen(out);
    while (out[len - 1] == '0') {
        out[--len] = '\0';
    }
    if (out[len - 1] == '.') {
        out[len - 1] = '\0';
    }
    return out;
}
