"""A session and its inspector, without the rest of the window, for tests of forms."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from editor.messages import RecordedMessages
from editor.panels.inspector import Inspector
from editor.panels.variable_picker import VariablePicker
from editor.screenshot import wait_until
from editor.session import WorkflowSession
from engine.model.workflow import Workflow
from tests.helpers.studio import Studio, opened_studio

W = TypeVar("W", bound=QWidget)
WORKERS = 4


class Desk:
    """One workflow, its session, and the inspector on one of its nodes."""

    def __init__(self, studio: Studio, workflow: Workflow, node_id: str) -> None:
        self.studio = studio
        self.session = WorkflowSession(studio.window.studio, workflow)
        self.document = self.session.document
        self.inspector = Inspector(self.session)
        self.inspector.resize(380, 900)
        self.inspector.show()
        self.inspector.activateWindow()
        self.node_id = node_id
        self.inspector.show_node(node_id)
        QApplication.processEvents()

    @property
    def data(self) -> dict[str, Any]:
        """The settings of the node as the document holds them."""
        return dict(self.document.graph.node(self.node_id).data)

    @property
    def messages(self) -> RecordedMessages:
        """What was said and asked."""
        return self.studio.messages

    def steps(self) -> int:
        """How many undo steps there are."""
        return len(self.document.history())

    def all(self, kind: type[W], name: str = "", within: QWidget | None = None) -> list[W]:
        """The visible widgets of a kind, of one name if given, from top to bottom."""
        QApplication.processEvents()
        place = within or self.inspector
        found = [w for w in place.findChildren(kind) if w.isVisible() and (not name or w.accessibleName() == name)]
        return sorted(
            found, key=lambda w: (w.mapTo(place, w.rect().topLeft()).y(), w.mapTo(place, w.rect().topLeft()).x())
        )

    def one(self, kind: type[W], name: str, within: QWidget | None = None) -> W:
        """The first visible widget of a kind and name."""
        found = self.all(kind, name, within)
        assert found, f"no {kind.__name__} {name!r} among {sorted({w.accessibleName() for w in self.all(QWidget)})}"
        return found[0]

    def click(self, name: str, number: int = 0) -> None:
        """Click what has a name."""
        found = self.all(QWidget, name)
        assert found, f"nothing is called {name!r}: {sorted({w.accessibleName() for w in self.all(QWidget)})}"
        QTest.mouseClick(found[number], Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def choose(self, name: str, word: str) -> None:
        """Choose an entry of a combo box by keys, as a person does."""
        from PySide6.QtWidgets import QComboBox

        box = self.one(QComboBox, name)
        index = box.findText(word)
        assert index >= 0, [box.itemText(i) for i in range(box.count())]
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(index):
            if box.currentText() != word:
                QTest.keyClick(box, Qt.Key.Key_Down)
        QApplication.processEvents()

    def picker(self) -> VariablePicker:
        """The variable picker that is open."""
        QApplication.processEvents()
        found = [w for w in QApplication.topLevelWidgets() if isinstance(w, VariablePicker) and w.isVisible()]
        assert found, "no picker is open"
        return found[-1]

    def close(self) -> None:
        """Put everything away."""
        self.inspector.close_session()
        self.inspector.close()
        self.inspector.deleteLater()
        self.session.close()
        self.session.deleteLater()


@pytest.fixture(scope="module")
def forms_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with opened_studio(tmp_path_factory.mktemp("forms")) as studio:
        # The threads that live as long as the studio start now, not in whichever test comes first.
        studio.services.open_workspace()
        together = threading.Barrier(WORKERS)
        arrived: list[object] = []
        for _ in range(WORKERS):
            studio.window.studio.tasks.run(together.wait, done=arrived.append)
        assert wait_until(lambda: len(arrived) == WORKERS, 20)
        yield studio


@pytest.fixture
def desk(forms_studio: Studio) -> Iterator[Callable[[Workflow, str], Desk]]:
    """Opens the inspector on a node of a workflow."""
    made: list[Desk] = []

    def make(workflow: Workflow, node_id: str) -> Desk:
        made.append(Desk(forms_studio, workflow, node_id))
        return made[-1]

    yield make
    unnamed = [step.label for each in made for step in each.document.history() if step.label.startswith("Edit ")]
    for each in made:
        each.close()
    assert not unnamed, "the history names the setting of each step"


Open = Callable[[Workflow, str], Desk]
