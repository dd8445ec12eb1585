"""Jinja in a sandbox: no attributes that lead out, bounded work and output, one compile per text.

Templates may change lists that they were given (`{% set _ = found.append(x) %}` is how people collect things, and the
format's own runner lets them), so every rendering gets values of its own.
"""

from __future__ import annotations

import contextvars
import copy
import random
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment, Template, TemplateError, Undefined, nodes, pass_environment
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import generate_lorem_ipsum

from engine.ports.tape import once

LONGEST_RANGE: Final = 100_000
LONGEST_VALUE: Final = 4_000_000
"""Items or characters that one operation may make at once."""

_TICK: Final = "_penstock_tick"
_PADDING: Final = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs", "format", "format_map", "replace"})
_deadline: contextvars.ContextVar[tuple[float, float, Callable[[], bool]]] = contextvars.ContextVar("jinja_deadline")


class TemplateProblem(ValueError):
    """A template that cannot be compiled or rendered; the message names the line when it is known."""


def _range(*numbers: int) -> range:
    found = range(*numbers)
    if len(found) > LONGEST_RANGE:
        raise SecurityError(f"range() may have {LONGEST_RANGE} numbers here")
    return found


def _lipsum(*args: Any, **kwargs: Any) -> str:
    return str(once("lipsum", lambda: generate_lorem_ipsum(*args, **kwargs)))


@pass_environment
def _random(environment: Environment, value: Any) -> Any:
    """Jinja's own filter; a replay chooses as the recorded run did."""
    if not len(value):
        return environment.undefined("No random item, sequence was empty.")
    return value[once("random", lambda: random.randrange(len(value)))]  # noqa: S311 - for texts, not for secrets


def _tick() -> str:
    """Stands at the head of every loop body and macro: there is no other place to stop a template that runs on."""
    until, seconds, is_cancelled = _deadline.get()
    if is_cancelled():
        raise TemplateProblem("The run was stopped.")
    if time.monotonic() > until:
        raise TemplateProblem(f"The template took longer than {seconds:g} seconds.")
    return ""


class Sandbox(SandboxedEnvironment):
    """The sandbox with a clock in loops and limits on what one operation may make."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        found: list[Any] = list(tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock)))
        for node in found:
            call = nodes.Call(nodes.Name(_TICK, "load"), [], [], None, None)
            tick = nodes.Output([call])
            tick.set_lineno(node.lineno)
            tick.set_environment(self)
            node.body.insert(0, tick)
        return tree

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        raise SecurityError(f"access to attribute {attribute!r} of {type(obj).__name__!r} is not allowed")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            _limit_product(left, right)
            _limit_product(right, left)
        elif operator == "**" and isinstance(right, int) and abs(right) > 10_000:
            raise SecurityError("the exponent is too large")
        elif operator == "%" and isinstance(left, str):
            _limit_widths(left)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if getattr(obj, "__name__", "") in _PADDING and isinstance(getattr(obj, "__self__", None), str):
            if any(isinstance(value, int) and value > LONGEST_VALUE for value in args):
                raise SecurityError("the text would be too long")
            if obj.__name__ in ("format", "format_map"):
                _limit_widths(obj.__self__)
        return super().call(context, obj, *args, **kwargs)


def _limit_product(value: Any, times: Any) -> None:
    if isinstance(value, (str, bytes, list, tuple)) and isinstance(times, int) and len(value) * times > LONGEST_VALUE:
        raise SecurityError("the value would be too long")


def _limit_widths(text: str) -> None:
    digits = 0
    for character in text:
        digits = digits + 1 if character.isdigit() else 0
        if digits > 6:
            raise SecurityError("the width in a format is too large")


def _bounded(filter_: Callable[..., Any]) -> Callable[..., Any]:
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(given, int) and given > LONGEST_VALUE for given in (*args, *kwargs.values())):
            raise SecurityError("the text would be too long")
        return filter_(value, *args, **kwargs)

    return bounded


@lru_cache(maxsize=1)
def environment() -> Sandbox:
    """The one environment; undefined names are empty, as the format's own runner has them."""
    made = Sandbox(keep_trailing_newline=False, autoescape=False)  # text, not HTML
    made.globals["range"] = _range
    made.globals["lipsum"] = _lipsum
    made.filters["random"] = _random
    made.globals[_TICK] = _tick
    for name in ("center", "batch", "slice"):
        original = made.filters[name]
        if not hasattr(original, "jinja_pass_arg"):
            made.filters[name] = _bounded(original)
    plain_format = made.filters["format"]

    def limited_format(value: Any, *args: Any, **kwargs: Any) -> Any:
        _limit_widths(str(value))
        return plain_format(value, *args, **kwargs)

    made.filters["format"] = limited_format
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
    except RecursionError as error:
        raise TemplateProblem("The template is nested too deep.") from error


def repeats(text: str) -> bool:
    """May rendering `text` take long, because something in it repeats?"""
    return "{%" in text or "|" in text


def render(
    text: str,
    values: Mapping[str, Any],
    longest: int,
    seconds: float = 15.0,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> str:
    """`text` with `values`, at most `longest` characters and about `seconds` of work, given up when `is_cancelled`.
    Raises TemplateProblem."""
    parts: list[str] = []
    length = 0
    template = compiled(text)
    _deadline.set((time.monotonic() + seconds, seconds, is_cancelled))
    try:
        for part in template.generate(**_own(values)):
            length += len(part)
            if length > longest:
                raise TemplateProblem(f"The output is longer than {longest} characters.")
            parts.append(part)
    except TemplateProblem:
        raise
    except Exception as error:
        # Whatever goes wrong in a template is the template's fault: it runs nothing but its own expressions.
        raise TemplateProblem(f"{type(error).__name__}: {error}") from error
    return "".join(parts)


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: copy.deepcopy(v) if isinstance(v, (dict, list)) else v for name, v in values.items()}
