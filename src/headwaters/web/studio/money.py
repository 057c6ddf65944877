"""Money in the Studio: what came and what went, by month; payment by hand and practice switched on and off."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.people import Right
from headwaters.core.sales.iban import in_fours
from headwaters.core.sales.states import Mode
from headwaters.core.shop import Settings, says_how_to_pay
from headwaters.errands import tills
from headwaters.errands.house import House, refresh
from headwaters.errands.settings import change_settings, locked_secrets
from headwaters.web.contexts.studio_money import ByHandPage, MoneyPage, TillItem
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.money_words import BY_HAND, currency_sums, stripe_summary, stripe_troubles

routes = web.RouteTableDef()

_LOCKED = N_(
    "The keys were sealed with another key file than the one that is here. Paste them again, or bring that file back."
)
_BY_HAND_FIELDS = ("by_hand", "by_hand_name", "by_hand_iban", "by_hand_instructions")


def live_mode(house: House) -> Mode | None:
    """Whether the card till moves real money; None where it is off."""
    till = house.now.tills.get(tills.STRIPE)
    return None if till is None else till.mode


# ── what came and what went ──────────────────────────────────────────────────────────────────────


@routes.get("/studio/money")
@may(Right.SELL)
async def get_money(request: web.Request, session: Session) -> web.Response:
    """Sums by month and currency, and the tills."""
    house, said = request.app[HOUSE], words_of(request)
    sums = await house.sums.months(house.db, house.clock())
    practice = house.now.settings.practice == "on"
    context = MoneyPage(
        frame=await frame(request, session, "money"),
        sums=currency_sums(said, (each for each in sums if each.mode is Mode.LIVE)),
        practice=currency_sums(said, (each for each in sums if each.mode is not Mode.LIVE)),
        tills=(_by_hand_item(said, house), await _stripe_item(said, house)),
        practice_on=practice,
        practice_off_by_live=practice and "practice" not in house.now.tills,
        problem=None,
    )
    return show(request, "money", context)


def _by_hand_item(said: Format, house: House) -> TillItem:
    settings = house.now.settings
    on = settings.by_hand != "off"
    untold = said.gettext("Readers are not told how to pay you yet.") if on and not says_how_to_pay(settings) else ""
    words = said.gettext(BY_HAND[settings.by_hand])
    return TillItem("by_hand", said.gettext("Bank transfer or cash"), on, words, untold, "/studio/money/by-hand")


async def _stripe_item(said: Format, house: House) -> TillItem:
    state = await tills.stripe_state(house)
    troubles = (*locked_words(said, house), *stripe_troubles(said, state, house.clock()))
    words = stripe_summary(said, live_mode(house))
    trouble = troubles[0] if troubles else ""
    return TillItem("stripe", said.gettext("Cards, with Stripe"), state.on, words, trouble, "/studio/money/stripe")


def locked_words(said: Format, house: House) -> tuple[str, ...]:
    """What to say of keys that do not open."""
    if not locked_secrets(house):
        return ()
    locked = N_(
        "The keys were sealed with another key file than the one that is here. Paste them again, or bring it back."
    )
    return (said.gettext(locked),)


@routes.post("/studio/money/practice")
@may(Right.SELL)
async def post_practice(request: web.Request, session: Session) -> web.Response:
    """Switch the practice till on or off."""
    on = session.form.get("practice") == "on"
    deed = Deed(session.row.creator_id, What.TILL_ON if on else What.TILL_OFF, "till:practice")
    await change_settings(request.app[HOUSE], {"practice": "on" if on else "off"}, deed)
    await refresh(request.app[HOUSE])
    return go_to(f"/studio/money?said={'practice_on' if on else 'practice_off'}")


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────


def _check_says_how(settings: Settings) -> None:
    """A till that tells nobody where the money goes takes none. Raises Refused(SETTING_INVALID)."""
    if settings.by_hand != "off" and not says_how_to_pay(settings):
        raise Refused(
            Code.SETTING_INVALID,
            N_("Readers have to know where the money goes: write an IBAN, or say it in words."),
            field="by_hand_instructions",
        )


@routes.get("/studio/money/by-hand")
@may(Right.SELL)
async def get_by_hand(request: web.Request, session: Session) -> web.Response:
    """Bank transfer, cash, a promise."""
    return await _by_hand_page(request, session)


async def _by_hand_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    settings = request.app[HOUSE].now.settings
    now = {key: str(getattr(settings, key)) for key in _BY_HAND_FIELDS}
    now["by_hand_iban"] = in_fours(now["by_hand_iban"])
    typed = {key: session.form.get(key, value) for key, value in now.items()}
    context = ByHandPage(
        frame=await frame(request, session, "money"),
        way=typed["by_hand"],
        payee=typed["by_hand_name"],
        iban=typed["by_hand_iban"],
        instructions=typed["by_hand_instructions"],
        problem=problem_of(request, error),
    )
    return show(request, "by_hand", context, error)


@routes.post("/studio/money/by-hand")
@may(Right.SELL)
async def post_by_hand(request: web.Request, session: Session) -> web.Response:
    """Keep it, all or nothing."""
    house = request.app[HOUSE]
    was, wanted = house.now.settings.by_hand, session.form.get("by_hand", house.now.settings.by_hand)
    what = What.TILL_CHANGED
    if (was == "off") is not (wanted == "off"):
        what = What.TILL_OFF if wanted == "off" else What.TILL_ON
    changes = {key: session.form[key] for key in _BY_HAND_FIELDS if key in session.form}
    try:
        _check_says_how(replace(house.now.settings, **changes))
        await change_settings(house, changes, Deed(session.row.creator_id, what, "till:by_hand"))
    except Refused as refused:
        return await _by_hand_page(request, session, refused)
    await refresh(house)
    return go_to("/studio/money?said=till_kept")
