"""What a start node says of the inputs of a run, before one is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import PenstockError


def input_fault(variable: Mapping[str, Any], value: Any) -> str:
    """What is wrong with the value of an input, as the run would say it; an empty text when nothing is."""
    from engine.nodes.start import OBJECT_TYPES, StartVariable, check_inputs, object_problem

    name = str(variable.get("variable") or "")
    try:
        checked = check_inputs("", [variable], {name: value})[name]
        declared = StartVariable.model_validate(dict(variable))
        problem = object_problem(declared, checked) if declared.type in OBJECT_TYPES else None
    except PenstockError as error:
        return error.message
    return "" if problem is None else str(problem)
