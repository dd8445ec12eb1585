"""The library of a workspace: tags, infos, converting, files in and out, the trash."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.clock import Clock
from engine.errors import PenstockError, UserError
from engine.services.context import Services
from engine.services.fetching import address
from engine.services.library import Info, Tag
from tests.helpers.model import made, node
from tests.helpers.servers import Reply, serving

FILE = b"""app: {name: Fetched, mode: workflow}
kind: app
version: 0.3.0
workflow: {graph: {nodes: [], edges: []}}
"""


class Calendar(Clock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def services(tmp_path: Path, calendar: Calendar) -> Iterator[Services]:
    found = Services(tmp_path / "data", clock=calendar)
    yield found
    found.close()


def test_tags_are_kept_renamed_and_forgotten(services: Services) -> None:
    library = services.library
    one, two = (services.workflows.create("workflow", name) for name in ("One", "Two"))
    library.add_tag("Work", "green")
    library.add_tag("Play")
    with pytest.raises(UserError, match="already"):
        library.add_tag(" work ")
    with pytest.raises(UserError, match="name"):
        library.add_tag("  ")
    library.mark([one, two], "Work", on=True)
    library.mark([two], "Play", on=True)
    library.mark([two], "Work", on=True)  # twice is once
    library.mark([one], "Nowhere", on=True)
    assert library.marks() == {one: ["Work"], two: ["Play", "Work"]}
    library.change_tag("Work", "Job", "red")
    assert library.tags()[0] == Tag("Job", "red")
    assert library.marks()[two] == ["Play", "Job"]
    with pytest.raises(UserError):
        library.change_tag("Job", "play", "red")
    library.mark([two], "Job", on=False)
    library.remove_tag("Play")
    assert library.marks() == {one: ["Job"]}
    again = Services(services.data_dir)
    assert again.library.marks() == {one: ["Job"]}
    again.close()


def test_who_an_app_is_stands_in_its_draft_and_in_the_list(services: Services) -> None:
    app = services.workflows.create("workflow", "Plain")
    services.library.set_info(app, Info(" Better ", "For reports", "emoji", "🦊", "#FFEAD5"))
    assert services.library.info(app) == Info("Better", "For reports", "emoji", "🦊", "#FFEAD5")
    (summary,) = services.workflows.list("report")
    assert (summary.name, summary.icon, summary.icon_type) == ("Better", "🦊", "emoji")
    assert b"description: For reports" in services.workflows.export(app)
    with pytest.raises(UserError):
        services.library.set_info(app, Info(" "))


def test_a_workflow_becomes_a_chat_flow_whose_answers_say_its_outputs(services: Services) -> None:
    outputs = [{"variable": n, "value_selector": ["1", n], "value_type": "string"} for n in ("a", "b")]
    flow = made([node("1", "start"), node("2", "end", title="Out", outputs=outputs)], [("1", "2")])
    app = services.workflows.create("workflow", "Flow", workflow=flow)
    other = services.library.convert(app, "Flow as chat")
    workflow = services.workflows.load(other).workflow
    assert workflow.mode == "advanced-chat"
    answer = workflow.graph.nodes["2"]
    assert (answer.type, answer.data["answer"]) == ("answer", "a: {{#1.a#}}\n\nb: {{#1.b#}}")
    assert "outputs" not in answer.data
    back = services.workflows.load(services.library.convert(other, "Back")).workflow
    assert back.mode == "workflow"
    assert back.graph.nodes["2"].data["outputs"] == outputs
    assert services.workflows.load(app).workflow.mode == "workflow"


def test_what_only_the_other_kind_can_have_is_named(services: Services) -> None:
    hook = made([node("1", "trigger-webhook", title="Hook"), node("2", "end", title="Out")], [("1", "2")])
    app = services.workflows.create("workflow", "Hooked", workflow=hook)
    with pytest.raises(UserError, match="Hook"):
        services.library.convert(app, "No")
    said = node("3", "answer", title="Say", answer="You said {{#sys.query#}}")
    chat = made([node("1", "start"), said], [("1", "3")], mode="advanced-chat")
    other = services.workflows.create("advanced-chat", "Chat", workflow=chat)
    with pytest.raises(UserError, match=r"Say.*sys\.query"):
        services.library.convert(other, "No")
    talk = made(
        [node("1", "start"), node("2", "answer", title="First", answer="Wait"), node("3", "answer", answer="Done")],
        [("1", "2"), ("2", "3")],
        mode="advanced-chat",
    )
    with pytest.raises(UserError, match="First"):
        services.library.convert(services.workflows.create("advanced-chat", "Talk", workflow=talk), "No")


def test_many_files_are_one_archive(services: Services) -> None:
    ids = [services.workflows.create("workflow", name) for name in ("A/B: c", "same", "Same", "报告")]
    packed = services.library.export(ids)
    assert packed is not None
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["A-B- c.yml", "same.yml", "Same (2).yml", "报告.yml"]
        assert services.workflows.import_text(archive.read("报告.yml")).app_id is not None
    told: list[tuple[int, int]] = []

    def stop(done: int, of: int) -> bool:
        told.append((done, of))
        return done < 2

    assert services.library.export(ids, stop) is None
    assert told == [(0, 4), (1, 4), (2, 4)]


def test_the_trash_is_restorable_for_thirty_days(services: Services, calendar: Calendar) -> None:
    old, young, kept = (services.workflows.create("workflow", name) for name in ("Old", "Young", "Kept"))
    services.library.add_tag("T")
    services.library.mark([old, young], "T", on=True)
    services.workflows.delete(old)
    calendar.moment += timedelta(days=20)
    services.workflows.delete(young)
    calendar.moment += timedelta(days=9, hours=23)
    assert services.library.clear_trash() == []
    services.workflows.restore_from_trash(old)
    assert {a.id for a in services.workflows.list()} == {old, kept}
    services.workflows.delete(old)
    calendar.moment += timedelta(days=20, hours=2)
    assert services.library.clear_trash() == [young]
    assert [a.id for a in services.workflows.list(trash=True)] == [old]
    assert services.library.marks() == {old: ["T"]}
    with pytest.raises(UserError):
        services.workflows.load(young)


# -- from the network ------------------------------------------------------------------------------------------------


def allowed(services: Services) -> Services:
    services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
    return services


def test_a_file_is_fetched_with_progress(services: Services) -> None:
    told: list[tuple[int, int]] = []
    with serving(lambda _: Reply(FILE)) as server:
        fetch = allowed(services).fetch(f"{server.url}/flows/My%20flow.yml?x=1")
        assert fetch.name == "My flow"
        assert fetch.run(lambda *now: told.append(now)) == FILE
    assert told[-1] == (len(FILE), len(FILE))
    assert server.requests[0].target == "/flows/My%20flow.yml?x=1"


def test_the_network_rules_hold_for_files_too(services: Services) -> None:
    with serving(lambda _: Reply(FILE)) as server, pytest.raises(PenstockError, match="network rules"):
        services.fetch(f"{server.url}/a.yml").run()
    assert server.requests == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"no", status=404), "status 404"),
        (Reply(b"  \n"), "nothing"),
        (Reply(b"<!DOCTYPE html><html></html>"), "web page"),
        (Reply(b"x" * (10 * 1024 * 1024 + 1)), "10 MiB"),
    ],
)
def test_what_is_no_file_is_refused_in_words(services: Services, reply: Reply, words: str) -> None:
    with serving(lambda _: reply) as server, pytest.raises(PenstockError, match=words):
        allowed(services).fetch(f"{server.url}/a.yml").run()


def test_a_download_can_be_given_up(services: Services) -> None:
    begun = threading.Event()

    async def slow() -> AsyncIterator[bytes]:
        import asyncio

        yield b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nabc"
        begun.set()
        await asyncio.sleep(3600)

    with serving(lambda _: slow()) as server:
        fetch = allowed(services).fetch(f"{server.url}/a.yml")
        caught: list[PenstockError] = []

        def work() -> None:
            try:
                fetch.run()
            except PenstockError as error:
                caught.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(60)
        fetch.cancel()
        thread.join(60)
    assert [e.code for e in caught] == ["fetch.cancelled"]


def test_addresses_are_checked_and_pages_of_repositories_lead_to_their_files() -> None:
    page = "https://github.com/someone/flows/blob/main/a/My flow.yml?plain=1"
    assert address(page) == "https://raw.githubusercontent.com/someone/flows/main/a/My flow.yml"
    assert address(" https://example.com/x ") == "https://example.com/x"
    for wrong in ("ftp://example.com/x.yml", "file:///etc/passwd", "example.com/x.yml", "", "https://"):
        with pytest.raises(UserError):
            address(wrong)
