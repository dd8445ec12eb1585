"""Conditions of breakpoints: one expression in the language of templates, with `{{#node.name#}}` for any variable.

Names in it: the inputs of the node under their own names, `round` (index of the innermost round, from 0), and after a
failure `error` and `error_type`. What is not there is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from engine.nodes.jinja_sandbox import environment
from engine.run.variables.segments import plain
from engine.run.variables.templates import PATTERN, Selector

if TYPE_CHECKING:
    from engine.run.frames import Frame
    from engine.run.graph import CompiledNode

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class ConditionProblem(ValueError):
    """A condition that cannot be read or evaluated, in words."""


class Condition:
    """A condition that was read. Raises ConditionProblem when it cannot be."""

    def __init__(self, text: str) -> None:
        self.selectors: dict[str, Selector] = {}
        try:
            self._expression = environment().compile_expression(PATTERN.sub(self._name, text), undefined_to_none=True)
        except TemplateError as error:
            raise ConditionProblem(str(error)) from error
        except RecursionError as error:
            raise ConditionProblem("It is nested too deeply.") from error

    def _name(self, match: re.Match[str]) -> str:
        name = f"_value_{len(self.selectors)}"
        self.selectors[name] = tuple(match[1].split("."))
        return f" {name} "

    def met(self, frame: Frame, node: CompiledNode, more: Mapping[str, Any]) -> bool:
        """Whether it is true for a node in its frame now. Raises ConditionProblem."""
        try:
            values = {**_inputs(frame, node), "round": None if frame.is_root else frame.index, **more}
            values.update({name: _value(frame, selector) for name, selector in self.selectors.items()})
            return bool(self._expression(**values))
        except Exception as error:
            # Whatever goes wrong in it is the expression's fault: it runs nothing else.
            raise ConditionProblem(f"{type(error).__name__}: {error}") from error


def _inputs(frame: Frame, node: CompiledNode) -> dict[str, Any]:
    """What the node is about to read, under the names that an expression can use."""
    if node.cls is None:
        return {}
    found = {}
    for key, selector in node.behaviour.variable_mapping().items():
        name = key.removeprefix(f"{node.id}.")
        if _NAME.match(name):
            found[name] = _value(frame, tuple(map(str, selector)))
    return found


def _value(frame: Frame, selector: Selector) -> Any:
    found = frame.pool.get(selector)
    return None if found is None else plain(found)


@lru_cache(maxsize=256)
def condition(text: str) -> Condition:
    """The condition of a text. Raises ConditionProblem."""
    return Condition(text)
