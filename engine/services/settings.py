"""Settings of the workspace: small JSON values by name, and named secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from engine.store.crypto import Vault
from engine.store.db import Database
from engine.store.jsontext import dumps, loads
from engine.store.tables import secrets, settings


class SettingsService:
    """Settings by name; a missing one gives its default."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, key: str, default: Any = None) -> Any:
        """One setting."""
        with self._db.read() as connection:
            row = connection.execute(select(settings.c.value).where(settings.c.key == key)).scalars().first()
        return default if row is None else loads(row)

    def set(self, key: str, value: Any) -> None:
        """Change one setting; it is on disk when this returns."""
        text = dumps(value)
        statement = insert(settings).values(key=key, value=text)
        self._db.write(
            lambda c: c.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": text}))
        )

    def all(self) -> dict[str, Any]:
        """Every setting."""
        with self._db.read() as connection:
            return {row[0]: loads(row[1]) for row in connection.execute(select(settings.c.key, settings.c.value))}

    def update(self, values: Mapping[str, Any]) -> None:
        """Change several settings."""
        for key, value in values.items():
            self.set(key, value)


class SecretsService:
    """Named secrets, encrypted at rest (the `SecretStore` port)."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._db, self._vault = database, vault

    def get(self, name: str) -> str | None:
        """The clear value; None when there is none or the workspace's key is lost."""
        with self._db.read() as connection:
            row = connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalars().first()
        return None if row is None else self._vault.open(row, f"secret:{name}")

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        sealed = self._vault.seal(value, f"secret:{name}")
        statement = insert(secrets).values(name=name, value=sealed)
        self._db.write(
            lambda c: c.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": sealed}))
        )

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._db.write(lambda c: c.execute(delete(secrets).where(secrets.c.name == name)))

    def names(self) -> list[str]:
        """Which secrets there are."""
        with self._db.read() as connection:
            return list(connection.execute(select(secrets.c.name).order_by(secrets.c.name)).scalars())
