"""Jinja in a sandbox: no attributes that lead out, no changes of values, bounded output; one compile per text."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_RANGE = 100_000


class TemplateProblem(ValueError):
    """A template that cannot be compiled or rendered; the message names the line when it is known."""


def _range(*numbers: int) -> range:
    found = range(*numbers)
    if len(found) > LONGEST_RANGE:
        raise SecurityError(f"range() may have {LONGEST_RANGE} numbers here")
    return found


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    """The one environment; undefined names are empty, as the format's own runner has them."""
    made = ImmutableSandboxedEnvironment(keep_trailing_newline=False, autoescape=False)
    made.globals["range"] = _range
    return made


@lru_cache(maxsize=1024)
def compiled(text: str) -> Template:
    """The template of a text. Raises TemplateProblem."""
    try:
        return environment().from_string(text)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        raise TemplateProblem(f"{where}{error}") from error


def render(text: str, values: Mapping[str, Any], longest: int, seconds: float = 15.0) -> str:
    """`text` with `values`, at most `longest` characters and about `seconds` of work. Raises TemplateProblem."""
    parts: list[str] = []
    length = 0
    deadline = time.monotonic() + seconds
    try:
        for part in compiled(text).generate(**values):
            length += len(part)
            if length > longest:
                raise TemplateProblem(f"The output is longer than {longest} characters.")
            if time.monotonic() > deadline:
                raise TemplateProblem(f"The template took longer than {seconds:g} seconds.")
            parts.append(part)
    except TemplateProblem:
        raise
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise TemplateProblem(f"{type(error).__name__}: {error}") from error
    return "".join(parts)
