/* SPDX-License-Identifier: MIT
 * sw.crypto: hashes, encodings and the vault, for trusted Lua. Texts are bytes; nothing here waits.
 *   sha256(text) sha1(text) hmac_sha256(key, text) -> bytes       hex(text) -> text
 *   base64(text [, url]) -> text       unbase64(text) -> bytes | nil
 *   random(n) -> n bytes               equal(a, b) -> boolean, in time that depends on lengths only
 *   seal(purpose, text) -> hex         unseal(purpose, hex) -> text | nil, message, code
 *   seal_with(words, purpose, text) -> hex, by a key made of a person's words; unseal_with(words, purpose, hex)
 *   hide(text)                         from now on this value never leaves by a log line or an error
 *   redact(text, values) -> text       an answer without these values, for a script to read */
#include "base/crypto.h"
#include "script/task.h"
#include <string.h>

enum { MOST_RANDOM = 1024 };

static int give(lua_State *L, struct sw_buf *b)
{
    lua_pushlstring(L, sw_buf_str(b), b->len);
    sw_buf_clear(b);
    return 1;
}

static int l_sha256(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    uint8_t h[32];
    sw_sha256(s, n, h);
    lua_pushlstring(L, (char *)h, sizeof h);
    return 1;
}

static int l_sha1(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    uint8_t h[20];
    sw_sha1(s, n, h);
    lua_pushlstring(L, (char *)h, sizeof h);
    return 1;
}

static int l_hmac_sha256(lua_State *L)
{
    size_t n, key_n;
    const char *key = luaL_checklstring(L, 1, &key_n), *s = luaL_checklstring(L, 2, &n);
    uint8_t h[32];
    sw_hmac_sha256(key, key_n, s, n, h);
    lua_pushlstring(L, (char *)h, sizeof h);
    return 1;
}

static int l_hex(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    struct sw_buf b;
    uint8_t *to;
    sw_buf_init(&b, 2 * n + 1);
    to = sw_buf_room(&b, 2 * n + 1);
    sw_hex((const uint8_t *)s, n, (char *)to);
    b.len = 2 * n;
    return give(L, &b);
}

static int l_base64(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    struct sw_buf b;
    sw_buf_init(&b, 2 * n + 16);
    sw_base64(&b, s, n, lua_toboolean(L, 2));
    return give(L, &b);
}

static int l_unbase64(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    struct sw_buf b;
    sw_buf_init(&b, n + 16);
    if (!sw_unbase64(&b, s, n)) return give(L, &b);
    sw_buf_clear(&b);
    lua_pushnil(L);
    return 1;
}

static int l_random(lua_State *L)
{
    char bytes[MOST_RANDOM];
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= MOST_RANDOM, 1, "1 to 1024 bytes");
    sw_random(bytes, (size_t)n);
    lua_pushlstring(L, bytes, (size_t)n);
    return 1;
}

static int l_equal(lua_State *L)
{
    size_t a_n, b_n;
    const char *a = luaL_checklstring(L, 1, &a_n), *b = luaL_checklstring(L, 2, &b_n);
    lua_pushboolean(L, a_n == b_n && sw_crypto_equal(a, b, a_n));
    return 1;
}

static struct sw_vault *vault_of(lua_State *L)
{
    struct sw_engine *e = sw_lua_engine(L);
    struct sw_err err = SW_ERR_INIT;
    if (!e->home) luaL_error(L, "no home is open");
    if (sw_vault_open(&e->vault, e->home, &err)) luaL_error(L, "%s", err.text);
    return &e->vault;
}

static int l_seal(lua_State *L)
{
    const char *purpose = luaL_checkstring(L, 1);
    size_t n;
    const char *s = luaL_checklstring(L, 2, &n);
    struct sw_vault *v = vault_of(L);
    struct sw_buf b;
    sw_buf_init(&b, 2 * n + 512);
    sw_vault_seal(v, purpose, s, n, &b);
    return give(L, &b);
}

static int l_unseal(lua_State *L)
{
    const char *purpose = luaL_checkstring(L, 1);
    size_t n;
    const char *s = luaL_checklstring(L, 2, &n);
    struct sw_vault *v = vault_of(L);
    struct sw_err err = SW_ERR_INIT;
    struct sw_buf b;
    sw_buf_init(&b, n + 16);
    if (!sw_vault_unseal(v, purpose, s, n, &b, &err)) return give(L, &b);
    sw_buf_clear(&b);
    return sw_push_err(L, err.code, &err);
}

/* Hex of the salt, then of what is sealed. */
static int l_seal_with(lua_State *L)
{
    size_t words_n, n;
    const char *words = luaL_checklstring(L, 1, &words_n), *purpose = luaL_checkstring(L, 2);
    const char *s = luaL_checklstring(L, 3, &n);
    uint8_t salt[SW_SALT_BYTES], key[SW_KEY_BYTES], *to;
    struct sw_buf raw, b;
    sw_random(salt, sizeof salt);
    if (sw_key_of_words(words, words_n, salt, key)) return luaL_error(L, "no memory to make a key");
    sw_buf_init(&raw, n + 256);
    sw_buf_put(&raw, salt, sizeof salt);
    sw_seal(key, purpose, s, n, &raw);
    sw_wipe(key, sizeof key);
    sw_buf_init(&b, 2 * raw.len + 1);
    to = sw_buf_room(&b, 2 * raw.len + 1);
    sw_hex(raw.data, raw.len, (char *)to);
    b.len = 2 * raw.len;
    sw_buf_clear(&raw);
    return give(L, &b);
}

static int l_unseal_with(lua_State *L)
{
    size_t words_n, n;
    const char *words = luaL_checklstring(L, 1, &words_n), *purpose = luaL_checkstring(L, 2);
    const char *hex = luaL_checklstring(L, 3, &n);
    uint8_t key[SW_KEY_BYTES];
    struct sw_err err = SW_ERR_INIT;
    struct sw_buf raw, b;
    int rc;
    sw_buf_init(&raw, n + 16), sw_buf_init(&b, n + 16);
    rc = sw_unhex(hex, n, &raw) || raw.len <= SW_SALT_BYTES ? SW_E_BAD : 0;
    if (!rc) rc = sw_key_of_words(words, words_n, raw.data, key);
    if (!rc) rc = sw_unseal(key, purpose, raw.data + SW_SALT_BYTES, raw.len - SW_SALT_BYTES, &b);
    sw_wipe(key, sizeof key);
    sw_buf_clear(&raw);
    if (!rc) return give(L, &b);
    sw_buf_clear(&b);
    sw_fail(&err, SW_E_DENIED, "the passphrase does not open it");
    return sw_push_err(L, SW_E_DENIED, &err);
}

static int l_hide(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    if (!memchr(s, 0, n)) sw_secrets_add(&sw_lua_engine(L)->vault.known, s, n);
    return 0;
}

static int l_redact(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    struct sw_secrets known = {0};
    struct sw_buf b;
    bool found;
    luaL_checktype(L, 2, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++) {
        size_t value_n;
        const char *value = lua_tolstring(L, -1, &value_n);
        if (!memchr(value, 0, value_n)) sw_secrets_add(&known, value, value_n);
        lua_pop(L, 1);
    }
    sw_buf_init(&b, 2 * n + 16);
    found = sw_secrets_redact(&known, &b, s, n);
    sw_secrets_clear(&known);
    if (found) return give(L, &b);
    sw_buf_clear(&b);
    lua_settop(L, 1);
    return 1;
}

int sw_open_crypto(lua_State *L)
{
    static const luaL_Reg f[] = {
        {"sha256", l_sha256}, {"sha1", l_sha1},         {"hmac_sha256", l_hmac_sha256},
        {"hex", l_hex},       {"base64", l_base64},     {"unbase64", l_unbase64},
        {"random", l_random}, {"equal", l_equal},       {"seal", l_seal},
        {"unseal", l_unseal}, {"seal_with", l_seal_with}, {"unseal_with", l_unseal_with},
        {"hide", l_hide},     {"redact", l_redact},
        {NULL, NULL}};
    luaL_newlib(L, f);
    return 1;
}
