"""Large values in files named by their content: written whole or not at all, stored once, compressed."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

from engine.wholefile import write_whole


class BlobStore:
    """A folder of blobs, `aa/<sha256>.z`. Safe from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}.z"

    def put(self, content: bytes) -> str:
        """Keep `content` and answer its SHA-256 in hex; what is there already is not written again."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self.path(sha256)
        if target.exists():
            return sha256
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, zlib.compress(content, 6), private=True)
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """The bytes, or None when the file is gone or damaged."""
        try:
            content = zlib.decompress(self.path(sha256).read_bytes())
        except (OSError, zlib.error):
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def every(self) -> list[tuple[str, Path]]:
        """All blobs with their files, for the sweep."""
        return [(p.stem, p) for p in self._folder.glob("??/*.z")] if self._folder.is_dir() else []
