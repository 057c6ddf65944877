"""Tries a theme on: every page with made-up works and orders, looked at as a reader, a browser and our promises would.

What River's page lets a reader do, the theme's has to let them do as well: each form with all its fields, each file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from headwaters.core.shop import Settings
from headwaters.core.themes import RIVER_THEME, Theme
from headwaters.web.contexts.common import Site
from headwaters.web.look import theme_assets
from headwaters.web.render import as_river
from headwaters.web.samples import made_up_now, made_up_site, sample_pages
from headwaters.web.themes import environment, environment_of, fault_of, template_of, wear

MOST_BYTES = 30_000  # of a page's HTML and CSS together
_LANGUAGE = "en"
_FOREIGN = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_CSS_FOREIGN = re.compile(r"(?:@import|url\(\s*[\"']?\s*(?:https?:)?//)", re.IGNORECASE)
_LOADS = {
    "img": "src",
    "video": "src",
    "audio": "src",
    "source": "src",
    "script": "src",
    "iframe": "src",
    "link": "href",
}
_FIELDS = {"input", "textarea", "select", "button"}
_LED_TO = ("/d/", "/w/", "/c/", "/o/", "/studio/drafts/", "/privacy", "/report", "/about")
_NOT_LOADED = {"canonical", "alternate", "license"}  # links that a browser does not follow by itself


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that is wrong with a theme. `where`: a file and line, or a page and what was special about it."""

    where: str
    message: str


def check_theme(theme: Theme) -> tuple[Complaint, ...]:
    """Everything that is wrong with it, each thing once; nothing: it can be worn."""
    now = made_up_now(Settings(theme=theme.name), theme)
    wear(theme)
    site = made_up_site(now)
    found = [*_templates(theme), *_sheets(theme)]
    for template, special, context in sample_pages(site, now):
        found += _page(theme, site, template, special, context)
    return tuple(dict.fromkeys(found))


# ── its files ────────────────────────────────────────────────────────────────────────────────────


def _templates(theme: Theme) -> Iterator[Complaint]:
    """Templates that cannot be read, and those that no page asks for."""
    if theme.folder is None:
        return
    ours = set(environment(_LANGUAGE).list_templates())
    place = theme.folder / "templates"
    for path in sorted(place.rglob("*.*")):
        name = path.relative_to(place).as_posix()
        where = f"templates/{name}"
        if name.startswith(("studio/", "mail/")):
            yield Complaint(where, "the Studio and mails wear no theme; this file is never used")
        elif name not in ours and not path.name.startswith("_"):
            yield Complaint(where, "there is no page of this name; pieces of your own begin with _")
        else:
            yield from _compiled(theme, name)


def _compiled(theme: Theme, name: str) -> Iterator[Complaint]:
    try:
        environment_of(theme, _LANGUAGE).get_template(name)
    except Exception as error:
        yield _complaint(theme, name, error)


def _complaint(theme: Theme, template: str, error: Exception, special: str = "") -> Complaint:
    fault = fault_of(theme, template, error)
    return Complaint(
        f"{fault.file}, line {fault.line}" + (f" ({template}, {special})" if special else ""), fault.message
    )


def _sheets(theme: Theme) -> Iterator[Complaint]:
    for name, asset in theme_assets(theme).items():
        if Path(name).suffix != ".css" or name.endswith(("-light.css", "-dark.css")):
            continue
        text = asset.body.decode(errors="replace")
        if _CSS_FOREIGN.search(text):
            yield Complaint(f"static/{name}", "it asks another host, or imports a sheet: browsers will refuse both")
        if name == theme.card.style and "--river" not in text:
            yield Complaint(f"static/{name}", "it does not use --river, so a creator’s own colour would not show")


# ── its pages ────────────────────────────────────────────────────────────────────────────────────


def _page(theme: Theme, site: Site, template: str, special: str, context: object) -> Iterator[Complaint]:
    try:
        html = template_of(theme, _LANGUAGE, template).render(site=site, page=context)
    except Exception as error:
        yield _complaint(theme, template, error, special)
        return
    where = f"{template} ({special})"
    seen = _read(html)
    for message in _looked_at(seen, site):
        yield Complaint(where, message)
    ours = _read(template_of(RIVER_THEME, _LANGUAGE, template).render(site=as_river(site), page=context))
    for message in _lost(seen, ours):
        yield Complaint(where, message)
    weight = len(html.encode()) + _style_size(theme)
    if weight > MOST_BYTES:
        yield Complaint(where, f"HTML and CSS have {weight:,} bytes; {MOST_BYTES:,} are the most")


def _style_size(theme: Theme) -> int:
    return len(theme_assets(theme)[theme.card.style].body) if theme.card.style else 0


@dataclass
class _Seen(HTMLParser):
    """What is in a page."""

    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    language: str = ""
    sheets: list[str] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    forms: dict[str, set[str]] = field(default_factory=dict)  # method and action → names of fields
    doors: list[str] = field(default_factory=list)
    inert: int = 0  # parts in which nothing can be pressed
    form: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.inert += "inert" in values
        self._outside(tag, values)
        self.inline += [f"{name}=" for name in values if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in values and "json" not in values.get("type", "")):
            self.inline.append(f"<{tag}>")
        if tag == "html":
            self.language = values.get("lang", "")
        elif tag == "a":
            self.links.add(values.get("href", ""))
        elif tag == "form":
            self.form = f"{values.get('method', 'get')} {values.get('action', '')}"
            self.forms.setdefault(self.form, set())
        elif tag in _FIELDS and self.form and values.get("name"):
            self.forms[self.form].add(values["name"])
            self.doors += [values.get("value", "")] if values["name"] == "door" else []

    def _outside(self, tag: str, values: dict[str, str]) -> None:
        if tag == "link":
            if "stylesheet" in values.get("rel", ""):
                self.sheets.append(values.get("href", ""))
            if values.get("rel", "") in _NOT_LOADED:
                return
        if address := values.get(_LOADS.get(tag, ""), ""):
            self.loaded.append(address)
        self.loaded += [part.split()[0] for part in values.get("srcset", "").split(",") if part.strip()]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = ""


def _read(html: str) -> _Seen:
    seen = _Seen()
    seen.feed(html)
    seen.close()
    return seen


def _looked_at(seen: _Seen, site: Site) -> Iterator[str]:
    """What every page owes its readers."""
    if seen.language != site.language:
        yield '<html> does not say the page’s language: lang="{{ site.language }}"'
    if "title" not in seen.tags:
        yield "it has no <title>"
    if "main" not in seen.ids or "main" not in seen.tags:
        yield 'there is no <main id="main">, where “Skip to the content” leads'
    if seen.tags.count("h1") != 1:
        yield f"it has {seen.tags.count('h1')} first headings (h1); it needs one"
    if site.style not in seen.sheets:
        yield "it does not use the style sheet at {{ site.style }}"
    if site.look and site.look not in seen.sheets:
        yield "it does not use the creator’s own colours at {{ site.look }}"
    for address in seen.loaded:
        if _FOREIGN.match(address):
            yield f"it asks another host: {address}"
    for what in seen.inline:
        yield f"there is {what} in it; the content policy refuses inline styles and scripts"
    if doubled := sorted({name for name in seen.ids if seen.ids.count(name) > 1}):
        yield f"an id is there more than once: {', '.join(doubled)}"


def _lost(seen: _Seen, ours: _Seen) -> Iterator[str]:
    """What a reader could do on River's page, and cannot on this one."""
    for form, names in ours.forms.items():
        if form not in seen.forms:
            yield f"the form “{form}” is missing"
        elif missing := sorted(names - seen.forms[form]):
            yield f"the form “{form}” lacks {', '.join(missing)}"
    for link in sorted(ours.links - seen.links):
        if link.startswith(_LED_TO):
            yield f"there is no link to {link}"
    if ours.inert and not seen.inert:
        yield "its doors are not inert in a preview, where they lead nowhere"
    if ours.doors != seen.doors:
        theirs = ", ".join(seen.doors) or "none"
        yield f"the doors are {theirs}; in the order of reading they are {', '.join(ours.doors)}"
