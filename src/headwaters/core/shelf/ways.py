"""The addresses below a way: `/d/<key>` for who holds a work, `/w/<slug>/get` where it is free for everybody."""

from __future__ import annotations

from urllib.parse import quote

from headwaters.core.shelf.archive import SUMS


def held_way(key: str) -> str:
    """What a download key opens."""
    return f"/d/{key}"


def free_way(slug: str) -> str:
    """What everybody may fetch of a free work."""
    return f"/w/{slug}/get"


def file_at(way: str, ref: str, name: str) -> str:
    """One file; its name is decoration, and the last part of it."""
    return f"{way}/{ref}/{quote(name.rpartition('/')[2], safe='')}"


def archive_at(way: str) -> str:
    """All files as one ZIP."""
    return f"{way}/everything.zip"


def sums_at(way: str) -> str:
    """The SHA-256 of each file."""
    return f"{way}/{SUMS}"


def meta4_at(way: str, ref: str = "all") -> str:
    """The Metalink of one file, or of all."""
    return f"{way}/{ref}.meta4"


def torrent_at(way: str) -> str:
    """The torrent of all files."""
    return f"{way}/all.torrent"


def seed_at(way: str, edition: int) -> str:
    """The folder to which a torrent's folder and file are added, for ever those of one edition (BEP 19)."""
    return f"{way}/seed/{edition}/"
