"""What the engine says is read in the person's language wherever the window shows it, and in another one at once."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from editor.canvas.hit import Hit
from editor.canvas.tips import tip_for
from editor.dialogs.question import Question
from editor.i18n import set_language
from editor.messages import WindowMessages
from editor.panels.history import History
from editor.panels.problems import Problems
from editor.screenshot import wait_until
from editor.windows.logs import LogsWindow
from editor.windows.page import WorkflowPage
from engine.errors import EnvironmentProblem
from engine.model.workflow import Workflow
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Data = dict[str, Any]
ASKED = ["start", "q"]
MODEL = {"provider": "nobody", "name": "gpt-x", "mode": "chat", "completion_params": {}}


def until(condition: Any, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    set_language("en")


def code(text: str) -> tuple[str, Data]:
    outputs = {"r": {"type": "string", "children": None}}
    return "code", {"code": text, "code_language": "python3", "variables": [], "outputs": outputs}


def http(url: str, **more: Any) -> tuple[str, Data]:
    data = {
        "method": "get", "url": url, "headers": "", "params": "", "body": {"type": "none", "data": []},
        "authorization": {"type": "no-auth", "config": None}, "timeout": {}, "variables": [], **more,
    }  # fmt: skip
    return "http-request", data


def template(text: str) -> tuple[str, Data]:
    return "template-transform", {"template": text, "variables": []}


def llm(**more: Any) -> tuple[str, Data]:
    data = {
        "model": MODEL, "prompt_template": [{"role": "user", "text": "hi", "id": "a"}], "memory": None,
        "context": {"enabled": False, "variable_selector": []}, "vision": {"enabled": False}, **more,
    }  # fmt: skip
    return "llm", data


def tool(name: str) -> tuple[str, Data]:
    data = {
        "provider_id": "nobody/x", "provider_type": "builtin", "provider_name": "nobody", "tool_name": name,
        "tool_label": name, "tool_parameters": {}, "tool_configurations": {},
    }  # fmt: skip
    return "tool", data


BAD_BODY = {"type": "json", "data": [{"key": "", "type": "text", "value": "{bad"}]}
RULE = {"id": "c", "varType": "string", "variable_selector": ["nobody", "x"], "comparison_operator": ">", "value": "3"}
FORGOTTEN = [
    {"variable_selector": ["conversation", "nix"], "operation": "over-write", "input_type": "constant", "value": 1}
]
CLASSES = [{"id": "1", "name": "a"}]
OF_A_MODEL = "模型 nobody/gpt-x 未配置：这里没有供应商“nobody”。请在设置的“模型”中将它映射到你的某个模型"

FAULTS: list[tuple[tuple[str, Data], str]] = [
    (code("def main():\n    return 3\n"), "main 必须返回对象，但返回了 int。"),
    (code("def main():\n    return {}\n"), "缺少输出 r。"),
    (code("def main():\n    return {'r': 3}\n"), "输出 r 必须是字符串，而不是 number。"),
    (code("x = 1\n"), "代码中没有定义 main 函数。"),
    (code("import time\ndef main():\n    time.sleep(60)\n"), "代码运行超过 2 秒，已被停止。"),
    (
        code("import requests\ndef main():\n    return {}\n"),
        "ImportRefused：代码执行节点中不允许导入“requests”（网络访问）；请使用 HTTP 请求节点",
    ),
    (code("def main():\n    return {'r': nothing}\n"), "NameError：名称“nothing”未定义"),
    (code("def main():\n    return {'r': 1 / 0}\n"), "ZeroDivisionError：除数为零"),
    (code("def main():\n    open('/x', 'w')\n"), "Refused：代码执行节点中不允许写入文件“/x”"),
    (
        http("http://127.0.0.1:1/x"),
        "它是本机，而本工作空间的网络规则禁止工作流访问私有网络。如需允许，请在工作空间的网络设置中将 127.0.0.1 加入",
    ),
    (http("{{#start.q#}}"), "地址必须以 http:// 或 https:// 开头，而现在是“ftp://x”。"),
    (http("http://x.invalid/", method="brew"), "无法读取节点的设置：method：“brew”不是请求方法。（x）"),
    (template("{{ 1 / 0 }}"), "ZeroDivisionError：除数为零"),
    (template("{{ x.y }}"), "UndefinedError：“x”未定义"),
    (template("{% if %}"), "第 1 行：此处应为表达式，而不是“end of statement block”"),
    (llm(), OF_A_MODEL),
    (tool("t"), "无法获取工具运行环境：本工作空间没有工具 nobody/t（builtin）；请在设置的“工具”中连接一个"),
    (
        ("knowledge-retrieval", {"query_variable_selector": ASKED, "dataset_ids": ["d"], "retrieval_mode": "multiple"}),
        "此步骤需要知识库，而本工作空间没有。文件要求的是：d。",
    ),
    (
        ("list-operator", {"variable": ASKED, "var_type": "string", "item_var_type": "string"}),
        "需要文本、数字、布尔值或文件的列表，而不是 string。",
    ),
    (
        ("document-extractor", {"variable_selector": ASKED, "is_array_file": False}),
        "需要文件或文件列表，而不是 string。",
    ),
    (("assigner", {"version": "2", "items": FORGOTTEN}), "找不到要写入的变量 conversation.nix。"),
    (
        ("if-else", {"cases": [{"case_id": "true", "id": "true", "logical_operator": "and", "conditions": [RULE]}]}),
        "找不到变量 nobody.x。",
    ),
    (("agent", {"agent_strategy_name": "", "agent_parameters": {}}), "无法获取 Agent 策略：没有选择策略"),
    (
        (
            "question-classifier",
            {"model": MODEL, "query_variable_selector": ASKED, "classes": [{"id": "1", "name": "a"}]},
        ),
        OF_A_MODEL,
    ),
    (("datasource", {"plugin_id": "x", "provider_name": "x", "datasource_name": "d"}), "未设置数据源类型"),
]


def flow(kind: str, data: Data) -> Workflow:
    """A start node that asks for a text, a step that fails, an end."""
    asked = [{"variable": "q", "type": "text-input", "label": "q", "required": False, "max_length": 256}]
    end = node("end", "end", x=600, outputs=[])
    return made(
        [node("start", "start", variables=asked), node("x", kind, x=300, title="坏节点", **data), end],
        [("start", "x"), ("x", "end")],
    )


def opened(studio: Studio, kind: str, data: Data) -> WorkflowPage:
    return studio.open_app(studio.services.workflows.create("workflow", "x", workflow=flow(kind, data)))


def shown(page: WorkflowPage) -> dict[str, str]:
    """What the places of the window say of the failed step."""
    page.trace.select_node("x")
    row = next(
        index
        for n in range(page.trace.model.rowCount())
        if "坏节点" in str((index := page.trace.model.index(n, 0)).data())
    )
    wrong = [w.text() for w in page.trace.details.findChildren(QLabel) if w.property("kind") == "bad"]
    return {
        "run panel": page.run_panel._error.text(),
        "row of the trace": str(row.data(Qt.ItemDataRole.ToolTipRole)),
        "details of the trace": "\n".join(wrong),
        "card": html.unescape(tip_for(page.canvas, Hit("node", "x", zone="card"))),
    }


def close(studio: Studio, page: WorkflowPage) -> None:
    studio.window.close_page(studio.window.pages.indexOf(page))


@pytest.mark.spec("editor.80")
def test_errors_of_steps_are_read_in_chinese_and_in_english_at_once(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        studio.services.settings.set("limits", {"code_seconds": 2})
        wrong = []
        for (kind, data), chinese in FAULTS:
            page = opened(studio, kind, data)
            page.show_drawer("trace")
            english = str(studio.run({"q": "ftp://x"})["error"])
            studio.settle()
            read = shown(page)
            wrong += [f"{chinese!r} not in {place}: {said!r}" for place, said in read.items() if chinese not in said]
            set_language("en")
            studio.settle()
            last = next(line for line in english.splitlines() if line[0] != " ")
            wrong += [f"{last!r} not in {place}: {said!r}" for place, said in shown(page).items() if last not in said]
            set_language("zh_CN")
            studio.settle()
            if shown(page) != read:
                wrong.append(f"not as before: {read} and {shown(page)}")
            (stored,) = studio.services.runs.list(app_id=page.session.app_id).runs
            if stored.error != english:
                wrong.append(f"kept in another language: {stored.error}")
            close(studio, page)
        assert not wrong, "\n".join(wrong)


SLOW = code("import time\ndef main():\n    time.sleep(60)\n    return {'r': ''}\n")


@pytest.mark.parametrize(
    ("limits", "chinese"),
    [({"max_steps": 1}, "已中止：超过最大运行步数：2 > 1"), ({"max_seconds": 0.5}, "已中止：超过最长运行时间：")],
    ids=["steps", "seconds"],
)
def test_runs_that_a_limit_ends_say_so_in_chinese(tmp_path: Path, limits: Data, chinese: str) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        studio.services.settings.set("limits", limits)
        page = opened(studio, *SLOW)
        summary = studio.run({"q": ""})
        studio.settle()
        assert summary["error"].startswith("Aborted: Maximum execution")
        assert page.run_panel._error.text().startswith(chinese)
        set_language("en")
        assert page.run_panel._error.text() == summary["error"]


def test_a_run_that_was_stopped_says_so_in_panel_history_and_log(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        page = opened(studio, *SLOW)
        live = studio.window.running.start(page, {"q": ""}, "")
        assert live is not None
        until(lambda: page.session.run_state is not None and "x" in page.session.run_state.nodes)
        studio.window.running.stop(page)
        until(lambda: live.is_over)
        studio.settle()
        assert page.run_panel._error.text() == "已中止：已由用户停止"

        page.show_panel("history")
        history = page.left.findChild(History)
        assert history is not None
        until(lambda: history.list.count() == 1)
        assert history.list.item(0).text().startswith("已中止：已由用户停止\n")
        QTest.keyClick(studio.window, Qt.Key.Key_R, CTRL | SHIFT)
        log = studio.window.past.logs
        assert log is not None
        until(lambda: log.model.total is not None)
        assert "已中止：已由用户停止" in cells(log)
        set_language("en")
        studio.settle()
        assert "Aborted: Stopped by the user" in cells(log)
        assert history.list.item(0).text().startswith("Aborted: Stopped by the user\n")


def cells(log: LogsWindow) -> list[str]:
    """What the first row of the log says."""
    return [str(log.model.index(0, column).data()) for column in range(log.model.columnCount())]


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("app: name: x\n", "1:10  文件不是有效的 YAML：此处不允许出现键值。"),
        ("- a\n- b\n", "内容必须是键值结构，但文件里是"),
        ("app: {name: x, mode: channel}\nkind: app\nversion: 0.3.0\n", "渠道应用不包含工作流，无法打开。"),
        ("app: &a {name: x}\nb: *c\n", "别名 *c 没有指向它之前的内容。"),
        ("kind: app\nversion: 0.3.0\n", "文件没有 app 数据，因此不是 Dify 工作流文件。"),
    ],
    ids=["syntax", "list", "channel", "alias", "no app"],
)
def test_files_that_cannot_be_opened_say_why_in_chinese(tmp_path: Path, text: str, chinese: str) -> None:
    file = tmp_path / "bad.yml"
    file.write_text(text, "utf-8")
    with opened_studio(tmp_path / "workspace", language="zh_CN") as studio:
        studio.window.open_path(file)
        until(lambda: bool(studio.messages.errors))
        assert chinese in studio.messages.errors[0]


def test_a_run_that_does_not_start_says_why_in_chinese(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        opened(studio, "martian", {})
        studio.window.running.start(studio.page, {"q": ""}, "")
        until(lambda: bool(studio.messages.errors))
        assert studio.messages.errors == ["运行未能开始: [UNKNOWN_NODE_TYPE] 节点 '坏节点' (x) 的类型“martian”未知。"]


def test_a_dialog_that_is_open_says_its_error_in_the_new_language(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        hint = "Check that the folder can be written, or choose another with --data."
        error = EnvironmentProblem("The workspace file /x.db cannot be opened: unable to open database file", hint=hint)
        seen = []

        def look() -> None:
            (dialog,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, Question) and w.isVisible()]
            for language in ("zh_CN", "en", "zh_CN"):
                set_language(language)
                seen.append([w.text() for w in dialog.findChildren(QLabel) if "/x.db" in w.text()])
            dialog.reject()

        QTimer.singleShot(0, look)
        WindowMessages(studio.window).error("Penstock", error)
        fault = "无法打开工作空间文件 /x.db：无法打开数据库文件"
        chinese = f"{fault}\n\n请检查该文件夹是否可写，或用 --data 选择其他文件夹。"
        assert seen == [[chinese], [f"{error}\n\n{hint}"], [chinese]]


def test_problems_are_listed_in_chinese_and_in_english_at_once(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        page = opened(studio, *http("http://x.invalid/", method="brew"))
        page.show_panel("problems")
        problems = page.left.findChild(Problems)
        assert problems is not None
        until(lambda: problems.list.count() > 0)
        listed = [problems.list.item(n).text() for n in range(problems.list.count())]
        assert "坏节点\n无法读取节点的设置：method：“brew”不是请求方法。" in listed
        assert not [text for text in listed if words_in_english(text.partition("\n")[2])]
        set_language("en")
        studio.settle()
        listed = [problems.list.item(n).text() for n in range(problems.list.count())]
        assert "坏节点\nThe settings of the node cannot be read: method: 'brew' is not a method of a request." in listed


def words_in_english(text: str) -> list[str]:
    """Two English words in a row."""
    return re.findall(r"[a-z]{2,} [a-z]{2,}", text)
