"""The card till in the Studio: keys are pasted, looked at, and kept sealed; they are never shown again."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from headwaters.core.deeds import Deed, What
from headwaters.core.errors import HeadwatersError, Refused, Unavailable
from headwaters.core.people import Right
from headwaters.core.sales.states import Mode
from headwaters.core.sales.till_check import DOUBTS, SECRET_KEY, WEBHOOK_SECRET, Doubt, Doubtful
from headwaters.core.shop import masked
from headwaters.errands import tills
from headwaters.errands.checklist import is_reachable
from headwaters.errands.house import House, refresh
from headwaters.errands.settings import change_settings, open_secret
from headwaters.errands.tills import Pasted
from headwaters.web.contexts.studio_money import DoubtTick, StripePage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.money import live_mode, locked_words
from headwaters.web.studio.money_words import ago, stripe_troubles
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()

_PATH = "/studio/money/stripe"
# as Stripe's dashboard calls them
_RIGHTS = (
    "Checkout Sessions: Write",
    "PaymentIntents: Read",
    "Charges and Refunds: Read",
    "Disputes: Read",
    "Balance Transactions: Read",
)
_ARRANGING = "Webhook Endpoints: Write"
_FEES = ("stripe_fee_percent", "stripe_fee_fixed")


@routes.get(_PATH)
@may(Right.SELL)
async def get_stripe(request: web.Request, session: Session) -> web.Response:
    """How the card till is, and where its keys go."""
    return await _page(request, session)


async def _page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house, said, form = request.app[HOUSE], words_of(request), session.form
    state, settings = await tills.stripe_state(house), house.now.settings
    known, event = state.checked, state.last_event
    context = StripePage(
        frame=await frame(request, session, "money"),
        on=state.on,
        live=live_mode(house) is Mode.LIVE,
        account=" · ".join(filter(None, (known.name, known.account))) if known else "",
        checked=moment(said, datetime.fromisoformat(known.at)) if known else None,
        troubles=(*locked_words(said, house), *stripe_troubles(said, state, house.clock())),
        last_event=ago(said, event, house.clock()) if event else "",
        last_event_at=moment(said, event) if event else None,
        secret_key=form.get(SECRET_KEY, ""),
        webhook_secret=form.get(WEBHOOK_SECRET, ""),
        kept_key=_kept(house, SECRET_KEY),
        kept_secret=_kept(house, WEBHOOK_SECRET),
        doubts=_ticks(said, error, _sure(session)),
        hook_url=tills.hook_url(house),
        events=tills.events_needed(house),
        rights=_RIGHTS,
        arranging_right=_ARRANGING,
        reachable=is_reachable(house.config.url),
        percent=form.get("stripe_fee_percent", settings.stripe_fee_percent),
        fixed=form.get("stripe_fee_fixed", settings.stripe_fee_fixed),
        currency=settings.currency,
        problem=problem_of(request, error),
    )
    return show(request, "stripe", context, error)


def _kept(house: House, key: str) -> str:
    """What may be shown of a secret."""
    try:
        return masked(open_secret(house, key))
    except Refused:
        return ""


def _ticks(said: Format, error: HeadwatersError | None, sure: frozenset[Doubt]) -> tuple[DoubtTick, ...]:
    """What has to be waved through, and what was already in a form that comes back."""
    asked = error.doubts if isinstance(error, Doubtful) else ()
    shown = [doubt for doubt in Doubt if doubt in asked or doubt in sure]
    return tuple(DoubtTick(doubt.value, said.gettext(DOUBTS[doubt]), doubt in sure) for doubt in shown)


def _sure(session: Session) -> frozenset[Doubt]:
    """The doubts that were waved through."""
    return frozenset(doubt for doubt in Doubt if session.form.get(f"sure_{doubt.value}") == "on")


@routes.post(_PATH)
@may(Right.SELL)
async def post_stripe(request: web.Request, session: Session) -> web.Response:
    """Look at the keys, and keep them if they will do."""
    house, form = request.app[HOUSE], session.form
    pasted = Pasted(form.get(SECRET_KEY, "").strip(), form.get(WEBHOOK_SECRET, "").strip(), _sure(session))
    try:
        seen = await tills.keep_stripe(house, pasted, session.row.creator_id)
    except (Refused, Unavailable) as error:
        return await _page(request, session, error)
    return go_to(f"{_PATH}?said={'keys_unchecked' if seen is None else 'keys_kept'}")


@routes.post(f"{_PATH}/look")
@may(Right.SELL)
async def post_look(request: web.Request, session: Session) -> web.Response:
    """Ask Stripe about the keys that are kept."""
    try:
        await tills.look_again(request.app[HOUSE])
    except (Refused, Unavailable) as error:
        return await _page(request, session, error)
    return go_to(f"{_PATH}?said=keys_good")


@routes.post(f"{_PATH}/off")
@may(Right.SELL)
async def post_off(request: web.Request, session: Session) -> web.Response:
    """Forget the keys."""
    await tills.switch_stripe_off(request.app[HOUSE], session.row.creator_id)
    return go_to("/studio/money?said=till_off")


@routes.post(f"{_PATH}/fee")
@may(Right.SELL)
async def post_fee(request: web.Request, session: Session) -> web.Response:
    """The estimate of what Stripe keeps, for the page of a work."""
    house = request.app[HOUSE]
    changes = {key: session.form.get(key, "").replace(",", ".") for key in _FEES}
    try:
        await change_settings(house, changes, Deed(session.row.creator_id, What.TILL_CHANGED, "till:stripe"))
    except Refused as refused:
        return await _page(request, session, refused)
    await refresh(house)
    return go_to(f"{_PATH}?said=till_kept")
