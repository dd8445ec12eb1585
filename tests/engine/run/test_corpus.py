"""Real files run to an end with the outside mocked: no crash, one terminal event, the fold and the rows agree."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import UserError
from engine.run.fold import fold
from engine.run.lint import lint
from engine.run.plan import plan_resume
from engine.run.records import Records, facts_of, fold_rows
from tests.helpers.run import Done, begin, finish, node_class

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here"),
    pytest.mark.timeout(300),
]
VALUES: dict[str, Any] = {
    "string": "text",
    "number": 1,
    "integer": 1,
    "boolean": True,
    "bool": True,
    "object": {"key": "value"},
    "select": "text",
}


def graphs() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, graph and workflow part of every file that has a graph."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = []
    for file in sorted(CORPUS.glob("*.y*ml")):
        try:
            data = yaml.load(file.read_text("utf-8", "replace"), Loader=loader)
        except yaml.YAMLError:
            continue
        workflow = data.get("workflow") if isinstance(data, dict) else None
        if isinstance(workflow, dict) and isinstance(workflow.get("graph"), dict):
            workflow = {**workflow, "mode": (data.get("app") or {}).get("mode", "workflow")}
            found.append((file.name, workflow["graph"], workflow))
    return found


def typed(kind: str) -> Any:
    kind = str(kind or "string").lower()
    return [VALUES.get(kind[6:-1], "text")] if kind.startswith("array") else VALUES.get(kind, "text")


def mock_of(data: dict[str, Any]) -> dict[str, Any] | None:
    """What the outside would have answered."""
    kind = data.get("type")
    if kind in ("llm", "agent"):
        return {"outputs": {"text": "an answer", "usage": {}}}
    if kind == "code":
        listed = data.get("outputs")
        outputs = listed if isinstance(listed, dict) else {}
        return {"outputs": {name: typed(str(o.get("type"))) for name, o in outputs.items() if isinstance(o, dict)}}
    if kind in ("tool", "http-request"):
        return {"outputs": {"text": "t", "json": [{}], "files": [], "body": "{}", "status_code": 200, "headers": {}}}
    if kind == "question-classifier":
        classes = data.get("classes") or [{"id": "1"}]
        return {"handle": str(classes[0].get("id")), "outputs": {"class_name": str(classes[0].get("name"))}}
    if kind == "parameter-extractor":
        outputs = {str(p.get("name")): typed(p.get("type")) for p in data.get("parameters") or []}
        return {"outputs": {**outputs, "__is_success": 1, "__reason": None}}
    if kind == "human-input":
        return {"handle": str((data.get("user_actions") or [{"id": "ok"}])[0].get("id")), "outputs": {}}
    if kind == "knowledge-retrieval":
        return {"outputs": {"result": []}}
    if kind in ("document-extractor", "knowledge-index", "datasource"):
        return {"outputs": {"text": "extracted"}}
    return None


def inputs_of(graph: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in graph["nodes"]:
        data = node.get("data") or {}
        if data.get("type") == "start":
            for variable in data.get("variables") or []:
                kind, options = variable.get("type"), variable.get("options") or ["x"]
                remote = {"type": "document", "transfer_method": "remote_url", "url": "http://127.0.0.1/x.pdf"}
                remote["type"] = (variable.get("allowed_file_types") or ["document"])[0]
                found[variable["variable"]] = {
                    "number": 3,
                    "select": options[0],
                    "checkbox": True,
                    "file": remote,
                    "file-list": [remote],
                    "json_object": {"a": 1},
                    "url": "http://127.0.0.1/",
                }.get(kind, "x")
    return found


async def run_file(graph: dict[str, Any], workflow: dict[str, Any], **options: Any) -> Done:
    mocks = {str(n["id"]): mock for n in graph["nodes"] if (mock := mock_of(n.get("data") or {})) is not None}
    return await finish(
        begin(
            graph,
            mode=workflow["mode"],
            query="what?",
            mocks=mocks,
            inputs=inputs_of(graph),
            environment=[v for v in workflow.get("environment_variables") or [] if isinstance(v, dict)],
            conversation_variables=[v for v in workflow.get("conversation_variables") or [] if isinstance(v, dict)],
            declare=False,
            **options,
        )
    )


def test_lint_never_raises() -> None:
    seen: Counter[str] = Counter()
    for _, graph, _ in graphs():
        seen.update(issue.code for issue in lint(graph, node_class))
    assert seen


def test_every_file_runs_to_an_end() -> None:
    async def main() -> tuple[Counter[str], list[str]]:
        statuses: Counter[str] = Counter()
        failed = []
        for name, graph, workflow in graphs():
            try:
                done = await run_file(graph, workflow)
            except UserError as refused:
                statuses[f"refused {refused.code}"] += 1
                failed.append(f"{name}: {refused}")
                continue
            statuses[done.status] += 1
            state = fold(done.events)
            assert (state.status, state.outputs) == (done.status, done.outputs), name
            assert "Internal error" not in done.summary["error"], (name, done.summary["error"])
            records = Records(facts_of(done.request))
            rows = fold_rows(change for event in done.events for change in records.apply(event))["node"]
            assert {k: r["status"] for k, r in rows.items()} == {k: n.status for k, n in state.executions.items()}, name
            if done.status == "failed":
                failed.append(f"{name}: {done.summary['error_node_id']}: {done.summary['error'][:160]}")
            half = plan_resume(graph, done.events[: len(done.events) // 2])
            again = await run_file(graph, workflow, plan=half)
            assert again.status == done.status, (name, again.summary, done.summary)
        return statuses, failed

    statuses, failed = asyncio.run(main())
    print(statuses, *failed, sep="\n")
    assert statuses["succeeded"] > 150, (statuses, failed)
