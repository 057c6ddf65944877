"""Keeping the files of one work: each its own bytes, or a copy with a colophon. What publishing does in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from headwaters.core.works.details import Details
from headwaters.core.works.editions import EditionFile, Role, fingerprint
from headwaters.core.works.stamps import Facts
from headwaters.errands.gather import Plan, PlannedFile
from headwaters.errands.house import House
from headwaters.errands.stamping import (
    Newest,
    Note,
    Tell,
    examine,
    facts_for,
    hash_original,
    is_whole,
    keep_copy,
    mark_of,
)
from headwaters.ports import Blob, Keep, Look, StampWish


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a work's files are kept, in bytes of all of them; `name`: the file at hand."""

    name: str
    done: int
    total: int


Report = Callable[[Progress], None]


class Stopped(Exception):
    """The publishing was cancelled while a file was being kept."""


@dataclass(slots=True)
class Keeping:
    """The files of one work on their way into the shop. Its methods block."""

    house: House
    plan: Plan
    looks: Sequence[Look]
    details: Details
    slug: str
    newest: Newest
    clean: bool
    keep: Keep = Keep.COPY
    notes: list[Note] = field(default_factory=list)
    number: int = 1

    def examine_all(self, facts: Facts | None) -> None:
        """What each file tells; `facts`: a colophon, None where there shall be none. Raises Refused."""
        wants = StampWish(clean=self.clean)
        self.notes = [examine(self.house, file, facts, wants, self.keep) for file in self.plan.files]

    def keep_all(self, report: Report, stop: threading.Event) -> list[Made]:
        """Keep each file, or a copy of it. Raises Refused, Stopped."""
        files, plain = self.plan.files, all(note.is_plain for note in self.notes)
        total = sum(file.found.size for file in files) * (1 if plain else 2)
        meter = _Meter(report, total, stop)
        digests = [""] * len(files) if plain else [hash_original(file, meter.of(file.name)) for file in files]
        marks = [mark_of(note, digest) for note, digest in zip(self.notes, digests, strict=True)]
        same = not plain and self._is_as_before(digests, marks)
        self.number = self.newest.number + (0 if same else 1)
        facts = facts_for(self.house, self.details, self.slug, self.number)
        made = []
        for file, note, mark in zip(files, self.notes, marks, strict=True):
            tell = meter.of(file.name)
            tell(0)
            before = self.newest.copy_of(file.role, file.name, mark) if same and mark else None
            if before is not None and is_whole(self.house, before):
                made.append(Made(before, mark, note))
            else:
                made.append(self._keep(file, note, mark, facts, tell))
        return made

    def _keep(self, file: PlannedFile, note: Note, mark: str, facts: Facts, tell: Tell) -> Made:
        blob, note = keep_copy(self.house, file, note, facts)
        if blob is not None:
            tell(file.found.size)
            return Made(blob, mark, note)
        return Made(self.house.storage.keep(file.found.real, file.keep or self.keep, tell, file.known), "", note)

    def _is_as_before(self, digests: Sequence[str], marks: Sequence[str]) -> bool:
        """Whether these are the files of the newest edition."""
        blobs = [
            Made(Blob(digest, 0, 0), mark, note) for digest, mark, note in zip(digests, marks, self.notes, strict=True)
        ]
        files = [*(kept.file for kept in self.plan.kept), *map(edition_file, self.plan.files, self.looks, blobs)]
        return fingerprint(in_order(self.plan, files)) == self.newest.fingerprint


@dataclass(frozen=True, slots=True)
class Made:
    """A kept file; `given` as its row has it."""

    blob: Blob
    given: str
    note: Note


class _Meter:
    """Counts bytes for `report`, and stops who was cancelled."""

    def __init__(self, report: Report, total: int, stop: threading.Event) -> None:
        self._report, self._total, self._stop, self._done = report, total, stop, 0

    def of(self, name: str) -> Tell:
        """What is told of one file."""

        def tell(more: int) -> None:
            if self._stop.is_set():
                raise Stopped
            self._done += more
            self._report(Progress(name, self._done, self._total))

        return tell


def in_order(plan: Plan, files: Sequence[EditionFile]) -> tuple[EditionFile, ...]:
    places = {name: place for place, name in enumerate(plan.order)}
    return tuple(sorted(files, key=lambda file: (_ORDER[file.role], places.get(file.name, 0))))


_ORDER = {role: place for place, role in enumerate(Role)}


def edition_file(file: PlannedFile, look: Look, made: Made) -> EditionFile:
    return EditionFile(
        role=file.role,
        name=file.name,
        label=file.label,
        media_type=look.media_type,
        sha256=made.blob.sha256,
        size=made.blob.size,
        seconds_micros=None if look.seconds is None else round(look.seconds * 1_000_000),
        width=look.width,
        height=look.height,
        given=made.given,
    )
