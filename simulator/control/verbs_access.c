// SPDX-License-Identifier: MIT
// The verbs about policies, CA certificates, removed identities, and messages that a device cannot
// settle over MQTT.
#include "base/error.h"
#include "certs/cert_list.h"
#include "simulator/control/control_private.h"
#include "simulator/hub/access.h"
#include "simulator/hub/c2d.h"

#include <inttypes.h>
#include <string.h>

static int take_key_word(const char *word, enum hub_key *out)
{
    *out = strcmp(word, "secondary") == 0 ? HUB_KEY_SECONDARY : HUB_KEY_PRIMARY;
    if (*out == HUB_KEY_PRIMARY && strcmp(word, "primary") != 0) {
        FAIL(ERR_SYNTAX, "expected primary or secondary, seen '%.60s'", word);
    }
    return 0;
}

int control_do_roll_policy(struct control_call *call)
{
    enum hub_key which = HUB_KEY_PRIMARY;
    TRY(take_key_word(call->args[1], &which));
    TRY(hub_roll_policy_key(call->rig->hub, call->args[0], which, NULL));
    const struct access_policy *p = hub_find_policy(call->rig->hub, span_text(call->args[0]));
    const char *key = which == HUB_KEY_PRIMARY ? p->primary_key : p->secondary_key;
    call->result =
        json_pack("{s:s, s:s, s:s}", "policy", p->name, "which", call->args[1], "key", key);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "policy %s has a new %s key\n%s", p->name, call->args[1], key);
}

static int read_pem(const char *text, struct buf *der)
{
    struct span rest = span_text(text);
    int code = pem_next_certificate(&rest, der);
    if (code == 0) {
        FAIL(ERR_SYNTAX, "expected the text of a PEM certificate: \"$(cat ca.pem)\"");
    }
    return code < 0 ? code : 0;
}

// A challenge goes with every CA that is not verified yet.
int control_do_add_ca(struct control_call *call)
{
    struct hub *hub = call->rig->hub;
    char challenge[HUB_CHALLENGE_BYTES] = "";
    struct buf der HR_CLEANUP(buf_deinit);
    bool is_verified = control_option(call, "verified") != NULL;
    buf_init(&der, HUB_CA_DER_BYTES_MOST);
    TRY(read_pem(call->args[1], &der));
    TRY(hub_add_ca(hub, call->args[0], buf_span(&der), is_verified));
    TRY(is_verified ? 0 : hub_challenge_ca(hub, call->args[0], challenge));
    call->result = json_pack("{s:s, s:b, s:s}", "name", call->args[0], "verified", is_verified,
                             "challenge", challenge);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return is_verified ? buf_printf(&call->text, "CA %s is registered and verified", call->args[0])
                       : buf_printf(&call->text,
                                    "CA %s is registered; to verify it, let it sign a certificate "
                                    "with this common name\n%s",
                                    call->args[0], challenge);
}

int control_do_verify_ca(struct control_call *call)
{
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&der, HUB_CA_DER_BYTES_MOST);
    TRY(read_pem(call->args[1], &der));
    TRY(hub_verify_ca(call->rig->hub, call->args[0], buf_span(&der)));
    call->result = json_pack("{s:s, s:b}", "name", call->args[0], "verified", 1);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "CA %s is verified", call->args[0]);
}

int control_do_remove_ca(struct control_call *call)
{
    TRY(hub_remove_ca(call->rig->hub, call->args[0]));
    call->result = json_pack("{s:s}", "name", call->args[0]);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "CA %s is removed", call->args[0]);
}

int control_do_remove_device(struct control_call *call)
{
    const struct identity *id = NULL;
    TRY(control_find_identity(call, call->args[0], &id));
    TRY(hub_remove_identity(call->hub, id->name));
    call->result = json_pack("{s:s}", "id", call->args[0]);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%s is removed, with its modules", call->args[0]);
}

int control_do_assign(struct control_call *call)
{
    if (!call->rig->dps) {
        FAIL(ERR_USAGE, "no provisioning service runs here; start serve with --dps");
    }
    TRY(dps_assign(call->rig->dps, call->args[0], call->args[1]));
    call->result = json_pack("{s:s, s:s}", "id", call->args[0], "hub", call->args[1]);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%s goes to %s when it registers again", call->args[0],
                      call->args[1]);
}

// ---- messages

struct message_list {
    struct control_call *call;
    int code;
};

static int show_message(struct control_call *call, const struct c2d_entry *e)
{
    const struct c2d_message *m = &e->message;
    const char *state = e->is_locked ? "on its way" : "waiting";
    json_t *row = json_pack("{s:I, s:s%, s:s, s:i, s:I}", "sequence", (json_int_t)e->sequence,
                            "message_id", m->message_id.len ? (const char *)m->message_id.ptr : "",
                            m->message_id.len, "state", state, "deliveries", (int)e->deliveries,
                            "body_bytes", (json_int_t)m->body.len);
    ENSURE(row && json_array_append_new(call->result, row) == 0, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%s%" PRIu64 "  %-10s  %zu bytes  %.*s",
                      call->text.len ? "\n" : "", e->sequence, state, m->body.len,
                      SPAN_ARG(m->message_id));
}

static bool visit_message(void *context, const struct c2d_entry *e)
{
    struct message_list *list = context;
    list->code = show_message(list->call, e);
    return list->code == 0;
}

int control_do_messages(struct control_call *call)
{
    const struct identity *id = NULL;
    struct message_list list = {call, 0};
    TRY(control_find_identity(call, call->args[0], &id));
    call->result = json_array();
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    (void)hub_c2d_list(call->hub, span_text(id->name), visit_message, &list);
    TRY(list.code);
    return call->text.len ? 0 : buf_printf(&call->text, "no message waits for %s", id->name);
}

int control_do_purge(struct control_call *call)
{
    const struct identity *id = NULL;
    TRY(control_find_identity(call, call->args[0], &id));
    size_t count = hub_c2d_purge(call->hub, span_text(id->name));
    call->result = json_pack("{s:s, s:I}", "id", id->name, "purged", (json_int_t)count);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%zu message%s for %s removed", count, count == 1 ? "" : "s",
                      id->name);
}

int control_do_settle(struct control_call *call)
{
    static const struct {
        const char *word;
        enum reason (*settle)(struct hub *hub, const struct identity *identity, uint64_t sequence);
    } ways[] = {
        {"complete", hub_c2d_complete}, {"reject", hub_c2d_reject}, {"abandon", hub_c2d_abandon}};
    const struct identity *id = NULL;
    uint64_t sequence = 0;
    size_t way = 0;
    TRY(control_find_identity(call, call->args[0], &id));
    while (way < HR_COUNT_OF(ways) && strcmp(ways[way].word, call->args[2]) != 0) {
        way++;
    }
    if (span_parse_u64(span_text(call->args[1]), &sequence) < 0 || way == HR_COUNT_OF(ways)) {
        FAIL(ERR_SYNTAX, "expected: settle ID SEQUENCE complete|reject|abandon");
    }
    if (ways[way].settle(call->hub, id, sequence) != REASON_OK) {
        FAIL(ERR_VALUE, "message %" PRIu64 " is not on its way to %s; `messages %s` shows them",
             sequence, id->name, id->name);
    }
    call->result = json_pack("{s:s, s:I, s:s}", "id", id->name, "sequence", (json_int_t)sequence,
                             "settled", ways[way].word);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "message %" PRIu64 ": %s", sequence, ways[way].word);
}
