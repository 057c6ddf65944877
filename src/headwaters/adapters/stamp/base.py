"""What every format has in common: a file that is read, and written anew with other metadata."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from headwaters.core.errors import N_
from headwaters.core.works.stamps import Facts, Field, Finding

CHUNK = 1 << 20
MOST_UNPACKED = 16 << 20  # bytes of metadata
BROKEN = N_("It is not as its format says, so it stays as it is.")
SIGNED = N_("It is signed, and a signature holds for its bytes as they are.")
LOCKED = N_("It is encrypted.")
APPENDED = N_("There is something behind its end (a moving picture, perhaps), and that would be lost.")
TOO_LARGE = N_("Its metadata is larger than a file like this ever has.")
TAKES_TOO_MUCH = N_("It takes more time or memory than the shop gives to one file.")
DIFFERS = N_("What is seen and heard in the copy would not have been the same to the last bit.")


class LeftAlone(Exception):
    """This file is published as it is; `why`: a msgid."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Document(Protocol):
    """One opened file."""

    def fields(self, facts: Facts) -> list[Field]:
        """What it says, and what it would say."""

    def findings(self) -> list[Finding]:
        """What its creator perhaps did not mean to publish."""

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """A copy at `target` with these fields, and without what is to be dropped."""


class Format(Protocol):
    """How files of one format are read. Both raise LeftAlone, or nearly anything on a broken file."""

    def open(self, path: Path) -> Document: ...

    def essence(self, path: Path) -> object:
        """What must be the same in the copy: equal for two files whose sounds, pictures and texts are, bit by bit."""


def copy_file(source: Path, target: Path) -> None:
    """All bytes, sharing them where the disk can. The target can be written to, whatever the source is."""
    shutil.copyfile(source, target)
    target.chmod(0o600)


def cleaned_beside(target: Path) -> Path:
    """Where a copy without what was not meant is, on its way to `target`."""
    return target.with_name(f"{target.name}-clean")


def copy_range(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    """Bytes `start` to `end` of one file behind the other. Raises LeftAlone where the first is shorter."""
    source.seek(start)
    for data in pieces(source, end - start):
        target.write(data)


def pieces(source: BinaryIO, length: int) -> Iterator[bytes]:
    """`length` bytes from where `source` stands, piece by piece. Raises LeftAlone where there are fewer."""
    while length > 0:
        if not (data := source.read(min(length, CHUNK))):
            raise LeftAlone(BROKEN)
        length -= len(data)
        yield data


def hash_range(source: BinaryIO, start: int, end: int) -> str:
    """SHA-256 of bytes `start` to `end`."""
    digest = sha256()
    source.seek(start)
    for data in pieces(source, end - start):
        digest.update(data)
    return digest.hexdigest()


def exactly(source: BinaryIO, length: int) -> bytes:
    """`length` bytes. Raises LeftAlone where there are fewer."""
    data = source.read(length)
    if len(data) != length:
        raise LeftAlone(BROKEN)
    return data


def unpacked(data: bytes, most: int = MOST_UNPACKED) -> bytes:
    """What zlib packed. Raises LeftAlone, also where it comes to more than `most`: a kilobyte can be a megabyte."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, most)
    except zlib.error:
        raise LeftAlone(BROKEN) from None
    if unpacker.unconsumed_tail:
        raise LeftAlone(TOO_LARGE)
    return found


def size_of(source: BinaryIO) -> int:
    """How large an opened file is."""
    return os.fstat(source.fileno()).st_size


def changed(fields: Sequence[Field]) -> list[Field]:
    """Those that the copy says otherwise."""
    return [one for one in fields if one.changes]


def by_where(fields: Sequence[Field], put: Callable[[str, str], None]) -> None:
    """`put(where, text)` for each that changes."""
    for one in changed(fields):
        put(one.where, one.after)
