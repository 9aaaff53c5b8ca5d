// SPDX-License-Identifier: MIT
// SUBACK (MQTT 3.9): only the hub sends it. IoT Hub never answers 0x80; it closes instead.
#include "base/error.h"
#include "simulator/mqtt/packet.h"

int mqtt_write_suback(uint16_t packet_id, struct span codes, struct buf *out)
{
    TRY(mqtt_write_header(PACKET_SUBACK, 0, 2 + codes.len, out));
    TRY(buf_append_u16be(out, packet_id));
    return buf_append(out, codes);
}
