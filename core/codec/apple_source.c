/* SPDX-License-Identifier: MIT
 * A device text looks like "<<HKDevice: 0x2819f4230>, name:Apple Watch, manufacturer:Apple
 * Inc., model:Watch, hardware:Watch6,2, software:9.3>". Many records of the same watch have
 * none, so what it would say of a Watch or iPhone is told from the source's name too: both
 * give one origin. The hardware number is left out, because those records could not carry
 * it. */
#include "codec/apple_source.h"
#include "codec/text.h"
#include <ctype.h>
#include <string.h>

enum { TEXT_MAX = 256 };

/* Copy what stands between "key:" and the next ", word:" or the closing '>'. */
static void field(const char *device, const char *key, char *to, size_t cap)
{
    static const char *const next[] = {", name:",
                                       ", manufacturer:",
                                       ", model:",
                                       ", hardware:",
                                       ", firmware:",
                                       ", software:",
                                       ", localIdentifier:",
                                       ", creation date:",
                                       ", UDI",
                                       ">"};
    const char *p = strstr(device, key), *end;
    size_t n;
    to[0] = 0;
    if (!p) return;
    p += strlen(key);
    end = p + strlen(p);
    for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
        const char *hit = strstr(p, next[i]);
        if (hit && hit < end) end = hit;
    }
    n = (size_t)(end - p) < cap ? (size_t)(end - p) : cap - 1;
    memcpy(to, p, n);
    to[n] = 0;
}

/* "Apple Inc." -> "apple": the first word, lower case. */
static void shorten(char *maker)
{
    char *p = maker;
    for (; *p && !strchr(" ,.", *p); p++) *p = (char)tolower((unsigned char)*p);
    *p = 0;
}

static bool has(const char *text, const char *word)
{
    return strcasestr(text, word) != NULL;
}

static const char *kind_of(const char *name, const char *model)
{
    static const struct {
        const char *word, *kind;
    } known[] = {{"watch", "watch"},   {"iphone", "phone"}, {"ipad", "phone"},
                 {"ipod", "phone"},    {"scale", "scale"},  {"waage", "scale"},
                 {"balance", "scale"}, {"ring", "ring"},    {"strap", "strap"},
                 {"h10", "strap"},     {"tickr", "strap"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *p = strcasestr(name, known[i].word);
        bool word = p && (p == name || !isalpha((unsigned char)p[-1])) &&
                    !isalpha((unsigned char)p[strlen(known[i].word)]);
        if (has(model, known[i].word) || word) return known[i].kind;
    }
    return "app";
}

static bool apple_name(const char *name)
{
    return has(name, "Apple\xc2\xa0Watch") || has(name, "Apple Watch") ||
           has(name, "iPhone") || has(name, "iPad") || has(name, "iPod");
}

static const char *apple_model(const char *name)
{
    if (has(name, "Watch")) return "Watch";
    return has(name, "iPhone") ? "iPhone" : has(name, "iPad") ? "iPad" : "iPod";
}

int sw_apple_source(struct sw_batch *out, struct sw_span name, struct sw_span device)
{
    char source[TEXT_MAX], text[1024], maker[TEXT_MAX], model[TEXT_MAX], dev[TEXT_MAX];
    struct sw_origin_desc o = {.name = source, .maker = maker, .model = model};
    sw_apple_text(name, source, sizeof source);
    sw_apple_text(device, text, sizeof text);
    field(text, "manufacturer:", maker, sizeof maker);
    field(text, "model:", model, sizeof model);
    field(text, " name:", dev, sizeof dev);
    shorten(maker);
    if (!model[0]) memcpy(model, dev, sizeof model);
    if (!text[0] && apple_name(source)) {
        memcpy(maker, "apple", 6);
        strcpy(model, apple_model(source));
    } else if (!maker[0]) {
        strcpy(maker, sw_text_maker(source));
    }
    o.kind = (char *)kind_of(source, model);
    return sw_batch_origin(out, &o);
}
