"""A reader and a writer for each format, chosen by the name; each copy is looked at afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from headwaters.adapters.stamp.archive import PROGRAM, ArchiveFormat
from headwaters.adapters.stamp.base import BROKEN, DIFFERS, Document, Format, LeftAlone, cleaned_beside
from headwaters.adapters.stamp.epub import EpubFormat
from headwaters.adapters.stamp.heif import HeifFormat
from headwaters.adapters.stamp.jpeg import JpegFormat
from headwaters.adapters.stamp.matroska import MatroskaFormat
from headwaters.adapters.stamp.office import OfficeFormat
from headwaters.adapters.stamp.pdf import PdfFormat
from headwaters.adapters.stamp.png import PngFormat
from headwaters.adapters.stamp.quicktime import QuickTimeFormat
from headwaters.adapters.stamp.tags.id3 import Id3Format
from headwaters.adapters.stamp.tags.mp4 import Mp4Format
from headwaters.adapters.stamp.tags.vorbis import VorbisFormat
from headwaters.adapters.stamp.tiff import TiffFormat
from headwaters.adapters.stamp.webp import WebpFormat
from headwaters.core.works.media import format_by_name
from headwaters.core.works.stamps import NO_PLACE, Facts, Finding, Kind, tidy
from headwaters.ports import Examined, Stamped, StampWish

__all__ = ["FormatStamper"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_FORMATS: dict[str, Format] = {
    "mp3": Id3Format(),
    **dict.fromkeys(("flac", "ogg", "oga", "opus", "ogv"), VorbisFormat()),
    **dict.fromkeys(("m4a", "m4b", "mp4", "m4v"), Mp4Format()),
    **dict.fromkeys(("mov", "qt"), QuickTimeFormat()),
    **dict.fromkeys(("mkv", "mka", "webm"), MatroskaFormat()),
    "epub": EpubFormat(),
    "pdf": PdfFormat(),
    **dict.fromkeys(("jpg", "jpeg"), JpegFormat()),
    "png": PngFormat(),
    "webp": WebpFormat(),
    **dict.fromkeys(("tif", "tiff"), TiffFormat()),
    **dict.fromkeys(("heic", "heif", "avif"), HeifFormat()),
    "zip": ArchiveFormat(),
    **dict.fromkeys(("docx", "odt"), OfficeFormat()),
}
_PROGRAMS = frozenset(["cbz", "apk", "love", "jar"])


class FormatStamper:
    """Stateless; use it from any thread."""

    def examine(self, path: Path, name: str, facts: Facts | None) -> Examined:
        """See ports.Stamper."""
        try:
            document = _quietly(name, lambda: _format(name).open(path))
            fields = tuple(_quietly(name, lambda: document.fields(facts))) if facts else ()
            return Examined(fields, _quietly(name, lambda: _findings(document, facts)))
        except LeftAlone as left:
            return Examined(why=left.why)

    def stamp(self, path: Path, name: str, target: Path, wish: StampWish) -> Stamped:
        """See ports.Stamper."""
        try:
            return _quietly(name, lambda: self._stamp(path, name, target, wish))
        except LeftAlone as left:
            target.unlink(missing_ok=True)
            return Stamped(False, why=left.why)

    def _stamp(self, path: Path, name: str, target: Path, wish: StampWish) -> Stamped:
        form, cleaned = _format(name), cleaned_beside(target)
        document = form.open(path)
        findings = _findings(document, wish.facts) if wish.clean else ()
        drop = [one for one in findings if one.removable]
        left = tuple(one for one in findings if not one.removable)
        try:
            if drop:  # first, so that what was taken out is room for a colophon
                document.write(cleaned, (), drop)
                document = form.open(cleaned)
            fields = tuple(document.fields(wish.facts)) if wish.facts else ()
            if any(one.changes for one in fields):
                document.write(target, fields, ())
            elif drop:
                cleaned.replace(target)
            else:
                return Stamped(False, fields, left=left, why="" if fields or not wish.facts else NO_PLACE)
        finally:
            cleaned.unlink(missing_ok=True)
        _check(form, path, target, wish)
        return Stamped(True, fields, tuple(drop), left)


def _check(form: Format, path: Path, target: Path, wish: StampWish) -> None:
    """The copy sounds, looks and reads as the original does, and says what it should. Raises LeftAlone."""
    if form.essence(path) != form.essence(target):
        raise LeftAlone(DIFFERS)
    copy: Document = form.open(target)
    if wish.facts and any(one.changes for one in copy.fields(wish.facts)):
        raise LeftAlone(DIFFERS)
    if wish.clean and any(one.removable for one in _findings(copy, wish.facts)):
        raise LeftAlone(DIFFERS)


def _findings(document: Document, facts: Facts | None) -> tuple[Finding, ...]:
    """What it tells; the name of who made the work is meant to be told."""
    meant = facts.by.casefold() if facts else ""
    found = document.findings()
    return tidy(one for one in found if not (one.kind is Kind.PERSON and one.value.strip().casefold() == meant))


def _format(name: str) -> Format:
    """Raises LeftAlone."""
    known = format_by_name(name)
    ending = name.rpartition(".")[2].casefold()
    if ending in _PROGRAMS:
        raise LeftAlone(PROGRAM)
    if known is None or ending not in _FORMATS:
        raise LeftAlone(NO_PLACE)
    return _FORMATS[ending]


def _quietly(name: str, work: Callable[[], T]) -> T:
    """`work()`; whatever a library says of a broken file, it is broken. A disk that is full, or a file that cannot be
    read, is nothing of the kind: OSError."""
    try:
        return work()
    except LeftAlone:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise LeftAlone(BROKEN) from error
    except MemoryError:
        raise
    except Exception as error:
        if error.args and isinstance(error.args[0], OSError) and error.args[0].errno is not None:
            raise error.args[0] from error  # mutagen wraps what the disk says
        log.info("a file of the kind %s could not be read: %s", name.rpartition(".")[2], type(error).__name__)
        raise LeftAlone(BROKEN) from error


_stamper = FormatStamper()
examine, stamp = _stamper.examine, _stamper.stamp
