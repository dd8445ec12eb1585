"""The undo steps of the last session of a workflow, beside the database: one file each, secrets sealed, written whole.

A step costs its text once: it is sealed and encoded when it is first kept. A history that does not fit the draft any
more is worth nothing, so a damaged or outdated file is as good as none.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import weakref
import zlib
from collections.abc import Sequence
from pathlib import Path

from engine.errors import UserError
from engine.logs import get_logger
from engine.model.document import Step
from engine.store.crypto import Vault
from engine.store.jsontext import dumps, seal, unseal

log = get_logger(__name__)
LARGEST = 16 * 1024 * 1024
"""Bytes of text of one history; older steps go first."""
FORMAT = 1


class HistoryStore:
    """Reads and writes histories; every method may be called from any thread."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder, self._vault = folder, vault
        self._texts: weakref.WeakKeyDictionary[Step, str] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def _file(self, app_id: str) -> Path:
        return self._folder / f"{app_id}.z"

    def keep(self, app_id: str, steps: Sequence[Step], position: int, digest: str) -> None:
        """Write the steps of which `position` are in force; `digest` is the content hash of the draft there."""
        with self._lock:
            lines, size, first = [], 0, len(steps)
            for step in reversed(steps):
                text = self._text(app_id, step)
                size += len(text)
                if size > LARGEST:
                    break
                lines.append(text)
                first -= 1
            if position < first:  # what is in force lies before what there is room for
                lines, first = [], position
            head = dumps({"format": FORMAT, "position": position - first, "digest": digest})
            content = "\n".join([head, *reversed(lines)])
            self._write(self._file(app_id), zlib.compress(content.encode(), 3))

    def _text(self, app_id: str, step: Step) -> str:
        text = self._texts.get(step)
        if text is None:
            text = dumps(seal(step.to_json(), self._vault, f"env:{app_id}"))
            self._texts[step] = text
        return text

    def _write(self, target: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def load(self, app_id: str, digest: str) -> tuple[tuple[Step, ...], int]:
        """The steps that lead to a draft of this content hash and how many are in force; none when they do not."""
        try:
            lines = zlib.decompress(self._file(app_id).read_bytes()).decode().split("\n")
            head = json.loads(lines[0])
            if head["format"] != FORMAT or head["digest"] != digest:
                return (), 0
            context = f"env:{app_id}"
            steps = tuple(Step.from_json(unseal(json.loads(line), self._vault, context)) for line in lines[1:])
            position = int(head["position"])
        except FileNotFoundError:
            return (), 0
        except (OSError, ValueError, KeyError, TypeError, zlib.error, UserError) as error:
            log.info("the history of %s is not used: %s", app_id, error)
            return (), 0
        return (steps, position) if 0 <= position <= len(steps) else ((), 0)

    def drop(self, app_id: str) -> None:
        """Forget a history."""
        self._file(app_id).unlink(missing_ok=True)
