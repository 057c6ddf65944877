"""One part of a book, or one picture of it, out of the file that all of it is kept in (core.works.reading)."""

from __future__ import annotations

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.works.reading import PREFIX, READING, Index, PartLine, Span, index_length, read_index
from headwaters.errands.download import Desk, Download
from headwaters.ports import Blob

MOST_INDEXES = 32


def no_such_part() -> NotFound:
    """The answer for a page that the book does not have."""
    return NotFound(Code.PAGE_UNKNOWN, N_("There is no such page in this book."))


class Readings:
    """Opens readings. What an index says never changes, as its bytes do not: the newest ones are remembered."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[str, Index] = {}

    async def index(self, download: Download) -> Index:
        """What the book has. Raises NotFound(PAGE_UNKNOWN) for a file that is no reading, Unavailable(BLOB_…)."""
        blob = _blob(download)
        known = self._known.get(blob.sha256)
        if known is None:
            with self._desk.open(blob) as source:
                length = index_length(await source.read(0, PREFIX))
                known = read_index(await source.read(PREFIX, length))
            if len(self._known) >= MOST_INDEXES:
                del self._known[next(iter(self._known))]
            self._known[blob.sha256] = known
        return known

    async def part(self, download: Download, number: int) -> tuple[Index, PartLine, str]:
        """A part, counted from 1, with its HTML. Raises as `index`."""
        index = await self.index(download)
        found = index.part(number)
        if found is None:
            raise no_such_part()
        return index, found, (await self._read(download, found.span)).decode()

    async def picture(self, download: Download, name: str) -> tuple[str, bytes]:
        """A picture's media type and bytes. Raises as `index`."""
        found = (await self.index(download)).pictures.get(name)
        if found is None:
            raise no_such_part()
        return found[0], await self._read(download, found[1])

    async def _read(self, download: Download, span: Span) -> bytes:
        with self._desk.open(_blob(download)) as source:
            return await source.read(span.offset, span.length)


def _blob(download: Download) -> Blob:
    if download.representation.media_type != READING or not isinstance(download.body, Blob):
        raise no_such_part()
    return download.body
