"""The providers that can be set up: which protocol each speaks, where, and under which names files mean it."""

from __future__ import annotations

from dataclasses import dataclass

EMBEDDED = "embedded"
EMBEDDED_PROVIDER = "penstock/embedded/embedded"
EMBEDDED_MODEL = "smollm2-135m-instruct"


@dataclass(frozen=True)
class ProviderKind:
    """One row. `protocol`: openai, azure, anthropic, gemini, ollama, embedded or gguf. `names` are further names in
    files, `prices` the name in the price table, `own_parameters` the only parameters the service takes (empty: any)."""

    id: str
    label: str
    protocol: str = "openai"
    base_url: str = ""
    needs_key: bool = True
    names: tuple[str, ...] = ()
    prices: str = ""
    local: bool = False
    help_url: str = ""
    own_parameters: frozenset[str] = frozenset()
    structured: bool = False
    """Does every chat model of it obey a JSON schema?"""
    models: tuple[str, ...] = ()
    """Names of some of its chat models, for those that the price table does not know."""


OPENAI_PARAMETERS = frozenset(
    [
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "n",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "response_format",
        "json_schema",
        "reasoning_effort",
        "verbosity",
        "parallel_tool_calls",
        "service_tier",
        "store",
        "metadata",
        "modalities",
        "audio",
        "prediction",
        "user",
    ]
)

KINDS: tuple[ProviderKind, ...] = (
    ProviderKind(EMBEDDED, "Embedded model", EMBEDDED, needs_key=False, local=True, structured=True),
    ProviderKind("gguf", "Model file (GGUF)", "gguf", needs_key=False, local=True, structured=True),
    ProviderKind(
        "openai_api_compatible",
        "OpenAI-compatible endpoint",
        needs_key=False,
        names=("openai-compatible", "openai_compatible", "oaicompat", "openai-api-compatible", "vllm", "xinference"),
    ),
    ProviderKind(
        "openai",
        "OpenAI",
        base_url="https://api.openai.com/v1",
        prices="openai",
        help_url="https://platform.openai.com/api-keys",
        own_parameters=OPENAI_PARAMETERS,
    ),
    ProviderKind(
        "azure_openai",
        "Azure OpenAI",
        "azure",
        names=("azure", "azure-openai"),
        prices="azure",
        own_parameters=OPENAI_PARAMETERS,
    ),
    ProviderKind(
        "anthropic",
        "Anthropic",
        "anthropic",
        "https://api.anthropic.com",
        prices="anthropic",
        names=("claude",),
        help_url="https://console.anthropic.com/settings/keys",
        structured=True,
    ),
    ProviderKind(
        "gemini",
        "Google Gemini",
        "gemini",
        "https://generativelanguage.googleapis.com",
        prices="google",
        names=("google", "googleai"),
        help_url="https://aistudio.google.com/apikey",
        structured=True,
    ),
    ProviderKind(
        "deepseek",
        "DeepSeek",
        base_url="https://api.deepseek.com/v1",
        prices="deepseek",
        help_url="https://platform.deepseek.com/api_keys",
    ),
    ProviderKind(
        "tongyi",
        "Tongyi (Alibaba Bailian)",
        base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        names=("dashscope", "bailian", "qwen"),
        help_url="https://bailian.console.aliyun.com/?apiKey=1",
        models=("qwen-max", "qwen-plus", "qwen-turbo", "qwen-long", "qwen-vl-max", "qwen3-235b-a22b", "qwen3-32b"),
    ),
    ProviderKind(
        "zhipuai",
        "Zhipu AI",
        base_url="https://open.bigmodel.cn/api/paas/v4",
        names=("zhipu", "bigmodel", "chatglm"),
        prices="zhipuai",
        help_url="https://open.bigmodel.cn/usercenter/apikeys",
    ),
    ProviderKind(
        "siliconflow",
        "SiliconFlow",
        base_url="https://api.siliconflow.cn/v1",
        help_url="https://cloud.siliconflow.cn/account/ak",
        models=("deepseek-ai/DeepSeek-V3", "deepseek-ai/DeepSeek-R1", "Qwen/Qwen2.5-72B-Instruct", "Qwen/Qwen3-32B"),
    ),
    ProviderKind(
        "openrouter",
        "OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        prices="openrouter",
        help_url="https://openrouter.ai/settings/keys",
    ),
    ProviderKind(
        "groq",
        "Groq",
        base_url="https://api.groq.com/openai/v1",
        prices="groq",
        help_url="https://console.groq.com/keys",
    ),
    ProviderKind(
        "mistralai",
        "Mistral",
        base_url="https://api.mistral.ai/v1",
        names=("mistral",),
        prices="mistral",
        help_url="https://console.mistral.ai/api-keys",
        structured=True,
    ),
    ProviderKind("moonshot", "Moonshot", base_url="https://api.moonshot.cn/v1", prices="moonshotai", names=("kimi",)),
    ProviderKind(
        "volcengine_maas",
        "Volcengine",
        base_url="https://ark.cn-beijing.volces.com/api/v3",
        names=("volcengine", "doubao", "ark"),
        models=("doubao-1.5-pro-256k", "doubao-1.5-pro-32k", "doubao-seed-1.6", "deepseek-v3"),
    ),
    ProviderKind("minimax", "MiniMax", base_url="https://api.minimax.chat/v1", prices="minimax"),
    ProviderKind("x", "xAI", base_url="https://api.x.ai/v1", names=("xai", "grok"), prices="x-ai", structured=True),
    ProviderKind("togetherai", "Together AI", base_url="https://api.together.xyz/v1", prices="together"),
    ProviderKind("fireworks", "Fireworks AI", base_url="https://api.fireworks.ai/inference/v1", prices="fireworks"),
    ProviderKind("ollama", "Ollama", "ollama", "http://127.0.0.1:11434", needs_key=False, local=True, structured=True),
    ProviderKind(
        "lmstudio",
        "LM Studio",
        base_url="http://127.0.0.1:1234/v1",
        needs_key=False,
        local=True,
        names=("lm-studio", "lm_studio"),
        structured=True,
    ),
)

_BY_NAME = {name: kind for kind in KINDS for name in (kind.id, *kind.names)}


def kind_of(name: str) -> ProviderKind | None:
    """The row under one of its names (the last part of a path counts), or None."""
    return _BY_NAME.get(name.strip().strip("/").rsplit("/", 1)[-1].lower())
