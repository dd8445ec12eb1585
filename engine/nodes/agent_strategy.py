"""What both strategies of an agent share: the question, the model, the tools, and the running totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.nodes import llm_call as call
from engine.nodes.agent_log import AgentLog
from engine.nodes.agent_tools import AgentTool
from engine.nodes.base import NodeContext
from engine.nodes.tool_output import ToolOutput
from engine.ports.models import ContentPart, Message, ModelInfo, ModelRef, Usage
from engine.run.variables.files import File


@dataclass
class Work:
    """One run of a strategy. Text goes out through `output`, what happens is told to `log`."""

    ctx: NodeContext
    ref: ModelRef
    info: ModelInfo
    parameters: dict[str, Any]
    stop: list[str]
    instruction: str
    query: str
    tools: list[AgentTool]
    history: list[Message]
    rounds: int
    output: ToolOutput
    log: AgentLog
    images: list[ContentPart] = field(default_factory=list)
    files: Sequence[File] = ()
    usage: Usage = field(default_factory=Usage)
    warnings: list[str] = field(default_factory=list)

    @property
    def by_name(self) -> dict[str, AgentTool]:
        return {tool.name: tool for tool in self.tools}

    def heard(self, answer: call.Answer) -> None:
        """Add the usage of a call, and keep in mind that its answer was cut off."""
        self.spent(answer.usage)
        short = call.cut_off(answer, self.parameters)
        self.warnings += [short] if short else []

    def spent(self, usage: Usage) -> None:
        """Add the usage of a call that failed."""
        self.usage = self.usage.plus(usage)

    def question(self, *, first: bool) -> Message:
        """The user's message; images come with it in the first round only."""
        if self.images and first:
            return Message("user", (*self.images, ContentPart("text", self.query)))
        return Message("user", self.query)

    @property
    def model_label(self) -> str:
        return self.ref.name

    def fitting(self, messages: Sequence[Message]) -> list[Message]:
        """Messages without what the model cannot take."""
        return call.supported(messages, self.info.features)


def limit_text(rounds: int, tool: str) -> str:
    """What a call gets when no more rounds are left."""
    return (
        f"Maximum iteration limit ({rounds}) reached. Cannot call tool '{tool}'."
        " Please consider increasing the iteration limit."
    )
