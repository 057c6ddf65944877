"""XMP packets (ISO 16684-1), as PDF and pictures carry them: read, added to, and freed of what tells too much.

Properties that are there stay as they are, whoever wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

from headwaters.adapters.stamp.base import BROKEN, TOO_LARGE, LeftAlone, by_where
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

MOST_BYTES = 16 << 20
_BEGIN = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_END = b'\n<?xpacket end="w"?>'
_X, _RDF = "adobe:ns:meta/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NAMES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "cc": "http://creativecommons.org/ns#",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "iptc": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "iptcExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
_PREFIXES = {space: prefix for prefix, space in _NAMES.items()}
_ALT, _SEQ = frozenset({"dc:title", "dc:rights", "xmpRights:UsageTerms"}), frozenset({"dc:creator"})
_LINKS = frozenset({"cc:license", "cc:morePermissions"})

PLAIN: tuple[tuple[Line, str], ...] = (  # known to PDF/A, which takes no others without a description
    (Line.TITLE, "dc:title"),
    (Line.CREATOR, "dc:creator"),
    (Line.RIGHTS, "dc:rights"),
    (Line.RIGHTS, "xmpRights:UsageTerms"),
    (Line.RIGHTS, "xmpRights:Marked"),
    (Line.PAGE, "xmpRights:WebStatement"),
)
ALL = (*PLAIN, (Line.LICENCE, "cc:license"), (Line.PAY, "cc:morePermissions"))
PICTURE = (*ALL, (Line.PAY, "plus:LicensorURL"))

_TELLING = {
    **dict.fromkeys(("exif:GPSLatitude", "exif:GPSLongitude", "exif:GPSAltitude", "exif:GPSTimeStamp"), Kind.PLACE),
    **dict.fromkeys(("iptc:Location", "photoshop:City", "photoshop:State", "photoshop:Country"), Kind.PLACE),
    **dict.fromkeys(("iptcExt:LocationCreated", "iptcExt:LocationShown"), Kind.PLACE),
    **dict.fromkeys(("aux:SerialNumber", "aux:LensSerialNumber", "exifEX:BodySerialNumber"), Kind.DEVICE),
    **dict.fromkeys(("exifEX:LensSerialNumber", "exif:ImageUniqueID"), Kind.DEVICE),
    **dict.fromkeys(("aux:OwnerName", "exifEX:CameraOwnerName", "photoshop:CaptionWriter"), Kind.PERSON),
    **dict.fromkeys(("iptc:CreatorContactInfo",), Kind.PERSON),
    **dict.fromkeys(("xmpMM:History", "xmpMM:DerivedFrom", "xmpMM:Ingredients", "xmpMM:Pantry"), Kind.HISTORY),
    **dict.fromkeys(("xmpMM:ManagedFrom", "photoshop:History", "photoshop:DocumentAncestors"), Kind.HISTORY),
    **dict.fromkeys(("crs:RawFileName",), Kind.PATH),
}


class Packet:
    """One packet; empty for a file that has none, and `is_new` until something is said in it. Raises LeftAlone for what
    is no XMP."""

    def __init__(self, data: bytes = b"") -> None:
        self.is_new = not data.strip(b"\0 \n\r\t")
        self._root = _empty() if self.is_new else _parse(data)
        rdf = self._root if self._root.tag == f"{{{_RDF}}}RDF" else self._root.find(f".//{{{_RDF}}}RDF")
        if rdf is None:
            raise LeftAlone(BROKEN)
        self._rdf = rdf

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def text(self, name: str) -> str:
        """The text of a property: of an alternative its default, of a list its members; empty for none."""
        if name == "plus:LicensorURL":
            return next((_text(one) for one in self._rdf.iter(_tag(name))), "") or self._attribute(name)
        found = self._find(name)
        return _text(found) if found is not None else self._attribute(name)

    def _descriptions(self) -> list[etree._Element]:
        return self._rdf.findall(f"{{{_RDF}}}Description")

    def _find(self, name: str) -> etree._Element | None:
        return next((one for own in self._descriptions() if (one := own.find(_tag(name))) is not None), None)

    def _attribute(self, name: str) -> str:
        return next((text for own in self._rdf.iter() if (text := own.get(_tag(name)))), "")

    def fields(
        self, facts: Facts, names: Sequence[tuple[Line, str]], said: Mapping[str, str] | None = None
    ) -> list[Field]:
        """The lines of a colophon in these properties. `said`: what the file says of some of them in another place,
        which is then said here too."""
        found = []
        for line, name in names:
            ours = (said or {}).get(name) or None
            if name == "xmpRights:Marked":
                ours = str(not facts.public_domain)
            found.append(field_of(facts, line, name, self.text(name), ours))
        return found

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def put(self, fields: Sequence[Field]) -> None:
        """Say what changes of these."""
        self.is_new = self.is_new and not any(one.changes for one in fields)
        by_where(fields, self._put)

    def _put(self, name: str, text: str) -> None:
        self._forget(name)
        own = self._descriptions()
        home = own[0] if own else etree.SubElement(self._rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
        if name == "plus:LicensorURL":
            self._forget("plus:Licensor")
            made = etree.SubElement(home, _tag("plus:Licensor"), nsmap=_map("plus"))
            item = etree.SubElement(_list(made, "Seq"), f"{{{_RDF}}}li", {f"{{{_RDF}}}parseType": "Resource"})
            etree.SubElement(item, _tag(name)).text = text
            return
        made = etree.SubElement(home, _tag(name), nsmap=_map(name.partition(":")[0]))
        if name in _ALT:
            etree.SubElement(_list(made, "Alt"), f"{{{_RDF}}}li", {_LANG: "x-default"}).text = text
        elif name in _SEQ:
            etree.SubElement(_list(made, "Seq"), f"{{{_RDF}}}li").text = text
        elif name in _LINKS:
            made.set(f"{{{_RDF}}}resource", text)
        else:
            made.text = text

    def _forget(self, name: str) -> None:
        for own in self._descriptions():
            own.attrib.pop(_tag(name), "")
            for found in own.findall(_tag(name)):
                own.remove(found)

    def data(self) -> bytes:
        """The packet, without room to grow."""
        inner = etree.tostring(self._root, encoding="utf-8", xml_declaration=False)
        return _BEGIN + inner + _END

    # ── what it tells ────────────────────────────────────────────────────────────────────────────

    def findings(self) -> list[Finding]:
        """Properties that tell more than their creator may know."""
        return [Finding(kind, f"XMP {name}", text) for name, kind, text in self._telling()]

    def _telling(self) -> Iterator[tuple[str, Kind, str]]:
        for own in self._descriptions():
            for key, text in sorted(own.attrib.items()):
                if kind := _TELLING.get(name := _name(str(key))):
                    yield name, kind, str(text)
            for child in own.iterchildren(etree.Element):
                if kind := _TELLING.get(name := _name(str(child.tag))):
                    yield name, kind, _all_text(child)

    def drop(self, findings: Sequence[Finding]) -> bool:
        """Take out what these name. Whether there was any."""
        names = [one.where.removeprefix("XMP ") for one in findings if one.where.startswith("XMP ")]
        for name in names:
            self._forget(name)
        return bool(names)


def blanked(data: bytes, drop: Sequence[Finding]) -> bytes:
    """A packet as long as before, without what these name. Raises LeftAlone where it does not fit there any more."""
    packet = Packet(data)
    if not packet.drop(drop):
        return data
    if len(found := packet.data()) > len(data):
        raise LeftAlone(BROKEN)
    return found.ljust(len(data), b" ")


def _parse(data: bytes) -> etree._Element:
    if len(data) > MOST_BYTES:
        raise LeftAlone(TOO_LARGE)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data.strip(b"\0 \n\r\t"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise LeftAlone(BROKEN) from None
    info: Any = root.getroottree().docinfo
    if info.doctype:
        raise LeftAlone(BROKEN)
    return root


def _empty() -> etree._Element:
    root = etree.Element(f"{{{_X}}}xmpmeta", nsmap={"x": _X})
    rdf = etree.SubElement(root, f"{{{_RDF}}}RDF", nsmap={"rdf": _RDF})
    etree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    return root


def _tag(name: str) -> str:
    prefix, _, own = name.partition(":")
    return f"{{{_NAMES[prefix]}}}{own}"


def _name(tag: str) -> str:
    """`dc:title` of a tag in Clark's notation, by the prefixes that we know."""
    space, _, own = tag.removeprefix("{").partition("}")
    return f"{_PREFIXES.get(space, '?')}:{own}"


def _map(prefix: str) -> dict[str, str]:
    return {prefix: _NAMES[prefix]}


def _list(parent: etree._Element, kind: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_RDF}}}{kind}")


def _text(found: etree._Element) -> str:
    link = found.get(f"{{{_RDF}}}resource")
    if link is not None:
        return link
    items = found.findall(f"*/{{{_RDF}}}li")
    if items:
        default = [one for one in items if one.get(_LANG) == "x-default"]
        return ", ".join(text for one in (default or items) if (text := _all_text(one)))
    return _all_text(found)


def _all_text(found: etree._Element) -> str:
    words = [str(text).strip() for text in found.itertext()]
    words += [str(text) for one in found.iter(etree.Element) for key, text in one.attrib.items() if _is_value(str(key))]
    return " ".join(word for word in words if word)


def _is_value(key: str) -> bool:
    return not key.startswith((f"{{{_RDF}}}", "{http://www.w3.org/XML/"))
