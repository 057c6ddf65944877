"""Who may do what in the Studio: a creator may do everything, a contributor what they were given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from headwaters.core.errors import N_


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


if set(RIGHTS) != set(Right):
    raise RuntimeError("a right without its words")
