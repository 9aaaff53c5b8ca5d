// SPDX-License-Identifier: MIT
// The first message of a connection as events. What it offers and how that is judged is told once
// per fingerprint: the same device says the same each time.
#include "base/error.h"
#include "simulator/net/connection.h"
#include "simulator/tls/offer.h"
#include "simulator/tls/suite.h"

#include <string.h>

static bool is_new(struct server *server, const char *ja3)
{
    for (size_t i = 0; i < server->offer_count && i < SERVER_OFFERS_MOST; i++) {
        if (strcmp(server->offers[i], ja3) == 0) {
            return false;
        }
    }
    memcpy(server->offers[server->offer_count++ % SERVER_OFFERS_MOST], ja3, OFFER_JA3_BYTES);
    return true;
}

static void emit_offer(struct connection *c, const struct client_hello *h,
                       const struct offer_text *text)
{
    struct journal *journal = connection_journal(c);
    EMIT(journal, TLS_OFFER, c->id, NULL, F_TEXT("ja3", text->ja3),
         F_TEXT("versions", text->versions), F_TEXT("suites", text->suites),
         F_TEXT("groups", text->groups), F_TEXT("signatures", text->signatures),
         F_TEXT("alpn", h->alpn), F_INT("max_fragment_bytes", h->max_fragment_bytes),
         F_BOOL("ticket", h->has_ticket),
         F_BOOL("extended_master_secret", h->has_extended_master_secret),
         F_BOOL("renegotiation_info", h->has_renegotiation_info));
    for (size_t i = 0; i < offer_rule_count(); i++) {
        struct offer_judgement j = offer_judge(h, i);
        EMIT(journal, TLS_OFFER_JUDGED, c->id, NULL, F_TEXT("rule", j.rule),
             F_TEXT("verdict", offer_verdict_word(j.verdict)),
             F_TEXT("requirement", j.requirement), F_TEXT("why", j.why), F_TEXT("ja3", text->ja3));
    }
}

void connection_emit_hello(struct connection *c, const struct client_hello *hello)
{
    char scratch[16];
    struct offer_text text;
    bool is_described = offer_describe(hello, &text) == 0;
    span_copy_text(span_text(hello->sni), c->sni, sizeof c->sni);
    EMIT(connection_journal(c), TLS_CLIENT_HELLO, c->id, NULL, F_TEXT("sni", hello->sni),
         F_TEXT("version", tls_version_name(hello->version, scratch)),
         F_INT("suites", hello->suite_count), F_TEXT("ja3", is_described ? text.ja3 : ""));
    if (is_described && is_new(c->server, text.ja3)) {
        emit_offer(c, hello, &text);
    }
}
