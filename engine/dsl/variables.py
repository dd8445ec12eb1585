"""Reading environment and conversation variables (dsl spec 6.2, 6.3)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from engine.dsl.report import Report
from engine.model.workflow import Variable

LARGEST_VARIABLE = 204_800
"""Bytes of one value as JSON."""
_ID_SPACE = uuid.UUID("6f1c2f0e-5a4e-4a0a-9a53-0e1f7c2d9b11")
_PREFIXES = {"environment_variables": "env", "conversation_variables": "conversation"}
_TYPES = {
    "environment_variables": frozenset({"string", "number", "secret", "integer", "float"}),
    "conversation_variables": frozenset(
        {"string", "number", "integer", "float", "boolean", "object", "secret", "file"}
        | {f"array[{kind}]" for kind in ("string", "number", "boolean", "object", "any", "file")}
    ),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_variables(block: Mapping[str, Any], key: str, report: Report) -> tuple[Variable, ...]:
    """One list of variables of the `workflow` block; each that cannot be read is an error that names it."""
    entries = block.get(key)
    if not entries:
        return ()
    if not isinstance(entries, list):
        report.fail("runtime_variables.invalid", "Variables must be a list.", "workflow", key)
        return ()
    found: dict[str, Variable] = {}
    for index, entry in enumerate(entries):
        variable = _variable(entry, key, index, report)
        if variable is None:
            continue
        if variable.name in found:
            words = f"There are two variables named “{variable.name}”."
            report.fail("runtime_variables.duplicate", words, "workflow", key, index)
        found[variable.name] = variable
    return tuple(found.values())


def _variable(entry: Any, key: str, index: int, report: Report) -> Variable | None:
    at = ("workflow", key, index)
    if not isinstance(entry, dict):
        report.fail("runtime_variables.invalid_item", "A variable must be a mapping.", *at)
        return None
    entry = _other_words(entry, report)
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        report.fail("runtime_variables.invalid_name", "A variable has no name.", *at)
        return None
    if entry.get("value") is None:
        report.fail("runtime_variables.no_value", f"The variable “{name}” has no value.", *at)
        return None
    kind = entry.get("value_type")
    if not kind:
        report.fail("runtime_variables.no_type", f"The variable “{name}” has no type.", *at)
        return None
    if not isinstance(kind, str) or kind not in _TYPES[key]:
        report.fail("runtime_variables.type", f"The variable “{name}” has the unknown type {kind!r}.", *at)
        return None
    if len(json.dumps(entry["value"], ensure_ascii=False, default=str).encode("utf-8", "replace")) > LARGEST_VARIABLE:
        report.fail("runtime_variables.too_large", f"The value of “{name}” is larger than 200 KiB.", *at)
        return None
    prefix = _PREFIXES[key]
    if not entry.get("id"):
        # Made from the name, so that importing the same file twice gives the same id.
        entry = {**entry, "id": str(uuid.uuid5(_ID_SPACE, f"{prefix}.{name}"))}
        report.notice("upgrade.variable_id", f"The variable “{name}” got an id.")
    return Variable.from_config(entry)


def _other_words(entry: dict[str, Any], report: Report) -> dict[str, Any]:
    """Generated files say `key`, `type` and `default` for name, type and value."""
    if "default" not in entry or "type" not in entry or "value" in entry or "value_type" in entry:
        return entry
    changed = {k: v for k, v in entry.items() if k not in ("key", "type", "default")}
    changed |= {"value_type": entry["type"], "value": entry["default"]}
    key = entry.get("key")
    if isinstance(key, str) and _NAME.fullmatch(key):
        changed["name"] = key
        changed.setdefault("description", str(entry.get("name") or ""))
    report.notice("repair.variable", f"The variable “{changed.get('name')}” was written in other words.")
    return changed
