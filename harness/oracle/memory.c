// SPDX-License-Identifier: MIT
// The oracle that tells a leak from memory that is only in use: after a quarter of the time for
// settling it compares the least memory of the second quarter with the least of the last one, so
// neither a first connection nor a collector's garbage counts.
#include "harness/oracle/oracle_private.h"

enum { QUARTERS = 4 };

struct memory {
    uint64_t least_kb[QUARTERS];
    uint64_t counts[QUARTERS];
};

static int memory_event(struct oracle *o, const struct event *e)
{
    struct memory *m = o->state;
    if (e->type != EVENT_DEVICE_MEMORY || !o->has_begun || e->at_us < o->begin_us) {
        return 0;
    }
    uint64_t quarter = (e->at_us - o->begin_us) * QUARTERS / o->spec->duration_us;
    uint64_t kb = (uint64_t)oracle_number(e, "kb", 0);
    if (quarter < QUARTERS && kb > 0) {
        m->least_kb[quarter] = m->counts[quarter]++ && m->least_kb[quarter] < kb ? m->least_kb[quarter] : kb;
    }
    return 0;
}

static enum oracle_state memory_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                                      struct buf *say)
{
    const struct memory *m = o->state;
    const uint64_t from_kb = m->least_kb[1];
    const uint64_t to_kb = m->least_kb[QUARTERS - 1];
    (void)now_us;
    if (!is_over) {
        return ORACLE_OPEN;
    }
    if (!m->counts[1] || !m->counts[QUARTERS - 1]) {
        SAY(say, "the memory of the device was not seen in both the second and the last quarter of the time");
        return ORACLE_UNDECIDED;
    }
    int64_t grown_kb = (int64_t)to_kb - (int64_t)from_kb;
    SAY(say, "the device took %" PRIu64 " KB in the second quarter of the time and %" PRIu64
             " KB in the last, %" PRId64 " KB more; at most %" PRIu64, from_kb, to_kb, grown_kb, o->spec->most);
    return grown_kb <= (int64_t)o->spec->most ? ORACLE_PASS : ORACLE_FAIL;
}

const struct oracle_class oracle_memory = {
    .state_bytes = sizeof(struct memory), .event = memory_event, .judge = memory_judge};
