"""One studio for a workspace: real processes hand files over, remains of killed ones are no hindrance."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from editor.app import FileOpenFilter
from editor.screenshot import wait_until
from editor.single import Answer, Door, door_of, hand_over
from tests.helpers.studio import TEMPLATES, Studio, opened_studio

FILE = next(iter(sorted(TEMPLATES.glob("*.yml"))))
Started = list[subprocess.Popen[str]]


@pytest.fixture
def started() -> Iterator[Started]:
    """Processes that a test starts; those that still run at its end are killed."""
    processes: Started = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace, and a folder of its own for sockets, whose paths must be short."""
    with tempfile.TemporaryDirectory(prefix="pst-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        yield tmp_path / "data"


def start(started: Started, data: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "editor", "--data", str(data), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    started.append(process)
    return process


def listening(data: Path) -> bool:
    """Whether somebody listens at the door, without knocking by the protocol."""
    with closing(socket.socket(socket.AF_UNIX)) as line:
        return line.connect_ex(door_of(data)) == 0


def opened_files(data: Path) -> list[str]:
    file = data / "penstock.db"
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("select source_path from apps where source_path is not null")]
    except sqlite3.OperationalError:  # not yet made
        return []


@pytest.mark.skipif(sys.platform == "win32", reason="asks the socket itself")
@pytest.mark.spec("storage.57")
def test_a_second_start_hands_its_files_over_and_ends(qapp: object, home: Path, started: Started) -> None:
    first = start(started, home)
    assert wait_until(lambda: listening(home) or first.poll() is not None, 60)
    assert first.poll() is None, first.communicate()
    more = FILE.with_name("question-answering.yml")
    second = start(started, home, str(FILE), str(more))
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, (out, err)
    assert wait_until(lambda: sorted(opened_files(home)) == [str(FILE), str(more)], 60)
    assert first.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="asks the socket itself")
def test_another_workspace_is_a_studio_of_its_own(qapp: object, home: Path, started: Started) -> None:
    other = home.parent / "other"
    first, second = start(started, home), start(started, other)
    assert wait_until(lambda: listening(home) and listening(other), 60)
    assert first.poll() is None
    assert second.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_socket_of_a_killed_studio_is_replaced(qapp: object, home: Path, started: Started) -> None:
    first = start(started, home)
    assert wait_until(lambda: listening(home), 60)
    first.kill()
    first.wait(60)
    assert Path(door_of(home)).exists()
    assert hand_over(home, None) is Answer.NOBODY
    start(started, home)
    assert wait_until(lambda: listening(home), 60)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.spec("storage.57")
def test_a_studio_that_does_not_answer_keeps_its_workspace(qapp: object, home: Path, started: Started) -> None:
    first = start(started, home)
    # Each look at the door is a connection that waits there: only a few do before nobody else gets in.
    assert wait_until(lambda: (home / "penstock.db").exists() and listening(home), 60)
    first.send_signal(signal.SIGSTOP)
    try:
        assert Door(home).open(FILE, answer_ms=300) is Answer.MUTE
        second = start(started, home, str(FILE))
        assert second.stderr is not None
        said = second.stderr.readline()
        assert "does not answer" in said, said + second.stderr.read()
        assert second.poll() is None  # it asks whether to try again
        assert opened_files(home) == []
        second.kill()
    finally:
        first.send_signal(signal.SIGCONT)
    assert wait_until(lambda: str(FILE) in opened_files(home), 60)  # it was heard, late
    assert listening(home)


def test_the_first_of_two_starts_at_once_listens_and_the_other_hands_over(qapp: object, home: Path) -> None:
    door = Door(home)
    assert door.open() is Answer.NOBODY
    heard: list[str] = []
    door.asked.connect(heard.append)
    # The second start is a process of its own: it asks while this one's loop turns.
    code = f"import sys; from pathlib import Path; from editor.single import Door; d = Door(Path({str(home)!r})); "
    code += f"sys.exit({{'taken': 0, 'nobody': 3, 'mute': 4}}[d.open(Path({str(FILE)!r})).value])"
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
    assert wait_until(lambda: process.poll() is not None, 60)
    assert process.returncode == 0
    assert heard == [str(FILE)]
    door.close()


def test_a_folder_whose_sockets_would_have_too_long_a_path_is_passed_over(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert Path(door_of(home)).parent != deep


def test_what_is_not_our_message_is_sent_away(qapp: object, home: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("asks the socket itself")
    door = Door(home)
    assert door.open() is Answer.NOBODY
    heard: list[str] = []
    door.asked.connect(heard.append)
    answers: list[bytes] = []

    def knock() -> None:
        for words in (b"GET / HTTP/1.1\n", b"[1, 2]\n", b"x" * 100_000):
            with closing(socket.socket(socket.AF_UNIX)) as line:
                line.settimeout(30)
                line.connect(door_of(home))
                try:
                    line.sendall(words)
                    answers.append(line.recv(100))
                except OSError:
                    answers.append(b"")

    knocking = threading.Thread(target=knock)
    knocking.start()
    assert wait_until(lambda: not knocking.is_alive(), 60)
    knocking.join()
    assert answers == [b"", b"", b""]
    assert heard == []
    door.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no folder")
def test_a_folder_that_others_can_write_holds_no_door(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(os.environ["XDG_RUNTIME_DIR"]).chmod(0o777)
    own = Path(os.environ["XDG_RUNTIME_DIR"]) / "tmp"
    own.mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(own))
    assert Path(door_of(home)).parent == own / f"penstock-{os.getuid()}"
    assert (own / f"penstock-{os.getuid()}").stat().st_mode & 0o777 == 0o700
    (own / f"penstock-{os.getuid()}").rmdir()
    (own / f"penstock-{os.getuid()}").symlink_to("/var")
    assert door_of(home) == ""
    assert Door(home).open() is Answer.NOBODY


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path / "data") as made:
        yield made


def test_a_file_of_the_systems_file_manager_opens_in_the_running_studio(studio: Studio) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    watcher = FileOpenFilter(studio.window.studio)
    app.installEventFilter(watcher)
    try:
        QApplication.sendEvent(app, QFileOpenEvent(QUrl.fromLocalFile(str(FILE))))
        assert wait_until(lambda: studio.window.page is not None, 30)
    finally:
        app.removeEventFilter(watcher)
    assert str(FILE) in studio.window.studio.preferences.get("recent_files")
