"""What a work's page says, from what was said now and before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.works.details import Defaults, Details, complete
from headwaters.core.works.manifest import Said
from headwaters.core.works.media import WorkKind

DEFAULTS = Defaults("High Water", "Alice", WorkKind.FILM, "en", "EUR")


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def test_a_new_work_of_which_nothing_was_said_gets_the_defaults() -> None:
    assert complete(Said(), None, DEFAULTS) == Details(
        title="High Water",
        by="Alice",
        kind=WorkKind.FILM,
        language="en",
        year=None,
        price=euro(500),
        minimum=euro(100),
        licence="all-rights-reserved",
        doors=frozenset(Door),
        words="",
        description="",
        cover_alt="",
    )


@pytest.mark.parametrize(("currency", "price", "minimum"), [("JPY", 500, 100), ("KWD", 5000, 1000), ("USD", 500, 100)])
def test_the_default_price_is_sensible_in_each_currency(currency: str, price: int, minimum: int) -> None:
    details = complete(Said(), None, replace(DEFAULTS, currency=currency))
    assert (details.price, details.minimum) == (Money(price, currency), Money(minimum, currency))


def test_what_is_not_said_stays_as_it_was() -> None:
    before = complete(Said(title="Old", by="Bob", price=euro(700), words="Hello", year=2020), None, DEFAULTS)
    assert complete(Said(), before, DEFAULTS) == before
    assert complete(Said(title="New"), before, DEFAULTS) == replace(before, title="New")
    assert complete(Said(by="", words=""), before, DEFAULTS) == replace(before, by="", words="")


@pytest.mark.parametrize(
    ("said", "price", "minimum"),
    [
        (Said(price=euro(50)), 50, 50),
        (Said(price=euro(900)), 900, 100),
        (Said(minimum=euro(900)), 900, 900),
        (Said(minimum=euro(50)), 500, 50),
        (Said(price=euro(300), minimum=euro(300)), 300, 300),
    ],
)
def test_where_only_one_amount_is_said_the_other_gives_way(said: Said, price: int, minimum: int) -> None:
    details = complete(said, None, DEFAULTS)
    assert (details.price, details.minimum) == (euro(price), euro(minimum))


def test_a_minimum_above_the_price_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        complete(Said(price=euro(100), minimum=euro(200)), None, DEFAULTS)
    assert refused.value.code is Code.AMOUNT_TOO_SMALL
    assert str(refused.value) == "The suggested price, 1.00 EUR, is below the minimum, 2.00 EUR."


@pytest.mark.parametrize("said", [Said(price=euro(0)), Said(price=euro(5), minimum=euro(0))])
def test_the_pay_door_asks_for_something(said: Said) -> None:
    with pytest.raises(Refused) as refused:
        complete(said, None, DEFAULTS)
    assert refused.value.code is Code.AMOUNT_TOO_SMALL
    assert complete(replace(said, doors=frozenset({Door.CANT_PAY})), None, DEFAULTS).doors == {Door.CANT_PAY}


def test_a_shop_that_changed_its_currency_keeps_old_prices_until_new_ones_are_said() -> None:
    before = complete(Said(price=euro(700)), None, DEFAULTS)
    dollars = replace(DEFAULTS, currency="USD")
    assert complete(Said(title="New"), before, dollars).price == euro(700)
    after = complete(Said(price=Money(800, "USD")), before, dollars)
    assert (after.price, after.minimum) == (Money(800, "USD"), Money(100, "USD"))


amounts = st.none() | st.integers(0, 10_000).map(euro)


@given(amounts, amounts, amounts, amounts)
def test_details_that_are_accepted_hold_and_are_stable(
    price: Money | None, minimum: Money | None, later: Money | None, later_minimum: Money | None
) -> None:
    try:
        first = complete(Said(price=price, minimum=minimum), None, DEFAULTS)
        second = complete(Said(price=later, minimum=later_minimum), first, DEFAULTS)
    except Refused:
        return
    for details in (first, second):
        assert 0 < details.minimum.minor <= details.price.minor
        assert complete(Said(), details, DEFAULTS) == details
