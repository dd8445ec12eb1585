"""How a built-in tool is declared: a function of one call, with the parameters that files name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.ports.bundle import Ports
from engine.ports.outside import PortError, ToolMessage, ToolParameter

Answer = str | ToolMessage | Sequence[ToolMessage]
"""What a tool gives: a text, a message, or several."""


class ToolFailed(PortError):
    """A tool that cannot do what it is asked; the text is for people and for models."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__("ToolInvokeError", message, **more)


class AccountMissing(PortError):
    """A tool whose provider needs an account, and none is set up."""

    def __init__(self, provider: str) -> None:
        hint = "Add one in the settings under Tools."
        super().__init__("ToolAccountMissing", f"{provider} needs an account, and none is set up.", hint=hint)


@dataclass(frozen=True)
class ToolCall:
    """One call: the values by name (unset ones have their default), the doors that a tool may use, and the fields of
    the account in whose name it asks."""

    values: Mapping[str, Any]
    ports: Ports
    credentials: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A value as text without white space around it; an empty text when it is not set."""
        value = self.values.get(name)
        return "" if value is None else str(value).strip()

    def needed(self, name: str) -> str:
        """The same for a text that must be there. Raises ToolFailed."""
        value = self.text(name)
        if not value:
            raise ToolFailed(f"The parameter {name} is empty.")
        return value

    def account(self, name: str, default: str = "") -> str:
        """A field of the account, or the default when it is not set."""
        return self.credentials.get(name, "").strip() or default

    def integer(self, name: str, default: int = 0) -> int:
        """A value as a whole number. Raises ToolFailed."""
        value = self.values.get(name)
        if value in (None, ""):
            return default
        try:
            return int(float(value))
        except (TypeError, ValueError, OverflowError) as problem:
            raise ToolFailed(f"The parameter {name} must be a number, not {value!r}.") from problem

    def flag(self, name: str) -> bool:
        """A value as yes or no, however it is spelled."""
        value = self.values.get(name)
        if isinstance(value, str):
            return value.strip().lower() in ("true", "yes", "y", "1", "on")
        return bool(value)


Run = Callable[[ToolCall], Awaitable[Answer]]


@dataclass(frozen=True)
class BuiltinTool:
    """One tool."""

    name: str
    label: str
    description: str
    run: Run
    parameters: tuple[ToolParameter, ...] = ()
    output_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class BuiltinProvider:
    """Tools of one kind. `id` is the last part of every spelling that files use (`org/plugin/provider`).
    `credentials` are the fields of an account there; none of them needed = works without one."""

    id: str
    label: str
    description: str
    icon: str
    tools: tuple[BuiltinTool, ...]
    credentials: tuple[ToolParameter, ...] = ()

    @property
    def needs_account(self) -> bool:
        """Does every call need an account?"""
        return any(field.required for field in self.credentials)

    def tool(self, name: str) -> BuiltinTool | None:
        """A tool by its name."""
        return next((t for t in self.tools if t.name == name), None)


def asked(name: str, label: str, description: str = "", kind: str = "string", **more: Any) -> ToolParameter:
    """A parameter of the node, which an agent's model fills."""
    return ToolParameter(name, kind, form="llm", label=label, description=description, **more)


def fixed(name: str, label: str, description: str = "", kind: str = "string", **more: Any) -> ToolParameter:
    """A setting, which only a person fills."""
    return ToolParameter(name, kind, form="form", label=label, description=description, **more)


def secret(name: str, label: str, description: str = "", *, required: bool = True) -> ToolParameter:
    """A field of an account that is never shown."""
    return ToolParameter(name, "secret-input", required, "form", label=label, description=description)


def address(
    default: str, *, name: str = "base_url", label: str = "Address", required: bool = False, description: str = ""
) -> ToolParameter:
    """The field of an account for the address of the service; `default` stands for an empty one."""
    words = description or "Only where the service is reached at another address"
    return ToolParameter(name, "string", required, "form", default or None, words, label)


def said(text: str) -> ToolMessage:
    """A text message."""
    return ToolMessage("text", text)


def data(value: Any) -> ToolMessage:
    """A JSON message."""
    return ToolMessage("json", value)


def variable(name: str, value: Any) -> ToolMessage:
    """A named output."""
    return ToolMessage("variable", value, {"name": name})


def made_file(content: bytes, filename: str, mime_type: str) -> ToolMessage:
    """A file that the tool made."""
    return ToolMessage("blob", content, {"filename": filename, "mime_type": mime_type})
