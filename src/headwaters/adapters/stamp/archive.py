"""Plain ZIPs: a COLOPHON.txt in them, and the same in short as the archive's comment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as dc_replace
from pathlib import Path

from headwaters.adapters.stamp.base import LeftAlone
from headwaters.adapters.stamp.zips import append, essence, read_directory, read_member, replace
from headwaters.core.errors import N_
from headwaters.core.shelf.archive import COLOPHON
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

PROGRAM = N_("It is a program or a document, and another file in it would be one too many.")
OUTSIDE = N_("Files in it would be unpacked elsewhere (“..” or a link).")
_COMMENT, _TEXT = "ZIP comment", COLOPHON
_MOST_TEXT = 64 << 10
_LONGEST_COMMENT = 0xFFFF
_NOT_PLAIN = frozenset(
    ["mimetype", "[Content_Types].xml", "META-INF/MANIFEST.MF", "AndroidManifest.xml", "main.lua", "Info.plist"]
)
_LEFT_BEHIND = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini", ".git/", ".svn/")


class ArchiveFormat:
    """ZIP files that are nothing but ZIPs."""

    def open(self, path: Path) -> ArchiveDocument:
        """See base.Format."""
        return ArchiveDocument(path)

    def essence(self, path: Path) -> object:
        """All members but the colophon, as they are packed."""
        return essence(path, frozenset([COLOPHON]))


class ArchiveDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path, self._directory = path, read_directory(path)
        names = {one.name for one in self._directory.members}
        if names & _NOT_PLAIN:
            raise LeftAlone(PROGRAM)
        if any(one.is_outside or one.is_link for one in self._directory.members):
            raise LeftAlone(OUTSIDE)
        self._text = ""
        if (found := self._directory.find(COLOPHON)) is not None:
            self._text = read_member(path, found, _MOST_TEXT).decode("utf-8", "replace")

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        parts = (facts.title, facts.by, facts.rights, facts.page)
        before = self._directory.comment.decode("utf-8", "replace")
        found = [field_of(facts, Line.PAGE, _COMMENT, before, "\n".join(part for part in parts if part))]
        if facts.text:
            found.append(field_of(facts, Line.PAGE, _TEXT, self._text, facts.text))
        return found

    def findings(self) -> list[Finding]:
        """See base.Document."""
        names = [one.name for one in self._directory.members]
        left = [name for name in names if any(f"/{name}".endswith(f"/{end}") for end in _LEFT_BEHIND)]
        left += [name for name in names if any(f"/{start}" in f"/{name}" for start in _LEFT_BEHIND if start[-1] == "/")]
        return [Finding(Kind.HIDDEN, "ZIP", name, removable=False) for name in dict.fromkeys(left)]

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        after = {one.where: one.after for one in fields}
        comment = after.get(_COMMENT, "").encode()[:_LONGEST_COMMENT]
        directory, text = dc_replace(self._directory, comment=comment), after.get(_TEXT, self._text)
        if text == self._text:
            replace(self._path, target, directory, {})
        elif self._text:
            replace(self._path, target, directory, {COLOPHON: text.encode()})
        else:
            append(self._path, target, directory, COLOPHON, text.encode())
