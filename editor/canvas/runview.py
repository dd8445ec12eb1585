"""What the canvas shows of a run: per node one small value made from the folded run state, and words for times and
counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from editor.amounts import duration
from editor.canvas import metrics as m
from editor.canvas.content import Tone
from editor.i18n import ntr, tr

if TYPE_CHECKING:
    from engine.model.graph import Node
    from engine.run.fold import NodeRunState

_KEPT = 2000
_LONGEST_ERROR = 500

EdgeRun = Literal["taken", "skipped", "flowing"]

ACTIVE = frozenset({"running", "retry"})
ICONS = {
    "waiting": "status-waiting",
    "running": "status-running",
    "succeeded": "status-succeeded",
    "failed": "status-failed",
    "exception": "status-exception",
    "skipped": "status-skipped",
    "stopped": "status-stopped",
    "paused": "status-paused",
    "retry": "status-retry",
    "held": "status-held",
}
TONES = {
    "waiting": "faint",
    "running": "accent",
    "succeeded": "good",
    "failed": "bad",
    "exception": "warn",
    "skipped": "faint",
    "stopped": "muted",
    "paused": "held",
    "retry": "warn",
    "held": "held",
}


WORDS = {
    "waiting": "waiting",
    "running": "running",
    "succeeded": "succeeded",
    "failed": "failed",
    "exception": "failed, handled",
    "skipped": "skipped",
    "stopped": "stopped",
    "paused": "waits for an answer",
    "retry": "trying again",
    "held": "held",
}


TAKEN = {"pinned": ("pin", "pinned"), "reused": ("history", "from an earlier run")}
"""Icon and word for results that were taken over."""


def loading_words(percent: int) -> str:
    """What a step does that waits for its model."""
    return tr("Loading the model: {n} %", n=percent)


def state_word(status: str) -> str:
    """A run state in words."""
    return tr(WORDS.get(status, status))


@dataclass(frozen=True, slots=True)
class NodeRun:
    """A node in the run that is shown. `text` is the tail of what it streams and the beginning of what it has said,
    `started` a monotonic-independent epoch."""

    status: str
    elapsed: float | None = None
    started: float | None = None
    tokens: int = 0
    attempt: int = 0
    attempts: int = 0
    error: str = ""
    text: str = ""
    round: int | None = None
    rounds: int | None = None
    loading: int | None = None
    """Percent of its model that is loaded, while it waits for that."""
    taken: str = ""
    """Where its result comes from when it did not run: `pinned`, `reused` (of an earlier run) or empty."""

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def resting(self) -> bool:
        """Whether it goes on when somebody does something."""
        return self.status in ("held", "paused")

    @property
    def has_footer(self) -> bool:
        return self.status in WORDS

    @property
    def state_words(self) -> str:
        """The state as the footer says it, with the time that it took."""
        if self.taken:
            return tr(TAKEN[self.taken][1])
        if self.loading is not None:
            return loading_words(self.loading)
        words = state_word(self.status)
        return words if self.elapsed is None else f"{words} · {duration(self.elapsed)}"

    @property
    def retry_words(self) -> tuple[str, Tone]:
        """What became of trying again, in place of the card's line about it (editor inventory, section 4); empty when
        nothing was tried again."""
        if self.attempt < 2:
            return "", "muted"
        if self.status == "succeeded":
            return tr("Retry successful"), "good"
        if self.status in ("failed", "exception"):
            return ntr("{n} retry failed", "{n} retries failed", self.attempt - 1), "bad"
        return (tr("Retrying…"), "warn") if self.active else ("", "muted")


@dataclass(frozen=True, slots=True)
class Extra:
    """What a run adds below a card's body: an error line, lines of streamed text, a footer."""

    error: bool = False
    lines: int = 0
    footer: bool = False

    @property
    def stream_height(self) -> float:
        return self.lines * m.STREAM_LINE + 8.0 if self.lines else 0.0

    @property
    def height(self) -> float:
        return (m.ROW_TEXT if self.error else 0.0) + self.stream_height + (m.FOOTER if self.footer else 0.0)

    def fitted(self, room: float) -> Extra:
        """As much of it as `room` holds: streamed lines give way first, then the footer, then the error."""
        extra = self
        while extra.height > room and extra.lines:
            extra = Extra(extra.error, extra.lines - 1, extra.footer)
        if extra.height > room and extra.footer:
            extra = Extra(extra.error, 0, footer=False)
        return extra if extra.height <= room else NO_EXTRA


NO_EXTRA = Extra()


def extra_for(run: NodeRun | None, streams: bool) -> Extra:
    """What this run would add to a card if there were room."""
    if run is None:
        return NO_EXTRA
    return Extra(
        error=bool(run.error) and run.status in ("failed", "exception", "retry"),
        lines=m.STREAM_LINES if streams and run.text else 0,
        footer=run.has_footer,
    )


def tail_lines(text: str, width: int, lines: int) -> list[str]:
    """The last `lines` lines of a growing text, wrapped roughly at `width` characters (wide ones count twice)."""
    return _wrapped(text[-width * lines * 3 :], width)[-lines:]


def head_lines(text: str, width: int, lines: int) -> list[str]:
    """The first `lines` lines of a text that is whole, wrapped as in `tail_lines`; an ellipsis tells of more."""
    found = _wrapped(text.lstrip()[: width * lines * 3], width)
    return found if len(found) <= lines else [*found[: lines - 1], f"{found[lines - 1]}…"]


def _wrapped(text: str, width: int) -> list[str]:
    found: list[str] = []
    for raw in text.splitlines() or [""]:
        line, size = "", 0
        for character in raw:
            step = 2 if ord(character) > 0x2E7F else 1
            if size + step > width:
                cut = line.rfind(" ")
                if cut > width // 2:
                    found.append(line[:cut])
                    line = line[cut + 1 :]
                else:
                    found.append(line)
                    line = ""
                size = sum(2 if ord(c) > 0x2E7F else 1 for c in line)
            line += character
            size += step
        if line:
            found.append(line)
    return found


def first_error_line(error: Any) -> str:
    """The line of an error that says what is wrong: the first that is not indented, as places in code are."""
    lines = [line.rstrip()[:_LONGEST_ERROR] for line in str(error or "").splitlines() if line.strip()]
    return next((line for line in lines if not line[0].isspace()), lines[0].strip() if lines else "")


def node_run_of(state: NodeRunState, node: Node | None = None) -> NodeRun:
    """What the canvas shows of one node's folded state; `node` tells how many attempts were allowed."""
    metadata = state.metadata
    over = not state.is_live
    text = state.text
    if not text and over:
        said = state.outputs.get("answer", "")
        text = said if isinstance(said, str) else ""
    tried = state.attempt > 1 or state.status == "retry"
    return NodeRun(
        status=state.status,
        elapsed=state.elapsed if over and state.finished_at else None,
        tokens=state.tokens,
        attempt=state.attempt if tried else 0,
        attempts=_attempts(node) if tried else 0,
        error=first_error_line(state.error),
        text=text[:_KEPT] if over else text[-_KEPT:],
        round=len(state.rounds) or None,
        rounds=state.round_count or (len(state.rounds) or None),
        loading=None if state.loading is None or over else int(state.loading * 100),
        taken="pinned" if metadata.get("pinned") else "reused" if metadata.get("reused_from") else "",
    )


def _attempts(node: Node | None) -> int:
    retry = node.data.get("retry_config") if node is not None else None
    times = retry.get("max_retries") if isinstance(retry, Mapping) else None
    return times + 1 if isinstance(times, int) else 0
