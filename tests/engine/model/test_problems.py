"""Sentences that can still be translated after they were filled in."""

from __future__ import annotations

from engine.model.problems import Problem, Sentence


def test_a_sentence_is_text_and_knows_its_pattern() -> None:
    sentence = Sentence.of("“{source}” gives no variable {name}.", source="Ask", name="x")

    assert sentence == "“Ask” gives no variable x."
    assert (sentence.template, sentence.values) == (
        "“{source}” gives no variable {name}.",
        {"source": "Ask", "name": "x"},
    )
    assert Problem("error", "c", sentence).to_json()["message"] == "“Ask” gives no variable x."
