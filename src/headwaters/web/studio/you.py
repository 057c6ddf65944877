"""You: your name, your passkeys and password, and where you are signed in."""

from __future__ import annotations

import re

from aiohttp import web

from headwaters.actions import people as people_verbs
from headwaters.actions import signin as verbs
from headwaters.core.errors import N_, HeadwatersError, Refused
from headwaters.core.signin import Way
from headwaters.errands import signin
from headwaters.store import passkeys as passkey_rows
from headwaters.store import signin as rows
from headwaters.store.db import Connection
from headwaters.store.signin import SessionRow
from headwaters.texts import translations
from headwaters.web.contexts.studio_people import PasskeyItem, SessionItem, YouPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, for_creator, go_to
from headwaters.web.studio.signin import passkey_help
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()

SESSION_NAME = 16  # characters of a session's digest that name it in its owner's list
_SESSION = re.compile(r"[0-9a-f]{16}")
_WAYS = {
    Way.LINK: N_("By a sign-in link"),
    Way.PASSWORD: N_("By password"),
    Way.PASSKEY: N_("By passkey"),
}


def hour_words(said: Format, seen: SessionRow) -> str:
    """22 November 2026, after 20:00 UTC."""
    if seen.seen_at is None:
        return ""
    values = {"day": said.date(seen.seen_at), "hour": f"{seen.seen_at:%H:%M} UTC"}
    return said.gettext("%(day)s, after %(hour)s") % values


def wrong_words(said: Format, session: SessionRow) -> str:
    """What was tried before somebody signed in; empty for nothing."""
    if not session.wrong_tries or session.wrong_since is None:
        return ""
    many = translations(said.language).ngettext
    words = many(
        "One wrong password was tried before you signed in, on %(moment)s.",
        "%(count)s wrong passwords were tried before you signed in, the first on %(moment)s.",
        session.wrong_tries,
    )
    return words % {"count": said.number(session.wrong_tries), "moment": moment(said, session.wrong_since).text}


def _session_item(said: Format, session: SessionRow, here: str) -> SessionItem:
    way = said.gettext(_WAYS[Way(session.way)]) if session.way in set(Way) else session.way
    if session.label:
        way = said.gettext("By the passkey “%(name)s”") % {"name": session.label}
    return SessionItem(
        id=session.digest[:SESSION_NAME],
        here=session.digest == here,
        way=way,
        since=moment(said, session.created_at),
        seen=hour_words(said, session),
        wrong=wrong_words(said, session),
    )


def _passkey_item(said: Format, passkey: passkey_rows.PasskeyRow) -> PasskeyItem:
    used = None if passkey.used_at is None else moment(said, passkey.used_at)
    return PasskeyItem(passkey.id, passkey.name, moment(said, passkey.created_at), used)


async def you_page(
    request: web.Request, session: Session, error: HeadwatersError | None = None, *, about: int = 0
) -> web.Response:
    """The page; with what was typed where a form of it was refused."""
    house, said, mine = request.app[HOUSE], words_of(request), session.row
    now = house.clock()

    def look(conn: Connection) -> tuple[list[passkey_rows.PasskeyRow], list[SessionRow], bool]:
        person = rows.person(conn, mine.creator_id)
        has_password = person is not None and person.password is not None
        passkeys = passkey_rows.passkeys_of(conn, mine.creator_id)
        return passkeys, rows.live_sessions(conn, mine.creator_id, now), has_password

    passkeys, sessions, has_password = await house.db.read(look)
    sessions.sort(key=lambda one: one.digest != mine.digest)  # this one first
    context = YouPage(
        frame=await frame(request, session, "shop"),
        name=session.form.get("name", mine.name),
        passkeys=tuple(_passkey_item(said, passkey) for passkey in passkeys),
        help=passkey_help(request),
        fresh=mine.is_fresh(now),
        has_password=has_password,
        sessions=tuple(_session_item(said, one, mine.digest) for one in sessions),
        label=session.form.get("label", ""),
        about=about,
        problem=problem_of(request, error),
    )
    return show(request, "you", context, error)


@routes.get("/studio/you")
@for_creator
async def get_you(request: web.Request, session: Session) -> web.Response:
    """All about whose session it is."""
    return await you_page(request, session)


@routes.post("/studio/you/name")
@for_creator
async def post_name(request: web.Request, session: Session) -> web.Response:
    """Their own name."""
    house = request.app[HOUSE]
    name, now, me = session.form.get("name", ""), house.clock(), session.row.creator_id
    try:
        await house.db.write(lambda conn: people_verbs.rename_self(conn, me, name, now))
    except Refused as refused:
        return await you_page(request, session, refused)
    return go_to("/studio/you?said=name_kept")


@routes.post("/studio/you/sessions/end")
@for_creator
async def post_end(request: web.Request, session: Session) -> web.Response:
    """Sign out in one place: `session` names it. One that is over already is fine."""
    house, name, me = request.app[HOUSE], session.form.get("session", ""), session.row.creator_id
    now = house.clock()
    if name == session.row.digest[:SESSION_NAME]:
        await signin.sign_out(house, session.secret)
        return go_to("/studio/signin")
    if _SESSION.fullmatch(name):
        await house.db.write(lambda conn: verbs.end_one(conn, me, name, now))
    return go_to("/studio/you?said=session_ended")


@routes.post("/studio/you/sessions/end-others")
@for_creator
async def post_end_others(request: web.Request, session: Session) -> web.Response:
    """Sign out everywhere else."""
    house, mine = request.app[HOUSE], session.row
    now = house.clock()
    await house.db.write(lambda conn: verbs.end_others(conn, mine.creator_id, mine.digest, now))
    return go_to("/studio/you?said=sessions_ended")
