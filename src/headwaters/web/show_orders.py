"""From the rows of an order to the context of its page, and to its machine twin. Lean: an order page is never kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headwaters.actions.sales import WITHDRAWAL
from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, HeadwatersError
from headwaters.core.sales.doors import least_for
from headwaters.core.sales.iban import in_fours, transfer_code
from headwaters.core.sales.money import Money, plain
from headwaters.core.sales.references import creditor_reference
from headwaters.core.sales.states import Door, Mode, OrderState, PaymentState
from headwaters.core.works.editions import WorkState
from headwaters.core.works.formats import SUBTITLES, USUAL
from headwaters.core.works.media import format_name
from headwaters.errands.house import Now
from headwaters.store.fetching import Parcel
from headwaters.store.pages import EditionView, FileView, LetterView, LineView, OrderView, PaymentView, WorkView
from headwaters.store.shelf import GIVEN_ROLES
from headwaters.web.contexts import orders as pages
from headwaters.web.contexts.common import Art, Licence, Problem, Site
from headwaters.web.contexts.fetching import Fetch
from headwaters.web.contexts.orders import Stage
from headwaters.web.contexts.taste import Chapter, PictureTaste
from headwaters.web.format import Format, formats
from headwaters.web.licences import said_licence
from headwaters.web.qr import qr_svg
from headwaters.web.render import said_problem
from headwaters.web.show_fetching import fetch_for_all, fetch_json, fetch_with
from headwaters.web.show_formats import (
    ShelfTable,
    held_formats,
    made_cells,
    made_json,
    made_tracks,
    offered,
    shelf_tables,
)
from headwaters.web.show_play import (
    NOTHING,
    Played,
    chapters_of,
    is_subtitles,
    moments,
    on_the_way,
    played,
    plays_soon,
    reading_of,
    views_of,
)
from headwaters.web.show_trouble import ShelfTrouble, held_trouble, shelf_trouble
from headwaters.web.show_works import last_part, pay_form, said_amount, said_art

_LANGUAGE = re.compile(r"[ ._-]([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.vtt\Z")
_PLAYING = frozenset({"audio", "video"})
_WITHHELD = N_("A legal duty stops them.")
_TESTED = N_("%(till)s (test)")


# ── what is the same for every order of a work ───────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ShelfFile:
    """A file, ready but for the key in its address."""

    label: str
    name: str
    format: str
    length: str
    size: str
    bytes: int
    sha256: str
    tail: str  # what follows the key
    media_type: str
    fault: str
    played: Played
    soon: bool  # something that plays in its place is being made
    reading: FileView | None  # what was made of it to be read on a page
    chapters: tuple[Chapter, ...]  # their addresses without what stands before the moment
    trouble: ShelfTrouble | None


@dataclass(frozen=True, slots=True)
class ShelfWork:
    """A work as its holders see it, made once for each version of the catalogue."""

    work: WorkView
    art: Art | None
    href: str
    files: tuple[ShelfFile, ...]
    tracks: tuple[tuple[str, str, str, str], ...]  # label, language, what follows the key, and that of their only film
    pictures: tuple[PictureTaste, ...]  # their addresses are what follows the key
    size: str
    others: tuple[ShelfTable, ...]
    fetch: Fetch | None  # for every holder, but for the key
    news: tuple[pages.EditionNews, ...]
    licence: Licence
    withheld: str
    may_pay: bool
    cant_pay: bool


def shelf_work(
    work: WorkView, language: str, parcel: Parcel | None = None, url: str = "", usual: str = USUAL
) -> ShelfWork:
    """What every order page shows of `work`. `parcel`: what there is to fetch, None while it is withheld; `usual`: the
    formats that the shop makes of its works."""
    said = formats(language)
    coming = parcel.coming if parcel else ()
    others, made = shelf_tables(work, usual, coming, said), offered(work, usual)
    lines = work.of_role(*GIVEN_ROLES)
    withheld = work.state == WorkState.WITHHELD
    files = tuple(
        ShelfFile(
            label=file.label or file.name,
            name=file.name,
            format=format_name(file.media_type, file.name),
            length=said.length(file.seconds) if file.seconds else "",
            size=said.size(file.size),
            bytes=file.size,
            sha256=file.sha256,
            tail=f"/{file.ref}/{last_part(file.name)}",
            media_type=file.media_type,
            fault=file.fault,
            played=(plays := played(file, made)),
            soon=plays is NOTHING and plays_soon(file, coming),
            reading=reading_of(work, file),
            chapters=chapters_of(file),
            trouble=shelf_trouble(file, others, parcel, said),
        )
        for file in lines
    )
    return ShelfWork(
        work=work,
        art=None if withheld else said_art(work),
        href=f"/w/{work.slug}" if work.state == WorkState.PUBLISHED else "",
        files=() if withheld else files,
        tracks=(
            *((one.label, _language(one.name), one.tail, "") for one in files if is_subtitles(one) and not one.fault),
            *((one.label, _language(one.name), one.tail, "") for one in made_tracks(others)),
            *_inside(files, lines, made),
        ),
        pictures=views_of(work),
        size=said.size(sum(file.size for file in lines)),
        others=() if withheld else others,
        fetch=fetch_for_all(url, parcel),
        news=tuple(_news(edition, said) for edition in work.history if edition.number > 1),
        licence=said_licence(work.licence, said),
        withheld=(work.note or said.gettext(_WITHHELD)) if withheld else "",
        may_pay=Door.PAY in work.doors.split(","),
        cant_pay=Door.CANT_PAY in work.doors.split(","),
    )


def _inside(
    files: Sequence[ShelfFile], given: Sequence[FileView], made: Sequence[FileView]
) -> Iterator[tuple[str, str, str, str]]:
    """Subtitles that were taken out of films, each for its own."""
    films = {row.id: file.tail for file, row in zip(files, given, strict=True) if row.media_type.startswith("video/")}
    for one in made:
        if one.recipe == SUBTITLES and one.made_from in films and not one.fault:
            yield one.label or one.name, _language(one.name), f"/{one.ref}/{last_part(one.name)}", films[one.made_from]


def _news(edition: EditionView, said: Format) -> pages.EditionNews:
    moment = from_micros(edition.published_at)
    return pages.EditionNews(edition.number, said.date(moment), moment.date().isoformat(), edition.changes)


def _language(name: str) -> str:
    """What `film.de-AT.vtt` says of its language."""
    found = _LANGUAGE.search(name)
    return found[1] if found else ""


def _held_file(file: ShelfFile, way: str) -> pages.HeldFile:
    """A file for one reader. `way`: `/d/<key>`."""
    plays, reading = file.played, file.reading
    there = reading is not None and not reading.fault
    return pages.HeldFile(
        label=file.label,
        name=file.name,
        format=file.format,
        length=file.length,
        size=file.size,
        sha256=file.sha256,
        href=way + file.tail,
        media_type=file.media_type,
        kind=plays.kind,
        play=way + plays.tail if plays.tail else "",
        play_small=way + plays.small if plays.small else "",
        soon=file.soon,
        read=f"{way}/{reading.ref}/read" if reading and there else "",
        place=reading.sha256 if reading and there else "",
        unread=reading is not None and not there,
        chapters=moments(file.chapters, way + plays.tail) if plays.tail else (),
        trouble=held_trouble(file.trouble, way),
    )


def _held(shelf: ShelfWork, line: LineView, url: str) -> pages.HeldWork:
    way = f"/d/{line.key}" if line.key else ""
    files = tuple(_held_file(file, way) for file in (shelf.files if way else ()))
    archive = f"{way}/everything.zip" if files else ""
    return pages.HeldWork(
        title=shelf.work.title,
        by_line=shelf.work.by_line,
        language=shelf.work.language,
        art=shelf.art,
        href=shelf.href,
        files=files,
        tracks=tuple(
            pages.Track(label, language, way + tail, way + film if film else "")
            for label, language, tail, film in shelf.tracks
            if files
        ),
        pictures=on_the_way(shelf.pictures, way) if files else (),
        remembers=any(file.read or file.kind in _PLAYING for file in files),
        archive=archive,
        lacking=sum(file.trouble is not None for file in files),
        gift=url + archive if archive else "",
        size=shelf.size,
        formats=held_formats(shelf.others, way) if files else (),
        edition=shelf.work.edition,
        news=shelf.news,
        licence=shelf.licence,
        withheld=shelf.withheld,
    )


# ── money ────────────────────────────────────────────────────────────────────────────────────────


def _net(order: OrderView) -> int:
    """What was paid and not refunded, in minor units."""
    return sum(one.amount_minor - one.refunded_minor for one in order.payments if one.state == PaymentState.PAID)


_UNPAID_STAGES = {
    PaymentState.PENDING: Stage.PENDING,
    PaymentState.FAILED: Stage.FAILED,
    PaymentState.EXPIRED: Stage.EXPIRED,
}


def _in_view(order: OrderView) -> PaymentView | None:
    """The payment that the page speaks of: one whose money is on its way, whatever was begun after it; else the newest,
    or where that ran out of time, one that still waits."""
    newest = order.payments[-1] if order.payments else None
    if newest is None or len(order.payments) == 1:
        return newest
    wanted = [PaymentState.PENDING]
    if newest.state == PaymentState.EXPIRED:
        wanted.append(PaymentState.OPEN)
    waiting = (one for state in wanted for one in reversed(order.payments) if one.state == state)
    return next(waiting, newest)


def stage_of(order: OrderView) -> Stage:
    """What the page says first."""
    newest = _in_view(order)
    if order.state == OrderState.GRANTED:
        return _granted_stage(order, newest)
    if newest is None:
        return Stage.EXPIRED
    if newest.state != PaymentState.OPEN:
        return _UNPAID_STAGES.get(PaymentState(newest.state), Stage.PENDING)
    if newest.till == "by_hand":
        return Stage.BY_HAND
    return Stage.UNFINISHED if newest.url else Stage.TILL_DOWN


def _granted_stage(order: OrderView, newest: PaymentView | None) -> Stage:
    if _net(order) > 0:
        return Stage.PAID
    if any(payment.state == PaymentState.PAID for payment in order.payments):
        return Stage.REFUNDED
    if newest and newest.till == "by_hand" and newest.state == PaymentState.OPEN and not _taken_after(order, newest):
        return Stage.PROMISED
    return Stage.COPY if order.door == Door.HAVE_COPY else Stage.FREE


def _taken_after(order: OrderView, payment: PaymentView) -> bool:
    """Whether the reader took the works without paying, after they had begun this payment."""
    return order.granted_at is not None and order.granted_at > payment.created_at


def _till_label(payment: PaymentView, said: Format) -> str:
    label = said.till(payment.till)
    return said.gettext(_TESTED) % {"till": label} if payment.mode == Mode.TEST else label


def _due(order: OrderView, now: Now, said: Format) -> pages.Due | None:
    newest = _in_view(order)
    if newest is None or newest.state == PaymentState.PAID:
        return None
    by_hand = newest.till == "by_hand"
    amount, settings = Money(newest.amount_minor, newest.currency), now.settings
    payee, iban = (settings.by_hand_name, settings.by_hand_iban) if by_hand else ("", "")
    code = transfer_code(payee, iban, amount, creditor_reference(newest.reference))
    return pages.Due(
        amount=said_amount(amount, said),
        till=newest.till,
        label=_till_label(newest, said),
        state=newest.state,
        href=newest.url or "",
        reference=newest.reference,
        creditor_reference=creditor_reference(newest.reference) if by_hand else "",
        instructions=settings.by_hand_instructions if by_hand else "",
        payee=payee,
        iban=in_fours(iban),
        code=qr_svg(code, said.gettext("A code that your bank’s app reads")),
        until=said.date(from_micros(newest.expires_at)),
    )


def _payment_line(payment: PaymentView, said: Format) -> pages.PaymentLine:
    moment = from_micros(payment.settled_at or payment.created_at)
    back = payment.refunded_minor
    return pages.PaymentLine(
        amount=said_amount(Money(payment.amount_minor, payment.currency), said),
        label=_till_label(payment, said),
        date=said.date(moment),
        day=moment.date().isoformat(),
        reference=payment.reference,
        refunded=said_amount(Money(back, payment.currency), said) if back else None,
    )


def _withdrawal(order: OrderView, now: datetime, problem: Problem | None, said: Format) -> pages.Withdrawal | None:
    if order.withdrawn_at is not None:
        return pages.Withdrawal("", said.date(from_micros(order.withdrawn_at)), problem)
    paid = [one.settled_at for one in order.payments if one.state == PaymentState.PAID and one.settled_at is not None]
    if not paid:
        return None
    until = from_micros(max(paid)) + WITHDRAWAL
    return pages.Withdrawal(said.date(until), "", problem) if now <= until else None


# ── letters ──────────────────────────────────────────────────────────────────────────────────────


def _letter(letter: LetterView, said: Format) -> pages.Letter:
    moment = from_micros(letter.created_at)
    return pages.Letter(letter.author == "reader", said.date(moment), moment.date().isoformat(), letter.body)


def _letter_form(order: OrderView, typed: Mapping[str, str], problem: Problem | None) -> pages.LetterForm:
    closed = order.blocked_at is not None
    if "body" not in typed:
        last = next((one for one in reversed(order.letters) if one.author == "reader"), None)
        return pages.LetterForm("", "", bool(last and last.wants_mail), order.email is None, closed, None)
    ask_email = order.email is None or bool(problem)
    return pages.LetterForm(typed["body"], typed.get("email", ""), "mail_me" in typed, ask_email, closed, problem)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Typed:
    """A form of the page that was refused: its fields, and why. The fields say which form it was."""

    fields: Mapping[str, str]
    error: HeadwatersError | None

    def problem_of(self, form: str, language: str) -> Problem | None:
        """The problem, if it is that of `form`: letter, pay, mail or withdraw."""
        return said_problem(self.error, language) if self.error and self.form == form else None

    @property
    def form(self) -> str:
        """Which form it was."""
        if "body" in self.fields:
            return "letter"
        if "amount" in self.fields:
            return "pay"
        return "mail" if "email" in self.fields else "withdraw"


NOTHING_TYPED = Typed({}, None)


def order_page(
    site: Site,
    order: OrderView,
    shelves: Sequence[ShelfWork],
    now: Now,
    moment: datetime,
    nonce: str,
    typed: Typed = NOTHING_TYPED,
) -> pages.OrderPage:
    """The context of `/o/<token>`; `shelves` are the works of the order's lines, in their order."""
    language = now.settings.language
    said = formats(language)
    address = f"/o/{order.token}"
    net = _net(order)
    granted = order.state == OrderState.GRANTED
    created = from_micros(order.created_at)
    works = tuple(_held(shelf, line, site.url) for shelf, line in zip(shelves, order.lines, strict=True))
    return pages.OrderPage(
        stage=stage_of(order),
        address=address,
        link=site.url + address,
        title=said.join([shelf.work.title for shelf in shelves]),
        works=works,
        granted=granted,
        plays=any(file.kind in _PLAYING for work in works for file in work.files),
        reads=any(file.read for work in works for file in work.files),
        gallery=any(work.pictures for work in works),
        paid=said_amount(Money(net, order.currency), said) if net > 0 else None,
        due=_due(order, now, said),
        pay=pay_form(
            now,
            _still_fair(order, shelves),
            _least(order, shelves),
            typed.fields if typed.form == "pay" else {},
            typed.problem_of("pay", language),
            said,
        ),
        may_pay=all(shelf.may_pay for shelf in shelves),
        may_take=not granted and all(shelf.cant_pay for shelf in shelves),
        mail=_mail_form(site, order, typed, language),
        mailed=order.email is not None,
        country=said.country(order.country) if order.country else "",
        letters=tuple(_letter(letter, said) for letter in order.letters),
        letter=_letter_form(order, typed.fields, typed.problem_of("letter", language)),
        withdrawal=_withdrawal(order, moment, typed.problem_of("withdraw", language), said),
        payments=tuple(_payment_line(one, said) for one in order.payments if one.state == PaymentState.PAID),
        date=said.date(created),
        day=created.date().isoformat(),
        imprint=now.settings.imprint,
        nonce=nonce,
    )


def _still_fair(order: OrderView, shelves: Sequence[ShelfWork]) -> Money:
    """What the form suggests: what the reader meant to pay, else the works' prices."""
    prices = sum(shelf.work.price_minor for shelf in shelves if shelf.work.currency == order.currency)
    return Money(order.amount_minor or prices, order.currency)


def _least(order: OrderView, shelves: Sequence[ShelfWork]) -> Money:
    """The least that the form takes: who has the works gives what they like."""
    asked = sum(shelf.work.minimum_minor for shelf in shelves if shelf.work.currency == order.currency)
    minimum = Money(0 if order.state == OrderState.GRANTED else asked, order.currency)
    return least_for(order.amount_minor, minimum)


def _mail_form(site: Site, order: OrderView, typed: Typed, language: str) -> pages.MailForm | None:
    refused = typed.form == "mail" and typed.error is not None
    if not site.mail or (order.email is not None and not refused):
        return None
    fields = typed.fields if refused else {}
    return pages.MailForm(fields.get("email", ""), typed.problem_of("mail", language))


# ── the machine twin ─────────────────────────────────────────────────────────────────────────────


def order_json(site: Site, order: OrderView, shelves: Sequence[ShelfWork]) -> dict[str, Any]:
    """`/o/<token>.json`: works, their newest editions, and files with url, size, sha256 and media_type."""
    return {
        "url": f"{site.url}/o/{order.token}",
        "state": order.state,
        "door": order.door,
        "created_at": from_micros(order.created_at),
        "paid": {"amount": plain(Money(_net(order), order.currency)), "currency": order.currency},
        "works": [_work_json(site, shelf, line) for shelf, line in zip(shelves, order.lines, strict=True)],
    }


def _work_json(site: Site, shelf: ShelfWork, line: LineView) -> dict[str, Any]:
    work = shelf.work
    way = f"{site.url}/d/{line.key}" if line.key and shelf.files else ""
    files = [
        {
            "name": file.name,
            "label": file.label,
            "url": way + file.tail,
            "size": file.bytes,
            "sha256": file.sha256,
            "media_type": file.media_type,
            "fault": file.fault or None,
        }
        for file in (shelf.files if way else ())
    ]
    return {
        "title": work.title,
        "by": work.by_line,
        "language": work.language,
        "licence": work.licence,
        "url": site.url + shelf.href if shelf.href else None,
        "withheld": shelf.withheld or None,
        "editions": [
            {
                "number": work.edition,
                "published_at": from_micros(work.published_at),
                "changes": next((one.changes for one in work.history if one.number == work.edition), ""),
                "archive": f"{way}/everything.zip" if way else None,
                **fetch_json(fetch_with(shelf.fetch, line.key) if shelf.fetch and line.key and way else None, site.url),
                "files": files,
                "made": [made_json(cell, way) for cell in (made_cells(shelf.others) if way else ())],
            }
        ],
        "history": [
            {"number": one.number, "published_at": from_micros(one.published_at), "changes": one.changes}
            for one in work.history
        ],
    }
