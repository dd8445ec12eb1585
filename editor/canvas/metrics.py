"""The measures of the canvas in logical pixels at 100 %, all multiples of the 4 px unit where the design says so.

Positions on the canvas are *scene* units; one scene unit is one logical pixel at 100 %.
"""

from __future__ import annotations

from typing import Final

CARD_WIDTH: Final = 240.0
HEADER: Final = 52.0
"""Height of a card's header; sockets of plain inputs and outputs sit in its middle."""
PAD: Final = 12.0
TILE: Final = 28.0
GLYPH: Final = 16.0
ROW_TEXT: Final = 20.0
ROW_CHIP: Final = 24.0
ROW_GAP: Final = 8.0
BODY_BOTTOM: Final = 10.0
CHIP: Final = 20.0
CHIP_PAD: Final = 6.0
PART_GAP: Final = 6.0
FOOTER: Final = 28.0
STREAM_LINES: Final = 3
STREAM_LINE: Final = 16.0
MAX_ROWS: Final = 14
"""A card never grows beyond so many body rows without sockets; what is left out is counted in a last row."""
CARD_SPACE: Final = 8.0
"""Least distance between a card and the next one below before the upper one leaves rows out."""

SOCKET: Final = 10.0
SOCKET_HOVER: Final = 14.0
SOCKET_HIT: Final = 24.0
BADGE: Final = 18.0
RING: Final = 2.0

START_SIZE: Final = 44.0
"""Side of the small start card inside a container."""

ROOM_HEADER: Final = 48.0
ROOM_PAD_LEFT: Final = 16.0
ROOM_PAD_RIGHT: Final = 16.0
ROOM_PAD_TOP: Final = 65.0
ROOM_PAD_BOTTOM: Final = 20.0
ROOM_MIN: Final = (296.0, 148.0)
NOTE_MIN: Final = (160.0, 64.0)
NOTE_DEFAULT: Final = (240.0, 88.0)
NOTE_PAD: Final = 12.0
RESIZE_HIT: Final = 10.0

GRID: Final = 24.0
GRID_DOT: Final = 2.0
GRID_FADE: Final = 0.5

EDGE: Final = 1.75
EDGE_ACTIVE: Final = 2.5
EDGE_HIT: Final = 7.0
EDGE_BUTTON: Final = 20.0
FAN: Final = 6.0
FAN_LIMIT: Final = 18.0

ZOOM_MIN: Final = 0.25
ZOOM_MAX: Final = 2.0
ZOOM_STEP: Final = 0.1
ZOOM_FULL: Final = 0.50
"""At and above: cards with their bodies, in text that stays readable (see `paint/reading.py`). Below: icon and title.
(The design drawing has bars below 0.75; a workflow of ten nodes that is fitted into a small window stands at 0.55 to
0.7, and there conditions and models must be seen.)"""
ZOOM_READ: Final = 0.75
"""What the view zooms to when it brings a node to the eye."""
ZOOM_TITLES: Final = 0.40
ZOOM_ICONS: Final = 0.15
FIT_MARGIN: Final = 32.0

SNAP: Final = 5.0
ENTRY_TAB: Final = 21.0
"""How much lower the top of a node that a run begins with is compared: elsewhere it carries a tab of this height."""
NUDGE: Final = 5.0
NUDGE_FAR: Final = 20.0
DRAG_START: Final = 4.0

GAP_NEXT: Final = 60.0
GAP_BRANCH: Final = 39.0
SHIFT_INSERT: Final = 300.0
