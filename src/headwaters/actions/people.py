"""Verbs of people: invite, change, end, restore. Each looks again, behind a lock, at who does it and what they may do.

`actor`: whose session it is; None for whoever works on the shop's machine, who may do everything. Each verb notes its
own deed in the audit log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headwaters.core.clock import to_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Conflict, NotFound, Refused
from headwaters.core.people import CREATOR, Kind, Right, Standing, check_person_name, name_key, not_yours, rights_text
from headwaters.core.signin import INVITATION_LIVES, secret_digest
from headwaters.store import people as rows
from headwaters.store import signin as signin_rows
from headwaters.store.db import Connection
from headwaters.store.deeds import add_deed
from headwaters.store.signin import CreatorRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """How somebody is to be: their name, what they are and what they may do."""

    name: str
    standing: Standing


def _standing_of_actor(everybody: list[CreatorRow], actor: int | None) -> Standing:
    """As it is now: the right may have gone since the page was opened."""
    if actor is None:
        return CREATOR
    found = next((one for one in everybody if one.id == actor and one.ended_at is None), None)
    if found is None or Right.PEOPLE not in found.standing.may:
        raise not_yours()
    return found.standing


def _find(everybody: list[CreatorRow], person_id: int) -> CreatorRow:
    found = next((one for one in everybody if one.id == person_id), None)
    if found is None:
        raise NotFound(Code.PERSON_UNKNOWN, N_("There is no such person."))
    return found


def _check_reach(mine: Standing, theirs: Standing) -> None:
    if not mine.covers(theirs):
        raise Refused(
            Code.RIGHT_MISSING,
            N_("They may do more than you: a creator of this shop can change that."),
            field="may",
        )


def _check_gift(mine: Standing, wanted: Standing) -> None:
    if not mine.covers(wanted):
        raise Refused(Code.RIGHT_MISSING, N_("Nobody can give a right that they do not have."), field="may")


def _check_name(everybody: list[CreatorRow], name: str, own_id: int | None = None) -> str:
    """Names are told apart at the door and in the log; who was ended keeps theirs."""
    name = check_person_name(name)
    same = next((one for one in everybody if name_key(one.name) == name_key(name) and one.id != own_id), None)
    if same is not None:
        raise Conflict(
            Code.PERSON_NAME,
            N_("There is somebody called %(name)s already."),
            hint=N_("Choose a name that tells them apart."),
            field="name",
            name=same.name,
        )
    return name


def _is_last_creator(everybody: list[CreatorRow], person_id: int) -> bool:
    creators = [one.id for one in everybody if one.kind == Kind.CREATOR and one.ended_at is None]
    return creators == [person_id]


def _check_others_left(everybody: list[CreatorRow], person_id: int) -> None:
    if _is_last_creator(everybody, person_id):
        raise Refused(
            Code.LAST_CREATOR,
            N_("This is the only creator, and somebody has to run the shop."),
            hint=N_("Make somebody else a creator first."),
        )


def have_creator(conn: Connection, name: str, now: datetime) -> CreatorRow:
    """Who runs the shop; made where there is nobody yet, called `name`."""
    return signin_rows.first_creator(conn) or signin_rows.add_creator(conn, name, now)


def invite(conn: Connection, actor: int | None, wanted: Wanted, secret: str, now: datetime) -> CreatorRow:
    """A new person, and a link for them that works once within three days. Raises Refused: PERSON_NAME,
    RIGHT_MISSING."""
    everybody = rows.lock_people(conn)
    _check_gift(_standing_of_actor(everybody, actor), wanted.standing)
    name = _check_name(everybody, wanted.name)
    person_id = rows.add_person(conn, name, wanted.standing, now)
    signin_rows.add_link(conn, secret_digest(secret), person_id, now, now + INVITATION_LIVES)
    _note(conn, Deed(actor, What.PERSON_INVITED, f"creator:{person_id}", _told(wanted.standing)), now)
    return _find(signin_rows.people(conn), person_id)


def new_link(conn: Connection, actor: int | None, person_id: int, secret: str, now: datetime) -> CreatorRow:
    """Another link for somebody whose key is lost, or whose invitation is over; links before it open nothing any more.

    Raises NotFound(PERSON_UNKNOWN), also for who was ended; Refused(RIGHT_MISSING).
    """
    everybody = rows.lock_people(conn)
    person = _find(everybody, person_id)
    _check_reach(_standing_of_actor(everybody, actor), person.standing)
    if person.ended_at is not None:
        raise NotFound(Code.PERSON_UNKNOWN, N_("They may not come in any more. Let them in again first."))
    signin_rows.forget_links(conn, person_id)
    signin_rows.add_link(conn, secret_digest(secret), person_id, now, now + INVITATION_LIVES)
    _note(conn, Deed(actor, What.LINK_MADE, f"creator:{person_id}"), now)
    return person


def change(conn: Connection, actor: int | None, person_id: int, wanted: Wanted, now: datetime) -> bool:
    """Another name, other rights. True: something changed. Raises Refused: RIGHT_MISSING, LAST_CREATOR, PERSON_NAME."""
    everybody = rows.lock_people(conn)
    person, mine = _find(everybody, person_id), _standing_of_actor(everybody, actor)
    name = _check_name(everybody, wanted.name, person_id)
    if (name, wanted.standing) == (person.name, person.standing):
        return False
    _check_reach(mine, person.standing)
    _check_gift(mine, wanted.standing)
    if wanted.standing != person.standing:
        _check_not_self(actor, person_id)
    if wanted.standing.kind is not Kind.CREATOR:
        _check_others_left(everybody, person_id)
    rows.write_person(conn, person_id, name, wanted.standing)
    _note(conn, Deed(actor, What.PERSON_CHANGED, f"creator:{person_id}", _told(wanted.standing)), now)
    return True


def end(conn: Connection, actor: int | None, person_id: int, now: datetime) -> bool:
    """They are out at once: their sessions and links end. False: they were out before.

    Raises Refused: RIGHT_MISSING, LAST_CREATOR.
    """
    everybody = rows.lock_people(conn)
    person, mine = _find(everybody, person_id), _standing_of_actor(everybody, actor)
    if person.ended_at is not None:
        return False
    _check_reach(mine, person.standing)
    _check_others_left(everybody, person_id)
    _check_not_self(actor, person_id)
    rows.write_end(conn, person_id, now)
    signin_rows.forget_links(conn, person_id)
    signin_rows.end_other_sessions(conn, person_id, "", now)
    _note(conn, Deed(actor, What.PERSON_ENDED, f"creator:{person_id}"), now)
    return True


def restore(conn: Connection, actor: int | None, person_id: int, now: datetime) -> bool:
    """They may come in again, with the keys that they had; sessions do not come back. False: they might before."""
    everybody = rows.lock_people(conn)
    person, mine = _find(everybody, person_id), _standing_of_actor(everybody, actor)
    if person.ended_at is None:
        return False
    _check_reach(mine, person.standing)
    rows.write_end(conn, person_id, None)
    _note(conn, Deed(actor, What.PERSON_RESTORED, f"creator:{person_id}"), now)
    return True


def rename_self(conn: Connection, person_id: int, name: str, now: datetime) -> bool:
    """Somebody's own name; it takes no right. Raises Refused(PERSON_NAME)."""
    everybody = rows.lock_people(conn)
    person = _find(everybody, person_id)
    name = _check_name(everybody, name, person_id)
    if name == person.name:
        return False
    rows.write_name(conn, person_id, name)
    _note(conn, Deed(person_id, What.NAME_CHANGED, details={"from": person.name, "to": name}), now)
    return True


def _check_not_self(actor: int | None, person_id: int) -> None:
    if actor == person_id:
        raise Refused(
            Code.RIGHT_MISSING,
            N_("Nobody changes their own rights, so that nobody locks themselves out by mistake."),
            hint=N_("Ask another creator, or use “headwaters people” on the shop’s machine."),
            field="may",
        )


def _told(standing: Standing) -> dict[str, str]:
    return {"kind": standing.kind.value} | ({} if standing.kind is Kind.CREATOR else {"may": rights_text(standing.may)})


def _note(conn: Connection, deed: Deed, now: datetime) -> None:
    add_deed(conn, deed, to_micros(now))
