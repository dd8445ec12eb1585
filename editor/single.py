"""One studio for a workspace: a second start hands its file over to the one that runs, and ends (storage spec 10.7).

The door is a local socket that only this person may open, named after the workspace, in a folder of this person's
(a pipe of this person's on Windows). The message is one line of JSON, `{"open": path or null, "token": text}`; the
answer is `ok`. The token is what the desktop gave the second start so that its window may come to the front.

A socket that nobody listens at was left by a studio that was killed: it is replaced. A lock keeps two starts at one
time from replacing each other's. A studio that takes the connection and says nothing is busy or hung: then the second
start neither opens the workspace nor touches the socket.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import sys
import tempfile
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from engine.logs import get_logger

log = get_logger("editor.single")
CONNECT_MS = 2_000
ANSWER_MS = 15_000
"""A studio that is just starting answers when its first window stands."""
LONGEST = 64 * 1024
DIGEST = 24
LONGEST_PATH = 100
"""Bytes of a socket's path that every system takes (macOS 103, Linux 107)."""
TOKENS = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")


class Answer(Enum):
    """What became of a hand-over."""

    TAKEN = "taken"
    NOBODY = "nobody"
    MUTE = "mute"


def _own_folder() -> Path | None:
    """A folder that only this person can write; None where there is none to be had."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    places = [Path(runtime)] if runtime else []
    places.append(Path(tempfile.gettempdir()) / f"penstock-{os.getuid()}")
    for place in places:
        if len(os.fsencode(place)) + len("/penstock-") + DIGEST > LONGEST_PATH:
            continue
        try:
            place.mkdir(mode=0o700, exist_ok=True)
            facts = place.lstat()
        except OSError:
            continue
        # A link or a folder of somebody else's at this place is a trap.
        if place.is_dir() and not place.is_symlink() and facts.st_uid == os.getuid() and not facts.st_mode & 0o022:
            return place
    return None


def door_of(data_dir: Path) -> str:
    """The name of a workspace's socket or pipe; empty where none can be had."""
    place = str(data_dir.resolve())
    if sys.platform == "win32":
        # Pipes of all people of the machine have one list of names; Windows tells no upper from lower case.
        return f"penstock-{_digest(f'{getpass.getuser()}:{place.lower()}')}"
    folder = _own_folder()
    return str(folder / f"penstock-{_digest(place)}") if folder is not None else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST]


def hand_over(data_dir: Path, file: Path | None, *, answer_ms: int = ANSWER_MS) -> Answer:
    """Ask the studio that has this workspace open to show a file (None: its window). Waits; not for the thread of a
    running window."""
    name = door_of(data_dir)
    if not name:
        return Answer.NOBODY
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(CONNECT_MS):
        return Answer.NOBODY
    _let_it_come_forward()
    token = next((os.environ[n] for n in TOKENS if os.environ.get(n)), "")
    message = {"open": str(file.absolute()) if file is not None else None, "token": token}
    socket.write(json.dumps(message).encode() + b"\n")
    socket.flush()
    received = b""
    # What was written may be gone at once, so that there is nothing to wait for but the answer.
    while b"\n" not in received and len(received) < LONGEST:
        if not socket.bytesAvailable() and not socket.waitForReadyRead(answer_ms):
            break
        received += bytes(socket.readAll().data())
    socket.abort()
    return Answer.TAKEN if received.startswith(b"ok") else Answer.MUTE


def _let_it_come_forward() -> None:
    """Windows lets the program in front decide who comes to the front: the second start, for this moment."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(-1)


class Door(QObject):
    """Listens for other starts. `asked` carries a path, or an empty text when somebody only wants the window."""

    asked = Signal(str)

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._arrived)
        self._data_dir = data_dir

    def open(self, file: Path | None = None, *, answer_ms: int = ANSWER_MS) -> Answer:
        """Hand `file` over to the studio that is open already, or begin to listen when there is none (NOBODY). Where
        a socket is impossible that costs the hand-over only: NOBODY too."""
        name = door_of(self._data_dir)
        if not name:
            log.info("no hand-over between studios: no folder for its socket")
            return Answer.NOBODY
        lock = QLockFile(f"{name}.lock" if sys.platform != "win32" else str(Path(tempfile.gettempdir()) / name))
        locked = lock.tryLock(answer_ms + 2 * CONNECT_MS)
        try:
            answer = hand_over(self._data_dir, file, answer_ms=answer_ms)
            if answer is not Answer.NOBODY:
                return answer
            # Nobody listens, and the lock keeps others from it: a socket in the way was left by a studio that is gone.
            QLocalServer.removeServer(name)
            if not self._server.listen(name):
                log.info("no hand-over between studios: %s", self._server.errorString())
        finally:
            if locked:
                lock.unlock()
        return Answer.NOBODY

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _arrived(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > LONGEST:
                socket.abort()
            return
        line = bytes(socket.readLine(LONGEST).data())
        try:
            message = json.loads(line)
            path, token = message.get("open"), message.get("token")
        except (ValueError, AttributeError):
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        if isinstance(token, str) and token and sys.platform == "linux":
            os.environ["XDG_ACTIVATION_TOKEN"] = token  # Qt spends it with the next window that is activated
        self.asked.emit(path if isinstance(path, str) else "")
