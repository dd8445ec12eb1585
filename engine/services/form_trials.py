"""Forms of human-input steps without a run: as they will look, as a letter to oneself, and for a single step
(nodes-logic spec 12.2, 12.7). Values come from pins, from the last runs and from what is given by hand; a reference
without any is shown by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from engine.clock import Clock, iso
from engine.errors import NodePlace, UserError
from engine.run.variables.templates import PATTERN, Selector, references

if TYPE_CHECKING:
    import re

    from engine.model.graph import Node
    from engine.model.workflow import Workflow
    from engine.nodes.human_input.config import HumanInputConfig
    from engine.run.variables.pool import VariablePool
    from engine.services.mail import MailService

Values = Mapping[str, Mapping[str, Any]]
"""Node id or prefix to name to value."""


@dataclass(frozen=True)
class Step:
    """A human-input step with what is known of the values that it reads. `pins` are outputs by node id, `given` values
    typed by hand, by selector as `#node.name#`."""

    workflow: Workflow
    app_id: str
    node_id: str
    pins: Values | None = None
    given: Mapping[str, Any] | None = None


class FormTrials:
    """Plain functions for any thread; `send` is for an event loop. `values` gives what the last runs of an app left."""

    def __init__(
        self,
        values: Callable[[str], Values],
        mail: Callable[[], MailService],
        clock: Clock,
        shortest_secret: Callable[[], int],
    ) -> None:
        self._values, self._mail, self._clock, self._shortest = values, mail, clock, shortest_secret

    def shown(self, step: Step) -> dict[str, Any]:
        """The form as people would see it now, in the shape of a waiting form's record; it belongs to no run.

        Raises UserError for settings that make no form.
        """
        from engine.nodes.human_input.form import definition

        node, config = _config(step)
        pool = self._pool(step, config)
        config = config.model_copy(update={"form_content": with_names(config.form_content, pool, step.workflow)})
        now = self._clock.now()
        try:
            made = definition(config, pool)
        except ValueError as problem:
            raise UserError(str(problem), code="form.settings", where=_place(node)) from None
        return {
            "session_id": "",
            "run_id": "",
            "node_id": node.id,
            "node_title": node.title,
            "execution_id": "",
            "definition": made,
            "status": "waiting",
            "created_at": iso(now),
            "expires_at": iso(now + timedelta(seconds=config.timeout_seconds)),
            "global_expires_at": "",
            "mail": None,
        }

    @staticmethod
    def check(definition: Mapping[str, Any], action_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The accepted values of an answer. Raises FormRefused (a UserError), naming the field."""
        from engine.nodes.human_input.form import check_submission

        return check_submission(definition, action_id, values)

    async def send(self, step: Step, method: Mapping[str, Any]) -> str:
        """Send what an e-mail method would send, to the account's own address only; the address.

        Raises UserError (nothing is set up, settings that make no form) and MailFailed.
        """
        from engine.nodes.human_input.letter import letter

        node, config = _config(step)
        pool = self._pool(step, config)
        mail = self._mail()
        given = method.get("config")
        settings = dict(given) if isinstance(given, Mapping) else {}
        for name in ("subject", "body"):
            settings[name] = with_names(str(settings.get(name) or ""), pool, step.workflow)
        settings["debug_mode"] = True
        place = mail.place(step.app_id, node.title or node.id)
        made = letter({**method, "config": settings}, pool, place, mail.address(), shortest=self._shortest())
        if not made.mails:
            return await mail.send_test("", "", "")  # says what is missing
        (found,) = made.mails
        return await mail.send_test(found.subject or node.title, found.html, found.text)

    def _pool(self, step: Step, config: HumanInputConfig) -> VariablePool:
        from engine.nodes.human_input.config import Select
        from engine.run.inputs import add_conversation, add_environment
        from engine.run.request import RunRequest
        from engine.run.variables.pool import VariablePool

        workflow = step.workflow
        pool = VariablePool()
        request = RunRequest(
            graph={},
            environment=[v.to_config() for v in workflow.environment_variables],
            conversation_variables=[v.to_config() for v in workflow.conversation_variables],
        )
        add_environment(pool, request)
        add_conversation(pool, request)
        known = self._values(step.app_id) if step.app_id else {}
        for source, values in (*known.items(), *(step.pins or {}).items()):
            for name, value in values.items():
                _put(pool, (source, name), value)
        for key, value in (step.given or {}).items():
            selector = tuple(key.strip("#").split("."))
            if len(selector) == 2:
                _put(pool, selector, value)
        for field in config.inputs:
            if isinstance(field, Select) and field.option_source.type == "variable":
                source_of = tuple(field.option_source.selector)
                if len(source_of) == 2 and pool.get(source_of) is None:
                    pool.add(source_of, [name_of(source_of, workflow)])
        return pool


def _config(step: Step) -> tuple[Node, HumanInputConfig]:
    from pydantic import ValidationError

    from engine.nodes.human_input.config import HumanInputConfig

    node = step.workflow.graph.node(step.node_id)
    try:
        return node, HumanInputConfig.model_validate(dict(node.data))
    except ValidationError as problem:
        first = problem.errors()[0]
        why = str(first["msg"]).removeprefix("Value error, ")
        raise UserError(f"The settings make no form: {why}", code="form.settings", where=_place(node)) from None


def _place(node: Node) -> NodePlace:
    return NodePlace(node.id, title=node.title)


def _put(pool: VariablePool, selector: Selector, value: Any) -> None:
    """A value from outside; what cannot be one is left out and so shown by its name."""
    from engine.run.variables.files import FileProblem, input_value
    from engine.run.variables.segments import SegmentProblem

    if value is None or selector[0] == "env":
        return
    try:
        pool.add(selector, input_value(value))
    except (FileProblem, SegmentProblem, ValueError):
        return


def name_of(selector: Selector, workflow: Workflow) -> str:
    """What stands for a value that nobody knows yet."""
    node = workflow.graph.nodes.get(selector[0])
    return f"[{(node.title or node.type) if node is not None else selector[0]} / {'.'.join(selector[1:])}]"


def with_names(text: str, pool: VariablePool, workflow: Workflow) -> str:
    """A text in which references without a value are said by their names."""
    missing = {selector for selector in references(text) if pool.get(selector) is None}

    def replaced(match: re.Match[str]) -> str:
        selector = tuple(match[1].split("."))
        return name_of(selector, workflow) if selector in missing else match[0]

    return PATTERN.sub(replaced, text) if missing else text
