/* SPDX-License-Identifier: MIT
 * Small documents of the plain sort: whole in one piece, UTF-8, elements, attributes and text, as nearly all
 * files of trackers are. Reading such a document twice, once to see that it is well-formed and once to tell of
 * it, takes a fraction of what a parser for all of XML takes. Whatever is unusual or wrong (comments, entities,
 * damage) is not this module's: it says so before it tells of anything. */
#ifndef SW_CODEC_XML_PLAIN_H
#define SW_CODEC_XML_PLAIN_H
#include <stdbool.h>
#include <stddef.h>

struct sw_xml_plain { /* all texts are terminated and valid during the call */
    void *ctx;
    void (*start)(void *ctx, const char *name, const char **attr); /* attr: name, value ..., NULL */
    /* text: what stood between the element's last tag and its end, with plain line ends */
    void (*end)(void *ctx, const char *name, const char *text, size_t n);
};

/* False, and nothing was told: p is not all of a plain document. */
bool sw_xml_plain(const char *p, size_t n, const struct sw_xml_plain *to);
#endif
