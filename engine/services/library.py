"""The library of a workspace beyond its list: tags, who an app is, converting, many files at once, the trash."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import Clock, iso
from engine.errors import EnvironmentProblem, UserError
from engine.wholefile import write_whole

if TYPE_CHECKING:
    from engine.services.settings import SettingsService
    from engine.services.workflows import WorkflowService

TRASH_DAYS = 30
LARGEST = 10 * 1024 * 1024
MOST_ENTRIES = 2_000
COLOURS = ("blue", "green", "yellow", "orange", "red", "violet", "teal", "grey")
SETTING = "library"
UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
Progress = Callable[[int, int], bool]
"""Told how many of how many are done; answers whether to go on."""


@dataclass(frozen=True)
class Tag:
    """A word that marks apps; `colour` is one of COLOURS."""

    name: str
    colour: str = "blue"


@dataclass(frozen=True)
class Info:
    """Who an app is. `icon_type` is `emoji` (icon: one or two signs) or `image` (icon: a reference to a file)."""

    name: str
    description: str = ""
    icon_type: str = "emoji"
    icon: str = ""
    icon_background: str = ""


@dataclass(frozen=True)
class Imported:
    """What became of many files: new apps, and names of files with what is wrong with them."""

    app_ids: list[str]
    refused: list[tuple[str, str]]


class LibraryService:
    """Tags are kept in the workspace's settings, all else in the apps. May be called from any thread."""

    def __init__(self, settings: Callable[[], SettingsService], workflows: WorkflowService, clock: Clock) -> None:
        self._settings, self._workflows, self._clock = settings, workflows, clock
        self._lock = threading.Lock()

    # -- tags --------------------------------------------------------------------------------------------------------

    def _kept(self) -> tuple[list[Tag], dict[str, list[str]]]:
        found = self._settings().get(SETTING, {})
        tags = [Tag(str(t["name"]), str(t.get("colour") or "blue")) for t in found.get("tags", []) if t.get("name")]
        return tags, {str(app): [str(n) for n in names] for app, names in found.get("apps", {}).items()}

    def _keep(self, tags: Sequence[Tag], apps: Mapping[str, Sequence[str]]) -> None:
        known = {t.name for t in tags}
        marked = {app: [n for n in names if n in known] for app, names in apps.items()}
        value = {"tags": [asdict(t) for t in tags], "apps": {app: names for app, names in marked.items() if names}}
        self._settings().set(SETTING, value)

    def tags(self) -> list[Tag]:
        """All tags, in the order that people gave them."""
        return self._kept()[0]

    def marks(self) -> dict[str, list[str]]:
        """The names of the tags of every app that has some."""
        return self._kept()[1]

    def add_tag(self, name: str, colour: str = "") -> Tag:
        """A new tag. Raises UserError `library.tag` for a name that is empty or taken."""
        with self._lock:
            tags, apps = self._kept()
            fresh = Tag(self._new_name(name, tags), colour or COLOURS[len(tags) % len(COLOURS)])
            self._keep([*tags, fresh], apps)
        return fresh

    def change_tag(self, old: str, name: str, colour: str) -> None:
        """Rename or recolour a tag; apps keep it."""
        with self._lock:
            tags, apps = self._kept()
            fresh = Tag(self._new_name(name, [t for t in tags if t.name != old]), colour)
            renamed = {app: [fresh.name if n == old else n for n in names] for app, names in apps.items()}
            self._keep([fresh if t.name == old else t for t in tags], renamed)

    def remove_tag(self, name: str) -> None:
        """Forget a tag, also at its apps."""
        with self._lock:
            tags, apps = self._kept()
            self._keep([t for t in tags if t.name != name], apps)

    def mark(self, app_ids: Iterable[str], name: str, *, on: bool) -> None:
        """Put a tag on apps or take it off them."""
        with self._lock:
            tags, apps = self._kept()
            for app_id in app_ids:
                others = [n for n in apps.get(app_id, []) if n != name]
                apps[app_id] = [*others, name] if on else others
            self._keep(tags, apps)

    @staticmethod
    def _new_name(name: str, others: Sequence[Tag]) -> str:
        name = name.strip()
        if not name:
            raise UserError("A tag needs a name.", code="library.tag")
        if any(t.name.lower() == name.lower() for t in others):
            raise UserError(f"There is a tag “{name}” already.", code="library.tag")
        return name

    # -- apps --------------------------------------------------------------------------------------------------------

    def info(self, app_id: str) -> Info:
        """Who an app is."""
        app = self._workflows.peek(app_id).app
        return Info(
            app.name, app.description or "", app.icon_type or "emoji", app.icon or "", app.icon_background or ""
        )

    def set_info(self, app_id: str, info: Info) -> None:
        """Write down who an app is, in its draft. Raises UserError `library.name` for an empty name."""
        if not info.name.strip():
            raise UserError("A workflow needs a name.", code="library.name")
        loaded = self._workflows.load(app_id)
        app = replace(loaded.workflow.app, **{**asdict(info), "name": info.name.strip()})
        self._workflows.save_draft(app_id, replace(loaded.workflow, app=app), loaded.revision)

    def convert(self, app_id: str, name: str) -> str:
        """A copy of an app as the other kind of app; its id. Raises UserError `convert.refused`."""
        from engine.dsl.convert import converted

        made = converted(self._workflows.peek(app_id), name)
        return self._workflows.create(made.mode, name, workflow=made)

    # -- many at once ------------------------------------------------------------------------------------------------

    def export(self, app_ids: Sequence[str], told: Progress = lambda *_: True) -> bytes | None:
        """A zip of DSL files without secrets, named after their apps; None when `told` gave it up."""
        names: set[str] = set()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for done, app_id in enumerate(app_ids):
                if not told(done, len(app_ids)):
                    return None
                archive.writestr(
                    _free(file_name(self._workflows.get(app_id).name), names), self._workflows.export(app_id)
                )
        return packed.getvalue()

    def export_to(self, target: Path, app_ids: Sequence[str], told: Progress = lambda *_: True) -> bool:
        """Write such an archive, whole or not at all; False when it was given up. Raises EnvironmentProblem."""
        packed = self.export(app_ids, told)
        if packed is None:
            return False
        try:
            write_whole(target, packed)
        except OSError as error:
            words = f"{target} cannot be written: {error.strerror or error}"
            raise EnvironmentProblem(words, code="file.not_written") from error
        return True

    def import_files(self, paths: Sequence[Path], told: Progress = lambda *_: True) -> Imported:
        """New apps from DSL files and from archives of them; what cannot be read is named and passed over. Given up in
        the middle, what is in stays in."""
        app_ids: list[str] = []
        refused: list[tuple[str, str]] = []
        for done, path in enumerate(paths):
            for name, data in _contents(path):
                if not told(done, len(paths)):
                    return Imported(app_ids, refused)
                if isinstance(data, str):
                    refused.append((name, data))
                    continue
                outcome = self._workflows.import_text(data, name=Path(name).stem, confirm_version=True)
                if outcome.app_id is not None:
                    app_ids.append(outcome.app_id)
                else:
                    words = next((p.message for p in outcome.problems if p.severity == "error"), "")
                    refused.append((name, words))
        return Imported(app_ids, refused)

    # -- the trash ---------------------------------------------------------------------------------------------------

    def clear_trash(self, days: int = TRASH_DAYS) -> list[str]:
        """Remove for good what has been in the trash for so many days; what others use as a tool stays. Their ids."""
        limit = iso(self._clock.now() - timedelta(days=days))
        gone = []
        for app in self._workflows.list(trash=True):
            if app.deleted_at and app.deleted_at <= limit:
                try:
                    self._workflows.delete_for_good(app.id)
                except UserError:
                    continue
                gone.append(app.id)
        if gone:
            self.forget(gone)
        return gone

    def forget(self, app_ids: Iterable[str]) -> None:
        """Take the tags off apps that are gone."""
        dropped = set(app_ids)
        with self._lock:
            tags, apps = self._kept()
            self._keep(tags, {app: names for app, names in apps.items() if app not in dropped})


def _contents(path: Path) -> Iterator[tuple[str, bytes | str]]:
    """Names and contents of the DSL files at a path, or why they cannot be had."""
    try:
        if path.suffix.lower() != ".zip":
            small = path.stat().st_size <= LARGEST
            yield path.name, path.read_bytes() if small else "It has more than 10 MiB."
            return
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if e.filename.lower().endswith((".yml", ".yaml"))]
            if not entries:
                yield path.name, "There is no .yml file in this archive."
            for entry in entries[:MOST_ENTRIES]:
                # The size that an archive states may be a lie; reading stops behind it.
                with archive.open(entry) as file:
                    data = file.read(LARGEST + 1)
                yield entry.filename, data if len(data) <= LARGEST else "It has more than 10 MiB."
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        yield path.name, f"It cannot be read: {getattr(error, 'strerror', None) or error}"


def file_name(name: str) -> str:
    """A name as that of a DSL file on every system."""
    bare = UNFIT.sub("-", name).strip(" .-")[:100] or "workflow"
    return f"{bare}.yml"


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken; some systems tell no upper from lower case."""
    stem, number = name.removesuffix(".yml"), 1
    while name.lower() in taken:
        number += 1
        name = f"{stem} ({number}).yml"
    taken.add(name.lower())
    return name


__all__ = ["COLOURS", "TRASH_DAYS", "Imported", "Info", "LibraryService", "Tag", "file_name"]
