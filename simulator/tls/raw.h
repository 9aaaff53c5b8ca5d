// SPDX-License-Identifier: MIT
// The engine of hand-made flights: ServerHello to ServerHelloDone as bare bytes with a true
// signature, so that anything can be wrong with them; no certificate is parsed and no message has a
// size limit. It never completes a handshake: the device's next message is its judgement.
//
//     tls_engine_raw.connection_new(server, &c);
//     raw_choose_flight(c, FLIGHT_SKE_POINT);   // before the ClientHello is fed
#pragma once
#include "simulator/faults/flight.h"
#include "simulator/tls/engine.h"

void raw_choose_flight(struct tls_connection *c, enum flight flight);
