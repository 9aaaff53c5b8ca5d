// SPDX-License-Identifier: MIT
#include "certs/peers/peer.h"

#include <gnutls/gnutls.h>

int main(int argc, char **argv)
{
    char version[64];
    snprintf(version, sizeof version, "GnuTLS %s", gnutls_check_version(NULL));
    struct peer_order order = peer_begin(argc, argv, version);
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    gnutls_certificate_allocate_credentials(&credentials);
    gnutls_certificate_set_x509_trust_file(credentials, order.roots, GNUTLS_X509_FMT_PEM);
    gnutls_init(&session, GNUTLS_CLIENT);
    const char *priority = order.is_tls13 ? "NORMAL:-VERS-ALL:+VERS-TLS1.3" : "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    if (gnutls_priority_set_direct(session, priority, NULL) != 0) {
        return 2;
    }
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    if (!order.is_address) {
        gnutls_server_name_set(session, GNUTLS_NAME_DNS, order.host, strlen(order.host));
    }
    gnutls_session_set_verify_cert(session, order.host, 0);
    gnutls_transport_set_int(session, order.fd);
    int code;
    do {
        code = gnutls_handshake(session);
    } while (code < 0 && gnutls_error_is_fatal(code) == 0);
    if (code < 0) {
        gnutls_alert_send_appropriate(session, code);
    }
    printf("%d (%s); verify status 0x%x\n", code, gnutls_strerror(code),
           gnutls_session_get_verify_cert_status(session));
    peer_end(&order);
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
    return 0;
}
