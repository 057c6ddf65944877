"""Colophons in the Studio: what a draft's files will say and tell, a work's choice, whom copies brought."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.people import Right
from headwaters.core.works.formats import CHOICES
from headwaters.core.works.stamps import KIND_WORDS, LINE_WORDS, NO_PLACE, Choice, Finding, Line, wants_colophon
from headwaters.errands.colophons import DraftLook, choose, look_over_draft
from headwaters.errands.stamping import Note
from headwaters.store import drafts as rows
from headwaters.store.copy_visits import CopyLine
from headwaters.store.works import WorkRow
from headwaters.texts import translations
from headwaters.web.contexts.studio_works import (
    ColophonFile,
    ColophonLine,
    ColophonPage,
    CopyBrought,
    WorkColophon,
)
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import frame, show, words_of
from headwaters.web.studio.guard import Session, go_to, may

routes = web.RouteTableDef()

_FOR_PROGRAMS = ("True", "False")  # that rights are reserved, as XMP says it beside the words


def finding_lines(said: Format, findings: Sequence[Finding]) -> tuple[str, ...]:
    """What a file tells, a line each."""
    return tuple(_finding(said, one) for one in findings)


def left_out_words(said: Format, findings: Sequence[Finding]) -> str:
    """That a copy does not tell it, as its creator chose; empty where the shop can leave nothing out."""
    if all(one.removable for one in findings):
        return said.gettext(N_("It is left out of the copies that people get.")) if findings else ""
    if not any(one.removable for one in findings):
        return ""
    return said.gettext(N_("What the shop can leave out of it is left out of the copies that people get."))


def _finding(said: Format, one: Finding) -> str:
    text = f"{said.gettext(KIND_WORDS[one.kind])}: {one.value} ({one.where})"
    return text if one.removable else f"{text}. {said.gettext(N_('The shop cannot leave it out.'))}"


# ── what a draft's files will say ────────────────────────────────────────────────────────────────


@routes.get("/studio/drafts/{draft}/colophon")
@may(Right.PUBLISH)
async def get_colophon(request: web.Request, session: Session) -> web.Response:
    """Each file that is here: before and after."""
    house, said, ref = request.app[HOUSE], words_of(request), request.match_info["draft"]
    draft = await house.db.read(lambda conn: rows.draft_at(conn, ref))
    found = await look_over_draft(house, draft)
    files = tuple(_file(said, note, found) for note in found.notes)
    around = await frame(request, session, "works", "copies")
    page = ColophonPage(around, f"/studio/drafts/{draft.ref}", files, draft.work_id is not None)
    return show(request, "colophon", page, None)


def _file(said: Format, note: Note, found: DraftLook) -> ColophonFile:
    made = found.made.get(note.name, ())
    rows: dict[tuple[Line, str, str], list[str]] = {}
    for one in note.examined.fields:
        if one.before or one.after:
            rows.setdefault((one.line, one.before, one.after), []).append(one.where)
    lines = tuple(
        ColophonLine(said.gettext(LINE_WORDS[line]), ", ".join(wheres), before, after, before != after)
        for (line, before, after), wheres in rows.items()
        if after not in _FOR_PROGRAMS
    )
    why = note.why or note.examined.why or ("" if lines else _without(note, found))
    titles = dict.fromkeys(choice.title for choice in CHOICES if set(choice.recipes) & set(made)) if why else ()
    words = said.gettext(N_("What the shop makes of it says it: %(formats)s.")) % {"formats": said.join([*titles])}
    return ColophonFile(
        note.name,
        lines,
        finding_lines(said, note.findings),
        left_out_words(said, note.findings) if note.wish.clean else "",
        said.gettext(why) if why else "",
        words if titles else "",
    )


def _without(note: Note, found: DraftLook) -> str:
    """Why a file that can be read gets no colophon."""
    if note.wish.facts:
        return NO_PLACE
    if not found.wanted:
        return N_("It gets no colophon: the choice is that files stay as they are.")
    return N_("It gets no colophon: only the files of the work do.")


# ── a work's choice ──────────────────────────────────────────────────────────────────────────────


@routes.post("/studio/works/{slug}/colophon")
@may(Right.PUBLISH)
async def post_colophon(request: web.Request, session: Session) -> web.Response:
    """Whether the files of its editions to come say where they come from."""
    house, slug, choice = request.app[HOUSE], request.match_info["slug"], session.form.get("colophon", "")
    if choice not in {"", *Choice}:
        raise Refused(Code.FORM_BROKEN, N_("This form did not arrive as a browser sends it."))
    await choose(house, slug, choice, session.row.creator_id)
    return go_to(f"/studio/works/{slug}/files?said=colophon_kept#colophon")


def work_colophon(said: Format, work: WorkRow, shop: str, copies: Sequence[CopyLine]) -> WorkColophon:
    """Of a work's page."""
    return WorkColophon(work.colophon, wants_colophon("", shop), copies_line(said, copies), brought(said, copies))


def copies_line(said: Format, copies: Sequence[CopyLine]) -> str:
    """How many visits copies brought; empty for none."""
    count = sum(one.count for one in copies)
    many = translations(said.language).ngettext
    total = many("Copies brought %(n)s visit.", "Copies brought %(n)s visits.", count) % {"n": said.number(count)}
    return total if count else ""


def brought(said: Format, copies: Sequence[CopyLine], *, titled: str = "") -> tuple[CopyBrought, ...]:
    """Editions whose copies brought somebody. `titled`: what they are called, if not by their number alone."""
    name = said.gettext(titled or N_("Edition %(number)d"))
    return tuple(
        CopyBrought(
            name % {"number": one.edition, "title": one.title}, f"/studio/works/{one.slug}", said.number(one.count)
        )
        for one in copies
    )
