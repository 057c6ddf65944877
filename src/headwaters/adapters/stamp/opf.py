"""The package document of an EPUB (EPUB 3.3, 5; OPF 2.0.1): its metadata read and added to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from headwaters.adapters.stamp.base import BROKEN, LeftAlone, by_where
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

_OPF, _DC = "http://www.idpf.org/2007/opf", "http://purl.org/dc/elements/1.1/"
_CONTAINER = "urn:oasis:names:tc:opendocument:xmlns:container"
_CC = "cc: http://creativecommons.org/ns#"
_PATH = re.compile(r"(?:file:///?|[A-Za-z]:\\|/(?:home|Users)/)\S+")
_META = (
    (Line.LICENCE, "dcterms:license"),
    (Line.CREATOR, "dcterms:rightsHolder"),
    (Line.PAGE, "schema:url"),
    (Line.PAY, "cc:morePermissions"),
)
_CORE = (
    (Line.TITLE, "dc:title"),
    (Line.CREATOR, "dc:creator"),
    (Line.RIGHTS, "dc:rights"),
    (Line.PAGE, "dc:source"),
)


def parse(data: bytes) -> etree._Element:
    """An XML document of somebody else's. Raises LeftAlone."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise LeftAlone(BROKEN) from None


def serialised(root: etree._Element) -> bytes:
    """As UTF-8, with its doctype."""
    return etree.tostring(root.getroottree(), encoding="utf-8", xml_declaration=True) + b"\n"


def package_place(container: bytes) -> str:
    """Where META-INF/container.xml says that the package document is. Raises LeftAlone."""
    found = parse(container).findall(f".//{{{_CONTAINER}}}rootfile")
    if len(found) != 1:  # several renditions: nobody knows which one is read
        raise LeftAlone(BROKEN)
    return found[0].get("full-path", "")


class Package:
    """One package document. Raises LeftAlone."""

    def __init__(self, data: bytes) -> None:
        self._root = parse(data)
        found = self._root.find(f"{{{_OPF}}}metadata")
        if self._root.tag != f"{{{_OPF}}}package" or found is None:
            raise LeftAlone(BROKEN)
        self._metadata = found
        self._home = self._metadata
        if (older := found.find(f"{{{_OPF}}}dc-metadata")) is not None:  # OEBPS 1.2, which OPF 2 still allows
            self._home = older
        self._three = self._root.get("version", "").startswith("3")

    # ── lines ────────────────────────────────────────────────────────────────────────────────────

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        return [field_of(facts, line, where, self._text(where)) for line, where in (*_CORE, *_META)]

    def _text(self, where: str) -> str:
        found = self._found(where)
        if found is None:
            return ""
        return (found.text or "").strip() if self._three or where.startswith("dc:") else found.get("content", "")

    def _found(self, where: str) -> etree._Element | None:
        if where.startswith("dc:"):
            return self._home.find(f"{{{_DC}}}{where[3:]}")
        key = "property" if self._three else "name"
        metas = [one for one in self._metadata.iter(f"{{{_OPF}}}meta") if not one.get("refines")]
        return next((one for one in metas if one.get(key) == where), None)

    def put(self, fields: Sequence[Field]) -> None:
        """Say what changes of these."""
        by_where(fields, self._put)

    def _put(self, where: str, text: str) -> None:
        found = self._found(where)
        if where.startswith("dc:"):
            if found is None:
                found = self._add(self._home, f"{{{_DC}}}{where[3:]}", "dc", _DC)
            found.text = text
            return
        if found is None:
            found = self._add(self._metadata, f"{{{_OPF}}}meta", None, _OPF)
            found.set("property" if self._three else "name", where)
        if self._three:
            found.text = text
            if where.startswith("cc:"):
                self._declare()
        else:
            found.set("content", text)

    @staticmethod
    def _add(parent: etree._Element, tag: str, prefix: str | None, space: str) -> etree._Element:
        """Behind what is there, on a line of its own."""
        last = parent[-1] if len(parent) else None
        made: etree._Element = etree.SubElement(parent, tag, nsmap={prefix: space} if prefix else None)
        if last is not None:
            made.tail, last.tail = last.tail, parent.text
        return made

    def _declare(self) -> None:
        prefixes = self._root.get("prefix", "")
        if not re.search(r"(?:^|\s)cc:\s", prefixes):
            self._root.set("prefix", f"{prefixes} {_CC}".strip())

    def data(self) -> bytes:
        """The document as it is now."""
        return serialised(self._root)

    # ── what it tells ────────────────────────────────────────────────────────────────────────────

    def findings(self) -> list[Finding]:
        """Folders of somebody's computer."""
        return [Finding(Kind.PATH, f"OPF {_label(one)}", text) for one, text in self._paths()]

    def _paths(self) -> list[tuple[etree._Element, str]]:
        found = []
        for one in self._metadata.iter(etree.Element):
            text = " ".join([one.text or "", *(str(value) for value in one.attrib.values())])
            if (seen := _PATH.search(text)) is not None:
                found.append((one, seen.group()))
        return found

    def drop(self, findings: Sequence[Finding]) -> None:
        """Take out what these name."""
        wheres = {one.where for one in findings}
        for one, _ in self._paths():
            parent = one.getparent()
            if f"OPF {_label(one)}" in wheres and parent is not None:
                parent.remove(one)


def _label(one: etree._Element) -> str:
    name = etree.QName(one).localname
    return one.get("name") or one.get("property") or name
