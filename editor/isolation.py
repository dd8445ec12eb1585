"""What keeps user code in, in words: asked once of the engine process, told to everybody who shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.bridge.runs import RunCenter


class Isolation(QObject):
    """The level that is in force for code nodes here. `facts` are empty until the engine has answered."""

    changed = Signal()

    def __init__(self, runs: RunCenter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self._wanted = self._refused = False
        self.facts: Mapping[str, Any] = {}
        runs.ready.connect(self._engine_started)

    def ask(self, *, again: bool = False) -> None:
        """Ask the engine as soon as it runs, unless it was asked already; `again` after the settings changed."""
        if self._wanted and not again:
            return
        self._wanted = True
        # The window starts the engine by itself a moment after it opened; showing a form is no reason to do it here.
        if self._runs.host.pid is not None:
            self._runs.ask("code_isolation", {}, self._answered)

    def _engine_started(self) -> None:
        if self._wanted:
            self.ask(again=True)

    def _answered(self, facts: Any) -> None:
        self._refused = not isinstance(facts, Mapping)
        self.facts = facts if isinstance(facts, Mapping) else {}
        self.changed.emit()

    def words(self) -> tuple[str, str]:
        """The kind of label (`small` or `warn`) and what it says."""
        if self._refused:
            return "warn", tr("Isolation: the engine could not start a process for code. See its log.")
        if not self.facts:
            return "small", tr("Isolation: told as soon as the engine runs.")
        missing = " ".join(str(part) for part in self.facts.get("missing", ()))
        match self.facts.get("level"):
            case "kernel":
                return "small", tr(
                    "Isolation in force: full. A process of its own; the system keeps it from your files, the network "
                    "and other programs."
                )
            case "partial" if "seccomp" in missing:
                return "warn", tr(
                    "Isolation in force: partial. The system keeps code from your files; network and programs are only "
                    "refused by Python itself. Run only code that you trust."
                )
            case "partial":
                return "warn", tr(
                    "Isolation in force: partial. The system keeps code from network and programs; your files are only "
                    "guarded by Python itself. Run only code that you trust."
                )
            case _:
                return "warn", tr(
                    "Isolation in force: basic. A process of its own with limits; files, network and programs are only "
                    "refused by Python itself. Run only code that you trust."
                )

    def details(self) -> str:
        """The parts that hold and the packages that may be imported, for a tip."""
        held = ", ".join(tr(str(part)) for part in self.facts.get("held", ()))
        packages = ", ".join(str(name) for name in self.facts.get("packages", ()))
        lines = [tr("In force: {parts}", parts=held)] if held else []
        lines.append(
            tr("May be imported besides the standard library: {names}", names=packages)
            if packages
            else tr("Only the standard library may be imported; packages are allowed in the settings, under Code.")
        )
        return "\n".join(lines)


PARTS = (
    "audit hook",
    "limits on memory, files and processes",
    "own network namespace",
    "Landlock file rules",
    "seccomp filter",
)
"""The words of the engine for its parts, as they are translated."""
