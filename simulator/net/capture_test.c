// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "simulator/net/capture.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct fake_world world;
    struct env env;
    struct journal *journal;
    struct capture *capture;
    char path[64];
    struct sockaddr_in device, hub;
    struct buf file;
    size_t at; // of the next block
};

enum { SECTION = 0x0A0D0D0A, INTERFACE = 1, PACKET = 6, SECRETS = 10 };

static int set_up(void **state)
{
    static struct fixture f;
    f = (struct fixture){.world = {.utc_us = INT64_C(1700000000123456)}};
    f.env = env_fake(&f.world);
    f.journal = journal_new(&f.env);
    snprintf(f.path, sizeof f.path, "/tmp/hubrig-capture-test-%d", (int)getpid());
    f.device = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(40000)};
    f.device.sin_addr.s_addr = htonl(0xC0000201);
    f.hub = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(8883)};
    f.hub.sin_addr.s_addr = htonl(0xCB00710A);
    buf_init(&f.file, 10 << 20);
    assert_int_equal(capture_open(f.path, &f.env, f.journal, &f.capture), 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    capture_close(f->capture);
    journal_free(f->journal);
    buf_deinit(&f->file);
    unlink(f->path);
    return 0;
}

static struct capture_stream *begin(struct fixture *f, uint32_t connection)
{
    return capture_begin(f->capture, connection, (struct sockaddr *)&f->device,
                         (struct sockaddr *)&f->hub);
}

static void reread(struct fixture *f)
{
    buf_clear(&f->file);
    f->at = 0;
    assert_int_equal(fs_read_file(f->path, &f->file), 0);
}

static uint32_t u32(struct span s, size_t at)
{
    uint32_t v = 0;
    assert_true(at + sizeof v <= s.len);
    memcpy(&v, s.ptr + at, sizeof v);
    return v;
}

// The next block's type and body; 0 at the end. Checks that both lengths agree.
static uint32_t next_block(struct fixture *f, struct span *body)
{
    struct span rest = span_from(buf_span(&f->file), f->at);
    if (rest.len == 0) {
        return 0;
    }
    uint32_t len = u32(rest, 4);
    assert_true(len % 4 == 0 && len >= 12 && len <= rest.len);
    assert_int_equal(u32(rest, len - 4), len);
    *body = span_slice(rest, 8, len - 12);
    f->at += len;
    return u32(rest, 0);
}

static struct span frame_of(struct span packet)
{
    return span_slice(packet, 20, u32(packet, 12));
}

static uint32_t be32(struct span s, size_t at)
{
    return (uint32_t)s.ptr[at] << 24 | (uint32_t)s.ptr[at + 1] << 16 | (uint32_t)s.ptr[at + 2] << 8 |
           s.ptr[at + 3];
}

static uint16_t ones_sum(struct span s, uint32_t sum)
{
    for (size_t i = 0; i < s.len; i++) {
        sum += i % 2 ? s.ptr[i] : (uint32_t)s.ptr[i] << 8;
    }
    while (sum >> 16) {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void the_file_is_private_and_begins_with_section_and_interface(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    struct span body;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    reread(f);
    assert_int_equal(next_block(f, &body), SECTION);
    assert_int_equal(u32(body, 0), 0x1A2B3C4D);
    assert_int_equal(next_block(f, &body), INTERFACE);
    assert_int_equal(next_block(f, &body), 0);
}

static void the_secret_stands_before_the_packets_that_need_it(void **state)
{
    struct fixture *f = *state;
    struct span body;
    struct capture_stream *s = begin(f, 1);
    capture_bytes(s, true, SPAN_LITERAL("hello"));
    reread(f);
    next_block(f, &body);
    next_block(f, &body);
    assert_int_equal(next_block(f, &body), 0); // held back
    capture_secret(s, "CLIENT_RANDOM aa bb");
    capture_bytes(s, false, SPAN_LITERAL("answer"));
    capture_end(s, true, false);
    reread(f);
    next_block(f, &body);
    next_block(f, &body);
    assert_int_equal(next_block(f, &body), SECRETS);
    assert_int_equal(u32(body, 0), 0x544C534B);
    assert_true(span_starts_with(span_from(body, 8), SPAN_LITERAL("CLIENT_RANDOM aa bb\n")));
    size_t packets = 0;
    while (next_block(f, &body) == PACKET) {
        packets++;
    }
    assert_int_equal(packets, 3 + 2 + 3);
}

static void sequence_numbers_and_checksums_hold_together(void **state)
{
    struct fixture *f = *state;
    struct span body;
    static uint8_t big[4000];
    memset(big, 'x', sizeof big);
    struct capture_stream *s = begin(f, 1);
    capture_bytes(s, true, span_of(big, sizeof big)); // three segments
    capture_bytes(s, false, SPAN_LITERAL("ok"));
    capture_end(s, false, false);
    reread(f);
    next_block(f, &body);
    next_block(f, &body);
    uint32_t next_seq[2] = {0, 0};
    size_t payload_bytes[2] = {0, 0};
    while (next_block(f, &body) == PACKET) {
        struct span frame = frame_of(body);
        assert_int_equal(ones_sum(span_slice(frame, 0, 20), 0), 0xFFFF);
        uint32_t pseudo = 6 + (uint32_t)(frame.len - 20);
        pseudo += ones_sum(span_slice(frame, 12, 8), 0);
        assert_int_equal(ones_sum(span_from(frame, 20), pseudo), 0xFFFF);
        int from_hub = frame.ptr[20] == (8883 >> 8) && frame.ptr[21] == (8883 & 0xFF);
        assert_int_equal(be32(frame, 24), next_seq[from_hub]);
        uint8_t flags = frame.ptr[33];
        if (flags & 16) {
            assert_int_equal(be32(frame, 28), next_seq[!from_hub]);
        }
        payload_bytes[from_hub] += frame.len - 40;
        next_seq[from_hub] += (uint32_t)(frame.len - 40) + ((flags & 3) != 0);
    }
    assert_int_equal(payload_bytes[0], sizeof big);
    assert_int_equal(payload_bytes[1], 2);
}

static void a_judgement_becomes_a_comment_on_its_connection(void **state)
{
    struct fixture *f = *state;
    struct capture_stream *one = begin(f, 1);
    struct capture_stream *two = begin(f, 2);
    capture_release(one);
    capture_release(two);
    EMIT(f->journal, MQTT_REFUSED, 2, "bench-01", F_INT("code", 5), F_TEXT("reason", "sas-expired"));
    EMIT(f->journal, MQTT_PING, 2, "bench-01");
    capture_end(one, true, true);
    capture_end(two, true, true);
    reread(f);
    const char *comment = "mqtt.refused code=5 reason=sas-expired";
    assert_non_null(memmem(f->file.data, f->file.len, comment, strlen(comment)));
    assert_null(memmem(f->file.data, f->file.len, "mqtt.ping", 9));
}

static void a_handshake_without_end_is_not_held_for_ever(void **state)
{
    struct fixture *f = *state;
    struct capture_stream *s = begin(f, 1);
    static uint8_t big[2 * CAPTURE_HELD_BYTES_MOST];
    capture_bytes(s, true, span_of(big, sizeof big));
    reread(f);
    assert_true(f->file.len > sizeof big);
    capture_end(s, true, true);
}

static void a_file_that_cannot_be_made_is_named(void **state)
{
    struct fixture *f = *state;
    struct capture *none = NULL;
    assert_int_equal(capture_open("/nonexistent/wire.pcapng", &f->env, NULL, &none), ERR_NO_FILE);
    assert_non_null(strstr(error_text(ERR_NO_FILE), "/nonexistent/wire.pcapng"));
}

static void without_a_capture_nothing_happens(void **state)
{
    struct fixture *f = *state;
    struct capture_stream *s =
        capture_begin(NULL, 1, (struct sockaddr *)&f->device, (struct sockaddr *)&f->hub);
    assert_null(s);
    capture_bytes(s, true, SPAN_LITERAL("x"));
    capture_secret(s, "x");
    capture_end(s, true, true);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_file_is_private_and_begins_with_section_and_interface),
        CASE(the_secret_stands_before_the_packets_that_need_it),
        CASE(sequence_numbers_and_checksums_hold_together),
        CASE(a_judgement_becomes_a_comment_on_its_connection),
        CASE(a_handshake_without_end_is_not_held_for_ever),
        CASE(a_file_that_cannot_be_made_is_named),
        CASE(without_a_capture_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
