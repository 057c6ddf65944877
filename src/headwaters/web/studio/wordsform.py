"""The fields of a work's words as the Studio shows them: what can be chosen, what is wrong, and where two differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.revisions import Merged, marks_of
from headwaters.core.sales.states import Door
from headwaters.core.works.editions import RIGHTS_TEXTS, RIGHTS_VERSION, Rights
from headwaters.core.works.formats import CHOICES, USUAL, chosen
from headwaters.core.works.forms import MORE, in_the_studio, problems_of
from headwaters.core.works.licences import ALL_RIGHTS_RESERVED, LICENCES
from headwaters.core.works.manifest import Problem as Fault
from headwaters.core.works.media import WorkKind
from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio_works import Choice, Choices, Clash, Differing, WordsForm
from headwaters.web.format import Format
from headwaters.web.licences import said_licence
from headwaters.web.render import said_problem

NAMES: Mapping[str, str] = {
    "title": N_("Title"),
    "slug": N_("Its address"),
    "by": N_("Who made it"),
    "kind": N_("What it is"),
    "language": N_("Its language"),
    "year": N_("Year"),
    "price": N_("Suggested price"),
    "minimum": N_("The least it costs"),
    "licence": N_("What people may do with it"),
    "doors": N_("Open doors"),
    "words": N_("Your words beside the price"),
    "description": N_("About it"),
    "cover_alt": N_("What is to be seen on the picture"),
    "taste": N_("How much of it can be tried"),
    "formats": N_("Other formats"),
    "rights": N_("By what right you publish it"),
    "changes": N_("What is new"),
    "dropped": N_("Files that are left out"),
    "colophon": N_("What the copies say"),
    "remove_private": N_("What is left out of the copies"),
    "day": N_("The day"),
    "files": N_("Files"),
    "cover": N_("Cover"),
}
_DOORS = {
    Door.PAY: (N_("Pay what is fair"), N_("A suggested price; any amount from the least you ask for.")),
    Door.CANT_PAY: (N_("I can’t pay right now"), N_("The same files for nothing, without a question.")),
    Door.HAVE_COPY: (N_("I already have a copy"), N_("Found elsewhere: a good one, and a place to thank you.")),
}
_GISTS: Mapping[str, str] = {
    "CC-BY-4.0": N_("share it, change it, say who made it"),
    "CC-BY-SA-4.0": N_("share it, change it, pass yours on alike"),
    "CC-BY-ND-4.0": N_("share it as it is"),
    "CC-BY-NC-4.0": N_("share it, change it, not for money"),
    "CC-BY-NC-SA-4.0": N_("not for money, and pass yours on alike"),
    "CC-BY-NC-ND-4.0": N_("share it as it is, not for money"),
    "CC0-1.0": N_("it belongs to everyone"),
}
_COMMON = (
    ALL_RIGHTS_RESERVED,
    *(one for one in LICENCES if one.startswith("CC-BY") and one.endswith("-4.0")),
    "CC0-1.0",
)


def said_faults(said: Format, error: HeadwatersError | None) -> tuple[Problem, ...]:
    """Everything that is wrong with a form, in words."""
    if error is None:
        return ()
    return tuple(said_fault(said, fault, error.code) for fault in problems_of(in_the_studio(error)))


def said_fault(said: Format, fault: Fault, code: Code) -> Problem:
    """One fault of a field."""
    problem = Refused(code, fault.message, hint=fault.hint, field=fault.key, **fault.values)
    return said_problem(problem, said.language)


def by_field(faults: Iterable[Problem]) -> dict[str, Problem]:
    """The first fault of each field."""
    found: dict[str, Problem] = {}
    for fault in faults:
        found.setdefault(fault.field, fault)
    return found


def field_name(said: Format, field: str) -> str:
    """What the page calls a field."""
    return said.gettext(NAMES[field]) if field in NAMES else field


def said_clash(said: Format, merged: Merged | None, shown: Sequence[str] = ()) -> Clash | None:
    """Where the two differ, in the fields that a page shows (empty: all of them)."""
    if merged is None:
        return None
    return Clash(
        differences=tuple(
            Differing(
                one.field,
                field_name(said, one.field),
                said_value(said, one.field, one.theirs),
                said_value(said, one.field, one.yours),
            )
            for one in merged.differences
            if not shown or one.field in shown
        ),
        taken=tuple(field_name(said, field) for field in merged.taken),
    )


def said_value(said: Format, field: str, text: str) -> str:
    """A field's value as a person reads it."""
    if field == "kind":
        return _kind(said, text)
    if field == "licence" and text:
        return said_licence(text, said).name
    if field == "doors":
        return said.join([said.gettext(_DOORS[door][0]) for door in Door if door.value in text.split(",")])
    if field == "formats":
        return said_choice(said, text)
    return text


def words_form(
    said: Format,
    fields: Mapping[str, str],
    currency: str,
    *,
    revision: int,
    kept: Mapping[str, str],
    faults: Sequence[Problem] = (),
    merged: Merged | None = None,
) -> WordsForm:
    """The form with `fields` in it; `kept`: what stands in the database now, for the marks."""
    return WordsForm(
        fields={name: fields.get(name, "") for name in NAMES},
        kinds=kinds(said, fields.get("kind", "")),
        licences=licences(said, fields.get("licence", "") or ALL_RIGHTS_RESERVED),
        doors=doors(said, fields.get("doors", "")),
        formats=format_ticks(said, fields.get("formats", "")),
        rights=rights(said, fields["rights"]) if "rights" in fields else (),
        currency=currency,
        symbol=said.symbol(currency),
        problems=by_field(faults),
        faults=tuple(faults),
        more=MORE,
        revision=revision,
        marks=marks_of(kept),
        clash=said_clash(said, merged),
    )


def _kind(said: Format, kind: str) -> str:
    return said.kind(kind) or said.gettext(N_("Something else")) if kind else said.gettext(N_("What its files say"))


def kinds(said: Format, chosen: str) -> tuple[Choice, ...]:
    """What a work may be; the first leaves it to its files."""
    return tuple(Choice(kind, _kind(said, kind), kind == chosen, "") for kind in ("", *(one.value for one in WorkKind)))


def licences(said: Format, chosen: str) -> tuple[Choices, ...]:
    """The common ones with their meaning, and all others by name."""

    def choice(licence_id: str) -> Choice:
        gist = said.gettext(_GISTS[licence_id]) if licence_id in _GISTS else ""
        return Choice(licence_id, said_licence(licence_id, said).name, licence_id == chosen, gist)

    others = [licence_id for licence_id in LICENCES if licence_id not in _COMMON and not licence_id.startswith("CC-")]
    if chosen not in (*_COMMON, *others):  # an older Creative Commons, say: it stays until another is chosen
        others.append(chosen)
    return (
        Choices(said.gettext(N_("Most people choose one of these")), tuple(map(choice, _COMMON))),
        Choices(said.gettext(N_("Others")), tuple(map(choice, others))),
    )


def doors(said: Format, open_ones: str) -> tuple[Choice, ...]:
    """The three doors, ticked where they are open."""
    ticked = open_ones.split(",")
    return tuple(
        Choice(door.value, said.gettext(name), door.value in ticked, said.gettext(hint))
        for door, (name, hint) in _DOORS.items()
    )


def rights(said: Format, chosen: str) -> tuple[Choice, ...]:
    """The declarations, in the words that an edition keeps."""
    texts = RIGHTS_TEXTS[RIGHTS_VERSION]
    return tuple(Choice(right.value, said.gettext(texts[right]), right.value == chosen, "") for right in Rights)


def said_choice(said: Format, text: str) -> str:
    """A choice of formats as a person reads it."""
    names = [one.title for one in CHOICES if one.name in chosen(text)]
    return (
        said.join(names) if names else said.gettext(N_("None")) if text else said.gettext(N_("The shop’s usual ones"))
    )


def format_ticks(said: Format, text: str) -> tuple[Choice, ...]:
    """All formats, ticked where they are wanted; all of them where the shop's usual ones are, to begin with."""
    ticked = chosen(text or USUAL)
    return tuple(Choice(one.name, one.title, one.name in ticked, said.gettext(one.about)) for one in CHOICES)


def read_revision(form: Mapping[str, str]) -> int:
    """The revision that a form was made from; what is none matches none."""
    text = form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else -1
