"""Notices: what the shop tells the creator by mail, where, and how often."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.notices import change_notices
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, HeadwatersError, Refused, Unavailable
from headwaters.core.notices import Wish, read_wish
from headwaters.core.people import Right, not_yours
from headwaters.core.shop import Settings
from headwaters.errands.house import House, refresh
from headwaters.errands.mail import try_notice
from headwaters.web.contexts.studio_talk import Choice, NoticesPage, NoticeSwitch
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, for_creator, go_to

routes = web.RouteTableDef()

NOTICES = "/studio/notices"
_SWITCHES = (
    (Right.SELL, "notify_orders", N_("Of orders and payments")),
    (Right.TALK, "notify_letters", N_("Of letters")),
)
_WISHES = {
    Wish.EACH: N_("Each: at once, and on a busy day one mail a quarter of an hour"),
    Wish.DAILY: N_("Daily: one mail a day, if something happened"),
    Wish.NEVER: N_("Never"),
}


def _mine(session: Session) -> tuple[tuple[str, str], ...]:
    """The switches of what this person may see. Raises NotFound(PAGE_UNKNOWN) where that is nothing."""
    mine = tuple((name, title) for right, name, title in _SWITCHES if right in session.row.may)
    if not mine:
        raise not_yours()
    return mine


def _may_address(session: Session) -> bool:
    """Where notices of both go is for who may see both."""
    return {Right.SELL, Right.TALK} <= session.row.may


async def _page(
    request: web.Request, session: Session, error: HeadwatersError | None = None, tried: str = ""
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    now = _shown(house.now.settings, session.form)
    context = NoticesPage(
        frame=await frame(request, session, "shop"),
        email=now["notify_email"],
        may_address=_may_address(session),
        switches=tuple(_switch(said, name, title, now[name]) for name, title in _mine(session)),
        hours=tuple(
            Choice(str(hour), f"{hour:02}:00 UTC", "", 0, str(hour) == now["notify_hour"]) for hour in range(24)
        ),
        tried=tried,
        problem=problem_of(request, error),
    )
    return show(request, "notices", context, error)


def _shown(settings: Settings, form: Mapping[str, str]) -> dict[str, str]:
    """What stands in the fields: what was typed, else what is."""
    keys = ("notify_email", "notify_orders", "notify_letters", "notify_hour")
    return {key: form.get(key, getattr(settings, key)) for key in keys}


def _switch(said: Format, name: str, title: str, value: str) -> NoticeSwitch:
    wish = read_wish(value)
    choices = tuple(Choice(one.value, said.gettext(words), "", 0, one is wish) for one, words in _WISHES.items())
    return NoticeSwitch(name, said.gettext(title), choices)


@routes.get(NOTICES)
@for_creator
async def get_notices(request: web.Request, session: Session) -> web.Response:
    """How it is."""
    return await _page(request, session)


@routes.post(NOTICES)
@for_creator
async def post_notices(request: web.Request, session: Session) -> web.Response:
    """Keep it; with the other button, send one to try as well, and say what the mail server answered."""
    house, form = request.app[HOUSE], session.form
    allowed = [name for name, _ in _mine(session)] + ["notify_hour"] + (["notify_email"] * _may_address(session))
    changes = {name: form[name] for name in allowed if name in form}
    deed = Deed(session.row.creator_id, What.SETTINGS_CHANGED, "setting:notices")
    try:
        await house.db.write(noted(lambda conn: change_notices(conn, changes), deed, house.clock()))
        await refresh(house)
        if form.get("then") != "try":
            return go_to(f"{NOTICES}?said=notices_kept")
        return await _page(request, session, tried=await _try(request, house))
    except (Refused, Unavailable) as problem:
        return await _page(request, session, problem)


async def _try(request: web.Request, house: House) -> str:
    """Where it went. Raises as `try_notice`, and Limited(TOO_OFTEN)."""
    limit(request, "mail")
    address = house.now.settings.notify_email
    try:
        await try_notice(house, address)
    except Unavailable as down:
        down.hint = N_("What you chose is kept. “headwaters doctor” looks at the mail settings.")
        raise
    return address
