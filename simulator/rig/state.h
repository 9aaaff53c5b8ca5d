// SPDX-License-Identifier: MIT
// The memory of a rig's hubs in one SQLite file: identities with their keys, sessions that outlive
// their connection, twins and queued messages. Every change is on the disk before anybody hears
// that it was accepted, so that neither kill -9 nor a power cut loses what was acknowledged.
//
//     TRY(state_open("hub.state", &state));      // ERR_IN_USE: another process has it
//     TRY(state_attach(state, hub));             // fills the hub, then keeps what changes
//     ...
//     state_close(state);                        // before hub_free
#pragma once
#include "base/compat.h"

#include <stddef.h>

struct dps;
struct hub;
struct state;

// Opens or makes the file (mode 0600) and locks it by a file beside it, "FILE.lock", which says who
// has it. ERR_IN_USE (the sentence names process and program), ERR_VALUE (no state file, or one of
// a newer hubrig), file errors.
int state_open(const char *path, struct state **out) HR_NODISCARD;
enum { STATE_HUBS_MOST = 8 };
// `hub` is borrowed until state_close. What it has already stays as it is and is written down. The
// first one finds what the first one left, under whatever name; further ones go by their host. What
// a hub left that does not come again stays in the file. ERR_LIMIT.
int state_attach(struct state *state, struct hub *hub) HR_NODISCARD;
// The same for the registrations of a provisioning service; those that have ended are kept.
int state_attach_dps(struct state *state, struct dps *dps) HR_NODISCARD;
// The sentence of the first change that could not be written, or NULL. From then on every further
// change is refused: whoever serves should stop. A twin is no such change: the hub takes it back
// and answers so.
const char *state_failure(const struct state *state);
// Called once, when a change could not be written.
void state_on_failure(struct state *state, void (*failed)(void *context), void *context);
void state_close(struct state *state); // NULL is allowed
