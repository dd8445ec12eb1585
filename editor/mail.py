"""The workspace's mail account as the window knows it: read once in the background, told to everybody who shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from editor.bridge.tasks import Failed, Tasks
    from engine.services.context import Services
    from engine.services.mail import Account


class Mail(QObject):
    """`account` is None until it was read; `changed` comes with every reading and every change."""

    changed = Signal()

    def __init__(self, services: Services, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._asked = False
        self.account: Account | None = None

    def ask(self) -> None:
        """Read the account, unless that was done already."""
        if not self._asked:
            self._asked = True
            self._tasks.run(lambda: self._services.mail.account(), done=self._read, key="mail account")

    def save(self, account: Account, password: str | None, saved: Callable[[], None], failed: Failed) -> None:
        """Keep an account; see `MailService.save`."""

        def done(kept: Account) -> None:
            self._read(kept)
            saved()

        self._tasks.run(lambda: self._services.mail.save(account, password), done=done, failed=failed)

    def forget(self) -> None:
        """No account any more."""

        def work() -> Account:
            self._services.mail.forget()
            return self._services.mail.account()

        self._tasks.run(work, done=self._read)

    def _read(self, account: Account) -> None:
        self._asked = True
        self.account = account
        self.changed.emit()

    @property
    def own_address(self) -> str:
        """Where tests go; an empty text while nothing is set up or known."""
        return self.account.sender if self.account is not None and self.account.is_set_up else ""
