"""Small real files, made here: pictures by Pillow, music and films by ffmpeg, a book by zipfile."""

from __future__ import annotations

import io
import subprocess
import wave
import zipfile
from collections.abc import Mapping
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image


def picture(path: Path, size: tuple[int, int] = (320, 200), colour: str = "steelblue") -> Path:
    """A picture of one colour, in the format that the name says."""
    Image.new("RGB", size, colour).save(path)
    return path


def wav(path: Path, seconds: float = 0.5, rate: int = 8000) -> Path:
    """Silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\0\0" * int(seconds * rate))
    return path


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg, quietly."""
    subprocess.run([get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)


def film(path: Path, size: str = "64x48", seconds: float = 0.5) -> Path:
    """A moving test picture, in the container that the name says."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc=size={size}:rate=10:duration={seconds}", "-pix_fmt", "yuv420p", str(path))
    return path


def spoilt_film(path: Path) -> Path:
    """A film as long as its boxes say, whose table of contents is nothing."""
    data = film(path).read_bytes()
    table = data.index(b"moov") + 4
    path.write_bytes(data[:table] + bytes(len(data) - table))
    return path


def music(path: Path, seconds: float = 0.5) -> Path:
    """A tone, in the format that the name says."""
    ffmpeg("-f", "lavfi", "-i", f"sine=duration={seconds}", str(path))
    return path


ZIP_END = b"PK\x05\x06" + b"\xff" * 16 + bytes(2)
"""How a ZIP ends; of what is before it, it says nothing that is true."""

_LINK = 0o120777 << 16


def zipped(members: Mapping[str, str], links: Mapping[str, str] | None = None) -> bytes:
    """A ZIP of texts, and of links: a name, and where it points."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
        for name, target in (links or {}).items():
            link = zipfile.ZipInfo(name)
            link.create_system, link.external_attr = 3, _LINK
            archive.writestr(link, target)
    return data.getvalue()


_CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def book(path: Path, package: str | None = None, cover: bytes = b"") -> Path:
    """An EPUB with a package document (by default one that names a cover, as EPUB 3 does)."""
    named = package or (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="c" href="images/my%20cover.png" media-type="image/png" properties="cover-image"/>'
        "</manifest></package>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", _CONTAINER)
        archive.writestr("OEBPS/book.opf", named)
        if cover:
            archive.writestr("OEBPS/images/my cover.png", cover)
    return path


def pdf(filling: bytes = b"") -> bytes:
    """What begins and ends as a PDF does."""
    return b"%PDF-1.7\n" + filling + b"\n%%EOF\n"


def png(size: tuple[int, int] = (320, 200), colour: str = "steelblue") -> bytes:
    """The bytes of a PNG."""
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()


_PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:uuid:3f1c1d3e-8a52-4d0b-9a4e-0a4f5e9c7b11</dc:identifier>
    <dc:title>Low Water</dc:title>
    <dc:language>en</dc:language>
    <meta property="dcterms:modified">2026-11-22T12:00:00Z</meta>
  </metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    <item id="one" href="one.xhtml" media-type="application/xhtml+xml"/>
  </manifest>
  <spine><itemref idref="one"/></spine>
</package>
"""
_PAGE = (
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en">'
    "<head><title>Low Water</title></head><body>%s</body></html>"
)


def whole_book(path: Path) -> Path:
    """An EPUB 3 that epubcheck has nothing to say about."""
    pages = {
        "one.xhtml": "<p>The river was low.</p>",
        "nav.xhtml": '<nav epub:type="toc"><ol><li><a href="one.xhtml">One</a></li></ol></nav>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", _CONTAINER)
        archive.writestr("OEBPS/book.opf", _PACKAGE)
        for name, body in pages.items():
            archive.writestr(f"OEBPS/{name}", _PAGE % body)
    return path


def photo(size: tuple[int, int] = (320, 200)) -> bytes:
    """A JPEG that tells where, by what and by whom it was taken."""
    tags = Image.Exif()
    tags.get_ifd(0x8825).update({1: "N", 2: (53.0, 33.0, 2.16), 3: "E", 4: (9.0, 59.0, 37.32)})
    tags.get_ifd(0x8769).update({0xA431: "SN 4711", 0xA430: "Bob"})
    data = io.BytesIO()
    Image.new("RGB", size, "olive").save(data, "JPEG", exif=tags, comment="not for you")
    return data.getvalue()
