"""App features in a chat run (nodes-ai spec, section 15): moderation, annotations, citations, follow-ups, uploads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.model.features import effective, opening_statement
from engine.model.workflow import Workflow
from engine.ports.bundle import Ports
from engine.ports.models import ModelError, ModelRef
from engine.run.fold import fold
from engine.services.chat.annotations import AnnotationSettings, normal
from engine.services.chat.citations import merged
from engine.services.chat.followups import parse
from engine.services.chat.moderation import ModerationUnavailable
from engine.services.context import Services
from engine.services.runs import StartRun
from tests.helpers.model import made, node
from tests.helpers.models import MODEL, Answer, ModelServer, ScriptedModel


def blocked(*words: str, inputs: str = "", outputs: str = "", kind: str = "keywords", **config: Any) -> dict[str, Any]:
    """The moderation block of an app."""
    sides = {
        "inputs_config": {"enabled": bool(inputs), "preset_response": inputs},
        "outputs_config": {"enabled": bool(outputs), "preset_response": outputs},
    }
    return {
        "sensitive_word_avoidance": {
            "enabled": True, "type": kind, "config": {"keywords": "\n".join(words), **sides, **config},
        }
    }  # fmt: skip


def chat(features: Mapping[str, Any] | None = None, answer: str = "{{#2.text#}}", **llm: Any) -> Workflow:
    """start -> llm -> answer."""
    data = {"prompt_template": [{"id": "m", "role": "user", "text": "{{#sys.query#}}"}], "model": MODEL, **llm}
    return made(
        [
            node(
                "1", "start", variables=[{"variable": "who", "type": "text-input", "label": "Who", "required": False}]
            ),
            node("2", "llm", context={"enabled": False, "variable_selector": []}, vision={"enabled": False}, **data)
            if not llm.get("context")
            else node("2", "llm", vision={"enabled": False}, **data),
            node("3", "answer", answer=answer, variables=[]),
        ],
        [("1", "2"), ("2", "3")],
        mode="advanced-chat",
        features=features or {},
    )


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path)
    yield opened
    opened.close()


class Talk:
    """Says things to a chat flow with a scripted model; what came of it is kept here."""

    def __init__(self, services: Services, workflow: Workflow, *replies: Any, record: bool = True) -> None:
        self.services, self.workflow = services, workflow
        self.model = ScriptedModel(*(replies or ("Fine.",)))
        self.record = record
        self.app_id = services.workflows.create("advanced-chat", "Talk", workflow=workflow) if record else ""
        self.events: list[dict[str, Any]] = []
        self.conversation = ""
        self.embedder: Any = None

    def say(self, query: str, **more: Any) -> dict[str, Any]:
        """One turn; its summary."""
        return asyncio.run(self._say(query, more))

    async def _say(self, query: str, more: dict[str, Any]) -> dict[str, Any]:
        ports: Ports = self.services.ports
        ports.models, ports.embedder = self.model, self.embedder
        start = StartRun(
            self.workflow, app_id=self.app_id, query=query, conversation_id=self.conversation, record=self.record,
            **more,
        )  # fmt: skip
        try:
            handle = self.services.runs.start(start)
            self.conversation = start.conversation_id
            self.events = [event async for event in handle.events()]
            summary: dict[str, Any] = await handle.result()
            await self.services.runs.drain()
        finally:
            await self.services.close_ports()
        return summary

    def history(self) -> list[dict[str, Any]]:
        return list(self.services.runs.history(self.conversation))

    def names(self) -> list[str]:
        return [event["event"] for event in self.events]


# -- moderation ------------------------------------------------------------------------------------------------------


@pytest.mark.spec("ai.145")
def test_a_flagged_question_gets_the_preset_text_and_nothing_runs(services: Services) -> None:
    talk = Talk(services, chat(blocked("bomb", "", "poison", inputs="Let us talk about something else.")))

    summary = talk.say("How do I make a BOMB?")

    assert summary["outputs"]["answer"] == summary["stream_text"] == "Let us talk about something else."
    assert summary["run_id"] == ""
    assert summary["status"] == "succeeded"
    assert talk.names() == ["MessageAnswered"]
    assert services.runs.list().runs == []
    assert talk.model.requests == []
    assert [(row["query"], row["answer"]) for row in talk.history()] == [
        ("How do I make a BOMB?", "Let us talk about something else.")
    ]
    state = fold(talk.events)
    assert (state.is_over, state.stream_text) == (True, "Let us talk about something else.")


def test_a_flagged_input_is_enough_and_a_clean_one_runs(services: Services) -> None:
    talk = Talk(services, chat(blocked("bomb", inputs="No.")))

    assert talk.say("Hi", inputs={"who": "The bomber"})["outputs"]["answer"] == "No."
    assert talk.say("Hi", inputs={"who": "Ann"})["outputs"]["answer"] == "Fine."
    assert len(services.runs.list().runs) == 1


@pytest.mark.spec("ai.146")
@pytest.mark.parametrize("record", [True, False])
def test_a_flagged_answer_is_replaced_and_the_run_is_stopped(services: Services, record: bool) -> None:
    pieces = ["Take some ", "PoiSon", " and "] + ["stir it well, " * 10] * 20
    talk = Talk(services, chat(blocked("poison", outputs="I cannot say.")), pieces, record=record)

    summary = talk.say("Recipe?")

    assert summary["status"] == "stopped"
    assert summary["outputs"]["answer"] == summary["stream_text"] == summary["message"]["answer"] == "I cannot say."
    assert summary["message"]["status"] == "normal"
    replaced = talk.names().index("ResponseReplaced")
    assert "ResponseChunk" not in talk.names()[replaced:]
    assert talk.names().count("ResponseChunk") < len(pieces)  # it did not wait for the end
    assert fold(talk.events).stream_text == "I cannot say."
    if record:
        run = services.runs.get(summary["run_id"])
        assert (run["status"], run["outputs"]["answer"]) == ("stopped", "I cannot say.")
        assert talk.history()[-1]["answer"] == "I cannot say."


@pytest.mark.spec("ai.146")
def test_a_short_answer_is_looked_at_before_the_run_ends(services: Services) -> None:
    talk = Talk(services, chat(blocked("poison", outputs="I cannot say.")), "Poison.")

    summary = talk.say("What is it?")

    assert (summary["status"], summary["outputs"]["answer"]) == ("stopped", "I cannot say.")
    assert talk.names()[-2:] == ["ResponseReplaced", "GraphRunAborted"]


def test_the_older_shape_means_switched_off(services: Services) -> None:
    features = {"sensitive_word_avoidance": {"configs": [], "enabled": False, "type": ""}}
    assert Talk(services, chat(features)).say("bomb")["outputs"]["answer"] == "Fine."
    assert effective({"sensitive_word_avoidance": {"enabled": True}})["sensitive_word_avoidance"]["enabled"]
    assert services.chat.moderator({"sensitive_word_avoidance": {"enabled": True}}, "") is None


@pytest.mark.spec("ai.152")
def test_a_workflow_app_runs_unmoderated(services: Services) -> None:
    flow = made(
        [
            node("1", "start", variables=[{"variable": "t", "type": "paragraph", "label": "T", "required": True}]),
            node("2", "end", outputs=[{"variable": "r", "value_selector": ["1", "t"]}]),
        ],
        [("1", "2")],
        features=blocked("bomb", inputs="No.", outputs="No."),
    )

    async def run() -> dict[str, Any]:
        handle = services.runs.start(StartRun(flow, inputs={"t": "a bomb"}, record=False))
        summary = await handle.result()
        await services.close_ports()
        return summary

    summary = asyncio.run(run())
    assert (summary["status"], summary["outputs"]) == ("succeeded", {"r": "a bomb"})


def test_a_kind_that_is_not_set_up_is_said_and_nothing_goes_through(services: Services) -> None:
    for kind in ("openai_moderation", "api", "oracle"):
        talk = Talk(services, chat(blocked(kind=kind, inputs="No.", api_based_extension_id="x")))
        with pytest.raises(ModerationUnavailable):
            talk.say("Hi")
        assert talk.model.requests == []


def test_openai_moderates_through_its_endpoint(services: Services) -> None:
    def verdict(flagged: bool) -> Answer:
        return Answer(200, {"results": [{"flagged": flagged}]})

    with ModelServer(verdict(False), verdict(True), verdict(True)) as server:
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        services.models.save_provider("openai", base_url=server.url, api_key="sk-secret")
        talk = Talk(services, chat(blocked(kind="openai_moderation", inputs="No.", outputs="Not that.")))
        assert talk.say("Hi")["outputs"]["answer"] == "Not that."
        assert talk.say("Hi again")["outputs"]["answer"] == "No."
    assert [s.path.rsplit("/", 1)[-1] for s in server.seen] == ["moderations"] * 3
    assert server.seen[0].body["input"] == "Hi"


def test_an_api_extension_may_change_what_is_said(services: Services) -> None:
    changed = {"flagged": True, "action": "overridden", "inputs": {"who": "***"}, "query": "Hello ***"}
    with ModelServer(Answer(200, changed), Answer(200, {"flagged": False})) as server:
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        services.chat.set_extension("x", server.url, "key")
        talk = Talk(services, chat(blocked(kind="api", inputs="No.", outputs="No.", api_based_extension_id="x")))
        summary = talk.say("Hello idiot", inputs={"who": "idiot"})
    assert summary["outputs"]["answer"] == "Fine."
    assert talk.model.messages[-1].text == "Hello ***"
    assert server.seen[0].body["point"] == "app.moderation.input"
    assert server.seen[1].body["params"]["text"] == "Fine."


# -- annotations -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("ai.147")
def test_an_annotation_answers_without_a_run_and_the_hit_is_logged(services: Services) -> None:
    talk = Talk(services, chat())
    annotation = services.annotations.put(talk.app_id, "When are you open?", "From nine to five.")
    assert talk.say("When are you open?")["outputs"]["answer"] == "Fine."  # not switched on yet
    services.annotations.set_settings(talk.app_id, AnnotationSettings(enabled=True))

    summary = talk.say("  when are you OPEN ")

    assert summary["outputs"]["answer"] == "From nine to five."
    assert summary["run_id"] == ""
    assert summary["message"]["metadata"]["annotation_reply"] == {"id": annotation, "score": 1.0}
    assert len(services.runs.list().runs) == 1
    hit = services.annotations.hits(annotation)[0]
    assert (hit["query"], hit["conversation_id"], hit["message_id"]) == (
        "  when are you OPEN ", talk.conversation, summary["message"]["id"],
    )  # fmt: skip
    assert services.annotations.all(talk.app_id)[0]["hit_count"] == 1
    assert talk.say("When are you closed?")["outputs"]["answer"] == "Fine."


class Letters:
    """An embedder that counts letters."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, ref: ModelRef, texts: Any) -> list[list[float]]:
        self.texts.extend(texts)
        return [[float(text.lower().count(c)) for c in "abcdefghijklmnopqrstuvwxyz"] for text in texts]


def test_with_an_embedding_model_near_is_near_enough(services: Services) -> None:
    talk = Talk(services, chat())
    talk.embedder = Letters()
    services.annotations.put(talk.app_id, "Where is the shop?", "In the main street.")
    services.annotations.put(talk.app_id, "Zzz", "Sleep.")
    settings = AnnotationSettings(enabled=True, threshold=0.9, embedding=ModelRef("e", "m", "embedding"))
    services.annotations.set_settings(talk.app_id, settings)

    assert talk.say("where is that shop")["outputs"]["answer"] == "In the main street."
    assert talk.say("Who are you?")["outputs"]["answer"] == "Fine."
    assert talk.embedder.texts.count("Zzz") == 1  # asked for once
    assert services.annotations.settings(talk.app_id) == settings


def test_annotations_are_checked_changed_and_deleted(services: Services) -> None:
    app_id = services.workflows.create("advanced-chat", "Talk", workflow=chat())
    with pytest.raises(UserError):
        services.annotations.put(app_id, " ", "answer")
    first = services.annotations.put(app_id, "Q", "A")
    services.annotations.put(app_id, "Q", "B", first)
    assert [row["answer"] for row in services.annotations.all(app_id)] == ["B"]
    services.annotations.remove(first)
    with pytest.raises(UserError):
        services.annotations.put(app_id, "Q", "C", first)
    with pytest.raises(UserError):
        services.annotations.set_settings(app_id, AnnotationSettings(enabled=True, threshold=2))
    assert normal("Ｗhat’s  UP?!") == normal("what s up")
    assert normal("？") != normal("!")


# -- citations -------------------------------------------------------------------------------------------------------


def cited(features: Mapping[str, Any]) -> Workflow:
    """A flow whose model gets three passages, two of them of one document."""
    outputs = {"result": {"type": "array[object]", "children": None}}
    code = (
        "def main():\n"
        "    def hit(d, p):\n"
        "        return {'content': 'c', 'title': d, 'metadata': {'_source': 'knowledge', 'dataset_id': 'k',\n"
        "                'document_id': d, 'document_name': d, 'position': p}}\n"
        "    return {'result': [hit('a', 4), hit('a', 5), hit('b', 6)]}\n"
    )
    llm = {"prompt_template": [{"id": "m", "role": "user", "text": "{{#context#}}"}], "model": MODEL}
    return made(
        [
            node("1", "start", variables=[]),
            node("c", "code", code=code, code_language="python3", variables=[], outputs=outputs),
            node(
                "2",
                "llm",
                context={"enabled": True, "variable_selector": ["c", "result"]},
                vision={"enabled": False},
                **llm,
            ),
            node("3", "answer", answer="{{#2.text#}}", variables=[]),
        ],
        [("1", "c"), ("c", "2"), ("2", "3")],
        mode="advanced-chat",
        features=features,
    )


@pytest.mark.spec("ai.148")
def test_citations_are_in_the_message_only_when_they_are_on(services: Services) -> None:
    talk = Talk(services, cited({"retriever_resource": {"enabled": True}}))
    found = talk.say("?")["message"]["metadata"]["retriever_resources"]
    assert [(r["document_id"], r["position"]) for r in found] == [("a", 1), ("b", 2)]
    assert talk.history()[-1]["metadata"]["retriever_resources"] == found

    talk = Talk(services, cited({"retriever_resource": {"enabled": False}}))
    summary = talk.say("?")
    assert "NodeRunRetrieverResource" in talk.names()
    assert "retriever_resources" not in summary["message"]["metadata"]
    assert merged([]) == []


# -- follow-up questions -----------------------------------------------------------------------------------------------


@pytest.mark.spec("ai.149")
def test_follow_up_questions_are_a_json_array_or_nothing(services: Services) -> None:
    features = {"suggested_questions_after_answer": {"enabled": True, "prompt": "Ask like a child."}}
    talk = Talk(services, chat(features), "The sky is blue.")
    talk.say("What colour is the sky?")

    async def ask(reply: Any, block: Mapping[str, Any] = features) -> list[str]:
        model = ScriptedModel(reply)
        services.ports.models = model
        found = await services.chat.suggested_questions(block, talk.conversation)
        await services.close_ports()
        talk.model = model
        return found

    assert asyncio.run(ask('<think>[hm]</think>```json\n["Why?", " How? ", "", 3]\n```')) == ["Why?", "How?"]
    asked = talk.model.messages[-1].text
    assert "Human: What colour is the sky?\nAssistant: The sky is blue." in asked
    assert "Ask like a child." in asked
    assert talk.model.requests[0].parameters == {"max_tokens": 2560, "temperature": 0}
    assert asyncio.run(ask("I would rather not.")) == []
    assert asyncio.run(ask('{"questions": 1}')) == []
    assert asyncio.run(ask(ModelError("InvokeServerUnavailableError", "down"))) == []
    assert asyncio.run(ask('["Why?"]', {})) == []
    own = {"provider": "p", "name": "m", "completion_params": {"temperature": 1}}
    block = {"suggested_questions_after_answer": {"enabled": True, "model": own}}
    assert asyncio.run(ask('["Why?"]', block)) == ["Why?"]
    assert (talk.model.requests[0].model.name, talk.model.requests[0].parameters) == ("m", {"temperature": 1})
    assert parse("[1, [2]]") == []


# -- opener, uploads, conversations ------------------------------------------------------------------------------------


@pytest.mark.spec("ai.150")
def test_the_opening_statement_shows_the_inputs_and_is_no_turn(services: Services) -> None:
    features = {"opening_statement": "Hello {{who}}, {{ who }}! {{other}} {{#sys.query#}}"}
    assert opening_statement(features, {"who": "Ann"}) == "Hello Ann, Ann! {{other}} {{#sys.query#}}"
    assert opening_statement(features, {"who": ""}).startswith("Hello {{who}}")
    memory = {"window": {"enabled": False, "size": 10}, "query_prompt_template": "{{#sys.query#}}"}
    talk = Talk(services, chat(features, memory=memory))
    talk.say("One", inputs={"who": "Ann"})
    talk.say("Two", inputs={"who": "Ann"})
    assert "Hello" not in "".join(m.text for m in talk.model.messages)
    assert [row["query"] for row in talk.history()] == ["One", "Two"]


FILE = {"transfer_method": "remote_url", "url": "https://example.org/cat.png", "type": "image"}


@pytest.mark.spec("ai.151")
def test_the_older_image_block_lets_images_in_within_its_limits(services: Services) -> None:
    image = {"enabled": True, "number_limits": 2, "transfer_methods": ["remote_url"]}
    talk = Talk(services, chat({"file_upload": {"image": image}}, answer="{{#sys.files#}}"))

    assert "cat.png" in talk.say("?", files=[FILE, FILE])["outputs"]["answer"]
    with pytest.raises(UserError, match="at most 2"):
        talk.say("?", files=[FILE] * 3)
    with pytest.raises(UserError, match=r"paper\.pdf"):
        talk.say(
            "?", files=[{"transfer_method": "remote_url", "url": "https://example.org/paper.pdf", "type": "document"}]
        )
    with pytest.raises(UserError, match="failed for file"):
        talk.say(
            "?",
            files=[{"transfer_method": "local_file", "upload_file_id": "f", "filename": "cat.png", "type": "image"}],
        )
    off = Talk(services, chat({"file_upload": {"enabled": False}}, answer="files: {{#sys.files#}}"))
    assert off.say("?", files=[FILE])["outputs"]["answer"] == "files: "


def test_an_answer_asked_for_once_more_follows_what_the_first_followed(services: Services) -> None:
    memory = {"window": {"enabled": False, "size": 10}, "query_prompt_template": "{{#sys.query#}}"}
    talk = Talk(services, chat(memory=memory), "first", "second", "third", "fourth")
    talk.say("One")
    one = talk.history()[-1]["id"]
    talk.say("Two")
    talk.say("Two", parent_message_id=one)
    assert "second" not in [m.text for m in talk.model.messages]
    assert "first" in [m.text for m in talk.model.messages]
    talk.say("Three")
    assert [m.text for m in talk.model.messages][1:5] == ["One", "first", "Two", "third"]


def test_a_conversation_keeps_the_name_of_its_first_words(services: Services) -> None:
    talk = Talk(services, chat())
    talk.say("Tell me\nabout rivers")
    talk.say("And lakes")
    assert [row["name"] for row in services.runs.conversations(talk.app_id)] == ["Tell me about rivers"]


def test_a_turn_can_be_stopped_while_what_was_said_is_looked_at(services: Services) -> None:
    with ModelServer(Answer(200, {"results": []})) as server:
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        services.models.save_provider("openai", base_url=server.url, api_key="sk-secret")
        talk = Talk(services, chat(blocked(kind="openai_moderation", inputs="No.")))

        async def run() -> dict[str, Any]:
            services.ports.models = talk.model
            handle = services.runs.start(StartRun(talk.workflow, app_id=talk.app_id, query="Hi"))
            handle.send({"command": "abort", "reason": "enough"})
            summary = await handle.result()
            await services.runs.drain()
            await services.close_ports()
            return summary

        summary = asyncio.run(run())
    assert (summary["status"], summary["error"]) == ("stopped", "Aborted: enough")
    assert talk.model.requests == []
