"""A run that waits for a person and is not asked any more: stopped by somebody, or by the limit for all forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.session import WorkflowSession


def waits(session: WorkflowSession) -> bool:
    """Whether the run that is shown waits for an answer."""
    state = session.whole_state
    return state is not None and state.status == "paused" and not session.is_running


def look_again(session: WorkflowSession) -> None:
    """Read what became of the waiting run; one that was stopped meanwhile is shown so."""
    state = session.whole_state
    if state is None or not waits(session):
        return
    run_id = state.run_id

    def done(record: dict[str, str]) -> None:
        shown = session.whole_state
        if session.is_closed or shown is None or shown.run_id != run_id or not waits(session):
            return
        if record["status"] == "stopped":
            # The same event as that of a run that was stopped while it worked, so that every part shows it alike.
            shown.apply(
                {
                    "event": "GraphRunAborted",
                    "reason": record["error"],
                    "outputs": shown.outputs,
                    "exceptions_count": shown.exceptions_count,
                    "elapsed_time": shown.elapsed,
                    "total_tokens": shown.total_tokens,
                    "total_steps": shown.total_steps,
                    "total_price": shown.total_price,
                    "currency": shown.currency,
                }
            )
            session.runShapeChanged.emit(set())
            session.runChanged.emit()

    session.studio.tasks.run(session.studio.services.runs.get, run_id, done=done)


def stop(session: WorkflowSession) -> None:
    """Stop the waiting run; its forms ask no more."""
    state, studio = session.whole_state, session.studio
    if state is not None and waits(session):
        studio.tasks.run(
            studio.services.runs.stop,
            state.run_id,
            done=lambda _: look_again(session),
            failed=lambda error: studio.messages.error(tr("The run was not stopped"), error),
        )
