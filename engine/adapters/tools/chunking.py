"""Cutting text into chunks (nodes-ai spec 9.3, 9.4). Lengths are characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

SEPARATORS = ("\n\n", "。", ". ", " ", "")
_SPACES = "\t\f\r\x20\u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000"
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_LINK = re.compile(r"!?\[[^\]]*\]\(https?://[^)\s]+\)|https?://[^\s<>\"')\]]+")


def unescaped(separator: str) -> str:
    """A separator as people type it: `\\n` is a line break."""
    return separator.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")


def cleaned(text: str, *, spaces: bool, addresses: bool) -> str:
    """Text without marks that confuse models; extra white space and bare addresses removed where asked for."""
    text = text.replace("<|", "<").replace("|>", ">")
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe]", "", text)
    if spaces:
        text = re.sub(r"\n{3,}", "\n\n", text)
        text = re.sub(f"[{_SPACES}]{{2,}}", " ", text)
    if addresses:
        text = _MAIL.sub("", text)
        text = _LINK.sub(lambda m: m.group() if m.group().startswith(("[", "!")) else "", text)
    return text


def split(text: str, separator: str, size: int, overlap: int = 0) -> list[str]:
    """Pieces at the separator, not merged; longer ones cut further down, and there merged up to the size."""
    found: list[str] = []
    for piece in text.split(separator) if separator else [text]:
        if not piece.strip():
            continue
        found += [piece] if len(piece) <= size else cut(piece, size, overlap)
    return found


def cut(text: str, size: int, overlap: int, separators: Sequence[str] = SEPARATORS) -> list[str]:
    """A text in pieces of at most `size`, at the coarsest separators that it has."""
    at = next((i for i, s in enumerate(separators) if s == "" or s in text), len(separators) - 1)
    separator, finer = separators[at], separators[at + 1 :]
    if not separator:
        step = max(size - overlap, 1)
        return [text[i : i + size] for i in range(0, max(len(text) - overlap, 1), step)]
    found: list[str] = []
    fitting: list[str] = []
    for piece in text.split(separator):
        if len(piece) <= size:
            fitting.append(piece)
            continue
        found += _merged(fitting, separator, size, overlap)
        fitting = []
        found += cut(piece, size, overlap, finer or ("",))
    return [*found, *_merged(fitting, separator, size, overlap)]


def _merged(pieces: Sequence[str], separator: str, size: int, overlap: int) -> list[str]:
    """Neighbours together up to the size; the last ones of a chunk begin the next, up to the overlap."""
    found: list[str] = []
    held: list[str] = []
    length = 0
    for piece in pieces:
        if not piece:
            continue
        more = len(piece) + (len(separator) if held else 0)
        if held and length + more > size:
            found.append(separator.join(held))
            while held and (length > overlap or length + more > size):
                length -= len(held.pop(0)) + (len(separator) if held else 0)
        held.append(piece)
        length = len(separator.join(held))
    if held:
        found.append(separator.join(held))
    return found


def trimmed(text: str) -> str:
    """A general chunk without punctuation in front and white space around it."""
    return re.sub(r"^[\s.。,，;；:：!！?？、]+", "", text).strip()


def undotted(text: str) -> str:
    """A parent or child chunk without the full stop that its split left in front."""
    text = text.strip()
    return text[1:].strip() if text[:1] in (".", "。") else text
