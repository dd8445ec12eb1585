"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(file: Path, content: bytes, *, private: bool = False) -> None:
    """Put `content` into `file`; what it held before stays until the new content is on disk. A private file is its
    owner's alone. Raises OSError, and then nothing has changed."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        if not private:  # new files of `mkstemp` are
            Path(name).chmod(file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_mask())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mask() -> int:
    """What new files of this process are not allowed."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
