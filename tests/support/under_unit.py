#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a command under what a systemd unit allows, where no systemd runs.

    under_unit.py UNIT --list               the system calls its filter lets through, one a line
    under_unit.py UNIT COMMAND WORD...      as uid 65534 (if root), under filter, families and limits

Played are SystemCallFilter, RestrictAddressFamilies, MemoryDenyWriteExecute, NoNewPrivileges, UMask and
Limit*; what a unit does with mounts, users and namespaces is not. Groups of calls are expanded by
systemd-analyze. Ends with 77 where systemd-analyze or libseccomp is missing.
"""
import ctypes
import errno
import os
import resource
import shutil
import socket
import subprocess
import sys

ALLOW, LESS, EQUAL, GREATER, MASKED = 0x7FFF0000, 2, 4, 6, 7
PROT_WRITE, PROT_EXEC = 2, 4


def missing(what):
    print(f"under_unit: {what} is not here", file=sys.stderr)
    sys.exit(77)


def read(path):
    """The directives of a unit in order; an empty one is kept."""
    lines = (line.strip() for line in open(path, encoding="utf-8"))
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and line[0] not in "#;["]


def expand(name):
    if not name.startswith("@"):
        return {name}
    out = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    words = [line.strip() for line in out.splitlines()[1:]]
    return set().union(*(expand(w) for w in words if w and w[0] != "#"))


def allowed(unit):
    """Calls that pass: the first line says which, later ones add or, with ~, take away."""
    calls = None
    for value in (v for k, v in unit if k == "SystemCallFilter"):
        names = set().union(*(expand(n) for n in value.lstrip("~").split()))
        if value.startswith("~"):
            calls = (calls or set()) - names
        else:
            calls = (calls if calls is not None else expand("@default")) | names
    return calls


class Arg(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self, otherwise):
        try:
            self.lib = ctypes.CDLL("libseccomp.so.2")
        except OSError:
            missing("libseccomp")
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.f = ctypes.c_void_p(self.lib.seccomp_init(otherwise))

    def rule(self, action, name, *args):
        number = self.lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # not a call of this machine
        rc = self.lib.seccomp_rule_add_array(self.f, ctypes.c_uint32(action), number, len(args), (Arg * len(args))(*args))
        if rc:
            raise OSError(-rc, f"rule for {name}")

    def load(self):
        rc = self.lib.seccomp_load(self.f)
        if rc:
            raise OSError(-rc, "loading a filter")


def refuse(number):
    return 0x00050000 | number


def keep_families(names):
    known = sorted(getattr(socket, name) for name in names)
    f, no = Filter(ALLOW), refuse(errno.EAFNOSUPPORT)
    f.rule(no, "socket", Arg(0, LESS, known[0], 0))
    f.rule(no, "socket", Arg(0, GREATER, known[-1], 0))
    for family in range(known[0], known[-1]):
        if family not in known:
            f.rule(no, "socket", Arg(0, EQUAL, family, 0))
    f.load()


def deny_write_execute():
    f, no = Filter(ALLOW), refuse(errno.EPERM)
    f.rule(no, "mmap", Arg(2, MASKED, PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE))
    f.rule(no, "mprotect", Arg(2, MASKED, PROT_EXEC, PROT_EXEC))
    f.rule(no, "pkey_mprotect", Arg(2, MASKED, PROT_EXEC, PROT_EXEC))
    f.load()


def set_limits(unit):
    for key, value in unit:
        which = getattr(resource, "RLIMIT_" + key[5:], None) if key.startswith("Limit") else None
        if which is not None:
            number = resource.RLIM_INFINITY if value == "infinity" else int(value)
            resource.setrlimit(which, (number, number))


def confine(unit, calls):
    said = dict(unit)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    os.umask(int(said.get("UMask", "022"), 8))
    set_limits(unit)
    if said.get("NoNewPrivileges") == "yes":
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
    if "RestrictAddressFamilies" in said:
        keep_families(said["RestrictAddressFamilies"].split())
    if said.get("MemoryDenyWriteExecute") == "yes":
        deny_write_execute()
    f = Filter(refuse(errno.EPERM))
    for name in calls:
        f.rule(ALLOW, name)
    f.load()


def main():
    if not shutil.which("systemd-analyze"):
        missing("systemd-analyze")
    unit = read(sys.argv[1])
    calls = allowed(unit)
    if sys.argv[2:] == ["--list"]:
        print("\n".join(sorted(calls)))
        return
    confine(unit, calls)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
