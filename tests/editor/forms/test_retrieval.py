"""The form of knowledge retrieval with mouse and keys: every setting is one undo step, and what nobody touches stays as
the file has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
)

from editor.panels.forms.metadata_filter import kind_of, read, written
from editor.panels.forms.model_field import ModelField
from editor.panels.forms.template_edit import TemplateEdit
from editor.panels.variable_picker import SELECTOR
from editor.retrieval import reranks, with_weights
from engine.dsl.read import read as read_file
from engine.dsl.write import write
from engine.model.workflow import Workflow
from engine.services.model_names import model_places
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.gallery_forms import FOREIGN_ID, retrieval_flow
from tests.helpers.model import CORPUS, made, node

MODEL = {"provider": "openai", "name": "gpt-small", "mode": "chat", "completion_params": {"temperature": 0}}
WEIGHTS = {
    "weight_type": "customized",
    "vector_setting": {
        "vector_weight": 0.7, "embedding_provider_name": "a/openai/openai", "embedding_model_name": "small-3",
    },
    "keyword_setting": {"keyword_weight": 0.3},
}  # fmt: skip
BASE = {"query_variable_selector": ["start", "q"], "dataset_ids": [FOREIGN_ID, "b"], "retrieval_mode": "multiple"}


def flow(**data: Any) -> Workflow:
    """start -> knowledge retrieval."""
    inputs = [
        {"variable": "q", "label": "q", "type": "paragraph"},
        {"variable": "n", "label": "n", "type": "number"},
        {"variable": "docs", "label": "docs", "type": "file-list"},
    ]
    settings = {**BASE, "multiple_retrieval_config": {"top_k": 4, "reranking_enable": False}, **data}
    found = node("find", "knowledge-retrieval", title="Find", **settings)
    return made([node("start", "start", variables=inputs), found], [("start", "find")])


def several(**config: Any) -> Workflow:
    """A search in all knowledge bases with these settings."""
    return flow(multiple_retrieval_config=config)


def filtering(*conditions: dict[str, Any], **more: Any) -> Workflow:
    """A search with conditions."""
    rules = {"logical_operator": "and", "conditions": list(conditions)}
    return flow(metadata_filtering_mode="manual", metadata_filtering_conditions=rules, **more)


def conditions(here: Desk) -> list[dict[str, Any]]:
    return list(here.data["metadata_filtering_conditions"]["conditions"])


def config(here: Desk) -> dict[str, Any]:
    return dict(here.data["multiple_retrieval_config"])


def typed(here: Desk, kind: type[Any], name: str, text: str) -> None:
    """Replace what a field holds."""
    edit = here.one(kind, name)
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    QTest.keyClicks(edit, text)
    QApplication.processEvents()


def picked(here: Desk, name: str, word: str) -> None:
    """Choose a variable by typing its name into the picker."""
    here.click(name)
    picker = here.picker()
    QTest.keyClicks(picker.search, word)
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    QApplication.processEvents()


def said(here: Desk) -> str:
    """All that the labels say."""
    return "\n".join(label.text() for label in here.all(QLabel))


def chosen(here: Desk, name: str, word: str) -> None:
    """Open a combo box and click an entry."""
    box = here.one(QComboBox, name)
    box.showPopup()
    QApplication.processEvents()
    row = box.findText(word)
    assert row >= 0, [box.itemText(n) for n in range(box.count())]
    place = box.view().visualRect(box.model().index(row, 0)).center()
    QTest.mouseClick(box.view().viewport(), Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


def pressed(here: Desk, name: str, key: Qt.Key) -> None:
    slider = here.one(QSlider, name)
    slider.setFocus()
    QTest.keyClick(slider, key)


# -- every control is one step ----------------------------------------------------------------------------------------

Act = Callable[[Desk], None]
ONE_RULE = {"id": "c1", "name": "topic", "comparison_operator": "is", "value": "a", "metadata_id": "m1"}
TWO_RULES = (ONE_RULE, {"id": "c2", "name": "year", "comparison_operator": ">", "value": 2020})
RERANKED = {"top_k": 4, "reranking_enable": True, "reranking_mode": "reranking_model"}
WEIGHTED = {"top_k": 4, "reranking_enable": True, "reranking_mode": "weighted_score", "weights": WEIGHTS}
STEPS: dict[str, tuple[Workflow, Act, str, Any]] = {
    "query": (flow(query_variable_selector=[]), lambda d: picked(d, "Query text", "q"), "query_variable_selector",
              ["start", "q"]),
    "query taken away": (flow(), lambda d: d.click("Take away: Query text"), "query_variable_selector", []),
    "attachments": (flow(), lambda d: picked(d, "Query attachments", "docs"), "query_attachment_selector",
                    ["start", "docs"]),
    "base removed": (flow(), lambda d: d.click("Remove"), "dataset_ids", ["b"]),
    "mode": (flow(), lambda d: chosen(d, "Retrieval mode", "In one that a model picks"), "retrieval_mode", "single"),
    "top k by keys": (several(top_k=4), lambda d: QTest.keyClick(d.one(QSpinBox, "Top K"), Qt.Key.Key_Up),
                      "multiple_retrieval_config.top_k", 5),
    "top k by slider": (several(top_k=4), lambda d: pressed(d, "Top K, roughly", Qt.Key.Key_Left),
                        "multiple_retrieval_config.top_k", 3),
    "threshold on": (several(top_k=4), lambda d: d.one(QCheckBox, "Leave out low scores").click(),
                     "multiple_retrieval_config.score_threshold", 0.7),
    "threshold off": (several(top_k=4, score_threshold=0), lambda d: d.one(QCheckBox, "Leave out low scores").click(),
                      "multiple_retrieval_config.score_threshold", None),
    "threshold by keys": (
        several(top_k=4, score_threshold=0.35),
        lambda d: QTest.keyClick(d.one(QDoubleSpinBox, "Score threshold"), Qt.Key.Key_Up),
        "multiple_retrieval_config.score_threshold", 0.36,
    ),
    "threshold by slider": (
        several(top_k=4, score_threshold=0.99), lambda d: pressed(d, "Score threshold, roughly", Qt.Key.Key_Right),
        "multiple_retrieval_config.score_threshold", 1,
    ),
    "rerank on": (
        flow(), lambda d: d.one(QCheckBox, "Put the passages of all knowledge bases in order").click(),
        "multiple_retrieval_config", {"top_k": 4, "reranking_enable": True},
    ),
    "by weights": (
        several(**RERANKED), lambda d: chosen(d, "Order", "By weighted scores"), "multiple_retrieval_config",
        {**RERANKED, "reranking_mode": "weighted_score", "weights": with_weights(None, 0.7)},
    ),
    "by a model": (several(**WEIGHTED), lambda d: chosen(d, "Order", "By a rerank model"),
                   "multiple_retrieval_config", {**WEIGHTED, "reranking_mode": "reranking_model"}),
    "weights": (
        several(**WEIGHTED), lambda d: pressed(d, "Meaning against words", Qt.Key.Key_PageDown),
        "multiple_retrieval_config.weights", with_weights(WEIGHTS, 0.6),
    ),
    "rerank model": (
        several(**RERANKED, reranking_model={"provider": "cohere", "model": "", "x": 1}),
        lambda d: typed(d, QLineEdit, "Rerank model", "v3"), "multiple_retrieval_config.reranking_model",
        {"provider": "cohere", "model": "v3", "x": 1},
    ),
    "rerank provider": (
        several(**RERANKED), lambda d: typed(d, QLineEdit, "Provider of the rerank model", "cohere"),
        "multiple_retrieval_config.reranking_model", {"provider": "cohere"},
    ),
    "filter": (flow(), lambda d: chosen(d, "Metadata filter", "Manual, by conditions"), "metadata_filtering_mode",
               "manual"),
    "logic": (filtering(*TWO_RULES), lambda d: d.click("AND or OR"),
              "metadata_filtering_conditions.logical_operator", "or"),
    "condition removed": (filtering(*TWO_RULES), lambda d: d.click("Remove", 2),
                          "metadata_filtering_conditions.conditions", [TWO_RULES[1]]),
    "name": (
        filtering(ONE_RULE), lambda d: typed(d, QLineEdit, "Metadata field", "language"),
        "metadata_filtering_conditions.conditions.0",
        {"id": "c1", "name": "language", "comparison_operator": "is", "value": "a"},
    ),
    "operator": (filtering(ONE_RULE), lambda d: chosen(d, "Operator", "in"),
                 "metadata_filtering_conditions.conditions.0", {**ONE_RULE, "comparison_operator": "in"}),
    "kind": (filtering({**ONE_RULE, "value": "7"}), lambda d: chosen(d, "Kind of field", "Number"),
             "metadata_filtering_conditions.conditions.0", {**ONE_RULE, "comparison_operator": "=", "value": 7}),
    "text": (filtering(ONE_RULE), lambda d: typed(d, TemplateEdit, "Value", "b c"),
             "metadata_filtering_conditions.conditions.0.value", "b c"),
    "number": (filtering(TWO_RULES[1]), lambda d: typed(d, TemplateEdit, "Value", "1.5"),
               "metadata_filtering_conditions.conditions.0.value", 1.5),
    "listed value": (
        filtering({**ONE_RULE, "comparison_operator": "in", "value": ["a", "b"]}),
        lambda d: d.click("Add value"), "metadata_filtering_conditions.conditions.0.value", ["a", "b", ""],
    ),
}  # fmt: skip


def at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data[int(step)] if step.isdigit() else data[step]
    return data


@pytest.mark.spec("editor.41")
@pytest.mark.parametrize("name", sorted(STEPS))
def test_each_setting_is_one_step_and_undo_brings_the_same_graph_back(desk: Open, name: str) -> None:
    workflow, act, path, value = STEPS[name]
    here = desk(workflow, "find")
    before, steps = here.document.workflow, here.steps()
    act(here)
    assert at(here.data, path) == value
    assert here.steps() == steps + 1
    here.session.undo()
    assert here.document.workflow == before
    here.session.redo()
    assert here.document.workflow != before


# -- knowledge bases ---------------------------------------------------------------------------------------------------


def test_foreign_knowledge_bases_are_named_kept_and_added_by_id(desk: Open) -> None:
    here = desk(flow(), "find")
    assert said(here).count("Not in this workspace") == 2
    entry = here.one(QLineEdit, "Knowledge base id")
    entry.setFocus()
    QTest.keyClicks(entry, "b")
    QTest.keyClick(entry, Qt.Key.Key_Return)
    assert "in the list already" in said(here)
    QTest.keyClicks(entry, ", 7f0c6d0e b x+/=")
    assert "in the list already" not in said(here)
    here.click("Add")
    assert here.data["dataset_ids"] == [FOREIGN_ID, "b", "7f0c6d0e", "x+/="]
    assert (here.steps(), entry.text()) == (2, "")
    here.click("Copy the id")
    assert QApplication.clipboard().text() == FOREIGN_ID
    here.click("Remove", 3)
    here.session.undo()
    here.session.undo()
    assert here.data["dataset_ids"] == [FOREIGN_ID, "b"]
    assert said(here).count("Not in this workspace") == 2


def test_the_keyboard_stays_in_the_list_when_a_base_goes(desk: Open) -> None:
    here = desk(flow(dataset_ids=["a"]), "find")
    here.one(QToolButton, "Remove").setFocus()
    QTest.keyClick(here.one(QToolButton, "Remove"), Qt.Key.Key_Space)
    assert here.data["dataset_ids"] == []
    assert here.one(QLineEdit, "Knowledge base id").hasFocus()


def test_only_texts_can_be_the_query_and_only_files_the_attachments(desk: Open) -> None:
    here = desk(flow(), "find")

    def offered(name: str) -> set[str]:
        here.click(name)
        picker = here.picker()
        found = set()
        waiting = [picker.tree.topLevelItem(n) for n in range(picker.tree.topLevelItemCount())]
        while waiting:
            item = waiting.pop()
            assert item is not None
            waiting += [item.child(n) for n in range(item.childCount())]
            if selector := item.data(0, SELECTOR):
                found.add(".".join(selector))
        picker.close()
        return found

    texts, files = offered("Query text"), offered("Query attachments")
    assert "start.q" in texts
    assert not {"start.n", "start.docs"} & texts
    assert "start.docs" in files
    assert not {"start.n", "start.q"} & files


# -- modes and ranking -------------------------------------------------------------------------------------------------


def test_what_the_mode_does_not_use_is_out_of_sight_and_kept(desk: Open) -> None:
    here = desk(flow(multiple_retrieval_config=WEIGHTED), "find")
    chosen(here, "Retrieval mode", "In one that a model picks")
    assert not here.all(QSpinBox, "Top K")
    assert not here.all(QSlider, "Meaning against words")
    assert here.data["multiple_retrieval_config"] == WEIGHTED
    field = here.all(ModelField)[0]
    field.choose("openai", "gpt-small")
    assert here.data["single_retrieval_config"]["model"]["name"] == "gpt-small"
    chosen(here, "Retrieval mode", "In all knowledge bases")
    assert not here.all(ModelField)
    assert here.one(QSlider, "Meaning against words").value() == 70


def test_settings_that_a_run_cannot_do_without_come_with_the_mode(desk: Open) -> None:
    workflow = flow(retrieval_mode="single", single_retrieval_config={"model": MODEL})
    data = {k: v for k, v in workflow.graph.node("find").data.items() if k != "multiple_retrieval_config"}
    from engine.model.edits import SetField

    here = desk(workflow, "find")
    here.session.submit(SetField("find", (), data), "as older files are")
    chosen(here, "Retrieval mode", "In all knowledge bases")
    assert config(here) == {"reranking_enable": False, "score_threshold": None, "top_k": 4}
    assert here.data["single_retrieval_config"] == {"model": MODEL}
    here.session.undo()
    assert dict(here.data) == data


def test_weights_are_shown_as_numbers_and_sum_up_to_one(desk: Open) -> None:
    here = desk(several(**WEIGHTED), "find")
    words = ("Weight of the meaning", "Weight of the words")
    assert [here.one(QLabel, name).text() for name in words] == ["Meaning 0.7", "Words 0.3"]
    assert "small-3 of openai" in said(here)
    slider = here.one(QSlider, "Meaning against words")
    slider.setFocus()
    for _ in range(3):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert here.steps() == 2
    assert [here.one(QLabel, name).text() for name in words] == ["Meaning 0.73", "Words 0.27"]
    QTest.keyClick(slider, Qt.Key.Key_End)
    held = config(here)["weights"]
    assert (held["vector_setting"]["vector_weight"], held["keyword_setting"]["keyword_weight"]) == (1, 0)
    assert isinstance(held["vector_setting"]["vector_weight"], int)
    assert held["vector_setting"]["embedding_model_name"] == "small-3"
    assert held["weight_type"] == "customized"


@pytest.mark.parametrize("at", range(101))
def test_two_weights_are_one_at_every_place_of_the_slider(at: int) -> None:
    found = with_weights(WEIGHTS, at / 100)
    both = found["vector_setting"]["vector_weight"], found["keyword_setting"]["keyword_weight"]
    assert round(sum(both), 10) == 1
    assert all(len(str(share)) <= 4 for share in both)


def test_odd_weights_of_a_file_are_shown_as_they_are(desk: Open) -> None:
    odd = {"vector_setting": {"vector_weight": 0.9}, "keyword_setting": {"keyword_weight": 0.9}}
    here = desk(several(**{**WEIGHTED, "weights": odd}), "find")
    assert "Meaning 0.9" in said(here)
    assert "Words 0.9" in said(here)
    assert here.steps() == 1


def test_an_older_rerank_model_is_read_and_written_under_its_own_keys(desk: Open) -> None:
    older = {"reranking_provider_name": "cohere", "reranking_model_name": "v2", "more": True}
    here = desk(several(top_k=2, reranking_model=older), "find")
    assert here.one(QCheckBox, "Put the passages of all knowledge bases in order").isChecked()
    assert here.one(QLineEdit, "Provider of the rerank model").text() == "cohere"
    typed(here, QLineEdit, "Rerank model", "v3")
    assert here.one(QLineEdit, "Rerank model").hasFocus(), "also while it was empty"
    changed = {**older, "reranking_model_name": "v3"}
    assert config(here) == {"top_k": 2, "reranking_model": changed, "reranking_enable": True}
    here.session.undo()
    assert config(here) == {"top_k": 2, "reranking_model": older}


def test_a_rerank_model_of_another_step_is_taken_in_one_step(desk: Open) -> None:
    here = desk(retrieval_flow(), "old")
    before = here.document.workflow
    here.click("Rerank models of this workflow")
    menu = next(w for w in here.inspector.findChildren(QMenu) if w.isVisible())
    wanted = next(a for a in menu.actions() if a.text().startswith("rerank-multilingual-v3.0"))
    menu.setActiveAction(wanted)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert config(here)["reranking_model"] == {
        "reranking_provider_name": "langgenius/cohere/cohere",
        "reranking_model_name": "rerank-multilingual-v3.0",
    }
    here.session.undo()
    assert here.document.workflow == before


@pytest.mark.parametrize(
    ("held", "on"),
    [
        ({"top_k": 2}, False),
        ({"top_k": 2, "reranking_model": {"provider": "", "model": ""}}, False),
        ({"top_k": 2, "reranking_model": {"provider": "p", "model": "m"}}, True),
        ({"reranking_mode": "weighted_score"}, True),
        ({"reranking_enable": False, "reranking_model": {"provider": "p", "model": "m"}}, False),
        ({"reranking_enable": True}, True),
    ],
)
def test_older_files_rerank_when_they_name_a_model(held: dict[str, Any], on: bool) -> None:
    assert reranks(held) is on


def test_one_knowledge_base_alone_is_said_not_to_be_reranked(desk: Open) -> None:
    words = "With one knowledge base this has no effect"
    assert words in said(desk(flow(dataset_ids=["a"], multiple_retrieval_config=WEIGHTED), "find"))
    assert words not in said(desk(flow(multiple_retrieval_config=WEIGHTED), "find"))


def test_a_number_outside_of_the_usual_range_is_shown_and_kept(desk: Open) -> None:
    here = desk(several(top_k=25, score_threshold=1.5), "find")
    assert here.one(QSpinBox, "Top K").value() == 25
    assert here.one(QDoubleSpinBox, "Score threshold").value() == 1.5
    assert here.steps() == 1
    spin = here.one(QSpinBox, "Top K")
    spin.selectAll()
    QTest.keyClicks(spin, "9")
    assert config(here)["top_k"] == 9
    here.session.undo()
    assert (config(here)["top_k"], spin.value()) == (25, 25)


# -- conditions --------------------------------------------------------------------------------------------------------


def test_the_first_condition_is_made_by_keys_and_brings_its_group(desk: Open) -> None:
    here = desk(flow(), "find")
    chosen(here, "Metadata filter", "Manual, by conditions")
    assert "metadata_filtering_conditions" not in here.data
    add = here.one(QPushButton, "Add condition")
    add.setFocus()
    QTest.keyClick(add, Qt.Key.Key_Space)
    name = here.one(QLineEdit, "Metadata field")
    assert name.hasFocus()
    QTest.keyClicks(name, "upload_date")
    assert here.one(QComboBox, "Kind of field").currentText() == "Time"
    chosen(here, "Operator", "before")
    typed(here, TemplateEdit, "Value", "2025-01-31")
    assert here.data["metadata_filtering_conditions"]["logical_operator"] == "and"
    (made_one,) = conditions(here)
    assert made_one.pop("id")
    moment = int(datetime(2025, 1, 31).astimezone().timestamp())
    assert made_one == {"name": "upload_date", "comparison_operator": "before", "value": moment}
    assert not here.all(QPushButton, "AND or OR")
    here.click("Add condition")
    assert here.all(QPushButton, "AND or OR")
    while here.document.can_undo:
        here.session.undo()
    assert here.document.workflow == flow()


def test_a_moment_that_is_none_yet_is_kept_and_said(desk: Open) -> None:
    rule = {"id": "c", "name": "seen", "comparison_operator": "is", "value": 1735689600}
    here = desk(filtering(rule), "find")
    value = here.one(TemplateEdit, "Value")
    assert value.text() == written(1735689600, "time")
    value.setFocus()
    value.selectAll()
    QTest.keyClick(value, Qt.Key.Key_Delete)
    QTest.keyClicks(value, "2024-02-")
    assert conditions(here)[0]["value"] == "2024-02-"
    assert "Write a day such as" in said(here)
    assert here.one(TemplateEdit, "Value") is value
    QTest.keyClicks(value, "29 09:30")
    assert conditions(here)[0]["value"] == int(datetime(2024, 2, 29, 9, 30).astimezone().timestamp())
    assert "Write a day such as" not in said(here)
    assert value.text() == "2024-02-29 09:30"
    value.selectAll()
    value.insert_reference("start.n")
    assert conditions(here)[0]["value"] == "{{#start.n#}}"
    assert "Write a day such as" not in said(here)


def test_a_number_may_be_a_variable_and_words_are_said_to_be_wrong(desk: Open) -> None:
    here = desk(filtering(TWO_RULES[1]), "find")
    typed(here, TemplateEdit, "Value", "x")
    assert "Write a number" in said(here)
    value = here.one(TemplateEdit, "Value")
    value.selectAll()
    value.insert_reference("start.n")
    assert conditions(here)[0] == {**TWO_RULES[1], "value": "{{#start.n#}}"}
    assert "Write a number" not in said(here)


@pytest.mark.parametrize(
    ("kind", "has", "never"),
    [("Text", "start with", ">"), ("Number", "≥", "contains"), ("Time", "after", "is not")],
)
def test_operators_fit_the_kind_of_the_field(desk: Open, kind: str, has: str, never: str) -> None:
    here = desk(filtering(ONE_RULE), "find")
    chosen(here, "Kind of field", kind)
    box = here.one(QComboBox, "Operator")
    held = [box.itemData(n) for n in range(box.count())]
    assert has in held
    assert never not in held


def test_an_operator_that_asks_for_nothing_has_no_value_and_an_odd_one_is_kept(desk: Open) -> None:
    here = desk(filtering({**ONE_RULE, "comparison_operator": "empty"}), "find")
    assert not here.all(TemplateEdit, "Value")
    here = desk(filtering({"id": "c", "name": "year", "comparison_operator": ">=", "value": 3}), "find")
    assert here.one(QComboBox, "Operator").currentData() == ">="
    assert here.one(QComboBox, "Kind of field").currentText() == "Number"
    assert here.steps() == 1


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ({"name": "a", "comparison_operator": "is", "value": "x"}, "string"),
        ({"name": "a", "comparison_operator": "is", "value": 1735689600}, "time"),
        ({"name": "a", "comparison_operator": "is", "value": 3}, "string"),
        ({"name": "a", "comparison_operator": "≠", "value": None}, "number"),
        ({"name": "a", "comparison_operator": "after", "value": "{{#s.t#}}"}, "time"),
        ({"name": "upload_date", "comparison_operator": "empty"}, "time"),
        ({"name": "upload_date", "comparison_operator": ">"}, "number"),
        ({"name": "uploader", "comparison_operator": "not empty"}, "string"),
        ({}, "string"),
    ],
)
def test_the_kind_is_told_by_the_condition(condition: dict[str, Any], kind: str) -> None:
    assert kind_of(condition) == kind


@pytest.mark.parametrize(
    "value", [0, 1735689600, 1735689661, 1735722000, 1735689600.5, 10**15, "2024", "", "{{#a.b#}}"]
)
@pytest.mark.parametrize("kind", ["number", "time", "string"])
def test_a_value_that_is_shown_means_the_same_again(value: Any, kind: str) -> None:
    again = read(written(value, kind), kind)
    if kind == "string":
        assert written(again, kind) == written(value, kind)
    elif not isinstance(value, str) or "{{" in value or not value:
        assert again == value
    assert not isinstance(read("inf", kind), float)
    assert not isinstance(read("nan", kind), float)


# -- files -------------------------------------------------------------------------------------------------------------


def searches() -> list[tuple[str, str]]:
    """Every knowledge retrieval of the collected files: name of the file, id of the node."""
    found = []
    for path in sorted(CORPUS.glob("*.yml")):
        text = path.read_bytes()
        if b"knowledge-retrieval" not in text:
            continue
        workflow = read_file(text).workflow
        nodes = workflow.graph.nodes.values() if workflow is not None else ()
        found += [(path.name, n.id) for n in nodes if n.type == "knowledge-retrieval"]
    return found


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the collected files are not here")
def test_every_search_of_the_collected_files_opens_and_is_written_as_it_was(desk: Open) -> None:
    all_of_them = searches()
    assert len(all_of_them) > 30
    for name, node_id in all_of_them:
        workflow = read_file((CORPUS / name).read_bytes()).workflow
        assert workflow is not None
        first = write(workflow)
        here = desk(workflow, node_id)
        form = here.inspector.form
        assert form is not None
        assert form.minimumSizeHint().width() <= 380, name
        assert said(here).count("Not in this workspace") == len(here.data["dataset_ids"]), name
        assert here.steps() == 1, name
        assert write(here.document.workflow) == first, name
        # A change and its undo leave no trace either, also where keys are missing.
        if here.data.get("retrieval_mode") == "multiple":
            pressed(here, "Top K, roughly", Qt.Key.Key_Right)
            assert here.steps() == 2, name
            here.session.undo()
        chosen(here, "Metadata filter", "Manual, by conditions")
        here.session.undo()
        assert write(here.document.workflow) == first, name


def test_the_models_of_a_search_are_named_where_their_fields_are() -> None:
    both = {"type": "knowledge-retrieval", "retrieval_mode": "single", "single_retrieval_config": {"model": MODEL},
            "metadata_filtering_mode": "automatic", "metadata_model_config": MODEL}  # fmt: skip
    assert [place for place, _ in model_places(both)] == ["single_retrieval_config.model", "metadata_model_config"]
    unused = {**both, "retrieval_mode": "multiple", "metadata_filtering_mode": "disabled"}
    assert model_places(unused) == []
