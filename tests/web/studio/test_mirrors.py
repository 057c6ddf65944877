"""Mirrors in the Studio: noted, shown as they are, taken off, by who may, with a line in the log; and the numbers."""

from __future__ import annotations

from sqlalchemy import select

from headwaters.errands.house import House
from headwaters.store import mirrors as rows
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.store.fetching import add_fetches
from tests.people import take_work
from tests.support.fetching import add_mirror
from tests.web.studio.conftest import Visitor

PAGE = "/studio/works/high-water/mirrors"
ADDRESS = "https://mirror.example/high-water/"


def deeds(conn: Connection) -> list[tuple[str, str, str]]:
    query = select(tables.audit_log.c.deed, tables.audit_log.c.subject, tables.audit_log.c.details)
    found = conn.execute(query.where(tables.audit_log.c.deed.like("work.mirror%")).order_by(tables.audit_log.c.id))
    return [tuple(row) for row in found]  # type: ignore[misc]


async def addresses(shop: House) -> list[str]:
    return [row.address for row in await shop.db.read(lambda conn: rows.mirrors_of(conn, 1))]


async def test_a_mirror_is_noted_and_taken_off_with_a_line_in_the_log(shop: House, alice: Visitor) -> None:
    answer = await alice.send(PAGE, PAGE, address="https://mirror.example/high-water")
    assert (answer.status, answer.headers["Location"]) == (303, f"{PAGE}?said=mirror_added")
    assert await addresses(shop) == [ADDRESS]
    page = await alice.text(f"{PAGE}?said=mirror_added")
    assert ADDRESS in page
    assert "It is looked at now." in page
    again = await alice.send(PAGE, PAGE, address=ADDRESS)
    assert again.status == 303
    answer = await alice.send(PAGE, f"{PAGE}/check")
    assert answer.headers["Location"] == f"{PAGE}?said=mirrors_checked"
    answer = await alice.send(PAGE, f"{PAGE}/remove", address=ADDRESS)
    assert answer.headers["Location"] == f"{PAGE}?said=mirror_removed"
    assert await addresses(shop) == []
    assert (await alice.send(PAGE, f"{PAGE}/remove", address=ADDRESS)).status == 404
    assert [(deed, subject) for deed, subject, _ in await shop.db.read(deeds)] == [
        ("work.mirror_added", "work:high-water"),
        ("work.mirrors_checked", "work:high-water"),
        ("work.mirror_removed", "work:high-water"),
    ]


async def test_what_is_no_address_is_handed_back_with_the_reason(shop: House, alice: Visitor) -> None:
    for wrong, why in (
        ('ftp://"x"', "It is an address such as https://mirror.example/my-film/."),
        (shop.config.url, "That is this shop. A mirror is another host that has the same files."),
    ):
        answer = await alice.send(PAGE, PAGE, address=wrong)
        assert answer.status == 422
        page = await answer.text()
        assert why in page
        assert wrong.replace('"', "&#34;") in page
    assert await addresses(shop) == []
    assert await shop.db.read(deeds) == []


async def test_the_page_says_how_each_is(shop: House, alice: Visitor) -> None:
    await add_mirror(shop, 1, ADDRESS)
    await add_mirror(shop, 1, "https://old.example/", state="bad")
    page = await alice.text(PAGE)
    assert "Good: readers are told of it." in page
    assert "Readers are not told of it." in page
    assert "This work asks for money" in page
    assert f'href="{PAGE}"' in await alice.text("/studio/works/high-water")


async def test_nobody_else_sees_or_does_it(shop: House, alice: Visitor, stranger: Visitor) -> None:
    assert (await stranger.get(PAGE)).status in (303, 401)
    for path in (PAGE, f"{PAGE}/remove", f"{PAGE}/check"):
        assert (await stranger.post(path, {"address": ADDRESS})).status in (303, 401, 403)
        assert (await alice.post(path, {"address": ADDRESS})).status == 403, "without its token"
    assert await addresses(shop) == []
    for path in ("/studio/works/none/mirrors",):
        assert (await alice.get(path)).status == 404
    assert (await alice.send(PAGE, "/studio/works/none/mirrors", address=ADDRESS)).status == 404


async def test_how_often_free_works_were_fetched_stands_beside_the_copies(shop: House, alice: Visitor) -> None:
    await take_work(shop)
    assert "Fetched by everyone" not in await alice.text("/studio")
    day = int(shop.clock().timestamp()) // 86_400
    await shop.db.write(lambda conn: add_fetches(conn, day, {1: 1200, 99: 5}))
    await shop.db.write(lambda conn: add_fetches(conn, day, {1: 34}))
    page = await alice.text("/studio")
    assert "Fetched by everyone" in page
    assert "1,234" in page
