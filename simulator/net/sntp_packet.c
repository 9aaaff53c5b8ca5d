// SPDX-License-Identifier: MIT
#include "simulator/net/sntp_packet.h"
#include "base/error.h"

#include <string.h>

#define SECONDS_1900_TO_1970 INT64_C(2208988800)

enum {
    AT_POLL = 2,
    AT_PRECISION = 3,
    AT_ROOT_DELAY = 4,
    AT_ROOT_DISPERSION = 8,
    AT_REFERENCE = 12,
    AT_REFERENCE_TIME = 16,
    AT_ORIGINATE = 24,
    AT_RECEIVE = 32,
    AT_TRANSMIT = 40,
    MODE_SYMMETRIC = 1,
    MODE_SYMMETRIC_PASSIVE = 2,
    MODE_CLIENT = 3,
    MODE_SERVER = 4,
    LEAP_UNKNOWN = 3,
    PRECISION_US = 236, // -20 as a signed byte: 2^-20 s
    REFERENCE_AGE_US = 16 * 1000000,
};

int sntp_read_request(struct span datagram, struct sntp_request *out)
{
    if (datagram.len < SNTP_BYTES) {
        FAIL(ERR_SYNTAX, "an NTP packet has at least %d bytes, seen %zu", SNTP_BYTES, datagram.len);
    }
    *out = (struct sntp_request){
        .version = datagram.ptr[0] >> 3 & 7,
        .mode = datagram.ptr[0] & 7,
        .poll = datagram.ptr[AT_POLL],
    };
    if (out->version < 1 || out->version > 4) {
        FAIL(ERR_SYNTAX, "NTP has the versions 1 to 4, seen %u", out->version);
    }
    if (out->mode != MODE_CLIENT && out->mode != MODE_SYMMETRIC) {
        FAIL(ERR_SYNTAX, "mode %u asks for no time", out->mode);
    }
    memcpy(out->transmit, datagram.ptr + AT_TRANSMIT, sizeof out->transmit);
    return 0;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

static void put_time(uint8_t *at, int64_t utc_us)
{
    int64_t seconds = utc_us / 1000000;
    int64_t rest_us = utc_us % 1000000;
    if (rest_us < 0) {
        seconds--;
        rest_us += 1000000;
    }
    put_u32(at, (uint32_t)(uint64_t)(seconds + SECONDS_1900_TO_1970));
    put_u32(at + 4, (uint32_t)(((uint64_t)rest_us << 32) / 1000000));
}

void sntp_write_reply(const struct sntp_request *request, const struct sntp_reply *reply,
                      uint8_t out[SNTP_BYTES])
{
    unsigned mode = request->mode == MODE_SYMMETRIC ? MODE_SYMMETRIC_PASSIVE : MODE_SERVER;
    unsigned leap = reply->is_unsynchronised ? LEAP_UNKNOWN : 0;
    memset(out, 0, SNTP_BYTES);
    out[0] = (uint8_t)(leap << 6 | (unsigned)request->version << 3 | mode);
    out[1] = reply->stratum;
    out[AT_POLL] = request->poll;
    out[AT_PRECISION] = PRECISION_US;
    put_u32(out + AT_ROOT_DELAY, 1 << 8); // 4 ms, as a server near by
    put_u32(out + AT_ROOT_DISPERSION, 1 << 8);
    memcpy(out + AT_REFERENCE, reply->reference, 4);
    put_time(out + AT_REFERENCE_TIME, reply->utc_us - REFERENCE_AGE_US);
    memcpy(out + AT_ORIGINATE, request->transmit, sizeof request->transmit);
    put_time(out + AT_RECEIVE, reply->utc_us);
    put_time(out + AT_TRANSMIT, reply->utc_us);
}
