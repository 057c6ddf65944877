"""Lost your link? The pages on which a reader finds their order pages again."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem


@dataclass(frozen=True, slots=True)
class LostPage:
    """`lost.html`: two ways to find one's pages, by the address or by a payment."""

    mail: bool  # whether this shop sends mail, so that the first way is open
    email: str  # what was typed
    email_problem: Problem | None
    reference: str  # what was typed
    amount: str  # what was typed
    day: str  # what was typed
    payment_problem: Problem | None
    write_to: str  # the creator's address, or empty


@dataclass(frozen=True, slots=True)
class LostSentPage:
    """`lost_sent.html`: what happens next, the same whether anything was found or not."""

    minutes: int  # how long the link works
    write_to: str  # the creator's address, or empty


@dataclass(frozen=True, slots=True)
class LostLinkPage:
    """`lost_link.html`: where the link of the mail leads; a button uses it up."""

    address: str  # where the form goes


@dataclass(frozen=True, slots=True)
class LostOrder:
    """An order page that was found."""

    path: str
    link: str  # the whole address, to keep
    title: str  # of its works
    state: str  # granted, waiting or expired
    withdrawn: bool
    date: str
    day: str  # the same as ISO 8601 has it


@dataclass(frozen=True, slots=True)
class LostFoundPage:
    """`lost_found.html`: the order pages, the newest first; none where they were taken away meanwhile."""

    orders: tuple[LostOrder, ...]
