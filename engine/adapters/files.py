"""Files of a workspace in a folder: named by their content, with name and kind kept beside."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

from engine.ports.outside import PortError
from engine.wholefile import write_whole


class FolderFiles:
    """The `FileStore` of a workspace; a reference is the SHA-256 of the content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def save(self, content: bytes, *, filename: str, mime_type: str) -> str:
        """Keep `content`; its reference."""
        return await asyncio.to_thread(self.put, content, filename, mime_type)

    def put(self, content: bytes, filename: str, mime_type: str) -> str:
        """The same, without waiting for a loop."""
        reference = hashlib.sha256(content).hexdigest()
        target = self._place(reference)
        target.parent.mkdir(parents=True, exist_ok=True)
        facts = {"filename": filename, "mime_type": mime_type, "size": len(content)}
        if not target.exists():
            write_whole(target, content, private=True)
        facts_file = target.with_suffix(".json")
        write_whole(facts_file, json.dumps(facts, ensure_ascii=False).encode(), private=True)
        return reference

    async def load(self, reference: str) -> bytes:
        """The bytes of a stored file. Raises PortError `FileFetchError` when it is gone."""
        if not _is_reference(reference):
            raise PortError("FileFetchError", f"{reference!r} does not name a stored file.")
        try:
            return await asyncio.to_thread(self._place(reference).read_bytes)
        except OSError as error:
            raise PortError("FileFetchError", f"The stored file {reference[:12]} is gone.") from error

    def url(self, reference: str) -> str | None:
        """A `file:` address, or None when there is no such file."""
        place = self.path(reference)
        return place.as_uri() if place is not None else None

    def path(self, reference: str) -> Path | None:
        """Where a file lies, or None when there is no such file."""
        if not _is_reference(reference) or not self._place(reference).exists():
            return None
        return self._place(reference)

    def _place(self, reference: str) -> Path:
        return self._folder / reference[:2] / reference


def _is_reference(text: str) -> bool:
    """Only names of our own making become paths."""
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)
