// SPDX-License-Identifier: MIT
// The seam between the net layer and what speaks inside TLS: MQTT, the web, later AMQP. The net
// layer opens a speaker by the first bytes and moves bytes; a speaker knows neither sockets nor
// TLS.
//
//     TRY(speaker.open(speaker.context, &call, &inner));
//     inner.fn->feed(inner.self, bytes);              // may call outlet.send, close and stall
//     timer_at(inner.fn->deadline_us(inner.self));
//     inner.fn->tick(inner.self);                     // when the deadline has come
//     inner.fn->end(inner.self);                      // the transport is gone
//     inner.fn->free(inner.self);
#pragma once
#include "simulator/faults/fault.h"
#include "simulator/hub/hub.h"

// What a speaker wants done. Every function may be called at any time from open to end, also from
// outside feed and tick; the work is then done on the loop's next turn.
struct inner_outlet {
    void *context;
    // Queue these bytes for the device. The bytes are borrowed for the call.
    void (*send)(void *context, struct span bytes);
    // Close the transport once what was sent is out (fin) or at once (rst). Called at most once.
    void (*close)(void *context, enum drop_how how);
    // From now on neither read nor write, and do not close (fault "stall").
    void (*stall)(void *context);
    // deadline_us or wants_pause changed outside feed and tick. May be NULL.
    void (*wake)(void *context);
    // What was sent and waits for the device to read it. May be NULL.
    size_t (*queued_bytes)(void *context);
};

// One speaker on one connection.
struct inner_functions {
    // Any number of bytes at a time, also one. Never blocks, never fails towards the caller.
    void (*feed)(void *self, struct span bytes);
    // When tick wants to be called next, on the clock env->mono_us; UINT64_MAX = never.
    uint64_t (*deadline_us)(const void *self);
    void (*tick)(void *self);
    // The transport has ended, in whatever way. After it only `device` and `free` are called, and
    // the outlet is not used any more.
    void (*end)(void *self);
    void (*free)(void *self);
    const char *(*device)(const void *self); // "device", "device/module" or "" when not known yet
    bool (*wants_pause)(const void *self);   // the transport should stop reading (back-pressure)
    // Something that was sent may have gone out; see outlet.queued_bytes. Sends nothing itself. May
    // be NULL.
    void (*drained)(void *self);
    // The device has said that it sends no more, and may still read. True: go on until
    // outlet.close; false, or NULL: the transport closes. Called once.
    bool (*half_close)(void *self);
    // The transport is about to be closed: what the speaker still holds of what was sent goes to the
    // outlet now. May be NULL.
    void (*flush)(void *self);
};

struct inner {
    const struct inner_functions *fn; // NULL = nothing speaks yet
    void *self;
};

// What a speaker is told of the connection. Borrowed for `open`, except where noted.
struct inner_call {
    uint32_t connection; // the journal's id
    struct inner_outlet outlet;
    const char *sni;                            // "" when the device sent none
    const struct peer_certificate *certificate; // NULL without one; outlives the speaker
};

struct speaker {
    void *context; // outlives every connection
    // ERR_NO_MEMORY. Emits nothing.
    int (*open)(void *context, const struct inner_call *call, struct inner *out);
};
