"""The triggers' nodes and when a schedule fires. Receiving requests is not here: it is a service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.nodes.schedule import ScheduleProblem, cron_of, next_time, next_times, normal_cron
from engine.nodes.triggers import PluginTriggerConfig
from engine.run.variables.segments import plain
from tests.helpers.nodes import Ran, codes, make_node, run_node


def webhook(request: dict[str, Any] | None = None, **data: Any) -> Ran:
    values: dict[str, Any] = {"sys.timestamp": 7}
    if request is not None:
        values["node.webhook_data"] = request
    return run_node({"type": "trigger-webhook", **data}, values)


@pytest.mark.spec("logic.190")
def test_methods_and_types() -> None:
    post = [make_node({"type": "trigger-webhook", "method": word}).config.method for word in ("POST", "post")]
    assert post == ["post", "post"]
    assert webhook(params=[{"name": "a", "type": "integer"}]).invalid
    assert webhook(headers=[{"name": "a", "type": "number"}]).invalid
    older = make_node({"type": "trigger-webhook", "body": [{"name": "a", "type": "array"}]})
    assert older.config.body[0].type == "array[string]"
    assert webhook(params=[{"name": "a"}], body=[{"name": "a"}]).invalid
    assert webhook(params=[{"name": "1a"}]).invalid
    assert webhook(params=[{"name": "_webhook_raw"}]).invalid


@pytest.mark.spec("logic.191")
@pytest.mark.parametrize("sent", ["X-Order-Source", "x-order-source", "x_order_source"])
def test_headers_are_found_in_any_spelling(sent: str) -> None:
    headers = [{"name": "X-Order-Source", "required": False}, {"name": "X-Gone"}]
    ran = webhook({"headers": {sent: "shop"}}, headers=headers)
    assert ran.outputs["X_Order_Source"] == "shop"
    assert ran.outputs["X_Gone"] is None


@pytest.mark.spec("logic.194")
def test_plain_text_is_every_field() -> None:
    body = [{"name": "a"}, {"name": "b"}]
    ran = webhook({"body": {"raw": "hello"}}, content_type="text/plain", body=body)
    assert ran.outputs["a"] == ran.outputs["b"] == "hello"
    assert webhook({"body": {}}, content_type="text/plain", body=body).outputs["a"] == ""


@pytest.mark.spec("logic.196")
def test_the_whole_request() -> None:
    request = {
        "method": "POST",
        "headers": {"A": "1"},
        "query_params": {"dry": True, "other": "x"},
        "body": {"order_id": "7", "more": 1},
        "files": {},
    }
    data = {"params": [{"name": "dry", "type": "boolean"}], "body": [{"name": "order_id"}, {"name": "gone"}]}
    ran = webhook(request, method="post", **data)
    assert ran.outputs["dry"] is True
    assert ran.outputs["order_id"] == "7"
    assert ran.outputs["gone"] is None
    assert ran.outputs["_webhook_raw"] == request
    assert ran.inputs == {"webhook_data": request}


def test_files_of_a_form() -> None:
    file = {"type": "image", "transfer_method": "remote_url", "url": "https://x.example/a.png"}
    ran = webhook(
        {"body": {}, "files": {"photo": file}},
        content_type="multipart/form-data",
        body=[{"name": "photo", "type": "file"}, {"name": "gone", "type": "file"}],
    )
    assert ran.outputs["photo"].remote_url == "https://x.example/a.png"
    assert ran.outputs["gone"] is None


def test_a_run_by_hand_may_give_the_values_themselves() -> None:
    data = {"type": "trigger-webhook", "params": [{"name": "dry", "type": "boolean"}]}
    assert run_node(data, {"node.dry": True}).outputs["dry"] is True


@pytest.mark.spec("logic.204")
@pytest.mark.parametrize("kind", ["trigger-webhook", "trigger-schedule", "trigger-plugin"])
def test_system_variables_are_copied(kind: str) -> None:
    ran = run_node({"type": kind}, {"sys.timestamp": 7, "sys.user_id": "u"})
    assert ran.status == "succeeded"
    assert plain(ran.outputs["sys.timestamp"]) == 7
    assert plain(ran.outputs["sys.user_id"]) == "u"


def test_an_event_of_a_plugin() -> None:
    data = {"type": "trigger-plugin", "provider_id": "p", "event_name": "e", "plugin_unique_identifier": "u"}
    ran = run_node(data, {"node.issue_title": "T"})
    assert plain(ran.outputs["issue_title"]) == "T"
    assert ran.result.metadata == {
        "trigger_info": {"provider_id": "p", "event_name": "e", "plugin_unique_identifier": "u"}
    }


@pytest.mark.spec("logic.203")
def test_event_parameters() -> None:
    variable = {"type": "trigger-plugin", "event_parameters": {"p": {"type": "variable", "value": ["n", "x"]}}}
    assert run_node(variable).status == "succeeded"
    config = PluginTriggerConfig.model_validate(variable)
    with pytest.raises(ValueError, match="constant"):
        config.parameters(["p"])
    assert config.parameters(["q"]) == {"q": None}
    assert run_node({"type": "trigger-plugin", "event_parameters": {"p": {"type": "mixed", "value": 5}}}).invalid


# -- schedules ---------------------------------------------------------------------------------------------------------


def visual(frequency: str | None, **config: Any) -> dict[str, Any]:
    return {"type": "trigger-schedule", "mode": "visual", "frequency": frequency, "visual_config": config}


def cron(text: str, zone: str = "UTC") -> dict[str, Any]:
    return {"type": "trigger-schedule", "mode": "cron", "cron_expression": text, "timezone": zone}


@pytest.mark.spec("logic.198")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (visual("weekly", time="9:05 PM", weekdays=["wed", "sun"]), "5 21 * * 0,3"),
        (visual("monthly", time="12:00 AM", monthly_days=[31, "last", 1]), "0 0 1,31,L * *"),
        (visual("hourly", on_minute=15), "15 * * * *"),
        (visual("daily", time="12:00 AM"), "0 0 * * *"),
        (visual("daily", time="12:00 PM"), "0 12 * * *"),
        (visual("daily", time="1:30 pm"), "30 13 * * *"),
    ],
)
def test_visual_settings_as_cron(data: dict[str, Any], expected: str) -> None:
    assert cron_of(data) == expected


@pytest.mark.spec("logic.199")
@pytest.mark.parametrize(
    ("data", "field"),
    [
        (visual("daily", time="13:00 PM"), "visual_config.time"),
        (visual("daily", time="9:60 AM"), "visual_config.time"),
        (visual("daily", time="9:00"), "visual_config.time"),
        ({"type": "trigger-schedule", "mode": "x"}, "mode"),
        (cron(""), "cron_expression"),
        (visual("weekly", time="9:00 AM", weekdays=[]), "visual_config.weekdays"),
        (visual("weekly", time="9:00 AM", weekdays=["someday"]), "visual_config.weekdays"),
        (visual("monthly", time="9:00 AM", monthly_days=[]), "visual_config.monthly_days"),
        (visual("monthly", time="9:00 AM", monthly_days=[32]), "visual_config.monthly_days"),
        (visual("hourly", on_minute=60), "visual_config.on_minute"),
        (visual(None, time="9:00 AM"), "frequency"),
        ({"type": "trigger-schedule", "mode": "visual", "frequency": "daily"}, "visual_config"),
        (cron("0 0 * * *", "Nowhere/Town"), "timezone"),
        (cron("0 0 31 2 *"), "cron_expression"),
    ],
)
def test_schedules_that_are_refused(data: dict[str, Any], field: str) -> None:
    if field != "timezone" and data.get("cron_expression") != "0 0 31 2 *":
        with pytest.raises(ScheduleProblem) as caught:
            cron_of(data)
        assert caught.value.field == field
    assert codes(data)


@pytest.mark.spec("logic.200")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0 L * *", "2026-01-31T00:00"),
        ("0 22 * * L5", "2026-01-30T22:00"),
        ("0 22 * * 5L", "2026-01-30T22:00"),
        ("0 0 * * 5#2", "2026-02-13T00:00"),
        ("0 0 1W * *", "2026-02-02T00:00"),
        ("0 0 * * 7", "2026-01-18T00:00"),
        ("0 0 ? * mon-tue", "2026-01-19T00:00"),
        ("*/20 5 * FEB *", "2026-02-01T05:00"),
        ("@weekly", "2026-01-18T00:00"),
        ("@midnight", "2026-01-16T00:00"),
    ],
)
def test_next_time(text: str, expected: str) -> None:
    found = next_time(cron(text), datetime(2026, 1, 15, tzinfo=UTC))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.spec("logic.200")
@pytest.mark.parametrize("text", ["? * * * *", "61 * * * *", "0 1 2 3 4 5", "@reboot", "0 0 * * L", "x", "@", "* * *"])
def test_cron_texts_that_are_refused(text: str) -> None:
    with pytest.raises(ScheduleProblem):
        normal_cron(text)
    assert codes(cron(text)) == ["node.schedule_invalid"]


@pytest.mark.spec("logic.201")
@pytest.mark.parametrize(("month", "hour"), [(1, 8), (7, 7)])
def test_times_follow_the_zone(month: int, hour: int) -> None:
    data = {**visual("daily", time="9:00 AM"), "timezone": "Europe/Vienna"}
    assert next_time(data, datetime(2026, month, 15, tzinfo=UTC)) == datetime(2026, month, 15, hour, tzinfo=UTC)


def test_a_missing_hour_moves_on_and_never_repeats() -> None:
    data = {**visual("daily", time="2:30 AM"), "timezone": "Europe/Vienna"}
    times = next_times(data, datetime(2026, 3, 28, 3, tzinfo=UTC), 3)
    assert len(set(times)) == 3
    assert times == sorted(times)


@pytest.mark.spec("logic.202")
def test_times_that_passed_are_not_given_again() -> None:
    late = datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert next_time(cron("0 9 * * *"), late) == datetime(2026, 1, 16, 9, tzinfo=UTC)


def test_checklist() -> None:
    assert codes(visual("daily", time="9:00 AM")) == []
    assert codes({"type": "trigger-webhook", "headers": [{"name": "X-A"}], "params": [{"name": "X_A"}]}) == [
        "node.name_twice"
    ]
    assert codes({"type": "trigger-webhook", "params": [{"name": "a", "type": "integer"}]}) == ["node.type_invalid"]
    assert codes({"type": "trigger-plugin", "subscription_id": ""}) == ["node.subscription_missing"]
    parameters = {
        "type": "trigger-plugin",
        "subscription_id": "s",
        "parameters_schema": [{"name": "project", "required": True}],
    }
    assert codes(parameters) == ["node.parameter_missing"]
    assert codes({**parameters, "event_parameters": {"project": {"type": "constant", "value": "x"}}}) == []
