"""Linux: an own network and user namespace where permitted, Landlock for files, and a seccomp filter.

Standard library and ctypes only: it is imported by the worker before the first job, and ctypes is gone afterwards.
Every part is tried on its own; what the kernel refuses is left out of the answer.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_DUMPABLE = 38, 22, 2, 4
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
EPERM = 1

# System calls that user code has no use for, by machine.
NUMBERS = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41,
            "connect": 42,
            "accept": 43,
            "sendto": 44,
            "recvfrom": 45,
            "sendmsg": 46,
            "bind": 49,
            "listen": 50,
            "socketpair": 53,
            "fork": 57,
            "vfork": 58,
            "execve": 59,
            "kill": 62,
            "truncate": 76,
            "ftruncate": 77,
            "rename": 82,
            "mkdir": 83,
            "rmdir": 84,
            "creat": 85,
            "link": 86,
            "unlink": 87,
            "symlink": 88,
            "chmod": 90,
            "chown": 92,
            "ptrace": 101,
            "mknod": 133,
            "pivot_root": 155,
            "chroot": 161,
            "mount": 165,
            "umount2": 166,
            "reboot": 169,
            "init_module": 175,
            "tkill": 200,
            "tgkill": 234,
            "unlinkat": 263,
            "renameat": 264,
            "linkat": 265,
            "symlinkat": 266,
            "mkdirat": 258,
            "mknodat": 259,
            "unshare": 272,
            "perf_event_open": 298,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "kexec_file_load": 320,
            "bpf": 321,
            "execveat": 322,
            "userfaultfd": 323,
            "renameat2": 316,
            "io_uring_setup": 425,
            "clone3": 435,
            "setns": 308,
            "clone": 56,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "unlinkat": 35,
            "symlinkat": 36,
            "linkat": 37,
            "renameat": 38,
            "umount2": 39,
            "mount": 40,
            "pivot_root": 41,
            "truncate": 45,
            "ftruncate": 46,
            "mkdirat": 34,
            "mknodat": 33,
            "chroot": 51,
            "unshare": 97,
            "kexec_load": 104,
            "ptrace": 117,
            "kill": 129,
            "tkill": 130,
            "tgkill": 131,
            "reboot": 142,
            "socket": 198,
            "socketpair": 199,
            "bind": 200,
            "listen": 201,
            "accept": 202,
            "connect": 203,
            "sendto": 206,
            "recvfrom": 207,
            "sendmsg": 211,
            "clone": 220,
            "execve": 221,
            "perf_event_open": 241,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "renameat2": 276,
            "bpf": 280,
            "execveat": 281,
            "userfaultfd": 282,
            "io_uring_setup": 425,
            "clone3": 435,
        },
    ),
}


def confine() -> list[str]:
    """Apply what the kernel permits; answers words for each part that holds."""
    libc = ctypes.CDLL(None, use_errno=True)
    held = []
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0 or libc.unshare(CLONE_NEWNET) == 0:
        held.append("own network namespace")
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return held
    if _landlock(libc):
        held.append("Landlock file rules")
    if _seccomp(libc):
        held.append("seccomp filter")
    return held


def _landlock(libc: ctypes.CDLL) -> bool:
    """Reading below Python's own folders and the working folder; no writing anywhere."""
    create, add, restrict = 444, 445, 446
    abi = libc.syscall(create, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    every = (1 << 13) - 1
    if abi >= 2:
        every |= 1 << 13
    if abi >= 3:
        every |= 1 << 14
    attributes = ctypes.create_string_buffer(struct.pack("<Q", every))
    rules = libc.syscall(create, attributes, ctypes.c_size_t(8), 0)
    if rules < 0:
        return False
    reading = 1 << 2 | 1 << 3 | 1  # read files, read folders, execute (mapping of extension modules)
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.getcwd(), *[p for p in sys.path if os.path.isdir(p)]}
    folders |= {p for p in ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo") if os.path.isdir(p)}
    for folder in folders:
        try:
            descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        rule = ctypes.create_string_buffer(struct.pack("<Qi", reading, descriptor))
        libc.syscall(add, rules, 1, rule, 0)
        os.close(descriptor)
    done = bool(libc.syscall(restrict, rules, 0) == 0)
    os.close(rules)
    return done


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = NUMBERS.get(platform.machine())
    if machine is None:
        return False
    architecture, calls = machine
    numbers = sorted(set(calls.values()))
    load, jump_equal, result = 0x20, 0x15, 0x06
    program = [(load, 0, 0, 4), (jump_equal, 1, 0, architecture), (result, 0, 0, KILL), (load, 0, 0, 0)]
    for position, number in enumerate(numbers):
        program.append((jump_equal, len(numbers) - position, 0, number))
    program += [(result, 0, 0, ALLOW), (result, 0, 0, ERRNO | EPERM)]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer)))
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_void_p(ctypes.addressof(header)), 0, 0) == 0)
