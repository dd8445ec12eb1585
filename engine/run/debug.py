"""The debug gate: which ready nodes are held, and what lets them go. It decides only; the scheduler acts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.run.frames import Frame
    from engine.run.graph import CompiledNode
    from engine.run.request import DebugSettings


class DebugGate:
    """Breakpoints and stepping of one run."""

    def __init__(self, settings: DebugSettings | None) -> None:
        self.breakpoints: set[str] = set(settings.breakpoints) if settings else set()
        self.step = bool(settings and settings.step)
        self.held: dict[tuple[str, str], tuple[Frame, CompiledNode]] = {}
        self._free: set[tuple[str, str]] = set()

    @property
    def is_open(self) -> bool:
        """Can nothing be held?"""
        return not self.step and not self.breakpoints

    def holds(self, frame: Frame, node: CompiledNode) -> bool:
        """Must this ready node wait? One that was let go passes once."""
        key = (frame.id, node.id)
        if key in self._free:
            self._free.discard(key)
            return False
        if node.hidden or not (self.step or node.id in self.breakpoints):
            return False
        self.held[key] = (frame, node)
        return True

    def release(self, node_id: str | None = None, frame_id: str | None = None) -> list[tuple[Frame, CompiledNode]]:
        """Let held nodes go: all, those of one node, or one of one frame; in the order they were held."""
        keys = [
            key
            for key in self.held
            if (node_id is None or key[1] == node_id) and (frame_id is None or key[0] == frame_id)
        ]
        self._free.update(keys)
        return [self.held.pop(key) for key in keys]

    def set_breakpoints(self, node_ids: Iterable[str]) -> None:
        """Replace the breakpoints; what is held stays held."""
        self.breakpoints = set(node_ids)
