"""Start, end, answer, the triggers and the placeholders of the canvas."""

from __future__ import annotations

from typing import Any

from engine.nodes.spec import (
    CHAT,
    PIPELINE,
    SOURCE,
    WORKFLOW,
    Data,
    FieldProblem,
    NodeSpec,
    OutputSpec,
    mappings,
    no_handles,
    typed,
)

INPUT_TYPES = {
    "text-input": "string",
    "paragraph": "string",
    "select": "string",
    "url": "string",
    "external_data_tool": "string",
    "number": "number",
    "checkbox": "boolean",
    "file": "file",
    "file-list": "array[file]",
    "files": "array[file]",
    "json_object": "object",
    "json": "object",
}


def start_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return tuple(
        typed(str(v.get("variable")), INPUT_TYPES.get(str(v.get("type")), "string"), str(v.get("label") or ""))
        for v in mappings(data.get("variables"))
        if v.get("variable")
    )


def end_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return tuple(
        OutputSpec(str(o.get("variable")), str(o.get("value_type") or "any").lower())
        for o in mappings(data.get("outputs"))
        if o.get("variable")
    )


def check_end(data: Data) -> list[FieldProblem]:
    outputs = mappings(data.get("outputs"))
    if not outputs:
        return [FieldProblem("node.output_missing", "outputs", "output variable is required.")]
    for index, output in enumerate(outputs):
        if not str(output.get("variable") or "").strip() or not output.get("value_selector"):
            return [FieldProblem("node.output_missing", f"outputs.{index}", "output variable is required.")]
    return []


def check_answer(data: Data) -> list[FieldProblem]:
    if not str(data.get("answer") or "").strip():
        return [FieldProblem("node.answer_missing", "answer", "Answer is required.")]
    return []


def _start_default(_mode: str) -> dict[str, Any]:
    return {"variables": []}


def _end_default(_mode: str) -> dict[str, Any]:
    return {"outputs": []}


def _answer_default(_mode: str) -> dict[str, Any]:
    return {"answer": "", "variables": []}


WEBHOOK_TYPES = {
    "headers": ("string",),
    "params": ("string", "number", "boolean"),
    "body": (
        "string",
        "number",
        "boolean",
        "object",
        "array",
        "array[string]",
        "array[number]",
        "array[boolean]",
        "array[object]",
        "file",
    ),
}


def webhook_outputs(data: Data) -> tuple[OutputSpec, ...]:
    found = []
    for part in ("headers", "params", "body"):
        for item in mappings(data.get(part)):
            name = str(item.get("name") or "")
            if name:
                name = name.replace("-", "_") if part == "headers" else name
                found.append(typed(name, str(item.get("type") or "string")))
    return (*found, OutputSpec("_webhook_raw", "object", "The whole request"))


def check_webhook(data: Data) -> list[FieldProblem]:
    for part, allowed in WEBHOOK_TYPES.items():
        for index, item in enumerate(mappings(data.get(part))):
            where = f"{part}.{index}"
            name = str(item.get("name") or "")
            name = name.replace("-", "_") if part == "headers" else name
            if not name.isidentifier() or name == "_webhook_raw":
                return [FieldProblem("node.name_invalid", f"{where}.name", f"{name!r} cannot be a variable name.")]
            kind = item.get("type") or "string"
            if kind not in allowed:
                return [FieldProblem("node.type_invalid", f"{where}.type", f"{kind!r} is no type for {part}.")]
    names = [o.name for o in webhook_outputs(data)[:-1]]
    for name in names:
        if names.count(name) > 1:
            return [FieldProblem("node.name_twice", "headers", f"{name!r} is named more than once.")]
    return []


def check_schedule(data: Data) -> list[FieldProblem]:
    from datetime import UTC, datetime

    from engine.nodes.schedule import ScheduleProblem, next_time

    try:
        if next_time(data, datetime(2026, 1, 1, tzinfo=UTC)) is not None:
            return []
    except ScheduleProblem as problem:
        return [FieldProblem("node.schedule_invalid", problem.field, problem.message)]
    field = "cron_expression" if data.get("mode") == "cron" else "visual_config"
    return [FieldProblem("node.schedule_invalid", field, "The schedule never fires.")]


def _schedule_default(_mode: str) -> dict[str, Any]:
    visual = {"monthly_days": [1], "on_minute": 0, "time": "12:00 AM", "weekdays": ["sun"]}
    return {
        "mode": "visual",
        "frequency": "daily",
        "cron_expression": "",
        "visual_config": visual,
        "timezone": "UTC",
    }


def _webhook_default(_mode: str) -> dict[str, Any]:
    raw = {"label": "raw", "required": True, "value_selector": [], "value_type": "object", "variable": "_webhook_raw"}
    return {
        "method": "POST",
        "content_type": "application/json",
        "headers": [],
        "params": [],
        "body": [],
        "async_mode": True,
        "status_code": 200,
        "response_body": "",
        "variables": [raw],
        "webhook_url": "",
    }


def check_plugin_trigger(data: Data) -> list[FieldProblem]:
    if not data.get("subscription_id"):
        return [FieldProblem("node.subscription_missing", "subscription_id", "No subscription is chosen.", "warning")]
    given = data.get("event_parameters")
    for parameter in mappings(data.get("parameters_schema")):
        name = str(parameter.get("name") or "")
        entry = given.get(name) if isinstance(given, dict) else None
        value = entry.get("value") if isinstance(entry, dict) else None
        if parameter.get("required") and value in (None, "", []):
            return [
                FieldProblem(
                    "node.parameter_missing", f"event_parameters.{name}", f"The event needs a value for {name}."
                )
            ]
    return []


def plugin_outputs(data: Data) -> tuple[OutputSpec, ...]:
    schema = data.get("output_schema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return ()
    return tuple(
        OutputSpec(str(name), _schema_type(p), str(p.get("description") or ""))
        for name, p in properties.items()
        if isinstance(p, dict)
    )


def _schema_type(schema: Data) -> str:
    """The type that a part of a JSON schema stands for."""
    kind = str(schema.get("type") or "any")
    if kind == "array":
        items = schema.get("items")
        inside = _schema_type(items) if isinstance(items, dict) else "any"
        return f"array[{inside}]" if not inside.startswith("array") else "array[any]"
    return "number" if kind == "integer" else kind


SPECS = (
    NodeSpec(
        "start",
        "Start",
        "Where a run begins; asks for the inputs.",
        "entry",
        "start",
        "engine.nodes.start:StartNode",
        "root",
        in_containers=False,
        singleton=True,
        default_data=_start_default,
        outputs=start_outputs,
        has_input=False,
    ),
    NodeSpec(
        "end",
        "Output",
        "Ends a path and names what the workflow gives back.",
        "end",
        "end",
        "engine.nodes.end:EndNode",
        "response",
        WORKFLOW | PIPELINE,
        in_containers=False,
        default_data=_end_default,
        outputs=end_outputs,
        handles=no_handles,
        can_single_step=False,
        check=check_end,
    ),
    NodeSpec(
        "answer",
        "Answer",
        "Says something in the chat; text appears as it is made.",
        "end",
        "answer",
        "engine.nodes.answer:AnswerNode",
        "response",
        CHAT,
        default_data=_answer_default,
        outputs=lambda _: (OutputSpec("answer", "string", "The text"), OutputSpec("files", "array[file]", "Its files")),
        can_single_step=False,
        check=check_answer,
    ),
    NodeSpec(
        "trigger-webhook",
        "Webhook",
        "Starts a run when a request comes in.",
        "entry",
        "trigger-webhook",
        "engine.nodes.triggers:WebhookTriggerNode",
        "root",
        WORKFLOW,
        in_containers=False,
        default_data=_webhook_default,
        outputs=webhook_outputs,
        handles=lambda _: SOURCE,
        has_input=False,
        check=check_webhook,
    ),
    NodeSpec(
        "trigger-schedule",
        "Schedule",
        "Starts a run at set times.",
        "entry",
        "trigger-schedule",
        "engine.nodes.triggers:ScheduleTriggerNode",
        "root",
        WORKFLOW,
        in_containers=False,
        default_data=_schedule_default,
        handles=lambda _: SOURCE,
        has_input=False,
        check=check_schedule,
    ),
    NodeSpec(
        "trigger-plugin",
        "Plugin trigger",
        "Starts a run on an event of another program.",
        "entry",
        "trigger-plugin",
        "engine.nodes.triggers:PluginTriggerNode",
        "root",
        WORKFLOW,
        in_containers=False,
        outputs=plugin_outputs,
        handles=lambda _: SOURCE,
        has_input=False,
        check=check_plugin_trigger,
        selectable_in_palette=False,
    ),
    NodeSpec(
        "start-placeholder",
        "Workflow start",
        "A place for the start node to be chosen.",
        "entry",
        "start",
        "engine.nodes.note:PlaceholderNode",
        "root",
        in_containers=False,
        handles=lambda _: SOURCE,
        has_input=False,
        can_single_step=False,
        check=lambda _: [FieldProblem("node.placeholder", "", "Choose a start node.")],
        selectable_in_palette=False,
    ),
    NodeSpec(
        "datasource-empty",
        "Data source",
        "A place for a data source to be chosen.",
        "knowledge",
        "datasource",
        "engine.nodes.note:PlaceholderNode",
        "root",
        PIPELINE,
        in_containers=False,
        handles=no_handles,
        has_input=False,
        can_single_step=False,
        selectable_in_palette=False,
    ),
)
