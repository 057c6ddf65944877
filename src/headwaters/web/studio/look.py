"""The look of the shop: one form beside the real page, which wears what stands in the form and is not kept yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web
from markupsafe import Markup

from headwaters.actions.look import LookForm, PresentLook, present_look
from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.look import COVERS, LOGO, LOOK_KEYS, SCHEMES, TYPES
from headwaters.core.people import Right
from headwaters.core.shop import Settings, check_setting
from headwaters.core.themes import RIVER_THEME, Theme
from headwaters.errands.house import House, Now
from headwaters.errands.look import keep_look
from headwaters.errands.themes import Dress, all_themes, load_theme
from headwaters.store import pages as rows
from headwaters.store.collections import shown_collections
from headwaters.web import show_works
from headwaters.web.colours import Shade, css, shades
from headwaters.web.contexts.common import Logo, Site
from headwaters.web.contexts.shop import AboutPage
from headwaters.web.contexts.studio_look import Accent, AccentPart, AccentShade, Choice, FaultLine, LookPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of, logo_address
from headwaters.web.markdown import render_markdown
from headwaters.web.render import HTML, dressed_site, page_html, said_problem
from headwaters.web.samples import sample_home_page, sample_order_page, sample_work_page
from headwaters.web.security import content_policy
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import HEADERS, Session, go_to, may, may_send
from headwaters.web.studio.picture_form import PictureForm, read_picture_form
from headwaters.web.themes import faults_of

routes = web.RouteTableDef()

_MARK = "was-"  # before a field's name: what the form started from
_SHOWN = {
    "work": N_("A work"),
    "home": N_("All works"),
    "order": N_("What a reader gets"),
    "about": N_("About"),
}
_LINK = re.compile(r"(<a\b[^>]*?)\shref=")
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)
_ENOUGH_SAID = N_("%(before)s to 1: good to read.")
_MOVED = N_("%(before)s to 1 would be too faint. Pages use %(colour)s here: %(ratio)s to 1.")


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


@routes.get("/studio/look")
@may(Right.LOOK)
async def get_look(request: web.Request, session: Session) -> web.Response:
    """The form, as things are."""
    return await _look_page(request, session, {}, [])


@routes.post("/studio/look")
@may_send(Right.LOOK, read_picture_form)
async def post_look(request: web.Request, session: Session) -> web.Response:
    """Keep it: all of it or nothing."""
    house, form = request.app[HOUSE], session.form
    typed = _typed(form)
    if wrong := _refusals(typed):
        return await _look_page(request, session, form, wrong)
    upload = form.upload if isinstance(form, PictureForm) else None
    kept = LookForm(typed, _started(form), no_logo="no_logo" in form and upload is None)
    try:
        changed = await keep_look(house, kept, upload, session.row.creator_id)
    except Refused as refused:
        return await _look_page(request, session, form, [refused])
    return go_to(f"/studio/look?said=look_{'kept' if changed else 'same'}")


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    return {key: form[key].replace("\r\n", "\n") for key in LOOK_KEYS if key in form}


def _started(form: Mapping[str, str]) -> dict[str, str]:
    return {key: form.get(_MARK + key, "") for key in (*LOOK_KEYS, LOGO)}


def _refusals(typed: dict[str, str]) -> list[Refused]:
    """Everything that cannot be kept, and not only the first; what can is put into its kept form."""
    wrong = []
    for key, value in typed.items():
        try:
            typed[key] = check_setting(key, value)
        except Refused as refused:
            wrong.append(refused)
    return wrong


async def _look_page(
    request: web.Request, session: Session, form: Mapping[str, str], wrong: list[Refused]
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    present = await house.db.read(present_look)
    values = {**present.values, **_typed(form)}
    of_fields = [error for error in wrong if error.field in (*LOOK_KEYS, LOGO)]
    problems = {error.field: said_problem(error, said.language) for error in of_fields}
    others = [error for error in wrong if error.field not in problems or error.code is Code.SETTING_CHANGED]
    dress = house.now.dress
    context = LookPage(
        frame=await frame(request, session, "shop"),
        script=address_of("look.js"),
        values=values,
        marks=present.marks if not wrong or _contested(wrong) else {**present.marks, **_started(form)},
        problems={} if _contested(wrong) else problems,
        theirs={key: present.values.get(key, "") for key in _contested(wrong)},
        problem=problem_of(request, others[0]) if others else None,
        logo=_logo(present),
        logo_again=isinstance(form, PictureForm) and form.upload is not None and LOGO not in problems,
        themes=_themes(house, values["theme"]),
        types=_choices(said, {"": N_("As the design has it"), **TYPES}, values["type"]),
        covers=_choices(said, COVERS, values["cover"]),
        schemes=_choices(said, SCHEMES, values["scheme"]),
        accent=_accent(house, said, values["accent"], values["theme"]),
        theme_fault=problem_of(request, dress.fault),
        faults=tuple(FaultLine(f"{one.file}:{one.line}", one.message) for one in faults_of(dress.theme)),
        shown=_choices(said, _SHOWN, form.get("seen", "work")),
        preview=f"/studio/look/preview?seen={form.get('seen', 'work') if form.get('seen') in _SHOWN else 'work'}",
    )
    response = show(request, "look", context, wrong[0] if wrong else None)
    response.headers["Content-Security-Policy"] = f"{content_policy(house.config)}; frame-src 'self'"
    return response


def _contested(wrong: list[Refused]) -> tuple[str, ...]:
    """The fields that somebody else changed while the form was open."""
    found = [one.values["keys"] for one in wrong if one.code is Code.SETTING_CHANGED]
    return tuple(map(str, found[0])) if found and isinstance(found[0], tuple) else ()


def _logo(present: PresentLook) -> Logo | None:
    logo = present.logo
    return Logo(logo_address(logo), logo.width, logo.height) if logo else None


def _choices(said: Format, among: Mapping[str, str], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, said.gettext(label), value == chosen) for value, label in among.items())


def _themes(house: House, chosen: str) -> tuple[Choice, ...]:
    found = [one.theme for one in all_themes(house.config.shop) if one.theme is not None]
    return tuple(
        Choice(
            one.name, f"{one.card.title}. {one.card.about}" if one.card.about else one.card.title, one.name == chosen
        )
        for one in found
    )


# ── the accent ───────────────────────────────────────────────────────────────────────────────────


def _accent(house: House, said: Format, text: str, theme_name: str) -> Accent:
    try:
        colour = check_setting("accent", text)
    except Refused:
        return Accent((), said.gettext(N_("That is no colour: # and six of the signs 0–9 and a–f, such as #0d4a68.")))
    if not colour:
        return Accent((), said.gettext(N_("The design’s own colour.")))
    day, night = shades(colour, _theme(house, theme_name).card)
    return Accent((_shade(said, "light", day), _shade(said, "dark", night)), "")


def _shade(said: Format, scheme: str, shade: Shade) -> AccentShade:
    moved = f"{shade.before:.1f}" != f"{shade.ratio:.1f}"
    values = {"before": f"{shade.before:.1f}", "ratio": f"{shade.ratio:.1f}", "colour": css(shade.colour)}
    words = said.gettext(_MOVED if moved else _ENOUGH_SAID) % values
    return AccentShade(scheme, css(shade.paper), css(shade.colour), words)


def _theme(house: House, name: str) -> Theme:
    try:
        return load_theme(house.config.shop, name)
    except HeadwatersError:
        return RIVER_THEME


@routes.get("/studio/look/accent")
@may(Right.LOOK)
async def get_accent(request: web.Request, _session: Session) -> web.Response:
    """What becomes of a colour while somebody chooses it: a piece of the page."""
    query = request.query
    accent = _accent(request.app[HOUSE], words_of(request), query.get("accent", "")[:40], query.get("theme", ""))
    return show(request, "accent", AccentPart(accent))


# ── the real page, with what is not kept yet ─────────────────────────────────────────────────────


@routes.get("/studio/look/preview")
@may(Right.LOOK)
async def get_preview(request: web.Request, _session: Session) -> web.Response:
    """A page as it is; with what the address says, as it would be."""
    return await _preview(request, request.query)


@routes.post("/studio/look/preview")
@may_send(Right.LOOK, read_picture_form)
async def post_preview(request: web.Request, session: Session) -> web.Response:
    """A page as it would be with what stands in the form. Nothing is kept."""
    return await _preview(request, session.form)


async def _preview(request: web.Request, fields: Mapping[str, str]) -> web.Response:
    house = request.app[HOUSE]
    now = _tried_on(house, fields)
    seen = fields.get("seen", "work")
    site, template, context = await _shown(house, now, seen if seen in _SHOWN else "work")
    html = _SCRIPT.sub("", _LINK.sub(r"\1 data-href=", page_html(site, template, context)))
    policy = content_policy(house.config).replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    policy = re.sub(r"form-action [^;]*", "form-action 'none'", policy)
    headers = {**HEADERS, "Content-Type": HTML, "Content-Security-Policy": f"{policy}; sandbox allow-same-origin"}
    return web.Response(body=html.encode(), headers=headers)


def _tried_on(house: House, fields: Mapping[str, str]) -> Now:
    """The shop with what was typed, as far as it can be kept; the rest is as it was."""
    now = house.now
    good = {}
    for key, value in _typed(fields).items():
        try:
            good[key] = check_setting(key, value)
        except Refused:
            continue
    settings: Settings = replace(now.settings, **good)
    dress = now.dress
    if settings.theme != now.settings.theme:
        dress = Dress(_theme(house, settings.theme))
    return replace(now, settings=settings, dress=dress, logo=None if "no_logo" in fields else now.logo)


async def _shown(house: House, now: Now, seen: str) -> tuple[Site, str, object]:
    if seen == "about":
        about = render_markdown(now.settings.about) if now.settings.about else Markup()
        context = AboutPage(about, now.settings.imprint, now.settings.contact_email)
        return dressed_site(house, now, "/about"), "about.html", context
    works = await house.db.read(rows.published_works)
    if seen == "home":
        shown = await house.db.read(shown_collections)
        home = show_works.home_page(works, shown, now) if works else sample_home_page(now)
        return dressed_site(house, now, "/"), "home.html", home
    if seen == "order":
        site = dressed_site(house, now, "")
        return site, "order.html", sample_order_page(site, now, _best(works))
    work = _best(works)
    site = dressed_site(house, now, f"/w/{work.slug}" if work else "")
    return site, "work.html", show_works.work_page(site, work, now, "") if work else sample_work_page(site, now)


def _best(works: tuple[rows.WorkView, ...]) -> rows.WorkView | None:
    """The newest that has a picture, as much of the look is about that; else the newest."""
    return next((work for work in works if work.of_role("art")), works[0] if works else None)
