"""Forms of a pipeline's ends: the data source that brings documents, and the knowledge base that takes the chunks
(nodes-ai spec, sections 10.1 and 11.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from editor.i18n import tr
from editor.panels.forms.common import Form, SwitchedPart, add_outputs, column
from editor.panels.forms.fields import ChoiceField, NumberField, SelectorField, SwitchField, TextField
from editor.panels.forms.model_parameters import WordsField
from editor.panels.forms.parts import labelled
from editor.panels.forms.retrieval_parts import RerankModel, Shown, SliderNumber, WeightSlider
from editor.panels.forms.tool_form import ParameterRow
from editor.panels.parts import Words
from editor.retrieval import OLD_KEYS, is_weighted, with_weights

STRUCTURES: Final = (
    ("text_model", "General"),
    ("hierarchical_model", "Parent and child"),
    ("qa_model", "Question and answer"),
)
TECHNIQUES: Final = (("high_quality", "High quality, by meaning"), ("economy", "Economy, by keywords"))
METHODS: Final = (
    ("semantic_search", "Semantic search"),
    ("full_text_search", "Full text search"),
    ("hybrid_search", "Hybrid search"),
)
SOURCES: Final[Mapping[str, str]] = {
    "local_file": "Files of this computer",
    "website_crawl": "Pages of a web site",
    "online_document": "Online documents",
    "online_drive": "Online drive",
}
NEEDS_HIGH_QUALITY: Final = frozenset({"hierarchical_model", "qa_model"})
RETRIEVAL: Final = "retrieval_model"


class IndexForm(Form):
    """How chunks are built, indexed and found again."""

    def build(self) -> None:
        self._chunks()
        self._index()
        self._retrieval()
        add_outputs(self)

    def _choices(self, key: str, table: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
        """The values with their words; what is not chosen yet is said to be so."""
        unset = [] if self.ctx.get((key,), "") else [("", tr("Choose"))]
        return [*unset, *((value, tr(word)) for value, word in table)]

    # -- chunks ------------------------------------------------------------------------------------------------------

    def _chunks(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Chunks"))
        structure = ChoiceField(
            ctx,
            ("chunk_structure",),
            tr("Chunk structure"),
            self._choices("chunk_structure", STRUCTURES),
            default="",
            write=self._structure_chosen,
        )
        section.add(labelled(tr("Chunk structure"), structure, tr("Once the pipeline is published it stays.")))
        chunks = SelectorField(
            ctx,
            ("index_chunk_variable_selector",),
            tr("Chunk variable"),
            lambda kind: kind in ("object", "any") or kind.startswith("array"),
        )
        section.add(labelled(tr("Chunk variable"), chunks))

    def _structure_chosen(self, structure: str) -> None:
        values: dict[str, Any] = {"chunk_structure": structure}
        if structure in NEEDS_HIGH_QUALITY and self._technique() == "economy":
            values |= self._with_technique("high_quality")
        self.ctx.set_many(values, self.ctx.label(tr("Chunk structure")))

    # -- index -------------------------------------------------------------------------------------------------------

    def _technique(self) -> str:
        return str(self.ctx.get(("indexing_technique",), ""))

    def _index(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Indexing"))
        self._method = ChoiceField(
            ctx,
            ("indexing_technique",),
            tr("Index method"),
            self._choices("indexing_technique", TECHNIQUES),
            default="",
            write=lambda technique: ctx.set_many(self._with_technique(technique), ctx.label(tr("Index method"))),
        )
        forced = Words(tr("Chunks of this structure are always indexed in high quality."), "small")
        section.add(labelled(tr("Index method"), self._method))
        section.add(Shown(ctx, self._is_forced, forced))
        embedding = column(
            TextField(ctx, ("embedding_model_provider",), tr("Provider of the embedding model"), tr("Provider")),
            TextField(ctx, ("embedding_model",), tr("Embedding model"), tr("Model")),
            spacing=6,
        )
        section.add(Shown(ctx, lambda: self._technique() != "economy", labelled(tr("Embedding model"), embedding)))
        count = NumberField(ctx, ("keyword_number",), tr("Keywords of a chunk"), 1, 50, default=10)
        section.add(Shown(ctx, lambda: self._technique() == "economy", labelled(tr("Keywords of a chunk"), count)))

        def follow() -> None:
            self._method.setEnabled(not ctx.read_only and not (self._is_forced() and self._technique() != "economy"))

        ctx.changed.connect(follow)
        follow()

    def _is_forced(self) -> bool:
        return self.ctx.get(("chunk_structure",), "") in NEEDS_HIGH_QUALITY

    def _with_technique(self, technique: str) -> dict[str, Any]:
        """An index is searched in its own way, so that the way of searching goes with it."""
        values: dict[str, Any] = {"indexing_technique": technique}
        held = self._held()
        by_words = held.get("search_method") == "keyword_search"
        if technique == "economy" and not by_words:
            values[RETRIEVAL] = {**held, "search_method": "keyword_search"}
        elif technique == "high_quality" and (by_words or not held.get("search_method")):
            values[RETRIEVAL] = {**held, "search_method": "semantic_search"}
        return values

    # -- retrieval ---------------------------------------------------------------------------------------------------

    def _held(self) -> Mapping[str, Any]:
        value = self.ctx.get((RETRIEVAL,), {})
        return value if isinstance(value, Mapping) else {}

    def _is_hybrid(self) -> bool:
        return self._held().get("search_method") == "hybrid_search"

    def _is_by_meaning(self) -> bool:
        return self._technique() != "economy" and self._held().get("search_method") != "keyword_search"

    def _retrieval(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Retrieval"))
        choices = [(value, tr(word)) for value, word in METHODS]
        if not self._held().get("search_method"):
            choices.insert(0, ("", tr("Choose")))
        method = ChoiceField(
            ctx, (RETRIEVAL, "search_method"), tr("Search method"), choices, default="", write=self._method_chosen
        )
        words = Words(tr("Chunks are found by their keywords."), "small")
        section.add(Shown(ctx, self._is_by_meaning, labelled(tr("Search method"), method)))
        section.add(Shown(ctx, lambda: not self._is_by_meaning(), words))
        top = SliderNumber(ctx, (RETRIEVAL, "top_k"), tr("Top K"), 1, 10, step=1, default=3)
        section.add(labelled(tr("Top K"), top, tr("How many passages are kept.")))
        threshold = SliderNumber(ctx, (RETRIEVAL, "score_threshold"), tr("Score threshold"), 0, 1, step=0.01,
                                 default=0.5)  # fmt: skip
        low = _LowScores(ctx, (RETRIEVAL, "score_threshold_enabled"), tr("Leave out low scores"))
        section.add(Shown(ctx, self._is_by_meaning, SwitchedPart(low, threshold), self._ranking()))

    def _ranking(self) -> QWidget:
        ctx = self.ctx
        orders = [("weighted_score", tr("By weighted scores")), ("reranking_model", tr("By a rerank model"))]
        order = ChoiceField(
            ctx,
            (RETRIEVAL, "reranking_mode"),
            tr("Order"),
            orders,
            default="reranking_model",
            write=self._order_chosen,
        )
        weights = labelled(tr("Weights"), WeightSlider(ctx, (RETRIEVAL, "weights")))
        by_weights = Shown(ctx, lambda: self._is_hybrid() and is_weighted(self._held()), weights)
        switch = SwitchField(ctx, (RETRIEVAL, "reranking_enable"), tr("Rerank the passages"))
        model = labelled(tr("Rerank model"), RerankModel(ctx, (RETRIEVAL, "reranking_model"), OLD_KEYS))
        return column(
            Shown(ctx, self._is_hybrid, labelled(tr("Order"), order)),
            by_weights,
            Shown(ctx, lambda: not self._is_hybrid(), switch),
            Shown(ctx, self._asks_for_model, model),
        )

    def _order_chosen(self, mode: str) -> None:
        self.ctx.set((RETRIEVAL,), self._ordered({**self._held(), "reranking_mode": mode}), name=tr("Order"))

    def _asks_for_model(self) -> bool:
        held = self._held()
        return not is_weighted(held) if self._is_hybrid() else bool(held.get("reranking_enable"))

    def _method_chosen(self, method: str) -> None:
        held = {**self._held(), "search_method": method}
        made = self._ordered(held) if method == "hybrid_search" else held
        self.ctx.set((RETRIEVAL,), made, name=tr("Search method"))

    def _ordered(self, held: Mapping[str, Any]) -> dict[str, Any]:
        """Two ways of searching give one order: by weights, which then must be there, or by a model."""
        weighted = is_weighted(held)
        made = {**held, "reranking_enable": not weighted}
        if weighted and not isinstance(held.get("weights"), Mapping):
            weights = with_weights(None, 0.7)
            weights["vector_setting"] |= {
                "embedding_model_name": str(self.ctx.get(("embedding_model",), "")),
                "embedding_provider_name": str(self.ctx.get(("embedding_model_provider",), "")),
            }
            made["weights"] = weights
        return made


class _LowScores(SwitchField):
    """On needs a score to compare with, which comes in the same step where there is none."""

    def _clicked(self, on: bool) -> None:
        held = self.ctx.get(self.path[:-1], {})
        fresh = {"score_threshold": 0.5} if on and held.get("score_threshold") is None else {}
        self.ctx.set(self.path[:-1], {**held, **fresh, str(self.path[-1]): on}, name=self.setting_name())
        self.toggled.emit(on)


class DatasourceForm(Form):
    """Which source it is comes with the file; what it is given can be changed."""

    def build(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Source"))
        kind = str(ctx.get(("provider_type",), ""))
        facts = [
            (tr("Kind"), tr(SOURCES[kind]) if kind in SOURCES else kind),
            (tr("Source"), ctx.get(("datasource_name",), "")),
            (tr("Plugin"), ctx.get(("plugin_id",), "")),
        ]
        for word, value in facts:
            if value:
                section.add(labelled(word, _fact(str(value))))
        section.add(labelled(tr("Shown as"), TextField(ctx, ("datasource_label",), tr("Shown as"), tr("Name"))))
        if kind in ("online_document", "online_drive"):
            note = tr("Penstock has no connector for this source: the step is kept, and a run says what is missing.")
            section.add(Words(note, "warn"))
        if kind == "local_file" or ctx.get(("fileExtensions",)):
            field = WordsField(ctx, ("fileExtensions",), tr("File extensions"))
            section.add(labelled(tr("File extensions"), field, tr("Only files of these kinds may be chosen.")))
        self._parameters()
        add_outputs(self)

    def _parameters(self) -> None:
        given = self.ctx.get(("datasource_parameters",), {})
        if not isinstance(given, Mapping) or not given:
            return
        section = self.section(tr("Parameters"))
        for name in given:
            label = str(name).replace("_", " ")
            section.add(ParameterRow(self.ctx, ("datasource_parameters", str(name)), label, "", False))


def _fact(text: str) -> Words:
    """What can be read and copied."""
    words = Words(text, "")
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return words
