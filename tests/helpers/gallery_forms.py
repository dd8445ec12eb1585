"""Pages of the gallery: forms of the inspector with settings that show all of their parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from PySide6.QtWidgets import QWidget

from engine.model.workflow import Workflow
from tests.helpers.gallery_parts import app, let_work, surface
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

FOREIGN_ID: Final = "sqKPIY9IwoXt+jQfg4/MQG7mNtUbpzWNBYs+q+oEOKrpr667uIsq7hZyCnlfVBeo"
SMALL_MODEL: Final = {"provider": "langgenius/openai/openai", "name": "gpt-4o-mini", "mode": "chat",
                      "completion_params": {}}  # fmt: skip


def retrieval_flow() -> Workflow:
    """start -> five searches: with weights and conditions, with a model that picks, with a rerank model, as an older
    file has it, and one that nothing is set of."""
    inputs = [
        {"variable": "question", "label": "question", "type": "paragraph"},
        {"variable": "since", "label": "since", "type": "number"},
        {"variable": "pictures", "label": "pictures", "type": "file-list"},
    ]
    rules: list[dict[str, Any]] = [
        {"id": "c1", "name": "year", "comparison_operator": "≥", "value": "{{#start.since#}}"},
        {"id": "c2", "metadata_id": "m2", "name": "upload_date", "comparison_operator": "before", "value": 1735689600},
        {"id": "c3", "name": "language", "comparison_operator": "in", "value": ["de", "{{#start.question#}}"]},
        {"id": "c4", "name": "source", "comparison_operator": "not empty", "value": None},
        {"id": "c5", "name": "pages", "comparison_operator": ">", "value": "many"},
    ]
    embedding = {
        "embedding_model_name": "text-embedding-3-large",
        "embedding_provider_name": "langgenius/openai/openai",
    }
    weights = {
        "weight_type": "customized",
        "vector_setting": {**embedding, "vector_weight": 0.7},
        "keyword_setting": {"keyword_weight": 0.3},
    }
    config = {"top_k": 6, "score_threshold": 0.35, "reranking_enable": True, "reranking_mode": "weighted_score",
              "weights": weights}  # fmt: skip
    model = {"provider": "langgenius/cohere/cohere", "model": "rerank-multilingual-v3.0"}
    asked = {"query_variable_selector": ["start", "question"]}
    return made(
        [
            node("start", "start", title="Start", variables=inputs),
            node("full", "knowledge-retrieval", title="Manuals", x=320, **asked,
                 query_attachment_selector=["start", "pictures"], dataset_ids=[FOREIGN_ID, "be517915-1dd5-4d09-a67d"],
                 retrieval_mode="multiple", multiple_retrieval_config=config, metadata_filtering_mode="manual",
                 metadata_filtering_conditions={"logical_operator": "and", "conditions": rules}),
            node("single", "knowledge-retrieval", title="One of them", x=640, **asked, dataset_ids=["a", "b"],
                 retrieval_mode="single", single_retrieval_config={"model": SMALL_MODEL},
                 metadata_filtering_mode="automatic", metadata_model_config=SMALL_MODEL),
            node("model", "knowledge-retrieval", title="Reranked", x=960, **asked, dataset_ids=["a"],
                 retrieval_mode="multiple", multiple_retrieval_config={"top_k": 3, "reranking_enable": True,
                 "reranking_mode": "reranking_model", "reranking_model": model}),
            node("old", "knowledge-retrieval", title="Older file", x=1280, **asked, dataset_ids=["a"],
                 retrieval_mode="multiple", multiple_retrieval_config={"top_k": 2, "reranking_model": {
                     "reranking_provider_name": "cohere", "reranking_model_name": "rerank-english-v3.0"}}),
            node("fresh", "knowledge-retrieval", title="Fresh", x=1600, query_variable_selector=[], dataset_ids=[],
                 retrieval_mode="multiple", multiple_retrieval_config={"top_k": 4, "reranking_enable": False}),
        ],
        [("start", "full"), ("full", "single"), ("single", "model"), ("model", "old"), ("old", "fresh")],
    )  # fmt: skip


@surface
def retrieval(studio: Studio) -> Iterator[QWidget]:
    with app(studio, retrieval_flow(), name="Searches") as page:
        page.canvas.zoom_to(1)
        page.canvas.center_on("single", flash=False)
        let_work()
        yield page.canvas
        for node_id in ("full", "single", "model", "old", "fresh"):
            page.canvas.select([node_id])
            let_work()
            form = page.inspector.form
            assert form is not None
            yield form
        page.show_panel("problems")
        page.canvas.select(["full"])
        let_work()
        yield studio.window


def pipeline_flow() -> Workflow:
    """A file and a web site -> a chunker -> knowledge bases of every kind: one in each shape of its form."""
    embedding = {"embedding_model": "text-embedding-3-small", "embedding_model_provider": "langgenius/openai/openai"}
    rerank = {"reranking_provider_name": "langgenius/jina/jina", "reranking_model_name": "jina-reranker-v1-base-en"}
    found = {"search_method": "hybrid_search", "top_k": 3, "score_threshold": 0.5, "score_threshold_enabled": True}
    weights = {"vector_setting": {"vector_weight": 0.6}, "keyword_setting": {"keyword_weight": 0.4}}
    crawl = {
        "url": {"type": "mixed", "value": "{{#rag.web.url#}}"},
        "limit": {"type": "variable", "value": ["rag", "web", "limit"]},
        "use_sitemap": {"type": "constant", "value": True},
    }
    inputs = [
        {"belong_to_node_id": "web", "variable": "url", "label": "URL", "type": "text-input", "required": True},
        {"belong_to_node_id": "web", "variable": "limit", "label": "Limit", "type": "number", "required": False},
    ]
    chunks = {"index_chunk_variable_selector": ["chunk", "result"], "indexing_technique": "high_quality", **embedding}
    return made(
        [
            node("file", "datasource", title="File", plugin_id="langgenius/file", provider_name="file",
                 provider_type="local_file", datasource_name="upload-file", datasource_label="File",
                 datasource_parameters={}, fileExtensions=["txt", "md", "pdf", "docx", "html", "csv", "xlsx"]),
            node("web", "datasource", title="Site", y=200, plugin_id="langgenius/jina_datasource",
                 provider_name="jinareader", provider_type="website_crawl", datasource_name="jina_reader",
                 datasource_label="Jina Reader", datasource_parameters=crawl),
            node("notion", "datasource", title="Notes", y=400, plugin_id="langgenius/notion_datasource",
                 provider_name="notion_datasource", provider_type="online_document",
                 datasource_name="notion_datasource", datasource_label="Notion", datasource_parameters={}),
            node("chunk", "tool", title="Chunker", x=320, tool_name="general_chunker", provider_name="chunker",
                 provider_id="chunker", provider_type="builtin", tool_parameters={}, tool_configurations={}),
            node("index", "knowledge-index", title="Weighted", x=640, **chunks, chunk_structure="hierarchical_model",
                 retrieval_model={**found, "reranking_enable": False, "reranking_mode": "weighted_score",
                                  "weights": weights, "hybridSearchMode": "weighted_score"}),
            node("reranked", "knowledge-index", title="Reranked", x=640, y=200, **chunks, chunk_structure="text_model",
                 retrieval_model={**found, "reranking_enable": True, "reranking_mode": "reranking_model",
                                  "reranking_model": rerank, "weights": None}),
            node("economy", "knowledge-index", title="By words", x=640, y=400, chunk_structure="text_model",
                 index_chunk_variable_selector=["chunk", "result"], indexing_technique="economy", keyword_number=12,
                 retrieval_model={"search_method": "keyword_search", "top_k": 4}),
            node("empty", "knowledge-index", title="Empty", x=640, y=600),
        ],
        [("file", "chunk"), ("web", "chunk"), ("notion", "chunk"), ("chunk", "index"), ("chunk", "reranked"),
         ("chunk", "economy"), ("chunk", "empty")],
        mode="rag_pipeline", top={"kind": "rag_pipeline", "rag_pipeline": {"name": "Papers"}},
        rag_pipeline_variables=inputs,
    )  # fmt: skip


@surface
def pipeline(studio: Studio) -> Iterator[QWidget]:
    with app(studio, pipeline_flow(), name="Papers", mode="rag_pipeline") as page:
        page.canvas.zoom_to(1)
        page.canvas.center_on("reranked", flash=False)
        let_work()
        yield page.canvas
        for node_id in ("file", "web", "notion", "index", "reranked", "economy", "empty"):
            page.canvas.select([node_id])
            let_work()
            form = page.inspector.form
            assert form is not None
            yield form
