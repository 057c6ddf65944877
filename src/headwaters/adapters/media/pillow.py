"""The Media port, as it is in a process of its own: pictures with Pillow; lengths with mutagen, and with ffmpeg where
it is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from headwaters.adapters.media.drawn import draw_cover
from headwaters.adapters.media.embedded import carried_picture
from headwaters.adapters.media.ffmpeg import Measure
from headwaters.adapters.media.frames import frame_of
from headwaters.adapters.media.given import identified
from headwaters.adapters.media.lengths import measure_film, measure_music
from headwaters.adapters.media.pictures import encode_picture, encode_pictures, measure_picture
from headwaters.core.works.media import Family
from headwaters.core.works.names import shown
from headwaters.ports import Cover, Look, Picture

__all__ = ["PillowMedia"]

_MEASURES: Mapping[Family, Callable[[Path], Measure]] = {
    Family.FILM: measure_film,
    Family.MUSIC: measure_music,
    Family.PICTURE: measure_picture,
}


class PillowMedia:
    """Looks at files and makes small pictures. Stateless; use it from any thread."""

    def look(self, path: Path) -> Look:
        """See ports.Media."""
        found = identified(path)
        measure = _MEASURES.get(found.family)
        size = measure(path) if measure else Measure()
        return Look(found.media_type, size.seconds, size.width, size.height)

    def pictures(self, path: Path, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """See ports.Media."""
        found = identified(path)
        if found.family is Family.PICTURE:
            return encode_pictures(path, shown(path.name), widths)
        carried = frame_of(path) if found.family is Family.FILM else carried_picture(path, found.family)
        return encode_pictures(carried, shown(path.name), widths)

    def draw(self, cover: Cover, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """See ports.Media."""
        return encode_picture(draw_cover(cover, max(widths)), widths)
