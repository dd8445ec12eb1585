"""The tools of the workspace as the window knows them: kept in memory, asked for again when something changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from editor.bridge.tasks import Tasks
from editor.i18n import tr
from engine.services.context import Services

if TYPE_CHECKING:
    from engine.services.tool_snapshot import ToolDescription, ToolGroup, ToolIdentity, ToolSnapshot

KINDS = {"": "All", "builtin": "Built in", "api": "OpenAPI", "workflow": "Workflows", "mcp": "MCP"}


class Tools(QObject):
    """Answers at once from what is known; `changed` tells when more is."""

    changed = Signal()

    def __init__(self, services: Services, tasks: Tasks, reload: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._tasks, self._reload = services, tasks, reload
        self._known: ToolSnapshot | None = None

    def load(self) -> None:
        """Ask the workspace in the background."""
        self._tasks.run(lambda: self._services.tools.snapshot(), done=self._loaded, key="tools")

    def refresh(self) -> None:
        """Something was set up or removed: tell the engine process, and ask again."""
        self._reload()
        self.load()

    def _loaded(self, snapshot: ToolSnapshot) -> None:
        self._known = snapshot
        self.changed.emit()

    @property
    def groups(self) -> tuple[ToolGroup, ...]:
        """Every tool by provider; none before they are known."""
        return self._known.groups if self._known is not None else ()

    @property
    def aliases(self) -> Mapping[tuple[str, str], ToolIdentity]:
        """What tools of files mean here."""
        return self._known.aliases if self._known is not None else {}

    def find(self, data: Mapping[str, Any]) -> ToolDescription | None:
        """The tool of a tool node, by its alias where it has one."""
        from engine.services.tool_snapshot import identity_of

        return self._known.find(identity_of(data)) if self._known is not None else None

    def missing(self, data: Mapping[str, Any]) -> Iterator[tuple[ToolIdentity, str]]:
        """The tools that a node names and that are not there; none before they are known."""
        return self._known.missing_in(data) if self._known is not None else iter(())

    def group(self, data: Mapping[str, Any]) -> ToolGroup | None:
        """The provider of a tool node's tool."""
        from engine.services.tool_snapshot import identity_of

        return self._known.group(identity_of(data)) if self._known is not None else None

    def group_of_row(self, row: Mapping[str, Any]) -> ToolGroup | None:
        """The provider of a tool in an agent's list."""
        from engine.services.tool_snapshot import identity_of_row

        return self._known.group(identity_of_row(row)) if self._known is not None else None

    def without_account(self, data: Mapping[str, Any]) -> Iterator[tuple[ToolGroup, str]]:
        """The providers of a node's tools that need an account and have none."""
        return self._known.without_account(data) if self._known is not None else iter(())

    def problem(self, identity: ToolIdentity) -> str:
        """What is said of a tool that is not there."""
        name, provider = identity.tool_name, identity.provider_name or identity.provider_id
        if not name:
            return tr("Choose a tool.")
        return tr(
            "The tool {name} of {provider} is not installed here. Its settings are kept.", name=name, provider=provider
        )

    def suggest(self, identity: ToolIdentity) -> ToolIdentity | None:
        """The tool that a missing one most likely means."""
        return self._known.suggest(identity) if self._known is not None else None

    def describe(self, identity: ToolIdentity) -> ToolDescription | None:
        """A tool of here by its own name."""
        return self._known.describe(identity) if self._known is not None else None

    def names_of(self, named: tuple[str, str]) -> Mapping[str, str]:
        """What parameters of a tool that means another are called here, where that differs."""
        return self._known.names.get(named, {}) if self._known is not None else {}

    def means(self, named: ToolIdentity, target: ToolIdentity, names: Mapping[str, str] | None = None) -> None:
        """From now on the tool that files name so is another one, in every workflow of the workspace; `names` says what
        its parameters are called here."""

        def work() -> ToolSnapshot:
            self._services.tools.set_alias(named, target, names)
            return self._services.tools.snapshot()

        def done(snapshot: ToolSnapshot) -> None:
            self._reload()
            self._loaded(snapshot)

        self._tasks.run(work, done=done, key="tools")

    def forget(self, named: ToolIdentity) -> None:
        """A tool that files name so means nothing else any more."""
        from engine.services.tool_snapshot import key_of

        def work() -> ToolSnapshot:
            self._services.tools.remove_alias(*key_of(named))
            return self._services.tools.snapshot()

        def done(snapshot: ToolSnapshot) -> None:
            self._reload()
            self._loaded(snapshot)

        self._tasks.run(work, done=done, key="tools")
