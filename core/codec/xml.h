/* SPDX-License-Identifier: MIT
 * A thin push layer over expat for small documents from strangers. It hides namespaces
 * (local names only), gives an element's own text at its end, skips blanks and a byte order
 * mark before the declaration, drops control bytes XML forbids, and refuses entity
 * declarations, depth over 64 and tokens over 4 MiB. The struct is owned by the decoder;
 * one thread at a time. */
#ifndef SW_CODEC_XML_H
#define SW_CODEC_XML_H
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct sw_xml;

struct sw_xml_handler {
    /* attr: name, value, name, value ..., NULL; names without prefix by sw_xml_attr */
    void (*start)(void *ctx, const char *name, const char **attr);
    /* text: what stood between the element's last tag and its end, terminated, at most 64
     * KiB */
    void (*end)(void *ctx, const char *name, const char *text, size_t n);
};

struct sw_xml *sw_xml_new(const struct sw_xml_handler *h, void *ctx); /* never NULL */
void sw_xml_free(struct sw_xml *x);

/* 0, or negative with one sentence; the parser is of no use after an error. */
int sw_xml_feed(struct sw_xml *x, const uint8_t *p, size_t n, struct sw_err *err);
int sw_xml_finish(struct sw_xml *x,
                  struct sw_err *err); /* negative: the document is not complete */

/* Local name of an open element: 0 the current one, 1 its parent ...; "" above the root.
 * Both handlers see the element itself as 0. Names are cut at 47 bytes. */
const char *sw_xml_above(const struct sw_xml *x, int up);

/* Value of the attribute with this local name, or NULL. */
const char *sw_xml_attr(const char **attr, const char *name);
#endif
