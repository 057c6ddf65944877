"""From the rows of what can be tried to what a work's page shows of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from headwaters.core.errors import N_
from headwaters.core.works.editions import Role
from headwaters.core.works.reading import READING
from headwaters.core.works.taste import EVERYTHING, Taste
from headwaters.core.works.taste_recipes import PICTURES
from headwaters.core.works.waves import BARS, is_wave, wave_path
from headwaters.store.pages import FileView, WorkView
from headwaters.web.contexts import taste as pages
from headwaters.web.format import Format

MOST_BARS = 196  # on one page: each has some eight bytes
FEWEST_BARS = 10  # less is no shape
MANY = 8  # tracks: of more, how long they are is not said here
_PDF = "application/pdf"
_FIRST, _FROM = N_("the first %(length)s"), N_("%(length)s from %(start)s on")


def clock(seconds: int) -> str:
    """1:02:03, or 2:03."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def details_of(file: FileView) -> dict[str, Any]:
    """What the shop noted when it made the file; nothing where that cannot be read."""
    try:
        found = json.loads(file.details) if file.details else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def file_address(way: str, file: FileView) -> str:
    """The address of a file, below `way`."""
    return f"{way}/{file.ref}/{quote(file.name.rpartition('/')[2], safe='')}"


def _whole(details: dict[str, Any], key: str = "of") -> int:
    value = details.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def tastes(work: WorkView, address: str, said: Format) -> pages.Tastes:
    """What can be tried. `address`: what stands before the part of a file's address that is its own."""
    all_made = work.of_role(Role.TASTE)
    made = tuple(file for file in all_made if not file.fault)
    labels = {file.id: file.label or file.name for file in work.files}
    sounds = [one for one in made if one.media_type.startswith("audio/")]
    pictures = _pictures(made, labels, address)
    return pages.Tastes(
        sounds=tuple(_sounds(sounds, labels, address, said)),
        films=tuple(_film(one, made, labels, address, said) for one in made if one.media_type.startswith("video/")),
        books=tuple(
            _book(number, one, work, labels)
            for number, one in enumerate((one for one in all_made if one.media_type == READING), 1)
            if not one.fault
        ),
        pages=tuple(_pages(one, labels, address, said) for one in made if one.media_type == _PDF),
        pictures=pictures,
        more=max(0, _all_pictures(work) - len(pictures)) if pictures else 0,
        any=bool(made),
    )


def said_taste(taste: Taste, said: Format) -> str:
    """How much of a work can be tried, in the language of the page; empty for nothing."""
    if taste == EVERYTHING:
        return said.gettext("all of it")
    counted = (
        (said.ngettext("%(count)d chapter", "%(count)d chapters", taste.chapters), taste.chapters),
        (said.ngettext("%(count)d page", "%(count)d pages", taste.pages), taste.pages),
        (said.ngettext("%(count)d picture", "%(count)d pictures", taste.pictures), taste.pictures),
    )
    parts = [_said_seconds(taste, said)] if taste.seconds else []
    return said.join([*parts, *(words % {"count": count} for words, count in counted if count)])


def _said_seconds(taste: Taste, said: Format) -> str:
    values = {"length": said.length(taste.seconds), "start": clock(taste.start)}
    return said.gettext(_FROM if taste.start else _FIRST) % values


def _label(file: FileView, labels: dict[int, str]) -> str:
    return labels.get(file.made_from or 0) or file.label or file.name


def _sounds(
    found: Sequence[FileView], labels: dict[int, str], address: str, said: Format
) -> Iterator[pages.SoundTaste]:
    """Each with its shape; the more there are, the coarser it is, as pages are to be light."""
    bars = min(BARS, MOST_BARS // max(len(found), 1))
    for file in found:
        details = details_of(file)
        wave, whole = details.get("wave"), _whole(details)
        shown = bars if bars >= FEWEST_BARS and is_wave(wave) else 0
        few = len(found) <= MANY
        goes_on = few and whole > (file.seconds or 0) + 1
        yield pages.SoundTaste(
            label=_label(file, labels),
            length=said.length(file.seconds) if few and file.seconds else "",
            whole=said.length(whole) if goes_on else "",
            href=f"{address}/{file.ref}/try.mp3",
            media_type=file.media_type,
            wave=wave_path(str(wave), shown) if shown else "",
            bars=shown,
        )


def _film(
    file: FileView, made: Sequence[FileView], labels: dict[int, str], address: str, said: Format
) -> pages.FilmTaste:
    whole = _whole(details_of(file))
    poster = next(
        (one for one in made if one.made_from == file.made_from and one.recipe == file.recipe and _is_picture(one)),
        None,
    )
    return pages.FilmTaste(
        label=_label(file, labels),
        length=said.length(file.seconds) if file.seconds else "",
        whole=said.length(whole) if whole > (file.seconds or 0) + 1 else "",
        href=file_address(address, file),
        media_type=file.media_type,
        poster=file_address(address, poster) if poster else "",
        width=file.width or 0,
        height=file.height or 0,
    )


def _book(number: int, file: FileView, work: WorkView, labels: dict[int, str]) -> pages.BookTaste:
    details = details_of(file)
    opening, language = details.get("opening"), details.get("language")
    return pages.BookTaste(
        label=_label(file, labels),
        href=f"/w/{work.slug}/read/{number}/1",
        chapters=_whole(details, "chapters"),
        of=_whole(details),
        opening=opening if isinstance(opening, str) else "",
        language=language if isinstance(language, str) and language else work.language,
    )


def _pages(file: FileView, labels: dict[int, str], address: str, said: Format) -> pages.PagesTaste:
    details = details_of(file)
    return pages.PagesTaste(
        label=_label(file, labels),
        href=file_address(address, file) + "?inline",
        pages=_whole(details, "pages"),
        of=_whole(details),
        size=said.size(file.size),
    )


def _is_picture(file: FileView) -> bool:
    return file.media_type.startswith("image/")


def _pictures(made: Sequence[FileView], labels: dict[int, str], address: str) -> tuple[pages.PictureTaste, ...]:
    """Each picture by its smallest and its largest form."""
    films = {(one.made_from, one.recipe) for one in made if one.media_type.startswith("video/")}
    forms: dict[int, list[FileView]] = {}
    for one in made:
        if _is_picture(one) and (one.made_from, one.recipe) not in films and one.width and one.height:
            forms.setdefault(one.made_from or 0, []).append(one)
    found = []
    for own in forms.values():
        small, large = min(own, key=lambda one: one.width or 0), max(own, key=lambda one: one.width or 0)
        found.append(
            pages.PictureTaste(
                label=_label(large, labels),
                href=file_address(address, large) + "?inline",
                src=file_address(address, small),
                width=small.width or 1,
                height=small.height or 1,
            )
        )
    return tuple(found)


def _all_pictures(work: WorkView) -> int:
    return sum(file.media_type in PICTURES for file in work.of_role(Role.WORK))
