"""Files that tools are given: which one, its bytes, its text."""

from __future__ import annotations

from collections.abc import Mapping

from engine.adapters.tools.declare import ToolCall, ToolFailed
from engine.nodes.llm_files import described, read_file
from engine.ports.outside import PortError
from engine.run.variables.files import File, FileProblem, file_from_mapping


def given_file(call: ToolCall, name: str) -> File:
    """The file of a parameter. Raises ToolFailed when there is none."""
    value = call.values.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping):
        try:
            value = file_from_mapping(value)
        except FileProblem as problem:
            raise ToolFailed(f"The parameter {name} is no file: {problem}") from problem
    if not isinstance(value, File):
        raise ToolFailed(f"The parameter {name} must be a file.")
    return value


async def read(call: ToolCall, file: File) -> bytes:
    """The bytes of a file. Raises ToolFailed."""
    try:
        return await read_file(file, call.ports)
    except PortError as problem:
        raise ToolFailed(str(problem)) from problem


async def file_text(call: ToolCall, file: File) -> str:
    """The text of a document. Raises ToolFailed."""
    if call.ports.documents is None:
        raise ToolFailed("There is no reader for documents here.")
    _, extension, mime = described(file)
    try:
        return await call.ports.documents.text(await read(call, file), extension=extension, mime_type=mime)
    except PortError as problem:
        raise ToolFailed(f"{file.filename or 'The file'} cannot be read: {problem}") from problem
