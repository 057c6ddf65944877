"""PDF (ISO 32000), by pikepdf: the document's XMP and its information dictionary. Nothing is packed anew."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf

from headwaters.adapters.stamp.base import BROKEN, LOCKED, SIGNED, TOO_LARGE, LeftAlone, unpacked
from headwaters.adapters.stamp.xmp import ALL, MOST_BYTES, PLAIN, Packet
from headwaters.core.works.stamps import Facts, Field, Finding, Kind, Line, field_of

_MOST_OBJECTS = 2_000_000
_MOST_PAGES = 50_000
_MOST_FILE = 4 << 30
_DEEPEST = 40
_PATH = re.compile(r"(?:file:///?|[A-Za-z]:\\|/(?:home|Users)/)\S+")
_INFO = ((Line.TITLE, "/Title"), (Line.CREATOR, "/Author"))
_TWICE = {"/Title": "dc:title", "/Author": "dc:creator"}  # the same thing in two places, which must not differ
_PERSON = ("/Author", "/Company", "/Manager", "/SourceModified", "/LastSaved")
_PDFA = b"http://www.aiim.org/pdfa/ns/id/"


class PdfFormat:
    """PDF files."""

    def open(self, path: Path) -> PdfDocument:
        """See base.Format."""
        return PdfDocument(path)

    def essence(self, path: Path) -> object:
        """What each page draws and with which pictures and types, as it is packed."""
        with _open(path) as pdf:
            hashes: dict[tuple[int, int], bytes] = {}
            return [sha256(b"".join(_drawn(page.obj, hashes))).hexdigest() for page in pdf.pages]


class PdfDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.stat().st_size > _MOST_FILE:
            raise LeftAlone(TOO_LARGE)
        with _open(path) as pdf:
            if len(pdf.objects) > _MOST_OBJECTS or len(pdf.pages) > _MOST_PAGES:
                raise LeftAlone(TOO_LARGE)
            if _is_signed(pdf):
                raise LeftAlone(SIGNED)
            packet = _packet(pdf)
            self._xmp, self._names = Packet(packet), PLAIN if _PDFA in packet else ALL
            self._info = {str(key): str(value) for key, value in pdf.docinfo.items()}
            self._pieces = "/PieceInfo" in pdf.Root
            self._attached = sorted(pdf.attachments)
            _check(pdf)

    def fields(self, facts: Facts) -> list[Field]:
        """See base.Document."""
        said = {name: self._info.get(key, "").strip() for key, name in _TWICE.items()}
        info = [
            field_of(facts, line, f"PDF {key}", self._info.get(key, ""), self._xmp.text(_TWICE[key]) or None)
            for line, key in _INFO
        ]
        return [*info, *self._xmp.fields(facts, self._names, said)]

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = [Finding(Kind.PERSON, f"PDF {key}", text) for key in _PERSON if (text := self._info.get(key, ""))]
        for key, text in self._info.items():
            if key not in _PERSON and _PATH.search(text):
                found.append(Finding(Kind.PATH, f"PDF {key}", text))
        found += self._xmp.findings()
        if self._pieces:
            found.append(Finding(Kind.HIDDEN, "PDF /PieceInfo", "/PieceInfo"))
        return found + [Finding(Kind.HIDDEN, "PDF attachment", name, removable=False) for name in self._attached]

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        wheres = {one.where for one in drop}
        info = {one.where.removeprefix("PDF "): one.after for one in fields if one.where.startswith("PDF ")}
        self._xmp.put([one for one in fields if not one.where.startswith("PDF ")])
        self._xmp.drop(drop)
        with _open(self._path) as pdf:
            for where in wheres & {f"PDF {key}" for key in self._info}:
                del pdf.docinfo[where.removeprefix("PDF ")]
            for key, text in info.items():
                if text and (text != self._info.get(key) or key in pdf.docinfo):
                    pdf.docinfo[key] = text
            if "PDF /PieceInfo" in wheres:
                del pdf.Root["/PieceInfo"]
            if not self._xmp.is_new:
                pdf.Root.Metadata = pdf.make_indirect(_stream(pdf, self._xmp.data()))
            pdf.save(
                target,
                deterministic_id=True,
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                object_stream_mode=pikepdf.ObjectStreamMode.preserve,
                recompress_flate=False,
                linearize=pdf.is_linearized,
                fix_metadata_version=False,
            )
            _check(pdf)


def _open(path: Path) -> Any:
    """Raises LeftAlone, also for a file that has to be repaired to be read: others may read it otherwise."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pdf = pikepdf.open(path, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise LeftAlone(LOCKED) from None
    except pikepdf.PdfError:
        raise LeftAlone(BROKEN) from None
    if pdf.is_encrypted:
        pdf.close()
        raise LeftAlone(LOCKED)
    try:
        _check(pdf)
    except LeftAlone:
        pdf.close()
        raise
    return pdf


def _check(pdf: Any) -> None:
    """Raises LeftAlone where something of it could not be read: it goes on as if that were not there."""
    if pdf.get_warnings():
        raise LeftAlone(BROKEN)


def _stream(pdf: Any, data: bytes) -> Any:
    stream = pikepdf.Stream(pdf, data)
    stream[pikepdf.Name.Type] = pikepdf.Name.Metadata
    stream[pikepdf.Name.Subtype] = pikepdf.Name.XML
    return stream


def _packet(pdf: Any) -> bytes:
    found = pdf.Root.get("/Metadata")
    if not isinstance(found, pikepdf.Stream):
        return b""
    raw = bytes(found.read_raw_bytes())
    if len(raw) > MOST_BYTES:
        raise LeftAlone(TOO_LARGE)
    filters: Any = found.get("/Filter", [])
    names = list(filters) if isinstance(filters, pikepdf.Array) else [filters] if filters else []
    if not names:
        return raw
    if names != [pikepdf.Name.FlateDecode] or "/DecodeParms" in found:
        raise LeftAlone(BROKEN)  # nobody packs it so, and what it comes to cannot be told beforehand
    return unpacked(raw)


def _is_signed(pdf: Any) -> bool:
    """A field with a signature in it, or a document that allows no more than it says."""
    if "/Perms" in pdf.Root:
        return True
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, pikepdf.Dictionary):
        return False
    return bool(int(form.get("/SigFlags", 0)) & 1) or any(_signs(one) for one in form.get("/Fields", []))


def _signs(field: Any, depth: int = 0) -> bool:
    if not isinstance(field, pikepdf.Dictionary) or depth > 20:
        return False
    if field.get("/FT") == pikepdf.Name.Sig and "/V" in field:
        return True
    return any(_signs(one, depth + 1) for one in field.get("/Kids", []))


def _drawn(page: Any, hashes: dict[tuple[int, int], bytes]) -> Iterator[bytes]:
    """A hash of each stream that a page draws with, in an order that does not hang on how objects are numbered.
    `hashes`: of those that pages before it drew with."""
    contents = page.get("/Contents")
    for one in contents if isinstance(contents, pikepdf.Array) else [contents]:
        if isinstance(one, pikepdf.Stream):
            yield _hash(one, hashes)
    seen: set[tuple[int, int]] = set()
    found = list(_below(page.get("/Resources"), seen, 0))
    for annotation in page.get("/Annots", []):
        if isinstance(annotation, pikepdf.Dictionary):
            found += _below(annotation.get("/AP"), seen, 0)
    yield from sorted(_hash(one, hashes) for one in found)


def _hash(stream: Any, hashes: dict[tuple[int, int], bytes]) -> bytes:
    if stream.objgen not in hashes:
        hashes[stream.objgen] = sha256(stream.read_raw_bytes()).digest()
    return hashes[stream.objgen]


def _below(found: Any, seen: set[tuple[int, int]], depth: int) -> Iterator[Any]:
    """All streams below, each once. Pages are not entered again."""
    if depth > _DEEPEST or not isinstance(found, pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream):
        return
    if found.is_indirect:
        if found.objgen in seen:
            return
        seen.add(found.objgen)
    if isinstance(found, pikepdf.Stream):
        yield found
    keys = [] if isinstance(found, pikepdf.Array) else [key for key in found.keys() if key != "/Parent"]  # noqa: SIM118
    for child in found if isinstance(found, pikepdf.Array) else [found[key] for key in keys]:
        if not (isinstance(child, pikepdf.Dictionary) and child.get("/Type") == pikepdf.Name.Page):
            yield from _below(child, seen, depth + 1)
