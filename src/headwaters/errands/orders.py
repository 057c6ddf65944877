"""What a creator does with an order, from the Studio or the command line; each is noted in the log."""

from __future__ import annotations

from headwaters.actions import orders
from headwaters.actions.deeds import noted
from headwaters.core.deeds import Deed, What
from headwaters.core.letters import clean_address
from headwaters.core.sales.money import Money
from headwaters.core.sales.references import read_reference
from headwaters.errands.house import House


async def write_note(house: House, order_id: int, note: str, before: str, who: int | None) -> bool:
    """Raises as `actions.orders.write_note`."""
    now = house.clock()
    deed = Deed(who, What.NOTE_CHANGED, f"order:{order_id}")
    return await house.db.write(noted(lambda conn: orders.write_note(conn, order_id, note, before, now), deed, now))


async def correct_address(house: House, order_id: int, email: str, before: str, who: int | None) -> bool:
    """Raises as `actions.orders.correct_address`, and Refused(EMAIL_INVALID)."""
    now, wanted = house.clock(), clean_address(email)
    deed = Deed(who, What.ADDRESS_CORRECTED, f"order:{order_id}")
    return await house.db.write(
        noted(lambda conn: orders.correct_address(conn, order_id, wanted, before or None, now), deed, now)
    )


async def refund_by_hand(house: House, reference: str, amount: Money, nonce: str, who: int | None) -> bool:
    """Raises as `actions.orders.refund_by_hand`."""
    now, wanted = house.clock(), read_reference(reference)
    deed = Deed(who, What.REFUND_BOOKED, f"payment:{wanted}", {"amount": str(amount)})
    return await house.db.write(noted(lambda conn: orders.refund_by_hand(conn, wanted, amount, nonce, now), deed, now))
