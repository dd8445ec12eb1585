"""Cards of steps that search and fill knowledge bases: what is asked, where, how, and what is missing."""

from __future__ import annotations

import pytest

from editor.canvas import metrics as m
from editor.canvas.card import card_content
from editor.canvas.content import CardContent
from editor.canvas.paint.drawing import make_drawing
from editor.i18n import set_language
from engine.nodes import registry
from tests.helpers.gallery_forms import pipeline_flow, retrieval_flow
from tests.helpers.model import made, node


def content_of(node_id: str) -> CardContent:
    graph = retrieval_flow().graph
    return card_content(graph.nodes[node_id], graph, registry.spec("knowledge-retrieval"))


def rows(content: CardContent) -> list[list[str]]:
    return [[part.text for part in row.parts] for row in content.rows]


CARDS = {
    "full": [
        ["question", "pictures"],
        ["2 knowledge bases", "unresolved"],
        ["top 6", "≥ 0.35", "weights 0.7 / 0.3"],
        ["year, upload_date, language, source, pages"],
    ],
    "single": [
        ["question"],
        ["2 knowledge bases", "unresolved"],
        ["gpt-4o-mini", "picks one"],
        ["automatic filter"],
    ],
    "model": [["question"], ["1 knowledge base", "unresolved"], ["top 3", "rerank-multilingual-v3.0"]],
    "old": [["question"], ["1 knowledge base", "unresolved"], ["top 2", "rerank-english-v3.0"]],
    "fresh": [["Choose knowledge"], ["top 4"]],
}


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("node_id", sorted(CARDS))
def test_the_card_of_a_search_tells_where_and_how(node_id: str) -> None:
    assert rows(content_of(node_id)) == CARDS[node_id]


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("node_id", sorted(CARDS))
def test_nothing_leaves_the_card_of_a_search(node_id: str, language: str) -> None:
    set_language(language)
    try:
        content = content_of(node_id)
        drawing = make_drawing(content)
    finally:
        set_language("en")
    right = m.CARD_WIDTH - m.PAD
    for place, text, *_ in drawing.texts:
        assert place.x() + text.size().width() <= right + 1.5, text.text()
    for rect, *_ in drawing.rectangles:
        assert rect.right() <= right + 0.5
    assert len(content.rows) <= 4


@pytest.mark.spec("editor.36")
def test_what_a_search_lacks_is_marked() -> None:
    base = {"dataset_ids": ["a"], "query_variable_selector": ["gone", "text"]}
    config = {"reranking_enable": True, "reranking_mode": "reranking_model"}
    found = made(
        [
            node("one", "knowledge-retrieval", **base, retrieval_mode="single"),
            node("all", "knowledge-retrieval", **base, retrieval_mode="multiple", multiple_retrieval_config=config),
        ]
    ).graph
    for node_id in ("one", "all"):
        content = card_content(found.nodes[node_id], found, registry.spec("knowledge-retrieval"))
        marked = [(part.text, part.tone) for row in content.rows for part in row.parts if part.tone in ("warn", "bad")]
        assert ("Choose a model", "warn") in marked
        assert ("unresolved", "warn") in marked
        assert any(tone == "bad" for _, tone in marked), "the variable is gone"


ENDS = {
    "file": [["File", "files"], ["txt, md, pdf, docx, html, csv +1"]],
    "web": [["Jina Reader", "web site"], ["web.url"]],
    "notion": [["Notion", "online documents"]],
    "index": [["result"], ["parent-child", "high quality"], ["hybrid search", "top 3", "≥ 0.5"]],
    "economy": [["result"], ["general", "economy"], ["keyword search", "top 4"]],
    "empty": [["Not configured"]],
}


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("node_id", sorted(ENDS))
def test_the_ends_of_a_pipeline_tell_what_was_chosen(node_id: str, language: str) -> None:
    graph = pipeline_flow().graph
    found = graph.nodes[node_id]
    set_language(language)
    try:
        content = card_content(found, graph, registry.spec(found.type))
        drawing = make_drawing(content)
    finally:
        set_language("en")
    if language == "en":
        assert rows(content) == ENDS[node_id]
    right = m.CARD_WIDTH - m.PAD
    for place, text, *_ in drawing.texts:
        assert place.x() + text.size().width() <= right + 1.5, text.text()


def test_what_nobody_knows_stands_on_the_card_as_it_is() -> None:
    graph = made([node("n", "knowledge-index", chunk_structure="my_own_model")]).graph
    assert rows(card_content(graph.nodes["n"], graph, registry.spec("knowledge-index"))) == [["my own model"]]
