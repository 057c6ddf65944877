"""A book read in a process of its own.

`python -I -m … read original name media-type language target` writes the reading as MessagePack, `… pages original
count target` the first pages of a PDF, and says how many they are.

Exit code 3 and a reason on standard output: it is no such book.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from headwaters.adapters.books import Bookbinder
from headwaters.adapters.media import PillowMedia
from headwaters.core.errors import HeadwatersError, Refused
from headwaters.core.works.media import stem

NO_BOOK = 3
WIDEST_PICTURE = 1400  # pixels of a book's picture on a page
HEAVY = 200_000  # bytes: a picture that has more is made lighter
_RASTER = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/avif": ".avif"}


def lighter(media_type: str, data: bytes) -> tuple[str, bytes]:
    """A picture that a page can carry. One that cannot be read is left as it is: a browser may know better."""
    if media_type not in _RASTER or len(data) <= HEAVY:
        return media_type, data
    path = Path(f"picture{_RASTER[media_type]}")  # in the folder of this making
    path.write_bytes(data)
    with suppress(HeadwatersError):
        picture = PillowMedia().pictures(path, (WIDEST_PICTURE,))[0]
        if len(picture.data) < len(data):
            return picture.media_type, picture.data
    return media_type, data


def read(original: str, name: str, media_type: str, language: str, target: str) -> None:
    """See ports.Books.read."""
    found = Bookbinder().read(Path(original), media_type, language, lighter)
    if media_type.startswith("text/"):  # it has no title but its name, and is called otherwise here
        found = replace(found, title=stem(name))
    Path(target).write_bytes(msgspec.msgpack.encode(found))


def pages(original: str, count: str, target: str) -> None:
    """See ports.Books.first_pages."""
    data, own, of = Bookbinder().first_pages(Path(original), int(count))
    Path(target).write_bytes(data)
    print(json.dumps([own, of]))


def main(what: str, *arguments: str) -> int:
    """The exit code."""
    try:
        if what == "read":
            read(*arguments)
        else:
            pages(*arguments)
    except Refused as refused:
        print(refused.values.get("why", ""))
        return NO_BOOK
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
