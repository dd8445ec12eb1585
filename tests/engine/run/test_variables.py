"""Segments, the pool, templates, files and cutting (engine spec, sections 6 and 7; statements 75 to 87)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.run.drafts import draft_values
from engine.run.limits import Limits
from engine.run.records import RETRY_HISTORY, Records, facts_of, fold_rows
from engine.run.variables.files import File, FileProblem, file_from_mapping, infer_type, input_value, is_file_mapping
from engine.run.variables.pool import SelectorProblem, VariablePool
from engine.run.variables.segments import (
    SecretSegment,
    SegmentProblem,
    build_segment,
    build_with_type,
    is_valid,
    plain,
    zero_value,
)
from engine.run.variables.templates import references, render
from engine.run.variables.truncation import Truncator
from tests.helpers.run import Done, build, end, run, stub

IMAGE = File("image", "remote_url", remote_url="http://h/a.png", filename="a.png", extension=".png", size=3)
PAPER = File("document", "local_file", reference="r1", filename="p.pdf", extension=".pdf", mime_type="application/pdf")


def pool(**values: Any) -> VariablePool:
    found = VariablePool()
    for name, value in values.items():
        found.add(("n", name), value)
    return found


@pytest.mark.spec("engine.75")
@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "none"),
        ("x", "string"),
        (True, "boolean"),
        (1, "integer"),
        (1.5, "float"),
        ({"a": 1}, "object"),
        (IMAGE, "file"),
        ([], "array[any]"),
        (["a"], "array[string]"),
        ([{"a": 1}], "array[object]"),
        ([IMAGE], "array[file]"),
        ([True, False], "array[boolean]"),
        ([1, 2], "array[number]"),
        ([1, 2.5], "array[number]"),
        ([None], "array[any]"),
        ([[1]], "array[any]"),
        ([True, 1], "array[any]"),
        ([IMAGE, 1], "array[any]"),
    ],
)
def test_inference(value: Any, wanted: str) -> None:
    assert build_segment(value).type == wanted


@pytest.mark.spec("engine.75")
def test_values_that_are_nothing() -> None:
    with pytest.raises(SegmentProblem, match="not supported value"):
        build_segment(object())


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("number", 1, "integer"),
        ("number", 1.5, "float"),
        ("array[string]", [], "array[string]"),
        ("string", "x", "string"),
        ("none", None, "none"),
        ("secret", "x", "secret"),
        ("array[any]", ["x"], "array[any]"),
    ],
)
def test_building_with_a_type(kind: str, value: Any, wanted: str) -> None:
    assert build_with_type(kind, value).type == wanted


@pytest.mark.parametrize(("kind", "value"), [("string", None), ("string", 1), ("object", []), ("array[number]", ["x"])])
def test_building_with_the_wrong_type(kind: str, value: Any) -> None:
    with pytest.raises(SegmentProblem):
        build_with_type(kind, value)


def test_validity_and_zero_values() -> None:
    assert is_valid("integer", 1.5)
    assert is_valid("array[any]", [1, "x"])
    assert not is_valid("array[string]", ["x", 1])
    assert zero_value("number").value == 0
    assert zero_value("array[object]").type == "array[object]"
    with pytest.raises(SegmentProblem):
        zero_value("array[file]")


@pytest.mark.spec("engine.76")
@pytest.mark.parametrize(
    ("value", "text", "markdown", "log"),
    [
        (None, "", "", ""),
        ("a", "a", "a", "a"),
        (5, "5", "5", "5"),
        (1.0, "1.0", "1.0", "1.0"),
        (True, "True", "True", "True"),
        ({"ä": 1}, '{"ä": 1}', '{\n  "ä": 1\n}', '{\n  "ä": 1\n}'),
        (["ä", "b"], '["ä", "b"]', "- ä\n- b", "['ä', 'b']"),
        ([1, 2.5], "[1, 2.5]", "- 1\n- 2.5", "[1, 2.5]"),
        ([{"a": 1}], "[{'a': 1}]", "- {'a': 1}", "[{'a': 1}]"),
        ([None], "[None]", "- None", "[None]"),
        ([], "", "", "[]"),
        (IMAGE, "", "![a.png](http://h/a.png)", ""),
        (PAPER, "", "[p.pdf]()", ""),
        ([IMAGE, IMAGE], "", "![a.png](http://h/a.png)\n![a.png](http://h/a.png)", ""),
    ],
)
def test_renderings(value: Any, text: str, markdown: str, log: str) -> None:
    segment = build_segment(value)
    assert (segment.text, segment.markdown, segment.log) == (text, markdown, log)


@pytest.mark.spec("engine.77")
def test_references_that_reach_nothing() -> None:
    values = pool(s="text", null=None)
    assert render("{{#n.zz#}}", values).text == "n.zz"
    assert render("{{#n.s.x#}}", values).text == "n.s.x"
    assert render("[{{#n.null#}}]", values).text == "[]"


@pytest.mark.spec("engine.78")
def test_literal_text_is_literal() -> None:
    assert render("n.s", pool(s="text")).text == "n.s"


@pytest.mark.spec("engine.79")
@pytest.mark.parametrize("text", ["{{# n.s #}}", "{{n.s}}", "{{#n#}}", "{{#n-1.s#}}", "{{#n.1x#}}", "{{#n.s\n#}}"])
def test_what_is_no_reference(text: str) -> None:
    assert render(text, pool(s="text")).text == text
    assert references(text) == []


@pytest.mark.spec("engine.80")
@pytest.mark.parametrize("node_id", ["a" * 51, "a-b"])
def test_ids_that_cannot_be_referenced(node_id: str) -> None:
    values = VariablePool()
    values.add((node_id, "s"), "text")
    text = f"{{{{#{node_id}.s#}}}}"
    assert render(text, values).text == text
    assert render(f"{{{{#{'a' * 50}.s#}}}}", values).text == "a" * 50 + ".s"


@pytest.mark.spec("engine.81")
def test_reading_into_values() -> None:
    values = pool(o={"a": 1, "null": None}, arr=["first"], deep={"a": [{"b": 2}]})
    assert values.get_value(("n", "o", "a")) == 1
    assert values.get(("n", "o", "zz")) is None
    null = values.get(("n", "o", "null"))
    assert null is not None
    assert null.type == "none"
    assert values.get_value(("n", "arr", "0")) == "first"
    assert values.get(("n", "arr", "9")) is None
    assert values.get(("n", "arr", "length")) is None
    assert values.get_value(("n", "deep", "a", "0", "b")) == 2
    assert values.get(("n",)) is None


@pytest.mark.spec("engine.82")
def test_file_attributes() -> None:
    values = pool(f=PAPER, fs=[PAPER], i=IMAGE)
    found = {name: values.get_value(("n", "f", name)) for name in ("type", "size", "name", "mime_type", "extension")}
    assert found == {
        "type": "document",
        "size": -1,
        "name": "p.pdf",
        "mime_type": "application/pdf",
        "extension": ".pdf",
    }
    assert values.get_value(("n", "f", "transfer_method")) == "local_file"
    assert values.get_value(("n", "f", "related_id")) == "r1"
    assert values.get_value(("n", "i", "url")) == "http://h/a.png"
    assert values.get_value(("n", "f", "name", "more")) == "p.pdf"
    assert values.get(("n", "f", "bogus")) is None
    assert values.get(("n", "fs", "name")) is None
    with pytest.raises(FileProblem):
        values.get(("n", "f", "url"))


@pytest.mark.spec("engine.83")
@pytest.mark.parametrize("selector", [("n",), ("n", "a", "b"), ()])
def test_writing_needs_two_parts(selector: tuple[str, ...]) -> None:
    with pytest.raises(SelectorProblem):
        VariablePool().add(selector, 1)


SECRET = "sk-1234567890"


def with_secret() -> Done:
    environment = [
        {"name": "key", "value_type": "secret", "value": SECRET},
        {"name": "short", "value_type": "secret", "value": "abc"},
        {"name": "plain", "value_type": "string", "value": "shown"},
    ]
    graph = build("start -> a -> end", a=stub(echo=["env", "key"], chunks=[]), end=end(x="a.text", p="env.plain"))
    return run(graph, environment=environment, q="hi")


@pytest.mark.spec("engine.84")
def test_secrets_are_clear_inside_and_masked_outside() -> None:
    assert SecretSegment(SECRET).text == SECRET
    assert SecretSegment(SECRET).log == "sk-123" + "*" * 12 + "90"
    assert SecretSegment("12345678").log == "*" * 20
    assert SecretSegment("").log == ""
    done = with_secret()
    assert done.handle.pool.get_value(("a", "text")) == SECRET
    assert SECRET not in repr(done.events)
    assert SECRET not in repr(done.summary)
    assert done.outputs["x"] == "sk-123" + "*" * 12 + "90"
    assert done.outputs["p"] == "shown"
    assert done.ended("a")["masked"] is True
    start = done.ended("start")
    assert "env" not in repr(start["outputs"])
    assert not any(key.startswith("env") for key in start["inputs"])


@pytest.mark.spec("engine.85")
def test_file_round_trip() -> None:
    dumped = plain(PAPER)
    assert is_file_mapping(dumped)
    assert dumped["related_id"] == "r1"
    assert file_from_mapping(dumped).related_id == "r1"
    values = pool(f=PAPER, fs=[PAPER, IMAGE])
    again = VariablePool.load(values.dump())
    kinds = {name: segment.type for name, segment in again.node("n").items()}
    assert kinds == {"f": "file", "fs": "array[file]"}
    assert again.get_value(("n", "f")) == PAPER


@pytest.mark.spec("engine.86")
@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"type": "image", "transfer_method": "remote_url", "remote_url": "ftp://x"}, "Invalid file url"),
        ({"type": "image", "transfer_method": "remote_url"}, "Missing file url"),
        ({"type": "image", "transfer_method": "local_file"}, "Missing file reference"),
        ({"type": "image", "transfer_method": "local_file", "reference": "r", "odd": 1}, "odd"),
        (
            {"type": "image", "transfer_method": "local_file", "reference": "r", "id": "a", "file_id": "b"},
            "contradicts",
        ),
    ],
)
def test_files_that_are_none(mapping: dict[str, Any], words: str) -> None:
    with pytest.raises(FileProblem, match=words):
        file_from_mapping(mapping)


def test_files_from_users() -> None:
    found = input_value({"type": "image", "transfer_method": "local_file", "upload_file_id": "u1", "url": ""})
    assert isinstance(found, File)
    assert found.reference == "u1"
    both = [{"type": "image", "transfer_method": "remote_url", "url": "http://x"}] * 2
    assert all(isinstance(f, File) for f in input_value(both))
    assert input_value([both[0], 1]) == [both[0], 1]


@pytest.mark.parametrize(
    ("extension", "mime", "wanted"),
    [
        (".PNG", None, "image"),
        ("md", None, "document"),
        (None, "audio/ogg; codecs=x", "audio"),
        (None, "application/vnd.openxmlformats-officedocument.x", "document"),
        ("zip", "application/zip", "custom"),
    ],
)
def test_kinds_of_files(extension: str | None, mime: str | None, wanted: str) -> None:
    assert infer_type(extension, mime) == wanted


@pytest.mark.spec("engine.87")
def test_large_values_are_cut_in_records_only() -> None:
    medium, huge = "m" * 150_000, "h" * 2_000_000
    done = run(build("start -> a -> b", a=stub(outs={"x": medium}), b=stub(outs={"x": huge})))
    assert done.handle.pool.get_value(("b", "x")) == huge
    records = Records(facts_of(done.request))
    changes = [change for event in done.events for change in records.apply(event)]
    rows = {row["node_id"]: row for row in fold_rows(changes)["node"].values()}
    assert rows["a"]["outputs"] == {"x": medium}
    assert rows["a"]["outputs_truncated"] is False
    assert rows["b"]["outputs"] == {"x": "h" * 100_000 + "..."}
    assert rows["b"]["outputs_truncated"] is True
    assert next(c.whole for c in changes if c.whole)["outputs"] == {"x": huge}
    (draft,) = draft_values(done.ended("a"))
    assert draft.value == "m" * 99_995 + "..."
    assert (draft.editable, draft.whole) == (False, medium)
    assert RETRY_HISTORY not in rows["a"]["process_data"]


def test_cutting_lists_objects_and_mappings() -> None:
    cutter = Truncator(Limits(record_max_size=100, record_string_length=50, record_array_items=3))
    assert cutter.truncate([1, 2, 3, 4]).value == [1, 2, 3]
    assert cutter.truncate({"a": 1}).truncated is False
    cut = cutter.truncate({"b": "x" * 300, "a": "short"})
    assert cut.truncated
    assert cut.value["a"] == "short"
    many = cutter.truncate_mapping({f"k{i}": "v" * 20 for i in range(10)})
    assert many.truncated
    assert many.value["k9"] == "..."


def test_copies_are_independent_both_ways() -> None:
    one = pool(a=1)
    two = one.copy()
    two.add(("n", "a"), 2)
    one.add(("n", "b"), 3)
    assert (one.get_value(("n", "a")), two.get_value(("n", "a"))) == (1, 2)
    assert two.get(("n", "b")) is None
    two.remove(["n"])
    assert one.has(("n", "a"))


def test_system_values_through_the_root() -> None:
    values = VariablePool()
    values.add(("sys", "query"), "hello")
    values.add(("env", "k"), "x")
    assert values.get_value(("start", "sys.query")) == "hello"
    assert values.get(("start", "env.k")) is None


@pytest.mark.parametrize(
    ("mode", "there", "absent"),
    [
        ("workflow", {"files", "user_id", "timestamp", "workflow_run_id"}, {"query", "dialogue_count"}),
        ("advanced-chat", {"files", "query", "conversation_id", "dialogue_count"}, {"timestamp"}),
    ],
)
def test_system_variables_by_mode(mode: str, there: set[str], absent: set[str]) -> None:
    done = run(build("start -> end"), mode=mode)
    names = set(done.handle.pool.node("sys"))
    assert there <= names
    assert not absent & names
