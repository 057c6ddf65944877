"""Where the chapters of a film or a sound begin: as its file says, or its creator in a file beside it.

The creator's list is WebVTT (`My film.chapters.vtt`: a cue a chapter) or lines of text (`My film.chapters.txt`):

    0:00 The source
    12:30 The mill
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headwaters.core.works.media import stem

MOST = 500
LONGEST_TITLE = 200  # characters
_ASIDE = re.compile(r"(.+)[ ._-]chapters\Z", re.IGNORECASE)
_LINE = re.compile(r"\s*\[?((?:[0-9]{1,3}:)?[0-9]{1,2}:[0-9]{2})(?:\.[0-9]+)?\]?\s*(?:[-–—:|]\s*)?(\S.*)")
_CUE = re.compile(r"\s*((?:[0-9]{2,}:)?[0-9]{2}:[0-9]{2})\.[0-9]{3}\s+-->")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Moment:
    """A chapter: its name, and the second it begins at."""

    title: str
    seconds: int


def chapters_for(name: str) -> str:
    """The stem of the file that a list of chapters is for, in small letters; empty for what is no such list."""
    if not name.casefold().endswith((".vtt", ".txt")):
        return ""
    found = _ASIDE.match(stem(name))
    return found[1].casefold() if found else ""


def read_chapters(text: str) -> tuple[Moment, ...]:
    """The chapters of a list, in the order of time; whatever else stands there is passed over."""
    text = text.lstrip("\ufeff")
    found = _cues(text.splitlines()) if text.startswith("WEBVTT") else _lines(text.splitlines())
    return _in_order(found)


def _lines(lines: Iterable[str]) -> Iterator[Moment]:
    for line in lines:
        if match := _LINE.fullmatch(line):
            yield Moment(match[2].strip()[:LONGEST_TITLE], _seconds(match[1]))


def _cues(lines: Iterable[str]) -> Iterator[Moment]:
    waiting: int | None = None
    for line in lines:
        if match := _CUE.match(line):
            waiting = _seconds(match[1])
        elif waiting is not None and (title := _TAG.sub("", line).strip()):
            yield Moment(title[:LONGEST_TITLE], waiting)
            waiting = None


def _seconds(text: str) -> int:
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part)
    return total


def read_ffmetadata(text: str) -> tuple[Moment, ...]:
    """The chapters that ffmpeg writes down of a file (`-f ffmetadata`)."""
    found: list[Moment] = []
    for block in re.split(r"^\[CHAPTER\]$", text, flags=re.MULTILINE)[1:]:
        facts = dict(re.findall(r"^(TIMEBASE|START|title)=(.*)$", block.partition("\n[")[0], re.MULTILINE))
        base = re.fullmatch(r"([0-9]{1,9})/([1-9][0-9]{0,11})", facts.get("TIMEBASE", ""))
        if base and re.fullmatch(r"[0-9]{1,18}", facts.get("START", "")):
            seconds = int(facts["START"]) * int(base[1]) // int(base[2])
            title = re.sub(r"\\(.)", r"\1", facts.get("title", "")).strip()
            found.append(Moment(title[:LONGEST_TITLE], seconds))
    return _in_order(found)


def _in_order(found: Iterable[Moment]) -> tuple[Moment, ...]:
    """By time, each moment once; one chapter alone is none."""
    by_time: dict[int, Moment] = {}
    for one in found:
        by_time.setdefault(one.seconds, one)
    moments = tuple(by_time[at] for at in sorted(by_time)[:MOST])
    return moments if len(moments) > 1 else ()
