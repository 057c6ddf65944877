"""What the shop makes of a work, in the Studio: told, stopped, tried again; and which formats a work gets."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from headwaters.core.works.makings import MakingState
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store import works as rows
from tests.support import samples
from tests.support.makings import makings, pretend_formats, published
from tests.web.studio.conftest import Visitor
from tests.web.studio.test_publishing import deeds, typed

PATH = "/studio/works/river"
S = MakingState


async def publish_river(shop: House, folder: Path) -> None:
    samples.wav(folder / "River.wav", seconds=1)
    await published(shop, folder / "River.wav", title="River")


async def states(shop: House) -> dict[str, tuple[MakingState, str]]:
    wanted = {"flac", "mp3", "opus"}
    return {one.recipe: (one.state, one.error) for one in await makings(shop, "river") if one.recipe in wanted}


async def section(alice: Visitor) -> str:
    page = await alice.text(f"{PATH}/files")
    found = re.search(r'<section aria-labelledby="made".*?</section>', page, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>|\s+", " ", found[0])) if found else ""


async def test_it_tells_how_far_each_is(shop: House, alice: Visitor, tmp_path: Path) -> None:
    await publish_river(shop, tmp_path)
    assert re.search(r"MP3 +1 waits", await section(alice))
    await pretend_formats(shop)
    assert re.search(r"MP3 +1 made, 6\.3 MB", await section(alice))
    assert re.search(r"Made by the shop: .*MP3 \(1 made, 6\.3.MB\)", await alice.text(PATH))


async def test_stopped_and_tried_again(shop: House, alice: Visitor, tmp_path: Path) -> None:
    await publish_river(shop, tmp_path)
    answer = await alice.send(PATH, f"{PATH}/makings", stop="mp3")
    assert answer.headers["Location"] == f"{PATH}/files?said=making_stopped#made"
    assert (await states(shop))["mp3"] == (S.SKIPPED, "You stopped it.")
    assert (await states(shop))["opus"] == (S.WAITING, "")
    assert re.search(r"MP3 +Try again +MP3 +The music : You stopped it\.", await section(alice))
    for said in ("made_elsewhere", "made_already"):  # the tests’ shop makes nothing by itself
        answer = await alice.send(PATH, f"{PATH}/makings", again="mp3")
        assert answer.headers["Location"] == f"{PATH}/files?said={said}#made"
    assert (await states(shop))["mp3"] == (S.WAITING, "")
    told = [deed for deed, _ in await deeds(shop)]
    assert told[-2:] == ["work.making_stopped", "work.made_again"]  # what changed nothing is not told


async def test_without_the_forms_token_or_a_work_nothing_happens(shop: House, alice: Visitor, tmp_path: Path) -> None:
    await publish_river(shop, tmp_path)
    before = await states(shop)
    assert (await alice.post(f"{PATH}/makings", {"stop": "mp3"})).status in {403, 422, 303}
    assert (await alice.send(PATH, "/studio/works/no-such/makings", stop="mp3")).status == 404
    assert await states(shop) == before


async def test_a_works_own_choice(shop: House, alice: Visitor, tmp_path: Path) -> None:
    await publish_river(shop, tmp_path)
    fields = {**await typed(alice, PATH), "licence": "CC-BY-4.0", "kind": "music"}
    answer = await alice.post(PATH, {**fields, "own_formats": "1", "format_mp3": "1"})
    assert answer.status == 303
    work = await shop.db.read(lambda conn: rows.work_at(conn, "river"))
    assert work.details.formats == "mp3"
    assert await states(shop) == {"mp3": (S.WAITING, "")}
    fields = {**await typed(alice, PATH), "licence": "CC-BY-4.0", "kind": "music"}
    assert (await alice.post(PATH, {**fields, "own_formats": "1"})).status == 303
    assert (await shop.db.read(lambda conn: rows.work_at(conn, "river"))).details.formats == "none"
    assert await states(shop) == {}
    fields = {**await typed(alice, PATH), "licence": "CC-BY-4.0", "kind": "music"}
    assert (await alice.post(PATH, {**fields, "own_formats": ""})).status == 303
    assert (await shop.db.read(lambda conn: rows.work_at(conn, "river"))).details.formats == ""
    assert set(await states(shop)) == {"flac", "mp3", "opus"}


async def end(shop: House, state: MakingState, error: str, recipe: str = "mp3") -> None:
    """An attempt at it ended like this."""
    mine = tables.makings.c.recipe == recipe
    values = {"state": state.value, "error": error, "attempts": 1}
    await shop.db.write(lambda conn: conn.execute(tables.makings.update().where(mine).values(**values)))


async def test_the_first_page_says_that_something_could_not_be_made(
    shop: House, alice: Visitor, tmp_path: Path
) -> None:
    await publish_river(shop, tmp_path)
    await end(shop, S.SKIPPED, "The original is that already.")
    assert "could not make everything" not in await alice.text("/studio")
    await end(shop, S.FAILED, "It took too long, and was ended.")
    await end(shop, S.FAILED, "It took too long, and was ended.", "opus")
    page = await alice.text("/studio")
    assert f'<a href="{PATH}/files#made">River</a>: 2 could not be made' in page
    assert re.search(r"MP3 +Try again +MP3 +The music : It took too long, and was ended\.", await section(alice))


async def test_what_ended_without_a_file_is_said_on_the_works_page(shop: House, alice: Visitor, tmp_path: Path) -> None:
    await publish_river(shop, tmp_path)
    await end(shop, S.SKIPPED, "The original is that already.", "flac")
    await end(shop, S.FAILED, "It took too long, and was ended.", "opus")
    await end(shop, S.MAKING, "")
    page = await alice.text(PATH)
    assert "FLAC (1 left out), MP3 (1 being made), and Opus (1 could not be made)." in page
    assert "()" not in page


async def test_what_would_only_be_skipped_again_is_not_tried_again(shop: House, alice: Visitor, tmp_path: Path) -> None:
    await publish_river(shop, tmp_path)
    await end(shop, S.SKIPPED, "The original is that already.", "flac")
    await end(shop, S.SKIPPED, "Nothing is converted here.")
    page = await section(alice)
    assert re.search(r"FLAC +FLAC +The music : The original is that already\.|FLAC +The music : The original", page)
    assert [f'name="again" value="{name}"' in await alice.text(f"{PATH}/files") for name in ("flac", "mp3")] == [
        False,
        True,
    ]


async def test_what_is_tried_again_by_itself_says_why_and_when(shop: House, alice: Visitor, tmp_path: Path) -> None:
    await publish_river(shop, tmp_path)
    await end(shop, S.WAITING, "The disk is nearly full, so nothing more is made for now. Make room on it.")
    assert re.search(r"MP3 +1 waits .*Make room on it\. It is tried again by itself: \w+ \d", await section(alice))
    for said in ("making_stopped", "making_over"):
        answer = await alice.send(PATH, f"{PATH}/makings", stop="mp3")
        assert answer.headers["Location"] == f"{PATH}/files?said={said}#made"
