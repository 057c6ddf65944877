"""What a file is by its leading bytes, whatever it is called. Pure: bytes in.

Sources: the formats' own specifications; Matroska RFC 9559, FLAC RFC 9639, Ogg RFC 3533, WebVTT (W3C), EPUB OCF 3.3.
"""

from __future__ import annotations

from enum import StrEnum

HEAD_BYTES = 65_536  # an ISO 9660 image says what it is at 32,769
_TEXT_BYTES = 4_096


class Content(StrEnum):
    """What can be told from the bytes. The values are names for people, the same in every language."""

    AAC = "AAC"
    AIFF = "AIFF"
    ASF = "Windows Media"
    AVI = "AVI"
    AVIF = "AVIF"
    BMP = "BMP"
    BZIP2 = "bzip2"
    CFB = "Microsoft OLE"
    DJVU = "DjVu"
    EBML = "Matroska/WebM"
    ELF = "Linux program"
    FLAC = "FLAC"
    FONT = "OpenType"
    GIF = "GIF"
    GZIP = "gzip"
    HEIC = "HEIC"
    HTML = "HTML"
    ICO = "ICO"
    ID3 = "MP3"
    ISO9660 = "ISO 9660"
    JPEG = "JPEG"
    JXL = "JPEG XL"
    MIDI = "MIDI"
    MOBI = "MOBI"
    MP4 = "MP4"
    MPEG_AUDIO = "MPEG audio"
    MPEG_VIDEO = "MPEG video"
    OGG = "Ogg"
    PDF = "PDF"
    PE = "Windows program"
    PHOTOSHOP = "Photoshop"
    PNG = "PNG"
    POSTSCRIPT = "PostScript"
    RAR = "RAR"
    RTF = "RTF"
    SCRIPT = "script"
    SEVEN_ZIP = "7z"
    SVG = "SVG"
    TAR = "tar"
    TEXT = "text"
    TIFF = "TIFF"
    WAVE = "WAV"
    WAVPACK = "WavPack"
    WEBP = "WebP"
    WEBVTT = "WebVTT"
    WOFF = "WOFF"
    XML = "XML"
    XZ = "xz"
    ZIP = "ZIP"
    ZSTD = "Zstandard"
    UNKNOWN = "?"


_STARTS: tuple[tuple[bytes, Content], ...] = (
    (b"\x89PNG\r\n\x1a\n", Content.PNG),
    (b"\xff\xd8\xff", Content.JPEG),
    (b"GIF87a", Content.GIF),
    (b"GIF89a", Content.GIF),
    (b"II*\0", Content.TIFF),
    (b"MM\0*", Content.TIFF),
    (b"\xff\x0a", Content.JXL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", Content.JXL),
    (b"8BPS", Content.PHOTOSHOP),
    (b"\0\0\x01\0", Content.ICO),
    (b"fLaC", Content.FLAC),
    (b"OggS", Content.OGG),
    (b"ID3", Content.ID3),
    (b"MThd", Content.MIDI),
    (b"wvpk", Content.WAVPACK),
    (b"\x1aE\xdf\xa3", Content.EBML),
    (b"0&\xb2u\x8ef\xcf\x11", Content.ASF),
    (b"\0\0\x01\xba", Content.MPEG_VIDEO),
    (b"\0\0\x01\xb3", Content.MPEG_VIDEO),
    (b"%!PS", Content.POSTSCRIPT),
    (b"{\\rtf", Content.RTF),
    (b"AT&TFORM", Content.DJVU),
    (b"PK\x03\x04", Content.ZIP),
    (b"PK\x05\x06", Content.ZIP),
    (b"PK\x07\x08", Content.ZIP),
    (b"\x1f\x8b", Content.GZIP),
    (b"\xfd7zXZ\0", Content.XZ),
    (b"BZh", Content.BZIP2),
    (b"(\xb5/\xfd", Content.ZSTD),
    (b"7z\xbc\xaf\x27\x1c", Content.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Content.RAR),
    (b"\x7fELF", Content.ELF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Content.CFB),
    (b"OTTO", Content.FONT),
    (b"\0\x01\0\0\0", Content.FONT),
    (b"true\0", Content.FONT),
    (b"ttcf", Content.FONT),
    (b"wOFF", Content.WOFF),
    (b"wOF2", Content.WOFF),
)
_RIFF = {b"WAVE": Content.WAVE, b"AVI ": Content.AVI, b"WEBP": Content.WEBP}
_FORM = {b"AIFF": Content.AIFF, b"AIFC": Content.AIFF}
_BRANDS = {
    **dict.fromkeys([b"avif", b"avis"], Content.AVIF),
    **dict.fromkeys([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"], Content.HEIC),
}
_QUICKTIME_ATOMS = frozenset([b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"])  # files older than `ftyp`
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def sniff(head: bytes) -> Content:
    """What the first bytes of a file say. `head`: up to HEAD_BYTES of it."""
    for start, content in _STARTS:
        if head.startswith(start):
            return content
    return _by_container(head) or _by_place(head) or _by_text(head) or _by_frames(head) or Content.UNKNOWN


def _by_container(head: bytes) -> Content | None:
    if head[:4] in {b"RIFF", b"RF64", b"BW64"}:
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM":
        return _FORM.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head)
    return Content.MP4 if head[4:8] in _QUICKTIME_ATOMS and head[:1] == b"\0" else None


def _brand(head: bytes) -> Content:
    """The first of the brands that names a picture; `mif1` alone leaves open which, so the others are asked first."""
    size = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    kinds = {_BRANDS[brand] for brand in brands if brand in _BRANDS}
    if Content.AVIF in kinds:
        return Content.AVIF
    return Content.HEIC if head[8:12] in _BRANDS else Content.MP4


def _by_place(head: bytes) -> Content | None:
    if b"%PDF-" in head[:1024]:
        return Content.PDF
    if head[60:68] in {b"BOOKMOBI", b"TEXtREAd"}:
        return Content.MOBI
    if head[257:262] == b"ustar":
        return Content.TAR
    if head[32769:32774] in {b"CD001", b"BEA01"}:
        return Content.ISO9660
    if head[:2] == b"MZ" and len(head) > 64 and b"\0" in head[:64]:
        return Content.PE
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return Content.BMP
    if _every(head, 0, 188) or _every(head, 4, 192):
        return Content.MPEG_VIDEO
    return None


def _every(head: bytes, start: int, step: int) -> bool:
    """Whether a transport stream's sync byte stands at each step (ISO 13818-1), at least four times."""
    return len(head) > start + 4 * step and all(head[at] == 0x47 for at in range(start, start + 4 * step, step))


def _by_frames(head: bytes) -> Content | None:
    """MPEG audio has no header of its own: its frames begin with eleven set bits, perhaps after padding."""
    start = head.lstrip(b"\0")[:2]
    if len(start) < 2 or start[0] != 0xFF or start[1] & 0xE0 != 0xE0:
        return None
    return Content.MPEG_AUDIO if start[1] & 0x06 else Content.AAC


def _by_text(head: bytes) -> Content | None:
    text = _decoded(head[:_TEXT_BYTES])
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n").casefold()
    if start.startswith("webvtt"):
        return Content.WEBVTT
    if start.startswith("#!"):
        return Content.SCRIPT
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<script")):
        return Content.HTML
    if start.startswith(("<?xml", "<!--", "<!doctype", "<svg")):
        return Content.SVG if "<svg" in start else Content.HTML if "<html" in start else Content.XML
    return Content.TEXT


def _decoded(head: bytes) -> str | None:
    """The text that `head` is, or None. What is no UTF-8 counts as text when no control character is in it."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return head.decode(encoding, "ignore")
    if not head or any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return None
    try:
        return head.decode()
    except UnicodeDecodeError as wrong:
        if wrong.start >= len(head) - 3:  # a character cut in two by the end of the head
            return head[: wrong.start].decode()
        return None if head[0] == 0xFF else head.decode("latin-1")
