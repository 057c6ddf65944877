"""The files of a draft as pages: the list, its forms, the way without scripts, and files of the shop's machine."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, FormData

from headwaters.core.works.uploads import UploadState
from headwaters.errands import uploads
from headwaters.errands.house import House
from headwaters.store import tables
from headwaters.store import uploads as rows
from headwaters.web.studio import uploads as pages
from tests.support.uploads import ADDRESS, Sender, make_draft
from tests.web.studio.conftest import Visitor

TEXT = b"a long letter\n" * 1000


@pytest_asyncio.fixture
async def draft(shop: House) -> tuple[int, str]:
    return await make_draft(shop)


@pytest.fixture
def page(draft: tuple[int, str]) -> str:
    return f"/studio/drafts/{draft[1]}/files"


async def names(shop: House, draft: tuple[int, str]) -> list[str]:
    return [row.name for row in await shop.db.read(partial(rows.uploads_of, draft_id=draft[0]))]


async def checked(shop: House, draft: tuple[int, str]) -> list[rows.UploadRow]:
    for _ in range(500):
        found = await shop.db.read(partial(rows.uploads_of, draft_id=draft[0]))
        if all(row.state in {UploadState.HERE, UploadState.REFUSED} for row in found):
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(found)


async def send_form(alice: Visitor, page: str, *files: tuple[str, bytes], **fields: str) -> ClientResponse:
    """As a browser without scripts does."""
    form = FormData()
    for name, value in {**await alice.hidden(page), **fields}.items():
        if value:
            form.add_field(name, value)
    for name, data in files:
        form.add_field("files", data, filename=name, content_type="application/octet-stream")
    headers = {"Sec-Fetch-Site": "same-origin"}
    return await alice.client.post(page, data=form, headers=headers, allow_redirects=False)


async def test_files_are_sent_without_scripts(shop: House, alice: Visitor, draft: tuple[int, str], page: str) -> None:
    answer = await send_form(alice, page, ("a.txt", TEXT), ("b.txt", b"hello"))
    assert (answer.status, answer.headers["Location"]) == (303, f"{page}?said=files_sent#files")
    found = await checked(shop, draft)
    assert [(row.name, row.sha256) for row in found] == [
        ("a.txt", hashlib.sha256(TEXT).hexdigest()),
        ("b.txt", hashlib.sha256(b"hello").hexdigest()),
    ]
    text = await alice.text(page)
    assert "Here, whole and checked: text" in text
    assert "2 files, 14\u00a0kB" in text


async def test_what_came_whole_stays_where_a_later_file_is_refused(
    shop: House, alice: Visitor, draft: tuple[int, str], page: str
) -> None:
    answer = await send_form(alice, page, ("a.txt", TEXT), ("A.TXT", TEXT), ("c.txt", TEXT))
    assert answer.status == 422
    text = await answer.text()
    assert "has the same name as another file" in text
    assert await names(shop, draft) == ["a.txt"]
    assert len([*shop.config.incoming_dir.iterdir()]) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((("", b""),), "No file was chosen."),
        ((("a.xyz", b"x"),), "of a kind that this shop does not know"),
        ((("a.txt", b""),), "is empty"),
        (((".a", b"x"),), "hidden or temporary"),
    ],
)
async def test_a_form_that_cannot_be_is_refused_in_words(
    shop: House, alice: Visitor, page: str, files: tuple[tuple[str, bytes], ...], words: str
) -> None:
    answer = await send_form(alice, page, *files)
    assert answer.status == 422
    assert words in await answer.text()
    assert not [*shop.config.incoming_dir.glob("*")]


async def test_more_than_a_form_takes_is_refused_before_it_comes(
    alice: Visitor, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PLAIN_BYTES", 1000)
    answer = await send_form(alice, page, ("a.txt", TEXT))
    assert answer.status == 413
    assert "more than a form can send in one go" in await answer.text()


async def test_a_form_without_this_sessions_token_sends_nothing(
    shop: House, alice: Visitor, draft: tuple[int, str], page: str
) -> None:
    answer = await send_form(alice, page, ("a.txt", TEXT), csrf="another")
    assert answer.status == 403
    form = FormData()
    form.add_field("files", TEXT, filename="a.txt")
    form.add_field("csrf", (await alice.hidden(page))["csrf"])  # behind the file: too late
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await alice.client.post(page, data=form(), headers=headers, allow_redirects=False)
        assert answer.status == 403
    assert await names(shop, draft) == []


async def test_strangers_are_led_to_the_sign_in_page(stranger: Visitor, page: str) -> None:
    for answer in (await stranger.get(page), await stranger.client.post(page, data={}, allow_redirects=False)):
        assert (answer.status, answer.headers["Location"]) == (303, f"/studio/signin?next={page}")


async def test_a_draft_that_is_not_there_is_not_there(alice: Visitor) -> None:
    for path in ("/studio/drafts/nowhere/files", "/studio/drafts/nowhere/server"):
        assert (await alice.get(path)).status == 404


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


async def ref_of(shop: House, draft: tuple[int, str], name: str) -> str:
    found = await shop.db.read(partial(rows.uploads_of, draft_id=draft[0]))
    return next(row.ref for row in found if row.name == name)


async def test_a_file_gets_other_words_another_place_and_goes(
    shop: House, alice: Visitor, draft: tuple[int, str], page: str
) -> None:
    await send_form(alice, page, ("a.txt", TEXT), ("b.txt", TEXT))
    await checked(shop, draft)
    ref = await ref_of(shop, draft, "b.txt")
    assert "Keep this" not in await alice.text(page)
    assert (await alice.text(f"{page}?change={ref}")).count("Keep this") == 1
    address = f"{page}/{ref}"
    answer = await alice.send(page, address, do="keep", name="c.txt", role="sample", label="The first part")
    assert (answer.status, answer.headers["Location"]) == (303, f"{page}?said=file_kept#files")
    await checked(shop, draft)
    text = await alice.text(page)
    assert "Sample · “The first part”" in text
    assert (await alice.send(page, f"{page}/do", do=f"up {ref}")).status == 303
    assert await names(shop, draft) == ["c.txt", "a.txt"]
    assert (await alice.send(page, f"{page}/do", do=f"down {ref}")).status == 303
    answer = await alice.send(page, f"{page}/do", do=f"remove {ref}")
    assert answer.headers["Location"] == f"{page}?said=file_removed#files"
    assert await names(shop, draft) == ["a.txt"]
    assert (await alice.send(page, f"{page}/do", do=f"remove {ref}")).status == 303


async def test_what_is_wrong_stands_beside_its_row(
    shop: House, alice: Visitor, draft: tuple[int, str], page: str
) -> None:
    await send_form(alice, page, ("a.txt", TEXT), ("b.txt", TEXT))
    await checked(shop, draft)
    ref = await ref_of(shop, draft, "b.txt")
    answer = await alice.send(page, f"{page}/{ref}", name="a.txt", role="", label="")
    assert answer.status == 422
    row = re.split(r'<li class="line upload', await answer.text())[2]
    assert "There is a file called “a.txt” here already." in row
    assert 'aria-invalid="true"' in row


async def test_a_form_comes_back_to_the_page_it_was_on_and_to_no_other(
    shop: House, alice: Visitor, draft: tuple[int, str], page: str
) -> None:
    await send_form(alice, page, ("a.txt", TEXT))
    ref = await ref_of(shop, draft, "a.txt")
    for back, path in ((f"/studio/drafts/{draft[1]}", f"/studio/drafts/{draft[1]}"), ("//evil.example", "/studio")):
        answer = await alice.send(page, f"{page}/{ref}", do="keep", name="a.txt", label=back, back=back)
        assert answer.headers["Location"] == f"{path}?said=file_kept#files"


async def test_an_album_is_no_heavy_page(shop: House, alice: Visitor, draft: tuple[int, str], page: str) -> None:
    await send_form(alice, page, *[(f"{number:02} A Song of the River.txt", TEXT) for number in range(1, 17)])
    assert len((await alice.text(page)).encode()) < 30_000


async def test_a_half_file_says_how_to_go_on(shop: House, alice: Visitor, draft: tuple[int, str], page: str) -> None:
    sender = Sender(alice.client, draft[1])
    address = await sender.begin("<film>.txt", 2000)
    assert "Nothing of it is here yet. Choose the same file again" in await alice.text(page)
    await sender.patch(address, 0, b"x" * 500)
    text = await alice.text(page)
    assert "500\u00a0bytes of 2\u00a0kB are here. Choose the same file again, and it goes on from there." in text
    assert '<progress max="100" value="25"' in text
    assert f'data-ref="{address.removeprefix(ADDRESS)}"' in text
    assert address.startswith(ADDRESS)


async def test_a_draft_that_is_being_published_shows_its_files_and_no_forms(
    shop: House, alice: Visitor, draft: tuple[int, str], page: str
) -> None:
    await send_form(alice, page, ("a.txt", TEXT))
    ref = await ref_of(shop, draft, "a.txt")
    hidden = await alice.hidden(page)
    await shop.db.write(lambda conn: conn.execute(tables.drafts.update().values(state="publishing")) and None)
    text = await alice.text(page)
    assert "so its files stay as they are" in text
    assert "Take out" not in text
    answer = await alice.post(f"{page}/{ref}", {**hidden, "do": "remove"})
    assert answer.status == 409
    assert await names(shop, draft) == ["a.txt"]


# ── files of the shop's machine ──────────────────────────────────────────────────────────────────


async def test_files_of_this_machine_are_picked(
    shop: House, alice: Visitor, draft: tuple[int, str], page: str, tmp_path: Path
) -> None:
    assert "Pick files of the shop" not in await alice.text(page)
    films = tmp_path / "films"
    (films / "High Water").mkdir(parents=True)
    (films / "High Water" / "a.txt").write_bytes(TEXT)
    (films / "b.txt").write_bytes(TEXT)
    (films / "link.txt").symlink_to("/etc/hostname")
    shop.config = replace(shop.config, uploads_from=(str(films),))
    assert "Pick files of the shop" in await alice.text(page)
    server = f"/studio/drafts/{draft[1]}/server"

    async def pick(path: Path) -> ClientResponse:
        return await alice.post(server, {**await alice.hidden(server), "path": str(path)})

    assert str(films) in await alice.text(server)
    text = await alice.text(f"{server}?in={films}")
    assert "High Water" in text
    assert "link.txt" not in text
    answer = await pick(films / "High Water")
    assert (answer.status, answer.headers["Location"]) == (303, f"{page}?said=files_picked#files")
    assert (await pick(films / "b.txt")).status == 303
    found = await checked(shop, draft)
    assert [(row.name, row.state, row.origin) for row in found] == [
        ("a.txt", UploadState.HERE, str(films / "High Water" / "a.txt")),
        ("b.txt", UploadState.HERE, str(films / "b.txt")),
    ]
    for path in (films / "link.txt", Path("/etc/hostname"), films / ".." / "films" / "b.txt"):
        answer = await pick(path)
        assert answer.status == 404
        assert "There is no such file or folder among those that may be used." in await answer.text()
    answer = await pick(films / "b.txt")
    assert answer.status == 422
    assert [file.name for file in await uploads.files_of(shop, draft[0])] == ["a.txt", "b.txt"]
