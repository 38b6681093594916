/* SPDX-License-Identifier: MIT
 * JSON that a service sent, as scripts read it: a document is parsed once into a tape (base/jtape.h)
 * and never becomes a table. A script holds nodes: node.name and node[i] give a text, a number, a
 * boolean, nil for null, or another node; #node, pairs(node) and ipairs(node) work and pass over
 * nulls. Integers beyond 64 bits stay texts. A node keeps its document alive. columns() turns a list into
 * packed samples without a Lua call per sample, unless a function of the script gives the value. */
#ifndef SW_BOX_TAPE_H
#define SW_BOX_TAPE_H
#include "base/buf.h"
#include "base/jtape.h"
#include <lua.h>

#define SW_TAPE_BODY  (32u << 20) /* bytes of a document */
#define SW_TAPE_NODES (4u << 20)  /* values in it */
#define SW_TAPE_KEPT  (96u << 20) /* bytes of all documents a state holds at a time */

struct sw_tape_account { /* of the documents of a state; begins as zeroes */
    size_t kept;    /* bytes of them */
    size_t look_at; /* so many, and those nobody reads any more are collected */
};
struct sw_tape {
    struct sw_buf text;
    struct sw_jtape tape;
    struct sw_tape_account *of;
    size_t bytes; /* of it ours */
};
struct sw_tape_node {
    const struct sw_tape *doc;
    uint32_t at;
    uint32_t next_index, next_at; /* where the last indexed look-up stopped: lists are read in order */
};

/* Parse text, whose bytes are taken over, and push its value, or nil and a sentence. */
int sw_tape_push(lua_State *L, struct sw_buf *text, struct sw_tape_account *of);
/* Node at idx; raises when it is none. */
struct sw_tape_node *sw_tape_check(lua_State *L, int idx);
/* Push the value at `at` of a document: doc is where the document lies (a node's user value 1), type the
 * metatable of nodes. */
void sw_tape_push_of(lua_State *L, const struct sw_tape *d, int doc, int type, uint32_t at);
/* Node of the path "a.b.0.c" below `at` ("" is `at` itself); false when something on it is absent. */
bool sw_tape_find(const struct sw_tape *d, uint32_t at, const char *path, uint32_t *out);
/* at(node, path) for the library: the value at the path, or nil. */
int sw_tape_at(lua_State *L);
/* list(value) for the library: is it a list of a document? */
int sw_tape_list(lua_State *L);
/* drop(value) for the library: nothing reads the document of this node any more, so its memory goes now;
 * a node of it that somebody kept raises. Other values are left alone. */
int sw_tape_drop(lua_State *L);
/* columns(node, spec, from): see columns.c. */
int sw_tape_columns(lua_State *L);
#endif
