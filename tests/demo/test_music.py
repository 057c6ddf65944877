"""The music: in tune, in harmony, without clicks, and the same each time."""

from __future__ import annotations

import wave
from array import array
from pathlib import Path

import pytest

from headwaters.demo import music, pieces, samples, score, synth
from headwaters.demo.synth import Mix

TUNES = {
    "spring": (pieces.SPRING_TUNE, pieces.SPRING_CHORDS, 6),
    "spring, the bridge": (pieces.SPRING_BRIDGE, pieces.SPRING_BRIDGE_CHORDS, 6),
    "spring, home": (pieces.SPRING_HOME, pieces.SPRING_HOME_CHORDS, 6),
    "spring, below": (pieces.SPRING_BELOW, pieces.SPRING_HOME_CHORDS, 6),
    "gorge": (pieces.GORGE_TUNE, f"{pieces.GORGE_CHORDS} {pieces.GORGE_CHORDS}", 7),
    "gorge, above": (pieces.GORGE_ABOVE, f"{pieces.GORGE_CHORDS} {pieces.GORGE_CHORDS}", 7),
    "gorge, the turn": (pieces.GORGE_TURN, pieces.GORGE_TURN_CHORDS, 7),
    "delta": (pieces.DELTA_TUNE, pieces.DELTA_CHORDS, 4),
    "delta, the end": (pieces.DELTA_END, pieces.DELTA_END_CHORDS, 8),
}


@pytest.mark.parametrize(("tune", "harmony", "bar"), TUNES.values(), ids=TUNES)
def test_a_tune_is_as_long_as_its_chords(tune: str, harmony: str, bar: int) -> None:
    assert score.length(tune) == bar * len(score.chords(harmony))


@pytest.mark.parametrize(("tune", "harmony", "bar"), TUNES.values(), ids=TUNES)
def test_a_long_note_that_is_not_of_its_chord_leans_on_it_softly(tune: str, harmony: str, bar: int) -> None:
    """A ninth, a sixth, a fourth that waits: in the key, and never a semitone above a note of the chord."""
    bars, key = score.chords(harmony), {synth.pitch(f"{name}4") % 12 for name in ("D", "E", "F#", "G", "A", "B", "C#")}
    for note in score.line(tune):
        chord = {n % 12 for n in bars[int(note.start // bar)]}
        if note.length >= 2 and note.note % 12 not in chord:
            assert note.note % 12 in key, note
            assert (note.note - 1) % 12 not in chord, note


def test_pitches_are_read() -> None:
    assert [synth.pitch(name) for name in ("C4", "A4", "F#5", "Bb3", "B2")] == [60, 69, 78, 58, 47]


def test_broken_chords_pick_notes_rest_and_climb() -> None:
    notes = score.broken([[50, 57, 62]], ["0 . 2 3"], 8, start=4)
    assert [(n.start, n.note, n.length) for n in notes] == [(4, 50, 2), (8, 62, 2), (10, 62, 2)]


@pytest.mark.parametrize("note", [38, 50, 57, 69, 78, 86])
def test_a_string_is_in_tune_to_two_cents(note: int) -> None:
    """Its period, measured over thirty of them by the best match of a stretch with itself."""
    string = samples.values(synth.pluck(note, 0.5))
    period, start = samples.RATE / synth.frequency(note), 2500
    span, turns = int(period * 4), 30 if note < 80 else 12

    def match(cents: int) -> float:
        lag = period * turns * 2 ** (cents / 1200)
        whole, part = int(lag), lag % 1
        later = ((1 - part) * string[start + k + whole] + part * string[start + k + whole + 1] for k in range(span))
        return sum(a * b for a, b in zip(string[start : start + span], later, strict=True))

    assert max(range(-12, 13), key=match) in {-2, -1, 0, 1, 2}


def test_what_is_added_lands_where_it_should_and_no_further() -> None:
    row = samples.silence(5)
    samples.add(row, samples.sound([1.0, 2.0, 4.0]), 3, 0.5)
    samples.add(row, samples.sound([1.0]), 5, 1.0)
    assert list(samples.values(row)) == [0.0, 0.0, 0.0, 0.5, 1.0]


def test_samples_are_rounded_to_16_bits() -> None:
    assert list(samples.to_16_bit(samples.sound([0.0, 1.0, -1.0, 0.5, 0.6 / 32767, -0.6 / 32767]))) == [
        0, 32767, -32767, 16384, 1, -1,
    ]  # fmt: skip


def test_a_mix_is_brought_to_its_level_and_never_clips() -> None:
    mix = Mix(1.0)
    mix.add(synth.flute(69, 1.0), 0.0, 3.0)
    out = array("h", mix.finished(0.01, 0.01))
    level = (sum(v * v for v in out) / len(out)) ** 0.5 / 32767
    assert level == pytest.approx(0.08, abs=0.001)
    assert max(map(abs, out)) < 0.81 * 32767


@pytest.mark.parametrize("name", pieces.PIECES)
def test_a_piece_is_as_long_as_it_says_and_ends_in_silence(name: str, tmp_path: Path) -> None:
    music.render(name, 0.08, tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as played:
        assert (played.getnchannels(), played.getsampwidth(), played.getframerate()) == (2, 2, 44100)
        assert played.getnframes() == round(pieces.PIECES[name].seconds * 0.08 * 44100)
        out = array("h", played.readframes(played.getnframes()))
    assert [max(map(abs, part)) < 40 for part in (out[:8], out[-8:])] == [True, True]
    assert 3000 < max(map(abs, out)) < 0.81 * 32767


def test_a_piece_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        music.render("gorge", 0.05, tmp_path / name)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
