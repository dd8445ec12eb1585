"""The pool that a run starts with (engine spec 6.5, 6.9, 10.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from engine.ports.bundle import Ports
from engine.run.graph import CompiledNode
from engine.run.request import RunRefused, RunRequest
from engine.run.variables.files import FileProblem, input_value
from engine.run.variables.pool import VariableMeta, VariablePool
from engine.run.variables.segments import (
    SegmentProblem,
    build_segment,
    build_with_type,
    is_valid,
    restore_segment,
)

RAG_NAMES: Final = (
    "document_id",
    "original_document_id",
    "batch",
    "dataset_id",
    "datasource_type",
    "datasource_info",
    "invoke_from",
)
HOST_GIVEN: Final = (
    "timestamp",
    "workflow_run_id",
    "conversation_id",
    "app_id",
    "workflow_id",
    "dialogue_count",
)
"""System variables that are another value in every run, whoever starts it with the same inputs."""


def build_pool(request: RunRequest, ports: Ports, root: CompiledNode) -> VariablePool:
    """`sys`, `env`, `conversation`, `rag` and the root's inputs. Raises RunRefused for a value that cannot be one."""
    pool = VariablePool()
    system, conversation = _as_recorded(ports, system_values(request, ports), request.conversation_variables)
    for name, value in system.items():
        pool.add(("sys", name), value)
    add_environment(pool, request)
    add_conversation(pool, request, conversation)
    for name, value in request.rag.items():
        pool.add(("rag", name), value)
    for name, value in root_inputs(request, root).items():
        pool.add((root.id, name), value)
    return pool


def system_values(request: RunRequest, ports: Ports) -> dict[str, Any]:
    """The `sys` variables of a full run, by name."""
    values: dict[str, Any] = {
        "files": [_file(item) for item in request.files],
        "user_id": request.user_id,
        "app_id": request.app_id,
        "workflow_id": request.workflow_id,
        "workflow_run_id": request.run_id,
    }
    if request.is_chat:
        values["query"] = request.query
        values["conversation_id"] = request.conversation_id
        values["dialogue_count"] = 1
    elif request.mode != "rag_pipeline":
        values["timestamp"] = int(ports.clock.now().timestamp())
    if request.query and not request.is_chat:
        values["query"] = request.query
    for name, value in request.system.items():
        name = "workflow_run_id" if name == "workflow_execution_id" else name
        if value is not None:
            values[name] = input_value(value)
    return values


def _as_recorded(
    ports: Ports, system: dict[str, Any], conversation: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the host gives a run, as it was when a replayed run was recorded."""
    if ports.tape is None:
        return system, conversation
    given = {
        "sys": {name: system[name] for name in HOST_GIVEN if name in system},
        "conversation": {v["name"]: v.get("value") for v in conversation},
    }
    kept = ports.tape.once("start", lambda: given)
    values = kept["conversation"]
    return {**system, **kept["sys"]}, [{**v, "value": values.get(v["name"], v.get("value"))} for v in conversation]


def _file(item: Any) -> Any:
    try:
        return input_value(item)
    except FileProblem as problem:
        raise RunRefused(str(problem), code="run.bad_file") from None


def add_environment(pool: VariablePool, request: RunRequest) -> None:
    """`env.*`, secrets as secrets."""
    for variable in request.environment:
        name, kind, value = variable["name"], variable.get("value_type", "string"), variable.get("value")
        try:
            segment = build_with_type("secret", str(value or "")) if kind == "secret" else _declared(kind, value)
        except SegmentProblem as problem:
            raise RunRefused(f"Environment variable {name}: {problem}", code="run.bad_environment") from None
        if segment.size > request.limits.max_variable_bytes:
            raise _too_large("Environment", name, request.limits.max_variable_bytes)
        pool.add(("env", name), segment, _meta(variable))


def add_conversation(pool: VariablePool, request: RunRequest, variables: list[dict[str, Any]] | None = None) -> None:
    """`conversation.*` with their present values; `variables` in place of the request's."""
    for variable in request.conversation_variables if variables is None else variables:
        name, kind, value = variable["name"], variable.get("value_type", "string"), variable.get("value")
        try:
            segment = _declared(kind, 0 if kind == "number" and value == "" else input_value(value))
        except (SegmentProblem, FileProblem) as problem:
            raise RunRefused(f"Conversation variable {name}: {problem}", code="run.bad_conversation") from None
        if segment.size > request.limits.max_variable_bytes:
            raise _too_large("Conversation", name, request.limits.max_variable_bytes)
        pool.add(("conversation", name), segment, _meta(variable))


def _declared(kind: str, value: Any) -> Any:
    """A declared value of its declared type where it fits; what files say otherwise is taken as it is."""
    if kind == "number" and isinstance(value, str):
        try:
            value = float(value) if "." in value or "e" in value.lower() else int(value)
        except ValueError:
            raise SegmentProblem(f"{value!r} is not a number") from None
    if isinstance(value, str) and (kind == "object" or kind.startswith("array[")):
        value = _parsed(kind, value)
    if value is not None and (is_valid(kind, value) or (kind == "array[any]" and isinstance(value, list))):
        return restore_segment(kind, value) if kind.startswith("array[") else build_segment(value)
    return build_segment(value)


def _parsed(kind: str, text: str) -> Any:
    """What a text of JSON stands for where it has the declared type: files written by hand quote lists and objects."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if is_valid(kind, value) else text


def _meta(variable: Mapping[str, Any]) -> VariableMeta:
    return VariableMeta(
        str(variable.get("id") or ""), str(variable.get("name") or ""), str(variable.get("description") or "")
    )


def _too_large(what: str, name: str, limit: int) -> RunRefused:
    return RunRefused(f"{what} variable {name} is larger than {limit} bytes.", code="run.variable_too_large")


def root_inputs(request: RunRequest, root: CompiledNode) -> dict[str, Any]:
    """The user's inputs that a start node declares, checked as it says; a trigger takes all.

    Raises UserError for an input that does not fit.
    """
    inputs = request.inputs
    if root.type == "start":
        from engine.nodes.start import check_inputs

        declared = root.data.get("variables")
        inputs = check_inputs(root.id, declared if isinstance(declared, list) else [], inputs)
    if root.type == "trigger-webhook":
        # What a stranger sent stays data: a body that looks like a file input is none.
        from engine.nodes.triggers import INJECTED

        sent = {name: value for name, value in inputs.items() if name in INJECTED}
        return {**sent, **_with_files({name: v for name, v in inputs.items() if name not in sent})}
    return _with_files(inputs)


def _with_files(inputs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {name: input_value(value) for name, value in inputs.items()}
    except FileProblem as problem:
        raise RunRefused(str(problem), code="run.bad_file") from None


def recorded_inputs(request: RunRequest, pool: VariablePool) -> dict[str, Any]:
    """The inputs of a run record (section 10.5): the user's, and `sys.<name>` without the conversation id."""
    system = {f"sys.{name}": value for name, value in pool.values("sys").items() if name != "conversation_id"}
    return {**request.inputs, **system}
