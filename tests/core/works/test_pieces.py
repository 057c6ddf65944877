"""Pieces of sounds and films: where they begin and end, their shape, and chapters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.works.chapters import Moment, chapters_for, read_chapters, read_ffmetadata
from headwaters.core.works.pieces import FADE, Piece, cut_piece
from headwaters.core.works.taste import ALL
from headwaters.core.works.waves import BARS, is_wave, wave_of, wave_path


def test_where_a_piece_begins_and_ends():
    assert cut_piece(200.0, 0, 30) == Piece(0, 30, FADE)
    assert cut_piece(200.0, 60, 45) == Piece(60, 45, FADE)
    assert cut_piece(200.0, 180, 45) == Piece(180, 20, 0)  # it ends with the whole, as that does
    assert cut_piece(20.0, 0, 30) == Piece(0, 20, 0)
    assert cut_piece(20.0, 60, 30) == Piece(0, 20, 0)
    assert cut_piece(200.0, 0, ALL) == Piece(0, 200, 0)
    assert cut_piece(200.0, 0, 2) == Piece(0, 2, 0.5)
    assert cut_piece(None, 0, 30) == Piece(0, 30, FADE)


def test_a_wave_has_a_letter_for_each_bar_and_the_loudest_is_f():
    wave = wave_of([at * 100 for at in range(BARS * 2)])
    assert (len(wave), wave[0], wave[-1]) == (BARS, "0", "F")
    assert list(wave) == sorted(wave)
    assert (wave_of([0] * 500), wave_of([5] * (BARS - 1))) == ("", "")
    assert wave_path("0" * BARS, 3) == "M.5 15.5v1m1-1v1m1-1v1"
    assert wave_path("F" * BARS, 2) == "M.5 1v30m1-30v30"
    assert wave_path(wave, 0) == wave_path(wave, BARS + 1) == ""


@given(st.lists(st.integers(0, 32768), min_size=BARS, max_size=1000))
def test_any_sound_has_a_shape_or_is_silence(peaks: list[int]):
    wave = wave_of(peaks)
    assert is_wave(wave) if max(peaks) else wave == ""
    assert not wave or "F" in wave


def test_a_creators_list_of_chapters():
    assert chapters_for("My film.chapters.txt") == chapters_for("My Film-chapters.vtt") == "my film"
    assert [chapters_for(name) for name in ("chapters.txt", "My film.txt", "a.chapters.md")] == ["", "", ""]
    text = "Chapters of it\n0:00 The source\n[1:30] – The mill\n 1:02:03.5 | The sea\n1:30 again\n99 no\n"
    assert read_chapters(text) == (Moment("The source", 0), Moment("The mill", 90), Moment("The sea", 3723))
    vtt = "\ufeffWEBVTT\n\nNOTE x\n\n1\n00:00.000 --> 01:30.000\nThe <b>source</b>\n"
    vtt += "\n00:01:30.000 --> 00:02:00.000\nThe mill\n"
    assert read_chapters(vtt) == (Moment("The source", 0), Moment("The mill", 90))
    assert read_chapters("0:00 alone") == ()


def test_the_chapters_that_ffmpeg_writes_down():
    text = (
        ";FFMETADATA1\ntitle=no\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=90000\nEND=100000\ntitle=Two \\= 2\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=90000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/0\nSTART=1\n[STREAM]\ntitle=x\n"
    )
    assert read_ffmetadata(text) == (Moment("One", 0), Moment("Two = 2", 90))
    assert read_ffmetadata("") == ()
