// SPDX-License-Identifier: MIT
// HTTP and WebSocket inside TLS, on libwebsockets: a speaker for the net layer that opens further
// speakers (MQTT) inside WebSocket messages. Decrypted bytes reach libwebsockets through a
// socketpair on the same loop; its own TLS is not used.
//
//     TRY(web_new(&settings, &web));
//     server_settings.speakers[1] = {DIALECT_HTTP, web_speaker(web)};
//     ...
//     web_close(web, closed, context);   // after the server has closed; then run the loop
#pragma once
#include "simulator/inner.h"

struct uv_loop_s;
struct web;

enum { WEB_SUBPROTOCOLS_MOST = 2 };

// What may be spoken inside WebSocket binary messages.
struct web_subprotocol {
    const char *name; // at most 4 letters, matched in any case and answered as offered
    struct speaker speaker;
};

struct web_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    struct journal *journal;
    struct web_subprotocol subprotocols[WEB_SUBPROTOCOLS_MOST]; // without a name: unused
};

// Everything but *settings is borrowed and outlives the web. ERR_NO_MEMORY; ERR_IO when
// libwebsockets cannot start, mostly because its libuv plug-in is not installed.
int web_new(const struct web_settings *settings, struct web **out) HR_NODISCARD;
// Lives as long as the web.
struct speaker web_speaker(struct web *web);
// All connections have ended before. `closed` is called from the loop.
void web_close(struct web *web, void (*closed)(void *context), void *context);
