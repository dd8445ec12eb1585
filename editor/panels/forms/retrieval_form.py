"""The form of the knowledge retrieval node (nodes-ai spec, section 8): what is asked, in which knowledge bases, how
many passages come back, how they are put in order, and which documents are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from editor.i18n import tr
from editor.panels.forms.common import Form, SwitchedPart, add_outputs, column
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import ChoiceField, SelectorField, SwitchField, name_it
from editor.panels.forms.metadata_filter import MetadataConditions
from editor.panels.forms.model_field import ModelField
from editor.panels.forms.parts import labelled
from editor.panels.forms.retrieval_parts import (
    BaseList,
    OptionalSelector,
    RerankModel,
    Shown,
    SliderNumber,
    ThresholdSwitch,
    WeightSlider,
)
from editor.panels.parts import Words
from editor.retrieval import is_weighted, reranks, several, with_weights

SEVERAL: Path = ("multiple_retrieval_config",)
FRESH_SEVERAL = {"reranking_enable": False, "score_threshold": None, "top_k": 4}
USUAL_VECTOR_WEIGHT = 0.7


class KnowledgeForm(Form):
    """The sections, from the question to the passages."""

    def build(self) -> None:
        ctx = self.ctx
        query = self.section(tr("Query"))
        words = SelectorField(ctx, ("query_variable_selector",), tr("Query text"), lambda t: t in ("string", "secret"))
        files = SelectorField(
            ctx, ("query_attachment_selector",), tr("Query attachments"), lambda t: t in ("file", "array[file]")
        )
        query.add(labelled(tr("Text"), OptionalSelector(words)))
        query.add(labelled(tr("Attachments"), OptionalSelector(files), tr("A file or a list of files to search with.")))
        self.section(tr("Knowledge bases")).add(BaseList(ctx, ("dataset_ids",)))
        self._search()
        self._reranking()
        self._filter()
        add_outputs(self)

    # -- what the settings mean --------------------------------------------------------------------------------------

    def _is_single(self) -> bool:
        return bool(self.ctx.get(("retrieval_mode",), "multiple") == "single")

    def _config(self) -> Mapping[str, Any]:
        return several(self.ctx.data)

    def _is_weighted(self) -> bool:
        return is_weighted(self._config())

    # -- search ------------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        ctx = self.ctx
        search = self.section(tr("Search"))
        choices = [("multiple", tr("In all knowledge bases")), ("single", tr("In one that a model picks"))]
        mode = ChoiceField(ctx, ("retrieval_mode",), tr("Retrieval mode"), choices, write=self._mode_chosen)
        search.add(labelled(tr("Retrieval mode"), mode))
        picks = _model(ctx, ("single_retrieval_config", "model"), tr("Model that picks"))
        note = Words(tr("The knowledge base that is picked is searched with its own settings."), "small")
        search.add(Shown(ctx, self._is_single, labelled(tr("Model that picks"), picks), note))
        top = SliderNumber(ctx, (*SEVERAL, "top_k"), tr("Top K"), 1, 10, step=1, default=4)
        threshold = SliderNumber(
            ctx, (*SEVERAL, "score_threshold"), tr("Score threshold"), 0, 1, step=0.01, default=0.7
        )
        several = column(
            labelled(tr("Top K"), top, tr("How many passages are kept.")),
            SwitchedPart(ThresholdSwitch(ctx, (*SEVERAL, "score_threshold"), tr("Leave out low scores")), threshold),
        )
        search.add(Shown(ctx, lambda: not self._is_single(), several))

    def _mode_chosen(self, mode: str) -> None:
        """All bases need their settings to run: what is missing comes in the same step."""
        values: dict[str, Any] = {"retrieval_mode": mode}
        if mode == "multiple" and not self._config():
            values[str(SEVERAL[0])] = dict(FRESH_SEVERAL)
        self.ctx.set_many(values, self.ctx.label(tr("Retrieval mode")))

    # -- reranking ---------------------------------------------------------------------------------------------------

    def _reranking(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Reranking"))
        choices = [("reranking_model", tr("By a rerank model")), ("weighted_score", tr("By weighted scores"))]
        mode = ChoiceField(ctx, (*SEVERAL, "reranking_mode"), tr("Order"), choices, write=self._order_chosen)
        model = labelled(tr("Rerank model"), RerankModel(ctx, (*SEVERAL, "reranking_model")))
        weights = labelled(tr("Weights"), WeightSlider(ctx, (*SEVERAL, "weights")))
        alone = Words(tr("With one knowledge base this has no effect: only Top K and the threshold count."), "small")
        inside = column(
            labelled(tr("Order"), mode),
            Shown(ctx, lambda: not self._is_weighted(), model),
            Shown(ctx, self._is_weighted, weights),
            Shown(ctx, lambda: len(ctx.get(("dataset_ids",), [])) == 1, alone),
        )
        section.add(SwitchedPart(_RerankSwitch(ctx, self._with_needs), inside))

        def show() -> None:
            section.setVisible(not self._is_single())

        ctx.changed.connect(show)
        show()

    def _order_chosen(self, mode: str) -> None:
        self.ctx.set(SEVERAL, self._with_needs({**self._config(), "reranking_mode": mode}), name=tr("Order"))

    @staticmethod
    def _with_needs(config: Mapping[str, Any]) -> dict[str, Any]:
        """Weighted scores cannot be without weights (nodes-ai spec 8.4)."""
        if is_weighted(config) and not isinstance(config.get("weights"), Mapping):
            return {**config, "weights": with_weights(None, USUAL_VECTOR_WEIGHT)}
        return dict(config)

    # -- metadata ----------------------------------------------------------------------------------------------------

    def _filter(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Metadata filter"))
        choices = [
            ("disabled", tr("No filter")),
            ("automatic", tr("Automatic, by a model")),
            ("manual", tr("Manual, by conditions")),
        ]
        section.add(ChoiceField(ctx, ("metadata_filtering_mode",), tr("Metadata filter"), choices))
        model = _model(ctx, ("metadata_model_config",), tr("Model that filters"))
        help_text = tr("It reads out of the query which documents are wanted.")
        named = labelled(tr("Model that filters"), model, help_text)
        section.add(Shown(ctx, lambda: self._filtering() == "automatic", named))
        conditions: QWidget = MetadataConditions(ctx, ("metadata_filtering_conditions",))
        section.add(Shown(ctx, lambda: self._filtering() == "manual", conditions))

    def _filtering(self) -> str:
        return str(self.ctx.get(("metadata_filtering_mode",), "disabled"))


class _RerankSwitch(SwitchField):
    """On or off. Older files do not say: their passages are put in order when a rerank model or weights are named
    (nodes-ai spec 8.1)."""

    def __init__(self, ctx: FormContext, with_needs: Any) -> None:
        self._with_needs = with_needs
        super().__init__(ctx, (*SEVERAL, "reranking_enable"), tr("Put the passages of all knowledge bases in order"))

    def _clicked(self, on: bool) -> None:
        config = {**several(self.ctx.data), "reranking_enable": on}
        self.ctx.set(SEVERAL, self._with_needs(config) if on else config, name=self.setting_name())
        self.toggled.emit(on)

    def load(self) -> None:
        self.box.setChecked(reranks(several(self.ctx.data)))


def _model(ctx: FormContext, path: Path, name: str) -> ModelField:
    """A model field under a name of its own: this form can show two."""
    field = ModelField(ctx, path)
    name_it(field.box, name)
    return field
