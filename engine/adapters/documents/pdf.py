"""PDF: PDFium first, pypdf where that finds nothing. There is no reading of images."""

from __future__ import annotations

import io
import threading

from engine.adapters.documents.problems import encrypted

# PDFium keeps state of its process; two threads in it at once corrupt it.
_ONE_AT_A_TIME = threading.Lock()


def pdf_text(content: bytes) -> str:
    """The text of all pages, joined as they come; blank when the pages are pictures."""
    text = _by_pdfium(content)
    return text if text.strip() else _by_pypdf(content) or text


def _by_pdfium(content: bytes) -> str:
    import pypdfium2

    with _ONE_AT_A_TIME:
        try:
            document = pypdfium2.PdfDocument(io.BytesIO(content), autoclose=True)
        except pypdfium2.PdfiumError as problem:
            if "password" in str(problem).lower():
                raise encrypted(".pdf") from None
            raise
        parts = []
        try:
            for page in document:
                text_page = page.get_textpage()
                try:
                    parts.append(text_page.get_text_range())
                finally:
                    text_page.close()
                    page.close()
        finally:
            document.close()
    return "".join(parts)


def _by_pypdf(content: bytes) -> str:
    import logging

    import pypdf
    from pypdf.errors import PyPdfError

    # Its remarks on odd files are of no use to the person and would fill the log.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        text = "".join(page.extract_text() or "" for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ""
    return text if text.strip() else ""
