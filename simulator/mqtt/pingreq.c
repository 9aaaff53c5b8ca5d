// SPDX-License-Identifier: MIT
// PINGREQ (MQTT 3.12).
#include "simulator/mqtt/packet.h"

int mqtt_read_pingreq(const struct mqtt_packet *p)
{
    return mqtt_take_end(p->body);
}

int mqtt_write_pingreq(struct buf *out)
{
    return mqtt_write_header(PACKET_PINGREQ, 0, 0, out);
}
