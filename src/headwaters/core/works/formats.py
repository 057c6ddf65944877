"""The formats that the shop makes of a work's files, and which of them a creator wants.

A choice is a list of names, `mp3,opus`; empty: the shop's usual ones; `none`: none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from headwaters.core.errors import N_
from headwaters.core.works.chapters import chapters_for
from headwaters.core.works.media import Family, family_of, format_by_name, stem

NONE = "none"
USUAL = "flac,mp3,opus,1080,480,webp"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a creator can want. `recipes`: what is made for it."""

    name: str
    family: Family
    title: str
    about: str
    recipes: tuple[str, ...]


CHOICES: tuple[Choice, ...] = (
    Choice(
        "flac",
        Family.MUSIC,
        "FLAC",
        N_("Music without loss, at half the size; only from originals without loss"),
        ("flac",),
    ),
    Choice("mp3", Family.MUSIC, "MP3", N_("Music that plays everywhere (V0)"), ("mp3",)),
    Choice("opus", Family.MUSIC, "Opus", N_("Music that is small and good, for telephones"), ("opus",)),
    Choice("1080", Family.FILM, "MP4 1080", N_("Films for screens (H.264)"), ("h264-1080",)),
    Choice("480", Family.FILM, "MP4 480", N_("Small films, for telephones and slow lines (H.264)"), ("h264-480",)),
    Choice("webp", Family.PICTURE, "WebP", N_("Pictures for screens, and small ones"), ("webp-2048", "webp-512")),
)
NAMES = tuple(choice.name for choice in CHOICES)
SUBTITLES = "vtt"  # subtitles as browsers show them: made of others, or taken out of films, whenever a work has them
_BY_RECIPE = {recipe: choice for choice in CHOICES for recipe in choice.recipes}
RECIPES = (*_BY_RECIPE, SUBTITLES)

TITLES = {
    "flac": "FLAC",
    "mp3": "MP3",
    "opus": "Opus",
    "h264-1080": "MP4 1080",
    "h264-480": "MP4 480",
    "webp-2048": "WebP",
    "webp-512": N_("WebP, small"),
    SUBTITLES: "WebVTT",
}

# What has no loss by its very format; an M4A may hold either, and is looked into when it is made.
_LOSSLESS = frozenset(["audio/flac", "audio/wav", "audio/aiff", "audio/x-wavpack", "audio/mp4", "audio/matroska"])
_BETTER = ("flac", "wav", "aif", "wv")  # the endings of what surely has none
_PICTURES = frozenset(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/tiff", "image/bmp"])
_TEXTS_INSIDE = frozenset(["video/mp4", "video/quicktime", "video/matroska", "video/webm"])
_NO_SOUND = frozenset(["audio/midi"])
_IS_ALREADY = {"flac": "flac", "mp3": "mp3", "opus": "opus"}  # recipe → the ending of files that are that


def read_choice(text: str) -> str:
    """A choice as it is kept: in the order of CHOICES. Raises ValueError with a name that is not known."""
    names = [part.strip().casefold() for part in text.replace("\n", ",").split(",")]
    names = [name for name in names if name]
    if names == [NONE]:
        return NONE
    for name in names:
        if name not in NAMES:
            raise ValueError(name)
    return ",".join(name for name in NAMES if name in names)


def chosen(text: str) -> frozenset[str]:
    """The names of a choice that was read; a name of another version is left out."""
    return frozenset(text.split(",")) & frozenset(NAMES)


def is_offered(recipe: str, formats: str) -> bool:
    """Whether a made file is still wanted, by the recipe that it was made with."""
    choice = _BY_RECIPE.get(recipe)
    return recipe == SUBTITLES if choice is None else choice.name in chosen(formats)


def family_of_recipe(recipe: str) -> Family | None:
    """Of what files a recipe makes something for readers."""
    choice = _BY_RECIPE.get(recipe)
    return choice.family if choice else None


def wished_formats(name: str, media_type: str, others: Iterable[str], formats: str) -> tuple[str, ...]:
    """The recipes for a file, given the names of the work's other files: what its creator made is not made again."""
    family, wanted = family_of(media_type), chosen(formats)
    if family is Family.SUBTITLES:
        return () if _ending(name) == "vtt" or _has(name, others, "vtt") else (SUBTITLES,)
    recipes = [recipe for recipe, choice in _BY_RECIPE.items() if choice.family is family and choice.name in wanted]
    match family:
        case Family.MUSIC if media_type not in _NO_SOUND:
            return tuple(recipe for recipe in recipes if _music(recipe, name, media_type, others))
        case Family.PICTURE if media_type in _PICTURES:
            return tuple(recipes)
        case Family.FILM:
            return (*recipes, SUBTITLES) if media_type in _TEXTS_INSIDE and not _subtitled(others) else tuple(recipes)
    return ()


def _subtitled(others: Iterable[str]) -> bool:
    """Whether the creator gave subtitles: those inside of the films would be there twice."""
    found = ((other, format_by_name(other)) for other in others)
    return any(kind and kind.family is Family.SUBTITLES and not chapters_for(name) for name, kind in found)


def _music(recipe: str, name: str, media_type: str, others: Iterable[str]) -> bool:
    ending = _IS_ALREADY[recipe]
    if _ending(name) == ending or _has(name, others, ending):
        return False
    if media_type not in _LOSSLESS and any(_has(name, others, better) for better in _BETTER):
        return False  # it is made of that one, once
    return recipe != "flac" or media_type in _LOSSLESS


def _ending(name: str) -> str:
    found = format_by_name(name)
    return found.extensions[0] if found else ""


def _has(name: str, others: Iterable[str], ending: str) -> bool:
    """Whether one of the others is called like this, with that ending."""
    own = stem(name).casefold()
    return any(_ending(other) == ending and stem(other).casefold() == own for other in others)


def made_name(name: str, suffix: str) -> str:
    """The name of a file that is made of another, in the same folder: `01 Song.flac` → `01 Song.mp3`."""
    folder, slash, base = name.rpartition("/")
    own = stem(base)
    room = 255 - len(suffix.encode())
    while len(own.encode()) > room:
        own = own[:-1]
    return f"{folder}{slash}{own}{suffix}"


T = TypeVar("T", bound="Kept")


class Kept(Protocol):
    """A file of an edition, given or made."""

    @property
    def id(self) -> int: ...
    @property
    def made_from(self) -> int | None: ...
    @property
    def recipe(self) -> str: ...


def in_format(recipe: str, given: Sequence[T], made: Sequence[T]) -> tuple[T, ...]:
    """An edition in one format: each file that was given, or what this recipe made of it; empty where it made none."""
    instead = {file.made_from: file for file in made if file.recipe == recipe}
    return tuple(instead.get(file.id, file) for file in given) if instead else ()
