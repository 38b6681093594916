/* SPDX-License-Identifier: MIT */
#include "codec/qr.h"
#include <qrencode.h>
#include <string.h>

int sw_qr_draw(const char *text, struct sw_buf *out, struct sw_err *err)
{
    QRcode *code;
    int width;
    if (strlen(text) > SW_QR_TEXT_MAX)
        return sw_fail(err, SW_E_LIMIT, "a text of over %d bytes is too long for a QR code", SW_QR_TEXT_MAX);
    code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code) return sw_fail(err, SW_E_BAD, "this text cannot be shown as a QR code");
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++)
            sw_buf_byte(out, code->data[y * code->width + x] & 1 ? '#' : ' ');
        sw_buf_byte(out, '\n');
    }
    width = code->width;
    QRcode_free(code);
    return width;
}
