"""Workflows that a model designs from words: what it is told, what becomes of its plan, what is mended and kept."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.model.graph import Graph
from engine.model.problems import Problem
from engine.model.validate import check
from engine.model.workflow import Workflow
from engine.ports.models import ModelRef
from engine.run.engine import start_run
from engine.run.limits import Limits
from engine.run.request import RunRequest
from engine.services.context import Services
from engine.services.generating.asking import Generation, Wish, WorkflowDraft, draft_of, parameters_for, rules
from engine.services.generating.joining import beside, in_place
from engine.services.generating.plan import LARGEST, MOST_NODES, keys_of, progress, read_plan, told
from engine.services.model_names import with_default
from engine.services.runs import StartRun
from tests.helpers.model import made, node
from tests.helpers.models import Answer, ModelServer, ScriptedModel, openai_stream

REF = ModelRef("fake", "scripted")
TEMPLATES = Path(__file__).parents[3] / "resources" / "templates"


def step(key: str, kind: str, title: str = "", **more: Any) -> dict[str, Any]:
    settings = more.pop("settings", {})
    return {"key": key, "type": kind, "title": title or key.title(), "settings": settings, **more}


def edge(source: str, target: str, branch: str = "") -> dict[str, Any]:
    return {"from": source, "to": target, **({"branch": branch} if branch else {})}


MAIL: dict[str, Any] = {
    "name": "Answer mails",
    "nodes": [
        step("start", "start", settings={"inputs": [{"name": "mail", "type": "paragraph", "label": "Mail"}]}),
        step("kind", "question-classifier", settings={
            "query": "{{#start.mail#}}",
            "classes": [{"id": "bad", "name": "A complaint"}, {"id": "good", "name": "Anything else"}],
        }),
        step("sorry", "llm", settings={"system": "Say sorry.", "prompt": "{{#start.mail#}}"}),
        step("thanks", "llm", settings={"system": "Say thanks.", "prompt": "{{#start.mail#}}"}),
        step("join", "variable-aggregator", settings={"values": ["{{#sorry.text#}}", "{{#thanks.text#}}"]}),
        step("end", "end", settings={"outputs": [{"name": "reply", "value": "{{#join.output#}}"}]}),
    ],
    "edges": [
        edge("start", "kind"), edge("kind", "sorry", "bad"), edge("kind", "thanks", "good"),
        edge("sorry", "join"), edge("thanks", "join"), edge("join", "end"),
    ],
}  # fmt: skip


def fill(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return with_default(data, REF)


def drafted(plan: Any, mode: str = "workflow", base: Workflow | None = None) -> WorkflowDraft:
    answer = plan if isinstance(plan, str) else json.dumps(plan)
    return draft_of(Wish("x", mode, base), answer, fill)


def plan_of(*nodes: dict[str, Any], edges: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {"nodes": list(nodes), "edges": edges or [], **more}


def titled(graph: Graph, title: str) -> Any:
    return next(n for n in graph.nodes.values() if n.title == title)


def joins(graph: Graph) -> set[tuple[str, str, str]]:
    """Edges by titles, and the socket."""
    name = {n.id: n.title or n.type for n in graph.nodes.values()}
    return {(name[e.source], e.source_handle, name[e.target]) for e in graph.edges.values()}


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [p.code for p in problems]


def ran(workflow: Workflow, model: ScriptedModel, **inputs: Any) -> dict[str, Any]:
    request = RunRequest(
        graph=workflow.graph.to_config(), inputs=inputs, mode=workflow.mode, query=str(inputs.pop("query", ""))
    )
    return done(request, model)


def done(request: RunRequest, model: ScriptedModel) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        handle = start_run(request, model.ports())
        async for _ in handle.events():
            pass
        return await handle.result()

    return asyncio.run(run())


def asked(generation: Generation, model: ScriptedModel) -> WorkflowDraft:
    """Drive a generation to its end with real runs."""
    run: StartRun | WorkflowDraft = generation.start()
    while isinstance(run, StartRun):
        summary = done(RunRequest(graph=run.workflow.graph.to_config(), inputs=run.inputs), model)
        assert summary["status"] == "succeeded", summary
        run = generation.take(summary["outputs"])
    return run


# -- a good plan -------------------------------------------------------------------------------------------------------


def test_a_good_plan_becomes_a_workflow_without_problems_that_runs() -> None:
    model = ScriptedModel(
        json.dumps(MAIL), json.dumps({"category_id": "bad", "category_name": "A complaint"}), "Sorry!"
    )
    draft = asked(Generation(Wish("Answer mails politely"), REF, fill=fill), model)
    assert (draft.notes, draft.faults, draft.problems) == ((), (), ())
    assert draft.workflow.app.name == "Answer mails"
    assert draft.changes.added == ("Start", "Kind", "Sorry", "Thanks", "Join", "End")
    graph = draft.workflow.graph
    assert ("Kind", "bad", "Sorry") in joins(graph)
    assert titled(graph, "Sorry").data["model"]["name"] == "scripted"
    assert titled(graph, "End").data["outputs"][0]["value_type"] == "string"
    places = [(n.x, n.y) for n in graph.nodes.values()]
    assert len(set(places)) == len(places)  # laid out
    summary = ran(draft.workflow, model, mail="It broke")
    assert summary["outputs"] == {"reply": "Sorry!"}, summary
    assert "It broke" in model.messages[-1].text


def test_a_chat_flow_with_memory_runs_and_ends_in_an_answer() -> None:
    plan = plan_of(
        step("start", "start"),
        step("think", "llm", settings={"system": "Help.", "prompt": "{{#sys.query#}}"}),
        step("note", "assigner", settings={"items": [
            {"target": "{{#conversation.last#}}", "operation": "set", "value": "{{#think.text#}}"}]}),
        step("say", "end", settings={"outputs": [{"name": "x", "value": "{{#think.text#}}"}]}),
        edges=[edge("start", "think"), edge("think", "note"), edge("note", "say")],
        memory=[{"name": "last", "type": "string"}],
    )  # fmt: skip
    draft = drafted(plan, "advanced-chat")
    assert (draft.faults, codes(draft.problems)) == ((), [])
    assert [v.name for v in draft.workflow.conversation_variables] == ["last"]
    assert titled(draft.workflow.graph, "Say").type == "answer"  # a chat has no end: what it gives is said
    assert titled(draft.workflow.graph, "Think").data["memory"]["query_prompt_template"] == "{{#sys.query#}}"


def test_containers_branches_and_code_run() -> None:
    plan = plan_of(
        step("start", "start", settings={"inputs": {"text": "paragraph"}}),
        step("cut", "code", settings={
            "inputs": {"text": "{{#start.text#}}"},
            "code": "```python\ndef main(text):\n    return {'parts': text.split()}\n```",
            "outputs": {"parts": "array[string]"}}),
        step("each", "iteration", settings={"list": "{{#cut.parts#}}", "result": "{{#loud.output#}}"}),
        step("loud", "template-transform", settings={"template": "{{#each.item#}}!"}, **{"in": "each"}),
        step("check", "if-else", settings={"cases": [
            {"id": "long", "conditions": [{"value": "{{#start.text#}}", "is": "includes", "to": "b"}]}]}),
        step("end", "end", "Yes", settings={"outputs": [{"name": "all", "value": "{{#each.output#}}"}]}),
        step("no", "end", "No", settings={"outputs": [{"name": "none", "value": "{{#start.text#}}"}]}),
        edges=[edge("start", "cut"), edge("cut", "each"), edge("loud", "check"), edge("each", "check"),
               edge("check", "end", "LONG"), edge("check", "no", "otherwise")],
    )  # fmt: skip
    draft = drafted(plan)
    assert (draft.faults, codes(draft.problems)) == ((), [])
    graph = draft.workflow.graph
    assert titled(graph, "Each").data["output_type"] == "array[string]"
    assert titled(graph, "Loud").parent == titled(graph, "Each").id
    assert {("Check", "long", "Yes"), ("Check", "false", "No")} <= joins(graph)
    assert titled(graph, "Loud").data["template"] == "{{ each_item }}!"
    summary = asyncio.run(_with_code(draft.workflow, {"text": "a b"}))
    assert summary["outputs"] == {"all": ["a!", "b!"]}, summary


async def _with_code(workflow: Workflow, inputs: dict[str, Any]) -> dict[str, Any]:
    from engine.adapters.code_pool import CodePool  # the real sandbox

    pool = CodePool(Limits(), [])
    ports = ScriptedModel().ports()
    ports.code = pool
    try:
        handle = start_run(RunRequest(graph=workflow.graph.to_config(), inputs=inputs), ports)
        async for _ in handle.events():
            pass
        return dict(await handle.result())
    finally:
        await pool.close()


# -- what models get wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        "Sure! Here it is:\n```json\n{plan}\n```\nEnjoy.",
        "<think>{\"nodes\": []}</think>{plan}",
        "{\"workflow\": {plan}}",
        "The plan: {plan} I hope that it helps {you}.",
    ],
)  # fmt: skip
def test_a_plan_is_found_in_what_models_put_round_it(answer: str) -> None:
    draft = drafted(answer.replace("{plan}", json.dumps(MAIL)))
    assert draft.count == 6
    assert draft.faults == ()


def test_broken_json_is_read_as_far_as_it_goes_and_said() -> None:
    whole = json.dumps(MAIL)
    draft = drafted(whole[: whole.index('"edges"') + 70])
    assert draft.count == 6
    assert "The answer ends in the middle: what there is of it was used." in draft.notes
    assert draft.faults
    sloppy = "{nodes: [{key: 'a', type: 'start', title: 'A',}, {key: 'b', type: 'llm', settings: {prompt: 'Hi'}},]}"
    assert joins(drafted(sloppy).workflow.graph) == {("A", "source", "LLM"), ("LLM", "source", "Output")}


@pytest.mark.parametrize(
    "answer",
    ["", "I cannot do that.", "[]", '{"nodes": []}', '{"nodes": [{"type": "start"}]}', '{"nodes": "many"}', "{" * 5000],
)
def test_without_a_plan_the_answer_is_kept_and_a_larger_model_is_recommended(answer: str) -> None:
    with pytest.raises(UserError) as problem:
        drafted(answer)
    assert problem.value.code == "generate.no_plan"
    assert problem.value.details["answer"] == answer
    assert "larger model" in problem.value.hint


def test_unknown_types_and_what_leads_to_them_are_left_out_and_told() -> None:
    plan = plan_of(
        step("start", "start"),
        step("a", "llm", settings={"prompt": "Hi"}),
        step("w", "teleport", "Beam"),
        step("k", "knowledge-index", "Index"),
        step("end", "end", settings={"outputs": [{"name": "x", "value": "{{#w.text#}}"}]}),
        edges=[edge("start", "a"), edge("a", "w"), edge("w", "end"), edge("a", "nowhere"), edge("a", "end")],
    )
    draft = drafted(plan)
    assert "“Beam” is left out: there is no node type “teleport”." in draft.notes
    assert "“Index” is left out: its type belongs to another kind of app." in draft.notes
    assert "Connections to nodes that are not there are left out: 3." in draft.notes
    assert joins(draft.workflow.graph) == {("Start", "source", "A"), ("A", "source", "End")}
    assert "UNRESOLVED_REFERENCE" in codes(draft.problems)  # marked as the problem list marks it
    assert any("not in the workflow" in fault for fault in draft.faults)


def test_circles_are_opened_and_told() -> None:
    plan = plan_of(
        step("start", "start"),
        step("a", "llm", settings={"prompt": "Hi"}),
        step("b", "llm", settings={"prompt": "Ho"}),
        step("end", "end", settings={"outputs": [{"name": "x", "value": "{{#b.text#}}"}]}),
        edges=[edge("start", "a"), edge("a", "b"), edge("b", "a"), edge("b", "b"), edge("b", "end"), edge("end", "a")],
    )
    draft = drafted(plan)
    assert joins(draft.workflow.graph) == {("Start", "source", "A"), ("A", "source", "B"), ("B", "source", "End")}
    assert sum("is left out" in note for note in draft.notes) == 3
    assert any("circle" in fault for fault in draft.faults)
    assert codes(draft.problems) == []


def test_small_slips_are_put_right_without_asking_again() -> None:
    plan = plan_of(
        {
            "key": "q",
            "type": "LLM",
            "title": "Ask",
            "prompt": "{{start.topic}}",
        },  # settings beside the key, plain marks
        {"key": "w", "type": "http_request", "title": "Fetch", "settings": {"url": "https://x.test/{{#Ask.answer#}}"}},
        edges=[],
    )
    draft = drafted(plan)
    graph = draft.workflow.graph
    start, ask = titled(graph, "Start"), titled(graph, "Ask")
    assert [v["variable"] for v in start.data["variables"]] == ["topic"]
    assert f"{{{{#{start.id}.topic#}}}}" in json.dumps(ask.data["prompt_template"])
    assert titled(graph, "Fetch").data["url"] == f"https://x.test/{{{{#{ask.id}.text#}}}}"
    assert joins(graph) == {
        ("Start", "source", "Ask"), ("Ask", "source", "Fetch"), ("Fetch", "source", "Output")
    }  # fmt: skip
    assert draft.faults == ()
    assert codes(draft.problems) == []
    assert len(draft.notes) == 5  # a start, an input, a name, the order, an end


def test_a_huge_answer_is_cut() -> None:
    nodes = [step(f"n{i}", "llm", settings={"prompt": "x" * 50_000 if i == 1 else "x"}) for i in range(300)]
    draft = drafted(plan_of(step("start", "start"), *nodes))
    assert draft.count <= MOST_NODES + 2
    assert len(draft.answer) <= LARGEST
    assert any("very long" in n or "too many" in n for n in draft.notes)
    assert max(len(json.dumps(n.data)) for n in draft.workflow.graph.nodes.values()) < 30_000
    deep = '{"nodes": [' + '{"key": "a", "type": "llm", "settings": ' + "[" * 50_000
    assert drafted(deep).count == 3


def test_thousands_of_wrong_references_are_gone_through_once() -> None:
    one = {"value": "{{#n1.x#}}", "is": "is", "to": "x"}
    cases = [{"id": f"c{n}", "conditions": [one] * 30} for n in range(30)]
    plan = plan_of(*(step(f"n{n}", "if-else", settings={"cases": cases}) for n in range(3)), edges=[edge("n0", "n1")])
    draft = drafted(plan)
    assert codes(draft.problems).count("UNRESOLVED_REFERENCE") == 3
    assert len(draft.notes) < 10


HOSTILE = ["", 0, True, None, [], {}, "{{#a.b#}}", ["a"], [["a", "b"]], {"a": {"b": 1}}, [None, 3, {"id": []}], 1e300]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_settings_of_any_kind_make_a_graph_that_can_be_checked(value: Any) -> None:
    from engine.services.generating.forms import FORMS

    words = ["inputs", "outputs", "answer", "system", "prompt", "fields", "messages", "context", "query", "classes",
             "parameters", "cases", "conditions", "code", "language", "template", "url", "headers", "params", "body",
             "list", "result", "count", "variables", "until", "values", "items", "filter", "order", "limit", "file",
             "form", "buttons", "method", "instruction", "parallel", "match"]  # fmt: skip
    nodes = [step(f"n{i}", kind, settings=dict.fromkeys(words, value)) for i, kind in enumerate(FORMS)]
    odd = {"key": value, "type": value, "title": value, "in": value, "settings": value}
    plan = {"nodes": [*nodes, odd], "edges": [value, {"from": value, "to": "n1", "branch": value}, ["n0", "n3", value]],
            "memory": [value, {"name": "m", "value": value}], "name": value}  # fmt: skip
    for mode in ("workflow", "advanced-chat"):
        draft = drafted(plan, mode)
        assert check(draft.workflow) == list(draft.problems)
        assert Workflow.from_json(json.loads(json.dumps(draft.workflow.to_json()))) == draft.workflow
        again = drafted(told(draft.workflow), mode, draft.workflow)
        assert again.workflow == draft.workflow


def test_nothing_of_an_answer_is_carried_out(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w').close()\ndef main():\n    return {{}}"
    jinja = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    draft = drafted(plan_of(step("start", "start"), step("c", "code", settings={"code": code, "inputs": {}}),
                            step("t", "template-transform", settings={"template": jinja})))  # fmt: skip
    assert draft.count == 4
    assert not mark.exists()


# -- asking again ------------------------------------------------------------------------------------------------------


def test_the_model_is_asked_once_to_mend_what_is_wrong() -> None:
    wrong = {**MAIL, "nodes": [*MAIL["nodes"], step("b", "beamer")], "edges": MAIL["edges"][:-1]}
    model = ScriptedModel(json.dumps(wrong), json.dumps(MAIL))
    draft = asked(Generation(Wish("Answer mails"), REF, fill=fill), model)
    assert len(model.requests) == 2
    assert [m.role for m in model.messages] == ["system", "user", "assistant", "user"]
    assert "there is no node type “beamer”" in model.messages[3].text
    assert model.messages[2].text == json.dumps(wrong)
    assert draft.faults == ()
    assert draft.notes == ("The model was asked once to mend its first plan.",)


def test_the_better_of_two_plans_is_taken_and_two_answers_without_one_are_an_error() -> None:
    wrong = {**MAIL, "nodes": [*MAIL["nodes"], step("b", "beamer")]}
    draft = asked(Generation(Wish("x"), REF, fill=fill), ScriptedModel(json.dumps(wrong), "Sorry, no."))
    assert draft.count == 6
    worse = {"nodes": [step("b", "beamer"), step("c", "beamer"), step("d", "beamer")]}
    draft = asked(Generation(Wish("x"), REF, fill=fill), ScriptedModel(json.dumps(wrong), json.dumps(worse)))
    assert draft.count == 6
    generation = Generation(Wish("x"), REF)
    with pytest.raises(UserError) as problem:
        asked(generation, ScriptedModel("What?", "Still nothing."))
    assert problem.value.details["answer"] == "Still nothing."
    assert generation.give_up() is None


def test_a_question_ends_at_its_time_limit(tmp_path: Path) -> None:
    gate = threading.Event()
    slow = Answer(events=list(openai_stream("{").events or ())[:1], hold=gate)
    services = Services.open(tmp_path)
    try:
        with ModelServer(slow) as server:
            provider = services.models.save_provider("openai_api_compatible", base_url=server.url)
            services.models.add_model(provider, "box-1")
            run = Generation(Wish("x"), ModelRef(provider, "box-1"), time_limit=0.5).start()

            async def ask() -> dict[str, Any]:
                handle = services.runs.start(run)
                async for _ in handle.events():
                    pass
                return dict(await handle.result())

            summary = asyncio.run(ask())
            gate.set()
        assert summary["status"] != "succeeded"
        assert "0.5" in summary["error"] or "time" in summary["error"].lower(), summary["error"]
        assert services.logs.count() == 0
    finally:
        services.close()


def test_what_is_asked_for_must_be_said() -> None:
    for wish, ref, code in (
        (Wish("  "), REF, "generate.no_words"),
        (Wish("x"), ModelRef("", ""), "draft.no_model"),
        (Wish("x", "rag_pipeline"), REF, "generate.mode"),
    ):
        with pytest.raises(UserError) as problem:
            Generation(wish, ref)
        assert problem.value.code == code


def test_only_types_of_the_mode_are_offered() -> None:
    assert "  end: " in rules(Wish("x"))
    assert "  answer: " not in rules(Wish("x"))
    chat = rules(Wish("x", "advanced-chat"))
    assert "  answer: " in chat
    assert "  end: " not in chat
    assert "knowledge-index" not in chat


def test_references_in_the_words_reach_the_model_as_they_are() -> None:
    model = ScriptedModel(json.dumps(MAIL))
    asked(Generation(Wish("Use {{#start.mail#}} and {{ x }}"), REF, fill=fill), model)
    assert "Use {{#start.mail#}} and {{ x }}" in model.requests[0].messages[1].text


def test_a_json_mode_is_used_where_there_is_one_and_room_is_left_for_the_question() -> None:
    declared = [{"name": "response_format", "options": ["text", "json_object"]}]
    assert parameters_for("openai", declared, 0) == {"response_format": "json_object"}
    assert parameters_for("anthropic", [{"name": "temperature"}], 8192) == {"max_tokens": 4096}
    assert parameters_for("penstock/embedded/embedded", [], 400) == {
        "response_format": "json_object", "max_tokens": 512
    }  # fmt: skip


def test_progress_counts_words_and_nodes() -> None:
    text = json.dumps(MAIL)
    assert progress(text)[1] == 6
    assert progress("")[0] == 0


# -- refining ----------------------------------------------------------------------------------------------------------


def test_what_stays_keeps_every_setting_that_the_plan_does_not_change() -> None:
    base = drafted(MAIL).workflow
    sorry = titled(base.graph, "Sorry")
    special = {**sorry.data, "retry_config": {"retry_enabled": True, "max_retries": 7}, "error_strategy": "fail-branch",
               "model": {**sorry.data["model"], "name": "chosen by hand"}}  # fmt: skip
    base = base.with_graph(base.graph.with_nodes([replace(sorry, data=special)]))
    keys = {n.title: keys_of(base.graph)[n.id] for n in base.graph.nodes.values()}
    plan = {
        "nodes": [
            {"key": keys["Start"], "type": "start"},
            {"key": keys["Kind"], "type": "question-classifier"},
            {"key": keys["Sorry"], "type": "llm", "settings": {"system": "Say sorry twice."}},
            {"key": keys["Join"], "type": "variable-aggregator", "settings": {"values": [
                "{{#" + keys["Sorry"] + ".text#}}", "{{#short.output#}}"]}},
            {"key": keys["End"], "type": "end"},
            step("short", "template-transform", "Short", settings={"template": "Thanks."}),
        ],
        "edges": [edge(keys["Start"], keys["Kind"]), edge(keys["Kind"], keys["Sorry"], "bad"),
                  edge(keys["Kind"], "short", "good"), edge(keys["Sorry"], keys["Join"]), edge("short", keys["Join"]),
                  edge(keys["Join"], keys["End"])],
    }  # fmt: skip
    draft = drafted(plan, base=base)
    graph = draft.workflow.graph
    assert draft.changes.added == ("Short",)
    assert draft.changes.removed == ("Thanks",)
    assert set(draft.changes.changed) == {"Sorry", "Join"}
    after = graph.nodes[sorry.id]
    assert after.data["prompt_template"][0]["text"] == "Say sorry twice."
    assert {k: v for k, v in after.data.items() if k != "prompt_template"} == {
        k: v for k, v in special.items() if k != "prompt_template"
    }
    for title in ("Start", "Kind", "End"):
        before = titled(base.graph, title)
        assert graph.nodes[before.id].data == before.data
    assert titled(graph, "Join").data["variables"] == [[sorry.id, "text"], [titled(graph, "Short").id, "output"]]
    assert codes(draft.problems) == ["FAIL_BRANCH_WITHOUT_EDGE"]


def test_the_model_is_told_the_present_workflow_but_no_keys() -> None:
    headers = "Authorization:Bearer abc123\nX-Key:{{#env.key#}}\nAccept:text/plain"
    base = made(
        [node("s", "start"), node("h", "http-request", url="https://x.test", headers=headers), node("n", "end")],
        [("s", "h"), ("h", "n")],
    )
    said = told(base)
    assert "abc123" not in said
    assert "{{#env.key#}}" in said
    assert "text/plain" in said
    changed = said.replace("https://x.test", "https://y.test").replace("text/plain", "text/html")
    after = drafted(changed, base=base).workflow.graph.nodes["h"].data
    assert after["url"] == "https://y.test"
    assert after["headers"] == headers.replace("text/plain", "text/html")


@pytest.mark.parametrize("file", sorted(p.name for p in TEMPLATES.glob("*.yml")))
def test_a_plan_that_changes_nothing_changes_nothing(file: str, tmp_path: Path) -> None:
    services = Services.open(tmp_path)
    try:
        workflow = services.workflows.read((TEMPLATES / file).read_bytes(), confirm_version=True).workflow
    finally:
        services.close()
    assert workflow is not None
    if workflow.mode not in ("workflow", "advanced-chat"):
        return
    draft = drafted(told(workflow), workflow.mode, workflow)
    assert draft.workflow == workflow
    assert draft.faults == ()


def test_removed_containers_take_what_is_inside_along_and_notes_stay() -> None:
    plan = plan_of(
        step("start", "start", settings={"inputs": {"l": "json"}}),
        step("each", "iteration", settings={"list": "{{#start.l#}}", "result": "{{#in1.text#}}"}),
        step("in1", "llm", settings={"prompt": "{{#each.item#}}"}, **{"in": "each"}),
        step("end", "end", settings={"outputs": [{"name": "x", "value": "{{#each.output#}}"}]}),
        edges=[edge("start", "each"), edge("each", "in1"), edge("each", "end")],
    )
    base = drafted(plan).workflow
    from engine.model.factory import new_note

    base = base.with_graph(base.graph.with_nodes([new_note(0, -300, "Mine")]))
    draft = drafted({"nodes": [{"key": "start", "type": "start"}, {"key": "end", "type": "end"}],
                     "edges": [edge("start", "end")]}, base=base)  # fmt: skip
    kinds = sorted(n.type for n in draft.workflow.graph.nodes.values())
    assert kinds == ["", "end", "start"]
    assert draft.changes.removed == ("Each", "In1")


# -- joining -----------------------------------------------------------------------------------------------------------


def test_a_draft_comes_in_the_place_of_what_is_there_or_beside_it() -> None:
    present = drafted(plan_of(
        step("start", "start", settings={"inputs": {"a": "text"}}),
        step("old", "llm", "Sorry", settings={"prompt": "{{#start.a#}}"}),
        step("end", "end", settings={"outputs": [{"name": "r", "value": "{{#old.text#}}"}]}),
        edges=[edge("start", "old"), edge("old", "end")],
    )).workflow  # fmt: skip
    mail = drafted(MAIL).workflow
    assert in_place(present, mail).graph.nodes == mail.graph.nodes
    both = beside(present, mail)
    assert check(both) == []
    starts = [n for n in both.graph.nodes.values() if n.type == "start"]
    assert [v["variable"] for v in starts[0].data["variables"]] == ["a", "mail"]
    assert len(starts) == 1
    assert len(both.graph.nodes) == len(present.graph.nodes) + len(mail.graph.nodes) - 1
    assert ("Start", "source", "Kind") in joins(both.graph)
    assert {"Sorry", "Sorry 2"} <= {n.title for n in both.graph.nodes.values()}
    lowest = max(n.y for n in present.graph.nodes.values())
    assert all(n.y > lowest for n in both.graph.nodes.values() if n.id not in present.graph.nodes)


def test_a_plan_is_read_from_rows_of_any_shape() -> None:
    plan = read_plan('{"steps": [{"id": "a b!", "kind": "if", "label": "X"}, {"id": "a b!"}], "links": [["a b", "c"]]}')
    assert [(n.key, n.type, n.title) for n in plan.nodes] == [("a_b", "if-else", "X"), ("a_b_2", "", "")]
    assert [(e.source, e.target) for e in plan.edges] == [("a_b", "c")]
