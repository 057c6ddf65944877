"""What everybody may take of a free work."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.fetching import Fetch
from headwaters.web.contexts.orders import OtherFormat


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
    formats: tuple[OtherFormat, ...]  # what the shop made of the files
    fetch: Fetch
