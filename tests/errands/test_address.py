"""The address: whether it leads here, and how it is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from headwaters.core.address import proof
from headwaters.core.errors import Code, HeadwatersError, Refused, Unavailable
from headwaters.errands import address
from headwaters.errands.house import House
from headwaters.ports import Fetched
from headwaters.store.shop import read_settings
from tests.actions.test_look import deeds

URL = "https://shop.example"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Settings are written as in tests/actions/test_look.py, on both databases."""
    return sqlite_url


class Outside:
    """Answers by address; what is not there is not known."""

    def __init__(self, key: bytes, **at: Fetched | HeadwatersError | None) -> None:
        self.key, self.at, self.asked = key, at, []

    async def fetch(self, url: str, most: int) -> Fetched:
        self.asked.append(url)
        parts = urlsplit(url)
        answer = self.at.get(parts.scheme, Unavailable(Code.ADDRESS_NOWHERE, "not known"))
        if isinstance(answer, HeadwatersError):
            raise answer
        (nonce,) = parse_qs(parts.query)["nonce"]
        told = json.dumps({"headwaters": "1", "proof": proof(self.key, nonce)}).encode()
        return answer or Fetched(200, told[:most])


async def tried(house: House, **at: Fetched | HeadwatersError | None) -> list[str]:
    house.fetcher = Outside(house.shop_key, **at)
    return [f"{one.url} {one.error.code if one.error else 'here'}" for one in await address.check(house, URL)]


async def test_an_address_leads_here_or_says_why_not(house: House) -> None:
    await address.note_next(house, "shop.example", None)
    https, http = URL, "http://shop.example"
    assert await tried(house, https=None, http=Fetched(308, b"")) == [f"{https} here", f"{http} here"]
    assert await tried(house) == [f"{https} address_nowhere", f"{http} address_nowhere"]
    unsafe = Unavailable(Code.ADDRESS_UNSAFE, "no good certificate")
    assert await tried(house, https=unsafe, http=None) == [f"{https} address_unsafe", f"{http} here"]
    for answer in (b"<html>", b'{"proof": "x"}', b"[1]", b"{", b""):
        other = Fetched(200, answer)
        assert await tried(house, https=other, http=other) == [
            f"{https} address_elsewhere",
            f"{http} address_elsewhere",
        ]
    assert (await tried(house, https=Fetched(302, b"")))[0] == f"{https} address_elsewhere"


async def test_another_shop_is_not_this_one(house: House) -> None:
    await address.note_next(house, URL, None)
    house.fetcher = Outside(b"x" * 32, https=None, http=None)
    assert all(one.error and one.error.code == Code.ADDRESS_ELSEWHERE for one in await address.check(house, URL))


async def test_an_address_with_a_port_is_asked_for_as_it_is(house: House) -> None:
    await address.note_next(house, "http://127.0.0.1:8000", None)
    outside = house.fetcher = Outside(house.shop_key, http=None)
    assert (await address.check(house, "http://127.0.0.1:8000"))[0].error is None
    assert [one.partition("?")[0] for one in outside.asked] == ["http://127.0.0.1:8000/.well-known/headwaters"]


async def test_nothing_but_the_shops_own_addresses_is_asked_for(house: House) -> None:
    outside = house.fetcher = Outside(house.shop_key, https=None)
    with pytest.raises(Refused) as refused:
        await address.check(house, "https://somebody.example")
    assert (refused.value.code, outside.asked) == (Code.ADDRESS_FORBIDDEN, [])


async def test_an_address_is_noted_and_forgotten(house: House) -> None:
    assert await address.note_next(house, " Shop.Example ", 7) == URL
    assert house.now.settings.next_address == URL
    with pytest.raises(Refused, match="It is an address such as") as refused:
        await address.note_next(house, "no address", 7)
    assert (refused.value.code, refused.value.field) == (Code.ADDRESS_INVALID, "address")
    assert house.now.settings.next_address == URL
    assert await address.note_next(house, "", 7) == ""
    assert [deed[:3] for deed in await deeds(house)] == [(7, "settings.changed", "setting:next_address")] * 2


async def test_moving_writes_one_line_and_leaves_the_rest(house: House) -> None:
    path = house.config.shop / "headwaters.toml"
    path.write_text('# mine\nport = 8001\n[smtp]\nhost = "m"\npassword = "p"\n', encoding="utf-8")
    path.chmod(0o600)
    await address.note_next(house, URL, None)
    moved = await address.move(house, "shop.example", {})
    assert (moved.url, moved.changed, moved.overruled) == (URL, True, False)
    assert path.read_text(encoding="utf-8") == (
        f'url = "{URL}"\n# mine\nport = 8001\n[smtp]\nhost = "m"\npassword = "p"\n'
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(".")] == []
    assert (await house.db.read(read_settings))["next_address"] == ""
    assert (await deeds(house))[-1][1:3] == ("address.changed", f"address:{URL}")
    again = await address.move(house, URL, {"HEADWATERS_URL": "https://other.example"})
    assert (again.changed, again.overruled) == (False, True)


async def test_a_file_that_cannot_be_changed_for_certain_is_left_alone(house: House) -> None:
    path = house.config.shop / "headwaters.toml"
    path.write_text('"url" = "https://old.example"\n', encoding="utf-8")
    with pytest.raises(Refused) as refused:
        await address.move(house, URL, {})
    assert refused.value.code == Code.CONFIG_BROKEN
    assert 'url = "https://shop.example"' in refused.value.hint_text
    assert path.read_text(encoding="utf-8") == '"url" = "https://old.example"\n'
    with pytest.raises(Refused) as refused:
        await address.move(house, "no address", {})
    assert refused.value.code == Code.ADDRESS_INVALID


async def test_without_a_fetcher_nobody_is_asked(house: House) -> None:
    house = replace(house, fetcher=None)
    with pytest.raises(Refused) as refused:
        await address.check(house, house.config.url)
    assert refused.value.code == Code.ADDRESS_FORBIDDEN
