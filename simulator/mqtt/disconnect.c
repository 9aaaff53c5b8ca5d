// SPDX-License-Identifier: MIT
// DISCONNECT (MQTT 3.14): only a device sends it.
#include "simulator/mqtt/packet.h"

int mqtt_read_disconnect(const struct mqtt_packet *p)
{
    return mqtt_take_end(p->body);
}

int mqtt_write_disconnect(struct buf *out)
{
    return mqtt_write_header(PACKET_DISCONNECT, 0, 0, out);
}
