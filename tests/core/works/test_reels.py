"""What may be made of a film or a piece of music: nothing larger, and nothing up from lossy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Refused
from headwaters.core.works.makings import Skip
from headwaters.core.works.reels import Kind, Reel, Stream, fitted, plan_film, plan_sound, plays_everywhere

VIDEO = Stream(0, Kind.VIDEO, "vp9", width=3840, height=2160, pixels="yuv420p")
SOUND = Stream(1, Kind.AUDIO, "opus", "eng", channels=2, rate=48000)
WAVE = Stream(0, Kind.AUDIO, "pcm_s16le", channels=2, rate=44100, bits=16, bit_rate=1_411_000)


def film(*streams: Stream, container: str = "matroska,webm") -> Reel:
    return Reel(container, 60.0, streams)


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from([480, 1080]))
def test_a_size_is_even_fits_and_never_grows(width: int, height: int, side: int) -> None:
    wide, high = fitted(width, height, side)
    assert wide % 2 == high % 2 == 0
    assert wide <= max(width, 2)
    assert high <= max(height, 2)
    assert min(wide, high) <= side
    assert max(wide, high) <= side * 16 / 9 + 1


@pytest.mark.parametrize(
    ("size", "side", "made"),
    [
        ((3840, 2160), 1080, (1920, 1080)),
        ((1920, 1080), 480, (852, 480)),
        ((1080, 1920), 480, (480, 852)),
        ((4096, 1716), 1080, (1920, 804)),
        ((641, 361), 1080, (640, 360)),
        ((720, 576), 480, (600, 480)),
    ],
)
def test_sizes_that_people_know(size: tuple[int, int], side: int, made: tuple[int, int]) -> None:
    assert fitted(*size, side) == made


def test_a_film_keeps_its_languages_and_texts_and_leaves_pictures_of_texts() -> None:
    texts = [
        Stream(2, Kind.SUBTITLE, "subrip", "deu"),
        Stream(3, Kind.SUBTITLE, "hdmv_pgs_subtitle", "fra"),
        Stream(4, Kind.SUBTITLE, "ass"),
    ]
    plan = plan_film(film(VIDEO, SOUND, *texts), 1080, (480,))
    assert (plan.width, plan.height, plan.video) == (1920, 1080, 0)
    assert (plan.sounds, plan.subtitles, plan.languages) == ((1,), (2, 4), ("eng", "deu", ""))
    assert not plan.hdr


def test_pixels_that_are_not_square_and_films_on_their_side() -> None:
    dvd = replace(VIDEO, width=720, height=576, shape=16 / 15)
    assert plan_film(film(dvd), 1080, ()).width == 768
    turned = plan_film(film(replace(VIDEO, turned=True)), 1080, ())
    assert (turned.width, turned.height) == (1080, 1920)
    assert plan_film(film(replace(VIDEO, transfer="smpte2084")), 1080, ()).hdr


def test_what_is_not_worth_making_is_skipped() -> None:
    good = film(replace(VIDEO, codec="h264", width=1280, height=720), replace(SOUND, codec="aac"), container="mov,mp4")
    assert plays_everywhere(good, good.streams[0])
    with pytest.raises(Skip, match="already"):
        plan_film(good, 1080, (480,))
    assert plan_film(good, 480, ()).height == 480
    small = film(replace(VIDEO, width=640, height=360))
    with pytest.raises(Skip, match="smaller format"):
        plan_film(small, 1080, (480,))
    assert plan_film(small, 1080, ()).width == 640  # the only one that was chosen


def test_what_is_no_film_is_refused() -> None:
    with pytest.raises(Refused, match="no moving picture"):
        plan_film(film(SOUND, replace(VIDEO, cover=True)), 480, ())
    with pytest.raises(Refused, match="larger than any"):
        plan_film(film(replace(VIDEO, width=30_000, height=30_000)), 480, ())
    with pytest.raises(Refused, match="no sound"):
        plan_sound(film(VIDEO), "mp3")


@pytest.mark.parametrize(
    ("sound", "codec", "plan"),
    [
        (WAVE, "flac", (2, 44100, 16, 0)),
        (replace(WAVE, bits=24, rate=96000), "flac", (2, 96000, 24, 0)),
        (replace(WAVE, bits=32, codec="pcm_f32le"), "flac", (2, 44100, 24, 0)),
        (replace(WAVE, rate=96000), "mp3", (2, 48000, 0, 0)),
        (replace(WAVE, rate=88200, channels=6), "mp3", (2, 44100, 0, 0)),
        (replace(WAVE, channels=1), "opus", (1, 48000, 0, 96_000)),
        (WAVE, "opus", (2, 48000, 0, 160_000)),
        (replace(WAVE, channels=6), "opus", (6, 48000, 0, 384_000)),
        (replace(SOUND, index=0, codec="aac", bit_rate=256_000), "mp3", (2, 48000, 0, 0)),
    ],
)
def test_how_music_is_made(sound: Stream, codec: str, plan: tuple[int, int, int, int]) -> None:
    made = plan_sound(Reel("wav", 1.0, (sound,)), codec)
    assert (made.channels, made.rate, made.bits, made.bit_rate) == plan


@pytest.mark.parametrize("codec", ["flac", "mp3", "opus"])
def test_never_up_from_lossy_and_never_the_same_again(codec: str) -> None:
    lossy = Stream(0, Kind.AUDIO, "aac", channels=2, rate=44100, bit_rate=128_000)
    with pytest.raises(Skip):
        plan_sound(Reel("mov,mp4", 1.0, (lossy,), bit_rate=130_000), codec)
    with pytest.raises(Skip, match="already"):
        plan_sound(Reel("x", 1.0, (replace(lossy, codec=codec, bit_rate=320_000),)), codec)
