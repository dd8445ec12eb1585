"""Cards can be read: nothing is clipped, nothing lies upon anything else, text keeps its size when the view is far."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QRectF

from editor.canvas import metrics as m
from editor.canvas.content import CardContent
from editor.canvas.minimap import Minimap
from editor.canvas.paint.drawing import Drawing, Text, make_drawing, make_room_drawing
from editor.canvas.paint.reading import LEAST_TEXT, STEPS, constant_lines, enlarged, font_metrics
from editor.canvas.scene import CanvasScene, Item
from editor.i18n import set_language
from editor.theme import set_theme, theme
from engine.dsl.read import read
from engine.run.fold import NodeRunState, RunState
from tests.conftest import CORPUS
from tests.helpers.canvas import CanvasHand, graph_of, node

Make = Callable[..., CanvasHand]
FILES = sorted(CORPUS.glob("*.y*ml")) if CORPUS.is_dir() else []
ZOOMS = (1.0, 0.7, 0.5)
SLACK = 1.5


def text_rects(texts: list[Text]) -> Iterator[tuple[str, QRectF]]:
    for place, text, _font, _colour in texts:
        yield text.text(), QRectF(place, text.size())


def check_drawing(drawing: Drawing, width: float, height: float, where: str) -> None:
    """Everything lies inside the card, and no two pieces of text meet."""
    rects = list(text_rects([*drawing.title, *drawing.texts]))
    for text, rect in rects:
        assert rect.left() >= -SLACK, (where, text)
        assert rect.right() <= width + SLACK, (where, text)
        assert rect.top() >= -SLACK, (where, text, rect)
        assert rect.bottom() <= height + 3 * SLACK, (where, text, rect, height)
    for rect, _radius, _fill, _stroke in drawing.rectangles:
        assert rect.left() >= 0, where
        assert rect.right() <= width + SLACK, where
    rows = sorted(rects, key=lambda entry: (entry[1].top(), entry[1].left()))
    for index, (text, rect) in enumerate(rows):
        for other_text, other in rows[index + 1 :]:
            if other.top() >= rect.bottom():
                break
            shared = rect.intersected(other)
            # The lines of a font reach a little above and below its letters.
            met = shared.width() > SLACK and shared.height() > 0.36 * min(rect.height(), other.height())
            assert not met, (where, text, other_text, rect, other)


def check_item(item: Item, zoom: float, where: str) -> None:
    if item.kind == "card":
        check_drawing(make_drawing(item.content, zoom), m.CARD_WIDTH, item.content.height, where)
    elif item.kind == "room":
        check_drawing(make_room_drawing(item.content, item.box.width, zoom), item.box.width, m.ROOM_HEADER, where)


@pytest.mark.corpus
@pytest.mark.skipif(not FILES, reason="the corpus is not here")
@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_no_card_of_any_corpus_file_clips_its_text(qapp: object, language: str) -> None:
    set_language(language)
    seen = 0
    try:
        for path in FILES:
            workflow = read(path.read_bytes(), name=path.name).workflow
            if workflow is None:
                continue
            scene = CanvasScene()
            scene.load(workflow.graph)
            for item in scene.items.values():
                for zoom in ZOOMS:
                    check_item(item, zoom, f"{path.name} {item.id} at {zoom}")
                    seen += 1
    finally:
        set_language("en")
    assert seen > 1000


@pytest.mark.spec("editor.38")
def test_text_on_cards_never_falls_below_a_readable_size(qapp: object) -> None:
    for step in STEPS:
        for role in ("small", "tiny", "title", "code"):
            assert theme().pixels(role) * enlarged(role, step) * step >= LEAST_TEXT - 0.01
    assert list(STEPS) == sorted(STEPS, reverse=True)


def test_a_drawing_is_made_anew_for_another_zoom_and_another_theme(qapp: object) -> None:
    drawing = make_drawing(graph_card("llm"), 0.6)
    assert drawing.fits(theme(), 0.62)
    assert not drawing.fits(theme(), 1.0)
    set_theme("light" if theme().is_dark else "dark")
    assert not drawing.fits(theme(), 0.6)
    set_theme("dark")


def graph_card(kind: str, **data: object) -> CardContent:
    scene = CanvasScene()
    scene.load(graph_of(node("a", 0, 0, kind, **data)))
    return scene.items["a"].content


def test_the_title_gives_way_to_the_status_glyph_only_when_there_is_one(qapp: object) -> None:
    drawing = make_drawing(graph_card("code", title="A title that is just about as long as the card"))
    (alone,), (beside,) = drawing.title, drawing.short_title
    assert len(alone[1].text()) > len(beside[1].text())


def test_long_titles_are_broken_at_words_joined_names_and_chinese_signs(qapp: object) -> None:
    def lines(text: str, width: float, most: int = 3) -> list[str]:
        found = constant_lines(text, width, most)
        assert all(wide <= width for _, wide in found)
        return [line for line, _ in found]

    def wide(text: str) -> float:
        return font_metrics("tiny", 600).horizontalAdvance(text) + 1.5

    assert lines("Extract the theme", wide("the theme")) == ["Extract", "the theme"]
    assert lines("TavilySearch", wide("Search")) == ["Tavily", "Search"]
    assert lines("input_status", wide("status")) == ["input_", "status"]
    assert lines("知识检索与汇总节点", wide("知识检索与")) == ["知识检索与", "汇总节点"]
    assert lines("one two three four five six", wide("one two three"), 1)[0].endswith("…")
    assert lines("Donaudampfschifffahrt now", wide("Donaudampf"))[0].endswith("…")
    assert lines("Something", 12) == []


def test_a_way_back_avoids_the_cards_between(qapp: object) -> None:
    scene = CanvasScene()
    scene.load(
        graph_of(
            node("a", 600, 0),
            node("between", 300, 120),
            node("b", 0, 400),
            edges=(("a", "b"),),
        )
    )
    (edge,) = scene.edges.values()
    assert not edge.route.touches(scene.items["between"].box)
    assert not edge.route.touches(scene.items["a"].box.grown(-6))


def test_a_way_back_stays_inside_its_container(qapp: object) -> None:
    scene = CanvasScene()
    room = node("room", 0, 0, "iteration", width=320, height=400)
    scene.load(
        graph_of(
            room,
            node("a", 40, 80, parent="room"),
            node("b", 40, 260, parent="room"),
            edges=(("a", "b"),),
        )
    )
    (edge,) = scene.edges.values()
    assert all(0 < x < 320 for x, _ in edge.route.points)


def test_the_minimap_steps_aside_while_everything_is_in_view(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 0), node("b", 2000, 900)))
    small = Minimap(hand.view, hand.view)
    small.set_wanted(True)
    hand.view.fit()
    assert not small.isVisible()
    hand.view.zoom_to(1.0)
    assert small.isVisible()
    small.set_wanted(False)
    assert not small.isVisible()


def test_a_fitted_view_uses_the_room_that_nothing_covers(canvas: Make) -> None:
    hand = canvas(graph_of(node("a", 0, 0), node("b", 3000, 0)))
    hand.view.covered_below = 46
    hand.view.fit()
    left, right = hand.view.node_rect("a"), hand.view.node_rect("b")
    assert round(left.left()) == m.FIT_MARGIN
    assert round(hand.view.width() - right.right()) == m.FIT_MARGIN


def test_a_card_in_a_container_does_not_grow_out_of_it_during_a_run(canvas: Make) -> None:
    hand = canvas(
        graph_of(
            node("room", 0, 0, "iteration", width=400, height=190),
            node("in", 120, 70, "llm", parent="room", model={"name": "m"}, prompt_template=[{"text": "Say it"}]),
        )
    )
    state = RunState(run_id="r", status="running")
    state.nodes["in"] = NodeRunState("in", "x", status="running", chunks=["many words " * 40])
    hand.view.set_run_state(state)
    items = hand.view.scene.items
    assert items["in"].box.bottom < items["room"].box.bottom
