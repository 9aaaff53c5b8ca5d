// SPDX-License-Identifier: MIT
// The first bytes choose one fault and its numbers, the rest is what an engine and a device say.
#include "simulator/tls/records.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 4 };

struct world {
    const uint8_t *head;
    unsigned asked;
    uint64_t now_us;
};

static struct fault_decision decide(void *context, enum fault_site site, uint64_t after_order)
{
    struct world *w = context;
    struct fault_decision d = {.kind = (enum fault_kind)(w->head[0] % FAULT_KIND_COUNT)};
    bool is_here = site_classes(site) & fault_classes(d.kind) && (w->head[1] >> w->asked++ % 8 & 1);
    if (after_order > 0 || !is_here) {
        return (struct fault_decision){.kind = FAULT_NONE};
    }
    d.order = 1;
    d.number[0] = 1 + w->head[2] % 50;
    d.number[0] = d.kind == FAULT_FLIGHT ? d.number[0] % FLIGHT_COUNT : d.number[0];
    d.number[1] = w->head[3];
    d.byte_count = w->head[2] % FAULT_BYTES_MOST;
    return d;
}

static uint64_t now_us(void *context)
{
    return ((struct world *)context)->now_us;
}

static int random_bytes(void *context, void *out, size_t len)
{
    (void)context;
    memset(out, 7, len);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES) {
        return 0;
    }
    struct world w = {.head = data};
    struct records r;
    records_init(&r, &(struct records_world){&w, decide, now_us, random_bytes});
    struct span rest = span_of(data + HEAD_BYTES, size - HEAD_BYTES);
    int code = records_take_hello(&r, span_slice(rest, 0, 3));
    for (size_t i = 0; i < rest.len && code == 0; i++) {
        code = records_take(&r, span_slice(rest, i, 1));
    }
    w.now_us = 1000;
    if (code == 0 && records_go_on(&r) == 0 && r.end != RECORDS_GO_ON && r.raw.len > 0) {
        abort(); // what an end leaves behind is thrown away
    }
    records_deinit(&r);
    return 0;
}
