"""The commands of the look and the address: logo, themes, address."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headwaters.cli import main
from tests.errands.test_themes import make_theme
from tests.support.samples import picture
from tests.support.served import ServeShop
from tests.support.shop import rows

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    assert main(["init", str(folder), "--name", "Alice", "--json"]) == 0
    return folder


@pytest.fixture
def run(shop: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in the shop: its exit code, and what it says as JSON."""

    def run(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main([*arguments, "--shop", str(shop), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_a_logo_goes_up_and_away(run: Run, shop: Path, tmp_path: Path) -> None:
    logo = str(picture(tmp_path / "logo.png"))
    assert [run("logo", logo), run("logo", logo)] == [(0, {"changed": True}), (0, {"changed": False})]
    assert rows(shop, "SELECT name, media_type, width, height FROM assets") == [("logo", "image/webp", 320, 200)]
    assert [run("logo", "--remove"), run("logo", "--remove")] == [(0, {"changed": True}), (0, {"changed": False})]
    assert [deed for (deed,) in rows(shop, "SELECT deed FROM audit_log")] == ["logo.changed", "logo.removed"]


def test_a_logo_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    svg = tmp_path / "logo.svg"
    svg.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    code, said = run("logo", str(svg))
    assert (code, said["error"]["code"]) == (1, "logo_unreadable")
    code, said = run("logo", str(tmp_path / "nowhere.png"))
    assert (code, said["error"]["code"]) == (1, "file_unreadable")
    code, said = run("logo")
    assert (code, said["error"]["code"]) == (2, "wrong_use")


def test_the_doctor_looks_after_the_logo(run: Run, shop: Path, tmp_path: Path) -> None:
    run("logo", str(picture(tmp_path / "logo.png")))
    ((sha256,),) = rows(shop, "SELECT sha256 FROM assets")
    (path,) = (shop / "files").rglob(sha256)
    assert [one["message"] for one in run("doctor")[1]["findings"] if one["about"] == "files"] == [
        "1 kept, none missing or changed"
    ]
    path.unlink()
    code, said = run("doctor")
    (files,) = [one for one in said["findings"] if one["about"] == "files"]
    assert (code, files["health"]) == (1, "bad")
    assert files["message"] == "1 of 1 missing or changed: the logo"


def test_themes_are_listed_worn_and_tried_on(run: Run, shop: Path) -> None:
    make_theme(shop, "broken", "contract = 9")
    assert run("settings", "theme", "zine") == (0, {"changed": {"theme": "zine"}})
    themes = {one["name"]: one for one in run("themes")[1]["themes"]}
    assert list(themes) == ["river", "zine", "broken"]
    assert [one["worn"] for one in themes.values()] == [False, True, False]
    assert "contract 9" in themes["broken"]["error"]
    assert run("themes", "check") == (0, {"theme": "zine", "complaints": []})
    code, said = run("settings", "theme", "broken")
    assert (code, said["error"]["code"]) == (1, "theme_broken")
    code, said = run("settings", "theme", "nowhere")
    assert (code, said["error"]["code"]) == (1, "theme_unknown")


def test_a_theme_is_tried_on_in_its_own_folder(run: Run, tmp_path: Path) -> None:
    folder = make_theme(tmp_path, about="\n{{ page.nonsense }}")
    code, said = run("themes", "check", str(folder))
    assert (code, said["theme"]) == (1, "mine")
    assert said["complaints"][0]["where"].startswith("templates/about.html, line 2")


def test_the_doctor_tells_of_a_theme_that_fails_or_is_gone(run: Run, shop: Path) -> None:
    def theme() -> tuple[str, str]:
        (found,) = [one for one in run("doctor")[1]["findings"] if one["about"] == "theme"]
        return found["health"], found["message"]

    assert theme() == ("good", "river; every page can be made")
    folder = make_theme(shop, about="{{ page.nonsense }}")
    run("settings", "theme", "mine")
    health, message = theme()
    assert health == "look"
    assert "mine fails in" in message
    assert "templates/about.html, line 1" in message
    folder.rename(folder.with_name("other"))
    assert theme() == ("bad", "There is no theme mine.")


def test_a_setting_is_told_in_the_log(run: Run, shop: Path) -> None:
    run("settings", "accent", "#7A1F3D")
    run("settings", "stripe_secret_key", "sk_test_abcdefgh")
    told = rows(shop, "SELECT creator_id, deed, subject, details FROM audit_log ORDER BY id")
    assert told == [
        (None, "settings.changed", "setting:accent", '{"from": "", "to": "#7a1f3d"}'),
        (None, "till.keys", "setting:stripe_secret_key", ""),
    ]


def test_the_address_is_shown_and_written(run: Run, shop: Path) -> None:
    before = (shop / "headwaters.toml").read_text(encoding="utf-8")
    assert run("address") == (0, {"url": "http://localhost:8000", "next": ""})
    moved = {"url": "https://shop.example", "changed": True, "overruled": False}
    assert run("address", "shop.example") == (0, moved)
    after = (shop / "headwaters.toml").read_text(encoding="utf-8")
    assert after == before.replace('# url = "https://shop.example"', 'url = "https://shop.example"')
    assert run("address") == (0, {"url": "https://shop.example", "next": ""})
    assert run("address", "shop.example")[1]["changed"] is False
    code, said = run("address", "no address")
    assert (code, said["error"]["code"]) == (1, "address_invalid")


def test_an_open_shop_finds_itself(run: Run, shop: Path, serve_shop: ServeShop) -> None:
    served = serve_shop(shop)
    assert run("address", "--check") == (0, {"checks": [{"url": served.url, "here": True, "error": ""}]})
    served.kill()
    code, said = run("address", "--check")
    assert (code, said["checks"][0]["here"]) == (1, False)
    assert said["checks"][0]["error"] == f"Nobody answers at {served.url}."


def test_a_name_is_noted_before_it_is_asked_for(run: Run) -> None:
    code, said = run("address", "--check", "http://10.0.0.1")
    assert code == 1
    assert "leads into a network of somebody’s own" in said["checks"][0]["error"]
    assert run("address")[1]["next"] == "http://10.0.0.1"
    (moving,) = [one for one in run("doctor")[1]["findings"] if "to become" in one["message"]]
    assert moving["advice"].startswith("When it leads here (Studio, Address), run: headwaters address --shop ")
    assert moving["advice"].endswith(" http://10.0.0.1")
