/* SPDX-License-Identifier: MIT
 * The string library of scripts: rep and format are ours, the matchers live in sandbox_match.c, the
 * rest is Lua's own (linear in sizes that the allocator bounds). There is no dump. The metatable of
 * strings is locked, or one script could change what another's ("x"):rep does. */
#include "box/limits.h"
#include "box/sandbox.h"
#include <ctype.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

static int str_rep(lua_State *L)
{
    size_t n, nsep;
    const char *s = luaL_checklstring(L, 1, &n);
    lua_Integer times = luaL_checkinteger(L, 2);
    const char *sep = luaL_optlstring(L, 3, "", &nsep);
    size_t max = sw_limits_of(L)->mem_max;
    luaL_Buffer b;
    if (times <= 0 || n + nsep == 0) { /* or an endless loop that needs no memory */
        lua_pushliteral(L, "");
        return 1;
    }
    if (n + nsep > max || (size_t)times > max / (n + nsep))
        return luaL_error(L, "the result of string.rep would not fit in the script's memory");
    luaL_buffinitsize(L, &b, (n + nsep) * (size_t)times - nsep);
    while (times-- > 0) {
        sw_limits_check(L);
        luaL_addlstring(&b, s, n);
        if (times) luaL_addlstring(&b, sep, nsep);
    }
    luaL_pushresult(&b);
    return 1;
}

static void add_quoted(lua_State *L, luaL_Buffer *b, int arg)
{
    size_t n;
    const char *s = luaL_checklstring(L, arg, &n);
    luaL_addchar(b, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        sw_limits_check(L);
        if (c == '"' || c == '\\' || c == '\n') {
            luaL_addchar(b, '\\');
            luaL_addchar(b, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            char code[8];
            snprintf(code, sizeof code, i + 1 < n && isdigit((unsigned char)s[i + 1]) ? "\\%03d" : "\\%d", c);
            luaL_addstring(b, code);
        } else {
            luaL_addchar(b, (char)c);
        }
    }
    luaL_addchar(b, '"');
}

/* Copy the directive at p ("%-10.3") into form; returns the conversion letter's place. */
static const char *directive(lua_State *L, const char *p, char *form)
{
    const char *q = p + strspn(p, "-+ #0");
    int digits = 0;
    while (isdigit((unsigned char)*q) && digits++ < 2) q++;
    if (*q == '.') {
        q++;
        for (digits = 0; isdigit((unsigned char)*q) && digits < 2; digits++) q++;
    }
    if (isdigit((unsigned char)*q) || q - p > 10) luaL_error(L, "invalid format (width or precision too long)");
    form[0] = '%';
    memcpy(form + 1, p, (size_t)(q - p));
    form[1 + (q - p)] = 0;
    return q;
}

static void add_text(lua_State *L, luaL_Buffer *b, const char *form, int arg)
{
    char out[128], full[20];
    size_t n;
    const char *s;
    luaL_checkany(L, arg);
    s = sw_sandbox_tolstring(L, arg, &n);
    if (form[1] == 0 || (n >= 100 && !strchr(form, '.'))) {
        luaL_addvalue(b); /* nothing to pad or cut */
        return;
    }
    luaL_argcheck(L, strlen(s) == n, arg, "string contains zeros");
    snprintf(full, sizeof full, "%ss", form);
    snprintf(out, sizeof out, full, s);
    lua_pop(L, 1);
    luaL_addstring(b, out);
}

static void add_number(lua_State *L, luaL_Buffer *b, const char *form, char conv, int arg)
{
    char out[512], full[24]; /* %99.99f of the largest double: 309 digits, a point, 99 more */
    if (strchr("diuoxXc", conv)) {
        lua_Integer v = luaL_checkinteger(L, arg);
        if (conv == 'c') {
            luaL_addchar(b, (char)v);
            return;
        }
        snprintf(full, sizeof full, "%sll%c", form, conv);
        snprintf(out, sizeof out, full, (long long)v);
    } else {
        snprintf(full, sizeof full, "%s%c", form, conv);
        snprintf(out, sizeof out, full, (double)luaL_checknumber(L, arg));
    }
    luaL_addstring(b, out);
}

static int format(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n), *end = p + n;
    int arg = 1;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    while (p < end) {
        char form[16];
        sw_limits_check(L);
        if (*p != '%') {
            luaL_addchar(&b, *p++);
            continue;
        }
        if (*++p == '%') {
            luaL_addchar(&b, *p++);
            continue;
        }
        p = directive(L, p, form);
        arg++;
        if (*p == 's') add_text(L, &b, form, arg);
        else if (*p == 'q' && form[1] == 0) {
            if (lua_type(L, arg) == LUA_TSTRING) add_quoted(L, &b, arg);
            else add_text(L, &b, form, arg);
        } else if (*p && strchr("diuoxXcaAeEfFgG", *p)) add_number(L, &b, form, *p, arg);
        else return luaL_error(L, "invalid conversion '%s%s' to 'format'", form,
                               *p ? (char[]){*p, 0} : "");
        p++;
    }
    luaL_pushresult(&b);
    return 1;
}

static void lock_metatable(lua_State *L, int strings)
{
    lua_pushliteral(L, "");
    if (!lua_getmetatable(L, -1)) lua_newtable(L);
    lua_newtable(L); /* a copy of its own: what scripts hold is never this one */
    for (lua_pushnil(L); lua_next(L, strings); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void sw_sandbox_push_string(lua_State *L)
{
    static const char *const linear[] = {"byte", "char", "len", "lower", "upper", "reverse", "sub",
        "pack", "unpack", "packsize", NULL};
    int t;
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    lua_newtable(L);
    t = lua_gettop(L);
    for (const char *const *name = linear; *name; name++) {
        lua_getfield(L, t - 1, *name);
        lua_setfield(L, t, *name);
    }
    lua_pushcfunction(L, str_rep);
    lua_setfield(L, t, "rep");
    lua_pushcfunction(L, format);
    lua_setfield(L, t, "format");
    sw_sandbox_set_matchers(L, t);
    lock_metatable(L, t);
    lua_remove(L, t - 1);
}
