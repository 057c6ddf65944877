"""What a file says of where it comes from, and what it says besides that was perhaps not meant to be published.

A colophon in a file's metadata has six lines; each format has standard fields for them. Nothing in it comes from an
order: all copies of an edition are the same. What the creator wrote there themselves stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from headwaters.core.errors import N_
from headwaters.core.sales.states import Door
from headwaters.core.works.colophon import FROM_COPY, home_address
from headwaters.core.works.details import Details
from headwaters.core.works.editions import Role
from headwaters.core.works.licences import LICENCES, is_public_domain

MOST_FINDINGS = 60  # of one file; whoever has more has seen enough
LONGEST_VALUE = 200  # characters of a value as it is shown


# ── what it says ─────────────────────────────────────────────────────────────────────────────────


class Line(StrEnum):
    """A line of a colophon."""

    TITLE = "title"
    CREATOR = "creator"
    RIGHTS = "rights"
    LICENCE = "licence"
    PAGE = "page"
    PAY = "pay"


LINE_WORDS = {
    Line.TITLE: N_("Title"),
    Line.CREATOR: N_("Made by"),
    Line.RIGHTS: N_("Rights"),
    Line.LICENCE: N_("Licence"),
    Line.PAGE: N_("Its page"),
    Line.PAY: N_("Where to pay"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a colophon says. `home`: the work's page as search engines know it; `page` and `pay`: as copies lead there,
    with the edition's number in them. `text`: COLOPHON.txt for a ZIP."""

    title: str
    by: str
    rights: str
    licence: str
    home: str
    page: str
    pay: str
    public_domain: bool
    text: str = ""

    def of(self, line: Line) -> str:
        """What this line says; empty: nothing."""
        return {
            Line.TITLE: self.title,
            Line.CREATOR: self.by,
            Line.RIGHTS: self.rights,
            Line.LICENCE: self.licence,
            Line.PAGE: self.page,
            Line.PAY: self.pay,
        }[line]

    def is_ours(self, text: str, wanted: str) -> bool:
        """Whether another edition of this work wrote `text` where this one writes `wanted`."""
        return text.startswith(self.home + FROM_COPY) or _of_any_edition(text) == _of_any_edition(wanted)


def _of_any_edition(text: str) -> str:
    return re.sub(r"(?i)(\bedition[= ])[0-9]+", r"\1", text)


def facts_of(details: Details, home: str, edition: int, text: str = "") -> Facts:
    """The colophon of an edition. `home`: the address of the work's page."""
    licence = LICENCES.get(details.licence)
    page = home_address(home, edition)
    return Facts(
        title=details.title,
        by=details.by,
        rights=rights_line(details),
        licence=licence.url if licence else "",
        home=home,
        page=page,
        pay=f"{page}#pay" if Door.PAY in details.doors else "",
        public_domain=licence is not None and is_public_domain(licence),
        text=text,
    )


def rights_line(details: Details) -> str:
    """`© 2026 Alice. Creative Commons Attribution 4.0 (CC-BY-4.0)`; the same in every language."""
    licence = LICENCES.get(details.licence)
    words = "All rights reserved"
    if licence is not None and licence.url:
        words = f"{licence.name} ({licence.id})"
    if licence is not None and is_public_domain(licence):
        return words
    whose = " ".join(part for part in (str(details.year or ""), details.by) if part)
    return f"© {whose}. {words}" if whose else words


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a file: what it said before, and what it says in the copy."""

    line: Line
    where: str
    before: str
    after: str

    @property
    def changes(self) -> bool:
        """Whether the copy says something else."""
        return self.before != self.after


def field_of(facts: Facts, line: Line, where: str, before: str, ours: str | None = None) -> Field:
    """A field that said `before`: what its creator wrote stays; what is empty, or ours of another edition, is filled.
    `ours`: what the line is in this format, where that has a way of its own."""
    wanted = facts.of(line) if ours is None else ours
    after = wanted if wanted and (not before.strip() or facts.is_ours(before, wanted)) else before
    return Field(line, where, before, after)


# ── what was perhaps not meant ───────────────────────────────────────────────────────────────────


class Kind(StrEnum):
    """Why somebody may not want to publish it."""

    PLACE = "place"
    DEVICE = "device"
    PERSON = "person"
    PATH = "path"
    HISTORY = "history"
    COMMENT = "comment"
    ACCOUNT = "account"
    THUMBNAIL = "thumbnail"
    HIDDEN = "hidden"


KIND_WORDS = {
    Kind.PLACE: N_("Where it was made"),
    Kind.DEVICE: N_("The device it was made with"),
    Kind.PERSON: N_("Somebody’s name"),
    Kind.PATH: N_("A folder on a computer"),
    Kind.HISTORY: N_("How it was edited"),
    Kind.COMMENT: N_("A comment"),
    Kind.ACCOUNT: N_("An account"),
    Kind.THUMBNAIL: N_("A small picture that shows something else"),
    Kind.HIDDEN: N_("What a program hid in it"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `where`: the field; `value`: what it says, cut short; `removable`: whether the shop can take it out of
    its copy without touching anything else."""

    kind: Kind
    where: str
    value: str
    removable: bool = True


def findings_text(findings: Sequence[Finding]) -> str:
    """As a row keeps them; empty: there are none."""
    return json.dumps([asdict(one) for one in findings], ensure_ascii=False) if findings else ""


def read_findings(text: str) -> tuple[Finding, ...]:
    """What `findings_text` wrote."""
    return tuple(Finding(**{**one, "kind": Kind(one["kind"])}) for one in json.loads(text)) if text else ()


def tidy(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, in their order, cut short, and not too many."""
    seen = dict.fromkeys(Finding(one.kind, one.where, _short(one.value), one.removable) for one in findings)
    return tuple(seen)[:MOST_FINDINGS]


def _short(text: str) -> str:
    begin = text[: 20 * LONGEST_VALUE]  # a comment can have megabytes
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in begin).split())
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"


NO_PLACE = N_("This format has no standard place for it.")

# ── which files get one ──────────────────────────────────────────────────────────────────────────


class Choice(StrEnum):
    """What a work says of its colophons; empty in its row: as the shop does."""

    ON = "on"
    OFF = "off"


def wants_colophon(work: str, shop: str) -> bool:
    """Whether an edition's files get one: as the work says, else as the shop does."""
    return (work or shop) != Choice.OFF


def gets_colophon(role: Role) -> bool:
    """A cover is the work's picture and not the work: it says nothing."""
    return role in {Role.WORK, Role.SAMPLE}
