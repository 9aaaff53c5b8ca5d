// SPDX-License-Identifier: MIT
// MQTT as a speaker inside TLS, or inside WebSocket messages: sessions behind the seam.
#pragma once
#include "simulator/inner.h"
#include "simulator/mqtt/session.h"

// `world` is borrowed and outlives every connection.
struct speaker mqtt_speaker(struct mqtt_world *world);
