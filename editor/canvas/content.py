"""The vocabulary of a card: what it shows, as plain values without Qt. `card.py` fills it, the painters draw it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from editor.canvas import metrics as m

PartKind = Literal["text", "code", "chip", "var", "keyword", "op", "bar"]
Tone = Literal["text", "muted", "faint", "accent", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a row. `var` shows an icon, the owner's title (`prefix`) and a name; `bar` is a separator dot."""

    kind: PartKind
    text: str
    tone: Tone = "muted"
    icon: str = ""
    family: str = ""
    prefix: str = ""
    middle: bool = False
    """Elide in the middle (ids, paths, addresses) instead of at the end."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a card's body. `handle` puts a socket at its right end, with `label` beside it."""

    parts: tuple[Part, ...] = ()
    height: float = m.ROW_TEXT
    handle: str | None = None
    label: str = ""
    tone: Literal["", "fail", "bad", "warn"] = ""
    space: float = 0.0
    """Extra distance above."""
    optional: bool = True
    """Whether the row may be left out where the next card leaves no room for it; rows with sockets always stay."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A source socket: the handle's id, its spoken label, and the row it belongs to (-1: the header)."""

    handle: str
    label: str
    row: int = -1
    fail: bool = False


@dataclass(frozen=True, slots=True)
class CardContent:
    """Everything a card shows of its node when nothing is running.

    `refs` holds the ids of other nodes whose titles appear, so that a rename redraws this card.
    """

    title: str
    type_name: str
    icon: str
    family: str
    rows: tuple[Row, ...] = ()
    sockets: tuple[Socket, ...] = ()
    has_input: bool = True
    unknown: bool = False
    disabled: bool = False
    streams: bool = False
    badge: str = ""
    """A word at the right end of the header: what a run begins with says so."""
    refs: frozenset[str] = frozenset()

    @property
    def body_height(self) -> float:
        """Height of all rows with the space between them."""
        return sum(row.height + row.space for row in self.rows)

    @property
    def height(self) -> float:
        """The card's height while nothing is running."""
        if not self.rows:
            return m.HEADER
        return m.HEADER + self.body_height + m.BODY_BOTTOM

    def fitted(self, room: float) -> CardContent:
        """The same card in at most `room` units of height: rows give way from the last to the first, optional ones
        before all.

        Rows with sockets stay, so the result may still be higher.
        """
        if self.height <= room:
            return self
        rows = list(enumerate(self.rows))
        height = self.height
        for optional in (True, False):
            for index, row in reversed(list(enumerate(self.rows))):
                if height <= room:
                    break
                if row.optional is optional and row.handle is None:
                    rows.remove((index, row))
                    height -= row.height + row.space
                    if not rows:
                        height -= m.BODY_BOTTOM
        places = {old: new for new, (old, _) in enumerate(rows)}
        sockets = tuple(replace(socket, row=places.get(socket.row, -1)) for socket in self.sockets)
        return replace(self, rows=tuple(row for _, row in rows), sockets=sockets)

    def row_top(self, index: int) -> float:
        """Where row `index` starts, below the card's top."""
        rows = self.rows
        return m.HEADER + sum(row.height + row.space for row in rows[:index]) + rows[index].space

    def socket_y(self, handle: str) -> float:
        """Where the socket of a source handle sits, below the card's top; unknown handles use the header."""
        for socket in self.sockets:
            if socket.handle == handle and socket.row >= 0:
                return self.row_top(socket.row) + self.rows[socket.row].height / 2
        return m.HEADER / 2
