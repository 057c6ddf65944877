"""Names of files as readers get them: `Disc 1/01 Rain.flac`. They unpack on any system and collide on none.

What one system cannot keep (Windows is the strictest) becomes an underscore, as `core.shelf.keys.entry_name` has it;
what is a trick rather than a name is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.shelf.archive import COLOPHON, SUMS
from headwaters.core.shelf.keys import entry_name, unique_names

MOST_PARTS = 8
MADE_ANEW = frozenset([COLOPHON, SUMS])  # each edition's ZIP carries its own

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HOUSEKEEPING = re.compile(
    r"\..*|thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r|__macosx|@eadir|lost\+found|\$recycle\.bin|.*~"
    r"|.*\.(?:sw[a-p]|tmp|temp|part|partial|crdownload|download|aria2)",
    re.IGNORECASE,
)


def is_housekeeping(part: str) -> bool:
    """Whether one part of a path is a hidden, temporary or half-downloaded thing that nobody means to publish."""
    return _HOUSEKEEPING.fullmatch(part) is not None


def base_name(name: str) -> str:
    """The last part of a name: what a single download is called."""
    return name.rpartition("/")[2]


def clean_name(path: str) -> str:
    """The name of the file at the relative `path` (as `os.fsdecode` gives it). Raises Refused(NAME_INVALID)."""
    if any("\ud800" <= letter <= "\udfff" for letter in path):
        raise _invalid(path, N_("The name of “%(name)s” is not UTF-8 text."))
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} or letter in _DIRECTIONS for letter in path):
        raise _invalid(path, N_("The name of “%(name)s” holds invisible characters."))
    parts = path.split("/")
    if any(part.strip() in {"", ".", ".."} for part in parts):
        raise _invalid(path, N_("“%(name)s” is not the name of a file."))
    if len(parts) > MOST_PARTS:
        raise _invalid(path, N_("“%(name)s” lies too deep: %(most)s folders at most."), most=MOST_PARTS - 1)
    return entry_name(path.replace("\\", "_"))


def _invalid(path: str, message: str, **values: object) -> Refused:
    hint = N_("Give it another name.")
    return Refused(Code.NAME_INVALID, message, hint=hint, field="files", name=shown(path), **values)


def shown(path: str) -> str:
    """`path` as it can stand in a message: unreadable and invisible characters written out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in path)


def check_distinct(names: Sequence[str]) -> None:
    """Raises Refused(NAMES_COLLIDE) when two cleaned names are one on some system, or one is a ZIP's own."""
    unique = unique_names([COLOPHON, SUMS, *names])[2:]
    for name, other in zip(names, unique, strict=True):
        if name != other:
            raise Refused(
                Code.NAMES_COLLIDE,
                N_("“%(name)s” has the same name as another file on some computers, or as a part of each ZIP."),
                hint=N_("Give one of them another name."),
                field="files",
                name=name,
            )
