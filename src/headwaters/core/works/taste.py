"""How much of a work can be tried on its page, as its creator says it: `30 seconds, 1 chapter`.

    taste  = "off" | "whole" | part *( "," part )
    part   = [ "from" moment ] number unit [ "from" moment ]
    unit   = "second(s)" | "minute(s)" | "chapter(s)" | "page(s)" | "picture(s)"
    moment = seconds | minutes ":" seconds | hours ":" minutes ":" seconds

A work's own words stand alone: what they do not speak of cannot be tried. Where it has none, the shop's usual ones are
taken. Only sounds and films begin at a moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headwaters.core.errors import N_, Code, Refused

OFF = "off"
WHOLE = "whole"
USUAL = "30 seconds, 1 chapter, 3 pages, 4 pictures"

LONGEST = 200  # characters of a taste
MOST_SECONDS = 60 * 60
MOST = 100  # chapters, pages, pictures
LATEST_START = 24 * 60 * 60
ALL = 1_000_000_000  # more than any work has

_SECONDS = {"second": 1, "seconds": 1, "sec": 1, "s": 1, "minute": 60, "minutes": 60, "min": 60}
_COUNTED = {
    "chapter": "chapters",
    "chapters": "chapters",
    "page": "pages",
    "pages": "pages",
    "picture": "pictures",
    "pictures": "pictures",
}
_MOMENT = r"(?:(?:([0-9]{1,2}):)?([0-9]{1,3}):)?([0-9]{1,5})"
_PART = re.compile(
    rf"(?:from\s+{_MOMENT}\s+)?([0-9]{{1,5}})\s*([a-z]+)(?:\s+from\s+{_MOMENT})?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Taste:
    """What can be tried of each file: so many seconds of sounds and films from `start` on, so many chapters of a book,
    pages of a PDF, and pictures of all there are. 0: nothing; ALL: everything."""

    start: int = 0
    seconds: int = 0
    chapters: int = 0
    pages: int = 0
    pictures: int = 0

    def __str__(self) -> str:
        """As `read_taste` reads it, always in the same words."""
        if self == EVERYTHING:
            return WHOLE
        start = f"from {_moment(self.start)} " if self.start and self.seconds else ""
        said = (
            start + _counted(self.seconds, "second") if self.seconds else "",
            _counted(self.chapters, "chapter"),
            _counted(self.pages, "page"),
            _counted(self.pictures, "picture"),
        )
        return ", ".join(part for part in said if part) or OFF


EVERYTHING = Taste(seconds=ALL, chapters=ALL, pages=ALL, pictures=ALL)


def read_taste(text: str) -> Taste:
    """What `text` says; nothing said is nothing to try. Raises Refused(FORM_BROKEN) with field `taste`."""
    text = " ".join(text.split()).casefold()
    if len(text) > LONGEST:
        raise _refused(N_("It is too long: %(most)s characters at most."), most=LONGEST)
    if text in {"", OFF, "none"}:
        return Taste()
    if text == WHOLE:
        return EVERYTHING
    found: dict[str, int] = {}
    for part in text.replace(" and ", ", ").split(","):
        for name, value in _read_part(part.strip()).items():
            if name in found:
                raise _refused(N_("“%(part)s” is there twice."), part=name)
            found[name] = value
    return Taste(**found)


def check_taste(text: str) -> str:
    """`text` as it is kept: in its plainest words, or empty for the shop's usual. Raises as `read_taste`."""
    return str(read_taste(text)) if text.strip() else ""


def taste_of(own: str, usual: str) -> Taste:
    """What can be tried of a work: as it says itself, else as the shop does. Both were checked when they were kept."""
    return read_taste(own or usual)


def _read_part(part: str) -> dict[str, int]:
    match = _PART.fullmatch(part)
    if match is None:
        raise _refused(N_("“%(part)s” is not a taste. Write it like %(such)s."), part=part, such=_such())
    number, unit = int(match[4]), match[5]
    moments = [_seconds(*found) for found in (match.group(1, 2, 3), match.group(6, 7, 8)) if found[2] is not None]
    if unit in _SECONDS:
        seconds = _within(number * _SECONDS[unit], MOST_SECONDS, part)
        start = sum(moments)
        if len(moments) > 1 or start > LATEST_START:
            raise _refused(N_("“%(part)s” is not a taste. Write it like %(such)s."), part=part, such=_such())
        return {"seconds": seconds, "start": start} if seconds and start else {"seconds": seconds}
    if unit in _COUNTED and not moments:
        return {_COUNTED[unit]: _within(number, MOST, part)}
    raise _refused(N_("“%(part)s” is not a taste. Write it like %(such)s."), part=part, such=_such())


def _such() -> str:
    return f"“{USUAL}”, “from 1:00 45 seconds”, “{WHOLE}”, “{OFF}”"


def _within(number: int, most: int, part: str) -> int:
    if number > most:
        raise _refused(N_("“%(part)s” is too much to try: %(most)s at most."), part=part, most=most)
    return number


def _seconds(hours: str | None, minutes: str | None, seconds: str) -> int:
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)


def _moment(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _counted(number: int, word: str) -> str:
    return "" if not number else f"{number} {word}" if number == 1 else f"{number} {word}s"


def _refused(message: str, **values: object) -> Refused:
    return Refused(Code.FORM_BROKEN, message, hint="", field="taste", **values)
