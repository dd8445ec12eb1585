"""Every real file beside the repository: read, written, read again; nothing is lost that no notice names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.dsl.read import ReadResult, read
from engine.dsl.write import to_tree, write
from engine.model.validate import check
from engine.model.workflow import Workflow
from tests.helpers.model import CORPUS

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here"),
]
FILES = sorted(p.name for p in CORPUS.glob("*.y*ml")) if CORPUS.is_dir() else []
NOT_YAML = {"malformed-aws-samples-026-unparseable.yml", "malformed-formyselfonly-001-unparseable.yml"}
NOT_DSL = {"hama-jp-014-data-validation-pipeline.yml"}  # a description of a pattern: it has no app
READABLE = [name for name in FILES if name not in NOT_YAML | NOT_DSL]


@lru_cache(maxsize=8)
def opened(name: str) -> ReadResult:
    return read((CORPUS / name).read_bytes(), name=Path(name).stem)


def workflow_of(name: str) -> Workflow:
    workflow = opened(name).workflow
    assert workflow is not None, [(p.code, p.message, p.line) for p in opened(name).problems]
    return workflow


def plain(name: str) -> dict[str, Any]:
    """The file as a YAML library reads it; the one JSON answer is unwrapped."""
    text = (CORPUS / name).read_text("utf-8")
    if name == "malformed-ida29-016-json-envelope.yml":
        text = json.loads(text)["data"]
    loaded: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return loaded


def test_the_corpus_is_whole() -> None:
    assert len(FILES) == json.loads((CORPUS / "MANIFEST.json").read_text("utf-8"))["count"]


@pytest.mark.spec("dsl.12")
@pytest.mark.parametrize("name", READABLE)
def test_every_dsl_file_imports_with_all_nodes_and_edges(name: str) -> None:
    workflow = workflow_of(name)
    graph = plain(name).get("workflow", {}).get("graph", {}) if workflow.has_graph else {}
    told = {notice.code: notice.count for notice in opened(name).notices}

    assert set(workflow.graph.nodes) >= {str(n["id"]) for n in graph.get("nodes") or []}
    cycles = sum(n.code == "upgrade.cycle" for n in opened(name).notices)
    lost = told.get("import.edges_lost", 0) + cycles
    added = sum(n.code == "upgrade.container_start" for n in opened(name).notices)
    edges = len(graph.get("edges") or [])
    assert edges - lost <= len(workflow.graph.edges) <= edges - lost + added


@pytest.mark.parametrize("name", sorted(NOT_YAML | NOT_DSL))
def test_the_others_are_refused_with_a_place(name: str) -> None:
    result = opened(name)

    assert result.workflow is None
    assert all(p.line and p.column and p.message for p in result.problems)


@pytest.mark.parametrize("name", READABLE)
def test_written_again_it_says_the_same_and_in_the_same_bytes(name: str) -> None:
    workflow = workflow_of(name)

    text = write(workflow, with_secrets=True)
    again = read(text, name=Path(name).stem)

    assert again.workflow is not None
    assert write(again.workflow, with_secrets=True) == text
    assert to_tree(again.workflow, with_secrets=True) == to_tree(workflow, with_secrets=True)
    assert {n.code for n in again.notices} <= {"import.datasets", "repair.retry_off"}
    assert Workflow.from_json(json.loads(json.dumps(workflow.to_json()))) == workflow


AI_TYPES = frozenset(
    [
        "start",
        "end",
        "answer",
        "llm",
        "question-classifier",
        "parameter-extractor",
        "knowledge-retrieval",
        "knowledge-index",
        "datasource",
        "tool",
        "agent",
    ]
)


@pytest.mark.spec("ai.153")
@pytest.mark.parametrize("name", READABLE)
def test_nodes_of_the_ai_types_are_typed_and_their_settings_read(name: str) -> None:
    from pydantic import ValidationError

    from engine.nodes.registry import node_class, spec

    faulty = {problem.node_id for problem in check(workflow_of(name)) if problem.severity == "error"}
    refused = {}
    for node in workflow_of(name).graph.nodes.values():
        if node.is_note or node.type not in AI_TYPES:
            continue
        found = spec(node.type)
        assert found is not None
        assert node.type == found.type
        try:
            node_class(node.type, str(node.data.get("version") or "1")).config_model.model_validate(dict(node.data))
        except ValidationError as problem:
            refused[node.id] = str(problem)
    assert set(refused) <= faulty, "settings that a node cannot read must be on the checklist"


# Which notice must stand for a change at a place of the file; `*` is any list position.
EXPLAINED = {
    "kind": {"import.kind"},
    "version": {"import.version"},
    "workflow.graph.nodes.*.positionAbsolute": {"upgrade.absolute"},
    "workflow.graph.nodes.*.positionAbsolute.x": {"upgrade.absolute"},
    "workflow.graph.nodes.*.positionAbsolute.y": {"upgrade.absolute"},
    "workflow.graph.nodes.*.position": {"upgrade.positions"},
    "workflow.graph.nodes.*.dragging": {"repair.transient"},
    "workflow.graph.nodes.*.resizing": {"repair.transient"},
    "workflow.graph.nodes.*.type": {"repair.type", "upgrade.wrapper"},
    "workflow.graph.nodes.*.data.type": {"repair.type"},
    "workflow.graph.nodes.*.data.is_parallel": {"upgrade.container"},
    "workflow.graph.nodes.*.data.parallel_nums": {"upgrade.container"},
    "workflow.graph.nodes.*.data.error_handle_mode": {"upgrade.container"},
    "workflow.graph.nodes.*.data.start_node_id": {"upgrade.container_start"},
    "workflow.graph.nodes.*.data.cases": {"upgrade.cases"},
    "workflow.graph.nodes.*.data.conditions": {"upgrade.cases"},
    "workflow.graph.nodes.*.data.logical_operator": {"upgrade.cases"},
    "workflow.graph.nodes.*.data.conditions.*.value": {"repair.condition_value"},
    "workflow.graph.nodes.*.data.tool_configurations": {"upgrade.tool_settings"},
    "workflow.graph.nodes.*.data.tool_node_version": {"upgrade.tool_settings"},
    "workflow.graph.nodes.*.data.isInLoop": {"upgrade.membership"},
    "workflow.graph.nodes.*.data.loop_id": {"upgrade.membership"},
    "workflow.graph.nodes.*.data.isInIteration": {"upgrade.membership"},
    "workflow.graph.nodes.*.data.iteration_id": {"upgrade.membership"},
    "workflow.graph.nodes": {"upgrade.container_start"},
    "workflow.graph.edges": {"upgrade.container_start", "import.edges_lost", "upgrade.cycle"},
    "workflow.graph.edges.*.id": {"upgrade.edge_ids", "import.edges_renamed"},
    "workflow.graph.edges.*.type": {"upgrade.edge_fields"},
    "workflow.graph.edges.*.data": {"upgrade.edge_fields"},
    "workflow.graph.edges.*.sourceHandle": {"upgrade.edge_fields", "repair.handles"},
    "workflow.graph.edges.*.targetHandle": {"upgrade.edge_fields"},
}
EXPLAINED |= {
    f"workflow.environment_variables.*.{key}": {"repair.variable", "upgrade.variable_id"}
    for key in ("key", "type", "default", "name", "description", "id", "value", "value_type")
}
ABSENT = object()


def differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """Dotted path and the two values of everything that is not the same; whole numbers equal broken ones."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), (*path, str(key)))
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield ".".join(path), before, after
        else:
            for one, other in zip(before, after, strict=True):
                yield from differences(one, other, (*path, "*"))
    elif type(before) is not type(after) or before != after:
        yield ".".join(path), before, after


@pytest.mark.spec("dsl.13", "dsl.37", "dsl.38", "dsl.40", "dsl.41", "ai.154")
@pytest.mark.parametrize("name", READABLE)
def test_nothing_changes_that_no_notice_names(name: str) -> None:
    told = {notice.code for notice in opened(name).notices}
    written = to_tree(workflow_of(name), with_secrets=True)

    for path, before, after in differences(plain(name), written):
        if path.endswith(("subscription_id", "webhook_url", "webhook_debug_url")) and after == "":
            continue  # never written (dsl spec 11.1)
        if ".data.tool_configurations." in path:
            path, before = path.partition(".tool_configurations.")[0] + ".tool_configurations", {"value": before}
            assert {k: after[k] for k in ("type", "value")} == {"type": "constant", **before}
        assert EXPLAINED.get(path, set()) & told, (path, str(before)[:100], str(after)[:100], sorted(told))


@pytest.mark.spec("dsl.14")
@pytest.mark.parametrize("name", READABLE)
def test_an_untouched_file_in_the_usual_style_keeps_its_bytes(name: str) -> None:
    original = (CORPUS / name).read_bytes()
    usual = yaml.dump(yaml.load(original, yaml.CSafeLoader), allow_unicode=True).encode() if "json" not in name else b""
    if usual != original:
        pytest.skip("written in another style than the format's own")
    changed = {n.code for n in opened(name).notices} - {"import.datasets", "repair.retry_off"}
    written = write(workflow_of(name), with_secrets=True)
    if changed or any(n.type.startswith("trigger-") for n in workflow_of(name).graph.nodes.values()):
        pytest.skip(f"changed on purpose: {sorted(changed)}")
    assert written.encode() == original


@pytest.mark.parametrize("name", READABLE)
def test_the_checklist_reads_every_file(name: str) -> None:
    for problem in check(workflow_of(name)):
        assert problem.code
        assert problem.message
        assert problem.node_id is None or problem.node_id in workflow_of(name).graph.nodes


@pytest.mark.spec("dsl.56")
def test_the_largest_file_opens_at_once() -> None:
    import time

    name = max(READABLE, key=lambda n: (CORPUS / n).stat().st_size)
    began = time.perf_counter()
    result = read((CORPUS / name).read_bytes())

    assert result.workflow is not None
    assert time.perf_counter() - began < 1.0
