"""Saved answers: kept, changed by one of two, deleted; titles of their own, and no more than fit a list."""

from __future__ import annotations

import asyncio

import pytest

from headwaters.actions import saved as verbs
from headwaters.core.errors import Code, Conflict, NotFound, Refused, TooLarge
from headwaters.errands.house import House
from headwaters.store import saved as rows
from headwaters.store.saved import SavedRow


async def add(house: House, title: str = "Thank you", body: str = "Thank you. {name}") -> SavedRow:
    return await house.db.write(lambda conn: verbs.add_saved(conn, title, body, house.clock()))


async def change(house: House, saved: SavedRow, title: str, body: str, seen: int | None = None) -> bool:
    at = saved.changed_at if seen is None else seen
    return await house.db.write(lambda conn: verbs.change_saved(conn, saved.id, at, title, body, house.clock()))


async def everything(house: House) -> list[tuple[str, str]]:
    return [(saved.title, saved.body) for saved in await house.db.read(rows.all_saved)]


async def test_one_is_kept_as_clean_as_a_letter_and_listed_by_title(house: House) -> None:
    await add(house, "  thank\tyou ", "Thank\r\nyou\x00 <b>")
    await add(house, "Another", "x")
    assert await everything(house) == [("Another", "x"), ("thank you", "Thank\nyou <b>")]


@pytest.mark.parametrize(
    ("title", "body", "kind", "code", "field"),
    [
        ("", "x", Refused, Code.SAVED_TITLE, "title"),
        ("x" * 81, "x", Refused, Code.SAVED_TITLE, "title"),
        ("Title", " \u200b", Refused, Code.LETTER_EMPTY, "letter"),
        ("Title", "x" * 10_000_000, TooLarge, Code.LETTER_TOO_LONG, "letter"),
        ("THANK YOU", "x", Conflict, Code.SAVED_TAKEN, "title"),
    ],
)
async def test_what_is_refused_changes_nothing(
    house: House, title: str, body: str, kind: type[Refused], code: Code, field: str
) -> None:
    await add(house)
    other = await add(house, "Other", "x")
    for attempt in (add(house, title, body), change(house, other, title, body)):
        with pytest.raises(kind) as refused:
            await attempt
        assert (refused.value.code, refused.value.field) == (code, field)
    assert await everything(house) == [("Other", "x"), ("Thank you", "Thank you. {name}")]


async def test_of_ten_with_one_title_one_is_kept(house: House) -> None:
    results = await asyncio.gather(*(add(house, body=f"{n}") for n in range(10)), return_exceptions=True)
    assert sum(isinstance(one, SavedRow) for one in results) == 1
    assert sum(isinstance(one, Conflict) and one.code == Code.SAVED_TAKEN for one in results) == 9


async def test_a_hundred_are_kept(house: House) -> None:
    for number in range(verbs.MOST_SAVED):
        await add(house, f"Answer {number}")
    with pytest.raises(Refused) as refused:
        await add(house, "One more")
    assert refused.value.code == Code.SAVED_FULL
    assert await house.db.read(rows.count_saved) == 100


async def test_of_two_that_edit_the_second_overwrites_nothing(house: House) -> None:
    saved = await add(house)
    assert await change(house, saved, "Thanks", "From the first tab") is True
    with pytest.raises(Conflict) as refused:
        await change(house, saved, "Danke", "From the second tab")
    assert refused.value.code == Code.SAVED_CHANGED
    assert await everything(house) == [("Thanks", "From the first tab")]
    now = await house.db.read(lambda conn: rows.saved_by_id(conn, saved.id))
    assert now.changed_at > saved.changed_at  # though the clock stood still
    assert await change(house, now, "Danke", "From the second tab") is True
    assert await change(house, now, "Danke", "From the second tab") is False


async def test_of_two_that_edit_at_once_one_is_kept(house: House) -> None:
    saved = await add(house)
    results = await asyncio.gather(*(change(house, saved, "T", f"{n}") for n in range(6)), return_exceptions=True)
    assert sum(one is True for one in results) == 1
    assert sum(isinstance(one, Conflict) and one.code == Code.SAVED_CHANGED for one in results) == 5


async def test_its_own_title_in_other_letters_is_free(house: House) -> None:
    saved = await add(house)
    assert await change(house, saved, "THANK YOU", saved.body)


async def test_deleted_is_gone_once(house: House) -> None:
    saved = await add(house)
    assert [await house.db.write(lambda conn: verbs.delete_saved(conn, saved.id)) for _ in range(2)] == [True, False]
    with pytest.raises(NotFound) as refused:
        await change(house, saved, "Thanks", "x")
    assert refused.value.code == Code.SAVED_UNKNOWN
