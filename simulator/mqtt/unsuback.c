// SPDX-License-Identifier: MIT
// UNSUBACK (MQTT 3.11): only the hub sends it.
#include "simulator/mqtt/packet.h"

int mqtt_write_unsuback(uint16_t packet_id, struct buf *out)
{
    return mqtt_write_id_packet(PACKET_UNSUBACK, packet_id, out);
}
