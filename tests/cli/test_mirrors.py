"""The command `mirrors`, as a person and as a program call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headwaters.adapters.fetch import HttpFetcher
from headwaters.cli import main
from headwaters.core.errors import Code, Unavailable

ADDRESS = "https://mirror.example/song/"


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop with a work, whose fetcher finds nobody."""

    async def silent(_self: object, url: str, *_more: object) -> None:
        raise Unavailable(Code.ADDRESS_SILENT, "Nobody answers.")

    monkeypatch.setattr(HttpFetcher, "look", silent)
    folder, song = tmp_path / "shop", tmp_path / "Song.txt"
    song.write_text("Row, row.\n", encoding="utf-8")
    assert main(["init", str(folder), "--name", "Alice", "--currency", "EUR"]) == 0
    assert main(["publish", str(song), "--shop", str(folder), "--i-made-this"]) == 0
    capsys.readouterr()
    return folder


def test_a_mirror_comes_and_goes(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["mirrors", "song", *arguments, "--shop", str(shop)])
        return (code, *capsys.readouterr())

    assert run() == (0, "This work has no mirror.\n", "")
    line = f"{ADDRESS}  not told to readers  Nobody answers there.\n"
    assert run("add", ADDRESS) == (0, line, "")
    assert run("list") == run("check") == (0, line, "")
    code, out, _ = run("check", "--json")
    (mirror,) = json.loads(out)["mirrors"]
    assert code == 0
    assert (mirror["address"], mirror["state"], mirror["error"]) == (ADDRESS, "bad", "Nobody answers there.")
    assert mirror["checked_at"].endswith("Z")
    assert run("remove", ADDRESS) == (0, "This work has no mirror.\n", "")
    code, out, err = run("remove", ADDRESS)
    assert (code, out) == (1, "")
    assert f"This work has no mirror at {ADDRESS}." in err


@pytest.mark.parametrize("arguments", [["add"], ["remove"], ["check", ADDRESS], ["list", ADDRESS], ["try"]])
def test_wrong_use(shop: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mirrors", "song", *arguments, "--shop", str(shop)]) == 2
    assert capsys.readouterr().err


def test_no_such_work(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mirrors", "none", "--shop", str(shop)]) == 1
    assert "There is no work “none” here." in capsys.readouterr().err
