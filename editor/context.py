"""The one object that the parts of the window share: services, background tasks, runs, messages, preferences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from editor.block_habits import BlockHabits
from editor.bridge.garbage import Garbage
from editor.bridge.runs import RunCenter
from editor.bridge.tasks import Tasks
from editor.i18n import language_signal
from editor.isolation import Isolation
from editor.keymap import Keymap
from editor.keymap import use as use_keys
from editor.mail import Mail
from editor.messages import Messages, RecordedMessages
from editor.panels.viewers.viewing import Viewing, use
from editor.sessions import Sessions
from editor.settings import Preferences
from editor.snippets import Snippets
from editor.tools import Tools
from engine.services.context import Services

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from engine.services.model_names import ChatModel, ModelRef


class Studio(QObject):
    """What a window is given. Nothing here opens the database or imports a heavy library before it is asked to."""

    modelsChanged = Signal()

    def __init__(self, services: Services, preferences: Preferences, messages: Messages | None = None) -> None:
        super().__init__()
        self.services = services
        self.preferences = preferences
        self.messages: Messages = messages or RecordedMessages()
        self.keymap = Keymap(preferences, self)
        use_keys(self.keymap)
        self.habits = BlockHabits(preferences, self)
        self.tasks = Tasks(self)
        self._garbage = Garbage(self)
        use(Viewing(services.file_path, preferences, self.tasks))
        self.runs = RunCenter(services.data_dir, self)
        self.isolation = Isolation(self.runs, self)
        self.mail = Mail(services, self.tasks, self)
        self.tools = Tools(services, self.tasks, self.runs.host.reload, self)
        self.snippets = Snippets(services, self.tasks, lambda: self.messages, self)
        self.sessions = Sessions(self)
        self.windows: list[MainWindow] = []
        """The open main windows, in the order of opening."""
        self.quitting = False
        self._models: list[dict[str, Any]] | None = None
        self._registry: ChatModel | None = None
        self.default_model: ModelRef | None = None
        self._asked_models = False
        language_signal().changed.connect(self._retell)

    @staticmethod
    def _retell() -> None:
        """Another language was chosen: everything that is open says its words again."""
        from editor.retelling import retell

        retell()

    def open_settings(self, page: str) -> None:
        """Open the settings at a page of them, over the window that is worked in."""
        active = QApplication.activeWindow()
        window = next((w for w in self.windows if w is active), self.windows[-1] if self.windows else None)
        if window is not None:
            window.preferences(page)

    # -- what forms ask, answered from memory --------------------------------------------------------------------------

    def load_models(self) -> None:
        """Ask the workspace for its models in the background; `modelsChanged` tells when they are known."""
        self._asked_models = True

        def work() -> tuple[list[dict[str, Any]], ChatModel, ModelRef | None]:
            models = self.services.models
            labels = {view.id: view.label for view in models.providers()}
            known = [
                {
                    "provider": m.ref.provider,
                    "name": m.ref.name,
                    "label": m.label or m.ref.name,
                    "provider_label": labels.get(m.ref.provider, ""),
                    "features": sorted(m.features or ()),
                    "context_size": m.context_size,
                }
                for m in models.known_models()
            ]
            return known, models.chat_model(), models.default()

        def done(found: tuple[list[dict[str, Any]], ChatModel, ModelRef | None]) -> None:
            self._models, self._registry, self.default_model = found
            self.modelsChanged.emit()

        self.tasks.run(work, done=done, key="models")

    def known_models(self) -> list[dict[str, Any]]:
        """The models of the workspace, as far as they are known yet."""
        if self._models is None and not self._asked_models:
            self.load_models()
        return self._models or []

    def model_rules(self, provider: str, name: str) -> Sequence[Mapping[str, Any]]:
        """The parameters that a model takes here; the usual ones while it is not known."""
        from engine.services.model_names import ModelError, ModelRef

        if self._registry is not None and name:
            try:
                return self._registry.resolve(ModelRef(provider, name)).parameter_rules
            except ModelError:
                pass
        return self.services.models.usual_rules(provider, name)

    def model_problem(self, provider: str, name: str) -> str:
        """Why a model cannot be used here; an empty text when it can or when it is not known yet."""
        from editor.i18n import tr
        from engine.services.model_names import ModelError, ModelRef

        if self._registry is None or not name:
            return ""
        last = provider.rsplit("/", 1)[-1] or "?"
        try:
            self._registry.resolve(ModelRef(provider, name))
        except ModelError as problem:
            if problem.error_type == "ModelCurrentlyNotSupportError":
                return tr(
                    "Configure a model: the provider of {name}, {provider}, is not in use.", name=name, provider=last
                )
            return tr("Configure a model: {name} of {provider} is not set up here.", name=name, provider=last)
        return ""

    def tool_problem(self, data: Mapping[str, Any]) -> str:
        """Why a tool cannot be used here; an empty text when it can or when it is not known yet."""
        return next((self.tools.problem(identity) for identity, _ in self.tools.missing(data)), "")

    def tool_parameters(self, data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What an installed tool declares."""
        from engine.services.tool_snapshot import schemas

        found = self.tools.find(data)
        return [*schemas(found)] if found is not None else []

    def close(self) -> None:
        """End the engine process and wait for what is being written."""
        language_signal().changed.disconnect(self._retell)
        self._garbage.stop()
        self.tasks.close()
        self.runs.close()
        self.services.close()
