"""The tables of a workspace (storage spec, section 2) with the indexes that its queries need (section 9)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    desc,
    text,
)

from engine.model.prices import plain_price

SCHEMA_VERSION = 6
APPLICATION_ID = 0x50535443  # "PSTC"
metadata = MetaData()


class Price(TypeDecorator[str]):
    """A price as text; rows of older versions may have it with an exponent, readers get it plain."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """The stored text; a number that a query made of it stays one."""
        del dialect
        return plain_price(value) if isinstance(value, str) else value


def _id() -> Column[str]:
    return Column("id", String(36), primary_key=True)


apps = Table(
    "apps",
    metadata,
    _id(),
    Column("tenant_id", String(36), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("mode", String(32), nullable=False),
    Column("icon_type", String(32)),
    Column("icon", Text),
    Column("icon_background", String(32)),
    Column("use_icon_as_answer_icon", Boolean, nullable=False, server_default="0"),
    Column("workflow_id", String(36)),
    Column("status", String(32), nullable=False, server_default="normal"),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Column("opened_at", String(27)),
    Column("pinned", Boolean, nullable=False, server_default="0"),
    Column("node_count", Integer, nullable=False, server_default="0"),
    Column("original_dsl", String(64)),
    Column("source_path", Text),
    Column("deleted_at", String(27)),
    Index("ix_apps_list", "deleted_at", "updated_at"),
    Index("ix_apps_source", "source_path"),
)

workflows = Table(
    "workflows",
    metadata,
    _id(),
    Column("tenant_id", String(36), nullable=False),
    Column("app_id", String(36), ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
    Column("type", String(32), nullable=False),
    Column("version", String(255), nullable=False),
    Column("marked_name", String(255), nullable=False, server_default=""),
    Column("marked_comment", Text, nullable=False, server_default=""),
    Column("content", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("viewport", Text),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    UniqueConstraint("app_id", "version", name="uq_workflows_version"),
    Index("uq_one_draft", "app_id", unique=True, sqlite_where=text("version = 'draft'")),
    Index("ix_workflows_versions", "app_id", desc("version")),
)

draft_journal = Table(
    "draft_journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("app_id", String(36), ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("op", Text, nullable=False),
    Column("at", String(27), nullable=False),
    Index("ix_journal_app", "app_id", "seq"),
)

draft_backups = Table(
    "draft_backups",
    metadata,
    _id(),
    Column("app_id", String(36), ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
    Column("content", Text, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("created_at", String(27), nullable=False),
    Index("ix_backups_app", "app_id", desc("created_at")),
)

graph_snapshots = Table(
    "graph_snapshots",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("json", Text, nullable=False),
)

workflow_runs = Table(
    "workflow_runs",
    metadata,
    _id(),
    Column("tenant_id", String(36), nullable=False, server_default=""),
    Column("app_id", String(36), nullable=False),
    Column("workflow_id", String(36), nullable=False, server_default=""),
    Column("type", String(32), nullable=False),
    Column("triggered_from", String(32), nullable=False),
    Column("version", String(255), nullable=False),
    Column("graph_sha256", String(64), ForeignKey("graph_snapshots.sha256"), nullable=False),
    Column("features", Text),
    Column("kind", String(16), nullable=False, server_default="full"),
    Column("inputs", Text, nullable=False, server_default="{}"),
    Column("status", String(32), nullable=False),
    Column("outputs", Text, nullable=False, server_default="{}"),
    Column("inputs_truncated", Boolean, nullable=False, server_default="0"),
    Column("outputs_truncated", Boolean, nullable=False, server_default="0"),
    Column("pause_reasons", Text),
    Column("error", Text, nullable=False, server_default=""),
    Column("error_type", String(255), nullable=False, server_default=""),
    Column("error_node_id", String(255), nullable=False, server_default=""),
    Column("elapsed_time", Float, nullable=False, server_default="0"),
    Column("total_tokens", Integer, nullable=False, server_default="0"),
    Column("total_price", Price(40), nullable=False, server_default="0"),
    Column("total_steps", Integer, nullable=False, server_default="0"),
    Column("exceptions_count", Integer, nullable=False, server_default="0"),
    Column("created_by_role", String(32), nullable=False, server_default="account"),
    Column("created_by", String(255), nullable=False, server_default=""),
    Column("conversation_id", String(36)),
    Column("query", Text),
    Column("parent_run_id", String(36)),
    Column("engine_version", String(32), nullable=False, server_default=""),
    Column("heartbeat_at", String(27)),
    Column("owner", String(64)),
    Column("pinned", Boolean, nullable=False, server_default="0"),
    Column("created_at", String(27), nullable=False),
    Column("finished_at", String(27)),
    Column("read_at", String(27)),
    Column("message_id", String(36)),
    Column("env_fingerprint", Text),
    Index("ix_runs_app", "app_id", "triggered_from", desc("created_at"), desc("id")),
    Index("ix_runs_app_all", "app_id", desc("created_at"), desc("id")),
    Index("ix_runs_status", "app_id", "triggered_from", "status", desc("created_at"), desc("id")),
    Index("ix_runs_all", desc("created_at"), desc("id")),
    # Everything that lists of runs sort and filter by: they read this index and no row that is not shown.
    Index(
        "ix_runs_log",
        desc("created_at"),
        desc("id"),
        "app_id",
        "status",
        "triggered_from",
        "version",
        "elapsed_time",
        "total_tokens",
        "total_price",
        "pinned",
        "conversation_id",
    ),
    Index("ix_runs_open", "status", sqlite_where=text("status in ('scheduled', 'running', 'paused')")),
    Index("ix_runs_conversation", "conversation_id", "created_at"),
)

run_events = Table(
    "run_events",
    metadata,
    Column("run_id", String(36), ForeignKey("workflow_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("event", Text, nullable=False),
    sqlite_with_rowid=False,
)

workflow_node_executions = Table(
    "workflow_node_executions",
    metadata,
    _id(),
    Column("tenant_id", String(36), nullable=False, server_default=""),
    Column("app_id", String(36), nullable=False),
    Column("workflow_id", String(36), nullable=False, server_default=""),
    Column("triggered_from", String(32), nullable=False),
    Column("workflow_run_id", String(36), ForeignKey("workflow_runs.id", ondelete="CASCADE")),
    Column("index", Integer, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("frame_id", Text, nullable=False, server_default="root"),
    Column("predecessor_node_id", String(255)),
    Column("node_execution_id", String(36)),
    Column("node_id", String(255), nullable=False),
    Column("node_type", String(255), nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("inputs", Text),
    Column("process_data", Text),
    Column("outputs", Text),
    Column("inputs_truncated", Boolean, nullable=False, server_default="0"),
    Column("process_data_truncated", Boolean, nullable=False, server_default="0"),
    Column("outputs_truncated", Boolean, nullable=False, server_default="0"),
    Column("status", String(32), nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("error_type", String(255), nullable=False, server_default=""),
    Column("elapsed_time", Float, nullable=False, server_default="0"),
    Column("execution_metadata", Text),
    Column("iteration_id", String(255)),
    Column("iteration_index", Integer),
    Column("loop_id", String(255)),
    Column("loop_index", Integer),
    Column("total_tokens", Integer, nullable=False, server_default="0"),
    Column("total_price", Price(40), nullable=False, server_default="0"),
    Column("created_by_role", String(32), nullable=False, server_default="account"),
    Column("created_by", String(255), nullable=False, server_default=""),
    Column("created_at", String(27), nullable=False),
    Column("finished_at", String(27)),
    CheckConstraint("(triggered_from = 'single-step') = (workflow_run_id is null)", name="ck_single_step"),
    Index("ix_nodes_run", "workflow_run_id", "index"),
    Index("ix_nodes_last", "app_id", "node_id", desc("created_at")),
    Index(
        "ix_nodes_rounds",
        "workflow_run_id",
        "iteration_id",
        "iteration_index",
        sqlite_where=text("iteration_id is not null"),
    ),
    Index("uq_nodes_execution", "node_execution_id", unique=True),
)

offloads = Table(
    "workflow_node_execution_offload",
    metadata,
    _id(),
    Column("created_at", String(27), nullable=False),
    Column("node_execution_id", String(36), ForeignKey("workflow_node_executions.id", ondelete="CASCADE")),
    Column("type", String(20), nullable=False),
    Column("file_id", String(64), nullable=False),
    UniqueConstraint("node_execution_id", "type", name="uq_offload_part"),
    Index("ix_offload_file", "file_id"),
)

draft_variables = Table(
    "workflow_draft_variables",
    metadata,
    _id(),
    Column("app_id", String(36), ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
    Column("node_id", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", String(255), nullable=False, server_default=""),
    Column("selector", Text, nullable=False),
    Column("value_type", String(20), nullable=False),
    Column("value", Text, nullable=False),
    Column("visible", Boolean, nullable=False, server_default="1"),
    Column("editable", Boolean, nullable=False, server_default="1"),
    Column("node_execution_id", String(36)),
    Column("file_id", String(64)),
    Column("created_at", String(27), nullable=False),
    Column("last_edited_at", String(27)),
    UniqueConstraint("app_id", "node_id", "name", name="uq_draft_variable"),
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    Column("app_id", String(36), ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False, server_default=""),
    Column("inputs", Text, nullable=False, server_default="{}"),
    Column("dialogue_count", Integer, nullable=False, server_default="0"),
    Column("invoke_from", String(32), nullable=False, server_default="debugger"),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Index("ix_conversations_app", "app_id", desc("updated_at")),
)

conversation_variables = Table(
    "workflow_conversation_variables",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", String(36), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("app_id", String(36), nullable=False),
    Column("data", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Index("ix_conversation_variables", "conversation_id"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    Column("app_id", String(36), ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
    Column("conversation_id", String(36), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("workflow_run_id", String(36)),
    Column("inputs", Text, nullable=False, server_default="{}"),
    Column("query", Text, nullable=False),
    Column("answer", Text, nullable=False, server_default=""),
    Column("status", String(20), nullable=False, server_default="normal"),
    Column("error", Text, nullable=False, server_default=""),
    Column("metadata", Text, nullable=False, server_default="{}"),
    Column("created_at", String(27), nullable=False),
    Index("ix_messages_conversation", "conversation_id", "created_at"),
    Index("ix_messages_run", "conversation_id", "workflow_run_id"),
)

message_annotations = Table(
    "message_annotations",
    metadata,
    _id(),
    Column("app_id", String(36), ForeignKey("apps.id", ondelete="CASCADE"), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("hit_count", Integer, nullable=False, server_default="0"),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Index("ix_annotations_app", "app_id", desc("created_at")),
)

annotation_hits = Table(
    "annotation_hit_histories",
    metadata,
    _id(),
    Column("annotation_id", String(36), ForeignKey("message_annotations.id", ondelete="CASCADE"), nullable=False),
    Column("app_id", String(36), nullable=False),
    Column("conversation_id", String(36)),
    Column("message_id", String(36)),
    Column("query", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("created_at", String(27), nullable=False),
    Index("ix_annotation_hits", "annotation_id", desc("created_at")),
)

pauses = Table(
    "workflow_pauses",
    metadata,
    _id(),
    Column("workflow_id", String(36), nullable=False, server_default=""),
    Column(
        "workflow_run_id", String(36), ForeignKey("workflow_runs.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
    Column("state", Text, nullable=False),
    Column("reasons", Text, nullable=False, server_default="[]"),
    Column("expires_at", String(27)),
    Column("created_at", String(27), nullable=False),
    Column("resumed_at", String(27)),
    Index("ix_pauses_due", "expires_at", sqlite_where=text("resumed_at is null")),
)

human_forms = Table(
    "human_input_forms",
    metadata,
    _id(),
    Column("workflow_run_id", String(36)),
    Column("node_execution_id", String(36)),
    Column("node_id", String(255), nullable=False),
    Column("form_definition", Text, nullable=False),
    Column("rendered_content", Text, nullable=False, server_default=""),
    Column("status", String(20), nullable=False, server_default="waiting"),
    Column("expiration_time", String(27)),
    Column("selected_action_id", String(64)),
    Column("submitted_data", Text),
    Column("submitted_at", String(27)),
    Column("created_at", String(27), nullable=False),
    Index("ix_forms_run", "workflow_run_id", "node_id"),
    Index("ix_forms_due", "status", "expiration_time"),
)

settings = Table(
    "settings", metadata, Column("key", String(255), primary_key=True), Column("value", Text, nullable=False)
)
secrets = Table(
    "secrets", metadata, Column("name", String(255), primary_key=True), Column("value", Text, nullable=False)
)
recent_files = Table(
    "recent_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("app_id", String(36)),
    Column("opened_at", String(27), nullable=False),
)

# What the database itself refuses, whoever asks (storage spec, section 5).
TRIGGERS = (
    """create trigger published_is_fixed before update of content, content_hash, version, app_id on workflows
    when old.version <> 'draft' begin select raise(abort, 'published versions cannot be changed'); end""",
    """create trigger draft_stays before delete on workflows when old.version = 'draft'
    and exists (select 1 from apps where id = old.app_id)
    begin select raise(abort, 'the draft cannot be deleted'); end""",
    """create trigger latest_stays before delete on workflows
    when exists (select 1 from apps where workflow_id = old.id)
    begin select raise(abort, 'the latest version cannot be deleted'); end""",
    """create trigger run_graph_is_fixed before update of graph_sha256 on workflow_runs
    when old.graph_sha256 <> new.graph_sha256 begin select raise(abort, 'the graph of a run cannot be changed'); end""",
    """create trigger run_end_is_final before update of status on workflow_runs
    when old.status in ('succeeded', 'failed', 'partial-succeeded', 'stopped') and new.status <> old.status
    begin select raise(abort, 'the run has ended'); end""",
)
SEARCH = "create virtual table run_search using fts5(run_id unindexed, app_id unindexed, body, tokenize = 'trigram')"
