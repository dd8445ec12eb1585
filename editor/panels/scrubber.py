"""The way through a run in time: a slider with a place for everything that happened, steps, playing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QWidget

from editor.amounts import duration
from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import ElidedLabel, tool_button

if TYPE_CHECKING:
    from editor.moments import Moments
    from editor.session import WorkflowSession

LONGEST_WAIT = 1.0
"""Seconds: nobody wants to watch a pause of a minute."""
SHORTEST_WAIT = 0.08
WORDS = {
    "GraphRunStarted": "the run begins",
    "NodeRunStarted": "begins",
    "NodeRunRetry": "tries again",
    "NodeRunPauseRequested": "waits",
    "NodeRunIterationNext": "next round",
    "NodeRunLoopNext": "next round",
    "NodeHeld": "is held",
    "NodeReleased": "goes on",
    "NodeRunSucceeded": "has succeeded",
    "NodeRunFailed": "has failed",
    "NodeRunException": "has failed, handled",
}


def moment_words(moments: Moments) -> str:
    """The moment that is shown: how far into the run, and what has just happened."""
    replay = moments.replay
    if replay is None:
        return ""
    count, event = replay.stops[moments.stop], replay.event_of(moments.stop)
    when = f"{duration(replay.elapsed(count))} / {duration(replay.elapsed(replay.stops[-1]))}"
    if event is None:
        return when
    title = str(event.get("node_title") or event.get("node_id") or "")
    word = tr(WORDS[event["event"]]) if event["event"] in WORDS else tr("the run is over")
    return f"{when}  ·  {f'{title} {word}'.strip()}"


class _Slider(QSlider):
    """The arrow keys of either direction go along it; a click goes to its place at once."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.maximum() > 0:
            share = (event.position().x() - 8) / max(1, self.width() - 16)
            self.setValue(round(min(1.0, max(0.0, share)) * self.maximum()))
        super().mousePressEvent(event)


class Scrubber(QWidget):
    """`stepShown` names the execution that the moment is about."""

    stepShown = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._loading = False
        self.setAccessibleName(tr("Moments of the run"))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 12, 4)
        row.setSpacing(2)
        self.first = tool_button("moment-first", tr("To the beginning"), lambda: self.slider.setValue(0))
        self.back = tool_button("chevron-left", tr("One moment back"), lambda: self.step(-1))
        self.play = tool_button("play", tr("Play"), self.toggle)
        self.on = tool_button("chevron-right", tr("One moment on"), lambda: self.step(1))
        self.end = tool_button("moment-last", tr("To the end"), lambda: self.slider.setValue(self.slider.maximum()))
        for button in (self.first, self.back, self.play, self.on, self.end):
            button.setIconSize(QSize(16, 16))
            row.addWidget(button)
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(tr("Moment of the run"))
        self.slider.setPageStep(10)
        self.slider.valueChanged.connect(self._moved)
        self.slider.setMinimumWidth(96)
        row.addWidget(self.slider, 1)
        row.addSpacing(8)
        self.words = ElidedLabel()
        self.words.setProperty("kind", "small")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.words, 1)
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._play_on)
        self.refresh()

    # -- following ---------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Follow the session: which run is shown, and at which moment."""
        session = self._session
        replay = session.moments.replay
        self.setVisible(session.moments.can_scrub)
        for button in (self.first, self.back, self.play, self.on, self.end):
            button.setEnabled(session.moments.can_scrub)
        if replay is None:
            self._loading = True
            self.slider.setRange(0, 1)
            self.slider.setValue(1)
            self._loading = False
            self.words.setText("")
            self._stop()
            return
        self._loading = True
        self.slider.setRange(0, len(replay.stops) - 1)
        self.slider.setValue(session.moments.stop)
        self._loading = False
        self._say()

    def _say(self) -> None:
        moments = self._session.moments
        replay = moments.replay
        assert replay is not None
        self.words.setText(moment_words(moments))
        self.slider.setToolTip(self.words.text())
        last = len(replay.stops) - 1
        self.back.setEnabled(moments.stop > 0)
        self.first.setEnabled(moments.stop > 0)
        self.on.setEnabled(moments.stop < last)
        self.end.setEnabled(moments.stop < last)

    # -- moving ------------------------------------------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Go some moments on or back."""
        self._stop()
        self._session.moments.wanted(lambda: self.slider.setValue(self.slider.value() + by))

    def _moved(self, value: int) -> None:
        if self._loading:
            return
        moments = self._session.moments
        if moments.replay is None:
            moments.wanted(lambda: self.slider.setValue(0 if value == 0 else self.slider.maximum()))
            return
        moments.go(value)
        event = moments.replay.event_of(value)
        if event is not None and event.get("id"):
            self.stepShown.emit(str(event["id"]))

    @property
    def is_playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._clock.isActive()

    def toggle(self) -> None:
        """Play the run from here at its own speed (long waits are cut), or stop playing."""
        if self._clock.isActive():
            self._stop()
        else:
            self._session.moments.wanted(self._play)

    def _play(self) -> None:
        if self.slider.value() == self.slider.maximum():
            self.slider.setValue(0)
        self.play.setIcon(icon("pause", "muted"))
        self.play.setToolTip(tr("Stop playing"))
        self._wait()

    def _wait(self) -> None:
        moments = self._session.moments
        if moments.replay is None or moments.stop >= len(moments.replay.stops) - 1:
            self._stop()
            return
        here, there = moments.replay.stops[moments.stop], moments.replay.stops[moments.stop + 1]
        seconds = moments.replay.elapsed(there) - moments.replay.elapsed(here)
        self._clock.start(round(1000 * min(LONGEST_WAIT, max(SHORTEST_WAIT, seconds))))

    def _play_on(self) -> None:
        self.slider.setValue(self.slider.value() + 1)
        self._wait()

    def _stop(self) -> None:
        self._clock.stop()
        self.play.setIcon(icon("play", "muted"))
        self.play.setToolTip(tr("Play"))
