"""A workflow that begins with a webhook: Run listens, a request from outside starts the run."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.model.workflow import Workflow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def hooks(count: int = 1) -> Workflow:
    body = [{"name": "order", "type": "string", "required": True}]
    nodes: list[dict[str, Any]] = [
        node(f"h{n}", "trigger-webhook", title=f"Hook {n}", method="POST", body=body, status_code=202)
        for n in range(count)
    ]
    outputs = [{"variable": "order", "value_selector": ["h0", "order"]}]
    return made([*nodes, node("end", "end", outputs=outputs)], [(n["id"], "end") for n in nodes])


def opened(studio: Studio, workflow: Workflow) -> WorkflowPage:
    return studio.open_app(studio.services.workflows.create("workflow", "Hooked", workflow=workflow))


@pytest.mark.spec("logic.195")
def test_a_request_starts_the_run(studio: Studio) -> None:
    page = opened(studio, hooks())
    QTest.mouseClick(studio.window.top.run, LEFT)
    ear = page.run_panel.ear
    assert wait_until(lambda: ear.is_listening and ear.url.isVisible(), 10)
    QTest.mouseClick(ear.copy, LEFT)
    address = QApplication.clipboard().text()
    assert address.startswith("http://127.0.0.1:")
    assert ear.example.text().startswith("curl -X POST")
    assert httpx.post(address, json={}).status_code == 400
    assert wait_until(lambda: "400" in ear.state.text(), 10)
    # A path in what a stranger sends stays text.
    assert httpx.post(address, json={"order": "7", "path": "/etc/hostname"}).status_code == 202
    state = page.session
    assert wait_until(lambda: state.run_state is not None and state.run_state.is_over, 60)
    assert state.run_state is not None
    assert state.run_state.outputs == {"order": "7"}
    assert not ear.is_listening
    with pytest.raises(httpx.ConnectError):
        httpx.post(address, json={"order": "8"})


def test_which_webhook_and_stop(studio: Studio) -> None:
    page = opened(studio, hooks(2))
    page.show_drawer("run")
    page.run_panel.build_form()
    studio.settle()
    ear = page.run_panel.ear
    assert [ear.which.itemText(i) for i in range(ear.which.count())] == ["Hook 0", "Hook 1"]
    assert ear.which.isVisible()
    QTest.mouseClick(ear.button, LEFT)
    address = ear.url.text()
    assert httpx.get(address).status_code == 400
    QTest.mouseClick(ear.button, LEFT)
    assert not ear.is_listening
    assert not ear.url.isVisible()

    def gone() -> bool:
        try:
            httpx.get(address)
        except httpx.TransportError:
            return True
        return False

    assert wait_until(gone, 10)
    assert page.session.run is None


def test_a_page_that_goes_listens_no_more(studio: Studio) -> None:
    page = opened(studio, hooks())
    page.run_panel.ear.listen()
    address = page.run_panel.ear.url.text()
    studio.window.close_page(studio.window.pages.indexOf(page))
    with pytest.raises(httpx.TransportError):
        httpx.get(address)
