#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a command where no seccomp filter can be loaded: a filter of ours refuses both calls that load one.

    no_seccomp.py COMMAND WORD...      ends with 77 where libseccomp is missing
"""
import ctypes
import os
import sys

ALLOW, ERRNO_EPERM, EQUAL, PR_SET_SECCOMP = 0x7FFF0000, 0x00050001, 4, 22


class Arg(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def main():
    try:
        lib = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        sys.exit(77)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                           ctypes.POINTER(Arg)]
    lib.seccomp_load.argtypes = [ctypes.c_void_p]
    rules = lib.seccomp_init(ALLOW)
    number = lib.seccomp_syscall_resolve_name
    first = (Arg * 1)(Arg(0, EQUAL, PR_SET_SECCOMP, 0))
    if lib.seccomp_rule_add_array(rules, ERRNO_EPERM, number(b"seccomp"), 0, None) or \
            lib.seccomp_rule_add_array(rules, ERRNO_EPERM, number(b"prctl"), 1, first) or lib.seccomp_load(rules):
        sys.exit("no_seccomp: the filter could not be loaded")
    os.execvp(sys.argv[1], sys.argv[1:])


main()
