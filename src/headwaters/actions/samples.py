"""A sample that should not have been one: it is given away no more."""

from __future__ import annotations

from headwaters.core.errors import N_, Code, NotFound
from headwaters.store import works as rows
from headwaters.store.db import Connection
from headwaters.store.shop import raise_catalogue


def withdraw_sample(conn: Connection, slug: str, name: str, edition: int | None) -> bool:
    """The samples of a work that are called so, of one edition or (None) of all, go from its page and from their
    addresses. What somebody took they have. True: now; False: they were withdrawn before.

    Raises NotFound: WORK_UNKNOWN, FILE_MISSING.
    """
    work = rows.work_at(conn, slug)
    count, withdrawn = rows.withdraw_samples(conn, work.id, name, edition)
    if not count and not withdrawn:
        raise NotFound(
            Code.FILE_MISSING,
            N_("There is no sample called “%(name)s” here."),
            hint=N_("The work’s page in the Studio lists the files of each edition."),
            name=name,
        )
    if count:
        raise_catalogue(conn)
    return count > 0
