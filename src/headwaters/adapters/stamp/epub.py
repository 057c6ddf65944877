"""EPUB (OCF 3.3): a ZIP in which the package document alone is written anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headwaters.adapters.stamp.archive import OUTSIDE
from headwaters.adapters.stamp.base import BROKEN, LOCKED, SIGNED, LeftAlone
from headwaters.adapters.stamp.opf import Package, package_place
from headwaters.adapters.stamp.zips import Directory, essence, read_directory, read_member, replace
from headwaters.core.works.stamps import Facts, Field, Finding, Kind

_CONTAINER = "META-INF/container.xml"
_MOST_XML = 8 << 20
_ACCOUNTS = ("iTunesMetadata.plist", "META-INF/com.apple.ibooks.display-options.xml")
_MARKS = ("META-INF/calibre_bookmarks.txt",)


class EpubFormat:
    """EPUB 2 and 3."""

    def open(self, path: Path) -> EpubDocument:
        """See base.Format."""
        return EpubDocument(path)

    def essence(self, path: Path) -> object:
        """All members but the package document, as they are packed."""
        return essence(path, frozenset([_package(path, read_directory(path))]))


class EpubDocument:
    """One book. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path, self._directory = path, read_directory(path)
        names = {one.name for one in self._directory.members}
        if "META-INF/signatures.xml" in names:
            raise LeftAlone(SIGNED)
        if "META-INF/rights.xml" in names:
            raise LeftAlone(LOCKED)
        if any(one.is_outside or one.is_link for one in self._directory.members):
            raise LeftAlone(OUTSIDE)
        self._place = _package(path, self._directory)
        member = self._directory.find(self._place)
        if member is None:
            raise LeftAlone(BROKEN)
        self._package = Package(read_member(path, member, _MOST_XML))
        self._others = [name for name in (*_ACCOUNTS[:1], *_MARKS) if name in names]

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        return self._package.fields(facts)

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = self._package.findings()
        kinds = {True: Kind.ACCOUNT, False: Kind.HIDDEN}
        return [*found, *(Finding(kinds[name in _ACCOUNTS], name, name, removable=False) for name in self._others)]

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        self._package.put(fields)
        self._package.drop(drop)
        replace(self._path, target, self._directory, {self._place: self._package.data()})


def _package(path: Path, directory: Directory) -> str:
    container = directory.find(_CONTAINER)
    if container is None:
        raise LeftAlone(BROKEN)
    return package_place(read_member(path, container, _MOST_XML))
