"""The Media port as a shop has it: what a file is can be told by its first bytes; whatever has to look further does
so in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from headwaters.adapters.apart.client import HERE, Apart, Lost, Task, lent
from headwaters.adapters.apart.limits import GIGABYTE, Limits
from headwaters.adapters.apart.wire import plain
from headwaters.adapters.media.given import identified
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.media import Family
from headwaters.core.works.names import shown
from headwaters.ports import Cover, Look, Picture

_TASKS = "headwaters.adapters.media.tasks"
LOOK = Task(_TASKS, "look", Look)
PICTURES = Task(_TASKS, "pictures", tuple[Picture, ...])
DRAW = Task(_TASKS, "draw", tuple[Picture, ...])
# Somebody waits for these. ffmpeg has patience of its own, for each of its looks.
LOOKING = Limits(wall=60, cpu=30, output=GIGABYTE, nice=0)
PICTURING = Limits(wall=180, cpu=90, output=GIGABYTE, nice=0)
_MEASURED = frozenset([Family.FILM, Family.MUSIC, Family.PICTURE])


class MediaApart:
    """Stateless; use it from any thread."""

    def __init__(self, apart: Apart = HERE) -> None:
        self._apart = apart

    def look(self, path: Path) -> Look:
        """See ports.Media. How long or large something is stays unknown, where that takes too much to find out."""
        found = identified(path)
        if found.family not in _MEASURED:
            return Look(found.media_type)
        try:
            return self._apart.ask(LOOK, LOOKING, path.absolute(), lend=lent(path))
        except (Lost, OSError):
            return Look(found.media_type)

    def pictures(self, path: Path, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """See ports.Media."""
        identified(path)  # a pipe is refused by who opens it without waiting
        try:
            return self._apart.ask(PICTURES, PICTURING, path.absolute(), widths, lend=lent(path))
        except (Lost, OSError):
            raise Refused(
                Code.FILE_WRONG_KIND,
                N_("“%(name)s” takes too much time or memory to make a picture of."),
                hint=N_("Save it anew as JPEG, PNG or WebP."),
                field="cover",
                name=shown(path.name),
            ) from None

    def draw(self, cover: Cover, widths: tuple[int, ...]) -> tuple[Picture, ...]:
        """See ports.Media."""
        sayable = replace(cover, title=plain(cover.title), by=plain(cover.by))
        try:
            return self._apart.ask(DRAW, PICTURING, sayable, widths)
        except (Lost, OSError):
            message = N_("The machine has too little memory left to draw a cover.")
            raise Refused(Code.NOT_MADE, message, hint=N_("Try again later, or give the work a picture.")) from None
