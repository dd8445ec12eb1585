"""How each node type looks in a plan: few settings under short names, with references in their marks.

`write` puts what a plan says into the format's own settings and leaves all others as they are, so that a node that is
changed keeps what the plan does not speak of; `tell` is the way back. References name keys of the plan here; the
builder turns them into ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.services.generating import forms_data, forms_logic, forms_model

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """One node type in a plan. `words` are for the model: what the node does, its settings, what it gives; a type
    without words may be there and stay but is not offered. `main` is the output that is meant when a wrong name is."""

    words: str
    write: Callable[[dict[str, Any], Settings, str], None]
    tell: Callable[[Settings, str], dict[str, Any]]
    main: str = ""


def _write_any(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """A type that has no form here: settings that it has already, if they are of the same kind."""
    for name, value in settings.items():
        if name in data and name not in ("type", "title", "start_node_id") and type(value) is type(data[name]):
            data[name] = value


OTHER: Final = Form("", _write_any, lambda _data, _mode: {})
FORMS: Final[Mapping[str, Form]] = {
    "start": Form(
        "the entry, exactly one. inputs: [{name, label, type: text|paragraph|number|select|checkbox|file|files, "
        "required, options}]. Gives each input under its name.",
        forms_data.write_start,
        forms_data.tell_start,
    ),
    "end": Form(
        "the result of the workflow. outputs: [{name, value: one reference}]. Nothing follows it.",
        forms_data.write_end,
        forms_data.tell_end,
    ),
    "answer": Form("says something in the chat. answer: text with references.", forms_data.write_answer,
                   forms_data.tell_answer, "answer"),
    "llm": Form(
        "asks a language model. system, prompt: texts with references; fields: [{name, type, description}] only if "
        "the answer must be data. Gives text, and structured_output.<name> for each field.",
        forms_model.write_llm,
        forms_model.tell_llm,
        "text",
    ),
    "question-classifier": Form(
        "a model chooses a path. query: one reference; classes: [{id, name: words that describe it}]. "
        "Branches: the ids of the classes. Gives class_name.",
        forms_model.write_classifier,
        forms_model.tell_classifier,
        "class_name",
    ),
    "parameter-extractor": Form(
        "a model finds values in a text. query: one reference; parameters: [{name, type: string|number|bool|"
        "array[string], description, required}]; instruction. Gives each parameter under its name.",
        forms_model.write_extractor,
        forms_model.tell_extractor,
    ),
    "if-else": Form(
        "takes a path by conditions. cases: [{id, match: all|any, conditions: [{value: one reference, is: contains|"
        "not contains|is|is not|empty|not empty|=|≠|>|<|≥|≤, to: text}]}]. Branches: the ids of the cases, and else.",
        forms_logic.write_if,
        forms_logic.tell_if,
        "result",
    ),
    "code": Form(
        "runs code with the standard library only. language: python3|javascript; inputs: {name: one reference}; code: "
        "a function main with these inputs that returns an object with the outputs; outputs: {name: string|number|"
        "boolean|object|array[string]|array[number]|array[object]}. Gives each output under its name.",
        forms_data.write_code,
        forms_data.tell_code,
    ),
    "template-transform": Form(
        "makes text with Jinja. inputs: {name: one reference}; template: uses {{ name }}. Gives output.",
        forms_data.write_template,
        forms_data.tell_template,
        "output",
    ),
    "http-request": Form(
        "asks a server. method: get|post|put|patch|delete; url, headers: {name: value}, params: {name: value}, body: "
        "text. Gives body, status_code.",
        forms_data.write_http,
        forms_data.tell_http,
        "body",
    ),
    "iteration": Form(
        "does the nodes inside it once for each item of a list. list: one reference to a list; result: one reference "
        "to an output of a node inside; parallel: true|false. Nodes inside have \"in\": its key and read "
        "{{#its_key.item#}}. Gives output, a list.",
        forms_logic.write_iteration,
        forms_logic.tell_iteration,
        "output",
    ),
    "loop": Form(
        "repeats the nodes inside it. count: most rounds; variables: [{name, type: string|number|array[string], "
        "value}]; until: conditions as in if-else on {{#its_key.name#}}; an assigner inside writes the variables. "
        "Nodes inside have \"in\": its key. Gives its variables.",
        forms_logic.write_loop,
        forms_logic.tell_loop,
    ),
    "loop-end": Form("inside a loop: leaves it.", lambda *_: None, lambda *_: {}),
    "variable-aggregator": Form(
        "joins branches: gives as output the first value that is there. values: [references].",
        forms_logic.write_aggregator,
        forms_logic.tell_aggregator,
        "output",
    ),
    "assigner": Form(
        "writes variables of a loop or of the conversation. items: [{target: one reference, operation: over-write|"
        "append|clear|+=|-=, value: text or one reference}].",
        forms_logic.write_assigner,
        forms_logic.tell_assigner,
    ),
    "list-operator": Form(
        "cuts a list. list: one reference; filter: {is, to}; order: asc|desc; limit: number. Gives result, "
        "first_record, last_record.",
        forms_logic.write_list,
        forms_logic.tell_list,
        "result",
    ),
    "document-extractor": Form("reads the text of files. file: one reference. Gives text.",
                               forms_data.write_document, forms_data.tell_document, "text"),
    "human-input": Form(
        "waits for a person. form: text with references; buttons: [{id, title}]. Branches: the ids of the buttons.",
        forms_data.write_human,
        forms_data.tell_human,
    ),
    "knowledge-retrieval": Form(
        "finds passages in knowledge bases, which the person chooses afterwards. query: one reference. Gives result.",
        forms_data.write_retrieval,
        forms_data.tell_retrieval,
        "result",
    ),
}  # fmt: skip


def form(node_type: str) -> Form:
    """The form of a type; one that leaves everything alone where there is none."""
    return FORMS.get(node_type, OTHER)


ALIASES: Final[Mapping[str, str]] = {
    "aggregator": "variable-aggregator",
    "variable-assigner": "assigner",
    "assign": "assigner",
    "begin": "start",
    "entry": "start",
    "input": "start",
    "trigger": "start",
    "output": "end",
    "finish": "end",
    "result": "end",
    "reply": "answer",
    "model": "llm",
    "language-model": "llm",
    "classifier": "question-classifier",
    "extractor": "parameter-extractor",
    "if": "if-else",
    "ifelse": "if-else",
    "condition": "if-else",
    "branch": "if-else",
    "switch": "if-else",
    "python": "code",
    "javascript": "code",
    "script": "code",
    "template": "template-transform",
    "jinja": "template-transform",
    "http": "http-request",
    "request": "http-request",
    "api": "http-request",
    "for-each": "iteration",
    "foreach": "iteration",
    "iterate": "iteration",
    "while": "loop",
    "exit-loop": "loop-end",
    "document": "document-extractor",
    "human": "human-input",
    "knowledge": "knowledge-retrieval",
    "retrieval": "knowledge-retrieval",
}
"""Names that models give to types."""


def type_of(value: Any) -> str:
    """The node type that a plan means, spelled as the format does."""
    wanted = value.strip().lower().replace("_", "-").replace(" ", "-") if isinstance(value, str) else ""
    return wanted if wanted in FORMS else ALIASES.get(wanted, wanted)
