/* SPDX-License-Identifier: MIT
 * find, match, gmatch and gsub with Lua's patterns, matched by our own code: every step looks
 * whether the run has expired, because a pattern of twenty bytes can keep a plain matcher busy for
 * years. Plain searches go through memmem. The language of patterns is Lua's, without change. */
#include "box/limits.h"
#include "box/sandbox.h"
#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

#define MAX_CAPTURES 32
#define MAX_DEPTH    200
#define ESC          '%'
#define SPECIALS     "^$*+?.([%-"

enum { CAP_OPEN = -1, CAP_POSITION = -2 };

struct capture {
    const char *at;
    ptrdiff_t len; /* or CAP_OPEN, CAP_POSITION */
};

struct matcher {
    lua_State *L;
    const char *src, *src_end, *pat_end;
    int depth, level;
    struct capture cap[MAX_CAPTURES];
};

static const char *match(struct matcher *m, const char *s, const char *p);

static const char *bad_pattern(struct matcher *m, const char *why)
{
    luaL_error(m->L, "malformed pattern (%s)", why);
    return NULL;
}

static inline int byte(const char *s) { return (unsigned char)*s; }

/* The end of the single-character class that begins at p. */
static const char *class_end(struct matcher *m, const char *p)
{
    int c = *p++;
    if (c == ESC) {
        if (p >= m->pat_end) return bad_pattern(m, "ends with '%'");
        return p + 1;
    }
    if (c != '[') return p;
    if (p < m->pat_end && *p == '^') p++;
    do { /* a ']' in first place stands for itself */
        if (p >= m->pat_end) return bad_pattern(m, "missing ']'");
        c = *p++;
        if (c == ESC) {
            if (p >= m->pat_end) return bad_pattern(m, "missing ']'");
            p++;
        }
    } while (p >= m->pat_end || *p != ']');
    return p + 1;
}

static bool in_named_class(int c, int name)
{
    bool yes;
    switch (tolower(name)) {
    case 'a': yes = isalpha(c); break;
    case 'c': yes = iscntrl(c); break;
    case 'd': yes = isdigit(c); break;
    case 'g': yes = isgraph(c); break;
    case 'l': yes = islower(c); break;
    case 'p': yes = ispunct(c); break;
    case 's': yes = isspace(c); break;
    case 'u': yes = isupper(c); break;
    case 'w': yes = isalnum(c); break;
    case 'x': yes = isxdigit(c); break;
    default: return name == c;
    }
    return isupper(name) ? !yes : yes;
}

/* p at '[', close at its ']' */
static bool in_set(int c, const char *p, const char *close)
{
    bool yes = true;
    p++;
    if (*p == '^') {
        yes = false;
        p++;
    }
    for (; p < close; p++) {
        if (*p == ESC) {
            p++;
            if (in_named_class(c, byte(p))) return yes;
        } else if (p + 2 < close && p[1] == '-') {
            if (byte(p) <= c && c <= byte(p + 2)) return yes;
            p += 2;
        } else if (byte(p) == c) {
            return yes;
        }
    }
    return !yes;
}

static bool one(struct matcher *m, const char *s, const char *p, const char *ep)
{
    sw_limits_check(m->L);
    if (s >= m->src_end) return false;
    switch (*p) {
    case '.': return true;
    case ESC: return in_named_class(byte(s), byte(p + 1));
    case '[': return in_set(byte(s), p, ep - 1);
    default: return *p == *s;
    }
}

static const char *balance(struct matcher *m, const char *s, const char *p)
{
    int open, shut, nest = 1;
    if (p + 1 >= m->pat_end) return bad_pattern(m, "missing arguments to '%b'");
    if (s >= m->src_end || *s != *p) return NULL;
    open = *p;
    shut = p[1];
    for (s++; s < m->src_end; s++) {
        sw_limits_check(m->L);
        if (*s == shut) {
            if (--nest == 0) return s + 1;
        } else if (*s == open) {
            nest++;
        }
    }
    return NULL;
}

static const char *greedy(struct matcher *m, const char *s, const char *p, const char *ep)
{
    ptrdiff_t i = 0;
    while (one(m, s + i, p, ep)) i++;
    for (; i >= 0; i--) {
        const char *r = match(m, s + i, ep + 1);
        if (r) return r;
    }
    return NULL;
}

static const char *lazy(struct matcher *m, const char *s, const char *p, const char *ep)
{
    for (;; s++) {
        const char *r = match(m, s, ep + 1);
        if (r) return r;
        if (!one(m, s, p, ep)) return NULL;
    }
}

static const char *open_capture(struct matcher *m, const char *s, const char *p)
{
    bool position = p + 1 < m->pat_end && p[1] == ')';
    const char *r;
    if (m->level >= MAX_CAPTURES) luaL_error(m->L, "too many captures");
    m->cap[m->level].at = s;
    m->cap[m->level++].len = position ? CAP_POSITION : CAP_OPEN;
    r = match(m, s, p + (position ? 2 : 1));
    if (!r) m->level--;
    return r;
}

static const char *close_capture(struct matcher *m, const char *s, const char *p)
{
    int l = m->level - 1;
    const char *r;
    while (l >= 0 && m->cap[l].len != CAP_OPEN) l--;
    if (l < 0) luaL_error(m->L, "invalid pattern capture");
    m->cap[l].len = s - m->cap[l].at;
    r = match(m, s, p + 1);
    if (!r) m->cap[l].len = CAP_OPEN;
    return r;
}

static const char *back_reference(struct matcher *m, const char *s, int digit)
{
    int l = digit - '1';
    size_t n;
    if (l < 0 || l >= m->level || m->cap[l].len == CAP_OPEN)
        luaL_error(m->L, "invalid capture index %%%d", l + 1);
    if (m->cap[l].len == CAP_POSITION) return s;
    n = (size_t)m->cap[l].len;
    return (size_t)(m->src_end - s) >= n && memcmp(m->cap[l].at, s, n) == 0 ? s + n : NULL;
}

static const char *frontier(struct matcher *m, const char *s, const char *p, const char **ep)
{
    int before = s == m->src ? 0 : byte(s - 1), here = s < m->src_end ? byte(s) : 0;
    if (p >= m->pat_end || *p != '[') return bad_pattern(m, "missing '[' after '%f'");
    *ep = class_end(m, p);
    return !in_set(before, p, *ep - 1) && in_set(here, p, *ep - 1) ? s : NULL;
}

/* The special items that begin with '%'. 1: matched, go on at *s, *p; 0: no match; -1: not special. */
static int escaped(struct matcher *m, const char **s, const char **p)
{
    const char *r, *ep = *p + 2;
    int c = *p + 1 < m->pat_end ? byte(*p + 1) : 0;
    if (c == 'b') {
        r = balance(m, *s, *p + 2);
        ep = *p + 4;
    } else if (c == 'f') {
        r = frontier(m, *s, *p + 2, &ep);
    } else if (isdigit(c)) {
        r = back_reference(m, *s, c);
    } else {
        return -1;
    }
    *s = r;
    *p = ep;
    return r != NULL;
}

/* One class with what may follow it: * + - ?. 2: go on at *s, *p; else *s is the whole result. */
static bool single(struct matcher *m, const char **s, const char **p)
{
    const char *ep = class_end(m, *p), *r;
    int suffix = ep < m->pat_end ? *ep : 0;
    switch (suffix) {
    case '*': *s = greedy(m, *s, *p, ep); return false;
    case '+': *s = one(m, *s, *p, ep) ? greedy(m, *s + 1, *p, ep) : NULL; return false;
    case '-': *s = lazy(m, *s, *p, ep); return false;
    case '?':
        if (one(m, *s, *p, ep) && (r = match(m, *s + 1, ep + 1))) {
            *s = r;
            return false;
        }
        *p = ep + 1;
        return true;
    default:
        if (!one(m, *s, *p, ep)) {
            *s = NULL;
            return false;
        }
        (*s)++;
        *p = ep;
        return true;
    }
}

static const char *match_here(struct matcher *m, const char *s, const char *p)
{
    while (p < m->pat_end) {
        sw_limits_check(m->L);
        if (*p == '(') return open_capture(m, s, p);
        if (*p == ')') return close_capture(m, s, p);
        if (*p == '$' && p + 1 == m->pat_end) return s == m->src_end ? s : NULL;
        if (*p == ESC) {
            int rc = escaped(m, &s, &p);
            if (rc == 0) return NULL;
            if (rc > 0) continue;
        }
        if (!single(m, &s, &p)) return s;
    }
    return s;
}

static const char *match(struct matcher *m, const char *s, const char *p)
{
    const char *r;
    if (++m->depth > MAX_DEPTH) luaL_error(m->L, "pattern too complex");
    r = match_here(m, s, p);
    m->depth--;
    return r;
}

static void prepare(struct matcher *m, lua_State *L, const char *s, size_t ns, const char *p, size_t np)
{
    m->L = L;
    m->src = s;
    m->src_end = s + ns;
    m->pat_end = p + np;
    m->depth = m->level = 0;
}

static const char *try_at(struct matcher *m, const char *s, const char *p)
{
    m->level = m->depth = 0;
    return match(m, s, p);
}

static void push_capture(struct matcher *m, int l, const char *s, const char *e)
{
    if (l >= m->level) {
        if (l != 0) luaL_error(m->L, "invalid capture index %%%d", l + 1);
        lua_pushlstring(m->L, s, (size_t)(e - s));
    } else if (m->cap[l].len == CAP_POSITION) {
        lua_pushinteger(m->L, m->cap[l].at - m->src + 1);
    } else if (m->cap[l].len == CAP_OPEN) {
        luaL_error(m->L, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->cap[l].at, (size_t)m->cap[l].len);
    }
}

static int push_captures(struct matcher *m, const char *s, const char *e, bool whole)
{
    int n = m->level == 0 && whole ? 1 : m->level;
    luaL_checkstack(m->L, n, "too many captures");
    for (int i = 0; i < n; i++) push_capture(m, i, s, e);
    return n;
}

static size_t start_index(lua_Integer init, size_t n)
{
    if (init > 0) return (size_t)init - 1;
    if (init == 0 || init < -(lua_Integer)n) return 0;
    return n - (size_t)(-init);
}

static bool is_plain(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] && strchr(SPECIALS, p[i])) return false;
    return true;
}

static int find_plain(lua_State *L, const char *s, size_t ns, size_t at, const char *p, size_t np)
{
    const char *hit = np ? memmem(s + at, ns - at, p, np) : s + at;
    if (!hit) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, hit - s + 1);
    lua_pushinteger(L, hit - s + (lua_Integer)np);
    return 2;
}

static int search(lua_State *L, bool find)
{
    size_t ns, np, at;
    const char *s = luaL_checklstring(L, 1, &ns), *p = luaL_checklstring(L, 2, &np), *from, *e;
    struct matcher m;
    bool anchored;
    at = start_index(luaL_optinteger(L, 3, 1), ns);
    if (at > ns) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || is_plain(p, np))) return find_plain(L, s, ns, at, p, np);
    prepare(&m, L, s, ns, p, np);
    anchored = np && *p == '^';
    for (from = s + at; from <= m.src_end; from++) {
        e = try_at(&m, from, p + anchored);
        if (e && find) {
            lua_pushinteger(L, from - s + 1);
            lua_pushinteger(L, e - s);
            return 2 + push_captures(&m, from, e, false);
        }
        if (e) return push_captures(&m, from, e, true);
        if (anchored) break;
    }
    lua_pushnil(L);
    return 1;
}

static int str_find(lua_State *L) { return search(L, true); }
static int str_match(lua_State *L) { return search(L, false); }

/* upvalues: text, pattern, offset of the next try, offset of the last match's end or -1 */
static int gmatch_step(lua_State *L)
{
    size_t ns, np;
    const char *s = lua_tolstring(L, lua_upvalueindex(1), &ns), *p, *e;
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(3)), last;
    struct matcher m;
    p = lua_tolstring(L, lua_upvalueindex(2), &np);
    last = lua_tointeger(L, lua_upvalueindex(4));
    prepare(&m, L, s, ns, p, np);
    for (; (size_t)at <= ns; at++) {
        e = try_at(&m, s + at, p);
        if (!e || e - s == last) continue;
        lua_pushinteger(L, e - s);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(&m, s + at, e, true);
    }
    return 0;
}

static int str_gmatch(lua_State *L)
{
    size_t ns, at;
    luaL_checklstring(L, 1, &ns);
    luaL_checkstring(L, 2);
    at = start_index(luaL_optinteger(L, 3, 1), ns);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)(at > ns ? ns + 1 : at));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_step, 4);
    return 1;
}

static void add_template(struct matcher *m, luaL_Buffer *b, const char *s, const char *e)
{
    size_t n;
    const char *t = lua_tolstring(m->L, 3, &n);
    for (size_t i = 0; i < n; i++) {
        sw_limits_check(m->L);
        if (t[i] != ESC) {
            luaL_addchar(b, t[i]);
        } else if (++i < n && t[i] == ESC) {
            luaL_addchar(b, ESC);
        } else if (i < n && t[i] == '0') {
            luaL_addlstring(b, s, (size_t)(e - s));
        } else if (i < n && isdigit(byte(t + i))) {
            push_capture(m, t[i] - '1', s, e);
            luaL_tolstring(m->L, -1, NULL); /* a position capture is a number */
            lua_remove(m->L, -2);
            luaL_addvalue(b);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
}

static void add_replacement(struct matcher *m, luaL_Buffer *b, const char *s, const char *e)
{
    lua_State *L = m->L;
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION: {
        int n;
        lua_pushvalue(L, 3);
        n = push_captures(m, s, e, true);
        lua_call(L, n, 1);
        break;
    }
    case LUA_TTABLE:
        push_capture(m, 0, s, e);
        lua_gettable(L, 3);
        break;
    default: add_template(m, b, s, e); return;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, s, (size_t)(e - s));
        return;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(b);
}

static int str_gsub(lua_State *L)
{
    size_t ns, np;
    const char *s = luaL_checklstring(L, 1, &ns), *p = luaL_checklstring(L, 2, &np), *last = NULL, *e;
    lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)ns + 1), count = 0;
    int type = lua_type(L, 3);
    bool anchored = np && *p == '^';
    struct matcher m;
    luaL_Buffer b;
    luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                     type == LUA_TTABLE, 3, "string/function/table");
    prepare(&m, L, s, ns, p, np);
    luaL_buffinit(L, &b);
    while (count < max) {
        e = try_at(&m, s, p + anchored);
        if (e && e != last) {
            count++;
            add_replacement(&m, &b, s, e);
            s = last = e;
        } else if (s < m.src_end) {
            luaL_addchar(&b, *s++);
        } else {
            break;
        }
        if (anchored) break;
    }
    luaL_addlstring(&b, s, (size_t)(m.src_end - s));
    luaL_pushresult(&b);
    lua_pushinteger(L, count);
    return 2;
}

void sw_sandbox_set_matchers(lua_State *L, int table)
{
    static const luaL_Reg own[] = {{"find", str_find}, {"match", str_match}, {"gmatch", str_gmatch},
        {"gsub", str_gsub}, {NULL, NULL}};
    lua_pushvalue(L, table);
    luaL_setfuncs(L, own, 0);
    lua_pop(L, 1);
}
