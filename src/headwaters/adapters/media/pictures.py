"""Small pictures from large ones: upright, in sRGB, and without anything that the camera wrote beside the pixels."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

from headwaters.adapters.media.ffmpeg import Measure
from headwaters.core.errors import N_, Code, Refused
from headwaters.ports import Picture

MOST_PIXELS = 100_000_000  # what a picture may unpack to: 400 MB for a moment
_MOST_TO_ASK = 25_000_000  # pixels of a PNG that is unpacked to see whether it lies on its side
PREVIEW_WIDTH = 1200  # of the JPEG: what programs show beside a link
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")
_SIDEWAYS = frozenset([5, 6, 7, 8])  # EXIF orientations that swap width and height
_ORIENTATION = 0x0112
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    ZeroDivisionError,
    ArithmeticError,
)

# Pillow's own limit only warns at first; ours is looked at before anything is unpacked.
Image.MAX_IMAGE_PIXELS = None

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def measure_picture(path: Path) -> Measure:
    """Width and height as one sees them; None for what Pillow cannot read (SVG, HEIC, Photoshop)."""
    with contextlib.suppress(*_BROKEN), Image.open(path, formats=_FORMATS) as picture:
        width, height = picture.size
        if width * height > (_MOST_TO_ASK if picture.format == "PNG" else MOST_PIXELS):
            return Measure(width=width, height=height)  # to ask it for its EXIF would unpack it
        if picture.getexif().get(_ORIENTATION) in _SIDEWAYS:
            width, height = height, width
        return Measure(width=width, height=height)
    return Measure()


def encode_pictures(source: Path | io.BytesIO, name: str, widths: tuple[int, ...]) -> tuple[Picture, ...]:
    """`source` as WebP at each width that it has (at least one), and last as JPEG for previews of links.

    Raises Refused(FILE_WRONG_KIND) for what is no picture, is broken, or unpacks to too many pixels.
    """
    with _open(source, name) as opened:
        return encode_picture(_upright(opened, max(*widths, PREVIEW_WIDTH)), widths)


def encode_shrunk(path: Path, side: int) -> Picture:
    """The picture as WebP, its long side at most `side`. Raises as `encode_pictures`."""
    with _open(path, path.name) as opened:
        picture = _upright(opened, side)
    share = min(1.0, side / max(picture.size))
    return _webp(_at_width(picture, max(1, round(picture.width * share))))


def encode_picture(picture: Image.Image, widths: tuple[int, ...]) -> tuple[Picture, ...]:
    """A picture that is upright and in sRGB, encoded as `encode_pictures` says."""
    wanted = sorted({min(width, picture.width) for width in widths})
    made = [_webp(_at_width(picture, width)) for width in wanted]
    made.append(_jpeg(_at_width(picture, min(PREVIEW_WIDTH, picture.width))))
    return tuple(made)


@contextlib.contextmanager
def _open(source: Path | io.BytesIO, name: str) -> Iterator[Image.Image]:
    try:
        with Image.open(source, formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                message = N_("The picture “%(name)s” is too large: %(most)s million pixels at most.")
                raise _refused(message, N_("Save a smaller copy of it."), name, most=MOST_PIXELS // 1_000_000)
            yield picture
    except _BROKEN:
        message = N_("“%(name)s” cannot be read as a picture.")
        hint = N_("Save it anew as JPEG, PNG or WebP.")
        raise _refused(message, hint, name) from None


def _refused(message: str, hint: str, name: str, **values: object) -> Refused:
    return Refused(Code.FILE_WRONG_KIND, message, hint=hint, field="cover", name=name, **values)


def _upright(opened: Image.Image, limit: int) -> Image.Image:
    """The pixels in RGB or RGBA, sRGB, turned as the camera was held, not much larger than needed."""
    if opened.format == "JPEG":
        opened.draft("RGB", (2 * limit, 2 * limit))  # unpacks a smaller picture at once
    profile = opened.info.get("icc_profile")
    ImageOps.exif_transpose(opened, in_place=True)  # a copy of a large picture is as large
    return _in_srgb(opened, profile)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bits(picture)
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if profile and picture.mode in {"RGB", "RGBA", "CMYK", "L"}:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, _SRGB, outputMode=mode)
            return converted if converted is not None else _in_mode(picture, mode)
    return _in_mode(picture, mode)


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    """In these channels; what has them already is not copied."""
    return picture if picture.mode == mode and "transparency" not in picture.info else picture.convert(mode)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Pillow cuts 16-bit greys off at 255 when it converts them; they are scaled here."""
    if picture.mode == "F":
        return picture.convert("L")
    return picture.convert("I").point(lambda value: value / 257).convert("L")


def _at_width(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _webp(picture: Image.Image) -> Picture:
    return _encoded(picture, "WEBP", "image/webp", quality=82, method=4)


def _jpeg(picture: Image.Image) -> Picture:
    if picture.mode == "RGBA":
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture).convert("RGB")
    return _encoded(picture, "JPEG", "image/jpeg", quality=85, optimize=True, progressive=True)


def _encoded(picture: Image.Image, kind: str, media_type: str, **options: object) -> Picture:
    plain = picture.copy()
    plain.info.clear()  # no profile, EXIF, XMP or comment goes along
    data = io.BytesIO()
    plain.save(data, kind, **options)
    return Picture(data.getvalue(), media_type, plain.width, plain.height)
