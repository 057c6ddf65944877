"""Words in pictures, set with the one typeface that Pillow carries (Aileron, CC0): spaced letter by letter."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from headwaters.demo import shapes
from headwaters.demo.palette import Rgb


def word_mask(text: str, size: float, spacing: float = 0.0) -> Image.Image:
    """The text in one line as a mask, tightly cut; `spacing` between letters in parts of the size."""
    font = ImageFont.load_default(size=size)
    places, x = [], 0.0
    for here, after in zip(text, [*text[1:], ""], strict=True):
        places.append(x)
        x += font.getlength(here + after) - (font.getlength(after) if after else 0.0) + spacing * size
    mask = Image.new("L", (round(x + size), round(size * 1.6)))
    draw = ImageDraw.Draw(mask)
    for letter, place in zip(text, places, strict=True):
        draw.text((place, size * 0.15), letter, 255, font)
    return mask.crop((0, 0, max(1, round(x - spacing * size)), mask.height))


def write(
    picture: Image.Image, text: str, at: tuple[float, float], size: float, colour: Rgb, spacing: float = 0.0,
    strength: float = 1.0, align: str = "left",
) -> None:  # fmt: skip
    """Set one line with its top left corner (or top middle: `align="middle"`) at a point, in pixels."""
    if strength <= 0:
        return
    mask = word_mask(text, size, spacing)
    if strength < 1:
        mask = shapes.faded(mask, strength)
    left = round(at[0] - (mask.width / 2 if align == "middle" else 0))
    picture.paste(colour, (left, round(at[1])), mask)
