"""Recordings of runs: time, ids and chance come again, node by node and round by round, whatever runs beside them."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.recording import Player, Recorder
from engine.adapters.taped import taped
from engine.clock import FixedClock, SeededIds, SystemIds
from engine.nodes.human_input.desk import FormDesk, MemoryForms
from engine.nodes.llm_call import Answer
from engine.nodes.llm_polling import PollState
from engine.ports.bundle import Ports
from engine.ports.models import ChatDelta
from engine.ports.outside import CodeRequest, CodeResult, HttpRequest, HttpResponse, PortError, ToolParameter
from engine.ports.tape import AskedClock, AskedIds
from tests.helpers.models import MODEL, USAGE, FakeMemory, FakeTools, ScriptedModel, call
from tests.helpers.run import Done, answer, build, end, go, iterate, stub, template

CHANCE = template("{{ range(100000) | list | random }} {{ lipsum(1, html=false) }}")
AGENT = {
    "type": "agent",
    "agent_strategy_provider_name": "langgenius/agent/agent",
    "agent_strategy_name": "function_calling",
    "agent_parameters": {
        name: {"type": "constant", "value": value}
        for name, value in {
            "model": MODEL,
            "tools": [{"enabled": True, "type": "builtin", "provider_name": "p", "tool_name": "t", "settings": {}}],
            "instruction": "Help",
            "query": "why",
            "maximum_iterations": 3,
        }.items()
    },
}


def llm(text: str, **data: Any) -> dict[str, Any]:
    prompt = [{"role": "user", "text": text}]
    return {"type": "llm", "model": MODEL, "prompt_template": prompt, "context": {"enabled": False}, **data}


class Web:
    """Answers with a number that grows."""

    def __init__(self) -> None:
        self.count = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.count += 1
        return HttpResponse(200, [], f"answer {self.count}".encode(), request.url)


class Code:
    """Answers with a number that grows; a job waits the longer the earlier it came."""

    def __init__(self) -> None:
        self.count = 0

    async def run(self, request: CodeRequest) -> CodeResult:
        self.count += 1
        mine = self.count
        await asyncio.sleep(0.05 / mine)
        return CodeResult({"n": mine}, "", 0.0)

    def level(self) -> str:
        return ""


def tools() -> FakeTools:
    return FakeTools().add("t", lambda **given: "tool said", ToolParameter("q", "string"))


def outside(**more: Any) -> Ports:
    return Ports(http=Web(), code=Code(), tools=tools(), **more)


def nowhere() -> Ports:
    """Another day, other ids, nobody to ask."""
    return Ports(
        clock=FixedClock(datetime(2031, 5, 5, tzinfo=UTC), step=3.0),
        ids=SeededIds(99),
        code=Code(),
        tools=FakeTools(),
    )


def recorded(path: Path, graph: dict[str, Any], ports: Ports, **options: Any) -> Done:
    tape = Recorder(path, {}, {})
    try:
        return asyncio.run(go(graph, ports=taped(ports, tape), **options))
    finally:
        tape.close()


def replayed(path: Path, graph: dict[str, Any], ports: Ports | None = None, **options: Any) -> Done:
    strict = options.pop("strict", True)
    return asyncio.run(go(graph, ports=taped(ports or nowhere(), Player(path, {}, strict=strict)), **options))


def exact(run: Done) -> str:
    return json.dumps([run.status, run.summary["outputs"], run.summary["stream_text"], run.summary["error"]])


def stir(path: Path) -> int:
    """Write the lines of a recording in another order: what each place asked keeps its own. How many places."""
    head, *lines = path.read_text("utf-8").splitlines()
    by_place: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in lines:
        entry = json.loads(line)
        by_place[entry["node"], entry["frame"]].append(line)
    places = sorted(by_place.values(), reverse=True)
    path.write_text("\n".join([head, *(line for place in places for line in place)]) + "\n", "utf-8")
    return len(places)


def everything() -> dict[str, Any]:
    code = {
        "type": "code", "code": "def main(): ...", "code_language": "python3", "variables": [],
        "outputs": {"n": {"type": "number"}},
    }  # fmt: skip
    http = {"type": "http-request", "method": "get", "url": "http://x.test/", "authorization": {"type": "no-auth"}}
    return build(
        """
        start -> list -> it -> both
        start -> web1 -> both
        start -> web2 -> both
        start -> agent -> both
        both -> end
        """,
        list=stub(outs={"v": [1, 2, 3, 4, 5]}),
        it=iterate("code -> dice -> line", "list.v", "line.output", is_parallel=True, parallel_nums=5),
        code=code,
        dice=CHANCE,
        line=template("{{ n }}/{{ d }}", n="code.n", d="dice.output"),
        web1=http,
        web2=http,
        agent=AGENT,
        both=template("{{ a }} {{ b }}", a="web1.body", b="web2.body"),
        end=end(
            rounds="it.output", both="both.output", log="agent.json", said="agent.text", at="sys.timestamp",
            run="sys.workflow_run_id",
        ),
    )  # fmt: skip


def test_time_ids_and_chance_come_again_in_any_order(tmp_path: Path) -> None:
    path, graph = tmp_path / "tape.jsonl", everything()
    model = ScriptedModel(call("t"), "done")
    first = recorded(path, graph, outside(models=model), run_id="run-a")
    assert first.status == "succeeded", first.summary
    numbers = [int(line.split("/")[0]) for line in first.outputs["rounds"]]
    assert sorted(numbers) == [1, 2, 3, 4, 5]
    assert len(set(first.outputs["rounds"])) == 5
    assert first.outputs["log"][0]["metadata"]["started_at"] > 0
    assert stir(path) > 8

    second = replayed(path, graph, run_id="run-b")
    assert exact(second) == exact(first)
    assert second.outputs["run"] == "run-a"
    third = replayed(path, graph, run_id="run-c", strict=False)
    assert exact(third) == exact(first)


def test_a_recording_holds_no_time_of_the_engine_itself(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    recorded(path, build("start -> a -> b -> end", a=template("x"), b=stub(chunks=["y"])), outside())
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    assert [(e["port"], e["request"]) for e in entries] == [("clock", {"ask": "start"})]


class Polled(ScriptedModel):
    """Answers at the second look."""

    def __init__(self) -> None:
        super().__init__()
        self.states = [PollState("running", {"id": 1}), PollState("running", {"id": 1})]

    def poller(self, ref: Any) -> Polled:
        return self

    async def start(self, request: Any) -> PollState:
        return self.states.pop(0)

    async def check(self, request: Any, state: Any) -> PollState:
        return self.states.pop(0) if self.states else PollState("succeeded", answer=Answer("late", usage=USAGE))


def test_polling_and_its_times_come_again(tmp_path: Path) -> None:
    path, graph = tmp_path / "tape.jsonl", build("start -> m -> end", m=llm("Hi"), end=end(said="m.text"))
    first = recorded(path, graph, outside(models=Polled()))
    second = replayed(path, graph)
    assert first.outputs == second.outputs == {"said": "late"}
    told = [
        [(e["attempt"], e["last_checked_at"], e["next_check_at"]) for e in run.named("NodeRunModelPollingProgress")]
        for run in (first, second)
    ]
    assert len(told[0]) == 2
    assert told[0] == told[1]


def test_how_a_model_was_loaded_is_not_recorded(tmp_path: Path) -> None:
    path, graph = tmp_path / "tape.jsonl", build("start -> m -> end", m=llm("Hi"), end=end(said="m.text"))
    model = ScriptedModel([ChatDelta(loading=0.5), ChatDelta("Hello"), ChatDelta("", (), USAGE, "stop")])
    first = recorded(path, graph, outside(models=model))
    second = replayed(path, graph)
    assert len(first.named("NodeRunModelLoading")) == 1
    assert second.outputs == {"said": "Hello"}
    assert second.named("NodeRunModelLoading") == []


def test_a_conversation_is_remembered_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    shown = "{{#m.text#}} {{#conversation.n#}} {{#sys.dialogue_count#}} {{#sys.conversation_id#}}"
    asks = llm("And now?", memory={"window": {"enabled": False}})
    graph = build("start -> m -> answer", m=asks, answer=answer(shown))
    model = ScriptedModel("As before.")
    ports = outside(models=model, extras={"memory": FakeMemory(("Who?", "Ann."), ("And now?", ""))})

    def chat(number: int, turn: int, conversation: str) -> Mapping[str, Any]:
        variables = [{"name": "n", "value_type": "number", "value": number}]
        return {
            "mode": "advanced-chat", "query": "And now?", "conversation_id": conversation,
            "conversation_variables": variables, "system": {"dialogue_count": turn},
        }  # fmt: skip

    first = recorded(path, graph, ports, **chat(7, 2, "c-1"))
    assert first.outputs["answer"] == "As before. 7 2 c-1"
    assert {"Who?", "Ann."} <= {m.text for m in model.requests[0].messages}
    second = replayed(path, graph, **chat(0, 1, "c-2"))
    assert exact(second) == exact(first)


def form_flow() -> dict[str, Any]:
    form = {
        "type": "human-input", "form_content": "Well?", "inputs": [], "user_actions": [{"id": "ok", "title": "OK"}],
        "timeout": 1, "timeout_unit": "day",
    }  # fmt: skip
    return build("start -> form; form -ok-> end", form=form)


def test_a_form_has_the_same_session_again_and_another_beside_it(tmp_path: Path) -> None:
    path, graph, store = tmp_path / "tape.jsonl", form_flow(), MemoryForms()

    def with_forms(ports: Ports, kept: MemoryForms) -> Ports:
        ports.extras["human_input"] = FormDesk(kept, AskedClock(ports.clock), AskedIds(ports.ids))
        return ports

    first = recorded(path, graph, with_forms(outside(ids=SystemIds()), store), run_id="a")
    assert first.status == "paused"
    session = first.summary["reasons"][0]["session_id"]
    elsewhere = MemoryForms()
    second = replayed(path, graph, with_forms(nowhere(), elsewhere), run_id="b")
    assert second.summary["reasons"][0]["session_id"] == session
    one, other = store.get(session), elsewhere.get(session)
    assert one is not None
    assert other is not None
    assert [one[k] for k in ("created_at", "expires_at")] == [other[k] for k in ("created_at", "expires_at")]
    beside = replayed(path, graph, with_forms(nowhere(), store), run_id="c")
    assert beside.status == "paused"
    assert beside.summary["reasons"][0]["session_id"] != session


def test_an_older_recording_runs_with_the_live_clock(tmp_path: Path) -> None:
    path, graph = tmp_path / "tape.jsonl", everything()
    first = recorded(path, graph, outside(models=ScriptedModel(call("t"), "done")))
    head, *lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    old = [{"format": head["format"], "version": 1}]
    old += [{k: e[k] for k in ("port", "request", "answer")} for e in lines if e["port"] not in ("clock", "alias")]
    path.write_text("\n".join(map(json.dumps, old)), "utf-8")

    second = replayed(path, graph)
    assert second.status == "succeeded", second.summary
    assert second.outputs["both"] == first.outputs["both"]
    assert second.outputs["at"] >= datetime(2031, 5, 5, tzinfo=UTC).timestamp()


# -- what a strict replay does not know ------------------------------------------------------------------------------


def changed(part: str) -> dict[str, Any]:
    """The graph with one request changed."""
    graph = everything()
    data = {node["id"]: node["data"] for node in graph["nodes"]}
    match part:
        case "model":
            data["agent"]["agent_parameters"] = {
                **AGENT["agent_parameters"], "query": {"type": "constant", "value": "who"}
            }  # fmt: skip
        case "http":
            data["web2"]["url"] = "http://x.test/other"
        case "code":
            data["code"]["code"] = "def main(): pass"
        case "clock":
            data["list"] = data["list"].update(
                type="template-transform", template="{{ [1, 2] | random }}", variables=[]
            )
    return graph


@pytest.mark.parametrize(
    ("part", "place", "lines"),
    [
        ("model", "node agent in root", ['-   "content": "why"', '+   "content": "who"']),
        ("http", "node web2 in root", ['- "url": "http://x.test/"', '+ "url": "http://x.test/other"']),
        ("code", "node code in root/it[", ["def main(): ...", "def main(): pass"]),
        ("clock", "node list in root", ["'random'"]),
    ],
)
def test_a_strict_replay_names_node_frame_and_difference(
    tmp_path: Path, part: str, place: str, lines: list[str]
) -> None:
    path = tmp_path / "tape.jsonl"
    recorded(path, everything(), outside(models=ScriptedModel(call("t"), "done")))
    run = replayed(path, changed(part))
    error = run.summary["error"]
    assert run.status == "failed"
    assert f"of {place}" in error or f"give {place}" in error, error
    assert f"port {part}" in error
    for line in lines:
        assert line in error
    assert run.events[-1]["error_type"] == "ReplayMismatch"
    assert run.events[-1]["error_node_id"] in place


def test_a_tool_that_is_not_recorded_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"

    def flow(text: str) -> dict[str, Any]:
        tool = {
            "type": "tool", "provider_id": "p", "provider_type": "builtin", "provider_name": "p", "tool_name": "t",
            "tool_label": "t", "tool_configurations": {},
            "tool_parameters": {"q": {"type": "constant", "value": text}},
        }  # fmt: skip
        return build("start -> tool -> end", tool=tool, end=end(said="tool.text"))

    first = recorded(path, flow("a"), outside())
    assert first.outputs == {"said": "tool said"}
    run = replayed(path, flow("b"))
    assert run.status == "failed"
    assert (
        "request of node tool in root to the port tool. It differs from the nearest one, of node tool in root"
        in (run.summary["error"])
    )
    assert '+  "q": "b"' in run.summary["error"]


@pytest.mark.parametrize("strategy", ["default-value", "fail-branch"])
def test_no_strategy_and_no_retry_makes_good_for_a_mismatch(tmp_path: Path, strategy: str) -> None:
    path = tmp_path / "tape.jsonl"

    def flow(url: str) -> dict[str, Any]:
        http = {
            "type": "http-request", "method": "get", "url": url, "authorization": {"type": "no-auth"},
            "error_strategy": strategy, "default_value": [{"key": "body", "type": "string", "value": "-"}],
            "retry_config": {"retry_enabled": True, "max_retries": 3, "retry_interval": 1},
        }  # fmt: skip
        handle = "-success-branch-" if strategy == "fail-branch" else "-"
        return build(
            f"start -> list -> it -> end2; start -> web {handle}> end",
            list=stub(outs={"v": [1]}),
            it=iterate("inner", "list.v", "inner.body", error_handle_mode="continue-on-error"),
            inner={**http, "url": "http://x.test/inner"},
            web=http,
        )

    assert (recorded(path, flow("http://x.test/1"), outside())).status == "succeeded"
    assert (replayed(path, flow("http://x.test/1"))).status == "succeeded"
    run = replayed(path, flow("http://x.test/2"))
    assert run.status == "failed"
    assert run.named("NodeRunRetry") == []
    assert "http://x.test/2" in run.summary["error"]


class Slow(Web):
    """Never answers the first address."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        if request.url.endswith("slow"):
            await asyncio.Event().wait()
        await asyncio.sleep(0.05)
        raise PortError("HttpRequestNodeError", "refused")


def test_a_request_that_the_run_did_not_wait_for_is_no_mismatch(tmp_path: Path) -> None:
    """One branch fails while another waits: the replay fails the same way, not by what was never answered."""
    path = tmp_path / "tape.jsonl"

    def http(name: str) -> dict[str, Any]:
        return {"type": "http-request", "method": "get", "url": f"http://x.test/{name}",
                "authorization": {"type": "no-auth"}}  # fmt: skip

    graph = build("start -> slow -> end; start -> bad -> end", slow=http("slow"), bad=http("bad"))
    first = recorded(path, graph, Ports(http=Slow()))
    assert (first.status, first.events[-1]["error_node_id"]) == ("failed", "bad")
    second = replayed(path, graph)
    assert exact(second) == exact(first)
