/* SPDX-License-Identifier: MIT
 * The unread bytes of earlier slices and the new slice are joined in one buffer; a tag that
 * is not complete stays there for the next slice. Attribute values are found by their
 * closing quote, so a
 * '>' inside one is harmless. A tag that grows past its cap is given up at its '<' and the
 * scan goes on behind it: one broken quote costs what it swallowed, never the rest of the
 * file. */
#include "codec/apple_scan.h"
#include <string.h>
#include <strings.h>

enum state { TEXT, COMMENT, CDATA, PI, DOCTYPE, SUBSET };
enum verdict { DONE, MORE, BROKEN };

#define MAX_TAG    ((size_t)256 << 10)
#define MAX_BUFFER ((size_t)64 << 20)

void sw_apple_scan_init(struct sw_apple_scan *s)
{
    memset(s, 0, sizeof *s);
    sw_buf_init(&s->buf, MAX_BUFFER);
}

void sw_apple_scan_clear(struct sw_apple_scan *s)
{
    sw_buf_clear(&s->buf);
}

bool sw_span_is(struct sw_span a, const char *s)
{
    return a.n == strlen(s) && !memcmp(a.p, s, a.n);
}

struct sw_span sw_apple_attr(const struct sw_apple_tag *tag, const char *name)
{
    for (int i = 0; i < tag->n; i++)
        if (sw_span_is(tag->attr[i].name, name)) return tag->attr[i].value;
    return (struct sw_span){NULL, 0};
}

static bool gap(char c)
{
    return (unsigned char)c <= ' ';
}
static bool name_end(char c)
{
    return gap(c) || c == '/' || c == '>' || c == '<';
}

/* Some early exports have blanks inside attribute names: squeeze them out where they stand.
 */
static struct sw_span attr_name(char *p, char *end)
{
    char *to = p, *start = p;
    while (end > p && gap(end[-1])) end--;
    for (; p < end && !gap(*p); p++) to++;
    for (; p < end; p++)
        if (!gap(*p)) *to++ = *p;
    if (to < end) memset(to, ' ', (size_t)(end - to)); /* the tag may be read again */
    return (struct sw_span){start, (size_t)(to - start)};
}

/* One name="value" at *at. */
static enum verdict read_attr(struct sw_apple_tag *t, char **at, char *end)
{
    char *p = *at, *name = p, *eq, *close;
    char quote;
    while (p < end && *p != '=' && *p != '>' && *p != '<') p++;
    if (p == end) return MORE;
    if (*p != '=') return BROKEN;
    eq = p++;
    while (p < end && gap(*p)) p++;
    if (p == end) return MORE;
    quote = *p++;
    if (quote != '"' && quote != '\'') return BROKEN;
    close = memchr(p, quote, (size_t)(end - p));
    if (!close) return MORE;
    if (t->n < SW_APPLE_MAX_ATTRS)
        t->attr[t->n++] =
            (struct sw_apple_attr){attr_name(name, eq), {p, (size_t)(close - p)}};
    *at = close + 1;
    return DONE;
}

/* A tag whose '<' is at *at. DONE moves *at behind its '>'. */
static enum verdict read_tag(struct sw_apple_tag *t, char **at, char *end)
{
    char *p = *at + 1;
    enum verdict v;
    t->n = 0;
    t->closes = p < end && *p == '/';
    t->opens = !t->closes;
    if (t->closes) p++;
    t->name.p = p;
    while (p < end && !name_end(*p)) p++;
    if (p == end) return MORE;
    t->name.n = (size_t)(p - t->name.p);
    if (!t->name.n) return BROKEN;
    for (;;) {
        while (p < end && gap(*p)) p++;
        if (p == end) return MORE;
        if (*p == '>') break;
        if (*p == '<') return BROKEN;
        if (*p == '/') {
            t->closes = true;
            p++;
        } else if ((v = read_attr(t, &p, end)) != DONE) {
            return v;
        }
    }
    *at = p + 1;
    return DONE;
}

/* What starts at p with "<!" or "<?": the state it opens, or -1 when more bytes are needed.
 */
static int opening(const char *p, size_t n)
{
    static const struct {
        const char *text;
        int state;
    } known[] = {{"<!--", COMMENT}, {"<![CDATA[", CDATA}, {"<?", PI}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i].text), k = n < len ? n : len;
        if (memcmp(p, known[i].text, k)) continue;
        return k == len ? known[i].state : -1;
    }
    return DOCTYPE;
}

/* First byte behind the end mark, NULL if it is not there. */
static char *behind(char *p, char *end, const char *mark)
{
    size_t n = strlen(mark);
    char *hit = memmem(p, (size_t)(end - p), mark, n);
    return hit ? hit + n : NULL;
}

/* End of an internal subset: a ']' with '>' behind it. A subset that is torn so badly that
 * it has no end gives way at the root element. */
static char *behind_subset(char *p, char *end)
{
    for (; p < end; p++) {
        char *q = p + 1;
        if (*p == '<' && end - p >= 11 && !memcmp(p, "<HealthData", 11)) return p;
        if (*p != ']') continue;
        while (q < end && gap(*q)) q++;
        if (q < end && *q == '>') return q + 1;
    }
    return NULL;
}

static char *skip_doctype(struct sw_apple_scan *s, char *p, char *end)
{
    for (; p < end; p++) {
        if (*p == '>') return p + 1;
        if (*p == '[') {
            s->state = SUBSET;
            return behind_subset(p + 1, end);
        }
    }
    return NULL;
}

/* Leave the thing we are inside of. Result: where text goes on, NULL if its end is not here
 * yet. */
static char *leave(struct sw_apple_scan *s, char *p, char *end)
{
    switch (s->state) {
    case COMMENT: return behind(p, end, "-->");
    case CDATA: return behind(p, end, "]]>");
    case PI: return behind(p, end, "?>");
    case DOCTYPE: return skip_doctype(s, p, end);
    default: return behind_subset(p, end);
    }
}

/* Bytes at the end that an end mark may have begun in: "]" with blanks behind it, or part
 * of the root's name. */
static char *keep_tail(struct sw_apple_scan *s, char *p, char *end)
{
    char *q = end;
    size_t n = s->state == SUBSET ? 10 : 2;
    if (s->state == SUBSET) {
        while (q > p && gap(q[-1])) q--;
        if (q > p && q[-1] == ']' && (size_t)(end - q) < MAX_TAG) return q - 1;
    }
    return (size_t)(end - p) > n ? end - n : p;
}

/* Understand as much of p..end as possible. Result: the first byte to keep. */
static char *scan(struct sw_apple_scan *s, char *p, char *end, sw_apple_tag_fn fn,
                  void *ctx)
{
    while (p < end) {
        char *lt, *next;
        enum verdict v;
        if (s->state != TEXT) {
            next = leave(s, p, end);
            if (!next) return keep_tail(s, p, end);
            s->state = TEXT;
            p = next;
            continue;
        }
        lt = memchr(p, '<', (size_t)(end - p));
        if (!lt) return end;
        if (end - lt < 2) return lt;
        if (lt[1] == '!' || lt[1] == '?') {
            int state = opening(lt, (size_t)(end - lt));
            if (state < 0) return lt;
            s->state = state;
            p = lt + 2;
            continue;
        }
        p = lt;
        v = read_tag(&s->tag, &p, end);
        if (v == DONE) {
            fn(ctx, &s->tag);
        } else if (v == BROKEN || (size_t)(end - lt) > MAX_TAG) {
            s->lost++;
            p = lt + 1;
        } else {
            return lt;
        }
    }
    return p;
}

void sw_apple_scan_feed(struct sw_apple_scan *s, const uint8_t *p, size_t n,
                        sw_apple_tag_fn fn, void *ctx)
{
    char *at;
    sw_buf_put(&s->buf, p, n);
    if (!s->buf.len) return;
    at = scan(s, (char *)s->buf.data, (char *)s->buf.data + s->buf.len, fn, ctx);
    sw_buf_cut(&s->buf, (size_t)(at - (char *)s->buf.data));
}

bool sw_apple_scan_open_end(const struct sw_apple_scan *s)
{
    return s->state != TEXT || s->buf.len;
}

static size_t put_utf8(unsigned long c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Code point of a numeric reference's body ("#x27", "#10"), -1 if it is none. */
static long code_point(struct sw_span e)
{
    bool x = e.n > 2 && (e.p[1] | 32) == 'x';
    long c = 0;
    if (e.n < 2 || e.p[0] != '#') return -1;
    for (size_t i = x ? 2 : 1; i < e.n; i++) {
        int d = hex(e.p[i]);
        if (d < 0 || (!x && d > 9)) return -1;
        c = c * (x ? 16 : 10) + d;
        if (c > 0x10ffff) return -1;
    }
    return c >= 0xd800 && c < 0xe000 ? -1 : c;
}

/* What an entity stands for: bytes written to `to`, or -1 when it is not known. */
static int entity(struct sw_span e, char *to)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    long c = code_point(e);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (sw_span_is(e, known[i].name)) c = known[i].c;
    if (c < 0) return -1;
    if (c < 0x20 || c == 0x7f) { /* a forbidden byte in disguise; a line break is a blank */
        *to = ' ';
        return c == '\n' || c == '\t' || c == '\r';
    }
    return (int)put_utf8((unsigned long)c, to);
}

size_t sw_apple_text(struct sw_span raw, char *to, size_t cap)
{
    size_t n = 0;
    const char *p = raw.p, *end = p + raw.n;
    while (p < end && n + 5 < cap) {
        unsigned char c = (unsigned char)*p;
        const char *semi =
            c == '&' ? memchr(p, ';', (size_t)(end - p < 12 ? end - p : 12)) : NULL;
        int got =
            semi ? entity((struct sw_span){p + 1, (size_t)(semi - p - 1)}, to + n) : -1;
        if (got >= 0) {
            n += (size_t)got;
            p = semi + 1;
            continue;
        }
        if (c == '\n' || c == '\t' || c == '\r')
            to[n++] = ' ';
        else if (c >= 0x20 && c != 0x7f)
            to[n++] = (char)c;
        p++;
    }
    to[n] = 0;
    return n;
}
