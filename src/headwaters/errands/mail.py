"""Mail: look up what an outbox row speaks of, write it, hand it to the mail server.

A row that is carried out twice (the process died after the server took the mail) sends the same Message-ID again,
by which mail programs know it. Without a mail server the rows are let go: nothing waits that nobody will send.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from headwaters.actions.deeds import noted
from headwaters.actions.letters import refuse_mail
from headwaters.actions.mail import (
    BY_HAND,
    LETTERS,
    ORDERS,
    SWITCHES,
    Kind,
    queue_order_mail_again,
    slot_start,
    wish_of,
)
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, NotFound, Refused
from headwaters.core.letters import address_digest, mail_key, one_line
from headwaters.core.notices import Wish
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import OrderState, PaymentState
from headwaters.core.shop import Settings
from headwaters.errands.house import House
from headwaters.errands.worker import Handler, LetGo
from headwaters.ports import Mail
from headwaters.store import blobs as blob_rows
from headwaters.store import letters as letter_rows
from headwaters.store import payments as payment_rows
from headwaters.store import reports as report_rows
from headwaters.store import sales as sales_rows
from headwaters.store import studio as studio_rows
from headwaters.store.db import Connection
from headwaters.store.outbox import OutboxRow
from headwaters.store.payments import PaymentRow
from headwaters.store.threads import thread_state
from headwaters.texts import translations

_TEMPLATES = Path(__file__).parent.parent / "templates"
_NO_DOMAIN = re.compile(r"[^a-z0-9.-]")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a row turned out to be: whom it goes to, and the template with its values."""

    to: str
    template: str
    values: Mapping[str, Any]
    to_reader: bool  # readers may refuse all mail


Look = Callable[[Connection, House, Mapping[str, Any]], Letter | None]


def mail_handlers(house: House) -> dict[str, Handler]:
    """For the worker: outbox kind → what carries it out."""
    return {kind.value: _handler(house, look) for kind, look in _LOOKS.items()}


def _handler(house: House, look: Look) -> Handler:
    async def carry_out(row: OutboxRow) -> None:
        if house.mailer is None:
            raise LetGo(Code.MAIL_OFF)
        letter = await house.db.read(lambda conn: _look(conn, house, look, row.payload))
        if letter is None:
            raise LetGo(Code.MAIL_REFUSED)
        await house.mailer.send(write_mail(house, letter, row.key))

    return carry_out


def _look(conn: Connection, house: House, look: Look, payload: Mapping[str, Any]) -> Letter | None:
    """The letter of a row; None when there is nothing to send any more, or it is refused."""
    letter = look(conn, house, payload)
    if letter is None or not letter.to:
        return None
    if letter.to_reader and letter_rows.refuses_mail(conn, _digest(house, letter.to)):
        return None
    return letter


# ── what each kind says ──────────────────────────────────────────────────────────────────────────


def _title(conn: Connection, order_id: int) -> str:
    return one_line(", ".join(sales_rows.titles(conn, order_id)), 120)


def sign_of(settings: Settings) -> str:
    """Who signs: the creator, else the shop."""
    return one_line(settings.creator or settings.name, 120)


def _look_at_order(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    order = sales_rows.order_by_id(conn, payload["order"])
    if order.email is None:
        return None
    values = {
        "title": _title(conn, order.id),
        "page_url": f"{house.config.url}/o/{order.token}",
        "granted": order.state is OrderState.GRANTED,
    }
    return Letter(order.email, "order", values, to_reader=True)


def _look_at_answer(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    letter = letter_rows.letter_by_id(conn, payload["letter"])
    order = sales_rows.order_by_id(conn, letter.order_id)
    if order.email is None:
        return None
    values = {
        "title": _title(conn, order.id),
        "page_url": f"{house.config.url}/o/{order.token}",
        "body": letter.body,
    }
    return Letter(order.email, "answer", values, to_reader=True)


def _notice(house: House, template: str, path: str, **values: Any) -> Letter:
    studio_url = f"{house.config.url}/studio{path}"
    return Letter(house.now.settings.notify_email, template, {"studio_url": studio_url, **values}, to_reader=False)


def _told_of(conn: Connection, order_id: int, paid: int | None) -> PaymentRow | None:
    """The payment that a notice speaks of: the one that was `paid`, else one that was promised by hand. What else was
    begun meanwhile is none of it."""
    if paid is not None:
        return payment_rows.payment_by_id(conn, paid)
    newest = payment_rows.newest_payment(conn, order_id)
    return newest if newest is not None and newest.till == BY_HAND else None


def _look_at_new_order(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    order = sales_rows.order_by_id(conn, payload["order"])
    payment = _told_of(conn, order.id, payload.get("payment"))
    paid = payment is not None and payment.state is PaymentState.PAID
    return _notice(
        house,
        "notice_order",
        f"/orders/{order.id}",
        title=_title(conn, order.id),
        amount=str(payment.amount) if payment else "",
        reference=payment.reference if payment else "",
        paid=paid,
        waiting=payment is not None and not paid,
        door=order.door.value,
    )


def _look_at_new_letter(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    letter = letter_rows.letter_by_id(conn, payload["letter"])
    if thread_state(conn, letter.order_id).blocked_at is not None:
        return None
    return _notice(house, "notice_letter", f"/letters/{letter.order_id}", title=_title(conn, letter.order_id))


def _look_at_withdrawal(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    order = sales_rows.order_by_id(conn, payload["order"])
    paid = Money(studio_rows.paid_minor(conn, order.id), order.currency)
    title = _title(conn, order.id)
    return _notice(house, "notice_withdrawal", f"/orders/{order.id}", title=title, amount=str(paid))


def _look_at_more(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    letters = payload["about"] == Kind.NOTICE_LETTER
    start, end = slot_start(payload["slot"]), slot_start(payload["slot"] + 1)
    count = (letter_rows if letters else studio_rows).count_between(conn, start, end)
    return _notice(
        house,
        "notice_more",
        "/letters" if letters else "/orders",
        letters=letters,
        count=count,
        start=f"{start:%H:%M}",
        end=f"{end:%H:%M}",
    )


def _look_at_day(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    """What happened since the first thing that it tells of, counted now: whatever was wished for daily when it was
    queued, or is now, and is still wished for at all."""
    start, end = from_micros(payload["start"]), from_micros(payload["end"])
    wishes = {switch: wish_of(letter_rows.notify_settings(conn), switch) for switch in SWITCHES}
    told = [
        switch
        for switch, wish in wishes.items()
        if wish is Wish.DAILY or (wish is Wish.EACH and switch in payload["wanted"])
    ]
    letters = letter_rows.count_between(conn, start, end) if LETTERS in told else 0
    orders = studio_rows.count_between(conn, start, end) if ORDERS in told else 0
    if not letters and not orders:
        return None
    sums = [str(money) for money in studio_rows.money_between(conn, start, end)] if orders else []
    return _notice(
        house,
        "notice_daily",
        "",
        letters=letters,
        orders=orders,
        sums=sums,
        start=f"{start:%Y-%m-%d %H:%M}",
        end=f"{end:%Y-%m-%d %H:%M}",
    )


def _look_at_reports(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    waiting = [report.reference for report in report_rows.all_reports(conn) if report.state == "open"]
    return _notice(house, "notice_report", "/reports", references=waiting) if waiting else None


def _look_at_files(conn: Connection, house: House, payload: Mapping[str, Any]) -> Letter | None:
    told = [f"“{row.name}” ({row.title})" if row.slug else row.sha256 for row in blob_rows.faults(conn)]
    return _notice(house, "notice_files", "", files=told) if told else None


_LOOKS: dict[Kind, Look] = {
    Kind.ORDER: _look_at_order,
    Kind.ANSWER: _look_at_answer,
    Kind.NOTICE_ORDER: _look_at_new_order,
    Kind.NOTICE_LETTER: _look_at_new_letter,
    Kind.NOTICE_WITHDRAWAL: _look_at_withdrawal,
    Kind.NOTICE_MORE: _look_at_more,
    Kind.NOTICE_REPORT: _look_at_reports,
    Kind.NOTICE_DAILY: _look_at_day,
    Kind.NOTICE_FILES: _look_at_files,
}


# ── the mail itself ──────────────────────────────────────────────────────────────────────────────


@cache
def _environment(language: str) -> Environment:
    """Plain text: nothing is escaped, so that nothing may ever be shown as HTML."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def write_mail(house: House, letter: Letter, key: str) -> Mail:
    """The mail of an outbox row with this key. A template's first line is the subject."""
    settings = house.now.settings
    refuse_url = refusal_url(house, letter.to) if letter.to_reader else None
    template = _environment(settings.language).get_template(f"mail/{letter.template}.txt")
    shared = {"sign": sign_of(settings), "shop_url": house.config.url, "refuse_url": refuse_url}
    subject, _, text = template.render(**shared, **letter.values).strip().partition("\n")
    whose = settings.name or settings.creator
    return Mail(letter.to, subject.strip(), text.strip() + "\n", _message_id(house, key), refuse_url, whose)


def _message_id(house: House, key: str) -> str:
    """The same for the same row, and telling nothing of it. What a host may be called and a mail's domain may not (an
    underscore, the colons of IPv6) becomes a hyphen: it only has to be unlike others."""
    mac = hmac.digest(house.shop_key, f"headwaters: message of {key}".encode(), "sha256")
    host = _NO_DOMAIN.sub("-", urlsplit(house.config.url).hostname or "")
    return f"{mac.hex()[:40]}@{host}"


# ── what the creator asks for ────────────────────────────────────────────────────────────────────


_COPY = N_("Copy the link instead.")


def reaches(house: House, conn: Connection, address: str | None) -> bool:
    """Whether a mail to this reader would go out: the shop sends mail, there is an address, and it was not refused."""
    if house.mailer is None or not address:
        return False
    return not letter_rows.refuses_mail(conn, _digest(house, address))


async def send_link_again(house: House, order_id: int, who: int | None = None) -> bool:
    """Mail the order page's link once more. False: it was just now. Raises Refused(MAIL_OFF | EMAIL_INVALID |
    MAIL_REFUSED), NotFound(ORDER_UNKNOWN)."""
    if house.mailer is None:
        raise Refused(Code.MAIL_OFF, N_("This shop sends no mail yet."), hint=_COPY)
    now = house.clock()

    def run(conn: Connection) -> bool:
        address = sales_rows.order_by_id(conn, order_id).email
        if address is None:
            raise Refused(Code.EMAIL_INVALID, N_("The reader gave no address."), hint=_COPY)
        if not reaches(house, conn, address):
            raise Refused(Code.MAIL_REFUSED, N_("This reader wants no mail from you."), hint=_COPY)
        return queue_order_mail_again(conn, order_id, now)

    return await house.db.write(noted(run, Deed(who, What.LINK_SENT_AGAIN, f"order:{order_id}"), now))


async def try_notice(house: House, address: str) -> None:
    """Send the creator a mail of no meaning, now, to see that it arrives.

    Raises Refused(MAIL_OFF | EMAIL_INVALID | MAIL_REFUSED), Unavailable(MAIL_DOWN): what the mail server says.
    """
    if house.mailer is None:
        raise Refused(
            Code.MAIL_OFF,
            N_("This shop sends no mail yet."),
            hint=N_("Name a mail server in headwaters.toml, and start the shop again."),
        )
    if not address:
        raise Refused(
            Code.EMAIL_INVALID,
            N_("Where should it go? Write your e-mail address first."),
            field="notify_email",
        )
    letter = Letter(address, "notice_try", {"studio_url": f"{house.config.url}/studio/notices"}, to_reader=False)
    await house.mailer.send(write_mail(house, letter, f"try:{house.token()}"))


# ── no more mail ─────────────────────────────────────────────────────────────────────────────────


def _digest(house: House, address: str) -> str:
    return address_digest(mail_key(house.shop_key), address)


def _signer(house: House) -> URLSafeSerializer:
    return URLSafeSerializer(house.shop_key, "headwaters: refuse mail", signer_kwargs={"digest_method": hashlib.sha256})


def refusal_url(house: House, address: str) -> str:
    """Where the reader of `address` refuses all mail: the address cannot be read from it."""
    return f"{house.config.url}/mail/refuse/{_signer(house).dumps(_digest(house, address))}"


def read_refusal(house: House, signed: str) -> str:
    """The digest in such an address. Raises NotFound(PAGE_UNKNOWN) for one that we did not sign."""
    try:
        return str(_signer(house).loads(signed))
    except BadSignature:
        raise NotFound(Code.PAGE_UNKNOWN, N_("There is no such page.")) from None


async def refuse(house: House, signed: str) -> None:
    """No mail to this mailbox ever again. Raises as `read_refusal`."""
    digest, now = read_refusal(house, signed), house.clock()
    await house.db.write(lambda conn: refuse_mail(conn, digest, now))
