"""Pages of the gallery: dialogs, menus, messages and the other windows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QMenu, QTabWidget, QWidget

from editor.canvas.preview import card_sizes
from editor.screenshot import wait_until
from tests.helpers.asking import written_form
from tests.helpers.flows import nested_flow
from tests.helpers.gallery_parts import LONG, app, let_work, put_away, surface
from tests.helpers.logs import fill
from tests.helpers.model import made, node
from tests.helpers.pictures import data_picture, stored_picture
from tests.helpers.studio import Studio

FAULT = "12:3  The file is not valid YAML.\n\nA value with ': ' needs quotes."
LOST = f"“{LONG}” and its runs are deleted. This cannot be undone."
MARKDOWN = "# Title\n\nSome **markdown** text\n\n- a\n- b\n"
KINDS = ("environment", "conversation")

# -- dialogs and windows ---------------------------------------------------------------------------------------------


def _dialog(make: Callable[[Studio, Any], QDialog], studio: Studio, page: Any) -> Iterator[QWidget]:
    dialog = make(studio, page)
    dialog.show()
    let_work()
    yield dialog
    for tabs in dialog.findChildren(QTabWidget):
        for index in range(1, tabs.count()):
            tabs.setCurrentIndex(index)
            let_work()
            yield dialog
    put_away(dialog)


@surface
def preferences(studio: Studio) -> Iterator[QWidget]:
    from editor.dialogs.preferences import PreferencesDialog

    yield from _dialog(lambda s, _: PreferencesDialog(s.window.studio, s.window), studio, None)


@surface
def shortcuts(studio: Studio) -> Iterator[QWidget]:
    from editor.dialogs.shortcuts import ShortcutSheet

    yield from _dialog(lambda s, _: ShortcutSheet(s.window.studio.keymap, s.window), studio, None)


@surface
def publish(studio: Studio) -> Iterator[QWidget]:
    from editor.dialogs.publish import PublishDialog

    for flow in (nested_flow(), made([node("1", "start", variables=[]), node("2", "llm", title=LONG)], [("1", "2")])):
        with app(studio, flow, name=LONG) as page:
            wait_until(lambda: bool(page.session.problems), 1)
            yield from _dialog(lambda s, p: PublishDialog(p.session, s.window), studio, page)


@surface
def small_dialogs(studio: Studio) -> Iterator[QWidget]:
    from editor.dialogs.annotation import AnnotationDialog
    from editor.dialogs.backups import Backups
    from editor.dialogs.citation import CitationDialog
    from editor.dialogs.model_mapping import MappingDialog
    from editor.dialogs.step_inputs import StepInputs
    from editor.dialogs.tool_picker import ToolPicker
    from editor.panels.forms.entry import InputDialog
    from editor.panels.forms.schema_edit import SampleDialog
    from editor.panels.variables import VariableDialog

    resource = {
        "document_name": "Rivers.pdf",
        "dataset_name": "Knowledge",
        "score": 0.876,
        "segment_position": 3,
        "content": "The Rhine " * 40,
    }
    with app(studio, nested_flow(), name="Nested") as page:
        makers: list[Callable[[], QDialog]] = [
            lambda: AnnotationDialog("What is it?", "A river", studio.window),
            lambda: CitationDialog(resource, studio.window),
            lambda: Backups(studio.window, page),
            lambda: MappingDialog(page.session, studio.window),
            lambda: StepInputs(
                page.session, "join", {"join.a": ("loud", "output"), "join.b": ("list", "r")}, studio.window
            ),
            lambda: ToolPicker(studio.window.studio.tools, studio.window),
            lambda: InputDialog({"type": "select", "options": ["a", "b"]}, set(), studio.window),
            lambda: InputDialog({"type": "file-list"}, set(), studio.window),
            lambda: SampleDialog(lambda _: None, studio.window),
            *[partial(VariableDialog, None, kind, {"taken"}, studio.window) for kind in KINDS],
        ]
        for make in makers:
            yield from _dialog(lambda _s, _p, make=make: make(), studio, page)


PLAN: Final = """{"name": "Mail", "nodes": [
{"key": "start", "type": "start", "title": "Start", "settings": {"inputs": [{"name": "mail", "type": "paragraph"}]}},
{"key": "kind", "type": "question-classifier", "title": "What kind of mail is it?", "settings": {"query": \
"{{#start.mail#}}", "classes": [{"id": "c", "name": "A complaint"}, {"id": "q", "name": "A question 提问"}]}},
{"key": "sorry", "type": "llm", "title": "Say sorry", "settings": {"system": "Be kind.", "prompt": "{{#start.mail#}}"}},
{"key": "answer", "type": "llm", "title": "Answer it", "settings": {"system": "Be brief.", "prompt": \
"{{#start.mail#}} {{#start.tone#}}"}},
{"key": "beam", "type": "teleport", "title": "Beam it"},
{"key": "join", "type": "variable-aggregator", "title": "Join", "settings": {"values": ["{{#sorry.text#}}", \
"{{#answer.reply#}}"]}},
{"key": "end", "type": "end", "title": "Reply", "settings": {"outputs": [{"name": "reply", "value": \
"{{#join.output#}}"}]}}],
"edges": [{"from": "start", "to": "kind"}, {"from": "kind", "to": "sorry", "branch": "c"}, {"from": "kind", "to": \
"answer", "branch": "q"}, {"from": "sorry", "to": "join"}, {"from": "answer", "to": "join"}, {"from": "join", "to": \
"end"}, {"from": "end", "to": "start"}, {"from": "beam", "to": "join"}]}"""


@surface
def human_forms(studio: Studio) -> Iterator[QWidget]:
    """A form beside its settings and before a single step, the mail account filled, and how an e-mail goes out."""
    from editor.dialogs.form_preview import FormPreview
    from editor.dialogs.form_step import FormStep
    from editor.dialogs.preferences import PreferencesDialog
    from engine.services.form_trials import Step
    from engine.services.mail import Account

    account = Account("smtp.example.com", 25, "none", "ann", "ann@example.com", LONG)
    shared = studio.window.studio
    shared.mail.save(account, "secret", lambda: None, lambda _: None)
    wait_until(lambda: bool(shared.mail.own_address))
    dialog = PreferencesDialog(shared, studio.window, "mail")
    dialog.show()
    let_work()
    dialog.mail.trial.say("smtp.example.com does not accept the user or the password. Check both.", "bad")
    dialog.mail.trial.busy.show()
    let_work()
    yield dialog
    dialog.mail.trial.busy.hide()
    put_away(dialog)
    with app(studio, written_form(), name="Asks") as page:
        preview = FormPreview(page.session, "check", studio.window)
        preview.show()
        wait_until(lambda: preview.card is not None)
        let_work()
        yield preview
        preview.close()
        record = shared.services.form_trials.shown(Step(written_form(), "", "check"))
        report = {
            "sent": ["ann@example.com", "bob@example.com"],
            "failed": [{"to": "eve@example.com", "error": "The server refused this address: 550 no", "hint": LONG}],
            "notes": ["Left out are 2 members of a Dify workspace: their addresses are not in the file."],
        }
        yield from _dialog(lambda _s, _p: FormStep(page.session, {**record, "mail": report}, studio.window), studio, 0)
        page.canvas.select(["check"])
        page.inspector.resize(380, 2400)
        let_work()
        yield page.inspector
    shared.mail.forget()
    wait_until(lambda: not shared.mail.own_address)


@surface
def drafting(studio: Studio) -> Iterator[QWidget]:
    """A model writes a prompt: before anything was asked, with a second draft, and with what that changes."""
    from editor.dialogs.drafting import Drafting
    from engine.services.drafting import Draft, Wish

    wish = Wish("prompt", "", "You sum up mails.\nBe brief.", values=[("{{#s.q#}}", "")], last_run="Error: none")
    texts = ("You sum up mails.\nBe kind and brief. {{#x.y#}}", f"You sum up mails. {LONG}\nBe kind.")
    with app(studio, nested_flow(), name="Nested"):
        dialog = Drafting(studio.window.studio, studio.window, wish, lambda _: None)
        dialog.show()
        let_work()
        yield dialog
        for text in texts:
            dialog._add(Draft(text, doubts=["It refers to values that are not there: x.y."]))
        dialog._over("Written in 12.3 s with 456 tokens.", "good")
        let_work()
        yield dialog
        dialog.changes.setChecked(True)
        let_work()
        yield dialog
        put_away(dialog)


@surface
def generating(studio: Studio) -> Iterator[QWidget]:
    """A model designs a workflow: nothing yet, a draft with notes, a refined one, an answer without a plan."""
    from editor.dialogs.generating import Generating
    from editor.enginetexts import told_with_hint
    from editor.windows.generating import PageTarget
    from engine.errors import UserError
    from engine.services.generating.asking import Wish, draft_of
    from engine.services.generating.plan import told

    base = nested_flow()
    with app(studio, base, name="Nested") as page:
        window = studio.window
        dialog = Generating(window.studio, window, lambda _: None)
        dialog.show()
        let_work()
        yield dialog
        dialog._add(draft_of(Wish("x"), PLAN, sizes=card_sizes))
        let_work()
        yield dialog
        dialog._answer = "I am a small model and I would like to tell you about workflows instead. " * 8
        try:
            draft_of(Wish("x"), dialog._answer)
        except UserError as problem:
            dialog._no_plan(told_with_hint(problem))
        let_work()
        yield dialog
        dialog._taken = True
        put_away(dialog)
        dialog = Generating(window.studio, window, lambda _: None, PageTarget(window, page), LONG)
        dialog.show()
        dialog._basis = -1
        changed = told(base).replace("Inner", "Changed inner").replace('"type": "end"', '"type": "teleport"')
        dialog._add(draft_of(Wish("x", base=base), changed, sizes=card_sizes))
        let_work()
        yield dialog
        dialog._taken = True
        put_away(dialog)


@surface
def setup_dialogs(studio: Studio) -> Iterator[QWidget]:
    from editor.dialogs.models_desk import ModelsDesk
    from editor.dialogs.provider_form import ProviderDialog
    from editor.dialogs.tool_setups import ApiDialog, ServerDialog, WorkflowDialog

    inner = studio.window.studio
    desk = ModelsDesk(inner, studio.window)
    desk.load()
    let_work(0.5)
    for make in (
        lambda: ProviderDialog(desk, studio.window),
        lambda: ApiDialog(inner, studio.window),
        lambda: ServerDialog(inner, studio.window),
        lambda: WorkflowDialog(inner, studio.window),
    ):
        yield from _dialog(lambda _s, _p, make=make: make(), studio, None)
    desk.deleteLater()


@surface
def messages(studio: Studio) -> Iterator[QWidget]:
    from editor.dialogs.question import Question
    from editor.messages import WindowMessages

    real = WindowMessages(studio.window)
    real.tell("Published as “First”. 已发布。")
    let_work(0.1)
    yield studio.window
    kept: list[Any] = []

    def later() -> None:
        box = next(w for w in QApplication.topLevelWidgets() if isinstance(w, Question) and w.isVisible())
        kept.append(box.grab())
        box.close()

    for ask in (
        lambda: real.error("The file cannot be opened", FAULT, "Details\nof it"),
        lambda: real.confirm("Delete the workflow?", LOST, "Delete", danger=True),
        lambda: real.choose(
            "Open sample.yml", "It replaces the draft.", ["Open as a new workflow", "Import over “Sample”"]
        ),
    ):
        QTimer.singleShot(200, later)
        ask()
        shown = QLabel()
        shown.setPixmap(kept[-1])
        shown.adjustSize()
        yield shown


@surface
def menus(studio: Studio) -> Iterator[QWidget]:
    page = studio.sample("parallel-summaries")
    page.canvas.fit()
    let_work(0.1)
    for menu in studio.window.findChildren(QMenu):
        if menu.actions() and menu.title():
            menu.aboutToShow.emit()
            menu.popup(QPoint(0, 0))
            let_work(0.05)
            yield menu
            menu.close()
    studio.window.close_page(studio.window.pages.indexOf(page))


@surface
def selector_help(studio: Studio) -> Iterator[QWidget]:
    from editor.dialogs.block_help import BlockHelpWindow
    from engine.nodes.registry import SPECS

    with app(studio, nested_flow()) as page:
        for name in SPECS:
            page.helping.about_block(name)
            let_work(0.05)
            (window,) = (w for w in studio.window.findChildren(BlockHelpWindow) if w.isVisible())
            yield window
        window.reject()


@surface
def selector(studio: Studio) -> Iterator[QWidget]:
    from editor.panels.palette import BlockSelector

    with app(studio, nested_flow()) as page:
        shown = BlockSelector(
            "workflow",
            None,
            page,
            page.session.studio.habits,
            page.session.studio.snippets,
            notes=True,
            tools=page.session.studio.tools,
        )
        shown.popup(QPoint(100, 100))
        let_work(0.2)
        yield shown
        shown.findChild(QLineEdit).setText("zzzz")
        let_work(0.1)
        yield shown
        shown.close()


@surface
def values(studio: Studio) -> Iterator[QWidget]:
    from editor.panels.value_view import ValueView
    from editor.panels.viewers.enlarge import PictureWindow
    from editor.panels.viewers.pictures import pictures_in
    from editor.panels.viewers.viewing import viewing

    big = {"items": [{"id": n, "name": f"项目 {n}", "tags": ["a", "b"], "price": n * 1.5} for n in range(2000)]}
    file = {
        "dify_model_identity": "__dify__file__",
        "type": "image",
        "filename": "a-picture-with-a-long-name.png",
        "size": 123456,
        "mime_type": "image/png",
        "transfer_method": "remote_url",
        "remote_url": "https://example.com/a.png",
    }
    mixed: dict[str, Any] = {
        "summary": {"state": "in review", "words": 320, "tags": ["draft", "草稿"], "done": None, "ok": True},
        "photo": stored_picture(studio.services, 640, 420),
        "web": file,
        "sketch": data_picture(120, 300),
        "broken": "data:image/png;base64,AAAA",
    }
    page = MARKDOWN + f"\n\n![a picture]({mixed['photo']['url']})\n\n![of a stranger](file:///etc/hostname)\n"
    for value in (big, page, MARKDOWN * 40, mixed, file, [file, file], "", None, 12.5, "x" * 200_000):
        for width in (480, 288):
            view = ValueView("result", value)
            view.resize(width, 400)
            view.setProperty("kind", "panel")
            view.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            view.show()
            view.resize(width, view.sizeHint().height())
            let_work(0.2)
            yield view
            put_away(view)
    (picture,) = pictures_in(mixed["photo"], studio.services.file_path)
    yield from _dialog(lambda s, _p: PictureWindow(picture, viewing(), s.window), studio, None)


@surface
def logs(studio: Studio) -> Iterator[QWidget]:
    from editor.windows.logs import LogsWindow

    for count in (0, 20_000):
        if count:
            apps = [studio.services.workflows.create("workflow", name) for name in ("Orders", "客服", LONG)]
            fill(studio.services, count, apps)
        window = LogsWindow(studio.window.studio)
        window.refresh()
        window.resize(1280, 720)
        window.show()
        wait_until(lambda w=window: w.model.total is not None, 30)
        let_work(0.6)
        yield window
        if count:
            window.table.selectRow(3)
            let_work(0.5)
            yield window
            for tabs in window.findChildren(QTabWidget):
                for index in range(1, tabs.count()):
                    tabs.setCurrentIndex(index)
                    let_work(0.3)
                    yield window
                tabs.setCurrentIndex(0)
            for edit in [w for w in window.findChildren(QWidget) if hasattr(w, "setClearButtonEnabled")]:
                if edit.isVisible() and edit.parent() is not None and "earch" in edit.accessibleName():
                    edit.setText("zzzzzz")
            let_work(1)
            yield window
        put_away(window)


@surface
def batch(studio: Studio) -> Iterator[QWidget]:
    from tests.engine.services.test_batch import flow, table

    with app(studio, flow(), name="Repeat") as page:
        window = studio.window.past.show_batch(page)
        let_work(0.3)
        yield window
        rows = [f"n{number},{0 if number % 5 == 2 else 5},a" for number in range(40)]
        file = Path(tempfile.mkdtemp()) / "rows with a long name.csv"
        file.write_bytes(table(*rows))
        window.load(file)
        wait_until(lambda: window.batch is not None, 20)
        let_work(0.3)
        yield window
        window.start.click()
        wait_until(lambda: window.batch is not None and window.batch.is_over, 90)
        let_work(0.5)
        yield window
        studio.window.past.close()
