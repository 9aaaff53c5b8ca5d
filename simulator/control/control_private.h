// SPDX-License-Identifier: MIT
// What the verbs' files share.
#pragma once
#include "simulator/control/control.h"
#include "simulator/control/verbs.h"

struct control {
    struct control_settings settings;
    struct control_pending *pending; // verbs whose answer is not there yet
};

// One request on its way through its verb.
struct control_call {
    struct control *control;
    struct rig *rig;
    struct hub *hub; // of the identity that was found last, else the first one
    const struct control_verb *verb;
    struct control_asker asker;
    const char *args[CONTROL_ARGS_MOST];
    size_t count;
    const json_t *options; // an object or NULL
    struct buf text;       // what happened, for people; lines without an end
    bool is_answered_later; // the verb calls asker.reply itself, now or later
    json_t *result;        // what happened, for programs; the verb fills it
};

#define X(name, word, args, least, most, options, changes, meaning)                                \
    int control_do_##name(struct control_call *call);
CONTROL_VERB_TABLE(X)
#undef X

// Answers all of them with NULL.
void control_forget_pending(struct control *control);
// The option's text, or NULL when it was not given; "" for a flag.
const char *control_option(const struct control_call *call, const char *name);
// ERR_UNKNOWN_NAME with a suggestion among the registered identities.
int control_find_identity(struct control_call *call, const char *name,
                          const struct identity **out) HR_NODISCARD;
