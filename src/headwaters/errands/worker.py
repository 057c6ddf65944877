"""The worker inside the serving process: carries out what actions queued, and does the chores.

Each outbox row is carried out at least once: taken (a lease in the database), done outside, then marked. Killed at any
gap, the lease runs out and the row is due again. So a handler's effect is idempotent, or it sends the row's key along.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from headwaters.actions import outbox
from headwaters.core.errors import Code, HeadwatersError, Limited, Refused
from headwaters.errands.failures import kind_of, log_failure
from headwaters.errands.house import House
from headwaters.store import outbox as rows
from headwaters.store.outbox import OutboxRow

log = logging.getLogger(__name__)

AT_ONCE = 8  # rows carried out at the same time
POLL = 2.0  # seconds between looks, for what other processes queued
LONGEST_ATTEMPT = 90.0  # seconds; shorter than the lease
GRACE = 3.0  # seconds that attempts under way are given at the end

Handler = Callable[[OutboxRow], Awaitable[None]]
"""Carries out one row. Returns when the outside said yes; raises Refused when it never will (then the row is given
up), anything else when it may work later."""


class LetGo(Exception):
    """Nothing went out, and nothing will: there is no mail server, or nobody wants it. No failure; the row is done, and
    says why."""

    def __init__(self, why: Code) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do at the start and then again and again, `every` after it was done."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]


class Worker:
    """One task of the event loop, from `start` to `stop`. What goes wrong in it is logged and stays in it."""

    def __init__(self, house: House, handlers: Mapping[str, Handler], chores: Sequence[Chore] = ()) -> None:
        """`handlers` by the rows' kind; rows of other kinds are left alone."""
        self._house = house
        self._handlers = dict(handlers)
        self._chores = tuple(chores)
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._hands: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin working."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._work(), name="worker")

    async def stop(self) -> None:
        """Take nothing more, let what is under way end within GRACE seconds, and end."""
        if self._task is None:
            return
        self._stopping.set()
        task, self._task = self._task, None
        _, late = await asyncio.wait({task}, timeout=GRACE)
        for each in late:
            each.cancel()
        await asyncio.wait({task})

    async def carry_out_due(self) -> int:
        """Carry out all that is due now and return; how many attempts that were. For tests and commands."""
        attempts = 0
        while taken := await self._take(AT_ONCE):
            await asyncio.gather(*map(self._carry_out, taken))
            attempts += len(taken)
        return attempts

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for chore in self._chores:
                group.create_task(self._repeat(chore), name=f"chore {chore.name}")
            if self._handlers:
                group.create_task(self._empty_outbox(group), name="outbox")

    # ── the outbox ───────────────────────────────────────────────────────────────────────────────

    async def _empty_outbox(self, group: asyncio.TaskGroup) -> None:
        with self._house.db.bell.listen() as bell:
            stopping = group.create_task(self._ring_at_the_end(bell))
            while not self._stopping.is_set():
                bell.clear()
                try:
                    pause = await self._hand_out(group, bell)
                except Exception as error:
                    log_failure(log, "the outbox", error)
                    pause = POLL
                if pause > 0:
                    await _wait(bell, pause)
            stopping.cancel()

    async def _ring_at_the_end(self, bell: asyncio.Event) -> None:
        await self._stopping.wait()
        bell.set()

    async def _hand_out(self, group: asyncio.TaskGroup, bell: asyncio.Event) -> float:
        """Start as many due rows as there are hands free; seconds until it is worth looking again."""
        free = AT_ONCE - len(self._hands)
        if free == 0:
            return POLL  # a hand that gets free rings
        taken = await self._take(free)
        for row in taken:
            hand = group.create_task(self._carry_out(row))
            self._hands.add(hand)
            hand.add_done_callback(self._hands.discard)
            hand.add_done_callback(lambda _: bell.set())
        return 0.0 if len(taken) == free else await self._until_next()

    async def _until_next(self) -> float:
        due = await self._house.db.read(partial(rows.next_due, kinds=self._handlers.keys()))
        if due is None:
            return POLL
        return min(max((due - self._house.clock()).total_seconds(), 0.0), POLL)

    async def _take(self, limit: int) -> list[OutboxRow]:
        """Due rows, now ours for the length of a lease. Looks before it writes: mostly there is nothing."""
        kinds = self._handlers.keys()
        now = self._house.clock()
        due = await self._house.db.read(partial(rows.next_due, kinds=kinds))
        if due is None or due > now:
            return []
        return await self._house.db.write(partial(outbox.take, kinds=kinds, now=now, limit=limit))

    async def _carry_out(self, row: OutboxRow) -> None:
        """One attempt at `row`, whatever comes of it."""
        try:
            await self._attempt(row)
        except Exception as error:  # the lease runs out, and it is due again
            log_failure(log, f"outbox row {row.id} ({row.kind})", error)

    async def _attempt(self, row: OutboxRow) -> None:
        db, clock = self._house.db, self._house.clock
        try:
            async with asyncio.timeout(LONGEST_ATTEMPT):
                await self._handlers[row.kind](row)
        except LetGo as let_go:
            await db.write(partial(outbox.finish, row=row, now=clock(), why=let_go.why.value))
        except Exception as error:
            why = _describe(error)
            log.warning("outbox row %d (%s), attempt %d: %s", row.id, row.kind, row.attempts, kind_of(error))
            if not isinstance(error, HeadwatersError | TimeoutError):
                log_failure(log, f"outbox row {row.id} ({row.kind})", error)
            if isinstance(error, Refused) and not isinstance(error, Limited):
                await db.write(partial(outbox.give_up, row=row, why=why, now=clock()))
            else:
                spread = random.random()
                await db.write(partial(outbox.retry, row=row, why=why, now=clock(), spread=spread))
        else:
            await db.write(partial(outbox.finish, row=row, now=clock()))

    # ── chores ───────────────────────────────────────────────────────────────────────────────────

    async def _repeat(self, chore: Chore) -> None:
        while not self._stopping.is_set():
            try:
                await chore.run()
            except Exception as error:
                log_failure(log, f"chore {chore.name}", error)
            await _wait(self._stopping, chore.every.total_seconds())


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until `event` is set, or `seconds` have passed."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


def _describe(error: Exception) -> str:
    """For the row's `error`: our own words, or only the kind of somebody else's (theirs may hold a secret)."""
    return f"{error.code}: {error}" if isinstance(error, HeadwatersError) else type(error).__name__
