/* SPDX-License-Identifier: MIT
 * Writing JSON into a sw_buf. Reading is base/jtape. */
#ifndef SW_BASE_JSON_H
#define SW_BASE_JSON_H
#include "base/buf.h"

void sw_json_str(struct sw_buf *b, const char *s,
                 size_t n); /* quoted; bytes that are no UTF-8 become U+FFFD */
void sw_json_num(struct sw_buf *b,
                 double v); /* shortest text that reads back the same; null if not finite */
void sw_json_int(struct sw_buf *b, int64_t v);
/* "key": with a comma before it unless the last byte is '{' */
void sw_json_key(struct sw_buf *b, const char *key);
/* The object of this text, but for its member of that name (which needs no escapes); nothing is checked,
 * text that is no object goes as it stands. */
void sw_json_without(struct sw_buf *b, const char *text, size_t n, const char *key);
size_t sw_utf8_valid(const char *s, size_t n); /* length of the valid prefix, n when all is valid */
#endif
