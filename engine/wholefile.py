"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Put `content` into `file`; what it held before stays until the new content is on disk. Raises OSError, and then
    nothing has changed."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:40]}-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_mask()
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mask() -> int:
    """What new files of this process are not allowed."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
