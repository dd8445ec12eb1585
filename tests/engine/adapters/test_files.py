"""Files in a folder: kept by content, found again, addressed, gone."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from engine.adapters.files import FolderFiles
from engine.ports.outside import PortError


def save(files: FolderFiles, content: bytes, name: str = "a.txt") -> str:
    return asyncio.run(files.save(content, filename=name, mime_type="text/plain"))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path / "files")
    reference = save(files, b"hello")
    assert asyncio.run(files.load(reference)) == b"hello"
    assert asyncio.run(FolderFiles(tmp_path / "files").load(reference)) == b"hello"
    url = files.url(reference)
    assert url is not None
    assert url.startswith("file:///")


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    assert save(files, b"x" * 1000, "a") == save(files, b"x" * 1000, "b")
    assert sum(p.stat().st_size >= 1000 for p in tmp_path.rglob("*") if p.is_file()) == 1


@pytest.mark.parametrize("reference", ["", "nowhere", "../../etc/passwd", "/etc/passwd", "0" * 64, "A" * 64])
def test_what_is_not_there(tmp_path: Path, reference: str) -> None:
    files = FolderFiles(tmp_path)
    assert files.url(reference) is None
    with pytest.raises(PortError) as caught:
        asyncio.run(files.load(reference))
    assert caught.value.error_type == "FileFetchError"


def test_many_writers_of_the_same_file(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    threads = [threading.Thread(target=files.put, args=(b"same", f"{n}", "text/plain")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({p.suffix for p in tmp_path.rglob("*") if p.is_file()}) == 2
    assert not list(tmp_path.rglob(".new-*"))
