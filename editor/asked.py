"""What a person gave single steps for values that no run had left: offered again when it is asked for again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from editor.kept import KeptWithApp

if TYPE_CHECKING:
    from editor.session import WorkflowSession

LARGEST: Final = 20_000
"""Characters of JSON up to which a value is kept with the workspace; larger ones stay while the workflow is open."""


class Asked(KeptWithApp):
    """Values by input key, `#node.variable#`."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(session, "asked")
        self.values: dict[str, Any] = {}
        self.load()

    def to_json(self) -> dict[str, Any]:
        return {"values": {key: value for key, value in self.values.items() if self._may_be_kept(value)}}

    def _may_be_kept(self, value: Any) -> bool:
        text = json.dumps(value, ensure_ascii=False)
        secrets = [v.value for v in self._session.document.workflow.environment_variables if v.is_secret and v.value]
        # Settings are no vault: what somebody typed with a secret in it is forgotten with the window.
        return len(text) <= LARGEST and not any(json.dumps(s, ensure_ascii=False)[1:-1] in text for s in secrets)

    def take(self, kept: Mapping[str, Any]) -> None:
        self.values = {**kept.get("values", {}), **self.values}

    def remember(self, values: Mapping[str, Any]) -> None:
        """These were given just now."""
        if values:
            self.values.update(values)
            self.keep()
