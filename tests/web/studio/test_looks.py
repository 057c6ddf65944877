"""The Studio of a shop that has been open for a while: what each page weighs and loads; numbers and launch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener, urlopen

import pytest
from playwright.sync_api import Page, expect

from headwaters.web.look import assets
from tests.support.browser import DESK, PHONE, OpenPage, axe, scrolls_sideways
from tests.support.gallery import Gallery, gallery
from tests.support.gallery_studio import fill_studio
from tests.support.pictures import Shot, forgotten, is_page, paths_of, shots, write_index

ACCOUNTS = "/studio/launch/accounts?work=high-water&since=2025-01-01T00:00&costs=Camera+1200%0AFour+friends:+2,400.50"
PAGES = (
    "/studio/works/zine/mirrors",
    "/studio/numbers?span=7",
    "/studio?span=today",
    "/studio?span=365&work=high-water",
    "/studio/launch?since=soon",
    ACCOUNTS,
    "/studio/launch/accounts?costs=Camera",
)
LARGEST_PAGE = 29_000  # bytes of HTML and CSS, also with FEW_FILES files in the list of a draft
FEW_FILES, LARGEST_FILE = 5, 1_150  # bytes for each that it has more


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Gallery]:
    with gallery(tmp_path_factory.mktemp("gallery") / "shop", sqlite_template, more=fill_studio) as opened:
        yield opened


@pytest.fixture(scope="module")
def cookies(shop: Gallery) -> CookieJar:
    """The session of the module: a link signs in once."""
    jar = CookieJar()
    build_opener(HTTPCookieProcessor(jar)).open(shop.link, b"").close()
    return jar


@pytest.fixture(scope="module")
def client(cookies: CookieJar) -> OpenerDirector:
    return build_opener(HTTPCookieProcessor(cookies))


@pytest.fixture
def studio(shop: Gallery, open_page: OpenPage, cookies: CookieJar):
    """Opens a page of the Studio, signed in."""

    def open_studio(path: str, **more: object) -> Page:
        page = open_page(**more)
        page.context.add_cookies([{"name": one.name, "value": one.value or "", "url": shop.url} for one in cookies])
        page.goto(shop.url + path)
        return page

    return open_studio


def test_no_page_is_forgotten(shop: Gallery, tmp_path: Path) -> None:
    assert forgotten(shop) == []
    studio = [pattern for pattern in shop.routes if pattern.startswith("/studio") and is_page(pattern)]
    found = shots(shop)
    taken = {shot.path for shot in found}
    assert all(taken.intersection(paths_of(pattern, sorted(taken))) for pattern in studio)
    assert len({shot.name for shot in found}) == len(found)
    assert write_index(tmp_path, found).read_text(encoding="utf-8").count("<img") == 6 * len(found)
    assert not Shot("/studio/signin").studio


# ── what a page loads ────────────────────────────────────────────────────────────────────────────


def read(shop: Gallery, client: OpenerDirector, path: str) -> str:
    """A page, also one that says that something is wrong."""
    try:
        answer = client.open(shop.url + path)
    except HTTPError as error:
        answer = error
    with answer:
        html: str = answer.read().decode()
        return html


def sheets_of(html: str) -> list[str]:
    """The names of a page's style sheets."""
    return re.findall(r'rel="stylesheet" href="/static/([a-z-]+)-[0-9a-f]{12}\.css"', html)


@cache
def rules(sheet: str) -> str:
    return assets()[f"{sheet}.css"].body.decode()


@cache
def classes(sheet: str) -> frozenset[str]:
    """Those that a sheet says something about."""
    return frozenset(re.findall(r"\.([a-z][a-z_-]*)", re.sub(r"/\*.*?\*/", "", rules(sheet), flags=re.DOTALL)))


def test_every_page_of_the_studio_is_light_and_has_the_rules_of_its_classes(
    shop: Gallery, client: OpenerDirector
) -> None:
    sheets = [name.removesuffix(".css") for name in assets() if name.endswith(".css")]
    heavy, lacking = {}, {}
    for path in (shot.path for shot in shots(shop) if shot.path.startswith("/studio")):
        html = read(shop, client, path)
        own = sheets_of(html)
        assert own, path
        weight = len(html.encode()) + sum(len(rules(sheet).encode()) for sheet in own)
        if weight > LARGEST_PAGE + LARGEST_FILE * max(0, html.count(" data-ref=") - FEW_FILES):
            heavy[path] = weight
        used = {name for names in re.findall(r'class="([^"]*)"', html) for name in names.split()}
        elsewhere = {name for name in used for sheet in sheets if name in classes(sheet)}
        if missing := elsewhere.difference(*map(classes, own)):
            lacking[path] = missing
    assert heavy == {}
    assert lacking == {}


# ── in a browser ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.needs("chromium", "axe")
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("path", [*PAGES, "launch", "country"])
def test_a_page_is_for_everyone(shop: Gallery, studio, path: str, width: int) -> None:
    page = studio(shop.paths.get(path, path), width=width, color_scheme="dark" if width == PHONE else "light")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert not scrolls_sideways(page)
    axe(page)


@pytest.mark.needs("chromium", "axe")
def test_the_launch_view_looks_again_by_itself(shop: Gallery, studio) -> None:
    page = studio(shop.paths["launch"], width=PHONE)
    copies = page.locator("#launch-now .value").first
    before = int(copies.inner_text())
    page.locator("#launch-summary").click()
    _take(shop)
    expect(copies).to_have_text(str(before + 1), timeout=8_000)
    expect(page.get_by_role("region", name="The launch")).to_be_visible()  # what was open stays open
    assert page.evaluate("document.activeElement.id") == "launch-summary"
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    axe(page)


@pytest.mark.needs("chromium")
def test_without_scripts_there_is_a_link(shop: Gallery, studio) -> None:
    page = studio(shop.paths["launch"], javascript=False)
    before = int(page.locator("#launch-now .value").first.inner_text())
    _take(shop)
    page.wait_for_timeout(1_100)  # what was read is good for a second
    page.get_by_role("link", name="Look again").click()
    assert int(page.locator("#launch-now .value").first.inner_text()) == before + 1
    assert not page.get_by_role("button", name="Pause").is_visible()


@pytest.mark.needs("chromium")
def test_a_span_and_a_work_are_chosen_by_keyboard(shop: Gallery, studio) -> None:
    page = studio("/studio?span=365")
    page.get_by_role("link", name="7 days").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"span=7"))
    page.get_by_label("Of which work").focus()
    page.keyboard.type("Songs")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"span=7&work=songs"))
    expect(page.get_by_role("heading", name="In the last 7 days")).to_be_visible()


@pytest.mark.needs("chromium")
def test_a_session_that_ended_elsewhere_leads_to_the_sign_in(shop: Gallery, studio) -> None:
    page = studio(shop.paths["launch"])
    page.context.clear_cookies()
    page.wait_for_url(re.compile(r"/studio/signin"), timeout=8_000)


@pytest.mark.needs("chromium")
def test_who_throws_a_draft_away_is_not_asked_about_its_suggested_title(shop: Gallery, studio) -> None:
    page = studio("/studio/works")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("button", name="New work").click()
    page.evaluate(
        "const row = document.createElement('li'); row.dataset.name = 'low_water.txt';"
        " document.querySelector('#files-list').append(row)"
    )
    expect(page.get_by_label("Title", exact=True)).to_have_value("Low water")
    page.get_by_label("Your words").fill("Not for long.")
    page.get_by_text("Throw this draft away").click()
    page.get_by_role("button", name="Throw it away").click()
    page.wait_for_url(re.compile(r"/studio/works\?said=discarded"))
    assert asked == []


@pytest.mark.needs("chromium")
def test_the_accounts_print_without_what_is_around_them(shop: Gallery, studio) -> None:
    page = studio(ACCOUNTS)
    page.emulate_media(media="print")
    assert page.get_by_text("Left after what it cost").is_visible()
    for hidden in ("form", ".shop nav", ".foot", ".back", "summary"):
        assert not any(part.is_visible() for part in page.locator(hidden).all()), hidden


def _take(shop: Gallery) -> None:
    """Somebody takes the songs."""
    _take.count += 1  # type: ignore[attr-defined]
    form = urlencode({"door": "cant_pay", "nonce": f"nonce-of-a-look-{_take.count}"})  # type: ignore[attr-defined]
    with urlopen(Request(f"{shop.url}/w/songs/take", form.encode())) as answer:
        assert answer.status == 200


_take.count = 0  # type: ignore[attr-defined]
