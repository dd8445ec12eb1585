"""Files that a person chose, on their way into a run: copied into the workspace, named by reference."""

from __future__ import annotations

import copy
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.services.context import Services


def stored_files(services: Services, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every chosen file kept in the workspace. Raises EnvironmentProblem when one cannot be read."""
    kept = copy.deepcopy(dict(values))
    for value in kept.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and "path" in item:
                path = Path(item.pop("path"))
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                item["upload_file_id"] = services.keep_file(path, kind)
    return kept
