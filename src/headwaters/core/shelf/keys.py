"""The secrets and references of addresses, and names that are safe to hand to anybody's disk.

A name was checked when its work was published; what goes out is made safe all the same, whatever is stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

SECRET_LENGTH = 26  # characters of a–z and 2–7, five bits each: 130 bits
REF_LENGTH = 13
LONGEST_NAME = 240  # bytes of UTF-8; file systems end at 255, and a number may follow

_SECRET = re.compile(rf"[a-z2-7]{{{SECRET_LENGTH}}}")
_REF = re.compile(rf"[a-z2-7]{{{REF_LENGTH}}}")
_HIDDEN = re.compile(r"(?<=[/.])[^/.?]{20,}")

_SEPARATORS = re.compile(r"[/\\]")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')  # what Windows refuses; the same bytes are for everyone
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ATTR_CHARS = "!#$&+-.^_`|~"  # RFC 8187: what may stand as it is, besides letters and digits


# ── addresses ────────────────────────────────────────────────────────────────────────────────────


def is_secret(text: str) -> bool:
    """Whether `text` could be an order token or a download key: what could not is not worth a look."""
    return _SECRET.fullmatch(text) is not None


def is_ref(text: str) -> bool:
    """Whether `text` could be a file's reference."""
    return _REF.fullmatch(text) is not None


def without_secrets(path: str) -> str:
    """`path` as a log may have it: on one line, and each part that could be a secret or hold one is an ellipsis."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in _HIDDEN.sub("…", path))


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def safe_name(name: str) -> str:
    """The last part of `name` as a file name that every common system takes: no path, control or direction marks."""
    last = _SEPARATORS.split(name)[-1]
    text = unicodedata.normalize("NFC", "".join(_harmless(character) for character in last))
    text = _FORBIDDEN.sub("_", text).strip(" ").rstrip(" .").lstrip(".")
    if _DEVICES.match(text):
        text = f"_{text}"
    return _shortened(text.strip() or "file", LONGEST_NAME)


def _harmless(character: str) -> str:
    """`character`, or a space or nothing where it would break a line, a terminal or the reader's eye."""
    category = unicodedata.category(character)
    if category in {"Zl", "Zp"} or character in "\t\n\r":
        return " "
    return "" if category in {"Cc", "Cs"} or character in _DIRECTIONS else character


def _split(name: str) -> tuple[str, str]:
    """Stem and extension, the dot with the latter; a long or odd tail is no extension."""
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if stem and 0 < len(extension.encode()) <= 16 else (name, "")


def _shortened(name: str, most: int) -> str:
    if len(name.encode()) <= most:
        return name
    stem, extension = _split(name)
    room = most - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + extension


def entry_name(name: str) -> str:
    """`name` as a ZIP entry's: folders stay, each part is safe, and nothing leads out of the folder."""
    parts = [part for part in _SEPARATORS.split(name) if part.strip(" .")]
    return "/".join(safe_name(part) for part in parts) or "file"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _numbered(name: str, number: int) -> str:
    folder, slash, last = name.rpartition("/")
    stem, extension = _split(last)
    return f"{folder}{slash}{stem} ({number}){extension}"


def _folders(folded: str) -> list[str]:
    parts = folded.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """`names` as entry names of which no two fall on one place, not even where a disk ignores case.

    The second gets a number; a name below what is a file already loses its folders.
    """
    files: set[str] = set()
    folders: set[str] = set()
    given: list[str] = []
    for name in map(entry_name, names):
        if any(folder in files for folder in _folders(_folded(name))):
            name = safe_name(name.replace("/", " - "))
        candidate, number = name, 1
        while (folded := _folded(candidate)) in files or folded in folders:
            number += 1
            candidate = _numbered(name, number)
        files.add(folded)
        folders.update(_folders(folded))
        given.append(candidate)
    return tuple(given)


@lru_cache(maxsize=1024)  # the thousandth reader of a file, or its thousandth range, costs no normal form
def content_disposition(kind: str, name: str) -> str:
    """The header's value (RFC 6266): `kind` is attachment or inline; a name beyond ASCII comes in both forms."""
    name = safe_name(name)
    simple = _FORBIDDEN.sub("_", unicodedata.normalize("NFKD", name))  # a wide ＂ is a " now
    plain = "".join(
        letter if letter.isascii() and letter not in "%;" else "_"
        for letter in simple
        if not unicodedata.combining(letter)
    )
    if plain == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"
