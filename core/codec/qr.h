/* SPDX-License-Identifier: MIT
 * A text as a QR code, by libqrencode: for addresses that a phone should open. */
#ifndef SW_CODEC_QR_H
#define SW_CODEC_QR_H
#include "base/buf.h"
#include "base/err.h"

enum { SW_QR_TEXT_MAX = 1200 }; /* bytes; more would not fit a terminal */

/* Appends the code to `out`, a row a line of '#' (dark) and ' ' (light), without the quiet zone around
 * it. Its width in modules; SW_E_TOOBIG for a longer text, SW_E_BAD for one that is no UTF-8. */
int sw_qr_draw(const char *text, struct sw_buf *out, struct sw_err *err);
#endif
