"""Editions: what makes two of them the same, what a creator declares with each, and the states of a work.

published ⇄ retired        the page goes and comes back; holders keep everything
published, retired ⇄ withheld    the bytes stop too, by a legal duty
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.licences import Licence, is_public_domain
from headwaters.core.works.media import default_labels, stem

# ── files ────────────────────────────────────────────────────────────────────────────────────────


class Role(StrEnum):
    """What a file is for. Work, sample and cover come from the creator; a sample is free on the work's page.

    The shop makes the others: art from the cover; `made` is another format of a file of the work, and goes to whoever
    holds it; a `taste` is a part of one, for everybody who looks at the page.
    """

    WORK = "work"
    SAMPLE = "sample"
    COVER = "cover"
    ART = "art"
    MADE = "made"
    TASTE = "taste"
    WITHDRAWN = "withdrawn"  # was a sample, and is nobody's any more

    @property
    def given(self) -> bool:
        """Whether such files come from the creator."""
        return self in {Role.WORK, Role.SAMPLE, Role.COVER}


@dataclass(frozen=True, slots=True)
class EditionFile:
    """One file of an edition. `label`: the creator's own words, empty for none; `seconds_micros`: its length.
    `given`: the SHA-256 of the creator's file, where the shop's copy of it is another one; with a `-` behind it where
    something was left out of the copy. `recipe`: how the shop made it."""

    role: Role
    name: str
    label: str
    media_type: str
    sha256: str
    size: int
    seconds_micros: int | None = None
    width: int | None = None
    height: int | None = None
    given: str = ""
    recipe: str = ""


def fingerprint(files: Sequence[EditionFile]) -> str:
    """SHA-256 over what the creator gave, in its order: role, name, label and content of each file.

    What the shop makes is left out: another version of this software may encode it otherwise, which makes no new
    edition. Where the shop wrote a colophon into its copy, the content is that of the creator's own file.
    """
    digest = hashlib.sha256()
    for file in files:
        if file.role.given:
            fields = (file.role.value, file.name, file.label, file.given or file.sha256)
            digest.update("".join(f"{len(field)}:{field}" for field in fields).encode() + b"\n")
    return digest.hexdigest()


DRAWN = "drawn-"  # how the name of art begins whose cover the shop drew itself, as it was given none


def is_drawn(name: str) -> bool:
    """Whether a file of art shows a cover that the shop drew: one that says the title."""
    return name.startswith(DRAWN)


def drawn_in(accent: str) -> str:
    """The recipe of a cover that the shop drew in this colour."""
    return f"drawn:{accent}"


SAMPLE_WORDS = ("sample", "trailer", "preview", "teaser", "excerpt")
_SAMPLE = re.compile(rf"(?:{'|'.join(SAMPLE_WORDS)})(?:[ ._-]*[0-9]{{1,3}})?", re.IGNORECASE)
_BEFORE_SAMPLE = re.compile(rf"(.+?)[ ._-]+(?:{'|'.join(SAMPLE_WORDS)})(?:[ ._-]*[0-9]{{1,3}})?", re.IGNORECASE)


def guess_roles(names: Sequence[str]) -> tuple[Role, ...]:
    """Work or sample for each of a work's files, by its name; where most would be samples, none is.

    A sample is given away, so only what cannot be meant otherwise is one: a file called `trailer` or `sample 2`, or
    one called like another file and so (`film.mp4`, `film-trailer.mp4`). “Trailer Park.mp4” is a film, and thirty
    files called sample are a pack of them.
    """
    stems = {stem(name).casefold() for name in names}
    roles = tuple(Role.SAMPLE if _is_sample(stem(name), stems) else Role.WORK for name in names)
    return roles if 2 * roles.count(Role.WORK) >= len(roles) else (Role.WORK,) * len(roles)


def _is_sample(own: str, stems: set[str]) -> bool:
    if _SAMPLE.fullmatch(own):
        return True
    longer = _BEFORE_SAMPLE.fullmatch(own)
    return longer is not None and longer[1].casefold() in stems


def labelled(files: Sequence[EditionFile]) -> tuple[EditionFile, ...]:
    """`files` with a label each, where their creator gave none."""
    works = [file for file in files if file.role is Role.WORK]
    labels = iter(default_labels([(file.name, file.media_type) for file in works]))
    given = [next(labels) if file.role is Role.WORK else _other_label(file) for file in files]
    return tuple(file if file.label else replace(file, label=label) for file, label in zip(files, given, strict=True))


def _other_label(file: EditionFile) -> str:
    own = stem(file.name)
    if file.role is Role.SAMPLE:
        return own.capitalize() if _SAMPLE.fullmatch(own) else own
    return "The cover" if file.role is Role.COVER else ""


# ── rights ───────────────────────────────────────────────────────────────────────────────────────


class Rights(StrEnum):
    """What the creator declares of their right to publish an edition."""

    OWN = "own"
    LICENSED = "licensed"
    PUBLIC_DOMAIN = "public-domain"


RIGHTS_VERSION = "1"
# Each edition keeps the version it was published under: texts are added, never changed.
RIGHTS_TEXTS: Mapping[str, Mapping[Rights, str]] = {
    "1": {
        Rights.OWN: N_("I made this work, or I hold every right in it that publishing it here takes."),
        Rights.LICENSED: N_("Others hold rights in this work; their licence or permission lets me publish it here."),
        Rights.PUBLIC_DOMAIN: N_("This work is in the public domain where I publish it: nobody's leave is needed."),
    },
}


def rights_for(declared: Rights | None, licence: Licence) -> Rights:
    """The declaration an edition is published under. Raises Refused(RIGHTS_MISSING).

    An open licence speaks for itself: whoever holds a copy may publish it.
    """
    if declared is not None:
        return declared
    if is_public_domain(licence):
        return Rights.PUBLIC_DOMAIN
    if licence.open:
        return Rights.LICENSED
    raise Refused(
        Code.RIGHTS_MISSING,
        N_("Say by what right you publish this work."),
        hint=N_(
            'If you made it, add --i-made-this, or rights = "own" in work.toml; '
            'else rights = "licensed" or "public-domain", or an open licence.'
        ),
        field="rights",
    )


# ── states ───────────────────────────────────────────────────────────────────────────────────────


class WorkState(StrEnum):
    """`retired`: the public page goes, holders keep everything; `withheld`: the bytes stop and the page says so."""

    PUBLISHED = "published"
    RETIRED = "retired"
    WITHHELD = "withheld"


WORK_STEPS: Mapping[WorkState, frozenset[WorkState]] = {
    WorkState.PUBLISHED: frozenset({WorkState.RETIRED, WorkState.WITHHELD}),
    WorkState.RETIRED: frozenset({WorkState.PUBLISHED, WorkState.WITHHELD}),
    WorkState.WITHHELD: frozenset({WorkState.PUBLISHED, WorkState.RETIRED}),
}


def states_before(target: WorkState) -> tuple[WorkState, ...]:
    """The states from which `target` may follow, for `UPDATE … WHERE state IN`."""
    return tuple(state for state, after in WORK_STEPS.items() if target in after)


if set(WORK_STEPS) != set(WorkState):
    raise RuntimeError("a state without its steps")
