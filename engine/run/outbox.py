"""The way out of a run: numbers, times and masks events, gives them to the recorder, and keeps them for the reader.

One reader at most. No queue per event: events gather in a deque and the reader is woken once a burst.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from engine.clock import Clock
from engine.logs import get_logger
from engine.run.request import Recorder
from engine.run.variables.segments import obfuscate

log = get_logger(__name__)


class Masker:
    """Replaces secret values by the form that records show (engine spec 6.3), wherever they stand in JSON data; with
    `shown_as` by that."""

    def __init__(self, secrets: set[str], min_length: int, shown_as: str = "") -> None:
        shown: dict[str, str] = {}
        for secret in secrets:
            if len(secret) >= min_length:
                # An address or a JSON text holds it in another spelling; it is no less of a secret there.
                for text in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
                    shown.setdefault(text, shown_as or obfuscate(secret))
        # Longest first, so that a secret inside another does not leave the rest of it.
        self._shown = sorted(shown.items(), key=lambda item: len(item[0]), reverse=True)
        self._secrets = [text for text, _ in self._shown]

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for secret, shown in self._shown:
            if secret in text:
                text = text.replace(secret, shown)
        return text

    def open_end(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a secret."""
        longest = 0
        for secret in self._secrets:
            for length in range(min(len(secret) - 1, len(text)), longest, -1):
                if text.endswith(secret[:length]):
                    longest = length
                    break
        return longest

    def data(self, value: Any) -> Any:
        """JSON data without secrets; the same object when there was none in it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            changed = {k: self.data(v) for k, v in value.items()}
            if all(changed[k] is v for k, v in value.items()) and all(self.text(k) is k for k in value):
                return value
            return {self.text(k): v for k, v in changed.items()}
        if isinstance(value, list):
            items = [self.data(v) for v in value]
            return value if all(a is b for a, b in zip(items, value, strict=True)) else items
        return value


class StreamMasker:
    """Masks secrets that a node streams in pieces: what may be the beginning of one waits for its next piece."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held: dict[tuple[str, ...], str] = {}

    def __bool__(self) -> bool:
        return bool(self._masker)

    def feed(self, stream: tuple[str, ...], chunk: str, *, is_final: bool) -> str:
        """The text of a stream that may be shown now; `stream` begins with the execution id."""
        text = self._masker.text(self._held.pop(stream, "") + chunk)
        keep = 0 if is_final else self._masker.open_end(text)
        if keep:
            self._held[stream] = text[-keep:]
            return text[:-keep]
        return text

    def rest(self, execution_id: str) -> list[tuple[tuple[str, ...], str]]:
        """What waits of the streams of a node that has ended."""
        keys = [key for key in self._held if key[0] == execution_id]
        return [(key, self._held.pop(key)) for key in keys]


class Outbox:
    """Takes event dicts (first keys: seq, event, at, run_id) and lets them out in order."""

    def __init__(
        self, run_id: str, clock: Clock, recorder: Recorder | None, masker: Masker, *, seq: int = 0, keep: int = 20_000
    ) -> None:
        """`keep`: how many events wait for a reader that never came; of more, the oldest are let go."""
        self.run_id = run_id
        self.seq = seq
        self.clock = clock
        self.masker = masker
        self.recorder = recorder
        self._waiting: deque[dict[str, Any]] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._readers = 0
        self._was_read = False
        self._keep = keep
        self._discarding = False
        self._closed = False

    def now(self) -> str:
        """The present moment as event text."""
        return self.clock.now().isoformat(timespec="microseconds")[:26] + "Z"

    def send(self, event: dict[str, Any], payload: Mapping[str, Any] | None = None) -> None:
        """Number one event and let it out. `event` belongs to the outbox from here on."""
        self._record(event, payload)
        self._deliver(event)

    async def send_last(self, event: dict[str, Any], payload: Mapping[str, Any] | None = None) -> None:
        """Let out the terminal event: it is safe with the recorder before the reader gets it."""
        self._record(event, payload)
        await self.flush()
        self._deliver(event)
        self.close()

    def _record(self, event: dict[str, Any], payload: Mapping[str, Any] | None) -> None:
        self.seq += 1
        event["seq"] = self.seq
        event["run_id"] = self.run_id
        if self.masker:
            self._mask(event)
        if self.recorder is not None:
            try:
                self.recorder.event(event, payload)
            except Exception:
                log.exception("the recorder failed on %s", event.get("event"))

    def _deliver(self, event: dict[str, Any]) -> None:
        if not self._discarding:
            self._waiting.append(event)
            if not self._was_read and len(self._waiting) > self._keep:
                self._waiting.popleft()
            if self._reader is not None and not self._reader.done():
                self._reader.set_result(None)

    def _mask(self, event: dict[str, Any]) -> None:
        for key, value in list(event.items()):
            if isinstance(value, (str, dict, list)):
                masked = self.masker.data(value)
                if masked is not value:
                    event[key] = masked
                    event["masked"] = True

    def is_full(self, limit: int) -> bool:
        """Whether the run should wait: the reader is `limit` events behind, or the recorder is."""
        if self._readers and len(self._waiting) >= limit:
            return True
        return self.recorder is not None and self.recorder.is_behind()

    async def room(self, limit: int) -> None:
        """Wait until the reader is less than `limit` events behind and the recorder has what it was given."""
        if self.recorder is not None and self.recorder.is_behind():
            await self.flush()
        while self._readers and len(self._waiting) >= limit:
            self._room = asyncio.get_running_loop().create_future()
            try:
                await self._room
            finally:
                self._room = None

    def discard(self) -> None:
        """Nobody will read: keep no events."""
        self._discarding = True
        self._waiting.clear()

    def close(self) -> None:
        """No more events; the reader ends after the last one."""
        self._closed = True
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def flush(self) -> None:
        """Wait until the recorder has everything safe."""
        if self.recorder is not None:
            try:
                await self.recorder.flush()
            except Exception:
                log.exception("the recorder could not flush")

    async def read(self) -> AsyncIterator[dict[str, Any]]:
        """The events in order, to the end of the run."""
        self._readers += 1
        self._was_read = True
        try:
            while True:
                while self._waiting:
                    yield self._waiting.popleft()
                if self._room is not None and not self._room.done():
                    self._room.set_result(None)
                if self._closed:
                    return
                self._reader = asyncio.get_running_loop().create_future()
                try:
                    await self._reader
                finally:
                    self._reader = None
        finally:
            self._readers -= 1
            if self._room is not None and not self._room.done():
                self._room.set_result(None)
