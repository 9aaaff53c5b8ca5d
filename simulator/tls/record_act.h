// SPDX-License-Identifier: MIT
// What each kind of fault does to one message or record; for records.c alone.
#pragma once
#include "simulator/tls/records.h"

enum {
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_APPLICATION_DATA = 23,
    RECORD_BYTES_MOST = 16384,     // RFC 5246 6.2.1
    RECORD_OVERSIZE_BYTES = 18688, // 2048 more may come from compression; none of ours does
};

int record_put_header(struct buf *out, uint8_t type, uint16_t version,
                      size_t len_bytes) HR_NODISCARD;
// What coalesce has kept back goes out.
int record_flush_flight(struct records *r) HR_NODISCARD;
// Do what `d` says to r->job. ERR_NO_MEMORY, ERR_TOO_BIG.
int record_act(struct records *r, const struct fault_decision *d) HR_NODISCARD;
