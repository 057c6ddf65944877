"""What the shop makes of a work, on its page in the Studio: how far it is, what went wrong, stop, try again."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.makings import stop_makings, try_again
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_
from headwaters.core.people import Right
from headwaters.core.works.formats import SUBTITLES, TITLES
from headwaters.core.works.makings import ENDED, FOR_GOOD, MakingState
from headwaters.core.works.recipes import TORRENT
from headwaters.store.db import Connection
from headwaters.store.makings import FailedRow, MakingLine, lines
from headwaters.store.works import work_at
from headwaters.texts import translations
from headwaters.web.contexts.studio_makings import MakingGroup, MakingItem, Makings, Unmade
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()

STOPPED = N_("You stopped it.")
_OTHERS, _OTHERS_TITLE = "others", N_("For its page: what can be tried, and the like")
_TITLES = {**TITLES, TORRENT: N_("Torrent")}
_S = MakingState


def _name(recipe: str) -> str:
    """A format by itself; whatever else is made, together."""
    return recipe if recipe in _TITLES else _OTHERS


def said_makings(said: Format, slug: str, found: Sequence[MakingLine], *, paused: bool) -> Makings:
    """The section, with a group for each format that is made, or could not be."""
    groups = tuple(_group(said, name, mine) for name, mine in _by_name(found).items())
    return Makings(f"/studio/works/{slug}/makings", groups, any(group.busy for group in groups), paused)


def made_line(said: Format, slug: str, found: Sequence[MakingLine]) -> str:
    """The formats that the shop makes of a work, and how far they are; empty for none."""
    parts = []
    for name, mine in _by_name(found).items():
        if name != _OTHERS:
            words = "; ".join(part for part in (_words(said, mine), _ended(said, mine)) if part)
            parts.append(f"{said.gettext(_TITLES[name])} ({words})")
    return said.join(parts)


def _ended(said: Format, mine: Sequence[MakingLine]) -> str:
    """What a group’s items say one by one: how many are at work, or ended without a file."""
    many, states = translations(said.language).ngettext, [line.state for line in mine]
    making, failed, skipped = (states.count(state) for state in (_S.MAKING, _S.FAILED, _S.SKIPPED))
    parts = []
    if making:
        parts.append(many("%(n)d being made", "%(n)d being made", making) % {"n": making})
    if failed:
        parts.append(many("%(n)d could not be made", "%(n)d could not be made", failed) % {"n": failed})
    if skipped:
        parts.append(many("%(n)d left out", "%(n)d left out", skipped) % {"n": skipped})
    return "; ".join(parts)


def _by_name(found: Sequence[MakingLine]) -> dict[str, list[MakingLine]]:
    by_name: dict[str, list[MakingLine]] = {}
    for line in found:
        if line.recipe == SUBTITLES and line.state is _S.MADE and not line.size:
            continue  # a film in which there were none
        by_name.setdefault(_name(line.recipe), []).append(line)
    return by_name


def unmade(said: Format, found: Sequence[FailedRow]) -> tuple[Unmade, ...]:
    """What could not be made, a line for each work."""
    many = translations(said.language).ngettext
    return tuple(
        Unmade(
            one.title,
            f"/studio/works/{one.slug}/files#made",
            many("%(n)d could not be made", "%(n)d could not be made", one.count) % {"n": one.count},
        )
        for one in found
    )


def _group(said: Format, name: str, mine: Sequence[MakingLine]) -> MakingGroup:
    states = {line.state for line in mine}
    for_good = FOR_GOOD | {said.gettext(words) for words in FOR_GOOD}  # it is kept in the shop's language
    return MakingGroup(
        name=name,
        title=said.gettext(_TITLES.get(name, _OTHERS_TITLE)),
        words=_words(said, mine),
        items=tuple(_item(said, line) for line in mine if line.error or line.state in {_S.MAKING, *ENDED}),
        busy=bool(states & {_S.WAITING, _S.MAKING}),
        ended=any(line.state in ENDED and line.error not in for_good for line in mine),
    )


def _words(said: Format, mine: Sequence[MakingLine]) -> str:
    """How many there are of each, as far as the items below do not say it."""
    many = translations(said.language).ngettext
    made = [line for line in mine if line.state is _S.MADE]
    waiting = sum(line.state is _S.WAITING for line in mine)
    parts = []
    if made:
        words, size = many("%(n)d made", "%(n)d made", len(made)) % {"n": len(made)}, sum(line.size for line in made)
        parts.append(f"{words}, {said.size(size)}" if size else words)
    if waiting:
        parts.append(many("%(n)d waits", "%(n)d wait", waiting) % {"n": waiting})
    return "; ".join(parts)


def _item(said: Format, line: MakingLine) -> MakingItem:
    words = said.gettext(line.error) if line.error else ""
    if line.state is _S.WAITING:
        when = moment(said, from_micros(line.due_at)).text
        words = f"{words} {said.gettext(N_('It is tried again by itself: %(moment)s.')) % {'moment': when}}"
    if line.state is _S.MAKING:
        words = said.gettext(N_("%(percent)s done")) % {"percent": f"{line.done // 10} %"}
    return MakingItem(line.label or line.name, line.state.value, words)


@routes.post("/studio/works/{slug}/makings")
@may(Right.PUBLISH)
async def post_makings(request: web.Request, session: Session) -> web.Response:
    """Stop a format of a work, or try again what ended without a file."""
    house, slug, now = request.app[HOUSE], request.match_info["slug"], request.app[HOUSE].clock()
    stopping = "stop" in session.form
    name = session.form.get("stop" if stopping else "again", "")
    why = words_of(request).gettext(STOPPED)

    def run(conn: Connection) -> bool:
        work_at(conn, slug)  # says that it is not there
        recipes = {line.recipe for line in lines(conn, slug) if _name(line.recipe) == name}
        counts = [
            stop_makings(conn, slug, recipe, why, now) if stopping else try_again(conn, slug, recipe, now)
            for recipe in sorted(recipes)
        ]
        return any(counts)

    what = What.MAKING_STOPPED if stopping else What.MADE_AGAIN
    deed = Deed(session.row.creator_id, what, f"work:{slug}", {"format": name[:40]})
    changed = await house.db.write(noted(run, deed, now))
    return go_to(f"/studio/works/{slug}/files?said={_said(stopping, changed, house.config.workshop)}#made")


def _said(stopping: bool, changed: bool, here: bool) -> str:
    """What the page says then. `here`: this server makes things itself."""
    if stopping:
        return "making_stopped" if changed else "making_over"
    return ("made_again" if here else "made_elsewhere") if changed else "made_already"
