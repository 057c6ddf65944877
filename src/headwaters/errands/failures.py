"""How a failure that nobody expected is written down: where it happened and of what kind, never in its own words.

What an exception says may hold what a reader typed, an address, or a secret of one: a database quotes the row that it
refused, and its library the values of a statement.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

from headwaters.core.errors import HeadwatersError, Unavailable


def log_failure(log: logging.Logger, what: str, error: BaseException) -> None:
    """One entry for a failure of `what`; a short one where only the outside did not answer."""
    if isinstance(error, Unavailable):
        log.warning("%s: %s", what, error.code)
        return
    log.error("%s failed: %s\n%s", what, kind_of(error), where(error))


def kind_of(error: BaseException) -> str:
    """The code of an error of ours, the class of another."""
    return str(error.code) if isinstance(error, HeadwatersError) else type(error).__name__


def where(error: BaseException) -> str:
    """The frames of `error`, and of what caused it, each without its text."""
    return "".join(f"{kind_of(each)}\n{''.join(traceback.format_tb(each.__traceback__))}" for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
