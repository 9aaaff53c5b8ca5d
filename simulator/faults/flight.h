// SPDX-License-Identifier: MIT
// Flights: what a hand-made answer to a ClientHello gets wrong, and which alerts the texts ask a
// client to send for it. `hubrig words flights` prints the table; tls/raw.c writes them.
//
//     hub flight ske-bad-signature        # a line of a scenario
#pragma once
#include "base/span.h"

//    C name        word           alerts that are right, "" when it must be accepted   what is sent
#define FLIGHT_HELLO_TABLE(X)                                                                      \
    X(GOOD, "good", "", "nothing is wrong")                                                        \
    X(TLS11, "tls11", "protocol_version", "ServerHello of TLS 1.1")                                \
    X(TLS13, "tls13", "protocol_version,illegal_parameter",                                        \
      "ServerHello with 0304 in its version field")                                                \
    X(SUITE_RC4, "suite-rc4", "illegal_parameter", "a cipher suite that nobody offers, RC4")       \
    X(SUITE_GREASE, "suite-grease", "illegal_parameter", "a reserved cipher suite, 0A0A")          \
    X(COMPRESSION, "compression", "illegal_parameter", "compression method 1")                     \
    X(EXT_UNKNOWN, "extension-unknown", "unsupported_extension",                                   \
      "extension 9999 that nobody asked for")                                                      \
    X(EXT_ALPN, "extension-alpn", "unsupported_extension", "ALPN that nobody asked for")           \
    X(EXT_LENGTH, "extension-length", "unsupported_extension,illegal_parameter",                   \
      "a maximum fragment length other than the device's wish, or without one")                    \
    X(EXT_TICKET, "extension-ticket", "unsupported_extension",                                     \
      "session_ticket, whether or not it was offered")                                             \
    X(EXT_TWICE, "extension-twice", "illegal_parameter,decode_error",                              \
      "the same extension two times")                                                              \
    X(NO_RENEGOTIATION, "no-renegotiation-info", "handshake_failure",                              \
      "ServerHello without renegotiation_info")                                                    \
    X(HELLO_TWICE, "hello-twice", "unexpected_message", "ServerHello two times")                   \
    X(HELLO_CUT, "hello-cut", "decode_error", "ServerHello of 16 bytes")

#define FLIGHT_CERTIFICATE_TABLE(X)                                                                \
    X(CERT_NONE, "certificate-none", "unexpected_message", "no Certificate message")               \
    X(CERT_EMPTY, "certificate-empty", "decode_error", "an empty list of certificates")            \
    X(CERT_LENGTH, "certificate-length", "decode_error",                                           \
      "a list of certificates that claims more bytes than the message has")                        \
    X(CERT_GARBAGE, "certificate-garbage", "bad_certificate,decode_error",                         \
      "700 random bytes as the only certificate")                                                  \
    X(CLAIM_16M, "claim-16m", "illegal_parameter,decode_error",                                    \
      "the header of a Certificate message of 16 MB, and no more than the chain behind it")

#define FLIGHT_KEY_TABLE(X)                                                                        \
    X(SKE_SIGNATURE, "ske-bad-signature", "decrypt_error",                                         \
      "ServerKeyExchange with a wrong signature")                                                  \
    X(SKE_CURVE, "ske-curve", "illegal_parameter", "a curve that nobody offers, secp160k1")        \
    X(SKE_POINT, "ske-point", "illegal_parameter", "a point that is not on the curve, well signed") \
    X(SKE_SHA1, "ske-sha1", "illegal_parameter,handshake_failure",                                 \
      "ServerKeyExchange signed with SHA-1")                                                       \
    X(SKE_NONE, "ske-none", "unexpected_message", "no ServerKeyExchange")

#define FLIGHT_ORDER_TABLE(X)                                                                      \
    X(DONE_BODY, "done-body", "decode_error", "ServerHelloDone with a body")                       \
    X(DONE_NONE, "done-none", "", "no ServerHelloDone: the device has to give up by itself")       \
    X(REQUEST_MID, "hello-request-mid", "", "HelloRequest between two messages, to be ignored")    \
    X(TYPE_99, "message-99", "unexpected_message", "a handshake message of type 99")               \
    X(APP_DATA, "application-data", "unexpected_message", "application data inside the handshake") \
    X(EARLY_CCS, "early-change-cipher-spec", "unexpected_message",                                 \
      "ChangeCipherSpec right after ServerHello")                                                  \
    X(HEARTBEAT, "heartbeat", "unexpected_message", "a heartbeat record")                          \
    X(OVER_LENGTH, "record-overflow", "record_overflow", "a record header that claims 18688 bytes")

#define FLIGHT_REQUEST_TABLE(X)                                                                    \
    X(CR_EMPTY, "request-empty", "", "CertificateRequest without names, as the service sends it")  \
    X(CR_3, "request-3", "", "CertificateRequest with three names of foreign CAs")                 \
    X(CR_8K, "request-8k", "", "CertificateRequest with 8 KB of names")                            \
    X(CR_20K, "request-20k", "", "CertificateRequest with 20 KB of names, in two records")         \
    X(CR_EARLY, "request-early", "unexpected_message", "CertificateRequest before Certificate")

#define FLIGHT_TABLE(X)                                                                            \
    FLIGHT_HELLO_TABLE(X)                                                                          \
    FLIGHT_CERTIFICATE_TABLE(X) FLIGHT_KEY_TABLE(X) FLIGHT_ORDER_TABLE(X) FLIGHT_REQUEST_TABLE(X)

enum flight {
#define X(name, word, alerts, meaning) FLIGHT_##name,
    FLIGHT_TABLE(X)
#undef X
        FLIGHT_COUNT
};

int flight_find(struct span word); // ERR_UNKNOWN_NAME
const char *flight_word(unsigned flight);
const char *flight_alerts(unsigned flight); // "decode_error,illegal_parameter"
const char *flight_meaning(unsigned flight);
