"""Editing on a full disk: it is said, nothing is lost, and it is saved as soon as there is room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog

from editor.screenshot import wait_until
from engine.dsl.read import read
from engine.model.edits import SetField
from tests.helpers.disk import Disk
from tests.helpers.studio import Studio

CHOICES = "['Try again', 'Save a copy as a file…', 'Close without saving']"


def stored(studio: Studio, app_id: str, node: str) -> Any:
    return studio.services.workflows.load(app_id).workflow.graph.nodes[node].title


def journalled(studio: Studio) -> int:
    """Edits in the journal, when all that was handed to the writer is written."""
    query = "select count(*) from draft_journal"
    return int(studio.services.database.write(lambda c: c.exec_driver_sql(query).scalar()) or 0)


def edited_on_a_full_disk(studio: Studio) -> tuple[Disk, str, str]:
    page = studio.sample("question-answering")
    studio.settle()
    node = next(iter(page.session.document.graph.nodes))
    assert wait_until(lambda: page.session.save_state == "saved", 30)
    disk = Disk(studio.services.database)
    disk.fill()
    page.session.submit(SetField(node, ("title",), "x" * 200_000), "Edit")
    assert wait_until(lambda: page.session.save_state == "failed", 30)
    return disk, page.session.app_id, node


@pytest.mark.spec("store.60")
@pytest.mark.expects_log
def test_work_goes_on_and_is_saved_by_itself(studio: Studio) -> None:
    disk, app_id, node = edited_on_a_full_disk(studio)
    page = studio.page
    assert studio.window.top.state.text() == "Not saved"
    assert any("disk is full" in told for told in studio.messages.told)

    page.session.submit(SetField(node, ("title",), "Later"), "Edit")
    assert page.session.document.graph.nodes[node].title == "Later"
    assert stored(studio, app_id, node) != "Later"
    disk.free()

    assert wait_until(lambda: page.session.save_state == "saved", 60)
    assert stored(studio, app_id, node) == "Later"
    assert studio.window.top.state.text().startswith("Saved")


@pytest.mark.expects_log
def test_closing_asks_what_becomes_of_the_changes(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, app_id, node = edited_on_a_full_disk(studio)

    studio.window.do("close_tab")  # no answer: it stays open
    assert studio.messages.asked[-1].endswith(CHOICES)
    assert studio.window.page is not None
    assert not studio.window.close()
    assert studio.window.isVisible()

    target = tmp_path / "copy.yml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    studio.messages.answers.append(1)
    studio.window.do("close_tab")
    assert studio.window.page is None
    copy = read(target.read_bytes(), name="copy").workflow
    assert copy is not None
    assert copy.graph.nodes[node].title == "x" * 200_000

    disk.free()
    assert len(stored(studio, app_id, node)) < 200_000


@pytest.mark.expects_log
def test_what_was_edited_after_a_gap_of_the_journal_is_saved_whole(studio: Studio) -> None:
    disk, app_id, node = edited_on_a_full_disk(studio)
    page = studio.page
    disk.free()
    page.session.submit(SetField(node, ("title",), "Without the step before"), "Edit")
    assert journalled(studio) == 0

    assert wait_until(lambda: page.session.save_state == "saved", 60)
    assert stored(studio, app_id, node) == "Without the step before"
    page.session.submit(SetField(node, ("desc",), "journalled again"), "Edit")
    assert journalled(studio) == 1  # nothing is saved before the event loop turns
