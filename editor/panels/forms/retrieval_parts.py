"""The parts of the knowledge retrieval form: knowledge bases by id, sliders with their numbers, the rerank model, the
weights, and a variable that can be taken away again (nodes-ai spec 8.1, 8.9)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, NumberField, SelectorField, SwitchField, calm, name_it
from editor.panels.forms.parts import RowList, add_button, small_button
from editor.panels.parts import ElidedLabel, Words
from editor.retrieval import (
    KEYWORD,
    NEW_KEYS,
    VECTOR,
    plain_number,
    rerank_keys,
    rerank_model,
    rerank_models,
    weight,
    with_weights,
)

BETWEEN_IDS: Final = re.compile(r"[\s,;，、；]+")
NUMBER_WIDTH: Final = 80
PERCENT: Final = 100


class Shown(QWidget):
    """Fields that are there only while the settings make use of them."""

    def __init__(self, ctx: FormContext, when: Callable[[], bool], *inside: QWidget) -> None:
        super().__init__()
        self._when = when
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for widget in inside:
            column.addWidget(widget)
        ctx.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        # Without a parent yet it would come up as a window of its own.
        if self.parent() is not None or not self._when():
            self.setVisible(self._when())


class OptionalSelector(QWidget):
    """A variable that may stay unset: a cross takes it away."""

    def __init__(self, field: SelectorField) -> None:
        super().__init__()
        self._field = field
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(field, 1)
        words = tr("Take away: {what}", what=field.button.accessibleName())
        self.clear = small_button("close", words, self._clear)
        row.addWidget(self.clear)
        self.setFocusProxy(field)
        field.ctx.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.clear.setEnabled(bool(self._field.ctx.get(self._field.path, [])) and not self._field.ctx.read_only)

    def _clear(self) -> None:
        self._field.ctx.set(self._field.path, [], name=self.clear.toolTip())
        self._field.button.setFocus()


# -- knowledge bases ---------------------------------------------------------------------------------------------------


class _BaseRow(QWidget):
    """One id as the file has it, and that nothing here is meant by it."""

    def __init__(self, dataset_id: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        words = QVBoxLayout()
        words.setSpacing(0)
        name = ElidedLabel(dataset_id, middle=True)
        name_it(name, tr("Knowledge base"))
        words.addWidget(name)
        note = QLabel(tr("Not in this workspace"))
        note.setProperty("kind", "warn")
        words.addWidget(note)
        row.addLayout(words, 1)
        copy = small_button("copy", tr("Copy the id"), lambda: QApplication.clipboard().setText(dataset_id))
        row.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)


class BaseList(RowList):
    """The ids of knowledge bases. This program has no knowledge bases of its own, so that each is named by its id: it
    is kept as it came, can be removed, and others can be added."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(
            ctx,
            path,
            lambda index: _BaseRow(str(self.items()[index])),
            str,
            tr("Add knowledge base"),
            empty=tr("None chosen."),
            movable=False,
            key=str,
        )
        self.add_button.hide()
        self.entry = QLineEdit()
        self.entry.setPlaceholderText(tr("Knowledge base id"))
        name_it(self.entry, tr("Knowledge base id"))
        self.entry.returnPressed.connect(self.add_item)
        self.entry.textEdited.connect(lambda: self._refuse(""))
        self._more = QWidget()
        row = QHBoxLayout(self._more)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.entry, 1)
        row.addWidget(add_button(tr("Add"), self.add_item))
        self._fault = Words(kind="bad")
        self._fault.hide()
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.addWidget(self._more)
        column.addWidget(self._fault)
        self._more.setVisible(not ctx.read_only)

    def add_item(self) -> None:
        """Append what was typed or pasted, one id or several; what is there already is said and not added twice."""
        wanted = list(dict.fromkeys(part for part in BETWEEN_IDS.split(self.entry.text()) if part))
        present = {str(item) for item in self.items()}
        fresh = [part for part in wanted if part not in present]
        if not fresh:
            self._refuse(tr("This knowledge base is in the list already.") if wanted else tr("Type an id first."))
            self.entry.setFocus()
            return
        self.ctx.set(self.path, [*self.items(), *fresh], name=tr("Add knowledge base"))
        self.entry.clear()
        self._refuse("")
        self.entry.setFocus()

    def _refuse(self, why: str) -> None:
        self._fault.setText(why)
        self._fault.setVisible(bool(why))

    def _focus_row(self, index: int) -> None:
        if index < 0:
            self.entry.setFocus()
        else:
            super()._focus_row(index)


# -- numbers -----------------------------------------------------------------------------------------------------------


class Slider(QSlider):
    """A level slider; `left` when the keyboard goes or the hand lets go: what comes next is another undo step."""

    left = Signal()

    def __init__(self, name: str, lowest: int, highest: int, page: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(lowest, highest)
        self.setPageStep(page)
        name_it(self, name)
        calm(self)
        self.sliderReleased.connect(self.left)

    def show_value(self, value: int) -> None:
        """Move there without saying that somebody did it."""
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class SliderNumber(NumberField):
    """A number with a slider before it. A value of a file outside of the usual range is shown as it is."""

    def __init__(
        self, ctx: FormContext, path: Path, name: str, lowest: float, highest: float, *, step: float, default: float
    ) -> None:
        decimals = 0 if step >= 1 else 2
        self._range = (lowest, highest)
        self._step = step
        self.slider = Slider(
            tr("{what}, roughly", what=name), round(lowest / step), round(highest / step), 1 if step >= 1 else 10
        )
        super().__init__(ctx, path, name, lowest, highest, decimals=decimals, step=step, default=default)
        self.slider.valueChanged.connect(self._slid)
        self.slider.left.connect(ctx.end_typing)
        self.row.insertWidget(0, self.slider, 1)
        # Beside a slider it is the slider that takes the room.
        self.edit.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.edit.setMinimumWidth(NUMBER_WIDTH)

    def _slid(self, at: int) -> None:
        self.put(plain_number(at * self._step), typing=True)

    def load(self) -> None:
        value = self.ctx.get(self.path, self._default)
        number = float(value) if isinstance(value, int | float) else float(self._default)
        self._loading = True
        low, high = min(self._range[0], number), max(self._range[1], number)
        if isinstance(self.edit, QSpinBox):
            self.edit.setRange(int(low), int(high))
        else:
            self.edit.setRange(low, high)
        self._loading = False
        super().load()
        self.slider.show_value(round(number / self._step))


class ThresholdSwitch(SwitchField):
    """Whether passages below a score are left out: off is null, on begins at 0.7 (nodes-ai spec 8.1)."""

    def _clicked(self, on: bool) -> None:
        self.put(0.7 if on else None)
        self.toggled.emit(on)

    def load(self) -> None:
        # A threshold of 0 is one, so that truth is not asked.
        self.box.setChecked(self.ctx.get(self.path) is not None)


# -- reranking ---------------------------------------------------------------------------------------------------------


class RerankModel(Field):
    """Provider and name of the rerank model. No service of this program lists rerank models, so that both are typed,
    or taken from another step of the workflow."""

    def __init__(self, ctx: FormContext, path: Path, usual: tuple[str, str] = NEW_KEYS) -> None:
        """`usual` are the keys that a new block gets; one of a file keeps its own."""
        super().__init__(ctx, path)
        self._usual = usual
        self.provider = self._line(0, tr("Provider of the rerank model"), tr("Provider"))
        self.model = self._line(1, tr("Rerank model"), tr("Model"))
        self.pick = small_button("chevron-down", tr("Rerank models of this workflow"), self._ask)
        # Below each other: the names of both are long.
        column, last = QVBoxLayout(), QHBoxLayout()
        column.setSpacing(6)
        last.setSpacing(4)
        last.addWidget(self.model, 1)
        last.addWidget(self.pick)
        column.addWidget(self.provider)
        column.addLayout(last)
        self.row.addLayout(column, 1)
        self.setFocusProxy(self.provider)
        ctx.graphChanged.connect(self._follow)
        self.load()

    def _line(self, position: int, name: str, placeholder: str) -> QLineEdit:
        edit = _LeftLine()
        edit.setPlaceholderText(placeholder)
        name_it(edit, name)
        edit.textEdited.connect(lambda text: self._typed(position, text))
        edit.left.connect(self.ctx.end_typing)
        return edit

    def _typed(self, position: int, text: str) -> None:
        held = self._held()
        self._write({**held, rerank_keys(held, self._usual)[position]: text.strip()}, typing=True)

    def _write(self, model: dict[str, Any], *, typing: bool) -> None:
        """Who names a model means it: where an older file does not say whether passages are put in order, it says so
        from now on. Else the fields would be gone as soon as a name is deleted to write another one."""
        config = dict(self.ctx.get(self.path[:-1], {}))
        said = config.get("reranking_enable")
        whole = {**config, "reranking_enable": True if said is None else said, str(self.path[-1]): model}
        self.ctx.set(self.path[:-1], whole, typing=typing, name=tr("Rerank model"))

    def _held(self) -> dict[str, Any]:
        value = self.ctx.get(self.path, {})
        return dict(value) if isinstance(value, Mapping) else {}

    def _known(self) -> list[tuple[str, str]]:
        """The rerank models that steps of this workflow name."""
        nodes = self.ctx.session.document.graph.nodes.values()
        return sorted({pair for node in nodes for pair in rerank_models(node.data)})

    def _ask(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for provider, name in self._known():
            text = f"{name}  ·  {provider.rsplit('/', 1)[-1]}"
            menu.addAction(text, partial(self.choose, provider, name))
        menu.popup(self.pick.mapToGlobal(self.pick.rect().bottomLeft()))

    def choose(self, provider: str, name: str) -> None:
        """Take a model, in one step; what else the block says stays."""
        held = self._held()
        named = dict(zip(rerank_keys(held, self._usual), (provider, name), strict=True))
        self._write({**held, **named}, typing=False)

    def load(self) -> None:
        for edit, text in zip((self.provider, self.model), rerank_model(self._held()), strict=True):
            if edit.text().strip() != text:
                edit.setText(text)
                edit.setCursorPosition(0)  # of a name that is too long its beginning is seen
            edit.setToolTip(text)
        self._follow()

    def _follow(self) -> None:
        self.pick.setVisible(bool(set(self._known()) - {rerank_model(self._held())}))


class _LeftLine(QLineEdit):
    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class WeightSlider(Field):
    """How much meaning and how much words count: one slider, the two shares together are 1. What a file says is shown
    as it is until somebody moves the slider."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(ctx, path)
        self.vector, self.keyword = QLabel(), QLabel()
        name_it(self.vector, tr("Weight of the meaning"))
        name_it(self.keyword, tr("Weight of the words"))
        self.slider = Slider(tr("Meaning against words"), 0, PERCENT, 10)
        self.slider.valueChanged.connect(self._slid)
        self.slider.left.connect(ctx.end_typing)
        column = QVBoxLayout()
        column.setSpacing(4)
        shares = QHBoxLayout()
        shares.addWidget(self.vector)
        shares.addStretch(1)
        shares.addWidget(self.keyword)
        column.addLayout(shares)
        column.addWidget(self.slider)
        self.embedding = Words(kind="small")
        column.addWidget(self.embedding)
        self.row.addLayout(column, 1)
        self.setFocusProxy(self.slider)
        self.load()

    def _slid(self, at: int) -> None:
        weights = with_weights(self.ctx.get(self.path), plain_number(at / PERCENT))
        self.ctx.set(self.path, weights, typing=True, name=tr("Weights"))

    def load(self) -> None:
        weights = self.ctx.get(self.path)
        vector, keyword = weight(weights, VECTOR), weight(weights, KEYWORD)
        self.vector.setText(tr("Meaning {share}", share=_share(vector)))
        self.keyword.setText(tr("Words {share}", share=_share(keyword)))
        self.slider.show_value(round((0.7 if vector is None else vector) * PERCENT))
        model = str(self.ctx.get((*self.path, "vector_setting", "embedding_model_name"), "") or "")
        provider = str(self.ctx.get((*self.path, "vector_setting", "embedding_provider_name"), "") or "")
        self.embedding.setText(
            tr("Embedding model: {name} of {provider}", name=model, provider=provider.rsplit("/", 1)[-1] or "?")
        )
        self.embedding.setVisible(bool(model))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.slider.keyPressEvent(event)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
