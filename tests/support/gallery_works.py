"""What is in the making in the gallery's Studio: drafts with their files, a collection, saved answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from headwaters.actions.drafting import schedule_draft
from headwaters.actions.saved import add_saved
from headwaters.core.works.uploads import Announced
from headwaters.errands import drafts, uploads
from headwaters.errands.house import House
from tests.support import samples
from tests.support.drafts import look, new_work, send

_SAVED = "The river is the one behind my house.\n\nAll the best\nAlice"


async def fill_works(house: House) -> dict[str, str]:
    """Paths of pages by name."""
    now = house.clock()
    await asyncio.to_thread(_fill_folders, [Path(folder) for folder in house.config.uploads_from])
    saved = await house.db.write(lambda conn: add_saved(conn, "Which river is it?", _SAVED, now))
    draft = await _draft(house)
    edition = await drafts.begin_edition(house, "songs", None)
    await send(house, edition, ("12.txt", b"The twelfth song.\n"))
    return {
        "collection in the Studio": "/studio/collections/all-water",
        "saved answer": f"/studio/letters/saved/{saved.id}",
        "work in the Studio": "/studio/works/high-water",
        "work that is gone": "/studio/works/gone",
        "preview of a work": "/studio/works/songs/preview",
        "draft": f"/studio/drafts/{draft}",
        "edition": f"/studio/drafts/{edition}",
        "files": f"/studio/drafts/{draft}/files",
        "what its files will say": f"/studio/drafts/{draft}/colophon",
        "more about it": f"/studio/drafts/{draft}/more",
        "files of the machine": f"/studio/drafts/{draft}/server",
        "preview of a draft": f"/studio/drafts/{draft}/preview",
        "waits for its day": f"/studio/drafts/{await _scheduled(house)}",
    }


def _fill_folders(folders: Sequence[Path]) -> None:
    """What lies on the machine and may be picked."""
    for folder in folders:
        (folder / "Songs of the dam").mkdir(parents=True)
        samples.picture(folder / "Map of the river.png")
        samples.wav(folder / "Songs of the dam" / "01.wav")


async def _draft(house: House) -> str:
    """Files that are here, one on its way, one that was refused."""
    words = {
        "title": "Low Water",
        "price": "4",
        "words": "Summer was long.\n\nAlice",
        "description": "# The river\n\nDry.",
    }
    files = [
        ("Low Water.txt", b"The river.\n"),
        ("cover.png", samples.png((960, 600))),
        ("broken.png", b"no picture"),
        ("River.jpg", samples.photo()),
    ]
    draft = await new_work(house, *files, **words)
    await uploads.begin(house, draft, Announced("Low Water, as it was finished.mp4", 4_200_000_000, "7"), None)
    return draft


async def _scheduled(house: House) -> str:
    ref = await new_work(house, ("May Water.txt", b"Snow.\n"), title="May Water", price="3")
    draft, now = await look(house, ref), house.clock()
    await house.db.write(lambda conn: schedule_draft(conn, ref, draft.revision, now + timedelta(days=30), None, now))
    return ref
