"""What can be done with apps of the library: their menu, and the work behind it, each step with a way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.library.tagmarks import dot
from engine.errors import PenstockError, UserError
from engine.model.edits import SetApp
from engine.model.workflow import Workflow
from engine.services.library import Info, Tag, file_name
from engine.services.workflows import AppSummary

if TYPE_CHECKING:
    from editor.context import Studio
    from editor.library.strip import ProgressStrip

Apps = Sequence[AppSummary]
KEPT_STEPS = 50


class AppCommands(QObject):
    """`changed` says that the library is other than before, `made` carries the ids of new apps."""

    changed = Signal()
    made = Signal(object)
    openWanted = Signal(str)
    tagsWanted = Signal()

    def __init__(self, studio: Studio, strip: ProgressStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio, self._strip, self._parent = studio, strip, parent
        self._steps: list[tuple[str, Callable[[], Any]]] = []

    # -- the menu ----------------------------------------------------------------------------------------------------

    def menu(self, apps: Apps, tags: Sequence[Tag], marks: dict[str, list[str]]) -> QMenu:
        """What can be done with these apps (one or more), all of them in the trash or none."""
        menu = QMenu(self._parent)
        menu.aboutToHide.connect(menu.deleteLater)
        if apps[0].deleted_at is not None:
            self._add(menu, "refresh", tr("Restore"), partial(self.restore, apps))
            self._add(menu, "trash", tr("Delete for good…"), partial(self.delete_for_good, apps), bad=True)
            return menu
        one = apps[0] if len(apps) == 1 else None
        if one is not None:
            self._add(menu, "edit", tr("Open"), partial(self.openWanted.emit, one.id), "Return")
            self._add(menu, "sliders", tr("Name and icon…"), partial(self.edit_info, one), "rename")
        pinned = all(app.pinned for app in apps)
        self._add(menu, "pin", tr("Unpin") if pinned else tr("Pin"), partial(self.pin, apps, pinned=not pinned))
        menu.addMenu(self.tag_menu(menu, apps, tags, marks))
        menu.addSeparator()
        self._add(menu, "duplicate", tr("Duplicate"), partial(self.duplicate, apps), "duplicate")
        if one is not None and one.mode in ("workflow", "advanced-chat"):
            words = tr("Convert to a chat flow") if one.mode == "workflow" else tr("Convert to a workflow")
            self._add(menu, "replace", words, partial(self.convert, one))
        self._add(menu, "export", tr("Export…"), partial(self.export, apps), "export")
        menu.addSeparator()
        self._add(menu, "trash", tr("Move to trash"), partial(self.trash, apps), "delete", bad=True)
        return menu

    @staticmethod
    def _add(
        menu: QMenu, picture: str, text: str, then: Callable[[], Any], name: str = "", *, bad: bool = False
    ) -> None:
        from editor.actions import BY_ID
        from editor.keymap import in_force, native

        keys = in_force(name) if name in BY_ID else (name,) if name else ()  # Return is the list's own
        action = menu.addAction(f"{text}\t{native(keys[0])}" if keys else text, lambda: then())
        action.setIcon(icon(picture, "bad" if bad else "text"))

    def tag_menu(self, parent: QWidget, apps: Apps, tags: Sequence[Tag], marks: dict[str, list[str]]) -> QMenu:
        """Tags to put on or take off."""
        menu = QMenu(tr("Tags"), parent)
        menu.setIcon(icon("bookmark", "text"))
        for tag in tags:
            having = sum(tag.name in marks.get(app.id, ()) for app in apps)
            action = QAction(dot(tag.colour), tag.name.replace("&", "&&"), menu)
            action.setCheckable(True)
            action.setChecked(having == len(apps))
            action.triggered.connect(lambda on, name=tag.name: self._tag(apps, name, on))
            menu.addAction(action)
        if tags:
            menu.addSeparator()
        menu.addAction(icon("settings", "text"), tr("Manage tags…"), self.tagsWanted.emit)
        return menu

    # -- work --------------------------------------------------------------------------------------------------------

    def _run(
        self, work: Callable[[], Any], said: str = "", back: Callable[[], Any] | None = None, then: Any = None
    ) -> None:
        """Do something in the background; then say so, and keep the way back."""

        def done(result: Any) -> None:
            self.changed.emit()
            if then is not None:
                then(result)
            if back is not None:
                self._keep(said, back)
            if said:
                self._studio.messages.tell(said, *((tr("Undo"), self.undo) if back is not None else ()))

        self._studio.tasks.run(work, done=done, failed=self._failed)

    def _failed(self, error: PenstockError) -> None:
        self.changed.emit()
        self._studio.messages.error(tr("This did not work"), error)

    def _keep(self, said: str, back: Callable[[], Any]) -> None:
        self._steps = [*self._steps, (said, back)][-KEPT_STEPS:]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._steps)

    def undo(self) -> None:
        """Take the last step back."""
        if self._steps:
            said, back = self._steps.pop()
            self._run(back, tr("Taken back: {step}", step=said))

    def _each(self, apps: Apps, work: Callable[[str], Any]) -> None:
        for app in apps:
            work(app.id)

    def pin(self, apps: Apps, *, pinned: bool) -> None:
        """Keep apps at the top, or not any more."""
        workflows = self._studio.services.workflows
        others = [app for app in apps if app.pinned != pinned]
        said = _named(tr("Pinned “{name}”"), "Pinned {n} workflow", "Pinned {n} workflows", others)
        if not pinned:
            said = _named(tr("Unpinned “{name}”"), "Unpinned {n} workflow", "Unpinned {n} workflows", others)
        self._run(
            lambda: self._each(others, lambda i: workflows.pin(i, pinned=pinned)),
            said,
            lambda: self._each(others, lambda i: workflows.pin(i, pinned=not pinned)),
        )

    def _tag(self, apps: Apps, name: str, on: bool) -> None:
        library = self._studio.services.library

        def work() -> list[str]:
            before = library.marks()
            changed = [app.id for app in apps if (name in before.get(app.id, ())) != on]
            library.mark(changed, name, on=on)
            return changed

        def then(changed: list[str]) -> None:
            self._keep(tr("Tag “{name}”", name=name), lambda: library.mark(changed, name, on=not on))

        self._run(work, then=then)

    def trash(self, apps: Apps) -> None:
        """Move apps to the trash; those that others use as a tool stay, and are named."""
        workflows = self._studio.services.workflows

        def work() -> tuple[list[AppSummary], list[str]]:
            gone, refused = [], []
            for app in apps:
                try:
                    workflows.delete(app.id)
                    gone.append(app)
                except UserError as error:
                    refused.append(f"{app.name}: {error}")
            return gone, refused

        def then(found: tuple[list[AppSummary], list[str]]) -> None:
            gone, refused = found
            if gone:
                self._close_pages(gone)
                said = _named(
                    tr("Moved “{name}” to the trash"),
                    "Moved {n} workflow to the trash",
                    "Moved {n} workflows to the trash",
                    gone,
                )
                self._keep(said, lambda: self._each(gone, workflows.restore_from_trash))
                self._studio.messages.tell(said, tr("Undo"), self.undo)
            if refused:
                self._studio.messages.error(tr("Not moved to the trash"), "\n".join(refused))

        self._run(work, then=then)

    def _close_pages(self, apps: Apps) -> None:
        ids = {app.id for app in apps}
        for window in self._studio.windows:
            for page in window.workflow_pages():
                if page.session.app_id in ids:
                    window.close_page(window.pages.indexOf(page))

    def restore(self, apps: Apps, then: Callable[[], Any] | None = None) -> None:
        """Bring apps back from the trash, then do something more."""
        workflows = self._studio.services.workflows
        self._run(
            lambda: self._each(apps, workflows.restore_from_trash),
            _named(tr("Restored “{name}”"), "Restored {n} workflow", "Restored {n} workflows", apps),
            lambda: self._each(apps, workflows.delete),
            lambda _: then() if then is not None else None,
        )

    def delete_for_good(self, apps: Apps) -> None:
        """Remove apps with all their versions and runs; asks, since nothing brings them back."""
        services = self._studio.services
        title = _named(
            tr("Delete “{name}” for good?"), "Delete {n} workflow for good?", "Delete {n} workflows for good?", apps
        )
        words = tr("Its versions, runs and conversations go with it. This cannot be undone.")
        if not apps or not self._studio.messages.confirm(title, words, tr("Delete for good"), danger=True):
            return

        def work() -> None:
            self._each(apps, services.workflows.delete_for_good)
            services.library.forget(app.id for app in apps)

        self._steps.clear()  # a way back could lead to an app that is gone
        self._run(work, _named(tr("Deleted “{name}”"), "Deleted {n} workflow", "Deleted {n} workflows", apps))

    def duplicate(self, apps: Apps) -> None:
        """Copies beside the originals."""
        workflows, library = self._studio.services.workflows, self._studio.services.library
        pattern = tr("{name} copy")

        def work() -> list[str]:
            taken = {app.name for app in workflows.list()}
            marks, fresh = library.marks(), []
            for app in apps:
                name = _free(pattern.format(name=app.name), taken)
                fresh.append(workflows.duplicate(app.id, name))
                for tag in marks.get(app.id, ()):
                    library.mark([fresh[-1]], tag, on=True)
            return fresh

        said = _named(tr("Copied “{name}”"), "Copied {n} workflow", "Copied {n} workflows", apps)

        def then(fresh: list[str]) -> None:
            self._came(fresh, said)
            self._studio.messages.tell(said, tr("Undo"), self.undo)

        self._run(work, then=then)

    def _came(self, fresh: list[str], said: str) -> None:
        workflows = self._studio.services.workflows

        def back() -> None:
            for app_id in fresh:
                workflows.delete(app_id)

        self._keep(said, back)
        self.made.emit(fresh)

    def convert(self, app: AppSummary) -> None:
        """A copy as the other kind of app."""
        pattern = tr("{name} (chat flow)") if app.mode == "workflow" else tr("{name} (workflow)")
        name = pattern.format(name=app.name)

        def then(app_id: str) -> None:
            self._came([app_id], tr("Convert"))
            words = tr("Made “{name}”. Outputs became answers and the other way round.", name=name)
            self._studio.messages.tell(words, tr("Open"), lambda: self.openWanted.emit(app_id))

        self._run(lambda: self._studio.services.library.convert(app.id, name), then=then)

    # -- who an app is -----------------------------------------------------------------------------------------------

    def edit_info(self, app: AppSummary) -> None:
        """Name, description and icon in a dialog. An app that is open gets them as one undo step of its own."""
        from editor.library.info import InfoDialog

        def loaded(info: Info) -> None:
            dialog = InfoDialog(self._studio, info, app.mode, self._parent)
            dialog.changed.connect(lambda new: self._set_info(app, info, new))
            dialog.open()

        self._studio.tasks.run(self._studio.services.library.info, app.id, done=loaded, failed=self._failed)

    def _set_info(self, app: AppSummary, old: Info, new: Info) -> None:
        if new == old:
            return
        session = self._studio.sessions.find(app.id)
        if session is not None:
            from dataclasses import asdict

            from engine.model.edits import Group

            before = asdict(old)
            edits = tuple(SetApp(key, value) for key, value in asdict(new).items() if value != before[key])
            session.submit(Group(tr("Name and icon"), edits), tr("Name and icon"))
            session.save_now()
            self.changed.emit()
            return
        library = self._studio.services.library
        self._run(
            lambda: library.set_info(app.id, new),
            tr("Changed “{name}”", name=new.name),
            lambda: library.set_info(app.id, old),
        )

    # -- files -------------------------------------------------------------------------------------------------------

    def export(self, apps: Apps) -> None:
        """Write one app as a DSL file, several as an archive of such files."""
        if len(apps) == 1:
            self._studio.tasks.run(
                self._studio.services.workflows.peek,
                apps[0].id,
                done=lambda workflow: self._export_one(apps[0], workflow),
                failed=self._failed,
            )
        elif apps and not self._strip.busy:
            name, _ = QFileDialog.getSaveFileName(
                self._parent, tr("Export"), tr("workflows") + ".zip", tr("Archives") + " (*.zip)"
            )
            if name:
                self.export_archive(apps, Path(name))

    def _export_one(self, app: AppSummary, workflow: Workflow) -> None:
        with_secrets = False
        if workflow.secret_names:
            choice = self._studio.messages.choose(
                tr("Export secrets?"),
                tr("These secrets would stand in the file in clear: {names}", names=", ".join(workflow.secret_names)),
                [tr("Leave them out"), tr("Write them into the file")],
            )
            if choice is None:
                return
            with_secrets = choice == 1
        kinds = tr("Workflows") + " (*.yml)"
        name, _ = QFileDialog.getSaveFileName(self._parent, tr("Export"), file_name(app.name), kinds)
        if name:
            workflows = self._studio.services.workflows
            self._run(
                lambda: workflows.export_to(Path(name), app.id, with_secrets=with_secrets),
                tr("Written to {file}", file=name),
            )

    def export_archive(self, apps: Apps, target: Path) -> None:
        """Write an archive, with progress; secrets stay out of it."""
        progress = self._strip.begin(ntr("Exporting {n} workflow", "Exporting {n} workflows", len(apps)))
        library = self._studio.services.library

        def done(written: bool) -> None:
            self._strip.end()
            if written:
                self._studio.messages.tell(tr("Written to {file}. Secrets are not in it.", file=str(target)))

        def failed(error: PenstockError) -> None:
            self._strip.end()
            self._studio.messages.error(tr("Not exported"), error)

        ids = [app.id for app in apps]
        self._studio.tasks.run(lambda: library.export_to(target, ids, progress.told), done=done, failed=failed)

    def import_files(self, paths: Sequence[Path]) -> None:
        """Bring many files in (archives of them too) without opening each; what cannot be read is named."""
        if self._strip.busy or not paths:
            return
        progress = self._strip.begin(tr("Importing"))
        library = self._studio.services.library

        def done(found: Any) -> None:
            self._strip.end()
            self.changed.emit()
            if found.app_ids:
                said = ntr("Imported {n} workflow", "Imported {n} workflows", len(found.app_ids))
                self._came(found.app_ids, said)
                self._studio.messages.tell(said, tr("Undo"), self.undo)
            if found.refused:
                title = ntr("{n} file could not be imported", "{n} files could not be imported", len(found.refused))
                shown = [f"{name}: {why}" for name, why in found.refused]
                self._studio.messages.error(title, "\n".join(shown[:4]), "\n".join(shown))

        def failed(error: PenstockError) -> None:
            self._strip.end()
            self._failed(error)

        self._studio.tasks.run(lambda: library.import_files(paths, progress.told), done=done, failed=failed)


def _named(one: str, single: str, several: str, apps: Apps) -> str:
    """A sentence that names the app when there is one, and counts them otherwise."""
    return one.format(name=apps[0].name) if len(apps) == 1 else ntr(single, several, len(apps))


def _free(name: str, taken: set[str]) -> str:
    base, number = name, 1
    while name in taken:
        number += 1
        name = f"{base} {number}"
    taken.add(name)
    return name
