// SPDX-License-Identifier: MIT
#include "simulator/net/dns_zone.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The first byte chooses the behaviour of all names.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dns_zone zone;
    struct dns_query query;
    struct dns_verdict verdict;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, DNS_MESSAGE_BYTES_MOST);
    if (size < 1 || dns_read_query(span_of(data + 1, size - 1), &query) < 0) {
        return 0;
    }
    zone = (struct dns_zone){.count = 1, .stranger = "192.0.2.66", .dead_ipv6 = "2001:db8::dead"};
    zone.names[0] = (struct dns_name){.name = "*", .address = "192.0.2.1", .second = "192.0.2.2"};
    zone.names[0].has_aliases = data[0] & 1;
    zone.names[0].behaviour.kind = (enum dns_behaviour_kind)(data[0] / 2 % DNS_BEHAVIOUR_COUNT);
    snprintf(zone.names[0].behaviour.address, sizeof zone.names[0].behaviour.address, "192.0.2.3");
    if (dns_zone_answer(&zone, &query, span_of(data + 1, size - 1), query.udp_bytes, false, &verdict,
                        &out) < 0 ||
        (!verdict.is_silent && (out.len < 12 || out.len > query.udp_bytes))) {
        abort();
    }
    return 0;
}
