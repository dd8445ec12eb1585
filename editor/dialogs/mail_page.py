"""The page of the settings for mail: the account that forms are sent with, and a message to oneself that tries it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.parts import FieldColumn, scrolling
from editor.enginetexts import told, told_with_hint
from editor.i18n import tr
from editor.panels.forms.common import column, line
from editor.panels.forms.fields import name_it
from editor.panels.forms.parts import labelled
from editor.panels.mail_trial import MailTrial, Work
from editor.panels.parts import Words

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.errors import PenstockError
    from engine.services.mail import Account

WIDTH = 800
HERE = ("localhost", "127.0.0.1", "::1")


class MailPage(QWidget):
    """What is typed counts once it is saved; leaving the settings saves it too, if it can be."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._filled = False
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 16, 0, 0)
        whole.setSpacing(16)
        self.fields = FieldColumn()
        self.fields.setMaximumWidth(WIDTH)
        self._make_fields()
        whole.addWidget(scrolling(self.fields), 1)
        whole.addWidget(self._make_foot())
        studio.mail.changed.connect(self._fill)
        self._fill()
        studio.mail.ask()

    def _make_fields(self) -> None:
        self.about = Words(
            tr("Forms of human-input steps are sent with this account. Without one, nothing is ever sent."), "small"
        )
        self.fields.add("", self.about)
        self.host = QLineEdit()
        self.host.setPlaceholderText("smtp.example.com")
        self.port = QSpinBox()
        self.port.setRange(1, 65535)
        self.security = QComboBox()
        self.security.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value, words in (
            ("starttls", tr("STARTTLS")),
            ("tls", tr("TLS from the beginning")),
            ("none", tr("No encryption")),
        ):
            self.security.addItem(words, value)
        self.security.activated.connect(self._security_chosen)
        server = (labelled(tr("Server"), self.host), labelled(tr("Encryption"), self.security))
        self.fields.add("", line(*server, labelled(tr("Port"), self.port), stretch=(4, 3, 2)))
        self.user = QLineEdit()
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.fields.add(
            "",
            line(
                labelled(tr("User"), self.user, tr("Empty for a server that asks nobody to sign in.")),
                column(labelled(tr("Password"), self.password), QWidget()),
                stretch=(1, 1),
            ),
        )
        self.open_words = Words(tr("Without encryption others can read user and password on the way."), "warn")
        self.fields.add("", self.open_words)
        self.own = QLineEdit()
        self.own.setPlaceholderText("me@example.com")
        self.own_name = QLineEdit()
        self.fields.add(
            "",
            line(
                labelled(tr("My address"), self.own, tr("Mails come from it, and tests go to it.")),
                column(labelled(tr("My name"), self.own_name), QWidget()),
                stretch=(1, 1),
            ),
        )
        self.place = QPlainTextEdit()
        self.place.setTabChangesFocus(True)
        self.place.setFixedHeight(64)
        self.fields.add(
            tr("Where a form waits"),
            self.place,
            tr("Stands in mails in place of Dify's link. {workflow} and {step} are their names."),
        )
        for text, widget in (
            (tr("Server"), self.host),
            (tr("Encryption"), self.security),
            (tr("Port"), self.port),
            (tr("User"), self.user),
            (tr("Password"), self.password),
            (tr("My address"), self.own),
            (tr("My name"), self.own_name),
            (tr("Where a form waits"), self.place),
        ):
            name_it(widget, text)
        for edit in (self.host, self.user, self.password, self.own, self.own_name):
            edit.textEdited.connect(lambda _: self._edited())
        self.port.valueChanged.connect(lambda _: self._edited())
        self.place.textChanged.connect(self._edited)

    def _make_foot(self) -> QWidget:
        self.trial = MailTrial(self._studio, tr("Send a test message to me"), self._test)
        self.save = QPushButton(tr("Save"))
        self.save.setProperty("kind", "primary")
        self.save.setAutoDefault(False)
        name_it(self.save, tr("Save the mail account"))
        self.save.clicked.connect(lambda: self._save())
        self.forget = QPushButton(tr("Remove the account"))
        self.forget.setAutoDefault(False)
        name_it(self.forget, tr("Remove the account"))
        self.forget.clicked.connect(self._forget)
        self.trial.row.insertWidget(0, self.save)
        self.trial.row.addWidget(self.forget)
        return self.trial

    # -- the fields --------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Show what is kept."""
        from engine.services.mail import Account

        self._filled = False
        known = self._studio.mail.account
        account = known or Account()
        self.host.setText(account.host)
        self.port.setValue(account.port)
        self.security.setCurrentIndex(max(0, self.security.findData(account.security)))
        self.user.setText(account.user)
        self.password.clear()
        self.password.setPlaceholderText(tr("A password is kept") if account.has_password else "")
        self.own.setText(account.sender)
        self.own_name.setText(account.sender_name)
        self.place.setPlaceholderText(self._usual_place())
        self.place.setPlainText(account.place if account.is_set_up else self._usual_place())
        self._filled = known is not None
        self.fields.setEnabled(self._filled)
        self.forget.setEnabled(account.is_set_up)
        self._edited()

    @staticmethod
    def _usual_place() -> str:
        from engine.services.mail import PLACE

        return told(PLACE)

    def _account(self) -> Account:
        """What the fields say now."""
        from engine.services.mail import Account

        return Account(
            self.host.text().strip(),
            self.port.value(),
            str(self.security.currentData()),
            self.user.text().strip(),
            self.own.text().strip(),
            self.own_name.text().strip(),
            " ".join(self.place.toPlainText().split()),
        )

    def _typed_password(self) -> str | None:
        """The new password; None while the kept one is meant."""
        return self.password.text() or None

    @property
    def is_changed(self) -> bool:
        """Whether something was typed that is not kept yet."""
        from engine.services.mail import Account

        if not self._filled:
            return False
        kept = self._studio.mail.account or Account()
        now = self._account()
        if not kept.is_set_up and now.place == self._usual_place():
            now = replace(now, place=kept.place)
        return now != kept or bool(self.password.text())

    def _edited(self) -> None:
        self.save.setEnabled(self.is_changed)
        is_open = self.security.currentData() == "none" and bool(self.user.text().strip())
        self.fields.show_row(self.open_words, is_open and self.host.text().strip() not in HERE)
        if self.is_changed and not self.trial.is_under_way:
            self.trial.say("", "muted")

    def _security_chosen(self, index: int) -> None:
        """The port follows, unless it was one of its own."""
        from engine.services.mail import PORTS, security_of

        if security_of(self.port.value()):
            self.port.setValue(PORTS[str(self.security.itemData(index))])
        self._edited()

    # -- what the buttons do -----------------------------------------------------------------------------------------

    def _test(self) -> Work | None:
        mail, account, password = self._studio.services.mail, self._account(), self._typed_password()
        subject, body = tr("A test message of Penstock"), tr("This message came through: the mail account works.")
        return lambda: mail.try_account(account, password, subject, body)

    def _save(self) -> None:
        self.save.setEnabled(False)
        self._studio.mail.save(self._account(), self._typed_password(), self._saved, self._refused)

    def _saved(self) -> None:
        if self._is_there():
            self.trial.say(tr("Saved."), "good")

    def _refused(self, error: PenstockError) -> None:
        if not self._is_there():
            return
        self.save.setEnabled(True)
        self.trial.say(told_with_hint(error), "bad")
        edits: dict[str, QWidget] = {
            "host": self.host,
            "port": self.port,
            "sender": self.own,
            "sender_name": self.own_name,
        }
        found = edits.get(str(error.details.get("field") or ""))
        if found is not None:
            found.setFocus()

    def _forget(self) -> None:
        words = tr("The mail account with its password is removed. Workflows send nothing from then on.")
        if self._studio.messages.confirm(tr("Remove the mail account?"), words, tr("Remove"), danger=True):
            self._studio.mail.forget()

    def _is_there(self) -> bool:
        from shiboken6 import isValid

        return isValid(self)

    def close_down(self) -> None:
        """Give up a test; what was typed last is kept, or it is said why it cannot be."""
        self.trial.stop()
        if self.is_changed:
            messages = self._studio.messages

            def refused(error: PenstockError) -> None:
                messages.error(tr("The mail account was not saved"), error)

            self._studio.mail.save(self._account(), self._typed_password(), lambda: None, refused)
