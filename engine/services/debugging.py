"""What the window asks about debugging without running anything."""

from __future__ import annotations


def condition_problem(text: str) -> str:
    """Why the condition of a breakpoint cannot be read; empty when it can."""
    from engine.run.debug_condition import ConditionProblem, condition

    try:
        condition(text)
    except ConditionProblem as problem:
        return str(problem)
    return ""
