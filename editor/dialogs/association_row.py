"""The row of the settings that adds Penstock to the file manager, or takes it out again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget
from shiboken6 import isValid

from editor import association
from editor.association import State
from editor.i18n import tr
from editor.panels.forms.fields import name_it

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.errors import PenstockError


class AssociationRow(QWidget):
    """The present state in words, and a button for the other one. The file system is asked on another thread."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.words = QLabel()
        self.words.setWordWrap(True)
        name_it(self.words, tr("State in the file manager"))
        row.addWidget(self.words, 1)
        self.button = QPushButton(tr("Add"))
        self.button.setAutoDefault(False)
        self.button.setEnabled(False)
        self.button.clicked.connect(self._clicked)
        row.addWidget(self.button)
        self.setFocusProxy(self.button)
        self._state = State.ABSENT
        self._had_focus = False
        self._ask(lambda: None)

    @staticmethod
    def help_text() -> str:
        """What adding means on this system; an ending of two parts is known on the desktops of Linux only."""
        if sys.platform in ("win32", "darwin"):
            return tr('It is listed under "Open with" for YAML files.')
        return tr("Only .dify.yml files open with it by default.")

    def _ask(self, change: Callable[[], object]) -> None:
        """Make a change, then show what is there."""

        def work() -> State:
            change()
            return association.state()

        self._had_focus |= self.button.hasFocus()  # a button that is disabled loses it
        self.button.setEnabled(False)
        self._studio.tasks.run(work, done=self._show, failed=self._failed)

    def _clicked(self) -> None:
        self._ask(association.uninstall if self._state is State.PRESENT else association.install)

    def _show(self, state: State) -> None:
        if not isValid(self):
            return
        self._state = state
        self.words.setText(
            {
                State.PRESENT: tr("Penstock is offered for workflow files."),
                State.ABSENT: tr("Penstock is not offered yet."),
                State.OTHER: tr("Another Penstock is offered. Add this one in its place."),
                State.UNSUPPORTED: tr("Under macOS the installed application says itself which files it opens."),
            }[state]
        )
        text = tr("Remove") if state is State.PRESENT else tr("Add")
        self.button.setText(text)
        name_it(self.button, f"{text}: {tr('Open workflows from the file manager with Penstock')}")
        self.button.setEnabled(state is not State.UNSUPPORTED)
        if self._had_focus:
            self.button.setFocus()
        self._had_focus = False

    def _failed(self, error: PenstockError) -> None:
        if not isValid(self):
            return
        self._studio.messages.error(tr("The file manager could not be told"), error)
        self._ask(lambda: None)
