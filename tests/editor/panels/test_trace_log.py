"""What an agent did, as a tree below its step: rounds, thoughts, calls with their time and payload; prices."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex

from editor.amounts import price_text
from editor.panels.trace import Trace
from editor.panels.trace_model import TOKENS
from engine.run.fold import RunState
from tests.editor.panels.test_trace import below, said, texts
from tests.engine.nodes.ai.test_agent import agent, echo, go, tool
from tests.helpers.model import made, node
from tests.helpers.models import ScriptedModel, call
from tests.helpers.studio import Studio

STEP = {"id": "e1", "node_id": "2", "node_type": "agent", "node_title": "Agent", "frame_id": "root"}
AT = "2026-01-01T00:00:00Z"


def agent_events() -> list[dict[str, Any]]:
    """The events of a run whose agent calls a tool once and answers."""
    told = go(agent(tool()), ScriptedModel(call("t"), "done"), echo()).sent("NodeRunAgentLog")
    events = [
        {"event": "GraphRunStarted", "run_id": "r", "reason": "initial", "inputs": {}},
        {"event": "NodeRunStarted", "start_at": AT, **STEP},
        *({"event": "NodeRunAgentLog", **STEP, **fields} for fields in told),
        {
            "event": "NodeRunSucceeded", **STEP, "outputs": {"text": "done"}, "elapsed_time": 1.0, "finished_at": AT,
            "metadata": {"total_tokens": 30, "total_price": "0.0000446", "currency": "USD"},
        },
    ]  # fmt: skip
    return [{"seq": n, "at": AT, **event} for n, event in enumerate(events, 1)]


def shown(studio: Studio) -> tuple[Trace, RunState]:
    flow = made([node("1", "start", variables=[]), node("2", "agent", title="Agent")], [("1", "2")])
    app_id = studio.services.workflows.create("workflow", "Agent", workflow=flow)
    page = studio.open_app(app_id)
    state = RunState()
    page.session.show_past(state)
    page.show_drawer("trace")
    return page.trace, state


@pytest.mark.spec("ai.139", "editor.60")
def test_the_log_of_an_agent_grows_as_a_tree(studio: Studio) -> None:
    trace, state = shown(studio)
    session = studio.page.session
    for event in agent_events():
        state.apply(event)
        session.runChanged.emit()
    studio.settle()

    assert texts(trace) == ["Agent"]
    assert texts(trace, below(trace, "Agent")) == ["ROUND 1", "ROUND 2"]
    assert texts(trace, below(trace, "Agent", "ROUND 1")) == ["scripted Thought", "CALL t"]
    thought = below(trace, "Agent", "ROUND 1", "scripted Thought")
    assert trace.model.index(thought.row(), TOKENS, thought.parent()).data() == "15"

    trace.tree.setCurrentIndex(below(trace, "Agent", "ROUND 1", "CALL t"))
    words = said(trace)
    assert "CALL t" in words
    assert "got {}" in words

    trace.tree.setCurrentIndex(below(trace, "Agent"))
    assert "$0.0000446" in said(trace)


@pytest.mark.spec("ai.139")
def test_a_stored_run_shows_the_same_tree(studio: Studio) -> None:
    trace, live = shown(studio)
    for event in agent_events():
        live.apply(event)
    studio.page.session.runChanged.emit()
    grown = tree_of(trace)
    again = RunState()
    for event in agent_events():
        again.apply(event)
    studio.page.session.show_past(again)
    studio.settle()
    assert tree_of(trace) == grown


def tree_of(trace: Trace, index: QModelIndex | None = None) -> list[Any]:
    model, place = trace.model, index or QModelIndex()
    return [
        (str(model.index(row, 0, place).data()), tree_of(trace, model.index(row, 0, place)))
        for row in range(model.rowCount(place))
    ]


def test_prices_are_for_people() -> None:
    assert price_text("0.0000446", "USD") == "$0.0000446"
    assert price_text("12.50", "") == "$12.5"
    assert price_text("0.3", "RMB") == "0.3 RMB"
    assert price_text("0", "USD") == price_text("0.0000000", "USD") == price_text("", "") == ""
