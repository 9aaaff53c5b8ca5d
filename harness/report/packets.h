// SPDX-License-Identifier: MIT
// Where an event stands in wire.pcapng: the number that Wireshark gives its packet. Both tell time
// of their own; a connection's first packet and its tcp.accepted event fix the difference.
#pragma once
#include "base/span.h"

struct packet_index;

// ERR_SYNTAX for what is no pcapng file as hubrig writes it. Free with packets_free (NULL allowed).
int packets_read(struct span file, struct packet_index **out) HR_NODISCARD;
void packets_free(struct packet_index *index);
// `peer` is the device's address as in tcp.accepted, "10.0.0.2:40112"; `accepted_us` and `at_us`
// are journal times. 0 = unknown.
unsigned packets_number_at(const struct packet_index *index, const char *peer, uint64_t accepted_us,
                           uint64_t at_us);
