"""What an order page shows so that everything can be heard, seen and read where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from headwaters.core.works.chapters import chapters_for
from headwaters.core.works.editions import Role
from headwaters.core.works.reading import READING
from headwaters.store.pages import FileView, WorkView
from headwaters.web.contexts.taste import Chapter, PictureTaste
from headwaters.web.show_taste import details_of, file_address

_SUBTITLES = "text/vtt"
_SMALL, _LARGE = "webp-512", "webp-2048"


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...


def is_subtitles(file: _Named) -> bool:
    """Whether a browser can show it with a film."""
    return file.media_type == _SUBTITLES and not chapters_for(file.name)


def reading_tail(work: WorkView, file: FileView) -> str:
    """What follows the key in the address of the page on which `file` can be read; empty where it cannot."""
    made = (one for one in work.of_role(Role.MADE) if one.made_from == file.id and one.media_type == READING)
    found = next(made, None)
    return f"/{found.ref}/read/1" if found else ""


def clock(seconds: int) -> str:
    """1:02:03, or 2:03."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def chapters_of(file: FileView) -> tuple[Chapter, ...]:
    """The chapters of a film or a sound, as the shop noted them; their addresses begin at the moment."""
    noted = details_of(file).get("chapters")
    found = []
    for one in noted if isinstance(noted, list) else ():
        match one:
            case [int(seconds), str(title)]:
                found.append(Chapter(title or clock(seconds), seconds, clock(seconds), f"#t={seconds}"))
    return tuple(found)


def moments(chapters: Sequence[Chapter], href: str) -> tuple[Chapter, ...]:
    """The same with whole addresses: without a script a browser plays the file from there (Media Fragments)."""
    return tuple(replace(one, href=f"{href}?inline{one.href}") for one in chapters)


def views_of(work: WorkView) -> tuple[PictureTaste, ...]:
    """The work's pictures to look through: a small form and a large one of each, where the shop made both."""
    by_recipe = {(one.made_from, one.recipe): one for one in work.of_role(Role.MADE)}
    found = []
    for file in work.of_role(Role.WORK):
        small, large = by_recipe.get((file.id, _SMALL)), by_recipe.get((file.id, _LARGE))
        if small and small.width and small.height:
            href = file_address("", large or small) + "?inline"
            src = file_address("", small)
            found.append(PictureTaste(file.label or file.name, href, src, small.width, small.height))
    return tuple(found) if len(found) > 1 else ()


def on_the_way(pictures: Sequence[PictureTaste], way: str) -> tuple[PictureTaste, ...]:
    """The same with whole addresses."""
    return tuple(replace(one, href=way + one.href, src=way + one.src) for one in pictures)
