"""What the shop makes of a work, on its page in the Studio: how far it is, what went wrong, stop, try again."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.makings import stop_makings, try_again
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_
from headwaters.core.people import Right
from headwaters.core.works.formats import TITLES
from headwaters.core.works.makings import ENDED, MakingState
from headwaters.store.db import Connection
from headwaters.store.makings import MakingLine
from headwaters.texts import translations
from headwaters.web.contexts.studio_makings import MakingGroup, MakingItem, Makings
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import words_of
from headwaters.web.studio.guard import Session, go_to, may

routes = web.RouteTableDef()

STOPPED = N_("You stopped it.")
_OTHERS = N_("For its page: what can be tried")
_S = MakingState


def said_makings(said: Format, slug: str, lines: Sequence[MakingLine], *, paused: bool) -> Makings:
    """The section, with a group for each format that is made, or could not be."""
    by_recipe: dict[str, list[MakingLine]] = {}
    for line in lines:
        by_recipe.setdefault(line.recipe, []).append(line)
    groups = tuple(_group(said, recipe, found) for recipe, found in by_recipe.items())
    return Makings(f"/studio/works/{slug}/makings", groups, any(group.busy for group in groups), paused)


def _group(said: Format, recipe: str, lines: Sequence[MakingLine]) -> MakingGroup:
    states = {line.state for line in lines}
    return MakingGroup(
        recipe=recipe,
        title=said.gettext(TITLES.get(recipe, _OTHERS)),
        words=_words(said, lines),
        items=tuple(_item(said, line) for line in lines if line.state in {_S.MAKING, *ENDED}),
        busy=bool(states & {_S.WAITING, _S.MAKING}),
        ended=bool(states & set(ENDED)),
    )


def _words(said: Format, lines: Sequence[MakingLine]) -> str:
    """How many there are of each, as far as the items below do not say it."""
    many = translations(said.language).ngettext
    made = [line for line in lines if line.state is _S.MADE]
    waiting = sum(line.state is _S.WAITING for line in lines)
    parts = []
    if made:
        size = said.size(sum(line.size for line in made))
        parts.append(many("%(n)d made, %(size)s", "%(n)d made, %(size)s", len(made)) % {"n": len(made), "size": size})
    if waiting:
        parts.append(many("%(n)d waits", "%(n)d wait", waiting) % {"n": waiting})
    return "; ".join(parts)


def _item(said: Format, line: MakingLine) -> MakingItem:
    words = line.error
    if line.state is _S.MAKING:
        words = said.gettext(N_("%(percent)s done")) % {"percent": f"{line.done // 10} %"}
    return MakingItem(line.label or line.name, line.state.value, words)


@routes.post("/studio/works/{slug}/makings")
@may(Right.PUBLISH)
async def post_makings(request: web.Request, session: Session) -> web.Response:
    """Stop a format of a work, or try again what ended without a file."""
    house, slug, recipe = request.app[HOUSE], request.match_info["slug"], session.form.get("recipe", "")
    now, stopping = house.clock(), session.form.get("do") == "stop"
    why = words_of(request).gettext(STOPPED)

    def run(conn: Connection) -> bool:
        count = stop_makings(conn, slug, recipe, why, now) if stopping else try_again(conn, slug, recipe, now)
        return count > 0

    what = What.MAKING_STOPPED if stopping else What.MADE_AGAIN
    deed = Deed(session.row.creator_id, what, f"work:{slug}", {"format": recipe[:40]})
    await house.db.write(noted(run, deed, now))
    return go_to(f"/studio/works/{slug}?said={'making_stopped' if stopping else 'made_again'}#made")
