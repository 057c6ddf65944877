"""What the shop makes of works that do not say so themselves: formats, and how much can be tried."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from aiohttp import web

from headwaters.actions.shop import change_usual, present_settings
from headwaters.core.errors import N_, Conflict, HeadwatersError, Refused
from headwaters.core.look import mark
from headwaters.core.people import Right
from headwaters.core.works.formats import CHOICES, NAMES, NONE, chosen
from headwaters.core.works.media import Family
from headwaters.errands.house import refresh
from headwaters.store.db import Connection
from headwaters.store.works import OwnFormatsRow, own_formats
from headwaters.web.contexts.studio_formats import FormatChoices, FormatsPage, OwnFormats
from headwaters.web.contexts.studio_works import Choice
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.wordsform import said_choice

routes = web.RouteTableDef()

_KEYS = ("formats", "taste")
_KINDS = {
    Family.MUSIC: (
        N_("Music"),
        N_("Of originals that are better than that: WAV, AIFF, FLAC, or MP3 from 190 kbit/s on."),
    ),
    Family.FILM: (
        N_("Films"),
        N_("With their chapters and subtitles. One at a time, while the machine has time to spare."),
    ),
    Family.PICTURE: (N_("Pictures"), N_("Of each picture of a work.")),
}
# What each is for, and what it costs; times as they were measured on two quiet cores (docs/decisions/formats.md).
_COSTS = {
    "flac": N_("Every sample, in half the bytes of a WAV. Some 5 MB a minute; an album takes half a minute."),
    "mp3": N_("Plays everywhere. Some 2 MB a minute; an album takes half a minute."),
    "opus": N_("Small and good, for telephones. Some 1.2 MB a minute; an album takes half a minute."),
    "1080": N_("For screens. Up to 3.6 GB an hour; takes one to two times as long as the film."),
    "480": N_("For telephones and slow lines. Up to 0.9 GB an hour; takes half as long as the film."),
    "webp": N_("For screens, and a small one. Under 1 MB each; a second or two."),
}


@routes.get("/studio/formats")
@may(Right.PUBLISH)
async def get_formats(request: web.Request, session: Session) -> web.Response:
    """As it is."""
    return await _page(request, session, {})


async def _page(
    request: web.Request, session: Session, typed: Mapping[str, str], error: HeadwatersError | None = None
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)

    def look(conn: Connection) -> tuple[dict[str, str], tuple[OwnFormatsRow, ...]]:
        return present_settings(conn), own_formats(conn)

    present, own = await house.db.read(look)
    shown = {key: typed.get(key, present[key]) for key in _KEYS}
    context = FormatsPage(
        frame=await frame(request, session, "shop"),
        kinds=_kinds(said, shown["formats"]),
        taste=shown["taste"],
        own=_own(said, own),
        marks={key: mark(present[key]) for key in _KEYS},
        encoder=house.encoder is not None and bool(await asyncio.to_thread(house.encoder.about)),
        problem=problem_of(request, error),
    )
    return show(request, "formats", context, error)


def _kinds(said: Format, formats: str) -> tuple[FormatChoices, ...]:
    ticked = chosen(formats)

    def choice(name: str, title: str) -> Choice:
        return Choice(name, title, name in ticked, said.gettext(_COSTS[name]))

    return tuple(
        FormatChoices(
            said.gettext(title),
            said.gettext(words),
            tuple(choice(one.name, one.title) for one in CHOICES if one.family is family),
        )
        for family, (title, words) in _KINDS.items()
    )


def _own(said: Format, own: Sequence[OwnFormatsRow]) -> tuple[OwnFormats, ...]:
    return tuple(OwnFormats(one.title, f"/studio/works/{one.slug}", said_choice(said, one.formats)) for one in own)


@routes.post("/studio/formats")
@may(Right.PUBLISH)
async def post_formats(request: web.Request, session: Session) -> web.Response:
    """Keep it, if nobody was faster; else nothing, and what is there now is shown."""
    house, form = request.app[HOUSE], session.form
    ticked = ",".join(name for name in NAMES if form.get(f"format_{name}"))
    typed = {"formats": ticked or NONE, "taste": form.get("taste", "")}
    started = {key: form.get(f"was_{key}", "") for key in _KEYS}
    keep = partial(change_usual, typed=typed, started=started, who=session.row.creator_id, now=house.clock())
    try:
        changed = await house.db.write(keep)
    except Conflict as conflict:
        return await _page(request, session, {}, conflict)
    except Refused as refused:
        return await _page(request, session, typed, refused)
    await refresh(house)
    return go_to(f"/studio/formats?said={'formats_kept' if changed else 'look_same'}")


if set(_COSTS) != set(NAMES):
    raise RuntimeError("a format without its costs")
