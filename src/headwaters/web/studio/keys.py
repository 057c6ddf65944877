"""The ways in: add, name and remove passkeys; set a password. What a one-time link leads to, the first time."""

from __future__ import annotations

from aiohttp import web

from headwaters.actions.passkeys import no_such_passkey
from headwaters.core.errors import HeadwatersError, NotFound, Refused
from headwaters.core.people import Kind
from headwaters.core.signin import SHORTEST_PASSWORD
from headwaters.errands import passkeys, signin
from headwaters.store.passkeys import passkeys_of
from headwaters.web.contexts.studio import PasswordPage
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit_name
from headwaters.web.studio.frame import frame, problem_of, show
from headwaters.web.studio.guard import Session, for_creator, go_to
from headwaters.web.studio.signin import JSON, SLOW, passkey_help
from headwaters.web.studio.you import you_page

routes = web.RouteTableDef()


# ── passkeys ─────────────────────────────────────────────────────────────────────────────────────


@routes.post("/studio/you/passkey.json")
@for_creator
async def post_options(request: web.Request, session: Session) -> web.Response:
    """What the browser needs to make a passkey, with a challenge that is good once, for this person, for minutes."""
    return web.Response(text=await passkeys.ask_for_new(request.app[HOUSE], session.row), headers=JSON)


@routes.post("/studio/you/passkeys")
@for_creator
async def post_passkey(request: web.Request, session: Session) -> web.Response:
    """Keep the passkey that the browser made."""
    form = session.form
    first = form.get("first") == "yes"
    try:
        await passkeys.add(request.app[HOUSE], session.row, form.get("credential", ""), form.get("label", ""))
    except Refused as refused:
        if first:
            return await _password_page(request, session, refused)
        return await you_page(request, session, refused)
    return go_to(f"/studio{'' if first else '/you'}?said=passkey_added")


def _passkey_id(request: web.Request) -> int:
    text = request.match_info["passkey"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise no_such_passkey()
    return int(text)


@routes.post("/studio/you/passkeys/{passkey}/rename")
@for_creator
async def post_rename(request: web.Request, session: Session) -> web.Response:
    """Call it otherwise."""
    number = _passkey_id(request)
    try:
        await passkeys.rename(request.app[HOUSE], session.row, number, session.form.get("label", ""))
    except NotFound:
        raise
    except Refused as refused:
        return await you_page(request, session, refused, about=number)
    return go_to("/studio/you?said=passkey_renamed")


@routes.post("/studio/you/passkeys/{passkey}/remove")
@for_creator
async def post_remove(request: web.Request, session: Session) -> web.Response:
    """It opens nothing any more."""
    try:
        await passkeys.remove(request.app[HOUSE], session.row, _passkey_id(request))
    except NotFound as refused:
        return await you_page(request, session, refused)
    return go_to("/studio/you?said=passkey_removed")


# ── the password ─────────────────────────────────────────────────────────────────────────────────


async def _password_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house = request.app[HOUSE]
    person = await signin.creator_of(house, session.row)
    keys = await house.db.read(lambda conn: passkeys_of(conn, session.row.creator_id))
    has_password = person is not None and person.password is not None
    fresh = session.row.is_fresh(house.clock())
    context = PasswordPage(
        frame=await frame(request, session, "password"),
        first=not has_password,
        current=has_password and not fresh,
        once_more=not has_password and bool(keys) and not fresh,
        shortest=SHORTEST_PASSWORD,
        name=session.row.name,
        offer=not has_password and not keys and fresh,
        creator=session.row.kind is Kind.CREATOR,
        help=passkey_help(request),
        problem=problem_of(request, error),
    )
    return show(request, "password", context, error)


@routes.get("/studio/password")
@for_creator
async def get_password(request: web.Request, session: Session) -> web.Response:
    """Make a passkey or set a password, or skip it."""
    return await _password_page(request, session)


@routes.post("/studio/password")
@for_creator
async def post_password(request: web.Request, session: Session) -> web.Response:
    """Keep it, say how good it is, and sign out everywhere else."""
    form = session.form
    try:
        if not session.row.is_fresh(request.app[HOUSE].clock()):  # a guess at the password of now, and only that
            limit_name(request, "password", str(session.row.creator_id))
        async with request.app[SLOW]:
            found = await signin.set_password(
                request.app[HOUSE], session.row, session.secret, form.get("password", ""), form.get("current", "")
            )
    except Refused as refused:
        return await _password_page(request, session, refused)
    return go_to(f"/studio?said=password_{found}")
