"""The workshop: what the shop makes of editions in the background, one thing at a time in each lane.

    queued with the edition ─► taken (a lease) ─► made before? ─► its files join the edition, in one transaction
                                              └─► a maker ─────┘
                                                  └─► waiting again, failed, or skipped, with the reason in words

Killed at any gap it goes on: without a sign of life for a minute a making is taken again, from its start. Publishing
never waits for it, and never fails because of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from headwaters.actions import makings as verbs
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, HeadwatersError, Refused, Unavailable
from headwaters.core.shelf.keys import REF_LENGTH
from headwaters.core.works.editions import Role
from headwaters.core.works.makings import BEAT, LEASE, Lane
from headwaters.core.works.recipes import base_of
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe, Skip, work_folder
from headwaters.errands.blobs import blob_of, row_of
from headwaters.errands.failures import log_failure
from headwaters.errands.house import House, refresh
from headwaters.errands.makers import books, films, pictures, pieces, sounds, torrents, views
from headwaters.ports import Blob
from headwaters.store import makings as rows
from headwaters.store.db import Connection
from headwaters.store.makings import MakingRow
from headwaters.store.works import FileRow
from headwaters.texts import error_text, hint_text

log = logging.getLogger(__name__)

# Each piece that makes something adds its RECIPES here: one line.
RECIPES: Mapping[str, Recipe] = {
    **pictures.RECIPES,
    **sounds.RECIPES,
    **films.RECIPES,
    **books.RECIPES,
    **pieces.RECIPES,
    **views.RECIPES,
    **torrents.RECIPES,
}


class Workshop:
    """What one process makes, and how far it is. For its event loop only."""

    def __init__(self, house: House, recipes: Mapping[str, Recipe] = RECIPES) -> None:
        self._house = house
        self._recipes = recipes
        self._wanted: object = None  # the settings under which all that is missing was queued last
        self._stopping = False
        self._attempts: set[asyncio.Task[Product]] = set()

    async def queue_missing(self) -> int:
        """Queue what the works want by the settings of now, if that is news; how many makings that were."""
        settings = self._house.now.settings
        wanted = (settings.formats, settings.taste)
        if wanted == self._wanted:
            return 0
        queued = await self._house.db.write(partial(verbs.queue_all, now=self._house.clock()))
        self._wanted = wanted
        return queued

    async def make_due(self, lane: Lane) -> int:
        """Make what is due in a lane, one after the other; how many were taken."""
        count = 0
        while not self._stopping and (making := await self._take(lane)) is not None:
            await self._make(making)
            count += 1
        return count

    def stop(self) -> None:
        """Take nothing more; what is under way goes back into the queue."""
        self._stopping = True
        for attempt in self._attempts:
            attempt.cancel()

    async def _take(self, lane: Lane) -> MakingRow | None:
        """A making that is due and ours now. Looks before it writes: mostly there is none."""
        recipes = [name for name, recipe in self._recipes.items() if recipe.lane is lane]
        now = self._house.clock()
        look = partial(rows.next_due, recipes=recipes, now=to_micros(now), lease=to_micros(now - LEASE))
        if await self._house.db.read(look) is None:
            return None
        return await self._house.db.write(partial(verbs.take_making, recipes=recipes, now=now))

    # ── one making ───────────────────────────────────────────────────────────────────────────────

    async def _make(self, making: MakingRow) -> None:
        done = [0]
        attempt = asyncio.create_task(self._attempt(making, done), name=f"making {making.id}")
        self._attempts.add(attempt)
        beating = asyncio.create_task(self._beat(making, done, attempt))
        try:
            await asyncio.wait({attempt})
        except asyncio.CancelledError:
            attempt.cancel()
            await asyncio.wait({attempt})
            await asyncio.shield(self._note(partial(verbs.put_back, making=making)))
            raise
        finally:
            beating.cancel()
            self._attempts.discard(attempt)
        await asyncio.shield(self._end(making, attempt))

    async def _attempt(self, making: MakingRow, done: list[int]) -> Product:
        if (known := await self._as_before(making)) is not None:
            return known

        def look(conn: Connection) -> tuple[rows.SubjectRow | None, list[rows.OriginRow]]:
            return rows.subject(conn, making.edition_id), rows.origins(conn, making.edition_id)

        def report(thousandths: int) -> None:
            done[0] = thousandths

        subject, files = await self._house.db.read(look)
        if subject is None:
            raise Refused(Code.WORK_UNKNOWN, N_("The work is not there any more."))
        with work_folder(self._house.config.workshop_dir) as folder:
            bench = Bench(self._house, making, subject, tuple(files), folder, report)
            return await self._recipes[base_of(making.recipe)].make(bench)

    async def _as_before(self, making: MakingRow) -> Product | None:
        """The same bytes made into the same for an edition before; None where there is none, or it is damaged by now:
        made anew, it is whole for both."""
        before = await self._house.db.read(partial(_made_before, making=making))
        kept = await self._house.db.read(partial(rows.blobs_of, digests=[row.sha256 for row in before]))
        if not before or any(blob.fault for blob in kept.values()):
            return None
        return Product(tuple(_made(row, blob_of(kept[row.sha256])) for row in before))

    async def _beat(self, making: MakingRow, done: list[int], attempt: asyncio.Task[Product]) -> None:
        """Signs of life; and where it is not ours any more, an end."""
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            with suppress(HeadwatersError):
                if not await self._note(partial(verbs.beat, making=making, done=done[0])):
                    attempt.cancel()
                    return

    # ── how it ends ──────────────────────────────────────────────────────────────────────────────

    async def _end(self, making: MakingRow, attempt: asyncio.Task[Product]) -> None:
        if attempt.cancelled():  # at the end of the process; or somebody stopped it, and then this changes nothing
            await self._note(partial(verbs.put_back, making=making))
            return
        what = f"making {making.id} ({making.recipe})"
        match attempt.exception():
            case None:
                await self._finish(making, attempt.result())
            case Skip() as skip:
                await self._note(partial(verbs.skip_making, making=making, why=self._words(skip)))
            case Unavailable() | Refused(code=Code.DISK_FULL) as error:
                log_failure(log, what, error)
                await self._note(partial(verbs.retry_making, making=making, why=self._words(error)))
            case HeadwatersError() as refused:
                await self._note(partial(verbs.fail_making, making=making, why=self._words(refused)))
            case error:
                assert error is not None
                log_failure(log, what, error)
                await self._note(partial(verbs.fail_making, making=making, why=self._words(_our_mistake())))

    async def _finish(self, making: MakingRow, product: Product) -> None:
        files = [_row(self._house.token()[:REF_LENGTH], making, file) for file in product.files]
        blobs = [row_of(blob) for blob in (*(file.blob for file in product.files), *product.blobs)]
        finish = partial(verbs.finish_making, making=making, files=files, blobs=blobs, then=product.then)
        if await self._note(finish):
            await refresh(self._house)

    async def _note(self, verb: partial[bool]) -> bool:
        now = self._house.clock()
        return await self._house.db.write(lambda conn: verb(conn, now=now))

    def _words(self, error: HeadwatersError) -> str:
        language = self._house.now.settings.language
        return " ".join(part for part in (error_text(error, language), hint_text(error, language)) if part)


def _made_before(conn: Connection, making: MakingRow) -> tuple[FileRow, ...]:
    """What is there of the making itself, if it was lost and is to be made again; or of another edition."""
    own = rows.made_of(conn, making.edition_id, making.file_id, making.recipe)
    return own or rows.made_before(conn, making)


def _row(ref: str, making: MakingRow, file: MadeFile) -> FileRow:
    return FileRow(
        ref=ref,
        role=file.role.value,
        name=file.name,
        label=file.label,
        media_type=file.media_type,
        sha256=file.blob.sha256,
        size=file.blob.size,
        seconds_micros=None if file.seconds is None else round(file.seconds * 1_000_000),
        width=file.width,
        height=file.height,
        made_from=making.file_id or None,
        recipe=making.recipe,
        details=file.details,
    )


def _made(row: FileRow, blob: Blob) -> MadeFile:
    return MadeFile(
        role=Role(row.role),
        name=row.name,
        media_type=row.media_type,
        blob=blob,
        label=row.label,
        seconds=None if row.seconds_micros is None else row.seconds_micros / 1_000_000,
        width=row.width,
        height=row.height,
        details=row.details,
    )


def _our_mistake() -> Refused:
    hint = N_("Try again; if it stays, look into the shop’s log.")
    return Refused(Code.NOT_MADE, N_("That was our mistake, and nothing was made."), hint=hint)
