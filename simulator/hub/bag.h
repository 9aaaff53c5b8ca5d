// SPDX-License-Identifier: MIT
// The property bag behind devices/{d}/messages/events/: k=v&k=v, percent-encoded
// (reference: IoT Hub over MQTT, device to cloud). Raw blanks and slashes inside are accepted,
// because SDKs send them.
//
//     struct bag bag;
//     TRY(bag_parse(SPAN_LITERAL("%24.mid=m-1&colour=dark%20red"), &bag));
//     TRY(bag_to_json(&bag, true, &json));      // {"message-id":"m-1"}
//     bag_deinit(&bag);
#pragma once
#include "base/span.h"

struct bag_pair {
    struct span key;   // decoded, or for a system property the name that readers see
    struct span value; // ptr NULL: the key came without '='
    bool is_system;
    bool is_overridden; // a later pair has the same key
};

struct bag {
    struct bag_pair *pairs; // in the order of the text
    size_t count;
    struct buf text;
};

enum { BAG_EXTRA_PAIRS = 4 };

// ERR_SYNTAX with a sentence (a stray %, an empty key), ERR_TOO_BIG, ERR_NO_MEMORY. One slash at
// the end is no part of the bag. Deinit in every case.
int bag_parse(struct span encoded, struct bag *out) HR_NODISCARD;
void bag_deinit(struct bag *bag);
// Adds an application property of borrowed texts that outlive the bag; at most BAG_EXTRA_PAIRS.
void bag_add(struct bag *bag, const char *key, const char *value);
// What counts against the message limit: names and values of application properties, values of
// system properties.
size_t bag_size_bytes(const struct bag *bag);
// One compact JSON object of the system or the application properties; the last of several equal
// keys wins.
int bag_to_json(struct bag *bag, bool is_system, struct buf *out) HR_NODISCARD;
