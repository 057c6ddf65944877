"""The public pages over HTTP: what they say, what they carry, how they are kept."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from headwaters.actions.shop import change_settings
from headwaters.actions.works import retire_work, withhold_work
from headwaters.core.errors import Code, NotFound
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.works.editions import Role
from headwaters.core.works.media import WorkKind
from headwaters.errands.house import House, refresh
from headwaters.store import tables
from headwaters.store.db import Connection
from headwaters.web.render import NONCE, OTHER_KEPT, Kept, KeptPages, keep
from tests.support.house import Clock
from tests.support.pages import Part, painted, publish

Client = TestClient[Any, Any]

NONCES = re.compile(r'name="nonce" value="([^"]*)"')
FILM = Part("High Water.mp4", b"film", "video/mp4", label="The film", seconds=3720, pretend=3_100_000_000)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web; tests/store/test_pages.py runs the queries on both databases."""
    return sqlite_url


async def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path, allow_redirects=False)
    assert answer.status == status, path
    return await answer.text()


async def set_up(house: House, **settings: str) -> None:
    await house.db.write(lambda conn: change_settings(conn, settings))
    await refresh(house)


# ── the first page ───────────────────────────────────────────────────────────────────────────────


async def test_a_new_shop_says_that_nothing_is_published_yet(client: Client) -> None:
    page = await text_of(client, "/")
    assert "Nothing is published here yet." in page
    assert "headwaters publish" in page


async def test_the_first_page_lists_published_works_the_newest_first(
    client: Client, house: House, clock: Clock
) -> None:
    for title in ("Older", "Newer", "Gone", "Held"):
        await publish(house, title, [FILM], kind=WorkKind.FILM, year=2026)
        clock.move(hours=1)
    await house.db.write(lambda conn: retire_work(conn, "gone", clock()))
    await house.db.write(lambda conn: withhold_work(conn, "held", "A court said so.", clock()))
    await refresh(house)
    page = await text_of(client, "/")
    assert re.findall(r'<a href="(/w/[^"]+)">([^<]+)</a>', page) == [("/w/newer", "Newer"), ("/w/older", "Older")]
    assert "<span>Film</span><span>62\u00a0min</span><span>2026</span>" in page


# ── a work's page ────────────────────────────────────────────────────────────────────────────────


async def test_a_works_page_shows_its_files_words_licence_and_where_the_money_goes(
    client: Client, house: House
) -> None:
    await set_up(house, creator="Alice", stripe_secret_key="sk_test_1", stripe_webhook_secret="whsec_1")
    cover = painted((960, 540))
    await publish(
        house,
        "High Water",
        [FILM, cover],
        words="I made this with *four friends*.\n\nAlice",
        description="Down the **river**.",
        licence="CC-BY-NC-SA-4.0",
        price=Money(500, "EUR"),
        minimum=Money(100, "EUR"),
        by="A film by Alice",
        cover_alt="A river",
    )
    page = await text_of(client, "/w/high-water")
    assert '<h1 lang="en">High Water</h1>' in page
    assert "<p>I made this with <em>four friends</em>.</p>" in page
    assert page.count('<p class="sign">') == 1
    assert "<p>Down the <strong>river</strong>.</p>" in page
    assert "High Water.mp4 · MP4 · 62\u00a0min" in page
    assert ">3.1\u00a0GB</td>" in page
    assert 'alt="A river"' in page
    assert "Of <b>€5.00</b> by card, about <b>€0.33</b> goes to the card company and <b>€4.67</b> to Alice." in page
    assert "By bank transfer or in cash, all of it goes to Alice." in page
    assert "Any amount from €1. No account." in page
    assert '<a href="https://creativecommons.org/licenses/by-nc-sa/4.0/" rel="license noopener">CC BY-NC-SA 4.0' in page
    assert '<meta property="og:title" content="High Water">' in page
    assert '<meta name="description" content="Down the river.">' in page
    assert re.search(
        r'<meta property="og:image" content="http://shop.example/w/high-water/f/[a-z2-7]{13}/art.webp">', page
    )


async def test_a_works_page_describes_itself_to_machines(client: Client, house: House) -> None:
    await publish(house, "</script><b>&", [FILM], slug="odd", price=Money(500, "EUR"))
    page = await text_of(client, "/w/odd")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    assert data["name"] == "</script><b>&"
    assert data["offers"] == {
        "@type": "Offer",
        "price": "5.00",
        "priceCurrency": "EUR",
        "url": "http://shop.example/w/odd",
    }
    assert data["isAccessibleForFree"] is True


async def test_without_words_of_its_creator_a_page_has_some_that_fit(client: Client, house: House) -> None:
    await publish(house, "Open", [FILM])
    await publish(house, "Closed", [FILM], doors=frozenset({Door.PAY}))
    assert "take it all the same; that is meant" in await text_of(client, "/w/open")
    page = await text_of(client, "/w/closed")
    assert "feels right for it" in page
    assert "take it all the same" not in page
    assert "gave you a copy" not in page


def fields_of(page: str, door: str) -> dict[str, str]:
    """The form of a door: name → the rest of its tag."""
    form = re.search(rf'<form class="door"[^>]*id="{door}">(.*?)</form>', page, re.DOTALL)
    assert form, door
    return {name: tag for tag, name in re.findall(r'<((?:input|textarea)[^>]*name="([a-z]+)"[^>]*)>', form[1])}


async def test_the_doors_have_the_same_fields_and_ask_for_nothing_but_a_prefilled_amount(
    client: Client, house: House
) -> None:
    await publish(house, "High Water", [FILM])
    page = await text_of(client, "/w/high-water")
    doors = {door.value: fields_of(page, door.value) for door in Door}
    shared = {"door", "nonce", "from", "letter"}
    assert set(doors["pay"]) == shared | {"amount", "till"}
    assert set(doors["cant_pay"]) == set(doors["have_copy"]) == shared
    required = [(door, name) for door, fields in doors.items() for name, tag in fields.items() if " required" in tag]
    assert required == [("pay", "amount")]
    assert 'value="5.00"' in doors["pay"]["amount"]
    assert [re.search(r'value="([^"]+)"', fields["door"])[1] for fields in doors.values()] == list(Door)  # type: ignore[index]


async def test_a_closed_door_says_so(client: Client, house: House) -> None:
    await set_up(house, creator="Alice")
    await publish(house, "High Water", [FILM], doors=frozenset({Door.PAY, Door.HAVE_COPY}))
    page = await text_of(client, "/w/high-water")
    assert page.count("Alice keeps this door closed for this work.") == 1
    assert 'id="cant_pay"' not in page
    assert page.count('<form class="door"') == 2


async def test_without_a_till_the_pay_door_does_not_pretend(client: Client, house: House) -> None:
    await set_up(house, practice="off", by_hand="off")
    await publish(house, "High Water", [FILM])
    page = await text_of(client, "/w/high-water")
    assert "There is no way to pay here yet." in page
    assert 'name="amount"' not in page
    assert page.count('<form class="door"') == 2


async def test_with_one_till_nothing_is_to_be_chosen_and_with_several_the_first_is(
    client: Client, house: House
) -> None:
    await publish(house, "High Water", [FILM])
    page = await text_of(client, "/w/high-water")
    assert page.count('type="radio" name="till"') == 2
    assert f'<input type="radio" name="till" value="{next(iter(house.now.tills))}" checked>' in page
    await set_up(house, practice="off")
    page = await text_of(client, "/w/high-water")
    assert '<input type="hidden" name="till" value="by_hand">' in page
    assert 'type="radio"' not in page


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [
        ("video/mp4", "<video controls"),
        ("audio/mpeg", "<audio controls"),
        ("image/png", '<img src="/w/high-water/f/'),
        ("application/pdf", '<a href="/w/high-water/f/'),
        ("text/html", '<a href="/w/high-water/f/'),
        ("image/svg+xml", '<a href="/w/high-water/f/'),
    ],
)
async def test_a_sample_plays_in_place_where_browsers_can(
    client: Client, house: House, media_type: str, shown: str
) -> None:
    sample = Part("try.it", b"sample", media_type, Role.SAMPLE, "To try")
    await publish(house, "High Water", [FILM, sample])
    page = await text_of(client, "/w/high-water")
    assert shown in page
    assert ("<video" in page, "<audio" in page) == (shown.startswith("<video"), shown.startswith("<audio"))


ATTACK = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"


async def test_no_text_of_a_work_or_shop_is_markup(client: Client, house: House) -> None:
    await set_up(house, name=ATTACK, tagline=ATTACK, creator=ATTACK, about=ATTACK, imprint=ATTACK)
    parts = [Part(f"{ATTACK.replace('/', '')}.txt", label=ATTACK), painted((400, 300))]
    said = dict.fromkeys(("by", "words", "description", "cover_alt"), ATTACK)
    await publish(house, ATTACK, parts, slug="attack", **said)
    await house.db.write(lambda conn: conn.execute(update(tables.works).values(licence=ATTACK, kind=ATTACK)))
    for path in ("/", "/w/attack", "/about", "/privacy", "/report"):
        page = await text_of(client, path)
        assert "<img src=x" not in page, path
        assert "<script>" not in page, path
        assert "alert(2)" in page, path


async def test_a_word_of_a_link_goes_into_the_forms_and_nothing_else_does(client: Client, house: House) -> None:
    await publish(house, "High Water", [FILM])
    page = await text_of(client, "/w/high-water?from=a-friend")
    assert page.count('name="from" value="a-friend"') == 3
    for query in ("from=", "from=A+B", "from=%22%3E%3Cb%3E", "from=" + "x" * 33, "other=1"):
        page = await text_of(client, f"/w/high-water?{query}")
        assert page.count('name="from" value=""') == 3, query


# ── how pages are kept ───────────────────────────────────────────────────────────────────────────


async def test_each_response_has_nonces_of_its_own_and_nobody_may_keep_them(client: Client, house: House) -> None:
    await publish(house, "High Water", [FILM])
    answers = [await client.get("/w/high-water") for _ in range(2)]
    pages = [await answer.text() for answer in answers]
    nonces = [nonce for page in pages for nonce in NONCES.findall(page)]
    assert len(set(nonces)) == 6
    assert all(re.fullmatch(r"[a-z2-7]{26}[123]", nonce) for nonce in nonces)
    assert NONCE not in pages[0]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "ETag" not in answer.headers  # a browser would show this reader's nonces to the next


async def test_a_page_is_made_once_for_each_version_of_the_catalogue(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(house, "High Water", [FILM])
    read, reads = house.db.read, 0

    async def counted(fn: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(fn)

    monkeypatch.setattr(house.db, "read", counted)
    for _ in range(3):
        await text_of(client, "/w/high-water")
    assert reads == 1
    monkeypatch.undo()
    await set_up(house, name="Another name")
    assert "Another name" in await text_of(client, "/w/high-water")


@pytest.mark.parametrize("path", ["/", "/about", "/privacy"])
async def test_a_page_without_forms_need_not_be_sent_twice(client: Client, house: House, path: str) -> None:
    first = await client.get(path)
    etag = first.headers["ETag"]
    assert etag.startswith('W/"')
    assert first.headers["Cache-Control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": etag})
    assert (again.status, await again.read()) == (304, b"")
    assert again.headers["ETag"] == etag
    await set_up(house, name="Another name")
    assert (await client.get(path, headers={"If-None-Match": etag})).status == 200


async def test_what_nobody_asked_for_longest_makes_room(house: House) -> None:
    kept, made = KeptPages(most=3 * (OTHER_KEPT + 1000)), list[str]()

    async def ask(name: str, size: int = 1000) -> None:
        async def make() -> Kept:
            made.append(name)
            return keep("x" * size, 1)

        assert len((await kept.get(house, name, make)).pieces[0]) == size

    for name in ("a", "b", "c", "a", "d", "a", "c", "d", "b"):
        await ask(name)
    assert made == ["a", "b", "c", "d", "b"], "b went for d, as a was asked for again"
    await ask("large", 100_000)
    await ask("large", 100_000)
    assert made[5:] == ["large"], "what is larger than all room is kept alone"
    await ask("a")
    await ask("a")
    assert made[6:] == ["a"]


async def test_what_failed_weighs_nothing_and_is_tried_again(house: House) -> None:
    kept = KeptPages(most=2 * (OTHER_KEPT + 1000))

    async def fail() -> Kept:
        raise NotFound(Code.WORK_UNKNOWN, "no")

    async def make() -> Kept:
        return keep("x" * 1000, 1)

    await kept.get(house, "a", make)
    for number in range(20):
        with pytest.raises(NotFound):
            await kept.get(house, number, fail)
    assert (await asyncio.gather(*(kept.get(house, "b", make) for _ in range(5))))[0].pieces == (b"x" * 1000,)
    with pytest.raises(NotFound):
        await kept.get(house, "b" * 2, fail)
    await kept.get(house, "a", fail)
    await kept.get(house, "b", fail)


async def test_what_is_not_there_is_not_kept(client: Client, house: House) -> None:
    await text_of(client, "/w/high-water", 404)
    await publish(house, "High Water", [FILM])
    await text_of(client, "/w/high-water")


# ── gone, withheld, and what machines ask for ────────────────────────────────────────────────────


async def test_a_retired_work_says_that_it_is_gone(client: Client, house: House, clock: Clock) -> None:
    await publish(house, "High Water", [FILM])
    await house.db.write(lambda conn: retire_work(conn, "high-water", clock()))
    await refresh(house)
    page = await text_of(client, "/w/high-water", 410)
    assert "“High Water” is not published any more." in page
    assert "Whoever took it keeps it" in page


async def test_a_withheld_work_says_why(client: Client, house: House, clock: Clock) -> None:
    await publish(house, "High Water", [FILM])
    await house.db.write(lambda conn: withhold_work(conn, "high-water", "A court said so.", clock()))
    await refresh(house)
    page = await text_of(client, "/w/high-water", 451)
    assert "“High Water” is withheld. A court said so." in page


async def test_programs_are_told_where_not_to_look(client: Client) -> None:
    lines = (await text_of(client, "/robots.txt")).splitlines()
    assert {"Disallow: /o/", "Disallow: /d/", "Disallow: /studio"} <= set(lines)


async def test_health_is_the_databases(client: Client, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await text_of(client, "/healthz") == "ok\n"

    async def broken(fn: Any) -> Any:
        raise RuntimeError("/secret/path/of/the/database")

    monkeypatch.setattr(house.db, "read", broken)
    assert "secret" not in await text_of(client, "/healthz", 500)


async def test_the_shop_speaks_the_language_of_its_settings(client: Client, house: House) -> None:
    await set_up(house, language="de", creator="Alice")
    await publish(house, "Hochwasser", [FILM], price=Money(500, "EUR"))
    page = await text_of(client, "/w/hochwasser")
    assert '<html lang="de" dir="ltr">' in page
    assert 'value="5,00"' in page
    assert ">3,1\u00a0GB</td>" in page


@pytest.mark.parametrize("path", ["/", "/w/high-water", "/o/" + "a" * 26, "/nowhere", "/static/x.css", "/robots.txt"])
async def test_every_response_keeps_its_reader_safe(client: Client, house: House, path: str) -> None:
    await publish(house, "High Water", [FILM])
    headers = (await client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self' http://shop.example https://checkout.stripe.com;" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert "Set-Cookie" not in headers


async def test_a_page_has_nothing_inline_and_nothing_foreign(client: Client, house: House) -> None:
    await publish(house, "High Water", [FILM, painted((800, 600))])
    for path in ("/", "/w/high-water", "/about", "/privacy", "/report"):
        page = await text_of(client, path)
        assert not re.search(r"\son[a-z]+=|\sstyle=|<style", page), path
        assert set(re.findall(r"<script(?![^>]*(?:src=\"/static/|ld\+json))", page)) == set(), path
        assert re.findall(r'(?:src|srcset|poster|action)="(?:https?:)?//', page) == [], path


def count_rows(conn: Connection, table: Any) -> int:
    return len(conn.execute(table.select()).all())


async def test_a_refused_take_brings_the_page_back_with_what_was_typed(client: Client, house: House) -> None:
    await publish(house, "High Water", [FILM], price=Money(500, "EUR"), minimum=Money(100, "EUR"))
    nonces = dict(zip(Door, NONCES.findall(await text_of(client, "/w/high-water")), strict=True))
    form = {"door": "pay", "amount": "0,5", "till": "practice", "letter": "Dear <Alice>", "nonce": nonces[Door.PAY]}
    answer = await client.post("/w/high-water/take", data=form, allow_redirects=False)
    page = await answer.text()
    assert answer.status == 422
    assert answer.headers["Cache-Control"] == "no-store"
    assert "The creator asks for €1.00 at least." in page
    assert 'aria-invalid="true" aria-describedby="amount-wrong" autofocus' in page
    assert 'value="0,5"' in page
    assert '<input type="radio" name="till" value="practice" checked>' in page
    assert page.count("Dear &lt;Alice&gt;") == 1
    assert await house.db.read(lambda conn: count_rows(conn, tables.orders)) == 0


@pytest.mark.parametrize(
    ("door", "says"),
    [("window", "Choose one of the doors."), ("cant_pay", "keeps this door closed"), ("pay", "did not arrive whole")],
)
async def test_what_no_open_door_lets_in_is_said_all_the_same(
    client: Client, house: House, door: str, says: str
) -> None:
    await publish(house, "High Water", [FILM], doors=frozenset({Door.PAY, Door.HAVE_COPY}))
    answer = await client.post("/w/high-water/take", data={"door": door, "nonce": "n" * (26 if door != "pay" else 2)})
    page = await answer.text()
    assert answer.status == 422
    assert re.search(rf'<div class="notice bad" role="alert" tabindex="-1" autofocus><p><b>[^<]*{says}', page)
    assert await house.db.read(lambda conn: count_rows(conn, tables.orders)) == 0


async def test_a_door_that_is_asked_too_often_says_when_to_come_back(client: Client, house: House) -> None:
    await publish(house, "High Water", [FILM])
    for number in range(1000):
        form = {"door": "cant_pay", "nonce": f"{number:026}"}
        answer = await client.post("/w/high-water/take", data=form, allow_redirects=False)
        if answer.status != 303:
            break
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "That was a lot at once" in await answer.text()
