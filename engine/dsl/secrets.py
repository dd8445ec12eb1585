"""What an export leaves out: secret values, credentials, addresses of one installation (dsl spec, section 11.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.model.workflow import Workflow

SCHEDULE_DEFAULT: Mapping[str, Any] = {
    "frequency": "daily",
    "mode": "visual",
    "timezone": "UTC",
    "visual_config": {"monthly_days": [1], "on_minute": 0, "time": "12:00 AM", "weekdays": ["sun"]},
}
LITERAL_SECRET = re.compile(r"(?i)(sk-[a-z0-9_-]{16,}|bearer\s+[a-z0-9._-]{16,}|[a-z0-9]{32,})")


def stripped(data: Mapping[str, Any], *, with_secrets: bool) -> Mapping[str, Any]:
    """Node data as an export writes it; the same mapping when nothing is to be left out."""
    kind = data.get("type")
    changes: dict[str, Any] = {}
    drop: set[str] = set()
    if kind == "tool" and not with_secrets and "credential_id" in data:
        drop.add("credential_id")
    if kind == "agent" and not with_secrets:
        parameters = _without_tool_credentials(data.get("agent_parameters"))
        if parameters is not None:
            changes["agent_parameters"] = parameters
    if kind == "trigger-webhook":
        changes.update({k: "" for k in ("webhook_url", "webhook_debug_url") if data.get(k)})
    if kind == "trigger-plugin" and data.get("subscription_id"):
        changes["subscription_id"] = ""
    if kind == "trigger-schedule" and data.get("config"):
        changes["config"] = dict(SCHEDULE_DEFAULT)
    variables = _without_local_files(data.get("variables"))
    if variables is not None:
        changes["variables"] = variables
    if not changes and not drop:
        return data
    return {k: changes.get(k, v) for k, v in data.items() if k not in drop}


def _without_tool_credentials(parameters: Any) -> Any | None:
    if not isinstance(parameters, Mapping):
        return None
    tools = parameters.get("tools")
    entries = tools.get("value") if isinstance(tools, Mapping) else None
    if not isinstance(entries, list) or not any(isinstance(t, Mapping) and "credential_id" in t for t in entries):
        return None
    kept = [
        {k: v for k, v in tool.items() if k != "credential_id"} if isinstance(tool, Mapping) else tool
        for tool in entries
    ]
    return {**parameters, "tools": {**tools, "value": kept}} if isinstance(tools, Mapping) else None


def _is_local(value: Any) -> bool:
    return isinstance(value, Mapping) and (
        value.get("transfer_method") == "local_file" or "upload_file_id" in value or "uploadedId" in value
    )


def _without_local_files(variables: Any) -> list[Any] | None:
    """Input variables without defaults that name a file of this machine; None when there are none."""
    if not isinstance(variables, list):
        return None
    found = False
    kept: list[Any] = []
    for variable in variables:
        if isinstance(variable, Mapping) and variable.get("type") in ("file", "file-list") and "default" in variable:
            default = variable["default"]
            if _is_local(default):
                found = True
                kept.append({k: v for k, v in variable.items() if k != "default"})
                continue
            if isinstance(default, list) and any(_is_local(item) for item in default):
                found = True
                kept.append({**variable, "default": [item for item in default if not _is_local(item)]})
                continue
        kept.append(variable)
    return kept if found else None


def literal_secrets(workflow: Workflow) -> list[str]:
    """Ids of nodes whose settings look as if they hold a key in clear, for the export dialog to list."""
    kinds = ("http-request", "code", "tool", "agent")
    return [n.id for n in workflow.graph.nodes.values() if n.type in kinds and _looks_secret(n.data)]


def _looks_secret(value: Any, key: str = "") -> bool:
    if isinstance(value, Mapping):
        return any(_looks_secret(v, str(k)) for k, v in value.items())
    if isinstance(value, list):
        return any(_looks_secret(v, key) for v in value)
    if not isinstance(value, str) or "{{#" in value:
        return False
    if key in ("api_key", "headers", "authorization", "token", "password", "secret"):
        return bool(re.search(r"(?i)[a-z0-9._-]{12,}", value)) and (
            key != "headers" or "authorization" in value.lower()
        )
    return bool(LITERAL_SECRET.fullmatch(value.strip()))
