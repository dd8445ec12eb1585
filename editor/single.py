"""One studio for a workspace: a second start hands its file over to the one that runs, and ends.

The door is a local socket that only this person may open, named after the workspace. The message is one line of JSON,
`{"open": path or null, "window": bool}`; the answer is `ok`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from engine.logs import get_logger

log = get_logger("editor.single")
WAIT_MS = 1500
LONGEST = 64 * 1024


def door_of(data_dir: Path) -> str:
    """The name of the socket of a workspace."""
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:24]
    return f"penstock-{digest}"


def hand_over(data_dir: Path, file: Path | None) -> bool:
    """Ask the studio that has this workspace open to show a file (or a window); False when there is none."""
    socket = QLocalSocket()
    socket.connectToServer(door_of(data_dir))
    if not socket.waitForConnected(WAIT_MS):
        return False
    message = {"open": str(file.absolute()) if file is not None else None}
    socket.write(json.dumps(message).encode() + b"\n")
    answered = socket.waitForBytesWritten(WAIT_MS) and socket.waitForReadyRead(WAIT_MS)
    taken = answered and bytes(socket.readAll().data()).startswith(b"ok")
    socket.disconnectFromServer()
    return taken


class Door(QObject):
    """Listens for other starts. `asked` carries a path, or an empty text when somebody only wants the window."""

    asked = Signal(str)

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._arrived)
        self._name = door_of(data_dir)

    def open(self) -> bool:
        """Begin to listen; False when that is not possible, which costs the hand-over only."""
        if self._server.listen(self._name):
            return True
        # Nobody answered before, so what is in the way was left by a studio that crashed.
        QLocalServer.removeServer(self._name)
        if self._server.listen(self._name):
            return True
        log.info("no hand-over between studios: %s", self._server.errorString())
        return False

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _arrived(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > LONGEST:
            socket.abort()
            return
        if not socket.canReadLine():
            return
        line = bytes(socket.readLine(LONGEST).data())
        try:
            message = json.loads(line)
            path = message.get("open")
        except (ValueError, AttributeError):
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.asked.emit(path if isinstance(path, str) else "")
