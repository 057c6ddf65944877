"""`headwaters init`: a shop in a folder, and what becomes of a folder that was there before."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from headwaters.cli import main


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_shop_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    shop = tmp_path / "over" / "there"
    assert main(["init", str(shop), "--name", "Alice"]) == 0
    assert mode(shop) == 0o700
    assert {path.name: mode(path) for path in shop.iterdir() if not path.name.endswith(("-wal", "-shm"))} == {
        "headwaters.db": 0o600,
        "headwaters.toml": 0o600,
        "shop.key": 0o600,
    }


def test_an_empty_folder_becomes_one(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir(mode=0o755)
    assert main(["init", str(shop)]) == 0
    assert mode(shop) == 0o700


def test_in_a_folder_with_other_things_nobody_loses_their_way_to_them(tmp_path: Path) -> None:
    """Such as a home that a web server reads a folder of."""
    home = tmp_path / "home"
    (home / "public_html").mkdir(parents=True)
    home.chmod(0o755)
    assert main(["init", str(home)]) == 0
    assert mode(home) == 0o755
    assert [mode(home / name) for name in ("headwaters.db", "headwaters.toml", "shop.key")] == [0o600] * 3


def test_a_shop_is_not_made_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = tmp_path / "shop"
    assert main(["init", str(shop)]) == 0
    before = {path.name: path.read_bytes() for path in shop.iterdir()}
    capsys.readouterr()
    assert main(["init", str(shop), "--name", "Bob", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "shop_exists"
    assert {path.name: path.read_bytes() for path in shop.iterdir()} == before
