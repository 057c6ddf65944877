"""The HTML of an order page. In a launch thousands of them differ in nothing but their secrets.

So a page without letters, open payments and refused forms is rendered with marks in the places of its secrets, and kept
under its whole context (which holds the marks, and no secret): whoever's context is the same gets the same words, with
their own secrets in the marks' places.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from markupsafe import escape

from headwaters.core.sales.states import PaymentState
from headwaters.errands.house import Now
from headwaters.store.pages import OrderView
from headwaters.web.contexts.common import Site
from headwaters.web.contexts.orders import OrderPage
from headwaters.web.render import page_html
from headwaters.web.show_orders import NOTHING_TYPED, ShelfWork, Typed, order_page

MOST_KEPT = 256  # pages of some kilobytes; each amount and each day has its own

_MARK = f"mark{secrets.token_hex(8)}"  # nothing that anybody wrote can be mistaken for it


def order_html(
    site: Site,
    order: OrderView,
    shelves: Sequence[ShelfWork],
    now: Now,
    moment: datetime,
    nonce: str,
    typed: Typed = NOTHING_TYPED,
) -> str:
    """The page of `order` as it is at `moment`."""
    if not (now.dress.theme.trusted and _is_common(order, typed)):  # another's theme may do as it likes with a mark
        return page_html(site, "order.html", order_page(site, order, shelves, now, moment, nonce, typed))
    hidden = _secrets(order, nonce)
    context = order_page(site, _marked(order), shelves, now, moment, _mark("nonce"))
    return _kept(site, context, tuple(hidden)) % hidden


def _is_common(order: OrderView, typed: Typed) -> bool:
    paid = all(payment.state == PaymentState.PAID for payment in order.payments)
    return paid and not order.letters and typed is NOTHING_TYPED


def _mark(name: str) -> str:
    return f"{_MARK}{name}."


def _secrets(order: OrderView, nonce: str) -> Mapping[str, str]:
    """What nobody else's page has, by the names of the marks."""
    keys = {f"key{number}": escape(line.key) for number, line in enumerate(order.lines) if line.key}
    references = {f"reference{number}": escape(one.reference) for number, one in enumerate(order.payments)}
    return {"token": escape(order.token), "nonce": escape(nonce), **keys, **references}


def _marked(order: OrderView) -> OrderView:
    """`order` with marks for its secrets."""
    return replace(
        order,
        token=_mark("token"),
        lines=tuple(
            replace(line, key=_mark(f"key{number}") if line.key else None) for number, line in enumerate(order.lines)
        ),
        payments=tuple(
            replace(one, reference=_mark(f"reference{number}")) for number, one in enumerate(order.payments)
        ),
    )


@lru_cache(maxsize=MOST_KEPT)
def _kept(site: Site, context: OrderPage, names: Sequence[str]) -> str:
    """The page with `%(name)s` in the places of its marks."""
    html = page_html(site, "order.html", context).replace("%", "%%")
    for name in names:
        html = html.replace(_mark(name), f"%({name})s")
    return html
