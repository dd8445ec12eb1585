"""A disk that is full when a test wants it, without filling any."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from engine.store.db import Database


class Disk:
    """The workspace's file as if it lay on a disk with so many pages; SQLite itself says then that the disk is full."""

    def __init__(self, database: Database) -> None:
        self._database, self._pages, self.wait_ms = database, 1_000_000_000, 5000
        event.listen(database.engine, "connect", self._connected)

    def _connected(self, connection: Any, _record: Any) -> None:
        connection.execute(f"pragma max_page_count = {self._pages}")
        connection.execute(f"pragma busy_timeout = {self.wait_ms}")

    def _again(self) -> None:
        self._database.write(lambda _: None)
        self._database.engine.dispose()

    def fill(self) -> None:
        with self._database.read() as connection:
            self._pages = int(connection.exec_driver_sql("pragma page_count").scalar() or 0)
        self._again()

    def free(self) -> None:
        self._pages = 1_000_000_000
        self._again()

    def impatient(self) -> None:
        """Do not wait for locks inside of SQLite, so that the program's own patience is seen."""
        self.wait_ms = 20
        self._again()
