"""Writes PDF files of flowing text with the fonts that every reader has: nothing is embedded, the text stays text.

Latin letters are set in Helvetica and Courier. Everything else is set in the reader's own Chinese, Japanese or Korean
font by the predefined Unicode maps of the PDF standard (ISO 32000-1, 9.7.5.2). Greek and Cyrillic letters are set
with it too; readers that copy them may lose blanks between such words.
Lengths are points; y grows upwards as in PDF.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

WIDTH, HEIGHT, MARGIN = 595.0, 842.0, 56.0
LEADING = 1.4
_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 "
    "584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584"
)
_WIDTHS = {bold: [int(w) for w in text.split()] for bold, text in ((False, _REGULAR), (True, _BOLD))}
_LATIN = ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Helvetica-BoldOblique", "Courier")
_CJK = {
    "ja": ("HeiseiKakuGo-W5", "Japan1", "UniJIS-UTF16-H"),
    "ko": ("HYGoThic-Medium", "Korea1", "UniKS-UTF16-H"),
    "zh": ("STSong-Light", "GB1", "UniGB-UTF16-H"),
}
_MARKS = {"—": 1000, "…": 1000, "•": 350, "‘": 222, "’": 222, "“": 333, "”": 333, "™": 1000, "‰": 1000}
_REPLACED = str.maketrans({"\t": "    ", "\u00a0": " ", "\u2011": "-", "\u2212": "-"})


@dataclass(frozen=True)
class Span:
    """Text of one look. `size` in points."""

    text: str
    size: float = 11.0
    bold: bool = False
    italic: bool = False
    mono: bool = False


@dataclass
class _Line:
    words: list[tuple[Span, float]] = field(default_factory=list)

    @property
    def width(self) -> float:
        return sum(w for _, w in self.words)

    @property
    def size(self) -> float:
        return max((s.size for s, _ in self.words), default=11.0)


def _latin(character: str) -> bool:
    try:
        return bool(character.encode("cp1252"))
    except UnicodeEncodeError:
        return False


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _letter_width(character: str, span: Span) -> float:
    if not _latin(character):
        return 0.0 if unicodedata.combining(character) else span.size * (1.0 if _wide(character) else 0.6)
    if span.mono:
        return 0.6 * span.size
    plain = unicodedata.normalize("NFD", character)[0]
    index = ord(plain) - 32
    table = _WIDTHS[span.bold]
    usual = _MARKS.get(character, 556)
    return (table[index] if 0 <= index < len(table) else usual) * span.size / 1000


def width_of(span: Span) -> float:
    """How wide a text is."""
    return sum(_letter_width(c, span) for c in span.text)


def _pieces(span: Span) -> Iterator[Span]:
    """Where a line may break: after blanks, and around wide letters. A piece is of one font."""
    piece = ""
    for character in span.text.translate(_REPLACED):
        apart = piece and (
            (_latin(character) != _latin(piece[-1]) and character != " ")
            or _wide(character)
            or _wide(piece[-1])
            or (piece[-1] == " " and character != " ")
        )
        if apart:
            yield replace(span, text=piece)
            piece = ""
        piece += character
    if piece:
        yield replace(span, text=piece)


def _lines(spans: Sequence[Span], width: float) -> list[_Line]:
    """Spans broken into lines; `\\n` ends one, words longer than a line are cut."""
    lines = [_Line()]
    for span in spans:
        for number, part in enumerate(span.text.split("\n")):
            if number:
                lines.append(_Line())
            for piece in _pieces(replace(span, text=part)):
                for cut in _cut(piece, width):
                    wide = width_of(replace(cut, text=cut.text.rstrip()))
                    if lines[-1].words and lines[-1].width + wide > width:
                        lines.append(_Line())
                    lines[-1].words.append((cut, width_of(cut)))
    return lines


def _cut(piece: Span, width: float) -> Iterator[Span]:
    while width_of(piece) > width and len(piece.text.rstrip()) > 1:
        fits = next(
            (n for n in range(len(piece.text), 1, -1) if width_of(replace(piece, text=piece.text[:n])) <= width), 1
        )
        yield replace(piece, text=piece.text[:fits])
        piece = replace(piece, text=piece.text[fits:])
    yield piece


class Sheets:
    """Pages that fill from the top; a new one begins by itself."""

    def __init__(self) -> None:
        self._pages: list[list[str]] = []
        self._letters: set[str] = set()
        self.y = 0.0
        self._turn()

    def _turn(self) -> None:
        self._pages.append([])
        self.y = HEIGHT - MARGIN

    def room(self, height: float) -> None:
        """Begin a new page when so much does not fit."""
        if self.y - height < MARGIN and self.y < HEIGHT - MARGIN:
            self._turn()

    def gap(self, height: float) -> None:
        """Empty space, none at the top of a page."""
        if self.y < HEIGHT - MARGIN:
            self.y -= height

    def text(self, spans: Sequence[Span], *, indent: float = 0.0, mark: str = "", bar: bool = False) -> None:
        """A paragraph; `mark` stands before its first line, `bar` beside all of it."""
        for number, line in enumerate(_lines(spans, WIDTH - 2 * MARGIN - indent)):
            height = line.size * LEADING
            self.room(height)
            base = self.y - line.size
            if mark and not number:
                self._set(MARGIN + indent - 16, base, [(Span(mark, line.size), 0.0)])
            if bar:
                self._box(MARGIN + indent - 10, self.y - height, 2.5, height, 0.75)
            self._set(MARGIN + indent, base, line.words)
            self.y -= height

    def code(self, text: str, *, indent: float = 0.0) -> None:
        """Lines as they are, on grey."""
        for line in _lines([Span(text.rstrip("\n"), 9.0, mono=True)], WIDTH - 2 * MARGIN - indent - 12):
            height = 9.0 * LEADING
            self.room(height)
            self._box(MARGIN + indent, self.y - height, WIDTH - 2 * MARGIN - indent, height, 0.95)
            self._set(MARGIN + indent + 6, self.y - 9.5, line.words)
            self.y -= height

    def rule(self) -> None:
        """A line across."""
        self.room(12)
        self._box(MARGIN, self.y - 6, WIDTH - 2 * MARGIN, 0.7, 0.7)
        self.y -= 12

    def table(self, rows: Sequence[Sequence[Sequence[Span]]]) -> None:
        """Rows of cells; columns are as wide as their texts ask for, the first row is the head."""
        count = max((len(row) for row in rows), default=0)
        if not count:
            return
        whole = WIDTH - 2 * MARGIN
        wanted = [
            max([min(sum(width_of(s) for s in row[i]), 220.0) + 12 for row in rows if i < len(row)] + [28.0])
            for i in range(count)
        ]
        widths = [w * min(1.0, whole / sum(wanted)) for w in wanted]
        for number, row in enumerate(rows):
            cells = [_lines(row[i] if i < len(row) else (), widths[i] - 10) for i in range(count)]
            height = max(sum(line.size * LEADING for line in cell) for cell in cells) + 6
            self.room(height)
            left = MARGIN
            for width, cell in zip(widths, cells, strict=True):
                if number == 0:
                    self._box(left, self.y - height, width, height, 0.93)
                self._frame(left, self.y - height, width, height)
                y = self.y - 3
                for line in cell:
                    self._set(left + 5, y - line.size, line.words)
                    y -= line.size * LEADING
                left += width
            self.y -= height

    # -- what is drawn -------------------------------------------------------------------------------------------------

    def _box(self, x: float, y: float, width: float, height: float, gray: float) -> None:
        self._pages[-1].append(f"{gray:g} g {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f 0 g")

    def _frame(self, x: float, y: float, width: float, height: float) -> None:
        self._pages[-1].append(f"0.7 G 0.6 w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S 0 G")

    def _set(self, x: float, y: float, words: Sequence[tuple[Span, float]]) -> None:
        for number, (span, width) in enumerate(words, 1):
            at = x
            x += width
            if _latin(span.text[0]):
                text = span.text if number < len(words) else span.text.rstrip()
                self._show(at, y, text.encode("cp1252", "replace"), span)
                continue
            self._letters.update(span.text)
            look = f"2 Tr {span.size * 0.03:.2f} w" if span.bold else "0 Tr"
            for letter in span.text:
                code = letter.encode("utf-16-be").hex()
                self._pages[-1].append(f"BT /F6 {span.size:g} Tf {look} 1 0 0 1 {at:.2f} {y:.2f} Tm <{code}> Tj ET")
                at += _letter_width(letter, span)

    def _show(self, x: float, y: float, text: bytes, span: Span) -> None:
        font = 5 if span.mono else 1 + span.bold + 2 * span.italic
        safe = text.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").decode("latin-1")
        self._pages[-1].append(f"BT /F{font} {span.size:g} Tf 0 Tr 1 0 0 1 {x:.2f} {y:.2f} Tm ({safe}) Tj ET")

    # -- the file ------------------------------------------------------------------------------------------------------

    def content(self, title: str = "") -> bytes:
        """The finished file."""
        fonts = " ".join(f"/F{n} {n + 2} 0 R" for n in range(1, 7))
        objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
        for name in _LATIN:
            more = f"/Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding"
            objects.append(f"<< {more} >>".encode())
        objects += self._wide_font(first=8)
        kids = []
        for page in self._pages:
            stream = zlib.compress("\n".join(page).encode("latin-1"))
            head = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode()
            objects.append(head + stream + b"\nendstream")
            kids.append(len(objects) + 1)
            box = f"/MediaBox [0 0 {WIDTH:g} {HEIGHT:g}]"
            objects.append(
                f"<< /Type /Page /Parent 2 0 R {box} /Contents {len(objects)} 0 R "
                f"/Resources << /Font << {fonts} >> >> >>".encode()
            )
        refs = " ".join(f"{k} 0 R" for k in kids)
        objects[1] = f"<< /Type /Pages /Kids [{refs}] /Count {len(kids)} >>".encode()
        objects.append(b"<< /Title <feff" + title.encode("utf-16-be").hex().encode() + b"> >>")
        return _file(objects)

    def _wide_font(self, first: int) -> list[bytes]:
        """The font for letters that are not Latin, as objects from number `first` on."""
        text = "".join(self._letters)
        kana = any("\u3040" <= c <= "\u30ff" for c in text)
        hangul = any("\uac00" <= c <= "\ud7a3" for c in text)
        name, order, coding = _CJK["ja" if kana else "ko" if hangul else "zh"]
        system = f"/CIDSystemInfo << /Registry (Adobe) /Ordering ({order}) /Supplement 4 >>"
        inner = f"/Subtype /CIDFontType0 /BaseFont /{name} {system} /DW 1000 /FontDescriptor {first + 2} 0 R"
        box = "/Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 60"
        kept = f"/Subtype /Type0 /BaseFont /{name} /Encoding /{coding} /DescendantFonts [{first + 1} 0 R]"
        return [
            f"<< /Type /Font {kept} >>".encode(),
            f"<< /Type /Font {inner} >>".encode(),
            f"<< /Type /FontDescriptor /FontName /{name} {box} >>".encode(),
        ]


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>"
    return bytes(out + f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode())
