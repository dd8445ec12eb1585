"""If-else, containers, aggregator, assigner, list operator, document extractor, template, code, HTTP, human input."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from engine.nodes.spec import (
    SOURCE,
    Data,
    FieldProblem,
    HandleSpec,
    NodeSpec,
    OutputSpec,
    mappings,
    no_handles,
    plain_handles,
    selector_problem,
    typed,
    with_error_outputs,
)

KNOWN_OPERATORS = frozenset(
    {"contains", "not contains", "start with", "end with", "is", "is not", "empty", "not empty", "in", "not in"}
    | {"all of", "=", "≠", ">", "<", "≥", "≤", "null", "not null", "is null", "is not null", "exists", "not exists"}
)
WITHOUT_VALUE = frozenset({"empty", "not empty", "null", "not null", "is null", "is not null", "exists", "not exists"})

# -- if-else -----------------------------------------------------------------------------------------------------------


def if_else_handles(data: Data) -> tuple[HandleSpec, ...]:
    cases = data.get("cases")
    ids = ["true"] if cases is None else [str(c.get("case_id") or c.get("id") or "") for c in mappings(cases)]
    names = ["IF", *["ELIF"] * (len(ids) - 1)]
    found = [HandleSpec(i, n, "case") for i, n in zip(ids, names, strict=False)]
    fail = [h for h in plain_handles(data) if h.kind == "fail"]
    return (*found, HandleSpec("false", "ELSE", "case"), *fail)


def check_conditions(conditions: list[Any], field: str) -> FieldProblem | None:
    """The first condition without a variable, operator or value."""
    for index, condition in enumerate(mappings(conditions)):
        place = f"{field}.{index}"
        missing = selector_problem(
            condition.get("variable_selector"), f"{place}.variable_selector", "A condition needs a variable."
        )
        if missing:
            return missing
        operator = str(condition.get("comparison_operator") or "")
        if not operator:
            return FieldProblem("node.operator_missing", f"{place}.comparison_operator", "Choose an operator.")
        if operator not in KNOWN_OPERATORS:
            message = f"{operator!r} is no operator that can be run. Choose one."
            return FieldProblem("node.operator_unknown", f"{place}.comparison_operator", message)
        sub = condition.get("sub_variable_condition")
        if isinstance(sub, dict) and sub.get("conditions"):
            for at, part in enumerate(mappings(sub["conditions"])):
                if not part.get("comparison_operator") or _value_missing(part):
                    at_field = f"{place}.sub_variable_condition.conditions.{at}"
                    return FieldProblem("node.value_missing", at_field, "A condition on files needs a value.")
        elif _value_missing(condition):
            return FieldProblem("node.value_missing", f"{place}.value", "A condition needs a value to compare with.")
    return None


def _value_missing(condition: Any) -> bool:
    if str(condition.get("comparison_operator")) in WITHOUT_VALUE:
        return False
    value = condition.get("value")
    return value is None or value == "" or value == []


def check_if_else(data: Data) -> list[FieldProblem]:
    cases = data.get("cases")
    if cases is None and data.get("conditions") is not None:
        cases = [{"conditions": data.get("conditions")}]
    if not mappings(cases):
        return [FieldProblem("node.case_missing", "cases", "At least one case is required.")]
    for index, case in enumerate(mappings(cases)):
        conditions = case.get("conditions") or []
        if not conditions:
            message = "A case needs at least one condition."
            return [FieldProblem("node.condition_missing", f"cases.{index}", message)]
        problem = check_conditions(conditions, f"cases.{index}.conditions")
        if problem:
            return [problem]
    return []


def _if_else_default(_mode: str) -> dict[str, Any]:
    return {"cases": [{"case_id": "true", "conditions": [], "id": "true", "logical_operator": "and"}]}


# -- containers --------------------------------------------------------------------------------------------------------


def iteration_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return (OutputSpec("output", str(data.get("output_type") or "array[any]"), "One value for each item"),)


def check_iteration(data: Data) -> list[FieldProblem]:
    checks = (
        selector_problem(data.get("iterator_selector"), "iterator_selector", "Choose the list to go through."),
        selector_problem(data.get("output_selector"), "output_selector", "Choose the value that each round gives."),
    )
    return [problem for problem in checks if problem][:1]


def _iteration_default(_mode: str) -> dict[str, Any]:
    return {
        "start_node_id": "",
        "iterator_selector": [],
        "output_selector": [],
        "is_parallel": False,
        "parallel_nums": 10,
        "error_handle_mode": "terminated",
        "flatten_output": True,
    }


def loop_outputs(data: Data) -> tuple[OutputSpec, ...]:
    variables = tuple(
        OutputSpec(str(v.get("label")), str(v.get("var_type") or "string"), "Loop variable")
        for v in mappings(data.get("loop_variables"))
        if v.get("label")
    )
    return (*variables, OutputSpec("loop_round", "number", "Rounds that ran"))


MOST_ROUNDS = 100


def check_loop(data: Data) -> list[FieldProblem]:
    for index, variable in enumerate(mappings(data.get("loop_variables"))):
        if not str(variable.get("label") or "").strip():
            return [FieldProblem("node.name_missing", f"loop_variables.{index}", "A loop variable needs a name.")]
        if variable.get("value_type") == "variable":
            problem = selector_problem(
                variable.get("value"), f"loop_variables.{index}.value", "A loop variable needs its first value."
            )
            if problem:
                return [problem]
    problem = check_conditions(data.get("break_conditions") or [], "break_conditions")
    if problem:
        return [problem]
    count = data.get("loop_count")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_ROUNDS:
        return [FieldProblem("node.count_missing", "loop_count", f"A loop has 1 to {MOST_ROUNDS} rounds.")]
    return []


def _loop_default(_mode: str) -> dict[str, Any]:
    return {
        "start_node_id": "",
        "break_conditions": [],
        "loop_count": 10,
        "logical_operator": "and",
        "loop_variables": [],
        "error_handle_mode": "terminated",
    }


# -- data --------------------------------------------------------------------------------------------------------------


def aggregator_outputs(data: Data) -> tuple[OutputSpec, ...]:
    settings = data.get("advanced_settings")
    if isinstance(settings, dict) and settings.get("group_enabled"):
        return tuple(
            OutputSpec(
                str(g.get("group_name")),
                "object",
                "",
                (typed("output", str(g.get("output_type") or "any")),),
            )
            for g in mappings(settings.get("groups"))
            if g.get("group_name")
        )
    return (typed("output", str(data.get("output_type") or "any"), "The first value that exists"),)


def _items(value: Any) -> Sequence[Any]:
    """A list as it is, and no items for anything else."""
    return value if isinstance(value, list | tuple) else ()


def check_aggregator(data: Data) -> list[FieldProblem]:
    settings = data.get("advanced_settings")
    if isinstance(settings, dict) and settings.get("group_enabled"):
        groups = mappings(settings.get("groups"))
        if not groups:
            return [FieldProblem("node.group_missing", "advanced_settings.groups", "At least one group is required.")]
        lists = [(f"advanced_settings.groups.{i}.variables", _items(g.get("variables"))) for i, g in enumerate(groups)]
    else:
        lists = [("variables", _items(data.get("variables")))]
        if not lists[0][1]:
            return [FieldProblem("node.variable_missing", "variables", "At least one variable is required.")]
    for field, selectors in lists:
        for index, selector in enumerate(selectors):
            problem = selector_problem(selector, f"{field}.{index}", "A variable is not chosen.")
            if problem:
                return [problem]
    return []


ASSIGNER_WITHOUT_VALUE = frozenset({"clear", "remove-first", "remove-last"})


def check_assigner(data: Data) -> list[FieldProblem]:
    if str(data.get("version") or "1") != "2":
        target = selector_problem(
            data.get("assigned_variable_selector"), "assigned_variable_selector", "Choose the variable to write."
        )
        if target:
            return [target]
        if data.get("write_mode") != "clear":
            value = selector_problem(
                data.get("input_variable_selector"), "input_variable_selector", "Choose the value to write."
            )
            if value:
                return [value]
        return []
    for index, item in enumerate(mappings(data.get("items"))):
        target = selector_problem(
            item.get("variable_selector"), f"items.{index}.variable_selector", "Choose the variable to write."
        )
        if target:
            return [target]
        operation = str(item.get("operation") or "")
        value = item.get("value")
        if operation in ASSIGNER_WITHOUT_VALUE:
            continue
        empty = value is None or value == "" or value == []
        if empty:
            return [FieldProblem("node.value_missing", f"items.{index}.value", "An assignment needs a value.")]
    return []


def list_operator_outputs(data: Data) -> tuple[OutputSpec, ...]:
    kind = str(data.get("var_type") or "array[any]")
    item = str(data.get("item_var_type") or kind.removeprefix("array[").removesuffix("]"))
    return (
        OutputSpec("result", kind, "The list after all steps"),
        typed("first_record", item, "Its first item"),
        typed("last_record", item, "Its last item"),
    )


def check_list_operator(data: Data) -> list[FieldProblem]:
    problem = selector_problem(data.get("variable"), "variable", "Choose a list.")
    if problem:
        return [problem]
    filters = data.get("filter_by")
    if isinstance(filters, dict) and filters.get("enabled"):
        first = (mappings(filters.get("conditions")) or [{}])[0]
        if data.get("item_var_type") == "file" and not first.get("key"):
            return [FieldProblem("node.key_missing", "filter_by.conditions.0.key", "Choose what to filter by.")]
        if not first.get("comparison_operator"):
            where = "filter_by.conditions.0.comparison_operator"
            return [FieldProblem("node.operator_missing", where, "Choose an operator.")]
        if _value_missing(first):
            return [FieldProblem("node.value_missing", "filter_by.conditions.0.value", "The filter needs a value.")]
    return []


def _list_operator_default(_mode: str) -> dict[str, Any]:
    return {
        "variable": [],
        "filter_by": {"conditions": [], "enabled": False},
        "extract_by": {"enabled": False, "serial": "1"},
        "order_by": {"enabled": False, "key": "", "value": "asc"},
        "limit": {"enabled": False, "size": 10},
    }


def document_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return (OutputSpec("text", "array[string]" if data.get("is_array_file") else "string", "The text of the files"),)


def check_document(data: Data) -> list[FieldProblem]:
    problem = selector_problem(data.get("variable_selector"), "variable_selector", "Choose a file.")
    return [problem] if problem else []


def check_inputs(data: Data) -> FieldProblem | None:
    """Named inputs with a name and a variable each."""
    for index, item in enumerate(mappings(data.get("variables"))):
        if not str(item.get("variable") or "").strip():
            return FieldProblem("node.name_missing", f"variables.{index}.variable", "An input needs a name.")
        problem = selector_problem(
            item.get("value_selector"), f"variables.{index}.value_selector", "An input needs a variable."
        )
        if problem:
            return problem
    return None


def check_template(data: Data) -> list[FieldProblem]:
    problem = check_inputs(data)
    if problem:
        return [problem]
    if not str(data.get("template") or "").strip():
        return [FieldProblem("node.template_missing", "template", "The template is empty.")]
    return []


# -- code and HTTP -----------------------------------------------------------------------------------------------------

PYTHON = 'def main(arg1: str, arg2: str) -> dict:\n    return {"result": arg1 + arg2}\n'


def code_outputs(data: Data) -> tuple[OutputSpec, ...]:
    outputs = data.get("outputs")
    declared = tuple(_code_output(str(n), o) for n, o in outputs.items()) if isinstance(outputs, dict) else ()
    return with_error_outputs(data, declared)


def _code_output(name: str, spec: Any) -> OutputSpec:
    spec = spec if isinstance(spec, dict) else {}
    children = spec.get("children")
    inside = tuple(_code_output(str(n), o) for n, o in children.items()) if isinstance(children, dict) else ()
    return OutputSpec(name, str(spec.get("type") or "any"), "", inside if spec.get("type") == "object" else ())


def check_code(data: Data) -> list[FieldProblem]:
    problem = check_inputs(data)
    if problem:
        return [problem]
    if not str(data.get("code") or "").strip():
        return [FieldProblem("node.code_missing", "code", "The code is empty.")]
    return []


def _code_default(_mode: str) -> dict[str, Any]:
    return {
        "variables": [{"value_selector": [], "variable": "arg1"}, {"value_selector": [], "variable": "arg2"}],
        "code_language": "python3",
        "code": PYTHON,
        "outputs": {"result": {"children": None, "type": "string"}},
    }


def http_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return with_error_outputs(
        data,
        (
            OutputSpec("body", "string", "The text of the response"),
            OutputSpec("status_code", "number", "The status, such as 200"),
            OutputSpec("headers", "object", "The response headers"),
            OutputSpec("files", "array[file]", "A file response"),
        ),
    )


def check_http(data: Data) -> list[FieldProblem]:
    if not str(data.get("url") or "").strip():
        return [FieldProblem("node.url_missing", "url", "The address is empty.")]
    body = data.get("body")
    if isinstance(body, dict) and body.get("type") == "binary":
        item = (mappings(body.get("data")) or [{}])[0]
        problem = selector_problem(item.get("file"), "body.data.0.file", "Choose the file to send.")
        if problem:
            return [problem]
    return []


def _http_default(_mode: str) -> dict[str, Any]:
    return {
        "method": "get",
        "url": "",
        "authorization": {"config": None, "type": "no-auth"},
        "headers": "",
        "params": "",
        "body": {"data": [], "type": "none"},
        "timeout": {"max_connect_timeout": 0, "max_read_timeout": 0, "max_write_timeout": 0},
        "ssl_verify": True,
        "retry_config": {"max_retries": 3, "retry_enabled": True, "retry_interval": 100},
        "variables": [],
    }


# -- human input -------------------------------------------------------------------------------------------------------

FIELD_TYPES = {"paragraph": "string", "select": "string", "file": "file", "file-list": "array[file]"}


def human_outputs(data: Data) -> tuple[OutputSpec, ...]:
    fields = tuple(
        typed(str(f.get("output_variable_name")), FIELD_TYPES.get(str(f.get("type")), "string"))
        for f in mappings(data.get("inputs"))
        if f.get("output_variable_name")
    )
    return (
        *fields,
        OutputSpec("__action_id", "string", "The button that was pressed"),
        OutputSpec("__action_value", "string", "Its text"),
        OutputSpec("__rendered_content", "string", "The form as it was shown"),
    )


def human_handles(data: Data) -> tuple[HandleSpec, ...]:
    actions = [
        HandleSpec(str(a.get("id")), str(a.get("title") or a.get("id")), "case")
        for a in mappings(data.get("user_actions"))
        if a.get("id")
    ]
    return (*actions, HandleSpec("__timeout", "Time-out", "case"))


def check_human(data: Data) -> list[FieldProblem]:
    methods = mappings(data.get("delivery_methods"))
    if not methods:
        return [FieldProblem("node.delivery_missing", "delivery_methods", "Choose how the form reaches people.")]
    if not any(m.get("enabled", True) for m in methods):
        return [FieldProblem("node.delivery_missing", "delivery_methods", "No way of delivery is switched on.")]
    for index, method in enumerate(methods):
        if method.get("type") == "email" and method.get("enabled", True) and not _email_complete(method.get("config")):
            message = "The e-mail needs a subject, a body with {{#url#}} and somebody to go to."
            return [FieldProblem("node.email_incomplete", f"delivery_methods.{index}.config", message)]
    actions = mappings(data.get("user_actions"))
    if not actions:
        return [FieldProblem("node.action_missing", "user_actions", "At least one button is required.")]
    ids = [str(a.get("id") or "") for a in actions]
    for index, action_id in enumerate(ids):
        if not action_id or ids.count(action_id) > 1:
            return [FieldProblem("node.action_twice", f"user_actions.{index}.id", "Every button needs its own id.")]
        if not str(actions[index].get("title") or "").strip():
            return [FieldProblem("node.title_missing", f"user_actions.{index}.title", "A button needs a text.")]
    return []


def _email_complete(config: Any) -> bool:
    if not isinstance(config, dict):
        return False
    recipients = config.get("recipients")
    recipients = recipients if isinstance(recipients, dict) else {}
    reached = recipients.get("whole_workspace", recipients.get("include_bound_group")) or recipients.get("items")
    subject = str(config.get("subject") or "").strip()
    return bool(subject and "{{#url#}}" in str(config.get("body") or "") and reached)


def _human_default(_mode: str) -> dict[str, Any]:
    return {
        "delivery_methods": [{"enabled": True, "id": str(uuid.uuid4()), "type": "webapp"}],
        "form_content": "",
        "inputs": [],
        "user_actions": [{"button_style": "primary", "id": "action_1", "title": "OK"}],
        "timeout": 3,
        "timeout_unit": "day",
    }


SPECS = (
    NodeSpec(
        "if-else",
        "If / Else",
        "Takes one of several paths by conditions.",
        "logic",
        "if-else",
        "engine.nodes.if_else:IfElseNode",
        "branch",
        default_data=_if_else_default,
        outputs=lambda _: (
            OutputSpec("result", "boolean", "Whether a case held"),
            OutputSpec("selected_case_id", "string", "Which one"),
        ),
        handles=if_else_handles,
        check=check_if_else,
    ),
    NodeSpec(
        "iteration",
        "Iteration",
        "Does the steps inside once for each item of a list.",
        "container",
        "iteration",
        "engine.nodes.iteration:IterationNode",
        "container",
        default_data=_iteration_default,
        outputs=iteration_outputs,
        check=check_iteration,
    ),
    NodeSpec(
        "loop",
        "Loop",
        "Repeats the steps inside until a condition holds.",
        "container",
        "loop",
        "engine.nodes.loop:LoopNode",
        "container",
        default_data=_loop_default,
        outputs=loop_outputs,
        check=check_loop,
    ),
    NodeSpec(
        "iteration-start",
        "Start of the iteration",
        "Where every round begins.",
        "container",
        "iteration-start",
        "engine.nodes.iteration:IterationStartNode",
        undeletable=True,
        handles=lambda _: SOURCE,
        has_input=False,
        can_single_step=False,
        selectable_in_palette=False,
    ),
    NodeSpec(
        "loop-start",
        "Start of the loop",
        "Where every round begins.",
        "container",
        "loop-start",
        "engine.nodes.loop:LoopStartNode",
        undeletable=True,
        handles=lambda _: SOURCE,
        has_input=False,
        can_single_step=False,
        selectable_in_palette=False,
    ),
    NodeSpec(
        "loop-end",
        "Exit loop",
        "Ends the loop after this round.",
        "container",
        "loop-end",
        "engine.nodes.loop:LoopEndNode",
        handles=no_handles,
        can_single_step=False,
    ),
    NodeSpec(
        "code",
        "Code",
        "Runs Python or JavaScript of your own.",
        "data",
        "code",
        "engine.nodes.code:CodeNode",
        default_data=_code_default,
        outputs=code_outputs,
        supports_retry=True,
        supports_error_strategy=True,
        check=check_code,
    ),
    NodeSpec(
        "template-transform",
        "Template",
        "Makes text from variables with Jinja.",
        "data",
        "template-transform",
        "engine.nodes.template_transform:TemplateTransformNode",
        default_data=lambda _m: {"template": "{{ arg1 }}", "variables": [{"value_selector": [], "variable": "arg1"}]},
        outputs=lambda data: with_error_outputs(data, (OutputSpec("output", "string", "The text"),)),
        check=check_template,
    ),
    NodeSpec(
        "variable-aggregator",
        "Variable aggregator",
        "Joins branches: gives the first variable that has a value.",
        "data",
        "variable-aggregator",
        "engine.nodes.variable_aggregator:VariableAggregatorNode",
        default_data=lambda _m: {"output_type": "any", "variables": []},
        outputs=aggregator_outputs,
        check=check_aggregator,
    ),
    NodeSpec(
        "assigner",
        "Variable assigner",
        "Writes conversation and loop variables.",
        "data",
        "assigner",
        "engine.nodes.assigner:AssignerNode",
        default_data=lambda _m: {"version": "2", "items": []},
        check=check_assigner,
    ),
    NodeSpec(
        "list-operator",
        "List operator",
        "Filters, sorts and cuts a list.",
        "data",
        "list-operator",
        "engine.nodes.list_operator:ListOperatorNode",
        default_data=_list_operator_default,
        outputs=list_operator_outputs,
        check=check_list_operator,
    ),
    NodeSpec(
        "document-extractor",
        "Document extractor",
        "Reads the text of files.",
        "data",
        "document-extractor",
        "engine.nodes.document_extractor:DocumentExtractorNode",
        default_data=lambda _m: {"is_array_file": False, "variable_selector": []},
        outputs=document_outputs,
        check=check_document,
    ),
    NodeSpec(
        "http-request",
        "HTTP request",
        "Asks a server and gives its response.",
        "outside",
        "http-request",
        "engine.nodes.http_request:HttpRequestNode",
        default_data=_http_default,
        outputs=http_outputs,
        supports_retry=True,
        supports_error_strategy=True,
        check=check_http,
    ),
    NodeSpec(
        "human-input",
        "Human input",
        "Waits for a person to fill a form.",
        "human",
        "human-input",
        "engine.nodes.human_input:HumanInputNode",
        "branch",
        in_containers=False,
        default_data=_human_default,
        outputs=human_outputs,
        handles=human_handles,
        check=check_human,
    ),
)
