// SPDX-License-Identifier: MIT
// Sessions under any packets while the world does what it likes (session_fuzz.h has the form of an
// input, session_fuzz_mutate.c makes them). Besides memory and undefined behaviour: nothing is sent
// after the end of a connection, what is sent are packets, time limits move on when they are
// obeyed.
#include "simulator/mqtt/session_fuzz.h"
#include "simulator/dps/dps.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/method.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/session.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PASS_UNIT_US = 50000,
    TURNS_MOST = 200,     // of a loop in one STEP_PASS; then time jumps
    TURNS_IN_PLACE = 100, // without time going by
    WORDS_MOST = 16,
};
#define OTHER_KEY "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

enum setting_bit {
    SETTING_SDK_FAULTS = 1,
    SETTING_STRICT = 2,
    SETTING_LIMITS = 4,
    SETTING_ATTEMPTS = 8,
    SETTING_ROLL_CUT = 16,
    SETTING_JOURNAL = 32, // somebody listens and wants JSON
};

struct wire {
    struct world *world;
    struct mqtt_session *session; // NULL = nobody has dialled
    struct mqtt_reader reader;    // of what the hub sends
    bool is_over;                 // closed or stalled
};

struct world {
    struct fake_world fake;
    struct env env;
    struct journal *journal;
    struct fault_plan *faults;
    struct hub *hub;
    struct dps *dps; // NULL until the provisioning service is dialled
    struct wire wires[FUZZ_WIRES];
    size_t current;
    uint32_t last_connection;
    size_t piece_bytes; // 0 = all
    bool has_garbage;   // a fault may write anything
};

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

bool fuzz_take_element(struct span *rest, struct fuzz_element *out)
{
    size_t len = 0;
    size_t at = 1;
    for (int shift = 0; at < rest->len; shift += 7) {
        uint8_t byte = rest->ptr[at++];
        len |= (size_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            break;
        }
        if (shift == 21) {
            return false;
        }
    }
    if (at < 2 || rest->ptr[at - 1] & 0x80 || len > rest->len - at) {
        return false;
    }
    *out = (struct fuzz_element){rest->ptr[0], span_slice(*rest, 0, at + len),
                                 span_slice(*rest, at, len)};
    *rest = span_from(*rest, at + len);
    return true;
}

static void on_send(void *context, struct span bytes)
{
    struct wire *w = context;
    struct mqtt_packet p;
    struct mqtt_publish publish;
    int code = 0;
    require(!w->is_over);
    if (w->world->has_garbage) {
        return;
    }
    while ((code = mqtt_reader_next(&w->reader, &bytes, &p)) == 1) {
        require(p.type != PACKET_PUBLISH || mqtt_read_publish(&p, &publish) == 0);
    }
    require(code == 0);
}

static void on_close(void *context, enum drop_how how)
{
    struct wire *w = context;
    (void)how;
    require(!w->is_over);
    w->is_over = true;
}

static void on_stall(void *context)
{
    on_close(context, DROP_FIN);
}

static int64_t dps_utc(void *context)
{
    return ((struct world *)context)->fake.utc_us;
}

static size_t dps_hub_count(void *context)
{
    (void)context;
    return 1;
}

static const char *dps_hub_host(void *context, size_t i)
{
    (void)context;
    (void)i;
    return FUZZ_HOST;
}

static int dps_place(void *context, const struct dps_placement *placement)
{
    return hub_put_identity(((struct world *)context)->hub, placement->identity);
}

static bool dps_leads_to(void *context, const struct peer_certificate *certificate,
                         struct span ca_der, int64_t utc_s, char why[200])
{
    (void)context;
    (void)certificate;
    (void)ca_der;
    (void)utc_s;
    why[0] = '\0';
    return false;
}

static void dps_allocate(void *context, const struct dps_wish *wish, struct dps_ruling *out)
{
    (void)context;
    (void)wish;
    out->status = 500;
}

static struct dps *open_dps(struct world *w)
{
    const struct dps_directory directory = {w,         dps_utc,      dps_hub_count, dps_hub_host,
                                            dps_place, dps_leads_to, dps_allocate};
    const struct dps_enrollment enrollment = {.name = FUZZ_DEVICE, .primary_key = FUZZ_KEY};
    struct dps_settings settings;
    dps_settings_init(&settings, "dps", FUZZ_SCOPE);
    struct dps *dps = dps_new(&settings, &w->env, w->journal, &directory);
    require(dps && dps_put_enrollment(dps, &enrollment) == 0);
    return dps;
}

static void dial(struct wire *w)
{
    struct world *world = w->world;
    const struct mqtt_outlet outlet = {w, on_send, on_close, on_stall, NULL};
    struct mqtt_world for_session = {
        .env = &world->env, .faults = world->faults, .journal = world->journal};
    if (w == &world->wires[FUZZ_DPS_WIRE]) {
        world->dps = world->dps ? world->dps : open_dps(world);
        for_session.dps = world->dps;
    } else {
        for_session.hub = world->hub;
    }
    w->is_over = false;
    mqtt_reader_init(&w->reader);
    w->session = mqtt_session_new(&for_session, &outlet, ++world->last_connection, NULL);
    require(w->session != NULL);
}

static void hang_up(struct wire *w)
{
    if (w->session) {
        mqtt_session_end(w->session);
        w->is_over = true;
        mqtt_session_free(w->session);
        mqtt_reader_deinit(&w->reader);
        w->session = NULL;
    }
}

// Memory of each piece's own size, so that a read beyond it shows.
static void feed(struct world *world, struct span bytes)
{
    struct wire *w = &world->wires[world->current];
    if (bytes.len > 0 && !w->session) {
        dial(w);
    }
    while (bytes.len) {
        struct span piece =
            span_slice(bytes, 0, world->piece_bytes ? world->piece_bytes : bytes.len);
        uint8_t *copy = malloc(piece.len);
        require(copy != NULL);
        memcpy(copy, piece.ptr, piece.len);
        mqtt_session_feed(w->session, span_of(copy, piece.len));
        free(copy);
        bytes = span_from(bytes, piece.len);
    }
}

static uint64_t deadline_us(const struct world *w)
{
    uint64_t least = hub_deadline_us(w->hub);
    uint64_t of_dps = w->dps ? dps_deadline_us(w->dps) : UINT64_MAX;
    least = of_dps < least ? of_dps : least;
    for (size_t i = 0; i < FUZZ_WIRES; i++) {
        const struct mqtt_session *s = w->wires[i].session;
        uint64_t at = s ? mqtt_session_deadline_us(s) : UINT64_MAX;
        least = at < least ? at : least;
    }
    return least;
}

static void tick_all(struct world *w)
{
    for (size_t i = 0; i < FUZZ_WIRES; i++) {
        struct mqtt_session *s = w->wires[i].session;
        if (s && mqtt_session_deadline_us(s) <= w->fake.mono_us) {
            mqtt_session_tick(s);
        }
    }
    if (hub_deadline_us(w->hub) <= w->fake.mono_us) {
        hub_tick(w->hub);
    }
    if (w->dps && dps_deadline_us(w->dps) <= w->fake.mono_us) {
        dps_tick(w->dps);
    }
}

static void move_to(struct world *w, uint64_t mono_us)
{
    w->fake.utc_us += (int64_t)(mono_us - w->fake.mono_us);
    w->fake.mono_us = mono_us;
}

static void pass(struct world *w, uint64_t us)
{
    uint64_t until = w->fake.mono_us + us;
    int in_place = 0;
    for (int turns = 0; turns < TURNS_MOST && deadline_us(w) <= until; turns++) {
        uint64_t at = deadline_us(w);
        in_place = at > w->fake.mono_us ? 0 : in_place + 1;
        require(in_place < TURNS_IN_PLACE); // else a timer would fire for ever
        move_to(w, at > w->fake.mono_us ? at : w->fake.mono_us);
        tick_all(w);
    }
    move_to(w, until);
}

static uint8_t byte_at(struct span argument, size_t at)
{
    return at < argument.len ? argument.ptr[at] : 0;
}

static void step_pass(struct world *w, struct span argument)
{
    pass(w, (uint64_t)(byte_at(argument, 0) << 8 | byte_at(argument, 1)) * PASS_UNIT_US);
}

static void step_c2d(struct world *w, struct span argument)
{
    const struct c2d_property p = {SPAN_LITERAL("k"), SPAN_LITERAL("v w")};
    uint8_t how = byte_at(argument, 0);
    const struct c2d_message m = {.body = span_from(argument, 1),
                                  .message_id = SPAN_LITERAL("m"),
                                  .ack = how % C2D_ACK_COUNT,
                                  .ttl_s = how >> 4,
                                  .properties = &p,
                                  .property_count = how >> 3 & 1};
    (void)hub_c2d_send(w->hub, SPAN_LITERAL(FUZZ_DEVICE), &m, NULL);
}

static void step_desired(struct world *w, struct span argument)
{
    (void)hub_twin_patch_desired(w->hub, SPAN_LITERAL(FUZZ_DEVICE), argument, NULL);
}

static void step_replace(struct world *w, struct span argument)
{
    (void)hub_twin_replace_desired(w->hub, SPAN_LITERAL(FUZZ_DEVICE), argument, NULL);
}

static void ignore_done(void *context, const struct method_outcome *outcome)
{
    (void)context;
    (void)outcome;
}

static void step_method(struct world *w, struct span argument)
{
    struct span payload;
    struct span method = span_cut(span_from(argument, 1), ' ', &payload);
    const struct method_call call = {.name = SPAN_LITERAL(FUZZ_DEVICE),
                                     .method = method,
                                     .payload = payload,
                                     .connect_timeout_s = byte_at(argument, 0)};
    (void)hub_method_invoke(w->hub, &call, ignore_done, NULL, NULL);
}

static void step_fault(struct world *w, struct span argument)
{
    struct span words[WORDS_MOST];
    struct fault f;
    size_t count = 0;
    size_t bad = 0;
    while (argument.len && count < WORDS_MOST) {
        words[count++] = span_cut(argument, ' ', &argument);
    }
    if (fault_parse(words, count, &f, &bad) == 0 && faults_add(w->faults, &f) == 0) {
        w->has_garbage |= f.kind == FAULT_INJECT || f.kind == FAULT_MALFORM;
    }
}

static void step_clear(struct world *w, struct span argument)
{
    (void)argument;
    faults_clear(w->faults);
}

static void step_dial(struct world *w, struct span argument)
{
    (void)argument;
    hang_up(&w->wires[w->current]);
}

static void step_wire(struct world *w, struct span argument)
{
    w->current = byte_at(argument, 0) % FUZZ_WIRES;
}

static void step_disable(struct world *w, struct span argument)
{
    (void)hub_set_disabled(w->hub, FUZZ_DEVICE, byte_at(argument, 0) & 1);
}

static void put_device(struct world *w, const char *key)
{
    struct identity identity = {.name = FUZZ_DEVICE};
    span_copy_text(span_text(key), identity.primary_key, sizeof identity.primary_key);
    require(hub_put_identity(w->hub, &identity) == 0);
}

static void step_roll(struct world *w, struct span argument)
{
    put_device(w, byte_at(argument, 0) & 1 ? OTHER_KEY : FUZZ_KEY);
}

static void step_clock(struct world *w, struct span argument)
{
    int16_t minutes = (int16_t)(byte_at(argument, 0) << 8 | byte_at(argument, 1));
    hub_clock_shift(w->hub, minutes * INT64_C(60000000));
}

static void step_pieces(struct world *w, struct span argument)
{
    w->piece_bytes = byte_at(argument, 0);
}

static void step_remove(struct world *w, struct span argument)
{
    (void)argument;
    require(hub_remove_identity(w->hub, FUZZ_DEVICE) == 0);
    put_device(w, FUZZ_KEY);
}

static void step_take_over(struct world *w, struct span argument)
{
    (void)argument;
    (void)hub_take_over(w->hub, hub_find_identity(w->hub, SPAN_LITERAL(FUZZ_DEVICE)));
}

static void step_purge(struct world *w, struct span argument)
{
    (void)argument;
    (void)hub_c2d_purge(w->hub, SPAN_LITERAL(FUZZ_DEVICE));
}

static void (*const steps[STEP_COUNT])(struct world *w, struct span argument) = {
    [STEP_PASS] = step_pass,       [STEP_C2D] = step_c2d,       [STEP_DESIRED] = step_desired,
    [STEP_REPLACE] = step_replace, [STEP_METHOD] = step_method, [STEP_FAULT] = step_fault,
    [STEP_CLEAR] = step_clear,     [STEP_DIAL] = step_dial,     [STEP_WIRE] = step_wire,
    [STEP_DISABLE] = step_disable, [STEP_ROLL] = step_roll,     [STEP_CLOCK] = step_clock,
    [STEP_PIECES] = step_pieces,   [STEP_REMOVE] = step_remove, [STEP_TAKE_OVER] = step_take_over,
    [STEP_PURGE] = step_purge,
};

static void on_event(void *context, const struct event *e)
{
    struct buf line HR_CLEANUP(buf_deinit);
    (void)context;
    buf_init(&line, 1U << 20);
    require(event_to_json(e, &line) == 0);
}

static void open_world(struct world *w, uint8_t bits)
{
    struct hub_settings settings;
    *w = (struct world){.fake = {.utc_us = FUZZ_NOW_S * INT64_C(1000000), .mono_us = 1000000}};
    w->env = env_fake(&w->fake);
    hub_settings_init(&settings, FUZZ_HOST);
    settings.has_sdk_faults = bits & SETTING_SDK_FAULTS;
    settings.has_strict_subscriptions = bits & SETTING_STRICT;
    settings.c2d_counts_attempts = bits & SETTING_ATTEMPTS;
    settings.has_roll_cut = bits & SETTING_ROLL_CUT;
    hub_limits_of_tier(bits & SETTING_LIMITS ? HUB_TIER_F1 : HUB_TIER_NONE, 1, &settings.limits);
    w->journal = journal_new(&w->env);
    w->faults = faults_new(w->journal);
    w->hub = hub_new(&settings, &w->env, w->journal);
    require(w->journal && w->faults && w->hub);
    if (bits & SETTING_JOURNAL) {
        require(journal_listen(w->journal, on_event, w) == 0);
    }
    put_device(w, FUZZ_KEY);
    for (size_t i = 0; i < FUZZ_WIRES; i++) {
        w->wires[i].world = w;
    }
}

static void close_world(struct world *w)
{
    for (size_t i = 0; i < FUZZ_WIRES; i++) {
        hang_up(&w->wires[i]);
    }
    require(hub_connection_of(w->hub, hub_find_identity(w->hub, SPAN_LITERAL(FUZZ_DEVICE))) == 0);
    dps_free(w->dps);
    hub_free(w->hub);
    faults_free(w->faults);
    journal_free(w->journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    struct span rest = span_of(data, size);
    struct fuzz_element e;
    open_world(&w, byte_at(rest, 0));
    rest = span_from(rest, 1);
    while (fuzz_take_element(&rest, &e)) {
        if (e.first < STEP_COUNT) {
            steps[e.first](&w, e.body);
        } else {
            feed(&w, e.whole);
        }
    }
    feed(&w, rest);
    pass(&w, UINT64_C(61000000)); // locks and calls run out
    close_world(&w);
    return 0;
}
