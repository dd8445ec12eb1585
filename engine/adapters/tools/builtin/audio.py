"""Speech through the models of the workspace: text to sound and back (nodes-ai spec 13.2)."""

from __future__ import annotations

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    fixed,
    made_file,
    said,
)
from engine.adapters.tools.files import given_file, read
from engine.adapters.tools.models import connection
from engine.nodes.llm_files import described
from engine.ports.models import ModelError

EXTENSIONS = {"audio/mpeg": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/ogg": "ogg", "audio/flac": "flac"}
MOST_BYTES = 25 * 1024 * 1024


async def tts(call: ToolCall) -> Answer:
    """A text as sound."""
    from engine.adapters.models.media import speech

    text = call.needed("text")
    provider, name = connection(call, call.needed("model"))
    try:
        content, mime = await speech(provider, name, text, call.text("voice") or "alloy")
    except ModelError as problem:
        raise ToolFailed(f"The text was not spoken: {problem}", hint=problem.hint) from problem
    sound = made_file(content, f"speech.{EXTENSIONS.get(mime, 'mp3')}", mime)
    return [said("Audio generated successfully"), sound]


async def asr(call: ToolCall) -> Answer:
    """The words of a sound."""
    from engine.adapters.models.media import transcribe

    file = given_file(call, "audio_file")
    provider, name = connection(call, call.needed("model"))
    content = await read(call, file)
    if len(content) > MOST_BYTES:
        raise ToolFailed(f"{file.filename or 'The sound'} is larger than {MOST_BYTES // 2**20} MB.")
    _, extension, mime = described(file)
    filename = file.filename or f"sound{extension or '.mp3'}"
    try:
        return await transcribe(provider, name, content, filename, mime or "application/octet-stream")
    except ModelError as problem:
        raise ToolFailed(f"The sound was not written down: {problem}", hint=problem.hint) from problem


_MODEL = "As provider#model; the provider is one of the settings under Models and speaks the protocol of OpenAI"
PROVIDER = BuiltinProvider(
    "audio",
    "Audio",
    "Speaks texts and writes down speech.",
    "audio",
    (
        BuiltinTool(
            "tts",
            "Text to speech",
            "A tool for speaking a text.",
            tts,
            (
                asked("text", "Text", required=True),
                fixed("model", "Model", _MODEL, required=True),
                fixed("voice", "Voice", "Name of the voice, such as alloy"),
            ),
        ),
        BuiltinTool(
            "asr",
            "Speech to text",
            "A tool for writing down what is said in a sound.",
            asr,
            (
                asked("audio_file", "Sound", kind="file", required=True),
                fixed("model", "Model", _MODEL, required=True),
            ),
        ),
    ),
)
