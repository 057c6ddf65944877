"""Kinds of files: which are taken, what they are called, which browsers may show, and what kind of work they make.

A file is what its name *and* its content say; where the two disagree it is refused, because it is the wrong file or a
trick. What is not in the table can go into a ZIP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works.content import Content, sniff
from headwaters.core.works.names import base_name, shown


class Family(StrEnum):
    """What one does with a file."""

    FILM = "film"
    MUSIC = "music"
    BOOK = "book"
    PICTURE = "picture"
    PROGRAM = "program"
    SUBTITLES = "subtitles"
    TEXT = "text"
    ARCHIVE = "archive"
    FONT = "font"
    DATA = "data"


class WorkKind(StrEnum):
    """What a work is."""

    FILM = "film"
    MUSIC = "music"
    BOOK = "book"
    GAME = "game"
    PICTURE = "picture"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. `name` as people call it; `contents`: what its bytes may look like (empty: anything)."""

    name: str
    media_type: str
    family: Family
    extensions: tuple[str, ...]
    contents: frozenset[Content]


def _format(extensions: str, name: str, media_type: str, family: Family, *contents: Content) -> Format:
    return Format(name, media_type, family, tuple(extensions.split()), frozenset(contents))


_C, _F = Content, Family
_TEXTS = (_C.TEXT, _C.HTML, _C.XML, _C.SVG, _C.SCRIPT, _C.WEBVTT)  # text that only looks like another kind of text

FORMATS: tuple[Format, ...] = (
    _format("mp4 m4v", "MP4", "video/mp4", _F.FILM, _C.MP4),
    _format("webm", "WebM", "video/webm", _F.FILM, _C.EBML),
    _format("mkv", "Matroska", "video/matroska", _F.FILM, _C.EBML),
    _format("mov qt", "QuickTime", "video/quicktime", _F.FILM, _C.MP4),
    _format("ogv", "Ogg", "video/ogg", _F.FILM, _C.OGG),
    _format("avi", "AVI", "video/vnd.avi", _F.FILM, _C.AVI),
    _format("mpg mpeg vob", "MPEG", "video/mpeg", _F.FILM, _C.MPEG_VIDEO),
    _format("ts m2ts mts", "MPEG-TS", "video/mp2t", _F.FILM, _C.MPEG_VIDEO),
    _format("wmv", "Windows Media", "video/x-ms-wmv", _F.FILM, _C.ASF),
    _format("3gp", "3GP", "video/3gpp", _F.FILM, _C.MP4),
    _format("flac", "FLAC", "audio/flac", _F.MUSIC, _C.FLAC, _C.ID3),
    _format("mp3", "MP3", "audio/mpeg", _F.MUSIC, _C.ID3, _C.MPEG_AUDIO),
    _format("m4a m4b", "M4A", "audio/mp4", _F.MUSIC, _C.MP4),
    _format("ogg oga", "Ogg", "audio/ogg", _F.MUSIC, _C.OGG),
    _format("opus", "Opus", "audio/ogg", _F.MUSIC, _C.OGG),
    _format("wav", "WAV", "audio/wav", _F.MUSIC, _C.WAVE),
    _format("aif aiff aifc", "AIFF", "audio/aiff", _F.MUSIC, _C.AIFF),
    _format("aac", "AAC", "audio/aac", _F.MUSIC, _C.AAC, _C.ID3),
    _format("mka", "Matroska", "audio/matroska", _F.MUSIC, _C.EBML),
    _format("wv", "WavPack", "audio/x-wavpack", _F.MUSIC, _C.WAVPACK),
    _format("wma", "Windows Media", "audio/x-ms-wma", _F.MUSIC, _C.ASF),
    _format("mid midi", "MIDI", "audio/midi", _F.MUSIC, _C.MIDI),
    _format("epub", "EPUB", "application/epub+zip", _F.BOOK, _C.ZIP),
    _format("pdf", "PDF", "application/pdf", _F.BOOK, _C.PDF),
    _format("mobi prc", "MOBI", "application/x-mobipocket-ebook", _F.BOOK, _C.MOBI),
    _format("azw3 azw", "AZW3", "application/vnd.amazon.mobi8-ebook", _F.BOOK, _C.MOBI),
    _format("cbz", "CBZ", "application/vnd.comicbook+zip", _F.BOOK, _C.ZIP),
    _format("cbr", "CBR", "application/vnd.comicbook-rar", _F.BOOK, _C.RAR),
    _format("fb2", "FictionBook", "application/x-fictionbook+xml", _F.BOOK, _C.XML, _C.TEXT),
    _format("djvu djv", "DjVu", "image/vnd.djvu", _F.BOOK, _C.DJVU),
    _format("rtf", "RTF", "application/rtf", _F.BOOK, _C.RTF),
    _format("odt", "OpenDocument", "application/vnd.oasis.opendocument.text", _F.BOOK, _C.ZIP),
    _format("docx", "Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _F.BOOK, _C.ZIP),
    _format("jpg jpeg", "JPEG", "image/jpeg", _F.PICTURE, _C.JPEG),
    _format("png", "PNG", "image/png", _F.PICTURE, _C.PNG),
    _format("gif", "GIF", "image/gif", _F.PICTURE, _C.GIF),
    _format("webp", "WebP", "image/webp", _F.PICTURE, _C.WEBP),
    _format("avif", "AVIF", "image/avif", _F.PICTURE, _C.AVIF),
    _format("tif tiff", "TIFF", "image/tiff", _F.PICTURE, _C.TIFF),
    _format("bmp", "BMP", "image/bmp", _F.PICTURE, _C.BMP),
    _format("heic heif", "HEIC", "image/heic", _F.PICTURE, _C.HEIC),
    _format("jxl", "JPEG XL", "image/jxl", _F.PICTURE, _C.JXL),
    _format("psd", "Photoshop", "image/vnd.adobe.photoshop", _F.PICTURE, _C.PHOTOSHOP),
    _format("svg", "SVG", "image/svg+xml", _F.PICTURE, _C.SVG),
    _format("eps ps", "PostScript", "application/postscript", _F.PICTURE, _C.POSTSCRIPT),
    _format("exe", "Windows", "application/vnd.microsoft.portable-executable", _F.PROGRAM, _C.PE),
    _format("msi", "Windows Installer", "application/x-msi", _F.PROGRAM, _C.CFB),
    _format("dmg", "macOS", "application/x-apple-diskimage", _F.PROGRAM),  # says what it is only at its end
    _format("appimage", "Linux (AppImage)", "application/vnd.appimage", _F.PROGRAM, _C.ELF),
    _format("x86_64 x86 arm64", "Linux", "application/x-executable", _F.PROGRAM, _C.ELF),
    _format("apk", "Android", "application/vnd.android.package-archive", _F.PROGRAM, _C.ZIP),
    _format("love", "LÖVE", "application/x-love-game", _F.PROGRAM, _C.ZIP),
    _format("jar", "Java", "application/java-archive", _F.PROGRAM, _C.ZIP),
    _format("iso", "ISO image", "application/x-iso9660-image", _F.PROGRAM, _C.ISO9660),
    _format("vtt", "WebVTT", "text/vtt", _F.SUBTITLES, _C.WEBVTT),
    _format("srt", "SubRip", "application/x-subrip", _F.SUBTITLES, _C.TEXT),
    _format("ass ssa", "SSA", "text/x-ssa", _F.SUBTITLES, _C.TEXT),
    _format("txt text nfo log cue lrc", "text", "text/plain", _F.TEXT, *_TEXTS),
    _format("md markdown", "Markdown", "text/markdown", _F.TEXT, *_TEXTS),
    _format("csv", "CSV", "text/csv", _F.TEXT, *_TEXTS),
    _format("json", "JSON", "application/json", _F.DATA, _C.TEXT),
    _format("xml musicxml", "XML", "application/xml", _F.DATA, _C.XML, _C.SVG, _C.HTML, _C.TEXT),
    _format("html htm xhtml", "HTML", "text/html", _F.TEXT, _C.HTML, _C.XML, _C.SVG, _C.TEXT),
    _format("m3u m3u8", "playlist", "audio/mpegurl", _F.DATA, _C.TEXT),
    _format("zip", "ZIP", "application/zip", _F.ARCHIVE, _C.ZIP),
    _format("tar", "tar", "application/x-tar", _F.ARCHIVE, _C.TAR),
    _format("tar.gz tgz gz", "gzip", "application/gzip", _F.ARCHIVE, _C.GZIP),
    _format("tar.xz txz xz", "xz", "application/x-xz", _F.ARCHIVE, _C.XZ),
    _format("tar.bz2 tbz2 bz2", "bzip2", "application/x-bzip2", _F.ARCHIVE, _C.BZIP2),
    _format("tar.zst tzst zst", "Zstandard", "application/zstd", _F.ARCHIVE, _C.ZSTD),
    _format("7z", "7z", "application/x-7z-compressed", _F.ARCHIVE, _C.SEVEN_ZIP),
    _format("rar", "RAR", "application/vnd.rar", _F.ARCHIVE, _C.RAR),
    _format("ttf", "TrueType", "font/ttf", _F.FONT, _C.FONT),
    _format("otf", "OpenType", "font/otf", _F.FONT, _C.FONT),
    _format("ttc", "TrueType", "font/collection", _F.FONT, _C.FONT),
    _format("woff", "WOFF", "font/woff", _F.FONT, _C.WOFF),
    _format("woff2", "WOFF2", "font/woff2", _F.FONT, _C.WOFF),
)

_BY_EXTENSION = {extension: format_ for format_ in FORMATS for extension in format_.extensions}
_BY_MEDIA_TYPE = {format_.media_type: format_ for format_ in reversed(FORMATS)}
# Files without an extension, as README or LICENSE, or a game for Linux.
_WITHOUT_EXTENSION = {_C.TEXT: _BY_EXTENSION["txt"], _C.ELF: _BY_EXTENSION["x86_64"]}


def family_of(media_type: str) -> Family:
    """The family of a media type that `identify` gave; DATA for any other."""
    found = _BY_MEDIA_TYPE.get(media_type)
    return found.family if found else Family.DATA


def format_name(media_type: str, name: str) -> str:
    """How people call the format of the file `name`: `EPUB`, `MP4`."""
    found = format_by_name(name) or _BY_MEDIA_TYPE.get(media_type)
    return found.name if found else ""


def format_by_name(name: str) -> Format | None:
    """What the extension says."""
    parts = base_name(name).casefold().split(".")
    if len(parts) > 2 and (found := _BY_EXTENSION.get(".".join(parts[-2:]))):
        return found
    return _BY_EXTENSION.get(parts[-1]) if len(parts) > 1 else None


def identify(name: str, head: bytes) -> Format:
    """The format of the file `name` that begins with `head` (up to HEAD_BYTES).

    Raises Refused: FILE_EMPTY, FILE_UNKNOWN_KIND, FILE_WRONG_KIND.
    """
    if not head:
        raise _refused(Code.FILE_EMPTY, N_("“%(name)s” is empty."), N_("Is it still being written?"), name)
    found = sniff(head)
    named = format_by_name(name)
    if named is None and "." not in base_name(name):
        named = _WITHOUT_EXTENSION.get(found)
    if named is None:
        raise _refused(
            Code.FILE_UNKNOWN_KIND,
            N_("“%(name)s” is of a kind that this shop does not know."),
            N_("Put it into a ZIP, and publish the ZIP."),
            name,
        )
    if named.contents and found not in named.contents:
        raise _wrong(name, named, found)
    return named


def _wrong(name: str, named: Format, found: Content) -> Refused:
    hint = N_("Look whether it is the right file; if it is, correct its name.")
    if found is Content.UNKNOWN:
        message = N_("“%(name)s” is called %(named)s, but its content is not.")
    else:
        message = N_("“%(name)s” is called %(named)s, but its content is %(found)s.")
    return _refused(Code.FILE_WRONG_KIND, message, hint, name, named=named.name, found=found.value)


def _refused(code: Code, message: str, hint: str, name: str, **values: object) -> Refused:
    return Refused(code, message, hint=hint, field="files", name=shown(name), **values)


# ── what kind of work files make ─────────────────────────────────────────────────────────────────

_KINDS = {
    Family.FILM: WorkKind.FILM,
    Family.MUSIC: WorkKind.MUSIC,
    Family.BOOK: WorkKind.BOOK,
    Family.PICTURE: WorkKind.PICTURE,
}


def kind_of_work(files: Iterable[tuple[str, int]]) -> WorkKind:
    """From (media type, size) of its files: a program makes a game; else what most of the bytes are.

    Text makes a book only where nothing else does: liner notes do not turn an album into one.
    """
    sizes: dict[Family, int] = {}
    for media_type, size in files:
        family = family_of(media_type)
        sizes[family] = sizes.get(family, 0) + size
    if Family.PROGRAM in sizes:
        return WorkKind.GAME
    weighed = {kind: sizes[family] for family, kind in _KINDS.items() if family in sizes}
    if weighed:
        return max(weighed, key=lambda kind: weighed[kind])
    return WorkKind.BOOK if set(sizes) == {Family.TEXT} else WorkKind.OTHER


# ── labels ───────────────────────────────────────────────────────────────────────────────────────

_ALONE = {
    Family.FILM: "The film",
    Family.MUSIC: "The music",
    Family.BOOK: "The book",
    Family.PICTURE: "The picture",
    Family.PROGRAM: "The game",
    Family.SUBTITLES: "Subtitles",
    Family.TEXT: "The text",
    Family.ARCHIVE: "Everything",
    Family.FONT: "The font",
    Family.DATA: "Data",
}
_LETTERS = frozenset(
    [
        "application/rtf",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ]
)  # what word processors write: a text, unless a book is beside it
_SAY_FORMAT = {Family.BOOK: "as", Family.PROGRAM: "for"}  # “The book, as EPUB”, “The game, for Linux”
_LANGUAGE = re.compile(r"[ ._-]([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)$")


def default_labels(files: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """A label for each (name, media type) that has none of its creator's.

    The only file of a family is “The film”; several with one name in several formats are “The book, as EPUB”;
    otherwise a file is called as it is named, with its format where others are named so too.
    """
    families = [family_of(media_type) for _, media_type in files]
    stems = [stem(name) for name, _ in files]
    stems_of = {family: {own for own, its in zip(stems, families, strict=True) if its is family} for family in families}
    letters = all(
        family is not Family.BOOK or kind in _LETTERS for family, (_, kind) in zip(families, files, strict=True)
    )

    def label(name: str, media_type: str, family: Family) -> str:
        word = _ALONE[Family.TEXT if letters and family is Family.BOOK else family]
        alone = families.count(family) == 1 and (family is not Family.ARCHIVE or len(files) == 1)
        return _label(name, media_type, family, word, alone=alone, one_name=len(stems_of[family]) == 1)

    labels = [label(name, media_type, family) for (name, media_type), family in zip(files, families, strict=True)]
    return tuple(_told_apart(labels, files))


def _label(name: str, media_type: str, family: Family, word: str, *, alone: bool, one_name: bool) -> str:
    if family is Family.SUBTITLES and (language := _LANGUAGE.search(stem(name))):
        return f"{word} ({language[1]})"
    if alone and family not in _SAY_FORMAT:
        return word
    if one_name and family is not Family.ARCHIVE:
        return f"{word}, {_SAY_FORMAT.get(family, 'as')} {format_name(media_type, name)}"
    return stem(name)


def _told_apart(labels: Sequence[str], files: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Those that are called the same, with their formats where that tells them apart."""
    formats = [format_name(media_type, name) for name, media_type in files]
    of_label: dict[str, set[str]] = {}
    for label, its in zip(labels, formats, strict=True):
        of_label.setdefault(label, set()).add(its)
    for label, its in zip(labels, formats, strict=True):
        yield f"{label}, as {its}" if its and len(of_label[label]) > 1 else label


def stem(name: str) -> str:
    """The last part of a name without its extension."""
    base = base_name(name)
    known = format_by_name(base)
    endings = known.extensions if known else ()
    for extension in sorted(endings, key=len, reverse=True):
        if base.casefold().endswith(f".{extension}"):
            return base[: -len(extension) - 1]
    return base
