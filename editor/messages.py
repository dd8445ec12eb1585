"""The one door for telling and asking people; tests exchange it for a recorder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from editor.enginetexts import told
from editor.i18n import tr
from engine.errors import PenstockError


class Messages(Protocol):
    """What deep code may say."""

    def tell(self, text: str, action: str = "", then: Callable[[], Any] | None = None) -> None:
        """Something short that passes by itself, with one thing to do about it."""
        ...

    def error(self, title: str, error: PenstockError | str, details: str = "") -> None:
        """Something went wrong: what, where, what to do; details fold out."""
        ...

    def inform(self, title: str, text: str) -> None:
        """Something that is to be read, and is no fault."""
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

    def tell(self, text: str, action: str = "", then: Callable[[], Any] | None = None) -> None:
        show = getattr(self._window(), "show_toast", None)
        if show is not None:
            show(text, action, then)

    def _window(self) -> QWidget | None:
        """The window that is worked in, or any other that is open."""
        active = QApplication.activeWindow()
        if active is not None and hasattr(active, "show_toast"):
            return active
        if isValid(self._parent) and self._parent.isVisible():
            return self._parent
        return next((w for w in QApplication.topLevelWidgets() if hasattr(w, "show_toast") and w.isVisible()), None)

    def error(self, title: str, error: PenstockError | str, details: str = "") -> None:
        hint = error.hint if isinstance(error, PenstockError) else ""
        text = f"{told(error)}\n\n{told(hint)}".strip()
        self._ask(title, text, (), kind="error", leave=tr("Close"), details=told(details))

    def inform(self, title: str, text: str) -> None:
        self._ask(title, text, (), kind="news", leave=tr("Close"))

    def confirm(self, title: str, text: str, action: str, *, danger: bool = False) -> bool:
        return self._ask(title, text, [action], kind="danger" if danger else "question") == 0

    def choose(self, title: str, text: str, choices: Sequence[str]) -> int | None:
        return self._ask(title, text, choices)

    def _ask(self, title: str, text: str, choices: Sequence[str], **more: str) -> int | None:
        from editor.dialogs.question import Question

        dialog = Question(title, text, choices, self._window(), **more)
        dialog.exec()
        dialog.deleteLater()
        return dialog.chosen


class RecordedMessages:
    """For tests and for screenshots: keeps what was said and answers with what was prepared."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.offers: list[tuple[str, Callable[[], Any]]] = []
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.answers: list[bool | int | None] = []

    def tell(self, text: str, action: str = "", then: Callable[[], Any] | None = None) -> None:
        self.told.append(text)
        if then is not None:
            self.offers.append((action, then))

    def error(self, title: str, error: PenstockError | str, details: str = "") -> None:
        self.errors.append(f"{title}: {told(error)}{details and ' ' + told(details)}")

    def inform(self, title: str, text: str) -> None:
        self.told.append(f"{title}: {text}")

    def confirm(self, title: str, text: str, action: str, *, danger: bool = False) -> bool:
        self.asked.append(f"{title}: {text} [{action}{'!' if danger else ''}]")
        return bool(self.answers.pop(0)) if self.answers else False

    def choose(self, title: str, text: str, choices: Sequence[str]) -> int | None:
        self.asked.append(f"{title}: {text} {list(choices)}")
        answer = self.answers.pop(0) if self.answers else None
        return answer if answer is None else int(answer)
