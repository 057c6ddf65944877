"""Bob's browser: it shows and plays in place what may be, goes on where a line broke, and runs nothing of a work."""

from __future__ import annotations

import json
import os
import secrets
import wave
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urljoin
from urllib.request import urlopen

import pytest
from PIL import Image

from tests.support.browser import OpenPage
from tests.support.network import MARK
from tests.support.served import Served, headwaters
from tests.support.wire import Wire

SECONDS = 40
SCRIPT = "<script>document.title = 'it ran'; alert('it ran')</script>"


def _make_works(folder: Path) -> None:
    with wave.open(str(folder / "song.wav"), "wb") as song:
        song.setparams((2, 2, 44_100, 0, "NONE", ""))
        song.writeframes(os.urandom(4 * 44_100 * SECONDS))
    Image.new("RGB", (300, 200), "navy").save(folder / "picture.png")
    (folder / "words.txt").write_text("Grüße, 映画\n", encoding="utf-8")
    (folder / "page.html").write_text(f"<!doctype html><title>page</title>{SCRIPT}", encoding="utf-8")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{SCRIPT}</svg>'
    (folder / "drawing.svg").write_text(svg, encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice's shop with a work of every kind, served."""
    folder, work = tmp_path_factory.mktemp("alice") / "shop", tmp_path_factory.mktemp("work")
    _make_works(work)
    assert headwaters("init", folder, "--name", "Alice", "--currency", "EUR").code == 0
    published = headwaters("publish", work, "--shop", folder, "--title", "High Water", "--price", "5", "--i-made-this")
    assert published.code == 0, published.err
    served = Served(folder).start()
    yield served
    served.kill()
    assert MARK not in served.log


@pytest.fixture(scope="module")
def order(shop: Served) -> str:
    """The address of Bob's order page."""
    form = urlencode({"door": "cant_pay", "nonce": secrets.token_hex(16)}).encode()
    with urlopen(f"{shop.url}/w/high-water/take", form) as answer:
        page: str = answer.url
    return page


@pytest.fixture(scope="module")
def files(order: str) -> dict[str, str]:
    """The addresses of its files by name."""
    with urlopen(f"{order}.json") as answer:
        edition = json.load(answer)["works"][0]["editions"][-1]
    return {file["name"]: urljoin(order, file["url"]) for file in edition["files"]}


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("picture.png", "document.images[0].naturalWidth === 300"),
        ("words.txt", "document.body.innerText.trim() === 'Grüße, 映画'"),
        ("song.wav", "Math.round(document.querySelector('video, audio').duration) === 40"),
    ],
)
def test_what_runs_nothing_is_shown_in_place(files: dict[str, str], open_page: OpenPage, name: str, look: str) -> None:
    page = open_page()
    page.goto(f"{files[name]}?inline")
    page.wait_for_function(look)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("page.html", ""), ("page.html", "?inline"), ("drawing.svg", ""), ("drawing.svg", "?inline"), ("picture.png", "")],
)
def test_the_rest_is_saved_and_never_run(files: dict[str, str], open_page: OpenPage, name: str, asked: str) -> None:
    page = open_page()
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.goto("about:blank")
    with page.expect_download() as saved:
        page.evaluate("address => { location.href = address }", files[name] + asked)
    assert saved.value.suggested_filename == name
    assert (page.url, ran) == ("about:blank", [])


def test_a_song_plays_on_over_a_line_that_keeps_breaking(shop: Served, order: str, open_page: OpenPage) -> None:
    page = open_page()
    with Wire(shop.port, cuts=[1_500_000] * 100).up() as wire:
        page.goto(wire.address(order))
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        ended = page.evaluate(
            """async () => {
                const song = document.querySelector('audio')
                song.muted = true
                await song.play()
                song.playbackRate = 16
                await new Promise((done, failed) => { song.onended = done; song.onerror = failed })
                return [song.currentTime, song.error]
            }"""
        )
        assert ended == [pytest.approx(SECONDS, abs=0.1), None]
        page.goto("about:blank")
    resumed = [asked for asked in wire.ranges if asked.startswith("bytes=") and asked != "bytes=0-"]
    assert len(resumed) >= 3
