"""The served shop that journeys use: it starts, stops, is killed and comes back, on both databases."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.served import ServeShop, headwaters


@pytest.fixture
def shop(tmp_path: Path, database_settings: dict[str, str]) -> Path:
    folder = tmp_path / "Alice's shop"
    made = headwaters("init", folder, "--name", "Alice", settings=database_settings)
    assert made.code == 0, made.err
    return folder


def test_a_served_shop_answers_and_stops_when_asked(
    serve_shop: ServeShop, shop: Path, database_settings: dict[str, str]
) -> None:
    served = serve_shop(shop, database_settings)
    assert served.healthy()
    assert served.stop() == 0
    assert not served.healthy()


def test_a_killed_shop_comes_back_at_the_same_address(
    serve_shop: ServeShop, shop: Path, database_settings: dict[str, str]
) -> None:
    served = serve_shop(shop, database_settings)
    address = served.url
    assert served.process
    pid = served.process.pid
    served.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    assert not served.healthy()
    served.restart()
    assert served.healthy()
    assert served.url == address


def test_a_command_says_how_it_ended(tmp_path: Path) -> None:
    answer = headwaters("works", "--shop", tmp_path / "nowhere", "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == "shop_missing"


def test_a_served_shop_takes_as_many_readers_as_the_system_lets_it(tmp_path: Path, serve_shop: ServeShop):
    shop = tmp_path / "shop"
    assert headwaters("init", shop).code == 0
    served = serve_shop(shop)
    assert served.process is not None
    limits = Path(f"/proc/{served.process.pid}/limits").read_text(encoding="ascii")
    (line,) = [line for line in limits.splitlines() if line.startswith("Max open files")]
    soft, hard = line.split()[3:5]
    assert soft == hard
