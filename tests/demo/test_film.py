"""The film's pictures, titles and subtitles."""

from __future__ import annotations

import io
import re

import pytest
from PIL import ImageStat

from headwaters.demo import film, lettering, palette, workers
from headwaters.demo.film import Cut
from headwaters.demo.frames import Painter, journey_at, moment_at

SMALL = Cut(scale=0.1, seconds=1.0, rate=10)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(0.2)


def _brightness(painter: Painter, seconds: float) -> float:
    return float(ImageStat.Stat(painter.frame(seconds).convert("L")).mean[0])


def test_a_frame_is_the_same_each_time(painter: Painter) -> None:
    assert painter.frame(23.0).tobytes() == Painter(0.2).frame(23.0).tobytes()


def test_a_frame_has_the_size_of_its_scale(painter: Painter) -> None:
    assert painter.frame(0).size == (256, 144)


def test_there_is_a_day_in_it(painter: Painter) -> None:
    before_dawn, noon, rain, night = (_brightness(painter, t) for t in (0.0, 17.0, 22.5, 41.0))
    assert night < before_dawn < rain < noon


def test_time_and_the_river_run_one_way() -> None:
    seconds = [s / 4 for s in range(169)]
    assert [moment_at(s) for s in seconds] == sorted(moment_at(s) for s in seconds)
    assert [journey_at(s) for s in seconds] == sorted(journey_at(s) for s in seconds)
    assert (journey_at(0), journey_at(42), moment_at(0), moment_at(42)) == (0.0, 1.0, 0.0, 1.0)


def test_any_number_of_processes_draws_the_same_film() -> None:
    alone = io.BytesIO()
    film.write_frames(alone, SMALL.scale, SMALL.seconds, SMALL.rate, 0, 1)
    assert b"".join(film.frames(SMALL, lambda share: None)) == alone.getvalue()
    assert len(alone.getvalue()) == 10 * 128 * 72 * 3


def test_a_process_that_fails_is_noticed() -> None:
    with pytest.raises(RuntimeError, match="a process of the demo failed"):
        workers.run_all([["piece", "no such piece", "1", "-"]], lambda count: None)


def test_subtitles_do_not_overlap_and_fit_the_film() -> None:
    text = film.subtitles(Cut())
    times = re.findall(r"(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})", text)
    seconds = [int(h) * 3600 + int(m) * 60 + float(s) for row in times for h, m, s in (row[:3], row[3:])]
    assert text.startswith("WEBVTT\n\n00:00:06.400 --> 00:00:09.600\nAt first it is small enough to step over.\n\n")
    assert seconds == sorted(seconds)
    assert len(times) == 9
    assert seconds[-1] < 42


def test_subtitles_stay_long_enough_to_be_read() -> None:
    """At most 17 characters a second, as broadcasters have it."""
    assert [text for start, end, text in film.LINES if len(text) / (end - start) > 17] == []


def test_mixing_keeps_the_ends() -> None:
    blue, orange = palette.rgb("#0d4a68"), palette.rgb("#e8c9a0")
    assert (palette.mix(blue, orange, 0), palette.mix(blue, orange, 1)) == (blue, orange)


def test_a_ramp_has_256_colours_and_its_stops() -> None:
    ramp = palette.ramp([(0, (0, 0, 0)), (100, (200, 10, 30)), (255, (255, 255, 255))])
    assert len(ramp) == 768
    assert (tuple(ramp[:3]), tuple(ramp[300:303]), tuple(ramp[-3:])) == ((0, 0, 0), (200, 10, 30), (255, 255, 255))


def test_letters_can_be_spaced() -> None:
    close, wide = (lettering.word_mask("NELL", 20, spacing).width for spacing in (0, 0.5))
    assert wide - close == 30
