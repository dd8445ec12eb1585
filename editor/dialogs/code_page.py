"""The page of the settings for code nodes: the isolation in force, and packages that code may import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.fields import name_it
from editor.panels.forms.parts import labelled
from editor.theme import restyle

if TYPE_CHECKING:
    from editor.context import Studio

KEY = "code_packages"
SETTLE_MS = 600


class CodePage(QWidget):
    """What is typed is in force a moment later: the engine starts its code processes anew with it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(16)
        self.level = QLabel()
        self.level.setWordWrap(True)
        name_it(self.level, tr("Isolation"))
        column.addWidget(self.level)
        self.packages = QPlainTextEdit("\n".join(studio.services.settings.get(KEY, []) or []))
        self.packages.setPlaceholderText("numpy\nPyYAML\n/opt/our-modules")
        self.packages.setTabChangesFocus(True)
        name_it(self.packages, tr("Packages for code"))
        column.addWidget(
            labelled(
                tr("Packages that code may import, one a line"),
                self.packages,
                tr(
                    "Names of packages that are installed beside Penstock, or folders with packages. What they need "
                    "is allowed too. The standard library always may be imported."
                ),
            ),
            1,
        )
        self.fault = QLabel()
        self.fault.setWordWrap(True)
        name_it(self.fault, tr("Packages that are not there"))
        column.addWidget(self.fault)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._store)
        self.packages.textChanged.connect(self._settle.start)
        studio.isolation.changed.connect(self._show)
        self._show()
        studio.isolation.ask()

    def close_down(self) -> None:
        """What was typed last is kept, too."""
        if self._settle.isActive():
            self._settle.stop()
            self._store()

    def _store(self) -> None:
        found = [line.strip() for line in self.packages.toPlainText().splitlines() if line.strip()]
        studio = self._studio

        def stored(_result: object) -> None:
            studio.runs.host.reload()
            studio.isolation.ask(again=True)

        studio.tasks.run(studio.services.settings.set, KEY, list(dict.fromkeys(found)), done=stored, key=KEY)

    def _show(self) -> None:
        isolation = self._studio.isolation
        kind, words = isolation.words()
        say(self.level, words, kind)
        self.level.setToolTip(isolation.details())
        missing = ", ".join(str(name) for name in isolation.facts.get("not_installed", ()))
        words = tr("Not found: {names}. Install them beside Penstock, or correct the names.", names=missing)
        say(self.fault, words if missing else "", "bad")
        self.fault.setVisible(bool(missing))


def say(label: QLabel, words: str, kind: str) -> None:
    """Words in the style of a kind."""
    label.setText(words)
    restyle(label, kind=kind)
