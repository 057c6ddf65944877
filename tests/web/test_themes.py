"""Themes on pages: worn, broken, kept in a sandbox, and tried on."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from headwaters.actions.shop import change_settings
from headwaters.core.shop import Settings
from headwaters.core.themes import Theme
from headwaters.errands.house import House, refresh
from headwaters.errands.themes import all_themes, load_theme, read_theme
from headwaters.web.samples import PAGES, made_up_now, made_up_site, sample_pages
from headwaters.web.theme_check import check_theme
from headwaters.web.themes import faults_of, template_of
from tests.errands.test_themes import make_theme
from tests.support.contract import contexts
from tests.support.pages import publish


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here is the web; tests/store/test_pages.py runs the queries on both databases."""
    return sqlite_url


async def wear(house: House, theme: str) -> None:
    await house.db.write(lambda conn: change_settings(conn, {"theme": theme}))
    await refresh(house)


# ── worn ─────────────────────────────────────────────────────────────────────────────────────────


async def test_pages_wear_the_theme_and_the_studio_does_not(client: TestClient, house: House) -> None:  # type: ignore[type-arg]
    await publish(house, "High Water")
    await wear(house, "zine")
    page = await (await client.get("/w/high-water")).text()
    assert '<header class="mast">' in page
    assert "/static/zine/zine-" in page
    for path in ("/", "/about", "/privacy", "/report", "/nowhere"):
        assert '<header class="mast">' in await (await client.get(path)).text(), path
    studio = await (await client.get("/studio/signin")).text()
    assert "mast" not in studio
    assert "/static/pages-" in studio


async def test_a_theme_of_ones_own_changes_one_page_and_keeps_the_rest(client: TestClient, house: House) -> None:  # type: ignore[type-arg]
    text = '{% extends "river/about.html" %}{% block title %}Mine{% endblock %}'
    make_theme(house.config.shop, about=text)
    await wear(house, "mine")
    assert "<title>Mine</title>" in await (await client.get("/about")).text()
    assert "<title>Privacy · Alice</title>" in await (await client.get("/privacy")).text()


async def test_a_page_changes_as_its_theme_is_worked_on(client: TestClient, house: House) -> None:  # type: ignore[type-arg]
    make_theme(house.config.shop, about="one")
    await wear(house, "mine")
    assert await (await client.get("/about")).text() == "one"
    make_theme(house.config.shop, about="two, which is longer")
    assert await refresh(house)
    assert await (await client.get("/about")).text() == "two, which is longer"


# ── broken ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{# 1 #}\n{% if %}", 2, "Syntax: Expected an expression, got 'end of statement block'"),
        ("\n\n{{ page.nonsense }}", 3, "has no attribute 'nonsense'"),
        ("{{ page.email.upper( }}", 1, "Syntax"),
        ('{% include "_nowhere.html" %}', 1, "_nowhere.html"),
        ('{% extends "about.html" %}', 1, "it extends or includes itself; the built-in one is river/about.html"),
        ("{{ 1 / 0 }}", 1, "ZeroDivision"),
        ("{% for n in range(10**9) %}{% endfor %}", 1, "Range too big"),
    ],
)
async def test_a_broken_page_is_made_without_the_theme_and_the_fault_is_named(
    client: TestClient,  # type: ignore[type-arg]
    house: House,
    text: str,
    line: int,
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_theme(house.config.shop, about=text)
    await wear(house, "mine")
    with caplog.at_level(logging.WARNING):
        answer = await client.get("/about")
    assert answer.status == 200
    assert "<title>About and contact · Alice</title>" in await answer.text()
    assert "/static/pages-" in await answer.text()
    (fault,) = faults_of(house.now.dress.theme)
    assert (fault.template, fault.file, fault.line) == ("about.html", "templates/about.html", line)
    assert message in fault.message
    assert "theme mine: templates/about.html" in caplog.text
    assert (await client.get("/privacy")).status == 200


async def test_a_broken_piece_is_named_and_not_the_page_around_it(client: TestClient, house: House) -> None:  # type: ignore[type-arg]
    make_theme(house.config.shop, about='{% include "_mine.html" %}', _mine="\n{{ nothing }}")
    await wear(house, "mine")
    assert (await client.get("/about")).status == 200
    (fault,) = faults_of(house.now.dress.theme)
    assert (fault.file, fault.line) == ("templates/_mine.html", 2)


async def test_a_broken_frame_takes_no_page_down(client: TestClient, house: House) -> None:  # type: ignore[type-arg]
    await publish(house, "High Water")
    make_theme(house.config.shop, base="{{ broken")
    await wear(house, "mine")
    for path, status in (
        ("/", 200),
        ("/w/high-water", 200),
        ("/nowhere", 404),
        ("/report", 200),
        ("/studio/signin", 200),
    ):
        assert (await client.get(path)).status == status, path


# ── kept in a sandbox ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "{{ site.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ site|attr('__init__') }}",
        "{{ _.__globals__ }}",
        "{{ ngettext.__self__ }}",
        "{{ self.__init__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ '{0.__class__}'.format(site) }}",
        "{% set x = [] %}{{ x.append(1) }}",
        '{% include "../theme.toml" %}',
        '{% include "../../../shop.key" %}',
        '{% include "/etc/passwd" %}',
    ],
)
async def test_a_theme_reaches_nothing_behind_the_values_of_a_page(
    client: TestClient,  # type: ignore[type-arg]
    house: House,
    text: str,
) -> None:
    make_theme(house.config.shop, about=text)
    await wear(house, "mine")
    assert "<title>About and contact · Alice</title>" in await (await client.get("/about")).text()
    assert len(faults_of(house.now.dress.theme)) == 1


async def test_what_readers_and_creators_wrote_is_escaped_in_a_theme_too(client: TestClient, house: House) -> None:  # type: ignore[type-arg]
    make_theme(house.config.shop, about="{{ site.name }}")
    await house.db.write(lambda conn: change_settings(conn, {"theme": "mine", "name": "<script>alert(1)</script>"}))
    await refresh(house)
    assert await (await client.get("/about")).text() == "&lt;script&gt;alert(1)&lt;/script&gt;"


# ── tried on ─────────────────────────────────────────────────────────────────────────────────────


def test_every_page_has_samples() -> None:
    public = {name: kind for name, kind in contexts().items() if not name.startswith("studio/")}
    assert dict(PAGES) == public, "a new public page goes into headwaters.web.samples.PAGES"


@pytest.mark.parametrize("one", [one for one in all_themes(Path()) if one.theme], ids=lambda one: one.name)
def test_what_came_with_the_program_can_be_worn(one) -> None:
    assert check_theme(one.theme) == ()


@pytest.mark.parametrize("language", ["de", "ar", "ja"])
def test_the_second_theme_speaks_every_language(language: str) -> None:
    theme = load_theme(Path(), "zine")
    now = made_up_now(Settings(theme="zine", language=language, type="typewriter", cover="full"), theme)
    site = made_up_site(now)
    for template, _, context in sample_pages(site, now):
        html = template_of(theme, language, template).render(site=site, page=context)
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html


def mine(tmp_path: Path, **templates: str) -> Theme:
    return read_theme(make_theme(tmp_path, **templates))


def complaints(tmp_path: Path, **templates: str) -> list[str]:
    return [f"{one.where}: {one.message}" for one in check_theme(mine(tmp_path, **templates))]


def test_a_theme_of_one_line_can_be_worn(tmp_path: Path) -> None:
    assert complaints(tmp_path) == []
    assert complaints(tmp_path, about='{% extends "river/about.html" %}') == []


ABOUT = '{% extends "river/about.html" %}{% block main %}{{ super() }}'


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        (
            "about",
            ABOUT + '<img src="https://tracker.example/x" alt="">{% endblock %}',
            "it asks another host: https://tr",
        ),
        ("about", ABOUT + "<script>alert(1)</script>{% endblock %}", "there is <script> in it"),
        ("about", ABOUT + '<p style="color:red">x</p>{% endblock %}', "there is style= in it"),
        ("about", ABOUT + '<p onclick="x()">x</p>{% endblock %}', "there is onclick= in it"),
        ("about", ABOUT + "<h1>x</h1>{% endblock %}", "it has 2 first headings"),
        ("about", ABOUT + '<p id="main">x</p>{% endblock %}', "an id is there more than once: main"),
        ("about", ABOUT + "x" * 30_000 + "{% endblock %}", "30,000 are the most"),
        ("about", "<p>x</p>", "<html> does not say the page’s language"),
        ("about", "<p>x</p>", "it does not use the style sheet"),
        (
            "report",
            '{% extends "river/report.html" %}{% block main %}<h1>x</h1>{% endblock %}',
            "the form “post /report” is",
        ),
        ("_mail_form", "", "the form “post /o/aaaaaaaaaaaaaaaaaaaaaaaaaa/email” is missing"),
        ("_forms", "", "has no attribute 'refused'"),
        ("hom", "x", "there is no page of this name"),
        ("order", "{{ page.nonsense }}", "has no attribute 'nonsense'"),
    ],
)
def test_what_is_wrong_with_a_theme_is_found(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    assert complaint in "\n".join(complaints(tmp_path, **{name: text}))


_BLOCKS = {"home": "works", "collection": "words", "work": "words", "order": "keep"}


@pytest.mark.parametrize("name", _BLOCKS)
def test_a_theme_that_fills_one_block_keeps_what_stands_beside_it(tmp_path: Path, name: str) -> None:
    """Collections, the bar of a preview, the reader's country: none is inside a block of something else."""
    filled = "{% block " + _BLOCKS[name] + " %}{% endblock %}"
    found = complaints(tmp_path, **{name: '{% extends "river/' + name + '.html" %}' + filled})
    assert not [one for one in found if any(new in one for new in ("/c/", "/country", "/studio/", "inert"))]


@pytest.mark.parametrize(
    ("name", "main", "complaint"),
    [
        ("home", "", "home.html (collections): there is no link to /c/all-water"),
        ("work", "{{ self.words() }}", "work.html (in collections): there is no link to /c/all-water"),
        ("work", "{{ self.words() }}", "work.html (a preview): there is no link to /studio/drafts/aaaaaaaaaaaaa"),
        ("work", "{{ self.words() }}", "work.html (a preview): its doors are not inert in a preview"),
        ("order", "{{ self.keep() }}", f"order.html (paid): there is no link to /o/{'a' * 26}/country"),
    ],
)
def test_a_page_that_lost_what_came_later_is_found(tmp_path: Path, name: str, main: str, complaint: str) -> None:
    text = '{% extends "river/' + name + '.html" %}{% block main %}' + main + "{% endblock %}"
    assert complaint in "\n".join(complaints(tmp_path, **{name: text}))


def test_doors_in_another_order_or_without_a_field_are_found(tmp_path: Path) -> None:
    door = '<form method="post" action="{{ page.href }}/take"><input name="door" value="{{ door.name }}"></form>'
    text = '{% extends "river/work.html" %}{% block doors %}{% for door in page.doors|reverse %}' + door
    found = "\n".join(complaints(tmp_path, work=text + "{% endfor %}{% endblock %}"))
    assert "the doors are have_copy, cant_pay, pay; in the order of reading they are pay, cant_pay, have_copy" in found
    assert "lacks amount, email, from, letter, nonce, till" in found


def test_a_sheet_that_asks_another_host_is_found(tmp_path: Path) -> None:
    folder = make_theme(tmp_path, card='contract = 1\nstyle = "mine.css"')
    (folder / "static").mkdir()
    (folder / "static" / "mine.css").write_text('@import "https://fonts.example/x.css";', encoding="utf-8")
    found = "\n".join(one.message for one in check_theme(read_theme(folder)))
    assert "it asks another host, or imports a sheet" in found
    assert "it does not use --river" in found
