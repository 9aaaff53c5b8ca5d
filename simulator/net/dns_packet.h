// SPDX-License-Identifier: MIT
// The messages of DNS as far as a responder needs them (RFC 1035 4, RFC 3596, RFC 6891): reads a
// query with one question, writes an answer of CNAME, A and AAAA records.
//
//     TRY(dns_read_query(datagram, &query));
//     dns_begin_answer(&answer, &query, datagram, DNS_OK, out);
//     dns_put_address(&answer, NULL, 60, "203.0.113.10", out);
//     dns_end_answer(&answer, limit, out);
#pragma once
#include "base/span.h"

enum {
    DNS_NAME_BYTES_MOST = 254, // as text
    DNS_MESSAGE_BYTES_MOST = 65535,
    DNS_UDP_BYTES = 512, // without EDNS
    DNS_PORT = 53,
};
enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };
enum dns_code {
    DNS_OK = 0,
    DNS_FORMAT_ERROR = 1,
    DNS_SERVER_FAILURE = 2,
    DNS_NO_SUCH_NAME = 3,
    DNS_NOT_IMPLEMENTED = 4,
    DNS_REFUSED = 5
};

struct dns_query {
    uint16_t id;
    bool wants_recursion;
    bool has_edns;
    uint16_t udp_bytes; // the largest answer that the asker takes in a datagram
    enum dns_code code; // DNS_OK, or how the query must be refused
    char name[DNS_NAME_BYTES_MOST + 1]; // lower case, without the last dot
    uint16_t type;
    uint16_t class_code;
    size_t question_end; // offset behind the question; 12 when it could not be read
};

// ERR_SYNTAX when nothing can be answered: shorter than a header, or not a query. All other
// mistakes are in out->code.
int dns_read_query(struct span message, struct dns_query *out) HR_NODISCARD;

struct dns_answer {
    size_t start;     // where the message begins in the buffer
    unsigned records;
    bool has_edns;
};
// The functions below return buf errors, or ERR_VALUE for a name or address that is none. A NULL name
// is that of the question.
// `message` is the query: its question is given back byte by byte, in the asker's spelling.
int dns_begin_answer(struct dns_answer *a, const struct dns_query *query, struct span message,
                     enum dns_code code, struct buf *out) HR_NODISCARD;
int dns_put_alias(struct dns_answer *a, const char *name, uint32_t ttl_s, const char *target,
                  struct buf *out) HR_NODISCARD;
// IPv4 or IPv6 by its form.
int dns_put_address(struct dns_answer *a, const char *name, uint32_t ttl_s, const char *address,
                    struct buf *out) HR_NODISCARD;
int dns_end_answer(struct dns_answer *a, struct buf *out) HR_NODISCARD;
// Drop the records and set the bit that sends the asker to TCP.
void dns_truncate(struct dns_answer *a, const struct dns_query *query, struct buf *out);
