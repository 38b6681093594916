/* SPDX-License-Identifier: MIT
 * One scanner runs twice over the same bytes: silently, then telling. What it accepts is a subset of what
 * expat accepts, and tests hold that both tell the same of it. It does not resolve references, keep prefixes
 * apart or repair anything. */
#include "codec/xml_plain.h"
#include "base/buf.h"
#include "base/json.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { MAX_DEPTH = 64, MAX_ATTR = 16, MAX_TEXT = 60 << 10, MAX_TAG = 4000 };

struct span {
    const char *p;
    size_t n;
};

struct scan {
    const char *p, *end;
    const struct sw_xml_plain *to; /* NULL: only to see whether it is well-formed */
    struct span open[MAX_DEPTH];
    int depth;
    struct span attr[2 * MAX_ATTR]; /* of the tag just read: name, value */
    int n_attr;
    char tag[MAX_TAG + 4 * MAX_ATTR]; /* its texts, terminated */
    struct sw_buf text;
};

static inline bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

enum { FIRST = 1, LATER = 2 };
static const uint8_t name_chars[256] = {['a' ... 'z'] = FIRST | LATER, ['A' ... 'Z'] = FIRST | LATER,
                                        ['_'] = FIRST | LATER,         ['0' ... '9'] = LATER,
                                        [':'] = LATER,                 ['-'] = LATER,
                                        ['.'] = LATER};

static inline bool name_start(char c)
{
    return name_chars[(uint8_t)c] & FIRST;
}

static inline bool name_char(char c)
{
    return name_chars[(uint8_t)c];
}

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && blank(*s->p)) s->p++;
}

static inline bool read_name(struct scan *s, struct span *out)
{
    const char *p = s->p;
    if (p == s->end || !name_start(*p)) return false;
    while (p < s->end && name_char(*p)) p++;
    *out = (struct span){s->p, (size_t)(p - s->p)};
    s->p = p;
    return true;
}

static inline bool same(struct span a, struct span b)
{
    return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

/* name="value"; line ends and tabs in it would have to become blanks. */
static bool read_attr(struct scan *s)
{
    struct span name, value;
    const char *p, *stop;
    if (s->n_attr == 2 * MAX_ATTR || !read_name(s, &name)) return false;
    if (s->end - s->p < 2 || *s->p++ != '=' || (*s->p != '"' && *s->p != '\'')) return false;
    p = s->p + 1;
    stop = memchr(p, *s->p, (size_t)(s->end - p));
    if (!stop) return false;
    value = (struct span){p, (size_t)(stop - p)};
    for (; p < stop; p++)
        if ((uint8_t)*p < 0x20 || *p == '<') return false;
    for (int i = 0; i < s->n_attr; i += 2)
        if (same(s->attr[i], name)) return false;
    s->attr[s->n_attr++] = name;
    s->attr[s->n_attr++] = value;
    s->p = stop + 1;
    return true;
}

static const char *keep(struct scan *s, size_t *at, struct span x)
{
    char *to = s->tag + *at;
    memcpy(to, x.p, x.n);
    to[x.n] = 0;
    *at += x.n + 1;
    return to;
}

static void tell_start(struct scan *s, struct span name)
{
    const char *attr[2 * MAX_ATTR + 1], *text;
    size_t at = 0;
    text = keep(s, &at, name);
    for (int i = 0; i < s->n_attr; i++) attr[i] = keep(s, &at, s->attr[i]);
    attr[s->n_attr] = NULL;
    s->to->start(s->to->ctx, text, attr);
}

/* Line ends are one byte to whoever reads a text. */
static void tell_end(struct scan *s, struct span name, struct span text)
{
    size_t at = 0;
    sw_buf_reset(&s->text);
    if (!text.n || !memchr(text.p, '\r', text.n)) {
        sw_buf_put(&s->text, text.p, text.n);
    } else {
        for (size_t i = 0; i < text.n; i++) {
            bool cr = text.p[i] == '\r';
            if (cr && i + 1 < text.n && text.p[i + 1] == '\n') continue;
            sw_buf_byte(&s->text, cr ? '\n' : (uint8_t)text.p[i]);
        }
    }
    s->to->end(s->to->ctx, keep(s, &at, name), sw_buf_str(&s->text), s->text.len);
}

/* After "<": a tag that opens, with its "/>" if it is empty. */
static bool open_tag(struct scan *s)
{
    struct span name;
    const char *from = s->p;
    bool empty;
    s->n_attr = 0;
    if (s->depth == MAX_DEPTH || !read_name(s, &name)) return false;
    for (;;) {
        bool gap = s->p < s->end && blank(*s->p);
        skip_blanks(s);
        if (s->p == s->end) return false;
        if (*s->p == '>' || *s->p == '/') break;
        if (!gap || !read_attr(s)) return false;
    }
    empty = *s->p == '/';
    if (empty && (++s->p == s->end || *s->p != '>')) return false;
    s->p++;
    if (s->p - from > MAX_TAG) return false;
    if (s->to) tell_start(s, name);
    if (empty && s->to) tell_end(s, name, (struct span){from, 0});
    if (!empty) s->open[s->depth++] = name;
    return true;
}

static bool close_tag(struct scan *s, struct span text)
{
    struct span name = s->open[s->depth - 1];
    if ((size_t)(s->end - s->p) < name.n || memcmp(s->p, name.p, name.n) || text.n > MAX_TEXT) return false;
    s->p += name.n;
    skip_blanks(s);
    if (s->p == s->end || *s->p++ != '>') return false;
    s->depth--;
    if (s->to) tell_end(s, name, text);
    return true;
}

/* From the root's "<" to its end. */
static bool elements(struct scan *s)
{
    if (s->p == s->end || *s->p++ != '<' || !open_tag(s)) return false;
    while (s->depth) {
        const char *from = s->p;
        s->p = memchr(from, '<', (size_t)(s->end - from));
        if (!s->p || ++s->p == s->end) return false;
        if (*s->p == '/') {
            s->p++;
            if (!close_tag(s, (struct span){from, (size_t)(s->p - 2 - from)})) return false;
        } else if (!open_tag(s)) {
            return false;
        }
    }
    return true;
}

static bool is(struct span x, const char *word)
{
    return x.n == strlen(word) && !strncasecmp(x.p, word, x.n);
}

/* <?xml version="1.0" encoding="UTF-8" standalone="no"?>, the last two at will. */
static bool declaration(struct scan *s)
{
    static const char *const known[] = {"version", "encoding", "standalone"};
    int next = 0;
    if (s->end - s->p < 5 || memcmp(s->p, "<?xml", 5)) return true; /* there is none */
    s->p += 5;
    s->n_attr = 0;
    while (s->p < s->end && *s->p == ' ') {
        struct span value;
        while (s->p < s->end && *s->p == ' ') s->p++;
        if (s->p < s->end && *s->p == '?') break;
        if (!read_attr(s)) return false;
        value = s->attr[s->n_attr - 1];
        while (next < 3 && !same(s->attr[s->n_attr - 2], (struct span){known[next], strlen(known[next])})) next++;
        if (next == 3 || (s->n_attr == 2 && next)) return false;
        if (next == 0 && !same(value, (struct span){"1.0", 3})) return false;
        if (next == 1 && !is(value, "utf-8")) return false;
        if (next == 2 && !same(value, (struct span){"yes", 3}) && !same(value, (struct span){"no", 2})) return false;
        next++;
    }
    if (!next || s->end - s->p < 2 || s->p[0] != '?' || s->p[1] != '>') return false;
    s->p += 2;
    return true;
}

static bool document(struct scan *s)
{
    if (!declaration(s)) return false;
    skip_blanks(s);
    if (!elements(s)) return false;
    skip_blanks(s);
    return s->p == s->end;
}

/* Bytes that are themselves in XML: well-formed UTF-8 without references, ends of sections, control bytes and
 * the two code points that XML leaves out. */
static bool clean(const char *p, size_t n)
{
    uint8_t high = 0, low = 0;
    if (memchr(p, '&', n) || memchr(p, ']', n)) return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)p[i];
        high |= c;
        low |= (uint8_t)(c < 0x20 && c != '\n' && c != '\r' && c != '\t');
    }
    if (low) return false;
    return high < 0x80 || (sw_utf8_valid(p, n) == n && !memmem(p, n, "\xef\xbf\xbe", 3) &&
                           !memmem(p, n, "\xef\xbf\xbf", 3));
}

bool sw_xml_plain(const char *p, size_t n, const struct sw_xml_plain *to)
{
    struct scan s = {.p = p, .end = p + n};
    if (!clean(p, n) || !document(&s)) return false;
    s.p = p;
    s.to = to;
    sw_buf_init(&s.text, MAX_TEXT + 16);
    document(&s);
    sw_buf_clear(&s.text);
    return true;
}
