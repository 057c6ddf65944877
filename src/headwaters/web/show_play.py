"""What an order page shows so that everything can be heard, seen and read where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from headwaters.core.works.chapters import chapters_for
from headwaters.core.works.editions import Role
from headwaters.core.works.reading import READING
from headwaters.store.fetching import Coming
from headwaters.store.pages import FileView, WorkView
from headwaters.web.contexts.taste import Chapter, PictureTaste
from headwaters.web.show_taste import clock, details_of, file_address
from headwaters.web.show_works import played_as

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


def reading_of(work: WorkView, file: FileView) -> FileView | None:
    """What the shop made of `file` to be read on a page."""
    made = (one for one in work.of_role(Role.MADE) if one.made_from == file.id and one.media_type == READING)
    return next(made, None)


@dataclass(frozen=True, slots=True)
class Played:
    """What plays in place of a file: audio, video, picture, or file for nothing. `tail` and `small`: what follows the
    key, in the address of it, and of what is better on a narrow screen."""

    kind: str
    tail: str = ""
    small: str = ""


NOTHING = Played("file")


def played(file: FileView, made: Sequence[FileView]) -> Played:
    """What plays of `file`; `made`: what the shop made of the work and offers. Only what is whole, and what browsers
    play everywhere: a film's MP4, the MP3 of music that lost nothing, which is a fifth of its size."""
    own = {one.recipe: _tail(one) for one in made if one.made_from == file.id and not one.fault}
    itself = "" if file.fault else _tail(file)
    match kind := played_as(file.media_type):
        case "video":
            large, small = own.get("h264-1080", ""), own.get("h264-480", "")
            tail = large or (itself if file.media_type in _FILMS else "") or small
            return Played(kind, tail, small if small != tail else "") if tail else NOTHING
        case "audio":
            itself = itself if file.media_type in _SOUNDS else ""
            mp3, opus = own.get("mp3", ""), own.get("opus", "")
            tail = mp3 or itself or opus if file.media_type in _HEAVY else itself or mp3 or opus
            return Played(kind, tail) if tail else NOTHING
        case "picture":
            tail = itself or own.get("webp-2048", "")
            return Played(kind, tail) if tail else NOTHING
    return NOTHING


def plays_soon(file: FileView, coming: Sequence[Coming]) -> bool:
    """Whether something that plays in the place of `file` may be being made."""
    kind = played_as(file.media_type)
    return any(one.recipe in _PLAYED_FOR.get(kind, ()) for one in coming)


_PLAYED_FOR = {"video": ("h264-1080", "h264-480"), "audio": ("mp3", "opus")}
# What browsers play, all of them or nearly: of others their makers know.
_FILMS = frozenset({"video/mp4", "video/webm", "video/quicktime", "video/x-m4v"})
_SOUNDS = frozenset(
    {
        "audio/aac",
        "audio/flac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/opus",
        "audio/wav",
        "audio/webm",
        "audio/x-flac",
        "audio/x-m4a",
        "audio/x-wav",
    }
)
_HEAVY = frozenset({"audio/flac", "audio/mp4", "audio/wav", "audio/x-flac", "audio/x-m4a", "audio/x-wav"})


def _tail(file: FileView) -> str:
    return file_address("", file)


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
    by_recipe = {(one.made_from, one.recipe): one for one in work.of_role(Role.MADE) if not one.fault}
    found = []
    for file in work.of_role(Role.WORK):
        small, large = by_recipe.get((file.id, _SMALL)), by_recipe.get((file.id, _LARGE))
        if small and small.width and small.height:
            href = _tail(large or small) + "?inline"
            src = _tail(small)
            found.append(PictureTaste(file.label or file.name, href, src, small.width, small.height))
    return tuple(found) if len(found) > 1 else ()


def on_the_way(pictures: Sequence[PictureTaste], way: str) -> tuple[PictureTaste, ...]:
    """The same with whole addresses."""
    return tuple(replace(one, href=way + one.href, src=way + one.src) for one in pictures)
