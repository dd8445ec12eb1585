"""Accounts at the built-in tool providers: several named ones each, the first is the default (nodes-ai spec 12.6).

Settings know names and fields that are no secret; the secret fields live in the secret store and are never given out,
only whether they are set.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import UserError

if TYPE_CHECKING:
    from engine.ports.outside import SecretStore, ToolParameter
    from engine.services.model_names import SettingsDoor

ACCOUNTS_KEY = "tools.accounts"
MASK = "••••••"


@dataclass(frozen=True)
class Account:
    """An account as screens show it; `values` of secret fields are masked, unset fields are missing."""

    id: str
    provider: str
    name: str
    is_default: bool
    values: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """What must be known of a provider: its fields."""

    @property
    def id(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def credentials(self) -> tuple[ToolParameter, ...]: ...


class ToolAccounts:
    """See the module. Plain blocking functions, safe to call from any thread. `find` gives a provider by any spelling
    of its name."""

    def __init__(
        self,
        settings: Callable[[], SettingsDoor],
        secrets: Callable[[], SecretStore],
        known: Callable[[], bool],
        find: Callable[[str], Provider | None],
    ) -> None:
        self._settings, self._secrets, self._known, self._find = settings, secrets, known, find
        self._lock = threading.RLock()

    def _rows(self) -> list[dict[str, Any]]:
        return list(self._settings().get(ACCOUNTS_KEY, []) or []) if self._known() else []

    def list(self, provider: str = "") -> list[Account]:
        """The accounts in their order, of one provider or of all."""
        seen: set[str] = set()
        found = []
        for row in self._rows():
            first = row["provider"] not in seen
            seen.add(row["provider"])
            if not provider or row["provider"] == provider:
                shown = {**row.get("open", {}), **dict.fromkeys(row.get("secret_names", ()), MASK)}
                found.append(Account(row["id"], row["provider"], row["name"], first, shown))
        return found

    def save(
        self, provider: str, name: str, values: Mapping[str, str | None], *, account_id: str = "", default: bool = False
    ) -> str:
        """Add an account, or change the one of an id; its id. A value of None keeps what is stored, an empty one
        forgets it. With `default` it becomes the provider's default. Raises UserError."""
        known = self._provider(provider)
        name = name.strip()
        if not name:
            raise UserError("The account needs a name.", code="tools.no_name")
        fields = {f.name: f for f in known.credentials}
        unknown = sorted(set(values) - set(fields))
        if unknown:
            names = ", ".join(fields) or "none"
            raise UserError(f"{known.label} has no field {unknown[0]!r}; its fields: {names}.", code="tools.field")
        with self._lock:
            rows = self._rows()
            old = next((r for r in rows if r["id"] == account_id), None)
            if account_id and old is None:
                raise UserError(f"There is no account {account_id!r}.", code="tools.unknown")
            if any(r["provider"] == known.id and r["name"] == name and r is not old for r in rows):
                raise UserError(f"{known.label} has an account {name} already.", code="tools.name_taken")
            row, kept = self._changed(known, old, name, values)
            row["id"] = old["id"] if old else _free_id(known.id, {r["id"] for r in rows})
            missing = [f.label for f in known.credentials if f.required and f.name not in (*row["open"], *kept)]
            if missing:
                raise UserError(f"{missing[0]} is missing.", code="tools.field", hint=f"{known.label} needs it.")
            rows = [row if r is old else r for r in rows] if old else [*rows, row]
            self._keep(row, kept)
            self._settings().set(ACCOUNTS_KEY, _first(rows, row) if default else rows)
        return str(row["id"])

    def _changed(
        self, known: Provider, old: Mapping[str, Any] | None, name: str, values: Mapping[str, str | None]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The row and its secrets with what is new."""
        kept = self._secret(old["id"]) if old else {}
        shown = dict(old["open"]) if old else {}
        for field_ in known.credentials:
            value = values.get(field_.name)
            if value is None:
                continue
            place = kept if field_.type == "secret-input" else shown
            place.pop(field_.name, None)
            if value.strip():
                place[field_.name] = value.strip()
        return {"provider": known.id, "name": name, "open": shown, "secret_names": sorted(kept)}, kept

    def remove(self, account_id: str) -> None:
        """Forget an account and its secrets. Raises UserError."""
        with self._lock:
            rows = self._rows()
            if all(r["id"] != account_id for r in rows):
                raise UserError(f"There is no account {account_id!r}.", code="tools.unknown")
            self._settings().set(ACCOUNTS_KEY, [r for r in rows if r["id"] != account_id])
            self._secrets().delete(f"tools/account/{account_id}")

    def in_clear(self, account_id: str) -> dict[str, str]:
        """All fields of an account, for calls."""
        row = next(r for r in self._rows() if r["id"] == account_id)
        return {**row.get("open", {}), **self._secret(account_id)}

    def _secret(self, account_id: str) -> dict[str, str]:
        text = self._secrets().get(f"tools/account/{account_id}")
        return dict(json.loads(text)) if text else {}

    def _provider(self, spelling: str) -> Provider:
        found = self._find(spelling)
        if found is None:
            raise UserError(f"There is no tool provider {spelling!r}.", code="tools.unknown")
        if not found.credentials:
            raise UserError(f"{found.label} has no accounts.", code="tools.field")
        return found

    def _keep(self, row: Mapping[str, Any], kept: Mapping[str, str]) -> None:
        name = f"tools/account/{row['id']}"
        if kept:
            self._secrets().set(name, json.dumps(kept))
        else:
            self._secrets().delete(name)


def _first(rows: list[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """The same rows with one before all others: the first of a provider is its default."""
    return [row, *(r for r in rows if r is not row)]


def _free_id(provider: str, taken: set[str]) -> str:
    return next(i for n in range(1, len(taken) + 3) if (i := f"{provider}-{n}") not in taken)
