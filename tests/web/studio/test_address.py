"""The address in the Studio: the way to a name of one's own, and whether it leads here."""

from __future__ import annotations

import pytest

from headwaters.core.address import proof
from headwaters.core.errors import Code, Unavailable
from headwaters.errands.house import House
from headwaters.ports import Fetched
from tests.errands.test_address import Outside
from tests.web.studio.conftest import Visitor


async def note(alice: Visitor, text: str) -> tuple[int, str]:
    answer = await alice.send("/studio/address", "/studio/address", address=text)
    return answer.status, answer.headers.get("Location", "") or await answer.text()


async def test_the_way_to_a_name_is_told_step_by_step(alice: Visitor) -> None:
    page = await alice.text("/studio/address")
    assert "http://shop.example" in page
    assert "At the registrar" not in page
    assert await note(alice, "films.example") == (303, "/studio/address?said=address_noted")
    page = await alice.text("/studio/address")
    assert "films.example {\n\treverse_proxy 127.0.0.1:8000\n}" in page
    assert "shop.example {\n\tredir https://films.example{uri} permanent\n}" in page
    assert "headwaters address https://films.example" in page
    assert "<code>@</code>" in page
    assert "proxies = [&#34;127.0.0.1&#34;]" in page
    await note(alice, "my.films.example")
    assert "<code>my</code>" in await alice.text("/studio/address")
    assert await note(alice, "") == (303, "/studio/address?said=address_forgotten")
    assert "At the registrar" not in await alice.text("/studio/address")


@pytest.mark.parametrize("text", ["no address", "javascript:alert(1)", "https://a.example/path", "<script>", "a" * 300])
async def test_what_is_no_address_is_said_beside_the_field(alice: Visitor, shop: House, text: str) -> None:
    status, page = await note(alice, text)
    assert status == 422
    assert "It is an address" in page.partition('id="address-wrong"')[2][:90]
    assert "<script>a" not in page
    assert shop.now.settings.next_address == ""


async def test_it_is_said_whether_a_name_leads_here(shop: House, alice: Visitor) -> None:
    await note(alice, "films.example")
    shop.fetcher = Outside(shop.shop_key, https=None, http=None)
    page = await (await alice.send("/studio/address", "/studio/address/check")).text()
    assert "https://films.example leads here, encrypted." in page
    assert "http://films.example leads here." in page
    assert "It leads here. Run this on the shop’s machine" in page
    shop.fetcher = Outside(shop.shop_key)
    page = await (await alice.send("/studio/address", "/studio/address/check")).text()
    assert page.count("not known") == 1  # with and without TLS it is the same
    assert "When it leads here, run this" in page


async def test_a_name_that_leads_nowhere_is_said_once(shop: House, alice: Visitor) -> None:
    await note(alice, "films.example")

    class Nowhere:
        async def fetch(self, url: str, most: int) -> Fetched:
            raise Unavailable(Code.ADDRESS_NOWHERE, "Nobody knows films.example.")

    shop.fetcher = Nowhere()
    page = await (await alice.send("/studio/address", "/studio/address/check")).text()
    assert page.count("Nobody knows films.example.") == 1


async def test_the_shop_proves_itself_to_a_nonce_and_to_nothing_else(shop: House, stranger: Visitor) -> None:
    nonce = "a" * 26
    answer = await stranger.get(f"/.well-known/headwaters?nonce={nonce}")
    assert await answer.json() == {"headwaters": "1", "proof": proof(shop.shop_key, nonce)}
    assert answer.headers["Cache-Control"] == "no-store"
    for query in ("", "?nonce=", "?nonce=x", f"?nonce={nonce}a"):
        assert (await stranger.get(f"/.well-known/headwaters{query}")).status == 404


async def test_a_stranger_neither_notes_nor_checks(shop: House, stranger: Visitor) -> None:
    for path in ("/studio/address", "/studio/address/check"):
        answer = await stranger.post(path, {"address": "mallory.example"})
        assert answer.status == 401
    assert shop.now.settings.next_address == ""
