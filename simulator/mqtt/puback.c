// SPDX-License-Identifier: MIT
// PUBACK (MQTT 3.4), both ways.
#include "simulator/mqtt/packet.h"

int mqtt_read_puback(const struct mqtt_packet *p, uint16_t *packet_id)
{
    return mqtt_read_id_packet(p, packet_id);
}

int mqtt_write_puback(uint16_t packet_id, struct buf *out)
{
    return mqtt_write_id_packet(PACKET_PUBACK, packet_id, out);
}
