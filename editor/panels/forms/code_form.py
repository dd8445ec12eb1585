"""Form of the code node: inputs, code with its language, outputs with types, and the isolation that is in force."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.common import Form, add_tail, default_values, input_table, line
from editor.panels.forms.completion import Completion
from editor.panels.forms.fields import ChoiceField, CodeField, Field, name_it
from editor.panels.forms.name_field import variable_problem
from editor.panels.forms.parts import add_button, small_button
from editor.panels.parts import Words
from editor.theme import restyle
from engine.model.types import VALUE_TYPES
from engine.services.syntax import syntax_fault

if TYPE_CHECKING:
    from editor.isolation import Isolation

HINTS = {"string": "str", "number": "float", "boolean": "bool", "object": "dict", "array[string]": "list[str]"}
HINTS |= {"array[number]": "list[float]", "array[object]": "list[dict]", "array[boolean]": "list[bool]"}

FRESH = {
    "python3": 'def main(arg1: str, arg2: str) -> dict:\n    return {"result": arg1 + arg2}\n',
    "javascript": "function main({arg1, arg2}) {\n    return {result: arg1 + arg2}\n}\n",
}


def signature(language: str, names: list[tuple[str, str]]) -> str:
    """The first line of `main` for inputs of (name, type)."""
    if language == "javascript":
        return "function main({" + ", ".join(n for n, _ in names) + "}) {"
    parts = [f"{n}: {HINTS[t]}" if t in HINTS else n for n, t in names]
    return f"def main({', '.join(parts)}) -> dict:"


def with_signature(language: str, code: str, names: list[tuple[str, str]]) -> str:
    """`code` with the header of `main` rewritten for its inputs; unchanged when there is no `main`."""
    pattern = (
        r"function\s+main\s*\([^)]*\)\s*\{" if language == "javascript" else r"def\s+main\s*\([^)]*\)\s*(?:->[^:]+)?:"
    )
    return re.sub(pattern, lambda _: signature(language, names), code, count=1)


class CodeForm(Form):
    """Inputs, code, outputs."""

    def build(self) -> None:
        ctx = self.ctx
        inputs = self.section(tr("Inputs"))
        inputs.add(input_table(ctx))
        code = self.section(tr("Code"))
        language = ChoiceField(
            ctx, ("code_language",), tr("Language"), [("python3", "Python 3"), ("javascript", "JavaScript")]
        )
        language.box.activated.disconnect()
        language.box.activated.connect(lambda index: self._language_chosen(language.box.itemData(index)))
        sync = QPushButton(tr("Match inputs"))
        sync.setToolTip(tr("Write the inputs into the first line of main"))
        sync.setProperty("kind", "quiet")
        name_it(sync, tr("Match inputs"))
        sync.clicked.connect(self._sync)
        code.add(line(language, sync, stretch=(1, 0)))
        self.code = CodeField(ctx, ("code",), tr("Code"), str(ctx.get(("code_language",), "python3")), rows=16)
        code.add(self.code)
        self.completion = Completion(self.code.edit, self._input_names, self._language)
        if not ctx.read_only:
            code.add_action(small_button("sparkle", tr("Let a model write it…"), self.draft))
        code.add_action(small_button("maximize", tr("Open large"), self._large))
        fault = Words("", "bad")
        fault.hide()
        code.add(fault)
        self._checked: list[tuple[CodeEdit, QLabel]] = [(self.code.edit, fault)]
        """The editors of the code that are open, each with the line that says what is wrong."""
        code.add(IsolationLabel(ctx.session.isolation))
        ctx.changed.connect(self._check)
        self._check()
        outputs = self.section(tr("Output variables"))
        outputs.add(OutputTable(ctx))
        add_tail(self)

    def _input_names(self) -> list[str]:
        return [str(v.get("variable") or "") for v in self.ctx.get(("variables",), []) if isinstance(v, Mapping)]

    def _language(self) -> str:
        return str(self.ctx.get(("code_language",), "python3"))

    def _language_chosen(self, language: str) -> None:
        """Another language brings its own fresh code, as the format's editor does; one undo brings the old back."""
        if language == self.ctx.get(("code_language",), "python3"):
            return
        fresh = self.ctx.get(("code",), "").strip() in ("", *(c.strip() for c in FRESH.values()))
        values: dict[str, Any] = {"code_language": language, "code": FRESH[language]}
        if fresh:
            values["outputs"] = {"result": {"children": None, "type": "string"}}
        self.ctx.set_many(values, tr("Language of {title}", title=self.ctx.node.title))

    def _sync(self) -> None:
        names = []
        for item in self.ctx.get(("variables",), []):
            selector = [str(s) for s in item.get("value_selector") or []]
            names.append((str(item.get("variable", "")), self.ctx.variable_type(selector) if selector else ""))
        language = self.ctx.get(("code_language",), "python3")
        code = with_signature(language, self.ctx.get(("code",), ""), names)
        self.ctx.set(("code",), code, name=tr("Match inputs"))

    def _check(self) -> None:
        """Mark what keeps the code from being read, at its line."""
        self.code.edit.set_language(self._language())
        fault = syntax_fault(self._language(), str(self.ctx.get(("code",), "")))
        words = told(fault.what) if fault is not None else ""
        for edit, label in self._checked:
            edit.set_fault(fault.line if fault is not None else None, words)
            if fault is not None:
                label.setText(tr("Line {line}: {what}", line=fault.line, what=words))
            label.setVisible(fault is not None)

    def draft(self) -> None:
        """Say in words what the code should do, and let a model write it."""
        from editor.panels.forms.drafts import write_code

        write_code(self.ctx, self)

    def _large(self) -> None:
        """The same code in a window of its own, with the caret at the same place there and back; closing keeps what was
        typed."""
        dialog = FittingDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.ctx.node.title or tr("Code"))
        dialog.resize(960, 680)
        layout = QVBoxLayout(dialog)
        layout.setContentsMargins(12, 12, 12, 12)
        small = self.code.edit
        edit = CodeEdit(self._language())
        edit.setReadOnly(self.ctx.read_only)
        edit.load(str(self.ctx.get(("code",), "")))
        edit.go_where(small)
        edit.edited.connect(lambda text: self.ctx.set(("code",), text, typing=True, name=tr("Code")))
        edit.left.connect(self.ctx.end_typing)
        name_it(edit, tr("Code"))
        Completion(edit, self._input_names, self._language)
        fault = Words("", "bad")
        layout.addWidget(edit)
        layout.addWidget(fault)
        self._checked.append((edit, fault))

        def back() -> None:
            self._checked.remove((edit, fault))
            small.go_where(edit)
            small.setFocus()

        dialog.finished.connect(back)
        self._check()
        dialog.open()
        edit.setFocus()


class IsolationLabel(QLabel):
    """The isolation that is in force, as soon as the engine has told it."""

    def __init__(self, isolation: Isolation) -> None:
        super().__init__()
        self._isolation = isolation
        self.setWordWrap(True)
        name_it(self, tr("Isolation"))
        isolation.changed.connect(self._show)
        self._show()
        isolation.ask()

    def _show(self) -> None:
        kind, words = self._isolation.words()
        self.setText(words)
        self.setToolTip(self._isolation.details())
        restyle(self, kind=kind)


class OutputTable(Field):
    """Declared outputs, a mapping name to type, as rows."""

    def __init__(self, ctx: Any) -> None:
        super().__init__(ctx, ("outputs",))
        whole = QVBoxLayout()
        whole.setSpacing(8)
        self.row.addLayout(whole, 1)
        self._box = QVBoxLayout()
        self._box.setSpacing(8)
        whole.addLayout(self._box)
        self._fault = Words("", "bad")
        self._fault.hide()
        whole.addWidget(self._fault)
        self._shape: Any = None
        self.load()

    def _outputs(self) -> dict[str, Any]:
        value = self.ctx.get(("outputs",), {})
        return dict(value) if isinstance(value, Mapping) else {}

    def load(self) -> None:
        outputs = self._outputs()
        shape = [(name, spec.get("type") if isinstance(spec, Mapping) else "") for name, spec in outputs.items()]
        if shape == self._shape:
            return
        self._shape = shape
        while (entry := self._box.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        for name, kind in shape:
            self._box.addWidget(self._one(name, str(kind)))
        self._box.addWidget(add_button(tr("Add output"), self._add), 0, Qt.AlignmentFlag.AlignLeft)

    def _one(self, name: str, kind: str) -> QWidget:
        from PySide6.QtWidgets import QComboBox, QLineEdit

        from editor.panels.forms.fields import calm

        edit = QLineEdit(name)
        name_it(edit, tr("Output name"))
        edit.editingFinished.connect(lambda: self._rename(name, edit))
        box = QComboBox()
        name_it(box, tr("Output type"))
        calm(box)
        for option in VALUE_TYPES if kind in VALUE_TYPES else (*VALUE_TYPES, kind):
            box.addItem(option, option)
        box.setCurrentText(kind)
        box.activated.connect(lambda index: self._retype(name, box.itemData(index)))
        return line(edit, box, small_button("trash", tr("Remove"), lambda: self._remove(name)), stretch=(3, 2, 0))

    def _write(
        self, outputs: dict[str, Any], name: str, more: Sequence[Any] = (), *, renamed: Mapping[str, str] | None = None
    ) -> None:
        """Store the outputs, and the values that stand for them when the step fails, in one undo step."""
        self._say("")
        values: dict[str, Any] = {"outputs": outputs}
        if self.ctx.get(("error_strategy",)) == "default-value":
            kept = {
                ((renamed or {}).get(str(row.get("key")), row.get("key")), row.get("type")): row.get("value")
                for row in self.ctx.get(("default_value",), [])
                if isinstance(row, Mapping)
            }
            rows = default_values(self.ctx, {"outputs": outputs})
            values["default_value"] = [{**r, "value": kept.get((r["key"], r["type"]), r["value"])} for r in rows]
        self.ctx.set_many(values, self.ctx.label(name), more)

    def _say(self, problem: str) -> None:
        self._fault.setText(problem)
        self._fault.setVisible(bool(problem))

    def _add(self) -> None:
        outputs = self._outputs()
        name = next(n for i in range(1, 1000) if (n := "result" if i == 1 else f"result{i}") not in outputs)
        self._write({**outputs, name: {"children": None, "type": "string"}}, tr("Add output"))

    def _remove(self, name: str) -> None:
        if not self.ctx.may_go(name):
            return
        outputs = self._outputs()
        outputs.pop(name, None)
        self._write(outputs, tr("Remove {name}", name=name))

    def _retype(self, name: str, kind: str) -> None:
        outputs = self._outputs()
        outputs[name] = {**outputs.get(name, {}), "type": kind}
        self._write(outputs, tr("{what} of {name}", what=tr("Output type"), name=name))

    def _rename(self, old: str, edit: Any) -> None:
        """A new name is followed by every use of it, in one undo step."""
        new = edit.text().strip()
        outputs = self._outputs()
        if new == old or old not in outputs:
            return
        problem = variable_problem(new, set(outputs))
        self._say(problem)
        if problem:
            edit.setText(old)
            return
        self._write(
            {(new if key == old else key): value for key, value in outputs.items()},
            tr("Rename {name}", name=old),
            self.ctx.renamed(old, new),
            renamed={old: new},
        )
