"""A whole workflow: app, graph, features, variables, and all else that its DSL file says (dsl spec, section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.model.graph import Graph

VariableKind = Literal["environment", "conversation"]
GRAPH_MODES = frozenset({"workflow", "advanced-chat", "rag_pipeline"})
_APP_KEYS = (
    "name",
    "mode",
    "icon",
    "icon_type",
    "icon_background",
    "description",
    "use_icon_as_answer_icon",
)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment or conversation variable. `selector` None = the file had none."""

    id: str
    name: str
    value_type: str = "string"
    value: Any = ""
    description: str = ""
    selector: tuple[str, ...] | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_secret(self) -> bool:
        return self.value_type == "secret"

    def to_config(self) -> dict[str, Any]:
        """The variable as the file holds it."""
        config: dict[str, Any] = dict(self.extras)
        config.update(
            id=self.id, name=self.name, value_type=self.value_type, value=self.value, description=self.description
        )
        if self.selector is not None:
            config["selector"] = list(self.selector)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Variable:
        """The inverse of `to_config`; `id` and `name` must be there."""
        known = {"id", "name", "value_type", "value", "description", "selector"}
        selector = config.get("selector")
        return cls(
            id=str(config["id"]),
            name=str(config["name"]),
            value_type=str(config.get("value_type") or "string"),
            value=config.get("value", ""),
            description=str(config.get("description") or ""),
            selector=tuple(map(str, selector)) if isinstance(selector, list | tuple) else None,
            extras={k: v for k, v in config.items() if k not in known},
        )


@dataclass(frozen=True, slots=True)
class AppInfo:
    """Who the app is. A value of None means that the file has no such key, which an export then leaves out too."""

    name: str = ""
    mode: str = "workflow"
    icon: str | None = None
    icon_type: str | None = None
    icon_background: str | None = None
    description: str | None = None
    use_icon_as_answer_icon: bool | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    def to_config(self) -> dict[str, Any]:
        """The `app` block."""
        config: dict[str, Any] = dict(self.extras)
        for key in _APP_KEYS:
            value = getattr(self, key)
            if value is not None:
                config[key] = value
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> AppInfo:
        """The inverse of `to_config`; keys that are null are kept in `extras` as null."""
        known = {k: config[k] for k in _APP_KEYS if config.get(k) is not None}
        for key in ("name", "mode", "icon", "icon_type", "icon_background", "description"):
            if key in known:
                known[key] = str(known[key])
        return cls(**known, extras={k: v for k, v in config.items() if k not in known})


@dataclass(frozen=True)
class Workflow:
    """Everything that can be edited of one app. Immutable; edits make a new one.

    `payload` holds top-level blocks that have no graph (`model_config`, `agent`, `agent_packages`, `rag_pipeline`, ...)
    and unknown top-level keys, verbatim. `extras` holds unknown keys of the `workflow` block, `graph_extras` those of
    its `graph`. `present` names the optional keys of the `workflow` block that the file had, so that an untouched
    document exports without new ones.
    """

    app: AppInfo = field(default_factory=AppInfo)
    graph: Graph = field(default_factory=Graph)
    features: Mapping[str, Any] = field(default_factory=dict)
    environment_variables: tuple[Variable, ...] = ()
    conversation_variables: tuple[Variable, ...] = ()
    rag_pipeline_variables: tuple[Mapping[str, Any], ...] = ()
    kind: str = "app"
    dsl_version: str = "0.6.0"
    dependencies: tuple[Any, ...] | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    graph_extras: Mapping[str, Any] = field(default_factory=dict)
    viewport_extras: Mapping[str, Any] = field(default_factory=dict)
    present: frozenset[str] | None = None

    @property
    def mode(self) -> str:
        """`workflow`, `advanced-chat`, `chat`, `agent-chat`, `completion`, `agent` or `rag_pipeline`."""
        return "rag_pipeline" if self.kind == "rag_pipeline" else self.app.mode

    @property
    def has_graph(self) -> bool:
        """Whether this mode is edited as a graph."""
        return self.mode in GRAPH_MODES

    @property
    def model_config(self) -> Mapping[str, Any]:
        """The settings block of chat, agent-chat and completion apps."""
        value = self.payload.get("model_config")
        return value if isinstance(value, Mapping) else {}

    @property
    def secret_names(self) -> list[str]:
        """Names of secret environment variables that hold a value; an export asks about these."""
        return [v.name for v in self.environment_variables if v.is_secret and v.value]

    def with_graph(self, graph: Graph) -> Workflow:
        """The same workflow with another graph."""
        return replace(self, graph=graph)

    def to_json(self) -> dict[str, Any]:
        """A lossless JSON mapping, for the store and the journal. Secret values are included in clear."""
        return {
            "app": self.app.to_config(),
            "graph": self.graph.to_config(),
            "features": dict(self.features),
            "environment_variables": [v.to_config() for v in self.environment_variables],
            "conversation_variables": [v.to_config() for v in self.conversation_variables],
            "rag_pipeline_variables": [dict(v) for v in self.rag_pipeline_variables],
            "kind": self.kind,
            "dsl_version": self.dsl_version,
            "dependencies": None if self.dependencies is None else list(self.dependencies),
            "payload": dict(self.payload),
            "extras": dict(self.extras),
            "graph_extras": dict(self.graph_extras),
            "viewport_extras": dict(self.viewport_extras),
            "present": None if self.present is None else sorted(self.present),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Workflow:
        """The inverse of `to_json`."""
        dependencies, present = data.get("dependencies"), data.get("present")
        return cls(
            app=AppInfo.from_config(data["app"]),
            graph=Graph.from_config(data["graph"]),
            features=data["features"],
            environment_variables=tuple(Variable.from_config(v) for v in data["environment_variables"]),
            conversation_variables=tuple(Variable.from_config(v) for v in data["conversation_variables"]),
            rag_pipeline_variables=tuple(data["rag_pipeline_variables"]),
            kind=data["kind"],
            dsl_version=data["dsl_version"],
            dependencies=None if dependencies is None else tuple(dependencies),
            payload=data.get("payload", {}),
            extras=data.get("extras", {}),
            graph_extras=data.get("graph_extras", {}),
            viewport_extras=data.get("viewport_extras", {}),
            present=None if present is None else frozenset(present),
        )
