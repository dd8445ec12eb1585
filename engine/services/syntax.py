"""Whether code of a code node can be read at all, without running any of it."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Final

_PLACE: Final = re.compile(r"^\s+at <input>:(\d+):\d+$", re.MULTILINE)
_UNREAD: Final = "throw 0;"
"""Before a script this ends it before its first line, after all of it was read. It stands on that line, so that the
lines keep their numbers."""


@dataclass(frozen=True)
class SyntaxFault:
    """What the reader of the language says, and the line (from 1) it says it of."""

    line: int
    what: str


def syntax_fault(language: str, code: str) -> SyntaxFault | None:
    """The first thing that keeps `code` (python3 or javascript) from being read, as the step would read it; None when
    nothing does."""
    return _javascript(code) if language == "javascript" else _python(code)


def _python(code: str) -> SyntaxFault | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "<code>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return SyntaxFault(error.lineno or 1, error.msg)
    except ValueError as error:
        return SyntaxFault(1, str(error))
    except (RecursionError, MemoryError):
        return SyntaxFault(1, "it is nested too deeply")
    return None


def _javascript(code: str) -> SyntaxFault | None:
    # The module around it starts a thread that nobody needs here.
    import _quickjs as quickjs  # type: ignore[import-not-found]

    try:
        quickjs.Context().eval(_UNREAD + code)
    except quickjs.StackOverflow:
        return SyntaxFault(1, "it is nested too deeply")
    except ValueError as error:  # signs that no file of text has
        return SyntaxFault(1, str(error))
    except quickjs.JSException as error:
        said = str(error)
        if not said.startswith("SyntaxError: "):
            return None
        what = said.removeprefix("SyntaxError: ").partition("\n")[0]
        place = _PLACE.search(said)
        end = what == "unexpected token in expression: ''"
        return SyntaxFault(int(place[1]) if place else 1, "unexpected end of the code" if end else what)
    return None
