"""What the engine said is found again among its sentences, however it was filled in, and said in Chinese."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from editor.enginetexts import ROOMS
from editor.templates import NUMBER_PLACES, Templates, place_names
from tests.helpers.enginewords import Reader

CATALOGUES = Path(__file__).parents[2] / "resources" / "i18n" / "zh_CN"


@cache
def catalogue() -> dict[str, str]:
    """English and Chinese of what the engine says."""
    texts: dict[str, str] = {}
    for room in ROOMS:
        texts.update(json.loads((CATALOGUES / f"{room}.json").read_text("utf-8")))
    return texts


def test_every_text_is_found_again_with_what_was_filled_in() -> None:
    """A text made from each sentence is said in Chinese, and none of what was filled in is lost."""
    texts = {text: said for text, said in catalogue().items() if list(place_names(text))}
    templates = Templates(catalogue())
    lost = []
    for english in texts:
        values = {
            name: f"90{number}" if name in NUMBER_PLACES else f"Vx{number}"
            for number, name in enumerate(place_names(english))
        }
        text = english
        for name, value in values.items():
            text = text.replace("{" + name + "}", value).replace("{" + name + "!r}", repr(value))
        found = templates.find(text)
        if found is None or not all(value in found for value in values.values()):
            lost.append(f"{text!r} -> {found!r}")
    assert not lost, "\n".join(lost)


SOURCE = """
class UserError(Exception):
    pass

WORDS = {"a": "The key is gone.", "b": "The door is shut."}

def _refuse(text, code):
    return UserError(f"Refused: {text}", code=code)

def _why(name) -> str:
    if name:
        return f"{name!r} is no name."
    return "There is no name."

def check(title, count, kind):
    what = "an edge" if count else "a node"
    if kind == 1:
        raise UserError(
            f"The node {title} has no "
            f"output {count:,}.",
            hint="Choose " + "another one.",
        )
    if kind == 2:
        raise _refuse("It is too late.", "x")
    if kind == 3:
        raise UserError(_why(title))
    if kind == 4:
        raise UserError(WORDS.get(title, "Nobody knows."))
    if kind == 5:
        raise UserError(f"{', '.join(title)} cannot hold {what}.")
    if kind == 6:
        raise UserError("No {thing} here: {count:03d}".format(thing=title, count=count))
    state = {"error": f"Ended as {kind}"}
    return "A plain sentence that is said nowhere."
"""


def test_a_new_text_is_seen_however_it_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "odd.py").write_text(SOURCE)
    reader = Reader(tmp_path)
    assert {said.text for said in reader.said()} == {
        "The node {title} has no output {count}.",
        "Choose another one.",
        "Refused: {text}",
        "It is too late.",
        "{name!r} is no name.",
        "There is no name.",
        "The key is gone.",
        "The door is shut.",
        "Nobody knows.",
        "{title} cannot hold an edge.",
        "{title} cannot hold a node.",
        "No {thing} here: {count}",
        "Ended as {kind}",
    }
    assert [said.text for said in reader.sentences()] == ["A plain sentence that is said nowhere."]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Run state of version 'x' cannot be read.", "无法读取版本“x”的运行状态。"),
        (
            "The file is not valid YAML: mapping values are not allowed here. (line 3, column 5)",
            "文件不是有效的 YAML：此处不允许出现键值。（第 3 行，第 5 列）",
        ),
        (
            "http://127.0.0.1:1/x could not be reached: All connection attempts failed",
            "无法连接 http://127.0.0.1:1/x：所有连接尝试均失败",
        ),
        # A fault and what to do about it, with and without a stop between them.
        (
            "Ollama could not be reached within 5 seconds. Is the program running?",
            "无法在 5 秒内连接 Ollama。该程序是否正在运行？",
        ),
        (
            "Failed to get tool runtime: file type parameter x not supported in agent Choose another port.",
            "无法获取工具运行环境：Agent 不支持文件类型的参数 x。请选择其他端口。",
        ),
        # Several faults; a name in front; the last line of a trace.
        (
            "The settings of the node cannot be read: a.b: must be a list; c: is missing",
            "无法读取节点的设置：a.b：必须是列表；c：缺失",
        ),
        ("My node: The code defines no function main.", "My node：代码中没有定义 main 函数。"),
        (
            'Traceback:\n  File "x"\nValueError: The code defines no function main.',
            'Traceback:\n  File "x"\nValueError：代码中没有定义 main 函数。',
        ),
        (
            "  line 2, in main: open(p)\nRefused: writing the file '/a b' is not allowed in a code node",
            "  第 2 行，main 中：open(p)\nRefused：代码执行节点中不允许写入文件“/a b”",
        ),
        # Where it is: a node, a place in code, the code of a rule.
        (
            "The settings of the node cannot be read: method: 'brew' is not a method of a request. (My node)",
            "无法读取节点的设置：method：“brew”不是请求方法。（My node）",
        ),
        (
            "[UNKNOWN_NODE_TYPE] The node 'A' (x) is of the unknown type 'b'.",
            "[UNKNOWN_NODE_TYPE] 节点 'A' (x) 的类型“b”未知。",
        ),
        ("UndefinedError: 'x' is undefined", "UndefinedError：“x”未定义"),
        # A word of the program is translated, what somebody named so is not.
        ("An annotation needs a question.", "标注需要问题。"),
        ("question is required in input form", "必须填写输入字段 question"),
        # A value with braces and a name with a colon stay as they are.
        ("The variable {{x}}: y to write to was not found.", "找不到要写入的变量 {{x}}: y。"),
    ],
)
def test_texts_of_a_run_are_said_in_chinese(english: str, chinese: str) -> None:
    assert Templates(catalogue()).find(english) == chinese


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "Which desk?",
        "The weather is fine: take a walk.",
        "line 3",
        "a; b",
        "404 (page)",
        "Fehler beim Lesen.",
    ],
)
def test_words_of_others_are_left_alone(text: str) -> None:
    assert Templates(catalogue()).find(text) is None


def test_the_sentence_that_says_more_wins() -> None:
    templates = Templates(
        {"The file {name} fails: {why}": "A{name}{why}", "The file {name} fails: status {n}.": "B{name}{n}"}
    )
    assert templates.find("The file x fails: status 3.") == "Bx3"
    assert templates.find("The file x fails: state 3.") == "Axstate 3."


def test_a_count_is_a_number_and_no_other_words() -> None:
    """Else the few fixed words of such a text would be found inside of sentences that nobody translated."""
    templates = Templates({"{count} not valid": "{count} 项无效"})
    assert templates.find("12 not valid") == "12 项无效"
    assert templates.find("1,200 not valid") == "1,200 项无效"
    assert templates.find("The file is not valid YAML.") is None
