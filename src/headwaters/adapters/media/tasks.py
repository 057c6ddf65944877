"""What the media adapters ask of a process of its own (`apart.py`, `encoder.py`). What both libraries load late is
loaded here, once, before anything is forked."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import mutagen
from PIL import Image

from headwaters.adapters.apart.program import too_large
from headwaters.adapters.media.pictures import encode_shrunk
from headwaters.adapters.media.pillow import PillowMedia
from headwaters.adapters.media.tags import write_tags
from headwaters.ports import Tags

Image.init()
with contextlib.suppress(mutagen.MutagenError):
    mutagen.File(io.BytesIO(bytes(256)))

_SMALL = 1 << 16  # bytes: nobody looks at these
_media = PillowMedia()
look, pictures, draw = _media.look, _media.pictures, _media.draw


def shrink(original: Path, side: int, target: Path) -> tuple[int, int]:
    """A picture as WebP at `target`, upright and in sRGB, its long side at most `side` and never larger than it was;
    its size. Raises Refused(FILE_WRONG_KIND); Skip where it would have more bytes than the original."""
    picture = encode_shrunk(original, side)
    if len(picture.data) > max(original.stat().st_size, _SMALL):
        raise too_large()
    target.write_bytes(picture.data)
    return picture.width, picture.height


def tag(path: Path, codec: str, original: Path, tags: Tags) -> None:
    """See tags.write_tags."""
    write_tags(path, codec, original, tags)
