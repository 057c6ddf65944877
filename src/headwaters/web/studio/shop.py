"""The ways to everything about the shop itself."""

from __future__ import annotations

from aiohttp import web

from headwaters.core.errors import N_
from headwaters.core.people import Right
from headwaters.web.contexts.studio import ShopHubPage, Way
from headwaters.web.studio.frame import frame, show, words_of
from headwaters.web.studio.guard import Session, for_creator

routes = web.RouteTableDef()

_EITHER = frozenset({Right.TALK, Right.SELL})

# whose right it takes (None: everybody's; several: any of them), where, what it is called, what one does there
_WAYS: tuple[tuple[Right | frozenset[Right] | None, str, str, str], ...] = (
    (Right.LOOK, "/studio/look", N_("Look"), N_("Name, words, logo, colour and type, seen on the real page.")),
    (Right.LOOK, "/studio/address", N_("Address"), N_("Your own domain, and whether it leads here.")),
    (
        Right.PUBLISH,
        "/studio/formats",
        N_("Formats and tastes"),
        N_("What the shop makes of your files, and how much of a work can be tried."),
    ),
    (Right.SELL, "/studio/money", N_("Tills"), N_("How you are paid: cards, bank transfer, cash.")),
    (_EITHER, "/studio/notices", N_("Notices"), N_("What the shop tells you by mail, and how often.")),
    (Right.PEOPLE, "/studio/people", N_("People"), N_("Who may come in, and what each may do.")),
    (None, "/studio/you", N_("You"), N_("Your passkeys, your password, and where you are signed in.")),
    (Right.PEOPLE, "/studio/log", N_("Log"), N_("Who did what, and when.")),
)


@routes.get("/studio/shop")
@for_creator
async def get_shop(request: web.Request, session: Session) -> web.Response:
    """Those that this person may take."""
    said = words_of(request)
    ways = tuple(
        Way(href, said.gettext(title), said.gettext(words))
        for right, href, title, words in _WAYS
        if right is None or (right & session.row.may if isinstance(right, frozenset) else right in session.row.may)
    )
    return show(request, "shop", ShopHubPage(await frame(request, session, "shop"), ways))
