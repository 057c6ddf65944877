"""The Studio: files on their way to a draft."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import Frame


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A file of a draft."""

    ref: str
    address: str  # where its form goes
    name: str
    size_text: str
    state: str  # coming, checking, here, refused
    words: str  # its state in a sentence; what is wrong with it, if it was refused
    percent: int  # of what is going on: bytes that came, or were checked
    busy: bool  # bytes come in just now, from this window or another
    role: str  # work, sample, cover; empty: by its name
    role_words: str  # empty for one by its name
    label: str
    origin: str  # where it lies on this machine, where it was picked there
    first: bool
    last: bool
    changing: bool  # its form is open
    findings: tuple[str, ...]  # what it tells that its creator perhaps did not mean to publish, a line each
    removable: bool  # the shop can leave some of that out of its copy
    left_out: str  # that it does, in a sentence; empty where its creator did not say so
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class UploadsView:
    """The macro `uploads` of `studio/_uploads.html`: the files of a draft, and ways to add some. Forms of its own."""

    draft: str
    address: str  # where the form without scripts goes
    endpoint: str  # where uploads begin (tus)
    csrf: str
    back: str  # the page to come back to
    script: str  # address of the script that sends in pieces
    rows: tuple[UploadRow, ...]
    summary: str  # how many files, and how much that is; empty for none
    open: bool  # files may come and go
    largest: str  # the largest file that is taken
    plain: str  # the most that the form without scripts takes
    server: str  # where files of this machine are picked; empty: there is no folder for it
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class FilesPage:
    """`studio/files.html`: the files of a draft on a page of their own."""

    frame: Frame
    draft: str  # the draft's address
    uploads: UploadsView


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """A file or folder of this machine."""

    name: str
    path: str
    href: str  # into a folder; empty for a file
    size: str  # empty for a folder


@dataclass(frozen=True, slots=True)
class ServerPage:
    """`studio/server.html`: files of this machine to pick from."""

    frame: Frame
    address: str  # where the form goes
    back: str  # the page to come back to
    path: str  # empty for the list of the folders that may be used
    above: str  # one folder up; empty where there is none
    entries: tuple[ServerEntry, ...]
    more: bool  # there are more than the page shows
    problem: Problem | None
