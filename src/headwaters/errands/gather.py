"""From paths on the creator's disk to what is to be published: a plan for each work, before anything is read or kept.

one file, or several                        one work
a folder with work.toml, or with files      one work
a folder of folders                         each of them
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from headwaters.core.errors import N_, Code, HeadwatersError, Refused, WrongUse
from headwaters.core.works.editions import EditionFile, Role, guess_roles
from headwaters.core.works.manifest import (
    DESCRIPTION,
    MANIFEST,
    FileEntry,
    Given,
    ManifestBroken,
    Problem,
    Said,
    read_manifest,
    understand,
)
from headwaters.core.works.media import Family, format_by_name, stem
from headwaters.core.works.names import MADE_ANEW, check_distinct, clean_name, is_housekeeping, shown
from headwaters.errands.walk import Found, LeftOut, Walk, find_file
from headwaters.ports import Keep
from headwaters.store.works import BlobRow

_MOST_TEXT = 1_000_000  # bytes of work.toml or description.md
_COVER_STEMS = frozenset(["cover", "folder", "front", "poster"])
_COVER_TYPES = frozenset(["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"])
_DISC = re.compile(r"(?i)(?:disc|disk|cd|vinyl|side|part|volume|vol|act|chapter|episode)[ ._-]*(?:[0-9]{1,3}|[a-d])")
_ORDER = {Role.WORK: 0, Role.SAMPLE: 1, Role.COVER: 2}


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file to publish: where it is, and as what. `label` is empty where nothing was said; `keep`: how, if not as
    the others; `known`: the SHA-256 that it must have, if that is known."""

    found: Found
    name: str
    role: Role
    label: str
    keep: Keep | None = None
    known: str = ""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file that the shop has already, from an edition before."""

    file: EditionFile
    blob: BlobRow


@dataclass(frozen=True, slots=True)
class Plan:
    """One work to publish. `title`: by the name of the folder or file, empty where that says nothing."""

    place: Path
    source: str
    title: str
    said: Said
    files: tuple[PlannedFile, ...]
    left_out: tuple[LeftOut, ...]
    kept: tuple[KeptFile, ...] = ()
    order: tuple[str, ...] = ()  # names, where new files stand between kept ones


@dataclass(frozen=True, slots=True)
class Failure:
    """A place of which nothing is published, and why."""

    place: Path
    error: HeadwatersError


@dataclass(frozen=True, slots=True)
class Ground:
    """What plans are made on: options of the command line (by key of work.toml), the shop's currency and folders."""

    options: Mapping[str, Given]
    currency: str
    closed: tuple[Path, ...]  # the shop's own folders, without links
    titled: bool = False  # work.toml need not give a title: the work has one


def plan_works(paths: Sequence[Path], ground: Ground) -> tuple[Plan | Failure, ...]:
    """A plan for each work that `paths` hold, in their order. Reads the disk: call it in a thread.

    Raises WrongUse, and Refused where `paths` themselves are wrong; what is wrong with one work is its Failure.
    """
    files = [path for path in paths if not _is_folder(path)]
    for path in files:
        find_file(path, str(path), None)
    if not files:
        places = dict.fromkeys(place for path in paths for place in _folders(path.resolve(), ground))
        return tuple(_attempt(place, ground) for place in places)
    if len(files) < len(paths):
        raise WrongUse(
            Code.WRONG_USE,
            N_("Name files (they make one work) or folders (each makes one), not both."),
            hint=N_("To publish files and folders as one work, put them into one folder."),
        )
    return (_plan_files(paths, ground),)


def _is_folder(path: Path) -> bool:
    with suppress(OSError):
        return path.is_dir()
    return False


def _has_manifest(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / MANIFEST).is_file()
    return False


def _attempt(place: Path, ground: Ground) -> Plan | Failure:
    try:
        return _plan_folder(place, ground)
    except HeadwatersError as error:
        return Failure(place, error)


# ── which folders are works ──────────────────────────────────────────────────────────────────────


def _folders(folder: Path, ground: Ground, depth: int = 0) -> list[Path]:
    """`folder` itself, or the folders in it where it is a folder of works."""
    if folder in ground.closed:
        raise Refused(
            Code.NOTHING_TO_PUBLISH,
            N_("%(place)s is the shop's own folder."),
            hint=N_("Name the folder that holds the work."),
            place=shown(str(folder)),
        )
    within, has_files = _look_into(folder)
    inner = [child for child in within if child.resolve() not in ground.closed]
    if depth > 2 or _has_manifest(folder) or not _is_folder_of_works(inner, has_files):
        return [folder]
    return [place for child in inner for place in _folders(child.resolve(), ground, depth + 1)]


def _look_into(folder: Path) -> tuple[list[Path], bool]:
    """(folders in it, whether there are files in it), housekeeping left out."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not is_housekeeping(entry.name))
        inner = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
    except OSError:
        return [], True  # the walk says what is wrong
    return inner, len(inner) < len(entries)


def _is_folder_of_works(inner: Sequence[Path], has_files: bool) -> bool:
    if any(map(_has_manifest, inner)):
        return True
    return bool(inner) and not has_files and not all(_DISC.fullmatch(child.name) for child in inner)


# ── one work ─────────────────────────────────────────────────────────────────────────────────────


def _plan_folder(folder: Path, ground: Ground) -> Plan:
    walk = Walk(folder, ground.closed)
    found = {file.name: file for file in walk.files()}
    said = _said(folder, ground)
    for name in [name for name in found if name in {MANIFEST, DESCRIPTION, *MADE_ANEW}]:
        del found[name]
        if name in MADE_ANEW:
            walk.left_out.append(LeftOut(name, N_("made anew for each edition")))
    files = _chosen(found, said, walk.left_out)
    return _plan(folder, folder.as_uri(), folder.name, said, files, tuple(walk.left_out))


def _plan_files(paths: Sequence[Path], ground: Ground) -> Plan:
    if any(path.name == MANIFEST for path in paths):
        raise WrongUse(
            Code.WRONG_USE,
            N_("work.toml speaks for its folder."),
            hint=N_("Publish the folder that it is in."),
        )
    found = [find_file(path, path.name, None) for path in paths]
    distinct = {file.real: file for file in found}
    by_name = {file.name: file for file in distinct.values()}
    if len(by_name) < len(distinct):
        check_distinct([clean_name(file.name) for file in distinct.values()])
    said = understand(ground.options, ground.currency)
    files = _chosen(by_name, said, [])
    source = " ".join(sorted(file.real.as_uri() for file in distinct.values()))
    return _plan(paths[0].absolute(), source, _common_stem(list(by_name)), said, files, ())


def _plan(
    place: Path, source: str, title: str, said: Said, files: Sequence[PlannedFile], left_out: tuple[LeftOut, ...]
) -> Plan:
    if all(file.role is not Role.WORK for file in files):
        raise Refused(
            Code.NOTHING_TO_PUBLISH,
            N_("There is nothing to publish in %(place)s."),
            hint=N_("Put the files of the work there; hidden and temporary ones do not count."),
            place=shown(str(place)),
        )
    ordered = sorted(files, key=lambda file: _ORDER[file.role])
    check_distinct([file.name for file in ordered])
    return Plan(place, source, _title_from(title), said, tuple(ordered), left_out)


def _common_stem(names: Sequence[str]) -> str:
    """What the names of several files have in common: `film` of film.mp4 and film.en.vtt; empty where nothing."""
    shortest = min((stem(name) for name in names), key=len)
    return shortest if all(name.casefold().startswith(shortest.casefold()) for name in names) else ""


def _title_from(name: str) -> str:
    """`High Water` as it is; `high_water` and `high-water` as “High water”."""
    text = "".join(letter for letter in unicodedata.normalize("NFC", name) if letter.isprintable()).strip()
    if " " not in text:
        text = re.sub(r"[_-]+", " ", text).strip()
    return (text[:1].upper() + text[1:] if text.islower() else text)[:200]


# ── what was said ────────────────────────────────────────────────────────────────────────────────


def _said(folder: Path, ground: Ground) -> Said:
    """What work.toml, description.md and the command line say, each over the one before."""
    given: dict[str, Given] = {}
    manifest = _text(folder, MANIFEST)
    if manifest is not None:
        given = read_manifest(manifest)
    if "description" not in given and (description := _text(folder, DESCRIPTION)) is not None:
        given["description"] = Given(description, DESCRIPTION)
    said = understand({**given, **ground.options}, ground.currency)
    if manifest is not None and said.title is None and not ground.titled:
        raise ManifestBroken((Problem(MANIFEST, "title", N_('It is missing: title = "…".')),))
    return said


def _text(folder: Path, name: str) -> str | None:
    """The text of a file beside the work's; None where there is none. Raises Refused, also where a link leads out."""
    path = folder / name
    if not path.is_file() and not path.is_symlink():
        return None
    with find_file(path, name, folder).path.open("rb") as file:
        data = file.read(_MOST_TEXT + 1)
    if len(data) > _MOST_TEXT:
        raise ManifestBroken((Problem(name, "", N_("It is too long.")),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ManifestBroken((Problem(name, "", N_("It is not UTF-8 text.")),)) from None


# ── which files, and as what ─────────────────────────────────────────────────────────────────────


def _chosen(found: Mapping[str, Found], said: Said, left_out: list[LeftOut]) -> list[PlannedFile]:
    """The files of the work: those that [[files]] lists, in its order, or all; and the cover."""
    problems: list[Problem] = []
    entries = said.files if said.files is not None else tuple(FileEntry(name, None, None, "") for name in found)
    files = [(entry, file) for entry in entries if (file := _find(found, entry.path, entry.where, "path", problems))]
    cover = _find(found, said.cover, MANIFEST, "cover", problems) if said.cover else None
    if problems:
        raise ManifestBroken(tuple(problems))
    if said.files is not None:
        listed = {file.name for _, file in files} | ({cover.name} if cover else set())
        left_out.extend(LeftOut(name, N_("not listed in work.toml")) for name in found if name not in listed)
    return given_files(files, cover=cover)


def given_files(
    files: Sequence[tuple[FileEntry, Found]], kept: Sequence[EditionFile] = (), *, cover: Found | None = None
) -> list[PlannedFile]:
    """Each file as what it is to be published; `kept`: those of an edition before that stand beside them."""
    others = [file.name for file in kept]
    has_cover = any(entry.role is Role.COVER for entry, _ in files) or any(file.role is Role.COVER for file in kept)
    if cover is None and not has_cover:
        names = [*others, *(file.name for _, file in files)]
        cover = _guess_cover([file for entry, file in files if entry.role is None], names)
    return _planned(files, cover, others)


def _planned(files: Sequence[tuple[FileEntry, Found]], cover: Found | None, others: Sequence[str]) -> list[PlannedFile]:
    """Each file with its role: the one that was said, else the one that its name plainly has."""
    rest = [(entry, file) for entry, file in files if cover is None or file.name != cover.name]
    roles = guess_roles([*others, *(file.name for _, file in rest)])[len(others) :]
    planned = [
        PlannedFile(file, clean_name(file.name), entry.role or role, entry.label or "")
        for (entry, file), role in zip(rest, roles, strict=True)
    ]
    if cover is not None:
        label = next((entry.label or "" for entry, file in files if file.name == cover.name), "")
        planned.append(PlannedFile(cover, clean_name(cover.name), Role.COVER, label))
    return planned


def _find(found: Mapping[str, Found], path: str, where: str, key: str, problems: list[Problem]) -> Found | None:
    """The file that was meant, whichever way its letters are composed; a problem where there is none."""
    names = {unicodedata.normalize("NFC", name): name for name in found}
    name = names.get(unicodedata.normalize("NFC", path.removeprefix("./")))
    if name is not None:
        return found[name]
    close = get_close_matches(path, names, n=1, cutoff=0.6)
    hint = N_("Did you mean “%(nearest)s”?") if close else ""
    values = {"path": path, "nearest": close[0] if close else ""}
    problems.append(Problem(where, key, N_("There is no file “%(path)s” in this folder."), values, hint))
    return None


def _guess_cover(candidates: Sequence[Found], names: Sequence[str]) -> Found | None:
    """`cover.jpg`, `folder.png`…, or a picture called like another file; never the only file of the work."""
    pictures = [file for file in candidates if "/" not in file.name and _can_be_cover(file.name)]
    others = {stem(name).casefold() for name in names if not _is_picture(name)}
    for file in sorted(pictures, key=lambda file: stem(file.name).casefold() != "cover"):
        own = stem(file.name).casefold()
        if (own in _COVER_STEMS or own in others) and len(names) > 1:
            return file
    return None


def _can_be_cover(name: str) -> bool:
    known = format_by_name(name)
    return known is not None and known.media_type in _COVER_TYPES


def _is_picture(name: str) -> bool:
    known = format_by_name(name)
    return known is not None and known.family is Family.PICTURE
