// SPDX-License-Identifier: MIT
// The packet of NTP and SNTP, RFC 5905 7.3 and RFC 4330 4: reading a client's, writing a server's.
//
//     struct sntp_request request;
//     TRY(sntp_read_request(datagram, &request));
//     sntp_write_reply(&request, &(struct sntp_reply){.stratum = 2, .utc_us = now}, bytes);
#pragma once
#include "base/span.h"

enum { SNTP_BYTES = 48, SNTP_STRATUM_UNSYNCHRONISED = 16 };

struct sntp_request {
    uint8_t version;     // 1 to 4
    uint8_t mode;        // 3 client, 1 symmetric
    uint8_t poll;        // given back
    uint8_t transmit[8]; // the client's, given back as originate; it need not be a time
};

struct sntp_reply {
    bool is_unsynchronised; // leap indicator 3
    uint8_t stratum;        // 0: kiss of death
    char reference[5];      // four letters: the kiss code, or where the time comes from
    int64_t utc_us;         // since 1970; every era of NTP is written alike, modulo 2^32 s
};

// ERR_SYNTAX: too short, an unknown version, or no question.
int sntp_read_request(struct span datagram, struct sntp_request *out) HR_NODISCARD;
void sntp_write_reply(const struct sntp_request *request, const struct sntp_reply *reply,
                      uint8_t out[SNTP_BYTES]);
