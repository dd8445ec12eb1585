"""Runs of a workflow: commands in, events out. Node types and storage do not belong here.

The names below are imported at first use, so that `import engine.run` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.run.engine import start_run
    from engine.run.fold import RunState, fold
    from engine.run.graph import GraphError
    from engine.run.limits import Limits
    from engine.run.plan import plan_from, plan_resume
    from engine.run.request import DebugSettings, Recorder, RunHandle, RunPlan, RunRefused, RunRequest

_HOMES = {
    "start_run": "engine",
    "RunState": "fold",
    "fold": "fold",
    "GraphError": "graph",
    "Limits": "limits",
    "plan_from": "plan",
    "plan_resume": "plan",
    "DebugSettings": "request",
    "Recorder": "request",
    "RunHandle": "request",
    "RunPlan": "request",
    "RunRefused": "request",
    "RunRequest": "request",
}

__all__ = [
    "DebugSettings",
    "GraphError",
    "Limits",
    "Recorder",
    "RunHandle",
    "RunPlan",
    "RunRefused",
    "RunRequest",
    "RunState",
    "fold",
    "plan_from",
    "plan_resume",
    "start_run",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(name)
    return getattr(import_module(f"engine.run.{home}"), name)
