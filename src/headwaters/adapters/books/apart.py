"""The Books port: each book is read in a child with limits. It is a stranger's file, and what is slow or large in it is
to be nobody's trouble but its own."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import msgspec

from headwaters.adapters.books.archive import broken
from headwaters.adapters.books.child import NO_BOOK
from headwaters.adapters.media.child import GIGABYTE, Limits, run_child
from headwaters.core.errors import N_
from headwaters.core.works.reading import Reading
from headwaters.ports import Material

LIMITS = Limits(wall=300, cpu=240, output=GIGABYTE)


class BooksApart:
    """See ports.Books. Stateless."""

    async def read(self, book: Material, language: str) -> Reading:
        """See ports.Books."""
        target = book.path.with_name("reading")
        await _run(book, "read", str(book.path), book.name, book.media_type, language, str(target))
        return await asyncio.to_thread(_decoded, target)

    async def first_pages(self, book: Material, pages: int) -> tuple[bytes, int, int]:
        """See ports.Books."""
        target = book.path.with_name("pages.pdf")
        own, of = json.loads(await _run(book, "pages", str(book.path), str(pages), str(target)))
        return await asyncio.to_thread(target.read_bytes), int(own), int(of)


async def _run(book: Material, *arguments: str) -> bytes:
    command = [sys.executable, "-I", "-m", "headwaters.adapters.books.child", *arguments]
    done = await run_child(command, book.path.parent, LIMITS, book.descriptors)
    if done.code:
        said = done.out.decode("utf-8", "replace").strip() if done.code == NO_BOOK else ""
        raise broken(book.name, said or N_("its parts cannot be put together."))
    return done.out


def _decoded(target: Path) -> Reading:
    return msgspec.msgpack.decode(target.read_bytes(), type=Reading)
