/* SPDX-License-Identifier: MIT
 * sw.sys: the process and its surroundings.
 *   out(text) / err(text)           write to standard output / error; out gives nil, message when the reader went away
 *   read_all() -> text              standard input to its end
 *   read_line(prompt [, words]) -> text | nil   a line from the person; the loop stands still meanwhile.
 *                                   "\3" when Ctrl-C dropped it.
 *                                   words(line, word) -> list of what may stand there; it must not wait
 *   read_hidden(prompt) -> text | nil   the same without showing it, from the terminal or standard input
 *   tty(fd) -> boolean              columns() -> width of the terminal, 80 if there is none
 *   env(name) -> text | nil         share() -> folder of the program's Lua and data
 *   log(level, area, text)          log_level(name)
 *   sleep(ms)                       waits; returns early with the reason when wake(reason) is called
 *   every(ms, f) -> handle          f runs as a task every ms; handle:stop(). Does not keep the process alive
 *   on_signal(f)                    f("TERM" | "INT" | "HUP") runs as a task
 *   hash(text) -> hex               file_hash(path) -> hex | nil, message, code (pool)
 *   id(text) -> integer             random(n) -> hex         pid()         exit_now(code)
 *   open(home, url) -> true         metric{...}              clean(text [, keep line breaks]) */
#include "base/alloc.h"
#include "base/crypto.h"
#include "script/task.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { COMPLETIONS_MOST = 2000 };

/* Whatever command forgets to clean what a file or service said: a terminal never obeys it. */
static int put(lua_State *L, int fd)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    if (sw_write_shown(fd, s, n)) {
        struct sw_err err = SW_ERR_INIT;
        sw_fail(&err, SW_E_IO, "cannot write the output: %s", strerror(errno));
        return sw_push_err(L, SW_E_IO, &err);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int l_out(lua_State *L)
{
    return put(L, 1);
}
static int l_err(lua_State *L)
{
    return put(L, 2);
}

static int l_read_all(lua_State *L)
{
    luaL_Buffer b;
    size_t total = 0;
    luaL_buffinit(L, &b);
    for (;;) {
        char *p = luaL_prepbuffer(&b);
        ssize_t n = read(0, p, LUAL_BUFFERSIZE);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0 || (total += (size_t)n) > (64u << 20)) break;
        luaL_addsize(&b, (size_t)n);
    }
    luaL_pushresult(&b);
    return 1;
}

/* The list that Lua's function gives, copied; what fails or is no list completes nothing. */
static char **lua_words(void *ctx, const char *line, const char *word)
{
    lua_State *L = ctx;
    char **list = NULL;
    int top = lua_gettop(L);
    lua_pushvalue(L, 2);
    lua_pushstring(L, line);
    lua_pushstring(L, word);
    if (!lua_pcall(L, 2, 1, 0) && lua_istable(L, -1)) {
        size_t n = lua_rawlen(L, -1), kept = 0;
        if (n > COMPLETIONS_MOST) n = COMPLETIONS_MOST;
        list = calloc(n + 1, sizeof *list);
        for (size_t i = 1; list && i <= n; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i);
            if (lua_isstring(L, -1)) list[kept++] = strdup(lua_tostring(L, -1));
            lua_pop(L, 1);
        }
    }
    lua_settop(L, top);
    return list;
}

static int l_read_line(lua_State *L)
{
    struct sw_completer help = {lua_words, L};
    bool helped = lua_isfunction(L, 2);
    char *line = sw_host_read_line(sw_lua_host(L), luaL_optstring(L, 1, ""), helped ? &help : NULL);
    lua_pushstring(L, line); /* nil for NULL */
    free(line);
    return 1;
}

/* Echo is off while the person types; without a terminal it is a line of standard input. */
static int l_read_hidden(lua_State *L)
{
    const char *prompt = luaL_checkstring(L, 1);
    struct termios was, quiet;
    bool terminal = tcgetattr(0, &was) == 0;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    if (terminal) {
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s", prompt);
        tcsetattr(0, TCSAFLUSH, &quiet);
    }
    n = getline(&line, &room, stdin);
    if (terminal) {
        tcsetattr(0, TCSAFLUSH, &was);
        fputc('\n', stderr);
    }
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) n--;
    if (n >= 0) lua_pushlstring(L, line, (size_t)n);
    else lua_pushnil(L);
    if (line) sw_wipe(line, room);
    free(line);
    return 1;
}

static int l_tty(lua_State *L)
{
    lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
    return 1;
}

static int l_columns(lua_State *L)
{
    struct winsize w = {0};
    lua_pushinteger(L, ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80);
    return 1;
}

static int l_env(lua_State *L)
{
    lua_pushstring(L, getenv(luaL_checkstring(L, 1)));
    return 1;
}

static int l_share(lua_State *L)
{
    lua_pushstring(L, sw_lua_engine(L)->share);
    return 1;
}

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

static int l_log(lua_State *L)
{
    int level = luaL_checkoption(L, 1, NULL, levels);
    sw_log_line(&sw_lua_engine(L)->log, (enum sw_log_level)level, luaL_checkstring(L, 2), "%s",
                luaL_checkstring(L, 3));
    return 0;
}

static int l_log_level(lua_State *L)
{
    sw_lua_engine(L)->log.level = (enum sw_log_level)luaL_checkoption(L, 1, NULL, levels);
    return 0;
}

/* --- sleeping --- */

struct nap {
    uv_timer_t timer;
    struct sw_wait wait;
};
static const char NAP = 0; /* registry key of the one nap that wake() ends */

static void nap_closed(uv_handle_t *h)
{
    sw_free(h->data);
}

static void nap_over(struct nap *n, const char *why)
{
    struct sw_wait w = n->wait;
    lua_rawgetp(w.co, LUA_REGISTRYINDEX, &NAP);
    if (lua_touserdata(w.co, -1) == n) { /* another task's nap stays the one that wake() ends */
        lua_pushnil(w.co);
        lua_rawsetp(w.co, LUA_REGISTRYINDEX, &NAP);
    }
    lua_pop(w.co, 1);
    uv_close((uv_handle_t *)&n->timer, nap_closed);
    lua_pushstring(w.co, why);
    sw_wake(&w, 1);
}

static void on_nap(uv_timer_t *t)
{
    nap_over(t->data, NULL);
}

static int l_sleep(lua_State *L)
{
    int64_t ms = luaL_checkinteger(L, 1);
    struct nap *n = sw_zalloc(sizeof *n);
    n->wait = sw_task_begin(L, "time");
    uv_timer_init(sw_lua_engine(L)->loop, &n->timer);
    uv_update_time(
        sw_lua_engine(L)->loop); /* its time is that of the last turn: a nap would be cut short */
    n->timer.data = n;
    uv_timer_start(&n->timer, on_nap, ms < 0 ? 0 : (uint64_t)ms, 0);
    if (lua_toboolean(L, 2)) {
        lua_pushlightuserdata(L, n);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &NAP);
    }
    return sw_task_yield(L);
}

/* wake(reason): ends a sleep(ms, true) that is under way. */
static int l_wake(lua_State *L)
{
    struct nap *n;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &NAP);
    n = lua_touserdata(L, -1);
    if (n) nap_over(n, luaL_optstring(L, 1, "woken"));
    return 0;
}

/* --- a steady beat --- */

#define BEAT "syncwell.beat"
struct beat {
    uv_timer_t timer; /* in memory of its own: it outlives the userdata until it is closed */
    lua_State *L;     /* main state */
    int f;            /* registry reference */
};

static void beat_closed(uv_handle_t *h)
{
    sw_free(h->data);
}

static void on_beat(uv_timer_t *t)
{
    struct beat *b = t->data;
    lua_getglobal(b->L, "sw");
    lua_getfield(b->L, -1, "spawn");
    lua_rawgeti(b->L, LUA_REGISTRYINDEX, b->f);
    if (lua_pcall(b->L, 1, 0, 0)) lua_pop(b->L, 1);
    lua_pop(b->L, 1);
}

static lua_State *main_state(lua_State *L)
{
    lua_State *m;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    m = lua_tothread(L, -1);
    lua_pop(L, 1);
    return m;
}

static int l_every(lua_State *L)
{
    lua_Integer ms = luaL_checkinteger(L, 1);
    struct beat **u, *b;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    luaL_argcheck(L, ms >= 1, 1, "a millisecond or more");
    lua_settop(L, 2);
    u = lua_newuserdatauv(L, sizeof *u, 0);
    *u = b = sw_zalloc(sizeof *b);
    b->L = main_state(L);
    lua_pushvalue(L, 2);
    b->f = luaL_ref(L, LUA_REGISTRYINDEX);
    uv_timer_init(sw_lua_engine(L)->loop, &b->timer);
    b->timer.data = b;
    uv_timer_start(&b->timer, on_beat, (uint64_t)ms, (uint64_t)ms);
    uv_unref((uv_handle_t *)&b->timer);
    luaL_setmetatable(L, BEAT);
    return 1;
}

static int l_beat_stop(lua_State *L)
{
    struct beat **u = luaL_checkudata(L, 1, BEAT);
    if (!*u) return 0;
    luaL_unref(L, LUA_REGISTRYINDEX, (*u)->f);
    uv_close((uv_handle_t *)&(*u)->timer, beat_closed);
    *u = NULL;
    return 0;
}

/* --- signals --- */

static const char HANDLER = 0;
#define SIGNAL "syncwell.signal"
struct sig {
    uv_signal_t handle;
    lua_State *L;
};

static void signal_closed(uv_handle_t *h)
{
    free(h->data);
}

static int l_signal_gc(lua_State *L)
{
    struct sig **u = luaL_checkudata(L, 1, SIGNAL);
    if (*u) uv_close((uv_handle_t *)&(*u)->handle, signal_closed);
    *u = NULL;
    return 0;
}

static void on_signal(uv_signal_t *h, int num)
{
    struct sig *s = h->data;
    lua_getglobal(s->L, "sw");
    lua_getfield(s->L, -1, "spawn");
    lua_rawgetp(s->L, LUA_REGISTRYINDEX, &HANDLER);
    lua_pushstring(s->L, num == SIGTERM ? "TERM" : num == SIGINT ? "INT" : "HUP");
    if (lua_pcall(s->L, 2, 0, 0)) lua_pop(s->L, 1);
    lua_pop(s->L, 1);
}

/* A handle that lives until the state closes; the registry keeps its userdata. */
static void watch_signal(lua_State *L, int num)
{
    struct sig **u = lua_newuserdatauv(L, sizeof *u, 0), *s;
    *u = NULL;
    luaL_setmetatable(L, SIGNAL);
    luaL_ref(L, LUA_REGISTRYINDEX);
    s = *u = calloc(1, sizeof *s);
    if (!s) luaL_error(L, "out of memory");
    s->L = main_state(L);
    uv_signal_init(sw_lua_engine(L)->loop, &s->handle);
    s->handle.data = s;
    uv_signal_start(&s->handle, on_signal, num);
    uv_unref((uv_handle_t *)&s->handle);
}

static int l_on_signal(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &HANDLER);
    watch_signal(L, SIGTERM);
    watch_signal(L, SIGINT);
    watch_signal(L, SIGHUP);
    return 0;
}

/* --- hashes --- */

static int l_hash(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    char hex[2 * SW_HASH_BYTES + 1];
    sw_hash_hex(s, n, hex);
    lua_pushstring(L, hex);
    return 1;
}

struct file_hash {
    uv_work_t work;
    struct sw_wait wait;
    char *path;
    char hex[2 * SW_HASH_BYTES + 1];
    int64_t bytes;
    int error;
};

static void hash_file(uv_work_t *w)
{
    struct file_hash *f = w->data;
    uint8_t sum[SW_HASH_BYTES], *buf = sw_alloc(1 << 18);
    struct sw_hash h;
    ssize_t n = -1;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    sw_hash_start(&h);
    while (fd >= 0 && (n = read(fd, buf, 1 << 18)) > 0) {
        sw_hash_add(&h, buf, (size_t)n);
        f->bytes += n;
    }
    f->error = n < 0 ? errno : 0;
    if (fd >= 0) close(fd);
    sw_hash_end(&h, sum);
    sw_hex(sum, sizeof sum, f->hex);
    sw_free(buf);
}

static void file_hashed(uv_work_t *w, int status)
{
    struct file_hash *f = w->data;
    struct sw_wait wait = f->wait;
    struct sw_err err = SW_ERR_INIT;
    int n = 2, code = f->error == ENOENT ? SW_E_NOTFOUND : SW_E_IO;
    (void)status;
    if (f->error) {
        sw_fail(&err, code, "cannot read %s: %s", f->path, strerror(f->error));
        n = sw_push_err(wait.co, code, &err);
    } else {
        lua_pushstring(wait.co, f->hex);
        lua_pushinteger(wait.co, f->bytes);
    }
    sw_free(f->path);
    sw_free(f);
    sw_wake(&wait, n);
}

static int l_file_hash(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct file_hash *f = sw_zalloc(sizeof *f);
    f->wait = sw_task_begin(L, "a file");
    f->path = sw_strdup(path);
    f->work.data = f;
    uv_queue_work(sw_lua_engine(L)->loop, &f->work, hash_file, file_hashed);
    return sw_task_yield(L);
}

static int l_id(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    lua_pushinteger(L, sw_id_of(s, n));
    return 1;
}

static int l_random(lua_State *L)
{
    uint8_t raw[64];
    char hex[129];
    size_t n = (size_t)luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= sizeof raw, 1, "1 to 64 bytes");
    sw_random(raw, n);
    sw_hex(raw, n, hex);
    lua_pushstring(L, hex);
    return 1;
}

static int l_pid(lua_State *L)
{
    lua_pushinteger(L, getpid());
    return 1;
}

static int l_exit_now(lua_State *L)
{
    _exit((int)luaL_optinteger(L, 1, 1));
}

/* --- engine --- */

static int l_open(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    int rc = sw_engine_open(sw_lua_engine(L), luaL_checkstring(L, 1), luaL_checkstring(L, 2), &err);
    if (rc) return sw_push_err(L, rc, &err);
    lua_pushboolean(L, 1);
    return 1;
}

static const char *field(lua_State *L, const char *name, const char *fallback)
{
    const char *s;
    lua_getfield(L, 1, name);
    s = lua_isnil(L, -1) ? fallback : luaL_checkstring(L, -1);
    if (!s) {
        lua_getfield(L, 1, "name");
        luaL_error(L, "metric '%s': '%s' is missing", luaL_tolstring(L, -1, NULL), name);
    }
    return s; /* stays on the stack, so it stays valid */
}

static double number(lua_State *L, const char *name, double fallback)
{
    double v;
    lua_getfield(L, 1, name);
    v = luaL_optnumber(L, -1, fallback);
    lua_pop(L, 1);
    return v;
}

static int flag(lua_State *L, const char *name)
{
    int v;
    lua_getfield(L, 1, name);
    v = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return v;
}

static int l_metric(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_metric m = {0};
    const char *word;
    int kind, daily;
    luaL_checktype(L, 1, LUA_TTABLE);
    m.name = (char *)(uintptr_t)field(L, "name", NULL);
    m.unit = (char *)(uintptr_t)field(L, "unit", NULL);
    m.title = (char *)(uintptr_t)field(L, "title", m.name);
    word = field(L, "kind", NULL);
    kind = sw_metric_kind_of(word);
    if (kind < 0) return luaL_error(L, "metric '%s': there is no kind '%s'", m.name, word);
    word = field(L, "daily", NULL);
    daily = sw_aggregate_of(word);
    if (daily < 0) return luaL_error(L, "metric '%s': a day is not its '%s'", m.name, word);
    m.kind = (enum sw_metric_kind)kind;
    m.daily = (enum sw_aggregate)daily;
    m.min = number(L, "min", 0);
    m.max = number(L, "max", 0);
    m.scale = number(L, "scale", 1);
    m.month_chunks = flag(L, "sparse");
    m.by_value = flag(L, "by_value");
    if (sw_metrics_add(sw_lua_engine(L)->metrics, &m, &err)) return luaL_error(L, "%s", err.text);
    return 0;
}

static int l_clean(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    const struct sw_secrets *known = &sw_lua_engine(L)->vault.known;
    struct sw_buf safe, b;
    if (sw_secrets_plain(known, s, n)) { /* keys mostly are */
        lua_pushvalue(L, 1);
        return 1;
    }
    sw_buf_init(&safe, n * 2 + 16);
    sw_secrets_hide(known, &safe, s, n);
    sw_buf_init(&b, safe.len * 3 + 16);
    sw_text_clean(&b, sw_buf_str(&safe), safe.len, !lua_toboolean(L, 2));
    lua_pushlstring(L, sw_buf_str(&b), b.len);
    sw_buf_clear(&b);
    sw_buf_clear(&safe);
    return 1;
}

int sw_open_sys(lua_State *L)
{
    static const luaL_Reg f[] = {{"out", l_out},
                                 {"err", l_err},
                                 {"read_all", l_read_all},
                                 {"read_line", l_read_line},
                                 {"read_hidden", l_read_hidden},
                                 {"tty", l_tty},
                                 {"columns", l_columns},
                                 {"env", l_env},
                                 {"share", l_share},
                                 {"log", l_log},
                                 {"log_level", l_log_level},
                                 {"sleep", l_sleep},
                                 {"every", l_every},
                                 {"wake", l_wake},
                                 {"on_signal", l_on_signal},
                                 {"hash", l_hash},
                                 {"file_hash", l_file_hash},
                                 {"id", l_id},
                                 {"random", l_random},
                                 {"pid", l_pid},
                                 {"exit_now", l_exit_now},
                                 {"open", l_open},
                                 {"metric", l_metric},
                                 {"clean", l_clean},
                                 {NULL, NULL}};
    luaL_newmetatable(L, SIGNAL);
    lua_pushcfunction(L, l_signal_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newmetatable(L, BEAT);
    lua_newtable(L);
    lua_pushcfunction(L, l_beat_stop);
    lua_setfield(L, -2, "stop");
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_beat_stop);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, f);
    return 1;
}
