// SPDX-License-Identifier: MIT
// A small writer of HTML that escapes whatever comes from outside.
#pragma once
#include "base/span.h"

// Text or an attribute's value: markup becomes references, control characters blanks, bytes that
// are not UTF-8 question marks.
int html_text(struct buf *out, const char *text) HR_NODISCARD;
// <tag>text</tag>; `tag` may carry attributes and must be ours, never from outside.
int html_element(struct buf *out, const char *tag, const char *text) HR_NODISCARD;
