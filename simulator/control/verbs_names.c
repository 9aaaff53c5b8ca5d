// SPDX-License-Identifier: MIT
// The verbs about the time server and the name server.
#include "base/error.h"
#include "simulator/control/control_private.h"
#include "simulator/rig/responders.h"

// The arguments from `first` on, as words; returns how many.
static size_t words_of(const struct control_call *call, size_t first, struct span *out)
{
    size_t count = 0;
    for (size_t i = first; i < call->count; i++) {
        out[count++] = span_text(call->args[i]);
    }
    return count;
}

int control_do_sntp(struct control_call *call)
{
    struct span words[CONTROL_ARGS_MOST];
    struct sntp_mode mode;
    char text[64];
    size_t bad = 0;
    if (!call->rig->sntp) {
        FAIL(ERR_USAGE, "this hub has no time server; start it with: serve --sntp PORT");
    }
    TRY(sntp_mode_parse(words, words_of(call, 0, words), &mode, &bad));
    sntp_use(call->rig->sntp, &mode);
    call->result = json_pack("{s:s}", "sntp", sntp_mode_print(&mode, text));
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "the time server is now: %s", text);
}

int control_do_dns(struct control_call *call)
{
    struct span words[CONTROL_ARGS_MOST];
    struct dns_behaviour behaviour;
    char text[80];
    size_t bad = 0;
    if (!call->rig->dns) {
        FAIL(ERR_USAGE, "this hub has no name server; start it with: serve --dns PORT");
    }
    const char *name = span_equals_text(span_text(call->args[0]), "hub")
                           ? call->rig->settings.hub.host
                           : call->args[0];
    TRY(dns_behaviour_parse(words, words_of(call, 1, words), &behaviour, &bad));
    TRY(dns_zone_behave(dns_zone(call->rig->dns), name, &behaviour));
    call->result =
        json_pack("{s:s, s:s}", "name", name, "dns", dns_behaviour_print(&behaviour, text));
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "the name server answers for %s: %s", name, text);
}
