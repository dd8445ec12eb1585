"""Asking a model for a workflow, and once more where its plan has faults (editor-ux spec, C35).

As in `engine.services.drafting` each question is a small workflow of its own that is not recorded: it streams, stops,
waits and fails as every other run does. `Generation` says what to run next; whoever runs it hands the outputs back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.errors import UserError
from engine.model.graph import Edge, Graph, Node
from engine.model.problems import Problem, Sentence
from engine.model.validate import check
from engine.model.workflow import AppInfo, Workflow
from engine.nodes import registry
from engine.ports.models import ModelRef
from engine.services.generating.build import Builder, Fill, Sizes, empty
from engine.services.generating.forms import FORMS
from engine.services.generating.plan import LARGEST, Note, keys_of, no_plan, read_plan, told
from engine.services.runs import StartRun

MODEL_NODE: Final = "plan"
LEAST_TOKENS, MOST_TOKENS = 512, 6144
LOCAL: Final = frozenset({"embedded", "gguf"})
"""Kinds of providers whose models run in this program: its runtime holds them to JSON, though they declare no such
parameter."""
TIME_LIMIT: Final = 300.0
"""Seconds that one question may take."""
LONGEST: Final = 20_000
"""Characters of what a person asks for."""
MODES: Final = ("workflow", "advanced-chat")
YOURS: Final = frozenset(
    {"node.model_missing", "node.dataset_missing", "node.tool_missing", "node.strategy_missing", "TOO_DEEP"}
    | {"node.delivery_missing", "node.subscription_missing", "BRANCH_WITHOUT_EDGE", "DUPLICATE_OUTPUT"}
)
"""Problems that a person has to settle, or that need not be any: the model is not asked again because of them."""

_RULES: Final = """You design workflows. Answer with one JSON object and nothing else:
{"name": "...", "nodes": [{"key": "...", "type": "...", "title": "...", "settings": {...}}], "edges": [{"from": "key", \
"to": "key", "branch": "..."}]}
Rules:
- key: a short word, different for each node. title and name: in the language of the request.
- A reference to a value is written {{#key.name#}}, with the key of a node that runs before. A reference stands in a \
text, or alone where "one reference" is asked for.
- edges lead from one node to the next, never back; branch only where a node has branches. Every node is reached from \
the start.
- Use as few nodes as do the work well, of these types only:
"""
_MODE_RULES: Final = {
    "workflow": "- The workflow takes the inputs of its start and gives back the outputs of its end.",
    "advanced-chat": "- It is a chat: what the person says is {{#sys.query#}}; every path ends in an answer. The start "
    'has inputs only if they are asked for before the chat. What must be remembered between turns goes into "memory": '
    "[{name, type, value, description}] beside nodes and is read as {{#conversation.name#}}.",
}
_CHANGE: Final = """- A workflow is there already. Give the whole plan of the changed workflow: nodes that stay keep \
their key and type; leave their settings out, or give only those that change. Leave out only what is to go."""
_EXAMPLE: Final = {
    "workflow": '{"name": "Summary", "nodes": [{"key": "start", "type": "start", "title": "Start", "settings": '
    '{"inputs": [{"name": "text", "label": "Text", "type": "paragraph", "required": true}]}}, {"key": "sum", "type": '
    '"llm", "title": "Sum up", "settings": {"system": "You sum up texts in three points.", "prompt": "{{#start.text#}}"'
    '}}, {"key": "end", "type": "end", "title": "Result", "settings": {"outputs": [{"name": "summary", "value": '
    '"{{#sum.text#}}"}]}}], "edges": [{"from": "start", "to": "sum"}, {"from": "sum", "to": "end"}]}',
    "advanced-chat": '{"name": "Helper", "nodes": [{"key": "start", "type": "start", "title": "Start", "settings": {}},'
    ' {"key": "think", "type": "llm", "title": "Think", "settings": {"system": "You help people.", "prompt": '
    '"{{#sys.query#}}"}}, {"key": "say", "type": "answer", "title": "Say", "settings": {"answer": "{{#think.text#}}"}}]'
    ', "edges": [{"from": "start", "to": "think"}, {"from": "think", "to": "say"}]}',
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have built. `base` is the workflow that is to be changed; without one a new one of the
    kind `mode` is made."""

    words: str
    mode: str = "workflow"
    base: Workflow | None = None


@dataclass(frozen=True)
class Changes:
    """What a plan does to what was there, as titles of nodes."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkflowDraft:
    """A workflow that a model designed. `notes` say what was mended or left out, `problems` are those of the checklist,
    `faults` are sentences for the model about what it should mend."""

    workflow: Workflow
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    faults: tuple[str, ...]
    changes: Changes
    answer: str

    @property
    def count(self) -> int:
        """How many nodes it has for people."""
        return len(keys_of(self.workflow.graph))


def parameters_for(provider: str, declared: Iterable[Mapping[str, Any]], context_size: int) -> dict[str, Any]:
    """What to ask a model with, by its provider, the parameters that it declares and its context (tokens, 0 = not
    known): a JSON mode where there is one, and a limit that leaves room for the question."""
    modes = [str(o) for rule in declared if rule.get("name") == "response_format" for o in rule.get("options") or ()]
    if LOCAL & set(re.split(r"[/_-]", provider)):
        modes.append("json_object")
    found: dict[str, Any] = {"response_format": mode for mode in modes if mode in ("JSON", "json_object")}  # noqa: B035
    if context_size:
        found["max_tokens"] = max(LEAST_TOKENS, min(MOST_TOKENS, context_size // 2))
    return found


def rules(wish: Wish) -> str:
    """What a model is told about plans."""
    types = [
        f"  {kind}: {form.words}"
        for kind, form in FORMS.items()
        if form.words and (spec := registry.spec(kind)) is not None and wish.mode in spec.modes
    ]
    parts = [_RULES + "\n".join(types), _MODE_RULES[wish.mode]]
    if wish.base is not None:
        parts.append(_CHANGE)
    return "\n".join([*parts, f"An example of an answer:\n{_EXAMPLE[wish.mode]}"])


def request(wish: Wish) -> str:
    """What is wanted, and what is there."""
    there = f"# The workflow that is there\n\n{told(wish.base)}\n\n" if wish.base is not None else ""
    return f"{there}# The request\n\n{wish.words.strip()[:LONGEST]}"


class Generation:
    """One wish and what came of it: a question, and a second one when the first plan has faults.

    `parameters` go to the model (a JSON mode, a limit of tokens); `fill` gives new nodes the model of the workspace;
    `sizes` how large the cards of a graph are. Raises UserError when nothing is wished for or no model is named.
    """

    def __init__(
        self,
        wish: Wish,
        model: ModelRef,
        *,
        parameters: Mapping[str, Any] | None = None,
        fill: Fill = lambda data: data,
        sizes: Sizes = lambda _graph: {},
        time_limit: float = TIME_LIMIT,
    ) -> None:
        if not wish.words.strip():
            raise UserError("Say in words what the workflow is to do.", code="generate.no_words")
        if not model.name:
            raise UserError("Choose the model that is to write.", code="draft.no_model")
        if wish.mode not in MODES:
            raise UserError("Only workflows and chat flows can be made from words.", code="generate.mode")
        self.wish, self._model, self._parameters = wish, model, dict(parameters or {})
        self._fill, self._sizes, self._time_limit = fill, sizes, time_limit
        self._first: WorkflowDraft | UserError | None = None

    @property
    def is_mending(self) -> bool:
        """Whether the model was asked for the second time."""
        return self._first is not None

    def start(self) -> StartRun:
        """The first question."""
        return self._run([("system", rules(self.wish)), ("user", request(self.wish))])

    def take(self, outputs: Mapping[str, Any]) -> WorkflowDraft | StartRun:
        """What came of a question: the draft, or the question to ask next. Raises UserError `generate.no_plan` when
        neither answer held a plan; its details hold the answer."""
        answer = str(outputs.get("text") or "")
        try:
            made: WorkflowDraft | UserError = draft_of(self.wish, answer, self._fill, self._sizes)
        except UserError as problem:
            made = problem
        first, self._first = self._first, made
        if first is None and (isinstance(made, UserError) or made.faults):
            return self._mend(answer, made)
        return _better(first, made)

    def give_up(self) -> WorkflowDraft | None:
        """What the first answer gave, when the second question failed or was stopped."""
        return self._first if isinstance(self._first, WorkflowDraft) else None

    def _mend(self, answer: str, made: WorkflowDraft | UserError) -> StartRun:
        faults = (
            ["It holds no JSON object with a list of nodes."] if isinstance(made, UserError) else list(made.faults)[:20]
        )
        lines = "\n".join(f"- {fault}" for fault in faults)
        asked = f"Your plan has these faults:\n{lines}\n\nAnswer with the whole plan, mended, as one JSON object."
        return self._run(
            [
                ("system", rules(self.wish)),
                ("user", request(self.wish)),
                ("assistant", answer[:LONGEST] or "-"),
                ("user", asked),
            ]
        )

    def _run(self, messages: list[tuple[str, str]]) -> StartRun:
        """A run of start, model and end. What was written goes in as inputs, never into the text of a template, so that
        references in it stay what they are."""
        inputs = {f"part{number}": said for number, (_, said) in enumerate(messages)}
        variables = [
            {"variable": n, "label": n, "type": "paragraph", "required": True, "max_length": 20 * LARGEST}
            for n in inputs
        ]
        prompt = [{"role": role, "text": f"{{{{#begin.part{number}#}}}}"} for number, (role, _) in enumerate(messages)]
        model = {
            "provider": self._model.provider,
            "name": self._model.name,
            "mode": self._model.mode,
            "completion_params": {"max_tokens": MOST_TOKENS, **self._parameters},
        }
        settings: dict[str, Any] = {
            "type": "llm",
            "title": "Plan",
            "model": model,
            "prompt_template": prompt,
            "reasoning_format": "separated",
            "context": {"enabled": False, "variable_selector": []},
            "vision": {"enabled": False},
        }
        outputs = [{"variable": "text", "value_selector": [MODEL_NODE, "text"]}]
        nodes = (
            Node("begin", {"type": "start", "title": "Start", "variables": variables}),
            Node(MODEL_NODE, settings),
            Node("end", {"type": "end", "title": "End", "outputs": outputs}),
        )
        edges = (Edge("1", "begin", MODEL_NODE), Edge("2", MODEL_NODE, "end"))
        graph = Graph({n.id: n for n in nodes}, {e.id: e for e in edges})
        workflow = Workflow(app=AppInfo("Plan", "workflow"), graph=graph)
        return StartRun(workflow, inputs=inputs, record=False, timeout=self._time_limit)


def _better(first: WorkflowDraft | UserError | None, second: WorkflowDraft | UserError) -> WorkflowDraft:
    """The draft with fewer faults; the second of two that are as good."""
    if first is None:
        if isinstance(second, UserError):
            raise second
        return second
    if isinstance(second, UserError):
        if isinstance(first, UserError):
            raise second if second.details.get("answer") else first
        return first
    if isinstance(first, WorkflowDraft) and len(first.faults) < len(second.faults):
        return first
    mended = Sentence.of("The model was asked once to mend its first plan.")
    return replace(second, notes=(*second.notes, mended))


def draft_of(
    wish: Wish, answer: str, fill: Fill = lambda data: data, sizes: Sizes = lambda _graph: {}
) -> WorkflowDraft:
    """The workflow that an answer plans, checked. Raises UserError `generate.no_plan`."""
    plan = read_plan(answer)
    base = wish.base if wish.base is not None else empty(wish.mode, plan.name)
    builder = Builder(base, fill, sizes)
    workflow = builder.build(plan)
    if wish.base is None and all(_is_edge_of_it(n) for n in workflow.graph.nodes.values()):
        raise no_plan(answer)  # a start alone is what small models give: nothing to look at
    problems = check(workflow)
    found = _unlike(problems, check(base) if wish.base is not None else [])
    faults = [*(n.text for n in builder.notes if n.is_fault), *_told_problems(workflow, found)]
    return WorkflowDraft(
        workflow,
        tuple(_once(builder.notes)),
        tuple(problems),
        tuple(faults),
        _changes(base.graph, workflow.graph),
        answer[:LARGEST],
    )


def _is_edge_of_it(node: Node) -> bool:
    """Whether a node only begins a run, or ends it without saying anything of its own."""
    spec = registry.spec(node.type)
    return spec is None or spec.family == "entry" or node.type == "end"


def _once(notes: Iterable[Note]) -> list[str]:
    return list(dict.fromkeys(note.text for note in notes))


def _unlike(problems: Iterable[Problem], before: Iterable[Problem]) -> list[Problem]:
    """Problems that were not there before and that a model can mend."""
    old = {(p.code, p.node_id, p.field) for p in before}
    return [p for p in problems if p.code not in YOURS and (p.code, p.node_id, p.field) not in old]


def _told_problems(workflow: Workflow, problems: Iterable[Problem]) -> list[str]:
    """Problems with the node that they are about, as it is called in a plan by its title."""
    found = []
    for problem in problems:
        node = workflow.graph.nodes.get(problem.node_id or "")
        place = f"“{node.title}” ({node.type}): " if node is not None else ""
        found.append(f"{place}{problem.message}")
    return found


def _changes(before: Graph, after: Graph) -> Changes:
    def people(graph: Graph) -> dict[str, Node]:
        return {n: graph.nodes[n] for n in keys_of(graph)}

    old, new = people(before), people(after)
    return Changes(
        tuple(n.title for i, n in new.items() if i not in old),
        tuple(n.title for i, n in new.items() if i in old and _settings(n) != _settings(old[i])),
        tuple(n.title for i, n in old.items() if i not in new),
    )


def _settings(node: Node) -> dict[str, Any]:
    """What a node does; how large it is drawn is none of it."""
    return {k: v for k, v in node.data.items() if k not in ("width", "height")}


def name_of(draft: WorkflowDraft, default: str) -> str:
    """What a new workflow of this draft is called."""
    return draft.workflow.app.name or default
