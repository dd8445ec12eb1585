"""Files that a person chose, on their way into a run: copied into the workspace, named by reference."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.services.context import Services


def stored_files(services: Services, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every chosen file kept in the workspace. Raises EnvironmentProblem when one cannot be read."""

    def stored(item: Any) -> Any:
        if not (isinstance(item, dict) and "path" in item and "transfer_method" in item):
            return item
        path = Path(item["path"])
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        named = {k: v for k, v in item.items() if k != "path"}
        return {**named, "upload_file_id": services.keep_file(path, kind)}

    # Files stand at the top or in a list; what else a person gives may be deep, and is left alone.
    return {k: [stored(item) for item in v] if isinstance(v, list) else stored(v) for k, v in values.items()}
