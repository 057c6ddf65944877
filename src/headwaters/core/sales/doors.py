"""What comes through a door: the form of a take, read into values that hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.letters import clean_address, clean_letter
from headwaters.core.sales.money import Money, parse_amount
from headwaters.core.sales.states import Door

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_CAME_FROM = re.compile(r"[a-z0-9-]{1,32}")
_TILL = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Take:
    """A reader's wish. `amount` is there for the pay door alone; `came_from` is a word of a link, or empty."""

    door: Door
    amount: Money | None
    email: str | None
    letter: str | None
    nonce: str
    came_from: str
    till: str | None


def parse_take(form: Mapping[str, str], *, currency: str, minimum: Money, doors: Collection[Door]) -> Take:
    """Read a form: door, amount, email, letter, nonce, from, till. What only another door asks for is not looked at.

    Raises Refused with its field: FORM_BROKEN, DOOR_UNKNOWN, DOOR_CLOSED, TILL_UNKNOWN, EMAIL_INVALID, LETTER_TOO_LONG
    (as TooLarge), and for the amount what `check_amount` raises and AMOUNT_TOO_SMALL.
    """
    nonce = check_nonce(form.get("nonce", ""))
    door = _door(form.get("door", ""), doors)
    amount = till = None
    if door is Door.PAY:
        amount = check_least(check_amount(form.get("amount", ""), currency, doors), minimum, doors)
        till = check_till(form.get("till", ""))
    return Take(
        door=door,
        amount=amount,
        email=clean_address(form.get("email", "")),
        letter=_letter(form.get("letter", "")),
        nonce=nonce,
        came_from=_came_from(form.get("from", "")),
        till=till,
    )


def check_amount(text: str, currency: str, doors: Collection[Door] = ()) -> Money:
    """An amount to be paid, more than nothing; `doors` that are open besides are pointed to. Raises as `parse_amount`,
    and Refused(AMOUNT_TOO_SMALL)."""
    amount = parse_amount(text, currency)
    if amount.minor == 0:
        _too_small(N_("To pay, the amount has to be more than nothing."), doors)
    return amount


def check_nonce(text: str) -> str:
    """What a form carries so that a double submit counts once. Raises Refused(FORM_BROKEN)."""
    if not _NONCE.fullmatch(text):
        raise Refused(
            Code.FORM_BROKEN,
            N_("This form did not arrive whole, so nothing was done."),
            hint=N_("Load the page again and send it once more."),
        )
    return text


def check_till(text: str) -> str | None:
    """The name of a till, None where the form leaves the choice to us. Raises Refused(TILL_UNKNOWN)."""
    if text and not _TILL.fullmatch(text):
        raise Refused(Code.TILL_UNKNOWN, N_("This shop does not take that kind of payment."), field="till")
    return text or None


def _door(text: str, doors: Collection[Door]) -> Door:
    try:
        door = Door(text)
    except ValueError:
        raise Refused(Code.DOOR_UNKNOWN, N_("Choose one of the doors."), field="door") from None
    check_open(door, doors)
    return door


def check_open(door: Door, doors: Collection[Door]) -> None:
    """Raises Refused(DOOR_CLOSED) where `door` is none of the open ones."""
    if door not in doors:
        raise Refused(
            Code.DOOR_CLOSED,
            N_("The creator keeps this door closed for this work."),
            hint=N_("Choose one of the others."),
            field="door",
        )


def check_least(amount: Money, minimum: Money, doors: Collection[Door]) -> Money:
    """`amount`, if the creator asks for no more. Raises Refused(AMOUNT_TOO_SMALL)."""
    if amount < minimum:
        _too_small(N_("The creator asks for %(minimum)s at least."), doors, minimum=minimum)
    return amount


def least_for(agreed_minor: int, minimum: Money) -> Money:
    """What an unpaid order has to bring: the pay door's minimum, or what was agreed there if that is less by now."""
    return Money(min(agreed_minor, minimum.minor), minimum.currency)


def _too_small(message: str, doors: Collection[Door], **values: object) -> NoReturn:
    hint = N_("If that is too much right now, the door “I can’t pay right now” is as good.")
    hint = hint if Door.CANT_PAY in doors else ""
    raise Refused(Code.AMOUNT_TOO_SMALL, message, hint=hint, field="amount", **values)


def _letter(text: str) -> str | None:
    return clean_letter(text) if text.strip() else None


def _came_from(text: str) -> str:
    """Only a word that a creator may have put into a link is kept: nothing that could name a person."""
    return text if _CAME_FROM.fullmatch(text) else ""
