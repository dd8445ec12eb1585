"""Whose words a step stumbled over: when a step fails on a value that a model made, or on the error page of a server,
the error says which step and which model gave it, and what can be done. Worked out from the graph and the values of the
run, nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from engine.errors import PenstockError, UserError
from engine.nodes.base import NodeResult, Selector
from engine.ports.models import ModelRef
from engine.run.frames import Execution, Frame

if TYPE_CHECKING:
    from engine.run.graph import CompiledNode
    from engine.run.scheduler import Scheduler

MAKERS: Final = ("llm", "agent", "parameter-extractor", "http-request")
FIRST_ERROR: Final = 400
CUT: Final = ("length", "max_tokens")
LARGER: Final = "A larger model may do better."
_STEPS: Final = ("code", "http-request", "tool", "template-transform", "list-operator", "iteration", "loop")
_FARTHEST: Final = 50
# Errors that say: this value is not what I can use. Names, imports, the network and limits are other matters.
_TYPES: Final = frozenset(["OutputValidationError", "CodeNodeError", "RequestBodyError", "InvalidURLError"])
_IN_CODE: Final = re.compile(
    r"^(?:\w*Decode\w*Error|ValueError|KeyError|IndexError|TypeError|AttributeError|AssertionError)\b|main must return",
    re.MULTILINE,
)
_IN_TOOL: Final = re.compile(r"\bJSON\b|is not an address|cannot be read|not valid|invalid|must be", re.IGNORECASE)
_FENCE: Final = re.compile(r"^\s*```\w*\s*|\s*```\s*$")


def explained(run: Scheduler, execution: Execution, result: NodeResult) -> NodeResult:
    """The failed `result` with a sentence on the model or server whose words it failed on, if it did."""
    if execution.node.type not in _STEPS or not _stumbled(execution.node, result):
        return result
    about_json = _wants_json(execution.node, result)
    found: tuple[int, str] | None = None
    for maker, frame in _makers(run, execution, result.error):
        said = _sentence(run, maker, frame, about_json=about_json)
        if said is not None and (found is None or said[0] > found[0]):
            found = said
    return result if found is None else replace(result, error=f"{result.error}\n{found[1]}")


def _stumbled(node: CompiledNode, result: NodeResult) -> bool:
    if result.error_type in _TYPES:
        return True
    if node.type == "code":
        script = str(node.data.get("code_language")) == "javascript" and "SyntaxError" in result.error
        parses = "JSON.parse" in str(node.data.get("code") or "")
        return result.error_type == "CodeExecutionError" and (
            bool(_IN_CODE.search(result.error)) or (script and parses)
        )
    if node.type == "tool":
        return result.error_type.startswith("Tool") and bool(_IN_TOOL.search(result.error))
    return False


def _wants_json(node: CompiledNode, result: NodeResult) -> bool:
    reads = ("json.loads", "JSON.parse") if node.type == "code" else ()
    source = str(node.data.get("code") or "")
    return "json" in f"{result.error_type} {result.error}".lower() or any(word in source for word in reads)


# -- from the step back to the models ----------------------------------------------------------------------------------


def _makers(run: Scheduler, execution: Execution, error: str) -> Iterator[tuple[CompiledNode, Frame]]:
    """The steps of models and servers whose values reached the failed one, the nearest first; values that the error
    names before all others."""
    named: list[Selector] = []
    others: list[Selector] = []
    for name, selector in _reads(execution.node).items():
        word = name.rpartition(".")[2]
        (named if re.search(rf"\b{re.escape(word)}\b", error) else others).append(selector)
    waiting = [*named, *others]
    seen: set[tuple[str, str]] = set()
    while waiting and len(seen) < _FARTHEST:
        selector = waiting.pop(0)
        if len(selector) < 2 or selector[:2] in seen:
            continue
        seen.add((selector[0], selector[1]))
        frame = _holding(execution.frame, selector)
        if frame is None:
            continue
        if selector[0] == "conversation":
            waiting += [s for n in run.graph.nodes.values() if n.type == "assigner" for s in _written(n, selector)]
            continue
        node = run.graph.nodes.get(selector[0])
        if node is None:
            continue
        if node.type in MAKERS and node is not execution.node:
            yield node, frame
        else:
            waiting += _reads(node).values()
            inner = node.data.get("output_selector")
            waiting += [tuple(map(str, inner))] if isinstance(inner, list) else []


def _reads(node: CompiledNode) -> Mapping[str, Selector]:
    try:
        return node.behaviour.variable_mapping()
    except (UserError, ValidationError):
        return {}


def _written(node: CompiledNode, target: Selector) -> list[Selector]:
    try:
        writes = [tuple(s) for s in node.behaviour.writes()]
    except (UserError, ValidationError):
        return []
    return [s for s in _reads(node).values() if s not in writes] if tuple(target[:2]) in writes else []


def _holding(frame: Frame | None, selector: Selector) -> Frame | None:
    """The frame, this one or one around it, that has a value there."""
    while frame is not None:
        if frame.pool.get_variable(selector[:2]) is not None:
            return frame
        frame = frame.parent
    return None


# -- what is said of one -----------------------------------------------------------------------------------------------


def _sentence(run: Scheduler, node: CompiledNode, frame: Frame, *, about_json: bool) -> tuple[int, str] | None:
    """How good a reason this step is, and the words; None when no model was asked (a mock or a pinned result)."""
    values = frame.pool.values(node.id)
    who = f"“{node.title or node.id}”{_model(run, node)}"
    if node.type == "http-request":
        status = values.get("status_code")
        bad = isinstance(status, int | float) and status >= FIRST_ERROR
        return (3, f"The answer that {who} got was an error: status {status:.0f}.") if bad else None
    if node.type == "parameter-extractor":
        if "__usage" not in values:
            return None
        if not values.get("__is_success"):
            return 2, f"{who} did not find every value ({values.get('__reason')}). {LARGER}"
        return 0, f"The value was found by {who}. {LARGER}"
    if "usage" not in values and node.type == "llm":
        return None
    text = str(values.get("text") or "")
    other = about_json and not _FENCE.sub("", text).lstrip().startswith(("{", "["))
    if str(values.get("finish_reason") or "").lower() in CUT and not other:
        return 3, f"The text that {who} gave was cut off at its limit of tokens. Raise max_tokens in its settings."
    if about_json and not _is_json(text):
        return 2, f"The text that {who} gave is not JSON. {LARGER}"
    return 1, f"The value was made from the text that {who} gave. {LARGER}"


def _is_json(text: str) -> bool:
    try:
        json.loads(_FENCE.sub("", text))
    except ValueError:
        return False
    return True


def _model(run: Scheduler, node: CompiledNode) -> str:
    """` (name of the model that answered)`, or nothing when that is not known."""
    chosen: Any = node.data.get("model")
    if node.type == "agent":
        parameters = node.data.get("agent_parameters")
        given = parameters.get("model") if isinstance(parameters, Mapping) else None
        chosen = given.get("value") if isinstance(given, Mapping) else None
    if not isinstance(chosen, Mapping) or run.ports.models is None:
        return ""
    name = str(chosen.get("name") or chosen.get("model") or "")
    try:
        info = run.ports.models.resolve(ModelRef(str(chosen.get("provider") or ""), name))
    except PenstockError:
        return f" ({name})" if name else ""
    return f" ({info.label or info.ref.name})"


__all__ = ["explained"]
