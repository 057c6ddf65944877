"""`headwaters doctor`: what it says of a shop, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headwaters.cli import main


def tills(shop: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """How the tills are, and what doctor says of them."""
    capsys.readouterr()
    assert main(["doctor", "--shop", str(shop), "--json"]) == 0
    (found,) = [each for each in json.loads(capsys.readouterr().out)["findings"] if each["about"] == "tills"]
    return found["health"], found["message"]


def test_a_till_by_hand_that_tells_nobody_how_to_pay_is_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = tmp_path / "shop"
    main(["init", str(shop), "--name", "Alice"])
    assert tills(shop, capsys) == ("look", "none is on, so nobody can pay")
    main(["settings", "by_hand", "on", "--shop", str(shop)])
    assert tills(shop, capsys) == ("look", "by_hand; nobody is told how to pay you by hand")
    main(["settings", "by_hand_instructions", "IBAN XX00", "--shop", str(shop)])
    assert tills(shop, capsys) == ("good", "by_hand")
