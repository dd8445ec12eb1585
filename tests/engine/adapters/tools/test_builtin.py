"""The built-in tools by what they answer (nodes-ai spec 13.2)."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.files import FolderFiles
from engine.adapters.tools.registry import provider, providers
from engine.clock import FixedClock
from engine.ports.outside import PortError
from engine.run.variables.files import File
from tests.helpers.servers import Reply, serving
from tests.helpers.tools import call, of_kind, text

NOON = FixedClock(datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC))


def kept(folder: Path, name: str, content: bytes, mime: str, kind: str = "document") -> File:
    reference = FolderFiles(folder).put(content, name, mime)
    return File(kind, "tool_file", reference=reference, filename=name, extension=Path(name).suffix, mime_type=mime)


# -- declarations ------------------------------------------------------------------------------------------------------


def test_every_tool_is_declared_once_and_whole() -> None:
    ids = [p.id for p in providers()]
    assert len(ids) == len(set(ids))
    for found in providers():
        names = [t.name for t in found.tools]
        assert len(names) == len(set(names))
        assert names
        for tool in found.tools:
            assert tool.label
            assert tool.description
            for parameter in tool.parameters:
                assert parameter.label
                assert parameter.default is None or not parameter.options or str(parameter.default) in parameter.options


@pytest.mark.parametrize("spelling", ["time", "langgenius/time/time", "Time", " org/any/time "])
def test_providers_are_found_by_every_spelling(spelling: str) -> None:
    found = provider(spelling)
    assert found is not None
    assert found.id == "time"


def test_icons_are_there() -> None:
    icons = Path(__file__).parents[4] / "resources" / "icons"
    assert not [p.id for p in providers() if not (icons / f"{p.icon}.svg").exists()]


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("ai.129")
def test_the_current_time_with_defaults() -> None:
    assert text("time", "current_time", clock=NOON) == "2026-03-01 12:30:15"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text("time", "current_time"))


def test_the_current_time_elsewhere() -> None:
    assert text("time", "current_time", {"timezone": "Asia/Tokyo"}, clock=NOON) == "2026-03-01 21:30:15"
    assert text("time", "current_time", {"format": ""}, clock=NOON) == "2026-03-01 12:30:15 UTC"
    assert text("time", "current_time", {"timezone": "Mars/Base"}, clock=NOON) == "Invalid timezone: Mars/Base"


def test_timestamps_there_and_back() -> None:
    given = {"localtime": "2024-01-01 08:00:00"}
    assert text("time", "localtime_to_timestamp", given) == "1704067200"
    assert text("time", "localtime_to_timestamp", {**given, "timezone": "UTC"}) == "1704096000"
    assert text("time", "timestamp_to_localtime", {"timestamp": 1704067200}) == "2024-01-01 08:00:00"
    with pytest.raises(PortError, match="must have the form"):
        text("time", "localtime_to_timestamp", {"localtime": "yesterday"})


def test_zones_and_week_days() -> None:
    assert text("time", "timezone_conversion", {"current_time": "2024-01-01 08:00:00"}) == "2024-01-01 09:00:00"
    assert text("time", "weekday", {"year": 2024, "month": 2, "day": 29}) == "February 29, 2024 is Thursday."
    assert text("time", "weekday", {"year": 2023, "month": 2, "day": 29}).startswith("Invalid date")


# -- sums, patterns, data ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("2+3*4", "14"),
        ("(1+2)**10", "59049"),
        ("sqrt(16) * 3", "12.0"),
        ("7 // 2 + 7 % 2", "4"),
        ("where(3 > 2, 1, 0)", "1"),
        ("sin(pi/2)", "1.0"),
        ("max(1, 5, 3) - min([4, 2])", "3"),
        ("1 < 2 < 3", "True"),
    ],
)
def test_sums(expression: str, result: str) -> None:
    given = {"expression": expression}
    assert text("maths", "eval_expression", given) == f'The result of the expression "{expression}" is {result}'


@pytest.mark.parametrize(
    "expression",
    ["__import__('os').system('x')", "(1).__class__", "9**9**9**9", "1/0", "factorial(100000)", "[1]*99", "1 <<", "x"],
)
def test_what_is_no_sum(expression: str) -> None:
    assert text("maths", "eval_expression", {"expression": expression}).startswith("Invalid expression: ")


def test_patterns() -> None:
    given = {"content": "a1 b22 c333", "expression": r"\d+"}
    assert text("regex", "regex_extract", given, code=True) == "['1', '22', '333']"
    answer = text("regex", "regex_extract", {**given, "expression": "("}, code=True)
    assert answer.startswith("Failed to extract result, error: ")
    assert text("regex", "regex_extract", {"content": "", "expression": "a"}, code=True) == "Invalid content"


DOCUMENT = json.dumps({"a": {"b": [1, 2, {"c": "höher"}]}, "list": [{"n": 1}, {"n": 2}]})


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("$.a.b[0]", "1"),
        ("a.b[-1].c", "höher"),
        ("$.list[*].n", "[1, 2]"),
        ("$..n", "[1, 2]"),
        ("$['a']['b'][0:2]", "[1, 2]"),
        ("$.a.b[2]", '{"c": "h\\u00f6her"}'),
        ("$.missing", "[]"),
    ],
)
def test_json_parse(path: str, result: str) -> None:
    assert text("json_process", "parse", {"content": DOCUMENT, "json_filter": path}) == result


def test_json_parse_of_what_is_wrong() -> None:
    assert text("json_process", "parse", {"content": "", "json_filter": "a"}) == "Invalid parameter content"
    assert text("json_process", "parse", {"content": "{}", "json_filter": ""}) == "Invalid parameter json_filter"
    assert "Expecting" in text("json_process", "parse", {"content": "{", "json_filter": "a"})
    given = {"content": DOCUMENT, "json_filter": "$.a.b[2]", "ensure_ascii": False}
    assert text("json_process", "parse", given) == '{"c": "höher"}'


@pytest.mark.parametrize(
    ("tool", "given", "result"),
    [
        ("json_insert", {"query": "$.list", "new_value": "3"}, {"list": [1, 2, 3], "o": {"k": "v"}}),
        ("json_insert", {"query": "$.list", "new_value": "0", "index": 0}, {"list": [0, 1, 2], "o": {"k": "v"}}),
        ("json_insert", {"query": "$.o", "new_value": '{"x": 1}'}, {"list": [1, 2], "o": {"k": "v", "x": 1}}),
        (
            "json_insert",
            {"query": "$.p.q[1]", "new_value": "7", "create_path": "True"},
            {"list": [1, 2], "o": {"k": "v"}, "p": {"q": [{}, 7]}},
        ),
        ("json_delete", {"query": "$.list[0]"}, {"list": [2], "o": {"k": "v"}}),
        ("json_delete", {"query": "$.list[*]"}, {"list": [], "o": {"k": "v"}}),
        (
            "json_replace",
            {"query": "$.o.k", "replace_value": "w", "replace_model": "value"},
            {"list": [1, 2], "o": {"k": "w"}},
        ),
        (
            "json_replace",
            {"query": "$.o.k", "replace_value": "n", "replace_model": "key"},
            {"list": [1, 2], "o": {"n": "v"}},
        ),
        (
            "json_replace",
            {"query": "$.o.k", "replace_value": "W", "replace_pattern": "v"},
            {"list": [1, 2], "o": {"k": "W"}},
        ),
    ],
)
def test_json_changes(tool: str, given: dict[str, Any], result: Any) -> None:
    content = '{"list": [1, 2], "o": {"k": "v"}}'
    assert json.loads(text("json_process", tool, {"content": content, **given})) == result


def test_texts_and_tables(tmp_path: Path) -> None:
    counted = of_kind(call("text_tools", "count_text", {"text": "zwei 汉字 und\nmehr"}), "json")[0]
    assert counted == {"characters": 16, "words": 5, "lines": 2}
    rows = of_kind(call("text_tools", "csv_to_json", {"text": "name;n;id\nä;1.5;007\nb;2;8\n"}), "json")[0]["rows"]
    assert rows == [{"name": "ä", "n": 1.5, "id": "007"}, {"name": "b", "n": 2, "id": 8}]
    table = kept(tmp_path, "t.csv", b"\xef\xbb\xbfa,b\n1,2\n", "text/csv")
    rows = of_kind(call("text_tools", "csv_to_json", {"file": table}, folder=tmp_path), "json")[0]["rows"]
    assert rows == [{"a": 1, "b": 2}]
    messages = call("text_tools", "json_to_csv", {"rows": '[{"a": 1, "b": "x, y"}, {"a": [2]}]'})
    assert list(csv.reader(io.StringIO(messages[0].value))) == [["a", "b"], ["1", "x, y"], ["[2]", ""]]
    assert messages[1].meta == {"filename": "table.csv", "mime_type": "text/csv"}
    for way in ("base64", "url", "hex"):
        packed = text("text_tools", "encode_text", {"text": "ä b", "encoding": way})
        assert text("text_tools", "decode_text", {"text": packed, "encoding": way}) == "ä b"


def test_code_prints() -> None:
    assert text("code", "simple_code", {"language": "python3", "code": "print(sum(range(5)))"}, code=True) == "10\n"
    given = {"language": "javascript", "code": "console.log([1,2].map(x => x * 2), 'ok')"}
    assert text("code", "simple_code", given, code=True) == "[2,4] ok"
    with pytest.raises(PortError, match="Only python3 and javascript"):
        text("code", "simple_code", {"language": "perl", "code": "1"}, code=True)


def test_charts() -> None:
    messages = call("chart", "bar_chart", {"data": "1;2.5;-3", "x_axis": "a;<b>;c"})
    assert messages[0].value == "the bar chart is saved as an image."
    assert messages[1].meta["mime_type"] == "image/svg+xml"
    assert b"&lt;b&gt;" in messages[1].value
    block = text("langgenius/echarts/echarts", "pie_chart", {"title": "T", "data": "1;2", "categories": "x;y"})
    option = json.loads(block.strip().removeprefix("```echarts").removesuffix("```"))
    assert option["series"][0]["data"] == [{"value": 1, "name": "x"}, {"value": 2, "name": "y"}]
    with pytest.raises(PortError, match="no number"):
        call("chart", "line_chart", {"data": "1;zwei"})


# -- documents ---------------------------------------------------------------------------------------------------------


def test_markdown_to_files() -> None:
    source = "# Title\n\nText **bold**\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n<script>x</script>\n"
    page = call("md_exporter", "md_to_html", {"md_text": source, "output_filename": "a/b"})[0]
    assert page.meta["filename"] == "a_b.html"
    assert b"<h1>Title</h1>" in page.value
    assert b"<script>" not in page.value
    table = call("bowenliang123/md_exporter/md_exporter", "md_to_csv", {"md_text": source})[0]
    assert table.value.decode("utf-8-sig").splitlines() == ["a,b", "1,2"]
    import docx

    document = docx.Document(io.BytesIO(call("md_exporter", "md_to_docx", {"md_text": source})[0].value))
    assert [p.text for p in document.paragraphs][:2] == ["Title", "Text bold"]
    assert [[c.text for c in row.cells] for row in document.tables[0].rows] == [["a", "b"], ["1", "2"]]


def test_pdf_pages_as_pictures(tmp_path: Path) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    for _ in range(2):
        document.new_page(100, 50)
    target = io.BytesIO()
    document.save(target)
    file = kept(tmp_path, "p.pdf", target.getvalue(), "application/pdf")
    pictures = [
        m for m in call("pdf_process", "pdf_to_png", {"pdf_content": file}, folder=tmp_path) if m.kind == "blob"
    ]
    assert [p.meta["filename"] for p in pictures] == ["p_1.png", "p_2.png"]
    from PIL import Image

    with Image.open(io.BytesIO(pictures[0].value)) as image:
        assert image.size == (200, 100)
        assert image.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_chunks(tmp_path: Path) -> None:
    given = {"input_variable": "one\n\ntwo\n\nthree", "delimiter": "\\n\\n", "max_chunk_length": 1024}
    assert of_kind(call("general_chunker", "general_chunker", given), "variable") == [["one", "two", "three"]]
    long = {"input_variable": "word " * 600, "max_chunk_length": 500}
    pieces = of_kind(call("general_chunker", "general_chunker", long), "variable")[0]
    assert len(pieces) > 5
    assert max(map(len, pieces)) <= 500
    with pytest.raises(PortError, match="between 50 and 4000"):
        call("general_chunker", "general_chunker", {**given, "max_chunk_length": 49})
    table = kept(tmp_path, "q.csv", b"q,a\nwhy,because\n,\n", "text/csv")
    pairs = of_kind(call("qa_chunk", "qa_chunk", {"input_file": table}, folder=tmp_path), "variable")[0]
    assert pairs == {"qa_chunks": [{"question": "why", "answer": "because"}]}


@pytest.mark.spec("ai.113")
def test_parent_child_chunks_with_defaults() -> None:
    source = "\n\n".join(["first line\nsecond line", "x" * 2500])
    found = of_kind(call("parentchild_chunker", "parentchild_chunker", {"input_text": source}), "variable")[0]
    assert found["parent_mode"] == "paragraph"
    rows = found["parent_child_chunks"]
    assert rows[0] == {"parent_content": "first line\nsecond line", "child_contents": ["first line", "second line"]}
    assert max(len(r["parent_content"]) for r in rows) <= 1024
    assert max(len(c) for r in rows for c in r["child_contents"]) <= 512


def test_databases_of_the_workspace_only(tmp_path: Path) -> None:
    def ask(query: str, uri: str = "sqlite:///a.db", **more: Any) -> str:
        return text(
            "hjlarry/database/database", "sql_execute", {"query": query, "db_uri": uri, **more}, folder=tmp_path
        )

    assert "0 rows" in ask("create table t (n integer, s text)")
    assert "2 rows" in ask("insert into t values (1, 'a'), (2, 'b')")
    assert json.loads(ask("select * from t")) == [{"n": 1, "s": "a"}, {"n": 2, "s": "b"}]
    assert (tmp_path / "databases" / "a.db").exists()
    for uri in ("sqlite:////etc/passwd", "sqlite:///../x.db", "mysql://host/db"):
        with pytest.raises(PortError, match=r"can be opened|no driver"):
            ask("select 1", uri)
    with pytest.raises(PortError, match="refused"):
        ask(f"attach '{tmp_path}/other.db' as o")


# -- the web -----------------------------------------------------------------------------------------------------------

PAGE = """<html><head><title>The page</title><meta name="author" content="Ann"></head><body>
<nav><a href="/x">menu entry</a></nav><script>var x = 1;</script>
<article><h1>Heading</h1><p>First paragraph with <b>bold</b> text, and a <a href="/more">link</a>, long enough.</p>
<ul><li>one</li><li>two</li></ul><img src="a.png" alt="pic"><table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td>
</tr></table></article><footer>imprint</footer></body></html>"""


def test_web_pages_are_read() -> None:
    with serving(lambda _: Reply(PAGE.encode(), type="text/html; charset=utf-8")) as server:
        found = text("webscraper", "webscraper", {"url": f"{server.url}/p", "user_agent": "me"})
        assert server.last.header("user-agent") == "me"
    assert found.startswith("TITLE: The page\nAUTHOR: Ann\nTEXT:")
    assert "First paragraph" in found
    assert "menu entry" not in found
    assert "var x" not in found
    assert "imprint" not in found
    assert text("webscraper", "webscraper", {"url": ""}) == "Please input url"


def test_web_addresses_that_are_no_pages() -> None:
    def answer(request: Any) -> Reply:
        if request.path == "/gone":
            return Reply(b"", 404)
        return Reply(b"\x00\x01", type="application/x-thing")

    with serving(answer) as server:
        assert text("webscraper", "webscraper", {"url": f"{server.url}/gone"}) == "URL returned status code 404."
        found = text("webscraper", "webscraper", {"url": server.url})
        assert found == "Unsupported content-type [application/x-thing] of URL."
        with pytest.raises(PortError, match="network rules"):
            text("webscraper", "webscraper", {"url": server.url}, allow=())


def test_the_page_reader_writes_markdown() -> None:
    with serving(lambda _: Reply(PAGE.encode(), type="text/html; charset=utf-8")) as server:
        given = {"url": f"{server.url}/p", "gather_all_links_at_the_end": True, "request_params": '{"q": "1"}'}
        found = text("jina", "jina_reader", given)
        assert server.last.pairs == [("q", "1")]
        part = text("jina", "jina_reader", {"url": server.url, "target_selector": "article ul li"})
        with pytest.raises(PortError, match="not understood"):
            text("jina", "jina_reader", {"url": server.url, "target_selector": "a:hover"})
    assert found.startswith(f"Title: The page\n\nURL Source: {server.url}/p")
    for piece in (
        "# Heading",
        "**bold**",
        f"[link]({server.url}/more)",
        "- one\n- two",
        "| k | v |",
        f"![pic]({server.url}/a.png)",
    ):
        assert piece in found, piece
    assert "Links/Buttons:" in found
    assert "one" in part
    assert "Heading" not in part


def test_feeds() -> None:
    feed = """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><rss><channel>
    <item><title>A &amp; B</title><link>http://x/1</link><description>&lt;p&gt;words&lt;/p&gt;&e;</description></item>
    <item><title>C</title><link>http://x/2</link></item></channel></rss>"""
    with serving(lambda _: Reply(feed.encode(), type="application/rss+xml")) as server:
        messages = call("rookie_rss", "rss", {"url": server.url, "limit": 1})
        again = call("jaguarliuu/rookie_rss/rookie_rss", "rookie_rss", {"platform": server.url, "result_num": 5})
    entries = of_kind(messages, "json")[0]["entries"]
    assert [(e["title"], e["link"], e["summary"]) for e in entries] == [("A & B", "http://x/1", "words &e;")]
    assert len(of_kind(again, "json")[0]["entries"]) == 2
    with pytest.raises(PortError, match="not known here"):
        call("rookie_rss", "rookie_rss", {"platform": "nowhere"})
