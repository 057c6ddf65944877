"""Themes on the disk: those that came with the program, and those in the shop's own folder `themes`.

A theme that cannot be used never takes the shop down: pages fall back to River, and `Dress.fault` says why.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.look import RIVER, is_theme_name
from headwaters.core.themes import CARD, RIVER_THEME, Theme, read_card

BUILT_IN = Path(__file__).parent.parent / "themes"
MOST_FILES = 200
MOST_BYTES = 5_000_000  # of one file


@dataclass(frozen=True, slots=True)
class Dress:
    """What pages wear: the theme that was chosen, or River and why it is not the other."""

    theme: Theme = RIVER_THEME
    fault: HeadwatersError | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Two dresses with the same key look the same."""
        return self.theme.name, self.theme.stamp, str(self.fault or "")


@dataclass(frozen=True, slots=True)
class Found:
    """A theme in a list, or why it cannot be used."""

    name: str
    theme: Theme | None
    fault: HeadwatersError | None


def own_folder(shop: Path) -> Path:
    """Where the shop's own themes are."""
    return shop / "themes"


def load_theme(shop: Path, name: str) -> Theme:
    """The theme called `name`: one that came with the program, else one of the shop's own.

    Raises Refused(THEME_UNKNOWN | THEME_BROKEN).
    """
    if name == RIVER:
        return RIVER_THEME
    if is_theme_name(name):
        for folder in (BUILT_IN / name, own_folder(shop) / name):
            if folder.is_dir():
                return read_theme(folder, trusted=folder.parent == BUILT_IN)
    raise Refused(
        Code.THEME_UNKNOWN,
        N_("There is no theme %(name)s."),
        hint=N_("“headwaters themes” lists them. Your own go into the folder themes of your shop."),
        field="theme",
        name=name,
    )


def read_theme(folder: Path, *, trusted: bool = False) -> Theme:
    """The theme in `folder`. Raises Refused(THEME_BROKEN)."""
    name = folder.name
    if not is_theme_name(name):
        raise _unreadable(name, "its folder’s name has other letters than a–z, 0–9 and hyphens")
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
        stamp = _stamp(folder)
    except UnicodeDecodeError:
        raise _unreadable(name, "theme.toml is not UTF-8") from None
    except FileNotFoundError:
        raise _unreadable(name, "there is no theme.toml in it") from None
    except OSError as wrong:
        raise _unreadable(name, wrong.strerror or type(wrong).__name__) from None
    card = read_card(text, name)
    if card.style and not (folder / "static" / card.style).is_file():
        raise _unreadable(name, "its style sheet is not in static/")
    return Theme(name, card, folder, trusted, stamp)


def _unreadable(name: str, why: str) -> Refused:
    hint = N_("docs/develop/themes.md has an example.")
    return Refused(
        Code.THEME_BROKEN,
        N_("The theme %(name)s cannot be used: %(why)s."),
        hint=hint,
        field="theme",
        name=name,
        why=why,
    )


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Card, templates and static files; plain ones, of a sensible size. A link would show the world what it leads to,
    so there is none, not even of a folder. Raises OSError, Refused(THEME_BROKEN)."""
    found = [folder / CARD, *_below(folder / "templates"), *_below(folder / "static")]
    if len(found) > MOST_FILES:
        raise _unreadable(folder.name, "it has too many files")
    for path in found:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise _unreadable(folder.name, "there is a symbolic link in it")
        if stat.S_ISREG(status.st_mode):
            if status.st_size > MOST_BYTES:
                raise _unreadable(folder.name, "a file in it is too large")
            yield path, status


def _below(place: Path) -> list[Path]:
    """`place` and all that is in it, folders as well, without following a link; no more than it takes to see that it is
    too much."""
    if place.is_symlink() or not place.is_dir():
        return [place] if place.is_symlink() else []
    found: list[Path] = []
    for at, folders, files in os.walk(place):
        found += [Path(at, name) for name in sorted((*folders, *files))]
        if len(found) > MOST_FILES:
            break
        folders.sort()
    return found


def _stamp(folder: Path) -> str:
    """A name for how the theme's files are now; looked at once a second, so by their times and sizes."""
    seen = hashlib.sha256()
    for path, status in _files(folder):
        seen.update(f"{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return seen.hexdigest()[:12]


def dress(shop: Path, name: str) -> Dress:
    """What pages wear when the setting `theme` says `name`."""
    try:
        return Dress(load_theme(shop, name))
    except HeadwatersError as fault:
        return Dress(RIVER_THEME, fault)


def all_themes(shop: Path) -> tuple[Found, ...]:
    """Those that came with the program first, River at their head, then the shop's own."""
    names = [RIVER, *_folders(BUILT_IN)]
    names += [name for name in _folders(own_folder(shop)) if name not in names]
    return tuple(_found(shop, name) for name in names)


def _folders(place: Path) -> list[str]:
    if not place.is_dir():
        return []
    return sorted(path.name for path in place.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))


def _found(shop: Path, name: str) -> Found:
    try:
        return Found(name, load_theme(shop, name), None)
    except HeadwatersError as fault:
        return Found(name, None, fault)
