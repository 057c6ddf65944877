"""The Books port: EPUB with zipfile and lxml, Markdown with markdown-it, plain text, and PDF with pikepdf.

These libraries are loaded with the first book: most of the time a shop reads none.
"""

from __future__ import annotations

from pathlib import Path

from headwaters.adapters.books.archive import broken
from headwaters.core.errors import N_
from headwaters.core.works.reading import Reading
from headwaters.ports import Lighten

__all__ = ["Bookbinder"]


class Bookbinder:
    """Reads books. Stateless; use it from any thread."""

    def read(self, path: Path, media_type: str, language: str, lighten: Lighten) -> Reading:
        """See ports.Books."""
        match media_type:
            case "application/epub+zip":
                from headwaters.adapters.books.epub import read_epub

                return read_epub(path, lighten)
            case "text/markdown" | "text/plain":
                from headwaters.adapters.books.plain import read_plain

                return read_plain(path, language, media_type == "text/markdown")
        raise broken(path.name, N_("it is of another kind."))

    def first_pages(self, path: Path, pages: int) -> tuple[bytes, int, int]:
        """See ports.Books."""
        from headwaters.adapters.books.pdf import cut_pages

        return cut_pages(path, pages)
