"""The doors of the room: what importing costs, requests as JSON, the names of events."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from engine.run.events import FIELDS, NODE_END, RUN_END, missing_fields
from engine.run.limits import Limits
from engine.run.request import DebugSettings, ReusedNode, RunPlan, RunRequest

HEAVY = ("pydantic", "jinja2", "sqlalchemy", "httpx", "pydantic_ai", "PySide6", "yaml")


@pytest.mark.parametrize("module", ["engine.run", "engine.run.fold", "engine.run.events", "engine.run.variables.pool"])
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_every_exported_name_is_there() -> None:
    import engine.run

    for name in engine.run.__all__:
        assert getattr(engine.run, name) is not None
    with pytest.raises(AttributeError):
        _ = engine.run.no_such_name


def test_a_request_travels_as_json() -> None:
    plan = RunPlan({"root": {"a": ReusedNode({"x": 1}, updates=({"selector": ["conversation", "n"], "value": 1},))}})
    request = RunRequest(
        graph={"nodes": [], "edges": []},
        inputs={"q": "x"},
        plan=plan,
        debug=DebugSettings(frozenset({"b", "a"}), step=True),
        limits=Limits(max_steps=7),
    )
    again = RunRequest.from_json(json.loads(json.dumps(request.to_json())))
    assert again == request


def test_limits_from_settings() -> None:
    limits = Limits.from_settings({"max_steps": 9, "max_seconds": 3, "http_verify_tls": "no", "unknown": 1})
    assert (limits.max_steps, limits.max_seconds, limits.http_verify_tls) == (9, 3.0, True)
    assert isinstance(limits.max_seconds, float)


def test_terminal_events_are_events() -> None:
    assert set(RUN_END) | set(NODE_END) <= set(FIELDS)
    assert missing_fields({"event": "Nonsense"}) == ["event"]
    assert "edge_id" in missing_fields({"event": "GraphEdgeTaken"})
