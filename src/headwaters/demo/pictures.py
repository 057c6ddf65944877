"""The still pictures: three covers, and the bands at the heads of the handbook's chapters. All are of the film."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from headwaters.demo.frames import Painter
from headwaters.demo.lettering import word_mask, write
from headwaters.demo.palette import rgb
from headwaters.demo.scenery import HEIGHT, WIDTH

_PAPER, _RIVER = rgb("#f7eedd"), rgb("#0d3a54")


def film_cover(path: Path, scale: float) -> None:
    """A candle in a paper boat, at dusk, off the lighthouse."""
    _save(Painter(1.25 * scale).frame(32.5), path)


def music_cover(path: Path, scale: float) -> None:
    """A print of three strips, one a piece: dawn at the source, noon at the gorge, night on the sea."""
    painter = Painter(scale)

    def px(units: float) -> int:
        return round(units * scale)

    cover = Image.new("RGB", (px(1200), px(1200)), _PAPER)
    for number, (seconds, left, top) in enumerate(((4.4, 130, 152), (15.2, 60, 168), (39.2, 150, 236))):
        strip = painter.frame(seconds).crop((px(left), px(top), px(left + 1072), px(top + 308)))
        cover.paste(strip, (px(64), px(64 + 322 * number)))
    write(cover, "Tributaries", (58 * scale, 1034 * scale), 88 * scale, _RIVER, -0.015)
    for line, words in enumerate(("THREE SMALL PIECES", "NELL UNDERBROOK")):
        mask = word_mask(words, 21 * scale, 0.2)
        cover.paste(_RIVER, (px(1136) - mask.width, px(1070 + 36 * line)), mask)
    _save(cover, path)


def book_cover(path: Path, scale: float) -> None:
    """The boat, upright, with room for the title in the sky."""
    factor = 2.5 * scale
    painter = Painter(factor)
    painter.flights, painter.sky.clouds = (), []  # a clear sky behind the words
    picture = painter.frame(33.6)
    wide, left = round(480 * factor), round(322 * factor)
    cover = picture.crop((left, 0, left + wide, round(HEIGHT * factor)))
    middle = cover.width / 2
    for line, words in enumerate(("Nobody", "in Between")):
        write(cover, words, (middle, (54 + 70 * line) * factor), 66 * factor, _PAPER, -0.01, align="middle")
    write(cover, "A handbook for people", (middle, 222 * factor), 21 * factor, _PAPER, 0.02, align="middle")
    write(cover, "who make things", (middle, 250 * factor), 21 * factor, _PAPER, 0.02, align="middle")
    write(cover, "HEADWATERS", (middle, 662 * factor), 15 * factor, _PAPER, 0.34, align="middle")
    _save(cover, path)


def bands(folder: Path, scale: float) -> None:
    """`band-01.jpg` … for the chapters, going down the river with the book."""
    painter = Painter(scale)
    for number, seconds in enumerate(BANDS, 1):
        picture = painter.frame(seconds)
        box = (0, round(124 * scale), round(WIDTH * scale), round(600 * scale))
        _save(picture.crop(box), folder / f"band-{number:02}.jpg", 82)


def poster(bands_in_order: list[Path], path: Path) -> None:
    """All bands on one sheet of paper, three in a row, in the order of the river."""
    with Image.open(bands_in_order[0]) as first:
        wide, tall = first.width * 5 // 9, first.height * 5 // 9
    gap, rows = wide // 24, -(-len(bands_in_order) // 3)
    sheet = Image.new("RGB", (3 * wide + 4 * gap, rows * tall + (rows + 1) * gap), _PAPER)
    for number, band in enumerate(bands_in_order):
        row, column = divmod(number, 3)
        with Image.open(band) as picture:
            small = picture.resize((wide, tall), Image.Resampling.LANCZOS)
        sheet.paste(small, (gap + column * (wide + gap), gap + row * (tall + gap)))
    _save(sheet, path, 86)


BANDS = (  # seconds of the film, one a chapter
    4.4, 8.4, 10.6, 12.8, 14.2, 15.6, 16.8, 18.0, 20.2, 21.8, 23.4, 25.8, 27.6, 29.6, 31.6, 33.0, 34.4, 40.2,
)  # fmt: skip


def _save(picture: Image.Image, path: Path, quality: int = 90) -> None:
    picture.save(path, "JPEG", quality=quality, subsampling=0 if quality > 85 else 2, optimize=True, progressive=False)


MAKERS: dict[str, Callable[[Path, float], None]] = {
    "film": film_cover,
    "music": music_cover,
    "book": book_cover,
    "bands": bands,
}
