"""Human input (nodes-logic spec, section 12): pauses the run until somebody answers a form, or its time is over."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

from engine.nodes.base import (
    ExecutionType,
    Node,
    NodeConfig,
    NodeContext,
    NodeResult,
    PauseReason,
    PauseRun,
    Selector,
)
from engine.nodes.human_input.config import TIMEOUT_HANDLE, HumanInputConfig
from engine.nodes.human_input.form import definition, filled, form_references, outputs_of
from engine.nodes.human_input.letter import email_methods
from engine.ports.human_input import FormRequest, FormState, HumanInputHost, Submitted, TimedOut, Waiting


class HumanInputNode(Node[HumanInputConfig]):
    """Asks the form host at every start: pauses while nobody has answered, else leaves by the button or by time."""

    node_type: ClassVar[str] = "human-input"
    execution_type: ClassVar[ExecutionType] = ExecutionType.BRANCH
    config_model: ClassVar[type[NodeConfig]] = HumanInputConfig

    def run(self, ctx: NodeContext) -> NodeResult | Awaitable[NodeResult]:
        host: HumanInputHost | None = ctx.ports.extras.get("human_input")
        if host is None:
            raise ValueError("Forms cannot be shown here: there is nobody to keep them.")
        run_id = ctx.pool.get_value(("sys", "workflow_run_id")) or ctx.run.get("run_id")
        if not run_id:
            raise ValueError("The run has no id, so its form cannot be kept.")
        form = definition(self.config, ctx.pool)
        request = FormRequest(str(run_id), self.node_id, self.title, ctx.execution_id, form)
        state = host.ask(request)
        if isinstance(state, Waiting) and self._mails(ctx) and host.claim_mail(state.session_id):
            return self._mailed(ctx, host, request, state.session_id)
        return self._went(ctx, state, form)

    def _mails(self, ctx: NodeContext) -> bool:
        """Whether there is something to send, and somebody to send it. A step that is tried alone writes to nobody."""
        is_whole = ctx.run.get("kind") != "node" and ctx.ports.extras.get("mail") is not None
        return is_whole and bool(email_methods(self.config.delivery_methods))

    async def _mailed(self, ctx: NodeContext, host: HumanInputHost, request: FormRequest, session: str) -> NodeResult:
        """Send the e-mails and then wait; whoever answered meanwhile is not kept waiting."""
        from engine.nodes.human_input.sending import deliver

        await deliver(ctx, self.config.delivery_methods, lambda report: host.note_mail(session, report))
        return self._went(ctx, host.ask(request), request.definition)

    def _went(self, ctx: NodeContext, state: FormState, form: Mapping[str, Any]) -> NodeResult:
        """What follows from the state of the form: the button, the time-out, or a pause."""
        if isinstance(state, Submitted):
            return self._submitted(ctx, state, form["form_content"])
        if isinstance(state, TimedOut):
            return self._timed_out(ctx, state, form["form_content"])
        raise PauseRun(PauseReason(state.session_id, self.node_id, self.title, form))

    def _submitted(self, ctx: NodeContext, state: Submitted, content: str) -> NodeResult:
        values = outputs_of(self.config, state.values)
        text = filled(content if state.form_content is None else state.form_content, values)
        title = next((a.title for a in self.config.user_actions if a.id == state.action_id), "")
        ctx.emit(
            "NodeRunHumanInputFormFilled",
            {
                "rendered_content": text,
                "action_id": state.action_id,
                "action_text": title,
                "submitted_data": dict(state.values),
            },
        )
        return NodeResult(
            inputs=values,
            outputs={**values, **_specials(state.action_id, title, text)},
            metadata=_told(state),
            handle=state.action_id,
        )

    def _timed_out(self, ctx: NodeContext, state: TimedOut, content: str) -> NodeResult:
        text = content if state.form_content is None else state.form_content
        ctx.emit("NodeRunHumanInputFormTimeout", {"expiration_time": state.expired_at})
        return NodeResult(outputs=_specials("", "", text), metadata=_told(state), handle=TIMEOUT_HANDLE)

    def variable_mapping(self) -> dict[str, Selector]:
        """What the form's text, defaults and options read."""
        return {f"{self.node_id}.#{'.'.join(selector)}#": selector for selector in form_references(self.config)}


def _told(state: Submitted | TimedOut) -> dict[str, Any]:
    """What became of the e-mails, for the record of the step."""
    return {"mail": {k: v for k, v in state.mail.items() if k != "unsent"}} if state.mail is not None else {}


def _specials(action_id: str, title: str, text: str) -> dict[str, Any]:
    return {"__action_id": action_id, "__action_value": title, "__rendered_content": text}


__all__ = ["HumanInputConfig", "HumanInputNode"]
