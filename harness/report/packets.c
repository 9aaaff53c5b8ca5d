// SPDX-License-Identifier: MIT
#include "harness/report/packets.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SECTION_HEADER = 0x0A0D0D0A,
    BLOCK_PACKET = 6,
    PACKETS_MOST = 1 << 20,
    IPPROTO_OF_TCP = 6,
    SYN = 2,
    ACK = 16,
    SLACK_US = 100, // an event and its packet are not of the same microsecond
};

struct packet {
    uint64_t at_us;
    char from[64], to[64];
    bool is_syn;
};

struct packet_index {
    struct packet *items;
    size_t count;
};

static uint32_t read_u32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v); // blocks are in the order of the machine that wrote them: this one
    return v;
}

static void print_end(int family, const uint8_t *address, const uint8_t *port, char out[64])
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(family, address, text, sizeof text);
    snprintf(out, 64, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port[0] * 256U + port[1]);
}

static void read_frame(struct span frame, struct packet *out)
{
    bool is_v6 = frame.len > 0 && frame.ptr[0] >> 4 == 6;
    size_t header = is_v6 ? 40 : 20;
    size_t protocol = is_v6 ? 6 : 9;
    size_t address = is_v6 ? 8 : 12;
    size_t width = is_v6 ? 16 : 4;
    if (frame.len < header + 20 || frame.ptr[protocol] != IPPROTO_OF_TCP) {
        return;
    }
    const uint8_t *tcp = frame.ptr + header;
    int family = is_v6 ? AF_INET6 : AF_INET;
    print_end(family, frame.ptr + address, tcp, out->from);
    print_end(family, frame.ptr + address + width, tcp + 2, out->to);
    out->is_syn = (tcp[13] & (SYN | ACK)) == SYN;
}

static int add_packet(struct packet_index *index, struct span body)
{
    ENSURE(body.len >= 20, ERR_SYNTAX);
    uint32_t captured = read_u32(body.ptr + 12);
    ENSURE(captured <= body.len - 20 && index->count < PACKETS_MOST, ERR_SYNTAX);
    if ((index->count & (index->count - 1)) == 0) {
        size_t room = index->count ? index->count * 2 : 1;
        struct packet *grown = realloc(index->items, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        index->items = grown;
    }
    struct packet *p = &index->items[index->count++];
    *p = (struct packet){.at_us = (uint64_t)read_u32(body.ptr + 4) << 32 | read_u32(body.ptr + 8)};
    read_frame(span_slice(body, 20, captured), p);
    return 0;
}

static int read_blocks(struct span file, struct packet_index *index)
{
    ENSURE(file.len >= 12 && read_u32(file.ptr) == BLOCK_SECTION_HEADER, ERR_SYNTAX);
    while (file.len >= 12) {
        uint32_t type = read_u32(file.ptr);
        uint32_t len = read_u32(file.ptr + 4);
        ENSURE(len >= 12 && len % 4 == 0, ERR_SYNTAX);
        if (len > file.len) {
            return 0; // the writer was killed in the middle of it
        }
        if (type == BLOCK_PACKET) {
            TRY(add_packet(index, span_slice(file, 8, len - 12)));
        }
        file = span_from(file, len);
    }
    return 0;
}

int packets_read(struct span file, struct packet_index **out)
{
    struct packet_index *index = calloc(1, sizeof *index);
    ENSURE(index != NULL, ERR_NO_MEMORY);
    int code = read_blocks(file, index);
    if (code < 0) {
        packets_free(index);
        return code;
    }
    *out = index;
    return 0;
}

void packets_free(struct packet_index *index)
{
    if (index) {
        free(index->items);
        free(index);
    }
}

unsigned packets_number_at(const struct packet_index *index, const char *peer, uint64_t accepted_us,
                           uint64_t at_us)
{
    unsigned number = 0;
    uint64_t until_us = 0;
    for (size_t i = 0; i < index->count; i++) {
        const struct packet *p = &index->items[i];
        if (strcmp(p->from, peer) != 0 && strcmp(p->to, peer) != 0) {
            continue;
        }
        if (number == 0 && !p->is_syn) {
            continue;
        }
        if (number == 0) {
            until_us = p->at_us + (at_us > accepted_us ? at_us - accepted_us : 0) + SLACK_US;
        }
        if (p->at_us <= until_us) {
            number = (unsigned)i + 1;
        }
    }
    return number;
}
