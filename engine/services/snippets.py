"""Snippets: parts of workflows that a person keeps under a name, to be put into other workflows (editor spec C34).

What is kept has the form of the clipboard and its rules: no singletons, children only with their container, never the
values of secrets. What comes from a file is read with the same care as a clipboard and written anew.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import Clock, IdSource, iso
from engine.errors import EnvironmentProblem, UserError
from engine.model.clipboard import copy_nodes
from engine.model.clipboard_read import CLIPBOARD_KIND, Held, read_clipboard
from engine.wholefile import write_whole

if TYPE_CHECKING:
    from engine.store.snippets import Rows, SnippetStore

SUFFIX = ".penstock-snippet.json"
LARGEST = 2 * 1024 * 1024
LARGEST_TOGETHER = 64 * 1024 * 1024
LARGEST_FILE = 10 * 1024 * 1024
MOST = 500
LONGEST_NAME = 100
LONGEST_DESCRIPTION = 2_000
FILE_KEY = "penstock_snippet"
ANY_MODE = "workflow"
"""Settings that are missing are made up when a snippet is put into a workflow; until then any mode will do."""


@dataclass(frozen=True)
class Snippet:
    """One snippet. `text` is clipboard JSON, `blocks` counts its nodes without the starts of containers; a snippet
    whose stored text holds no nodes has none. `updated_at` is UTC as text."""

    id: str
    name: str
    description: str
    text: str
    blocks: int
    updated_at: str = ""

    @property
    def is_damaged(self) -> bool:
        """Whether there is nothing in it that could be inserted."""
        return not self.blocks

    def read(self, mode: str) -> Held:
        """What it holds, for an app of a mode. Raises UserError when it is damaged."""
        return read_clipboard(self.text, mode)


class SnippetService:
    """The snippets of a workspace. May be called from any thread."""

    def __init__(self, store: Callable[[], SnippetStore], clock: Clock, ids: IdSource) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    def all(self) -> list[Snippet]:
        """All snippets by name."""
        found = [_snippet(snippet_id, row) for snippet_id, row in self._store().all().items()]
        return sorted(found, key=lambda s: (s.name.casefold(), s.name, s.id))

    def get(self, snippet_id: str) -> Snippet:
        """One snippet. Raises UserError `snippet.gone`."""
        row = self._store().all().get(snippet_id)
        if row is None:
            raise _gone()
        return _snippet(snippet_id, row)

    # -- changing ----------------------------------------------------------------------------------------------------

    def save(self, name: str, description: str, text: str, *, replacing: bool = False) -> Snippet:
        """Keep clipboard JSON under a name. Raises UserError: `snippet.name` without a name, `snippet.taken` for one
        that is taken unless `replacing`, `snippet.no_nodes`, `snippet.too_large`, `snippet.too_many`."""
        fresh = self._made(name, description, text)
        kept = fresh

        def change(rows: Rows) -> tuple[str, Mapping[str, Any]]:
            nonlocal kept
            taken = _id_of(rows, fresh.name)
            if taken and not replacing:
                raise _taken(fresh.name)
            kept = replace(fresh, id=taken or fresh.id)
            return _checked(rows, kept)

        self._store().put(change)
        return kept

    def change(self, snippet_id: str, name: str, description: str) -> Snippet:
        """Another name and description. Raises UserError `snippet.name`, `snippet.taken` or `snippet.gone`."""
        name = _named(name)
        kept: Snippet | None = None

        def change(rows: Rows) -> tuple[str, Mapping[str, Any]]:
            nonlocal kept
            if snippet_id not in rows:
                raise _gone()
            if _id_of(rows, name) not in ("", snippet_id):
                raise _taken(name)
            before = rows[snippet_id]
            row = {**before, "name": name, "description": _described(description), "updated_at": self._now()}
            kept = _snippet(snippet_id, row)
            return snippet_id, row

        self._store().put(change)
        assert kept is not None
        return kept

    def delete(self, snippet_id: str) -> None:
        """Forget a snippet."""
        self._store().remove(snippet_id)

    def restore(self, snippet: Snippet) -> Snippet:
        """Put a deleted snippet back as it was; under the next free name when its own was given to another one."""
        return self._add(snippet)

    def _add(self, fresh: Snippet) -> Snippet:
        kept = fresh

        def change(rows: Rows) -> tuple[str, Mapping[str, Any]]:
            nonlocal kept
            others = [str(row.get("name") or "") for other, row in rows.items() if other != fresh.id]
            kept = replace(fresh, name=_free(fresh.name, others))
            return _checked(rows, kept)

        self._store().put(change)
        return kept

    def _made(self, name: str, description: str, text: str) -> Snippet:
        text, blocks = _written_anew(text)
        return Snippet(self._ids.uuid(), _named(name), _described(description), text, blocks, self._now())

    def _now(self) -> str:
        return iso(self._clock.now())

    # -- files -------------------------------------------------------------------------------------------------------

    def export_to(self, target: Path, snippet_id: str) -> None:
        """Write a snippet into a file that any clipboard reader understands, without accounts and addresses of this
        workspace. Raises UserError `snippet.gone`, `snippet.no_nodes`, EnvironmentProblem."""
        snippet = self.get(snippet_id)
        tree = _tree(snippet.text)
        from engine.dsl.secrets import stripped

        for node in tree["nodes"]:
            node["data"] = dict(stripped(node["data"], with_secrets=False))
        tree[FILE_KEY] = {"version": 1, "name": snippet.name, "description": snippet.description}
        content = json.dumps(tree, ensure_ascii=False, indent=1) + "\n"
        try:
            write_whole(target, content.encode("utf-8", "replace"))
        except OSError as error:
            words = f"{target} cannot be written: {error.strerror or error}"
            raise EnvironmentProblem(words, code="file.not_written") from error

    def import_files(self, paths: Iterable[Path]) -> tuple[list[Snippet], list[tuple[str, str]]]:
        """Keep the snippets of files under their names, with a number where a name is taken; and the names of files
        that hold none, with what is wrong with them. Raises EnvironmentProblem when the workspace cannot be written."""
        kept, refused = [], []
        for path in paths:
            try:
                kept.append(self._add(self._from_file(path)))
            except UserError as error:
                refused.append((path.name, error.message))
        return kept, refused

    def _from_file(self, path: Path) -> Snippet:
        text = _file_text(path)
        head = _head(text)
        name = _clean(head.get("name"), LONGEST_NAME) or _clean(_stem(path), LONGEST_NAME) or "Snippet"
        return self._made(name, str(head.get("description") or ""), text)


def file_name(name: str) -> str:
    """A name for the file of a snippet that every system takes."""
    bare = " ".join(re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", name).split()).strip(" .") or "snippet"
    return bare[:80].strip() + SUFFIX


def is_snippet_file(path: Path) -> bool:
    """Whether a file holds a snippet: by its name, or by what stands in it. Reads the file."""
    if path.name.lower().endswith(SUFFIX):
        return True
    if path.suffix.lower() != ".json":
        return False
    try:
        return _is_clipboard(json.loads(_file_text(path)))
    except (UserError, ValueError, RecursionError):
        return False


# -- words -------------------------------------------------------------------------------------------------------------

_INVISIBLE = frozenset({"Cc", "Cs", "Co", "Cn"})
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of what is written behind them, also of what is not part of the name."""


def _clean(text: object, longest: int, *, lines: bool = False) -> str:
    if not isinstance(text, str):
        return ""
    text = _TURNING.sub("", text[: 4 * longest])
    kept = "".join(c if c == "\n" and lines else " " if c.isspace() else c for c in text)
    kept = "".join(c for c in kept if c == "\n" or unicodedata.category(c) not in _INVISIBLE)
    return (kept.strip() if lines else " ".join(kept.split()))[:longest].strip()


def _named(name: str) -> str:
    name = _clean(name, LONGEST_NAME)
    if not name:
        raise UserError("A snippet needs a name.", code="snippet.name")
    return name


def _described(text: object) -> str:
    return _clean(text, LONGEST_DESCRIPTION, lines=True)


def _free(name: str, others: Iterable[str]) -> str:
    """The name, with the next free number behind it when another one has it."""
    taken = {other.casefold() for other in others}
    wanted, number = name, 1
    while wanted.casefold() in taken:
        number += 1
        wanted = f"{name[: LONGEST_NAME - 6]} {number}"
    return wanted


def _id_of(rows: Rows, name: str) -> str:
    """The snippet that has a name, whatever its letters' case; an empty text for none."""
    wanted = name.casefold()
    return next((i for i, row in rows.items() if str(row.get("name") or "").casefold() == wanted), "")


def _taken(name: str) -> UserError:
    return UserError(f"There is a snippet “{name}” already.", code="snippet.taken")


def _gone() -> UserError:
    return UserError("This snippet is not there any more.", code="snippet.gone")


def _stem(path: Path) -> str:
    name = path.name
    return name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else path.stem


# -- rows --------------------------------------------------------------------------------------------------------------


def _checked(rows: Rows, snippet: Snippet) -> tuple[str, Mapping[str, Any]]:
    """The row of a snippet, if the workspace has room for it."""
    others = [row for other, row in rows.items() if other != snippet.id]
    if (count := len(others)) >= MOST:
        raise UserError(
            f"There are {count} snippets already, and there cannot be more.",
            code="snippet.too_many",
            hint="Delete some that are not needed any more.",
        )
    together = sum(len(str(row.get("text") or "")) for row in others) + len(snippet.text)
    if together > LARGEST_TOGETHER:
        raise UserError(
            "The snippets of this workspace would hold more than 64 MiB.",
            code="snippet.too_large",
            hint="Delete some that are not needed any more.",
        )
    return snippet.id, {
        "name": snippet.name,
        "description": snippet.description,
        "text": snippet.text,
        "blocks": snippet.blocks,
        "updated_at": snippet.updated_at,
    }


def _snippet(snippet_id: str, row: Mapping[str, Any]) -> Snippet:
    """A row as it can be shown, whatever stands in it."""
    text, blocks, updated = row.get("text"), row.get("blocks"), row.get("updated_at")
    sound = isinstance(text, str) and isinstance(blocks, int) and blocks > 0 and len(text) <= 2 * LARGEST
    return Snippet(
        snippet_id,
        _clean(row.get("name"), LONGEST_NAME) or "?",
        _described(row.get("description")),
        text if isinstance(text, str) and sound else "",
        blocks if isinstance(blocks, int) and sound else 0,
        updated if isinstance(updated, str) else "",
    )


# -- what a snippet holds ----------------------------------------------------------------------------------------------


def _written_anew(text: str) -> tuple[str, int]:
    """Clipboard JSON as copying would write it, and how many blocks it holds."""
    try:
        graph = read_clipboard(text, ANY_MODE).graph
    except UserError as error:
        if error.code == "clipboard.too_large":
            raise _too_large() from error
        raise _no_nodes() from error
    copied = copy_nodes(graph, list(graph.nodes))
    if not copied:
        raise _no_nodes()
    tree = json.loads(copied)
    nodes = [{**node, "data": _without_secrets(node["data"])} for node in tree["nodes"]]
    fresh = json.dumps({**tree, "nodes": nodes}, ensure_ascii=False, separators=(",", ":"))
    if len(fresh.encode("utf-8", "replace")) > LARGEST:
        raise _too_large()
    return fresh, sum(not graph.nodes[node["id"]].is_container_start for node in nodes)


def _no_nodes() -> UserError:
    return UserError("There are no blocks in it that a snippet can hold.", code="snippet.no_nodes")


def _too_large() -> UserError:
    return UserError(
        "The snippet would hold more than 2 MiB.",
        code="snippet.too_large",
        hint="Choose fewer blocks, or shorten long texts in them.",
    )


def _without_secrets(value: Any) -> Any:
    """Settings without the values of variables that are secret."""
    if isinstance(value, dict):
        kept = {k: _without_secrets(v) for k, v in value.items()}
        secret = any(kept.get(key) == "secret" for key in ("value_type", "var_type"))
        return {**kept, "value": ""} if secret and "value" in kept else kept
    return [_without_secrets(v) for v in value] if isinstance(value, list) else value


def _tree(text: str) -> dict[str, Any]:
    """The JSON of a snippet. Raises UserError `snippet.no_nodes` when it is damaged."""
    try:
        tree = json.loads(_written_anew(text)[0])
    except ValueError as error:
        raise _no_nodes() from error
    return dict(tree)


def _is_clipboard(tree: Any) -> bool:
    return isinstance(tree, dict) and tree.get("kind") == CLIPBOARD_KIND


def _head(text: str) -> Mapping[str, Any]:
    """What a file says of its snippet."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    head = tree.get(FILE_KEY) if isinstance(tree, dict) else None
    return head if isinstance(head, dict) else {}


def _file_text(path: Path) -> str:
    """Raises UserError for a file that is too large, cannot be read or holds no text."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError("It has more than 10 MiB.", code="snippet.too_large")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"It cannot be read: {error.strerror or error}", code="file.not_read") from error
    except UnicodeDecodeError as error:
        raise UserError("It is not text in UTF-8.", code="file.not_read") from error
