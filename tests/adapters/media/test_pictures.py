"""The Media port makes small pictures of a cover, given or carried."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from pathlib import Path

import mutagen
import pytest
from mutagen.flac import Picture as FlacPicture
from mutagen.id3 import APIC
from mutagen.mp4 import MP4Cover
from PIL import Image, ImageCms

from headwaters.adapters.media import embedded
from headwaters.adapters.media.pillow import PillowMedia
from headwaters.core.errors import Code, Refused
from headwaters.ports import Picture
from tests.support import samples

media = PillowMedia()
WIDTHS = (480, 960, 1600)


def shapes(pictures: tuple[Picture, ...]) -> list[tuple[str, int, int]]:
    for picture in pictures:
        with Image.open(io.BytesIO(picture.data)) as read:
            assert read.size == (picture.width, picture.height)
            assert f"image/{read.format.lower()}" == picture.media_type
    return [(picture.media_type, picture.width, picture.height) for picture in pictures]


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def test_a_large_cover_comes_at_each_width_and_as_a_preview(tmp_path: Path) -> None:
    assert shapes(media.pictures(samples.picture(tmp_path / "a.png", (2000, 1000)), WIDTHS)) == [
        ("image/webp", 480, 240),
        ("image/webp", 960, 480),
        ("image/webp", 1600, 800),
        ("image/jpeg", 1200, 600),
    ]


@pytest.mark.parametrize(("width", "widths"), [(100, [100, 100]), (480, [480, 480]), (700, [480, 700, 700])])
def test_a_small_cover_is_never_blown_up(tmp_path: Path, width: int, widths: list[int]) -> None:
    made = media.pictures(samples.picture(tmp_path / "a.webp", (width, 50)), WIDTHS)
    assert [picture.width for picture in made] == widths


PIXELS = {
    "a.jpg": ["RGB", "L", "1", "CMYK"],
    "a.png": ["RGB", "L", "1", "P", "RGBA", "LA", "I;16"],
    "a.gif": ["RGB", "L", "1", "P", "RGBA", "LA"],
    "a.webp": ["RGB", "L", "P", "RGBA"],
    "a.avif": ["RGB", "L", "RGBA"],
    "a.tiff": ["RGB", "L", "1", "P", "RGBA", "LA", "I;16", "CMYK", "F"],
    "a.bmp": ["RGB", "L", "1", "P", "RGBA"],
}


@pytest.mark.parametrize(("name", "mode"), [(name, mode) for name, modes in PIXELS.items() for mode in modes])
def test_every_kind_of_pixel_becomes_a_picture(tmp_path: Path, name: str, mode: str) -> None:
    Image.new(mode, (60, 40)).save(tmp_path / name)
    assert shapes(media.pictures(tmp_path / name, (480,))) == [("image/webp", 60, 40), ("image/jpeg", 60, 40)]


def test_a_grey_of_sixteen_bits_keeps_its_lightness(tmp_path: Path) -> None:
    Image.new("I;16", (60, 40), 32_896).save(tmp_path / "a.png")
    webp, jpeg = media.pictures(tmp_path / "a.png", (480,))
    assert opened(webp).convert("L").getpixel((9, 9)) == pytest.approx(128, abs=2)
    assert opened(jpeg).convert("L").getpixel((9, 9)) == pytest.approx(128, abs=2)


def test_a_picture_is_turned_upright_and_nothing_of_the_camera_stays(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera of Alice"
    exif.get_ifd(0x8825)[1] = "N"
    source = Image.new("RGB", (400, 200), "red")
    source.paste("blue", (0, 0, 200, 200))
    source.save(tmp_path / "a.jpg", exif=exif, comment=b"at home", xmp=b"<x:xmpmeta>at home</x:xmpmeta>")
    for picture in media.pictures(tmp_path / "a.jpg", (480,)):
        assert (picture.width, picture.height) == (200, 400)
        read = opened(picture)
        assert read.convert("RGB").getpixel((100, 50))[2] > 200
        assert not set(read.info) & {"exif", "xmp", "icc_profile", "comment"}
        assert b"Alice" not in picture.data
        assert b"at home" not in picture.data


def test_colours_of_another_profile_are_brought_to_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    Image.new("RGB", (60, 40), (120, 120, 120)).save(tmp_path / "plain.png")
    Image.new("RGB", (60, 40), (120, 120, 120)).save(tmp_path / "broken.png", icc_profile=lab)
    Image.new("RGB", (60, 40), (120, 120, 120)).save(tmp_path / "trash.png", icc_profile=b"no profile at all")
    for name in ["plain.png", "broken.png", "trash.png"]:
        assert shapes(media.pictures(tmp_path / name, (480,)))


def test_a_transparent_cover_stays_so_and_lies_on_white_in_the_preview(tmp_path: Path) -> None:
    Image.new("RGBA", (60, 40), (255, 0, 0, 0)).save(tmp_path / "a.png")
    webp, jpeg = media.pictures(tmp_path / "a.png", (480,))
    assert opened(webp).convert("RGBA").getpixel((5, 5))[3] == 0
    assert opened(jpeg).getpixel((5, 5)) == (255, 255, 255)


def test_of_a_moving_picture_the_first_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    webp, _ = media.pictures(tmp_path / "a.gif", (480,))
    assert getattr(opened(webp), "n_frames", 1) == 1
    assert opened(webp).convert("RGB").getpixel((5, 5))[0] > 200


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises more than anybody wants to unpack."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [
        bomb(100_000, 100_000),
        bomb(10_001, 10_000),
        bomb(50, 50),
        samples.png()[:200],
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
    ],
)
def test_a_broken_or_huge_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cover.png"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        media.pictures(path, WIDTHS)
    assert refused.value.code is Code.FILE_WRONG_KIND
    assert "cover.png" in str(refused.value)


@pytest.mark.parametrize("name", ["cover.svg", "cover.txt", "cover.mp4"])
def test_what_is_no_picture_to_show_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    contents = {"svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "txt": b"hi", "mp4": b"\0\0\0\x18ftypisom"}
    path.write_bytes(contents[name[-3:]])
    with pytest.raises(Refused) as refused:
        media.pictures(path, WIDTHS)
    assert refused.value.code is Code.FILE_WRONG_KIND


# ── carried covers ───────────────────────────────────────────────────────────────────────────────

COVER = samples.png((90, 60), "teal")
EPUB_2 = (
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata><meta name="cover" content="c"/></metadata><manifest>'
    '<item id="x" href="images/other.png"/><item id="c" href="../OEBPS/images/my%20cover.png"/></manifest></package>'
)


def tag(path: Path) -> Path:
    found = mutagen.File(samples.music(path))
    block = FlacPicture()
    block.data, block.type, block.mime = COVER, 3, "image/png"
    if path.suffix == ".flac":
        found.add_picture(block)
    elif path.suffix in {".mp3", ".wav", ".aiff"}:
        if found.tags is None:
            found.add_tags()
        found.tags.add(APIC(mime="image/png", type=3, data=COVER))
    elif path.suffix == ".m4a":
        found["covr"] = [MP4Cover(COVER, MP4Cover.FORMAT_PNG)]
    else:
        found["metadata_block_picture"] = [base64.b64encode(block.write()).decode()]
    found.save()
    return path


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.wav", "a.aiff", "a.m4a", "a.ogg", "a.opus"])
def test_music_shows_the_cover_it_carries(tmp_path: Path, name: str) -> None:
    assert shapes(media.pictures(tag(tmp_path / name), (480,))) == [("image/webp", 90, 60), ("image/jpeg", 90, 60)]


@pytest.mark.parametrize("package", [None, EPUB_2])
def test_a_book_shows_the_cover_it_carries(tmp_path: Path, package: str | None) -> None:
    made = media.pictures(samples.book(tmp_path / "a.epub", package, COVER), (480,))
    assert shapes(made) == [("image/webp", 90, 60), ("image/jpeg", 90, 60)]


def test_a_comic_shows_its_first_page(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.cbz", "w") as archive:
        archive.writestr("002.png", samples.png((10, 10)))
        archive.writestr("001.png", COVER)
        archive.writestr("000.txt", "hi")
    assert shapes(media.pictures(tmp_path / "a.cbz", (480,)))[0] == ("image/webp", 90, 60)


BOMB = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY a{n} '{'&a' + (str(n - 1) if n else '') + ';'}{('&a' + (str(n - 1) if n else '') + ';') * 9}'>"
    for n in range(12)
)


@pytest.mark.parametrize(
    "package",
    [
        "<package",
        '<package xmlns="http://www.idpf.org/2007/opf"/>',
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="c" href="../../../../etc/passwd" properties="cover-image"/></manifest></package>',
        BOMB + "]><package>&a11;</package>",
    ],
)
def test_a_book_that_is_strange_inside_carries_no_cover(tmp_path: Path, package: str) -> None:
    path = samples.book(tmp_path / "a.epub", package)
    with pytest.raises(Refused) as refused:
        media.pictures(path, (480,))
    assert refused.value.code is Code.FILE_WRONG_KIND


def test_a_cover_that_unpacks_to_too_much_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MOST_BYTES", len(COVER) - 1)
    path = samples.book(tmp_path / "a.epub", None, COVER)
    with pytest.raises(Refused):
        media.pictures(path, (480,))


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "a.m4a"])
def test_music_without_a_cover_carries_none(tmp_path: Path, name: str) -> None:
    path = samples.music(tmp_path / name)
    with pytest.raises(Refused) as refused:
        media.pictures(path, (480,))
    assert refused.value.code is Code.FILE_WRONG_KIND
