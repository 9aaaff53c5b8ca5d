// SPDX-License-Identifier: MIT
// A chain as an SVG picture: a box per certificate, roots on top, an arrow from signer to signed.
// Boxes bring their own ground and the rest is mid-grey, so it reads on light and dark pages. It
// shows nothing that depends on a key, so that the same recipe and date give the same picture.
#pragma once
#include "certs/cert_list.h"

// The list's signers must have been found. `utc_s` judges dates. The buf's errors.
int graph_write(const struct cert_list *list, int64_t utc_s, struct buf *out) HR_NODISCARD;
