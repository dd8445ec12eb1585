"""Every way in which a provider can fail: a clear kind of error, what to do, and the usage so far (nodes-ai 1.7)."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from tests.engine.adapters.models.exchanges import (
    OVERFLOWS,
    SAYS,
    anthropic_block,
    anthropic_start,
    broken_off,
    gemini_chunk,
    gemini_error,
    openai_chunk,
    openai_error,
    refusal,
)
from tests.engine.adapters.models.talk import SCHEMA, Answer, ModelServer, ask, provider, replay

ALL = sorted(SAYS)

STATUSES = [
    (400, "bad parameter", "InvokeBadRequestError", ""),
    (401, "invalid x-api-key", "InvokeAuthorizationError", "key"),
    (402, "Insufficient Balance", "InvokeBadRequestError", "credit"),
    (403, "not allowed", "InvokeAuthorizationError", "key"),
    (404, "model m does not exist", "InvokeBadRequestError", "model's name"),
    (429, "slow down", "InvokeRateLimitError", "Wait"),
    (500, "oops", "InvokeServerUnavailableError", "later"),
    (503, "overloaded", "InvokeServerUnavailableError", "later"),
    (529, "Overloaded", "InvokeServerUnavailableError", "later"),
]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(("status", "words", "error_type", "hint"), STATUSES)
def test_refusals_by_status(kind: str, status: int, words: str, error_type: str, hint: str) -> None:
    said, server = replay(kind, refusal(kind, status, words), retries=0)

    assert said.failure == error_type
    assert said.error is not None
    assert f"{status}: {words}" in said.error.message
    assert hint in said.error.hint
    assert len(server.seen) == 1
    assert "key-of-the-test" not in str(said.error)


@pytest.mark.parametrize("kind", ALL)
def test_a_limit_of_the_rate_is_waited_for(kind: str) -> None:
    limited = refusal(kind, 429, "slow down", headers={"retry-after": "0"})
    said, server = replay(kind, limited, limited, SAYS[kind]("At last"))

    assert (said.text, len(server.seen)) == ("At last", 3)

    said, server = replay(kind, refusal(kind, 429, "slow down", headers={"retry-after": "3600"}))
    assert said.failure == "InvokeRateLimitError"
    assert said.error is not None
    assert "3600 seconds" in said.error.hint
    assert len(server.seen) == 1, "nobody waits an hour"


def test_a_pause_grows_and_trying_ends() -> None:
    began = time.monotonic()
    said, server = replay("openai", openai_error(503, "busy"), retries=1)

    assert said.failure == "InvokeServerUnavailableError"
    assert len(server.seen) == 2
    assert 0.4 < time.monotonic() - began < 5


def test_what_google_writes_into_the_details_of_an_error() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.01s"}]
    limited = gemini_error(429, "RESOURCE_EXHAUSTED", "too many", details=details)
    said, server = replay("gemini", limited, SAYS["gemini"]("ok"))
    assert (said.text, len(server.seen)) == ("ok", 2)

    said, _ = replay("gemini", gemini_error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."))
    assert said.failure == "InvokeAuthorizationError"


def test_a_used_up_account_is_not_asked_again() -> None:
    quota = openai_error(429, "You exceeded your current quota, please check your plan.", "insufficient_quota")
    said, server = replay("openai", quota)
    assert said.failure == "InvokeRateLimitError"
    assert said.error is not None
    assert "credit" in said.error.hint
    assert len(server.seen) == 1


@pytest.mark.parametrize("kind", ALL)
def test_a_stream_that_is_cut_keeps_its_usage(kind: str) -> None:
    said, server = replay(kind, broken_off(kind))

    assert said.text == "Half an "
    assert said.failure == "InvokeConnectionError"
    assert said.error is not None
    assert "in the middle of the answer" in said.error.message
    assert said.usage.total_tokens > 0
    assert len(server.seen) == 1, "what was streamed is never asked for twice"


@pytest.mark.parametrize("kind", ALL)
def test_a_stream_that_ends_without_an_end(kind: str) -> None:
    answer = broken_off(kind)
    answer.cut = False
    said, _ = replay(kind, answer)
    assert said.failure == "InvokeConnectionError"


def test_errors_inside_a_stream() -> None:
    event = ("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    block = anthropic_block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Half"})
    said, _ = replay("anthropic", Answer(events=[anthropic_start(), *block, event]))
    assert (said.text, said.failure, said.usage.prompt_tokens) == ("Half", "InvokeServerUnavailableError", 12)

    error = {"error": {"code": 429, "message": "Rate limit exceeded"}}
    said, _ = replay("openrouter", Answer(events=[openai_chunk({"content": "Half"}), error]))
    assert (said.text, said.failure) == ("Half", "InvokeRateLimitError")

    said, _ = replay("gemini", Answer(events=[{"error": {"code": 503, "message": "The model is overloaded."}}]))
    assert said.failure == "InvokeServerUnavailableError"


@pytest.mark.parametrize("kind", ALL)
def test_a_context_that_is_too_long_says_so(kind: str) -> None:
    said, _ = replay(kind, refusal(kind, 400, OVERFLOWS[kind]))
    assert said.failure == "InvokeBadRequestError"
    assert said.error is not None
    assert "longer than the model can read" in said.error.hint


@pytest.mark.parametrize(
    "words",
    [
        "the request exceeds the available context size, try increasing it",
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
        "Please reduce the length of the messages or completion.",
        "input length 5000 exceeds context window 4096",
    ],
)
def test_other_words_for_a_context_that_is_too_long(words: str) -> None:
    said, _ = replay("openai_api_compatible", openai_error(400, words))
    assert said.error is not None
    assert "longer than the model can read" in said.error.hint


def test_a_refused_schema_says_so() -> None:
    words = "Invalid schema for response_format 'llm_response': 'additionalProperties' is required to be false."
    said, _ = replay("openai", openai_error(400, words), schema=SCHEMA)
    assert said.failure == "InvokeBadRequestError"
    assert said.error is not None
    assert "refuses the schema" in said.error.hint


@pytest.mark.parametrize("kind", ALL)
def test_an_empty_answer_is_one_unless_it_was_not_let_to_its_end(kind: str) -> None:
    said, _ = replay(kind, SAYS[kind](""))
    assert (said.text, said.failure) == ("", "")
    assert said.usage.prompt_tokens == 12

    reason = {"anthropic": "max_tokens", "gemini": "MAX_TOKENS"}.get(kind, "length")
    said, _ = replay(kind, SAYS[kind]("", finish=reason))
    assert said.failure == "InvokeError"
    assert said.error is not None
    assert "empty answer" in said.error.message
    assert "raise max_tokens" in said.error.hint
    assert said.usage.prompt_tokens == 12


def test_answers_that_are_held_back() -> None:
    said, _ = replay("gemini", Answer(events=[{"promptFeedback": {"blockReason": "SAFETY"}}]))
    assert said.failure == "InvokeBadRequestError"
    said, _ = replay("gemini", Answer(events=[gemini_chunk(finish="SAFETY")]))
    assert said.failure == "InvokeBadRequestError"
    said, _ = replay("openai", SAYS["openai"]("", finish="content_filter"))
    assert said.error is not None
    assert "held the answer back" in said.error.hint


@pytest.mark.parametrize("kind", ALL)
def test_answers_that_are_not_json(kind: str) -> None:
    said, _ = replay(kind, Answer(events=["{not json"]))
    assert said.failure == "InvokeError"
    assert said.error is not None
    assert "not JSON" in said.error.message

    said, _ = replay(kind, Answer(502, "<html>Bad gateway</html>", headers={"content-type": "text/html"}), retries=0)
    assert said.failure == "InvokeServerUnavailableError"


def test_a_page_instead_of_an_answer() -> None:
    page = Answer(200, "<html>Please log in</html>", headers={"content-type": "text/html"})
    said, _ = replay("openai", page)
    assert said.failure == "InvokeError"


@pytest.mark.parametrize("kind", ALL)
def test_a_server_that_does_not_answer_in_time(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said = ask(provider(kind, f"http://127.0.0.1:{listener.getsockname()[1]}", read_seconds=0.2))
    assert said.failure == "InvokeConnectionError"
    assert said.error is not None
    assert "did not answer within 0.2 seconds" in said.error.message


@pytest.mark.parametrize("kind", ALL)
def test_a_server_that_is_not_there(kind: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    said = ask(provider(kind, url))
    assert said.failure == "InvokeConnectionError"
    assert said.error is not None
    assert "could not be reached" in said.error.message
    assert said.error.hint == "Is the program running?"


def test_a_connection_that_is_dropped_before_the_answer_is_tried_again() -> None:
    from tests.helpers.servers import Reply, serving

    body = '{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}'
    answers = iter([b"", Reply(body.encode(), type="application/json")])
    with serving(lambda _: next(answers)) as server:
        said = ask(provider("openai", server.url))
    assert said.text == "Hi"
    assert len(server.requests) == 2


def test_stopping_ends_the_call_at_once() -> None:
    import asyncio

    from engine.adapters.models.registry import ModelRegistry
    from engine.adapters.models.setup import ModelSetup
    from engine.ports.models import ChatRequest, Message, ModelRef

    release = threading.Event()
    with ModelServer(Answer(events=[openai_chunk({"content": "one"})], hold=release)) as server:

        async def work() -> None:
            registry = ModelRegistry(ModelSetup((provider("openai", server.url),)))
            stream = registry.stream(ChatRequest(ModelRef("openai", "m"), [Message("user", "x")]))
            async for delta in stream:
                assert delta.text == "one"
                break
            await stream.aclose()

        asyncio.run(work())
        gone = server.broken.wait(5)
        release.set()
    assert gone
