"""Documents of office suites (OOXML: ECMA-376; OpenDocument 1.3): no colophon goes in, but what they tell can go out.

Names, companies and templates stand in small XML files of their own. Their elements are emptied, and nothing else of
the document is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from headwaters.adapters.stamp.base import SIGNED, LeftAlone
from headwaters.adapters.stamp.opf import parse, serialised
from headwaters.adapters.stamp.zips import essence, read_directory, read_member, replace
from headwaters.core.works.stamps import Facts, Field, Finding, Kind

_MOST_XML = 8 << 20
_PLACES = ("docProps/core.xml", "docProps/app.xml", "docProps/custom.xml", "meta.xml")
_PERSON = ("creator", "lastModifiedBy", "Manager", "Company", "initial-creator", "printed-by")
_TELLING = {
    **dict.fromkeys(_PERSON, Kind.PERSON),
    **dict.fromkeys(("Template", "template", "HyperlinkBase"), Kind.PATH),
    **dict.fromkeys(("description",), Kind.COMMENT),
    **dict.fromkeys(("revision", "TotalTime", "editing-cycles", "editing-duration"), Kind.HISTORY),
}
_LINK = "{http://www.w3.org/1999/xlink}href"


class OfficeFormat:
    """Documents of office suites."""

    def open(self, path: Path) -> OfficeDocument:
        """See base.Format."""
        return OfficeDocument(path)

    def essence(self, path: Path) -> object:
        """All members but those of properties, as they are packed."""
        return essence(path, frozenset(_PLACES))


class OfficeDocument:
    """One document. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path, self._directory = path, read_directory(path)
        names = [one.name for one in self._directory.members]
        if any(name.startswith("_xmlsignatures/") or name == "META-INF/documentsignatures.xml" for name in names):
            raise LeftAlone(SIGNED)
        members = [one for place in _PLACES if (one := self._directory.find(place)) is not None]
        self._parts = {one.name: parse(read_member(path, one, _MOST_XML)) for one in members}

    def fields(self, facts: Facts) -> list[Field]:
        """None: how such a document says where it lives, no standard says."""
        return []

    def findings(self) -> list[Finding]:
        """See base.Document."""
        return [Finding(kind, where, text) for _, _, kind, where, text in self._telling()]

    def _telling(self) -> Iterator[tuple[str, etree._Element, Kind, str, str]]:
        for place, root in self._parts.items():
            for one in root.iter(etree.Element):
                name = etree.QName(one).localname
                text = ((one.text or "") or one.get(_LINK, "")).strip()
                if text and name in _TELLING and not (_TELLING[name] is Kind.HISTORY and text in {"0", "1", "PT0S"}):
                    yield place, one, _TELLING[name], f"{place} {name}", text

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        wheres, changed = {one.where for one in drop}, set()
        for place, one, kind, where, _ in list(self._telling()):
            if where in wheres:
                one.text = {Kind.HISTORY: "0"}.get(kind, "")
                if one.tag.rpartition("}")[2] == "editing-duration":
                    one.text = "PT0S"
                if _LINK in one.attrib:
                    one.set(_LINK, "")
                changed.add(place)
        parts = {place: serialised(self._parts[place]) for place in changed}
        replace(self._path, target, self._directory, parts)
