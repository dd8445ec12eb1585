"""Snippets of a workspace: what is kept of a selection, under which names, in which files, and what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EnvironmentProblem, UserError
from engine.model.clipboard import copy_nodes, ends_of, paste_nodes
from engine.model.graph import Graph
from engine.services import snippets as module
from engine.services.context import Services
from engine.services.snippets import LARGEST, Snippet, file_name, is_snippet_file
from engine.store.snippets import PREFIX
from tests.helpers.model import made
from tests.helpers.model import node as file_node

IF_ELSE = {"cases": [{"case_id": c, "logical_operator": "and", "conditions": []} for c in ("true", "second")]}


def node(
    node_id: str, x: float = 0, y: float = 0, node_type: str = "code", *, parent: str | None = None, **data: Any
) -> dict[str, Any]:
    found = file_node(node_id, node_type, x=x, y=y, parent=parent, **{"title": node_id, **data})
    return {**found, "type": "custom-note", "data": {**data, "type": "", "title": ""}} if node_type == "note" else found


def graph_of(*nodes: dict[str, Any], edges: tuple[tuple[str, ...], ...] = ()) -> Graph:
    return made(nodes, edges).graph


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    found = Services(tmp_path / "data")
    yield found
    found.close()


def text_of(graph: Graph, *ids: str) -> str:
    return copy_nodes(graph, list(ids or graph.nodes))


def chain() -> Graph:
    return graph_of(
        node("s", node_type="start"),
        node("a", 300),
        node("b", 600, title="Second"),
        node("room", 900, node_type="loop", start_node_id="in", width=600, height=300),
        node("in", 20, 60, "loop-start", parent="room"),
        node("c", 120, 60, parent="room"),
        edges=(("s", "a"), ("a", "b"), ("b", "room"), ("in", "c")),
    )


def names(services: Services) -> list[str]:
    return [s.name for s in services.snippets.all()]


def types(snippet: Snippet) -> list[str]:
    return [n["data"]["type"] for n in json.loads(snippet.text)["nodes"]]


def refusal(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(UserError) as caught:
        call(*arguments, **named)
    return caught.value.code


@pytest.mark.spec("editor.20")
def test_a_selection_is_kept_by_the_rules_of_copying(services: Services, tmp_path: Path) -> None:
    kept = services.snippets.save("  My   steps ", "What they do\nin two lines", text_of(chain()))
    assert (kept.name, kept.description) == ("My steps", "What they do\nin two lines")
    assert types(kept) == ["code", "code", "loop", "loop-start", "code"]  # no start, the container with its child
    assert kept.blocks == 4
    alone = services.snippets.save("Child alone", "", text_of(chain(), "c", "in"))
    assert types(alone) == ["code"]
    services.close()
    again = Services(tmp_path / "data")
    assert again.snippets.all() == [alone, kept]  # by name, and there after the program was closed
    again.close()


def test_names_are_unique_whatever_their_letters_case(services: Services) -> None:
    snippets = services.snippets
    first = snippets.save("Ask twice", "", text_of(chain(), "a"))
    assert refusal(snippets.save, "ASK  twice", "", text_of(chain(), "b")) == "snippet.taken"
    replaced = snippets.save("Ask Twice", "new", text_of(chain(), "b"), replacing=True)
    assert replaced.id == first.id
    assert [(s.name, s.description) for s in snippets.all()] == [("Ask Twice", "new")]
    assert "Second" in snippets.get(first.id).text
    other = snippets.save("Other", "", text_of(chain(), "a"))
    assert refusal(snippets.change, other.id, "ask twice", "") == "snippet.taken"
    assert snippets.change(other.id, "other", "its own name in other letters").name == "other"
    assert refusal(snippets.save, " \n\t ", "", text_of(chain(), "a")) == "snippet.name"
    assert refusal(snippets.change, other.id, "", "") == "snippet.name"


def test_what_was_deleted_comes_back_also_when_its_name_was_given_away(services: Services) -> None:
    snippets = services.snippets
    kept = snippets.save("One", "words", text_of(chain(), "a"))
    snippets.delete(kept.id)
    assert names(services) == []
    assert refusal(snippets.change, kept.id, "Two", "") == "snippet.gone"
    assert snippets.restore(kept) == kept
    snippets.delete(kept.id)
    snippets.save("one", "", text_of(chain(), "b"))
    assert snippets.restore(kept).name == "One 2"
    assert names(services) == ["one", "One 2"]


def test_refusals_change_nothing_and_say_why(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    snippets = services.snippets
    for text in ("", "words", "[1]", '{"kind": "dify-workflow-clipboard"}', text_of(chain(), "s") or "{}"):
        assert refusal(snippets.save, "Nothing", "", text) == "snippet.no_nodes"
    only_start = '{"kind":"dify-workflow-clipboard","version":1,"edges":[],"nodes":[' + json.dumps(
        {"id": "s", "type": "custom", "position": {"x": 0, "y": 0}, "data": {"type": "start", "title": "Start"}}
    )
    assert refusal(snippets.save, "Nothing", "", only_start + "]}") == "snippet.no_nodes"
    long = graph_of(node("a", code="x" * (LARGEST + 1)))
    assert refusal(snippets.save, "Too long", "", text_of(long)) == "snippet.too_large"
    wide = graph_of(node("a", code="字" * (LARGEST // 2)))  # three bytes each
    assert refusal(snippets.save, "Too long", "", text_of(wide)) == "snippet.too_large"
    assert names(services) == []
    monkeypatch.setattr(module, "MOST", 2)
    for name in ("One", "Two"):
        snippets.save(name, "", text_of(chain(), "a"))
    assert refusal(snippets.save, "Three", "", text_of(chain(), "a")) == "snippet.too_many"
    snippets.save("Two", "replacing needs no room", text_of(chain(), "a"), replacing=True)
    monkeypatch.setattr(module, "LARGEST_TOGETHER", 1000)
    assert refusal(snippets.save, "Two", "", text_of(chain()), replacing=True) == "snippet.too_large"
    assert names(services) == ["One", "Two"]


def test_values_of_secrets_are_never_kept(services: Services) -> None:
    variables = [
        {"label": "key", "var_type": "secret", "value": "hunter2"},
        {"label": "n", "var_type": "number", "value": 3},
        {"name": "deep", "inner": {"value_type": "secret", "value": ["hunter2"]}},
    ]
    kept = services.snippets.save("Secrets", "", text_of(graph_of(node("a", variables=variables))))
    assert "hunter2" not in kept.text
    found = json.loads(kept.text)["nodes"][0]["data"]["variables"]
    assert found[0] == {"label": "key", "var_type": "secret", "value": ""}
    assert found[1]["value"] == 3


def test_a_file_goes_to_another_workspace_without_the_accounts_of_this_one(services: Services, tmp_path: Path) -> None:
    graph = graph_of(
        node("t", node_type="tool", credential_id="account-of-here", tool_name="x", provider_id="p"),
        node("b", 300, title="结果"),
        edges=(("t", "b"),),
    )
    kept = services.snippets.save("工具 / two", "做什么", text_of(graph))
    file = tmp_path / file_name(kept.name)
    assert file.name == "工具 two.penstock-snippet.json"
    services.snippets.export_to(file, kept.id)
    assert "account-of-here" not in file.read_text("utf-8")
    # Any reader of the clipboard's form understands it.
    assert len(paste_nodes(Graph(), "workflow", file.read_text("utf-8"), 0, 0).nodes) == 2

    other = Services(tmp_path / "other")
    assert is_snippet_file(file)
    (arrived,), refused = other.snippets.import_files([file])
    assert (arrived.name, arrived.description, arrived.blocks, refused) == ("工具 / two", "做什么", 2, [])
    (second,), _ = other.snippets.import_files([file])
    assert second.name == "工具 / two 2"
    other.close()
    with pytest.raises(EnvironmentProblem):
        services.snippets.export_to(tmp_path / "no" / "folder.json", kept.id)
    assert refusal(services.snippets.export_to, file, "unknown") == "snippet.gone"


def test_plain_clipboard_text_is_a_snippet_and_other_files_say_what_they_are(
    services: Services, tmp_path: Path
) -> None:
    plain = tmp_path / "From the web.json"
    plain.write_text("\ufeff" + text_of(chain(), "a", "b"), "utf-8")
    other = tmp_path / "package.json"
    other.write_text('{"name": "package"}', "utf-8")
    broken = tmp_path / "broken.penstock-snippet.json"
    broken.write_bytes(b"\xff\xfe\x00")
    deep = tmp_path / "deep.penstock-snippet.json"
    deep.write_text("[" * 200_000, "utf-8")
    assert [is_snippet_file(f) for f in (plain, other, broken, tmp_path / "a.yml", tmp_path / "gone.json")] == [
        True,
        False,
        True,
        False,
        False,
    ]
    kept, refused = services.snippets.import_files([plain, other, broken, deep, tmp_path / "gone.json"])
    assert [s.name for s in kept] == ["From the web"]
    assert [name for name, _ in refused] == [other.name, broken.name, deep.name, "gone.json"]
    assert all(why for _, why in refused)


def test_hostile_rows_are_shown_as_damaged_and_spoil_no_other(services: Services) -> None:
    sound = services.snippets.save("Sound", "", text_of(chain(), "a"))
    turned = "\u202egnp.exe\u2066"
    rows: dict[str, Any] = {
        "list": [1, 2],
        "number": 7,
        "empty": {},
        "name": {"name": {"a": 1}, "description": 5, "text": "{}", "blocks": 2},
        "count": {"name": "Count", "text": "{}", "blocks": "many"},
        "less": {"name": "Less", "text": "{}", "blocks": -1},
        "turned": {"name": f"A\nB\x00{turned}" + "x" * 5000, "text": None, "blocks": 1},
    }
    for key, value in rows.items():
        services.settings.set(PREFIX + key, value)
    from sqlalchemy import text

    services.database.write(
        lambda c: c.execute(text("insert into settings values ('snippet:torn', '{\"name\": \"To')"))
    )
    found = {s.id: s for s in services.snippets.all()}
    assert len(found) == 9
    assert found[sound.id] == sound
    assert all(s.is_damaged for key, s in found.items() if key not in (sound.id, "name"))
    assert found["turned"].name.startswith("A Bgnp.exe")
    assert len(found["turned"].name) == 100
    assert found["name"].name == "?"
    with pytest.raises(UserError):
        found["name"].read("workflow")
    for key in found:
        services.snippets.delete(key)
    assert names(services) == []


def test_where_a_snippet_can_be_connected() -> None:
    def ends(graph: Graph, mode: str = "workflow") -> tuple[str | None, tuple[str, str] | None, int, int]:
        pasted = paste_nodes(Graph(), mode, text_of(graph), 0, 0)
        title = {n.id: n.title for n in pasted.nodes}
        found = ends_of(pasted)
        way_on = (title[found.way_on[0]], found.way_on[1]) if found.way_on else None
        return (title[found.entry] if found.entry else None), way_on, found.ways_in, found.ways_out

    assert ends(graph_of(node("a"), node("b"), edges=(("a", "b"),))) == ("a", ("b", "source"), 1, 1)
    assert ends(graph_of(node("a"), node("b"))) == (None, None, 2, 2)
    assert ends(graph_of(node("a"), node("n", node_type="note"))) == ("a", ("a", "source"), 1, 1)
    assert ends(graph_of(node("a"), node("e", node_type="end"), edges=(("a", "e"),))) == ("a", None, 1, 0)
    branches = graph_of(
        node("i", node_type="if-else", **IF_ELSE),
        node("a"),
        node("e", node_type="end"),
        node("f", node_type="end"),
        edges=(("i", "true", "a"), ("i", "second", "e"), ("i", "false", "f")),
    )
    assert ends(branches) == ("i", ("a", "source"), 1, 1)
    assert ends(graph_of(node("i", node_type="if-else", **IF_ELSE)))[1:] == (None, 1, 3)
    failing = node("a", error_strategy="fail-branch")
    assert ends(graph_of(failing)) == ("a", ("a", "source"), 1, 1)
    # What cannot stand in this kind of app counts for nothing.
    both = graph_of(node("a"), node("x", node_type="answer"), edges=(("a", "x"),))
    assert ends(both) == ("a", ("a", "source"), 1, 1)
    assert ends(both, "advanced-chat")[3] == 1


def test_of_many_who_give_one_name_at_once_one_wins(services: Services) -> None:
    text, codes = text_of(chain(), "a"), []
    services.snippets.all()

    def give() -> None:
        try:
            services.snippets.save("One name", "", text)
            codes.append("kept")
        except UserError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=give) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["kept", *["snippet.taken"] * 7]
    assert names(services) == ["One name"]
