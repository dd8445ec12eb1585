"""What a file must be to be imported, what it is told when it is not, and which version gate it meets."""

from __future__ import annotations

import time
import tracemalloc

import pytest
import yaml

from engine.dsl.read import read
from engine.dsl.text import LARGEST_FILE
from engine.model.refs import available_variables
from tests.helpers.model import codes, dsl, made, node, notices, opened, tree

START_END = ([node("1", "start"), node("2", "end")], [("1", "2")])


@pytest.mark.spec("dsl.1")
def test_a_file_of_the_bare_minimum_is_taken_as_the_first_version() -> None:
    result = opened("app: {mode: workflow, name: Bare}\nworkflow: {graph: {nodes: [], edges: []}}\n")

    assert result.workflow is not None
    assert (result.workflow.app.name, result.workflow.dsl_version) == ("Bare", "0.1.0")
    assert result.status == "completed-with-warnings"
    assert "version.missing" in [p.code for p in result.problems if p.severity == "warning"]


@pytest.mark.spec("dsl.2")
def test_another_kind_is_read_as_an_app_and_named() -> None:
    result = opened(dsl(*START_END, top={"kind": "graph"}))

    assert result.workflow is not None
    assert result.workflow.kind == "app"
    assert any("graph" in n.message for n in result.notices if n.code == "import.kind")


@pytest.mark.spec("dsl.3")
@pytest.mark.parametrize(("written", "quoted"), [("0.7", "'0.7'"), ("1", "'1'")])
def test_a_number_as_version_is_refused_with_the_cure(written: str, quoted: str) -> None:
    text = dsl(*START_END).replace("version: 0.7.0", f"version: {written}")

    result = read(text)

    assert result.workflow is None
    problem = next(p for p in result.problems if p.code == "version.type")
    assert quoted in problem.hint
    assert problem.line == text[: text.index("version:")].count("\n") + 1


@pytest.mark.spec("dsl.4")
@pytest.mark.parametrize("dependencies", [{}, {"dependencies": []}])
def test_an_unreadable_version_is_refused(dependencies: dict[str, object]) -> None:
    result = read(dsl(*START_END, version="abc", top=dependencies))

    assert (result.status, codes(result)) == ("failed", ["version.unparseable"])


@pytest.mark.spec("dsl.5")
@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("0.6.0", "completed-with-warnings"),
        ("0.1.5", "completed-with-warnings"),
        ("0.7.0", "completed"),
        ("0.7", "completed"),
        ("0.7.1", "pending"),
        ("0.8.0", "pending"),
        ("1.0.0", "pending"),
    ],
)
def test_the_version_decides_what_the_person_is_asked(version: str, status: str) -> None:
    assert opened(dsl(*START_END, version=version)).status == status


@pytest.mark.spec("dsl.7")
def test_a_newer_file_gives_the_same_workflow_as_one_of_today() -> None:
    newer = opened(dsl(*START_END, version="0.9.0")).workflow
    today = made(*START_END)

    assert newer is not None
    assert (newer.graph, newer.app, newer.features) == (today.graph, today.app, today.features)


@pytest.mark.spec("dsl.9")
def test_the_largest_file_is_ten_mebibytes() -> None:
    text = dsl(*START_END, features={"opening_statement": "x"})
    filler = "y" * (LARGEST_FILE - len(text.encode()) - len("# \n") - 1)
    fits = f"# {filler}\n{text}".encode()
    assert len(fits) == LARGEST_FILE - 1

    assert opened(fits)
    result = read(fits + b"##")

    assert codes(result) == ["parse.too_large"]
    assert "10 MiB" in result.problems[0].message


@pytest.mark.spec("dsl.10")
@pytest.mark.parametrize(
    ("text", "word"), [("- 1\n- 2\n", "a list"), ("hello", "text"), ("", "nothing"), ("42", "value")]
)
def test_something_else_than_a_mapping_is_refused(text: str, word: str) -> None:
    result = read(text)

    assert codes(result) == ["parse.expected_mapping"]
    assert "must be a mapping" in result.problems[0].message
    assert word in result.problems[0].message


@pytest.mark.spec("dsl.11")
def test_a_syntax_error_says_line_and_column() -> None:
    result = read("app:\n  name: a: b\n")

    (problem,) = result.problems
    assert (problem.code, problem.line, problem.column) == ("parse.invalid_yaml", 2, 10)
    assert "quotes" in problem.hint


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"app": None}, "app.missing"),
        ({"app": {"name": "x"}}, "app.mode_missing"),
        ({"app": {"name": "x", "mode": "poem"}}, "app.mode_unknown"),
        ({"app": {"name": "x", "mode": "channel"}}, "app.mode_unsupported"),
        ({"workflow": None}, "workflow.missing"),
        ({"workflow": {"graph": []}}, "graph.invalid"),
        ({"workflow": {"graph": {"nodes": {}}}}, "graph.invalid_nodes"),
        ({"workflow": {"graph": {"nodes": [], "edges": "x"}}}, "graph.invalid_edges"),
        ({"workflow": {"graph": {"nodes": ["x"]}}}, "graph.invalid_node"),
        ({"workflow": {"graph": {"nodes": [{"id": "", "data": {"type": "end"}}]}}}, "graph.invalid_node_id"),
        ({"workflow": {"graph": {"nodes": [{"id": "1"}]}}}, "graph.invalid_node_data"),
        ({"workflow": {"graph": {"nodes": [{"id": "1", "data": {"type": 5}}]}}}, "graph.invalid_node_type"),
    ],
)
def test_each_missing_part_has_its_own_message_and_place(change: dict[str, object], code: str) -> None:
    result = read(yaml.safe_dump({**tree(*START_END), **change}))

    assert code in codes(result)
    assert all(p.line and p.column and p.message for p in result.problems)


@pytest.mark.spec("dsl.27")
def test_variables_get_an_id_and_a_selector_but_need_a_value() -> None:
    entry = {"name": "limit", "value_type": "number", "value": 3}
    first = opened(dsl(*START_END, environment_variables=[entry])).workflow
    again = opened(dsl(*START_END, environment_variables=[entry])).workflow

    assert first is not None
    assert again is not None
    variable = first.environment_variables[0]
    assert len(variable.id) == 36
    assert variable.id == again.environment_variables[0].id
    groups = {group.source: group.variables for group in available_variables(first, "2")}
    assert [v.selector for v in groups["env"]] == [("env", "limit")]

    result = read(dsl(*START_END, environment_variables=[{"name": "limit", "value_type": "number"}]))
    assert codes(result) == ["runtime_variables.no_value"]
    assert "limit" in result.problems[0].message


@pytest.mark.spec("dsl.28")
def test_two_variables_of_one_name_are_refused() -> None:
    twice = [{"name": "key", "value_type": "string", "value": "1", "id": "a"}] * 2

    result = read(dsl(*START_END, environment_variables=twice))

    assert codes(result) == ["runtime_variables.duplicate"]
    assert "key" in result.problems[0].message


@pytest.mark.spec("dsl.29")
def test_whole_and_broken_numbers_keep_their_kind() -> None:
    values = [{"name": n, "id": n, "value_type": "number", "value": v} for n, v in (("whole", 3), ("broken", 3.0))]
    workflow = made(*START_END, environment_variables=values)

    assert [type(v.value) for v in workflow.environment_variables] == [int, float]


@pytest.mark.parametrize("value", ["x" * 204_801, "é" * 150_000])
def test_a_variable_over_200_kib_is_refused(value: str) -> None:
    entry = {"name": "long", "value_type": "string", "value": value, "id": "1"}

    assert codes(read(dsl(*START_END, environment_variables=[entry]))) == ["runtime_variables.too_large"]


def test_a_variable_of_an_unknown_type_is_refused_by_name() -> None:
    entry = {"name": "odd", "value_type": "matrix", "value": 1, "id": "1"}

    result = read(dsl(*START_END, conversation_variables=[entry]))

    assert codes(result) == ["runtime_variables.type"]
    assert "odd" in result.problems[0].message


def test_generated_variables_in_other_words_are_understood() -> None:
    entry = {"key": "MAX", "name": "Most tries", "type": "number", "default": "3"}

    result = opened(dsl(*START_END, environment_variables=[entry]))

    assert result.workflow is not None
    variable = result.workflow.environment_variables[0]
    assert (variable.name, variable.value, variable.description) == ("MAX", "3", "Most tries")
    assert "repair.variable" in notices(result)


@pytest.mark.spec("dsl.42")
def test_an_agent_package_must_be_in_the_file() -> None:
    agent = {"app": {"name": "A", "mode": "agent"}, "kind": "app", "version": "0.7.0", "agent": {"package_ref": "a1"}}
    packages = {"agent_packages": {"a1": {"schema_version": 1, "metadata": {"name": "n"}}}}

    result = opened(yaml.safe_dump({**agent, **packages}))
    assert result.workflow is not None
    assert result.workflow.payload["agent_packages"] == packages["agent_packages"]

    missing = read(yaml.safe_dump(agent))
    assert codes(missing) == ["agent.package_missing"]
    assert "a1" in missing.problems[0].message

    bound = node("9", "agent", agent_binding={"binding_type": "inline_agent", "package_ref": "b2"})
    inside = read(dsl([*START_END[0], bound], START_END[1]))
    assert codes(inside) == ["agent.package_missing"]
    assert inside.problems[0].node_id == "9"
    assert opened(dsl([*START_END[0], bound], START_END[1], top={"agent_packages": {"b2": {}}}))


@pytest.mark.spec("dsl.43")
def test_a_pipeline_needs_its_knowledge_node() -> None:
    pipeline = {"kind": "rag_pipeline", "version": "0.1.0", "rag_pipeline": {"name": "Docs", "icon": "📙"}}
    graph = {"graph": {"nodes": [node("1", "datasource")], "edges": []}}

    refused = read(yaml.safe_dump({**pipeline, "workflow": graph}))
    assert codes(refused) == ["pipeline.no_index"]

    graph["graph"]["nodes"].append(node("2", "knowledge-index"))
    result = opened(yaml.safe_dump({**pipeline, "workflow": graph}))
    assert result.workflow is not None
    assert (result.workflow.mode, result.workflow.app.name, result.status) == ("rag_pipeline", "Docs", "completed")


@pytest.mark.spec("dsl.46")
def test_start_and_trigger_together_are_refused_with_both_titles() -> None:
    nodes = [node("1", "start", title="Begin"), node("2", "trigger-webhook", title="Hook")]

    result = read(dsl(nodes))

    assert codes(result) == ["START_WITH_TRIGGER"]
    assert "Begin" in result.problems[0].message
    assert "Hook" in result.problems[0].message


@pytest.mark.spec("dsl.47")
def test_edges_to_nowhere_go_and_doubled_ids_change() -> None:
    nodes = [node("1", "start"), node("2", "end"), node("3", "end")]
    source = tree(nodes, [("1", "2"), ("1", "3"), ("1", "9"), ("8", "2")])
    source["workflow"]["graph"]["edges"][1]["id"] = source["workflow"]["graph"]["edges"][0]["id"]

    result = opened(yaml.safe_dump(source))

    assert result.workflow is not None
    edges = result.workflow.graph.edges
    assert len(edges) == 2
    assert {e.target for e in edges.values()} == {"2", "3"}
    lost = next(n for n in result.notices if n.code == "import.edges_lost")
    assert (lost.count, "2" in lost.message) == (2, True)
    assert "import.edges_renamed" in notices(result)


@pytest.mark.spec("dsl.49")
def test_numeric_ids_are_words() -> None:
    text = """
app: {mode: workflow, name: Numbers}
kind: app
version: 0.7.0
workflow:
  graph:
    nodes:
    - {id: 1001, data: {type: start, title: A}, position: {x: 0, y: 0}}
    - {id: 1002, data: {type: if-else, title: B, cases: []}, position: {x: 0, y: 0}}
    - id: 1003
      data: {type: end, title: C, outputs: [{variable: v, value_selector: [1001, q]}]}
      position: {x: 0, y: 0}
    edges:
    - {source: 1001, target: 1002}
    - {source: 1002, target: 1003, sourceHandle: false}
"""
    workflow = opened(text).workflow

    assert workflow is not None
    assert list(workflow.graph.nodes) == ["1001", "1002", "1003"]
    assert [(e.source, e.source_handle, e.target) for e in workflow.graph.edges.values()] == [
        ("1001", "source", "1002"),
        ("1002", "false", "1003"),
    ]
    assert workflow.graph.node("1003").field(("outputs", 0, "value_selector")) == ["1001", "q"]


@pytest.mark.spec("dsl.50")
def test_a_doubled_node_id_is_refused_by_name() -> None:
    result = read(dsl([node("7", "start", title="One"), node("7", "end", title="Two")]))

    assert codes(result) == ["graph.duplicate_node_id"]
    problem = result.problems[0]
    assert problem.node_id == "7"
    assert "One" in problem.message
    assert problem.line is not None


@pytest.mark.spec("dsl.54")
def test_carriage_returns_and_a_byte_order_mark_do_no_harm() -> None:
    text = dsl(*START_END)

    assert opened(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()).workflow == made(*START_END)


def test_text_that_is_not_utf8_is_told_with_its_place() -> None:
    result = read(b"app:\n  name: \xff\xfe\n")

    (problem,) = result.problems
    assert (problem.code, problem.line, problem.column) == ("parse.not_utf8", 2, 9)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
)


@pytest.mark.spec("dsl.55")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "parse.too_many_values"),
        ("a: " + "[" * 10_000 + "]" * 10_000, "parse.too_deep"),
        ("\n".join("  " * n + "a:" for n in range(1_000)), "parse.too_deep"),
        ("a: !!python/object/apply:os.system [ls]", "parse.unsafe_tag"),
        ("a: !!python/name:os.system", "parse.unsafe_tag"),
        ("a: !thing {}", "parse.unsafe_tag"),
        ("a: &a [*a]", "parse.bad_alias"),
        ("? [1, 2]\n: x", "parse.bad_key"),
        ("a: 1\n---\nb: 2\n", "parse.several_documents"),
    ],
    ids=["bomb", "flow", "block", "call", "name", "tag", "self", "key", "two"],
)
def test_dangerous_files_are_refused_fast_and_small(text: str, code: str) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    result = read(text)
    took = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert codes(result) == [code]
    assert result.problems[0].line is not None
    assert took < 1.0
    assert peak < 200_000_000


def test_odd_scalars_stay_plain_and_dates_stay_text() -> None:
    text = dsl(*START_END, features={"opening_statement": "DATE"}).replace("DATE", "2024-01-02")
    workflow = opened(text).workflow

    assert workflow is not None
    assert workflow.features["opening_statement"] == "2024-01-02"


def test_a_key_that_yaml_takes_for_a_truth_value_stays_a_word() -> None:
    workflow = opened(dsl(*START_END, features={"x": {}}).replace("x: {}", "x: {on: 1, 5: 2}")).workflow

    assert workflow is not None
    assert workflow.features["x"] == {"on": 1, "5": 2}


def test_the_last_of_two_equal_keys_counts() -> None:
    workflow = opened("app: {mode: workflow, name: A, name: B}\nworkflow: {graph: {nodes: [], edges: []}}").workflow

    assert workflow is not None
    assert workflow.app.name == "B"


@pytest.mark.parametrize(
    ("written", "meant"), [("\\ud83e\\udd16", "🤖"), ("\\ud83e", "\ufffd"), ("\\\\ud83e", "\\ud83e")]
)
def test_escapes_split_in_two_halves_are_joined(written: str, meant: str) -> None:
    text = 'app: {mode: workflow, name: "NAME"}\nworkflow: {graph: {nodes: [], edges: []}}'

    workflow = opened(text.replace("NAME", written)).workflow

    assert workflow is not None
    assert workflow.app.name == meant


def test_yaml_wrapped_in_a_json_answer_is_unwrapped() -> None:
    import json

    result = opened(json.dumps({"data": dsl(*START_END)}))

    assert result.workflow == made(*START_END)
    assert "import.envelope" in notices(result)


def test_a_json_file_is_yaml_too() -> None:
    import json

    assert opened(json.dumps(tree(*START_END))).workflow == made(*START_END)


@pytest.mark.spec("dsl.17", "dsl.19")
def test_marks_of_a_running_editor_are_left_out() -> None:
    start = node("1", "start", _runningStatus="running", _isBundled=True)
    ghost = node("3", "code", _isTempNode=True)
    source = tree([start, node("2", "end"), ghost], [("1", "2"), ("1", "3")])
    source["workflow"]["graph"]["edges"][0]["data"]["_runned"] = True
    source["workflow"]["graph"]["edges"].append(
        {"id": "t", "source": "1", "target": "2", "sourceHandle": "source", "data": {"_isTemp": True}}
    )

    workflow = opened(yaml.safe_dump(source)).workflow

    assert workflow is not None
    assert list(workflow.graph.nodes) == ["1", "2"]
    assert len(workflow.graph.edges) == 1
    for part in (*workflow.graph.nodes.values(), *workflow.graph.edges.values()):
        assert not [key for key in part.data if key.startswith("_")]


@pytest.mark.spec("dsl.37")
def test_knowledge_bases_of_another_workspace_stay_and_are_reported() -> None:
    ids = ["3f0c2d1e-0000-4000-8000-000000000001", "bm90IGEgdXVpZCBhdCBhbGwuLi4="]
    result = opened(dsl([node("1", "start"), node("2", "knowledge-retrieval", dataset_ids=ids)], [("1", "2")]))

    assert result.workflow is not None
    assert result.workflow.graph.node("2").data["dataset_ids"] == ids
    told = next(n for n in result.notices if n.code == "import.datasets")
    assert (told.node_id, told.count) == ("2", 1)
