"""A theme's card."""

from __future__ import annotations

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.themes import CONTRACT, read_card


def test_a_card_is_read() -> None:
    card = read_card(
        'name = "My  sheet"\nabout = "Blue."\ncontract = 1\nstyle = "my.css"\n[papers]\nday = ["#ffffff", "#F0f0f0"]\n',
        "mine",
    )
    assert (card.title, card.about, card.style) == ("My sheet", "Blue.", "my.css")
    assert card.day == ((255, 255, 255), (240, 240, 240))
    assert card.night == ((0x14, 0x19, 0x1C), (0x1D, 0x24, 0x28))


def test_the_contract_is_enough() -> None:
    card = read_card(f"contract = {CONTRACT}", "mine")
    assert (card.title, card.style, card.accent) == ("mine", "", "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "made for contract ?; this Headwaters speaks contract 1"),
        ("contract = 2", "made for contract 2; this"),
        ("contract = x", "line 1"),
        ("contract = 1\ncolour = 3", "no “colour”"),
        ('contract = 1\nstyle = "../../shop.key"', "name of a .css file"),
        ("contract = 1\nstyle = 3", "name of a .css file"),
        ("contract = 1\nname = 3", "name is a short text"),
        ("contract = 1\npapers = 3", "a table with day and night"),
        ('contract = 1\naccent = "red"', "accent is a colour"),
        ('contract = 1\n[papers]\nday = ["white"]', "lists of colours"),
    ],
)
def test_a_broken_card_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        read_card(text, "mine")
    assert refused.value.code == Code.THEME_BROKEN
    assert why in str(refused.value)
