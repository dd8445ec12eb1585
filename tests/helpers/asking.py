"""Workflows that ask a person, for tests and pictures."""

from __future__ import annotations

from engine.model.workflow import Workflow
from tests.helpers.model import made, node

LETTER = (
    "## A letter to check\n\nDear **Ada**, thank you for the *first* program.\n\n"
    "- it is short\n- it is right\n\n![a picture](file:///etc/hostname)\n\nComment: {{#$output.comment#}}"
)
FIELDS = [
    {
        "type": "paragraph",
        "output_variable_name": "comment",
        "default": {"type": "constant", "selector": [], "value": "Looks good."},
    },
    {
        "type": "select",
        "output_variable_name": "team",
        "option_source": {"type": "constant", "selector": [], "value": ["red", "blue"]},
    },
]
ACTIONS = [
    {"id": "approve", "title": "Approve", "button_style": "primary"},
    {"id": "reject", "title": "Send back", "button_style": "default"},
    {"id": "later", "title": "Ask somebody who knows the customer better than I do", "button_style": "ghost"},
]


def two_forms(mode: str = "workflow") -> Workflow:
    """Two people are asked side by side; the second form takes a time-out branch, the first has none."""
    ends = ("answer", "answer") if mode == "advanced-chat" else ("end", "outputs")
    outputs = [{"variable": "team", "value_selector": ["check", "team"]}]
    said = {"outputs": outputs} if ends[0] == "end" else {"answer": "Team {{#check.team#}}"}
    return made(
        [
            node("1", "start", variables=[]),
            node(
                "check", "human-input", x=320, title="Check the letter", form_content=LETTER, inputs=FIELDS,
                user_actions=ACTIONS, timeout=2, timeout_unit="day", delivery_methods=[],
            ),
            node(
                "pay", "human-input", x=320, y=260, title="Release the payment", form_content="Pay **12 €**?",
                inputs=[], user_actions=[{"id": "yes", "title": "Pay", "button_style": "accent"}],
                timeout=1, timeout_unit="hour", delivery_methods=[],
            ),
            node("late", "template-transform", x=700, y=420, title="Remind them", template="late", variables=[]),
            node("done", ends[0], x=700, title="Done", **said),
        ],
        [
            ("1", "check"), ("1", "pay"), ("check", "approve", "done"), ("pay", "__timeout", "late"),
            ("pay", "yes", "done"),
        ],
        mode=mode,
    )  # fmt: skip


def written_form() -> Workflow:
    """A form that is sent by e-mail, with a button of each style."""
    config = {
        "subject": "Please check {{#1.topic#}}",
        "body": "Dear **Ann**,\n\nplease have a look at {{#1.topic#}}.\n\n{{#url#}}",
        "recipients": {"whole_workspace": False, "items": [{"type": "external", "email": "ann@example.com"}]},
        "debug_mode": False,
    }
    methods = [
        {"id": "1", "type": "webapp", "enabled": True},
        {"id": "2", "type": "email", "enabled": True, "config": config},
    ]
    styles = ("primary", "default", "accent", "ghost")
    actions = [{"id": style, "title": style.title(), "button_style": style} for style in styles]
    topic = {"variable": "topic", "type": "text-input", "label": "Topic"}
    return made(
        [
            node("1", "start", title="Input", variables=[topic]),
            node(
                "check", "human-input", x=320, title="Check the letter", inputs=FIELDS, user_actions=actions,
                form_content="## About {{#1.topic#}}\n\n" + LETTER, timeout=2, timeout_unit="day",
                delivery_methods=methods,
            ),
        ],
        [("1", "check")],
    )  # fmt: skip
