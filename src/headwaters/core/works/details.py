"""What a work's page says, complete: what was said now, what was said before, and what is assumed when nobody did.

What is not said stays as it was, so that publishing again with fewer words takes none away; a work that is new gets
the defaults below.
"""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.money import Money, digits
from headwaters.core.sales.states import Door
from headwaters.core.works.licences import ALL_RIGHTS_RESERVED
from headwaters.core.works.manifest import Said
from headwaters.core.works.media import WorkKind


@dataclass(frozen=True, slots=True)
class Details:
    """All of a work's words and terms. `price`: what is suggested; both amounts are in one currency."""

    title: str
    by: str
    kind: WorkKind
    language: str
    year: int | None
    price: Money
    minimum: Money
    licence: str
    doors: frozenset[Door]
    words: str
    description: str
    cover_alt: str
    taste: str = ""  # how much of it can be tried; empty: the shop's usual
    formats: str = ""  # a choice (core.works.formats); empty: the shop's usual ones


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the shop and the files say when the creator does not."""

    title: str
    by: str
    kind: WorkKind
    language: str
    currency: str


def default_price(currency: str) -> Money:
    """Five of what things are counted in: 5.00 EUR, 5.000 KWD, 500 JPY (a yen is no more than a cent)."""
    return Money(5 * 10 ** max(digits(currency), 2), currency)


def default_minimum(currency: str) -> Money:
    """A fifth of the default price."""
    return Money(10 ** max(digits(currency), 2), currency)


def complete(said: Said, before: Details | None, defaults: Defaults) -> Details:
    """The work's details. Raises Refused(AMOUNT_TOO_SMALL) when the pay door would ask for nothing."""
    base = before or _new(defaults)
    price, minimum = _prices(said, before, defaults.currency)
    doors = said.doors or base.doors
    if Door.PAY in doors:
        _check_payable(price, minimum)
    return Details(
        title=base.title if said.title is None else said.title,
        by=base.by if said.by is None else said.by,
        kind=said.kind or base.kind,
        language=said.language or base.language,
        year=base.year if said.year is None else said.year,
        price=price,
        minimum=minimum,
        licence=said.licence or base.licence,
        doors=doors,
        words=base.words if said.words is None else said.words,
        description=base.description if said.description is None else said.description,
        cover_alt=base.cover_alt if said.cover_alt is None else said.cover_alt,
        taste=base.taste if said.taste is None else said.taste,
        formats=base.formats if said.formats is None else said.formats,
    )


def _new(defaults: Defaults) -> Details:
    return Details(
        title=defaults.title,
        by=defaults.by,
        kind=defaults.kind,
        language=defaults.language,
        year=None,
        price=default_price(defaults.currency),
        minimum=default_minimum(defaults.currency),
        licence=ALL_RIGHTS_RESERVED,
        doors=frozenset(Door),
        words="",
        description="",
        cover_alt="",
    )


def _prices(said: Said, before: Details | None, currency: str) -> tuple[Money, Money]:
    """(price, minimum). Where only one of them was said, the other gives way."""
    if before is not None and said.price is None and said.minimum is None:
        return before.price, before.minimum
    same = before is not None and before.price.currency == currency
    price = before.price if before is not None and same else default_price(currency)
    minimum = before.minimum if before is not None and same else default_minimum(currency)
    if said.price is not None and said.minimum is not None:
        return _in_order(said.price, said.minimum)
    if said.price is not None:
        return said.price, min(minimum, said.price)
    if said.minimum is not None:
        return max(price, said.minimum), said.minimum
    return price, minimum


def _in_order(price: Money, minimum: Money) -> tuple[Money, Money]:
    if price < minimum:
        raise Refused(
            Code.AMOUNT_TOO_SMALL,
            N_("The suggested price, %(price)s, is below the minimum, %(minimum)s."),
            field="price",
            price=price,
            minimum=minimum,
        )
    return price, minimum


def _check_payable(price: Money, minimum: Money) -> None:
    if price.minor > 0 and minimum.minor > 0:
        return
    raise Refused(
        Code.AMOUNT_TOO_SMALL,
        N_("Through the pay door at least something is paid: price and minimum are above 0."),
        hint=N_('To ask for nothing, close the pay door: doors = ["cant_pay", "have_copy"].'),
        field="price" if price.minor <= 0 else "minimum",
    )
