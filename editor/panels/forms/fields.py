"""The fields that forms are made of. Each shows one setting, writes it as an edit and follows changes from outside
(undo, another window) through `load`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.keymap import native
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.json_edit import JsonEdit, fault_line
from editor.panels.forms.template_edit import GrowingText, TemplateEdit
from editor.theme import restyle
from editor.wordsteps import WordSteps, word_step


class Field(QWidget):
    """One setting at `path` of the node. Subclasses build their editor and implement `load`."""

    def __init__(self, ctx: FormContext, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.path = path
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        ctx.changed.connect(self._reload)
        self.setEnabled(not ctx.read_only)

    def _reload(self) -> None:
        self.load()

    def load(self) -> None:
        """Show the present value."""
        raise NotImplementedError

    def put(self, value: Any, *, typing: bool = False) -> None:
        """Change the setting; the step is called after the field."""
        self.ctx.set(self.path, value, typing=typing, name=self.setting_name())

    def setting_name(self) -> str:
        """What the setting is called, as a screen reader says it."""
        editor: QWidget = self
        while (inner := editor.focusProxy()) is not None:
            editor = inner
        return editor.accessibleName()

    def focus_editor(self) -> None:
        """Put the keyboard into the editor."""
        self.setFocus()


def name_it(widget: QWidget, name: str) -> None:
    """The accessible name, which is also how tests find a field."""
    widget.setAccessibleName(name)
    widget.setObjectName(name)


class _Line(QLineEdit):
    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class TextField(Field):
    """One line of text."""

    def __init__(self, ctx: FormContext, path: Path, name: str, placeholder: str = "", default: str = "") -> None:
        super().__init__(ctx, path)
        self._default = default
        self.edit = _Line()
        self.edit.setPlaceholderText(placeholder)
        name_it(self.edit, name)
        self.edit.textEdited.connect(lambda text: self.put(text, typing=True))
        self.edit.left.connect(ctx.end_typing)
        self.row.addWidget(self.edit)
        self.setFocusProxy(self.edit)
        self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, self._default)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if text != self.edit.text():
            self.edit.setText(text)


class PlainEdit(WordSteps, QPlainTextEdit):
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        with word_step(self, event.text()):
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class MultilineField(Field):
    """Several lines of plain text."""

    def __init__(self, ctx: FormContext, path: Path, name: str, placeholder: str = "", rows: int = 3) -> None:
        super().__init__(ctx, path)
        self.edit = PlainEdit()
        self.edit.setPlaceholderText(placeholder)
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(16 + rows * 19)
        name_it(self.edit, name)
        self.edit.textChanged.connect(self._edited)
        self.edit.left.connect(ctx.end_typing)
        self.row.addWidget(self.edit)
        self.setFocusProxy(self.edit)
        self._loading = False
        self.load()

    def _edited(self) -> None:
        if not self._loading:
            self.put(self.edit.toPlainText(), typing=True)

    def load(self) -> None:
        text = str(self.ctx.get(self.path, ""))
        if text != self.edit.toPlainText():
            self._loading = True
            self.edit.setPlainText(text)
            self._loading = False


class _NoWheel(QObject):
    """A wheel over a spin or combo box scrolls the panel, it does not change the value by accident."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent) and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def calm(widget: QWidget) -> None:
    """Make a widget ignore the wheel unless it has the focus."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_NoWheel(widget))


class _Decimal(QDoubleSpinBox):
    """Decimal numbers without the zeros at their end."""

    def textFromValue(self, value: float) -> str:
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text


class NumberField(Field):
    """A whole or decimal number between two bounds, with a unit."""

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        name: str,
        lowest: float = 0,
        highest: float = 1_000_000,
        *,
        decimals: int = 0,
        step: float = 1,
        default: float = 0,
        unit: str = "",
    ) -> None:
        super().__init__(ctx, path)
        self._default = default
        self.edit: QSpinBox | QDoubleSpinBox
        if decimals:
            box = _Decimal()
            box.setDecimals(decimals)
            box.setRange(lowest, highest)
            box.setSingleStep(step)
            box.valueChanged.connect(self._edited)
            self.edit = box
        else:
            whole = QSpinBox()
            whole.setRange(int(lowest), int(highest))
            whole.setSingleStep(int(step))
            whole.valueChanged.connect(self._edited)
            self.edit = whole
        if unit:
            self.edit.setSuffix(f" {unit}")
        name_it(self.edit, name)
        calm(self.edit)
        # Without this a wide range, not the panel, would say how wide the field is.
        self.edit.setMinimumWidth(72)
        self.edit.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.edit.editingFinished.connect(ctx.end_typing)
        self._loading = False
        self.row.addWidget(self.edit)
        self.setFocusProxy(self.edit)
        self.load()

    def _edited(self, value: float) -> None:
        if not self._loading:
            # A whole number stays a whole number: most limits and counts are refused as 20.0.
            whole = float(value).is_integer()
            self.put(int(value) if whole else value, typing=True)

    def load(self) -> None:
        value = self.ctx.get(self.path, self._default)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float(self._default)
        self._loading = True
        if isinstance(self.edit, QSpinBox):
            self.edit.setValue(int(number))
        else:
            self.edit.setValue(number)
        self._loading = False


class ChoiceField(Field):
    """One of several values, each with a word for people. A value that is not among them is kept and shown as it is."""

    chosen = Signal(object)

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        name: str,
        choices: Sequence[tuple[Any, str]],
        default: Any = None,
        write: Callable[[Any], None] | None = None,
    ) -> None:
        """`write` takes the place of setting the value, where more belongs to the same undo step."""
        super().__init__(ctx, path)
        self._write = write
        self._default = choices[0][0] if default is None and choices else default
        self.box = QComboBox()
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(6)
        self.box.setMinimumWidth(84)
        for value, word in choices:
            self.box.addItem(word, value)
        name_it(self.box, name)
        calm(self.box)
        self.box.activated.connect(self._picked)
        self.row.addWidget(self.box)
        self.setFocusProxy(self.box)
        self.load()

    def _picked(self, index: int) -> None:
        value = self.box.itemData(index)
        if self._write is not None:
            self._write(value)
        else:
            self.put(value)
        self.chosen.emit(value)

    def load(self) -> None:
        value = self.ctx.get(self.path, self._default)
        index = next((i for i in range(self.box.count()) if self.box.itemData(i) == value), -1)
        if index < 0:
            self.box.addItem(str(value), value)
            index = self.box.count() - 1
        self.box.setCurrentIndex(index)


class SwitchField(Field):
    """On or off."""

    toggled = Signal(bool)

    def __init__(self, ctx: FormContext, path: Path, text: str, *, default: bool = False) -> None:
        super().__init__(ctx, path)
        self._default = default
        self.box = QCheckBox(text)
        name_it(self.box, text)
        self.box.clicked.connect(self._clicked)
        self.row.addWidget(self.box)
        self.row.addStretch(1)
        self.setFocusProxy(self.box)
        self.load()

    def _clicked(self, on: bool) -> None:
        self.put(on)
        self.toggled.emit(on)

    def load(self) -> None:
        self.box.setChecked(bool(self.ctx.get(self.path, self._default)))


class ElidedButton(QPushButton):
    """A button that takes what room there is and shortens its text in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setMinimumWidth(72)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_whole(self, text: str) -> None:
        """The text to show as much of as fits."""
        self._whole = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.width() - 48  # the icon and the padding on both sides
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, max(24, room)))


class SelectorField(Field):
    """A variable: a chip that opens the picker; red when it points nowhere."""

    chosen = Signal(list)

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        name: str,
        accept: Callable[[str], bool] | None = None,
        placeholder: str = "",
        write: Callable[[list[str]], None] | None = None,
    ) -> None:
        super().__init__(ctx, path)
        self._accept = accept
        self._write = write
        self._placeholder = placeholder or tr("Choose a variable")
        self.button = ElidedButton()
        self.button.setProperty("kind", "field")
        name_it(self.button, name)
        self.button.clicked.connect(self._clicked)
        self.button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.button.customContextMenuRequested.connect(self._menu)
        self.row.addWidget(self.button, 1)
        self.setFocusProxy(self.button)
        ctx.graphChanged.connect(self.load)
        self.load()

    def _clicked(self) -> None:
        """Another variable; with Ctrl the node that gives this one."""
        selector = self._selector()
        held = QApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier
        if held and selector and selector[0] in self.ctx.session.document.graph.nodes:
            self.ctx.session.reveal(selector[0])
        else:
            self.open_picker()

    def open_picker(self) -> None:
        """Show the variable picker under the field."""
        from editor.panels.variable_picker import VariablePicker

        picker = VariablePicker(self.ctx.session, self.ctx.node_id, self._accept, self)
        picker.picked.connect(self._picked)
        picker.popup_at(self.button)

    def _selector(self) -> list[str]:
        value = self.ctx.get(self.path, [])
        if isinstance(value, str):
            return value.split(".") if value else []
        return [str(part) for part in value] if isinstance(value, list) else []

    def _menu(self, point: QPoint) -> None:
        """What can be done with the variable besides choosing another."""
        selector = self._selector()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("variables", "text"), tr("Choose a variable"), self.open_picker)
        if selector:
            session = self.ctx.session
            node = session.document.graph.nodes.get(selector[0])
            if node is not None:
                title = node.title or node.type
                words = tr("Go to {title}", title=title)
                menu.addAction(icon("arrow-right", "text"), words, lambda: session.reveal(selector[0]))
            reference = "{{#" + ".".join(selector) + "#}}"
            menu.addAction(
                icon("copy", "text"), tr("Copy the reference"), lambda: QGuiApplication.clipboard().setText(reference)
            )
            if self._write is None and not self.ctx.read_only:
                menu.addAction(icon("close", "text"), tr("Clear"), lambda: self.put([]))
        menu.popup(self.button.mapToGlobal(point))

    def _picked(self, selector: list[str]) -> None:
        if self._write is not None:
            self._write(list(selector))
        else:
            self.put(list(selector))
        self.chosen.emit(list(selector))

    def load(self) -> None:
        selector = self._selector()
        broken = False
        if selector:
            info = self.ctx.describe_selector(selector)
            broken = info.broken
            text = f"{info.source} / {info.name}" if info.source else info.name
            way = tr("{keys} and a click go to the node.", keys=native("Ctrl")) if info.node else ""
            self.button.setToolTip(f"{info.tip}\n{way}".strip())
        else:
            text = self._placeholder
            self.button.setToolTip("")
        self.button.set_whole(text)
        picture = info.picture if selector and info.picture else "variables"
        self.button.setIcon(icon(picture, "bad" if broken else "accent" if selector else "faint"))
        restyle(self.button, state="broken" if broken else "set" if selector else "empty")


def prompt_blocks(ctx: FormContext, path: Path) -> dict[str, str]:
    """The words of the format that a prompt may hold: the context that the model is given, and in the one text of a
    completion model the history (editor spec P6). What is not switched on would stand there for nothing."""
    if ctx.node.type != "llm" or not path or path[0] != "prompt_template":
        return {}
    known = {}
    if ctx.get(("context", "enabled"), False):
        known["context"] = tr("Context")
    if isinstance(ctx.get(("prompt_template",)), Mapping) and ctx.get(("memory",)):
        known["histories"] = tr("History")
    return known


def offer_at_caret(
    edit: TemplateEdit, ctx: FormContext, parent: QWidget, blocks: Mapping[str, str] | None = None
) -> None:
    """Show the variable picker at the caret of a text; what is picked becomes a chip. `blocks` are what this text may
    say besides variables."""
    from editor.panels.variable_picker import VariablePicker

    picker = VariablePicker(ctx.session, ctx.node_id, None, parent, blocks=blocks)
    if edit.called_by_sign:
        picker.serve(edit)
    picker.picked.connect(lambda selector: edit.insert_reference(".".join(selector)))
    picker.popup_at_point(edit.viewport().mapToGlobal(edit.cursorRect().bottomLeft()))


class TemplateField(Field):
    """Text with variable chips."""

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        name: str,
        placeholder: str = "",
        *,
        single_line: bool = False,
        lowest: int = 72,
        highest: int = 320,
    ) -> None:
        super().__init__(ctx, path)
        self.edit = TemplateEdit(ctx.describe, single_line=single_line)
        self.edit.set_placeholder(placeholder or tr("Type / or { for a variable"))
        name_it(self.edit, name)
        if not single_line:
            self._grow = GrowingText(self.edit, lowest, highest)
        self.edit.edited.connect(lambda text: self.put(text, typing=True))
        self.edit.left.connect(ctx.end_typing)
        self.edit.pickRequested.connect(self.open_picker)
        self.edit.chipActivated.connect(ctx.session.reveal)
        self.row.addWidget(self.edit, 1)
        self.setFocusProxy(self.edit)
        ctx.graphChanged.connect(self.edit.refresh_chips)
        self.load()

    def open_picker(self) -> None:
        """Show the variable picker at the caret."""
        offer_at_caret(self.edit, self.ctx, self, prompt_blocks(self.ctx, self.path))

    def release_height(self) -> None:
        """Let the editor be as high as the window it stands in."""
        self._grow.stop()

    def load(self) -> None:
        value = self.ctx.get(self.path, "")
        self.edit.load(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


class CodeField(Field):
    """Code of a language, with a button that opens it large."""

    def __init__(self, ctx: FormContext, path: Path, name: str, language: str, rows: int = 12) -> None:
        super().__init__(ctx, path)
        self.edit = CodeEdit(language)
        self.edit.setFixedHeight(16 + rows * 19)
        self.edit.setReadOnly(ctx.read_only)
        name_it(self.edit, name)
        self.edit.edited.connect(lambda text: self.put(text, typing=True))
        self.edit.left.connect(ctx.end_typing)
        self.row.addWidget(self.edit, 1)
        self.setFocusProxy(self.edit)
        self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, "")
        self.edit.load(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2))


class JsonField(Field):
    """Any JSON value as text; written only while it is valid, with the place of the fault shown below. What is not
    valid yet stays with the session for whoever leaves the field meanwhile, as long as the setting is the same."""

    def __init__(self, ctx: FormContext, path: Path, name: str, rows: int = 6, default: Any = None) -> None:
        super().__init__(ctx, path)
        self._default = default
        column = QVBoxLayout()
        column.setSpacing(4)
        self.edit = JsonEdit()
        self.edit.setFixedHeight(16 + rows * 19)
        self.edit.setReadOnly(ctx.read_only)
        name_it(self.edit, name)
        self.fault = fault_line(self.edit)
        self.edit.edited.connect(self._edited)
        self.edit.left.connect(ctx.end_typing)
        column.addWidget(self.edit)
        column.addWidget(self.fault)
        self.row.addLayout(column, 1)
        self.setFocusProxy(self.edit)
        self.load()

    def _edited(self, text: str) -> None:
        unfinished = self.ctx.session.unfinished
        if self.edit.fault() is None:
            unfinished.pop((self.ctx.node_id, self.path), None)
            self.write(json.loads(text) if text.strip() else self._default, text)
        else:
            unfinished[self.ctx.node_id, self.path] = self.ctx.get(self.path), text

    def write(self, value: Any, text: str) -> None:
        """Store what was typed."""
        self.put(value, typing=True)

    def shown(self) -> str:
        """The stored value as it is shown."""
        value = self.ctx.get(self.path, self._default)
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)

    def load(self) -> None:
        if self.edit.hasFocus():
            return
        unfinished, key = self.ctx.session.unfinished, (self.ctx.node_id, self.path)
        before, text = unfinished.get(key, (None, ""))
        if key in unfinished and before == self.ctx.get(self.path):
            self.edit.load(text)
            return
        unfinished.pop(key, None)
        self.edit.load(self.shown())


class JsonTextField(JsonField):
    """A JSON value that the file keeps as text, which is all that the format reads there; a value that is no text is
    shown as one and stays what it is until it is edited."""

    def write(self, value: Any, text: str) -> None:
        """Store the text."""
        self.put(text, typing=True)

    def shown(self) -> str:
        value = self.ctx.get(self.path, "")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
