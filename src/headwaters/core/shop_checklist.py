"""From first start to first sale: what a shop needs, as a rule over plain facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The steps, in the order in which one takes them."""

    NAME = "name"
    ABOUT = "about"
    WORK = "work"
    TILL = "till"
    ADDRESS = "address"
    KEY = "key"
    MAIL = "mail"
    PRACTICE = "practice"
    SALE = "sale"


# A shop sells without these: mail is only a copy, and practice is for whoever wants to see it first.
OPTIONAL = frozenset({Step.MAIL, Step.PRACTICE})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a shop. Each is about now, but `mail_tried`, `practised` and `sold`: those happened once."""

    named: bool  # it has a name
    told: bool  # it says who runs it: about, imprint
    published: bool  # a work is out
    till: bool  # a till for real money is on and was checked
    reachable: bool  # readers reach it under an address of its own, over TLS
    way_in: bool  # who is signed in has a passkey or a password
    mail_tried: bool  # the mail server took it
    practised: bool  # a payment in practice, or with a test key, went through
    sold: bool  # somebody took a work, and it was no practice


@dataclass(frozen=True, slots=True)
class Item:
    """A step of the list."""

    step: Step
    done: bool

    @property
    def optional(self) -> bool:
        """Whether a shop can do without."""
        return self.step in OPTIONAL


def checklist(facts: Facts) -> tuple[Item, ...]:
    """The steps, each by its own fact. Who has sold without having practised is not asked to any more: practice lets
    whoever comes by take works, so it is nothing to do in a shop that sells."""
    done = {
        Step.NAME: facts.named,
        Step.ABOUT: facts.told,
        Step.WORK: facts.published,
        Step.TILL: facts.till,
        Step.ADDRESS: facts.reachable,
        Step.KEY: facts.way_in,
        Step.MAIL: facts.mail_tried,
        Step.PRACTICE: facts.practised,
        Step.SALE: facts.sold,
    }
    needless = {Step.PRACTICE} if facts.sold and not facts.practised else set()
    return tuple(Item(step, done[step]) for step in Step if step not in needless)


def is_finished(items: Sequence[Item]) -> bool:
    """Whether nothing that a shop needs is left: then the list may be put away."""
    return all(item.done or item.optional for item in items)
