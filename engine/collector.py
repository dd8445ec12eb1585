"""How often Python looks for reference cycles while runs go on.

A run makes many small objects that live until it ends and few cycles. With the interpreter's own threshold (700 new
objects) the collector walks them, and every class and function of the imported libraries, again and again: a chain of
10,000 nodes took 36 microseconds a node, and 18 with what is set here.
"""

from __future__ import annotations

import gc
from typing import Final

NEW_OBJECTS: Final = 50_000
"""Objects made, less those freed, before the youngest generation is looked at. A run of 1,000 nodes stays below
it; with 10,000 its events were walked again and again, for 4 microseconds a node."""


def relax() -> None:
    """Leave what is imported by now out of all later passes, and make passes rarer. For programs whose work is runs:
    call it once, after the imports."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)
