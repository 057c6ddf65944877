"""No more mail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusePage:
    """`mail_refuse.html`: refuse all mail from this shop."""

    address: str  # path of the page and its form
    done: bool
