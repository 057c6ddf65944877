"""Names of files as readers get them."""

from __future__ import annotations

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.works.names import base_name, check_distinct, clean_name, is_housekeeping


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("High Water.mp4", "High Water.mp4"),
        ("Disc 1/01 Rain.flac", "Disc 1/01 Rain.flac"),
        ("👩‍🚀 Space 🚀.mp3", "👩‍🚀 Space 🚀.mp3"),
        ("e\u0301te\u0301.txt", "\u00e9t\u00e9.txt"),
        ("What? *Now*: a|b<c>.txt", "What_ _Now__ a_b_c_.txt"),
        ("back\\slash.txt", "back_slash.txt"),
        ("con.txt", "_con.txt"),
        ("-rf.txt", "-rf.txt"),
        ("東京.epub", "東京.epub"),
    ],
)
def test_a_name_keeps_what_every_system_can_keep(path: str, name: str) -> None:
    assert clean_name(path) == name


@pytest.mark.parametrize(
    "path",
    [
        "../film.mp4",
        "a/../../b.mp4",
        "a//b.mp4",
        "./a.mp4",
        "",
        "new\nline.mp3",
        "nul\0.mp3",
        "gpj\u202e.exe",
        "a\x1b[2J",
        "broken\udcff.mp3",
        "/".join("abcdefghi"),
    ],
)
def test_a_trick_is_no_name(path: str) -> None:
    with pytest.raises(Refused) as refused:
        clean_name(path)
    assert refused.value.code is Code.NAME_INVALID
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "names",
    [["a.txt", "A.txt"], ["a.txt", "a.txt"], ["ß.txt", "SS.txt"], ["SHA256SUMS"], ["colophon.TXT"], ["a", "A/b"]],
)
def test_names_that_are_one_on_some_computers_are_refused(names: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        check_distinct(names)
    assert refused.value.code is Code.NAMES_COLLIDE


def test_the_same_name_in_two_folders_is_two_names() -> None:
    check_distinct(["Disc 1/01.flac", "Disc 2/01.flac", "01.flac"])
    assert base_name("Disc 1/01.flac") == "01.flac"


@pytest.mark.parametrize(
    "part", [".DS_Store", "Thumbs.db", "desktop.ini", ".git", "__MACOSX", "film.mp4.part", "a.txt~"]
)
def test_what_nobody_means_to_publish_is_housekeeping(part: str) -> None:
    assert is_housekeeping(part)


@pytest.mark.parametrize("part", ["film.mp4", "Thumbs.jpg", "partial eclipse.mp4", "README"])
def test_what_somebody_means_to_publish_is_not(part: str) -> None:
    assert not is_housekeeping(part)
