// SPDX-License-Identifier: MIT
#include "simulator/net/datagram.h"
#include "base/error.h"

#include <netinet/in.h>
#include <stdio.h>

int address_fail_listen(const char *address, int port, int uv_code)
{
    const char *advice = uv_code == UV_EADDRINUSE
                             ? "; another program has this port, see `ss -lntup`"
                         : uv_code == UV_EACCES ? "; ports below 1024 need more rights"
                                                : "";
    FAIL(error_from_errno(-uv_code), "cannot listen on %s port %d: %s%s", address, port,
         uv_strerror(uv_code), advice);
}

int address_parse(const char *address, int port, struct sockaddr_storage *out)
{
    if (uv_ip4_addr(address, port, (struct sockaddr_in *)out) == 0 ||
        uv_ip6_addr(address, port, (struct sockaddr_in6 *)out) == 0) {
        return 0;
    }
    FAIL(ERR_VALUE, "'%s' is no IP address to listen on; try 127.0.0.1 or 0.0.0.0", address);
}

int datagram_bind(uv_udp_t *socket, const char *address, int port, int *bound_port)
{
    struct sockaddr_storage at;
    int len = sizeof at;
    TRY(address_parse(address, port, &at));
    int code = uv_udp_bind(socket, (struct sockaddr *)&at, 0);
    code = code < 0 ? code : uv_udp_getsockname(socket, (struct sockaddr *)&at, &len);
    if (code < 0) {
        return address_fail_listen(address, port, code);
    }
    *bound_port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                                 : ((struct sockaddr_in *)&at)->sin_port);
    return 0;
}

void datagram_send(uv_udp_t *socket, struct span bytes, const struct sockaddr *to)
{
    uv_buf_t out = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
    uv_udp_try_send(socket, &out, 1, to);
}

const char *address_text(const struct sockaddr *peer, char out[80])
{
    char address[64] = "";
    bool is_v6 = peer->sa_family == AF_INET6;
    uv_ip_name(peer, address, sizeof address);
    snprintf(out, 80, is_v6 ? "[%s]:%d" : "%s:%d", address,
             ntohs(is_v6 ? ((const struct sockaddr_in6 *)peer)->sin6_port
                         : ((const struct sockaddr_in *)peer)->sin_port));
    return out;
}
