"""Files of this machine for a draft: from the folders that the configuration names, and from nowhere else.

A path counts as it is, without links in it: nothing that somebody put into such a folder leads out of it.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from headwaters.actions import uploads as verbs
from headwaters.actions.deeds import noted
from headwaters.actions.uploads import NewUpload
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, NotFound, Refused
from headwaters.core.shelf.keys import REF_LENGTH
from headwaters.core.works.manifest import DESCRIPTION, MANIFEST
from headwaters.core.works.names import MADE_ANEW, is_housekeeping, shown
from headwaters.core.works.uploads import announce
from headwaters.errands.house import House
from headwaters.errands.walk import Found, Walk, find_file, natural
from headwaters.store import uploads as rows

MOST_ENTRIES = 1_000  # of a folder on one page


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder. `size` is None for a folder."""

    name: str
    path: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds. `path` is empty for the list of the folders that may be used; `above` leads back."""

    path: str
    above: str | None
    entries: tuple[Entry, ...]
    more: bool


def roots(house: House) -> tuple[Path, ...]:
    """The folders that may be used and are there, without links."""
    found = []
    for text in house.config.uploads_from:
        with suppress(OSError):
            real = Path(os.path.realpath(text, strict=True))
            if real.is_dir():
                found.append(real)
    return tuple(dict.fromkeys(found))


def _closed(house: House) -> tuple[Path, ...]:
    return tuple(path.resolve() for path in (house.config.shop, house.config.files_dir))


def allowed(house: House, text: str) -> Path:
    """`text` as a path that may be used. Raises NotFound(FILE_MISSING): the same for what is not there, what is
    elsewhere, and what a link leads to."""
    path = Path(text)
    with suppress(OSError, ValueError):
        inside = path.is_absolute() and any(path.is_relative_to(root) for root in roots(house))
        own = any(path.is_relative_to(closed) for closed in _closed(house))
        if inside and not own and os.path.realpath(path, strict=True) == text:
            return path
    raise NotFound(
        Code.FILE_MISSING,
        N_("There is no such file or folder among those that may be used."),
        hint=N_("“uploads_from” in headwaters.toml names them; links do not count."),
        field="path",
    )


async def browse(house: House, text: str) -> Folder:
    """What a folder holds, or which folders there are. Raises NotFound(FILE_MISSING)."""
    return await asyncio.to_thread(_browse, house, text)


def _browse(house: House, text: str) -> Folder:
    tops = roots(house)
    if not text:
        return Folder("", None, tuple(Entry(shown(str(top)), str(top), None) for top in tops), False)
    path = allowed(house, text)
    if not path.is_dir():
        return _browse(house, str(path.parent))
    above = "" if path in tops else str(path.parent)
    entries = sorted(_entries(path, _closed(house)), key=lambda entry: (entry.size is not None, natural(entry.name)))
    return Folder(text, above, tuple(entries[:MOST_ENTRIES]), len(entries) > MOST_ENTRIES)


def _entries(folder: Path, closed: Sequence[Path]) -> list[Entry]:
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError, UnicodeEncodeError):
                entry.name.encode()  # what is no UTF-8 cannot come back in a form
                status = entry.stat(follow_symlinks=False)
                if is_housekeeping(entry.name) or Path(entry.path) in closed:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    found.append(Entry(entry.name, entry.path, None))
                elif stat.S_ISREG(status.st_mode):
                    found.append(Entry(entry.name, entry.path, status.st_size))
    return found


async def pick(house: House, draft_id: int, path: Path, who: int | None = None) -> tuple[str, ...]:
    """Add a file of this machine, or all files of a folder, to a draft, all or none; the references of what is checked
    next. They are published from where they are.

    Raises NotFound(FILE_MISSING), Refused as core.works.uploads.announce and actions.uploads.begin_uploads.
    """
    found = await asyncio.to_thread(_found, house, str(path))
    draft = await house.db.read(partial(rows.draft_by_id, draft_id=draft_id))
    most, now = house.config.largest_bytes, house.clock()
    new = [
        NewUpload(
            house.token()[:REF_LENGTH], announce(file.name, file.size, most, stamp=stamp_text(file)), str(file.real)
        )
        for file in found
    ]
    deed = Deed(who, What.FILE_ADDED, f"draft:{draft.ref}", {"name": path.name, "files": str(len(new))})
    return tuple(await house.db.write(noted(lambda conn: verbs.begin_uploads(conn, draft.ref, new, now), deed, now)))


def _found(house: House, text: str) -> Sequence[Found]:
    path = allowed(house, text)
    if not path.is_dir():
        return [find_file(path, path.name, path.parent)]
    walk = Walk(path, _closed(house))
    files = [file for file in walk.files() if file.name not in {MANIFEST, DESCRIPTION, *MADE_ANEW}]
    if not files:
        raise Refused(
            Code.NOTHING_TO_PUBLISH,
            N_("There is nothing to publish in %(place)s."),
            hint=N_("Put the files of the work there; hidden and temporary ones do not count."),
            field="path",
            place=shown(text),
        )
    return files


def stamp_text(file: Found) -> str:
    """What a picked file looked like, to see whether it stands still."""
    return ":".join(map(str, file.stamp))


def is_still(house: House, origin: str, name: str, stamp: str) -> bool:
    """Whether a picked file is where it was, and as it was, and may be used still."""
    with suppress(Refused, OSError):
        path = allowed(house, origin)
        return stamp_text(find_file(path, name, path.parent)) == stamp
    return False
