"""What the canvas shows: runs, problems, levels of detail, notes, pictures, words for screen readers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QAccessible, QColor, QImage, QPainter, QPen
from PySide6.QtTest import QTest

from editor.canvas import lexical
from editor.canvas.accessibility import CanvasAccessible, install
from editor.canvas.minimap import Minimap
from editor.canvas.paint.context import Level, level_for
from editor.canvas.runview import extra_for, head_lines, node_run_of, tail_lines
from editor.i18n import set_language
from editor.theme import set_theme, theme
from engine.model.edits import MoveNodes, SetField
from engine.run.fold import NodeRunState, RunState
from tests.helpers.canvas import CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]
CHAIN = graph_of(
    node("a", 0, 0, "start"),
    node("b", 300, 0, "llm"),
    node("c", 600, 0, "answer", answer="ok"),
    edges=(("a", "b"), ("b", "c")),
)


def colour_at(hand: CanvasHand, at: QPointF) -> QColor:
    return hand.view.grab().toImage().pixelColor(at.toPoint())


def run_state(**nodes: NodeRunState) -> RunState:
    state = RunState(run_id="r", status="running")
    state.nodes.update(nodes)
    return state


# -- runs -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.37")
@pytest.mark.parametrize(
    ("status", "token"),
    [
        ("running", "accent"),
        ("succeeded", "good"),
        ("failed", "bad"),
        ("exception", "warn"),
        ("held", "held"),
        ("paused", "held"),
        ("retry", "warn"),
    ],
)
@pytest.mark.parametrize("kind", ["llm", "iteration"])
def test_the_border_has_the_states_colour(canvas: Make, kind: str, status: str, token: str) -> None:
    hand = canvas(graph_of(node("b", 0, 0, kind, width=400, height=200)))
    plain = colour_at(hand, border_place(hand))
    hand.view.set_run_state(run_state(b=NodeRunState("b", "x", status=status)))
    hand.settle()
    border, wanted = colour_at(hand, border_place(hand)), theme().color(token)
    if status == "succeeded":  # what went well is quieter
        assert border != plain
        assert abs(border.hslHue() - wanted.hslHue()) <= 12
    else:
        assert border.name() == wanted.name()


def border_place(hand: CanvasHand) -> QPointF:
    rect = hand.view.node_rect("b")
    return QPointF(rect.center().x(), rect.top())


@pytest.mark.spec("editor.37")
def test_states_are_also_told_by_a_glyph_and_by_words(canvas: Make) -> None:
    from editor.canvas.paint.running import _footer_words
    from editor.canvas.runview import WORDS

    hand = canvas(CHAIN)
    plain = hand.view.grab().toImage()
    seen = set()
    for status in ("succeeded", "failed", "exception", "skipped", "stopped", "paused", "retry", "held", "waiting"):
        hand.view.set_run_state(run_state(b=NodeRunState("b", "x", status=status)))
        hand.settle()
        rect = hand.view.node_rect("b").toRect()
        glyph = hand.view.grab().toImage().copy(rect.right() - 30, rect.top() + 16, 20, 20)
        seen.add(bytes(glyph.convertToFormat(QImage.Format.Format_Grayscale8).constBits()))
        from editor.canvas.tips import node_description

        item = hand.view.scene.items["b"]
        assert WORDS[status] in node_description(hand.view, item)
        assert item.shown.footer
        assert _footer_words(hand.view.state.runs["b"])[0][1].startswith(WORDS[status])
    assert len(seen) >= 8
    hand.view.set_run_state(None)
    hand.settle()
    assert hand.view.grab().toImage() == plain


def test_a_finished_node_tells_time_and_tokens_and_grows_by_a_footer(canvas: Make) -> None:
    hand = canvas(CHAIN)
    before = hand.view.scene.items["b"].box.height
    done = NodeRunState("b", "x", status="succeeded", finished_at="now", elapsed=1.25, tokens=1500)
    hand.view.set_run_state(run_state(b=done))
    assert hand.view.scene.items["b"].box.height == before + 28
    hand.view.set_run_state(None)
    assert hand.view.scene.items["b"].box.height == before


def test_a_node_that_waits_for_its_model_says_how_far_that_is(canvas: Make) -> None:
    from editor.canvas.hit import Hit
    from editor.canvas.paint.running import _footer_words
    from editor.canvas.tips import tip_for

    hand = canvas(CHAIN)
    state = run_state(b=NodeRunState("b", "x", status="running"))
    state.executions["x"] = state.nodes["b"]
    hand.view.set_run_state(state)
    running = hand.view.grab().toImage()
    state.apply({"event": "NodeRunModelLoading", "id": "x", "node_id": "b", "share": 0.456})
    hand.view.apply_run_changes(["b"], [])
    hand.settle()
    assert _footer_words(hand.view.state.runs["b"]) == [("cpu", "Loading the model: 45 %", "muted")]
    assert "Loading the model: 45 %" in tip_for(hand.view, Hit("node", "b"))
    assert hand.view.grab().toImage() != running
    state.apply({"event": "NodeRunStreamChunk", "id": "x", "node_id": "b", "chunk": "Hi"})
    hand.view.apply_run_changes(["b"], [])
    assert hand.view.state.runs["b"].loading is None


def test_only_named_changes_are_taken(canvas: Make) -> None:
    hand = canvas(CHAIN)
    state = run_state(a=NodeRunState("a", "x", status="running"))
    hand.view.set_run_state(state)
    state.nodes["b"] = NodeRunState("b", "y", status="running")
    state.edges[next(iter(hand.graph.edges))] = "taken"
    assert "b" not in hand.view.state.runs
    hand.view.apply_run_changes(["b"], list(state.edges))
    assert hand.view.state.runs["b"].status == "running"
    assert list(hand.view.state.edge_runs.values()) == ["flowing"]
    state.nodes["b"].status = "succeeded"
    hand.view.apply_run_changes(["b"], [])
    assert list(hand.view.state.edge_runs.values()) == ["taken"]


@pytest.mark.spec("editor.37")
def test_a_node_whose_every_way_was_skipped_is_shown_as_skipped(canvas: Make) -> None:
    hand = canvas(CHAIN)
    state = run_state(a=NodeRunState("a", "x", status="succeeded"))
    hand.view.set_run_state(state)
    edge = next(e for e in hand.view.scene.edges.values() if e.target == "b")
    state.edges[edge.id] = "skipped"
    hand.view.apply_run_changes([], [edge.id])
    assert hand.view.state.runs["b"].status == "skipped"
    assert "c" not in hand.view.state.runs
    hand.view.set_run_state(None)
    hand.view.set_run_state(state)
    assert hand.view.state.runs["b"].status == "skipped"


def test_streamed_text_shows_its_last_lines() -> None:
    state = NodeRunState("b", "x", status="running", chunks=["one two three ", "four five six seven eight nine ten"])
    run = node_run_of(state)
    assert extra_for(run, streams=True).lines == 3
    assert tail_lines(run.text, 20, 2)[-1].endswith("ten")
    assert all(len(line) <= 10 for line in tail_lines("中文文字" * 20, 20, 3))


def test_a_text_that_is_whole_shows_its_beginning() -> None:
    said = "\n" + "one two three four five six seven eight nine ten " * 100
    run = node_run_of(NodeRunState("b", "x", status="succeeded", chunks=[said]))
    lines = head_lines(run.text, 20, 2)
    assert lines[0].startswith("one two three")
    assert len(lines) == 2
    assert lines[-1].endswith("…"), "and says that there is more"
    assert head_lines("short", 20, 2) == ["short"]


def test_attempts_are_counted_against_the_retry_setting() -> None:
    again = NodeRunState("b", "x", status="retry", attempt=2, error="HTTP 503\nmore")
    run = node_run_of(again, node("b", retry_config={"retry_enabled": True, "max_retries": 3}))
    assert (run.attempt, run.attempts, run.error) == (2, 4, "HTTP 503")


@pytest.mark.spec("editor.36", "editor.37")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("zoom", [1.0, 0.75, 0.62, 0.5])
def test_a_footer_says_the_state_and_no_half_numbers(qapp: object, zoom: float, language: str) -> None:
    from editor.canvas import metrics as m
    from editor.canvas.paint.reading import enlarged, font_metrics, glyph_size, reading_step
    from editor.canvas.paint.running import _fitting, _footer_words
    from editor.canvas.runview import WORDS, NodeRun, state_word

    set_language(language)
    step = reading_step(zoom)
    metrics, side = font_metrics("tiny", None, enlarged("tiny", step)), glyph_size(12.0, step)
    try:
        for status in WORDS:
            run = NodeRun(status, elapsed=3723.4, tokens=1_234_567, attempt=2, attempts=4)
            words = _footer_words(run)
            shown = _fitting(words, metrics, side)
            assert shown[0][1].startswith(state_word(status))
            assert shown[1:] == words[1 : len(shown)]
            taken = sum(side + 4 + metrics.horizontalAdvance(text) for _, text, _ in shown) + 12 * (len(shown) - 1)
            # One state is longer than the footer of a small card, and elided there.
            assert taken <= m.CARD_WIDTH - 2 * m.PAD or [t for _, t, _ in shown] == [state_word(status)]
    finally:
        set_language("en")


@pytest.mark.spec("editor.36", "editor.37")
@pytest.mark.parametrize(
    ("status", "attempt", "words"),
    [
        ("running", 1, "Tries 2 more times on failure"),
        ("retry", 2, "Retrying…"),
        ("running", 2, "Retrying…"),
        ("succeeded", 1, "Tries 2 more times on failure"),
        ("succeeded", 3, "Retry successful"),
        ("failed", 2, "1 retry failed"),
        ("failed", 3, "2 retries failed"),
        ("exception", 3, "2 retries failed"),
        ("stopped", 2, "Tries 2 more times on failure"),
    ],
)
def test_the_retry_line_tells_what_became_of_it(canvas: Make, status: str, attempt: int, words: str) -> None:
    again = {"retry_enabled": True, "max_retries": 2}
    hand = canvas(graph_of(node("b", 0, 0, "http-request", url="http://a", retry_config=again)))

    def line() -> str:
        rows = hand.view.scene.items["b"].content.rows
        return next(row.parts[0].text for row in rows if row.parts[0].icon == "retry")

    plain = hand.view.grab().toImage()
    hand.view.set_run_state(run_state(b=NodeRunState("b", "x", status=status, attempt=attempt)))
    assert line() == words
    hand.document.apply(SetField("b", ("title",), "Another"))
    assert line() == words
    set_language("zh_CN")
    try:
        hand.view._language_changed()
        assert line() != words
    finally:
        set_language("en")
    hand.document.undo()
    hand.view._language_changed()
    hand.view.set_run_state(None)
    hand.settle()
    assert line() == "Tries 2 more times on failure"
    assert hand.view.grab().toImage() == plain


def test_a_container_steps_through_its_rounds(canvas: Make) -> None:
    from editor.canvas.paint.rooms import rounds_rect

    hand = canvas(graph_of(node("room", 0, 0, "iteration", width=600, height=300), node("in", 100, 110, parent="room")))
    state = RunState(run_id="r", status="succeeded")
    for index in range(3):
        inner = NodeRunState("in", f"x{index}", status="succeeded" if index else "failed", finished_at="now")
        state.executions[inner.execution_id] = inner
        state.nodes["in"] = inner
    rounds = {index: [f"x{index}"] for index in range(3)}
    state.nodes["room"] = NodeRunState("room", "y", status="succeeded", rounds=rounds, round_count=3)
    hand.view.set_run_state(state)
    hand.settle()
    assert hand.view.state.rounds["room"] == (3, 3, False, 1)
    assert hand.view.state.runs["in"].status == "succeeded"
    rect = rounds_rect(hand.view.scene.items["room"], hand.view.state.rounds["room"])
    back = hand.at_scene(rect.left() + 8, rect.center().y())
    for _ in range(3):
        hand.click(back)
    assert hand.view.state.rounds["room"] == (1, 3, True, 1)
    assert hand.view.state.runs["in"].status == "failed"


def test_the_view_follows_the_running_node_if_asked(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 0), node("far", 4000, 0)))
    state = run_state()
    hand.view.set_run_state(state)
    state.nodes["far"] = NodeRunState("far", "x", status="running")
    hand.view.apply_run_changes(["far"], [])
    assert not hand.view.rect().contains(hand.view.node_rect("far").toRect())
    hand.view.runs.follows = True
    hand.view.apply_run_changes(["far"], [])
    assert hand.view.rect().contains(hand.view.node_rect("far").toRect())


# -- problems, marks, levels ----------------------------------------------------------------------------------


def test_problems_show_a_badge_and_their_words_in_the_tool_tip(canvas: Make) -> None:
    from editor.canvas.tips import tip_for

    hand = canvas(CHAIN)
    hand.view.set_problems({"b": (2, 1, "Model is missing\nPrompt is empty")})
    hand.settle()
    corner = hand.view.node_rect("b").topRight()
    badge = [colour_at(hand, corner + QPointF(dx, 4)).name() for dx in range(-8, 8)]
    assert theme().color("bad").name() in badge
    assert "Model is missing" in tip_for(hand.view, hand.view.hit(*hand.at_node("b").toTuple()))  # type: ignore[attr-defined]
    hand.view.set_problems({})
    hand.settle()
    plain = [colour_at(hand, corner + QPointF(dx, 4)).name() for dx in range(-8, 8)]
    assert theme().color("bad").name() not in plain


@pytest.mark.spec("editor.38")
def test_cards_simplify_by_zoom_and_nothing_flickers_at_the_threshold(canvas: Make) -> None:
    assert [level_for(z) for z in (1.0, 0.5, 0.49, 0.4, 0.2, 0.1)] == [
        Level.FULL,
        Level.FULL,
        Level.TITLES,
        Level.TITLES,
        Level.ICONS,
        Level.SHAPES,
    ]
    hand = canvas(CHAIN)
    for zoom in (0.49, 0.5, 0.39, 0.4):
        hand.look(zoom)
        first = hand.view.grab().toImage()
        hand.view.repaint_all()
        hand.settle()
        assert hand.view.grab().toImage() == first


@pytest.mark.parametrize("zoom", [1.0, 0.6, 0.25])
def test_panning_by_moving_pixels_gives_the_same_picture_as_painting_anew(canvas: Make, zoom: float) -> None:
    hand = canvas(CHAIN)
    hand.view.set_problems({"b": (1, 0, "x")})
    hand.view.select(["a"])
    hand.look(zoom, 30, 40)
    for dx, dy in ((13, 7), (-90, 21), (250, -60), (3, 3)):
        hand.view.pan_by(dx, dy)
        hand.settle()
    moved = hand.view.grab().toImage()
    hand.view.repaint_all()
    hand.settle()
    assert hand.view.grab().toImage() == moved


def test_repairing_areas_gives_the_same_picture_as_painting_anew(canvas: Make) -> None:
    hand = canvas(CHAIN)
    hand.settle()
    hand.document.apply(SetField("b", ("title",), "Another title"))
    hand.view.select(["b"])
    hand.drag(hand.at_node("c"), hand.at_node("c", 40, 120))
    hand.hover(QPointF(2, 2))
    repaired = hand.view.grab().toImage()
    hand.view.repaint_all()
    hand.settle()
    assert hand.view.grab().toImage() == repaired


def test_nothing_stays_of_a_card_that_gives_rows_up_for_another(canvas: Make) -> None:
    tall = node(
        "tall", 0, 0, "llm", model={"name": "m", "provider": "p"}, prompt_template=[{"role": "user", "text": "x"}]
    )
    hand = canvas(graph_of(tall, node("other", 600, 300)))
    full = hand.view.scene.items["tall"].box
    hand.document.apply(MoveNodes({"other": (200, 40)}))
    hand.settle()
    assert hand.view.scene.items["tall"].box.bottom < full.bottom
    repaired = hand.view.grab().toImage()
    hand.view.repaint_all()
    hand.settle()
    assert hand.view.grab().toImage() == repaired


def test_themes_and_languages_switch_live(canvas: Make) -> None:
    asked = {"variable": "q", "label": "q", "type": "paragraph", "required": True}
    hand = canvas(graph_of(node("i", 0, 0, "start", title="If", variables=[asked])))
    dark = hand.view.grab().toImage()
    set_theme("light")
    hand.settle()
    assert hand.view.grab().toImage() != dark
    assert colour_at(hand, QPointF(3, 3)).name() in (theme().color("canvas").name(), theme().color("grid").name())
    set_language("zh_CN")
    hand.settle()
    assert [row.label for row in hand.view.scene.items["i"].full.rows] == ["必填"]
    set_theme("dark")


# -- pictures -------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.35")
def test_the_exported_picture_shows_every_node_at_twice_the_size_without_marks(canvas: Make) -> None:
    hand = canvas(CHAIN)
    bounds = hand.view.scene.bounds()
    assert bounds is not None
    plain = hand.view.render_image(2.0)
    assert (plain.width(), plain.height()) == (round((bounds.width + 80) * 2), round((bounds.height + 80) * 2))
    hand.view.select_all()
    hand.view.set_problems({"b": (3, 0, "x")})
    assert hand.view.render_image(2.0) == plain
    middle = plain.pixelColor((40 + 120) * 2, (40 + 8) * 2)
    assert middle.name() == theme().color("surface").name()


def test_the_minimap_draws_and_moves_the_view(canvas: Make) -> None:
    hand = canvas(CHAIN)
    small = Minimap(hand.view, hand.view)
    small.show()
    hand.settle()
    assert not small.grab().isNull()
    QTest.mouseClick(small, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, small.rect().center())
    shown = hand.view.visible_box().center
    bounds = hand.view.scene.bounds()
    assert bounds is not None
    assert abs(shown[0] - bounds.center[0]) < 30
    assert abs(shown[1] - bounds.center[1]) < 30


# -- notes ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.34", "editor.27")
def test_a_note_is_written_in_place_and_is_one_step_of_undo(canvas: Make) -> None:
    hand = canvas(graph_of(node("n", 0, 100, "note", width=300, height=120, text="", theme="yellow")))
    hand.double_click(hand.view.node_rect("n").center())
    editor = hand.view.note_editor
    assert editor is not None
    QTest.keyClicks(editor._paper, "Read me first")
    editor.bold()
    QTest.keyClicks(editor._paper, " twice")
    QTest.keyClick(editor._paper, Qt.Key.Key_Escape)
    hand.settle()
    text = hand.graph.nodes["n"].data["text"]
    assert lexical.to_plain(text) == "Read me first twice"
    assert "<b>" in lexical.to_html(text)
    assert len(hand.document.history()) == 2
    assert hand.view.note_editor is None
    hand.document.undo()
    assert hand.graph.nodes["n"].data["text"] == ""


@pytest.mark.spec("editor.34")
def test_note_texts_survive_the_way_through_the_editor(canvas: Make) -> None:
    from editor.canvas.paint.notes import make_document
    from editor.canvas.richtext import to_lexical

    words = lexical.text_node
    bullets = {"listType": "bullet", "start": 1, "tag": "ul"}

    def entry(*children: dict[str, Any], value: int = 1, indent: int = 0) -> dict[str, Any]:
        return lexical.block_node("listitem", list(children), value=value, indent=indent)

    inner = lexical.block_node("list", [entry(words("deep"), indent=1)], **bullets)
    numbered = lexical.block_node("list", [entry(words("first"))], listType="number", start=1, tag="ol")
    to = {"url": "https://example.org", "rel": "noreferrer", "target": None}
    marked = words("all", flags=lexical.BOLD | lexical.ITALIC | lexical.STRIKE | lexical.UNDERLINE, size=16)
    blocks = [
        lexical.block_node("heading", [words("Head")], tag="h2"),
        lexical.block_node("paragraph", [words("plain  two "), words("bold", flags=lexical.BOLD)]),
        lexical.block_node("paragraph", [words("  {"), {"type": "linebreak", "version": 1}, words("\tend  ")]),
        lexical.block_node("paragraph", []),
        lexical.block_node(
            "list",
            [
                entry(words("one", flags=lexical.ITALIC)),
                entry(words("二"), value=2),
                entry(inner, value=3),
                entry(words("three"), value=4),
            ],
            **bullets,
        ),
        numbered,
        lexical.block_node("paragraph", [lexical.block_node("link", [words("link", flags=lexical.BOLD)], **to)]),
        lexical.block_node("paragraph", [words("gone", flags=lexical.STRIKE), words("x", flags=lexical.CODE)]),
        lexical.block_node("paragraph", [words("middle", size=14), marked]),
    ]
    text = lexical.document(blocks)
    document = make_document(text, 240)
    assert json.loads(to_lexical(document, round(theme().pixels("small")))) == json.loads(text)


@pytest.mark.corpus
@pytest.mark.spec("editor.34")
def test_the_notes_of_real_files_keep_every_word_in_the_editor(qapp: object) -> None:
    from editor.canvas.paint.notes import make_document
    from editor.canvas.richtext import to_lexical
    from engine.dsl.read import read
    from tests.conftest import CORPUS

    seen = 0
    for path in sorted(CORPUS.glob("*.y*ml")):
        data = path.read_bytes()
        if b"custom-note" not in data:
            continue
        workflow = read(data).workflow
        for found in workflow.graph.nodes.values() if workflow is not None else ():
            text = str(found.data.get("text", "")) if found.is_note else ""
            if not text:
                continue
            again = to_lexical(make_document(text, 240), round(theme().pixels("small")))
            assert lexical.to_plain(again) == lexical.to_plain(text).replace("\r", "\n"), path.name
            assert all(again.count(mark) >= text.count(mark) for mark in ('"format":16', '"listitem"')), path.name
            seen += 1
    assert seen > 100 or not CORPUS.is_dir()


def test_a_notes_text_may_be_anything() -> None:
    for odd in ("", "plain", "{", '{"root": 3}', '{"root": {"children": [1, {"type": "x"}]}}'):
        assert isinstance(lexical.to_html(odd), str)
        assert isinstance(lexical.to_plain(odd), str)
    assert "<script>" not in lexical.to_html("<script>")


# -- screen readers -------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.82")
def test_nodes_and_edges_are_children_with_names_states_and_places(canvas: Make) -> None:
    install()
    hand = canvas(CHAIN)
    hand.view.set_run_state(run_state(b=NodeRunState("b", "x", status="running")))
    region = QAccessible.queryAccessibleInterface(hand.view)
    assert isinstance(region, CanvasAccessible)
    assert region.text(QAccessible.Text.Name) == "Canvas"
    assert region.childCount() == 5
    names = [region.child(i).text(QAccessible.Text.Name) for i in range(5)]  # type: ignore[union-attr]
    assert names[0].startswith("a, ")
    assert names[1] == "Connection from a to b"
    model = region.child(2)
    assert model is not None
    assert model.text(QAccessible.Text.Description).startswith("running")
    assert model.state().busy
    assert not model.state().selected
    hand.click(hand.at_node("b"))
    assert model.state().selected
    assert model.rect().size() == hand.view.node_rect("b").toRect().size()
    place = hand.view.mapToGlobal(hand.at_node("c").toPoint())
    under = region.childAt(place.x(), place.y())
    assert under is not None
    assert under.text(QAccessible.Text.Name).startswith("c, ")


@pytest.mark.spec("editor.82")
def test_an_edge_says_what_the_run_did_with_it(canvas: Make) -> None:
    install()
    hand = canvas(CHAIN)
    region = QAccessible.queryAccessibleInterface(hand.view)
    assert isinstance(region, CanvasAccessible)
    first, second = (region.child(place) for place in (1, 3))
    assert first is not None
    assert second is not None
    assert first.text(QAccessible.Text.Description) == ""
    a_b, b_c = hand.view.scene.edges
    state = run_state(a=NodeRunState("a", "x", status="succeeded"), b=NodeRunState("b", "x", status="succeeded"))
    state.edges.update({a_b: "taken", b_c: "skipped"})
    hand.view.set_run_state(state)
    assert first.text(QAccessible.Text.Description) == "taken"
    assert second.text(QAccessible.Text.Description) == "skipped"


@pytest.mark.spec("editor.82")
def test_what_is_said_of_a_node_follows_its_run_its_switch_and_the_selection(canvas: Make) -> None:
    install()
    hand = canvas(CHAIN)
    region = QAccessible.queryAccessibleInterface(hand.view)
    assert isinstance(region, CanvasAccessible)
    things = [region.child(place) for place in range(5)]
    a, a_b, b = things[0], things[1], things[2]
    assert a is not None
    assert a_b is not None
    assert b is not None

    def said() -> str:
        assert b is not None
        return b.text(QAccessible.Text.Description)

    state = run_state(b=NodeRunState("b", "x", status="running"))
    hand.view.set_run_state(state)
    assert said().startswith("running")
    assert b.state().busy
    state.nodes["b"] = NodeRunState("b", "x", status="failed", error="no luck", finished_at="now")
    hand.view.apply_run_changes(["b"], [])
    assert said().startswith("failed")
    assert "no luck" in said()
    assert b.text(QAccessible.Text.Value) == "failed"
    assert not b.state().busy
    hand.view.set_run_state(None)
    assert "failed" not in said()
    assert b.text(QAccessible.Text.Value) == ""

    hand.click(hand.at_node("b"))
    hand.document.apply(SetField("b", ("disabled",), True))
    assert said().startswith("switched off")
    hand.document.undo()
    hand.settle()
    assert not said().startswith("switched off")

    assert (a.state().selected, a_b.state().selected, b.state().selected) == (False, False, True)
    hand.view.select_edge(next(iter(hand.view.scene.edges_of("a"))))
    assert (a.state().selected, a_b.state().selected, b.state().selected) == (False, True, False)
    hand.view.select(["a", "b"])
    assert (a.state().selected, a_b.state().selected, b.state().selected) == (True, False, True)
    hand.view.set_problems({"b": (2, 1, "")})
    assert "2 errors, 1 warning" in said()


# -- outside bugs ---------------------------------------------------------------------------------------------


def test_painter_calls_keep_their_reference_to_none() -> None:
    """A PySide release lost a reference to None in every call that answers nothing, which kills the process in time."""
    picture = QImage(64, 64, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(picture)
    before = sys.getrefcount(None)
    for _ in range(1000):
        painter.save()
        painter.setPen(QPen(Qt.GlobalColor.red, 1))
        painter.setBrush(Qt.GlobalColor.blue)
        painter.drawRect(QRectF(1, 1, 20, 20))
        painter.restore()
    after = sys.getrefcount(None)
    painter.end()
    assert abs(after - before) < 200


# -- words ----------------------------------------------------------------------------------------------------


def test_every_text_of_the_canvas_is_translated() -> None:
    import ast

    root = Path(__file__).parents[3]
    known: set[str] = set()
    for catalogue in (root / "resources" / "i18n" / "zh_CN").glob("*.json"):
        known |= set(json.loads(catalogue.read_text(encoding="utf-8")))
    missing = set()
    for file in (root / "editor" / "canvas").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                not isinstance(call, ast.Call)
                or not isinstance(call.func, ast.Name)
                or call.func.id not in ("tr", "ntr")
            ):
                continue
            texts = call.args[1:2] if call.func.id == "ntr" else call.args[:1]
            missing |= {t.value for t in texts if isinstance(t, ast.Constant) and t.value not in known}
    from editor.canvas import bodies_logic as logic
    from editor.canvas import runview

    missing |= {
        t for t in (*logic._OPERATORS.values(), *logic._ASSIGN.values(), *runview.WORDS.values()) if t not in known
    }
    assert not missing
