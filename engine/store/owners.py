"""Which process a live run belongs to, and whether that process still lives (storage spec, recovery at start-up)."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import uuid
from datetime import datetime, timedelta

STALE_SECONDS = 10.0
"""A run whose process has not said a word for so long is dead, whatever stands at its number now."""


def new_owner() -> str:
    """The mark of this process: machine, number, and a random part that no later process can have."""
    return f"{_machine()}:{os.getpid()}:{uuid.uuid4().hex}"


def is_alive(owner: str | None, heartbeat: str | None, now: datetime) -> bool:
    """Whether the process that wrote this mark can still be doing its run.

    On this machine a process that is gone is seen at once; for another machine (a workspace on a shared drive) and for
    numbers that were given anew, the time of the last heartbeat (ISO text, UTC) decides.
    """
    if not owner or not heartbeat:
        return False
    if now - datetime.fromisoformat(heartbeat) > timedelta(seconds=STALE_SECONDS):
        return False
    machine, _, rest = owner.partition(":")
    number = rest.partition(":")[0]
    return machine != _machine() or not number.isdigit() or _process_lives(int(number))


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _process_lives(number: int) -> bool:
    if sys.platform == "win32":
        return _windows_process_lives(number)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is somebody else's, but it is there
    return True


def _windows_process_lives(number: int) -> bool:
    # os.kill would end the process there, so the system is asked for a handle instead.
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - the name exists on Windows only
    synchronize, timeout = 0x00100000, 0x00000102
    handle = kernel.OpenProcess(synchronize, False, number)
    if not handle:
        return False
    alive = kernel.WaitForSingleObject(handle, 0) == timeout
    kernel.CloseHandle(handle)
    return bool(alive)
