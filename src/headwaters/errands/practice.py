"""The practice till's pay page: a choice there becomes a payment event, taken in as any other till's."""

from __future__ import annotations

from typing import Protocol, cast

from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.sales.practice import Choice, Decided, PracticePage
from headwaters.errands import settle
from headwaters.errands.house import House


class _PracticeTill(Protocol):
    """What the practice till has besides a till's methods."""

    name: str

    def page(self, session_id: str) -> PracticePage: ...

    def decide(self, session_id: str, choice: Choice) -> Decided: ...


def _till(house: House) -> _PracticeTill:
    till = house.now.tills.get("practice")
    if till is None:
        raise NotFound(Code.TILL_UNKNOWN, N_("There is no practice in this shop: real money is meant."))
    return cast("_PracticeTill", till)


def page(house: House, session_id: str) -> PracticePage:
    """What the pay page shows. Raises NotFound(TILL_UNKNOWN | PAYMENT_STATE)."""
    return _till(house).page(session_id)


async def decide(house: House, session_id: str, choice: Choice) -> str:
    """Let `choice` happen, deliver its events, and tell where the reader goes.

    Raises as `page`, Refused(PAYMENT_STATE) for a session that is over, and as `settle.receive`.
    """
    till = _till(house)
    decided = till.decide(session_id, choice)
    for event in decided.events:
        await settle.receive(house, till.name, event.headers, event.body)
    return decided.go_to
