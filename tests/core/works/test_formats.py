"""Which formats are wished, offered and named: pure rules."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.sales.states import Door
from headwaters.core.works.editions import Role
from headwaters.core.works.formats import (
    CHOICES,
    NAMES,
    NONE,
    RECIPES,
    TITLES,
    USUAL,
    chosen,
    in_format,
    is_offered,
    made_name,
    read_choice,
    wished_formats,
)
from headwaters.core.works.makings import MOST_ATTEMPTS, STEPS, MakingState, is_spent, states_before, wait_after
from headwaters.core.works.media import WorkKind, format_by_name
from headwaters.core.works.recipes import Facts, GivenFile, Wish, base_of, wishes


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", ""), ("mp3", "mp3"), (" Opus , FLAC,,mp3 ", "flac,mp3,opus"), ("none", NONE), ("1080\n480", "1080,480")],
)
def test_a_choice_is_kept_in_one_order(typed: str, kept: str) -> None:
    assert read_choice(typed) == kept
    assert read_choice(kept) == kept


@pytest.mark.parametrize("typed", ["wav", "mp3,none", "mp4"])
def test_what_is_no_format_is_named(typed: str) -> None:
    with pytest.raises(ValueError, match=r"wav|none|mp4"):
        read_choice(typed)


@given(st.sets(st.sampled_from(NAMES)))
def test_any_choice_comes_back(names: set[str]) -> None:
    text = read_choice(",".join(names))
    assert chosen(text) == names


@pytest.mark.parametrize(
    ("name", "media_type", "others", "formats", "recipes"),
    [
        ("a.wav", "audio/wav", (), USUAL, ("flac", "mp3", "opus")),
        ("a.flac", "audio/flac", (), USUAL, ("mp3", "opus")),
        ("a.mp3", "audio/mpeg", (), USUAL, ("opus",)),
        ("a.opus", "audio/ogg", (), USUAL, ("mp3",)),
        ("a.m4a", "audio/mp4", (), USUAL, ("flac", "mp3", "opus")),
        ("a.mid", "audio/midi", (), USUAL, ()),
        ("a.flac", "audio/flac", ("a.mp3", "b.opus"), USUAL, ("opus",)),
        ("a.mp3", "audio/mpeg", ("a.flac",), USUAL, ()),
        ("mp3/A.mp3", "audio/mpeg", ("wav/a.AIFF",), USUAL, ()),
        ("a.mp3", "audio/mpeg", ("b.flac",), USUAL, ("opus",)),
        ("flac/A.flac", "audio/flac", ("mp3/a.MP3",), USUAL, ("opus",)),
        ("a.mp4", "video/mp4", (), USUAL, ("h264-1080", "h264-480", "vtt")),
        ("a.mkv", "video/matroska", ("a.en.srt",), USUAL, ("h264-1080", "h264-480")),
        ("a.mkv", "video/matroska", ("a.chapters.vtt",), NONE, ("vtt",)),
        ("a.avi", "video/vnd.avi", (), "480", ("h264-480",)),
        ("a.mp4", "video/mp4", (), "480,mp3", ("h264-480", "vtt")),
        ("a.png", "image/png", (), USUAL, ("webp-2048", "webp-512")),
        ("a.svg", "image/svg+xml", (), USUAL, ()),
        ("a.de.srt", "application/x-subrip", (), NONE, ("vtt",)),
        ("a.srt", "application/x-subrip", ("a.vtt",), USUAL, ()),
        ("a.vtt", "text/vtt", (), USUAL, ()),
        ("a.epub", "application/epub+zip", (), USUAL, ()),
        ("a.wav", "audio/wav", (), NONE, ()),
    ],
)
def test_what_a_file_wishes(
    name: str, media_type: str, others: tuple[str, ...], formats: str, recipes: tuple[str, ...]
):
    assert wished_formats(name, media_type, others, formats) == recipes


def test_only_files_of_the_work_get_formats() -> None:
    files = [
        GivenFile(7, Role.WORK, "a.png", "image/png", 1),
        GivenFile(8, Role.COVER, "cover.png", "image/png", 1),
        GivenFile(9, Role.SAMPLE, "try.wav", "audio/wav", 1),
    ]
    facts = Facts(WorkKind.OTHER, frozenset(Door), "webp,mp3", "off", files)
    wished = [wish for wish in wishes(facts) if wish.recipe in RECIPES]
    assert wished == [Wish(7, "webp-2048"), Wish(7, "webp-512")]


def test_what_is_not_wanted_any_more_is_not_offered() -> None:
    assert is_offered("mp3", "mp3,opus")
    assert not is_offered("mp3", "opus")
    assert not is_offered("mp3", NONE)
    assert is_offered("vtt", NONE)
    assert not is_offered("something-newer", USUAL)
    assert set(TITLES) == set(RECIPES) == {recipe for choice in CHOICES for recipe in choice.recipes} | {"vtt"}


@given(st.text(max_size=300), st.sampled_from([".mp3", ".1080.mp4", ".2048.webp"]))
def test_a_name_is_never_too_long_and_keeps_its_folder(name: str, suffix: str) -> None:
    made = made_name(f"Disc 1/{name}.flac".replace("\n", ""), suffix)
    assert made.startswith("Disc 1/")
    assert made.endswith(suffix)
    assert len(made.rpartition("/")[2].encode("utf-8", "surrogatepass")) <= 255


@pytest.mark.parametrize(
    ("name", "suffix", "made"),
    [
        ("01 Song.flac", ".mp3", "01 Song.mp3"),
        ("Film.mp4", ".480.mp4", "Film.480.mp4"),
        ("😀.wav", ".opus", "😀.opus"),
        (f"{'ü' * 120}.flac", ".1080.mp4", f"{'ü' * 120}.1080.mp4"),
        (f"{'ü' * 127}.m", ".mp3", f"{'ü' * 125}.mp3"),
    ],
)
def test_names_of_what_is_made(name: str, suffix: str, made: str) -> None:
    assert made_name(name, suffix) == made
    assert format_by_name(made) is not None


@dataclass(frozen=True)
class Row:
    id: int
    made_from: int | None = None
    recipe: str = ""


def test_a_work_in_one_format_keeps_what_has_none() -> None:
    given_files = [Row(1), Row(2), Row(3)]
    made = [Row(11, 1, "mp3"), Row(12, 2, "mp3"), Row(13, 1, "opus")]
    assert in_format("mp3", given_files, made) == (made[0], made[1], given_files[2])
    assert in_format("opus", given_files, made) == (made[2], given_files[1], given_files[2])
    assert in_format("flac", given_files, made) == ()


def test_makings_end_and_begin_again_only_as_they_may() -> None:
    assert STEPS[MakingState.MADE] == {MakingState.WAITING}, "made again, where it was lost"
    assert set(states_before(MakingState.WAITING)) == set(MakingState) - {MakingState.WAITING}
    assert states_before(MakingState.MADE) == (MakingState.MAKING,)
    waits = [wait_after(attempt) for attempt in range(1, MOST_ATTEMPTS + 1)]
    assert waits == sorted(waits)
    assert [is_spent(attempt) for attempt in range(MOST_ATTEMPTS + 1)] == [False] * MOST_ATTEMPTS + [True]
    assert base_of("clip:30") == base_of("clip") == "clip"
