"""The one door for telling and asking people; tests exchange it for a recorder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from shiboken6 import isValid

from editor.i18n import tr
from engine.errors import PenstockError


class Messages(Protocol):
    """What deep code may say."""

    def tell(self, text: str) -> None:
        """Something short that passes by itself."""
        ...

    def error(self, title: str, error: PenstockError | str, details: str = "") -> None:
        """Something went wrong: what, where, what to do; details fold out."""
        ...

    def confirm(self, title: str, text: str, action: str, *, danger: bool = False) -> bool:
        """Ask before something; True to go on."""
        ...

    def choose(self, title: str, text: str, choices: Sequence[str]) -> int | None:
        """Ask for one of several; its index, None for none."""
        ...


class WindowMessages:
    """Messages of a real window: a line that passes for news, dialogs for questions."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def tell(self, text: str) -> None:
        show = getattr(self._window(), "show_toast", None)
        if show is not None:
            show(text)

    def _window(self) -> QWidget | None:
        """The window that is worked in, or any other that is open."""
        active = QApplication.activeWindow()
        if active is not None and hasattr(active, "show_toast"):
            return active
        if isValid(self._parent) and self._parent.isVisible():
            return self._parent
        return next((w for w in QApplication.topLevelWidgets() if hasattr(w, "show_toast") and w.isVisible()), None)

    def error(self, title: str, error: PenstockError | str, details: str = "") -> None:
        box = QMessageBox(self._window())
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(title)
        box.setText(f"<b>{title}</b>")
        hint = error.hint if isinstance(error, PenstockError) else ""
        box.setInformativeText(f"{error}\n\n{hint}".strip())
        if details:
            box.setDetailedText(details)
        box.setStandardButtons(QMessageBox.StandardButton.Close)
        box.button(QMessageBox.StandardButton.Close).setText(tr("Close"))
        box.exec()

    def confirm(self, title: str, text: str, action: str, *, danger: bool = False) -> bool:
        return self._ask(title, text, [action], danger=danger) == 0

    def choose(self, title: str, text: str, choices: Sequence[str]) -> int | None:
        return self._ask(title, text, choices)

    def _ask(self, title: str, text: str, choices: Sequence[str], *, danger: bool = False) -> int | None:
        box = QMessageBox(self._window())
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(title)
        box.setText(f"<b>{title}</b>")
        box.setInformativeText(text)
        buttons = []
        for index, choice in enumerate(choices):
            button = box.addButton(choice, QMessageBox.ButtonRole.AcceptRole)
            if index == 0:
                button.setProperty("kind", "danger" if danger else "primary")
                box.setDefaultButton(button)
            buttons.append(button)
        box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.exec()
        clicked = box.clickedButton()
        return buttons.index(clicked) if clicked in buttons else None


class RecordedMessages:
    """For tests and for screenshots: keeps what was said and answers with what was prepared."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.answers: list[bool | int | None] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    def error(self, title: str, error: PenstockError | str, details: str = "") -> None:
        self.errors.append(f"{title}: {error}{details and ' ' + details}")

    def confirm(self, title: str, text: str, action: str, *, danger: bool = False) -> bool:
        self.asked.append(f"{title}: {text} [{action}{'!' if danger else ''}]")
        return bool(self.answers.pop(0)) if self.answers else False

    def choose(self, title: str, text: str, choices: Sequence[str]) -> int | None:
        self.asked.append(f"{title}: {text} {list(choices)}")
        answer = self.answers.pop(0) if self.answers else None
        return answer if answer is None else int(answer)
