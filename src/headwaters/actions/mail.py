"""What is to be mailed, written in the transaction of what caused it; errands/mail.py writes and sends it.

A row holds no address and no text: they are looked up when the mail goes out. Its key says what may happen
only once: one mail an address, work and day; one answer a letter; for the creator's own notices one a day, or one
at once and then one that sums up, a quarter of an hour, so that a flood of orders is never a flood of mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from headwaters.actions.outbox import queue
from headwaters.core.clock import from_micros, to_micros
from headwaters.core.letters import mail_day, mailbox_mark
from headwaters.core.notices import Wish, next_moment, read_wish
from headwaters.store import letters as letter_rows
from headwaters.store import outbox as outbox_rows
from headwaters.store import sales as sales_rows
from headwaters.store.db import Connection
from headwaters.store.payments import PaymentRow

SLOT = timedelta(minutes=15)
BY_HAND = "by_hand"
ORDERS, LETTERS = "notify_orders", "notify_letters"  # the settings that say how often
SWITCHES = (ORDERS, LETTERS)


class Kind(StrEnum):
    """The outbox kinds of mail."""

    ORDER = "mail.order"
    ANSWER = "mail.answer"
    NOTICE_ORDER = "mail.notice.order"
    NOTICE_LETTER = "mail.notice.letter"
    NOTICE_WITHDRAWAL = "mail.notice.withdrawal"
    NOTICE_MORE = "mail.notice.more"
    NOTICE_DAILY = "mail.notice.daily"
    NOTICE_REPORT = "mail.notice.report"
    NOTICE_FILES = "mail.notice.files"


# ── to the reader ────────────────────────────────────────────────────────────────────────────────


def queue_order_mail(conn: Connection, order_id: int, now: datetime) -> bool:
    """The link of the order page, where the reader gave an address. True: a mail will go out for this very call."""
    email = letter_rows.order_email(conn, order_id)
    if email is None:
        return False
    works = ",".join(map(str, sorted(sales_rows.work_ids(conn, order_id))))
    key = f"order:{mailbox_mark(email)}:{works}:{mail_day(now)}"
    return queue(conn, key, Kind.ORDER.value, {"order": order_id}, now)


def queue_order_mail_again(conn: Connection, order_id: int, now: datetime) -> bool:
    """The same at the creator's word, once in a quarter of an hour. False: no address, or sent just now."""
    if letter_rows.order_email(conn, order_id) is None:
        return False
    key = f"order-again:{order_id}:{_slot(now)}"
    return queue(conn, key, Kind.ORDER.value, {"order": order_id}, now)


def queue_answer(conn: Connection, letter_id: int, now: datetime) -> bool:
    """The creator's answer, to a reader who asked for it by mail."""
    return queue(conn, f"answer:{letter_id}", Kind.ANSWER.value, {"letter": letter_id}, now)


# ── to the creator ───────────────────────────────────────────────────────────────────────────────


def _reachable(conn: Connection) -> bool:
    return bool(letter_rows.notify_settings(conn).get("notify_email"))


def wish_of(wishes: Mapping[str, str], switch: str) -> Wish:
    """What the settings say to `notify_letters` or `notify_orders`."""
    return read_wish(wishes.get(switch, ""))


def _slot(now: datetime) -> int:
    return to_micros(now) // (SLOT // timedelta(microseconds=1))


def slot_start(slot: int) -> datetime:
    """When the quarter of an hour with this number begins."""
    return from_micros(slot * (SLOT // timedelta(microseconds=1)))


def _notice(conn: Connection, kind: Kind, switch: str, subject: dict[str, int], now: datetime) -> None:
    """As the creator likes it: at once and then summed up, once a day, or not at all."""
    wishes = letter_rows.notify_settings(conn)
    wish = wish_of(wishes, switch)
    if not wishes.get("notify_email") or wish is Wish.NEVER:
        return
    if wish is Wish.DAILY:
        _queue_daily(conn, wishes, now)
        return
    slot = _slot(now)
    if not queue(conn, f"{kind}:{slot}", kind.value, subject, now):
        more = {"about": kind.value, "slot": slot}
        queue(conn, f"{kind}:{slot}:more", Kind.NOTICE_MORE.value, more, now, due=slot_start(slot + 1))


_HOUR = "7"


def _daily_key(moment: datetime) -> str:
    """Keys in the order of their moments."""
    return f"{Kind.NOTICE_DAILY}:{to_micros(moment):020}"


def _queue_daily(conn: Connection, wishes: Mapping[str, str], now: datetime) -> None:
    """The day's notice, by the first thing that it will tell of; once by its moment.

    What is queued keeps its moment when the hour is moved: nothing falls between two of them, or into both.
    """
    if any(key > _daily_key(now) for key in outbox_rows.keys_after(conn, Kind.NOTICE_DAILY.value, now)):
        return
    moment = next_moment(now, int(wishes.get("notify_hour") or _HOUR))
    wanted = [switch for switch in SWITCHES if wish_of(wishes, switch) is Wish.DAILY]
    span = {"start": to_micros(now), "end": to_micros(moment), "wanted": wanted}
    queue(conn, _daily_key(moment), Kind.NOTICE_DAILY.value, span, now, due=moment)


def queue_order_notice(conn: Connection, order_id: int, now: datetime) -> None:
    """An order came through a door, and waits for no till."""
    _notice(conn, Kind.NOTICE_ORDER, ORDERS, {"order": order_id}, now)


def queue_paid_notice(conn: Connection, payment: PaymentRow, now: datetime) -> None:
    """A payment was settled. One by hand needs no telling: the creator confirmed it."""
    if payment.till != BY_HAND:
        _notice(conn, Kind.NOTICE_ORDER, ORDERS, {"order": payment.order_id, "payment": payment.id}, now)


def queue_withdrawal_notice(conn: Connection, order_id: int, now: datetime) -> None:
    """A reader withdrew: the law gives the creator 14 days to pay back, so an address is reason enough to tell."""
    if _reachable(conn):
        queue(conn, f"withdrawal:{order_id}", Kind.NOTICE_WITHDRAWAL.value, {"order": order_id}, now)


def queue_letter_notice(conn: Connection, letter_id: int, now: datetime) -> None:
    """A reader wrote."""
    _notice(conn, Kind.NOTICE_LETTER, LETTERS, {"letter": letter_id}, now)


def queue_report_notice(conn: Connection, now: datetime) -> None:
    """Somebody told of a wrong: the creator has to look, so an address is reason enough. One mail a quarter of an
    hour, at its end, says how many wait."""
    if _reachable(conn):
        slot = _slot(now)
        queue(conn, f"report:{slot}", Kind.NOTICE_REPORT.value, {}, now, due=slot_start(slot + 1))


def queue_files_notice(conn: Connection, now: datetime) -> None:
    """A file is damaged, and readers do not get it: an address is reason enough to tell. One mail a quarter of an hour,
    at its end, names them all."""
    if _reachable(conn):
        slot = _slot(now)
        queue(conn, f"files:{slot}", Kind.NOTICE_FILES.value, {}, now, due=slot_start(slot + 1))
