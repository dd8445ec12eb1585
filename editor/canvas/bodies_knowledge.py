"""Bodies of cards that search and fill knowledge bases (editor inventory, section 4; nodes-ai spec 8 and 10)."""

from __future__ import annotations

from collections.abc import Mapping

from editor.canvas.body_parts import Data, chips, model_row, said
from editor.canvas.content import Part, Row
from editor.canvas.reading import Naming, items_of, mapping_of, mappings_of, selector_of, text_of
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


def knowledge_index(data: Data, naming: Naming) -> list[Row]:
    rows = []
    source = selector_of(data.get("index_chunk_variable_selector"))
    if source:
        rows.append(chips(naming.variable(source)))
    shown = [text_of(data, "chunk_structure"), text_of(data, "indexing_technique")]
    parts = [Part("chip", text.replace("_", " "), tone="muted") for text in shown if text]
    rows.append(chips(*parts) if parts else said(tr("Not configured"), "warn"))
    return rows
