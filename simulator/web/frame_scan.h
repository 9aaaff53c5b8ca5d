// SPDX-License-Identifier: MIT
// Follows the frame headers of a WebSocket client for the one rule that libwebsockets does not
// enforce: every frame of a client is masked (RFC 6455 5.1). Servers close on an unmasked one, a
// common mistake of hand-made clients, so the hub does too. Pure.
//
//     frame_scan_head(&s, bytes);                   // while it is HTTP
//     n = frame_scan_frames(&s, bytes);             // after the upgrade
//     if (s.has_violation) { only n bytes are good }
#pragma once
#include "base/span.h"

struct frame_scan {
    uint8_t head_match;   // of CR LF CR LF, the end of a request's head
    uint64_t behind_head; // bytes since the last head ended
    uint8_t have;         // header bytes seen of the current frame
    uint8_t need;         // all its header bytes; 0 = not known yet
    uint8_t header[14];
    uint64_t payload; // bytes left of the current frame
    bool has_violation;
};

// Find the end of the latest HTTP head.
void frame_scan_head(struct frame_scan *s, struct span bytes);
// How many of `bytes` may be passed on: all, or those before the byte that showed the first frame
// to be unmasked. A client that sent frames without waiting for the answer to its upgrade is not
// followed: where its frames begin is not known. Linear in the frames, not in their bytes.
size_t frame_scan_frames(struct frame_scan *s, struct span bytes);
