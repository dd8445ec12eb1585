"""The features of a workflow as the fields of forms read and write them: each edit is an undo step of the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from editor.i18n import tr
from editor.panels.forms.context import FormContext, Path, at_path, with_path
from engine.model.features import effective

NAMES = {
    "opening_statement": "Conversation opener",
    "suggested_questions": "Conversation opener",
    "suggested_questions_after_answer": "Follow-up questions",
    "retriever_resource": "Citations",
    "sensitive_word_avoidance": "Content moderation",
    "file_upload": "File upload",
    "text_to_speech": "Text to speech",
    "speech_to_text": "Speech to text",
}


class FeatureContext(FormContext):
    """Paths begin with the name of a feature. Reading fills in what a file leaves out; writing stores it."""

    def __init__(self, session: Any) -> None:
        super().__init__(session, "")

    def _on_delta(self, delta: Any) -> None:
        if delta.features_changed or delta.everything:
            self.changed.emit()

    @property
    def data(self) -> Mapping[str, Any]:
        return effective(self.session.document.workflow.features)

    def set(self, path: Path, value: Any, *, typing: bool = False, name: str = "") -> None:
        """Change one setting. Typing merges into one undo step until `end_typing`."""
        data = self.data
        if self.read_only or at_path(data, path, _NOTHING) == value:
            return
        from engine.model.edits import SetFeature

        top = str(path[0])
        new = with_path(data.get(top), path[1:], value) if len(path) > 1 else value
        merge = f"feature:{'.'.join(map(str, path))}" if typing else None
        feature = tr(NAMES.get(top, top))
        label = tr("{title}: {what}", title=feature, what=name) if name and name != feature else feature
        self.session.submit(SetFeature((top,), new), label, merge_key=merge)


_NOTHING = object()
