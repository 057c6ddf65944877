"""The Books port: EPUB with zipfile and lxml, Markdown with markdown-it, and plain text."""

from __future__ import annotations

from pathlib import Path

from headwaters.adapters.books.archive import broken
from headwaters.adapters.books.epub import read_epub
from headwaters.adapters.books.plain import read_plain
from headwaters.core.errors import N_
from headwaters.core.works.reading import Reading

__all__ = ["Bookbinder"]


class Bookbinder:
    """Reads books. Stateless; use it from any thread."""

    def read(self, path: Path, media_type: str, language: str) -> Reading:
        """See ports.Books."""
        match media_type:
            case "application/epub+zip":
                return read_epub(path)
            case "text/markdown" | "text/plain":
                return read_plain(path, language, media_type == "text/markdown")
        raise broken(path.name, N_("it is of another kind."))
