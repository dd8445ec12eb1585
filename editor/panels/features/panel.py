"""Conversation opener, follow-up questions, citations, moderation, annotations, uploads, speech (editor spec 12).

Every change is one undo step and counts from the next message of the preview on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.features.annotations import AnnotationCard
from editor.panels.features.context import FeatureContext
from editor.panels.features.extension import ExtensionEditor
from editor.panels.forms.entry import FILE_TYPES
from editor.panels.forms.fields import (
    ChoiceField,
    Field,
    MultilineField,
    NumberField,
    SwitchField,
    TextField,
    name_it,
)
from editor.panels.forms.model_field import ModelField
from editor.panels.forms.parts import RowList, labelled
from editor.panels.glyph import Glyph
from editor.panels.parts import PanelTitle
from engine.model.features import IMAGE_EXTENSIONS

if TYPE_CHECKING:
    from editor.session import WorkflowSession

MOST_LINES, LONGEST_LINE, LONGEST_ANSWER, LONGEST_PROMPT = 100, 100, 100, 1000
METHODS = (("local_file", "From this machine"), ("remote_url", "From an address"))


class Card(QFrame):
    """One feature: what it does, its switch, and what matters while it is on."""

    def __init__(self, picture: str, title: str, words: str, switch: QWidget | None = None) -> None:
        super().__init__()
        self.setProperty("kind", "row")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Glyph(picture, "accent"))
        if switch is not None:
            head.addWidget(switch, 1)
        else:
            label = QLabel(title)
            label.setProperty("kind", "title")
            head.addWidget(label, 1)
        column.addLayout(head)
        about = QLabel(words)
        about.setProperty("kind", "small")
        about.setWordWrap(True)
        column.addWidget(about)
        self.inside = QWidget()
        self.body = QVBoxLayout(self.inside)
        self.body.setContentsMargins(0, 4, 0, 0)
        self.body.setSpacing(10)
        self.inside.hide()
        column.addWidget(self.inside)
        self._switch = switch

    def add(self, *widgets: QWidget) -> None:
        """Settings that are shown while the feature is on."""
        for widget in widgets:
            self.body.addWidget(widget)
        self.follow()

    def follow(self) -> None:
        """Show or hide the settings."""
        on = self._switch.box.isChecked() if isinstance(self._switch, SwitchField) else True
        self.inside.setVisible(on and self.body.count() > 0)


class Members(Field):
    """Which values a list holds: one box a value; the order is that of the boxes."""

    def __init__(self, ctx: FeatureContext, path: tuple[str, ...], name: str, choices: Any) -> None:
        super().__init__(ctx, path)
        self._name = name
        column = QVBoxLayout()
        column.setSpacing(4)
        self.boxes: dict[str, QCheckBox] = {}
        for value, word in choices:
            box = QCheckBox(tr(word))
            name_it(box, tr(word))
            box.clicked.connect(self._clicked)
            column.addWidget(box)
            self.boxes[value] = box
        self.row.addLayout(column)
        self.load()

    def load(self) -> None:
        held = self.ctx.get(self.path, [])
        for value, box in self.boxes.items():
            box.setChecked(value in held)

    def _clicked(self) -> None:
        held = [v for v in self.ctx.get(self.path, []) if v not in self.boxes]
        chosen = [v for v, box in self.boxes.items() if box.isChecked()]
        self.ctx.set(self.path, chosen + held, name=self._name)


class Endings(TextField):
    """File extensions as words; stored with their dots."""

    def __init__(self, ctx: FeatureContext, path: tuple[str, ...], name: str) -> None:
        super().__init__(ctx, path, name, ".pdf .csv")
        self.edit.textEdited.disconnect()
        self.edit.editingFinished.connect(self._write)

    def load(self) -> None:
        self.edit.setText(" ".join(str(e) for e in self.ctx.get(self.path, [])))
        self.edit.setCursorPosition(0)

    def _write(self) -> None:
        words = self.edit.text().replace(",", " ").split()
        self.put([w if w.startswith(".") else f".{w}" for w in words])


class Faults(QLabel):
    """What is wrong with a feature's settings, in words, as they stand."""

    def __init__(self, ctx: FeatureContext, find: Any) -> None:
        super().__init__()
        self._find = find
        self.setProperty("kind", "bad")
        self.setWordWrap(True)
        ctx.changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Look again."""
        text = self._find()
        self.setText(text)
        self.setVisible(bool(text))


class Features(QWidget):
    """The panel at the left."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self.ctx = FeatureContext(session)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PanelTitle(tr("Features")))
        pane = QScrollArea()
        pane.setWidgetResizable(True)
        pane.setFrameShape(QFrame.Shape.NoFrame)
        pane.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self._cards = QVBoxLayout(inside)
        self._cards.setContentsMargins(12, 0, 12, 16)
        self._cards.setSpacing(10)
        pane.setWidget(inside)
        column.addWidget(pane, 1)
        self.cards: list[Card] = []
        self.annotations: AnnotationCard | None = None
        self._built = False

    def _build(self) -> None:
        """The cards are made when the panel is first looked at: most workflows are opened without it."""
        session = self._session
        self._built = True
        if session.document.workflow.mode == "advanced-chat":
            self._opener()
            self._follow_up()
            self._switch(
                "retriever_resource", "link", tr("Citations"), tr("Show the passages that an answer rests on.")
            )
            self._moderation(chat=True)
            if session.app_id and not session.read_only:
                self.annotations = AnnotationCard(session)
                self._cards.addWidget(self.annotations)
            self._upload()
            self._speech()
        else:
            self._upload()
            self._moderation(chat=False)
        self._cards.addStretch(1)
        # After the switches, which are told in the order in which they were made: what is below follows what they show.
        self.ctx.changed.connect(self._follow)

    def close_session(self) -> None:
        """Stop listening."""
        self.ctx.close()

    def refresh(self) -> None:
        """The panel came into view."""
        if not self._built:
            self._build()
        if self.annotations is not None:
            self.annotations.refresh()

    def _follow(self) -> None:
        for card in self.cards:
            card.follow()

    def _add(self, card: Card) -> Card:
        self.cards.append(card)
        self._cards.addWidget(card)
        return card

    def _switch(self, name: str, picture: str, title: str, words: str) -> Card:
        return self._add(Card(picture, title, words, SwitchField(self.ctx, (name, "enabled"), title)))

    # -- the features ------------------------------------------------------------------------------------------------

    def _opener(self) -> None:
        card = self._add(
            Card("chat", tr("Conversation opener"), tr("The first words of a new conversation, before anybody asks."))
        )
        card.add(
            labelled(
                tr("Opening statement"),
                MultilineField(
                    self.ctx, ("opening_statement",), tr("Opening statement"), tr("Hello! Ask me anything.")
                ),
                tr("{{name}} stands for an input of the start node."),
            ),
            labelled(
                tr("Opening questions"),
                RowList(
                    self.ctx,
                    ("suggested_questions",),
                    lambda index: TextField(self.ctx, ("suggested_questions", index), tr("Opening question")),
                    str,
                    tr("Add question"),
                    movable=False,
                ),
            ),
        )

    def _follow_up(self) -> None:
        name = "suggested_questions_after_answer"
        words = tr("A model suggests what to ask next after every answer.")
        card = self._switch(name, "sparkle", tr("Follow-up questions"), words)
        prompt = (name, "prompt")
        card.add(
            labelled(tr("Model"), ModelField(self.ctx, (name, "model")), tr("Without one the default model suggests.")),
            labelled(
                tr("Own instruction"),
                MultilineField(self.ctx, prompt, tr("Own instruction"), tr("Three short likely questions"), rows=3),
            ),
            Faults(
                self.ctx,
                lambda: (
                    tr("The instruction has more than {count} characters.", count=LONGEST_PROMPT)
                    if len(str(self.ctx.get(prompt, ""))) > LONGEST_PROMPT
                    else ""
                ),
            ),
        )

    def _moderation(self, *, chat: bool) -> None:
        name = "sensitive_word_avoidance"
        words = (
            tr("Looks at what is said and answered, and puts other words in its place.")
            if chat
            else tr("Kept for the file. Workflow apps run unmoderated; only chat flows are moderated.")
        )
        switch = SwitchField(self.ctx, (name, "enabled"), tr("Content moderation"))
        card = self._add(Card("lock", tr("Content moderation"), words, switch))
        switch.box.clicked.disconnect()
        switch.box.clicked.connect(self._moderate)
        kinds = [("keywords", tr("Keywords")), ("openai_moderation", "OpenAI"), ("api", tr("API extension"))]
        kind = ChoiceField(self.ctx, (name, "type"), tr("Kind of moderation"), kinds)
        keywords = labelled(
            tr("Keywords"),
            MultilineField(self.ctx, (name, "config", "keywords"), tr("Keywords"), tr("One a line"), rows=5),
            tr("One a line, at most {lines} lines of {count} characters; case does not matter.", lines=MOST_LINES,
               count=LONGEST_LINE),
        )  # fmt: skip
        address = ExtensionEditor(self._session, self.ctx)
        card.add(labelled(tr("Kind of moderation"), kind), keywords, address)
        for key, title in (("inputs_config", tr("What is said")), ("outputs_config", tr("What is answered"))):
            path = (name, "config", key)
            card.add(
                SwitchField(self.ctx, (*path, "enabled"), title),
                MultilineField(
                    self.ctx,
                    (*path, "preset_response"),
                    tr("Answer instead: {what}", what=title),
                    tr("Say this instead"),
                    rows=2,
                ),
            )
        card.add(Faults(self.ctx, self._moderation_faults))

        def follow() -> None:
            chosen = self.ctx.get((name, "type"), "keywords")
            keywords.setVisible(chosen == "keywords")
            address.setVisible(chosen == "api")

        self.ctx.changed.connect(follow)
        follow()

    def _moderate(self, on: bool) -> None:
        """Switched on for the first time it begins with keywords and both sides on."""
        block = dict(self.ctx.get(("sensitive_word_avoidance",), {}))
        block["enabled"] = on
        if on and not block.get("type"):
            side = {"enabled": True, "preset_response": tr("I cannot talk about this.")}
            block.pop("configs", None)
            block["type"] = "keywords"
            block["config"] = {"keywords": "", "inputs_config": dict(side), "outputs_config": dict(side)}
        self.ctx.set(("sensitive_word_avoidance",), block)

    def _moderation_faults(self) -> str:
        block = self.ctx.get(("sensitive_word_avoidance",), {})
        if not block.get("enabled"):
            return ""
        config = block.get("config") or {}
        sides = [config.get(key) or {} for key in ("inputs_config", "outputs_config")]
        on = [side for side in sides if side.get("enabled")]
        if not on:
            return tr("Choose what is moderated: what is said, what is answered, or both.")
        lines = str(config.get("keywords") or "").split("\n")
        if block.get("type") == "keywords":
            if not any(line.strip() for line in lines):
                return tr("Enter at least one keyword.")
            if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
                return tr("Too many keywords, or one that is too long.")
        if any(not str(side.get("preset_response") or "").strip() for side in on):
            return tr("Enter what is said instead.")
        if any(len(str(side["preset_response"])) > LONGEST_ANSWER for side in on):
            return tr("What is said instead has more than {count} characters.", count=LONGEST_ANSWER)
        return ""

    def _upload(self) -> None:
        words = tr("Files may go with a message; the flow reads them as sys.files.")
        card = self._switch("file_upload", "attachment", tr("File upload"), words)
        endings = labelled(
            tr("Extensions"),
            Endings(self.ctx, ("file_upload", "allowed_file_extensions"), tr("Extensions")),
            tr("For the kind “Other”."),
        )
        card.add(
            labelled(
                tr("File types"), Members(self.ctx, ("file_upload", "allowed_file_types"), tr("File types"), FILE_TYPES)
            ),
            endings,
            labelled(
                tr("Files per message"),
                NumberField(self.ctx, ("file_upload", "number_limits"), tr("Files per message"), 1, 10, default=3),
            ),
            labelled(
                tr("Where files come from"),
                Members(self.ctx, ("file_upload", "allowed_file_upload_methods"), tr("Where files come from"), METHODS),
            ),
            Faults(self.ctx, self._upload_faults),
        )

        def follow() -> None:
            endings.setVisible("custom" in self.ctx.get(("file_upload", "allowed_file_types"), []))

        self.ctx.changed.connect(follow)
        follow()

    def _upload_faults(self) -> str:
        upload = self.ctx.get(("file_upload",), {})
        if not upload.get("enabled"):
            return ""
        if not upload.get("allowed_file_types"):
            return tr("Choose at least one file type.")
        if not upload.get("allowed_file_upload_methods"):
            return tr("Choose where files may come from.")
        custom = "custom" in upload["allowed_file_types"]
        if custom and list(upload.get("allowed_file_extensions") or ()) in ([], list(IMAGE_EXTENSIONS)):
            return tr("Name the extensions of the other files.")
        return ""

    def _speech(self) -> None:
        words = tr("Kept for the file. There is no speech model in this studio yet, so the preview stays silent.")
        self._switch("text_to_speech", "audio", tr("Text to speech"), words)
        words = tr("Kept for the file. There is no speech model in this studio yet, so messages are typed.")
        self._switch("speech_to_text", "bell", tr("Speech to text"), words)
