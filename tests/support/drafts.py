"""Drafts with real files, as the Studio makes them: begun, files sent and checked, words typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from headwaters.actions.drafting import save_draft, schedule_draft
from headwaters.errands import drafts, uploads
from headwaters.errands.house import House
from headwaters.errands.intake import Intake
from headwaters.errands.press import Press
from headwaters.store import drafts as rows
from headwaters.store.drafts import DraftRow

OWN = {"rights": "own"}


async def send(house: House, ref: str, *files: tuple[str, bytes]) -> None:
    """Send files to a draft, whole, and check them."""

    async def once(content: bytes) -> AsyncIterator[bytes]:
        yield content

    for name, content in files:
        await uploads.take_in(house, ref, name, once(content), None)
    intake = Intake(house)
    await intake.check_waiting()
    await intake.close()


async def look(house: House, ref: str) -> DraftRow:
    return await house.db.read(lambda conn: rows.draft_at(conn, ref))


async def type_in(house: House, ref: str, **fields: str) -> int:
    """Type into the form of a draft and save it; its revision."""
    draft = await look(house, ref)
    form = {**draft.form, **fields}
    return await house.db.write(lambda conn: save_draft(conn, ref, draft.revision, form, house.clock()))


async def new_work(house: House, *files: tuple[str, bytes], **fields: str) -> str:
    """A draft of a new work with these files and words; its reference."""
    ref = await drafts.begin_work(house, None)
    await send(house, ref, *files)
    await type_in(house, ref, **{**OWN, **fields})
    return ref


async def publish_now(house: House, ref: str, who: int | None = None) -> DraftRow:
    """Say that it is to be published, and let the press do it."""
    draft = await look(house, ref)
    now = house.clock()
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, now, who, now))
    await Press(house).publish_due()
    return await look(house, ref)


def left_of_uploads(house: House) -> list[Path]:
    """Bytes of uploads that are still in the shop's folder."""
    folder = house.config.incoming_dir
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
