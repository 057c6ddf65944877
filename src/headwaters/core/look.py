"""What a shop may look like: type, cover, scheme, and two editors who change it at the same time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from headwaters.core.errors import N_

# What a creator chooses among, with the words for it. The first of each is what a new shop has.
TYPES: Mapping[str, str] = {
    "letter": N_("A letter: a reading serif, with a sans for what one presses"),
    "plain": N_("Plain: one clear sans for everything"),
    "book": N_("A book: an old style serif for everything"),
    "typewriter": N_("A typewriter: for zines, scripts and code"),
}
COVERS: Mapping[str, str] = {
    "auto": N_("As its shape asks: wide art above the words, other art beside them"),
    "above": N_("Above the words"),
    "beside": N_("Beside the words"),
    "full": N_("Across the whole window"),
    "small": N_("Small, beside the words"),
}
SCHEMES: Mapping[str, str] = {
    "auto": N_("As each reader’s device has it"),
    "light": N_("Always light"),
    "dark": N_("Always dark"),
}

# The settings that make up the look, in the order in which the Studio asks for them.
LOOK_KEYS = (
    "name",
    "tagline",
    "creator",
    "about",
    "imprint",
    "contact_email",
    "language",
    "theme",
    "accent",
    "type",
    "cover",
    "scheme",
)
LOGO = "logo"  # the name of the shop's own picture, and of its field
RIVER = "river"  # the theme that everything falls back to

_THEME_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)


def is_theme_name(text: str) -> bool:
    """Whether `text` could be a theme's: it is a folder's name and stands in addresses."""
    return _THEME_NAME.fullmatch(text) is not None and "--" not in text


def layout_of(cover: str, shape: str) -> str:
    """Where the art of a work's page stands: above, beside, full or small. `shape`: wide, square, tall or empty."""
    if cover != "auto":
        return cover
    return "above" if shape in {"wide", ""} else "beside"


# ── two editors ──────────────────────────────────────────────────────────────────────────────────


def mark(value: str) -> str:
    """A short name for a value, by which a form remembers what it started from."""
    return hashlib.sha256(value.replace("\r\n", "\n").strip().encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a form changes: `changes` go in; `contested` were changed by somebody else since, to something else."""

    changes: Mapping[str, str]
    contested: tuple[str, ...]


def merge(typed: Mapping[str, str], started: Mapping[str, str], present: Mapping[str, str]) -> Merged:
    """What to do with `typed`, in a form that started from values whose marks are `started`, now that `present` is
    there. What the form left as it found it is left as it is now, whoever changed it."""
    changed = {key: value for key, value in typed.items() if started.get(key, "") != mark(value)}
    contested = tuple(
        key for key, value in changed.items() if mark(present[key]) not in {started.get(key, ""), mark(value)}
    )
    return Merged(changed, contested)
