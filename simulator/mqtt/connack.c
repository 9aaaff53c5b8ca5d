// SPDX-License-Identifier: MIT
// CONNACK (MQTT 3.2): only the hub sends it.
#include "base/error.h"
#include "simulator/mqtt/packet.h"

int mqtt_write_connack(bool is_session_present, int code, struct buf *out)
{
    TRY(mqtt_write_header(PACKET_CONNACK, 0, 2, out));
    TRY(buf_append_u8(out, is_session_present ? 1 : 0));
    return buf_append_u8(out, (uint8_t)code);
}
