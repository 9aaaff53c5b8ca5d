// SPDX-License-Identifier: MIT
// Faults that change a packet on its way out. Pure: one packet of the hub in, bytes for the wire
// out.
//
//     buf_init(&wire, MANGLE_BYTES_MOST);
//     TRY(mangle_packet(&decision, packet, &wire));
#pragma once
#include "base/span.h"
#include "simulator/faults/fault.h"

// Two of the largest packets that the hub sends, and what is injected.
enum { MANGLE_BYTES_MOST = (1 << 21) + FAULT_BYTES_MOST + 16 };

bool mangle_is_for(enum fault_kind kind); // whether this kind changes packets
// Appends the packet as the fault wants it; with a kind that changes none, as it is. `packet` is a
// whole MQTT packet. Errors are those of the buf.
int mangle_packet(const struct fault_decision *decision, struct span packet,
                  struct buf *out) HR_NODISCARD;
