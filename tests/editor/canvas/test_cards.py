"""What cards tell of each node type (editor inventory, section 4), and that nothing of it is clipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from editor.canvas import metrics as m
from editor.canvas.card import card_content
from editor.canvas.content import CardContent, Part, Row
from editor.canvas.paint.drawing import make_drawing
from editor.canvas.paint.reading import font_metrics
from editor.i18n import set_language
from editor.theme import set_theme
from engine.nodes import registry
from tests.helpers.canvas import IF_ELSE, CanvasHand, graph_of, node

MODEL = {"provider": "embedded", "name": "SmolLM2-135M-Instruct", "mode": "chat"}
SAMPLES: dict[str, dict[str, Any]] = {
    "start": {"variables": [{"variable": "question", "label": "问题", "type": "paragraph", "required": True}]},
    "end": {"outputs": [{"variable": "answer", "value_selector": ["start", "x"]}]},
    "answer": {"answer": "The result is {{#start.x#}}\nand that is all"},
    "llm": {
        "model": MODEL,
        "prompt_template": [{"role": "system", "text": "请总结下面这段很长很长的文字，谢谢你的帮助"}],
    },
    "question-classifier": {
        "model": MODEL,
        "query_variable_selector": ["sys", "query"],
        "classes": [{"id": "1", "name": "Questions about the bill"}, {"id": "2", "name": "其他问题"}],
    },
    "parameter-extractor": {
        "model": MODEL,
        "query": ["start", "x"],
        "parameters": [{"name": "city"}, {"name": "date"}],
    },
    "if-else": dict(IF_ELSE),
    "code": {"code_language": "python3", "code": "import json\n\ndef main(x: str) -> dict:\n    return {}"},
    "template-transform": {"template": "Dear {{ name }},"},
    "http-request": {"method": "post", "url": "https://api.example.org/v1/items?limit=10"},
    "tool": {
        "tool_label": "Search",
        "provider_name": "web/search",
        "tool_parameters": {"query": {"value": "{{#start.x#}}"}},
    },
    "agent": {
        "agent_strategy_label": "ReAct",
        "agent_parameters": {
            "model": {"value": {"model": "gpt"}},
            "tools": {"value": [{"enabled": True, "tool_label": "Current time"}, {"tool_name": "wiki"}]},
        },
    },
    "knowledge-retrieval": {
        "query_variable_selector": ["sys", "query"],
        "dataset_ids": ["a", "b"],
        "multiple_retrieval_config": {"top_k": 4},
    },
    "variable-aggregator": {"variables": [["start", "x"], ["gone", "text"]], "output_type": "array[string]"},
    "assigner": {
        "items": [
            {
                "variable_selector": ["conversation", "memory"],
                "operation": "append",
                "input_type": "variable",
                "value": ["start", "x"],
            },
            {
                "variable_selector": ["conversation", "count"],
                "operation": "+=",
                "input_type": "constant",
                "value": 25,
            },
        ]
    },
    "document-extractor": {"variable_selector": ["start", "file"]},
    "list-operator": {
        "variable": ["sys", "files"],
        "filter_by": {"enabled": True},
        "limit": {"enabled": True, "size": 3},
    },
    "iteration": {"iterator_selector": ["start", "items"], "is_parallel": True, "parallel_nums": 5},
    "loop": {"loop_count": 10, "break_conditions": [{}]},
    "human-input": {
        "form_content": "Please approve",
        "user_actions": [{"id": "yes", "title": "Approve"}, {"id": "no"}],
        "delivery_methods": [{"type": "webapp"}, {"type": "email", "enabled": False}],
    },
    "trigger-schedule": {"frequency": "daily", "visual_config": {"time": "9:00 AM"}},
    "trigger-webhook": {"method": "post", "webhook_url": "https://example.org/hook"},
    "trigger-plugin": {"event_name": "on_created", "subscription_id": "sub-12"},
    "knowledge-index": {"chunk_structure": "text_model", "indexing_technique": "high_quality"},
    "datasource": {"datasource_label": "File", "fileExtensions": ["pdf"]},
}
SHOWS = {
    "start": ["question", "问题", "required"],
    "end": ["answer", "x"],
    "answer": ["The result is", "x", "and that is all"],
    "llm": ["SmolLM2-135M-Instruct", "请总结下面这段很长很长的文字，谢谢你的帮助"],
    "question-classifier": ["Questions about the bill", "其他问题", "sys.query"],
    "parameter-extractor": ["city", "date"],
    "if-else": ["IF", "ELIF", "ELSE", "contains", "yes", "is empty", "any of"],
    "code": ["Python", "def main(x: str) -> dict:"],
    "template-transform": ["Jinja", "Dear {{ name }},"],
    "http-request": ["POST", "api.example.org/v1/items"],
    "tool": ["Search", "query"],
    "agent": ["ReAct", "gpt", "2 tools", "Current time", "wiki"],
    "knowledge-retrieval": ["sys.query", "2 knowledge bases", "unresolved", "top 4"],
    "variable-aggregator": ["x", "missing", "array[string]"],
    "assigner": ["memory", "append", "x", "add", "25"],
    "document-extractor": ["file"],
    "list-operator": ["filter", "first 3"],
    "iteration": ["items", "×5"],
    "loop": ["max 10", "1 exit rule"],
    "human-input": ["Please approve", "in the program", "Approve"],
    "trigger-schedule": ["daily", "9:00 AM"],
    "trigger-webhook": ["POST", "https://example.org/hook"],
    "trigger-plugin": ["on_created", "Subscription", "sub-12"],
    "knowledge-index": ["high quality"],
    "datasource": ["File", "pdf"],
}


def content_of(node_type: str, **more: Any) -> CardContent:
    graph = graph_of(
        node("start", 0, 0, "start", title="User input"),
        node("n", 0, 0, node_type, **{**SAMPLES.get(node_type, {}), **more}),
    )
    return card_content(graph.nodes["n"], graph, registry.spec(node_type))


def words(content: CardContent) -> list[str]:
    found = [part.text for row in content.rows for part in row.parts]
    found += [part.prefix for row in content.rows for part in row.parts if part.prefix]
    return found + [row.label for row in content.rows]


@pytest.mark.parametrize(
    ("node_type", "badge"),
    [("start", "START"), ("trigger-webhook", "TRIGGER"), ("trigger-schedule", "TRIGGER"), ("llm", "")],
)
def test_what_a_run_begins_with_says_so(node_type: str, badge: str) -> None:
    assert content_of(node_type).badge == badge


def test_a_schedule_tells_when_it_fires_next() -> None:
    graph = graph_of(node("n", 0, 0, "trigger-schedule", mode="cron", cron_expression="0 0 1 1 *", timezone="UTC"))
    content = card_content(graph.nodes["n"], graph, registry.spec("trigger-schedule"))
    assert f"Next: {datetime.now(UTC).year + 1}-01-01 00:00" in words(content)
    odd: list[dict[str, Any]] = [
        {"mode": "cron", "cron_expression": "every day"},
        {"mode": "cron", "cron_expression": "0 0 30 2 *"},
        {"mode": [], "timezone": {}},
        {"mode": "visual", "frequency": "weekly", "visual_config": {"time": 9, "weekdays": {}}},
        {"mode": "visual", "frequency": {}, "visual_config": []},
    ]
    for data in odd:
        graph = graph_of(node("n", 0, 0, "trigger-schedule", **data))
        assert not any(
            "Next" in w for w in words(card_content(graph.nodes["n"], graph, registry.spec("trigger-schedule")))
        )


def test_a_time_that_is_over_gives_way_to_the_next(canvas: Callable[..., CanvasHand]) -> None:
    hand = canvas(graph_of(node("n", 0, 0, "trigger-schedule", mode="cron", cron_expression="* * * * *")))
    item = hand.view.scene.items["n"]
    old = replace(item.full, rows=tuple(Row((Part("text", "Next: 2001-01-01 00:00"),)) for _ in item.full.rows))
    item.full = item.content = old
    hand.view._tell_time()
    fresh = words(hand.view.scene.items["n"].content)
    assert not any("2001" in word for word in fresh)
    assert any(word.startswith("Next: 20") for word in fresh)


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("node_type", sorted(SHOWS))
def test_a_card_tells_what_its_node_does(node_type: str) -> None:
    shown = words(content_of(node_type))
    missing = [text for text in SHOWS[node_type] if text not in shown]
    assert not missing, shown


@pytest.mark.spec("editor.36")
def test_a_tool_shows_what_it_is_given_and_says_how_much_more_there_is() -> None:
    given = {name: {"type": "mixed", "value": f"for {name}"} for name in ("one", "two", "three", "four", "five", "six")}
    given["none"] = {"type": "mixed", "value": ""}
    graph = graph_of(node("n", 0, 0, "tool", tool_label="Search", tool_parameters=given))
    shown = words(card_content(graph.nodes["n"], graph, registry.spec("tool")))
    assert {"one", "for one", "four", "for four"} <= set(shown)
    assert "five" not in shown
    assert "none" not in shown
    assert "and 2 more" in shown


@pytest.mark.spec("editor.36", "editor.66")
def test_a_tool_shows_its_settings_and_nothing_of_secrets() -> None:
    content = content_of(
        "tool",
        tool_parameters={"key": {"type": "constant", "value": "sk-secret"}},
        tool_configurations={"limit": {"type": "constant", "value": 5}, "deep": {"type": "constant", "value": False}},
        paramSchemas=[{"name": "key", "type": "secret-input"}],
    )
    rows = [[part.text for part in row.parts] for row in content.rows]
    assert rows[1:] == [["key", "••••••"], ["limit", "5"], ["deep", "false"]]


def chips_of(content: CardContent) -> dict[str, tuple[str, str]]:
    return {part.text: (part.icon, part.tone) for row in content.rows for part in row.parts if part.kind == "chip"}


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize(
    ("code", "words"), [("tool.unknown", "Not installed here"), ("tool.no_account", "No account here")]
)
def test_tools_that_cannot_be_called_here_are_marked_on_the_card(
    canvas: Callable[..., CanvasHand], code: str, words: str
) -> None:
    tools = [
        {"enabled": False, "tool_label": "Off"},
        {"enabled": True, "tool_label": "Fine"},
        {"enabled": True, "tool_label": "Lost"},
    ]
    hand = canvas(
        graph_of(
            node("t", 0, 0, "tool", tool_label="Search", provider_name="web", error_strategy="fail-branch"),
            node("a", 300, 0, "agent", agent_parameters={"tools": {"value": tools}}),
            node("b", 600, 0),
            edges=(("t", "fail-branch", "b"),),
        )
    )
    scene = hand.view.scene
    before, end = chips_of(scene.items["t"].content), hand.view.socket_pos("t", "fail-branch")
    assert words not in before
    assert set(chips_of(scene.items["a"].content)) >= {"Fine", "Lost"}
    hand.view.set_lacks({"t": {"tool_name": code}, "a": {"agent_parameters.tools.value.2": code}})
    assert chips_of(scene.items["t"].content)[words] == ("warning", "warn")
    # The row pushes the branch down, and the connection goes with it.
    assert hand.view.socket_pos("t", "fail-branch").y() > end.y()
    route = next(iter(scene.edges.values())).route
    assert hand.view.camera.to_view(route.x1, route.y1)[1] == pytest.approx(
        hand.view.socket_pos("t", "fail-branch").y()
    )
    found = chips_of(scene.items["a"].content)
    assert (found["Lost"], found["Fine"]) == (("warning", "warn"), ("tool", "text"))
    assert "Off" not in found  # named last, and there is room for two
    hand.view.set_lacks({})
    assert chips_of(scene.items["t"].content) == before
    assert chips_of(scene.items["a"].content)["Lost"] == ("tool", "text")


def test_tools_that_are_switched_off_are_marked_and_come_last() -> None:
    tools = [{"enabled": False, "tool_label": "Off"}, {"enabled": True, "tool_label": "On"}]
    content = content_of("agent", agent_parameters={"tools": {"value": tools}})
    shown = chips_of(content)
    assert (shown["On"], shown["Off"]) == (("tool", "text"), ("bypass", "faint"))
    assert list(shown).index("On") < list(shown).index("Off")


def test_a_plugin_trigger_without_a_subscription_says_so() -> None:
    assert "No subscription" in words(content_of("trigger-plugin", subscription_id=""))


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_long_title_leaves_the_badge_of_a_start_its_place(language: str) -> None:
    set_language(language)
    content = content_of("trigger-webhook", title="一个非常长的标题 with English words too, and more of them")
    title, badge = make_drawing(content).title[::-1]
    assert badge[1].text() == content.badge
    assert title[1].text().endswith("…")
    assert title[0].x() + title[1].size().width() <= badge[0].x()


@pytest.mark.parametrize("node_type", sorted(registry.SPECS))
def test_every_type_has_an_icon_and_draws_with_no_settings(node_type: str) -> None:
    from editor.icons import has_icon

    spec = registry.spec(node_type)
    assert spec is not None
    assert has_icon(spec.icon), spec.icon
    graph = graph_of(node("n", 0, 0, node_type))
    content = card_content(graph.nodes["n"], graph, spec)
    assert content.height >= m.HEADER
    assert {s.handle for s in content.sockets} == {h.id for h in spec.handles(graph.nodes["n"].data)}


def test_branches_have_their_sockets_on_their_rows() -> None:
    content = content_of("if-else")
    assert [s.handle for s in content.sockets] == ["true", "second", "false"]
    heights = [content.socket_y(s.handle) for s in content.sockets]
    assert heights == sorted(heights)
    assert heights[0] > m.HEADER
    assert content_of("code").socket_y("source") == m.HEADER / 2


@pytest.mark.spec("editor.51")
def test_a_fail_branch_adds_a_socket_and_taking_it_away_removes_it() -> None:
    with_branch = content_of("code", error_strategy="fail-branch")
    assert [(s.handle, s.fail) for s in with_branch.sockets] == [("source", False), ("fail-branch", True)]
    assert [s.handle for s in content_of("code").sockets] == ["source"]


def test_retry_and_default_value_have_their_lines() -> None:
    content = content_of(
        "http-request", retry_config={"retry_enabled": True, "max_retries": 3}, error_strategy="default-value"
    )
    assert "Tries 3 more times on failure" in words(content)
    assert "On failure: default value" in words(content)


def test_an_unknown_type_shows_its_name_and_kept_settings() -> None:
    content = content_of("my-own-node", alpha="one", beta=[1, 2])
    assert content.unknown
    assert {"my-own-node", "alpha", "one", "beta", "[2]"} <= set(words(content))


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("theme_name", ["dark", "light"])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("node_type", sorted(SAMPLES))
def test_no_text_leaves_its_card(node_type: str, language: str, theme_name: str) -> None:
    set_language(language)
    set_theme(theme_name)  # type: ignore[arg-type]
    content = content_of(node_type, title="一个非常非常长的节点标题用来检查截断是否正确 with English words too")
    drawing = make_drawing(content)
    right = m.CARD_WIDTH - m.PAD
    for place, text, _font, _colour in (*drawing.title, *drawing.texts):
        size = text.size()
        assert place.x() >= m.PAD
        assert place.x() + size.width() <= right + 1.5, text.text()
        assert place.y() + size.height() <= content.height + 0.5
    for rect, *_ in drawing.rectangles:
        assert rect.right() <= right + 0.5
    set_theme("dark")


def test_texts_are_shortened_with_an_ellipsis_not_cut() -> None:
    drawing = make_drawing(content_of("code", title="word " * 30))
    (title,) = [text.text() for _, text, *_ in drawing.title]
    assert title.endswith("…")
    assert font_metrics("title").horizontalAdvance(title) <= m.CARD_WIDTH


def test_a_field_of_a_form_is_nothing_that_is_missing() -> None:
    from editor.canvas.reading import Naming
    from engine.model.graph import Graph

    naming = Naming(Graph.from_config({"nodes": [], "edges": []}))
    field, gone = naming.variable(["$output", "comment"]), naming.variable(["nobody", "comment"])
    assert (field.text, field.prefix, gone.tone) == ("comment", "", "bad")
    assert field.tone != "bad"


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("zoom", [1.0, 0.6, 0.55, 0.5])
def test_conditions_are_there_at_every_zoom_that_shows_rows(qapp: QApplication, zoom: float) -> None:
    compared = {"id": "c", "variable_selector": ["sys", "query"], "comparison_operator": "is", "value": "chat"}
    cases = [
        {"case_id": name, "logical_operator": "and", "conditions": [{**compared, "value": name}]} for name in ("a", "b")
    ]
    drawing = make_drawing(content_of("if-else", cases=cases), zoom)
    words = [text.text() for _, text, _, _ in drawing.texts]
    assert words.count("is") == 2
    assert {"a", "b", "IF", "ELIF", "ELSE"} <= set(words)
