"""Arithmetic on long runs of samples, without another dependency: a sound is a Pillow picture of floats, one row high.

Pillow adds, multiplies and stretches such a row in machine code; one sample at a time in Python takes a hundred times
as long. Sounds are at RATE samples a second unless said otherwise.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any

from PIL import Image, ImageMath

RATE = 44100
Sound = Image.Image  # mode F, height 1


def sound(values: Iterable[float]) -> Sound:
    """From numbers."""
    row = array("f", values)
    return Image.frombytes("F", (len(row), 1), row.tobytes())


def silence(length: int) -> Sound:
    """`length` zeros."""
    return Image.new("F", (max(1, length), 1))


def values(row: Sound) -> array[float]:
    """To numbers."""
    return array("f", row.tobytes())


def _evaluated(formula: Callable[[dict[str, Any]], Any], **rows: Sound) -> Sound:
    result: Sound = ImageMath.lambda_eval(formula, **rows)
    return result


def times(first: Sound, second: Sound) -> Sound:
    """Sample by sample."""
    return _evaluated(lambda v: v["a"] * v["b"], a=first, b=second)


def scaled(row: Sound, level: float) -> Sound:
    """Louder or softer."""
    return _evaluated(lambda v: v["a"] * level, a=row)


def blended(first: Sound, one: float, second: Sound, two: float) -> Sound:
    """one · first + two · second; both of one length."""
    return _evaluated(lambda v: v["a"] * one + v["b"] * two, a=first, b=second)


def plus(first: Sound, second: Sound) -> Sound:
    """The sum of two of one length."""
    return _evaluated(lambda v: v["a"] + v["b"], a=first, b=second)


def total(rows: list[Sound]) -> Sound:
    """The sum of sounds of one length."""
    result = rows[0]
    for row in rows[1:]:
        result = plus(result, row)
    return result


def part(row: Sound, start: int, end: int) -> Sound:
    """A piece of it; what lies outside is silent."""
    return row.crop((start, 0, end, 1))


def add(into: Sound, what: Sound, start: int, level: float) -> None:
    """into[start:] += level · what, as far as it fits."""
    end = min(into.width, start + what.width)
    if start < 0 or end <= start:
        return
    fitting = what if end - start == what.width else part(what, 0, end - start)
    into.paste(blended(part(into, start, end), 1.0, fitting, level), (start, 0))


def repeated(loop: Iterable[float], length: int) -> Sound:
    """The loop over and over."""
    row = array("f", loop)
    whole = row * (length // len(row) + 1)
    return Image.frombytes("F", (length, 1), whole[:length].tobytes())


def stretched(row: Sound, length: int) -> Sound:
    """The same shape over more samples, smoothly."""
    return row.resize((length, 1), Image.Resampling.BICUBIC)


def without_drift(row: Sound) -> Sound:
    """The sound without what is slower than about ten turns a second, which nobody hears and which costs loudness."""
    slow = row.resize((max(1, row.width * 20 // RATE), 1), Image.Resampling.BOX)
    return blended(row, 1.0, stretched(slow, row.width), -1.0)


def power(rows: list[Sound]) -> float:
    """The mean of the squares of all samples."""
    means: list[Any] = [times(row, row).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) for row in rows]
    return float(sum(means) / len(means))


def loudest(rows: list[Sound]) -> float:
    """The largest sample of them all, without its sign."""
    result = 0.0
    for row in rows:
        low, high = row.getextrema()
        result = max(result, -float(low), float(high))  # type: ignore[arg-type]
    return result


def to_16_bit(row: Sound) -> array[int]:
    """Samples of -32767…32767, for sounds in -1…1; rounded."""
    whole = _evaluated(lambda v: v["int"](v["a"] * 32767 + 32768.5) - 32768, a=row)
    return array("h", array("i", whole.tobytes()))
