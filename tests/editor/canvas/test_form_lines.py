"""The card of a human-input step shows its form as words, with chips for variables and fields."""

from __future__ import annotations

import pytest

from editor.canvas.card import card_content
from editor.canvas.reading import plain_lines
from editor.i18n import set_language
from engine.nodes import registry
from tests.helpers.canvas import graph_of, node


@pytest.mark.parametrize(
    ("markdown", "lines"),
    [
        ("## A *letter* to **check**\n\n- first\n", ["A letter to check", "first"]),
        ("**{{#n.x#}}** of {{#$output.my_field#}}", ["{{#n.x#}} of {{#$output.my_field#}}"]),
        ("[Read it](https://x.y) ![a picture](z.png)\n---\n> said `so`", ["Read it a picture", "said so"]),
        ("```python\nsnake_case = 2 * 3\n```", ["snake_case = 2 * 3"]),
        ("1. one\n| a | b |\n|---|---|\n", ["one", "a | b"]),
        ("<div>kept</div>\n\n- [x] done", ["kept", "done"]),
        ("2 * 3 * 4 and a_b_c", ["2 * 3 * 4 and a_b_c"]),
        ("", []),
    ],
)
def test_markdown_is_said_without_its_signs(markdown: str, lines: list[str]) -> None:
    assert plain_lines(markdown, 2) == lines


def test_the_card_has_chips_for_variables_and_fields(qapp: object) -> None:
    text = "## Check **{{#s.topic#}}**\n\nComment: {{#$output.comment#}}"
    graph = graph_of(
        node("s", 0, 0, "start", title="Input"),
        node("n", 0, 0, "human-input", form_content=text, user_actions=[], delivery_methods=[]),
    )
    first, second = card_content(graph.nodes["n"], graph, registry.spec("human-input")).rows[:2]
    assert [(part.kind, part.text) for part in first.parts] == [("text", "Check"), ("var", "topic")]
    assert [(part.kind, part.text) for part in second.parts] == [("text", "Comment:"), ("var", "comment")]
    assert second.parts[1].icon == "human-input"


def test_the_word_for_the_time_out_is_translated(qapp: object) -> None:
    graph = graph_of(node("n", 0, 0, "human-input", form_content="", user_actions=[{"id": "a", "title": "Time-out"}]))
    try:
        set_language("zh_CN")
        rows = card_content(graph.nodes["n"], graph, registry.spec("human-input")).rows
    finally:
        set_language("en")
    assert [row.parts[0].text for row in rows if row.handle] == ["Time-out", "超时"]
