"""The first pages of a PDF as a PDF of their own, with nothing of the others in it."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf

from headwaters.adapters.books.archive import broken
from headwaters.core.errors import N_

# What of a page may lead to others (links, threads, the structure tree) or act: a copy would take them along.
_LEADS_ON = ("/Annots", "/B", "/StructParents", "/AA", "/PieceInfo", "/Metadata", "/Thumb", "/Dur", "/Trans", "/Tabs")


def cut_pages(path: Path, pages: int) -> tuple[bytes, int, int]:
    """(the PDF, pages in it, pages of the whole). Raises Refused(FILE_WRONG_KIND)."""
    try:
        with pikepdf.open(path) as whole, pikepdf.new() as piece:
            of = len(whole.pages)
            for page in list(whole.pages)[:pages]:
                for key in _LEADS_ON:
                    if key in page:
                        del page[key]
                piece.pages.append(page)
            if not piece.pages:
                raise broken(path.name, N_("it has no pages."))
            piece.remove_unreferenced_resources()
            out = io.BytesIO()
            piece.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
            return out.getvalue(), len(piece.pages), of
    except pikepdf.PasswordError:
        raise broken(path.name, N_("it is locked with a password.")) from None
    except (pikepdf.PdfError, ValueError, RuntimeError, TypeError, KeyError, OSError):
        raise broken(path.name, N_("it is no whole PDF.")) from None
