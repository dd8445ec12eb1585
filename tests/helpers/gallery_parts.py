"""The register of what the gallery shows, and what its pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget

from editor.screenshot import wait_until
from engine.model.workflow import Workflow
from tests.helpers.studio import Studio

Shower = Callable[[Studio], Iterator[QWidget]]
SURFACES: Final[dict[str, Shower]] = {}
LONG: Final = "A workflow with a rather long name that somebody typed for the accounting department 会计部门的工作流程"
SOON: Final = 0.25
"""Seconds that a picture waits for what is read in the background."""


def surface(show: Shower) -> Shower:
    """Registers what one function shows; several yields are pictures one after the other."""
    SURFACES[show.__name__] = show
    return show


def let_work(seconds: float = SOON) -> None:
    """Let the window work for a while."""
    wait_until(lambda: False, seconds)


def put_away(widget: QWidget) -> None:
    """Close a window for good."""
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@contextmanager
def app(studio: Studio, workflow: Workflow | None = None, *, name: str = "Sample", mode: str = "workflow") -> Any:
    """A workflow in a tab of its own, closed afterwards."""
    create = studio.services.workflows.create
    page = studio.open_app(create(mode, name, workflow=workflow) if workflow else create(mode, name))
    page.canvas.fit()
    try:
        yield page
    finally:
        studio.window.close_page(studio.window.pages.indexOf(page))
        let_work(0.05)
