/* SPDX-License-Identifier: MIT
 * Libraries that are opened with the first call. */
#include "base/late.h"
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define HERE "libm.so.6"

double late_cbrt(double x);
static _Atomic(void *) place;

double late_cbrt(double x)
{
    return ((double (*)(double))sw_late(&place, HERE, "cbrt"))(x);
}

int nothing_has_this(int n);
SW_LATE(HERE, int, nothing_has_this, (int n), (n))
int nobody_has_this(int n);
SW_LATE("libsyncwell-nowhere.so.7", int, nobody_has_this, (int n), (n))

static void a_function_is_found_with_the_first_call_and_kept(void **state)
{
    void *first;
    (void)state;
    assert_null(place);
    assert_true(fabs(late_cbrt(27) - 3) < 1e-12);
    first = place;
    assert_non_null(first);
    assert_true(fabs(late_cbrt(64) - 4) < 1e-12);
    assert_ptr_equal(place, first);
}

static void *call(void *out)
{
    *(double *)out = late_cbrt(8);
    return NULL;
}

static void threads_may_make_the_first_call_at_once(void **state)
{
    pthread_t t[8];
    double got[8];
    (void)state;
    atomic_store(&place, NULL);
    for (int i = 0; i < 8; i++) pthread_create(&t[i], NULL, call, &got[i]);
    for (int i = 0; i < 8; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 8; i++) assert_true(fabs(got[i] - 2) < 1e-12);
}

/* What the program says before it ends when f is called. */
static void ends_saying(int (*f)(int), char *out, size_t room)
{
    int to[2], status;
    ssize_t n;
    pid_t child;
    assert_int_equal(pipe(to), 0);
    child = fork();
    if (!child) {
        signal(SIGABRT, SIG_DFL);
        dup2(to[1], 2);
        f(1);
        _exit(0);
    }
    close(to[1]);
    n = read(to[0], out, room - 1);
    out[n > 0 ? n : 0] = 0;
    close(to[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void a_library_that_is_not_there_ends_the_program_with_what_to_do(void **state)
{
    char said[1024];
    (void)state;
    ends_saying(nobody_has_this, said, sizeof said);
    assert_non_null(strstr(said, "libsyncwell-nowhere.so.7 cannot be used"));
    assert_non_null(strstr(said, "install the library again"));
}

static void a_library_without_the_function_does_so_too(void **state)
{
    char said[1024];
    (void)state;
    ends_saying(nothing_has_this, said, sizeof said);
    assert_non_null(strstr(said, HERE " cannot be used"));
    assert_non_null(strstr(said, "nothing_has_this"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_is_found_with_the_first_call_and_kept),
        cmocka_unit_test(threads_may_make_the_first_call_at_once),
        cmocka_unit_test(a_library_that_is_not_there_ends_the_program_with_what_to_do),
        cmocka_unit_test(a_library_without_the_function_does_so_too)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
