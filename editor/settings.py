"""What this person likes on this machine: theme, language, sizes of panels. One small JSON file, written whole."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

DEFAULTS: dict[str, Any] = {
    "theme": "system",
    "language": "",
    "text_scale": 1.0,
    "motion": None,
    "inspector_width": 380,
    "rail_panel": "palette",
    "drawer_height": 260,
    "chat_height": 420,
    "minimap": True,
    "follow_run": False,
    "hand_mode": False,
    "window": [1360, 860],
    "windows": [],
    "keys": {},
    "recent_files": [],
    "recent_blocks": [],
    "liked_blocks": [],
    "raw_text": False,
    "raw_data": False,
    "library": {},
}


class Preferences:
    """Values by name; a damaged or missing file gives the defaults."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._values: dict[str, Any] = {}
        if file is not None:
            try:
                loaded = json.loads(file.read_text("utf-8"))
                self._values = loaded if isinstance(loaded, dict) else {}
            except (OSError, ValueError):
                self._values = {}

    def get(self, name: str) -> Any:
        """One value."""
        return self._values.get(name, DEFAULTS.get(name))

    def set(self, name: str, value: Any) -> None:
        """Change one value; a disk that cannot be written costs the preference, nothing else."""
        if self._values.get(name, DEFAULTS.get(name)) == value:
            return
        self._values[name] = value
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._file.parent, prefix=".new-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump(self._values, out, ensure_ascii=False, indent=1)
            Path(temporary).replace(self._file)
        except OSError:
            return
