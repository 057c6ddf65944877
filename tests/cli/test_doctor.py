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


def test_a_secret_that_another_key_file_sealed_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = tmp_path / "shop"
    main(["init", str(shop), "--name", "Alice"])
    main(["settings", "stripe_secret_key", "sk_test_51Riverbed", "--shop", str(shop)])
    capsys.readouterr()
    main(["settings", "stripe_secret_key", "--shop", str(shop)])
    assert capsys.readouterr().out == "stripe_secret_key = ••••rbed\n"
    (shop / "shop.key").write_bytes(bytes(32))
    assert main(["doctor", "--shop", str(shop), "--json"]) == 1
    (found,) = [each for each in json.loads(capsys.readouterr().out)["findings"] if each["about"] == "secrets"]
    assert found["health"] == "bad"
    assert found["message"].startswith("stripe_secret_key cannot be read: sealed with another key")
    assert "shop.key of your backup" in found["advice"]
    main(["settings", "stripe_secret_key", "--shop", str(shop)])
    assert "sealed with another key" in capsys.readouterr().out
