"""The models that this process has loaded, each behind a loopback server of its own (see `embedded`)."""

from __future__ import annotations

import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.logs import get_logger
from engine.ports.models import ModelError

log = get_logger(__name__)

KEPT = 2
"""Models that stay loaded side by side."""
LANES = 2
"""Calls that are computed side by side; further ones wait their turn inside the model."""
BATCH = 256
"""Prompt tokens between two looks at whether anybody still waits: small enough to stop within half a second."""

PROMPTS_MIB = 128
"""Memory for prompts that were read already, beside those in the lanes: a step that asks again with the same beginning
does not wait for it to be read again. Three steps that take turns were ten times as slow without (500 tokens each)."""


@dataclass(frozen=True)
class Loaded:
    """A model that answers at `base_url`; the server lives as long as this object."""

    base_url: str
    key: str
    server: Any


class Shelf:
    """The loaded models of this process by file. Loading is serial; who comes second waits for the first. Only `KEPT`
    models stay loaded: whoever changes from one to another does not pay the memory of all of them."""

    def __init__(self, load: Callable[[Path, int], Loaded] | None = None, kept: int = KEPT) -> None:
        self._load, self._kept = load or _load, kept
        self._loading = threading.Lock()
        self._lock = threading.Lock()
        self._loaded: dict[tuple[Path, int], Loaded] = {}
        self._used: Counter[tuple[Path, int]] = Counter()

    def peek(self, file: Path, context: int = 0) -> Loaded | None:
        """The model if it is loaded already; with any context where none is named."""
        with self._lock:
            return next((m for (f, c), m in self._loaded.items() if f == file and context in (0, c)), None)

    def get(self, file: Path, context: int) -> Loaded:
        """Load `file` or give the loaded one; blocks for a second or more the first time. Raises ModelError."""
        with self._loading:
            key = (file, context)
            with self._lock:
                found = self._loaded.pop(key, None)
                if found is not None:
                    self._loaded[key] = found  # the newest stands last
                    return found
                self._make_room()
            loaded = self._load(file, context)
            with self._lock:
                self._loaded[key] = loaded
            return loaded

    @contextmanager
    def in_use(self, file: Path, context: int) -> Iterator[None]:
        """While it lasts, this model is not put away."""
        key = (file, context)
        with self._lock:
            self._used[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._used[key] -= 1

    def drop(self, file: Path) -> None:
        """Put a model away, unless somebody uses it."""
        with self._lock:
            for key in [k for k in self._loaded if k[0] == file and not self._used[k]]:
                del self._loaded[key]

    def _make_room(self) -> None:
        idle = [key for key in self._loaded if not self._used[key]]
        for key in idle[: max(0, len(self._loaded) - self._kept + 1)]:
            log.info("put away %s", key[0].name)
            del self._loaded[key]


def threads() -> int:
    """How many threads compute a model: one processor is left to the window and everything else.

    The threads wait for each other at every layer, so one that has to share its processor slows all of them down: on
    two busy processors one thread is four times as fast as two.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1) if usable <= 4 else usable // 2


def _load(file: Path, context: int) -> Loaded:
    try:
        import xllamacpp
    except ImportError as problem:
        raise ModelError(
            "ModelNotExistError",
            f"The local model runtime cannot be loaded: {problem}",
            hint="Reinstall the package xllamacpp, or choose a provider in the model settings.",
        ) from problem
    key = secrets.token_urlsafe(24)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.n_ctx = context
    parameters.n_parallel = LANES
    parameters.kv_unified = True
    parameters.n_batch = BATCH
    parameters.n_ubatch = BATCH
    parameters.cache_ram_mib = PROMPTS_MIB
    parameters.warmup = False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads()
    parameters.ui = False
    parameters.verbosity = -1
    parameters.api_keys = [key]
    try:
        server = xllamacpp.Server(parameters)
    except (RuntimeError, ValueError, OSError) as problem:
        raise ModelError("ModelNotExistError", f"The model file {file.name} cannot be loaded: {problem}") from problem
    log.info("loaded %s", file.name)
    return Loaded(server.listening_address, key, server)


SHELF = Shelf()
