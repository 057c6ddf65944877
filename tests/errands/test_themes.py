"""Themes on the disk: found, refused in words, taken in while somebody works on them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headwaters.actions.shop import change_settings
from headwaters.core.errors import Code, Refused
from headwaters.core.look import RIVER
from headwaters.errands.house import House, refresh
from headwaters.errands.look import check_theme_name
from headwaters.errands.themes import MOST_FILES, all_themes, dress, load_theme, read_theme


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing of it is in the database."""
    return sqlite_url


def make_theme(shop: Path, name: str = "mine", card: str = "contract = 1", **templates: str) -> Path:
    folder = shop / "themes" / name
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "theme.toml").write_text(card, encoding="utf-8")
    for template, text in templates.items():
        (folder / "templates" / f"{template}.html").write_text(text, encoding="utf-8")
    return folder


def test_those_that_came_with_the_program_are_always_there(tmp_path: Path) -> None:
    assert [(one.name, one.fault) for one in all_themes(tmp_path)] == [("river", None), ("zine", None)]
    assert load_theme(tmp_path, "zine").trusted
    assert load_theme(tmp_path, RIVER).folder is None


def test_a_shops_own_are_found_and_a_broken_one_says_why(tmp_path: Path) -> None:
    make_theme(tmp_path)
    make_theme(tmp_path, "broken", "contract = 9")
    found = {one.name: one for one in all_themes(tmp_path)}
    assert list(found) == ["river", "zine", "broken", "mine"]
    assert found["mine"].theme is not None
    assert not found["mine"].theme.trusted
    assert "contract 9" in str(found["broken"].fault)


def test_nobody_takes_the_name_of_one_that_came_with_the_program(tmp_path: Path) -> None:
    make_theme(tmp_path, "zine")
    make_theme(tmp_path, "river")
    assert load_theme(tmp_path, "zine").trusted
    assert load_theme(tmp_path, "river").folder is None


@pytest.mark.parametrize("name", ["nowhere", "..", "../zine", "", "a/b"])
def test_what_is_not_there_is_unknown(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused) as refused:
        load_theme(tmp_path, name)
    assert refused.value.code == Code.THEME_UNKNOWN


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    folder = make_theme(tmp_path)
    (folder / "theme.toml").unlink()
    with pytest.raises(Refused, match=r"no theme\.toml"):
        read_theme(folder)
    (folder / "theme.toml").write_bytes(b"\xff")
    with pytest.raises(Refused, match="not UTF-8"):
        read_theme(folder)
    make_theme(tmp_path, card='contract = 1\nstyle = "mine.css"')
    with pytest.raises(Refused, match="style sheet is not in static"):
        read_theme(folder)
    make_theme(tmp_path)
    (folder / "templates" / "work.html").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="symbolic link"):
        read_theme(folder)


@pytest.mark.parametrize("link", ["templates/more", "templates/deep/more", "static", "static/more", "templates"])
def test_no_link_of_a_folder_leads_out_of_a_theme(tmp_path: Path, link: str) -> None:
    """What is below it would be a template to include, and stand on a public page: the mail password, for one."""
    (tmp_path / "headwaters.toml").write_text("smtp_password = 'secret'", encoding="utf-8")
    folder = make_theme(tmp_path)
    if link == "templates":
        (folder / "templates").rmdir()
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(Refused, match="symbolic link"):
        read_theme(folder)


def test_a_theme_has_no_end_of_files(tmp_path: Path) -> None:
    folder = make_theme(tmp_path)
    for number in range(MOST_FILES):
        (folder / "templates" / f"without-an-ending-{number}").touch()
    with pytest.raises(Refused, match="too many files"):
        read_theme(folder)


async def test_a_theme_that_goes_leaves_the_shop_in_river_and_says_so(house: House) -> None:
    folder = make_theme(house.config.shop)
    await house.db.write(lambda conn: change_settings(conn, {"theme": "mine"}))
    await refresh(house)
    assert (house.now.dress.theme.name, house.now.dress.fault) == ("mine", None)
    folder.rename(folder.with_name("other"))
    assert await refresh(house)
    assert house.now.dress.theme.name == RIVER
    assert "There is no theme mine." in str(house.now.dress.fault)
    assert not await refresh(house)  # the same fault again is no news


async def test_a_file_that_somebody_works_on_is_taken_in(house: House) -> None:
    folder = make_theme(house.config.shop, home="one")
    await house.db.write(lambda conn: change_settings(conn, {"theme": "mine"}))
    await refresh(house)
    key = house.now.key
    assert not await refresh(house)
    os.utime(folder / "templates" / "home.html", (1, 1))
    assert await refresh(house)
    assert house.now.key != key


def test_dress_never_fails(tmp_path: Path) -> None:
    make_theme(tmp_path, card="nonsense")
    assert dress(tmp_path, "mine").theme.name == RIVER
    assert dress(tmp_path, "../..").theme.name == RIVER


async def test_a_theme_is_looked_at_before_it_is_kept(house: House) -> None:
    make_theme(house.config.shop, "broken", "contract = 9")
    check_theme_name(house, {"theme": "zine"})
    for name, code in (("broken", Code.THEME_BROKEN), ("nowhere", Code.THEME_UNKNOWN)):
        with pytest.raises(Refused) as refused:
            check_theme_name(house, {"theme": name})
        assert (refused.value.code, refused.value.field) == (code, "theme")
