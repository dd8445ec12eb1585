"""The inspector's forms: one class per node type, built from a few shared fields. A form edits one node through the
session and knows nothing of the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from editor.panels.forms.common import Form

FORMS: dict[str, str] = {
    "start": "entry:StartForm",
    "start-placeholder": "beginnings:PlaceholderForm",
    "end": "entry:EndForm",
    "answer": "entry:AnswerForm",
    "if-else": "logic:IfElseForm",
    "template-transform": "logic:TemplateForm",
    "variable-aggregator": "aggregator:AggregatorForm",
    "variable-assigner": "aggregator:AggregatorForm",
    "assigner": "logic:AssignerForm",
    "list-operator": "logic:ListOperatorForm",
    "document-extractor": "logic:DocumentForm",
    "iteration": "logic:IterationForm",
    "loop": "logic:LoopForm",
    "code": "code_form:CodeForm",
    "http-request": "http_form:HttpForm",
    "llm": "ai_forms:LlmForm",
    "question-classifier": "ai_forms:ClassifierForm",
    "parameter-extractor": "ai_forms:ExtractorForm",
    "tool": "tool_form:ToolForm",
    "agent": "ai_forms:AgentForm",
    "knowledge-retrieval": "retrieval_form:KnowledgeForm",
    "knowledge-index": "knowledge_forms:IndexForm",
    "datasource": "knowledge_forms:DatasourceForm",
    "human-input": "event_forms:HumanInputForm",
    "trigger-schedule": "schedule_form:ScheduleForm",
    "trigger-plugin": "plugin_form:PluginTriggerForm",
    "trigger-webhook": "webhook_form:WebhookForm",
}


def form_class(node_type: str) -> type[Form]:
    """The form of a node type; the raw form, which shows the settings as JSON, for all others."""
    from importlib import import_module

    module, name = FORMS.get(node_type, "raw:RawForm").split(":")
    found: type[Form] = getattr(import_module(f"editor.panels.forms.{module}"), name)
    return found
