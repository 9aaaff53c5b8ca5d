// SPDX-License-Identifier: MIT
// The hub's throttles and its daily quota (reference: limits, tables 1, 2 and 6).
#include "base/error.h"
#include "simulator/hub/hub_private.h"

static const int64_t day_us = INT64_C(86400000000);

static enum reason take(struct hub *hub, enum throttle throttle, uint32_t connection,
                        const char *device, uint64_t *delay_us)
{
    uint64_t now_us = hub->env->mono_us(hub->env->world);
    if (!throttle_take(&hub->buckets[throttle], &hub->settings.limits.rates[throttle], now_us,
                       delay_us)) {
        return REASON_THROTTLED;
    }
    if (*delay_us > 0) {
        EMIT(hub->journal, HUB_THROTTLE, connection, device,
             F_TEXT("operation", throttle_word(throttle)), F_INT("delay_ms", *delay_us / 1000));
    }
    return REASON_OK;
}

enum reason hub_admit_twin(struct hub *hub, const struct identity *identity, bool is_update,
                           uint64_t *delay_us)
{
    return take(hub, is_update ? THROTTLE_TWIN_UPDATE : THROTTLE_TWIN_READ,
                hub_connection_of(hub, identity), identity->name, delay_us);
}

enum reason hub_admit_service(struct hub *hub, enum throttle throttle, uint32_t count)
{
    struct throttle_rate rate = hub->settings.limits.rates[throttle];
    uint64_t delay_us = 0;
    rate.longest_us = 0;
    if (throttle_take_many(&hub->buckets[throttle], &rate, count, hub_mono_us(hub), &delay_us)) {
        return REASON_OK;
    }
    error_set(ERR_LIMIT, "more %s than the hub's throttle lets through (%u a minute)",
              throttle_word(throttle), rate.per_minute);
    return REASON_THROTTLED;
}

bool hub_admit_renewal(struct hub *hub, uint64_t *wait_us)
{
    struct throttle_rate rate = hub->settings.limits.rates[THROTTLE_RENEWAL];
    *wait_us = rate.per_minute ? UINT64_C(60000000) / rate.per_minute : 0;
    rate.longest_us = 0; // nobody waits for it: refused, and told when to come again
    uint64_t delay_us = 0;
    return throttle_take(&hub->buckets[THROTTLE_RENEWAL], &rate, hub_mono_us(hub), &delay_us);
}

enum reason hub_admit_connection(struct hub *hub, const struct identity *identity,
                                 uint32_t connection, uint64_t *delay_us)
{
    return take(hub, THROTTLE_CONNECT, connection, identity->name, delay_us);
}

static uint64_t blocks_of(const struct hub_limits *limits, size_t size_bytes)
{
    uint64_t blocks = (size_bytes + limits->block_bytes - 1) / limits->block_bytes;
    return blocks > 0 ? blocks : 1;
}

static enum reason meter(struct hub *hub, size_t size_bytes)
{
    const struct hub_limits *limits = &hub->settings.limits;
    int64_t today = hub_utc_us(hub) / day_us;
    if (limits->blocks_a_day == 0) {
        return REASON_OK;
    }
    if (today != hub->quota_day) {
        hub->quota_day = today;
        hub->blocks_used = 0;
    }
    uint64_t blocks = blocks_of(limits, size_bytes);
    if (blocks > limits->blocks_a_day - hub->blocks_used) {
        return REASON_QUOTA_EXCEEDED;
    }
    hub->blocks_used += blocks;
    return REASON_OK;
}

enum reason hub_admit_message(struct hub *hub, const struct telemetry *m, size_t size_bytes,
                              uint64_t *delay_us)
{
    *delay_us = 0;
    enum reason reason = meter(hub, size_bytes);
    if (reason != REASON_OK || m->is_will) { // nobody waits for the answer to a will
        return reason;
    }
    return take(hub, THROTTLE_D2C, m->connection, m->identity->name, delay_us);
}
