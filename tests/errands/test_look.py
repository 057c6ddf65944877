"""A picture becomes a logo: small, without anything else in it, or refused in words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from headwaters.core.errors import Code, Refused, Unavailable
from headwaters.errands import look
from headwaters.errands.house import House
from headwaters.errands.look import Upload
from headwaters.store.assets import AssetRow


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """tests/actions/test_look.py runs the verbs on both databases."""
    return sqlite_url


def drawn(kind: str, size: tuple[int, int] = (400, 200), **more: object) -> Upload:
    data = io.BytesIO()
    mode = "RGB" if kind == "JPEG" else "RGBA"
    Image.new(mode, size, "#7a1f3d80" if mode == "RGBA" else "#7a1f3d").save(data, kind, **more)
    return Upload(f"logo.{kind.lower()}", data.getvalue())


async def opened(house: House, logo: AssetRow) -> Image.Image:
    return Image.open(io.BytesIO(await look.read_logo(house, logo)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
async def test_any_usual_picture_will_do(house: House, kind: str) -> None:
    logo = await look.make_logo(house, drawn(kind))
    assert (logo.media_type, logo.width, logo.height) == ("image/webp", 400, 200)
    picture = await opened(house, logo)
    assert (picture.format, picture.size) == ("WEBP", (400, 200))


async def test_its_name_does_not_count(house: House) -> None:
    upload = Upload("../../etc/passwd\0.svg", drawn("PNG").data)
    assert (await look.make_logo(house, upload)).width == 400


@pytest.mark.parametrize(
    ("size", "kept"), [((4000, 1000), (960, 240)), ((100, 5000), (5, 250)), ((9000, 30), (960, 3)), ((1, 1), (1, 1))]
)
async def test_it_is_no_larger_than_pages_need(house: House, size: tuple[int, int], kept: tuple[int, int]) -> None:
    logo = await look.make_logo(house, drawn("PNG", size))
    assert (logo.width, logo.height) == kept


async def test_a_clear_background_stays_clear(house: House) -> None:
    assert (await opened(house, await look.make_logo(house, drawn("PNG")))).mode == "RGBA"


async def test_nothing_that_stood_beside_the_pixels_is_kept(house: House) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"  # ImageDescription
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}  # where it was taken
    upload = drawn("JPEG", exif=exif, comment=b"a secret word")
    assert b"secret" in upload.data
    logo = await look.make_logo(house, upload)
    body = await look.read_logo(house, logo)
    assert b"secret" not in body
    assert not Image.open(io.BytesIO(body)).getexif()


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that unpacks to a great many."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "An SVG cannot be a logo here"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><svg/>", "An SVG cannot be a logo here"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "An SVG cannot be a logo here"),
        (b"not a picture", "cannot be read as a picture"),
        (b"%PDF-1.7\n%%EOF", "cannot be read as a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"half", "cannot be read as a picture"),
        (_bomb(60_000, 60_000), "25 million pixels"),
        (_bomb(5_001, 5_000), "25 million pixels"),
        (_bomb(10, 10), "cannot be read as a picture"),
    ],
)
async def test_what_is_refused_and_why(house: House, tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        await look.make_logo(house, Upload("logo.png", data))
    assert (refused.value.code, refused.value.field) == (Code.LOGO_UNREADABLE, "logo")
    assert refused.value.hint
    assert not list(house.config.shop.glob(".logo-*"))


async def test_a_huge_file_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="8 MB at most") as refused:
        await look.make_logo(house, Upload("logo.png", bytes(look.LARGEST_LOGO + 1)))
    assert refused.value.code == Code.LOGO_TOO_LARGE


async def test_pages_know_it_at_once_and_a_rotten_one_is_said(house: House) -> None:
    assert await look.set_logo(house, drawn("PNG"), None)
    logo = house.now.logo
    assert logo is not None
    (path,) = house.config.files_dir.rglob(logo.blob.sha256)
    path.unlink()
    with pytest.raises(Unavailable) as missing:
        await look.read_logo(house, logo)
    assert missing.value.code == Code.BLOB_MISSING
    assert await look.drop_logo(house, None)
    assert house.now.logo is None
