"""Receiving the bytes of uploads, and checking what came: what one process has in its hands right now.

A piece is written while the next bytes come in, flushed to the disk every few megabytes, and counted in the database
after that: what is answered is on the disk, whatever happens next. A piece with a checksum counts whole or not at all.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from headwaters.actions import uploads as verbs
from headwaters.core.errors import N_, Code, Conflict, Refused, TooLarge
from headwaters.core.works.names import base_name
from headwaters.core.works.uploads import Checksum, UploadState
from headwaters.errands.failures import log_failure
from headwaters.errands.house import House
from headwaters.errands.incoming import Writer, busy
from headwaters.errands.picking import is_still
from headwaters.errands.stamping import findings_of
from headwaters.errands.uploads import incoming_of, place_of
from headwaters.errands.whole import check_open
from headwaters.store import uploads as rows
from headwaters.store.uploads import UploadRow
from headwaters.texts import error_text, hint_text

log = logging.getLogger(__name__)

FLUSH_EVERY = 16 << 20  # bytes between two flushes of a fast line
FLUSH_AFTER = 5.0  # seconds between two flushes of a slow one
MOST_WAITING = 1 << 20  # bytes of a fast line that wait in memory for the disk; a slow line never has two chunks
STALLED = 2.0  # seconds without a byte, after which another request for the same upload takes over
LETTING_GO = 5.0  # seconds that the one before is given for its last flush
WRITERS = 4  # threads
_CHUNK = 1 << 20

T = TypeVar("T")


class LineCut(Exception):
    """The line broke while a piece was coming in. What came before is kept."""


class Body(Protocol):
    """The bytes of a request."""

    async def read(self) -> bytes:
        """Some more; nothing at the end. Raises LineCut."""


@dataclass(slots=True)
class _Receiving:
    """A piece that is coming in."""

    task: asyncio.Task[object]
    heard: float = field(default_factory=time.monotonic)
    released: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def silence(self) -> float:
        """Seconds without a byte."""
        return time.monotonic() - self.heard


async def _is_over(receiving: _Receiving, seconds: float) -> bool:
    """Whether it ends within `seconds`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            await receiving.over.wait()
    return receiving.over.is_set()


class Stopped(Exception):
    """The process ends while a file is being checked; it is checked again at the next start."""


class Intake:
    """What one process receives and checks. For its event loop only."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._receiving: dict[str, _Receiving] = {}
        self._checked: dict[str, int] = {}
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="uploads")
        self._check_lock = asyncio.Lock()
        self._stop = threading.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """`work` in one of the threads for uploads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def stop(self) -> None:
        """Checks that are under way end here; they begin anew at the next start."""
        self._stop.set()

    async def close(self) -> None:
        """Nothing of it runs any more."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False)

    def run(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """As a task that runs to its end, whoever stops waiting for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ── receiving ────────────────────────────────────────────────────────────────────────────────

    def is_receiving(self, ref: str) -> bool:
        """Whether bytes of it come in here just now."""
        return ref in self._receiving

    async def offset(self, ref: str) -> UploadRow:
        """The upload as it is, whoever was sending it before: a line that went silent is let go first, so that its last
        bytes are counted. Raises NotFound(UPLOAD_UNKNOWN)."""
        await self._let_go(ref)
        row = await self._house.db.read(partial(rows.upload_at, ref=ref))
        return await self._recount(row) if row.state is UploadState.COMING else row

    async def _recount(self, row: UploadRow) -> UploadRow:
        """A disk that was restored, or cleaned by somebody, has fewer bytes than were counted: those are sent again."""
        house = self._house
        size = await self.in_thread(lambda: _size(place_of(house, row)))
        if size >= row.done or self.is_receiving(row.ref):
            return row
        if size < 0:
            await self.in_thread(lambda: incoming_of(house).make(row.ref, base_name(row.name)))
        with suppress(Conflict):
            await house.db.write(lambda conn: verbs.count_bytes(conn, row.ref, row.done, max(size, 0), house.clock()))
        return await house.db.read(partial(rows.upload_at, ref=row.ref))

    async def receive(
        self, row: UploadRow, offset: int, body: Body, length: int | None = None, checksum: Checksum | None = None
    ) -> int:
        """Append a piece that begins at `offset` and has `length` bytes, where that is known; the offset after it.

        Raises Conflict: UPLOAD_OFFSET, UPLOAD_BUSY; TooLarge(FILE_TOO_LARGE); Refused: DISK_FULL, UPLOAD_DAMAGED;
        LineCut, and keeps what came.
        """
        if row.state is not UploadState.COMING or offset != row.done:
            raise wrong_offset(row.done)
        if length is not None and offset + length > row.size:
            raise _too_much(row)
        receiving = self._take(row.ref)
        try:
            return await self._receive(row, body, receiving, checksum)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if receiving.released and task is not None and task.uncancel() == 0:
                raise LineCut from None
            raise
        finally:
            del self._receiving[row.ref]
            receiving.over.set()

    def _take(self, ref: str) -> _Receiving:
        """The right to receive this upload in this process. Raises Conflict(UPLOAD_BUSY)."""
        task = asyncio.current_task()
        if ref in self._receiving or task is None:
            raise busy()
        receiving = self._receiving[ref] = _Receiving(task)
        return receiving

    async def _let_go(self, ref: str) -> None:
        """The request before may be about to end: its last bytes are waited for. And a closed laptop leaves its
        line open behind: whoever comes back need not wait for that one."""
        receiving = self._receiving.get(ref)
        if receiving is None or await _is_over(receiving, STALLED - receiving.silence):
            return
        if receiving.silence >= STALLED:
            if not receiving.released:
                receiving.released = True
                receiving.task.cancel()
            await _is_over(receiving, LETTING_GO)

    async def _receive(self, row: UploadRow, body: Body, receiving: _Receiving, checksum: Checksum | None) -> int:
        piece = _Piece(self, row, checksum is not None)
        try:
            await piece.open(checksum)
            while data := await body.read():
                receiving.heard = time.monotonic()
                await piece.add(data)
            return await piece.end()
        finally:
            await asyncio.shield(self.run(piece.close()))

    async def keep(self, row: UploadRow, writer: Writer, before: int, at: int) -> int:
        """Flush, and count `at` bytes where `before` were counted; `at`. Raises as `receive`."""
        if at == before:
            return at
        house = self._house
        await self.in_thread(writer.flush)
        state = await house.db.write(lambda conn: verbs.count_bytes(conn, row.ref, before, at, house.clock()))
        if state is UploadState.CHECKING:
            self.look()
        else:
            await self.in_thread(lambda: incoming_of(house).check_room(0))
        return at

    async def open(self, row: UploadRow, checksum: Checksum | None) -> Writer:
        """Its file, ours alone until it is closed. Raises as `receive`."""
        house, incoming = self._house, incoming_of(self._house)

        def open_writer() -> Writer:
            incoming.check_room(1)
            return Writer(incoming, place_of(house, row), row.done, checksum)

        writer = await self.in_thread(open_writer)
        now = await house.db.read(partial(rows.upload_at, ref=row.ref))
        if now.done != row.done:  # another process was faster, and is done
            writer.close()
            raise wrong_offset(now.done)
        return writer

    # ── checking ─────────────────────────────────────────────────────────────────────────────────

    def checked(self, ref: str) -> int | None:
        """Bytes that were read for its check so far; None where this process does not check it."""
        return self._checked.get(ref)

    def look(self) -> None:
        """Check what waits, soon."""
        self.run(self.check_waiting())

    async def check_waiting(self) -> None:
        """Check all that waits for it, one after the other. Another process that does the same only wastes its time."""
        async with self._check_lock:
            for row in await self._house.db.read(partial(rows.uploads_in, state=UploadState.CHECKING)):
                try:
                    await self._check(row)
                except Stopped:
                    return
                except Exception as error:
                    log_failure(log, "the check of an upload", error)

    async def _check(self, row: UploadRow) -> None:
        house = self._house
        self._checked[row.ref] = 0
        try:
            sha256, media_type = await self.in_thread(lambda: self._examine(row))
            told = await self.in_thread(lambda: findings_of(house, place_of(house, row), row.name))
        except Refused as refused:
            language = house.now.settings.language
            why = f"{error_text(refused, language)} {hint_text(refused, language)}".strip()
            await house.db.write(lambda conn: verbs.refuse_upload(conn, row.ref, row.name, why, house.clock()))
        else:
            await house.db.write(
                lambda conn: verbs.accept_upload(conn, row.ref, row.name, sha256, media_type, house.clock(), told)
            )
        finally:
            del self._checked[row.ref]

    def _examine(self, row: UploadRow) -> tuple[str, str]:
        """(SHA-256, media type) of what came. Raises Refused in words for its row; Stopped. In a thread."""
        path = place_of(self._house, row)
        if row.origin is not None and not is_still(self._house, row.origin, base_name(row.name), row.stamp):
            raise _changed()
        try:
            media_type = self._house.media.look(path).media_type
            sha256 = self._hash(row, path)
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise Refused(Code.FILE_UNREADABLE, N_("This file cannot be read: %(why)s."), why=why) from error
        except (Refused, Stopped):
            raise
        except Exception as error:  # a library stumbled over what is in it
            log_failure(log, "looking at an upload", error)
            raise Refused(Code.FILE_UNREADABLE, N_("This file is broken: nobody can tell what is in it.")) from error
        if row.origin is not None and not is_still(self._house, row.origin, base_name(row.name), row.stamp):
            raise _changed()
        return sha256, media_type

    def _hash(self, row: UploadRow, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size != row.size:
                raise Refused(
                    Code.FILE_CHANGED,
                    N_("What is on the shop’s disk is not what was sent."),
                    hint=N_("Take it out, and send it again."),
                )
            check_open(row.name, file.fileno())
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                self._checked[row.ref] = self._checked.get(row.ref, 0) + len(chunk)
                if self._stop.is_set():
                    raise Stopped
        return digest.hexdigest()


class _Piece:
    """One request's bytes: the write of one part runs while the next part comes in, and so does a flush.

    Whoever waits here may be cancelled; what runs in a thread is not, and the file is closed only after it.
    """

    def __init__(self, intake: Intake, row: UploadRow, whole: bool) -> None:
        self._intake = intake
        self._row = row
        self._whole = whole  # counts whole or not at all
        self._came = self._counted = self._flushed = row.done
        self._flushed_at = time.monotonic()
        self._ended = False
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._opening: asyncio.Task[Writer] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[int] | None = None

    async def open(self, checksum: Checksum | None) -> None:
        """Raises as Intake.receive."""
        self._opening = self._intake.run(self._intake.open(self._row, checksum))
        await asyncio.shield(self._opening)

    @property
    def _writer(self) -> Writer:
        assert self._opening is not None
        return self._opening.result()

    async def add(self, data: bytes) -> None:
        """Some more bytes. Raises as Intake.receive."""
        self._came += len(data)
        if self._came > self._row.size:
            raise _too_much(self._row)
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes < MOST_WAITING and self._writing is not None and not self._writing.done():
            return  # the disk is busy, and there is room for more in memory
        await self._write()
        if not self._whole and self._is_due():
            await self._written()
            await self._kept()
            self._flushed, self._flushed_at = self._writer.at, time.monotonic()
            self._keep()

    async def _write(self) -> None:
        """What waits goes to the disk, in one go, behind what is on its way there."""
        await self._written()
        writer, data = self._writer, self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        if data:
            self._writing = self._intake.run(self._intake.in_thread(lambda: writer.write(data)))

    def _is_due(self) -> bool:
        late = time.monotonic() - self._flushed_at > FLUSH_AFTER
        return late or self._came - self._flushed >= FLUSH_EVERY

    def _keep(self) -> None:
        writer = self._writer
        self._keeping = self._intake.run(self._intake.keep(self._row, writer, self._counted, writer.at))

    async def _written(self) -> None:
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None

    async def _kept(self) -> None:
        if self._keeping is not None:
            self._counted = await asyncio.shield(self._keeping)
            self._keeping = None

    async def end(self) -> int:
        """All of it came; the offset after it. Raises as Intake.receive."""
        await self._write()
        await self._written()
        await self._kept()
        if not self._writer.is_right():
            raise Refused(
                Code.UPLOAD_DAMAGED,
                N_("This piece did not arrive as it was sent."),
                hint=N_("Send it again; nothing of it was kept."),
            )
        self._keep()
        await self._kept()
        self._ended = True
        return self._counted

    async def close(self) -> None:
        """Let go of the file. Where the piece did not end: count what came, or take it back if it only counts whole."""
        if self._opening is None or await _outcome(self._opening) is None:
            return
        try:
            await _outcome(self._writing)
            if self._waiting and not self._whole and _went_well(self._writing):
                await self._write()
                await _outcome(self._writing)
            self._counted = await _outcome(self._keeping) or self._counted
            if self._whole and not self._ended and self._counted == self._row.done:
                self._writer.take_back()
            elif not self._ended:
                self._keep()
                await _outcome(self._keeping)  # the row went, the disk is full: what was counted before is right
        finally:
            self._writer.close()


def _went_well(task: asyncio.Task[None] | None) -> bool:
    return task is None or (not task.cancelled() and task.exception() is None)


async def _outcome(task: asyncio.Task[T] | None) -> T | None:
    """What a task came to, waiting for it; None where there is none, or where it failed."""
    if task is None:
        return None
    await asyncio.wait({task})
    return None if task.cancelled() or task.exception() is not None else task.result()


def wrong_offset(done: int) -> Conflict:
    """The piece begins somewhere else."""
    message = N_("%(done)s bytes of this file are here, so the next piece begins there.")
    return Conflict(Code.UPLOAD_OFFSET, message, done=done)


def _too_much(row: UploadRow) -> TooLarge:
    message = N_("More came than the %(size)s bytes that were announced.")
    hint = N_("Did the file change? Take it out, and send it again.")
    return TooLarge(Code.FILE_TOO_LARGE, message, hint=hint, size=row.size)


def _changed() -> Refused:
    return Refused(
        Code.FILE_CHANGED,
        N_("This file is not there any more, or it changed since it was picked."),
        hint=N_("Take it out, and pick it again."),
    )


def _size(path: Path) -> int:
    """-1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
