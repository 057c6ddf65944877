"""A damaged file is said where the creator looks, and mended from there."""

from __future__ import annotations

from pathlib import Path

from headwaters.actions.storage import note_look
from headwaters.core.works.faults import Fault
from headwaters.errands import drafts
from headwaters.errands.doctor import _look_at_files
from headwaters.errands.house import House
from headwaters.errands.integrity import Wanted, look
from headwaters.store import blobs
from headwaters.store import works as rows
from tests.support import samples
from tests.support.drafts import new_work, publish_now, send
from tests.support.house import Clock
from tests.support.makings import made, path_of, pretend_formats, published
from tests.support.shelf import grant
from tests.web.studio.conftest import Visitor

NOTES = b"the very same words\n" * 400


def files(conn: object, slug: str) -> tuple[rows.FileRow, ...]:
    work = rows.work_at(conn, slug)  # type: ignore[arg-type]
    newest = rows.newest_edition(conn, work.id)  # type: ignore[arg-type]
    assert newest is not None
    return rows.files_of(conn, newest.id)  # type: ignore[arg-type]


async def test_nothing_is_said_where_nothing_is_wrong(alice: Visitor) -> None:
    assert "damaged" not in await alice.text("/studio")


async def test_the_first_page_and_the_works_page_say_it(shop: House, clock: Clock, alice: Visitor) -> None:
    ref = await new_work(shop, ("other.txt", b"another work\n"), title="Another")
    await publish_now(shop, ref)
    await _damage(shop, clock)
    page = await alice.text("/studio")
    assert "Files are damaged" in page
    assert '<a href="/studio/works/the-notes">The Notes</a>' in page
    assert "“notes.txt” of edition 1 has changed" in page
    command = f"<code>headwaters storage check --all --shop {shop.config.shop}</code>"
    assert (page.count(command), (await alice.text("/studio/works/the-notes")).count(command)) == (1, 1)
    assert "Files are damaged" in await alice.text("/studio/works/the-notes")
    assert "Files are damaged" not in await alice.text("/studio/works/another")


async def _damage(shop: House, clock: Clock) -> str:
    clock.move(seconds=-10)
    ref = await new_work(shop, ("notes.txt", NOTES), title="The Notes")
    await publish_now(shop, ref)
    clock.move(seconds=10)
    found = await shop.db.read(lambda conn: files(conn, "the-notes"))
    (digest,) = {file.sha256 for file in found if file.name == "notes.txt"}
    path = Path(shop.config.files_dir) / digest[:2] / digest[2:4] / digest
    path.chmod(0o600)
    path.write_bytes(b"!" + NOTES[1:])
    await look(shop, Wanted(shop.clock(), "the-notes"))
    return digest


async def test_the_same_file_again_in_the_studio_mends_it_for_who_took_it_long_ago(
    shop: House, clock: Clock, alice: Visitor
) -> None:
    digest = await _damage(shop, clock)
    work = await shop.db.read(lambda conn: rows.work_at(conn, "the-notes"))
    found = await shop.db.read(lambda conn: files(conn, "the-notes"))
    file = next(file for file in found if file.name == "notes.txt")
    address = f"/d/{await grant(shop, work.id)}/{file.ref}"
    assert (await alice.get(address)).status == 503
    clock.move(seconds=1)
    edition = await drafts.begin_edition(shop, "the-notes", None)
    await send(shop, edition, ("notes.txt", NOTES))
    draft = await publish_now(shop, edition)
    assert draft.error == ""
    assert "Files are damaged" not in await alice.text("/studio")
    answer = await alice.get(address)
    assert (answer.status, await answer.read()) == (200, NOTES)
    assert digest == file.sha256


async def test_what_the_shop_made_it_makes_again_and_says_so(shop: House, alice: Visitor, tmp_path: Path) -> None:
    samples.wav(tmp_path / "River.wav", seconds=1)
    await published(shop, tmp_path / "River.wav", title="River")
    await pretend_formats(shop)
    digest = (await made(shop, "river"))["River.mp3"].sha256
    seen = await shop.db.read(lambda conn: blobs.read_blob(conn, digest))
    assert seen is not None
    assert await shop.db.write(lambda conn: note_look(conn, seen, Fault.MISSING, shop.clock()))
    page = await alice.text("/studio/works/river")
    words = "The shop makes it again, as soon as what it was made from is whole."
    assert f"“River.mp3” of edition 1 is missing. {words}" in page
    assert "Publish the same files again" not in page, "that would not mend it"
    path_of(shop, digest).unlink()
    advice = (await _look_at_files(shop)).advice
    assert advice == "The shop made them itself, and makes them again once it knows: “headwaters storage check --all”."
    await pretend_formats(shop)
    assert "Files are damaged" not in await alice.text("/studio/works/river")
