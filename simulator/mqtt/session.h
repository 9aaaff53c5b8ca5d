// SPDX-License-Identifier: MIT
// One MQTT 3.1.1 connection of a device, as IoT Hub or the provisioning
// service speaks it. Bytes in, bytes out: the session
// knows neither sockets nor TLS. Its outlet carries what it wants done.
//
//     struct mqtt_session *s = mqtt_session_new(&world, &outlet, connection, certificate);
//     mqtt_session_feed(s, bytes);         // may call outlet.send and outlet.close
//     timer_at(mqtt_session_deadline_us(s));
//     mqtt_session_tick(s);                // when the deadline has come
//     mqtt_session_end(s);                 // the transport is gone: will, detach
//     mqtt_session_free(s);
#pragma once
#include "base/env.h"
#include "simulator/faults/fault.h"
#include "simulator/hub/hub.h"

struct mqtt_outlet {
    void *context;
    // Queue these bytes for the device. The bytes are borrowed for the call.
    void (*send)(void *context, struct span bytes);
    // Close the transport once what was sent is out (fin) or at once (rst). Called at most once;
    // after it feed and tick do nothing, except after a refusal: what the device still sends until
    // it closes may be fed, and shows up as mqtt.early, 20 times at most.
    void (*close)(void *context, enum drop_how how);
    // From now on neither read nor write, and do not close (fault "stall").
    void (*stall)(void *context);
    // The deadline or wants_pause changed outside feed and tick, because the hub had something for
    // the device. May be NULL.
    void (*wake)(void *context);
};

struct dps;

struct mqtt_world {
    const struct env *env;
    struct hub *hub; // NULL with dps
    struct fault_plan *faults;
    struct journal *journal;
    struct dps *dps; // NULL, or the provisioning service that is spoken instead of a hub
    // Another hub behind the same listeners: the device's SNI chooses. NULL behind the last; a
    // device that names none of them gets the first.
    struct mqtt_world *next;
};

struct mqtt_session;

// All arguments are borrowed and outlive the session, except *outlet and *world, which are copied.
// `certificate` may be NULL. NULL without memory. Emits nothing.
struct mqtt_session *mqtt_session_new(const struct mqtt_world *world,
                                      const struct mqtt_outlet *outlet, uint32_t connection,
                                      const struct peer_certificate *certificate);
void mqtt_session_free(struct mqtt_session *s);

// Any number of bytes at a time, also one. Never blocks; work is linear in the bytes. On a broken
// packet it emits mqtt.error and closes; it never fails towards the caller.
void mqtt_session_feed(struct mqtt_session *s, struct span bytes);

// When mqtt_session_tick wants to be called next, on the clock env->mono_us; UINT64_MAX = never.
// Changes after feed and tick, and outside them after outlet.wake. While a SAS token is bound the
// wait is at most 1 s, because the hub's clock, which the token's end follows, may be set at any
// time.
uint64_t mqtt_session_deadline_us(const struct mqtt_session *s);
void mqtt_session_tick(struct mqtt_session *s);

// The transport has ended, in whatever way. Publishes the will unless the device sent DISCONNECT,
// and detaches from the hub. Feed, tick and the outlet are not used after it.
void mqtt_session_end(struct mqtt_session *s);

// "device", "device/module", or "" before CONNECT was read.
const char *mqtt_session_device(const struct mqtt_session *s);
// More than 16 PUBACKs are being held back, or much was sent before a delayed CONNACK: the
// transport should stop reading (back-pressure). The keep-alive timer rests meanwhile.
bool mqtt_session_wants_pause(const struct mqtt_session *s);
