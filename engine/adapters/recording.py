"""Exchanges with the outside written to a file, and given back from it: a run replayed with no network and no key.

A recording is a file of JSON lines: a head, then one line an exchange with the port, the node and the frame that asked,
the request as it is compared, and what came back (the pieces of a stream, or the error). The clock, new ids and chance
are such ports as well, so that a run gives the same bytes again. Answers come to each node and frame in the order in
which that place got them: what runs beside it does not matter.

Secrets stand in it as `[secret:NAME]`, in requests and in answers. The head tells how the log shows each of them (its
two ends, engine spec 6.3): a replay that is given no value gets one that is shown the same.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar
from urllib.parse import quote, quote_plus

from engine.errors import UserError
from engine.ports.models import ModelError, Usage
from engine.ports.outside import PortError
from engine.ports.tape import Mismatch, Place, current_place
from engine.run.variables.segments import obfuscate

FORMAT, VERSION = "penstock-recording", 2
OLDEST = 1
"""Recordings of version 1 hold no places, clock, ids and chance; those are live in their replays."""
NOT_COMPARED = frozenset(
    {
        "told",
        "shape",
        "choose_limit",
        "connect_timeout",
        "read_timeout",
        "write_timeout",
        "max_bytes",
        "verify_tls",
        "timeout",
        "user",
    }
)
KEYS = frozenset({"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"})
DIFF_LINES = 40
COMPARED_ENTRIES = 200
"""Among how many recorded requests the nearest to an unknown one is looked for."""
SHORT = 8
"""Characters up to which a secret is shown as stars only."""
Answer = TypeVar("Answer")


def secret_mark(name: str, spelling: str = "") -> str:
    """What stands for a secret's value in a recording; `spelling` tells how it was encoded there."""
    return f"[secret:{name}:{spelling}]" if spelling else f"[secret:{name}]"


def spellings(value: str) -> dict[str, str]:
    """A secret as addresses, forms and JSON texts hold it, by the name of the spelling."""
    return {
        "": value,
        "url": quote(value, safe=""),
        "form": quote_plus(value),
        "json": json.dumps(value)[1:-1],
        "json8": json.dumps(value, ensure_ascii=False)[1:-1],
    }


def masks_of(secrets: Mapping[str, str], shortest: int) -> dict[str, str]:
    """How the log shows each secret, by name; nothing for those that are too short to be told from other text."""
    return {name: obfuscate(value) if len(value) >= shortest else "" for name, value in secrets.items() if value}


def stand_in(name: str, head: Mapping[str, Any]) -> str:
    """A value for a secret that a replay is not given: the log shows it as it showed the recorded one. Empty for a
    secret that had no value then either."""
    if "masks" not in head:
        return secret_mark(name)
    masks = head["masks"] if isinstance(head["masks"], Mapping) else {}
    if name not in masks:
        return ""
    mask = str(masks[name])
    if not mask:
        return secret_mark(name)
    if not mask.strip("*"):
        return "s" + hashlib.sha256(name.encode()).hexdigest()[: SHORT - 1]
    return f"{mask[:6]}-secret-{name}-{mask[-2:]}"


def plain(value: Any) -> Any:
    """A value of the ports as JSON: dataclasses as mappings, bytes as `{"$bytes": base64}`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name not in NOT_COMPARED}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(v) for v in value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _with_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        return {k: _with_bytes(v) for k, v in value.items()}
    return [_with_bytes(v) for v in value] if isinstance(value, list) else value


def made(kind: type[Answer], value: Any) -> Answer:
    """A dataclass of the ports from its JSON."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(_with_bytes(value))


def _swapped(value: Any, pairs: Sequence[tuple[str, str]]) -> Any:
    """JSON with texts replaced everywhere, in bytes too."""
    if isinstance(value, str):
        for old, new in pairs:
            value = value.replace(old, new)
        return value
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            content = base64.b64decode(value["$bytes"])
            for old, new in pairs:
                content = content.replace(old.encode(), new.encode())
            return {"$bytes": base64.b64encode(content).decode()}
        return {_swapped(k, pairs): _swapped(v, pairs) for k, v in value.items()}
    return [_swapped(v, pairs) for v in value] if isinstance(value, list) else value


class Tape:
    """What both sides share: how a request is spelled, and how an error is kept."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        known = [(name, spelling, text) for name, v in secrets.items() if v for spelling, text in spellings(v).items()]
        marks: dict[str, tuple[str, str]] = {}
        for name, spelling, text in known:
            marks.setdefault(text, (secret_mark(name, spelling), secret_mark(name)))
        longest = sorted(marks.items(), key=lambda item: -len(item[0]))
        self._masking = [(text, exact) for text, (exact, _) in longest]
        self._comparing = [(text, mark) for text, (_, mark) in longest]
        self._showing = [(secret_mark(name, spelling), text) for name, spelling, text in known]
        self.mismatch: Mismatch | None = None

    def masked(self, value: Any) -> Any:
        """`value` as JSON with every secret replaced by its mark."""
        return _swapped(plain(value), self._masking)

    def shown(self, value: Any) -> Any:
        """The inverse: marks of secrets that this run has a value for become that value."""
        return _swapped(value, self._showing)

    def request(self, port: str, request: Any) -> dict[str, Any]:
        """A request as it is compared; headers that only carry keys are left out."""
        spelled: dict[str, Any] = _swapped(plain(request), self._comparing)
        if port == "http":
            spelled["headers"] = [h for h in spelled["headers"] if str(h[0]).lower() not in KEYS]
        return spelled


class Recorder(Tape):
    """Writes exchanges; every line is on its way to disk when the answer is handed on. Any thread."""

    def __init__(self, path: Path, secrets: Mapping[str, str], head: Mapping[str, Any], *, shortest: int = 6) -> None:
        """`shortest`: length from which on the log masks secrets."""
        super().__init__(secrets)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._file: TextIO = path.open("w", encoding="utf-8", newline="\n")
        self._line({"format": FORMAT, "version": VERSION, "masks": masks_of(secrets, shortest), **head})

    def _line(self, value: Mapping[str, Any]) -> None:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        with self._lock:
            self._file.write(text + "\n")
            self._file.flush()

    def write(
        self, port: str, request: Any, answer: Any = None, error: Exception | None = None, *, cut: bool = False
    ) -> None:
        """One exchange; a stream that broke off has both its pieces and its error. `cut`: who asked was ended first."""
        place = current_place()
        entry = {
            "port": port,
            "node": place.node,
            "frame": place.frame,
            "request": self.request(port, request),
            "answer": self.masked(answer),
        }
        if error is not None:
            entry["error"] = self.masked(_error_facts(error))
        if cut:
            entry["cut"] = True
        self._line(entry)

    def once(self, ask: str, make: Callable[[], Any]) -> Any:
        """Time, ids, chance: see `engine.ports.tape`."""
        answer = make()
        self.write("clock", {"ask": ask}, answer)
        return answer

    def close(self) -> None:
        """Close the file."""
        self._file.close()


Key = tuple[str, str]


class Player(Tape):
    """Gives answers back. For one request a place gets its answers in the order in which it got them, the last one
    again and again; a place that never asked it (nodes may have new ids) gets those of others.

    With `strict`, a request that was not recorded fails and says how it differs from the nearest one.
    """

    def __init__(self, path: Path, secrets: Mapping[str, str], *, strict: bool) -> None:
        super().__init__(secrets)
        self.strict = strict
        self.head = read_head(path)
        self._by_place: dict[tuple[Key, Place], list[dict[str, Any]]] = defaultdict(list)
        self._anywhere: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        self._read(path)

    @property
    def has_places(self) -> bool:
        """Does it hold who asked, the clock, ids and chance?"""
        return int(self.head["version"]) > OLDEST

    def _read(self, path: Path) -> None:
        try:
            for line in path.read_text("utf-8").splitlines()[1:]:
                if not line.strip():
                    continue
                entry = json.loads(line)
                key = entry["port"], _spelled(entry["request"])
                self._by_place[key, Place(entry.get("node", ""), entry.get("frame", ""))].append(entry)
                self._anywhere[key].append(entry)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(path, error) from error

    def holds(self, port: str) -> bool:
        """Whether there is any exchange with the port."""
        return any(name == port for name, _ in self._anywhere)

    def find(self, port: str, request: Any) -> dict[str, Any] | None:
        """The next answer to a request. Raises PortError when there is none and the replay is strict."""
        wanted = self.request(port, request)
        key, place = (port, _spelled(wanted)), current_place()
        found = self._by_place.get((key, place)) or self._anywhere.get(key)
        if found:
            entry = found.pop(0) if len(found) > 1 else found[0]
            return {**entry, "answer": self.shown(entry["answer"])}
        self._lost(place, lambda: self._difference(port, wanted, place))
        return None

    def once(self, ask: str, make: Callable[[], Any]) -> Any:
        """Time, ids, chance: see `engine.ports.tape`. Here an answer is given once only: an id must not come twice."""
        if not self.has_places:
            return make()
        place = current_place()
        found = self._by_place.get((("clock", _spelled({"ask": ask})), place))
        if found:
            return self.shown(found.pop(0)["answer"])
        words = f"The recording holds nothing (more) to give {place} for {ask!r} (port clock)."
        self._lost(place, lambda: "\n".join([words, *self._asked_there("clock", place)]))
        return make()

    def _lost(self, place: Place, message: Callable[[], str]) -> None:
        if self.strict:
            text = message()
            if self.mismatch is None:
                self.mismatch = Mismatch(text, place)
            raise PortError("ReplayMismatch", text)

    def _asked_there(self, port: str, place: Place) -> list[str]:
        kept = {k[1] for (k, where) in self._by_place if k[0] == port and where == place}
        return [f"What {place} asked there when it was recorded: " + ", ".join(sorted(kept))] if kept else []

    def _difference(self, port: str, wanted: dict[str, Any], place: Place) -> str:
        begin = f"The recording has no such request of {place} to the port {port}"
        others = [(where, k[1]) for (k, where) in self._by_place if k[0] == port]
        near = ([o for o in others if o[0] == place] or [o for o in others if o[0].node == place.node] or others)[
            :COMPARED_ENTRIES
        ]
        if not near:
            return f"{begin}, and none other to that port."
        text = _indented(wanted)
        spelled = [(where, _indented(json.loads(request))) for where, request in near]
        match = difflib.SequenceMatcher(None, "", text, autojunk=False)

        def likeness(found: tuple[Place, str]) -> float:
            match.set_seq1(found[1])
            return match.quick_ratio()

        where, nearest = max(spelled, key=likeness)
        lines = difflib.unified_diff(nearest.splitlines(), text.splitlines(), "recorded", "asked", lineterm="", n=1)
        return f"{begin}. It differs from the nearest one, of {where}:\n" + "\n".join([*lines][:DIFF_LINES])


def read_head(path: Path) -> dict[str, Any]:
    """The first line of a recording. Raises UserError for a file that is none."""
    try:
        with path.open(encoding="utf-8") as file:
            head = json.loads(file.readline())
        if head.get("format") != FORMAT or head.get("version") not in range(OLDEST, VERSION + 1):
            raise ValueError(f"it is no {FORMAT} of version {OLDEST} to {VERSION}")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(path, error) from error
    return dict(head)


def _damaged(path: Path, error: Exception) -> UserError:
    if isinstance(error, OSError):
        return UserError(f"{path} cannot be read: {error.strerror or error}", code="recording.unreadable")
    return UserError(f"{path} is not a recording: {error}", code="recording.damaged")


def _indented(request: Any) -> str:
    return json.dumps(request, ensure_ascii=False, indent=1, sort_keys=True)


def _spelled(request: Any) -> str:
    return json.dumps(request, ensure_ascii=False, sort_keys=True)


def _error_facts(error: Exception) -> dict[str, Any]:
    usage = getattr(error, "usage", None)
    return {
        "kind": "model" if isinstance(error, ModelError) else "port",
        "error_type": getattr(error, "error_type", type(error).__name__),
        "message": str(error),
        "usage": usage.to_json() if usage is not None else None,
    }


def raise_recorded(facts: Mapping[str, Any]) -> None:
    if facts["kind"] == "model":
        usage = Usage.from_json(facts["usage"]) if facts.get("usage") else None
        raise ModelError(facts["error_type"], facts["message"], usage=usage)
    raise PortError(facts["error_type"], facts["message"])
