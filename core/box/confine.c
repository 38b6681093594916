/* SPDX-License-Identifier: MIT */
#include "box/confine.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEADROOM (256u << 20) /* libraries, stack, frames and documents beside what scripts allocate */
#define CPU_SECONDS 120      /* over a worker's life; the engine retires it at half of that */

/* Wipe the environment and the memory in which it was handed over. */
static void clear_env(void)
{
    /* the strings lie in one run behind the arguments: wipe them where the kernel put them */
    for (char **e = environ; e && *e; e++) memset(*e, 0, strlen(*e));
    clearenv();
}

static int keep_one_fd(int fd)
{
    if (fd != SW_CONFINE_FD && dup2(fd, SW_CONFINE_FD) < 0) return -1;
    fcntl(SW_CONFINE_FD, F_SETFD, FD_CLOEXEC);
    if (close_range(0, SW_CONFINE_FD - 1, 0) < 0) return -1;
    return close_range(SW_CONFINE_FD + 1, ~0u, 0);
}

static int drop_user(const struct sw_confine *c)
{
    if (geteuid() != 0) return 0;
    if (setgroups(0, NULL) < 0) return -1;
    if (setresgid(c->gid, c->gid, c->gid) < 0) return -1;
    return setresuid(c->uid, c->uid, c->uid);
}

static int limit(int which, rlim_t value)
{
    struct rlimit r = {value, value};
    return setrlimit((__rlimit_resource_t)which, &r);
}

static int set_limits(const struct sw_confine *c)
{
    return limit(RLIMIT_AS, c->memory_bytes + HEADROOM) < 0 || limit(RLIMIT_CPU, CPU_SECONDS) < 0 ||
           limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_FSIZE, 0) < 0 || limit(RLIMIT_NPROC, 0) < 0 ||
           limit(RLIMIT_NOFILE, SW_CONFINE_FD + 1) < 0 ? -1 : 0;
}

static void set_utc(void)
{
    setenv("TZ", "UTC0", 1); /* or libc would open /etc/localtime later, and be killed for it */
    tzset();
    clearenv();
}

static int step(struct sw_err *err, int rc, const char *what)
{
    return rc < 0 ? sw_fail(err, SW_E_DENIED, "confining a worker failed: %s: %s", what, strerror(errno)) : 0;
}

int sw_confine_process(const struct sw_confine *c, int fd, pid_t parent, struct sw_confinement *got,
                       struct sw_err *err)
{
    int rc;
    signal(SIGPIPE, SIG_IGN);
    if ((rc = step(err, keep_one_fd(fd), "closing descriptors")) < 0) return rc;
    clear_env();
    umask(077);
    setsid();
    errno = 0;
    (void)!nice(c->nice); /* a worker that is not nicer is still a worker */
    if ((rc = step(err, drop_user(c), "changing user")) < 0) return rc;
    if ((rc = step(err, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")) < 0) return rc;
    if ((rc = step(err, prctl(PR_SET_PDEATHSIG, SIGKILL), "parent-death signal")) < 0) return rc;
    if ((rc = step(err, prctl(PR_SET_DUMPABLE, 0), "not dumpable")) < 0) return rc;
    if (getppid() != parent) return sw_fail(err, SW_E_DENIED, "the parent is gone");
    if ((rc = step(err, set_limits(c), "resource limits")) < 0) return rc;
    set_utc();
    got->limits = true;
    got->uid = getuid();
    got->unprivileged = got->uid != 0;
    return SW_OK;
}

static int allow(scmp_filter_ctx f)
{
    static const int plain[] = {SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
        SCMP_SYS(futex), SCMP_SYS(setitimer), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(clock_gettime), SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group),
        SCMP_SYS(restart_syscall)};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof plain / sizeof *plain; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, plain[i], 0);
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                              SCMP_A0(SCMP_CMP_EQ, SW_CONFINE_FD));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                              SCMP_A0(SCMP_CMP_EQ, SW_CONFINE_FD));
    if (rc == 0) /* anonymous memory only, never executable */
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                              SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    return rc;
}

int sw_confine_seal(const struct sw_confine *c, struct sw_confinement *got, struct sw_err *err)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = f ? allow(f) : -EPERM; /* it asks the kernel when it is made */
    if (rc == 0) rc = seccomp_load(f);
    seccomp_release(f);
    got->seccomp = rc == 0;
    if (rc == 0 || c->allow_unconfined) return SW_OK;
    return sw_fail(err, SW_E_DENIED, "the seccomp filter cannot be loaded (%s); strangers' scripts "
                   "do not run without it, unless an administrator allows it: "
                   "limits = { allow_unconfined = true } in config.lua", strerror(-rc));
}
