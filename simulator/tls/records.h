// SPDX-License-Identifier: MIT
// The record rewriter: what an engine wants to send passes through it on the way to the socket. It
// cuts the bytes into TLS records and unencrypted handshake messages (RFC 5246 6.2, 7.4), asks at
// each what is wrong with it, and gives the bytes that go out. It knows no socket and no engine.
//
//     records_init(&r, &world);
//     TRY(records_take_hello(&r, bytes_of_the_device));  // once, before the engine works
//     TRY(records_take(&r, engine_output));
//     write(socket, r.out); if (r.end != RECORDS_GO_ON) ...; if (records_wait_until(&r)) ...
#pragma once
#include "simulator/faults/fault.h"

struct records_world {
    void *context;
    // The first armed fault behind `after_order` (faults_decide_after).
    struct fault_decision (*decide)(void *context, enum fault_site site, uint64_t after_order);
    uint64_t (*now_us)(void *context);
    int (*random)(void *context, void *out, size_t len_bytes); // 0 or negative
};

enum records_end {
    RECORDS_GO_ON,
    RECORDS_SILENT, // nothing more is written, the device is heard
    RECORDS_FIN,
    RECORDS_RST,
    RECORDS_HALF, // FIN, and the device is heard
};

// What an engine has to send by itself, because it is encrypted.
struct records_wish {
    bool wants_alert;
    bool is_fatal;
    uint8_t alert;
    bool wants_renegotiation;
    bool wants_key_update;
};

// One message or record on its way; it survives a delay.
struct records_job {
    bool is_active;
    bool is_message; // unencrypted handshake; the body begins with its four bytes of header
    bool is_left_out, is_twice, is_swapped, is_oversize;
    bool is_half_close; // FIN behind it
    uint8_t type;       // of the record
    uint16_t version;
    enum fault_site site; // SITE_COUNT: nobody is asked
    struct buf body;
};

struct records {
    struct records_world world;
    struct buf raw;     // what the engine gave, not yet looked at
    struct buf message; // unencrypted handshake bytes
    struct buf flight;  // kept back by coalesce
    struct buf later;   // kept back by swap, as it will go out
    struct buf hello;   // the device's first bytes
    struct buf out;     // for the socket; the caller consumes
    enum records_end end;
    struct records_wish wish;      // the caller clears it
    enum fault_kind last_kind;     // FAULT_NONE: nothing was done to this connection
    uint64_t last_number[FAULT_ARGUMENTS];
    size_t segment_bytes; // 0: as the system does it
    int flight_wanted;    // a number of FLIGHT_TABLE, or -1; the caller sets it back
    // private
    struct records_job job;
    size_t record_bytes; // the most in a record that is cut here: what the device asked for
    size_t slice_bytes;
    uint16_t version;         // of the records that go out, when is_version_set
    uint16_t message_version; // of the record that brought `message`
    uint64_t hold_until_us;
    uint64_t after_order;
    uint8_t swap_pending;
    bool is_version_set, is_coalescing, is_holding, is_asking_hello;
    // Where the connection stands: the caller tells the last two.
    bool is_encrypted, has_finished, is_handshake_over, is_open;
};

void records_init(struct records *r, const struct records_world *world);
void records_deinit(struct records *r);
// Gives back the memory of buffers that are empty: a flight of the handshake is the most they hold.
void records_trim(struct records *r);
// The device's ClientHello has come. ERR_NO_MEMORY.
int records_take_hello(struct records *r, struct span bytes) HR_NODISCARD;
// Bytes of the engine. ERR_TOO_BIG beyond 16 MB behind a delay, ERR_NO_MEMORY.
int records_take(struct records *r, struct span bytes) HR_NODISCARD;
// Go on after a delay, when its time is over. Errors as records_take.
int records_go_on(struct records *r) HR_NODISCARD;
// When records_go_on has something to do; UINT64_MAX: nothing is held back.
uint64_t records_wait_until(const struct records *r);
// Whether bytes must pass through here even when no fault is armed.
bool records_is_busy(const struct records *r);
// The alerts that are right for what was last done, "a,b"; "" when none is.
const char *records_right_alerts(const struct records *r);
