"""Published workflows as tools of other workflows: which ones, what they take, and one nested run of one (nodes-ai
spec 12.6)."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.errors import PenstockError, UserError
from engine.model.workflow import Workflow
from engine.ports.models import Usage
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolParameter
from engine.ports.workflows import ParentRun, WorkflowOutcome
from engine.run.variables.segments import plain
from engine.services.runs import StartRun

if TYPE_CHECKING:
    from engine.services.model_names import SettingsDoor
    from engine.services.runs import RunService
    from engine.services.versions import VersionService

KEY = "tools.workflows"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
TYPES = {
    "select": "select",
    "number": "number",
    "checkbox": "boolean",
    "file": "file",
    "file-list": "files",
    "files": "files",
    "json": "object",
    "json_object": "object",
}
STOP_SECONDS = 2.0


@dataclass(frozen=True)
class WorkflowTool:
    """A workflow that is offered as a tool. `version` names a published version; empty means the newest.
    `descriptions` say what parameters mean, by name; `fixed` are set by a person, not by a model."""

    id: str
    app_id: str
    name: str
    label: str
    description: str
    version: str = ""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()


class WorkflowTools:
    """The `WorkflowRunner` of a workspace, and the doors to what it offers."""

    def __init__(
        self,
        settings: Callable[[], SettingsDoor],
        versions: Callable[[], VersionService],
        runs: Callable[[], RunService],
    ) -> None:
        self._settings, self._versions, self._runs = settings, versions, runs
        self._lock = threading.RLock()

    # -- what is offered -----------------------------------------------------------------------------------------------

    def list(self) -> list[WorkflowTool]:
        """Every workflow that is offered."""
        return [
            WorkflowTool(**{**row, "fixed": tuple(row.get("fixed") or ())})
            for row in self._settings().get(KEY, []) or []
        ]

    def publish(
        self,
        app_id: str,
        *,
        name: str,
        label: str = "",
        description: str = "",
        version: str = "",
        descriptions: Mapping[str, str] | None = None,
        fixed: Sequence[str] = (),
    ) -> WorkflowTool:
        """Offer a published workflow as a tool, or change how it is offered. Raises UserError."""
        if not NAME.fullmatch(name):
            raise UserError(
                f"{name!r} cannot be the name of a tool.",
                code="tools.bad_name",
                hint="Use letters, digits, _ and -; at most 64 of them.",
            )
        workflow, _ = self._versions().for_run(app_id, version)
        _check(workflow)
        with self._lock:
            rows = self.list()
            if any(r.name.lower() == name.lower() and r.app_id != app_id for r in rows):
                raise UserError(f"Another workflow is the tool {name} already.", code="tools.name_taken")
            old = next((r for r in rows if r.app_id == app_id), None)
            made = WorkflowTool(
                old.id if old else app_id,
                app_id,
                name,
                label or workflow.app.name or name,
                description or workflow.app.description or "",
                version,
                dict(descriptions if descriptions is not None else old.descriptions if old else {}),
                tuple(fixed),
            )
            self._keep([made if r.app_id == app_id else r for r in rows] if old else [*rows, made])
        return made

    def remove(self, tool_id: str) -> None:
        """Offer a workflow no longer. Raises UserError when it was not."""
        with self._lock:
            rows = self.list()
            kept = [r for r in rows if tool_id not in (r.id, r.name)]
            if len(kept) == len(rows):
                raise UserError(f"There is no workflow tool {tool_id!r}.", code="tools.unknown")
            self._keep(kept)

    def _keep(self, rows: Sequence[WorkflowTool]) -> None:
        self._settings().set(KEY, [asdict(r) for r in rows])

    def refuse_deletion(self, app_id: str, version_id: str = "") -> None:
        """Raise UserError `tools.in_use` when a workflow, or the very version, is offered as a tool."""
        for row in self.list():
            if row.app_id == app_id and (not version_id or row.version == version_id):
                what = "This version" if version_id else "This workflow"
                raise UserError(
                    f"{what} is used as the tool {row.label}.",
                    code="tools.in_use",
                    hint="Remove the tool in the settings under Tools first.",
                )

    # -- the port ------------------------------------------------------------------------------------------------------

    def described(self, row: WorkflowTool) -> ToolDescription:
        """What a workflow takes and gives. Raises UserError when its version is gone."""
        workflow, _ = self._versions().for_run(row.app_id, row.version)
        identity = ToolIdentity("workflow", row.id, row.name, row.label)
        return ToolDescription(
            identity, row.label, row.description, tuple(_parameters(workflow, row)), _outputs(workflow)
        )

    async def describe(self, identity: ToolIdentity) -> ToolDescription | None:
        """What the workflow takes and gives; None when there is none of that id or name."""
        row = self.row_of(identity)
        return await asyncio.to_thread(self._described, row) if row is not None else None

    def _described(self, row: WorkflowTool) -> ToolDescription:
        try:
            return self.described(row)
        except PenstockError as problem:
            raise PortError("WorkflowGone", f"the workflow {row.label} cannot be used: {problem}") from problem

    def row_of(self, identity: ToolIdentity) -> WorkflowTool | None:
        """By id, else (the id is of a foreign workspace) by the tool's name."""
        rows = self.list()
        exact = next((r for r in rows if identity.provider_id in (r.id, r.app_id)), None)
        return exact or next((r for r in rows if identity.tool_name in (r.name, r.label)), None)

    async def run(self, identity: ToolIdentity, inputs: Mapping[str, Any], parent: ParentRun) -> WorkflowOutcome:
        """Run the version that is offered, as a child of the run that calls; cancelling stops it. Raises PortError."""
        row = self.row_of(identity)
        if row is None:
            raise PortError("WorkflowGone", f"There is no workflow tool {identity.tool_name} here.")
        try:
            start = await asyncio.to_thread(self._start, row, inputs, parent)
            handle = self._runs().start(start)
        except PenstockError as problem:
            raise PortError("WorkflowRefused", str(problem)) from problem
        try:
            summary = await handle.result()
        except asyncio.CancelledError:
            handle.send({"command": "abort", "reason": "The run that called it was stopped"})
            await asyncio.wait([asyncio.ensure_future(handle.result())], timeout=STOP_SECONDS)
            raise
        if summary["status"] == "paused":
            self._runs().stop(handle.run_id, "A workflow that is used as a tool cannot wait")
        return WorkflowOutcome(
            handle.run_id,
            str(summary["status"]),
            summary.get("outputs") or {},
            str(summary.get("error") or ""),
            _usage(summary),
        )

    def _start(self, row: WorkflowTool, inputs: Mapping[str, Any], parent: ParentRun) -> StartRun:
        workflow, info = self._versions().for_run(row.app_id, row.version)
        _check(workflow)
        given = {name: plain(value) for name, value in inputs.items() if value is not None}
        return StartRun(
            workflow,
            app_id=row.app_id,
            workflow_id=info.id,
            version=info.version,
            inputs=given,
            user_id=parent.user_id or "local",
            record=self._runs().is_recorded(parent.run_id),
            triggered_from="app-run",
            call_depth=parent.call_depth,
            parent_run_id=parent.run_id,
        )


def _check(workflow: Workflow) -> None:
    """Can it be a tool? Raises UserError."""
    if workflow.mode != "workflow":
        raise UserError("Only workflows can be tools, not chat flows.", code="tools.not_a_workflow")
    nodes = [n for n in workflow.graph.nodes.values() if not n.is_note]
    if any(n.type == "human-input" for n in nodes):
        raise UserError(
            "A workflow that waits for a person (human input) cannot be a tool: nobody would see its form.",
            code="tools.waits",
        )
    if not any(n.type == "start" for n in nodes):
        raise UserError("A workflow that begins with a trigger cannot be a tool.", code="tools.no_start")


def _parameters(workflow: Workflow, row: WorkflowTool) -> Sequence[ToolParameter]:
    start = next(n for n in workflow.graph.nodes.values() if n.type == "start")
    found = []
    for entity in start.data.get("variables") or ():
        if not isinstance(entity, Mapping) or not entity.get("variable"):
            continue
        name, kind = str(entity["variable"]), str(entity.get("type") or "text-input")
        label = str(entity.get("label") or name)
        found.append(
            ToolParameter(
                name,
                TYPES.get(kind, "string"),
                bool(entity.get("required")),
                "form" if name in row.fixed else "llm",
                entity.get("default"),
                row.descriptions.get(name) or str(entity.get("hint") or "") or label,
                label,
                tuple(str(o) for o in entity.get("options") or ()) if kind == "select" else (),
            )
        )
    return found


def _outputs(workflow: Workflow) -> Mapping[str, Any] | None:
    """The outputs of the end nodes, for pickers."""
    from engine.nodes import registry

    found: dict[str, Any] = {}
    for node in workflow.graph.nodes.values():
        spec = registry.spec(node.type)
        if node.type == "end" and spec is not None:
            for item in node.data.get("outputs") or ():
                if isinstance(item, Mapping) and item.get("variable"):
                    kind = str(item.get("value_type") or "string")
                    found[str(item["variable"])] = {"type": kind if kind in ("number", "object") else "string"}
    return {"type": "object", "properties": found} if found else None


def _usage(summary: Mapping[str, Any]) -> Usage | None:
    tokens = int(summary.get("total_tokens") or 0)
    price = Decimal(str(summary.get("total_price") or 0))
    currency = str(summary.get("currency") or "USD")
    return Usage(total_tokens=tokens, total_price=price, currency=currency) if tokens else None
