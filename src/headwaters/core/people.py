"""Who may do what in the Studio: a creator may do everything, a contributor what they were given."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from headwaters.core.errors import N_, Code, NotFound, Refused
from headwaters.core.letters import one_line

LONGEST_NAME = 80  # characters


class Kind(StrEnum):
    """A creator runs the shop; a contributor made part of a work, or helps with the shop."""

    CREATOR = "creator"
    CONTRIBUTOR = "contributor"


class Right(StrEnum):
    """What somebody may do in the Studio. Whoever may sign in may see its first page and their own keys."""

    PUBLISH = "publish"
    SELL = "sell"
    TALK = "talk"
    LOOK = "look"
    PEOPLE = "people"


RIGHTS: Mapping[Right, str] = {
    Right.PUBLISH: N_("Publish: works, editions, collections"),
    Right.SELL: N_("Sell: orders, money, tills"),
    Right.TALK: N_("Talk: letters and their answers"),
    Right.LOOK: N_("Look: the shop’s name, words and colours"),
    Right.PEOPLE: N_("People: who may come in, and the log"),
}


def not_yours() -> NotFound:
    """What somebody is told who may come in, but not there; the same whether anything is there or not."""
    return NotFound(
        Code.PAGE_NOT_YOURS,
        N_("You are signed in, but this part of the Studio is for somebody else."),
        hint=N_("Whoever invited you can let you in here: under Shop, People."),
    )


def rights_of(kind: str, may: str) -> frozenset[Right]:
    """The rights of a row; names of a newer version are left alone."""
    if kind == Kind.CREATOR:
        return frozenset(Right)
    known = {right.value for right in Right}
    return frozenset(Right(name) for name in may.split(",") if name in known)


def rights_text(rights: Iterable[Right]) -> str:
    """As a row keeps them: joined by commas, in one order."""
    given = frozenset(rights)
    return ",".join(right.value for right in Right if right in given)


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is, and what they may do."""

    kind: Kind
    may: frozenset[Right]

    def covers(self, other: Standing) -> bool:
        """Whether who stands so may give `other`, and change who has it: nobody gives what they do not have, or takes
        it from who has more; and only a creator makes, changes or ends a creator."""
        return self.kind is Kind.CREATOR or (other.kind is Kind.CONTRIBUTOR and other.may <= self.may)


CREATOR = Standing(Kind.CREATOR, frozenset(Right))


def contributor(rights: Iterable[Right]) -> Standing:
    """A contributor with these rights; none is fine: they see their own page and the first one."""
    return Standing(Kind.CONTRIBUTOR, frozenset(rights))


def standing_of(kind: str, may: str) -> Standing:
    """As a row has it."""
    return CREATOR if kind == Kind.CREATOR else contributor(rights_of(kind, may))


def read_rights(names: Iterable[str]) -> frozenset[Right]:
    """Rights by their names. Raises Refused(RIGHT_MISSING) for a name that is none."""
    try:
        return frozenset(Right(name) for name in names)
    except ValueError:
        known = ", ".join(right.value for right in Right)
        raise Refused(
            Code.RIGHT_MISSING,
            N_("There is no such right."),
            hint=N_("There are: %(known)s."),
            field="may",
            known=known,
        ) from None


def check_person_name(text: str) -> str:
    """A name as it is kept: one line. Raises Refused(PERSON_NAME)."""
    name = one_line(text, LONGEST_NAME + 1)
    if not name:
        raise Refused(Code.PERSON_NAME, N_("Please give a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(Code.PERSON_NAME, N_("A name has %(most)d characters at most."), field="name", most=LONGEST_NAME)
    return name


def name_key(name: str) -> str:
    """The same for names that a person would take for one: whatever the capitals, the spaces and the keyboard."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


if set(RIGHTS) != set(Right):
    raise RuntimeError("a right without its words")
