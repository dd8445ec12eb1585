"""What a model file in the GGUF format says of itself: read from its head, without loading it; and reading a file
ahead, so that loading it afterwards is quick and the wait has a measure and an end.

The format is read from its public description (version 2 and 3): a head of keys and values, then the tensors.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import UserError

MAGIC = b"GGUF"
LONGEST_TEXT = 4_000_000
MOST_KEYS = 10_000
CHUNK = 8 * 1024 * 1024
_PLAIN = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_TEXT, _LIST = 8, 9
_NO_CHAT = {
    "clip": "It holds only the eyes of a model (a projector), which cannot talk by itself.",
    "bert": "It makes vectors of texts and cannot talk.",
    "nomic-bert": "It makes vectors of texts and cannot talk.",
    "jina-bert-v2": "It makes vectors of texts and cannot talk.",
    "whisper": "It writes down speech and cannot talk.",
    "t5encoder": "It makes vectors of texts and cannot talk.",
}


@dataclass(frozen=True)
class GgufFacts:
    """A model file. `context` is how many tokens it was made to read; `size` in bytes; `parts` of a split model."""

    name: str
    architecture: str
    context: int | None
    size: int
    size_label: str = ""
    has_template: bool = False
    parts: int = 1


def describe(path: Path) -> GgufFacts:
    """Read the head of a file. Raises UserError `models.bad_file` with what is wrong for anything that cannot chat."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            keys = _head(file)
    except OSError as error:
        raise _bad(path, f"it cannot be read: {error.strerror or error}.") from error
    except (struct.error, ValueError, UnicodeDecodeError, MemoryError) as error:
        raise _bad(path, "its head is damaged or cut off; fetch it again.") from error
    if keys is None:
        raise _bad(path, "it is not a GGUF file. Choose one whose name ends in .gguf.")
    architecture = str(keys.get("general.architecture") or "")
    if not architecture:
        raise _bad(path, "it does not say which kind of model it is.")
    if architecture in _NO_CHAT:
        raise _bad(path, _NO_CHAT[architecture])
    context = keys.get(f"{architecture}.context_length")
    return GgufFacts(
        name=str(keys.get("general.name") or path.stem),
        architecture=architecture,
        context=context if isinstance(context, int) and context > 0 else None,
        size=size,
        size_label=str(keys.get("general.size_label") or ""),
        has_template="tokenizer.chat_template" in keys,
        parts=int(keys.get("split.count") or 1),
    )


def _bad(path: Path, why: str) -> UserError:
    return UserError(f"{path.name} cannot be used: {why}", code="models.bad_file")


def _head(file: BinaryIO) -> dict[str, Any] | None:
    """The keys and their values, lists left out; None for another format."""
    if file.read(4) != MAGIC:
        return None
    (version,) = _unpack(file, "<I")
    if version not in (2, 3):
        raise ValueError(f"version {version}")
    _, count = _unpack(file, "<QQ")
    if count > MOST_KEYS:
        raise ValueError(f"{count} keys")
    found: dict[str, Any] = {}
    for _ in range(count):
        key = _text(file)
        (kind,) = _unpack(file, "<I")
        value = _value(file, kind)
        if value is not None:
            found[key] = value
    return found


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _text(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<Q")
    if length > LONGEST_TEXT:
        raise ValueError(f"a text of {length} bytes")
    data = file.read(length)
    if len(data) != length:
        raise ValueError("cut off")
    return data.decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _TEXT:
        return _text(file)
    if kind == _LIST:
        inner, count = _unpack(file, "<IQ")
        if inner in _PLAIN:
            file.seek(struct.calcsize(_PLAIN[inner]) * count, 1)
        else:
            for _ in range(count):
                _value(file, inner)
        return None
    return _unpack(file, _PLAIN[kind])[0] if kind in _PLAIN else _unknown(kind)


def _unknown(kind: int) -> Any:
    raise ValueError(f"a value of kind {kind}")


def read_ahead(path: Path, progress: Callable[[float], None], stopped: threading.Event) -> bool:
    """Read the whole file once, so that it lies in memory when it is loaded; False when it was stopped. `progress`
    gets shares between 0 and 1. Raises UserError when it cannot be read."""
    try:
        total, done = max(1, path.stat().st_size), 0
        with path.open("rb", buffering=0) as file:
            buffer = bytearray(CHUNK)
            while not stopped.is_set():
                count = file.readinto(buffer)
                if not count:
                    progress(1.0)
                    return True
                done += count
                progress(min(1.0, done / total))
    except OSError as error:
        raise _bad(path, f"it cannot be read: {error.strerror or error}.") from error
    return False
