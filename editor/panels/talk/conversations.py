"""The conversations of a chat flow: the name of the one that goes on, the earlier ones in a menu, going on with one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QLineEdit, QMenu, QPushButton, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import ago, tool_button

if TYPE_CHECKING:
    from editor.session import WorkflowSession

LONGEST_NAME: Final = 80
SHOWN_NAME: Final = 48
MOST: Final = 20
Opened = Callable[[str, list[dict[str, Any]], dict[str, Any], dict[str, str]], None]
Found = tuple[list[dict[str, Any]], dict[str, Any], dict[str, str]]


def name_from(words: str) -> str:
    """What a conversation is called that begins with these words."""
    return " ".join(words.split())[:LONGEST_NAME]


def short(name: str) -> str:
    """A name as a menu or a button has room for it."""
    name = name or tr("Conversation")
    return name if len(name) <= SHOWN_NAME else name[: SHOWN_NAME - 1] + "…"


class Conversations(QWidget):
    """The buttons of a strip above the talk, and `title`, which whoever owns the strip puts at its left.
    `opened(id, turns, values, changes)` is called when an earlier conversation has been read; `newWanted` when somebody
    begins another."""

    newWanted = Signal()

    def __init__(self, session: WorkflowSession, opened: Opened) -> None:
        super().__init__()
        self._session, self._opened = session, opened
        self.current = ""
        self._name = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.title = QPushButton(self)
        self.title.setProperty("kind", "quiet")
        self.title.setIcon(icon("edit", "faint"))
        self.title.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the pencil stands behind the name
        self.title.setToolTip(tr("Rename the conversation"))
        self.title.clicked.connect(self.rename)
        self.title.hide()
        row.addWidget(tool_button("history", tr("Earlier conversations"), self.ask_earlier))
        row.addWidget(tool_button("plus", tr("New conversation"), self.newWanted.emit))

    # -- the one that goes on ----------------------------------------------------------------------------------------

    def show_current(self, conversation_id: str, name: str = "") -> None:
        """Say which conversation goes on; empty ones have no name yet. A known name stays."""
        if conversation_id != self.current or not self._name:
            self._name = name
        self.current = conversation_id
        self.title.setText(short(self._name).replace("&", "&&"))
        self.title.setAccessibleName(tr("Rename the conversation {name}", name=self._name))
        self.title.setVisible(bool(self.current and self._name))

    def rename(self) -> None:
        """Ask for another name."""
        studio, runs, conversation_id = self._session.studio, self._session.studio.services.runs, self.current
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Rename the conversation"))
        dialog.setLabelText(tr("Its name in the list of conversations:"))
        dialog.setTextValue(self._name)
        dialog.setOkButtonText(tr("Rename"))
        dialog.setCancelButtonText(tr("Cancel"))
        for line in dialog.findChildren(QLineEdit):
            line.setMaxLength(LONGEST_NAME)

        def done(_: Any, name: str) -> None:
            if not self._session.is_closed and self.current == conversation_id:
                self._name = ""
                self.show_current(conversation_id, name)

        def take(text: str) -> None:
            name = name_from(text)
            if name and name != self._name:
                studio.tasks.run(
                    runs.rename_conversation,
                    conversation_id,
                    name,
                    done=lambda result: done(result, name),
                    failed=lambda error: studio.messages.error(tr("The conversation was not renamed"), error),
                )

        dialog.textValueSelected.connect(take)
        dialog.open()

    # -- earlier ones ------------------------------------------------------------------------------------------------

    def ask_earlier(self) -> None:
        """A menu of the conversations of this app."""
        studio, app_id = self._session.studio, self._session.app_id
        place = self.mapToGlobal(self.rect().bottomRight())

        def done(rows: list[dict[str, Any]]) -> None:
            if self._session.is_closed:
                return
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            for row in rows[:MOST]:
                words = f"{short(str(row['name']))}    {ago(row['updated_at'])}"
                glyph = "check" if str(row["id"]) == self.current else "chat"
                action = menu.addAction(icon(glyph, "text"), words.replace("&", "&&"))
                action.triggered.connect(partial(self.open, str(row["id"]), str(row["name"])))
            if not rows:
                menu.addAction(tr("No earlier conversations.")).setEnabled(False)
            menu.popup(QPoint(place.x() - menu.sizeHint().width(), place.y() + 4))

        if app_id:
            studio.tasks.run(lambda: list(studio.services.runs.conversations(app_id)), done=done)

    def open(self, conversation_id: str, name: str = "") -> None:
        """Go on with a conversation of earlier; not while an answer is being made."""
        if self._session.is_running:
            self._session.studio.messages.tell(tr("Wait for the answer, or stop it, before you go elsewhere."))
            return
        runs = self._session.studio.services.runs

        def work() -> Found:
            remembered = runs.conversation_variables(conversation_id)
            return list(runs.history(conversation_id)), remembered, runs.conversation_changes(conversation_id)

        def done(found: Found) -> None:
            if not self._session.is_closed and not self._session.is_running:
                rows, values, changes = found
                self._opened(conversation_id, rows, values, changes)
                self.show_current(conversation_id, name or name_from(str(rows[0]["query"]) if rows else ""))

        self._session.studio.tasks.run(work, done=done, key=f"conversation {id(self)}")
