/* SPDX-License-Identifier: MIT
 * Expat without its namespace mode: undeclared prefixes are common in files people have,
 * and local names are enough to tell elements apart. External entities are never loaded
 * because no handler for them is set; declared ones stop the parser, which ends expansion
 * attacks before they start. A plain document that comes whole in its first slice is told of by
 * xml_plain.c and needs no expat. No tree is built and no encodings beyond expat's own and
 * single-byte ones are read. */
#include "codec/xml.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "codec/xml_plain.h"
#include <expat.h>
#include <string.h>
#include <strings.h>

enum { MAX_DEPTH = 64, MAX_NAME = 48, MAX_TEXT = 64 << 10 };
#define MAX_TOKEN ((size_t)4 << 20)

struct sw_xml {
    XML_Parser parser;
    struct sw_xml_handler h;
    void *ctx;
    struct sw_buf text;
    struct sw_buf filtered; /* a slice without its control bytes */
    size_t quiet;           /* bytes fed since the parser last reported anything */
    int depth;
    bool begun;          /* past leading blanks */
    bool fed;            /* the parser was given something */
    bool whole;          /* all of the document was plain and is told: only blanks may follow */
    bool followed;       /* by something else */
    bool wide;           /* UTF-16: control bytes are no bytes of their own */
    const char *refused; /* why a handler stopped the parser */
    char name[MAX_DEPTH][MAX_NAME];
};

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static void refuse(struct sw_xml *x, const char *why)
{
    if (!x->refused) x->refused = why;
    XML_StopParser(x->parser, XML_FALSE);
}

static void on_start(void *ctx, const char *name, const char **attr)
{
    struct sw_xml *x = ctx;
    const char *own = local(name);
    size_t n = strlen(own);
    x->quiet = 0;
    sw_buf_reset(&x->text);
    if (x->depth == MAX_DEPTH) {
        refuse(x, "elements are nested more than 64 deep");
        return;
    }
    if (n >= MAX_NAME) n = MAX_NAME - 1;
    memcpy(x->name[x->depth], own, n);
    x->name[x->depth++][n] = 0;
    x->h.start(x->ctx, x->name[x->depth - 1], attr);
}

static void on_end(void *ctx, const char *name)
{
    struct sw_xml *x = ctx;
    (void)name;
    x->quiet = 0;
    if (x->refused || !x->depth) return;
    x->h.end(x->ctx, x->name[x->depth - 1], sw_buf_str(&x->text), x->text.len);
    x->depth--;
    sw_buf_reset(&x->text);
}

static void on_text(void *ctx, const char *s, int n)
{
    struct sw_xml *x = ctx;
    x->quiet = 0;
    if (x->text.len + (size_t)n < MAX_TEXT) sw_buf_put(&x->text, s, (size_t)n);
}

static void on_other(void *ctx, const char *s, int n)
{
    (void)s;
    (void)n;
    ((struct sw_xml *)ctx)->quiet = 0;
}

static void on_entity(void *ctx, const char *name, int is_param, const char *value, int n,
                      const char *base, const char *system_id, const char *public_id,
                      const char *notation)
{
    (void)name, (void)is_param, (void)value, (void)n, (void)base;
    (void)system_id, (void)public_id, (void)notation;
    refuse(ctx, "it declares XML entities of its own, which are not followed");
}

/* Single-byte encodings expat does not know: figures and tags are ASCII in all of them, and
 * a letter read as Latin-1 is better than a file refused. */
static int on_encoding(void *ctx, const char *name, XML_Encoding *info)
{
    (void)ctx;
    if (strncasecmp(name, "windows-125", 11) && strncasecmp(name, "iso-8859-", 9) &&
        strncasecmp(name, "cp125", 5))
        return XML_STATUS_ERROR;
    for (int i = 0; i < 256; i++) info->map[i] = i;
    info->data = NULL;
    info->convert = NULL;
    info->release = NULL;
    return XML_STATUS_OK;
}

static void plain_end(void *ctx, const char *name, const char *text, size_t n)
{
    struct sw_xml *x = ctx;
    (void)name;
    x->h.end(x->ctx, x->name[x->depth - 1], text, n);
    x->depth--;
}

/* The whole document at once, where it is one that needs no parser. */
static bool plain(struct sw_xml *x, const uint8_t *p, size_t n)
{
    const struct sw_xml_plain to = {x, on_start, plain_end};
    if (x->fed || x->wide) return false;
    x->whole = sw_xml_plain((const char *)p, n, &to);
    return x->whole;
}

static bool make_parser(struct sw_xml *x)
{
    if (x->parser) return true;
    x->parser = XML_ParserCreate(NULL);
    if (!x->parser) {
        x->refused = "no memory for an XML parser";
        return false;
    }
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetDefaultHandlerExpand(x->parser, on_other);
    XML_SetEntityDeclHandler(x->parser, on_entity);
    XML_SetUnknownEncodingHandler(x->parser, on_encoding, NULL);
    return true;
}

struct sw_xml *sw_xml_new(const struct sw_xml_handler *h, void *ctx)
{
    struct sw_xml *x = sw_zalloc(sizeof *x);
    x->h = *h;
    x->ctx = ctx;
    sw_buf_init(&x->text, MAX_TEXT + 16);
    sw_buf_init(&x->filtered, (size_t)64 << 20);
    return x;
}

void sw_xml_free(struct sw_xml *x)
{
    if (!x) return;
    if (x->parser) XML_ParserFree(x->parser);
    sw_buf_clear(&x->text);
    sw_buf_clear(&x->filtered);
    sw_free(x);
}

static bool forbidden(uint8_t c)
{
    return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

/* The slice, or a copy without the bytes XML forbids. */
static const uint8_t *filter(struct sw_xml *x, const uint8_t *p, size_t *n)
{
    size_t i = 0, from = 0;
    while (i < *n && !forbidden(p[i])) i++;
    if (i == *n || x->wide) return p;
    sw_buf_reset(&x->filtered);
    for (; i < *n; i++) {
        if (!forbidden(p[i])) continue;
        sw_buf_put(&x->filtered, p + from, i - from);
        from = i + 1;
    }
    sw_buf_put(&x->filtered, p + from, *n - from);
    *n = x->filtered.len;
    return x->filtered.data ? x->filtered.data : p;
}

/* Skip what may stand before the declaration. true once the document has begun. */
static bool begin(struct sw_xml *x, const uint8_t **p, size_t *n)
{
    while (!x->begun && *n) {
        uint8_t c = **p;
        if (c == 0xfe || c == 0xff) x->wide = true;
        x->begun = !(c <= ' ' || c == 0xef || c == 0xbb || c == 0xbf);
        if (x->begun) break;
        ++*p;
        --*n;
    }
    return x->begun;
}

static int failure(struct sw_xml *x, struct sw_err *err)
{
    if (x->refused) return sw_fail(err, SW_E_LIMIT, "the XML is refused: %s", x->refused);
    return sw_fail(err, SW_E_BAD, "the XML breaks off at line %lu: %s",
                   (unsigned long)XML_GetCurrentLineNumber(x->parser),
                   XML_ErrorString(XML_GetErrorCode(x->parser)));
}

/* Behind a document that came whole: as expat has it where the slices were cut elsewhere. */
static int junk(struct sw_xml *x, const uint8_t *p, size_t n, struct sw_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] > ' ') x->followed = true;
    return x->followed ? sw_fail(err, SW_E_BAD, "the XML breaks off: something follows the end of the document") : 0;
}

int sw_xml_feed(struct sw_xml *x, const uint8_t *p, size_t n, struct sw_err *err)
{
    if (x->refused) return failure(x, err);
    if (x->whole) return junk(x, p, n, err);
    if (!begin(x, &p, &n)) return 0;
    if (plain(x, p, n)) return 0;
    p = filter(x, p, &n);
    if (n > (size_t)1 << 30) return sw_fail(err, SW_E_LIMIT, "a slice over 1 GiB");
    if (!make_parser(x)) return failure(x, err);
    x->fed = true;
    x->quiet += n;
    if (XML_Parse(x->parser, (const char *)p, (int)n, 0) != XML_STATUS_OK)
        return failure(x, err);
    if (x->quiet <= MAX_TOKEN) return 0;
    x->refused = "one tag or comment is longer than 4 MiB";
    return failure(x, err);
}

int sw_xml_finish(struct sw_xml *x, struct sw_err *err)
{
    if (x->whole) return junk(x, NULL, 0, err);
    if (x->refused || !make_parser(x) || XML_Parse(x->parser, "", 0, 1) != XML_STATUS_OK)
        return failure(x, err);
    return 0;
}

const char *sw_xml_above(const struct sw_xml *x, int up)
{
    int i = x->depth - 1 - up;
    return i >= 0 ? x->name[i] : "";
}

const char *sw_xml_attr(const char **attr, const char *name)
{
    for (; *attr; attr += 2)
        if (!strcmp(local(*attr), name)) return attr[1];
    return NULL;
}
