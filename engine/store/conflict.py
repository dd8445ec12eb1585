"""The error of two writers of one draft. It stands alone so that who shows it need not load the database."""

from __future__ import annotations

from engine.errors import UserError
from engine.model.workflow import Workflow


class DraftConflict(UserError):
    """The draft was changed elsewhere since it was loaded; `theirs` is what is stored now."""

    default_code = "store.draft_conflict"

    def __init__(self, theirs: Workflow, revision: int) -> None:
        super().__init__(
            "This workflow was changed in another window.",
            hint="Keep yours (theirs goes to the backups), or take theirs.",
        )
        self.theirs, self.revision = theirs, revision
