// SPDX-License-Identifier: MIT
#include "simulator/mqtt/speaker.h"
#include "base/error.h"

#include <strings.h>

static void feed(void *self, struct span bytes)
{
    mqtt_session_feed(self, bytes);
}

static uint64_t deadline_us(const void *self)
{
    return mqtt_session_deadline_us(self);
}

static void tick(void *self)
{
    mqtt_session_tick(self);
}

static void end(void *self)
{
    mqtt_session_end(self);
}

static void free_session(void *self)
{
    mqtt_session_free(self);
}

static const char *device(const void *self)
{
    return mqtt_session_device(self);
}

static bool wants_pause(const void *self)
{
    return mqtt_session_wants_pause(self);
}

static const struct inner_functions functions = {
    .feed = feed,
    .deadline_us = deadline_us,
    .tick = tick,
    .end = end,
    .free = free_session,
    .device = device,
    .wants_pause = wants_pause,
};

static const struct mqtt_world *world_for(const struct mqtt_world *first, const char *sni)
{
    for (const struct mqtt_world *w = first; w; w = w->next) {
        if (w->hub && strcasecmp(hub_settings_of(w->hub)->host, sni) == 0) {
            return w;
        }
    }
    return first;
}

static int open_session(void *context, const struct inner_call *call, struct inner *out)
{
    const struct inner_outlet *o = &call->outlet;
    struct mqtt_outlet outlet = {o->context, o->send, o->close, o->stall, o->wake};
    out->self = mqtt_session_new(world_for(context, call->sni), &outlet, call->connection, call->certificate);
    ENSURE(out->self != NULL, ERR_NO_MEMORY);
    out->fn = &functions;
    return 0;
}

struct speaker mqtt_speaker(struct mqtt_world *world)
{
    return (struct speaker){world, open_session};
}
