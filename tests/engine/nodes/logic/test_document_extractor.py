"""The document extractor: every format, and what is said of files that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from engine.adapters.documents import BY_EXTENSION, LocalDocumentReader
from engine.ports.outside import HttpRequest, HttpResponse
from engine.run.limits import Limits
from engine.run.variables.files import File
from tests.engine.nodes.logic import documents as made
from tests.helpers.nodes import Ran, Shelf, codes, make_file, make_node, run_node, selectors

DATA = {"type": "document-extractor", "variable_selector": ["n", "v"]}


def extract(value: Any, shelf: Shelf | None = None, *, limits: Limits | None = None, **more: Any) -> Ran:
    ports = (shelf or Shelf()).ports(documents=LocalDocumentReader(limits=limits), **more.pop("ports", {}))
    return run_node(DATA, {"n.v": value}, ports=ports, limits=limits, **more)


def read(name: str, content: bytes | str, mime_type: str | None = None, **more: Any) -> Any:
    """The text of one file, or the error as `("err", message)`."""
    shelf = Shelf()
    raw = content.encode() if isinstance(content, str) else content
    ran = extract(shelf.put(name, raw, mime_type=mime_type), shelf, **more)
    if ran.status == "failed":
        assert ran.failure == ""
        assert name in ran.error
        assert ran.inputs == {"variable_selector": ["n", "v"]}
        return ("err", ran.error)
    return ran.outputs["text"]


def refused(answer: Any, *words: str) -> bool:
    return isinstance(answer, tuple) and all(word in answer[1] for word in words)


@pytest.mark.spec("logic.155")
def test_what_may_be_given() -> None:
    shelf = Shelf()
    a, b = shelf.put("a.txt", b"one"), shelf.put("b.txt", b"two")
    assert extract(a, shelf).outputs == {"text": "one"}
    ran = extract([a, b], shelf)
    assert ran.outputs == {"text": ["one", "two"]}
    assert ran.process_data == {"documents": [a, b]}
    for nothing in ([], None, "", 0):
        assert extract(nothing).outputs == {"text": []}
    assert extract("abc").failure == ""
    assert run_node(DATA, {}).failure == ""


@pytest.mark.spec("logic.156")
@pytest.mark.parametrize(
    ("name", "mime_type", "expected"),
    [
        ("a.txt", None, "hi"),
        ("a.TXT", None, "hi"),
        ("a", "text/plain", "hi"),
        ("a", "text/plain; charset=utf-8", "hi"),
        ("a.zz", "text/plain", "hi"),
        ("a.zz", None, "err"),
        ("a", None, "err"),
        ("a.rtf", "application/rtf", "err"),
        ("a.png", "image/png", "err"),
    ],
)
def test_which_files_are_text(name: str, mime_type: str | None, expected: str) -> None:
    answer = read(name, "hi", mime_type)
    assert answer == expected if expected != "err" else refused(answer)


def test_encodings() -> None:
    assert read("a.txt", "Grüße aus Köln, schöne Tage".encode("cp1252")) == "Grüße aus Köln, schöne Tage"
    assert read("a.txt", b"\xef\xbb\xbfhi") == "\ufeffhi"
    assert read("a.txt", b"") == ""


@pytest.mark.spec("logic.157")
def test_json() -> None:
    assert read("a.json", '{"a":"é"}') == '{\n  "a": "é"\n}'
    assert refused(read("a.json", "{a"), "not valid")


@pytest.mark.spec("logic.158")
def test_yaml() -> None:
    assert read("a.yaml", "b: 1 # no\na: {c: [x]}\n---\nd: é\n") == "b: 1\na:\n  c:\n  - x\n---\nd: é\n"
    assert refused(read("a.yml", "a: [b"), "not valid")


@pytest.mark.spec("logic.159")
def test_csv() -> None:
    text = read("a.csv", 'a,bb,c|d\n1,"x\ny",3\n4\n')
    assert text == "| a | bb | c|d |\n| - | -- | --- |\n| 1 | x y | 3 |\n| 4 |\n"
    assert read("a.csv", "") == ""


@pytest.mark.spec("logic.160")
def test_excel() -> None:
    first = [["n", "name", "all"], [1, "x\ny", 7], [None, None, None], [3, "z", 8], [None, "w", 9]]
    text = read("a.xlsx", made.workbook(first, [["k"], [2]]))
    assert text == (
        "| n | name | all |\n| - | ---- | --- |\n| 1.0 | x y | 7.0 |\n| 3.0 | z | 8.0 |\n| nan | w | 9.0 |\n\n"
        "| k |\n| - |\n| 2 |\n\n"
    )


@pytest.mark.spec("logic.161")
def test_word() -> None:
    table = [["Name", "Note"], ["a", "one\ntwo"]]
    content = made.word("before", table, "after", [["", " "], ["", ""]])
    expected = "before\n| Name | Note |\n| --- | --- |\n| a | one<br>two |\n\nafter"
    assert read("a.docx", content) == expected
    assert read("a.docx", made.with_windows_separators(content)) == expected


@pytest.mark.spec("logic.162")
def test_properties() -> None:
    assert read("a.properties", "k = v=1\nx: y\nlone\n  # c\n") == "k: v=1\nx: y\nlone: \n# c"


VOICES = """WEBVTT

00:01.000 --> 00:02.000
<v Bob>Hi

2
00:02.000 --> 00:03.000
<v Bob>there

00:03.000 --> 00:04.000 align:start
<v Ann>Yes
"""


@pytest.mark.spec("logic.163")
def test_captions() -> None:
    assert read("talk", VOICES, "text/vtt") == 'Bob "Hi there"\nAnn "Yes"'
    silent = VOICES.replace("<v Bob>", "").replace("<v Ann>", "")
    assert read("talk", silent, "text/vtt") == '"Hi"\n"there"\n"Yes"'
    assert read("talk.vtt", VOICES) == VOICES
    strict = read("talk", silent, "text/vtt", facts={"strict_upstream": True})
    assert strict.count("Hi") == 3


@pytest.mark.spec("logic.164")
def test_pages_and_pictures() -> None:
    assert read("a.html", "<p>x</p>") == "<p>x</p>"
    assert refused(read("a.doc", b"x"), "service")
    assert refused(read("a.ppt", b"x"), "service")
    assert read("a.pdf", made.pdf("")).strip() == ""
    assert "Hello one" in read("a.pdf", made.pdf("Hello one", "Hello two"))
    assert "Hello two" in read("a.pdf", made.pdf("Hello one", "Hello two"))


def test_slides_books_and_mails() -> None:
    assert read("a.pptx", made.slides("one", "two")) == "one\nabout one\ntwo\nabout two"
    assert read("a.epub", made.book()) == "First\nLine one\nSecond chapter."
    assert read("a.odt", made.open_document()) == "Title\na  b\tc"
    assert read("a.eml", made.mail()) == "Dear\nBye"
    assert read("a.eml", made.mail(html=True)) == "Dear you\nBye"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", made.locked_pdf(), ("password",)),
        ("a.pdf", b"not a pdf", ("cannot be read",)),
        ("a.pdf", b"", ("empty",)),
        ("a.docx", made.pdf("x"), ("PDF",)),
        ("a.docx", b"", ("empty",)),
        ("a.docx", made.packed({"x": "y"}), ("cannot be read",)),
        ("a.xlsx", b"\x89PNG\r\n\x1a\n", ("PNG",)),
        ("a.pptx", made.word("x"), ("cannot be read",)),
        ("a.epub", made.packed({"x": "y"}), ("cannot be read",)),
        ("a.odt", made.packed({"x": "y"}), ("cannot be read",)),
        ("a.msg", b"nothing", ("cannot be read",)),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            ("password",),
        ),
    ],
)
def test_files_that_cannot_be_read(name: str, content: bytes, words: tuple[str, ...]) -> None:
    assert refused(read(name, content), *words)


def test_sizes() -> None:
    small = Limits(document_max_bytes=10)
    assert refused(read("a.txt", "x" * 11, limits=small), "10")
    bomb = made.packed({"word/document.xml": "0" * 5000})
    assert refused(read("a.docx", bomb, limits=Limits(document_unpacked_bytes=1000)), "unpacks")


class FakeWeb:
    async def send(self, request: HttpRequest) -> HttpResponse:
        good = request.url.endswith("good.txt")
        return HttpResponse(200 if good else 404, (), b"remote" if good else b"", request.url)


@pytest.mark.spec("logic.165")
def test_one_bad_file_fails_the_node() -> None:
    shelf = Shelf()
    good, bad = shelf.put("a.txt", b"hi"), shelf.put("b.zz")
    ran = extract([good, bad], shelf)
    assert ran.failure == ""
    assert ran.process_data == {"documents": [good, bad]}
    web = {"http": FakeWeb()}
    remote = make_file("good.txt", url="https://x.example/good.txt")
    gone = make_file("gone.txt", url="https://x.example/gone.txt")
    assert extract(remote, ports=web).outputs == {"text": "remote"}
    assert "404" in extract(gone, ports=web).error
    lost = File(type="document", transfer_method="local_file", reference="nowhere", filename="l.txt", extension=".txt")
    assert extract(lost).failure == ""


def test_every_format_that_is_promised() -> None:
    promised = ".json .yaml .yml .pdf .doc .docx .csv .xls .xlsx .ppt .pptx .epub .odt .eml .msg .properties .txt .vtt"
    assert set(promised.split()) <= set(BY_EXTENSION)


def test_what_a_single_step_asks_for_and_the_checklist() -> None:
    assert selectors(make_node(DATA).variable_mapping()) == {"node.files": ["n", "v"]}
    assert codes(DATA) == []
    assert codes({**DATA, "variable_selector": []}) == ["node.variable_missing"]
