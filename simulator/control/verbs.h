// SPDX-License-Identifier: MIT
// What can be told to a running hub: one row per verb. The socket, `hubrig ctl` and the C API use
// this table; a verb's work is control_do_<C name>.
//
// Options read "name" for a flag, "name=" for one value, "name=..." for several.
#pragma once
#include "base/span.h"

//    C name, verb, arguments, least and most of them, options, whether it changes the hub, meaning
#define CONTROL_VERB_TABLE(X)                                                                      \
    X(devices, "devices", "", 0, 0, "", false, "every identity, and whether it is connected")      \
    X(connections, "connections", "", 0, 0, "", false, "every open connection")                    \
    X(watch, "watch", "[EVENT|GROUP]", 0, 1, "device=", false,                                     \
      "events as they come; a group is mqtt, tls, d2c, ...")                                       \
    X(telemetry, "telemetry", "[ID]", 0, 1, "", false, "messages of devices as they come")         \
    X(add_device, "add-device", "ID", 1, 1, "x509 ca key=", true,                                  \
      "register a device or DEVICE/MODULE by a key, a thumbprint (x509) or a CA; answers its "     \
      "connection string")                                                                         \
    X(disable, "disable", "ID", 1, 1, "", true, "refuse an identity; ends its connection")         \
    X(enable, "enable", "ID", 1, 1, "", true, "let an identity in again")                          \
    X(roll_key, "roll-key", "ID primary|secondary", 2, 2, "", true,                                \
      "a new key in the place of an old one; a live connection stays")                             \
    X(chain, "chain", "NAME", 1, 1, "", true, "present this certificate chain from now on")        \
    X(clock, "clock", "WHEN", 1, 1, "", true, "set the hub's clock: a date, +2h, real, or x20 to let it run 20 times as fast")         \
    X(sntp, "sntp", "MODE [VALUE]", 1, 2, "", true,                                                \
      "the time server: right, silent, late 20s, offset +2h, date DATE, step 1h, stratum16, kod RATE") \
    X(dns, "dns", "hub|NAME BEHAVIOUR [VALUE]", 2, 3, "", true,                                    \
      "the name server: right, nxdomain, servfail, refused, timeout, slow 3s, truncated, address IP") \
    X(fault, "fault", "WORDS...", 1, 63, "", true, "arm a fault: refuse 5 times 3, drop rst ...")  \
    X(faults, "faults", "", 0, 0, "", false, "the faults that are armed")                          \
    X(clear, "clear", "", 0, 0, "", true, "remove all faults")                                     \
    X(drop, "drop", "fin|rst [ID]", 1, 2, "", true, "close live connections, all or one device's")                         \
    X(remove_device, "remove-device", "ID", 1, 1, "", true,                                        \
      "forget an identity, its modules and all they have")                                         \
    X(roll_policy, "roll-policy", "NAME primary|secondary", 2, 2, "", true,                        \
      "a new key for a shared access policy")                                                      \
    X(add_ca, "add-ca", "NAME PEM", 2, 2, "verified", true,                                        \
      "register a CA of devices; answers a challenge unless it is verified")                       \
    X(verify_ca, "verify-ca", "NAME PEM", 2, 2, "", true,                                          \
      "prove its possession: a certificate that it signed, named by the challenge")                \
    X(remove_ca, "remove-ca", "NAME", 1, 1, "", true, "its devices are refused from now on")       \
    X(messages, "messages", "ID", 1, 1, "", false, "the messages that wait for a device")          \
    X(purge, "purge", "ID", 1, 1, "", true, "remove the messages that wait for a device")          \
    X(settle, "settle", "ID SEQUENCE complete|reject|abandon", 3, 3, "", true,                     \
      "end a message on its way, as a device over AMQP could")                                     \
    X(assign, "assign", "ID HOST", 2, 2, "", true,                                                 \
      "the hub of an enrolled device from its next registration on")                               \
    X(takeover, "takeover", "ID", 1, 1, "", true,                                                  \
      "end its connection as another client with its identity would")                              \
    X(c2d, "c2d", "ID BODY", 2, 2, "property=... ack= ttl= id= input=", true,                      \
      "queue a message for a device, or for the input of a module")                                \
    X(feedback, "feedback", "", 0, 0, "", false, "feedback on messages as it comes")              \
    X(twin, "twin", "ID", 1, 1, "", false, "the twin of a device as JSON")                        \
    X(twin_desired, "twin-desired", "ID JSON", 2, 2, "replace", true,                              \
      "patch the desired properties, or replace them")                                             \
    X(method, "method", "ID NAME [PAYLOAD]", 2, 3, "timeout-s=", true,                             \
      "call a direct method; answers what the device answers")

enum { CONTROL_ARGS_MOST = 63 };

struct control_verb {
    const char *word;
    const char *arguments;
    size_t least;
    size_t most;
    const char *options;
    bool changes_hub;
    const char *meaning;
};

extern const struct control_verb control_verbs[];
extern const size_t control_verb_count;
// ERR_UNKNOWN_NAME with a suggestion.
int control_verb_find(struct span word, const struct control_verb **out) HR_NODISCARD;
// Whether the verb has this option; *takes_value and *repeats say how.
bool control_verb_option(const struct control_verb *verb, struct span name, bool *takes_value,
                         bool *repeats);
