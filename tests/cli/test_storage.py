"""`headwaters storage`: what is where, moved, checked and swept, and what the doctor says of a store."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from headwaters.cli import main
from tests.support.s3 import Account, Swift

TEXT = b"a few words\n" * 100
DIGEST = sha256(TEXT).hexdigest()


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A shop with one work."""
    folder = tmp_path / "shop"
    assert main(["init", str(folder), "--name", "Alice"]) == 0
    (tmp_path / "words.txt").write_bytes(TEXT)
    assert main(["publish", str(tmp_path / "words.txt"), "--shop", str(folder), "--i-made-this"]) == 0
    capsys.readouterr()
    return folder


def configure(shop: Path, account: Account, storage: str = "local") -> None:
    lines = [f'storage = "{storage}"', "[s3]"]
    names = ("endpoint", "bucket", "key_id", "secret", "addressing")
    lines += [f'{name} = "{getattr(account, name)}"' for name in names]
    (shop / "headwaters.toml").write_text("\n".join(lines), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], shop: Path, *arguments: str) -> tuple[int, Any]:
    code = main(["storage", *arguments, "--shop", str(shop), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_it_says_what_is_where_and_what_is_damaged(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = run(capsys, shop)
    assert code == 0
    (place,) = data["places"]
    assert (data["new"], place["place"], data["faults"]) == ("local", "local", [])
    assert place["count"] > 1
    path = shop / "files" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    path.unlink()
    code, data = run(capsys, shop, "check", "--all")
    assert code == 1
    (fault,) = data["faults"]
    assert fault == {
        "sha256": DIGEST,
        "fault": "missing",
        "place": "local",
        "work": "words",
        "edition": 1,
        "name": "words.txt",
        "making": None,
    }
    assert main(["storage", "--shop", str(shop)]) == 1
    assert "missing: “words.txt” (words, 1), in local" in capsys.readouterr().out
    path.write_bytes(TEXT)
    code, data = run(capsys, shop, "check", "words")
    assert (code, data["healed"], data["faults"]) == (0, 1, [])


@pytest.mark.parametrize("arguments", [["move"], ["move", "moon"], ["sweep", "all"], ["claim", "s3"], ["jump"]])
def test_what_makes_no_sense_is_wrong_use(shop: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(["storage", *arguments, "--shop", str(shop)]) == 2
    assert capsys.readouterr().err


def test_a_work_that_is_not_there_is_said(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = run(capsys, shop, "check", "nothing")
    assert (code, data["error"]["code"]) == (1, "work_unknown")


def test_without_a_store_there_is_nowhere_to_move(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data = run(capsys, shop, "move", "s3")
    assert (code, data["error"]["code"]) == (1, "config_broken")


def test_a_shop_moves_to_a_store_and_back(
    shop: Path, capsys: pytest.CaptureFixture[str], bucket: Account, swift: Swift, tmp_path: Path
) -> None:
    configure(shop, bucket, "s3")
    code, data = run(capsys, shop, "move", "s3")
    assert (code, data["failed"]) == (0, [])
    assert data["moved"] == len(swift.keys(bucket)) - 1 > 1, "one more says whose it is"
    assert main(["storage", "check", "--all", "--shop", str(shop)]) == 0
    (tmp_path / "more.txt").write_bytes(b"more words\n")
    assert main(["publish", str(tmp_path / "more.txt"), "--shop", str(shop), "--i-made-this"]) == 0
    capsys.readouterr()
    code, data = run(capsys, shop)
    assert [place["place"] for place in data["places"]] == ["s3"]
    code, data = run(capsys, shop, "sweep", "--dry-run")
    assert (code, data["left_behind"], data["removed"]) == (0, 0, False)
    assert main(["doctor", "--shop", str(shop)]) == 0
    assert "✓ store: s3 keeps, reads and removes; new files go to: s3" in capsys.readouterr().out
    swift.drop(bucket, DIGEST)
    assert main(["doctor", "--shop", str(shop)]) == 1
    assert "words.txt" in capsys.readouterr().out
    code, data = run(capsys, shop, "move", "local")
    assert code == 1
    assert [(each["code"], each["files"]) for each in data["failed"]] == [("blob_missing", ["“words.txt” (words, 1)"])]


def test_a_copied_shop_removes_nothing_from_the_store_of_the_first(
    shop: Path, capsys: pytest.CaptureFixture[str], bucket: Account, swift: Swift, tmp_path: Path
) -> None:
    configure(shop, bucket, "s3")
    assert run(capsys, shop, "move", "s3")[0] == 0
    copy = Path(shutil.copytree(shop, tmp_path / "copy"))
    swift.put(bucket, "a" * 64, b"of the first, and newer than the copy")
    assert main(["doctor", "--shop", str(copy)]) == 0
    assert "s3 has the name of another shop" in capsys.readouterr().out
    assert main(["doctor", "--shop", str(shop)]) == 0
    assert "another shop" not in capsys.readouterr().out
    keys = swift.keys(bucket)
    for words in (["sweep", "--dry-run"], ["sweep"]):
        code, data = run(capsys, copy, *words)
        assert (code, data["unknown"], data["unfinished"], data["not_ours"]) == (0, 0, 0, ["s3"])
    assert swift.keys(bucket) == keys
    assert run(capsys, copy)[1]["not_ours"] == "s3"
    assert main(["storage", "--shop", str(copy)]) == 0
    assert f"headwaters storage --shop {copy} claim" in capsys.readouterr().out
    assert run(capsys, copy, "claim") == (0, {"claimed": ["s3"]})
    assert run(capsys, copy)[1]["not_ours"] is None
    assert main(["doctor", "--shop", str(shop)]) == 0
    assert "another shop" in capsys.readouterr().out


def test_the_doctor_says_what_is_wrong_with_a_store(
    shop: Path, capsys: pytest.CaptureFixture[str], bucket: Account
) -> None:
    configure(shop, replace(bucket, secret="another-secret"))
    assert main(["doctor", "--shop", str(shop)]) == 1
    told = capsys.readouterr().out
    assert "✗ store: The store at" in told
    assert "refuses the shop’s key" in told
    assert "another-secret" not in told
    configure(shop, replace(bucket, bucket="no-such-bucket"))
    assert main(["doctor", "--shop", str(shop)]) == 1
    assert "no bucket “no-such-bucket”" in capsys.readouterr().out


def test_a_store_that_went_from_the_configuration_is_missed(
    shop: Path, capsys: pytest.CaptureFixture[str], bucket: Account
) -> None:
    configure(shop, bucket)
    _, data = run(capsys, shop, "move", "s3")
    os.truncate(shop / "headwaters.toml", 0)
    assert main(["doctor", "--shop", str(shop)]) == 1
    assert f"✗ store: {data['moved']} files are in s3" in capsys.readouterr().out
