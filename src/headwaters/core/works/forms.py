"""A work's words and terms as the fields of a form: text in, text out, and what is wrong with each field.

The same readers as for work.toml (core.works.manifest), so that the page and the file refuse the same things. A field
that a form leaves empty says nothing where it must have a value (price, licence, kind…), and says "none" where it may
be empty (who made it, words, description).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headwaters.core.errors import N_, Code, HeadwatersError, Refused, TooLarge
from headwaters.core.sales.money import plain
from headwaters.core.sales.states import Door
from headwaters.core.works.details import Defaults, Details, complete
from headwaters.core.works.formats import NAMES, NONE
from headwaters.core.works.manifest import Given, ManifestBroken, Problem, Said, understand

LONGEST_TYPED = 400_000  # characters of one field that a draft keeps: four times what any of them may have
LONGEST_CHANGES = 10_000

WORDS = (
    "title",
    "by",
    "kind",
    "language",
    "year",
    "price",
    "minimum",
    "licence",
    "doors",
    "words",
    "description",
    "cover_alt",
    "taste",
    "formats",
)
COPIES = ("colophon", "remove_private")  # of the copies that the shop makes
NEW_WORK = (*WORDS, "slug", "rights", *COPIES)
MORE = frozenset(  # of a draft's fields those that few change, on a page of their own
    {"doors", "by", "kind", "language", "year", "cover_alt", "taste", "formats", *COPIES}
)
NEW_EDITION = ("changes", "rights", "dropped", *COPIES)

_MAY_BE_EMPTY = frozenset({"by", "words", "description", "cover_alt", "taste", "formats", "doors", "title"})

Form = Mapping[str, str]


def typed_fields(form: Form, names: Iterable[str]) -> dict[str, str]:
    """What was typed in these fields, line ends as they are everywhere here. Open doors are ticks of their own, and so
    are formats."""
    ticks = {"doors": _doors, "formats": _formats}
    typed = {name: ticks[name](form) if name in ticks else form.get(name, "") for name in names}
    return {name: text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "") for name, text in typed.items()}


def check_length(fields: Form) -> None:
    """Raises TooLarge(FORM_BROKEN) with the field's name where one holds more than a draft keeps."""
    for name, text in fields.items():
        if len(text) > LONGEST_TYPED:
            raise TooLarge(
                Code.FORM_BROKEN,
                N_("It is too long to be kept: %(most)s characters at most."),
                hint=N_("Put it into a file of the work, and a few words here."),
                field=name,
                most=LONGEST_TYPED,
            )


def _doors(form: Form) -> str:
    if "doors" in form:
        return form["doors"]
    return ",".join(door.value for door in Door if form.get(f"door_{door.value}"))


def _formats(form: Form) -> str:
    if "formats" in form:
        return form["formats"]
    ticked = ",".join(name for name in NAMES if form.get(f"format_{name}"))
    return (ticked or NONE) if form.get("own_formats") else ""


def _given(form: Form) -> dict[str, Given]:
    """What a form says, by the keys of work.toml."""
    said = {key: form[key] for key in (*WORDS, "slug", "rights", *COPIES) if key in form}
    return {key: Given(text, "") for key, text in said.items() if text.strip() or key in _MAY_BE_EMPTY}


def said_by(form: Form, currency: str) -> Said:
    """The values of a form. Raises ManifestBroken with everything that is wrong, each with its field."""
    return understand(_given(form), currency)


def understood(form: Form, currency: str) -> tuple[Said, tuple[Problem, ...]]:
    """What of a form can be read, and what is wrong with the rest: for a preview of something half written."""
    readable: dict[str, Given] = {}
    problems: list[Problem] = []
    for key, given in _given(form).items():
        try:
            understand({key: given}, currency)
        except ManifestBroken as broken:
            problems.extend(broken.problems)
        else:
            readable[key] = given
    return understand(readable, currency), tuple(problems)


def details_by(form: Form, defaults: Defaults) -> Details:
    """All of a work's words as a form says them; nothing is taken from before, as the form shows everything.

    Raises ManifestBroken, Refused(AMOUNT_TOO_SMALL).
    """
    return complete(said_by(form, defaults.currency), None, defaults)


def form_of(details: Details) -> dict[str, str]:
    """The fields of a form that says these words."""
    return {
        "title": details.title,
        "by": details.by,
        "kind": details.kind.value,
        "language": details.language,
        "year": "" if details.year is None else str(details.year),
        "price": plain(details.price),
        "minimum": plain(details.minimum),
        "licence": details.licence,
        "doors": ",".join(door.value for door in Door if door in details.doors),
        "words": details.words,
        "description": details.description,
        "cover_alt": details.cover_alt,
        "taste": details.taste,
        "formats": details.formats,
    }


def check_changes(text: str) -> str:
    """What is new in an edition, as it is kept. Raises Refused(FORM_BROKEN)."""
    text = text.strip()
    if len(text) > LONGEST_CHANGES:
        raise Refused(
            Code.FORM_BROKEN,
            N_("It is too long: %(most)s characters at most."),
            field="changes",
            most=LONGEST_CHANGES,
        )
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise Refused(Code.FORM_BROKEN, N_("There is an invisible character in it."), field="changes")
    return text


def problems_of(error: HeadwatersError) -> tuple[Problem, ...]:
    """What is wrong, one for each field: of a form that has several faults, or of any other refusal."""
    if isinstance(error, ManifestBroken):
        return error.problems
    return (Problem("", error.field, error.message, error.values, error.hint),)


# ── the same refusals, before a page ──────────────────────────────────────────────────────────────

# What the command line says of these, in words of this page.
_HERE: Mapping[Code, tuple[str, str]] = {
    Code.SLUG_TAKEN: (
        N_("There is another work at this address."),
        N_("Choose another one. If this is a new edition of that work, open the work and begin the edition there."),
    ),
    Code.RIGHTS_MISSING: (
        N_("Say by what right you publish it."),
        N_("Choose one of the three; or an open licence, which speaks for itself."),
    ),
    Code.WORK_WITHHELD: (
        N_("This work is withheld, so nothing new of it is published."),
        N_("When the reason is gone, bring it back first."),
    ),
}
_HINTS: Mapping[Code, str] = {
    Code.AMOUNT_TOO_SMALL: N_("To ask for nothing, close the door “Pay what is fair”."),
}


def in_the_studio(error: HeadwatersError) -> HeadwatersError:
    """`error` in words for who sits before a page, where its own speak of the command line."""
    if error.code in _HERE and _speaks_of_commands(error):
        message, hint = _HERE[error.code]
        return Refused(error.code, message, hint=hint, field=error.field)
    if error.code in _HINTS and error.hint:
        return Refused(error.code, error.message, hint=_HINTS[error.code], field=error.field, **error.values)
    return error


def _speaks_of_commands(error: HeadwatersError) -> bool:
    return not error.message or "--" in error.hint or "headwaters " in error.hint
