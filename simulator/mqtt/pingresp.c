// SPDX-License-Identifier: MIT
// PINGRESP (MQTT 3.13): only the hub sends it.
#include "simulator/mqtt/packet.h"

int mqtt_write_pingresp(struct buf *out)
{
    return mqtt_write_header(PACKET_PINGRESP, 0, 0, out);
}
