"""What everybody may take of a free work."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.fetching import Fetch
from headwaters.web.contexts.orders import OtherFormat, Trouble


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
    trouble: Trouble | None  # why it is not sent for now


@dataclass(frozen=True, slots=True)
class FreeWork:
    """What has a public address, as the work asks for nothing."""

    files: tuple[FreeFile, ...]
    archive: str  # address of everything as one ZIP; empty for a single file
    lacking: int  # files that are damaged or missing: the ZIP is not sent as long as there are any
    size: str  # of everything
    formats: tuple[OtherFormat, ...]  # what the shop made of the files
    fetch: Fetch
