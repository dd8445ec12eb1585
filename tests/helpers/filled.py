"""A workflow for every node type, with a node of that type whose settings are all in use, so that its form shows every
control that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.model import dsl, node

SUBJECT = "subject"
TITLE = "Subject"
"""Id and title of the node that a filled workflow is about."""
MODEL = {
    "provider": "langgenius/openai/openai",
    "name": "gpt-4o",
    "mode": "chat",
    "completion_params": {"temperature": 0.7, "top_p": 0.5, "max_tokens": 256, "stop": ["END"]},
}
MEMORY = {"query_prompt_template": "{{#sys.query#}}", "window": {"enabled": True, "size": 7}}
VISION = {"enabled": True, "configs": {"detail": "high", "variable_selector": ["give", "file"]}}
RETRY = {"retry_enabled": True, "max_retries": 3, "retry_interval": 1000}
OUTPUTS = {
    "text": "string", "other": "string", "number": "number", "second": "number", "flag": "boolean", "thing": "object",
    "texts": "array[string]", "names": "array[string]", "numbers": "array[number]", "things": "array[object]",
}  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """What is opened: the settings of the node, the mode of the app, what stands in it, and what follows by handle."""

    kind: str
    data: Mapping[str, Any]
    mode: str = "workflow"
    inside: tuple[dict[str, Any], ...] = ()
    inner_edges: tuple[tuple[str, ...], ...] = ()
    handles: tuple[str, ...] = ("source",)
    tail: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The file."""
        chat = self.mode == "advanced-chat"
        subject = node(SUBJECT, self.kind, x=700, title=TITLE, **self.data)
        last = node("last", "answer", x=1400, answer=f"{{{{#{SUBJECT}.text#}}}}") if chat else node(
            "last", "end", x=1400, outputs=[{"variable": "out", "value_selector": ["give", "text"]}])  # fmt: skip
        starts = self.kind == "start" or self.kind.startswith("trigger")
        nodes = [subject, *self.inside, last]
        edges = [(SUBJECT, handle, "last") for handle in self.handles] + list(self.inner_edges)
        if not starts:
            nodes = [*before(), *nodes]
            edges = [("start", "give"), ("give", SUBJECT), *edges]
        if self.kind in ("end", "answer"):
            nodes, edges = [n for n in nodes if n["id"] != "last"], [e for e in edges if e[-1] != "last"]
        more: dict[str, Any] = {"environment_variables": [_variable("env", "key", "string", "k")]}
        if chat:
            more["conversation_variables"] = [
                _variable("conversation", name, kind, value)
                for name, kind, value in (
                    ("said", "string", "x"), ("spoken", "string", "y"), ("count", "number", 1),
                    ("counted", "number", 2),
                    ("open", "boolean", False), ("list", "array[string]", ["a"]), ("facts", "object", {"a": 1}),
                )
            ]  # fmt: skip
        return dsl(nodes, edges, mode=self.mode, **more)


def _variable(place: str, name: str, kind: str, value: Any) -> dict[str, Any]:
    return {"id": f"{place}-{name}", "name": name, "value_type": kind, "value": value, "description": "",
            "selector": [place, name]}  # fmt: skip


def before() -> list[dict[str, Any]]:
    """A start with an input of each kind, and a code node that gives a value of each type."""
    kinds = (
        "text-input",
        "paragraph",
        "select",
        "number",
        "checkbox",
        "file",
        "file",
        "file-list",
        "file-list",
        "json_object",
    )
    names = ("short", "long", "pick", "count", "yes", "file", "paper", "files", "papers", "facts")
    inputs = [
        {"variable": n, "label": n.title(), "type": k, "required": False, "max_length": 48, "options": ["a", "b"],
         "allowed_file_types": ["document"], "allowed_file_upload_methods": ["local_file"]}
        for n, k in zip(names, kinds, strict=True)
    ]  # fmt: skip
    outputs = {name: {"type": kind, "children": None} for name, kind in OUTPUTS.items()}
    give = node(
        "give", "code", x=350, title="Give", code_language="python3", code="def main():\n    return {}\n", variables=[],
        outputs=outputs,
    )  # fmt: skip
    return [node("start", "start", variables=inputs), give]


def condition(name: str, operator: str, value: Any, kind: str, **more: Any) -> dict[str, Any]:
    """A condition on what comes before."""
    source = "start" if "file" in kind else "give"
    return {"id": f"c-{name}-{operator}", "variable_selector": [source, name], "comparison_operator": operator,
            "value": value, "varType": kind, **more}  # fmt: skip


def child(config: dict[str, Any], kind: str) -> dict[str, Any]:
    """A node that stands in the subject, which is a container of a kind."""
    mark = "isInIteration" if kind == "iteration" else "isInLoop"
    return {**config, "parentId": SUBJECT, "data": {**config["data"], mark: True, f"{kind}_id": SUBJECT}}


def _defaults(**values: tuple[str, Any]) -> dict[str, Any]:
    return {
        "error_strategy": "default-value",
        "default_value": [{"key": key, "type": kind, "value": value} for key, (kind, value) in values.items()],
    }


def _schema() -> dict[str, Any]:
    inner = {"type": "object", "properties": {"street": {"type": "string"}}, "required": ["street"],
             "additionalProperties": False}  # fmt: skip
    fields = {
        "city": {"type": "string", "description": "Where", "enum": ["Bern", "Basel"]},
        "size": {"type": "number"},
        "place": inner,
    }
    return {"type": "object", "properties": fields, "required": ["city"], "additionalProperties": False}


def _http(body: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "method": "post", "url": "https://example.com/{{#give.text#}}", "headers": "Accept:text/plain\nX-A:b",
        "params": "q:{{#give.text#}}", "body": body, "variables": [], "ssl_verify": True,
        "authorization": {
            "type": "api-key", "config": {"type": "custom", "header": "X-Key", "api_key": "{{#env.key#}}"},
        },
        "timeout": {"connect": 5, "read": 10, "write": 10}, "retry_config": RETRY,
        **_defaults(body=("string", "none"), status_code=("number", 200), headers=("object", "{}")), **more,
    }  # fmt: skip


def _schedule(**more: Any) -> dict[str, Any]:
    plan = {"monthly_days": [1, 15], "on_minute": 5, "time": "9:30 AM", "weekdays": ["mon", "sun"]}
    return {"mode": "visual", "frequency": "weekly", "cron_expression": "", "visual_config": plan, "timezone": "UTC",
            **more}  # fmt: skip


_FORM = {
    "form_content": "Please decide about {{#give.text#}}: {{#$output.why#}}",
    "inputs": [
        {"output_variable_name": "why", "type": "paragraph",
         "default": {"type": "constant", "value": "because", "selector": []}},
        {"output_variable_name": "which", "type": "select",
         "option_source": {"type": "variable", "selector": ["give", "texts"], "value": []}},
        {"output_variable_name": "other", "type": "select",
         "option_source": {"type": "constant", "selector": [], "value": ["a", "b"]}},
        {"output_variable_name": "proof", "type": "file", "allowed_file_types": ["image", "audio"],
         "allowed_file_extensions": [], "allowed_file_upload_methods": ["local_file"]},
    ],
    "user_actions": [
        {"id": "yes", "title": "Yes", "button_style": "primary"},
        {"id": "no", "title": "No", "button_style": "default"},
    ],
    "delivery_methods": [
        {"id": "d1", "type": "webapp", "enabled": True},
        {"id": "d2", "type": "email", "enabled": True,
         "config": {"subject": "Hello", "body": "Go on", "debug_mode": False,
                    "recipients": {"whole_workspace": False, "items": [{"type": "external", "email": "a@b.org"}]}}},
        {"id": "d3", "type": "slack", "enabled": True},
    ],
    "timeout": 3, "timeout_unit": "day",
}  # fmt: skip

FILLED: Mapping[str, Filled] = {
    "start": Filled("start", {"variables": before()[0]["data"]["variables"]}),
    "end": Filled(
        "end",
        {
            "outputs": [
                {"variable": "out", "value_selector": ["give", "text"], "value_type": "string"},
                {"variable": "more", "value_selector": ["give", "number"], "value_type": "number"},
            ]
        },
        handles=(),
    ),
    "answer": Filled("answer", {"answer": "It is {{#give.text#}}.", "variables": []}, "advanced-chat", handles=()),
    "code": Filled(
        "code",
        {
            "code_language": "python3",
            "code": "def main(a: str, b) -> dict:\n    return {'result': a, 'count': 1}\n",
            "variables": [
                {"variable": "a", "value_selector": ["give", "text"]},
                {"variable": "c", "value_selector": ["give", "number"]},
            ],
            "outputs": {"result": {"type": "string", "children": None}, "count": {"type": "number", "children": None}},
            "retry_config": RETRY,
            **_defaults(result=("string", "x"), count=("number", 2)),
        },
    ),
    "template-transform": Filled(
        "template-transform",
        {"template": "Hello {{ a }}", "variables": [{"variable": "a", "value_selector": ["give", "text"]}]},
    ),
    "http-request: form": Filled(
        "http-request",
        _http(
            {
                "type": "form-data",
                "data": [
                    {"id": "1", "key": "a", "type": "text", "value": "{{#give.text#}}"},
                    {"id": "2", "key": "b", "type": "file", "value": "", "file": ["start", "file"]},
                ],
            }
        ),
    ),
    "http-request: json": Filled(
        "http-request",
        _http({"type": "json", "data": [{"id": "1", "key": "", "type": "text", "value": '{"a":1,"b":2}'}]}),
    ),
    "http-request: file": Filled(
        "http-request",
        _http(
            {
                "type": "binary",
                "data": [{"id": "1", "key": "", "type": "file", "value": "", "file": ["start", "file"]}],
            },
            error_strategy="fail-branch",
        ),
        handles=("source", "fail-branch"),
    ),
    "if-else": Filled(
        "if-else",
        {
            "cases": [
                {
                    "case_id": "true", "id": "true", "logical_operator": "and",
                    "conditions": [
                        condition("text", "contains", "a", "string"),
                        condition("number", ">", "3", "number", numberVarType="constant"),
                        condition("flag", "is", True, "boolean"),
                    ],
                },
                {
                    "case_id": "files", "id": "files", "logical_operator": "or",
                    "conditions": [
                        condition(
                            "files", "contains", "", "array[file]",
                            sub_variable_condition={
                                "case_id": "s", "logical_operator": "and",
                                "conditions": [
                                    {"id": "s1", "key": "name", "comparison_operator": "contains", "value": "a",
                                     "varType": "string"},
                                    {"id": "s2", "key": "type", "comparison_operator": "in", "value": ["image"],
                                     "varType": "string"},
                                ],
                            },
                        ),
                        condition("texts", "contains", "b", "array[string]"),
                    ],
                },
            ]
        },
        handles=("true", "files", "false"),
    ),
    "iteration": Filled(
        "iteration",
        {
            "iterator_selector": ["give", "texts"], "output_selector": ["in", "output"], "start_node_id": "first",
            "is_parallel": True, "parallel_nums": 4, "error_handle_mode": "terminated", "flatten_output": True,
            "output_type": "array[string]", "width": 600, "height": 300,
        },
        inside=(
            child(node("first", "iteration-start", x=24, y=68), "iteration"),
            child(node("in", "template-transform", x=150, y=68, template="a", variables=[]), "iteration"),
            child(node("too", "template-transform", x=150, y=180, template="a", variables=[]), "iteration"),
        ),
        inner_edges=(("first", "in"), ("first", "too")),
    ),
    "loop": Filled(
        "loop",
        {
            "start_node_id": "first", "loop_count": 5, "logical_operator": "and", "error_handle_mode": "terminated",
            "break_conditions": [condition("text", "contains", "a", "string"), condition("other", "is", "b", "string")],
            "loop_variables": [
                {"id": "1", "label": "words", "var_type": "string", "value_type": "constant", "value": "x"},
                {"id": "2", "label": "sum", "var_type": "number", "value_type": "constant", "value": 1},
                {"id": "3", "label": "on", "var_type": "boolean", "value_type": "constant", "value": False},
                {"id": "4", "label": "from", "var_type": "string", "value_type": "variable", "value": ["give", "text"]},
                {"id": "5", "label": "facts", "var_type": "object", "value_type": "constant", "value": '{"a": 1}'},
            ],
            "width": 600, "height": 300,
        },
        inside=(child(node("first", "loop-start", x=24, y=68), "loop"),),
    ),
    "variable-aggregator": Filled(
        "variable-aggregator",
        {"output_type": "string", "variables": [["give", "text"], ["give", "other"], ["start", "long"]]},
    ),
    "variable-aggregator: groups": Filled(
        "variable-aggregator",
        {
            "output_type": "string", "variables": [["give", "text"]],
            "advanced_settings": {
                "group_enabled": True,
                "groups": [
                    {"groupId": "1", "group_name": "Group1", "output_type": "string",
                     "variables": [["give", "text"], ["give", "other"]]},
                    {"groupId": "2", "group_name": "Group2", "output_type": "number",
                     "variables": [["give", "number"]]},
                ],
            },
        },
    ),
    "assigner": Filled(
        "assigner",
        {
            "version": "2",
            "items": [
                {"variable_selector": ["conversation", "said"], "operation": "over-write", "input_type": "variable",
                 "value": ["give", "text"]},
                {"variable_selector": ["conversation", "spoken"], "operation": "set", "input_type": "constant",
                 "value": "hello"},
                {"variable_selector": ["conversation", "count"], "operation": "+=", "input_type": "constant",
                 "value": 2},
                {"variable_selector": ["conversation", "open"], "operation": "set", "input_type": "constant",
                 "value": True},
                {"variable_selector": ["conversation", "facts"], "operation": "set", "input_type": "constant",
                 "value": {"a": 1}},
            ],
        },
        "advanced-chat",
    ),
    "assigner: older": Filled(
        "assigner",
        {"assigned_variable_selector": ["conversation", "said"], "write_mode": "over-write",
         "input_variable_selector": ["give", "text"]},
        "advanced-chat",
    ),
    "list-operator": Filled(
        "list-operator",
        {
            "variable": ["start", "files"], "var_type": "array[file]", "item_var_type": "file",
            "filter_by": {"enabled": True, "conditions": [
                {"key": "name", "comparison_operator": "contains", "value": "a"},
                {"key": "type", "comparison_operator": "in", "value": ["image"]}]},
            "extract_by": {"enabled": True, "serial": "1"},
            "order_by": {"enabled": True, "key": "name", "value": "asc"},
            "limit": {"enabled": True, "size": 5},
        },
    ),
    "list-operator: texts": Filled(
        "list-operator",
        {
            "variable": ["give", "texts"], "var_type": "array[string]", "item_var_type": "string",
            "filter_by": {"enabled": True, "conditions": [
                {"key": "", "comparison_operator": "contains", "value": "a"}]},
            "extract_by": {"enabled": True, "serial": "1"},
            "order_by": {"enabled": True, "key": "", "value": "asc"},
            "limit": {"enabled": True, "size": 5},
        },
    ),
    "document-extractor": Filled(
        "document-extractor", {"variable_selector": ["start", "file"], "is_array_file": False}
    ),
    "llm": Filled(
        "llm",
        {
            "model": MODEL,
            "prompt_template": [
                {"id": "m1", "role": "system", "text": "Be brief about {{#give.text#}}"},
                {"id": "m2", "role": "user", "text": "{{#context#}} {{#give.text#}}"},
                {"id": "m3", "role": "user", "text": "", "edition_type": "jinja2", "jinja2_text": "Hello {{ a }}"},
            ],
            "prompt_config": {"jinja2_variables": [{"variable": "a", "value_selector": ["give", "text"]}]},
            "context": {"enabled": True, "variable_selector": ["give", "text"]},
            "memory": MEMORY, "vision": VISION, "reasoning_format": "tagged",
            "structured_output_enabled": True, "structured_output": {"schema": _schema()},
            "retry_config": RETRY, **_defaults(text=("string", "x")),
        },
        "advanced-chat",
    ),
    "question-classifier": Filled(
        "question-classifier",
        {
            "model": MODEL, "query_variable_selector": ["give", "text"], "instruction": "Think",
            "classes": [{"id": "1", "name": "Good"}, {"id": "2", "name": "Bad"}], "memory": MEMORY, "vision": VISION,
        },
        "advanced-chat", handles=("1", "2"),
    ),
    "parameter-extractor": Filled(
        "parameter-extractor",
        {
            "model": MODEL, "query": ["give", "text"], "instruction": "Look", "reasoning_mode": "prompt",
            "parameters": [
                {"name": "city", "type": "string", "description": "Where", "required": True},
                {"name": "day", "type": "number", "description": "When", "required": False},
            ],
            "memory": MEMORY, "vision": VISION,
        },
        "advanced-chat",
    ),
    "agent": Filled(
        "agent",
        {
            "agent_strategy_provider_name": "langgenius/agent/agent", "agent_strategy_name": "function_calling",
            "agent_strategy_label": "FunctionCalling",
            "agent_parameters": {
                "model": {"type": "constant", "value": {
                    "provider": MODEL["provider"], "model": "gpt-4o", "name": "gpt-4o", "mode": "chat",
                    "model_type": "llm",
                    "type": "model-selector", "completion_params": {"temperature": 0.3}}},
                "instruction": {"type": "constant", "value": "Help"},
                "query": {"type": "variable", "value": ["give", "text"]},
                "maximum_iterations": {"type": "constant", "value": 3},
                "tools": {"type": "constant", "value": [
                    {"enabled": True, "provider_name": "time", "type": "builtin", "tool_name": "current_time",
                     "tool_label": "Current time", "parameters": {}, "settings": {}, "schemas": []}]},
            },
            "memory": MEMORY, "retry_config": RETRY, **_defaults(text=("string", "x")),
        },
        "advanced-chat",
    ),
    "tool": Filled(
        "tool",
        {
            "provider_id": "time", "provider_name": "time", "provider_type": "builtin", "tool_name": "current_time",
            "tool_label": "Current time", "tool_node_version": "2",
            "tool_configurations": {"timezone": {"type": "constant", "value": "UTC"}},
            "tool_parameters": {
                "format": {"type": "mixed", "value": "%Y {{#give.text#}}"},
                "a": {"type": "variable", "value": ["give", "text"]},
                "b": {"type": "constant", "value": True}, "c": {"type": "constant", "value": 3},
                "d": {"type": "constant", "value": [1]},
            },
            "retry_config": RETRY, **_defaults(text=("string", "x")),
        },
    ),
    "tool: unknown": Filled(
        "tool",
        {
            "provider_id": "nobody/has/this", "provider_name": "nobody/has/this", "provider_type": "builtin",
            "tool_name": "missing", "tool_label": "Missing", "tool_node_version": "2", "tool_configurations": {},
            "tool_parameters": {"q": {"type": "mixed", "value": "x"}},
        },
    ),
    "human-input": Filled("human-input", _FORM, handles=("yes", "no", "__timeout")),
    "trigger-schedule": Filled("trigger-schedule", _schedule()),
    "trigger-schedule: monthly": Filled("trigger-schedule", _schedule(frequency="monthly")),
    "trigger-schedule: hourly": Filled("trigger-schedule", _schedule(frequency="hourly")),
    "trigger-schedule: cron": Filled("trigger-schedule", _schedule(mode="cron", cron_expression="0 9 * * 1-5")),
    "trigger-webhook": Filled(
        "trigger-webhook",
        {
            "method": "POST", "content_type": "application/json", "async_mode": True, "status_code": 200,
            "response_body": "{}", "webhook_url": "",
            "headers": [{"name": "X-A", "required": True, "type": "string"}],
            "params": [{"name": "q", "required": False, "type": "string"}, {"name": "n", "required": False,
                                                                          "type": "number"}],
            "body": [{"name": "words", "required": True, "type": "string"}],
            "variables": [],
        },
    ),
    "trigger-plugin": Filled(
        "trigger-plugin",
        {
            "event_label": "Opened", "event_name": "opened", "plugin_id": "a/b", "subscription_id": "s",
            "plugin_unique_identifier": "a/b:1",
            "parameters_schema": [
                {"name": "repo", "type": "string", "label": "Repository"},
                {"name": "many", "type": "number", "label": "Many"},
                {"name": "only", "type": "boolean", "label": "Only"},
                {"name": "kind", "type": "select", "label": "Kind of event",
                 "options": [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]},
            ],
            "event_parameters": {
                "repo": {"type": "constant", "value": "x"}, "many": {"type": "constant", "value": 2},
                "only": {"type": "constant", "value": True}, "kind": {"type": "constant", "value": "a"},
                "list": {"type": "constant", "value": [1]},
            },
        },
    ),
}  # fmt: skip

FEATURES: Mapping[str, Any] = {
    "opening_statement": "Hello", "suggested_questions": ["One?", "Two?"],
    "suggested_questions_after_answer": {"enabled": True, "prompt": "Ask", "model": MODEL},
    "retriever_resource": {"enabled": True},
    "sensitive_word_avoidance": {
        "enabled": True, "type": "keywords",
        "config": {"keywords": "a\nb", "inputs_config": {"enabled": True, "preset_response": "No"},
                   "outputs_config": {"enabled": True, "preset_response": "No"}},
    },
    "file_upload": {
        "enabled": True, "allowed_file_types": ["image", "document", "custom"], "allowed_file_extensions": [".abc"],
        "number_limits": 4, "allowed_file_upload_methods": ["local_file", "remote_url"],
    },
    "text_to_speech": {"enabled": True}, "speech_to_text": {"enabled": True},
}  # fmt: skip
"""The features of a chat, all in use."""


def chat_with_features() -> str:
    """A chat that answers at once, with every feature on."""
    nodes = [node("start", "start", variables=[]), node("last", "answer", x=400, answer="Hello")]
    return dsl(nodes, [("start", "last")], mode="advanced-chat", features=dict(FEATURES))


WITHOUT_SETTINGS = frozenset(
    {"iteration-start", "loop-start", "loop-end", "start-placeholder", "datasource", "datasource-empty",
     "knowledge-index"}
)  # fmt: skip
"""Types that have no form of their own: nothing of them can be set here, their file's settings are shown to be read."""
