"""The Books port: each book is read in a process of its own. It is a stranger's file, and what is slow or large in
it is to be nobody's trouble but its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from headwaters.adapters.apart.client import HERE, Apart, Lost, Task
from headwaters.adapters.apart.limits import GIGABYTE, Limits
from headwaters.adapters.books.archive import broken
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.media import stem
from headwaters.core.works.reading import Reading
from headwaters.ports import Material

_TASKS = "headwaters.adapters.books.tasks"
READ = Task(_TASKS, "read", Reading)
FIRST_PAGES = Task(_TASKS, "first_pages", tuple[bytes, int, int])
LIMITS = Limits(wall=300, cpu=240, output=GIGABYTE)

T = TypeVar("T")


class BooksApart:
    """See ports.Books. Stateless."""

    def __init__(self, apart: Apart = HERE) -> None:
        self._apart = apart

    async def read(self, book: Material, language: str) -> Reading:
        """See ports.Books."""
        found = await self._ask(READ, book, book.media_type, language)
        # A text has no title but its name, and is called otherwise here.
        return replace(found, title=stem(book.name)) if book.media_type.startswith("text/") else found

    async def first_pages(self, book: Material, pages: int) -> tuple[bytes, int, int]:
        """See ports.Books."""
        return await self._ask(FIRST_PAGES, book, pages)

    async def _ask(self, task: Task[T], book: Material, *arguments: object) -> T:
        try:
            return await self._apart.ask_async(task, LIMITS, book.path, *arguments, lend=book.descriptors)
        except Refused as refused:
            raise broken(book.name, str(refused.values.get("why", ""))) from None
        except OSError:
            raise broken(book.name, N_("its parts cannot be put together.")) from None
        except Lost:
            message = N_("This book takes more time or memory than the shop gives to one file.")
            raise Refused(Code.NOT_MADE, message, hint=N_("Publish a smaller copy of it beside it.")) from None
