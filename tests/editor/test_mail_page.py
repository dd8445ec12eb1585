"""The page of the settings for mail, with clicks and keys, against real mail servers on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QPushButton, QSpinBox, QWidget

from editor.dialogs.mail_page import MailPage
from editor.screenshot import wait_until
from engine.services.mail import Account
from tests.editor.test_code_page import named, settings
from tests.helpers.smtp import mail_server
from tests.helpers.studio import Studio, opened_studio


@pytest.fixture
def studio(qapp: object, tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as opened:
        yield opened


def page_of(studio: Studio) -> MailPage:
    dialog = settings(studio, "Mail")
    assert wait_until(lambda: dialog.mail.fields.isEnabled())
    return dialog.mail


def type_into(page: QWidget, name: str, text: str) -> None:
    edit: QLineEdit = named(page, QLineEdit, name)
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, text)


def choose(page: QWidget, name: str, word: str) -> None:
    box: QComboBox = named(page, QComboBox, name)
    box.setFocus()
    for _ in range(box.count()):
        if box.currentText() == word:
            return
        last = box.currentIndex() == box.count() - 1
        QTest.keyClick(box, Qt.Key.Key_Home if last else Qt.Key.Key_Down)
    raise AssertionError(f"there is no {word}")


def press(page: QWidget, name: str) -> None:
    button: QPushButton = named(page, QPushButton, name)
    assert button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def fill(page: MailPage, port: int, **more: Any) -> None:
    type_into(page, "Server", "127.0.0.1")
    choose(page, "Encryption", "No encryption")
    spin: QSpinBox = named(page, QSpinBox, "Port")
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, str(port))
    QTest.keyClick(spin, Qt.Key.Key_Return)
    type_into(page, "My address", "me@example.com")
    for name, text in more.items():
        type_into(page, name, text)


def test_an_account_is_typed_tried_and_kept(studio: Studio) -> None:
    page = page_of(studio)
    assert not page.save.isEnabled()
    with mail_server(users={"me": "pass-word"}) as server:
        fill(page, server.port, User="me", Password="pass-word")
        press(page, "Send a test message to me")
        assert wait_until(lambda: page.trial.verdict.text() == "Sent to me@example.com.")
        assert page.trial.verdict.property("kind") == "good"
        assert server.messages[0].subject == "A test message of Penstock"
        # A test keeps nothing.
        assert not studio.services.mail.account().is_set_up
        press(page, "Save the mail account")
        assert wait_until(lambda: page.trial.verdict.text() == "Saved.")
    kept = studio.services.mail.account()
    assert (kept.host, kept.port, kept.security, kept.user) == ("127.0.0.1", server.port, "none", "me")
    assert kept.place.startswith("The form “{step}”")
    assert kept.has_password
    password: QLineEdit = named(page, QLineEdit, "Password")
    assert password.text() == ""
    assert password.placeholderText() == "A password is kept"
    assert password.echoMode() == QLineEdit.EchoMode.Password
    assert not page.save.isEnabled()


def test_a_wrong_password_is_told_with_what_to_do(studio: Studio) -> None:
    page = page_of(studio)
    with mail_server(users={"me": "pass-word"}) as server:
        fill(page, server.port, User="me", Password="wrong")
        press(page, "Send a test message to me")
        assert wait_until(lambda: page.trial.verdict.property("kind") == "bad")
    words = page.trial.verdict.text()
    assert "does not accept the user or the password" in words
    assert "made for programs" in words
    assert "wrong" not in words


def test_a_silent_server_is_given_up(studio: Studio) -> None:
    page = page_of(studio)
    with mail_server(hang="greeting") as server:
        fill(page, server.port)
        press(page, "Send a test message to me")
        assert server.reached.wait(10)
        assert page.trial.busy.isVisible()
        assert page.trial.button.text() == "Stop"
        press(page, "Send a test message to me")
        assert wait_until(lambda: page.trial.verdict.text() == "Stopped.")
        assert server.gone.wait(10)
    assert not page.trial.busy.isVisible()
    assert page.trial.button.text() == "Send a test message to me"


def test_closing_gives_a_test_up(studio: Studio) -> None:
    page = page_of(studio)
    with mail_server(hang="greeting") as server:
        fill(page, server.port)
        press(page, "Send a test message to me")
        assert server.reached.wait(10)
        QTest.keyClick(page.window(), Qt.Key.Key_Escape)
        assert server.gone.wait(10)
        assert wait_until(lambda: not studio.window.studio.tasks.busy)


def test_the_port_follows_the_encryption(studio: Studio) -> None:
    page = page_of(studio)
    spin: QSpinBox = named(page, QSpinBox, "Port")
    assert spin.value() == 587
    choose(page, "Encryption", "TLS from the beginning")
    assert spin.value() == 465
    spin.setValue(2525)
    choose(page, "Encryption", "STARTTLS")
    assert spin.value() == 2525


def test_a_password_in_clear_is_warned_of(studio: Studio) -> None:
    page = page_of(studio)
    type_into(page, "Server", "smtp.example.com")
    type_into(page, "User", "me")
    assert not page.open_words.isVisible()
    choose(page, "Encryption", "No encryption")
    assert page.open_words.isVisible()
    type_into(page, "Server", "localhost")
    assert not page.open_words.isVisible()


def test_what_is_missing_is_said_and_gets_the_keyboard(studio: Studio) -> None:
    page = page_of(studio)
    type_into(page, "Server", "smtp.example.com")
    press(page, "Save the mail account")
    assert wait_until(lambda: page.trial.verdict.property("kind") == "bad")
    assert page.trial.verdict.text() == "The sender needs an e-mail address. Write it as name@example.com."
    assert named(page, QLineEdit, "My address").hasFocus()
    assert page.save.isEnabled()


def test_what_was_typed_last_is_kept_when_the_settings_close(studio: Studio) -> None:
    page = page_of(studio)
    fill(page, 25)
    page.window().accept()  # type: ignore[attr-defined]
    assert wait_until(lambda: studio.services.mail.account().is_set_up)
    page = page_of(studio)
    type_into(page, "My address", "nobody")
    page.window().accept()  # type: ignore[attr-defined]
    assert wait_until(lambda: bool(studio.messages.errors))
    assert "The mail account was not saved" in str(studio.messages.errors)
    assert studio.services.mail.account().sender == "me@example.com"


def test_an_account_is_removed(studio: Studio) -> None:
    studio.services.mail.save(Account("127.0.0.1", 25, "none", "me", "me@example.com"), "pass-word")
    page = page_of(studio)
    place: QPlainTextEdit = named(page, QPlainTextEdit, "Where a form waits")
    assert place.toPlainText() == ""
    press(page, "Remove the account")
    studio.messages.answers = [True]
    assert studio.services.mail.account().is_set_up
    press(page, "Remove the account")
    assert wait_until(lambda: not studio.window.studio.tasks.busy)
    assert not studio.services.mail.account().is_set_up
    assert studio.services.secrets.names() == []
    assert named(page, QLineEdit, "Server").text() == ""


def test_the_page_speaks_chinese(studio: Studio) -> None:
    from editor.i18n import set_language

    try:
        set_language("zh_CN")
        page = page_of_chinese(studio)
        assert page.trial.button.text() == "给我发送测试邮件"
        assert (
            named(page, QPlainTextEdit, "表单在哪里等待").toPlainText().startswith("工作流“{workflow}”的表单“{step}”")
        )
    finally:
        set_language("en")


def page_of_chinese(studio: Studio) -> MailPage:
    dialog = settings(studio, "邮件")
    assert wait_until(lambda: dialog.mail.fields.isEnabled())
    return dialog.mail
