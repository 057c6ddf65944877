"""What one has, played and read in a browser: it seeks, goes on, keeps the place on this device, and tells nobody."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page

from headwaters.core.works.makings import Lane
from headwaters.core.works.taste_recipes import CHAPTERS
from headwaters.errands.house import House
from headwaters.errands.makers import books, pieces, views
from headwaters.errands.workshop import Workshop
from tests.support import samples
from tests.support.browser import DESK, PHONE, OpenPage, Record, axe, scrolls_sideways
from tests.support.gallery import Gallery, gallery
from tests.support.gallery_taste import river_book
from tests.support.makings import published
from tests.support.pages import order

pytestmark = pytest.mark.needs("chromium", "axe")


def hum(path: Path, seconds: int, tone: int) -> Path:
    """A tone."""
    rate = 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        one = struct.pack(f"<{rate}h", *(int(3000 * math.sin(at * tone * math.tau / rate)) for at in range(rate)))
        file.writeframes(one * seconds)
    return path


async def _fill(house: House, folder: Path) -> dict[str, str]:
    folder.mkdir()
    songs = [hum(folder / "1 Low.wav", 60, 110), hum(folder / "2 High.wav", 2, 220)]
    listed = folder / "Film.chapters.txt"
    listed.write_text("0:00 Drops\n0:02 Rings\n")
    await published(house, *songs, title="Tones")
    await published(house, samples.film(folder / "Film.webm", seconds=4), listed, title="Test Film")
    await published(house, river_book().write(folder / "Book.epub"), title="Reader", taste="1 chapter")
    shots = []
    for number in range(3):
        shots.append(folder / f"Shot {number}.png")
        Image.linear_gradient("L").resize((300 + number, 200)).save(shots[-1])
    await published(house, *shots, title="Shots", taste="3 pictures")
    recipes = {**books.RECIPES, **views.RECIPES, CHAPTERS: pieces.RECIPES[CHAPTERS]}
    await Workshop(house, recipes).make_due(Lane.QUICK)
    paths = {"shots": "/w/shots", "read": "/w/reader/read"}
    for name, slug in (("songs", "tones"), ("film", "test-film"), ("book", "reader")):
        paths[name] = f"/o/{(await order(house, slug)).token}"
    return paths


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Gallery]:
    place = tmp_path_factory.mktemp("players")
    with gallery(place / "shop", sqlite_template, more=lambda house: _fill(house, place / "works")) as opened:
        yield opened


def playing(player: Locator, beyond: float) -> None:
    """Waits until it plays beyond a second."""
    player.page.wait_for_function("([e, at]) => !e.paused && e.currentTime > at", arg=[player.element_handle(), beyond])


def places(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate("({...localStorage})")
    return found


def test_a_place_is_kept_on_this_device_and_told_to_nobody(shop: Gallery, open_page: OpenPage, record: Record):
    page = open_page()
    page.goto(shop.url + shop.paths["songs"])
    low = page.get_by_label("1 Low")
    low.evaluate("e => { e.muted = true; e.play(); }")
    playing(low, 0)
    low.evaluate("e => { e.currentTime = 30; }")
    playing(low, 30)
    low.evaluate("e => e.pause()")
    page.wait_for_function("() => Object.keys(localStorage).length === 1")
    (key,) = places(page)
    assert key.startswith("place:")
    assert 30 <= float(places(page)[key]) < 40
    assert page.get_by_text("remembered on this device alone").is_visible()
    before = len(record.requests)
    page.reload()
    low = page.get_by_label("1 Low")
    page.wait_for_function("e => e.paused && e.currentTime >= 30", arg=low.element_handle())  # it shows where one was
    assert page.get_by_label("2 High").evaluate("e => [e.preload, e.networkState]") == ["none", 1]
    low.evaluate("e => { e.muted = true; e.play(); }")
    playing(low, 30)
    assert {request.method for request in record.requests} == {"GET"}
    told = [request.url for request in record.requests[before:] if key[6:] in request.url or request.post_data]
    assert told == []
    page.get_by_role("button", name="Forget it").click()
    assert places(page) == {}
    assert page.get_by_text("Forgotten.").is_visible()
    low.evaluate("e => e.pause()")
    assert places(page) == {}


def test_an_album_plays_on_at_the_speed_that_one_likes(shop: Gallery, open_page: OpenPage):
    page = open_page()
    page.goto(shop.url + shop.paths["songs"])
    page.get_by_label("Speed").select_option("2")
    low, high = page.get_by_label("1 Low"), page.get_by_label("2 High")
    low.evaluate("e => { e.muted = true; e.play(); }")
    playing(low, 0)
    assert low.evaluate("e => e.playbackRate") == 2
    high.evaluate("e => { e.muted = true; }")
    low.evaluate("e => { e.currentTime = 59.5; }")
    playing(high, 0)
    assert low.evaluate("e => e.paused")
    assert high.evaluate("e => e.playbackRate") == 2
    assert page.evaluate("navigator.mediaSession.metadata.title") == "2 High"
    assert page.evaluate("navigator.mediaSession.metadata.album") == "Tones"
    high.evaluate("e => e.pause()")
    page.goto(shop.url + shop.paths["film"])  # for all that plays on this device
    page.get_by_text("Play it here").click()
    assert page.get_by_label("Speed").input_value() == "2"
    assert page.locator("video").evaluate("e => [e.playbackRate, e.defaultPlaybackRate]") == [2, 2]
    page.get_by_role("button", name="Forget it").click()
    page.reload()
    page.get_by_text("Play it here").click()
    assert page.get_by_label("Speed").input_value() == "1"


def test_a_film_goes_to_its_chapters(shop: Gallery, open_page: OpenPage):
    page = open_page()
    page.goto(shop.url + shop.paths["film"])
    page.get_by_text("Play it here").click()
    film = page.locator("video")
    film.evaluate("e => { e.muted = true; }")
    page.get_by_role("link", name="0:02 Rings").click()
    playing(film, 2)
    axe(page)


def test_without_a_script_everything_is_there(shop: Gallery, open_page: OpenPage):
    page = open_page(javascript=False, width=PHONE)
    page.goto(shop.url + shop.paths["songs"])
    assert page.locator("audio[controls]").count() == 2
    assert not page.get_by_text("remembered on this device").is_visible()
    page.goto(shop.url + shop.paths["film"])
    page.get_by_text("Play it here").click()
    assert (page.get_by_role("link", name="0:02 Rings").get_attribute("href") or "").endswith("?inline#t=2")
    page.goto(shop.url + shop.paths["book"])
    page.get_by_role("link", name="Read it here").click()
    page.get_by_role("link", name="The mill").last.click()
    assert page.locator(".book h2").inner_text() == "The mill"
    page.goto(shop.url + shop.paths["shots"])
    page.get_by_role("link", name="Shot 1").click()
    assert page.locator("img").count() == 1


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_book_is_read_with_the_keyboard_and_goes_on_where_one_was(shop: Gallery, open_page: OpenPage, width: int):
    page = open_page(width=width)
    page.goto(shop.url + shop.paths["book"])
    page.get_by_role("link", name="Read it here").click()
    page.wait_for_url("**/read/1")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/read/2")
    assert not scrolls_sideways(page)
    page.mouse.wheel(0, 400)
    page.wait_for_function("() => Object.values(localStorage).some((place) => place.startsWith('2:'))")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/read/1")
    page.get_by_role("link", name="Go on where you stopped: page 2").click()
    page.wait_for_url("**/read/2")
    page.wait_for_function("() => scrollY > 0")
    page.goto(shop.url + shop.paths["book"])
    page.get_by_role("link", name="Read on: page 2").click()
    page.wait_for_url("**/read/2")
    page.wait_for_function("() => scrollY > 0")


def test_pictures_are_looked_through_with_the_arrows(shop: Gallery, open_page: OpenPage):
    page = open_page()
    page.goto(shop.url + shop.paths["shots"])
    page.get_by_role("link", name="Shot 1").click()
    light = page.locator("dialog[open]")
    assert light.locator("p").inner_text() == "Shot 1 · 2 / 3"
    axe(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert light.locator("p").inner_text() == "Shot 0 · 1 / 3"
    light.get_by_role("button", name="The picture before").click()
    assert light.locator("p").inner_text() == "Shot 2 · 3 / 3"
    light.get_by_role("button", name="The next picture").click()
    light.get_by_role("button", name="The next picture").click()
    assert light.locator("p").inner_text() == "Shot 1 · 2 / 3"
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "A"
