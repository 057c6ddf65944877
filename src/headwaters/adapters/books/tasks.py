"""What the Books port asks of a process of its own (`apart.py`)."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

from headwaters.adapters.books import Bookbinder, epub, pdf, plain  # noqa: F401  (loaded once, before anything is forked)
from headwaters.adapters.media.pictures import encode_pictures
from headwaters.core.errors import HeadwatersError
from headwaters.core.works.reading import Reading

WIDEST_PICTURE = 1400  # pixels of a book's picture on a page
HEAVY = 200_000  # bytes: a picture that has more is made lighter
_RASTER = frozenset(["image/jpeg", "image/png", "image/webp", "image/avif"])


def lighter(media_type: str, data: bytes) -> tuple[str, bytes]:
    """A picture that a page can carry. One that cannot be read is left as it is: a browser may know better."""
    if media_type in _RASTER and len(data) > HEAVY:
        with suppress(HeadwatersError):
            picture = encode_pictures(io.BytesIO(data), "", (WIDEST_PICTURE,))[0]
            if len(picture.data) < len(data):
                return picture.media_type, picture.data
    return media_type, data


def read(path: Path, media_type: str, language: str) -> Reading:
    """See Bookbinder.read."""
    return Bookbinder().read(path, media_type, language, lighter)


first_pages = Bookbinder().first_pages
