// SPDX-License-Identifier: MIT
// Which of the hub's topics a device's PUBLISH or filter names. `name` is the identity's name,
// "device" or "device/module"; ids stand in topics as they are, with case.
#pragma once
#include "base/span.h"

enum topic_kind {
    TOPIC_TELEMETRY,      // the identity's own; *bag is what stands behind ".../events/"
    TOPIC_TWIN,           // below $iothub/twin/
    TOPIC_METHOD,         // below $iothub/methods/
    TOPIC_CREDENTIALS,    // below $iothub/credentials/: certificate renewal
    TOPIC_OTHER_IDENTITY, // telemetry of somebody else
    TOPIC_UNKNOWN,
};
enum topic_kind topic_of_publish(const char *name, struct span topic, struct span *bag);
// "devices/d" or "devices/d/modules/m", followed by `tail`.
enum { TOPIC_BYTES_MOST = 512 };
struct span topic_below(const char *name, const char *tail, char out[TOPIC_BYTES_MOST]);

// What stands behind `head` in $iothub topics: "HEAD[/]?$rid=R&..."; false when the topic is none.
// *rid is the value as it stands, empty without one.
bool topic_take_request(struct span topic, const char *head, struct span *rid);
bool topic_filter_is_known(const char *name, struct span filter);
