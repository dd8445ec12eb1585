"""Every column of a run and of its steps (storage spec 2.4, 2.5), as SQLite holds them after a run of everything."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.model.graph import Graph
from engine.model.workflow import Workflow
from engine.run.parallel import parallel_ids
from engine.run.records import RETRY_HISTORY
from engine.services.context import Services
from engine.services.models import ModelSettings
from engine.services.runs import StartRun
from engine.store.runs import graph_digest
from engine.store.tables import workflow_node_executions, workflow_runs
from engine.version import VERSION
from tests.helpers.model import made, node
from tests.helpers.models import ModelServer, openai_stream
from tests.helpers.run import build, condition, end, iterate, loop, retry, template, variable
from tests.helpers.servers import Reply, Seen, serving
from tests.helpers.stored import ended, run_app

MODEL = {
    "provider": "langgenius/openai_api_compatible/openai_api_compatible", "name": "toy", "mode": "chat",
    "completion_params": {},
}  # fmt: skip
PRICE = Decimal("0.0000130")
"""7 tokens in at 1, 3 out at 2, a million each."""
Row = dict[str, Any]


def llm(text: str) -> dict[str, Any]:
    prompt = [{"role": "user", "text": text}]
    return {"type": "llm", "model": MODEL, "prompt_template": prompt, "context": {"enabled": False}}


def http(url: str, **data: Any) -> dict[str, Any]:
    return {"type": "http-request", "method": "get", "url": url, "authorization": {"type": "no-auth"}, **data}


def everything(url: str) -> dict[str, Any]:
    """Branches, parallel rounds, a loop that breaks off, a retry, a failure branch, a model."""
    return build(
        """
        start -> it -> tell -> end
        start -> lp -> tell
        start -> flaky -> tell
        start -> bad
        bad -fail-branch-> sorry -> tell
        bad -success-branch-> never -> tell
        start -> which
        which -true-> yes -> tell
        which -false-> no -> tell
        """,
        start={
            "type": "start",
            "variables": [{"variable": "list", "type": "json_object"}, {"variable": "n", "type": "number"}],
        },
        it=iterate("say -> wrap", "start.list.v", "wrap.output", is_parallel=True, parallel_nums=3),
        say=llm("Say {{#it.item#}}"),
        wrap=template("[{{ t }}]", t="say.text"),
        lp=loop("count", 5, loop_variables=[variable("n", 1)], break_conditions=[condition("lp.n", "≥", "3")]),
        count={
            "type": "assigner",
            "version": "2",
            "items": [{"variable_selector": ["lp", "n"], "input_type": "constant", "operation": "+=", "value": 1}],
        },
        flaky=http(url + "/flaky", **retry(2)),
        bad=http(url + "/bad", error_strategy="fail-branch"),
        sorry=template("sorry {{ e }}", e="bad.error_type"),
        never=template("x"),
        which={
            "type": "if-else",
            "cases": [{"case_id": "true", "logical_operator": "and", "conditions": [condition("start.n", "=", "5")]}],
        },
        yes=template("yes"),
        no=template("no"),
        tell=llm("Tell {{#sorry.output#}}"),
        end=end(rounds="it.output", n="lp.n", said="tell.text"),
    )


@pytest.fixture
def ready(services: Services) -> Iterator[tuple[Services, str]]:
    """A workspace with a model behind a server, and the address of another server."""
    asked: list[str] = []

    def answer(seen: Seen) -> Reply:
        asked.append(seen.path)
        if seen.path == "/flaky" and asked.count("/flaky") > 1:
            return Reply(b"fine")
        return Reply(b"once", status=503) if seen.path == "/flaky" else Reply(b"gone", status=500)

    with serving(answer) as web, ModelServer(openai_stream("An ", "answer.")) as brain:
        priced = ModelSettings("toy", input_price=Decimal(1), output_price=Decimal(2))
        services.models.save_provider("openai-compatible", base_url=brain.url, api_key="k", models=[priced])
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        yield services, web.url


def rows(services: Services) -> tuple[Row, list[Row]]:
    """The only run and its steps by index; JSON columns are read."""
    path: Path = services.data_dir / "penstock.db"
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        (run,) = database.execute("SELECT * FROM workflow_runs").fetchall()
        steps = database.execute('SELECT * FROM workflow_node_executions ORDER BY "index"').fetchall()
    return _read(run, ("inputs", "outputs", "features")), [
        _read(step, ("inputs", "process_data", "outputs", "execution_metadata")) for step in steps
    ]


def _read(row: sqlite3.Row, texts: tuple[str, ...]) -> Row:
    return {key: json.loads(row[key]) if key in texts else row[key] for key in row.keys()}  # noqa: SIM118 - of SQLite


def lasted(row: Row) -> float:
    """Seconds between the two moments of a row."""
    began, over = (datetime.fromisoformat(row[key]) for key in ("created_at", "finished_at"))
    return (over - began).total_seconds()


@pytest.mark.spec("engine.113", "engine.114", "engine.115", "engine.116", "engine.117")
def test_every_column_of_a_run_and_its_steps(ready: tuple[Services, str]) -> None:
    services, url = ready
    graph = everything(url)
    workflow = Workflow(graph=Graph.from_config(graph))
    app_id = services.workflows.create("workflow", "All", workflow=workflow)
    inputs = {"list": '{"v": ["a", "b", "c"]}', "n": 5}
    summary = run_app(services, app_id, workflow=workflow, inputs=inputs, user_id="ann")
    run, steps = rows(services)

    # -- the run ------------------------------------------------------------------------------------------------------
    given = {"list": {"v": ["a", "b", "c"]}, "n": 5}
    system = {
        "sys.files": [], "sys.user_id": "ann", "sys.app_id": app_id, "sys.workflow_id": "",
        "sys.workflow_run_id": summary["run_id"], "sys.timestamp": run["inputs"]["sys.timestamp"],
    }  # fmt: skip
    exact: Row = {
        "id": summary["run_id"],
        "tenant_id": "",
        "app_id": app_id,
        "workflow_id": "",
        "type": "workflow",
        "triggered_from": "debugging",
        "version": "draft",
        "graph_sha256": graph_digest(stored_graph(services)),
        "features": workflow.features,
        "kind": "full",
        "inputs": given | system,
        "status": "partial-succeeded",
        "outputs": {"rounds": ["[An answer.]"] * 3, "n": 3, "said": "An answer."},
        "inputs_truncated": 0,
        "outputs_truncated": 0,
        "pause_reasons": None,
        "error": "",
        "error_type": "",
        "error_node_id": "",
        "total_tokens": 40,
        "total_price": str(4 * PRICE),
        "total_steps": 19,
        "exceptions_count": 1,
        "created_by_role": "account",
        "created_by": "ann",
        "conversation_id": None,
        "query": None,
        "parent_run_id": None,
        "engine_version": VERSION,
        "owner": services.owner,
        "pinned": 0,
        "read_at": None,
        "message_id": None,
        "env_fingerprint": None,
    }
    measured = {"elapsed_time", "heartbeat_at", "created_at", "finished_at"}
    assert {c.name for c in workflow_runs.c} == exact.keys() | measured == run.keys()
    for name, value in exact.items():
        assert run[name] == value, name
    assert json.loads(stored_graph(services)) == workflow.graph.to_config()
    assert run["elapsed_time"] == pytest.approx(lasted(run), abs=0.2) == summary["elapsed_time"]
    assert run["heartbeat_at"] >= run["created_at"]

    # -- its steps ----------------------------------------------------------------------------------------------------
    assert [step["index"] for step in steps] == list(range(1, 19))
    assert [step["created_at"] for step in steps] == sorted(step["created_at"] for step in steps)
    of: dict[tuple[str, int | None], Row] = {}
    for step in steps:
        in_round = step["iteration_index"] if step["iteration_index"] is not None else step["loop_index"]
        of[step["node_id"], in_round] = step
    assert len(of) == 18
    assert not {"no", "never"} & {name for name, _ in of}  # a skipped step leaves nothing
    kinds = {node["id"]: node["data"]["type"] for node in graph["nodes"]}
    for step in steps:
        same = {
            "tenant_id": "", "app_id": app_id, "workflow_id": "", "triggered_from": "workflow-run",
            "workflow_run_id": run["id"], "node_execution_id": step["id"], "node_type": kinds[step["node_id"]],
            "title": step["node_id"], "created_by_role": "account", "created_by": "ann", "inputs_truncated": 0,
            "process_data_truncated": 0, "outputs_truncated": 0,
        }  # fmt: skip
        assert {name: step[name] for name in same} == same
        assert step["elapsed_time"] == pytest.approx(lasted(step), abs=0.2)
        assert run["created_at"] <= step["created_at"] <= step["finished_at"] <= run["finished_at"]
        failed = step["node_id"] == "bad"
        assert (step["status"], step["error"], step["error_type"]) == (
            ("exception", "The server answered with the status 500.", "HTTPResponseCodeError")
            if failed
            else ("succeeded", "", "")
        )
        assert step["attempt"] == (2 if step["node_id"] == "flaky" else 1)
    names = {c.name for c in workflow_node_executions.c}
    assert names == steps[0].keys()

    came_from = {key: step["predecessor_node_id"] for key, step in of.items()}
    assert came_from == {
        ("start", None): None, ("it", None): "start", ("lp", None): "start", ("flaky", None): "start",
        ("bad", None): "start", ("which", None): "start", ("yes", None): "which", ("sorry", None): "bad",
        **{("say", i): None for i in range(3)}, **{("wrap", i): "say" for i in range(3)},
        ("count", 0): None, ("count", 1): None, ("tell", None): last_before(steps, "tell"), ("end", None): "tell",
    }  # fmt: skip
    assert {step["node_id"]: step["total_tokens"] for step in steps if step["total_tokens"]} == {
        "it": 30, "say": 10, "tell": 10,
    }  # fmt: skip
    for step in steps:
        price = {"it": 3 * PRICE, "say": PRICE, "tell": PRICE}.get(step["node_id"], Decimal(0))
        assert Decimal(step["total_price"]) == price

    # -- where they stand: containers and parallel branches -----------------------------------------------------------
    together = parallel_ids(graph)
    it, lp = of["it", None], of["lp", None]
    for (name, number), step in of.items():
        metadata = step["execution_metadata"]
        if kind := {"say": "iteration", "wrap": "iteration", "count": "loop"}.get(name):
            frame, place = (it if kind == "iteration" else lp), ("it" if kind == "iteration" else "lp")
            frame_id = f"{frame['id']}:{kind}:{number}"
            wanted = {"iteration_id": None, "iteration_index": None, "loop_id": None, "loop_index": None}
            wanted |= {f"{kind}_id": place, f"{kind}_index": number}
            assert {key: step[key] for key in wanted} == wanted
            in_metadata = {k: v for k, v in wanted.items() if v is not None}
            assert {k: metadata.get(k) for k in wanted if wanted[k] is not None} == in_metadata
            assert metadata.get("parallel_mode_run_id") == (frame_id if kind == "iteration" else None)
            assert step["frame_id"] == frame_id
            assert "parallel_id" not in metadata
        else:
            assert [step[k] for k in ("frame_id", "iteration_id", "loop_id")] == ["root", None, None]
            found = {k: v for k, v in metadata.items() if "parallel" in k}
            assert found == together.get(name, {})
    branches = {
        "it": "it",
        "lp": "lp",
        "flaky": "flaky",
        "bad": "bad",
        "sorry": "bad",
        "which": "which",
        "yes": "which",
    }
    assert {
        n: s["execution_metadata"]["parallel_start_node_id"] for (n, _), s in of.items() if n in branches
    } == branches
    assert len({s["execution_metadata"].get("parallel_id") for (n, _), s in of.items() if n in branches}) == 1

    # -- what each took and gave --------------------------------------------------------------------------------------
    def part(name: str, column: str, number: int | None = None) -> Any:
        return of[name, number][column]

    assert (part("start", "inputs"), part("start", "outputs")) == (given | system, given)
    assert part("it", "inputs") == {"iterator_selector": ["a", "b", "c"]}
    assert part("it", "outputs") == {"output": ["[An answer.]"] * 3}
    durations = part("it", "execution_metadata")["iteration_duration_map"]
    assert sorted(durations) == ["0", "1", "2"]
    assert all(0 <= seconds <= run["elapsed_time"] for seconds in durations.values())
    assert {k: part("it", "execution_metadata")[k] for k in ("total_tokens", "total_price", "currency")} == {
        "total_tokens": 30, "total_price": str(3 * PRICE), "currency": "USD",
    }  # fmt: skip
    assert part("lp", "inputs") == {"loop_count": 5, "n": 1}
    assert part("lp", "outputs") == {"n": 3, "loop_round": 2}
    told = part("lp", "execution_metadata")
    assert (told["completed_reason"], told["loop_variable_map"]) == ("loop_break", {"0": {"n": 2}, "1": {"n": 3}})
    assert sorted(told["loop_duration_map"]) == ["0", "1"]
    assert part("bad", "execution_metadata")["error_strategy"] == "fail-branch"
    assert part("bad", "outputs") == {
        "error_message": "The server answered with the status 500.", "error_type": "HTTPResponseCodeError",
    }  # fmt: skip
    assert part("bad", "process_data")["request"].startswith("GET /bad HTTP/1.1")
    assert part("flaky", "outputs")["body"] == "fine"
    (tried,) = part("flaky", "process_data").pop(RETRY_HISTORY)
    assert part("flaky", "process_data")["request"].startswith("GET /flaky HTTP/1.1")
    assert (tried["retry_index"], tried["error"]) == (1, "The server answered with the status 503.")
    assert (tried["outputs"]["status_code"], tried["outputs"]["body"]) == (503, "once")
    assert tried["process_data"]["request"].startswith("GET /flaky HTTP/1.1")
    assert (tried["inputs"], tried["execution_metadata"]) == ({}, {})
    assert int(datetime.fromisoformat(run["created_at"]).timestamp()) <= tried["created_at"] <= tried["finished_at"]
    assert 0 <= tried["elapsed_time"] <= part("flaky", "elapsed_time")
    assert part("which", "outputs") == {"result": True, "selected_case_id": "true"}
    assert part("which", "process_data")["condition_results"][0]["results"] == [True]
    assert [part("say", "process_data", i)["prompts"][0]["text"] for i in range(3)] == ["Say a", "Say b", "Say c"]
    usage = part("tell", "outputs")["usage"]
    assert [usage[k] for k in ("prompt_tokens", "completion_tokens", "total_price")] == [7, 3, str(PRICE)]
    assert part("tell", "inputs")["#sorry.output#"] == "sorry HTTPResponseCodeError"
    assert part("end", "inputs") == part("end", "outputs") == run["outputs"]


def test_a_turn_names_its_message_and_the_environment_that_it_saw(services: Services) -> None:
    flow = made(
        [node("1", "start", variables=[]), node("2", "answer", answer="Yes", variables=[])],
        [("1", "2")],
        mode="advanced-chat",
        environment_variables=[
            {"id": "k", "name": "key", "value_type": "secret", "value": "sk-very-secret"},
            {"id": "n", "name": "level", "value_type": "number", "value": 3},
        ],
    )
    app_id = services.workflows.create("advanced-chat", "Talk", workflow=flow)
    seen = []
    for environment in ({}, {}, {"level": 4}):
        summary = run_app(services, app_id, workflow=flow, query="Hello", environment=environment)
        row = services.runs.get(summary["run_id"])
        seen.append(json.loads(row["env_fingerprint"]))
        (message,) = services.runs.history(row["conversation_id"])
        assert (message["id"], message["workflow_run_id"]) == (row["message_id"], row["id"])

    first, second, other = seen
    assert first == second
    assert first.keys() == {"key", "level"}
    assert (first["key"], first["level"]) != (other["key"], other["level"])
    assert first["key"] == other["key"]
    assert "secret" not in json.dumps(seen)


def last_before(steps: list[Row], name: str) -> str:
    """Which of the branches ended last: it let the step where they meet begin."""
    begin = next(step["created_at"] for step in steps if step["node_id"] == name)
    ended_before = [s for s in steps if s["finished_at"] <= begin and s["frame_id"] == "root"]
    return str(max(ended_before, key=lambda s: s["finished_at"])["node_id"])


def stored_graph(services: Services) -> str:
    with closing(sqlite3.connect(services.data_dir / "penstock.db")) as database:
        ((text,),) = database.execute(
            "SELECT json FROM graph_snapshots WHERE sha256 = (SELECT graph_sha256 FROM workflow_runs)"
        ).fetchall()
    return str(text)


@pytest.mark.parametrize("how", ["failed", "stopped"])
@pytest.mark.spec("engine.30")
def test_steps_that_a_run_takes_along_when_it_ends(services: Services, how: str) -> None:
    """They have the run's end: status, error, moment, and how long they took until then."""

    async def late(seen: Seen) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.3 if seen.path == "/bad" else 600)
        yield Reply(b"gone", status=500, headers={"Connection": "close"}).encode()  # as the server then does

    with serving(late) as web:
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        bad = {**retry(1), "url": web.url + "/bad"} if how == "failed" else {"url": web.url + "/slow"}
        graph = build("start -> slow -> end; start -> bad -> end", slow=http(web.url + "/slow"), bad=http(**bad))
        workflow = Workflow(graph=Graph.from_config(graph))
        app_id = services.workflows.create("workflow", "Ends", workflow=workflow)

        async def work() -> dict[str, Any]:
            handle = services.runs.start(StartRun(workflow, app_id=app_id))
            if how == "stopped":
                await asyncio.sleep(0.3)
                handle.send({"command": "abort", "reason": "enough"})
            summary = await ended(handle)
            await services.runs.drain()
            await services.close_ports()
            return summary

        summary = asyncio.run(work())
    run, steps = rows(services)
    failed = how == "failed"
    error = "The server answered with the status 500." if failed else "Aborted: enough"
    assert (run["status"], run["error"], summary["error"]) == (how, error, error)
    assert (run["error_node_id"], run["error_type"]) == (("bad", "HTTPResponseCodeError") if failed else ("", ""))
    assert [step["node_id"] for step in steps] == ["start", "slow", "bad"]
    slow, bad_row = steps[1], steps[2]
    for step in (slow, bad_row):
        assert (step["status"], step["error"]) == (how, error)
        assert step["elapsed_time"] == pytest.approx(lasted(step), abs=0.2)
        assert step["elapsed_time"] > 0.2
    assert slow["outputs"] == {}
    assert slow["finished_at"] == run["finished_at"]
    if failed:
        assert (bad_row["attempt"], len(bad_row["process_data"][RETRY_HISTORY])) == (2, 1)
        assert run["total_steps"] == 4
