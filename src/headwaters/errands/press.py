"""The press: drafts whose moment has come are published, by one process each.

    due ─► taken ─► plan ─► errands.publish (work and draft in one transaction) ─► uploads forgotten
                       └─► open again, with the reason on it

Killed at any gap it goes on: without a sign of life for a minute the draft is taken again, and what is left of uploads
is swept. Of two who publish the same draft all the same, the transaction of the second is undone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from headwaters.actions import drafting as verbs
from headwaters.actions.works import Published
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, Conflict, HeadwatersError, Refused, Unavailable
from headwaters.core.works.drafts import BEAT, LEASE
from headwaters.core.works.forms import in_the_studio
from headwaters.core.works.manifest import ManifestBroken, Problem
from headwaters.errands import uploads
from headwaters.errands.drafts import prepare
from headwaters.errands.failures import log_failure
from headwaters.errands.house import House, refresh
from headwaters.errands.publish import Manner, Outcome, Progress, publish_work
from headwaters.store import drafts as rows
from headwaters.store import works as work_rows
from headwaters.store.db import Connection
from headwaters.store.drafts import DraftRow
from headwaters.texts import error_text, hint_text, translations

log = logging.getLogger(__name__)


class Press:
    """What one process publishes of drafts, and how far it is. For its event loop only."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.progress: dict[int, Progress] = {}

    async def publish_due(self) -> int:
        """Publish what is due, one after the other; how many were taken."""
        count = 0
        while (draft := await self._take()) is not None:
            await self._publish(draft)
            count += 1
        return count

    async def _take(self) -> DraftRow | None:
        """A draft that is due and ours now. Looks before it writes: mostly there is none."""
        now = self._house.clock()
        due = await self._house.db.read(partial(rows.next_due, now=to_micros(now), lease=to_micros(now - LEASE)))
        return await self._house.db.write(partial(verbs.take_due, now=now)) if due else None

    async def _publish(self, draft: DraftRow) -> None:
        beating = asyncio.create_task(self._beat(draft.id))
        try:
            await self._attempt(draft)
        except asyncio.CancelledError:
            await asyncio.shield(self._note(partial(verbs.put_back, draft_id=draft.id)))
            raise
        except Unavailable as error:
            log_failure(log, f"draft {draft.id}", error)  # it is taken again when its lease is over
        except HeadwatersError as refused:
            await self._fail(draft, refused)
        except Exception as error:
            log_failure(log, f"draft {draft.id}", error)
            await self._fail(draft, _our_mistake())
        else:
            await refresh(self._house)
            await uploads.forget(self._house, draft.id)
        finally:
            beating.cancel()
            self.progress.pop(draft.id, None)

    async def _attempt(self, draft: DraftRow) -> Outcome:
        ready = await prepare(self._house, draft)
        plan = ready.plan
        if (slug := ready.edition_of) is not None:
            work = await self._house.db.read(partial(work_rows.work_at, slug=slug))
            plan = replace(plan, source=work.source)  # it goes on coming from where it came from

        def tell(progress: Progress) -> None:
            self.progress[draft.id] = progress

        def finish(conn: Connection, published: Published) -> None:
            if not verbs.finish_draft(conn, draft.id, published.work_id, self._house.clock()):
                raise Conflict(Code.DRAFT_STATE, N_("This draft is published already."))

        manner = Manner(slug, changes=ready.changes, who=draft.who, report=tell, then=finish)
        return await publish_work(self._house, plan, manner)

    async def _fail(self, draft: DraftRow, refused: HeadwatersError) -> None:
        why = in_words(refused, self._house.now.settings.language)
        await self._note(partial(verbs.fail_draft, draft_id=draft.id, why=why))

    async def _note(self, verb: Callable[..., bool]) -> None:
        now = self._house.clock()
        await self._house.db.write(lambda conn: _run(verb, conn, now))

    async def _beat(self, draft_id: int) -> None:
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            with suppress(HeadwatersError):
                await self._note(partial(verbs.beat, draft_id=draft_id))

    async def sweep(self) -> int:
        """Forget the uploads of drafts that are done with; how many had some left."""
        left = await self._house.db.read(rows.leftovers)
        for draft_id in left:
            await uploads.forget(self._house, draft_id)
        return len(left)


def _run(verb: Callable[..., bool], conn: Connection, now: datetime) -> bool:
    return verb(conn, now=now)


def _our_mistake() -> Refused:
    return Refused(
        Code.DRAFT_STATE,
        N_("That was our mistake, and nothing was published."),
        hint=N_("Nothing of yours is lost. Try again; if it stays, look into the shop’s log."),
    )


def in_words(refused: HeadwatersError, language: str) -> str:
    """Why a draft could not be published, for its page."""
    if isinstance(refused, ManifestBroken):
        return " ".join(_told(problem, language) for problem in refused.problems)
    error = in_the_studio(refused)
    return " ".join(part for part in (error_text(error, language), hint_text(error, language)) if part)


def _told(problem: Problem, language: str) -> str:
    gettext = translations(language).gettext
    words = [gettext(text) for text in (problem.message, problem.hint) if text]
    return " ".join(text % problem.values if problem.values else text for text in words)
