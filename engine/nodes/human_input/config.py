"""The form that a human-input node defines (nodes-logic spec 12.1 to 12.4)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from engine.model.human_input import MAX_ACTION_ID, MAX_ACTION_TITLE, is_action_id
from engine.nodes.base import NodeConfig

TIMEOUT_HANDLE = "__timeout"
FILE_TYPES = ("image", "document", "audio", "video", "custom")


class FieldDefault(NodeConfig):
    """What a paragraph starts with: a constant or a variable; both are kept when the kind is switched."""

    type: Literal["constant", "variable"] = "constant"
    selector: list[str] = Field(default_factory=list)
    value: str = ""

    @field_validator("selector", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return [] if value is None else value

    @model_validator(mode="after")
    def _has_a_variable(self) -> FieldDefault:
        if self.type == "variable" and len(self.selector) < 2:
            raise ValueError("a variable default needs a selector of two parts")
        return self


class OptionSource(NodeConfig):
    """What may be chosen: a list of texts, or a variable that holds one."""

    type: Literal["constant", "variable"] = "constant"
    selector: list[str] = Field(default_factory=list)
    value: list[str] = Field(default_factory=list)


class Paragraph(NodeConfig):
    """A text."""

    type: Literal["paragraph"]
    output_variable_name: str
    default: FieldDefault | None = None


class Select(NodeConfig):
    """One of several texts."""

    type: Literal["select"]
    output_variable_name: str
    option_source: OptionSource


class FileField(NodeConfig):
    """One file."""

    type: Literal["file"]
    output_variable_name: str
    allowed_file_types: list[str] = Field(default_factory=list)
    allowed_file_extensions: list[str] = Field(default_factory=list)
    allowed_file_upload_methods: list[Literal["local_file", "remote_url"]] = Field(default_factory=list)


class FileListField(NodeConfig):
    """Several files, at most `number_limits` when that is above 0."""

    type: Literal["file-list"]
    output_variable_name: str
    allowed_file_types: list[str] = Field(default_factory=list)
    allowed_file_extensions: list[str] = Field(default_factory=list)
    allowed_file_upload_methods: list[Literal["local_file", "remote_url"]] = Field(default_factory=list)
    number_limits: int = 0


FormField = Annotated[Paragraph | Select | FileField | FileListField, Field(discriminator="type")]


class UserAction(NodeConfig):
    """A button; its id is the handle that the run leaves by."""

    id: str
    title: str = ""
    button_style: Literal["primary", "default", "accent", "ghost"] = "default"

    @model_validator(mode="after")
    def _fits(self) -> UserAction:
        if not is_action_id(self.id):
            raise ValueError(f"{self.id!r} is no action id: a letter or _ first, {MAX_ACTION_ID} characters at most")
        if len(self.title) > MAX_ACTION_TITLE:
            raise ValueError(f"the title of action {self.id} is longer than {MAX_ACTION_TITLE} characters")
        return self


class HumanInputConfig(NodeConfig):
    """Delivery methods are read by those who deliver, and otherwise kept as they came."""

    delivery_methods: list[dict[str, Any]] = Field(default_factory=list)
    form_content: str = ""
    inputs: list[FormField] = Field(default_factory=list)
    user_actions: list[UserAction] = Field(default_factory=list)
    timeout: int = 36
    timeout_unit: Literal["hour", "day"] = "hour"

    @field_validator("delivery_methods", "inputs", "user_actions", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return [] if value is None else value

    @field_validator("form_content", mode="before")
    @classmethod
    def _no_null_text(cls, value: Any) -> Any:
        return "" if value is None else value

    @model_validator(mode="after")
    def _each_once(self) -> HumanInputConfig:
        for what, names in (
            ("field", [field.output_variable_name for field in self.inputs]),
            ("action", [action.id for action in self.user_actions]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {what}s are named {twice[0]!r}")
        return self

    @property
    def timeout_seconds(self) -> int:
        """How long the node waits."""
        return self.timeout * (3600 if self.timeout_unit == "hour" else 86400)


def recipients(method: dict[str, Any]) -> dict[str, Any]:
    """The recipients of an e-mail in one spelling: `everybody`, `members` (ids) and `addresses`."""
    config = method.get("config")
    given = config.get("recipients") if isinstance(config, dict) else None
    given = given if isinstance(given, dict) else {}
    items = [item for item in given.get("items") or [] if isinstance(item, dict)]
    return {
        "everybody": bool(given.get("whole_workspace", given.get("include_bound_group", False))),
        "members": [str(i.get("user_id") or i.get("reference_id") or "") for i in items if i.get("type") == "member"],
        "addresses": [str(item.get("email") or "") for item in items if item.get("type") == "external"],
    }
