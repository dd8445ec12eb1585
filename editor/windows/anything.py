"""What “Go to anything” finds: commands, nodes and versions of the workflow in front, all workflows, all runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from editor.actions import COMMANDS
from editor.canvas.blocks import snippet_block
from editor.dialogs.goto import Entry, fitting
from editor.enginetexts import told_line
from editor.i18n import ntr, tr
from editor.keymap import native
from editor.panels.parts import STATUS_ICON, ago, local_time, status_word
from editor.search import NodeSearch
from engine.nodes.registry import spec

if TYPE_CHECKING:
    from editor.windows.main import MainWindow

REFINE = "refine"
RUNS = 40
ALSO = {"maximize": "zen", "shortcuts": "docs help", "preferences": "account", "show_problems": "checklist"}
"""Other names of commands, those of the web editor's palette among them."""
VERSIONS = 2000
WITHOUT_WORDS = {"": ("command", "app"), "node": ("node",)}


class Anything:
    """The source of the palette. What the workspace holds is asked for in the background and kept while it is open."""

    scopes: Sequence[tuple[str, str]] = (
        ("", "Everything"),
        ("command", "Commands"),
        ("node", "Nodes"),
        ("app", "Workflows"),
        ("version", "Versions"),
        ("run", "Runs"),
        ("snippet", "Snippets"),
    )

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._page = window.page
        self._search = self._page.search if self._page is not None else NodeSearch()
        self._commands = self._make_commands()
        self._apps: list[Entry] | None = None
        self._versions: list[Entry] | None = None
        self._runs: dict[str, list[Entry]] = {}
        self._asked_snippets = False

    # -- what is known -----------------------------------------------------------------------------------------------

    def retell(self) -> None:
        """Another language: everything is asked for again."""
        self._commands = self._make_commands()
        self._apps = self._versions = None
        self._runs.clear()

    def find(self, text: str, scope: str) -> list[Entry]:
        words = text.strip()
        if scope:
            return self._of(scope, words)
        if not words:
            return [*self._commands, *(self._apps or ())]
        found: list[Entry] = []
        for name, _ in self.scopes[1:]:
            found += self._of(name, words)[:40]
        wanted = words.lower()
        found.sort(key=lambda e: (not e.title.lower().startswith(wanted), wanted not in e.title.lower()))
        return found

    def _refining(self, words: str) -> list[Entry]:
        """`/refine` and what stands behind it, which goes along (editor inventory C27)."""
        head, _, rest = words.partition(" ")
        if not head or not REFINE.startswith(head.lower()) or (rest and head.lower() != REFINE):
            return []
        title = f"/{REFINE} {rest}".strip()
        return [Entry(title, tr("Change it with words"), "sparkle", "", partial(refine, self._window, rest))]

    def _of(self, scope: str, words: str) -> list[Entry]:
        if scope == "command":
            return [*fitting(self._commands, words), *self._refining(words)]
        if scope == "node":
            return self._nodes(words)
        if scope == "app":
            return fitting(self._apps or [], words)
        if scope == "version":
            return fitting(self._versions or [], words)
        if scope == "snippet":
            return fitting(self._snippets(), words)
        return self._runs.get(words, [])

    def _snippets(self) -> list[Entry]:
        """What sticks to the pointer when it is chosen; nothing where nothing can be placed."""
        page = self._page
        if page is None or page.session.read_only:
            return []
        return [
            Entry(
                snippet.name,
                ntr("{n} block", "{n} blocks", snippet.blocks),
                "snippet",
                f"{snippet.name} {snippet.description}".lower(),
                partial(page.adding.carry, snippet_block(snippet.id)),
            )
            for snippet in self._window.studio.snippets.all
            if not snippet.is_damaged
        ]

    def _make_commands(self) -> list[Entry]:
        window, keymap = self._window, self._window.studio.keymap
        found = []
        for action in COMMANDS:
            if action.id in ("escape", "palette") or not window.can(action.id):
                continue
            keys = keymap.keys(action.id)
            menu, also = tr(action.menu) if action.menu else "", ALSO.get(action.id, "")
            words = f"{tr(action.text)} {action.text} {action.id} {menu} {also}".lower()
            shown = native(keys[0]) if keys else ""
            found.append(Entry(tr(action.text), shown, action.icon, words, partial(window.do, action.id)))
        return found

    def _nodes(self, words: str) -> list[Entry]:
        page = self._page
        if page is None:
            return []
        graph = page.session.document.graph
        nodes = self._search.find(graph, words) if words else [n for n in graph.nodes.values() if not _inner(n)]
        wanted = words.lower()
        nodes.sort(key=lambda n: (not n.title.lower().startswith(wanted), wanted not in n.title.lower()))
        found = []
        for node in nodes[:SHOWN_NODES]:
            entry = spec(node.type)
            kind = tr(entry.title) if entry else (tr("Note") if node.is_note else node.type)
            picture = entry.icon if entry else "note" if node.is_note else "unknown"
            found.append(Entry(node.title or kind, kind, picture, "", partial(page.reveal, node.id, "")))
        return found

    # -- what takes time ---------------------------------------------------------------------------------------------

    def more(self, text: str, scope: str, then: Callable[[], None]) -> None:
        words = text.strip()
        if scope in ("", "app") and self._apps is None:
            self._apps = []
            self._ask("apps", self._window.studio.services.workflows.list, self._know_apps, then)
        if scope in ("", "snippet") and not self._asked_snippets:
            self._asked_snippets = True
            self._window.studio.snippets.load(then)
        app_id = self._page.session.app_id if self._page is not None else ""
        if scope in ("", "version") and self._versions is None and app_id:
            self._versions = []
            versions = self._window.studio.services.versions
            self._ask("versions", lambda: versions.list(app_id, limit=VERSIONS), self._know_versions, then)
        if (scope == "run" or (not scope and words)) and words not in self._runs:
            runs = self._window.studio.services.runs
            self._ask(
                "runs",
                lambda: runs.list(None, search=words, limit=RUNS).runs,
                partial(self._know_runs, words),
                then,
            )

    def _ask(self, key: str, work: Callable[[], Any], know: Callable[[Any], None], then: Callable[[], None]) -> None:
        def done(found: Any) -> None:
            know(found)
            then()

        self._window.studio.tasks.run(work, done=done, key=f"palette {key}")

    def _know_apps(self, found: list[Any]) -> None:
        window = self._window
        self._apps = [
            Entry(
                app.name,
                tr("Workflow"),
                "chat" if app.mode == "advanced-chat" else "blocks",
                f"{app.name} {app.description} {app.id}".lower(),
                partial(window.open_app, app.id),
            )
            for app in found
        ]

    def _know_versions(self, found: list[Any]) -> None:
        page = self._page
        if page is None:
            return
        self._versions = [
            Entry(
                v.name or tr("Untitled version"),
                local_time(v.version),
                "versions",
                f"{v.name} {v.comment} {v.version} {v.id}".lower(),
                partial(page.previewVersion.emit, v.id),
            )
            for v in found
        ]

    def _know_runs(self, words: str, found: Sequence[Any]) -> None:
        entries = []
        for run in found:
            picture, _ = STATUS_ICON.get(run.status, ("history", ""))
            first = told_line(run.error, 120) or run.query or status_word(run.status)
            detail = f"{run.app_name}  ·  {ago(run.created_at)}"
            then = partial(self._window.running.open_past, run.id)
            entries.append(Entry(first[:120], detail, picture, f"{first} {run.id}".lower(), then))
        self._runs[words] = entries


SHOWN_NODES = 60


def refine(window: MainWindow, words: str) -> None:
    """Change the workflow in front with words; without one, make a new one of them."""
    from editor.windows.generating import generate_here, generate_new

    if window.page is not None and window.can("generate_here"):
        generate_here(window, window.page, words)
    else:
        generate_new(window, words)


def _inner(node: Any) -> bool:
    return bool(node.is_container_start)
