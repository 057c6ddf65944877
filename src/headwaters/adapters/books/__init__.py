"""Books as pages (behind the Books port, see `apart.py`): EPUB with zipfile and lxml, Markdown with markdown-it, plain
text, and PDF with pikepdf. The shop itself loads none of these: they are for a process of its own.
"""

from __future__ import annotations

from pathlib import Path

from headwaters.adapters.books.archive import Lighten, broken
from headwaters.core.errors import N_
from headwaters.core.works.reading import Reading

__all__ = ["Bookbinder"]


class Bookbinder:
    """Reads books. Stateless; use it from any thread."""

    def read(self, path: Path, media_type: str, language: str, lighten: Lighten) -> Reading:
        """The whole of the book at `path`. `lighten`: is given each picture (media type, bytes), gives what is kept."""
        match media_type:
            case "application/epub+zip":
                from headwaters.adapters.books.epub import read_epub

                return read_epub(path, lighten)
            case "text/markdown" | "text/plain":
                from headwaters.adapters.books.plain import read_plain

                return read_plain(path, language, media_type == "text/markdown")
        raise broken(path.name, N_("it is of another kind."))

    def first_pages(self, path: Path, pages: int) -> tuple[bytes, int, int]:
        """(a PDF of the first pages, how many these are, how many there are)."""
        from headwaters.adapters.books.pdf import cut_pages

        return cut_pages(path, pages)
