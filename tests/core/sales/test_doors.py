"""What comes through a door: the form of a take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused, TooLarge
from headwaters.core.sales.doors import Take, check_amount, parse_take
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door

NONCE = "n" * 22
ALL = frozenset(Door)


def take(minimum: int = 200, doors: frozenset[Door] = ALL, **fields: str) -> Take:
    form = {"nonce": NONCE, "door": "pay", "amount": "5"} | {
        ("from" if k == "from_" else k): v for k, v in fields.items()
    }
    return parse_take(form, currency="EUR", minimum=Money(minimum, "EUR"), doors=doors)


def refused(**fields: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        take(**fields)
    return caught.value


def test_paying_needs_an_amount_and_nothing_else() -> None:
    assert take() == Take(Door.PAY, Money(500, "EUR"), None, None, NONCE, "", None)


@pytest.mark.parametrize("door", [Door.CANT_PAY, Door.HAVE_COPY])
def test_the_other_doors_need_nothing_and_look_at_no_amount(door: Door) -> None:
    assert take(door=door, amount="nonsense", till="<no>") == Take(door, None, None, None, NONCE, "", None)


def test_all_that_a_form_may_hold() -> None:
    wish = take(
        amount="7,50", email=" Bob@Example.ORG ", letter=" Thank you!\r\n", from_="newsletter-3", till="by_hand"
    )
    assert wish == Take(Door.PAY, Money(750, "EUR"), "Bob@example.org", "Thank you!", NONCE, "newsletter-3", "by_hand")


@pytest.mark.parametrize(
    "nonce", ["", "short", "n" * 15, "n" * 65, "nnnnnnnnnnnnnnn ", "n" * 15 + "é", "n" * 20 + "\n"]
)
def test_a_form_without_its_nonce_did_not_arrive_whole(nonce: str) -> None:
    assert refused(nonce=nonce).code is Code.FORM_BROKEN


def test_an_unknown_door_is_refused() -> None:
    assert refused(door="window").code is Code.DOOR_UNKNOWN
    assert refused(door="").code is Code.DOOR_UNKNOWN


@pytest.mark.parametrize("door", list(Door))
def test_a_closed_door_is_refused(door: Door) -> None:
    error = refused(door=door, doors=ALL - {door})
    assert (error.code, error.field) == (Code.DOOR_CLOSED, "door")


def test_below_the_minimum_the_message_says_how_much_and_shows_the_other_door() -> None:
    error = refused(amount="1.99")
    assert (error.code, error.field) == (Code.AMOUNT_TOO_SMALL, "amount")
    assert str(error) == "The creator asks for 2.00 EUR at least."
    assert "I can’t pay right now" in error.hint
    assert take(amount="2").amount == Money(200, "EUR")


def test_a_closed_door_is_not_pointed_to() -> None:
    assert refused(amount="1.99", doors=frozenset({Door.PAY})).hint == ""


@pytest.mark.parametrize("minimum", [0, 200])
@pytest.mark.parametrize("amount", ["0", "0.00", "€0"])
def test_paying_nothing_is_refused_kindly(minimum: int, amount: str) -> None:
    error = refused(minimum=minimum, amount=amount)
    assert (error.code, error.field) == (Code.AMOUNT_TOO_SMALL, "amount")
    assert "I can’t pay right now" in error.hint


def test_without_a_minimum_one_cent_is_taken() -> None:
    assert take(minimum=0, amount="0.01").amount == Money(1, "EUR")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("", Code.AMOUNT_MISSING),
        ("1e9", Code.AMOUNT_NOT_A_NUMBER),
        ("-5", Code.AMOUNT_NOT_A_NUMBER),
        ("٥", Code.AMOUNT_NOT_A_NUMBER),
        ("5.0001", Code.AMOUNT_TOO_PRECISE),
        ("1000000", Code.AMOUNT_TOO_LARGE),
    ],
)
def test_what_is_no_amount_is_refused(amount: str, code: Code) -> None:
    assert refused(amount=amount).code is code


@pytest.mark.parametrize("till", ["Stripe", "by hand", "../x", "x" * 33, "1till"])
def test_a_till_has_a_name(till: str) -> None:
    assert refused(till=till).code is Code.TILL_UNKNOWN


@pytest.mark.parametrize(
    "email", ["bob", "bob@", "b\nBcc: x@example.org", "bob@example.org\r\nBcc: c@example.org", "a,b@x.org"]
)
def test_an_address_that_could_be_more_than_one_is_refused(email: str) -> None:
    error = refused(email=email)
    assert (error.code, error.field) == (Code.EMAIL_INVALID, "email")


def test_a_letter_of_20_000_bytes_is_taken_and_a_longer_one_is_not() -> None:
    assert take(letter="é" * 10_000).letter == "é" * 10_000
    error = refused(letter="é" * 10_000 + "x")
    assert isinstance(error, TooLarge)
    assert (error.code, error.field) == (Code.LETTER_TOO_LONG, "letter")


@pytest.mark.parametrize("letter", ["", "   ", "\r\n\t"])
def test_an_empty_letter_is_none(letter: str) -> None:
    assert take(letter=letter).letter is None


@pytest.mark.parametrize("text", ["Bob", "a b", "x" * 33, "<script>", "é", "a\n"])
def test_where_somebody_came_from_is_one_plain_word_or_not_kept(text: str) -> None:
    assert take(from_=text).came_from == ""


@given(st.dictionaries(st.sampled_from(["door", "amount", "email", "letter", "nonce", "from", "till"]), st.text()))
def test_any_form_is_a_take_or_refused(form: dict[str, str]) -> None:
    try:
        wish = parse_take(form | {"nonce": NONCE}, currency="EUR", minimum=Money(0, "EUR"), doors=ALL)
    except Refused:
        return
    assert (wish.amount is not None) == (wish.door is Door.PAY)


def test_an_amount_on_an_order_page_is_more_than_nothing() -> None:
    assert check_amount("5", "EUR") == Money(500, "EUR")
    with pytest.raises(Refused) as caught:
        check_amount("0", "EUR")
    assert (caught.value.code, caught.value.hint) == (Code.AMOUNT_TOO_SMALL, "")
