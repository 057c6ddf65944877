"""The picture that a book or a piece of music carries as its cover, so that it need not be given twice."""

from __future__ import annotations

import base64
import contextlib
import io
import posixpath
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import mutagen
from mutagen.flac import Picture as FlacPicture

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.media import Family
from headwaters.core.works.names import shown

MOST_BYTES = 50_000_000  # of a cover inside another file
_MOST_XML = 5_000_000
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif")
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"


def carried_picture(path: Path, family: Family) -> io.BytesIO:
    """The cover inside the file at `path`. Raises Refused(FILE_WRONG_KIND) when there is none."""
    reader = _READERS.get(family)
    if reader is not None:
        with contextlib.suppress(Exception):  # whatever is wrong inside a strange file: it carries no cover
            if data := reader(path):
                return io.BytesIO(data)
    raise Refused(
        Code.FILE_WRONG_KIND,
        N_("“%(name)s” is no picture and carries none."),
        hint=N_("Give a picture: JPEG, PNG or WebP."),
        field="cover",
        name=shown(path.name),
    )


def _of_book(path: Path) -> bytes | None:
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        name = _cover_of_epub(archive) if "META-INF/container.xml" in archive.namelist() else _first_picture(archive)
        return _member(archive, name, MOST_BYTES) if name else None


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError("too large")
    return data


def _first_picture(archive: zipfile.ZipFile) -> str | None:
    """A comic's cover is its first page."""
    return min((name for name in archive.namelist() if name.lower().endswith(_PICTURES)), default=None)


def _cover_of_epub(archive: zipfile.ZipFile) -> str | None:
    """EPUB 3: the item with the property `cover-image`; EPUB 2: the one that `<meta name="cover">` names."""
    container = ElementTree.fromstring(_member(archive, "META-INF/container.xml", _MOST_XML))  # noqa: S314
    root = container.find(f".//{_CONTAINER}rootfile")
    place = root.get("full-path", "") if root is not None else ""
    package = ElementTree.fromstring(_member(archive, place, _MOST_XML))  # noqa: S314  (expat stops entity bombs)
    items = package.findall(f".//{_OPF}manifest/{_OPF}item")
    named = {meta.get("content") for meta in package.iter(f"{_OPF}meta") if meta.get("name") == "cover"}
    for item in items:
        if "cover-image" in item.get("properties", "").split() or item.get("id") in named:
            return posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(item.get("href", ""))))
    return None


def _of_music(path: Path) -> bytes | None:
    found: Any = mutagen.File(path)
    for read in (_flac_picture, _id3_picture, _mp4_picture, _vorbis_picture):
        if data := read(found):
            return data
    return None


def _flac_picture(found: Any) -> bytes | None:
    pictures = getattr(found, "pictures", None) or []
    return next((bytes(picture.data) for picture in sorted(pictures, key=lambda picture: picture.type != 3)), None)


def _id3_picture(found: Any) -> bytes | None:
    frames = found.tags.getall("APIC") if hasattr(found.tags, "getall") else []
    return next((bytes(frame.data) for frame in sorted(frames, key=lambda frame: frame.type != 3)), None)


def _mp4_picture(found: Any) -> bytes | None:
    covers = (found.tags or {}).get("covr", [])
    return bytes(covers[0]) if covers else None


def _vorbis_picture(found: Any) -> bytes | None:
    blocks = (found.tags or {}).get("metadata_block_picture", [])
    block: Any = FlacPicture  # untyped
    return bytes(block(base64.b64decode(blocks[0])).data) if blocks else None


_READERS: dict[Family, Callable[[Path], bytes | None]] = {Family.BOOK: _of_book, Family.MUSIC: _of_music}
