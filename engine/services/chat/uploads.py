"""Files of a message against what the app takes (`file_upload`, nodes-ai spec 15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import UserError
from engine.nodes.start import InputProblem, check_inputs


class UploadProblem(UserError):
    """A file that the app does not take."""

    default_code = "chat.upload"


def checked(files: Sequence[Any], upload: Mapping[str, Any]) -> list[Any]:
    """The files that go with a message; `upload` are the effective settings. Switched off, a message has none.

    Raises UploadProblem for too many files, or one of a kind or a way of sending that is not taken.
    """
    if not files or not upload.get("enabled"):
        return []
    most = upload.get("number_limits")
    if isinstance(most, int) and len(files) > most:
        raise UploadProblem(f"A message takes at most {most} files; there are {len(files)}.")
    taken = ("allowed_file_types", "allowed_file_extensions", "allowed_file_upload_methods")
    variable = {"variable": "files", "type": "file-list", **{key: upload.get(key) for key in taken}}
    try:
        found: list[Any] = check_inputs("", [variable], {"files": list(files)})["files"]
    except InputProblem as problem:
        kinds = ", ".join(map(str, upload.get("allowed_file_types") or ()))
        raise UploadProblem(f"{problem.message} (taken are: {kinds})") from problem
    return found
