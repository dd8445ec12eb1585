"""Nodes that call models, tools and knowledge bases."""

from __future__ import annotations

from typing import Any

from engine.nodes.spec import (
    PIPELINE,
    Data,
    FieldProblem,
    HandleSpec,
    NodeSpec,
    OutputSpec,
    mappings,
    no_handles,
    plain_handles,
    selector_problem,
    with_error_outputs,
)

USAGE = OutputSpec("usage", "object", "Tokens and price")


def check_model(data: Data, key: str = "model") -> FieldProblem | None:
    model = data.get(key)
    if not isinstance(model, dict) or not model.get("provider") or not model.get("name"):
        return FieldProblem("node.model_missing", key, "Model is required.")
    return None


def check_vision(data: Data) -> FieldProblem | None:
    vision = data.get("vision")
    if not isinstance(vision, dict) or not vision.get("enabled"):
        return None
    configs = vision.get("configs")
    if isinstance(configs, dict) and "variable_selector" in configs and not configs.get("variable_selector"):
        return FieldProblem("node.vision_missing", "vision.configs.variable_selector", "Vision Variable is required.")
    return None


def schema_outputs(schema: Any) -> tuple[OutputSpec, ...]:
    """The fields of a JSON schema of type object."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return ()
    found = []
    for name, field in properties.items():
        field = field if isinstance(field, dict) else {}
        kind = str(field.get("type") or "any")
        if kind == "array":
            items = field.get("items")
            kind = f"array[{items.get('type', 'any')}]" if isinstance(items, dict) else "array[any]"
        kind = "number" if kind == "integer" else kind
        found.append(OutputSpec(str(name), kind, str(field.get("description") or ""), schema_outputs(field)))
    return tuple(found)


def llm_outputs(data: Data) -> tuple[OutputSpec, ...]:
    outputs = [
        OutputSpec("text", "string", "What the model said"),
        OutputSpec("reasoning_content", "string", "What it thought, when kept apart"),
        USAGE,
    ]
    structured = data.get("structured_output")
    on = data.get("structured_output_switch_on", data.get("structured_output_enabled"))
    if on and isinstance(structured, dict):
        children = schema_outputs(structured.get("schema"))
        outputs.append(OutputSpec("structured_output", "object", "The answer as an object", children))
    return with_error_outputs(data, tuple(outputs))


def _prompt_texts(data: Data) -> list[str]:
    template = data.get("prompt_template")
    messages = [template] if isinstance(template, dict) else mappings(template)
    return [str(m.get("jinja2_text" if m.get("edition_type") == "jinja2" else "text") or "") for m in messages]


def check_llm(data: Data) -> list[FieldProblem]:
    problem = check_model(data)
    if problem:
        return [problem]
    memory = data.get("memory")
    if not memory and not any(text.strip() for text in _prompt_texts(data)):
        return [FieldProblem("node.prompt_missing", "prompt_template.0.text", "prompt is required.")]
    if isinstance(memory, dict):
        query = str(memory.get("query_prompt_template") or "")
        if query and "{{#sys.query#}}" not in query and data.get("model", {}).get("mode") != "completion":
            where = "memory.query_prompt_template"
            return [FieldProblem("node.query_missing", where, "sys.query in user message is required.")]
    messages = mappings(data.get("prompt_template"))
    if any(m.get("edition_type") == "jinja2" for m in messages):
        config = data.get("prompt_config")
        for index, item in enumerate(mappings(config.get("jinja2_variables") if isinstance(config, dict) else None)):
            where = f"prompt_config.jinja2_variables.{index}"
            if not str(item.get("variable") or "").strip():
                return [FieldProblem("node.input_missing", f"{where}.variable", "Variable Name is required.")]
            if not item.get("value_selector"):
                return [FieldProblem("node.input_missing", f"{where}.value_selector", "Variable Value is required.")]
    problem = check_vision(data)
    return [problem] if problem else []


def _model_default() -> dict[str, Any]:
    return {"provider": "", "name": "", "mode": "chat", "completion_params": {"temperature": 0.7}}


def _llm_default(mode: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "model": _model_default(),
        "prompt_template": [{"id": "system", "role": "system", "text": ""}],
        "prompt_config": {"jinja2_variables": []},
        "context": {"enabled": False, "variable_selector": []},
        "vision": {"enabled": False},
    }
    if mode == "advanced-chat":
        data["memory"] = {"query_prompt_template": "{{#sys.query#}}", "window": {"enabled": False, "size": 10}}
    else:
        data["prompt_template"].append({"id": "user", "role": "user", "text": ""})
    return data


def classifier_handles(data: Data) -> tuple[HandleSpec, ...]:
    found = []
    for index, item in enumerate(mappings(data.get("classes"))):
        label = str(item.get("label") or "") or f"CLASS {index + 1}"
        found.append(HandleSpec(str(item.get("id")), str(item.get("name") or label), "case"))
    return (*found, *(h for h in plain_handles(data) if h.kind == "fail"))


def check_classifier(data: Data) -> list[FieldProblem]:
    problem = selector_problem(
        data.get("query_variable_selector"), "query_variable_selector", "Choose the text to classify."
    ) or check_model(data)
    if problem:
        return [problem]
    classes = mappings(data.get("classes"))
    if not classes:
        return [FieldProblem("node.class_missing", "classes", "At least one class is required.")]
    for index, item in enumerate(classes):
        if not str(item.get("name") or "").strip():
            return [
                FieldProblem("node.class_missing", f"classes.{index}.name", "A class needs words that describe it.")
            ]
    problem = check_vision(data)
    return [problem] if problem else []


def _classifier_default(_mode: str) -> dict[str, Any]:
    return {
        "query_variable_selector": [],
        "model": _model_default(),
        "classes": [{"id": "1", "name": ""}, {"id": "2", "name": ""}],
        "instruction": "",
        "vision": {"enabled": False},
    }


def extractor_outputs(data: Data) -> tuple[OutputSpec, ...]:
    types = {"bool": "boolean", "select": "string"}
    found = tuple(
        OutputSpec(
            str(p.get("name")),
            types.get(str(p.get("type")), str(p.get("type") or "string")),
            str(p.get("description") or ""),
        )
        for p in mappings(data.get("parameters"))
        if p.get("name")
    )
    return (
        *found,
        OutputSpec("__is_success", "number", "1 when everything was found"),
        OutputSpec("__reason", "string", "Why not"),
        OutputSpec("__usage", "object", "Tokens and price"),
    )


def check_extractor(data: Data) -> list[FieldProblem]:
    problem = selector_problem(data.get("query"), "query", "Choose the text to read.") or check_model(data)
    if problem:
        return [problem]
    parameters = mappings(data.get("parameters"))
    if not parameters:
        return [FieldProblem("node.parameter_missing", "parameters", "At least one parameter is required.")]
    for index, parameter in enumerate(parameters):
        for key in ("name", "type", "description"):
            if not str(parameter.get(key) or "").strip():
                return [
                    FieldProblem("node.parameter_missing", f"parameters.{index}.{key}", f"A parameter needs a {key}.")
                ]
        if parameter.get("name") in ("__reason", "__is_success", "__usage"):
            return [FieldProblem("node.name_reserved", f"parameters.{index}.name", "This parameter name is reserved.")]
    problem = check_vision(data)
    return [problem] if problem else []


def _extractor_default(_mode: str) -> dict[str, Any]:
    return {
        "query": [],
        "model": _model_default(),
        "parameters": [],
        "reasoning_mode": "prompt",
        "instruction": "",
        "vision": {"enabled": False},
    }


TOOL_OUTPUTS = (
    OutputSpec("text", "string", "What the tool said"),
    OutputSpec("files", "array[file]", "Files it made"),
    OutputSpec("json", "array[object]", "Data it gave"),
)


def tool_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return with_error_outputs(data, (*TOOL_OUTPUTS, *schema_outputs(data.get("output_schema"))))


def check_tool(data: Data) -> list[FieldProblem]:
    for schema in mappings(data.get("paramSchemas")):
        if not schema.get("required"):
            continue
        name = str(schema.get("name"))
        key = "tool_parameters" if schema.get("form", "llm") == "llm" else "tool_configurations"
        stored = data.get(key)
        value = stored.get(name) if isinstance(stored, dict) else None
        value = value.get("value") if isinstance(value, dict) else value
        if value in (None, "", []) and schema.get("default") is None:
            return [FieldProblem("node.parameter_missing", f"{key}.{name}", f"The tool needs a value for {name}.")]
    return []


def agent_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return with_error_outputs(data, (*TOOL_OUTPUTS, USAGE, *schema_outputs(data.get("output_schema"))))


STANDARD_STRATEGIES = ("function_calling", "ReAct")


def check_agent(data: Data) -> list[FieldProblem]:
    if data.get("agent_node_kind") == "dify_agent":
        return []
    strategy = data.get("agent_strategy_name")
    if not strategy:
        return [FieldProblem("node.strategy_missing", "agent_strategy_name", "Choose a strategy.")]
    if strategy not in STANDARD_STRATEGIES:
        return []
    model = _agent_value(data, "model")
    if not isinstance(model, dict) or not model.get("provider") or not (model.get("model") or model.get("name")):
        return [FieldProblem("node.model_missing", "agent_parameters.model", "Model is required.")]
    tools = mappings(_agent_value(data, "tools"))
    if not tools:
        return [FieldProblem("node.tool_missing", "agent_parameters.tools", "Choose at least one tool.")]
    if not any(tool.get("enabled", True) for tool in tools):
        return [FieldProblem("node.tool_missing", "agent_parameters.tools", "All tools are switched off.")]
    for name in ("instruction", "query"):
        if _agent_value(data, name) in (None, "", []):
            where = f"agent_parameters.{name}"
            return [FieldProblem("node.parameter_missing", where, f"The agent needs a value for {name}.")]
    return []


def _agent_value(data: Data, name: str) -> Any:
    parameters = data.get("agent_parameters")
    entry = parameters.get(name) if isinstance(parameters, dict) else None
    return entry.get("value") if isinstance(entry, dict) else entry


def _agent_default(_mode: str) -> dict[str, Any]:
    model = {
        "completion_params": {},
        "mode": "chat",
        "model": "",
        "model_type": "llm",
        "provider": "",
        "type": "model-selector",
    }
    return {
        "agent_strategy_provider_name": "langgenius/agent/agent",
        "agent_strategy_name": "function_calling",
        "agent_strategy_label": "FunctionCalling",
        "agent_parameters": {
            "model": {"type": "constant", "value": model},
            "tools": {"type": "constant", "value": []},
            "instruction": {"type": "constant", "value": ""},
            "query": {"type": "constant", "value": ""},
            "maximum_iterations": {"type": "constant", "value": 5},
        },
        "tool_node_version": "2",
    }


def check_retrieval(data: Data) -> list[FieldProblem]:
    """The query is not looked at; whether bases are external or economy is known to the workspace only, so that without
    reranking no model is asked for (nodes-ai spec 8.8). A filter without its model is left out when the node runs."""
    if not data.get("dataset_ids"):
        return [FieldProblem("node.dataset_missing", "dataset_ids", "Choose a knowledge base.")]
    if data.get("retrieval_mode") == "single":
        config = data.get("single_retrieval_config")
        problem = check_model(config if isinstance(config, dict) else {})
        if problem:
            return [
                FieldProblem(problem.code, "single_retrieval_config.model", "Choose the model that picks the base.")
            ]
    else:
        config = data.get("multiple_retrieval_config")
        config = config if isinstance(config, dict) else {}
        on = config.get("reranking_enable", True)  # as it is read where the key is missing (8.1)
        if on and config.get("reranking_mode") == "reranking_model" and not _reranker(config.get("reranking_model")):
            where = "multiple_retrieval_config.reranking_model"
            return [FieldProblem("node.rerank_missing", where, "Choose a rerank model.")]
    if data.get("metadata_filtering_mode") == "automatic" and check_model(data, "metadata_model_config"):
        message = "Choose the model that filters by metadata; without one nothing is filtered."
        return [FieldProblem("node.model_missing", "metadata_model_config", message, "warning")]
    return []


def _reranker(model: Any) -> bool:
    """Whether a rerank model is named, in today's keys or in those of older files (nodes-ai spec 8.1)."""
    if not isinstance(model, dict):
        return False
    older = model.get("reranking_provider_name") and model.get("reranking_model_name")
    return bool(older or (model.get("provider") and (model.get("model") or model.get("name"))))


def check_index(data: Data) -> list[FieldProblem]:
    if not data.get("chunk_structure"):
        return [FieldProblem("node.structure_missing", "chunk_structure", "Choose how chunks are built.")]
    problem = selector_problem(data.get("index_chunk_variable_selector"), "index_chunk_variable_selector",
                               "Choose the chunks.")  # fmt: skip
    if problem:
        return [problem]
    technique = data.get("indexing_technique")
    if not technique:
        return [FieldProblem("node.method_missing", "indexing_technique", "Choose how chunks are indexed.")]
    if technique == "high_quality" and not (data.get("embedding_model") and data.get("embedding_model_provider")):
        return [FieldProblem("node.model_missing", "embedding_model", "Choose an embedding model.")]
    retrieval = data.get("retrieval_model")
    if not isinstance(retrieval, dict) or not retrieval.get("search_method"):
        return [FieldProblem("node.retrieval_missing", "retrieval_model", "Choose how chunks are searched.")]
    model = retrieval.get("reranking_model")
    named = isinstance(model, dict) and model.get("reranking_provider_name") and model.get("reranking_model_name")
    if retrieval.get("reranking_enable") and retrieval.get("reranking_mode") != "weighted_score" and not named:
        where = "retrieval_model.reranking_model"
        return [FieldProblem("node.rerank_missing", where, "Choose a rerank model.")]
    return []


DOCUMENT_FIELDS = (
    OutputSpec("content", "string"),
    OutputSpec("title", "string"),
    OutputSpec("url", "string"),
    OutputSpec("icon", "string"),
    OutputSpec("metadata", "object"),
    OutputSpec("files", "array[file]"),
)


def _retrieval_default(mode: str) -> dict[str, Any]:
    return {
        "query_variable_selector": ["sys", "query"] if mode == "advanced-chat" else [],
        "dataset_ids": [],
        "retrieval_mode": "multiple",
        "multiple_retrieval_config": {"reranking_enable": False, "score_threshold": None, "top_k": 4},
    }


def datasource_outputs(data: Data) -> tuple[OutputSpec, ...]:
    return (
        OutputSpec("datasource_type", "string"),
        OutputSpec("file", "file"),
        *schema_outputs(data.get("output_schema")),
    )


SPECS = (
    NodeSpec(
        "llm",
        "LLM",
        "Asks a language model.",
        "model",
        "llm",
        "engine.nodes.llm:LlmNode",
        default_data=_llm_default,
        outputs=llm_outputs,
        supports_retry=True,
        supports_error_strategy=True,
        check=check_llm,
    ),
    NodeSpec(
        "question-classifier",
        "Question classifier",
        "Lets a model choose the path that fits a text.",
        "model",
        "question-classifier",
        "engine.nodes.question_classifier:QuestionClassifierNode",
        "branch",
        default_data=_classifier_default,
        outputs=lambda _: (OutputSpec("class_name", "string", "The class"), OutputSpec("class_id", "string"), USAGE),
        handles=classifier_handles,
        check=check_classifier,
    ),
    NodeSpec(
        "parameter-extractor",
        "Parameter extractor",
        "Lets a model find named values in a text.",
        "model",
        "parameter-extractor",
        "engine.nodes.parameter_extractor:ParameterExtractorNode",
        default_data=_extractor_default,
        outputs=extractor_outputs,
        check=check_extractor,
    ),
    NodeSpec(
        "agent",
        "Agent",
        "A model that uses tools until it is done.",
        "model",
        "agent",
        "engine.nodes.agent:AgentNode",
        default_data=_agent_default,
        outputs=agent_outputs,
        supports_error_strategy=True,
        check=check_agent,
    ),
    NodeSpec(
        "tool",
        "Tool",
        "Calls a tool: built in, OpenAPI, MCP or another workflow.",
        "outside",
        "tool",
        "engine.nodes.tool:ToolNode",
        default_data=lambda _m: {
            "provider_id": "time",
            "provider_name": "time",
            "provider_type": "builtin",
            "tool_name": "current_time",
            "tool_label": "Current time",
            "tool_configurations": {},
            "tool_parameters": {},
            "tool_node_version": "2",
        },
        outputs=tool_outputs,
        supports_retry=True,
        supports_error_strategy=True,
        check=check_tool,
    ),
    NodeSpec(
        "knowledge-retrieval",
        "Knowledge retrieval",
        "Finds passages in knowledge bases.",
        "knowledge",
        "knowledge-retrieval",
        "engine.nodes.knowledge_retrieval:KnowledgeRetrievalNode",
        default_data=_retrieval_default,
        outputs=lambda _: (OutputSpec("result", "array[object]", "The passages", DOCUMENT_FIELDS),),
        check=check_retrieval,
    ),
    NodeSpec(
        "knowledge-index",
        "Knowledge base",
        "Writes chunks into a knowledge base.",
        "knowledge",
        "knowledge-index",
        "engine.nodes.knowledge_index:KnowledgeIndexNode",
        modes=PIPELINE,
        in_containers=False,
        singleton=True,
        can_single_step=False,
        handles=no_handles,
        check=check_index,
    ),
    NodeSpec(
        "datasource",
        "Data source",
        "Brings documents into a pipeline.",
        "knowledge",
        "datasource",
        "engine.nodes.datasource:DatasourceNode",
        "root",
        PIPELINE,
        in_containers=False,
        outputs=datasource_outputs,
        has_input=False,
    ),
)
