"""What the models page shows and does, away from the window's thread: one snapshot read at a time, changes that end
in a new snapshot, and everybody told who knows models (pickers, checklists, the engine process)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from editor.enginetexts import told_with_hint
from editor.i18n import tr
from engine.errors import PenstockError
from engine.services.model_names import ModelInfo, ModelRef

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.model_probe import FoundServer
    from engine.services.models import ProviderView

Ref = tuple[str, str]


@dataclass(frozen=True)
class Snapshot:
    """The models of the workspace at one moment."""

    providers: tuple[ProviderView, ...] = ()
    models: Mapping[str, list[tuple[ModelInfo, bool]]] = field(default_factory=dict)
    known: tuple[ModelInfo, ...] = ()
    default: ModelRef | None = None
    fallback: bool = False
    aliases: Mapping[Ref, ModelRef] = field(default_factory=dict)
    has_embedded: bool = True

    def provider(self, provider_id: str) -> ProviderView | None:
        """One provider, None when it is gone."""
        return next((view for view in self.providers if view.id == provider_id), None)

    def label(self, provider_id: str) -> str:
        """A provider's name for people."""
        found = self.provider(provider_id)
        return tr(found.label) if found is not None else provider_id.rsplit("/", 1)[-1]

    def title(self, ref: ModelRef) -> str:
        """A model's name for people, with its provider."""
        return f"{ref.name}  ·  {self.label(ref.provider)}"


class ModelsDesk(QObject):
    """`changed` after each snapshot, `found` with servers that run here, `failed` with what went wrong."""

    changed = Signal()
    found = Signal(object)
    failed = Signal(str)

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self.studio = studio
        self.service = studio.services.models
        self.snapshot = Snapshot()

    def load(self) -> None:
        """Read everything anew."""
        self._run(self._read, self._loaded, key="models desk")

    def look(self) -> None:
        """Look for servers that run on this machine."""
        self._run(self.service.new_servers, self.found.emit, key="models look")

    def change(self, work: Callable[[], Any], then: Callable[[Any], None] | None = None) -> None:
        """Do something on a thread, then read everything anew and tell everybody."""

        def done(result: Any) -> None:
            if then is not None:
                then(result)
            self.load()
            self.studio.load_models()
            self.studio.runs.host.reload()

        self._run(work, done)

    def run(self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Work whose result is shown without anything having changed."""
        self._run(work, done, failed=failed)

    def _read(self) -> Snapshot:
        service = self.service
        views = tuple(service.providers())
        return Snapshot(
            views,
            {view.id: service.model_rows(view.id) for view in views},
            tuple(service.known_models()),
            service.default(),
            service.fallback(),
            service.aliases(),
            service.has_embedded(),
        )

    def _loaded(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.changed.emit()

    def _run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        *,
        failed: Callable[[str], None] | None = None,
        key: str = "",
    ) -> None:
        tell = failed or self.failed.emit

        def arrived(result: Any) -> None:
            if isValid(self):  # the page may have been closed meanwhile
                done(result)

        def broke(error: PenstockError) -> None:
            if isValid(self):
                tell(told_with_hint(error))

        self.studio.tasks.run(work, done=arrived, failed=broke, key=key and f"{key} {id(self)}")


def capabilities(info: ModelInfo) -> list[str]:
    """What a model can do, in keys of `CAPABILITY`, and nothing of what it cannot."""
    features = info.features or frozenset()
    words: list[str] = [key for key in ("vision", "audio", "video", "document") if key in features]
    if features & {"tool-call", "multi-tool-call"}:
        words.insert(0, "tool-call")
    if "structured-output" in features:
        words.append("structured-output")
    return words


CAPABILITY = {
    "tool-call": "Tools",
    "vision": "Images",
    "audio": "Sound",
    "video": "Video",
    "document": "Documents",
    "structured-output": "JSON schema",
}


def tokens(size: int | None) -> str:
    """A context size in short."""
    if size is None:
        return ""
    return f"{size / 1_000_000:.0f}M" if size >= 1_000_000 else f"{size / 1000:.0f}k" if size >= 1000 else str(size)


def server_word(server: FoundServer) -> str:
    """A found server with its address."""
    return f"{server.label} ({server.base_url.removeprefix('http://').removesuffix('/v1')})"
