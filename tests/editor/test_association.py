"""Penstock in the file manager: the files and keys that are put there, and the row of the settings that does it."""

from __future__ import annotations

import configparser
import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabWidget

from editor import __main__ as command_line
from editor import association
from editor.app import load
from editor.association import State
from editor.dialogs.preferences import PreferencesDialog
from editor.screenshot import wait_until
from engine.errors import EnvironmentProblem
from tests.helpers.studio import TEMPLATES, opened_studio

SAMPLES = ("branch-on-a-condition", "chat-companion")
ROOT = Path(__file__).parents[2]
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"
linux = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="files of the freedesktop.org desktops")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and no tool of the desktop on the path."""
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    place = tmp_path / "data home"
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return place


def tool(name: str, script: str) -> None:
    """A program of the desktop's name, first on the path."""
    file = Path(os.environ["PATH"].split(os.pathsep)[0]) / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def files(place: Path) -> dict[str, bytes]:
    return {str(f.relative_to(place)): f.read_bytes() for f in place.rglob("*") if f.is_file()}


def entry(text: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser["Desktop Entry"]


def unescaped(value: str) -> str:
    """A value of type string as a desktop reads it."""
    out, rest = "", iter(value)
    for sign in rest:
        out += {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[next(rest)] if sign == "\\" else sign
    return out


@linux
def test_what_is_installed_says_what_it_opens_and_twice_is_the_same(home: Path) -> None:
    assert association.state() is State.ABSENT
    done = association.install()
    assert association.state() is State.PRESENT
    first = files(home)
    assert sorted(first) == [
        "applications/penstock.desktop",
        "icons/hicolor/scalable/apps/penstock.svg",
        "mime/packages/penstock.xml",
    ]
    assert sorted(done) == sorted(f"written {home / name}" for name in first)

    found = entry(first["applications/penstock.desktop"].decode())
    assert unescaped(found["Exec"]) == f'"{sys.executable}" -m editor %F'
    assert unescaped(found["Path"]) == str(ROOT)
    assert (found["Type"], found["Icon"], found["StartupWMClass"]) == ("Application", "penstock", "Penstock")
    assert found["MimeType"].split(";") == [
        "application/x-penstock-workflow",
        "application/yaml",
        "application/x-yaml",
        "text/yaml",
        "",
    ]

    kind = ET.fromstring(first["mime/packages/penstock.xml"]).find(f"{MIME}mime-type")
    assert kind is not None
    assert kind.get("type") == "application/x-penstock-workflow"
    assert [p.get("type") for p in kind.findall(f"{MIME}sub-class-of")] == ["application/yaml"]
    globs = {g.get("pattern") for g in kind.findall(f"{MIME}glob")}
    assert globs >= {"*.dify.yml", "*.penstock.yml"}
    assert not globs & {"*.yml", "*.yaml"}
    assert ET.fromstring(first["icons/hicolor/scalable/apps/penstock.svg"]).tag.endswith("svg")

    association.install()
    assert files(home) == first


@linux
def test_uninstall_leaves_nothing_and_touches_nothing_of_others(home: Path) -> None:
    other = home / "applications" / "other.desktop"
    other.parent.mkdir(parents=True)
    other.write_text("[Desktop Entry]\nName=Other\n")
    association.install()
    assert len(association.uninstall()) == 3
    assert files(home) == {"applications/other.desktop": b"[Desktop Entry]\nName=Other\n"}
    assert association.state() is State.ABSENT
    assert association.uninstall() == []


@linux
@pytest.mark.parametrize("folder", ["with space", "100% sure %F", 'quote " here', "dollar $HOME `ls`", "back\\slash"])
def test_any_path_of_the_interpreter_survives_the_quoting(folder: str) -> None:
    interpreter = f"/opt/{folder}/bin/python3"
    found = entry(association.desktop_entry(interpreter, Path(f"/opt/{folder}")))
    assert unescaped(found["Path"]) == f"/opt/{folder}"
    command = unescaped(found["Exec"])
    # Quoting is the shell's, so that a shell may split it; field codes are put in last.
    split = subprocess.run(
        ["/bin/sh", "-c", f"for each in {command}; do printf '%s\\n' \"$each\"; done"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert split[1:] == ["-m", "editor", "%F"]
    assert split[0].replace("%%", "%") == interpreter
    assert split[0].count("%") == 2 * interpreter.count("%")


@linux
def test_an_entry_of_another_penstock_is_told_apart_and_replaced(home: Path) -> None:
    association.install()
    file = home / "applications" / "penstock.desktop"
    file.write_text(association.desktop_entry("/elsewhere/python", Path("/elsewhere")))
    assert association.state() is State.OTHER
    association.install()
    assert association.state() is State.PRESENT


@linux
def test_the_desktop_is_told_and_who_opened_yaml_stays_the_default(home: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    for name in ("update-mime-database", "update-desktop-database"):
        tool(name, f'echo "{name} $1" >> "{said}"')
    desktop = home / "applications" / "penstock.desktop"
    # A desktop where nothing names application/yaml, an editor opens plain text, and text/yaml has a default.
    tool(
        "xdg-mime",
        f'if [ "$1" = default ]; then echo "default $2 $3" >> "{said}"; exit; fi\n'
        'case "$3" in text/plain) echo editor.desktop;; text/yaml) echo chosen.desktop;;\n'
        f'  *) if [ -e "{desktop}" ]; then echo penstock.desktop; fi;; esac',
    )
    done = association.install()
    lines = said.read_text().splitlines()
    assert lines == [
        f"update-mime-database {home / 'mime'}",
        f"update-desktop-database {home / 'applications'}",
        "default editor.desktop application/yaml",
        "default editor.desktop application/x-yaml",
    ]
    assert "application/yaml still opens with editor.desktop" in done


@linux
def test_the_real_mime_database_takes_the_type(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("update-mime-database", path=os.defpath)
    if real is None:
        pytest.skip("no shared-mime-info here")
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(association, "_opens", lambda _: "")  # the person's own defaults are not asked or changed
    association.install()
    lines = (home / "mime" / "globs2").read_text().splitlines()
    assert "60:application/x-penstock-workflow:*.dify.yml" in lines
    assert "application/x-penstock-workflow application/yaml" in (home / "mime" / "subclasses").read_text()
    association.uninstall()
    assert "penstock" not in (home / "mime" / "globs2").read_text()


@linux
def test_a_place_that_cannot_be_written_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(EnvironmentProblem, match=r"data home.*cannot be written: "):
        association.install()
    assert command_line.associate(wanted=True) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert association.state() is State.ABSENT


@linux
def test_the_command_line_adds_and_removes(home: Path) -> None:
    def call(option: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "editor", option], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    assert f"written {home / 'applications' / 'penstock.desktop'}" in call("--associate")
    assert association.state() is State.PRESENT
    assert f"removed {home / 'applications' / 'penstock.desktop'}" in call("--dissociate")
    assert files(home) == {}
    assert call("--dissociate") == "There was nothing to remove.\n"


def test_windows_keys_offer_penstock_and_seize_no_ending() -> None:
    keys = association.windows_keys("C:\\Program Files\\Penstock\\python.exe")
    values = {(key, name): text for key, name, text in keys}
    own = "Software\\Classes\\Penstock.Workflow"
    command = '"C:\\Program Files\\Penstock\\pythonw.exe" -P -m editor "%1"'
    assert values[f"{own}\\shell\\open\\command", ""] == command
    for ending in (".yml", ".yaml"):
        assert values[f"Software\\Classes\\{ending}\\OpenWithProgids", "Penstock.Workflow"] == ""
        assert (f"Software\\Classes\\{ending}", "") not in values
    written = {key for key, _, _ in keys if key.startswith(own)}
    gone = association.windows_own_keys()
    assert written == set(gone)
    assert gone == sorted(gone, key=len, reverse=True)  # a key with keys below it cannot be deleted


def test_the_bundle_of_macos_says_what_it_opens() -> None:
    info = plistlib.loads((ROOT / "packaging" / "macos" / "Info.plist.in").read_bytes())
    wanted = association.document_types()
    assert plistlib.loads(plistlib.dumps(wanted)) == wanted
    assert info["CFBundleDocumentTypes"] == wanted["CFBundleDocumentTypes"]
    (kind,) = info["CFBundleDocumentTypes"]
    assert kind["CFBundleTypeExtensions"] == ["yml", "yaml"]
    assert kind["LSHandlerRank"] == "Alternate"


@linux
def test_the_settings_add_penstock_and_remove_it(qapp: object, home: Path, tmp_path: Path) -> None:
    with opened_studio(tmp_path / "workspace") as studio:
        studio.window.preferences()
        dialog = studio.dialog(PreferencesDialog)
        assert isinstance(dialog, PreferencesDialog)
        tabs = dialog.findChild(QTabWidget)
        assert tabs is not None
        assert tabs.tabText(tabs.currentIndex()) == "Look"
        row = dialog.association
        assert wait_until(lambda: row.button.isEnabled(), 60)
        assert (row.words.text(), row.button.text()) == ("Penstock is not offered yet.", "Add")

        QTest.mouseClick(row.button, Qt.MouseButton.LeftButton)
        assert wait_until(lambda: row.button.isEnabled(), 60)
        assert (row.words.text(), row.button.text()) == ("Penstock is offered for workflow files.", "Remove")
        assert (home / "applications" / "penstock.desktop").is_file()

        row.button.setFocus()
        QTest.keyClick(row.button, Qt.Key.Key_Space)
        assert wait_until(lambda: row.button.isEnabled(), 60)
        assert row.button.text() == "Add"
        assert row.button.hasFocus()
        assert files(home) == {}
        dialog.accept()


def test_several_files_that_are_chosen_at_once_all_open(qapp: object, tmp_path: Path) -> None:
    chosen = command_line.parser().parse_args([str(TEMPLATES / f"{name}.yml") for name in SAMPLES]).files
    with opened_studio(tmp_path) as studio:
        load(studio.window, chosen[0], chosen[1:])
        assert wait_until(lambda: len(studio.window.workflow_pages()) == len(SAMPLES), 60), studio.messages.__dict__
