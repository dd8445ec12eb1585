"""Bodies of cards that search and fill knowledge bases (editor inventory, section 4; nodes-ai spec 8 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from editor.canvas.body_parts import Data, chips, model_row, said
from editor.canvas.content import Part, Row
from editor.canvas.reading import Naming, first_line, items_of, mapping_of, mappings_of, selector_of, text_of
from editor.i18n import ntr, tr
from editor.retrieval import KEYWORD, VECTOR, is_weighted, rerank_model, reranks, several, weight


def knowledge_retrieval(data: Data, naming: Naming) -> list[Row]:
    rows = []
    asked = [selector_of(data.get(key)) for key in ("query_variable_selector", "query_attachment_selector")]
    if any(asked):
        rows.append(chips(*(naming.variable(selector) for selector in asked if selector)))
    sets = items_of(data, "dataset_ids")
    if sets:
        count = ntr("{n} knowledge base", "{n} knowledge bases", len(sets))
        # No workspace has knowledge bases: what a file names is another workspace's (spec 8.9).
        mark = Part("text", tr("unresolved"), tone="warn")
        rows.append(chips(Part("chip", count, tone="text", icon="knowledge-index"), mark))
    else:
        rows.append(chips(Part("chip", tr("Choose knowledge"), tone="warn", icon="warning")))
    rows += _search(data)
    filtered = _filtered(data)
    return [*rows, chips(filtered)] if filtered is not None else rows


def _search(data: Data) -> list[Row]:
    """How passages are found: one knowledge base picked by a model, or so many of all, and in which order."""
    if data.get("retrieval_mode") == "single":
        picked = model_row(mapping_of(mapping_of(data, "single_retrieval_config"), "model"))
        return [chips(*picked.parts, Part("text", tr("picks one"), tone="faint"))]
    config = several(data)
    parts = []
    top, least = config.get("top_k"), config.get("score_threshold")
    if isinstance(top, int):
        parts.append(Part("text", tr("top {n}", n=top), tone="faint"))
    if isinstance(least, int | float):
        parts.append(Part("text", f"≥ {least:g}", tone="faint"))
    if reranks(config):
        parts.append(_order(config))
    return [chips(*parts)] if parts else []


def _order(config: Mapping[str, object]) -> Part:
    if not is_weighted(config):
        name = rerank_model(config.get("reranking_model"))[1]
        if not name:
            return Part("chip", tr("Choose a model"), tone="warn", icon="warning")
        return Part("chip", name, tone="muted", icon="sort", middle=True)
    shares = [weight(config.get("weights"), of) for of in (VECTOR, KEYWORD)]
    words = " / ".join("–" if share is None else f"{share:g}" for share in shares)
    return Part("chip", tr("weights {shares}", shares=words), tone="muted", icon="sort")


def _filtered(data: Data) -> Part | None:
    """By which fields documents are left out."""
    mode = data.get("metadata_filtering_mode")
    if mode == "automatic":
        return Part("chip", tr("automatic filter"), tone="muted", icon="filter")
    if mode != "manual":
        return None
    conditions = mappings_of(mapping_of(data, "metadata_filtering_conditions"), "conditions")
    names = list(dict.fromkeys(text_of(condition, "name") for condition in conditions if text_of(condition, "name")))
    words = ", ".join(names) or ntr("{n} condition", "{n} conditions", len(conditions))
    return Part("chip", words, tone="muted", icon="filter") if conditions else None


STRUCTURES: Final = {"text_model": "general", "hierarchical_model": "parent-child", "qa_model": "question-answer"}
TECHNIQUES: Final = {"high_quality": "high quality", "economy": "economy"}
METHODS: Final = {
    "semantic_search": "semantic search",
    "full_text_search": "full text search",
    "hybrid_search": "hybrid search",
    "keyword_search": "keyword search",
}


def knowledge_index(data: Data, naming: Naming) -> list[Row]:
    rows = []
    source = selector_of(data.get("index_chunk_variable_selector"))
    if source:
        rows.append(chips(naming.variable(source)))
    tables = (("chunk_structure", STRUCTURES), ("indexing_technique", TECHNIQUES))
    shown = [_word(text_of(data, key), table) for key, table in tables]
    parts = [Part("chip", text, tone="muted") for text in shown if text]
    if not parts:
        return [*rows, said(tr("Not configured"), "warn")]
    rows.append(chips(*parts))
    retrieval = mapping_of(data, "retrieval_model")
    found = [_word(text_of(retrieval, "search_method"), METHODS)]
    if isinstance(top := retrieval.get("top_k"), int):
        found.append(tr("top {n}", n=top))
    least = retrieval.get("score_threshold")
    if retrieval.get("score_threshold_enabled") and isinstance(least, int | float):
        found.append(f"≥ {least:g}")
    words = [Part("text", text, tone="faint") for text in found if text]
    return [*rows, chips(*words)] if words else rows


def _word(value: str, table: Mapping[str, str]) -> str:
    """A setting in words; what nobody knows as it is."""
    return tr(table[value]) if value in table else value.replace("_", " ")


SOURCES: Final = {
    "local_file": "files",
    "website_crawl": "web site",
    "online_document": "online documents",
    "online_drive": "online drive",
}


def datasource(data: Data, naming: Naming) -> list[Row]:
    name = text_of(data, "datasource_label") or text_of(data, "datasource_name")
    if not name:
        return [said(tr("Not configured"), "warn")]
    kind = _word(text_of(data, "provider_type"), SOURCES)
    parts = [Part("chip", name, tone="text", icon="datasource")]
    rows = [chips(*parts, Part("text", kind, tone="faint")) if kind else chips(*parts)]
    extensions = [str(item) for item in items_of(data, "fileExtensions")]
    if extensions:
        more = f" +{len(extensions) - 6}" if len(extensions) > 6 else ""
        rows.append(said(", ".join(extensions[:6]) + more, "faint"))
    url = mapping_of(mapping_of(data, "datasource_parameters"), "url").get("value")
    selector = selector_of(url)
    if isinstance(url, str) and url:
        rows.append(Row(naming.inline(first_line(url))))
    elif selector:
        rows.append(chips(naming.variable(selector)))
    return rows
