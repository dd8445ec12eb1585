"""How the form of a human-input node reaches people (nodes-logic spec 12.2): in the program, by e-mail."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QVBoxLayout, QWidget

from editor.i18n import ntr, tr
from editor.panels.forms.common import column, line
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, PlainEdit, SwitchField, TemplateField, name_it
from editor.panels.forms.parts import labelled, small_button
from editor.panels.mail_trial import MailTrial, Work
from editor.panels.parts import Words
from editor.theme import restyle

LINK = "{{#url#}}"
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
EVERYBODY = ("whole_workspace", "include_bound_group")
"""Both spellings of one key; the one that the file has is kept."""


def _fresh(kind: str) -> dict[str, Any]:
    method: dict[str, Any] = {"enabled": True, "id": str(uuid.uuid4()), "type": kind}
    if kind == "email":
        people = {"items": [], "whole_workspace": False}
        method["config"] = {"body": LINK, "debug_mode": False, "recipients": people, "subject": ""}
    return method


class DeliveryPart(QWidget):
    """A switch for each way; below the e-mail's what it needs. Ways that only Dify's editor names are kept."""

    def __init__(self, ctx: FormContext) -> None:
        super().__init__()
        self.ctx = ctx
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(10)
        words = QLabel(tr("The form waits in the list of forms, the chat and the run."))
        words.setProperty("kind", "small")
        words.setWordWrap(True)
        self._webapp = column(MethodSwitch(ctx, "webapp", tr("In the program")), words, spacing=2)
        self._layout.addWidget(self._webapp)
        self._email = MethodSwitch(ctx, "email", tr("By e-mail"))
        self._layout.addWidget(self._email)
        self._inside = QWidget()
        self._box = QVBoxLayout(self._inside)
        self._box.setContentsMargins(24, 0, 0, 0)
        self._box.setSpacing(12)
        self._layout.addWidget(self._inside)
        self._others = QVBoxLayout()
        self._layout.addLayout(self._others)
        self._fault = QLabel()
        self._fault.setProperty("kind", "bad")
        self._fault.setWordWrap(True)
        self._layout.addWidget(self._fault)
        self._shape: Any = None
        ctx.changed.connect(self.load)
        ctx.graphChanged.connect(self._offer)
        self.load()
        self._offer()

    def load(self) -> None:
        methods = self.ctx.get(("delivery_methods",), [])
        shape = [m.get("type") if isinstance(m, Mapping) else None for m in methods]
        if shape != self._shape:
            self._shape = shape
            self._build()
        self._inside.setVisible(bool(self._box.count()) and self._email.box.isChecked())
        problem = self._problem(methods)
        self._fault.setText(problem)
        self._fault.setVisible(bool(problem))
        self._offer()

    def _offer(self) -> None:
        """What begins with a trigger has no page of its own where a form could be: that way is not offered then, and
        stays where a file has it."""
        graph = self.ctx.session.document.graph
        triggered = any(n.type.startswith("trigger-") for n in graph.nodes.values())
        methods = self.ctx.get(("delivery_methods",), [])
        has = any(isinstance(m, Mapping) and m.get("type") == "webapp" for m in methods)
        self._webapp.setVisible(has or not triggered)

    @staticmethod
    def _problem(methods: list[Any]) -> str:
        """What keeps people from being asked, in words that say what to do."""
        on = [m for m in methods if isinstance(m, Mapping) and m.get("enabled", True)]
        if not on:
            return tr("Nobody is asked: switch a way on.")
        for method in on:
            if method.get("type") != "email":
                continue
            config = method.get("config") or {}
            people = config.get("recipients") or {}
            if not str(config.get("subject") or "").strip():
                return tr("The e-mail needs a subject.")
            if LINK not in str(config.get("body") or ""):
                return tr("The e-mail needs the link to the form: insert it into the text.")
            if not people.get("items") and not any(people.get(key) for key in EVERYBODY):
                return tr("The e-mail needs an address, or goes to everybody.")
        return ""

    def _build(self) -> None:
        for layout in (self._box, self._others):
            while (entry := layout.takeAt(0)) is not None:
                if widget := entry.widget():
                    widget.hide()
                    widget.deleteLater()
        for index, kind in enumerate(self._shape):
            if kind in self._shape[:index]:
                self._keep(index, kind, tr("{kind}: more than once in the file; each is delivered.", kind=kind))
            elif kind == "email":
                self._fill(("delivery_methods", index, "config"))
            elif kind != "webapp":
                self._keep(index, kind, tr("{kind}: kept in the file, delivered by nobody.", kind=kind))

    def _keep(self, index: int, kind: str, text: str) -> None:
        """A way that has no settings here, and a button that takes it out."""
        words = QLabel(text)
        words.setProperty("kind", "small")
        words.setWordWrap(True)
        drop = small_button("trash", tr("Remove {name}", name=kind), partial(self._remove, index))
        self._others.addWidget(line(words, drop, stretch=(1, 0)))

    def _fill(self, path: Path) -> None:
        ctx = self.ctx
        subject = TemplateField(ctx, (*path, "subject"), tr("Subject"), tr("Subject"), single_line=True)
        self._box.addWidget(labelled(tr("Subject"), subject, required=True))
        body = TemplateField(ctx, (*path, "body"), tr("E-mail text"), tr("Markdown with variables"), lowest=96)
        link = QPushButton(tr("Insert the link"))
        link.setProperty("kind", "link")
        name_it(link, tr("Insert the link"))
        link.clicked.connect(lambda: self._insert_link(body))
        self._box.addWidget(column(labelled(tr("Text"), body, required=True), line(link, QWidget()), spacing=4))
        people: Path = (*path, "recipients")
        everybody = EverybodySwitch(ctx, people)
        self._box.addWidget(column(labelled(tr("Addresses"), AddressesField(ctx, people)), everybody, spacing=6))
        self._box.addWidget(SwitchField(ctx, (*path, "debug_mode"), tr("Only to me while testing")))
        self._box.addWidget(SendingPart(ctx, path[:-1]))

    def _insert_link(self, body: TemplateField) -> None:
        text = str(self.ctx.get(body.path, ""))
        if LINK not in text:
            whole = f"{text.rstrip()}\n\n{LINK}" if text.strip() else LINK
            self.ctx.set(body.path, whole, name=tr("Insert the link"))

    def _remove(self, index: int) -> None:
        methods = list(self.ctx.get(("delivery_methods",), []))
        kind = methods.pop(index).get("type")
        self.ctx.set(("delivery_methods",), methods, name=tr("Remove {name}", name=kind))


class SendingPart(QWidget):
    """With which account the e-mail goes out, and a test that goes to oneself; without one the way to set it up."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__()
        self._ctx, self._path = ctx, path
        self._mail = ctx.session.studio.mail
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        self.words = Words(kind="small")
        box.addWidget(self.words)
        self.set_up = QPushButton()
        self.set_up.setProperty("kind", "link")
        self.set_up.clicked.connect(lambda: ctx.session.studio.open_settings("mail"))
        box.addWidget(line(self.set_up, QWidget(), stretch=(0, 1)))
        self.trial = MailTrial(ctx.session.studio, tr("Send a test to me"), self._test)
        box.addWidget(self.trial)
        self._mail.changed.connect(self._show)
        self._show()
        self._mail.ask()

    def _show(self) -> None:
        own = self._mail.own_address
        if own:
            text = tr(
                "Sent from {address} when a run waits here, to addresses only: members of a Dify workspace have none. "
                "In place of the link a sentence says where the form waits.",
                address=own,
            )
        else:
            text = tr("This workspace has no mail account: nothing is sent, the form waits in the program.")
        self.words.setText(text)
        words = tr("Mail settings") if own else tr("Set up a mail account")
        self.set_up.setText(words)
        name_it(self.set_up, words)
        self.trial.setVisible(bool(own))

    def _test(self) -> Work:
        from engine.services.form_trials import Step

        session = self._ctx.session
        step = Step(session.document.workflow, session.app_id, self._ctx.node_id, session.pins.settings())
        method, trials = dict(self._ctx.get(self._path, {})), session.studio.services.form_trials
        return lambda: trials.send(step, method)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another step is shown: nobody waits for the test any more."""
        super().hideEvent(event)
        self.trial.stop()


class MethodSwitch(Field):
    """One way, on or off; off keeps its settings."""

    def __init__(self, ctx: FormContext, kind: str, text: str) -> None:
        super().__init__(ctx, ("delivery_methods",))
        self._kind = kind
        self.box = QCheckBox(text)
        name_it(self.box, text)
        self.box.clicked.connect(self._switch)
        self.row.addWidget(self.box)
        self.row.addStretch(1)
        self.setFocusProxy(self.box)
        self.load()

    def _index(self) -> int:
        methods = self.ctx.get(self.path, [])
        return next((i for i, m in enumerate(methods) if isinstance(m, Mapping) and m.get("type") == self._kind), -1)

    def _switch(self, on: bool) -> None:
        index = self._index()
        if index >= 0:
            self.ctx.set((*self.path, index, "enabled"), on, name=self.setting_name())
        elif on:
            self.put([*self.ctx.get(self.path, []), _fresh(self._kind)])

    def load(self) -> None:
        index = self._index()
        self.box.setChecked(index >= 0 and self.ctx.get((*self.path, index, "enabled"), True) is not False)


class EverybodySwitch(Field):
    """Whether everybody of the workspace gets the e-mail, in the spelling of the file."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(ctx, path)
        self.box = QCheckBox(tr("Everybody of the workspace"))
        name_it(self.box, tr("Everybody of the workspace"))
        self.box.clicked.connect(lambda on: ctx.set((*path, self._key()), on, name=self.setting_name()))
        self.row.addWidget(self.box)
        self.row.addStretch(1)
        self.setFocusProxy(self.box)
        self.load()

    def _key(self) -> str:
        people = self.ctx.get(self.path, {})
        return next((key for key in EVERYBODY if key in people), EVERYBODY[0])

    def load(self) -> None:
        self.box.setChecked(bool(self.ctx.get((*self.path, self._key()), False)))


class AddressesField(Field):
    """E-mail addresses, one a line; members of a Dify workspace, which have ids only, are kept beside them."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__(ctx, path)
        box = QVBoxLayout()
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        self.edit = PlainEdit()
        self.edit.setPlaceholderText("ann@example.com")
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(73)
        name_it(self.edit, tr("Addresses"))
        self.edit.textChanged.connect(self._edited)
        self.edit.left.connect(ctx.end_typing)
        box.addWidget(self.edit)
        self._words = QLabel()
        self._words.setWordWrap(True)
        box.addWidget(self._words)
        self.row.addLayout(box, 1)
        self.setFocusProxy(self.edit)
        self.load()

    def _items(self) -> list[dict[str, Any]]:
        items = self.ctx.get((*self.path, "items"), [])
        return [dict(item) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []

    def _stored(self) -> list[str]:
        return [str(item.get("email") or "") for item in self._items() if item.get("type") == "external"]

    def _lines(self) -> list[str]:
        words = (part.strip() for text in self.edit.toPlainText().splitlines() for part in re.split(r"[,;]", text))
        return list(dict.fromkeys(word for word in words if word))

    def _edited(self) -> None:
        wanted = self._lines()
        if wanted != self._stored():
            known = {item.get("email"): item for item in self._items() if item.get("type") == "external"}
            kept = [item for item in self._items() if item.get("type") != "external"]
            items = kept + [known.get(address, {"email": address, "type": "external"}) for address in wanted]
            self.ctx.set((*self.path, "items"), items, typing=True, name=self.setting_name())
        self._tell()

    def load(self) -> None:
        if self._lines() != self._stored():
            self.edit.setPlainText("\n".join(self._stored()))
        self._tell()

    def _tell(self) -> None:
        """What is wrong with an address, or how many members there are besides."""
        wrong = next((address for address in self._stored() if not ADDRESS.fullmatch(address)), "")
        members = sum(item.get("type") != "external" for item in self._items())
        text = tr("“{address}” is no e-mail address; write it as name@example.com.", address=wrong) if wrong else ""
        if not wrong and members:
            text = ntr("and {n} member of the Dify workspace", "and {n} members of the Dify workspace", members)
        restyle(self._words, kind="bad" if wrong else "small")
        self._words.setText(text)
        self._words.setVisible(bool(text))
