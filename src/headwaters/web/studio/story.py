"""One order's story in words: everything that happened with it, in the order in which it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from headwaters.core.errors import N_
from headwaters.core.sales.states import Door
from headwaters.store.orders import EditionLine, LetterLine, MailLine
from headwaters.store.studio import EventLine, OrderStory, PaymentStory
from headwaters.web.contexts.studio import Happening
from headwaters.web.format import Format
from headwaters.web.studio.words import BY_HAND, moment

_DOORS = {
    Door.PAY: N_("Somebody came through the door “Pay what is fair”."),
    Door.CANT_PAY: N_("Somebody came through the door “I can’t pay right now”."),
    Door.HAVE_COPY: N_("Somebody came through the door “I already have a copy”."),
}
_EVENTS = {
    "handled": N_("The till told us: %(what)s."),
    "ignored": N_("The till told us something that counts for nothing: %(what)s."),
    "mismatch": N_(
        "The till told us something that does not match what was asked for, so it counts for nothing: %(what)s. "
        "Compare the payment there with this one."
    ),
}
# disputed: how it went, and how it came back
_REFUNDS = {
    False: (
        N_("%(amount)s went back."),
        N_("%(amount)s came back to you: the reader’s bank did not take it. Ask them how to send it."),
    ),
    True: (
        N_("The reader disputes the payment, and their bank took %(amount)s back. Answer it at the till."),
        N_("%(amount)s came back to you: the dispute was decided for you."),
    ),
}
_MAILS = {"mail.order": N_("The link of their page"), "mail.answer": N_("Your answer")}


@dataclass(frozen=True, slots=True)
class Besides:
    """What happened besides payments."""

    mails: list[MailLine]
    letters: list[LetterLine]
    editions: list[EditionLine]


Line = tuple[datetime, str]


def story(said: Format, order: OrderStory, besides: Besides) -> tuple[Happening, ...]:
    """All lines, oldest first."""
    lines = (
        *_of_order(said, order),
        *(line for payment in order.payments for line in _of_payment(said, payment)),
        *(_of_mail(said, mail) for mail in besides.mails),
        *_of_letters(said, besides.letters),
        *_of_editions(said, besides.editions),
    )
    return tuple(Happening(moment(said, when), words) for when, words in sorted(lines, key=lambda line: line[0]))


def _of_order(said: Format, order: OrderStory) -> Iterator[Line]:
    _ = said.gettext
    yield order.line.created_at, _(_DOORS[order.first_door])
    if order.granted_at is not None:
        kept = order.first_door is order.line.door
        yield order.granted_at, _("The files are theirs.") if kept else _("They took it without paying after all.")
    if order.withdrawn_at is not None:
        yield order.withdrawn_at, _("They withdrew from the purchase. Please pay the money back within 14 days.")


def _of_payment(said: Format, payment: PaymentStory) -> Iterator[Line]:
    _ = said.gettext
    amount, till = said.of(payment.amount), said.till(payment.till)
    yield payment.created_at, _("A payment of %(amount)s was begun: %(till)s.") % {"amount": amount, "till": till}
    for event in payment.events:
        yield event.received_at, _event(said, event)
    if payment.settled_at is not None:
        confirmed = _("You confirmed it: %(amount)s came in.") if payment.till == BY_HAND else _("%(amount)s came in.")
        yield payment.settled_at, confirmed % {"amount": amount}
    for refund in payment.refunds:
        went, came = _REFUNDS[refund.disputed]
        yield refund.created_at, _(went) % {"amount": said.of(refund.amount)}
        if refund.undone_at is not None:
            yield refund.undone_at, _(came) % {"amount": said.of(refund.amount)}


def _event(said: Format, event: EventLine) -> str:
    return said.gettext(_EVENTS.get(event.outcome, _EVENTS["handled"])) % {"what": event.type}


def _of_mail(said: Format, mail: MailLine) -> Line:
    """What became of a mail. One that did not go out says why."""
    _ = said.gettext
    what = _(_MAILS[mail.kind])
    when = mail.done_at or mail.created_at
    match mail.state, mail.error:
        case "done", "":
            return when, _("%(what)s went out by mail.") % {"what": what}
        case "done", "mail_off":
            return when, _("%(what)s did not go out: this shop sends no mail yet.") % {"what": what}
        case "done", _:
            return when, _("%(what)s did not go out: they want no mail from you.") % {"what": what}
        case "given_up", why:
            failed = _("%(what)s could not be delivered (%(why)s). Perhaps the address has a slip in it.")
            return when, failed % {"what": what, "why": why or "–"}
    waits = _("%(what)s is to go out by mail.")
    if mail.attempts > 1:
        waits = _("%(what)s has not gone out yet: the mail server did not take it. It is tried again.")
    return when, waits % {"what": what}


def _of_letters(said: Format, letters: list[LetterLine]) -> Iterator[Line]:
    _ = said.gettext
    for letter in letters:
        yield letter.created_at, _("You answered.") if letter.author == "creator" else _("They wrote a letter.")


def _of_editions(said: Format, editions: list[EditionLine]) -> Iterator[Line]:
    words = said.gettext("Edition %(n)d of “%(title)s” came out: they have it too.")
    for edition in editions:
        yield edition.published_at, words % {"n": edition.number, "title": edition.title}
