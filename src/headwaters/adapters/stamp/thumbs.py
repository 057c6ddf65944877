"""Whether a thumbnail shows another picture than the one it is of: what was cut away or covered lives on in it."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress

from PIL import Image, ImageChops, ImageStat

_MOST_PIXELS = 120_000_000
_SIDE = 24
_FAR = 28.0  # of 255, as pictures of the same thing differ by rounding alone


def shows_another(picture: bytes, thumbnail: bytes) -> bool:
    """Compares both, small and grey. What cannot be read shows nothing."""
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("error")
        whole, small = _grey(picture), _grey(thumbnail)
        if abs(whole.width / whole.height - small.width / small.height) > 0.12 * whole.width / whole.height:
            small = _without_bars(small, whole.width / whole.height)
        differs = ImageChops.difference(whole.resize((_SIDE, _SIDE)), small.resize((_SIDE, _SIDE)))
        return float(ImageStat.Stat(differs).mean[0]) > _FAR
    return False


def _grey(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as found:
        if found.width * found.height > _MOST_PIXELS:
            raise ValueError("too many pixels")
        found.draft("L", (256, 256))
        return found.convert("L")


def _without_bars(small: Image.Image, ratio: float) -> Image.Image:
    """Cameras put black bars around a thumbnail of another shape."""
    width, height = small.width, small.height
    if width / height > ratio:
        own = round(height * ratio)
        return small.crop(((width - own) // 2, 0, (width + own) // 2, height))
    own = round(width / ratio)
    return small.crop((0, (height - own) // 2, width, (height + own) // 2))
