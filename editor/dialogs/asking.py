"""What dialogs share that let a model write: the choice of a model, the buttons, and a question that runs, streams, is
stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QProgressBar, QPushButton, QWidget

from editor.i18n import tr
from editor.keymap import shown
from editor.panels.forms.fields import calm

if TYPE_CHECKING:
    from editor.bridge.runs import LiveRun
    from editor.context import Studio
    from engine.services.runs import StartRun


class ModelChoice(QComboBox):
    """The models of the workspace; `filled` tells that they were read anew."""

    filled = Signal()

    def __init__(self, studio: Studio, wanted: tuple[str, str] = ("", "")) -> None:
        super().__init__()
        self._studio = studio
        self.setAccessibleName(tr("Model"))
        calm(self)
        self._fill(wanted)
        studio.modelsChanged.connect(self._again)

    @property
    def chosen(self) -> tuple[str, str]:
        """Provider and name."""
        provider, name = self.currentData() or ("", "")
        return str(provider), str(name)

    def _again(self) -> None:
        self._fill(self.chosen)
        self.filled.emit()

    def _fill(self, wanted: tuple[str, str]) -> None:
        """Chosen is the one that is wanted, else the usual one."""
        self.clear()
        entries = self._studio.known_models()
        for entry in entries:
            self.addItem(entry["label"], (entry["provider"], entry["name"]))
        usual = self._studio.default_model
        pairs = [(entry["provider"], entry["name"]) for entry in entries]
        choices = [wanted, (usual.provider, usual.name) if usual is not None else ("", "")]
        found = next((pairs.index(pair) for pair in choices if pair in pairs), 0 if pairs else -1)
        self.setCurrentIndex(found)
        self.setPlaceholderText(tr("No model is set up yet"))


class AskBar(QHBoxLayout):
    """The button that asks, the one that stops, and a bar that moves while the model writes."""

    def __init__(self, words: str, ask: Callable[[], Any], stop: Callable[[], Any]) -> None:
        super().__init__()
        self.setSpacing(8)
        self.write = QPushButton(words)
        self.write.setProperty("kind", "primary")
        self.write.setToolTip(shown("confirm"))
        self.write.clicked.connect(lambda: ask())
        self.stop = QPushButton(tr("Stop"))
        self.stop.clicked.connect(lambda: stop())
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(4)
        self.addWidget(self.write)
        self.addWidget(self.stop)
        # The bar keeps its room while it is hidden, so that nothing moves.
        room = QWidget()
        inside = QHBoxLayout(room)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.busy)
        self.addWidget(room, 1)


class Question(QObject):
    """One question to a model after the other. Nothing is told of a run any more once it was let go of."""

    wrote = Signal(str)
    """The text so far."""
    answered = Signal(dict)
    """The summary of a run that succeeded."""
    failed = Signal(str)
    """Why there is no answer; an empty text when it was stopped."""

    def __init__(self, studio: Studio, model_node: str, parent: QObject) -> None:
        super().__init__(parent)
        self._studio, self._node = studio, model_node
        self._run: LiveRun | None = None
        self._stopping = False

    @property
    def is_running(self) -> bool:
        return self._run is not None

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    def ask(self, run: StartRun) -> None:
        """Start a run whose node `model_node` asks the model."""
        self._stopping = False
        self._run = live = self._studio.runs.start(run)
        live.changed.connect(self._changed)
        live.started.connect(self._started)
        live.refused.connect(self._refused)
        live.finished.connect(self._finished)

    def stop(self) -> None:
        """Stop what runs; `failed` tells when it has ended."""
        self._stopping = True
        if self._run is not None:
            self._run.stop()

    def give_up(self) -> None:
        """Stop what runs, and hear no more of it."""
        run = self._run
        self._let_go()
        if run is None:
            return
        if run.run_id:
            run.stop()
        else:
            run.started.connect(lambda _: run.stop())

    def _started(self, _: str) -> None:
        if self._stopping and self._run is not None:
            self._run.stop()

    def _changed(self, _: Any) -> None:
        state = self._run.state.nodes if self._run is not None else {}
        found = next((n for n in state.values() if n.node_id == self._node), None)
        if found is not None and found.text:
            self.wrote.emit(found.text)

    def _refused(self, error: dict[str, Any]) -> None:
        self._let_go()
        self.failed.emit(str(error.get("message") or tr("The engine could not start.")))

    def _finished(self, summary: dict[str, Any]) -> None:
        self._let_go()
        if self._stopping or summary.get("status") == "stopped":
            self.failed.emit("")
        elif summary.get("status") != "succeeded":
            self.failed.emit(str(summary.get("error") or tr("It failed.")))
        else:
            self.answered.emit(summary)

    def _let_go(self) -> None:
        if self._run is not None:
            for signal in (self._run.changed, self._run.started, self._run.refused, self._run.finished):
                signal.disconnect()
            self._run = None
