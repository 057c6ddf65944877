"""People: an invitation is a row and a link that is shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headwaters.actions import people as verbs
from headwaters.actions.people import Wanted
from headwaters.actions.signin import no_such_person, person_called
from headwaters.core.signin import INVITATION_LIVES
from headwaters.errands.house import House
from headwaters.errands.signin import first_name, link_address
from headwaters.store import signin as signin_rows
from headwaters.store.signin import CreatorRow


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link to pass on: it works once, until `until`, and is shown only now."""

    person: CreatorRow
    url: str
    until: datetime


async def invite(house: House, actor: int | None, wanted: Wanted) -> Invitation:
    """Raises as actions.people.invite."""
    secret, now = house.token(), house.clock()
    await _have_first(house, now)
    person = await house.db.write(lambda conn: verbs.invite(conn, actor, wanted, secret, now))
    return Invitation(person, link_address(house, secret), now + INVITATION_LIVES)


async def new_link(house: House, actor: int | None, person_id: int) -> Invitation:
    """Raises as actions.people.new_link."""
    secret, now = house.token(), house.clock()
    person = await house.db.write(lambda conn: verbs.new_link(conn, actor, person_id, secret, now))
    return Invitation(person, link_address(house, secret), now + INVITATION_LIVES)


async def find(house: House, name: str) -> CreatorRow:
    """Somebody by their name. Raises NotFound(PERSON_UNKNOWN)."""
    found = await house.db.read(lambda conn: person_called(conn, name))
    if found is None:
        raise no_such_person(name)
    return found


async def _have_first(house: House, now: datetime) -> None:
    """On a shop's machine somebody may be invited before its creator ever signed in: the creator comes first."""
    if await house.db.read(signin_rows.first_creator) is None:
        await house.db.write(lambda conn: verbs.have_creator(conn, first_name(house), now))
