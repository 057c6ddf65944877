"""Lost your link? The mail that leads a reader back to their order pages, and the pages themselves."""

from __future__ import annotations

from collections.abc import Sequence

from headwaters.actions import lost as verbs
from headwaters.actions.lost import link_spent
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.letters import clean_address
from headwaters.core.sales.slips import read_slip
from headwaters.core.shelf.lost import ASKED, LINK_LIVES, MOST_MAILS, FoundOrder, link_secret, lost_key, spellings
from headwaters.core.signin import secret_digest
from headwaters.errands.house import House
from headwaters.errands.mail import Letter, reaches, write_mail
from headwaters.errands.worker import Handler, LetGo
from headwaters.store import lost as rows
from headwaters.store.db import Connection
from headwaters.store.lost import LinkRow
from headwaters.store.outbox import OutboxRow

__all__ = [
    "MINUTES",
    "ask",
    "find_by_payment",
    "link_is_good",
    "link_spent",
    "lost_handlers",
    "open_list",
    "read_address",
    "sweep",
]

MINUTES = int(LINK_LIVES.total_seconds()) // 60


def read_address(typed: str) -> str:
    """The address to look for. Raises Refused(EMAIL_INVALID)."""
    address = clean_address(typed)
    if address is None:
        raise Refused(Code.EMAIL_INVALID, N_("Please write an e-mail address."), field="email")
    return address


async def ask(house: House, address: str) -> None:
    """Queue the mail. What is done here is the same, and takes as long, whether any order has this address or none.
    Raises Refused(MAIL_OFF)."""
    if house.mailer is None:
        raise Refused(Code.MAIL_OFF, N_("This shop sends no mail."), field="email")
    mark, now = house.token(), house.clock()
    digest = _digest(house, mark, ASKED)
    await house.db.write(lambda conn: verbs.ask(conn, mark, digest, address, now))


def _secret(house: House, mark: str, number: int) -> str:
    return link_secret(lost_key(house.shop_key), mark, number)


def _digest(house: House, mark: str, number: int) -> str:
    return secret_digest(_secret(house, mark, number))


# ── the mail ─────────────────────────────────────────────────────────────────────────────────────


def lost_handlers(house: House) -> dict[str, Handler]:
    """For the worker: outbox kind → what carries it out."""

    async def carry_out(row: OutboxRow) -> None:
        await _carry_out(house, row)

    return {verbs.LOST: carry_out}


async def _carry_out(house: House, row: OutboxRow) -> None:
    """Find out whether the address is known, and how it is spelled; make the links; mail them.

    Each mail goes to the address as it stands on an order, never as it was typed: whoever types another's address in
    capitals of their own gets nothing that way.
    """
    mark, now = row.payload["mark"], house.clock()
    if house.mailer is None:
        raise LetGo(Code.MAIL_OFF)
    asked = await house.db.read(lambda conn: rows.live_link(conn, _digest(house, mark, ASKED), now))
    if asked is None:
        raise LetGo(Code.LOST_SPENT)
    found = await house.db.read(lambda conn: rows.known_addresses(conn, spellings(asked.email), MOST_MAILS))
    if not found:
        raise LetGo(Code.ORDER_UNKNOWN)
    secrets = {_digest(house, mark, number): _secret(house, mark, number) for number in range(1, MOST_MAILS + 1)}
    links = await house.db.write(lambda conn: verbs.make_links(conn, asked, found, tuple(secrets)))
    wanted = await house.db.read(lambda conn: [link for link in links if reaches(house, conn, link.email)])
    if links and not wanted:
        raise LetGo(Code.MAIL_REFUSED)
    for link in wanted:
        await house.mailer.send(write_mail(house, _letter(house, link, secrets[link.digest]), f"lost:{link.digest}"))


def _letter(house: House, link: LinkRow, secret: str) -> Letter:
    values = {"link": f"{house.config.url}/lost/{secret}", "minutes": MINUTES}
    return Letter(link.email, "lost", values, to_reader=True)


# ── what a reader sees ───────────────────────────────────────────────────────────────────────────


async def link_is_good(house: House, secret: str) -> bool:
    """Whether the link could be used now; looking does not use it up."""
    digest, now = secret_digest(secret), house.clock()
    return await house.db.read(lambda conn: rows.live_link(conn, digest, now)) is not None


async def open_list(house: House, secret: str) -> Sequence[FoundOrder]:
    """Use the link up. Raises Refused(LOST_SPENT)."""
    if not await link_is_good(house, secret):  # a flood of guesses never gets to the writer
        raise link_spent()
    digest, now = secret_digest(secret), house.clock()
    return await house.db.write(lambda conn: verbs.open_list(conn, digest, now))


async def find_by_payment(house: House, reference: str, amount: str, day: str) -> Sequence[FoundOrder]:
    """The order of a payment. Raises Refused for what is missing, NotFound(LOST_NOTHING)."""
    slip, now = read_slip(reference, amount, day), house.clock()

    def look(conn: Connection) -> Sequence[FoundOrder]:
        return verbs.find_by_payment(conn, slip, now)

    return await house.db.read(look)


async def sweep(house: House) -> int:
    """Forget links that are over, and the addresses that were typed for them; how many."""
    now = house.clock()
    if not await house.db.read(lambda conn: rows.any_over(conn, now)):
        return 0
    return await house.db.write(lambda conn: rows.forget_over(conn, now))
