"""Two people, or two tabs, change the same words: nobody's are overwritten unseen.

A form carries the revision that it was made from, and a mark of each field as it stood then. Where the revision has
moved on, the marks tell which fields this person touched: what they left alone follows the other side by itself, what
both changed is shown, field by field, and stays as it was typed until somebody decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that both sides changed, and not alike."""

    field: str
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What a form shows after somebody else was faster. `taken`: fields that follow the other side."""

    fields: Mapping[str, str]
    differences: tuple[Difference, ...]
    taken: tuple[str, ...]


def mark(text: str) -> str:
    """Tells whether a field is as it was: twelve hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def marks_of(fields: Mapping[str, str]) -> str:
    """The marks of a form, for a hidden field: `title:0a1b…,by:…`."""
    return ",".join(f"{name}:{mark(text)}" for name, text in fields.items())


def read_marks(text: str) -> dict[str, str]:
    """The marks that a form brought back; what cannot be read is left out, and its field counts as touched."""
    pairs = (part.partition(":") for part in text.split(","))
    return {name: value for name, colon, value in pairs if colon}


def merge(marks: Mapping[str, str], yours: Mapping[str, str], theirs: Mapping[str, str]) -> Merged:
    """`yours` (as typed) and `theirs` (as kept now), joined by the marks of what both began with."""
    fields, differences, taken = dict(yours), [], []
    for name, their_text in theirs.items():
        your_text = yours.get(name, "")
        if your_text == their_text:
            continue
        if marks.get(name) == mark(your_text):
            fields[name] = their_text
            taken.append(name)
        else:
            if marks.get(name) == mark(their_text):
                continue  # only this side changed it
            differences.append(Difference(name, their_text, your_text))
    return Merged(fields, tuple(differences), tuple(taken))
