"""Who may do what, and who may give it."""

from __future__ import annotations

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.people import (
    CREATOR,
    Kind,
    Right,
    check_person_name,
    contributor,
    name_key,
    read_rights,
    rights_of,
    rights_text,
    standing_of,
)

ALL = contributor(Right)


def test_rights_are_kept_in_one_order_and_names_of_a_newer_version_are_left_alone() -> None:
    assert rights_text([Right.TALK, Right.PUBLISH]) == "publish,talk"
    assert rights_of("contributor", "talk,fly") == {Right.TALK}
    assert rights_of("creator", "") == frozenset(Right)
    assert standing_of("contributor", "talk") == contributor([Right.TALK])
    assert standing_of("creator", "talk") == CREATOR
    assert standing_of("something newer", "talk").kind is Kind.CONTRIBUTOR


@pytest.mark.parametrize(
    ("mine", "other", "covers"),
    [
        (CREATOR, CREATOR, True),
        (CREATOR, ALL, True),
        (ALL, CREATOR, False),
        (ALL, ALL, True),
        (contributor([Right.PEOPLE, Right.TALK]), contributor([Right.TALK]), True),
        (contributor([Right.PEOPLE, Right.TALK]), contributor([]), True),
        (contributor([Right.PEOPLE, Right.TALK]), contributor([Right.SELL]), False),
    ],
)
def test_nobody_gives_what_they_do_not_have(mine: object, other: object, covers: bool) -> None:
    assert mine.covers(other) is covers  # type: ignore[attr-defined]


def test_a_right_that_is_none_is_refused() -> None:
    assert read_rights(["talk", "sell"]) == {Right.TALK, Right.SELL}
    with pytest.raises(Refused) as refused:
        read_rights(["talk", "fly"])
    assert (refused.value.code, refused.value.field) == (Code.RIGHT_MISSING, "may")
    assert "publish, sell, talk, look, people" in refused.value.hint_text


@pytest.mark.parametrize(("text", "name"), [(" Bob\n Rivers ", "Bob Rivers"), ("x" * 80, "x" * 80), ("Bo\x00b", "Bob")])
def test_a_name_is_one_line(text: str, name: str) -> None:
    assert check_person_name(text) == name


@pytest.mark.parametrize("text", ["", "  ", "\x00", "x" * 81])
def test_a_name_is_neither_empty_nor_long(text: str) -> None:
    with pytest.raises(Refused) as refused:
        check_person_name(text)
    assert (refused.value.code, refused.value.field) == (Code.PERSON_NAME, "name")


def test_names_that_a_person_would_take_for_one_are_one() -> None:
    assert name_key("  Zoë  STRAẞE ") == name_key("Zoë strasse")
    assert name_key("Bob") != name_key("Rob")
