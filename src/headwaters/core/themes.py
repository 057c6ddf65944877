"""Themes: what a theme's card (theme.toml) says, and which contract it was made for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.look import RIVER

CONTRACT = 1  # of the page contexts (docs/develop/pages.md); raised when a field goes or changes its meaning
CARD = "theme.toml"

Colour = tuple[int, int, int]
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_FILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.css", re.ASCII)
_NAMES = {"name", "about", "contract", "style", "papers", "accent"}
_RIVER_PAPERS = (((0xFB, 0xFA, 0xF6), (0xFF, 0xFF, 0xFF)), ((0x14, 0x19, 0x1C), (0x1D, 0x24, 0x28)))


@dataclass(frozen=True, slots=True)
class Card:
    """What theme.toml says. `day` and `night`: the papers that the accent has to be read on in each scheme."""

    title: str
    about: str
    style: str  # its style sheet in static/; empty: the built-in one
    day: tuple[Colour, ...]
    night: tuple[Colour, ...]
    accent: str = ""  # the colour of covers that are drawn, where the creator chose none; empty: River's


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that can be used. `stamp` changes with any of its files."""

    name: str
    card: Card
    folder: Path | None  # None: River, whose templates are the program's own
    trusted: bool  # it came with the program; others run in a sandbox
    stamp: str


RIVER_THEME = Theme(
    RIVER,
    Card("River", "A letter with a work in it: one calm column, the art first.", "", *_RIVER_PAPERS),
    None,
    True,
    "",
)


def read_card(text: str, name: str) -> Card:
    """The card of the theme called `name`. Raises Refused(THEME_BROKEN), saying what is wrong with which line of it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise _broken(name, str(wrong)) from None
    if unknown := sorted(set(raw) - _NAMES):
        raise _broken(name, f"there is no “{unknown[0]}” in a theme’s card")
    contract = raw.get("contract")
    if contract != CONTRACT:
        raise Refused(
            Code.THEME_BROKEN,
            N_("The theme %(name)s was made for contract %(theirs)s; this Headwaters speaks contract %(ours)d."),
            hint=N_("Look for a newer version of it, or go through docs/develop/themes.md."),
            field="theme",
            name=name,
            theirs=contract if isinstance(contract, int) else "?",
            ours=CONTRACT,
        )
    style = raw.get("style", "")
    if not isinstance(style, str) or (style and not _FILE.fullmatch(style)):
        raise _broken(name, "style is the name of a .css file in static/")
    papers = raw.get("papers", {})
    if not isinstance(papers, Mapping):
        raise _broken(name, "papers is a table with day and night")
    return Card(
        title=_text(raw, "name", name) or name,
        about=_text(raw, "about", name),
        style=style,
        day=_colours(papers.get("day"), name) or _RIVER_PAPERS[0],
        night=_colours(papers.get("night"), name) or _RIVER_PAPERS[1],
        accent=_accent(raw.get("accent", ""), name),
    )


def _text(raw: Mapping[str, object], key: str, name: str) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str) or len(value) > 300:
        raise _broken(name, f"{key} is a short text")
    return " ".join(value.split())


def _colours(value: object, name: str) -> tuple[Colour, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) and _COLOUR.fullmatch(one) for one in value):
        raise _broken(name, 'day and night are lists of colours such as ["#ffffff"]')
    return tuple((int(one[1:3], 16), int(one[3:5], 16), int(one[5:], 16)) for one in value)


def _accent(value: object, name: str) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise _broken(name, "accent is a colour such as #c4122f")
    return value.lower()


def _broken(name: str, why: str) -> Refused:
    return Refused(
        Code.THEME_BROKEN,
        N_("theme.toml of the theme %(name)s is not as it should be: %(why)s."),
        hint=N_("docs/develop/themes.md has an example."),
        field="theme",
        name=name,
        why=why,
    )
