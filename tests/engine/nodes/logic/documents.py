"""Small documents of every kind, made on the spot."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from typing import Any


def word(*blocks: str | list[list[str]]) -> bytes:
    import docx

    document = docx.Document()
    for block in blocks:
        if isinstance(block, str):
            document.add_paragraph(block)
            continue
        table = document.add_table(rows=len(block), cols=len(block[0]))
        for row, cells in zip(table.rows, block, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    return saved(document)


def saved(document: Any) -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def with_windows_separators(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename.replace("/", "\\"), old.read(entry))
    return target.getvalue()


def slides(*texts: str) -> bytes:
    import pptx
    from pptx.util import Inches

    deck = pptx.Presentation()
    for text in texts:
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = text
        box = slide.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1))
        box.text_frame.text = f"about {text}"
    return saved(deck)


def workbook(*sheets: list[list[Any]]) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value is not None:
                        sheet.write(at, column, value)
    return target.getvalue()


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text a page; an empty text gives an empty page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        box = "/MediaBox [0 0 612 792]"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {len(objects)} 0 R /Resources {font} >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    return out + f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()


def locked_pdf() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("secret"))))
    writer.encrypt("password", algorithm="RC4-128")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def packed(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, text in files.items():
            package.writestr(name, text)
    return target.getvalue()


def book() -> bytes:
    """Two chapters whose reading order is not their order in the package."""
    return packed(
        {
            "META-INF/container.xml": '<container xmlns="urn:x"><rootfiles><rootfile full-path="OPS/book.opf"/>'
            "</rootfiles></container>",
            "OPS/book.opf": '<package xmlns="urn:y"><manifest><item id="b" href="two.xhtml"/>'
            '<item id="a" href="one%20.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine>'
            "</package>",
            "OPS/two.xhtml": "<html><body><p>Second <b>chapter</b>.</p></body></html>",
            "OPS/one .xhtml": "<html><head><title>no</title></head><body><h1>First</h1><p>Line\n one</p></body></html>",
        }
    )


def open_document() -> bytes:
    names = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    names += 'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    body = '<text:h>Title</text:h><text:p>a<text:s text:c="2"/>b<text:tab/><text:span>c</text:span></text:p>'
    return packed(
        {
            "content.xml": f"<office:document-content {names}><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>"
        }
    )


def mail(*, html: bool = False) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Hello"
    message.set_content("<p>Dear <b>you</b></p><p>Bye</p>", subtype="html") if html else message.set_content(
        "Dear\n\nBye"
    )
    message.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="x.bin")
    return message.as_bytes()
