"""The checklist from first start to first sale: the facts of this shop, trying its mail, putting the list away."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from headwaters.actions.deeds import noted
from headwaters.actions.shop import mark_once
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.states import Mode
from headwaters.core.sales.till_check import remembered
from headwaters.core.shop import says_how_to_pay
from headwaters.core.shop_checklist import Facts
from headwaters.core.shop_marks import Mark
from headwaters.errands.house import House
from headwaters.store import checklist as rows
from headwaters.store import shop as shop_rows
from headwaters.store.db import Connection

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def facts_of(house: House, creator_id: int) -> Facts | None:
    """What is known now; None where the list was put away."""
    known = _known_at_once(house)

    def look(conn: Connection) -> Facts | None:
        if shop_rows.read_mark(conn, Mark.CHECKLIST_DONE):
            return None
        return replace(
            known,
            published=rows.has_published(conn),
            till=known.till and _checked(house, conn),
            way_in=rows.has_way_in(conn, creator_id),
            mail_tried=known.mail_tried and bool(shop_rows.read_mark(conn, Mark.MAIL_TRIED)),
            practised=rows.has_practised(conn),
            sold=rows.has_sold(conn),
        )

    return await house.db.read(look)


def _known_at_once(house: House) -> Facts:
    """What needs no look into the database; the rest is False."""
    settings = house.now.settings
    return Facts(
        named=bool(settings.name),
        told=bool(settings.about.strip() and settings.imprint.strip()),
        published=False,
        till=any(till.mode is Mode.LIVE for till in house.now.tills.values()),
        reachable=is_reachable(house.config.url),
        way_in=False,
        mail_tried=house.mailer is not None,
        practised=False,
        sold=False,
    )


def is_reachable(url: str) -> bool:
    """Whether readers elsewhere could come in safely: TLS, or an onion, which needs none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _LOOPBACK:
        return False
    return parts.scheme == "https" or host.endswith(".onion")


def _checked(house: House, conn: Connection) -> bool:
    """Whether a till for real money was looked at: Stripe's keys by Stripe; by hand, readers are told how to pay."""
    settings = house.now.settings
    if "by_hand" in house.now.tills and says_how_to_pay(settings):
        return True
    known = remembered(shop_rows.read_mark(conn, Mark.STRIPE))
    return "stripe" in house.now.tills and known is not None and known.at != ""


async def try_mail(house: House) -> None:
    """Connect to the mail server and sign in, and remember that it worked.

    Raises Refused(MAIL_OFF), and Refused or Unavailable of the mail server.
    """
    if house.mailer is None:
        raise Refused(
            Code.MAIL_OFF,
            N_("This shop sends no mail yet."),
            hint=N_("It works without. To send, give [smtp] in headwaters.toml, and start the shop again."),
        )
    await house.mailer.check()
    now = house.clock()
    await house.db.write(lambda conn: mark_once(conn, Mark.MAIL_TRIED, now))


async def put_away(house: House, creator_id: int) -> bool:
    """The list is not shown any more. False: it was put away before."""
    now = house.clock()
    deed = Deed(creator_id, What.CHECKLIST_DONE)
    return await house.db.write(noted(lambda conn: mark_once(conn, Mark.CHECKLIST_DONE, now), deed, now))
