// SPDX-License-Identifier: MIT
// A front: what stands between a server's TLS (chains, faults, evidence) and any service behind it.
// It speaks nothing itself: the plain bytes of a connection go to a connection of its own to the
// upstream, and back.
//
//     TRY(front_new(&settings, &front));
//     TRY(server_add_speaker(server, DIALECT_ANY, front_speaker(front)));
//     TRY(server_listen_for(server, DIALECT_ANY, "127.0.0.1", 8883, &port));
//     front_close(front);        // after the server is closed
#pragma once
#include "base/env.h"
#include "simulator/faults/fault.h"
#include "simulator/inner.h"

struct uv_loop_s;
struct front;

enum {
    FRONT_CONNECT_MS = 10000,          // name, TCP and TLS together
    FRONT_HALF_CLOSED_MS = 60000,      // for an answer, once the device has said that it sends no more
    FRONT_LINGER_MS = 2000,            // for the upstream to close, once the device is gone
    FRONT_QUEUE_BYTES = 256 * 1024,    // unread in either direction: the other side is not read
    FRONT_WAITING_BYTES_MOST = 2 << 20 // of the device, before the upstream is there
};

struct front_settings { // all borrowed, outliving the front
    struct uv_loop_s *loop;
    const struct env *env;
    struct journal *journal;
    const char *host; // a name or an address
    int port;
    bool is_tls;      // speak TLS 1.2 or 1.3 to it, and verify it
    const char *root; // PEM file of trust anchors; NULL = the system's
    const char *name; // that its certificate must have; NULL = the host
};

// ERR_NO_FILE, ERR_VALUE when the root file holds no certificate; ERR_NO_MEMORY.
int front_new(const struct front_settings *settings, struct front **out) HR_NODISCARD;
struct speaker front_speaker(struct front *front);
// Cuts what is left and runs the loop until all handles are closed. NULL is allowed.
void front_close(struct front *front);

// Whether a fault makes sense where no MQTT is spoken. ERR_VALUE with a sentence.
int front_check_fault(const struct fault *fault) HR_NODISCARD;
// What control can do to a front; for control_settings.verbs.
extern const char *const front_verbs[];
