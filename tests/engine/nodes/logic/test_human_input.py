"""Human input: the form, its answers, its clocks; and a run that waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from engine.clock import FixedClock, SeededIds
from engine.dsl.write import write
from engine.nodes.human_input.config import recipients
from engine.nodes.human_input.desk import FormDesk, MemoryForms
from engine.nodes.human_input.form import FormRefused
from engine.ports.bundle import Ports
from engine.run.variables.files import File
from tests.helpers.model import made
from tests.helpers.model import node as model_node
from tests.helpers.nodes import Ran, codes, make_file, make_node, run_node, selectors

HOUR = 3600.0
COMMENT = {"type": "paragraph", "output_variable_name": "comment"}
TEAM = {
    "type": "select",
    "output_variable_name": "team",
    "option_source": {"type": "constant", "selector": [], "value": ["red", "blue"]},
}


def node(**more: Any) -> dict[str, Any]:
    return {
        "type": "human-input",
        "title": "Approval",
        "form_content": "Check {{#n.text#}}: {{#$output.comment#}}",
        "inputs": [COMMENT],
        "user_actions": [
            {"id": "approve", "title": "Approve", "button_style": "primary"},
            {"id": "reject", "title": "Send back"},
        ],
        "timeout": 2,
        "timeout_unit": "hour",
        **more,
    }


class Office:
    """A desk with a clock of its own and one node that asks it."""

    def __init__(self, data: dict[str, Any] | None = None, global_seconds: float = 7 * 24 * HOUR) -> None:
        self.clock = FixedClock()
        self.store = MemoryForms()
        self.desk = FormDesk(self.store, self.clock, SeededIds(3), global_seconds)
        self.data = data or node()
        self.values: dict[str, Any] = {"n.text": "this", "sys.workflow_run_id": "run-1"}

    def run(self, execution_id: str = "e1") -> Ran:
        ports = Ports(extras={"human_input": self.desk})
        return run_node(self.data, self.values, ports=ports, execution_id=execution_id)

    @property
    def session(self) -> str:
        paused = self.run().paused
        assert paused is not None
        return paused.session_id

    def submit(self, action: str = "approve", **values: Any) -> None:
        self.desk.submit(self.session, action, values)


@pytest.mark.spec("logic.178")
def test_the_first_visit_pauses_with_the_form() -> None:
    office = Office()
    first, second = office.run(), office.run()
    assert first.paused is not None
    assert second.paused is not None
    assert first.paused.session_id == second.paused.session_id
    assert first.paused.node_title == "Approval"
    assert first.paused.form["form_content"] == "Check this: {{#$output.comment#}}"
    assert [action["id"] for action in first.paused.form["actions"]] == ["approve", "reject"]
    assert [record["session_id"] for record in office.desk.waiting()] == [first.paused.session_id]


def test_every_execution_has_a_form_of_its_own() -> None:
    office = Office()
    one, two = office.run("e1").paused, office.run("e2").paused
    assert one is not None
    assert two is not None
    assert one.session_id != two.session_id


@pytest.mark.spec("logic.179")
def test_an_answer() -> None:
    office = Office()
    office.submit(comment="fine")
    ran = office.run()
    assert ran.handle == "approve"
    assert ran.inputs == {"comment": "fine"}
    assert ran.outputs == {
        "comment": "fine",
        "__action_id": "approve",
        "__action_value": "Approve",
        "__rendered_content": "Check this: fine",
    }
    filled = ran.sent("NodeRunHumanInputFormFilled")
    assert filled[0]["action_text"] == "Approve"
    assert filled[0]["submitted_data"] == {"comment": "fine"}


@pytest.mark.spec("logic.180", "logic.184")
@pytest.mark.parametrize(
    "bad",
    [
        {"inputs": [COMMENT, COMMENT]},
        {"user_actions": [{"id": "a"}, {"id": "a"}]},
        {"user_actions": [{"id": "1a"}]},
        {"user_actions": [{"id": "a" * 21}]},
        {"user_actions": [{"id": "a", "title": "t" * 101}]},
        {"user_actions": [{"id": "a", "button_style": "loud"}]},
        {"inputs": [{**COMMENT, "default": {"type": "variable", "selector": ["n"]}}]},
        {"inputs": [{"type": "file", "output_variable_name": "f", "allowed_file_upload_methods": ["tool_file"]}]},
    ],
)
def test_forms_that_are_invalid(bad: dict[str, Any]) -> None:
    assert Office(node(**bad)).run().invalid


@pytest.mark.spec("logic.180")
def test_the_longest_id_and_title() -> None:
    assert not Office(node(user_actions=[{"id": "a" * 20, "title": "t" * 100}])).run().invalid


@pytest.mark.spec("logic.181")
@pytest.mark.parametrize(
    ("action", "values", "code"),
    [
        ("approve", {"comment": "x"}, "form.invalid"),
        ("approve", {"team": "red"}, "form.invalid"),
        ("approve", {"comment": "x", "team": "green"}, "form.invalid"),
        ("approve", {"comment": 5, "team": "red"}, "form.invalid"),
        ("someday", {"comment": "x", "team": "red"}, "form.action_unknown"),
    ],
)
def test_answers_that_are_refused(action: str, values: dict[str, Any], code: str) -> None:
    office = Office(node(inputs=[COMMENT, TEAM]))
    with pytest.raises(FormRefused) as caught:
        office.submit(action, **values)
    assert caught.value.code == code
    assert office.run().paused is not None


@pytest.mark.spec("logic.181")
def test_an_empty_text_is_an_answer_and_unknown_keys_are_dropped() -> None:
    office = Office()
    office.submit(comment="", extra="x")
    assert office.run().outputs["comment"] == ""
    assert "extra" not in office.run().outputs


@pytest.mark.spec("logic.182")
def test_the_nodes_own_time() -> None:
    office = Office()
    session = office.session
    office.clock.advance(2 * HOUR)
    assert [record["status"] for record in office.desk.sweep()] == ["timeout"]
    ran = office.run()
    assert ran.status == "succeeded"
    assert ran.handle == "__timeout"
    assert ran.outputs == {
        "__action_id": "",
        "__action_value": "",
        "__rendered_content": "Check this: {{#$output.comment#}}",
    }
    assert ran.sent("NodeRunHumanInputFormTimeout")[0]["expiration_time"].startswith("2026-01-01T02:00")
    with pytest.raises(FormRefused, match="over") as caught:
        office.desk.submit(session, "approve", {"comment": "late"})
    assert caught.value.code == "form.expired"


@pytest.mark.spec("logic.183")
def test_the_global_limit_wins() -> None:
    office = Office(global_seconds=HOUR)
    session = office.session
    office.clock.advance(3 * HOUR)
    assert [record["status"] for record in office.desk.sweep()] == ["expired"]
    ran = office.run()
    assert ran.status == "failed"
    assert "Approval" in ran.error
    with pytest.raises(FormRefused):
        office.desk.submit(session, "approve", {"comment": "late"})


def test_no_global_limit() -> None:
    office = Office(node(timeout=1000, timeout_unit="day"), global_seconds=0)
    assert office.run().paused is not None
    office.clock.advance(timedelta(days=999).total_seconds())
    assert office.run().paused is not None


FILES = [
    {"type": "file", "output_variable_name": "scan", "allowed_file_types": ["image"]},
    {
        "type": "file-list",
        "output_variable_name": "all",
        "number_limits": 2,
        "allowed_file_types": ["document", "custom"],
        "allowed_file_extensions": [".zz"],
        "allowed_file_upload_methods": ["local_file"],
    },
]
CONTENT = "{{#$output.scan#}} {{#$output.all#}} {{#$output.none#}}"


@pytest.mark.spec("logic.184")
def test_files() -> None:
    office = Office(node(inputs=FILES, form_content=CONTENT))
    png, pdf, odd = (make_file(name).to_dict() for name in ("a.png", "b.pdf", "c.zz"))
    office.submit(scan=png, all=[pdf, odd])
    outputs = office.run().outputs
    assert isinstance(outputs["scan"], File)
    assert [file.filename for file in outputs["all"]] == ["b.pdf", "c.zz"]
    assert outputs["__rendered_content"] == "[file] [2 files] "


@pytest.mark.parametrize(
    "values",
    [
        {"scan": "text", "all": []},
        {"scan": make_file("b.pdf").to_dict(), "all": []},
        {"scan": make_file("a.png").to_dict(), "all": [make_file("b.pdf").to_dict()] * 3},
        {"scan": make_file("a.png").to_dict(), "all": [make_file("b.yy").to_dict()]},
        {"scan": make_file("a.png").to_dict(), "all": [make_file("b.pdf", url="https://x.example/b.pdf").to_dict()]},
        {"scan": make_file("a.png").to_dict(), "all": "b.pdf"},
    ],
)
def test_files_that_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(FormRefused):
        Office(node(inputs=FILES)).submit(**values)


@pytest.mark.spec("logic.185")
def test_defaults_and_options_from_variables() -> None:
    def form(**values: Any) -> Any:
        office = Office(
            node(
                inputs=[
                    {**COMMENT, "default": {"type": "variable", "selector": ["n", "gone"], "value": "kept"}},
                    {
                        **COMMENT,
                        "output_variable_name": "b",
                        "default": {"type": "constant", "selector": [], "value": "B"},
                    },
                    {**TEAM, "option_source": {"type": "variable", "selector": ["n", "options"], "value": []}},
                ]
            )
        )
        office.values |= {f"n.{key}": value for key, value in values.items()}
        return office.run()

    shown = form(options=["x", "y"]).paused.form
    assert shown["resolved_default_values"] == {"b": "B"}
    assert shown["inputs"][2]["options"] == ["x", "y"]
    assert form(options="x").failure == "WorkflowNodeError"
    assert form(options=[1]).failure == "WorkflowNodeError"


@pytest.mark.spec("logic.186")
@pytest.mark.parametrize("keys", [("whole_workspace", "user_id"), ("include_bound_group", "reference_id")])
def test_recipients_in_both_spellings(keys: tuple[str, str]) -> None:
    everybody, person = keys
    given = {everybody: True, "items": [{"type": "member", person: "u1"}, {"type": "external", "email": "a@b.c"}]}
    method = {"id": "1", "type": "email", "enabled": True, "config": {"recipients": given}}
    assert not Office(node(delivery_methods=[method])).run().invalid
    assert recipients(method) == {"everybody": True, "members": ["u1"], "addresses": ["a@b.c"]}
    flow = made([model_node("1", "start"), model_node("2", "human-input", delivery_methods=[method])], [("1", "2")])
    written = {n["id"]: n["data"] for n in yaml.safe_load(write(flow))["workflow"]["graph"]["nodes"]}
    assert written["2"]["delivery_methods"] == [method]


@pytest.mark.spec("logic.188")
def test_the_first_answer_wins() -> None:
    office = Office()
    session = office.session
    office.desk.submit(session, "approve", {"comment": "a"})
    with pytest.raises(FormRefused, match="already") as caught:
        office.desk.submit(session, "reject", {"comment": "b"})
    assert caught.value.code == "form.submitted"
    assert office.run().handle == "approve"
    with pytest.raises(FormRefused) as unknown:
        office.desk.submit("nowhere", "approve", {})
    assert unknown.value.code == "form.unknown"


def test_stored_values_of_a_wrong_kind_are_the_nodes_failure() -> None:
    office = Office()
    session = office.session
    office.desk.submit(session, "approve", {"comment": "a"})
    office.store.change(session, "submitted", {"values": {"comment": 5}})
    assert office.run().failure == "WorkflowNodeError"


def test_without_a_host_or_a_run() -> None:
    assert run_node(node(), {"n.text": "x"}).failure == "WorkflowNodeError"
    office = Office()
    ran = run_node(office.data, {}, ports=Ports(extras={"human_input": office.desk}), facts={"run_id": ""})
    assert ran.failure == "WorkflowNodeError"


def test_what_a_single_step_asks_for() -> None:
    asked = make_node(node(inputs=[{**COMMENT, "default": {"type": "variable", "selector": ["n", "d"]}}]))
    assert selectors(asked.variable_mapping()) == {"node.#n.text#": ["n", "text"], "node.#n.d#": ["n", "d"]}


WEB = {"id": "1", "type": "webapp", "enabled": True}
MAIL = {
    "id": "2",
    "type": "email",
    "enabled": True,
    "config": {"subject": "s", "body": "see {{#url#}}", "recipients": {"whole_workspace": True, "items": []}},
}


@pytest.mark.spec("logic.189")
@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, []),
        ({"delivery_methods": []}, ["node.delivery_missing"]),
        ({"delivery_methods": [{**WEB, "enabled": False}]}, ["node.delivery_missing"]),
        ({"delivery_methods": [WEB, MAIL]}, []),
        ({"delivery_methods": [{**MAIL, "config": {**MAIL["config"], "body": "no link"}}]}, ["node.email_incomplete"]),
        ({"delivery_methods": [{**MAIL, "config": {**MAIL["config"], "subject": ""}}]}, ["node.email_incomplete"]),
        ({"delivery_methods": [{**MAIL, "config": {**MAIL["config"], "recipients": {}}}]}, ["node.email_incomplete"]),
        ({"delivery_methods": [WEB, {**MAIL, "enabled": False, "config": {}}]}, []),
        ({"user_actions": []}, ["node.action_missing"]),
        ({"user_actions": [{"id": "a", "title": " "}]}, ["node.title_missing"]),
        ({"user_actions": [{"id": "a", "title": "A"}, {"id": "a", "title": "B"}]}, ["node.action_twice"]),
    ],
)
def test_checklist(more: dict[str, Any], found: list[str]) -> None:
    assert codes({**node(delivery_methods=[WEB]), **more}) == found
