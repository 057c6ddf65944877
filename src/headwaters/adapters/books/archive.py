"""An e-book's ZIP, read with care: nothing is unpacked to the disk, and nothing is believed that it says of sizes."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.names import shown

MOST_ENTRIES = 20_000
LARGEST_PART = 8 << 20  # bytes of a chapter, a style sheet, a table of contents
LARGEST_PICTURE = 20 << 20
MOST_TOGETHER = 400 << 20  # bytes that are unpacked of one book
_WRONG = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError, KeyError)
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCKED = 0x1
Lighten = Callable[[str, bytes], tuple[str, bytes]]
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.ASCII | re.IGNORECASE)


def broken(name: str, why: str) -> Refused:
    """The one refusal of a book that cannot be read. `why` is a msgid."""
    return Refused(
        Code.FILE_WRONG_KIND,
        N_("“%(name)s” cannot be read as a book: %(why)s"),
        hint=N_("Look at it with epubcheck, or save it anew."),
        field="files",
        name=shown(name),
        why=why,
    )


class Archive:
    """The members of the ZIP at `path`. Raises Refused(FILE_WRONG_KIND)."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._left = MOST_TOGETHER
        try:
            self._zip = zipfile.ZipFile(path)
            infos = self._zip.infolist()
        except _WRONG:
            raise broken(self.name, N_("it is no whole ZIP.")) from None
        if len(infos) > MOST_ENTRIES:
            self._zip.close()
            raise broken(self.name, N_("it has too many parts."))
        self._infos = {info.filename: info for info in infos}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def read(self, name: str, most: int = LARGEST_PART) -> bytes | None:
        """The member's bytes; None where it is missing, locked, broken, or larger than `most`.

        Raises Refused(FILE_WRONG_KIND) once all that was read is too much for a book.
        """
        info = self._infos.get(name)
        if info is None or info.flag_bits & _LOCKED or info.compress_type not in _PLAIN or info.file_size > most:
            return None
        try:
            with self._zip.open(info) as member:
                data = member.read(most + 1)
        except _WRONG:
            return None
        self._left -= len(data)
        if self._left < 0:
            raise broken(self.name, N_("it unpacks to too much."))
        return data if len(data) <= most else None


def resolve(base: str, href: str) -> tuple[str, str]:
    """(member, fragment) of an address that stands in the member `base`; ("", "") where it leads out of the book."""
    if _SCHEME.match(href.strip()):
        return "", ""
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return "", ""
    if not parts.path:
        return base, unquote(parts.fragment)
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
    if joined.startswith(("/", "../")) or joined == "..":
        return "", ""
    return joined, unquote(parts.fragment)
