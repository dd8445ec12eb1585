"""Frames: four bytes of length, then JSON."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

LARGEST = 512 * 1024 * 1024


def pack(message: Any) -> bytes:
    """One message as a frame."""
    data = json.dumps(message, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    return struct.pack(">I", len(data)) + data


def read(stream: BinaryIO) -> Any | None:
    """The next message of a stream, or None at its end. Raises ValueError for a damaged frame."""
    head = _exactly(stream, 4)
    if head is None:
        return None
    (size,) = struct.unpack(">I", head)
    if size > LARGEST:
        raise ValueError(f"a frame of {size} bytes")
    data = _exactly(stream, size)
    return None if data is None else json.loads(data.decode("utf-8", "surrogatepass"))


def _exactly(stream: BinaryIO, count: int) -> bytes | None:
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
