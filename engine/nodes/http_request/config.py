"""What an http-request node of a file looks like, older forms included (nodes-logic spec 5.1 to 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from engine.nodes.base import NodeConfig

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
FORM_KINDS = ("form-data", "x-www-form-urlencoded")


class ApiKey(NodeConfig):
    """How the key is sent; `header` empty means Authorization."""

    type: Literal["basic", "bearer", "custom"]
    api_key: str = ""
    header: str = ""

    @field_validator("api_key", "header", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return "" if value is None else value


class Authorization(NodeConfig):
    """None of it counts unless the type is `api-key`."""

    type: Literal["no-auth", "api-key"] = "no-auth"
    config: ApiKey | None = None

    @model_validator(mode="before")
    @classmethod
    def _only_with_key(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("type", "no-auth") == "no-auth":
            return {**value, "config": None}
        return value

    @model_validator(mode="after")
    def _needs_key(self) -> Authorization:
        if self.type == "api-key" and self.config is None:
            raise ValueError("An API key needs its settings.")
        return self


class BodyItem(NodeConfig):
    """One piece of the body; `file` is the selector of a file."""

    key: str = ""
    type: Literal["text", "file"] = "text"
    value: str = ""
    file: list[str] = Field(default_factory=list)

    @field_validator("key", "value", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return "" if value is None else str(value) if isinstance(value, int | float) else value

    @field_validator("file", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return [str(v) for v in value] if isinstance(value, list | tuple) else []


class Body(NodeConfig):
    """`data` is a list of items; older files have one text, which stands for the only item or for one pair a line."""

    type: Literal["none", "form-data", "x-www-form-urlencoded", "raw-text", "json", "binary"] = "none"
    data: list[BodyItem] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _older(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or isinstance(value.get("data"), list):
            return value
        text = value.get("data")
        return {**value, "data": legacy_items(str(value.get("type") or "none"), text if isinstance(text, str) else "")}


def legacy_items(kind: str, text: str) -> list[dict[str, Any]]:
    """Items for a body that an older file holds as one text: form kinds split per line at the first colon (5.3)."""
    if not text:
        return []
    if kind not in FORM_KINDS:
        return [{"type": "text", "key": "", "value": text}]
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    return [{"type": "text", "key": key.strip(), "value": value.strip()} for key, _, value in pairs]


class Timeout(NodeConfig):
    """Seconds for each phase; nothing or zero means the workspace's setting."""

    connect: float | None = None
    read: float | None = None
    write: float | None = None


class HttpConfig(NodeConfig):
    method: str = "get"
    url: str = ""
    authorization: Authorization = Field(default_factory=Authorization)
    headers: str = ""
    params: str = ""
    body: Body = Field(default_factory=Body)
    timeout: Timeout = Field(default_factory=Timeout)
    ssl_verify: bool | None = None
    error_strategy: str | None = None
    retry_config: dict[str, Any] = Field(default_factory=dict)

    @field_validator("method")
    @classmethod
    def _method(cls, value: str) -> str:
        if value.lower() not in METHODS or value not in (value.lower(), value.upper()):
            raise ValueError(f"{value!r} is not a method of a request.")
        return value.lower()

    @field_validator("url", "headers", "params", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return "" if value is None else value

    @field_validator("authorization", "body", "timeout", "retry_config", mode="before")
    @classmethod
    def _missing(cls, value: Any) -> Any:
        return {} if value is None else value

    @property
    def expects_success(self) -> bool:
        """Is a status outside of 2xx a failure? Only where somebody takes care of failures (5.8)."""
        cared_for = self.error_strategy in ("fail-branch", "default-value")
        return cared_for or bool(self.retry_config.get("retry_enabled"))
