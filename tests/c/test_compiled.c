/* SPDX-License-Identifier: MIT
 * Lua compiled ahead: what was compiled is used as long as the file is as it was, and never instead of it. */
#include "script/compiled.h"
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
    char share[64], out[96];
};

static void put(const struct place *p, const char *name, const char *text)
{
    char path[256];
    FILE *f;
    snprintf(path, sizeof path, "%s/lua/%s", p->share, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char dir[128];
    strcpy(p->share, "/tmp/syncwell-compiled-XXXXXX");
    assert_non_null(mkdtemp(p->share));
    snprintf(p->out, sizeof p->out, "%s/" SW_COMPILED_NAME, p->share);
    for (const char *const *d = (const char *const[]){"", "/cli", "/box", NULL}; *d; d++) {
        snprintf(dir, sizeof dir, "%s/lua%s", p->share, *d);
        mkdir(dir, 0700);
    }
    put(p, "one.lua", "return 'one'");
    put(p, "cli/two.lua", "return 'two ' .. ...");
    put(p, "cli/init.lua", "return 'init'");
    put(p, "broken.lua", "return return");
    put(p, "box/text.lua", "return 1");
    *state = p;
    return 0;
}

static int drop(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", p->share);
    assert_int_equal(system(command), 0);
    free(p);
    return 0;
}

static struct sw_compiled *compiled(const struct place *p)
{
    struct sw_compiled *c;
    assert_int_equal(sw_compiled_write(p->share, p->out, NULL), SW_OK);
    c = sw_compiled_open(p->share);
    assert_non_null(c);
    return c;
}

static int has(const struct sw_compiled *c, const char *name)
{
    lua_State *L = luaL_newstate();
    int found = sw_compiled_push(L, c, name);
    assert_int_equal(lua_gettop(L), found);
    lua_close(L);
    return found;
}

static void require_finds_it_under_its_name_as_it_would_the_file(void **state)
{
    struct place *p = *state;
    struct sw_compiled *c = compiled(p);
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    sw_compiled_search(L, c);
    assert_int_equal(luaL_dostring(L, "package.path = '' return require 'one', require 'cli.two', (require 'cli')"), LUA_OK);
    assert_string_equal(lua_tostring(L, -1), "init");
    assert_string_equal(lua_tostring(L, -2), "two cli.two");
    assert_string_equal(lua_tostring(L, -3), "one");
    assert_int_not_equal(luaL_dostring(L, "return require 'nobody'"), LUA_OK);
    lua_close(L);
    sw_compiled_free(c);
}

static void a_file_that_changed_is_read_itself(void **state)
{
    struct place *p = *state;
    struct sw_compiled *c = compiled(p);
    char path[128];
    struct timespec then[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000, .tv_nsec = 7}};
    assert_int_equal(has(c, "one"), 1);
    put(p, "one.lua", "return 'longer than before'");
    assert_int_equal(has(c, "one"), 0);
    put(p, "cli/two.lua", "return 'owt ' .. ...");
    snprintf(path, sizeof path, "%s/lua/cli/two.lua", p->share);
    utimensat(AT_FDCWD, path, then, 0);
    assert_int_equal(has(c, "cli/two"), 0);
    snprintf(path, sizeof path, "%s/lua/cli/init.lua", p->share);
    unlink(path);
    assert_int_equal(has(c, "cli/init"), 0);
    sw_compiled_free(c);
}

static void what_does_not_parse_and_what_workers_read_stays_out(void **state)
{
    struct sw_compiled *c = compiled(*state);
    assert_int_equal(has(c, "broken"), 0);
    assert_int_equal(has(c, "box/text"), 0);
    assert_int_equal(has(c, ""), 0);
    assert_int_equal(has(NULL, "one"), 0);
    sw_compiled_free(c);
}

static void a_file_cut_short_or_of_another_release_is_not_read(void **state)
{
    struct place *p = *state;
    struct stat st;
    FILE *f;
    sw_compiled_free(compiled(p));
    stat(p->out, &st);
    assert_int_equal(truncate(p->out, st.st_size - 1), 0);
    assert_null(sw_compiled_open(p->share));
    assert_int_equal(truncate(p->out, 10), 0);
    assert_null(sw_compiled_open(p->share));
    sw_compiled_free(compiled(p));
    f = fopen(p->out, "r+b");
    fputs("syncwell 1 Lua 5.4.0", f);
    fclose(f);
    assert_null(sw_compiled_open(p->share));
    unlink(p->out);
    assert_null(sw_compiled_open(p->share));
}

static void a_folder_without_lua_is_refused(void **state)
{
    struct place *p = *state;
    struct sw_err err = SW_ERR_INIT;
    assert_int_equal(sw_compiled_write("/nowhere", p->out, &err), SW_E_NOTFOUND);
    assert_non_null(strstr(err.text, "/nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(require_finds_it_under_its_name_as_it_would_the_file, make, drop),
        cmocka_unit_test_setup_teardown(a_file_that_changed_is_read_itself, make, drop),
        cmocka_unit_test_setup_teardown(what_does_not_parse_and_what_workers_read_stays_out, make, drop),
        cmocka_unit_test_setup_teardown(a_file_cut_short_or_of_another_release_is_not_read, make, drop),
        cmocka_unit_test_setup_teardown(a_folder_without_lua_is_refused, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
