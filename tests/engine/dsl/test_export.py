"""What an export writes, what it leaves out, and that the bytes are the same each time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from engine.dsl.write import file_name, to_tree, write
from engine.model.document import Document
from engine.model.edits import MoveNodes, SetApp, SetField
from tests.helpers.model import dsl, made, node, opened, tree

START_END = ([node("1", "start"), node("2", "end")], [("1", "2")])
SECRET = {"id": "s1", "name": "TOKEN", "value_type": "secret", "value": "sk-very-private", "description": ""}


def exported(workflow: Any, **more: Any) -> dict[str, Any]:
    return dict(yaml.safe_load(write(workflow, **more)))


def data_of(text_tree: dict[str, Any], node_id: str) -> dict[str, Any]:
    return dict(next(n["data"] for n in text_tree["workflow"]["graph"]["nodes"] if n["id"] == node_id))


@pytest.mark.spec("dsl.15")
def test_the_style_of_the_text() -> None:
    shared = {"a": 1, "b": [1, 2]}
    text = write(made(*START_END, features={"z": shared, "a": shared, "text_to_speech": {"enabled": False}}))

    def sorted_below(value: Any) -> bool:
        if isinstance(value, dict):
            return list(value) == sorted(value) and all(map(sorted_below, value.values()))
        return all(map(sorted_below, value)) if isinstance(value, list) else True

    assert sorted_below(yaml.load(text, yaml.CSafeLoader))
    assert "\r" not in text
    assert not text.startswith(("\ufeff", "---"))
    assert not text.rstrip().endswith("...")
    assert "&id" not in text
    assert "*id" not in text


@pytest.mark.spec("dsl.16")
def test_the_order_of_nodes_and_edges_is_kept() -> None:
    nodes = [node(n, "code") for n in ("5", "1", "9", "3")]
    written = exported(made(nodes, [("9", "3"), ("5", "1")]))["workflow"]["graph"]

    assert [n["id"] for n in written["nodes"]] == ["5", "1", "9", "3"]
    assert [(e["source"], e["target"]) for e in written["edges"]] == [("9", "3"), ("5", "1")]


@pytest.mark.spec("dsl.30", "dsl.31")
def test_secrets_stay_at_home_unless_asked_for() -> None:
    workflow = made(*START_END, environment_variables=[SECRET])

    assert workflow.secret_names == ["TOKEN"]
    assert "sk-very-private" not in write(workflow)
    assert exported(workflow)["workflow"]["environment_variables"][0]["value"] == ""
    assert exported(workflow, with_secrets=True)["workflow"]["environment_variables"][0]["value"] == "sk-very-private"


@pytest.mark.spec("dsl.33")
def test_credentials_of_tools_and_agents_go_without_the_tick() -> None:
    tools = {"type": "constant", "value": [{"provider_name": "x", "credential_id": "c2", "settings": {}}]}
    nodes = [node("1", "tool", credential_id="c1"), node("2", "agent", agent_parameters={"tools": tools})]
    workflow = made(nodes)

    without, kept = exported(workflow), exported(workflow, with_secrets=True)

    assert "credential_id" not in data_of(without, "1")
    assert data_of(without, "2")["agent_parameters"]["tools"]["value"] == [{"provider_name": "x", "settings": {}}]
    assert data_of(kept, "1")["credential_id"] == "c1"
    assert data_of(kept, "2")["agent_parameters"]["tools"] == tools


@pytest.mark.spec("dsl.34")
@pytest.mark.parametrize("with_secrets", [False, True])
def test_addresses_of_one_installation_are_blanked_always(with_secrets: bool) -> None:
    nodes = [
        node("1", "trigger-webhook", webhook_url="https://a", webhook_debug_url="https://b"),
        node("2", "trigger-plugin", subscription_id="sub"),
        node("3", "trigger-schedule", config={"cron": "1 2 3 4 5"}),
    ]
    written = exported(made(nodes), with_secrets=with_secrets)

    assert (data_of(written, "1")["webhook_url"], data_of(written, "1")["webhook_debug_url"]) == ("", "")
    assert data_of(written, "2")["subscription_id"] == ""
    assert data_of(written, "3")["config"] != {"cron": "1 2 3 4 5"}


@pytest.mark.spec("dsl.35")
def test_defaults_that_name_local_files_are_removed() -> None:
    local = {"transfer_method": "local_file", "upload_file_id": "u1"}
    remote = {"transfer_method": "remote_url", "url": "https://x/y.png"}
    variables = [
        {"variable": "a", "type": "file", "default": local},
        {"variable": "b", "type": "file", "default": remote},
        {"variable": "c", "type": "file-list", "default": [local, remote]},
        {"variable": "d", "type": "text-input", "default": "text"},
    ]

    written = data_of(exported(made([node("1", "start", variables=variables)])), "1")["variables"]

    assert [v.get("default") for v in written] == [None, remote, [remote], "text"]
    assert "default" not in written[0]


@pytest.mark.spec("dsl.36", "dsl.37")
def test_names_of_knowledge_bases_are_written_as_they_came() -> None:
    ids = ["3f0c2d1e-0000-4000-8000-000000000001", "unreadable=="]
    written = exported(made([node("1", "start"), node("2", "knowledge-retrieval", dataset_ids=ids)]))

    assert data_of(written, "2")["dataset_ids"] == ids


@pytest.mark.spec("dsl.38")
def test_dependencies_keep_order_and_values() -> None:
    dependencies = [
        {
            "current_identifier": None,
            "type": "marketplace",
            "value": {"marketplace_plugin_unique_identifier": "b/b:1@f"},
        },
        {"current_identifier": None, "type": "github", "value": {"repo": "a/a", "version": "1"}},
    ]

    assert exported(made(*START_END, top={"dependencies": dependencies}))["dependencies"] == dependencies


def test_optional_keys_that_the_file_lacks_are_not_added() -> None:
    written = exported(made(*START_END))

    assert set(written) == {"app", "kind", "version", "workflow"}
    assert set(written["workflow"]) == {"graph"}
    assert set(written["app"]) == {"name", "mode"}


@pytest.mark.spec("dsl.26")
def test_unknown_keys_at_every_level_survive_an_edit() -> None:
    source = tree(*START_END, features={"future": {"x": [1]}}, top={"novel": {"a": 1}}, strange=[1, 2])
    source["app"]["tag"] = "blue"
    source["workflow"]["graph"]["extra"] = True
    source["workflow"]["graph"]["viewport"] = {"x": 1, "y": 2, "zoom": 0.5, "tilt": 3}
    source["workflow"]["graph"]["nodes"][0]["wrapped"] = "kept"
    source["workflow"]["graph"]["nodes"][0]["data"]["inner"] = {"k": None}
    source["workflow"]["graph"]["edges"][0]["mood"] = "calm"
    source["workflow"]["graph"]["edges"][0]["data"]["why"] = "because"
    document = Document(opened(yaml.safe_dump(source)).workflow or made())

    document.apply(SetField("2", ("title",), "Other"))
    document.apply(MoveNodes({"1": (5, 6)}))
    written = to_tree(document.workflow)

    assert written["workflow"]["features"] == {"future": {"x": [1]}}
    assert (written["novel"], written["workflow"]["strange"], written["app"]["tag"]) == ({"a": 1}, [1, 2], "blue")
    graph = written["workflow"]["graph"]
    assert (graph["extra"], graph["viewport"]["tilt"]) == (True, 3)
    assert (graph["nodes"][0]["wrapped"], graph["nodes"][0]["data"]["inner"]) == ("kept", {"k": None})
    assert (graph["edges"][0]["mood"], graph["edges"][0]["data"]["why"]) == ("calm", "because")


@pytest.mark.spec("dsl.29")
def test_numbers_keep_their_kind_in_the_file() -> None:
    values = [{"name": n, "id": n, "value_type": "number", "value": v} for n, v in (("whole", 3), ("broken", 3.0))]
    text = write(made(*START_END, environment_variables=values))

    assert "value: 3\n" in text
    assert "value: 3.0\n" in text


@pytest.mark.spec("dsl.53", "logic.205")
def test_a_note_keeps_its_text_and_only_its_colour_changes() -> None:
    root = {"root": {"children": [{"type": "link", "url": "https://x", "format": 3}], "type": "root"}}
    note = node(
        "n", "", title="", theme="blue", text=json.dumps(root), author="", showAuthor=True, width=240, height=88
    )
    note |= {"type": "custom-note", "width": 240, "height": 88}
    document = Document(made([note, *START_END[0]], START_END[1]))
    before = to_tree(document.workflow)["workflow"]["graph"]["nodes"][0]

    document.apply(SetField("n", ("theme",), "pink"))

    after = to_tree(document.workflow)["workflow"]["graph"]["nodes"][0]
    assert after["data"]["text"] == json.dumps(root)
    assert after == {**before, "data": {**before["data"], "theme": "pink"}}


@pytest.mark.spec("dsl.52")
def test_containers_and_notes_keep_their_size() -> None:
    box = {**node("2", "loop", width=700, height=300), "width": 700, "height": 300}
    graph = made([node("1", "start"), box]).graph

    assert (graph.node("2").width, graph.node("2").height) == (700, 300)


@pytest.mark.spec("dsl.59")
@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("Support flow", "Support flow.yml"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j.yml"),
        ("con", "workflow_con.yml"),
        ("ends with dots...", "ends with dots.yml"),
        ("line\nbreak", "line_break.yml"),
        ("", "workflow.yml"),
        ("客服流程", "客服流程.yml"),
        ("字" * 300, "字" * 66 + ".yml"),
    ],
)
def test_the_file_name_is_legal_everywhere(name: str, offered: str) -> None:
    workflow = made(*START_END)

    assert file_name(replace(workflow, app=replace(workflow.app, name=name))) == offered


@pytest.mark.spec("dsl.60")
def test_the_original_bytes_are_at_hand() -> None:
    source = b"\xef\xbb\xbf" + dsl(*START_END).replace("\n", "\r\n").encode()

    assert opened(source).original == source


@pytest.mark.spec("dsl.41")
@pytest.mark.parametrize("mode", ["chat", "agent-chat", "completion"])
def test_apps_without_a_graph_are_kept_as_they_are(mode: str) -> None:
    config = {
        "pre_prompt": "Be kind.",
        "model": {"provider": "openai", "name": "m"},
        "user_input_form": [],
        "odd": {"x": 1},
    }
    source = {
        "app": {"name": "C", "mode": mode, "icon": "x"},
        "kind": "app",
        "version": "0.1.5",
        "model_config": config,
    }

    workflow = opened(yaml.safe_dump(source)).workflow

    assert workflow is not None
    assert not workflow.has_graph
    assert workflow.model_config == config
    assert to_tree(workflow) == source


def test_another_version_can_be_written() -> None:
    workflow = made(*START_END, version="0.1.5")

    assert exported(workflow)["version"] == "0.1.5"
    assert exported(workflow, version="0.7.0")["version"] == "0.7.0"
    assert exported(workflow, keep_version=False)["version"] == "0.6.0"
    packed = made(*START_END, version="0.1.5", top={"agent_packages": {}})
    assert exported(packed, keep_version=False)["version"] == "0.7.0"


def test_a_renamed_pipeline_carries_its_new_name() -> None:
    pipeline = {
        "kind": "rag_pipeline",
        "version": "0.1.0",
        "rag_pipeline": {"name": "Docs", "icon_url": "u", "icon": "📙"},
    }
    graph = {"graph": {"nodes": [node("1", "datasource"), node("2", "knowledge-index")], "edges": []}}
    document = Document(opened(yaml.safe_dump({**pipeline, "workflow": graph})).workflow or made())
    assert to_tree(document.workflow)["rag_pipeline"] == pipeline["rag_pipeline"]

    document.apply(SetApp("name", "Papers"))

    assert to_tree(document.workflow)["rag_pipeline"] == {"name": "Papers", "icon_url": "u", "icon": "📙"}


@pytest.mark.spec("logic.206", "dsl.18")
def test_placeholders_of_the_canvas_are_left_out_with_their_edges() -> None:
    written = exported(made([node("1", "start-placeholder"), node("2", "end")], [("1", "2")]))

    assert [n["id"] for n in written["workflow"]["graph"]["nodes"]] == ["2"]
    assert written["workflow"]["graph"]["edges"] == []


def test_a_lone_half_of_a_sign_does_not_break_the_file() -> None:
    workflow = made(*START_END)
    odd = replace(workflow, app=replace(workflow.app, description="a\ud83eb"))

    assert write(odd).encode("utf-8")


def test_control_characters_and_long_texts_come_back() -> None:
    for text in ("tab\there", "bell\x07", "cr\rlf\n", "x" * 500 + " " + "y" * 500, "  lead", "trail  ", "🤖 é \u2028"):
        workflow = made([node("1", "answer", answer=text)])
        again = opened(write(workflow)).workflow
        assert again is not None
        assert again.graph.node("1").data["answer"] == text
