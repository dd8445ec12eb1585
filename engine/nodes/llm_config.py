"""Settings that the nodes which ask models share: model, vision, memory, prompt messages (nodes-ai spec 1.2-1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from engine.nodes.base import NodeConfig

SYS_FILES = ("sys", "files")


class AiProblem(ValueError):
    """A failure with the short name that records and fail branches show."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def selector_of(value: Any) -> tuple[str, ...]:
    """A selector from what files hold: a list of texts, or nothing."""
    return tuple(str(part) for part in value) if isinstance(value, list | tuple) else ()


def text_of(value: Any) -> str:
    """A text from what files hold; null is empty."""
    return "" if value is None else str(value)


class ModelConfig(NodeConfig):
    """Which model, and its parameters as the file spells them."""

    provider: str = ""
    name: str = ""
    mode: str = "chat"
    completion_params: dict[str, Any] = Field(default_factory=dict)

    @field_validator("provider", "name", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)

    @field_validator("mode", mode="before")
    @classmethod
    def _mode(cls, value: Any) -> str:
        return text_of(value) or "chat"

    @field_validator("completion_params", mode="before")
    @classmethod
    def _params(cls, value: Any) -> Any:
        return dict(value) if isinstance(value, Mapping) else {}


class VisionConfig(NodeConfig):
    """Which files to send with the messages."""

    enabled: bool = False
    selector: tuple[str, ...] = SYS_FILES
    detail: Literal["high", "low"] = "high"

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        data = value if isinstance(value, Mapping) else {}
        configs = data.get("configs") if isinstance(data.get("configs"), Mapping) else None
        selector: tuple[str, ...] = SYS_FILES
        if configs is not None and "variable_selector" in configs and configs["variable_selector"] is not None:
            # An empty list is "not set" and gives no files; a missing one means the files of the message.
            selector = selector_of(configs["variable_selector"])
        detail = configs.get("detail") if configs is not None else None
        return {
            "enabled": bool(data.get("enabled")),
            "selector": selector,
            "detail": detail if detail in ("high", "low") else "high",
        }


class RolePrefix(NodeConfig):
    """How history is written for models that take one text."""

    user: str = "Human"
    assistant: str = "Assistant"

    @field_validator("user", "assistant", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)


class MemoryConfig(NodeConfig):
    """How much of the conversation the model sees, and the message that asks."""

    window_enabled: bool = False
    window_size: int | None = None
    role_prefix: RolePrefix | None = None
    query_prompt_template: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        data = value if isinstance(value, Mapping) else {}
        stored = data.get("window")
        window: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
        try:
            size = int(window["size"]) if window.get("size") not in (None, "") else None
        except (TypeError, ValueError):
            size = None
        prefix = data.get("role_prefix")
        template = data.get("query_prompt_template")
        return {
            "window_enabled": bool(window.get("enabled")),
            "window_size": size,
            "role_prefix": prefix if isinstance(prefix, Mapping) and any(prefix.values()) else None,
            "query_prompt_template": None if template is None else str(template),
        }


class PromptMessage(NodeConfig):
    """One message of a prompt, or the one text of a completion prompt (its role does not count)."""

    role: str = "user"
    text: str = ""
    edition_type: str = "basic"
    jinja2_text: str | None = None

    @field_validator("text", "role", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)

    @field_validator("edition_type", mode="before")
    @classmethod
    def _edition(cls, value: Any) -> str:
        return text_of(value) or "basic"

    @field_validator("jinja2_text", mode="before")
    @classmethod
    def _jinja_text(cls, value: Any) -> Any:
        return None if value is None else str(value)

    @property
    def is_jinja(self) -> bool:
        return self.edition_type == "jinja2"

    @property
    def source(self) -> str:
        """The text that is rendered."""
        return (self.jinja2_text or "") if self.is_jinja else self.text
