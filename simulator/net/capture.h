// SPDX-License-Identifier: MIT
// What went over the wire as a pcapng file that Wireshark opens decrypted: the real bytes of every
// connection in synthesised IP and TCP frames, the TLS secrets in a decryption secrets block, and
// journal events as packet comments. Needs no capture rights.
//
//     TRY(capture_open("wire.pcapng", &env, journal, &capture));
//     struct capture_stream *s = capture_begin(capture, id, device, hub);   // SYN ...
//     capture_bytes(s, true, bytes);  capture_secret(s, line);  capture_end(s, true, false);
//     capture_close(capture);
//
// The packets of a handshake are held back until its secret is known, because readers want the
// secret before the packets that need it.
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "simulator/journal/journal.h"

struct sockaddr;
struct capture;
struct capture_stream;

enum {
    CAPTURE_HELD_BYTES_MOST = 256 * 1024,  // of one connection before its secret is known
    CAPTURE_SECRET_BYTES_MOST = 4096,
};

// Creates the file with mode 0600: decrypted, it shows passwords. `env` is borrowed; the journal is
// listened to (NULL = no comments). File errors as fs_write_file.
int capture_open(const char *path, const struct env *env, struct journal *journal,
                 struct capture **out) HR_NODISCARD;
void capture_close(struct capture *capture); // NULL is allowed; streams must have ended
// "" or why the file could not be written any more; what was written stays readable.
const char *capture_failure(const struct capture *capture);

// A NULL capture gives a NULL stream, and every function below takes a NULL stream.
struct capture_stream *capture_begin(struct capture *capture, uint32_t connection,
                                     const struct sockaddr *device, const struct sockaddr *hub);
void capture_bytes(struct capture_stream *s, bool from_device, struct span bytes);
// Lines of the NSS key log format, "CLIENT_RANDOM ... ...", without the last line end: all that the
// connection has, once.
void capture_secret(struct capture_stream *s, const char *lines);
// Nothing more is held back, secret or not.
void capture_release(struct capture_stream *s);
// FIN or RST by one side; frees the stream.
void capture_end(struct capture_stream *s, bool by_device, bool is_reset);
