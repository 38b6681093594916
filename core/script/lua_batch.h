/* SPDX-License-Identifier: MIT
 * Userdata of lua_import.c that lua_txn.c reads: an open decoder with its current batch. */
#ifndef SW_SCRIPT_LUA_BATCH_H
#define SW_SCRIPT_LUA_BATCH_H
#include "codec/batch.h"
#include <lua.h>

/* The batch of the decoder at stack index i; raises when it is none or is busy decoding. */
struct sw_batch *sw_check_batch(lua_State *L, int i);
#endif
