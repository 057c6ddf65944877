"""People: who may come in, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from headwaters.actions import people as verbs
from headwaters.actions.people import Wanted
from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, Conflict, HeadwatersError, NotFound, Refused
from headwaters.core.people import (
    CREATOR,
    RIGHTS,
    Kind,
    Right,
    Standing,
    contributor,
    read_rights,
)
from headwaters.core.signin import INVITATION_LIVES
from headwaters.errands import people as errands
from headwaters.store import people as rows
from headwaters.store import signin as signin_rows
from headwaters.store.people import Presence
from headwaters.store.signin import CreatorRow
from headwaters.web.contexts.studio_people import (
    InvitePage,
    PassOnPage,
    PeoplePage,
    PersonItem,
    PersonPage,
    RightTick,
    StandingForm,
)
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, lately, may
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()

_DAYS = INVITATION_LIVES.days
_NOBODY = Presence()


def right_words(said: Format, right: Right) -> tuple[str, str]:
    """A right's name, and what it is about."""
    title, _, words = said.gettext(RIGHTS[right]).partition(":")
    return title.strip(), words.strip()


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


def state_words(said: Format, person: CreatorRow, presence: Presence) -> str:
    """Where somebody is: out, here, expected."""
    _ = said.gettext
    if person.ended_at is not None:
        return _("Out since %(day)s") % {"day": said.date(from_micros(person.ended_at))}
    if presence.seen is not None:
        return _("Here last on %(day)s") % {"day": said.date(presence.seen)}
    if presence.signed_in is not None:
        return _("Here last on %(day)s") % {"day": said.date(presence.signed_in)}
    if presence.invited_until is not None:
        return _("Invited; the link works until %(when)s") % {"when": moment(said, presence.invited_until).text}
    return _("Was never here, and has no link any more")


def _item(said: Format, person: CreatorRow, presence: Presence, me: int) -> PersonItem:
    contributes = person.kind != Kind.CREATOR
    rights = [right for right in Right if right in person.standing.may] if contributes else []
    return PersonItem(
        href="/studio/you" if person.id == me else f"/studio/people/{person.id}",
        name=person.name,
        me=person.id == me,
        kind=Kind.CONTRIBUTOR.value if contributes else Kind.CREATOR.value,
        may=tuple(right_words(said, right)[0] for right in rights),
        state=state_words(said, person, presence),
        ended=person.ended_at is not None,
    )


@routes.get("/studio/people")
@may(Right.PEOPLE)
async def get_people(request: web.Request, session: Session) -> web.Response:
    """Everybody."""
    house, said, me = request.app[HOUSE], words_of(request), session.row.creator_id
    now = house.clock()
    everybody, here = await house.db.read(lambda conn: (signin_rows.people(conn), rows.presences(conn, now)))
    items = [_item(said, person, here.get(person.id, _NOBODY), me) for person in everybody]
    context = PeoplePage(
        frame=await frame(request, session, "shop"),
        people=tuple(item for item in items if not item.ended),
        gone=tuple(item for item in items if item.ended),
    )
    return show(request, "people", context)


# ── what somebody is to be ───────────────────────────────────────────────────────────────────────


def _mine(session: Session) -> Standing:
    return Standing(session.row.kind, session.row.may)


def _rights_of_form(session: Session) -> frozenset[Right]:
    return read_rights(right.value for right in Right if session.form.get(f"may_{right.value}"))


def _wanted(session: Session) -> Wanted:
    """Fields `name`, `kind`, and a tick `may_<right>` for each right."""
    name = session.form.get("name", "")
    if session.form.get("kind") == Kind.CREATOR.value:
        return Wanted(name, CREATOR)
    return Wanted(name, contributor(_rights_of_form(session)))


@dataclass(frozen=True, slots=True)
class _Filled:
    """What stands in the form."""

    name: str
    kind: str
    may: frozenset[Right]


def _typed(session: Session) -> _Filled:
    return _Filled(session.form.get("name", ""), session.form.get("kind", ""), _rights_of_form(session))


def _standing_form(
    request: web.Request, session: Session, filled: _Filled, error: HeadwatersError | None
) -> StandingForm:
    said, mine = words_of(request), _mine(session)
    return StandingForm(
        name=filled.name,
        kind=filled.kind,
        may_make_creator=mine.kind is Kind.CREATOR,
        rights=tuple(_ticks(said, filled.may, mine)),
        problem=problem_of(request, error),
    )


def _ticks(said: Format, given: frozenset[Right], mine: Standing) -> Iterable[RightTick]:
    for right in Right:
        title, words = right_words(said, right)
        yield RightTick(right.value, title, words, right in given, right in mine.may)


# ── invite ───────────────────────────────────────────────────────────────────────────────────────


async def _invite_page(
    request: web.Request, session: Session, filled: _Filled, error: HeadwatersError | None = None
) -> web.Response:
    form = _standing_form(request, session, filled, error)
    return show(request, "invite", InvitePage(await frame(request, session, "shop"), form, _DAYS), error)


@routes.get("/studio/people/invite")
@may(Right.PEOPLE)
@lately
async def get_invite(request: web.Request, session: Session) -> web.Response:
    """The form."""
    return await _invite_page(request, session, _Filled("", Kind.CONTRIBUTOR.value, frozenset()))


@routes.post("/studio/people/invite")
@may(Right.PEOPLE)
@lately
async def post_invite(request: web.Request, session: Session) -> web.Response:
    """A new person, and their link: shown here and nowhere again."""
    try:
        invitation = await errands.invite(request.app[HOUSE], session.row.creator_id, _wanted(session))
    except Refused as refused:
        return await _invite_page(request, session, _typed(session), refused)
    return await _pass_on(request, session, invitation, first=True)


async def _pass_on(
    request: web.Request, session: Session, invitation: errands.Invitation, *, first: bool
) -> web.Response:
    context = PassOnPage(
        frame=await frame(request, session, "shop"),
        name=invitation.person.name,
        href=f"/studio/people/{invitation.person.id}",
        url=invitation.url,
        until=moment(words_of(request), invitation.until),
        first=first,
    )
    return show(request, "pass_on", context)


# ── one person ───────────────────────────────────────────────────────────────────────────────────


def _person_id(request: web.Request) -> int:
    text = request.match_info["person"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(Code.PERSON_UNKNOWN, N_("There is no such person."))
    return int(text)


@dataclass(frozen=True, slots=True)
class _Seen:
    person: CreatorRow
    presence: Presence
    last: bool


async def _see(request: web.Request, now: datetime) -> _Seen:
    person_id = _person_id(request)
    everybody, here = await request.app[HOUSE].db.read(
        lambda conn: (signin_rows.people(conn), rows.presences(conn, now))
    )
    person = next((one for one in everybody if one.id == person_id), None)
    if person is None:
        raise NotFound(Code.PERSON_UNKNOWN, N_("There is no such person."))
    creators = [one.id for one in everybody if one.kind == Kind.CREATOR and one.ended_at is None]
    return _Seen(person, here.get(person_id, _NOBODY), creators == [person_id])


async def _person_page(request: web.Request, session: Session, error: HeadwatersError | None = None) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    seen = await _see(request, house.clock())
    person = seen.person
    as_it_is = _Filled(person.name, Kind(person.kind).value, person.standing.may)
    filled = _typed(session) if error is not None and "name" in session.form else as_it_is
    in_form = error is not None and error.field in {"name", "may"} and "name" in session.form
    context = PersonPage(
        frame=await frame(request, session, "shop"),
        address=f"/studio/people/{person.id}",
        name=person.name,
        me=person.id == session.row.creator_id,
        reach=_mine(session).covers(person.standing),
        last=seen.last,
        state=state_words(said, person, seen.presence),
        ended=person.ended_at is not None,
        days=_DAYS,
        form=_standing_form(request, session, filled, error if in_form else None),
        problem=None if in_form else problem_of(request, error),
    )
    return show(request, "person", context, error)


@routes.get("/studio/people/{person}")
@may(Right.PEOPLE)
async def get_person(request: web.Request, session: Session) -> web.Response:
    """One person."""
    return await _person_page(request, session)


@routes.post("/studio/people/{person}")
@may(Right.PEOPLE)
async def post_person(request: web.Request, session: Session) -> web.Response:
    """Another name, other rights; from the next page that they open."""
    house, person_id, me = request.app[HOUSE], _person_id(request), session.row.creator_id
    now = house.clock()
    try:
        wanted = _wanted(session)
        await house.db.write(lambda conn: verbs.change(conn, me, person_id, wanted, now))
    except NotFound:
        raise
    except Refused as refused:
        return await _person_page(request, session, refused)
    return go_to(f"/studio/people/{person_id}?said=person_changed")


@routes.post("/studio/people/{person}/link")
@may(Right.PEOPLE)
@lately
async def post_link(request: web.Request, session: Session) -> web.Response:
    """Another link for them: shown here and nowhere again."""
    try:
        invitation = await errands.new_link(request.app[HOUSE], session.row.creator_id, _person_id(request))
    except NotFound:
        raise
    except Refused as refused:
        return await _person_page(request, session, refused)
    return await _pass_on(request, session, invitation, first=False)


@routes.post("/studio/people/{person}/end")
@may(Right.PEOPLE)
async def post_end(request: web.Request, session: Session) -> web.Response:
    """They are out at once."""
    house, person_id, me = request.app[HOUSE], _person_id(request), session.row.creator_id
    now = house.clock()
    try:
        await house.db.write(lambda conn: verbs.end(conn, me, person_id, now))
    except NotFound:
        raise
    except Refused as refused:
        return await _person_page(request, session, refused)
    return go_to(f"/studio/people/{person_id}?said=person_ended")


@routes.post("/studio/people/{person}/restore")
@may(Right.PEOPLE)
async def post_restore(request: web.Request, session: Session) -> web.Response:
    """They may come in again."""
    house, person_id, me = request.app[HOUSE], _person_id(request), session.row.creator_id
    now = house.clock()
    try:
        await house.db.write(lambda conn: verbs.restore(conn, me, person_id, now))
    except (NotFound, Conflict):
        raise
    except Refused as refused:
        return await _person_page(request, session, refused)
    return go_to(f"/studio/people/{person_id}?said=person_restored")
