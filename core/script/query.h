/* SPDX-License-Identifier: MIT
 * Inside sw.store: a question runs on the reader thread, writes its answer as JSON text, and wakes
 * the coroutine that asked with the Lua value of it. */
#ifndef SW_SCRIPT_QUERY_H
#define SW_SCRIPT_QUERY_H
#include "base/tz.h"
#include "script/task.h"

struct sw_query {
    struct sw_work work;
    struct sw_wait wait;
    struct sw_engine *engine;
    int (*write)(struct sw_store *s, struct sw_query *a,
                 struct sw_err *err); /* on the reader thread, into out */
    struct sw_buf out;
    bool plain; /* out is text for Lua, not JSON: the answer is it, i[7] and i[8] */
    int64_t i[9];
    char *s[3];
    int flags; /* what the question makes of them */
    const struct sw_tz *zone;
    void *more; /* what does not fit above, or NULL; freed by more_free */
    void (*more_free)(void *more);
};

typedef int sw_query_write(struct sw_store *s, struct sw_query *a, struct sw_err *err);

struct sw_query *sw_query_new(lua_State *L,
                              sw_query_write *write);  /* raises when no home is open */
int sw_query_go(lua_State *L, struct sw_query *a);     /* submits and yields; owns a */
int sw_query_who(lua_State *L, sw_query_write *write); /* (who, number) as i[0], i[1] */
/* Integer field of the table at t, fallback when it or the table is absent. */
int64_t sw_query_opt(lua_State *L, int t, const char *name, int64_t fallback);

/* Pieces of an answer: the next object of a list, and its members. */
void sw_json_item(struct sw_buf *b);
void sw_json_put_int(struct sw_buf *b, const char *key, int64_t v);
void sw_json_put_num(struct sw_buf *b, const char *key, double v);
void sw_json_put_text(struct sw_buf *b, const char *key, const char *v);
/* Every row of q as an object, its columns as "id:i name:s share:r": the member's name, and whether it is
 * an integer, a text or a real. 0, or what went wrong; q NULL is what sw_ask gives when it failed. */
int sw_json_rows(struct sw_buf *b, struct sw_q *q, const char *columns, struct sw_err *err);
int sw_json_list(struct sw_buf *b, struct sw_q *q, const char *columns, struct sw_err *err); /* in brackets */

extern const luaL_Reg sw_store_series_functions[], sw_store_sync_functions[],
    sw_store_export_functions[], sw_store_raw_functions[];
#endif
