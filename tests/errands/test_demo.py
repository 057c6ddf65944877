"""The demo's shop, and a shop that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwaters.actions.shop import change_settings
from headwaters.core.errors import Code, Refused
from headwaters.errands import demo
from headwaters.errands.house import House, refresh
from headwaters.store.shop import read_settings
from headwaters.store.works import list_works
from tests.people import add_work
from tests.support.house import MakeHouse


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here asks nothing of the database."""
    return sqlite_url


def make_one(folder: Path, progress: demo.Progress) -> list[Path]:
    """Instead of the three works, which take minutes."""
    work = folder / "one"
    work.mkdir(parents=True)
    (work / "work.toml").write_text('title = "One"\nrights = "own"\n', encoding="utf-8")
    (work / "one.txt").write_text("One", encoding="utf-8")
    return [work]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "make_works", make_one)


async def make(house: House) -> None:
    await demo.make_demo(house, lambda what, share: None)


async def test_an_empty_shop_becomes_the_demos_and_stays_it(make_house: MakeHouse) -> None:
    house = await make_house(name="")
    await make(house)
    assert house.now.settings.name == demo.CREATOR
    assert [work.title for work in await house.db.read(list_works)] == ["One"]
    await house.db.write(lambda conn: change_settings(conn, {"name": "Mine", "practice": "off"}))
    await refresh(house)
    await make(house)
    assert (house.now.settings.name, house.now.settings.practice) == ("Mine", "off")


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "Alice"},
        {"name": "", "by_hand_instructions": "IBAN DE02 1203"},
        {"name": "", "stripe_secret_key": "sk_live_x"},
        {"name": ""},
    ],
)
async def test_a_shop_of_somebody_is_not_made_the_demos(make_house: MakeHouse, settings: dict[str, str]) -> None:
    """It would tell Alice's readers to send their money to an invented account."""
    house = await make_house(**settings)
    if settings == {"name": ""}:
        await house.db.write(add_work)
    before = await house.db.read(read_settings), await house.db.read(list_works)
    with pytest.raises(Refused) as refused:
        await make(house)
    assert refused.value.code is Code.SHOP_EXISTS
    assert (await house.db.read(read_settings), await house.db.read(list_works)) == before
    assert not demo.originals_of(house.config.shop).exists()
