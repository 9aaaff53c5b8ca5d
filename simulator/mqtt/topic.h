// SPDX-License-Identifier: MIT
// Which of the hub's topics a device's PUBLISH or filter names. `name` is the identity's name,
// "device" or "device/module"; ids stand in topics as they are, with case.
#pragma once
#include "base/span.h"

enum topic_kind {
    TOPIC_TELEMETRY,      // the identity's own; *bag is what stands behind ".../events/"
    TOPIC_NOT_SPOKEN,     // twins, methods, credentials: known, not part of this hub yet
    TOPIC_OTHER_IDENTITY, // telemetry of somebody else
    TOPIC_UNKNOWN,
};
enum topic_kind topic_of_publish(const char *name, struct span topic, struct span *bag);
bool topic_filter_is_known(const char *name, struct span filter);
