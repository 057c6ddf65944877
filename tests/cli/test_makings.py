"""The command on what is made, as a person types it, and as a program reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support import samples
from tests.support.served import Answer, headwaters


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop with one piece of noise in it."""
    folder, piece = tmp_path / "shop", tmp_path / "Rain.wav"
    assert headwaters("init", folder, "--name", "Alice").code == 0
    samples.ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=1:c=pink:r=44100", "-ac", "2", str(piece))
    options = ("--i-made-this", "--formats", "mp3,opus", "--taste", "off")
    done = headwaters("publish", piece, *options, "--shop", folder)
    assert done.code == 0, done.err
    return folder


def run(shop: Path, *arguments: str) -> Answer:
    return headwaters("makings", *arguments, "--shop", shop)


def test_makings_are_listed_stopped_tried_again_and_made(shop: Path) -> None:
    assert {"rain  mp3  Rain.wav: waits", "rain  opus  Rain.wav: waits"} <= set(run(shop).out.splitlines())
    assert "rain  opus  Rain.wav: skipped. You stopped it." in run(shop, "rain", "--stop", "opus").out
    made = {one["recipe"]: one for one in run(shop, "--run", "--json").json["makings"]}
    assert (made["mp3"]["state"], made["mp3"]["done"], made["mp3"]["title"]) == ("made", 1.0, "MP3")
    assert made["mp3"]["size"] > 1000
    assert (made["opus"]["state"], made["opus"]["why"]) == ("skipped", "You stopped it.")
    again = json.loads(run(shop, "rain", "--again", "opus", "--json").out)
    assert {one["recipe"]: one["state"] for one in again["makings"] if one["recipe"] in {"mp3", "opus"}} == {
        "mp3": "made",
        "opus": "waiting",
    }


def test_a_shop_is_named_from_where_one_stands(shop: Path) -> None:
    """As README does it: `serve --shop my-shop`. Encoders start in a folder of their own."""
    made = headwaters("makings", "--run", "--json", "--shop", os.path.relpath(shop)).json["makings"]
    assert {one["recipe"]: (one["state"], one["why"]) for one in made if one["recipe"] in {"mp3", "opus"}} == {
        "mp3": ("made", None),
        "opus": ("made", None),
    }


def test_what_makes_no_sense_is_said(shop: Path) -> None:
    wrong = run(shop, "--again", "mp3")
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "Say of which work.")
    assert run(shop, "no-such").code == 1
    told = headwaters("publish", shop.parent / "Rain.wav", "--formats", "mp4", "--i-made-this", "--shop", shop)
    assert told.code == 1
    assert "“mp4” is not known" in told.err
