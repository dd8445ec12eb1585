"""The app features as they are to be understood; the workflow itself keeps them as the file had them (dsl spec 6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

IMAGE_EXTENSIONS = (".JPG", ".JPEG", ".PNG", ".GIF", ".WEBP", ".SVG")
_NAME = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,29})\s*\}\}")
METHODS = ("local_file", "remote_url")
_SWITCHES: Mapping[str, Mapping[str, Any]] = {
    "suggested_questions_after_answer": {"enabled": False},
    "speech_to_text": {"enabled": False},
    "text_to_speech": {"enabled": False, "voice": "", "language": ""},
    "retriever_resource": {"enabled": False},
    "sensitive_word_avoidance": {"enabled": False},
}


def effective(features: Mapping[str, Any]) -> dict[str, Any]:
    """Every known feature with what is missing filled in; unknown ones as they are."""
    read = dict(features)
    opening = features.get("opening_statement")
    questions = features.get("suggested_questions")
    read["opening_statement"] = opening if isinstance(opening, str) else ""
    read["suggested_questions"] = [str(q) for q in questions] if isinstance(questions, list) else []
    for name, defaults in _SWITCHES.items():
        value = features.get(name)
        read[name] = {**defaults, **(value if isinstance(value, Mapping) else {})}
        read[name]["enabled"] = bool(read[name]["enabled"])
    read["file_upload"] = file_upload(features.get("file_upload"))
    return read


def file_upload(value: Any) -> dict[str, Any]:
    """The upload settings in today's form; the older `image` block speaks where the newer keys are missing."""
    given: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    image = given.get("image")
    image = image if isinstance(image, Mapping) else {}
    read = {k: v for k, v in given.items() if k != "image"}
    read["enabled"] = bool(given.get("enabled") or image.get("enabled"))
    read.setdefault("allowed_file_types", ["image"])
    read.setdefault("allowed_file_extensions", list(IMAGE_EXTENSIONS))
    read.setdefault("allowed_file_upload_methods", list(image.get("transfer_methods") or METHODS))
    read.setdefault("number_limits", image.get("number_limits") or 3)
    return read


def without_opener(features: Mapping[str, Any]) -> dict[str, Any]:
    """The features with the opener switched off: an empty text and no questions."""
    return {**features, "opening_statement": "", "suggested_questions": []}


def opening_statement(features: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """The first words of a conversation with `{{name}}` replaced by the start inputs; unknown names stay."""
    text = effective(features)["opening_statement"]

    def value(match: re.Match[str]) -> str:
        found = inputs.get(match[1])
        return match[0] if found in (None, "") else str(found)

    return _NAME.sub(value, text)
