"""Commands on people: people, log."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from headwaters.actions import people as verbs
from headwaters.actions.people import Wanted
from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.deeds import Room, room_of
from headwaters.core.errors import N_, Code, WrongUse
from headwaters.core.people import CREATOR, Kind, Right, Standing, contributor, read_rights, rights_text
from headwaters.errands import people as errands
from headwaters.errands.house import House
from headwaters.store import deeds as deed_rows
from headwaters.store import people as rows
from headwaters.store import signin as signin_rows
from headwaters.store.db import Connection
from headwaters.store.people import Presence
from headwaters.store.signin import CreatorRow
from headwaters.web.format import formats
from headwaters.web.studio.log import deed_words, who_words
from headwaters.web.studio.log_words import details_words
from headwaters.web.studio.people import state_words

MOST = 10_000
MACHINE = "machine"  # in “log --who”: what was done on the shop's machine


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe people and log."""
    people = Command(commands, "people", _("Who may come into the Studio, and what each may do."), run_people).shop()
    parser = people.parser
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help=_("the one to change"))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--invite", action="store_true", help=_("a new person: print a link for them to come in with"))
    what.add_argument("--end", action="store_true", help=_("they are out at once, wherever they are signed in"))
    what.add_argument("--restore", action="store_true", help=_("let them in again"))
    parser.add_argument("--creator", action="store_true", help=_("they run the shop and may do everything"))
    rights = ",".join(right.value for right in Right)
    parser.add_argument(
        "--may", metavar="RIGHTS", help=_("what a contributor may do, of %(rights)s") % {"rights": rights}
    )
    parser.add_argument("--rename", metavar="NEW", help=_("another name"))
    log = Command(commands, "log", _("Who did what, and when; the newest first."), run_log).shop().parser
    log.add_argument("--who", metavar="NAME", help=_("only this person’s; “machine”: what was done on this machine"))
    log.add_argument("--room", choices=[room.value for room in Room], help=_("only of this room"))
    log.add_argument("--most", type=int, default=50, metavar="N", help=_("show N at most (50)"))


# ── people ───────────────────────────────────────────────────────────────────────────────────────


def run_people(args: argparse.Namespace) -> int:
    """List everybody, or invite, change, end or restore one."""
    changes = args.may is not None or args.creator or args.rename is not None
    if not args.name:
        if changes or args.invite or args.end or args.restore:
            raise _wrong(N_("Say who: “headwaters people NAME …”."))
        return _list(args)
    if ((args.end or args.restore) and changes) or (args.invite and args.rename is not None):
        raise _wrong(N_("These options do not go together."))
    if args.creator and args.may is not None:
        raise _wrong(N_("A creator may do everything: leave out --may."))
    if args.invite:
        return _invite(args)
    if args.end or args.restore:
        return _let(args)
    return _change(args) if changes else _list(args)


def _wrong(message: str) -> WrongUse:
    return WrongUse(Code.WRONG_USE, message, hint=N_("“headwaters people --help” says more."))


def _standing(args: argparse.Namespace) -> Standing:
    names = [name.strip() for name in (args.may or "").split(",") if name.strip()]
    return CREATOR if args.creator else contributor(read_rights(names))


@dataclass(frozen=True, slots=True)
class _Somebody:
    person: CreatorRow
    presence: Presence


async def _look(house: House) -> list[_Somebody]:
    now = house.clock()

    def read(conn: Connection) -> list[_Somebody]:
        here = rows.presences(conn, now)
        return [_Somebody(one, here.get(one.id, Presence())) for one in signin_rows.people(conn)]

    return await house.db.read(read)


def _list(args: argparse.Namespace) -> int:
    async def errand(house: House) -> list[_Somebody]:
        wanted = await errands.find(house, args.name) if args.name else None
        return [one for one in await _look(house) if wanted is None or one.person.id == wanted.id]

    found = in_house(args, errand)
    nobody = _("Nobody has come in yet. “headwaters signin” prints the first link.")
    say(args, {"people": [_json(one) for one in found]}, "\n".join(map(_text, found)) or nobody)
    return 0


def _text(one: _Somebody) -> str:
    standing = one.person.standing
    may = _("creator") if standing.kind is Kind.CREATOR else rights_text(standing.may) or _("nothing yet")
    return f"{one.person.name}\n    {may} · {state_words(formats('en'), one.person, one.presence)}"


def _json(one: _Somebody) -> dict[str, Any]:
    standing, seen = one.person.standing, one.presence.seen
    return {
        "name": one.person.name,
        "kind": standing.kind.value,
        "may": [right.value for right in Right if right in standing.may],
        "ended": one.person.ended_at is not None,
        "signed_in_at": one.presence.signed_in.isoformat() if one.presence.signed_in else None,
        "seen_at": seen.isoformat() if seen else None,
        "has_password": one.person.password is not None,
    }


def _invite(args: argparse.Namespace) -> int:
    wanted = Wanted(args.name, _standing(args))
    invitation = in_house(args, lambda house: errands.invite(house, None, wanted))
    text = _("Give this to %(name)s alone. It works once, until %(until)s:\n%(url)s")
    values = {"name": invitation.person.name, "until": f"{invitation.until:%Y-%m-%d %H:%M} UTC", "url": invitation.url}
    data = {"name": invitation.person.name, "url": invitation.url, "until": invitation.until.isoformat()}
    say(args, data, text % values)
    return 0


def _change(args: argparse.Namespace) -> int:
    async def errand(house: House) -> tuple[str, bool]:
        person, now = await errands.find(house, args.name), house.clock()
        standing = _standing(args) if args.creator or args.may is not None else person.standing
        wanted = Wanted(person.name if args.rename is None else args.rename, standing)
        changed = await house.db.write(lambda conn: verbs.change(conn, None, person.id, wanted, now))
        return wanted.name, changed

    name, changed = in_house(args, errand)
    text = _("It is so from now on.") if changed else _("It was so already; nothing changed.")
    say(args, {"name": name, "changed": changed}, text)
    return 0


def _let(args: argparse.Namespace) -> int:
    async def errand(house: House) -> tuple[str, bool]:
        person, now = await errands.find(house, args.name), house.clock()
        verb = verbs.end if args.end else verbs.restore
        return person.name, await house.db.write(lambda conn: verb(conn, None, person.id, now))

    name, changed = in_house(args, errand)
    done = _("%(name)s is out, wherever they were signed in.") if args.end else _("%(name)s may come in again.")
    text = done if changed else _("It was so already; nothing changed.")
    say(args, {"name": name, "changed": changed}, text % {"name": name})
    return 0


# ── log ──────────────────────────────────────────────────────────────────────────────────────────


def run_log(args: argparse.Namespace) -> int:
    """Print lines of the audit log."""
    most = max(1, min(args.most, MOST))

    async def errand(house: House) -> tuple[list[deed_rows.DeedRow], dict[str, str]]:
        who = None
        if args.who is not None:
            who = deed_rows.MACHINE if args.who == MACHINE else (await errands.find(house, args.who)).id
        wanted = deed_rows.DeedFilter(who, Room(args.room) if args.room else None)

        def read(conn: Connection) -> tuple[list[deed_rows.DeedRow], dict[str, str]]:
            found = deed_rows.find_deeds(conn, wanted, most)
            return found, deed_rows.names_of(conn, found)

        return await house.db.read(read)

    found, names = in_house(args, errand)
    lines = "\n".join(_line(deed, names) for deed in found)
    say(args, {"deeds": [_deed_json(deed) for deed in found]}, lines or _("There is nothing of this kind in the log."))
    return 0


def _line(deed: deed_rows.DeedRow, names: dict[str, str]) -> str:
    said = formats("en")
    details = details_words(said, deed)
    details = f" ({details})" if details else ""
    return f"{deed.at:%Y-%m-%d %H:%M} UTC  {who_words(said, deed)} {deed_words(said, deed, names)}{details}"


def _deed_json(deed: deed_rows.DeedRow) -> dict[str, Any]:
    return {
        "at": deed.at.isoformat(),
        "who": deed.name if deed.who is not None else None,
        "deed": deed.what,
        "room": room_of(deed.what).value,
        "subject": deed.subject,
        "details": dict(deed.details),
    }
