// SPDX-License-Identifier: MIT
// The programs beside this file are TLS clients, one per library, used as their manuals say: trust
// these roots, ask for this name, TLS 1.2 (with PEER_TLS=1.3 in the environment 1.3, where the library
// has it), everything else as the library has it. The server's
// side is flight.c; what a client thinks of a chain is read off the wire.
//
//     peer_gnutls FD ROOTS.pem HOST    handshake over the socket FD; one line says how it ended
//     peer_gnutls --version            the library and its version
//
// Exit status 0: the handshake was left as far as it goes; 2: it could not be begun.
#pragma once
#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer_order {
    int fd;
    const char *roots; // a file of PEM certificates
    const char *host;  // a DNS name or an address
    bool is_address;   // `host` is an IPv4 address
    bool is_tls13;
};

// Fills the order, or prints the version and leaves.
static inline struct peer_order peer_begin(int argc, char **argv, const char *version)
{
    unsigned char address[4];
    signal(SIGPIPE, SIG_IGN); // the server leaves as soon as it knows enough
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(version);
        exit(0);
    }
    if (argc != 4) {
        fprintf(stderr, "use: %s FD ROOTS.pem HOST | --version\n", argv[0]);
        exit(2);
    }
    const char *tls = getenv("PEER_TLS");
    return (struct peer_order){
        .fd = atoi(argv[1]),
        .roots = argv[2],
        .host = argv[3],
        .is_address = inet_pton(AF_INET, argv[3], address) == 1,
        .is_tls13 = tls && strcmp(tls, "1.3") == 0,
    };
}

// With TLS 1.3 much is left unread when the handshake fails, and a close would reset the connection
// before the server has read the alert: so the rest is read first.
static inline void peer_end(const struct peer_order *order)
{
    char rest[4096];
    if (order->is_tls13) {
        shutdown(order->fd, SHUT_WR);
        while (read(order->fd, rest, sizeof rest) > 0) {
        }
    }
}
