"""Importing over an open app: what forbids it, and which stored secrets stay (dsl spec 3.4; list A 32, 45)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.problems import Problem
from engine.model.workflow import AppInfo, Workflow

OVERWRITABLE = frozenset({"workflow", "advanced-chat"})
_REFUSED = {
    "advanced-chat": frozenset({"end", "trigger-webhook", "trigger-schedule", "trigger-plugin"}),
    "workflow": frozenset({"answer"}),
}


def refusals(target: Workflow, new: Workflow) -> list[Problem]:
    """Why `new` cannot replace the draft `target`; nodes are named. Empty when it can."""
    if target.mode not in OVERWRITABLE:
        words = "Only workflows and chat flows can be replaced by an import."
        return [Problem("error", "import.over_mode", words)]
    if not new.has_graph:
        return [Problem("error", "import.over_mode", "The file holds no graph, so it cannot replace one.")]
    refused = _REFUSED[target.mode]
    kind = "chat flow" if target.mode == "advanced-chat" else "workflow"
    return [
        Problem("error", "import.over_node", f"The node “{n.title or n.id}” cannot stand in a {kind}.", n.id)
        for n in new.graph.nodes.values()
        if n.type in refused and not n.is_note
    ]


def merged(target: Workflow, new: Workflow, *, keep_secrets: bool = True) -> Workflow:
    """The draft after the import: the app keeps its mode; an empty secret of the file keeps the stored value of the
    variable with the same id when `keep_secrets`."""
    kept = {v.id: v for v in target.environment_variables if v.is_secret and v.value}
    variables = tuple(
        replace(v, value=kept[v.id].value) if keep_secrets and v.is_secret and not v.value and v.id in kept else v
        for v in new.environment_variables
    )
    app: AppInfo = replace(new.app, mode=target.app.mode)
    return replace(new, app=app, environment_variables=variables)


def secrets_at_stake(target: Workflow, new: Workflow) -> list[str]:
    """Names of secrets that are empty in the file but have a value in the draft; an import asks about these."""
    kept = {v.id for v in target.environment_variables if v.is_secret and v.value}
    return [v.name for v in new.environment_variables if v.is_secret and not v.value and v.id in kept]
