"""What the Studio shows of colophons: before and after, what files tell, a work's choice, whom copies brought."""

from __future__ import annotations

import json
import re
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from headwaters.actions.shop import change_settings
from headwaters.actions.study import add_copy_visits
from headwaters.adapters.stamp import FileStamper
from headwaters.core.works.stamps import Finding, Kind
from headwaters.errands.house import House, refresh
from headwaters.errands.press import Press
from headwaters.store import tables
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.works import FileRow
from headwaters.web.format import formats
from headwaters.web.studio.colophons import left_out_words
from tests.support import samples
from tests.support.drafts import look, new_work, send
from tests.web.studio.conftest import Visitor
from tests.web.studio.test_publishing import deeds, typed

WORDS = {"title": "Low Water", "price": "4", "rights": "own", "by": "Alice"}


@pytest.fixture(autouse=True)
def stamper(shop: House) -> None:
    shop.stamper = FileStamper()


async def draft_of(shop: House, **words: str) -> str:
    return await new_work(shop, ("River.jpg", samples.photo()), ("a.txt", b"The river.\n"), **{**WORDS, **words})


async def published(shop: House, slug: str) -> tuple[rows.WorkRow, dict[str, FileRow]]:
    def read(conn: Connection) -> tuple[rows.WorkRow, dict[str, FileRow]]:
        work = rows.work_at(conn, slug)
        newest = rows.newest_edition(conn, work.id)
        assert newest is not None
        return work, {row.name: row for row in rows.files_of(conn, newest.id)}

    return await shop.db.read(read)


async def test_beside_an_upload_stands_what_it_tells(shop: House, alice: Visitor) -> None:
    ref = await draft_of(shop)
    page = await alice.text(f"/studio/drafts/{ref}")
    assert "It tells 4 things that you may not mean to publish" in page
    assert page.count('<button form="draft" class="link fine" name="do" value="clean">Leave it out of the copies') == 1
    for line in (
        "Where it was made: 53.55060, 9.99370 (Exif GPS)",
        "The device it was made with: SN 4711 (Exif BodySerialNumber)",
        "Somebody’s name: Bob (Exif CameraOwnerName)",
        "A comment: not for you (JPEG comment)",
    ):
        assert line in page
    found = await shop.db.read(
        lambda conn: conn.execute(select(tables.uploads.c.name, tables.uploads.c.findings)).all()
    )
    kept = {name: json.loads(text) if text else [] for name, text in found}
    assert (len(kept["River.jpg"]), kept["a.txt"]) == (4, [])


async def test_what_it_tells_is_left_out_with_one_press_and_said_beside_each(shop: House, alice: Visitor) -> None:
    ref = await draft_of(shop)
    draft = f"/studio/drafts/{ref}"
    left_out = "It is left out of the copies that people get."
    assert left_out not in await alice.text(f"{draft}/colophon")
    for _ in range(2):
        answer = await alice.post(draft, {**await typed(alice, draft), "title": "Ebb", "do": "clean"})
        assert (answer.status, answer.headers["Location"]) == (303, f"{draft}?said=left_out#files")
    form = (await look(shop, ref)).form
    assert (form["remove_private"], form["title"]) == ("on", "Ebb")  # what was typed is kept with it
    page = await alice.text(draft)
    assert (page.count(left_out), page.count("Leave it out of the copies")) == (1, 0)
    assert f'<a href="{draft}/more#f-remove_private">Change that' in page
    assert [(await alice.text(f"{draft}/{end}")).count(left_out) for end in ("colophon", "files")] == [1, 1]
    box = '<input type="checkbox" id="f-remove_private" name="remove_private" value="on" checked>'
    assert box in await alice.text(f"{draft}/more")
    fields = {**await alice.hidden(f"{draft}/more"), "by": "Alice", "part": "more", "do": "save"}
    assert (await alice.post(draft, fields)).status == 303  # and back
    assert "Leave it out of the copies" in await alice.text(draft)
    assert (await alice.post(draft, {"do": "clean"})).status == 403
    assert (await look(shop, ref)).form["remove_private"] == ""


def test_what_the_shop_cannot_leave_out_is_not_said_to_be() -> None:
    said = formats("en")
    gps, name = (Finding(Kind.PLACE, "x", "y", removable=removable) for removable in (True, False))
    some = "What the shop can leave out of it is left out of the copies that people get."
    assert [left_out_words(said, found) for found in ([], [name], [gps, name])] == ["", "", some]


async def test_what_the_files_will_say_is_shown_before_and_after(
    shop: House, alice: Visitor, stranger: Visitor
) -> None:
    ref = await draft_of(shop, licence="CC-BY-4.0")
    path = f"/studio/drafts/{ref}/colophon"
    draft = f"/studio/drafts/{ref}"
    fields = {**await alice.hidden(f"{draft}/more"), "by": "Alice", "remove_private": "on"}
    answer = await alice.post(draft, {**fields, "part": "more", "do": "colophon"})  # what was ticked is kept first
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert (await look(shop, ref)).form["remove_private"] == "on"
    page = await alice.text(path)
    for text in (
        "http://shop.example/w/low-water?from=copy&amp;edition=1#pay",
        "© Alice. Creative Commons Attribution 4.0 (CC-BY-4.0)",
        "dc:rights, xmpRights:UsageTerms",
        "This format has no standard place for it.",
    ):
        assert text in page
    assert (await stranger.get(path)).status in {302, 303}
    assert (await alice.get("/studio/drafts/nothing/colophon")).status == 404


async def test_why_a_file_gets_none_is_the_reason(shop: House, alice: Visitor) -> None:
    tiff = BytesIO()
    Image.new("RGB", (8, 8)).save(tiff, "TIFF")
    ref = await new_work(shop, ("River.tiff", tiff.getvalue()), ("cover.jpg", samples.photo()), **WORDS)
    page = await alice.text(f"/studio/drafts/{ref}/colophon")
    whys = re.findall(r'dir="auto">([^<]+)</h2>\s*<p class="notice">([^<]*)</p>', page)
    place = "This format has no standard place for it."
    assert whys == [
        ("River.tiff", f"{place} What the shop makes of it says it: WebP."),
        ("cover.jpg", "It gets no colophon: only the files of the work do."),
    ]


async def test_published_from_a_draft_with_its_ticks(shop: House, alice: Visitor) -> None:
    ref = await draft_of(shop)
    path = f"/studio/drafts/{ref}"
    fields = await typed(alice, path)
    answer = await alice.post(path, {**fields, **WORDS, "remove_private": "on", "do": "publish"})
    assert answer.status == 303
    assert await Press(shop).publish_due() == 1
    assert (await look(shop, ref)).error == ""
    work, files = await published(shop, "low-water")
    assert work.colophon == ""
    assert files["River.jpg"].given.endswith("-")
    assert files["a.txt"].given == ""


async def test_a_draft_can_say_no_and_the_work_remembers(shop: House, alice: Visitor) -> None:
    ref = await draft_of(shop, colophon="off")
    path = f"/studio/drafts/{ref}"
    page = await alice.text(f"{path}/colophon")
    assert page.count("It gets no colophon: the choice is that files stay as they are.") == 1
    assert page.count("This format has no standard place for it.") == 1  # a text, whatever is chosen
    assert '<option value="off" selected>' in await alice.text(f"{path}/more")
    fields = await typed(alice, path)
    await alice.post(path, {**fields, **WORDS, "colophon": "off", "do": "publish"})
    assert await Press(shop).publish_due() == 1
    work, files = await published(shop, "low-water")
    assert (work.colophon, files["River.jpg"].given) == ("off", "")


async def test_a_work_chooses_and_it_is_noted_once(shop: House, alice: Visitor) -> None:
    path = "/studio/works/high-water"
    for _ in range(2):
        answer = await alice.send(path, f"{path}/colophon", colophon="off")
        assert answer.headers["Location"] == f"{path}/files?said=colophon_kept#colophon"
    assert '<option value="off" selected>' in await alice.text(f"{path}/files")
    assert [deed for deed in await deeds(shop) if deed[0] == "work.colophon"] == [("work.colophon", "work:high-water")]
    assert (await alice.send(path, f"{path}/colophon", colophon="perhaps")).status == 422
    assert (await alice.post(f"{path}/colophon", {"colophon": "on"})).status == 403
    work = await shop.db.read(partial(rows.work_at, slug="high-water"))
    assert work.colophon == "off"
    assert (await alice.send(path, f"{path}/colophon", colophon="")).status == 303
    assert "say it, as usual</option>" in await alice.text(f"{path}/files")


async def test_whom_copies_brought_stands_on_the_work_s_page_and_in_the_numbers(shop: House, alice: Visitor) -> None:
    day = int(shop.clock().timestamp()) // 86_400
    assert "Copies brought" not in await alice.text("/studio/works/high-water")
    assert 'id="copies"' not in await alice.text("/studio/numbers")
    await shop.db.write(lambda conn: add_copy_visits(conn, {("high-water", 1, day): 3, ("high-water", 1, day - 60): 4}))
    assert "Copies brought 7 visits." in await alice.text("/studio/works/high-water")
    page = await alice.text("/studio/works/high-water/files")
    assert "Copies brought 7 visits." in page
    assert "<li>Edition 1: 7</li>" in page
    assert ">High Water, edition 1</a></th><td>3</td>" in await alice.text("/studio/numbers")
    assert ">High Water, edition 1</a></th><td>7</td>" in await alice.text("/studio/numbers?span=365&work=high-water")


async def test_a_new_edition_has_the_choice_too(shop: House, alice: Visitor) -> None:
    answer = await alice.send("/studio/works/high-water", "/studio/works/high-water/edition")
    path = answer.headers["Location"]
    await send(shop, path.rpartition("/")[2], ("River.jpg", samples.photo()))
    page = await alice.text(f"{path}/colophon")
    assert "edition=2#pay" in page
    assert "Files of the edition before go on as they are" in page


async def test_what_is_made_of_a_file_without_a_place_says_it(shop: House, alice: Visitor, tmp_path: Path) -> None:
    samples.wav(tmp_path / "River.wav", seconds=1)
    wav = (tmp_path / "River.wav").read_bytes()
    ref = await new_work(shop, ("River.wav", wav), ("a.txt", b"The river.\n"), **WORDS)
    path = f"/studio/drafts/{ref}/colophon"
    place = "This format has no standard place for it."
    page = await alice.text(path)
    assert f"{place} What the shop makes of it says it: FLAC, MP3, and Opus.</p>" in page
    assert page.count("What the shop makes of it") == 1  # of a text nothing is made
    for settings, words in (({"formats": "mp3"}, "says it: MP3.</p>"), ({"formats": "none"}, f"{place}</p>")):
        await shop.db.write(partial(change_settings, changes=settings))
        await refresh(shop)
        assert words in await alice.text(path)
    await shop.db.write(partial(change_settings, changes={"formats": "mp3", "colophon": "off"}))
    await refresh(shop)
    assert "What the shop makes of it" not in await alice.text(path)
