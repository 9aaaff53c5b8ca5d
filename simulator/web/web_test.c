// SPDX-License-Identifier: MIT
// The web at its seam: bytes as after TLS on one side, a speaker of the test's own inside WebSocket
// on the other, and a clock that stands still.
#include "simulator/web/web.h"
#include "base/error.h"
#include "base/scarce.h"
#include "base/test.h"

#include <string.h>
#include <uv.h>

#define UPGRADE                                                                                    \
    "GET /$iothub/websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"                         \
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                       \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"

enum { TURNS_MOST = 20000, SENT_BYTES_MOST = 4 << 20 };

// The speaker inside WebSocket.
struct talker {
    struct inner_outlet outlet;
    size_t fed_bytes;
    bool wants_pause;
    bool fails_to_open;
    int ticks;
    int ends;
    int frees;
};

static struct {
    uv_loop_t loop;
    struct fake_world world;
    struct env env;
    struct journal *journal;
    struct web *web;
    struct speaker speaker;
    struct inner inner; // the connection under test
    struct buf sent;    // to the device
    int closes;
    enum drop_how how;
    int wakes;
    char last_closed[200]; // the ws.closed event as text
    struct talker talker;
} t;

static void talker_feed(void *self, struct span bytes)
{
    ((struct talker *)self)->fed_bytes += bytes.len;
}

static uint64_t talker_deadline_us(const void *self)
{
    (void)self;
    return 123456;
}

static void talker_tick(void *self)
{
    ((struct talker *)self)->ticks++;
}

static void talker_end(void *self)
{
    ((struct talker *)self)->ends++;
}

static void talker_free(void *self)
{
    ((struct talker *)self)->frees++;
}

static const char *talker_device(const void *self)
{
    (void)self;
    return "talker";
}

static bool talker_wants_pause(const void *self)
{
    return ((const struct talker *)self)->wants_pause;
}

static int talker_open(void *context, const struct inner_call *call, struct inner *out)
{
    static const struct inner_functions functions = {
        .feed = talker_feed,
        .deadline_us = talker_deadline_us,
        .tick = talker_tick,
        .end = talker_end,
        .free = talker_free,
        .device = talker_device,
        .wants_pause = talker_wants_pause,
    };
    struct talker *talker = context;
    ENSURE(!talker->fails_to_open, ERR_NO_MEMORY);
    talker->outlet = call->outlet;
    *out = (struct inner){&functions, talker};
    return 0;
}

static void on_send(void *context, struct span bytes)
{
    (void)context;
    assert_int_equal(buf_append(&t.sent, bytes), 0);
}

static void on_close(void *context, enum drop_how how)
{
    (void)context;
    t.closes++;
    t.how = how;
}

static void on_stall(void *context)
{
    (void)context;
    fail_msg("the web stalls by reading no more");
}

static void on_wake(void *context)
{
    (void)context;
    t.wakes++;
}

static void on_event(void *context, const struct event *e)
{
    struct buf text HR_CLEANUP(buf_deinit);
    (void)context;
    buf_init(&text, 1000);
    if (e->type == EVENT_WS_CLOSED && event_to_text(e, &text) == 0) {
        span_copy_text(buf_span(&text), t.last_closed, sizeof t.last_closed);
    }
}

static void turn(void)
{
    uv_run(&t.loop, UV_RUN_NOWAIT);
}

static bool has_sent(const char *bytes, size_t len)
{
    return t.sent.len >= len && memcmp(t.sent.data + t.sent.len - len, bytes, len) == 0;
}

// Run the loop until the last bytes for the device are these.
static void await_sent(const char *bytes, size_t len)
{
    for (int i = 0; i < TURNS_MOST && !has_sent(bytes, len); i++) {
        turn();
    }
    assert_true(has_sent(bytes, len));
}

static void await_closes(int closes)
{
    for (int i = 0; i < TURNS_MOST && t.closes < closes; i++) {
        turn();
    }
    assert_int_equal(t.closes, closes);
}

static struct inner_call connection_call(void)
{
    return (struct inner_call){
        .connection = 1, .outlet = {NULL, on_send, on_close, on_stall, on_wake, NULL}, .sni = ""};
}

static void open_connection(void)
{
    const struct inner_call call = connection_call();
    assert_int_equal(t.speaker.open(t.speaker.context, &call, &t.inner), 0);
}

static void feed(struct span bytes)
{
    t.inner.fn->feed(t.inner.self, bytes);
}

static void open_websocket(void)
{
    open_connection();
    feed(SPAN_LITERAL(UPGRADE));
    await_sent("\r\n\r\n", 4);
    assert_int_equal(strncmp(buf_text(&t.sent), "HTTP/1.1 101 ", 13), 0);
    buf_clear(&t.sent);
}

static void end_connection(void)
{
    t.inner.fn->end(t.inner.self);
    t.inner.fn->free(t.inner.self);
}

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.env = env_fake(&t.world);
    t.journal = journal_new(&t.env);
    buf_init(&t.sent, SENT_BYTES_MOST);
    struct web_settings settings = {.loop = &t.loop,
                                    .env = &t.env,
                                    .journal = t.journal,
                                    .subprotocols = {{"mqtt", {&t.talker, talker_open}}}};
    if (uv_loop_init(&t.loop) != 0 || journal_listen(t.journal, on_event, NULL) < 0 ||
        web_new(&settings, &t.web) < 0) {
        return -1;
    }
    t.speaker = web_speaker(t.web);
    return 0;
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

static int tear_down(void **state)
{
    bool is_closed = false;
    (void)state;
    web_close(t.web, on_closed, &is_closed);
    while (!is_closed) {
        uv_run(&t.loop, UV_RUN_ONCE);
    }
    journal_free(t.journal);
    buf_deinit(&t.sent);
    return uv_loop_close(&t.loop); // fails when a handle was left behind
}

static void each_send_is_one_binary_message(void **state)
{
    (void)state;
    open_websocket();
    t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("one"));
    t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("three"));
    await_sent("\x82\x03one\x82\x05three", 12);
    assert_int_equal(t.sent.len, 12);
    end_connection();
}

static void deadline_device_and_tick_are_those_of_the_speaker_inside(void **state)
{
    (void)state;
    open_connection();
    assert_string_equal(t.inner.fn->device(t.inner.self), "");
    assert_int_equal(t.inner.fn->deadline_us(t.inner.self), 60000000);
    feed(SPAN_LITERAL(UPGRADE));
    await_sent("\r\n\r\n", 4);
    assert_string_equal(t.inner.fn->device(t.inner.self), "talker");
    assert_int_equal(t.inner.fn->deadline_us(t.inner.self), 123456);
    t.inner.fn->tick(t.inner.self);
    assert_int_equal(t.talker.ticks, 1);
    end_connection();
    assert_int_equal(t.talker.ends, 1);
    assert_int_equal(t.talker.frees, 1);
}

static void a_speaker_that_wants_a_pause_gets_it(void **state)
{
    (void)state;
    open_websocket();
    assert_false(t.inner.fn->wants_pause(t.inner.self));
    t.talker.wants_pause = true;
    assert_true(t.inner.fn->wants_pause(t.inner.self));
    t.talker.wants_pause = false;
    assert_false(t.inner.fn->wants_pause(t.inner.self));
    end_connection();
}

static void a_long_queue_pauses_and_wakes_when_it_is_drained(void **state)
{
    enum { PAYLOAD_BYTES = 1 << 20 };
    static uint8_t payload[PAYLOAD_BYTES];
    (void)state;
    open_websocket();
    feed(SPAN_LITERAL("\x82\xff\0\0\0\0\0\x10\0\0\0\0\0\0")); // 1 MB follows, mask 0
    feed(span_of(payload, sizeof payload));
    assert_true(t.inner.fn->wants_pause(t.inner.self));
    t.wakes = 0;
    for (int i = 0; i < TURNS_MOST && t.talker.fed_bytes < PAYLOAD_BYTES; i++) {
        turn();
    }
    assert_int_equal(t.talker.fed_bytes, PAYLOAD_BYTES);
    assert_true(t.wakes > 0);
    assert_false(t.inner.fn->wants_pause(t.inner.self));
    end_connection();
}

static void a_stall_reads_no_more_but_sends_what_was_sent_before(void **state)
{
    (void)state;
    open_websocket();
    t.wakes = 0;
    t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("last"));
    t.talker.outlet.stall(t.talker.outlet.context);
    assert_true(t.wakes > 0);
    assert_true(t.inner.fn->wants_pause(t.inner.self));
    assert_true(t.inner.fn->deadline_us(t.inner.self) == UINT64_MAX);
    await_sent("\x82\x04last", 6);
    feed(SPAN_LITERAL("\x82\x81\0\0\0\0x"));
    for (int i = 0; i < 100; i++) {
        turn();
    }
    assert_int_equal(t.talker.fed_bytes, 0);
    assert_int_equal(t.closes, 0);
    end_connection();
}

static void a_gentle_close_follows_what_was_sent_and_waits_for_the_answer(void **state)
{
    (void)state;
    open_websocket();
    t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("no"));
    t.talker.outlet.close(t.talker.outlet.context, DROP_FIN);
    await_sent("\x82\x02no\x88\x02\x03\xe8", 8);
    assert_int_equal(t.closes, 0);
    assert_string_equal(t.last_closed, "ws.closed code=1000 by=hub why=\"\"");
    feed(SPAN_LITERAL("\x88\x82\0\0\0\0\x03\xe8"));
    await_closes(1);
    assert_int_equal(t.how, DROP_FIN);
    assert_int_equal(t.talker.ends, 1);
    end_connection();
    assert_int_equal(t.talker.ends, 1);
}

static void a_reset_is_passed_on_at_once(void **state)
{
    (void)state;
    open_websocket();
    t.talker.outlet.close(t.talker.outlet.context, DROP_RST);
    assert_int_equal(t.closes, 1);
    assert_int_equal(t.how, DROP_RST);
    end_connection();
}

static void a_speaker_that_cannot_open_resets_the_connection(void **state)
{
    (void)state;
    t.talker.fails_to_open = true;
    open_connection();
    feed(SPAN_LITERAL(UPGRADE));
    await_closes(1);
    assert_int_equal(t.how, DROP_RST);
    end_connection();
    assert_int_equal(t.talker.frees, 0);
}

static void an_idle_http_connection_is_closed_after_60_s(void **state)
{
    (void)state;
    open_connection();
    feed(SPAN_LITERAL("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    t.world.mono_us = 50000000;
    await_sent("}\n", 2);
    t.world.mono_us = 109999999;
    t.inner.fn->tick(t.inner.self);
    assert_int_equal(t.closes, 0);
    t.world.mono_us = 110000000;
    t.inner.fn->tick(t.inner.self);
    assert_int_equal(t.closes, 1);
    assert_int_equal(t.how, DROP_FIN);
    end_connection();
}

static void an_end_with_messages_queued_leaves_nothing_behind(void **state)
{
    (void)state;
    open_websocket();
    for (int i = 0; i < 100; i++) {
        t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("never"));
    }
    end_connection();
    assert_string_equal(t.last_closed,
                        "ws.closed code=1006 by=\"\" why=\"the transport ended without a close\"");
    assert_int_equal(t.talker.frees, 1);
}

static void before_an_end_what_was_sent_goes_out(void **state)
{
    (void)state;
    open_websocket();
    t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("one"));
    t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("three"));
    t.inner.fn->flush(t.inner.self);
    end_connection();
    assert_int_equal(t.sent.len, 12);
    assert_memory_equal(t.sent.data, "\x82\x03one\x82\x05three", 12);
}

static void before_an_end_more_than_the_pair_holds_goes_out(void **state)
{
    static uint8_t body[1000];
    const size_t frame_bytes = 4 + sizeof body;
    (void)state;
    open_websocket();
    for (int i = 0; i < 300; i++) {
        t.talker.outlet.send(t.talker.outlet.context, span_of(body, sizeof body));
    }
    t.inner.fn->flush(t.inner.self);
    end_connection();
    assert_int_equal(t.sent.len, 300 * frame_bytes);
}

// Turns until those bytes are out or the web has given the connection up.
static void await_sent_or_closed(const char *bytes, size_t len)
{
    for (int i = 0; i < TURNS_MOST && t.closes == 0 && !has_sent(bytes, len); i++) {
        turn();
    }
    assert_true(t.closes > 0 || has_sent(bytes, len));
}

static void talk(const char *request)
{
    feed(span_text(request));
    await_sent_or_closed("\n", 1);
    if (t.closes == 0 && t.talker.outlet.send) {
        t.talker.outlet.send(t.talker.outlet.context, SPAN_LITERAL("one"));
        await_sent_or_closed("\x82\x03one", 5);
    }
}

static void live_on_the_web(void *request)
{
    const struct inner_call call = connection_call();
    memset(&t.talker, 0, sizeof t.talker);
    buf_clear(&t.sent);
    assert_int_equal(buf_reserve(&t.sent, 4096), 0); // the test's own memory does not fail
    t.closes = 0;
    scarce_begin();
    int code = t.speaker.open(t.speaker.context, &call, &t.inner);
    if (code == 0) {
        talk(request);
        end_connection();
    }
    scarce_end();
    assert_int_equal(code == 0 && t.closes == 0, !scarce_has_failed());
}

static void without_memory_a_connection_ends_and_the_web_goes_on(void **state)
{
    static char upgrade[] = UPGRADE;
    static char other[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    (void)state;
    journal_unlisten(t.journal, on_event, NULL); // nor does the listener take part
    assert_true(scarce_live(live_on_the_web, upgrade) > 2);
    assert_true(scarce_live(live_on_the_web, other) > 2);
}

int main(void)
{
#define WEB(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WEB(each_send_is_one_binary_message),
        WEB(deadline_device_and_tick_are_those_of_the_speaker_inside),
        WEB(a_speaker_that_wants_a_pause_gets_it),
        WEB(a_long_queue_pauses_and_wakes_when_it_is_drained),
        WEB(a_stall_reads_no_more_but_sends_what_was_sent_before),
        WEB(a_gentle_close_follows_what_was_sent_and_waits_for_the_answer),
        WEB(a_reset_is_passed_on_at_once),
        WEB(a_speaker_that_cannot_open_resets_the_connection),
        WEB(an_idle_http_connection_is_closed_after_60_s),
        WEB(an_end_with_messages_queued_leaves_nothing_behind),
        WEB(before_an_end_what_was_sent_goes_out),
        WEB(before_an_end_more_than_the_pair_holds_goes_out),
        WEB(without_memory_a_connection_ends_and_the_web_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
