"""Orders in the Studio: find one by whatever one knows of it, and narrow the list; all of it stands in the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import web

from headwaters.core.errors import N_
from headwaters.core.people import Right
from headwaters.core.sales.finding import Narrow, Which, read_narrow, read_wanted, read_which
from headwaters.core.sales.states import Door
from headwaters.store import studio as rows
from headwaters.store.db import Connection
from headwaters.store.order_conditions import ALL, MOST_COUNTED
from headwaters.store.works import WorkLine, list_works
from headwaters.web.contexts.studio import Choice, OrdersFilter, OrdersPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import PER_PAGE, frame, page_number, pages, show, words_of
from headwaters.web.studio.guard import Session, may
from headwaters.web.studio.words import order_item

routes = web.RouteTableDef()

_STATES = {
    Which.ALL: N_("Any state"),
    Which.WAITING: N_("Waits for you to confirm"),
    Which.OPEN: N_("At a till"),
    Which.PAID: N_("Paid"),
    Which.FREE: N_("Taken without paying"),
    Which.REFUNDED: N_("Paid back"),
    Which.WITHDRAWN: N_("Withdrawn"),
    Which.UNPAID: N_("Not paid in time"),
}
_DOORS = {
    Door.PAY: N_("Pay what is fair"),
    Door.CANT_PAY: N_("I can’t pay right now"),
    Door.HAVE_COPY: N_("I already have a copy"),
}
_TILLS = ("stripe", "by_hand", "practice")
_FIELDS = ("which", "door", "till", "work", "from", "to")


@routes.get("/studio/orders")
@may(Right.SELL)
async def get_orders(request: web.Request, session: Session) -> web.Response:
    """Find orders by whatever one knows of them."""
    house, said, number = request.app[HOUSE], words_of(request), page_number(request)
    find = " ".join(request.query.get("find", "").split())[:200]
    which, narrow = read_which(request.query.get("which", "")), read_narrow(request.query)
    wanted = read_wanted(find, house.now.settings.currency)

    def look(conn: Connection) -> tuple[list[rows.OrderLine], int, tuple[WorkLine, ...]]:
        found = rows.find_orders(conn, wanted, which, PER_PAGE, (number - 1) * PER_PAGE, narrow)
        return found, rows.count_orders(conn, wanted, which, narrow), list_works(conn)

    lines, count, works = await house.db.read(look)
    kept = _kept(request.query, which, narrow)
    context = OrdersPage(
        frame=await frame(request, session, "orders"),
        find=find,
        waiting=which is Which.WAITING,
        count=min(count, MOST_COUNTED),
        many=count > MOST_COUNTED,
        filter=_filter(said, which, narrow, works, find, kept),
        orders=tuple(order_item(said, line) for line in lines),
        pages=pages("/studio/orders", number, count, find=find, **kept),
    )
    return show(request, "orders", context)


def _kept(query: Mapping[str, str], which: Which, narrow: Narrow) -> dict[str, str]:
    """The filters that mean something, as the address has them."""
    meant = {
        "which": which is not Which.ALL,
        "door": narrow.door is not None,
        "till": bool(narrow.till),
        "work": bool(narrow.work),
        "from": narrow.start is not None,
        "to": narrow.end is not None,
    }
    return {name: query[name] for name in _FIELDS if meant[name]}


def _filter(
    said: Format, which: Which, narrow: Narrow, works: Iterable[WorkLine], find: str, kept: Mapping[str, str]
) -> OrdersFilter:
    _ = said.gettext
    states = [(state.value if state is not Which.ALL else "", _(words)) for state, words in _STATES.items()]
    doors = [("", _("Any door")), *((door.value, _(words)) for door, words in _DOORS.items())]
    tills = [("", _("Any till")), *((till, said.till(till)) for till in _TILLS)]
    titles = [("", _("Any work")), *((work.slug, work.title) for work in works)]
    fields = (("find", find), *kept.items()) if find else tuple(kept.items())
    return OrdersFilter(
        narrowed=narrow != ALL or which is not Which.ALL,
        states=_choices(states, "" if which is Which.ALL else which.value),
        doors=_choices(doors, narrow.door.value if narrow.door else ""),
        tills=_choices(tills, narrow.till),
        works=_choices(titles, narrow.work),
        first=kept.get("from", ""),
        last=kept.get("to", ""),
        kept=fields,
    )


def _choices(values: Iterable[tuple[str, str]], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, text, value == chosen) for value, text in values)
