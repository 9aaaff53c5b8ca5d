// SPDX-License-Identifier: MIT
// Mutates inputs of session_fuzz by packets: most of what comes out reaches the rules behind the
// parser, because lengths fit, tokens are signed and topics exist. One time in eight the bytes are
// left to the library, so that broken packets come too.
#include "base/env.h"
#include "base/text_code.h"
#include "simulator/hub/sas.h"
#include "simulator/mqtt/session_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed);

enum { ELEMENTS_MOST = 64, ELEMENT_BYTES_MOST = 4096, INPUT_BYTES_MOST = 1 << 20 };

static const char *const topics[] = {
    "devices/d/messages/events/",
    "devices/d/messages/events/a=%41&$.mid=1&$.ct=application%2fjson",
    "devices/d/messages/events/AzIoTHub_FaultOperationType=KillTcp&"
    "AzIoTHub_FaultOperationDelayInSecs=1&AzIoTHub_FaultOperationDurationInSecs=2",
    "devices/d/messages/events/AzIoTHub_FaultOperationType=InvokeThrottling&"
    "AzIoTHub_FaultOperationDurationInSecs=5",
    "devices/e/messages/events/",
    "$iothub/twin/GET/?$rid=1",
    "$iothub/twin/PATCH/properties/reported/?$rid=2",
    "$iothub/twin/PATCH/properties/reported/?$rid=3&$version=1",
    "$iothub/methods/res/200/?$rid=1",
    "$iothub/methods/res/-7/?$rid=2",
    "$iothub/credentials/POST/issueCertificate/?$rid=1",
    "$dps/registrations/PUT/iotdps-register/?$rid=1",
    "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=",
};

static const char *const filters[] = {
    "devices/d/messages/devicebound/#",
    "devices/+/messages/devicebound/#",
    "$iothub/twin/res/#",
    "$iothub/twin/PATCH/properties/desired/#",
    "$iothub/methods/POST/#",
    "$dps/registrations/res/#",
    "any/+/thing/#",
};

static const char *const bodies[] = {
    "",
    "x",
    "{}",
    "null",
    "{\"a\":1}",
    "{\"a\":{\"b\":[1,2.5,true]},\"c\":\"\\u00e9\"}",
    "{\"a\":null}",
    "{\"a.b\":1}",
    "{\"registrationId\":\"d\"}",
    "{\"registrationId\":\"d\",\"payload\":{\"m\":1}}",
};

static const char *const faults[] = {
    "refuse 3",
    "delay 250ms at mqtt.puback times 3",
    "delay 2s",
    "swallow at mqtt.puback",
    "double at mqtt.c2d",
    "swap at mqtt.puback",
    "wrong-id at mqtt.puback",
    "malform truncated at mqtt.suback",
    "early-publish at mqtt.suback",
    "suback-code 128",
    "connack-code 7",
    "session-lie",
    "takeover",
    "drop rst at mqtt.publish",
    "stall at mqtt.pingresp",
    "answer 429 at twin.request",
    "delay 1s at twin.response",
    "swap at twin.desired",
    "double at method.request",
    "answer 500 at dps.register",
    "delay 1s at dps.status",
    "inject 20020000 at mqtt.connack",
};

struct dice {
    uint64_t seed;
    uint64_t thrown;
};

static size_t below(struct dice *d, size_t limit)
{
    return (size_t)(env_mix(d->seed, d->thrown++) % limit);
}

#define ONE_OF(dice, table) (table)[below(dice, HR_COUNT_OF(table))]

static void require(int code)
{
    if (code < 0) {
        abort();
    }
}

static void write_header(uint8_t first, size_t len, struct buf *out)
{
    require(buf_append_u8(out, first));
    do {
        require(buf_append_u8(out, (uint8_t)((len & 0x7F) | (len > 0x7F ? 0x80 : 0))));
        len >>= 7;
    } while (len);
}

static void write_element(uint8_t first, struct span body, struct buf *out)
{
    write_header(first, body.len, out);
    require(buf_append(out, body));
}

static const char *token_for(bool is_dps)
{
    static char tokens[2][300];
    static const struct {
        const char *sr, *tail;
    } what[2] = {{FUZZ_HOST "/devices/" FUZZ_DEVICE, ""},
                 {FUZZ_SCOPE "%2Fregistrations%2F" FUZZ_DEVICE, "&skn=registration"}};
    if (tokens[is_dps][0] == '\0') {
        struct buf text HR_CLEANUP(buf_deinit);
        struct buf signature HR_CLEANUP(buf_deinit);
        char expiry[32];
        snprintf(expiry, sizeof expiry, "%d", FUZZ_NOW_S + 3600);
        buf_init(&text, sizeof tokens[0]);
        require(buf_printf(&text, "SharedAccessSignature sr=%s&se=%s%s&sig=", what[is_dps].sr,
                           expiry, what[is_dps].tail));
        buf_init(&signature, sizeof tokens[0]);
        require(sas_sign(FUZZ_KEY, span_text(what[is_dps].sr), span_text(expiry), &signature));
        require(percent_encode(buf_span(&signature), &text));
        span_copy_text(buf_span(&text), tokens[is_dps], sizeof tokens[0]);
    }
    return tokens[is_dps];
}

static void make_connect(struct dice *d, struct buf *out)
{
    static const uint16_t keepalives[] = {0, 1, 60, 65535};
    bool is_dps = below(d, 4) == 0;
    const struct mqtt_connect c = {
        .level = MQTT_LEVEL,
        .is_clean = below(d, 2),
        .has_will = below(d, 2),
        .will_qos = (int)below(d, 2),
        .will_topic = span_text(ONE_OF(d, topics)),
        .will_body = SPAN_LITERAL("w"),
        .keepalive_s = ONE_OF(d, keepalives),
        .client_id = SPAN_LITERAL(FUZZ_DEVICE),
        .username = is_dps ? SPAN_LITERAL(FUZZ_SCOPE "/registrations/" FUZZ_DEVICE
                                                     "/api-version=2019-03-31")
                           : SPAN_LITERAL(FUZZ_HOST "/" FUZZ_DEVICE "/?api-version=2021-04-12"),
        .password = span_text(token_for(is_dps))};
    if (is_dps) {
        write_element(STEP_WIRE, SPAN_LITERAL("\x02"), out);
    }
    require(mqtt_write_connect(&c, out));
}

static uint16_t some_id(struct dice *d)
{
    return (uint16_t)(1 + below(d, 4));
}

static void make_publish(struct dice *d, struct buf *out)
{
    int qos = (int)below(d, 3);
    const struct mqtt_publish p = {.topic = span_text(ONE_OF(d, topics)),
                                   .body = span_text(ONE_OF(d, bodies)),
                                   .packet_id = some_id(d),
                                   .qos = qos,
                                   .is_dup = qos > 0 && below(d, 4) == 0,
                                   .is_retain = below(d, 8) == 0};
    require(mqtt_write_publish(&p, out));
}

static void make_subscribe(struct dice *d, struct buf *out)
{
    struct mqtt_filter some[4];
    size_t count = 1 + below(d, HR_COUNT_OF(some));
    for (size_t i = 0; i < count; i++) {
        some[i] = (struct mqtt_filter){span_text(ONE_OF(d, filters)), (int)below(d, 3)};
    }
    require(mqtt_write_subscribe(some_id(d), some, count, out));
}

static void make_unsubscribe(struct dice *d, struct buf *out)
{
    struct span filter = span_text(ONE_OF(d, filters));
    require(mqtt_write_unsubscribe(some_id(d), &filter, 1, out));
}

static void make_puback(struct dice *d, struct buf *out)
{
    require(mqtt_write_puback(some_id(d), out));
}

static void make_small(struct dice *d, struct buf *out)
{
    require(below(d, 3) ? mqtt_write_pingreq(out) : mqtt_write_disconnect(out));
}

static void make_step(struct dice *d, struct buf *out)
{
    uint8_t step = (uint8_t)below(d, STEP_COUNT);
    uint8_t bytes[2] = {(uint8_t)below(d, 4), (uint8_t)below(d, 256)};
    struct buf argument HR_CLEANUP(buf_deinit);
    buf_init(&argument, ELEMENT_BYTES_MOST);
    switch (step) {
    case STEP_DESIRED:
    case STEP_REPLACE:
        require(buf_append_text(&argument, ONE_OF(d, bodies)));
        break;
    case STEP_FAULT:
        require(buf_append_text(&argument, ONE_OF(d, faults)));
        break;
    case STEP_METHOD:
        require(buf_printf(&argument, "%cgo %s", bytes[0] * 2, ONE_OF(d, bodies)));
        break;
    default:
        require(buf_append(&argument, span_of(bytes, sizeof bytes)));
    }
    write_element(step, buf_span(&argument), out);
}

static void make(struct dice *d, struct buf *out)
{
    static void (*const makers[])(struct dice *, struct buf *) = {
        make_connect, make_publish, make_publish, make_subscribe, make_unsubscribe,
        make_puback,  make_small,   make_step,    make_step};
    ONE_OF(d, makers)(d, out);
}

// The input in parts; what cannot be cut stays as it is, behind the elements.
struct input {
    uint8_t settings;
    struct fuzz_element elements[ELEMENTS_MOST];
    size_t count;
    struct span rest;
};

static void cut(struct span bytes, struct input *in)
{
    *in = (struct input){.settings = bytes.len ? bytes.ptr[0] : 0, .rest = span_from(bytes, 1)};
    while (in->count < ELEMENTS_MOST && fuzz_take_element(&in->rest, &in->elements[in->count])) {
        in->count++;
    }
}

static void change_body(struct dice *d, const struct fuzz_element *e, struct buf *out)
{
    uint8_t body[ELEMENT_BYTES_MOST];
    size_t len = e->body.len < sizeof body ? e->body.len : sizeof body;
    memcpy(body, e->body.ptr, len);
    len = LLVMFuzzerMutate(body, len, len + 1 + below(d, 32) < sizeof body ? len + 32 : len);
    write_element(e->first, span_of(body, len), out);
}

static void change_flags(struct dice *d, const struct fuzz_element *e, struct buf *out)
{
    write_element((uint8_t)(e->first ^ 1U << below(d, 4)), e->body, out);
}

// Bytes 0x00 to 0x7F in the length: more or less than there is.
static void change_length(struct dice *d, const struct fuzz_element *e, struct buf *out)
{
    require(buf_append_u8(out, e->first));
    require(buf_append_u8(out, (uint8_t)below(d, 128)));
    require(buf_append(out, e->body));
}

static void remove_it(struct dice *d, const struct fuzz_element *e, struct buf *out)
{
    (void)d;
    (void)e;
    (void)out;
}

static void double_it(struct dice *d, const struct fuzz_element *e, struct buf *out)
{
    for (size_t n = 2 + below(d, 2); n > 0; n--) {
        require(buf_append(out, e->whole));
    }
}

static void insert_before(struct dice *d, const struct fuzz_element *e, struct buf *out)
{
    make(d, out);
    require(buf_append(out, e->whole));
}

static void change_one(struct dice *d, struct input *in, struct buf *out)
{
    static void (*const changes[])(struct dice *, const struct fuzz_element *, struct buf *) = {
        change_body, change_body, change_body, change_flags,  change_length,
        remove_it,   remove_it,   double_it,   insert_before, insert_before};
    size_t at = below(d, in->count + 1);
    for (size_t i = 0; i < in->count; i++) {
        if (i == at) {
            ONE_OF(d, changes)(d, &in->elements[i], out);
        } else {
            require(buf_append(out, in->elements[i].whole));
        }
    }
    if (at == in->count) {
        make(d, out);
    }
}

static void move_one(struct dice *d, struct input *in)
{
    size_t a = below(d, in->count);
    size_t b = below(d, in->count);
    struct fuzz_element e = in->elements[a];
    in->elements[a] = in->elements[b];
    in->elements[b] = e;
}

static size_t put(const struct buf *bytes, uint8_t *out, size_t most)
{
    size_t len = bytes->len < most ? bytes->len : most;
    memcpy(out, bytes->data, len);
    return len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static struct input in;
    struct buf out HR_CLEANUP(buf_deinit);
    struct dice d = {.seed = seed};
    buf_init(&out, INPUT_BYTES_MOST);
    if (below(&d, 8) == 0) {
        return LLVMFuzzerMutate(data, size, most);
    }
    cut(span_of(data, size), &in);
    in.settings = below(&d, 16) ? in.settings : (uint8_t)below(&d, 256);
    if (in.count > 1 && below(&d, 6) == 0) {
        move_one(&d, &in);
    }
    require(buf_append_u8(&out, in.settings));
    change_one(&d, &in, &out);
    require(buf_append(&out, in.rest));
    return put(&out, data, most);
}

// The beginning of one input and the end of the other.
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed)
{
    static struct input head;
    static struct input tail;
    struct buf joined HR_CLEANUP(buf_deinit);
    struct dice d = {.seed = seed};
    buf_init(&joined, INPUT_BYTES_MOST);
    cut(span_of(a, a_size), &head);
    cut(span_of(b, b_size), &tail);
    require(buf_append_u8(&joined, head.settings));
    size_t kept = below(&d, head.count + 1);
    for (size_t i = 0; i < kept; i++) {
        require(buf_append(&joined, head.elements[i].whole));
    }
    for (size_t i = below(&d, tail.count + 1); i < tail.count; i++) {
        require(buf_append(&joined, tail.elements[i].whole));
    }
    return put(&joined, out, most);
}
