"""Pages of the gallery: the main window with its panels, the canvas, runs and conversations."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QWidget

from editor.screenshot import wait_until
from engine.model.workflow import Workflow
from engine.nodes.registry import SPECS
from tests.helpers.asking import two_forms
from tests.helpers.flows import ONE_BAD_TRY, nested_flow
from tests.helpers.gallery_parts import LONG, app, let_work, put_away, surface
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

BREAKS = "def main():\n    raise ValueError('no luck')\n"
ANSWER = (
    "# Title\n\n**Turn** {{#conversation.turns#}}: {{#sys.query#}}\n\n- one\n- two\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint('hello')\n```\n"
)

# -- the main window -------------------------------------------------------------------------------------------------


@surface
def library_empty(studio: Studio) -> Iterator[QWidget]:
    studio.window.library.refresh()
    let_work()
    yield studio.window


@surface
def beginning(studio: Studio) -> Iterator[QWidget]:
    studio.window.new_app("workflow")
    wait_until(lambda: studio.window.page is not None, 10)
    let_work()
    yield studio.window
    page = studio.page
    (place,) = page.session.document.graph.nodes
    page.canvas.edits.begin_with(place, "start")
    let_work()
    yield studio.window
    studio.window.close_page(studio.window.pages.indexOf(page))


@surface
def library(studio: Studio) -> Iterator[QWidget]:
    for name in ("parallel-summaries", "branch-on-a-condition", "chat-companion"):
        studio.window.close_page(studio.window.pages.indexOf(studio.sample(name)))
    studio.services.workflows.create("workflow", LONG, workflow=nested_flow())
    studio.services.workflows.create("advanced-chat", "客户服务聊天")
    studio.window.library.refresh()
    let_work(1)
    yield studio.window
    studio.window.library.search.setText("zzzz")
    let_work()
    yield studio.window
    studio.window.library.search.setText("")


@surface
def canvas_empty(studio: Studio) -> Iterator[QWidget]:
    with app(studio, made([]), name="Empty") as page:
        let_work()
        yield studio.window
        page.show_panel("")
        let_work(0.1)
        yield studio.window


@surface
def panels_empty(studio: Studio) -> Iterator[QWidget]:
    with app(studio, made([]), name="Empty") as page:
        for name in page.panels:
            page.show_panel(name)
            let_work(0.15)
            yield page.left
        page.show_panel("palette")
        page.panels["palette"].search.setText("zzzz")
        let_work(0.1)
        yield page.left
        for tab in ("run", "trace", "values"):
            page.show_drawer(tab)
            let_work(0.15)
            yield page.drawer


@surface
def panels_chat(studio: Studio) -> Iterator[QWidget]:
    page = studio.sample("chat-companion")
    for name in page.panels:
        page.show_panel(name)
        let_work(0.15)
        yield page.left
    studio.window.close_page(studio.window.pages.indexOf(page))


@surface
def panels_full(studio: Studio) -> Iterator[QWidget]:
    variables = [
        {
            "id": "a",
            "name": "api_base_url_of_the_service_in_use",
            "value_type": "string",
            "value": "https://example.com/a/b/c/d/e/f",
        },
        {"id": "b", "name": "token", "value_type": "secret", "value": "hidden-words"},
        {"id": "c", "name": "limit", "value_type": "number", "value": 12},
    ]
    talk = [{"id": "m", "name": "memory", "value_type": "array[object]", "value": [], "description": "What was said"}]
    flow = made(
        [
            node("1", "start", variables=[]),
            node("2", "llm", title="A model with a long title that does not fit into one line", model={}),
            node("3", "http-request", title="调用接口", url=""),
            node("4", "answer", answer="{{#2.text#}} {{#9.x#}}", variables=[]),
            node("5", "code", title="Alone", code="def main(:\n", variables=[], outputs={}),
        ],
        [("1", "2"), ("2", "3"), ("3", "4")],
        mode="advanced-chat",
        environment_variables=variables,
        conversation_variables=talk,
        features={"opening_statement": "Welcome!", "suggested_questions": ["How are you?", "你好吗？"]},
    )
    with app(studio, flow, name=LONG, mode="advanced-chat") as page:
        for name in page.panels:
            page.show_panel(name)
            let_work(0.2)
            yield page.left
        page.show_panel("problems")
        page.canvas.select(["2"])
        let_work()
        yield studio.window


@surface
def history_and_versions(studio: Studio) -> Iterator[QWidget]:
    with app(studio, nested_flow(), name="Nested") as page:
        studio.run({"texts": "one two"})
        studio.run({"texts": "三 四 五"})
        publish = studio.services.versions.publish
        for name, comment in (("First", "It can be used"), ("", ""), ("第三个版本", "改进了提示词。" * 8)):
            publish(page.session.app_id, name=name, comment=comment, force=True)
        for name in ("history", "versions"):
            page.show_panel(name)
            let_work(0.4)
            yield page.left
        yield studio.window


@surface
def running(studio: Studio) -> Iterator[QWidget]:
    with app(studio, nested_flow(), name="Nested") as page:
        live = studio.window.running.start(page, {"texts": "one two three"}, "", mocks=ONE_BAD_TRY)
        assert live is not None
        wait_until(lambda: live.is_over, 60)
        page.canvas.fit()
        for tab in ("run", "trace", "values"):
            page.show_drawer(tab)
            let_work()
            yield studio.window
        for index in range(page.run_panel.tabs.count()):
            page.show_drawer("run")
            page.run_panel.tabs.setCurrentIndex(index)
            let_work(0.1)
            yield page.drawer
        page.hide_drawer()
        page.canvas.select(["join"])
        page.inspector.tabs.setCurrentIndex(1)
        let_work()
        yield studio.window
        yield page.inspector


@surface
def waiting(studio: Studio) -> Iterator[QWidget]:
    for mode in ("workflow", "advanced-chat"):
        with app(studio, two_forms(mode), name="Asks", mode=mode) as page:
            page.show_drawer("run")
            if page.chat is not None:
                page.chat.send("hello")
            else:
                studio.window.running.start(page, {}, "")
            wait_until(lambda page=page: len(page.run_panel.forms.cards) == 2, 30)
            page.canvas.zoom_to(1)
            page.canvas.center_on("pay", flash=False)
            let_work()
            yield studio.window
            page.canvas.select(["pay"])
            page.inspector.tabs.setCurrentIndex(1)
            page.stack.setSizes([120, 700])
            let_work()
            yield studio.window
            page.drawer.setParent(None)
            page.drawer.resize(320, 900)
            page.drawer.show()
            let_work()
            yield page.drawer
            put_away(page.drawer)


@surface
def run_form(studio: Studio) -> Iterator[QWidget]:
    kinds = ("text-input", "paragraph", "select", "number", "checkbox", "file", "file-list", "json_object")
    inputs = [
        {
            "variable": kind.replace("-", "_"),
            "label": f"{kind} 的标签 and a label",
            "type": kind,
            "required": n % 2 == 0,
            "options": ["one", "two"],
            "hint": "Say what is wanted here",
            "max_length": 48,
            "allowed_file_types": ["image", "document"],
            "allowed_file_upload_methods": ["local_file", "remote_url"],
        }
        for n, kind in enumerate(kinds)
    ]
    with app(studio, made([node("1", "start", variables=inputs), node("2", "end", outputs=[])], [("1", "2")])) as page:
        page.show_drawer("run")
        page.stack.setSizes([200, 600])
        let_work()
        yield page.drawer
        page.run_panel.start.click()
        let_work()
        yield page.drawer


@surface
def chat(studio: Studio) -> Iterator[QWidget]:
    page = studio.sample("chat-companion")
    page.show_drawer("run")
    page.stack.setSizes([200, 560])
    let_work()
    yield page.drawer
    from tests.journeys.test_chat import talking_flow

    studio.window.close_page(studio.window.pages.indexOf(page))
    text = ANSWER
    with app(studio, talking_flow(answer=text), name="Talk", mode="advanced-chat") as talk:
        talk.show_drawer("run")
        talk.stack.setSizes([200, 560])
        let_work()
        yield talk.drawer
        for words in ("How are you?", "请用中文说一遍，这句话很长很长，" * 6):
            talk.chat.send(words)
            count = len(talk.chat.turns)
            wait_until(lambda count=count: len(talk.chat.turns) >= count and talk.chat.turns[-1].answers[-1].over, 60)
        let_work()
        yield talk.drawer
        yield studio.window
    failing = made(
        [
            node("1", "start", variables=[]),
            node(
                "2",
                "code",
                title="Breaks",
                code_language="python3",
                code=BREAKS,
                variables=[],
                outputs={"r": {"type": "string", "children": None}},
            ),
            node("3", "answer", answer="{{#2.r#}}", variables=[]),
        ],
        [("1", "2"), ("2", "3")],
        mode="advanced-chat",
    )
    with app(studio, failing, name="Fails", mode="advanced-chat") as talk:
        talk.show_drawer("run")
        talk.stack.setSizes([200, 560])
        talk.chat.send("Hello")
        wait_until(lambda: bool(talk.chat.turns) and talk.chat.turns[-1].answers[-1].over, 60)
        let_work()
        yield talk.drawer


@surface
def inspector(studio: Studio) -> Iterator[QWidget]:
    def of(mode: str, kinds: list[str]) -> Workflow:
        found = []
        for n, kind in enumerate(kinds):
            data = {k: v for k, v in SPECS[kind].default_data(mode).items() if k not in ("type", "title", "desc")}
            found.append(node(kind, kind, title=SPECS[kind].title, x=320 * n, **data))
        return made([*found, node("odd", "not-known", title="Odd")], mode=mode)

    triggers = [kind for kind in sorted(SPECS) if kind.startswith("trigger") or kind == "end"]
    for mode, kinds in (("workflow", triggers), ("advanced-chat", sorted(set(SPECS) - set(triggers)))):
        with app(studio, of(mode, kinds), name="All", mode=mode) as page:
            for kind in [*kinds, "odd"]:
                page.canvas.select([kind])
                let_work(0.08)
                if page.inspector.isVisible():
                    page.inspector.setObjectName(kind)
                    yield page.inspector
            page.inspector.setObjectName("")
            page.inspector.tabs.setCurrentIndex(1)
            let_work(0.1)
            yield page.inspector


@surface
def find_and_go(studio: Studio) -> Iterator[QWidget]:
    page = studio.sample("parallel-summaries")
    page.canvas.fit()
    studio.window.do("find")
    page.find_bar.edit.setText("zz") if hasattr(page.find_bar, "edit") else None
    let_work()
    yield studio.window
    page.find_bar.close_bar()
    from editor.dialogs.goto import GoTo

    studio.window.do("palette")
    let_work(0.5)
    found = next(w for w in studio.window.findChildren(GoTo) if w.isVisible())
    yield found
    found.close()
    studio.window.close_page(studio.window.pages.indexOf(page))


@surface
def moments(studio: Studio) -> Iterator[QWidget]:
    with app(studio, nested_flow(), name="Nested") as page:
        live = studio.window.running.start(page, {"texts": "one two three"}, "", mocks=ONE_BAD_TRY)
        assert live is not None
        wait_until(lambda: live.is_over, 60)
        page.session.moments.wanted(lambda: page.session.moments.go(9))
        for tab in ("trace", "values"):
            page.show_drawer(tab)
            let_work()
            yield studio.window
        page.drawer.setParent(None)
        page.drawer.resize(420, 500)
        page.drawer.show()
        let_work()
        yield page.drawer
        put_away(page.drawer)
