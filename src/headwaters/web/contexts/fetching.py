"""Other ways to fetch a work, for programs; and what everybody may take of a free one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mirror:
    """Another host that has the same files."""

    host: str
    href: str  # of the folder there, or of the only file


@dataclass(frozen=True, slots=True)
class Fetch:
    """The files of a work for programs that fetch. Addresses of an order page hold the reader's own download key."""

    sums: str  # address of SHA256SUMS
    metalink: str  # address of the .meta4
    torrent: str  # address of the .torrent, or empty while it is being made
    magnet: str  # the magnet link, or empty as well
    mirrors: tuple[Mirror, ...]
    private: bool  # the addresses are the reader's own


@dataclass(frozen=True, slots=True)
class FreeFile:
    """A file that everybody may take."""

    label: str
    name: str
    format: str
    length: str
    size: str
    href: str
    media_type: str


@dataclass(frozen=True, slots=True)
class FreeWork:
    """What has a public address, as the work asks for nothing."""

    files: tuple[FreeFile, ...]
    archive: str  # address of everything as one ZIP; empty for a single file
    size: str  # of everything
    fetch: Fetch
