"""The forms of a pipeline's ends, data source and knowledge base: with mouse and keys, one step each, and what nobody
touches stays as the file has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QLineEdit, QSlider, QSpinBox, QWidget

from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.template_edit import TemplateEdit
from engine.dsl.read import read
from engine.dsl.write import write
from engine.model.workflow import Workflow
from engine.nodes.registry import spec
from tests.editor.forms.conftest import Desk, Open
from tests.editor.forms.test_retrieval import at, chosen, said, typed
from tests.helpers.gallery_forms import pipeline_flow
from tests.helpers.model import CORPUS, made, node

INDEX: dict[str, Any] = {
    "chunk_structure": "text_model",
    "index_chunk_variable_selector": ["start", "chunks"],
    "indexing_technique": "high_quality",
    "embedding_model": "small-3",
    "embedding_model_provider": "openai",
    "retrieval_model": {"search_method": "semantic_search", "top_k": 3, "score_threshold_enabled": False},
}


def index(**data: Any) -> Workflow:
    """A knowledge base with these settings; None takes one away."""
    settings = {key: value for key, value in {**INDEX, **data}.items() if value is not None}
    top = {"kind": "rag_pipeline", "rag_pipeline": {"name": "Papers"}}
    return made([node("n", "knowledge-index", title="Base", **settings)], mode="rag_pipeline", top=top)


def retrieval(**data: Any) -> Workflow:
    return index(retrieval_model={**INDEX["retrieval_model"], **data})


SEMANTIC = INDEX["retrieval_model"]
HYBRID = {**SEMANTIC, "search_method": "hybrid_search"}
OLD = {"reranking_provider_name": None, "reranking_model_name": None, "more": 1}
MADE_WEIGHTS = {
    "weight_type": "customized",
    "vector_setting": {"vector_weight": 0.7, "embedding_model_name": "small-3", "embedding_provider_name": "openai"},
    "keyword_setting": {"keyword_weight": 0.3},
}
Act = Callable[[Desk], None]
STEPS: dict[str, tuple[Workflow, Act, str, Any]] = {
    "structure": (index(chunk_structure=None), lambda d: chosen(d, "Chunk structure", "General"), "chunk_structure",
                  "text_model"),
    "economy": (
        index(), lambda d: chosen(d, "Index method", "Economy, by keywords"), "retrieval_model",
        {**SEMANTIC, "search_method": "keyword_search"},
    ),
    "high quality again": (
        index(indexing_technique="economy", retrieval_model={"search_method": "keyword_search", "top_k": 4}),
        lambda d: chosen(d, "Index method", "High quality, by meaning"), "retrieval_model",
        {"search_method": "semantic_search", "top_k": 4},
    ),
    "embedding provider": (index(), lambda d: typed(d, QLineEdit, "Provider of the embedding model", "jina"),
                           "embedding_model_provider", "jina"),
    "embedding model": (index(), lambda d: typed(d, QLineEdit, "Embedding model", "v2"), "embedding_model", "v2"),
    "keywords": (
        index(indexing_technique="economy"),
        lambda d: QTest.keyClick(d.one(QSpinBox, "Keywords of a chunk"), Qt.Key.Key_Up), "keyword_number", 11,
    ),
    "full text": (index(), lambda d: chosen(d, "Search method", "Full text search"), "retrieval_model.search_method",
                  "full_text_search"),
    "hybrid": (index(), lambda d: chosen(d, "Search method", "Hybrid search"), "retrieval_model",
               {**HYBRID, "reranking_enable": True}),
    "by weights": (
        index(retrieval_model=HYBRID), lambda d: chosen(d, "Order", "By weighted scores"), "retrieval_model",
        {**HYBRID, "reranking_mode": "weighted_score", "reranking_enable": False, "weights": MADE_WEIGHTS},
    ),
    "top k": (index(), lambda d: QTest.keyClick(d.one(QSpinBox, "Top K"), Qt.Key.Key_Up), "retrieval_model.top_k", 4),
    "threshold": (
        index(), lambda d: d.one(QCheckBox, "Leave out low scores").click(), "retrieval_model",
        {**SEMANTIC, "score_threshold": 0.5, "score_threshold_enabled": True},
    ),
    "rerank": (index(), lambda d: d.one(QCheckBox, "Rerank the passages").click(), "retrieval_model.reranking_enable",
               True),
    "rerank model": (
        retrieval(reranking_enable=True, reranking_model=OLD), lambda d: typed(d, QLineEdit, "Rerank model", "v1"),
        "retrieval_model.reranking_model", {**OLD, "reranking_model_name": "v1"},
    ),
    "first rerank model": (
        retrieval(reranking_enable=True, reranking_model=None), lambda d: typed(d, QLineEdit, "Rerank model", "v1"),
        "retrieval_model.reranking_model", {"reranking_model_name": "v1"},
    ),
}  # fmt: skip


@pytest.mark.spec("editor.41")
@pytest.mark.parametrize("name", sorted(STEPS))
def test_each_setting_of_a_knowledge_base_is_one_step(desk: Open, name: str) -> None:
    workflow, act, path, value = STEPS[name]
    here = desk(workflow, "n")
    before, steps = here.document.workflow, here.steps()
    act(here)
    assert at(here.data, path) == value
    assert here.steps() == steps + 1
    here.session.undo()
    assert here.document.workflow == before


def test_chunks_of_parents_force_high_quality_in_the_same_step(desk: Open) -> None:
    here = desk(index(indexing_technique="economy", retrieval_model={"search_method": "keyword_search"}), "n")
    steps = here.steps()
    chosen(here, "Chunk structure", "Parent and child")
    assert (here.data["indexing_technique"], here.data["retrieval_model"]["search_method"]) == (
        "high_quality",
        "semantic_search",
    )
    assert here.steps() == steps + 1
    assert not here.one(QComboBox, "Index method").isEnabled()
    assert "always indexed in high quality" in said(here)
    here.session.undo()
    assert here.one(QComboBox, "Index method").isEnabled()


@pytest.mark.spec("editor.52")
@pytest.mark.parametrize(
    "data",
    [
        {"chunk_structure": None},
        {"index_chunk_variable_selector": []},
        {"indexing_technique": None},
        {"embedding_model": ""},
        {"retrieval_model": {}},
        {"retrieval_model": {**HYBRID, "reranking_enable": True}},
    ],
    ids=lambda data: next(iter(data)),
)
def test_what_a_knowledge_base_lacks_has_its_field(desk: Open, data: dict[str, Any]) -> None:
    here = desk(index(**data), "n")
    found = spec("knowledge-index")
    assert found is not None
    (problem,) = found.check(here.data)[:1]
    here.inspector.focus_field(problem.field)
    widget: QWidget | None = QApplication.focusWidget()
    while widget is not None and not isinstance(getattr(widget, "path", None), tuple):
        widget = widget.parentWidget()
    assert widget is not None
    wanted = tuple(problem.field.split("."))
    assert widget.path[: len(wanted)] == wanted  # type: ignore[attr-defined]


def test_a_knowledge_base_is_an_end() -> None:
    found = spec("knowledge-index")
    assert found is not None
    assert found.handles(INDEX) == ()


def test_a_data_source_tells_what_it_is_and_its_parameters_are_changed(desk: Open) -> None:
    here = desk(pipeline_flow(), "web")
    before, steps = here.document.workflow, here.steps()
    words = said(here)
    assert "Pages of a web site" in words
    assert "langgenius/jina_datasource" in words
    assert not here.all(CodeEdit)
    here.one(QCheckBox, "use sitemap").click()
    assert here.data["datasource_parameters"]["use_sitemap"] == {"type": "constant", "value": False}
    url = here.one(TemplateEdit, "url")
    url.setFocus()
    QTest.keyClicks(url, "http://")
    assert here.data["datasource_parameters"]["url"]["value"] == "http://{{#rag.web.url#}}"
    typed(here, QLineEdit, "Shown as", "Docs")
    assert here.steps() == steps + 3
    for _ in range(3):
        here.session.undo()
    assert here.document.workflow == before


def test_extensions_are_words_with_commas_and_foreign_sources_are_said_to_be_kept(desk: Open) -> None:
    here = desk(pipeline_flow(), "file")
    typed(here, QLineEdit, "File extensions", "pdf, md,")
    assert here.data["fileExtensions"] == ["pdf", "md"]
    here.session.undo()
    assert len(here.data["fileExtensions"]) == 7
    assert "no connector" in said(desk(pipeline_flow(), "notion"))
    assert "no connector" not in said(here)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the collected files are not here")
def test_every_end_of_the_collected_pipelines_opens_and_is_written_as_it_was(desk: Open) -> None:
    seen = 0
    for path in sorted(CORPUS.glob("*.yml")):
        text = path.read_bytes()
        if b"knowledge-index" not in text:
            continue
        workflow = read(text).workflow
        assert workflow is not None
        first = write(workflow)
        for found in [n for n in workflow.graph.nodes.values() if n.type in ("knowledge-index", "datasource")]:
            here = desk(workflow, found.id)
            seen += 1
            assert not here.all(CodeEdit, "Settings as JSON")
            form = here.inspector.form
            assert form is not None
            assert form.minimumSizeHint().width() <= 380, path.name
            assert here.steps() == 1, path.name
            if found.type == "knowledge-index":
                slider = here.one(QSlider, "Top K, roughly")
                slider.setFocus()
                QTest.keyClick(slider, Qt.Key.Key_Right)
                assert here.steps() == 2
                here.session.undo()
            else:
                assert str(found.data["datasource_name"]) in [label.text() for label in here.all(QLabel)]
            assert write(here.document.workflow) == first, path.name
    assert seen == 20
