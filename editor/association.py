"""Workflow files in the file manager: "open with Penstock" for this person, put in and taken out again.

Linux: an application entry, a file type of our own for `*.dify.yml` and `*.penstock.yml`, and an icon, below
`XDG_DATA_HOME` (freedesktop.org: Desktop Entry, Shared MIME-info, Icon Theme). Windows: keys below
`HKEY_CURRENT_USER\\Software\\Classes`. Under macOS a bundle says in its Info.plist what it opens; `document_types`
makes that part, and nothing can be added or removed here.

Every YAML file can be opened with Penstock, but none is seized: the program that opened them before stays the default.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from enum import Enum
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from engine.errors import EnvironmentProblem
from resources import folder

ROOT: Final = Path(__file__).resolve().parent.parent
OWN_TYPE: Final = "application/x-penstock-workflow"
YAML_TYPES: Final = ("application/yaml", "application/x-yaml", "text/yaml")
GLOBS: Final = ("*.dify.yml", "*.dify.yaml", "*.penstock.yml", "*.penstock.yaml")
ENTRY: Final = "penstock.desktop"
PROGID: Final = "Penstock.Workflow"
CLASSES: Final = "Software\\Classes"
ENDINGS: Final = (".yml", ".yaml")
TOOL_SECONDS: Final = 30


class State(Enum):
    """Whether the file manager knows this Penstock."""

    ABSENT = "absent"
    PRESENT = "present"
    OTHER = "other"
    """An entry is there, but it starts another Penstock, or an older one."""
    UNSUPPORTED = "unsupported"


# -- Linux -----------------------------------------------------------------------------------------------------------


def data_home() -> Path:
    """The folder of this person's data; a relative `XDG_DATA_HOME` counts as none (XDG Base Directory)."""
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "share"


def _text(value: str) -> str:
    """A value of type string as a desktop entry writes it."""
    value = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return "\\s" + value[1:] if value.startswith(" ") else value


def _argument(value: str) -> str:
    """One argument of Exec: in quotes, and a percent sign is no field code."""
    for sign in '\\"`$':
        value = value.replace(sign, "\\" + sign)
    return '"' + value.replace("%", "%%") + '"'


def desktop_entry(interpreter: str, root: Path) -> str:
    """The application entry. `root` is the folder that holds the `editor` package: it is the working directory of
    the start, so that no folder of the same name elsewhere is taken for it."""
    command = " ".join((_argument(interpreter), "-m", "editor", "%F"))
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Version=1.5",
        "Name=Penstock",
        "GenericName=Workflow studio",
        "GenericName[zh_CN]=工作流工作室",
        "Comment=Edit, run and debug Dify-compatible AI workflows",
        "Comment[zh_CN]=编辑、运行和调试兼容 Dify 的 AI 工作流",
        f"Exec={_text(command)}",
        f"Path={_text(str(root))}",
        "Icon=penstock",
        "Terminal=false",
        "Categories=Development;IDE;",
        "StartupNotify=true",
        "StartupWMClass=Penstock",
        "InitialPreference=1",
        f"MimeType={';'.join((OWN_TYPE, *YAML_TYPES))};",
    )
    return "\n".join(lines) + "\n"


def mime_package() -> str:
    """The file type of our own; a file of it is a YAML file, too."""
    globs = "".join(f'    <glob pattern="{escape(pattern)}" weight="60"/>\n' for pattern in GLOBS)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">\n'
        f'  <mime-type type="{OWN_TYPE}">\n'
        "    <comment>AI workflow</comment>\n"
        '    <comment xml:lang="zh_CN">AI 工作流</comment>\n'
        '    <sub-class-of type="application/yaml"/>\n'
        '    <icon name="penstock"/>\n'
        f"{globs}"
        "  </mime-type>\n"
        "</mime-info>\n"
    )


def linux_files(home: Path, interpreter: str, root: Path) -> dict[Path, str]:
    """Every file that belongs to the association, with its text."""
    return {
        home / "icons" / "hicolor" / "scalable" / "apps" / "penstock.svg": folder("desktop", "penstock.svg").read_text(
            "utf-8"
        ),
        home / "mime" / "packages" / "penstock.xml": mime_package(),
        home / "applications" / ENTRY: desktop_entry(interpreter, root),
    }


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises EnvironmentProblem."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".penstock-")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise EnvironmentProblem(
            f"{path} cannot be written: {error.strerror or error}", code="association.unwritable"
        ) from error


def _remove(path: Path) -> bool:
    """Remove a file; whether it was there. Raises EnvironmentProblem."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be removed: {error.strerror or error}", code="association.unwritable"
        ) from error
    return True


def _tool(*command: str) -> str | None:
    """What a tool of the desktop printed; None where it is not there or failed: the desktop finds out later, then."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _refresh(home: Path) -> list[str]:
    """Have the desktop read its folders anew; returns the tools that did."""
    done = []
    for tool, place in (("update-mime-database", home / "mime"), ("update-desktop-database", home / "applications")):
        if place.is_dir() and _tool(tool, str(place)) is not None:
            done.append(f"{tool} {place}")
    return done


def _opens(kind: str) -> str:
    """The entry that opens a type by default, or plain text where the type has none; empty if nobody knows."""
    return _tool("xdg-mime", "query", "default", kind) or ""


def _install_linux(home: Path) -> list[str]:
    before = {kind: _opens(kind) or _opens("text/plain") for kind in YAML_TYPES}
    done = []
    for path, text in linux_files(home, sys.executable, ROOT).items():
        _write(path, text)
        done.append(f"written {path}")
    done += _refresh(home)
    # The only program that names a type becomes its default by itself; who opened YAML before is to go on with it.
    for kind, entry in before.items():
        if entry and entry != ENTRY and _opens(kind) == ENTRY and _tool("xdg-mime", "default", entry, kind) is not None:
            done.append(f"{kind} still opens with {entry}")
    return done


def _uninstall_linux(home: Path) -> list[str]:
    done = [f"removed {path}" for path in linux_files(home, sys.executable, ROOT) if _remove(path)]
    return done + _refresh(home) if done else done


def _state_linux(home: Path) -> State:
    found: list[bool | None] = []
    for path, text in linux_files(home, sys.executable, ROOT).items():
        try:
            found.append(path.read_text("utf-8", errors="replace") == text)
        except OSError:
            found.append(None)
    if found[-1] is None:
        return State.ABSENT
    return State.PRESENT if all(found) else State.OTHER


# -- Windows ---------------------------------------------------------------------------------------------------------


def windows_command(interpreter: str) -> str:
    """The command line of a start with a file. The file's folder is the working directory: `-P` keeps Python from
    importing what lies there; `pythonw` opens no console."""
    if interpreter.lower().endswith("\\python.exe"):
        interpreter = interpreter[: -len("python.exe")] + "pythonw.exe"
    return f'"{interpreter}" -P -m editor "%1"'


def windows_keys(interpreter: str) -> list[tuple[str, str, str]]:
    """Key below HKEY_CURRENT_USER, name of the value (empty: the default value), text."""
    own = f"{CLASSES}\\{PROGID}"
    return [
        (own, "", "AI workflow"),
        (own, "FriendlyTypeName", "AI workflow"),
        (f"{own}\\shell", "", "open"),
        (f"{own}\\shell\\open", "FriendlyAppName", "Penstock"),
        (f"{own}\\shell\\open\\command", "", windows_command(interpreter)),
        *((f"{CLASSES}\\{ending}\\OpenWithProgids", PROGID, "") for ending in ENDINGS),
    ]


def windows_own_keys() -> list[str]:
    """The keys that are Penstock's alone, deepest first, as they are deleted."""
    own = f"{CLASSES}\\{PROGID}"
    return [f"{own}\\shell\\open\\command", f"{own}\\shell\\open", f"{own}\\shell", own]


if sys.platform == "win32":
    import ctypes
    import winreg

    def _tell_explorer() -> None:
        """SHCNE_ASSOCCHANGED: the Explorer reads its associations anew."""
        ctypes.windll.shell32.SHChangeNotify(0x08000000, 0, None, None)

    def _install_windows() -> list[str]:
        done = []
        for key, name, text in windows_keys(sys.executable):
            try:
                with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
                    winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, text)
            except OSError as error:
                raise EnvironmentProblem(
                    f"The registry key HKCU\\{key} cannot be written: {error}", code="association.unwritable"
                ) from error
            done.append(f"written HKCU\\{key}")
        _tell_explorer()
        return done

    def _uninstall_windows() -> list[str]:
        done = []
        try:
            for ending in ENDINGS:
                key = f"{CLASSES}\\{ending}\\OpenWithProgids"
                try:
                    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
                        winreg.DeleteValue(opened, PROGID)
                    done.append(f"removed {PROGID} from HKCU\\{key}")
                except FileNotFoundError:
                    continue
            for key in windows_own_keys():
                try:
                    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
                    done.append(f"removed HKCU\\{key}")
                except FileNotFoundError:
                    continue
        except OSError as error:
            raise EnvironmentProblem(
                f"The registry cannot be changed: {error}", code="association.unwritable"
            ) from error
        if done:
            _tell_explorer()
        return done

    def _state_windows() -> State:
        try:
            present = winreg.QueryValue(winreg.HKEY_CURRENT_USER, windows_own_keys()[0])
        except OSError:
            return State.ABSENT
        return State.PRESENT if present == windows_command(sys.executable) else State.OTHER


# -- macOS -----------------------------------------------------------------------------------------------------------


def document_types() -> dict[str, Any]:
    """The part of a bundle's Info.plist that says what it opens; it never becomes the default for YAML by itself."""
    return {
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "AI workflow",
                "CFBundleTypeRole": "Editor",
                "CFBundleTypeExtensions": [ending.removeprefix(".") for ending in ENDINGS],
                "LSItemContentTypes": ["public.yaml"],
                "LSHandlerRank": "Alternate",
            }
        ]
    }


# -- every system ----------------------------------------------------------------------------------------------------


def state() -> State:
    """Whether the file manager of this person knows this Penstock. Reads files or the registry."""
    if sys.platform == "win32":
        return _state_windows()
    return State.UNSUPPORTED if sys.platform == "darwin" else _state_linux(data_home())


def _refuse() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Under macOS the installed application itself says which files it opens; nothing can be added or removed here.",
        code="association.unsupported",
        hint='Use "Open With" in the Finder.',
    )


def install() -> list[str]:
    """Add Penstock to the file manager; returns what was done, a line each. Doing it again changes nothing.
    Raises EnvironmentProblem."""
    if sys.platform == "win32":
        return _install_windows()
    if sys.platform == "darwin":
        raise _refuse()
    return _install_linux(data_home())


def uninstall() -> list[str]:
    """Take Penstock out of the file manager; returns what was done, empty if nothing was there.
    Raises EnvironmentProblem."""
    if sys.platform == "win32":
        return _uninstall_windows()
    if sys.platform == "darwin":
        raise _refuse()
    return _uninstall_linux(data_home())
