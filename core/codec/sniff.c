/* SPDX-License-Identifier: MIT
 * What a file is, judged by its first bytes and only then by its name. What cannot be
 * imported gets a sentence that says what it looks like, because "unknown format" helps
 * nobody. */
#include "base/json.h"
#include "codec/charset.h"
#include "codec/decode.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { HEAD = 4096 };

const struct sw_decoder *sw_decoder_get(const char *name)
{
    static const struct sw_decoder *const all[] = {
        &sw_decoder_fit,   &sw_decoder_gpx, &sw_decoder_tcx,
        &sw_decoder_apple, &sw_decoder_csv, &sw_decoder_json,
        &sw_decoder_syncwell};
    for (size_t i = 0; name && i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i]->name, name)) return all[i];
    return NULL;
}

static bool starts(const uint8_t *p, size_t n, const char *magic, size_t len)
{
    return n >= len && !memcmp(p, magic, len);
}

/* Our own lines: the first says so, with whatever blanks other programs put between. */
static bool is_syncwell(const char *text)
{
    static const char *const first[] = {"{", "\"line\"", ":", "\"syncwell\"", ","};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        size_t n = strlen(first[i]);
        while (isspace((unsigned char)*text)) text++;
        if (strncmp(text, first[i], n) != 0) return false;
        text += n;
    }
    return true;
}

static bool is_fit(const uint8_t *p, size_t n)
{
    return n >= 12 && (p[0] == 12 || p[0] == 14) && !memcmp(p + 8, ".FIT", 4);
}

/* Letters of the head as ASCII: byte order mark, leading blanks and the zero bytes of
 * UTF-16 gone. */
static size_t plain(const uint8_t *p, size_t n, char *to)
{
    size_t k = 0;
    if (n > HEAD) n = HEAD;
    for (size_t i = 0; i < n; i++) {
        bool mark = i < 3 && p[i] >= 0x80;
        if (mark || !p[i] || (!k && isspace(p[i]))) continue;
        to[k++] = (char)p[i];
    }
    to[k] = 0;
    return k;
}

/* true if an element of this local name opens somewhere in the head. */
static bool element(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = text; (p = strstr(p, name)); p += n) {
        const char *q = p;
        if (!strchr(" \t\r\n>/", p[n]) && p[n]) continue;
        while (q > text && (isalnum((unsigned char)q[-1]) || q[-1] == ':' || q[-1] == '_'))
            q--;
        if (q > text && q[-1] == '<' && (q == p || p[-1] == ':')) return true;
    }
    return false;
}

static const char *xml_format(const char *text)
{
    if (element(text, "gpx")) return "gpx";
    if (element(text, "TrainingCenterDatabase")) return "tcx";
    if (element(text, "HealthData") || strstr(text, "<!DOCTYPE HealthData")) return "apple";
    if (element(text, "ClinicalDocument")) return NULL;
    if (strstr(text, "HK") &&
        (element(text, "Record") || element(text, "Workout") ||
         element(text, "Correlation") || element(text, "ActivitySummary")))
        return "apple"; /* a piece of an export */
    return NULL;
}

/* What bytes that are no text look like, NULL if unknown. */
static const char *binary_kind(const uint8_t *p, size_t n)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *kind;
    } known[] = {
        {"\xff\xd8\xff", 3, "a JPEG picture, not a health file"},
        {"\x89PNG\r\n\x1a\n", 8, "a PNG picture, not a health file"},
        {"GIF8", 4, "a GIF picture, not a health file"},
        {"%PDF-", 5, "a PDF document, not a health file"},
        {"\x1f\x8b", 2, "a gzip file: unpack it first"},
        {"7z\xbc\xaf\x27\x1c", 6, "a 7-Zip archive: unpack it or send a zip"},
        {"Rar!", 4, "a RAR archive: unpack it or send a zip"},
        {"\x28\xb5\x2f\xfd", 4, "a Zstandard file: unpack it first"},
        {"BZh", 3, "a bzip2 file: unpack it first"},
        {"\177ELF", 4, "a program, not a health file"},
        {"ID3", 3, "an MP3 recording, not a health file"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (starts(p, n, known[i].magic, known[i].len)) return known[i].kind;
    if (n > 12 && !memcmp(p + 4, "ftyp", 4))
        return "a picture or video (HEIC, MP4), not a health file";
    return NULL;
}

static bool looks_csv(const char *text)
{
    size_t line = strcspn(text, "\r\n"), commas = 0;
    for (size_t i = 0; i < line; i++)
        commas += text[i] == ',' || text[i] == ';' || text[i] == '\t';
    return commas > 0 && text[line];
}

static bool has_controls(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' && !strchr("\t\r\n", text[i])) return true;
    return memchr(text, 0, n) != NULL;
}

/* Formats of many shapes: which one it is, the importer finds by what stands in it. Tables are read in old
 * encodings too. */
static const char *shapeless(const char *text, size_t n, const char *name)
{
    const char *dot = name ? strrchr(name, '.') : NULL;
    bool unicode = sw_utf8_valid(text, n) + 4 >= n;
    if (*text == '<') return NULL;
    if (*text == '{' || *text == '[') return "json";
    if (!unicode) return looks_csv(text) && !has_controls(text, n) ? "csv" : NULL;
    return looks_csv(text) || (dot && !strcasecmp(dot, ".csv")) ? "csv" : NULL;
}

/* A head in UTF-16 as UTF-8: its bytes; 0 when it is none. */
static size_t narrow(const uint8_t *p, size_t n, uint8_t to[HEAD])
{
    struct sw_charset c = {0};
    struct sw_buf b;
    size_t k = 0;
    sw_buf_init(&b, 2 * HEAD);
    sw_charset_put(&c, p, n < HEAD ? n : HEAD, &b);
    if (c.kind == SW_CHARSET_LITTLE || c.kind == SW_CHARSET_BIG) {
        k = b.len < HEAD ? b.len : HEAD;
        memcpy(to, b.data, k);
    }
    sw_buf_clear(&b);
    return k;
}

/* The format of a head in UTF-16 that is neither GPX nor TCX; NULL and what it is. */
static const char *wide_format(const uint8_t *p, size_t n, const char *name, const char **kind)
{
    uint8_t head[HEAD];
    char text[HEAD + 1];
    size_t k = plain(head, narrow(p, n, head), text);
    const char *format = k ? shapeless(text, k, name) : NULL;
    if (format && !strcmp(format, "csv")) return format;
    *kind = format || xml_format(text) ? "a text in UTF-16: save it as UTF-8 and import that" : "binary data of no known kind";
    return NULL;
}

static const char *text_kind(const char *text, size_t n)
{
    if (element(text, "ClinicalDocument"))
        return "a clinical document (export_cda.xml): import export.xml beside it instead";
    if (!strncasecmp(text, "<!doctype html", 14) || element(text, "html"))
        return "a web page: the download probably needed a sign-in";
    if (*text == '<') return "XML, but neither GPX, TCX nor an Apple Health export";
    if (sw_utf8_valid(text, n) + 4 < n) return "binary data of no known kind";
    return "plain text, not a health file";
}

const char *sw_sniff(const uint8_t *p, size_t n, const char *name, struct sw_err *err)
{
    char text[HEAD + 1];
    const char *kind, *format;
    size_t len;
    if (!n) {
        sw_fail(err, SW_E_BAD, "the file is empty");
        return NULL;
    }
    if (is_fit(p, n)) return "fit";
    if (starts(p, n, "SQLite format 3", 16)) return "sqlite";
    if (starts(p, n, "PK\3\4", 4) || starts(p, n, "PK\5\6", 4)) return "zip";
    if (n > 262 && !memcmp(p + 257, "ustar", 5)) return "tar";
    kind = binary_kind(p, n);
    if (!kind) {
        len = plain(p, n, text);
        format = is_syncwell(text) ? "syncwell" : xml_format(text);
        /* GPX and TCX are read in any encoding */
        if (format && (p[0] < 0xfe || strcmp(format, "apple") != 0)) return format;
        if (p[0] >= 0xfe) format = wide_format(p, n, name, &kind);
        else format = len ? shapeless(text, len, name) : NULL;
        if (format) return format;
        if (!kind) kind = len ? text_kind(text, len) : "nothing but blanks";
    }
    sw_fail(err, SW_E_BAD, "this looks like %s", kind);
    return NULL;
}
