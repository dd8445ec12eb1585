"""Names of models in files: what they are taken for where the model itself is not set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.dsl.read import read
from engine.ports.models import ModelInfo, ModelRef
from engine.services.context import Services
from engine.services.model_names import by_name, suggestion, words_of

DEFAULT = ModelRef("box", "small")
KNOWN = (
    "claude-3-5-sonnet-20241022",
    "claude-3-7-sonnet-latest",
    "claude-3-haiku-20240307",
    "gpt-4o",
    "gpt-4o-mini",
    "gemini-2.5-flash",
    "deepseek-chat",
    "deepseek-reasoner",
    "qwen3:30b-a3b",
    "llama3.1:8b",
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "claude-3-7-sonnet-latest"),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet-20241022"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307"),
        ("gpt-4o-2024-05-13", "gpt-4o"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("gemini-2.0-flash-exp", "gemini-2.5-flash"),
        ("deepseek-ai/DeepSeek-V3", "deepseek-chat"),
        ("Qwen/Qwen3-32B", "qwen3:30b-a3b"),
        ("meta.llama3-1-8b-instruct-v1:0", "llama3.1:8b"),
        ("amazon nova", "small"),
        ("ai21", "small"),
        ("us.amazon.nova-pro-v1:0", "small"),
        ("GigaChat-2", "small"),
        ("模型", "small"),
    ],
)
def test_a_name_is_taken_for_the_nearest_of_its_family(name: str, meant: str) -> None:
    known = [ModelInfo(ModelRef("p", n)) for n in KNOWN]
    found = suggestion(name, known, DEFAULT)
    assert found is not None
    assert found.name == meant


def test_a_cloud_that_names_no_model_is_taken_for_any_of_the_vendor() -> None:
    known = [ModelInfo(ModelRef("p", n)) for n in KNOWN]
    found = suggestion("anthropic claude", known, DEFAULT)
    assert found is not None
    assert found.name.startswith("claude")
    assert suggestion("gpt-4o", [], None) is None


def test_words_of_a_name() -> None:
    assert words_of("Pro/Qwen/Qwen2.5-VL-7B-Instruct") == ["qwen", "2.5", "vl", "7b"]
    assert words_of("us.anthropic.claude-3-5-sonnet-20241022-v2:0") == ["claude", "3", "5", "sonnet"]
    assert words_of("deepseek") == ["deepseek"]
    assert words_of("") == []


def test_every_name_of_the_corpus_is_mapped_by_the_fix(tmp_path: Path, corpus_files: list[Path]) -> None:
    """The fix of the checklist takes every proposal; after it only nodes that name no model at all are left."""
    services = Services.open(tmp_path)
    models = services.models
    seen, left = set(), []
    for file in corpus_files:
        workflow = read(file.read_bytes(), name=file.stem).workflow
        if workflow is None or not workflow.has_graph:
            continue
        config = workflow.graph.to_config()
        groups = by_name(models.unknown_models(config))
        seen |= set(groups)
        models.set_aliases({source: items[0].suggestion for source, items in groups.items() if items[0].suggestion})
        left += [(file.name, u.provider, u.name) for u in models.unknown_models(config) if u.provider and u.name]
    services.close()
    assert left == []
    assert ("bedrock", "amazon nova") in seen
    assert len(seen) > 90
