"""The Media port: pictures with Pillow; lengths with mutagen, and with ffmpeg where it is installed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from headwaters.adapters.media.drawn import draw_cover
from headwaters.adapters.media.embedded import carried_picture
from headwaters.adapters.media.frames import frame_of
from headwaters.adapters.media.lengths import Measure, measure_film, measure_music
from headwaters.adapters.media.pictures import encode_picture, encode_pictures, measure_picture
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.content import HEAD_BYTES
from headwaters.core.works.media import Family, identify
from headwaters.core.works.names import shown
from headwaters.ports import Cover, Look, Picture

__all__ = ["PillowMedia"]

_MEASURES = {Family.FILM: measure_film, Family.MUSIC: measure_music, Family.PICTURE: measure_picture}


class PillowMedia:
    """Looks at files and makes small pictures. Stateless; use it from any thread."""

    def look(self, path: Path) -> Look:
        """See ports.Media."""
        found = identify(path.name, _head(path))
        measure = _MEASURES.get(found.family)
        size = measure(path) if measure else Measure()
        return Look(found.media_type, size.seconds, size.width, size.height)

    def pictures(self, path: Path, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """See ports.Media."""
        found = identify(path.name, _head(path))
        if found.family is Family.PICTURE:
            return encode_pictures(path, shown(path.name), widths)
        carried = frame_of(path) if found.family is Family.FILM else carried_picture(path, found.family)
        return encode_pictures(carried, shown(path.name), widths)

    def draw(self, cover: Cover, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """See ports.Media."""
        return encode_picture(draw_cover(cover, max(widths)), widths)


def _head(path: Path) -> bytes:
    """The first bytes of a plain file; anything else (a pipe would block) is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _refused(Code.FILE_MISSING, N_("“%(name)s” is not there (any more)."), path) from None
    except OSError as wrong:
        why = wrong.strerror or type(wrong).__name__
        raise _refused(Code.FILE_UNREADABLE, N_("“%(name)s” cannot be read: %(why)s."), path, why=why) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _refused(Code.FILE_UNREADABLE, N_("“%(name)s” is not a file."), path)
        return os.read(descriptor, HEAD_BYTES)
    finally:
        os.close(descriptor)


def _refused(code: Code, message: str, path: Path, **values: object) -> Refused:
    return Refused(code, message, field="files", name=shown(path.name), hint="", **values)
