"""`work.toml`: what a creator says of a work, beside its files. docs/develop/work-toml.md is its manual.

Text in, values out. All that is wrong is found at once, and each problem says where to go. The command line says the
same things as text; what it says counts more. Nothing is filled in here: None means that nothing was said.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.sales.money import Money, parse_amount
from headwaters.core.sales.states import Door
from headwaters.core.works.editions import Rights, Role
from headwaters.core.works.formats import NAMES as FORMAT_NAMES
from headwaters.core.works.formats import NONE, read_choice
from headwaters.core.works.licences import find_licence
from headwaters.core.works.media import WorkKind
from headwaters.core.works.slugs import check_slug
from headwaters.core.works.taste import check_taste

MANIFEST = "work.toml"
DESCRIPTION = "description.md"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One [[files]] table: `path` from the folder, as it is written; `where` names the table in messages."""

    path: str
    label: str | None
    role: Role | None
    where: str


@dataclass(frozen=True, slots=True)
class Said:
    """What work.toml and the command line say of a work; None: nothing. Amounts are in the shop's currency."""

    title: str | None = None
    slug: str | None = None
    by: str | None = None
    kind: WorkKind | None = None
    language: str | None = None
    year: int | None = None
    price: Money | None = None
    minimum: Money | None = None
    licence: str | None = None
    rights: Rights | None = None
    doors: frozenset[Door] | None = None
    words: str | None = None
    description: str | None = None
    cover: str | None = None
    cover_alt: str | None = None
    taste: str | None = None
    formats: str | None = None
    colophon: bool | None = None
    remove_private: bool | None = None
    files: tuple[FileEntry, ...] | None = None


KEYS: tuple[str, ...] = tuple(item.name for item in fields(Said))
FILE_KEYS = ("path", "label", "role")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, of which key (empty: of none), a message with its values, and what helps."""

    where: str
    key: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    hint: str = ""

    def __str__(self) -> str:
        words = [self.message, self.hint] if self.hint else [self.message]
        said = " ".join(text % self.values if self.values else text for text in words)
        key = "" if self.where == f"--{self.key}" else self.key
        return ": ".join(part for part in (self.where, key, said) if part)


class ManifestBroken(Refused):
    """Everything that is wrong with a work.toml or the options beside it, one line each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(Code.MANIFEST_BROKEN, N_("%(problems)s"), problems="\n".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Given:
    """One value as it was written, and where; `places`: where each table of a list of tables begins."""

    value: Any
    where: str
    places: tuple[str, ...] = ()


class _Wrong(Exception):
    """A value that cannot be: (msgid, values)."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message, self.values = message, values


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def read_manifest(text: str, name: str = MANIFEST) -> dict[str, Given]:
    """The keys of a work.toml with where each stands. Raises ManifestBroken when it is no TOML."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as wrong:
        problem = Problem(name, "", N_("This is not TOML: %(why)s."), {"why": str(wrong)})
        raise ManifestBroken((problem,)) from None
    found = {key: _places(text, key, name) for key in raw}
    return {key: Given(value, (found[key] or (name,))[0], found[key]) for key, value in raw.items()}


def _places(text: str, key: str, name: str) -> tuple[str, ...]:
    """`work.toml, line 4`: where the top-level `key` seems to stand."""
    pattern = re.compile(rf"\s*(?:\[\[?\s*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
    return tuple(f"{name}, line {at}" for at, line in enumerate(text.splitlines(), start=1) if pattern.match(line))


def understand(given: Mapping[str, Given], currency: str) -> Said:
    """The values of `given`, checked. Raises ManifestBroken with everything that is wrong."""
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for key, item in given.items():
        if key not in KEYS:
            problems.append(_unknown(item.where, key, KEYS))
            continue
        try:
            values[key] = _files(item, problems) if key == "files" else _READERS[key](item.value, currency)
        except _Wrong as wrong:
            problems.append(Problem(item.where, key, wrong.message, wrong.values))
        except HeadwatersError as refused:
            problems.append(Problem(item.where, key, refused.message, refused.values, refused.hint))
    if problems:
        raise ManifestBroken(tuple(problems))
    return Said(**values)


def _unknown(where: str, key: str, known: tuple[str, ...]) -> Problem:
    close = get_close_matches(key.casefold(), known, n=1, cutoff=0.6)
    hint = N_("Did you mean %(nearest)s?") if close else N_("These are known: %(known)s.")
    values = {"key": key, "nearest": close[0] if close else "", "known": ", ".join(known)}
    return Problem(where, "", N_("There is no key “%(key)s”."), values, hint)


# ── one reader for each kind of value ────────────────────────────────────────────────────────────

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202d\u202e\ud800-\udfff]")
_LANGUAGE = re.compile(
    r"(?i)([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?((?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
)


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise _Wrong(N_("This is a text: put it into quotes."))
    text = value.replace("\r\n", "\n").strip()
    if _CONTROL.search(text):
        raise _Wrong(N_("There is an invisible character in it."))
    if len(text) > most:
        raise _Wrong(N_("It is too long: %(most)s characters at most."), most=most)
    return text


def _line(most: int) -> Callable[[Any, str], str]:
    def read(value: Any, currency: str) -> str:
        text = _text(value, most)
        if "\n" in text:
            raise _Wrong(N_("It is one line."))
        return text

    return read


def _lines(most: int) -> Callable[[Any, str], str]:
    return lambda value, currency: _text(value, most)


def _title(value: Any, currency: str) -> str:
    title = _line(200)(value, currency)
    if not title:
        raise _Wrong(N_("A work needs a title."))
    return title


def _slug(value: Any, currency: str) -> str:
    return check_slug(_line(200)(value, currency))


def _one_of(kinds: type[WorkKind] | type[Rights] | type[Role] | type[Door], value: Any) -> Any:
    names = [kind.value for kind in kinds]
    if value in names:
        return kinds(value)
    close = get_close_matches(str(value).casefold().replace("-", "_"), names, n=1, cutoff=0.6)
    if close:
        raise _Wrong(N_("“%(value)s” is not known. Did you mean “%(nearest)s”?"), value=value, nearest=close[0])
    raise _Wrong(N_("“%(value)s” is not known. It is one of: %(known)s."), value=value, known=", ".join(names))


def _language(value: Any, currency: str) -> str:
    """BCP 47 (RFC 5646): language, script, region and variants, in the case that people use."""
    found = _LANGUAGE.fullmatch(_text(value, 35))
    if found is None:
        raise _Wrong(N_("“%(value)s” is not a language as computers name them, such as en, de or pt-BR."), value=value)
    language, script, region, variants = found.groups()
    parts = (language.lower(), (script or "").title(), (region or "").upper(), variants.lower().lstrip("-"))
    return "-".join(part for part in parts if part)


def _year(value: Any, currency: str) -> int:
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,4}", value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 9999:
        raise _Wrong(N_("It is a year, such as 2026."))
    return number


def _amount(value: Any, currency: str) -> Money:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _Wrong(N_('It is an amount, such as 5 or "5.00".'))
    return parse_amount(str(value), currency)


def _licence(value: Any, currency: str) -> str:
    return find_licence(_line(100)(value, currency)).id


def _doors(value: Any, currency: str) -> frozenset[Door]:
    names = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, list):
        raise _Wrong(N_('It is a list, such as ["pay", "cant_pay"].'))
    doors = frozenset(_one_of(Door, name) for name in names if name != "")
    if not doors:
        raise _Wrong(N_("At least one door stays open: %(known)s."), known=", ".join(Door))
    return doors


def _formats(value: Any, currency: str) -> str:
    """A choice, as it is kept; empty for the shop's usual ones, and for a list of nothing none."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _Wrong(N_('It is a list, such as ["mp3", "opus"].'))
    try:
        return NONE if names == [] else read_choice(",".join(names))
    except ValueError as unknown:
        known = ", ".join((*FORMAT_NAMES, NONE))
        raise _Wrong(
            N_("“%(value)s” is not known. It is one of: %(known)s."), value=str(unknown), known=known
        ) from None


def _yes_or_no(value: Any, currency: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"on", "off"}:  # as forms say it
        return bool(value == "on")
    raise _Wrong(N_("It is true or false."))


_READERS: Mapping[str, Callable[[Any, str], Any]] = {
    "title": _title,
    "slug": _slug,
    "by": _line(200),
    "kind": lambda value, currency: _one_of(WorkKind, value),
    "language": _language,
    "year": _year,
    "price": _amount,
    "minimum": _amount,
    "licence": _licence,
    "rights": lambda value, currency: _one_of(Rights, value),
    "doors": _doors,
    "words": _lines(10_000),
    "description": _lines(100_000),
    "cover": _line(1_000),
    "cover_alt": _lines(1_000),
    "formats": _formats,
    "taste": lambda value, currency: check_taste(_line(1_000)(value, currency)),
    "colophon": _yes_or_no,
    "remove_private": _yes_or_no,
}


def _files(item: Given, problems: list[Problem]) -> tuple[FileEntry, ...]:
    if not isinstance(item.value, list) or not all(isinstance(table, dict) for table in item.value):
        raise _Wrong(N_("Files are written as [[files]] tables."))
    places = item.places if len(item.places) == len(item.value) else (item.where,) * len(item.value)
    entries = [_file(table, where, problems) for table, where in zip(item.value, places, strict=True)]
    seen: set[str] = set()
    for entry in entries:
        if entry.path and entry.path in seen:
            problems.append(Problem(entry.where, "path", N_("“%(path)s” is there twice."), {"path": entry.path}))
        seen.add(entry.path)
    return tuple(entries)


def _file(table: dict[str, Any], where: str, problems: list[Problem]) -> FileEntry:
    problems.extend(_unknown(where, key, FILE_KEYS) for key in table if key not in FILE_KEYS)
    values: dict[str, Any] = {"path": "", "label": None, "role": None}
    for key, read in _FILE_READERS.items():
        if key not in table:
            continue
        try:
            values[key] = read(table[key], "")
        except _Wrong as wrong:
            problems.append(Problem(where, key, wrong.message, wrong.values))
    if "path" not in table:
        problems.append(Problem(where, "path", N_("It is missing: it names a file of this folder.")))
    return FileEntry(**values, where=where)


def _path(value: Any, currency: str) -> str:
    """Relative, inside the folder, with `/` between its parts."""
    path = _line(1_000)(value, currency)
    parts = path.split("/")
    if not path or path.startswith("/") or ".." in parts:
        raise _Wrong(N_("“%(path)s” is not the path of a file in this folder."), path=path)
    return "/".join(part for part in parts if part not in {"", "."})


def _file_role(value: Any, currency: str) -> Role:
    role: Role = _one_of(Role, value)
    if not role.given:
        raise _Wrong(N_("The shop makes these itself; a file is work, sample or cover."))
    return role


_FILE_READERS: Mapping[str, Callable[[Any, str], Any]] = {"path": _path, "label": _line(200), "role": _file_role}
