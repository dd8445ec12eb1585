"""Running a published workflow from inside another one (nodes-ai spec 12.6); `Ports.extras["workflow_runner"]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.ports.models import Usage
from engine.ports.outside import ToolDescription, ToolIdentity


@dataclass(frozen=True)
class ParentRun:
    """Who calls: the run and the node execution that the inner run hangs under."""

    run_id: str
    node_id: str
    execution_id: str
    call_depth: int = 0
    user_id: str = ""


@dataclass(frozen=True)
class WorkflowOutcome:
    """How an inner run ended; `status` as in run records, outputs as plain JSON data or files."""

    run_id: str
    status: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    usage: Usage | None = None


class WorkflowRunner(Protocol):
    """Published workflows as tools."""

    async def describe(self, identity: ToolIdentity) -> ToolDescription | None:
        """What the workflow takes (its start variables) and gives; None when there is none of that id or name."""
        ...

    async def run(self, identity: ToolIdentity, inputs: Mapping[str, Any], parent: ParentRun) -> WorkflowOutcome:
        """Run the published version to its end; cancelling stops it. Raises PortError when it cannot start."""
        ...
