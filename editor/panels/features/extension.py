"""The API extension of content moderation: which one a file means, and where it answers in this workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.features.context import FeatureContext
from editor.panels.forms.fields import TextField, name_it
from editor.panels.forms.parts import labelled

if TYPE_CHECKING:
    from editor.session import WorkflowSession

ID_PATH = ("sensitive_word_avoidance", "config", "api_based_extension_id")


class ExtensionEditor(QWidget):
    """The id belongs to the file; address and key belong to the workspace, the key encrypted and never shown again."""

    def __init__(self, session: WorkflowSession, ctx: FeatureContext) -> None:
        super().__init__()
        self._session, self._ctx = session, ctx
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(labelled(tr("Extension"), TextField(ctx, ID_PATH, tr("Extension"), "my-extension")))
        self.address = QLineEdit()
        self.address.setPlaceholderText("https://")
        name_it(self.address, tr("Address of the extension"))
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setPlaceholderText(tr("unchanged"))
        name_it(self.key, tr("Key of the extension"))
        column.addWidget(labelled(tr("Address of the extension"), self.address, tr("Kept with this workspace.")))
        column.addWidget(labelled(tr("Key of the extension"), self.key))
        self.save = QPushButton(tr("Save address and key"))
        self.save.clicked.connect(self._save)
        column.addWidget(self.save)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        self._shown = ""
        ctx.changed.connect(self.load)
        self.load()

    def _id(self) -> str:
        return str(self._ctx.get(ID_PATH, ""))

    def load(self) -> None:
        """Ask the workspace where the extension that is named now answers."""
        wanted = self._id()
        if wanted == self._shown:
            return
        self._shown = wanted
        services = self._session.studio.services

        def done(address: Any) -> None:
            if self._id() == wanted and not self._session.is_closed:
                self.address.setText(str(address))

        self._session.studio.tasks.run(services.chat.extension, wanted, done=done, key=f"extension {id(self)}")

    def _save(self) -> None:
        address = self.address.text().strip()
        fault = ""
        if not self._id():
            fault = tr("Name the extension first.")
        elif not address.startswith(("http://", "https://")):
            fault = tr("The address must start with http:// or https://.")
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
        if fault:
            return
        studio = self._session.studio
        studio.tasks.run(
            studio.services.chat.set_extension,
            self._id(),
            address,
            self.key.text() or None,
            done=lambda _: studio.messages.tell(tr("Saved.")),
            failed=lambda error: studio.messages.error(tr("Not saved"), error),
        )
        self.key.clear()
