"""The Studio's first page, and works: retired and published again."""

from __future__ import annotations

import re

from headwaters.actions.reports import ReportState, answer_report
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from tests.people import add_work, take_work
from tests.support.drafts import new_work, publish_now
from tests.support.house import MakeHouse
from tests.web.studio.conftest import Visitor


async def test_a_work_is_retired_and_published_again_and_its_holders_notice_nothing(
    shop: House, alice: Visitor
) -> None:
    order = await take_work(shop)
    assert (await alice.get("/w/high-water")).status == 200
    answer = await alice.send("/studio/works/high-water", "/studio/works/high-water/retire")
    assert (answer.status, answer.headers["Location"]) == (303, "/studio/works/high-water?said=retired")
    assert (await alice.get("/w/high-water")).status == 410
    assert (await alice.get(f"/o/{order.token}")).status == 200
    page = await alice.text("/studio/works")
    assert "Retired: the page is gone, holders keep everything" in page
    assert "1 person has it" in page
    answer = await alice.send("/studio/works/high-water", "/studio/works/high-water/restore")
    assert answer.headers["Location"] == "/studio/works/high-water?said=restored"
    assert (await alice.get("/w/high-water")).status == 200


async def test_a_work_that_is_not_there_is_not_retired(alice: Visitor) -> None:
    answer = await alice.send("/studio/works", "/studio/works/nowhere/retire")
    assert answer.status == 404


async def test_all_works_are_listed_in_words(shop: House, alice: Visitor) -> None:
    await shop.db.write(lambda conn: add_work(conn, "low-water", "Low Water"))
    page = await alice.text("/studio/works")
    assert page.index("Low Water") < page.index("High Water")
    assert "edition 1" in page
    assert "0 people have it" in page
    assert 'href="/studio/works/low-water"' in page


async def test_an_empty_shop_says_how_to_begin(alice: Visitor, shop: House) -> None:
    page = await alice.text("/studio")
    assert "Hello, Alice" in page
    assert "To your first sale" in page
    assert "How it is going stands here as soon as somebody came by." in page


async def test_a_report_waits_on_the_first_page_until_it_is_answered(
    shop: House, alice: Visitor, stranger: Visitor
) -> None:
    told = {"nonce": "n" * 26, "address": "/w/high-water", "body": "This is <my> song."}
    assert (await stranger.post("/report", told)).status == 303
    page = await alice.text("/studio")
    assert "This is &lt;my&gt; song." in page
    reference = re.findall(r"WR-\w{4}-\w{4}", page)[0]
    await shop.db.write(lambda conn: answer_report(conn, reference, "Which song?", ReportState.ANSWERED, shop.clock()))
    page = await alice.text("/studio")
    assert reference not in page
    assert "Somebody reports a wrong" not in page


async def test_practice_money_is_no_money(shop: House, alice: Visitor, make_house: MakeHouse) -> None:
    await take_work(shop, Door.PAY, till="practice")
    assert "came in" not in await alice.text("/studio")


async def test_a_sample_by_mistake_is_withdrawn(shop: House, alice: Visitor) -> None:
    await publish_now(shop, await new_work(shop, ("film.txt", b"all"), ("sample.txt", b"some"), title="River"))
    (address,) = set(re.findall(r'"(/w/river/f/[^"]+/sample\.txt)"', await alice.text("/w/river")))
    assert (await alice.get(address)).status == 200
    assert "1 edition; in the newest: 2 files, 7\u00a0bytes" in await alice.text("/studio/works/river")
    page = await alice.text("/studio/works/river/files")
    assert "a sample, free for everybody" in page
    answer = await alice.send("/studio/works/river", "/studio/works/river/sample", name="sample.txt", edition="1")
    assert answer.headers["Location"] == "/studio/works/river/files?said=sample_withdrawn"
    assert (await alice.get(address)).status == 404
    assert "sample.txt" not in await alice.text("/w/river")
    page = await alice.text("/studio/works/river/files")
    assert "a sample that was withdrawn" in page
    assert "Withdraw it" not in page
    assert "Alice withdrew a sample of “River”" in re.sub(r"<[^>]+>", "", await alice.text("/studio/log"))
    path = (await alice.send("/studio/works/river", "/studio/works/river/edition")).headers["Location"]
    assert "sample.txt" not in await alice.text(path)  # the next edition does not have it either
    for name in ("film.txt", ""):
        refused = await alice.send("/studio/works/river", "/studio/works/river/sample", name=name, edition="1")
        assert refused.status == 404
