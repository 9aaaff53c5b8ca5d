// SPDX-License-Identifier: MIT
// Two more judges of PEM forms, each in a file of its own: their headers claim OpenSSL's names.
#pragma once
#include "base/span.h"

// 1: the text is loaded, -1: refused.
int wolfssl_loads(struct span text);
// Certificates that its PEM and X.509 decoders take, -1: none, or an error before the end.
int bearssl_loads(struct span text);
