"""What a person asks of the debugger for one workflow: breakpoints, and steps while a run is held. Knows no widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal

from editor.kept import KeptWithApp
from engine.model.breakpoints import Breakpoint
from engine.run.fold import NodeRunState

if TYPE_CHECKING:
    from editor.session import WorkflowSession


@dataclass(frozen=True, slots=True)
class BreakpointMark:
    """A breakpoint as it is kept: one that is switched off holds nothing and is not forgotten."""

    point: Breakpoint
    enabled: bool = True

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self.point), "enabled": self.enabled}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BreakpointMark:
        fields = {k: v for k, v in data.items() if k != "enabled"}
        return cls(Breakpoint(**fields), bool(data.get("enabled", True)))


class Debugging(KeptWithApp):
    """`changed` comes when breakpoints did, `steppedOff` when held nodes were told to go on."""

    steppedOff = Signal()

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(session, "debug")
        self.breakpoints: dict[str, BreakpointMark] = {}
        self.any_failure = False
        self._sent: set[str] = set()
        self._front = ""
        self.target = ""
        """The node that the next run is to hold before."""
        self._running_to = ""
        session.runChanged.connect(self._forget_sent)
        self.load()

    # -- keeping -----------------------------------------------------------------------------------------------------

    def take(self, kept: Mapping[str, Any]) -> None:
        found: dict[str, BreakpointMark] = {}
        for data in kept.get("breakpoints", ()):
            try:
                mark = BreakpointMark.from_json(data)
            except TypeError:
                continue  # kept by another version of the program
            found[mark.point.node_id] = mark
        self.breakpoints = {**found, **self.breakpoints}
        self.any_failure = self.any_failure or bool(kept.get("any_failure"))

    def to_json(self) -> dict[str, Any]:
        return {
            "breakpoints": [mark.to_json() for mark in self.breakpoints.values()],
            "any_failure": self.any_failure,
        }

    def _touched(self) -> None:
        """Breakpoints are other than before: a live run learns of it, and it is kept."""
        self.tell_run()
        self.keep()

    def tell_run(self) -> None:
        """A run that goes on in a new process holds where this one is to hold."""
        run = self._session.run
        if run is not None and not run.is_over:
            run.send("set_breakpoints", breakpoints=self._points(), any_failure=self.any_failure)

    # -- breakpoints -------------------------------------------------------------------------------------------------

    def _points(self) -> list[str | dict[str, Any]]:
        nodes = self._session.document.graph.nodes
        return [m.point.to_json() for i, m in sorted(self.breakpoints.items()) if m.enabled and i in nodes]

    def settings(self) -> dict[str, Any]:
        """What a run of the whole workflow is started with."""
        return {"breakpoints": self._points(), "any_failure": self.any_failure}

    def toggle(self, node_id: str) -> None:
        """Set a breakpoint, or take it away."""
        if self.breakpoints.pop(node_id, None) is None:
            self.breakpoints[node_id] = BreakpointMark(Breakpoint(node_id))
        self._touched()

    def set_breakpoint(self, mark: BreakpointMark) -> None:
        """Set or change a breakpoint."""
        self.breakpoints[mark.point.node_id] = mark
        self._touched()

    def remove_breakpoint(self, node_id: str) -> None:
        """Take a breakpoint away."""
        if self.breakpoints.pop(node_id, None) is not None:
            self._touched()

    def remove_all(self) -> None:
        """Take all breakpoints away."""
        self.breakpoints.clear()
        self._touched()

    def enable(self, node_id: str, on: bool) -> None:
        """Switch a breakpoint off or on."""
        mark = self.breakpoints.get(node_id)
        if mark is not None and mark.enabled != on:
            self.set_breakpoint(replace(mark, enabled=on))

    def enable_all(self, on: bool) -> None:
        """Switch all breakpoints off or on."""
        self.breakpoints = {i: replace(m, enabled=on) for i, m in self.breakpoints.items()}
        self._touched()

    def set_any_failure(self, on: bool) -> None:
        """Hold after every failure, or not."""
        if on != self.any_failure:
            self.any_failure = on
            self._touched()

    # -- a run that is held ------------------------------------------------------------------------------------------

    def held(self) -> list[NodeRunState]:
        """Executions that wait and were not told to go on yet, in the order they were held."""
        session = self._session
        if session.run is None or session.run.is_over or session.whole_state is None:
            return []
        return [node for key, node in session.whole_state.held.items() if key not in self._sent]

    @property
    def current(self) -> NodeRunState | None:
        """The held node that steps begin from: the one that was chosen, else the newest."""
        held = self.held()
        chosen = next((node for node in held if node.execution_id == self._front), None)
        return chosen or (held[-1] if held else None)

    @property
    def held_failure(self) -> str:
        """The error after which the current node is held; empty when it is held before it begins or not at all."""
        node = self.current
        return failure_of(node) if node is not None else ""

    def choose(self, execution_id: str) -> None:
        """Step from this held node."""
        self._front = execution_id
        self._session.runChanged.emit()

    def step(self, how: str) -> bool:
        """Go on from the current held node: `over`, `into` or `out`; False when nothing is held.

        A step names the node it was asked for and is sent once, so that a fast hand never steps past what it has seen.
        """
        node, run = self.current, self._session.run
        if node is None or run is None:
            return False
        self._sent.add(node.execution_id)
        run.send("step", how=how, node_id=node.node_id, frame_id=node.frame_id)
        self.steppedOff.emit()
        return True

    def go_on(self) -> bool:
        """Let everything go until the next breakpoint; False when nothing is held."""
        return self._let_go("continue")

    def run_to(self, node_ids: list[str]) -> bool:
        """Let everything go until one of the nodes is reached; False when nothing is held."""
        going = self._let_go("run_to", node_ids=node_ids)
        if going:
            self._running_to = node_ids[0]
        return going

    def take_target(self) -> str:
        """The node that a run which starts now is to hold before; empty for none."""
        self._running_to, self.target = self.target, ""
        return self._running_to

    def missed(self) -> str:
        """The node that the run which has ended was to hold before and did not come to; empty when it did."""
        node_id, self._running_to = self._running_to, ""
        return node_id

    def _let_go(self, command: str, **fields: Any) -> bool:
        held, run = self.held(), self._session.run
        if not held or run is None:
            return False
        self._sent.update(node.execution_id for node in held)
        run.send(command, **fields)
        self.steppedOff.emit()
        return True

    def try_again(self) -> bool:
        """Run the current node once more after its failure; False when no failure is held."""
        node, run = self.current, self._session.run
        if node is None or run is None or not self.held_failure:
            return False
        self._sent.add(node.execution_id)
        run.send("try_again", node_id=node.node_id, frame_id=node.frame_id)
        self.steppedOff.emit()
        return True

    def hold_next(self) -> None:
        """Hold the run at the next node, wherever that is."""
        if self._session.run is not None:
            self._session.run.send("hold_all")

    def _forget_sent(self) -> None:
        """What was told to go on and is not held any more may be held again."""
        state = self._session.whole_state
        self._sent &= set(state.held) if state is not None else set()
        if self._running_to and any(node.node_id == self._running_to for node in self.held()):
            self._running_to = ""


def failure_of(node: NodeRunState) -> str:
    """The error after which an execution is held; empty when it is held before it begins."""
    why = node.metadata.get("why") or {}
    return str(why.get("error") or node.error) if why.get("failed") else ""
