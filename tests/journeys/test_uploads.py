"""Uploads by other people's clients and by a browser, over lines that break, to a shop that is killed."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect
from tusclient.client import TusClient

from headwaters.core.works.uploads import UploadState
from headwaters.errands import signin, uploads
from headwaters.errands.uploads import UploadedFile
from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.line import bad_line
from tests.support.needs import ROOT, need
from tests.support.served import Served, ServeShop, headwaters
from tests.support.uploads import ADDRESS, BYTES, Desk, in_house, metadata, open_desk

CUTS = 10
MIB = 1 << 20
PIECE = 2 * MIB
PATIENCE = 30_000  # milliseconds: a busy machine is no failure


@dataclass
class Shop:
    """Alice's served shop with a draft, and a film to send."""

    folder: Path
    served: Served
    desk: Desk
    film: Path

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.film.read_bytes()).hexdigest()

    def files(self) -> tuple[UploadedFile, ...]:
        return in_house(self.folder, lambda house: uploads.files_of(house, self.desk.draft_id))

    def settled(self) -> UploadedFile:
        """The one file of the draft, once its check is over."""
        deadline = time.monotonic() + 30
        while True:
            (file,) = self.files()
            if file.state in {UploadState.HERE, UploadState.REFUSED}:
                return file
            assert time.monotonic() < deadline, file
            time.sleep(0.1)


def film(path: Path, size: int) -> Path:
    """An MP4's boxes around bytes that do not repeat."""
    head = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\0\0\0\x08moov"
    body = random.Random(3).randbytes(size - len(head) - 8)
    path.write_bytes(head + (len(body) + 8).to_bytes(4) + b"mdat" + body)
    return path


@pytest.fixture
def shop(tmp_path: Path, serve_shop: ServeShop) -> Shop:
    folder = tmp_path / "shop"
    assert headwaters("init", folder, "--name", "Alice's films", "--currency", "EUR").code == 0
    desk = in_house(folder, open_desk)
    return Shop(folder, serve_shop(folder), desk, film(tmp_path / "High Water.mp4", 18 * MIB))


# ── other people's clients ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("checksums", [False, True])
def test_tuspy_is_cut_ten_times_and_sends_the_whole_film(shop: Shop, checksums: bool) -> None:
    with bad_line(shop.served.port, CUTS, 300_000, 1_200_000) as line, shop.film.open("rb") as stream:
        client = TusClient(f"http://127.0.0.1:{line.port}{ADDRESS}", headers=dict(shop.desk.headers))
        uploader = client.uploader(
            file_stream=stream,
            chunk_size=PIECE,
            metadata={"draft": shop.desk.draft, "filename": shop.film.name},
            retries=30,
            retry_delay=0,
            upload_checksum=checksums,
        )
        uploader.upload()
        assert line.made == CUTS
    assert uploader.offset == shop.film.stat().st_size
    found = shop.settled()
    assert (found.state, found.sha256) == (UploadState.HERE, shop.digest)


@pytest.mark.needs("node24", "tus-js")
def test_tus_js_client_is_cut_ten_times_and_sends_the_whole_film(shop: Shop) -> None:
    with bad_line(shop.served.port, CUTS, 300_000, 1_200_000) as line:
        told = {
            "endpoint": f"http://127.0.0.1:{line.port}{ADDRESS}",
            "file": str(shop.film),
            "headers": dict(shop.desk.headers),
            "metadata": {"draft": shop.desk.draft, "filename": shop.film.name},
            "piece": PIECE,
        }
        script = ROOT / "tests" / "support" / "tus_upload.mjs"
        done = subprocess.run(
            [need("node24"), script, json.dumps(told)], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert line.made == CUTS
    offsets = json.loads(done.stdout)["offsets"]
    assert offsets == sorted(offsets)
    assert offsets[-1] == shop.film.stat().st_size
    found = shop.settled()
    assert (found.state, found.sha256) == (UploadState.HERE, shop.digest)


# ── a shop that is killed ────────────────────────────────────────────────────────────────────────


def _ask(shop: Shop, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", shop.served.port, timeout=10)
    try:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {**shop.desk.headers, "Tus-Resumable": "1.0.0", **said})  # type: ignore[arg-type]
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def _send_on(shop: Shop, path: str, answered: list[int]) -> None:
    """Piece after piece from what is there, until the shop is gone; what it answered is written down."""
    with suppress(OSError, http.client.HTTPException):
        head = _ask(shop, "HEAD", path)
        offset = int(head.headers["Upload-Offset"])
        assert offset >= max(answered, default=0), "an answered offset was lost"
        with shop.film.open("rb") as file:
            while offset < shop.film.stat().st_size:
                file.seek(offset)
                answer = _ask(shop, "PATCH", path, file.read(512 * 1024), Upload_Offset=str(offset), Content_Type=BYTES)
                assert answer.status == 204, answer.status
                offset = int(answer.headers["Upload-Offset"])
                answered.append(offset)


def test_a_shop_that_is_killed_again_and_again_loses_no_answered_byte(shop: Shop) -> None:
    said = metadata(draft=shop.desk.draft, filename=shop.film.name)
    size = shop.film.stat().st_size
    path = _ask(shop, "POST", ADDRESS, Upload_Length=str(size), Upload_Metadata=said).headers["Location"]
    answered: list[int] = []
    chance = random.Random(11)
    for _ in range(5):
        thread = threading.Thread(target=_send_on, args=(shop, path, answered))
        thread.start()
        time.sleep(chance.uniform(0.1, 0.4))
        shop.served.kill()
        thread.join()
        (file,) = shop.files()
        with file.path.open("rb") as kept, shop.film.open("rb") as original:
            count = max(answered, default=0)
            assert kept.read(count) == original.read(count)
        shop.served.start()
    _send_on(shop, path, answered)
    offset = _ask(shop, "HEAD", path).headers["Upload-Offset"]  # the answer to the last piece may have died with a shop
    assert int(offset) == size
    found = shop.settled()
    assert (found.state, found.sha256) == (UploadState.HERE, shop.digest)


def test_a_shop_that_is_stopped_in_the_middle_of_a_piece_keeps_what_came(shop: Shop) -> None:
    said = metadata(draft=shop.desk.draft, filename=shop.film.name)
    size = shop.film.stat().st_size
    path = _ask(shop, "POST", ADDRESS, Upload_Length=str(size), Upload_Metadata=said).headers["Location"]
    connection = http.client.HTTPConnection("127.0.0.1", shop.served.port, timeout=10)
    connection.putrequest("PATCH", path)
    more = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BYTES, "Content-Length": str(size)}
    for name, value in {**shop.desk.headers, **more}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(shop.film.read_bytes()[:MIB])
    time.sleep(0.3)
    assert shop.served.stop() == 0
    connection.close()
    shop.served.start()
    assert int(_ask(shop, "HEAD", path).headers["Upload-Offset"]) == MIB


# ── a browser ────────────────────────────────────────────────────────────────────────────────────


def _open(shop: Shop, page: Page) -> None:
    link = in_house(shop.folder, signin.make_link)
    page.goto(shop.served.url + "/studio/in/" + link.rpartition("/")[2])
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{shop.served.url}/studio/drafts/{shop.desk.draft}/files")


def _line(session: CDPSession, offline: bool) -> None:
    """A megabyte a second, or nothing."""
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": MIB}
    session.send("Network.emulateNetworkConditions", conditions)


def test_a_browser_goes_on_by_itself_after_lost_lines_a_restart_and_a_reload(shop: Shop, open_page: OpenPage) -> None:
    page = open_page(width=DESK)
    page.on("dialog", lambda dialog: dialog.accept())
    _open(shop, page)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    _line(line, offline=False)
    page.set_input_files("#files-input", shop.film)
    expect(page.get_by_text(" a second, ")).to_be_visible(timeout=PATIENCE)
    _line(line, offline=True)
    expect(page.get_by_text("No connection at")).to_be_visible(timeout=PATIENCE)
    _line(line, offline=False)
    expect(page.get_by_text(" a second, ")).to_be_visible(timeout=PATIENCE)

    shop.served.kill()
    expect(page.get_by_text("No connection at")).to_be_visible(timeout=PATIENCE)
    shop.served.start()
    expect(page.get_by_text(" a second, ")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused at")).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_text("Choose the same file again, and it goes on from there.")).to_be_visible(timeout=PATIENCE)
    (half,) = shop.files()
    line.detach()  # as good as it gets
    page.set_input_files("#files-input", shop.film)
    expect(page.get_by_text("Here, whole and checked: MP4")).to_be_visible(timeout=PATIENCE)
    (whole,) = shop.files()
    assert (whole.ref, whole.sha256) == (half.ref, shop.digest)

    page.set_input_files("#files-input", shop.film)
    expect(page.locator("#files-said")).to_have_text("High Water.mp4 is here already.")


def test_a_film_of_the_same_name_is_kept_apart_until_somebody_says_which_one(
    shop: Shop, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(width=PHONE)
    _open(shop, page)
    page.set_input_files("#files-input", shop.film)
    expect(page.get_by_text("Here, whole and checked: MP4")).to_be_visible(timeout=PATIENCE)
    other = tmp_path / "new"
    other.mkdir()
    new = film(other / "high water.mp4", 2 * MIB)
    page.set_input_files("#files-input", new)
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("high water.mp4")
    axe(page)
    notice.get_by_role("button", name="Use the new one instead").click()
    expect(page.get_by_text("2.1 MB", exact=True)).to_be_visible(timeout=PATIENCE)
    found = shop.settled()
    assert (found.name, found.sha256) == (new.name, hashlib.sha256(new.read_bytes()).hexdigest())


@pytest.mark.parametrize("javascript", [True, False])
def test_files_are_put_in_order_and_taken_out_by_keyboard(
    shop: Shop, open_page: OpenPage, tmp_path: Path, javascript: bool
) -> None:
    page = open_page(width=PHONE, javascript=javascript)
    _open(shop, page)
    paths = []
    for name in ("a.txt", "b.txt", "c.txt"):
        paths.append(tmp_path / name)
        paths[-1].write_text("hello\n" * 10)
    page.set_input_files("#files-input", paths)
    if not javascript:
        page.get_by_role("button", name="Send").press("Enter")
    expect(page.get_by_text("Here, whole and checked: text")).to_have_count(3, timeout=PATIENCE) if javascript else None
    names = page.locator("#files-list > li > p > b")
    expect(names).to_have_text(["a.txt", "b.txt", "c.txt"])
    page.get_by_role("button", name="Move c.txt up").press("Enter")
    expect(names).to_have_text(["a.txt", "c.txt", "b.txt"])
    if javascript:
        expect(page.get_by_role("button", name="Move c.txt up")).to_be_focused()
    page.get_by_role("link", name="Change a.txt").press("Enter")
    page.get_by_label("What the file is called").first.fill("b.txt")
    page.get_by_role("button", name="Keep this").first.press("Enter")
    expect(page.get_by_text("There is a file called “b.txt” here already.")).to_be_visible(timeout=PATIENCE)
    field = page.get_by_label("What the file is called").first
    expect(field).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Take out b.txt").press("Enter")
    expect(names).to_have_text(["a.txt", "c.txt"])
    assert not scrolls_sideways(page)
    assert [file.name for file in shop.files()] == ["a.txt", "c.txt"]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_page_of_files_fits_and_is_fit_for_everyone(
    shop: Shop, open_page: OpenPage, tmp_path: Path, width: int
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / ("Donaudampfschifffahrtsgesellschaft" * 3 + ".txt")).write_text("hello")
    shop.served.settings = {"HEADWATERS_UPLOADS_FROM": str(films)}
    shop.served.restart()
    page = open_page(width=width, color_scheme="dark" if width == PHONE else "light")
    _open(shop, page)
    draft = f"{shop.served.url}/studio/drafts/{shop.desk.draft}"
    axe(page)
    page.goto(f"{draft}/server?in={films}")
    axe(page)
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Pick").click()
    expect(page.get_by_text("Picked. Each file is checked now")).to_be_visible(timeout=PATIENCE)
    axe(page)
    assert not scrolls_sideways(page)
    assert len(page.content().encode()) < 30_000
    assert os.listdir(films)  # noqa: PTH208  (the file is where it was)
