"""The checklist of the types that call models and knowledge bases; the logic types have theirs beside their tests."""

from __future__ import annotations

from typing import Any

import pytest

from engine.nodes.registry import spec
from tests.helpers.nodes import codes

MODEL = {"provider": "p", "name": "m", "mode": "chat"}
LLM = {"type": "llm", "model": MODEL, "prompt_template": [{"role": "user", "text": "hi"}]}
PARAMETERS = {
    "model": {"value": {"provider": "p", "model": "m"}},
    "tools": {"value": [{"tool_name": "t", "enabled": True}]},
    "instruction": {"value": "i"},
    "query": {"value": "q"},
}
AGENT = {"type": "agent", "agent_strategy_name": "function_calling", "agent_parameters": PARAMETERS}
BASES = {"type": "knowledge-retrieval", "dataset_ids": ["d"], "retrieval_mode": "multiple"}
INDEX = {
    "type": "knowledge-index",
    "chunk_structure": "text_model",
    "index_chunk_variable_selector": ["n", "x"],
    "indexing_technique": "economy",
    "retrieval_model": {"search_method": "keyword_search"},
}
OLDER = {"reranking_provider_name": "p", "reranking_model_name": "m"}
HALF = {"provider": "p", "model": ""}
RERANK = {"reranking_enable": True, "reranking_mode": "reranking_model"}


def agent(**values: Any) -> dict[str, Any]:
    return {**AGENT, "agent_parameters": {**PARAMETERS, **{name: {"value": value} for name, value in values.items()}}}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (LLM, []),
        ({**LLM, "model": {}}, ["node.model_missing"]),
        ({**LLM, "prompt_template": [{"role": "user", "text": " "}]}, ["node.prompt_missing"]),
        ({**LLM, "memory": {"query_prompt_template": "x"}}, ["node.query_missing"]),
        ({**LLM, "vision": {"enabled": True, "configs": {"variable_selector": []}}}, ["node.vision_missing"]),
        (AGENT, []),
        ({**AGENT, "agent_strategy_name": ""}, ["node.strategy_missing"]),
        (agent(model={}), ["node.model_missing"]),
        (agent(tools=[]), ["node.tool_missing"]),
        (agent(tools=[{"enabled": False}]), ["node.tool_missing"]),
        (agent(query=""), ["node.parameter_missing"]),
        (BASES, []),
        ({**BASES, "dataset_ids": []}, ["node.dataset_missing"]),
        ({**BASES, "retrieval_mode": "single"}, ["node.model_missing"]),
        ({**BASES, "retrieval_mode": "single", "single_retrieval_config": {"model": MODEL}}, []),
        ({**BASES, "multiple_retrieval_config": RERANK}, ["node.rerank_missing"]),
        ({**BASES, "multiple_retrieval_config": {**RERANK, "reranking_model": {"provider": "p", "model": "m"}}}, []),
        (
            {**BASES, "multiple_retrieval_config": {**RERANK, "reranking_model": {"provider": "p"}}},
            ["node.rerank_missing"],
        ),
        ({**BASES, "multiple_retrieval_config": {**RERANK, "reranking_model": OLDER}}, []),
        ({**BASES, "multiple_retrieval_config": {"reranking_mode": "reranking_model"}}, ["node.rerank_missing"]),
        ({**BASES, "multiple_retrieval_config": {**RERANK, "reranking_enable": False}}, []),
        ({**BASES, "multiple_retrieval_config": {**RERANK, "reranking_mode": "weighted_score"}}, []),
        ({**BASES, "multiple_retrieval_config": {"reranking_enable": True}}, []),
        ({**BASES, "metadata_filtering_mode": "automatic"}, ["node.model_missing"]),
        ({**BASES, "metadata_filtering_mode": "automatic", "metadata_model_config": MODEL}, []),
        (INDEX, []),
        ({**INDEX, "chunk_structure": ""}, ["node.structure_missing"]),
        ({**INDEX, "index_chunk_variable_selector": []}, ["node.variable_missing"]),
        ({**INDEX, "indexing_technique": ""}, ["node.method_missing"]),
        ({**INDEX, "indexing_technique": "high_quality"}, ["node.model_missing"]),
        ({**INDEX, "retrieval_model": {}}, ["node.retrieval_missing"]),
        ({**INDEX, "retrieval_model": {"search_method": "x", "reranking_enable": True}}, ["node.rerank_missing"]),
        ({"type": "end", "outputs": []}, ["node.output_missing"]),
        ({"type": "answer", "answer": " "}, ["node.answer_missing"]),
        ({"type": "loop", "loop_count": 0}, ["node.count_missing"]),
        ({"type": "loop", "loop_count": 101}, ["node.count_missing"]),
        ({"type": "iteration", "iterator_selector": ["n", "x"], "output_selector": []}, ["node.variable_missing"]),
    ],
)
def test_first_problem(data: dict[str, Any], found: list[str]) -> None:
    assert codes(data) == found


@pytest.mark.parametrize(("mode", "query"), [("advanced-chat", ["sys", "query"]), ("workflow", [])])
def test_a_new_search_asks_what_the_person_said_in_a_conversation(mode: str, query: list[str]) -> None:
    found = spec("knowledge-retrieval")
    assert found is not None
    assert found.default_data(mode)["query_variable_selector"] == query
