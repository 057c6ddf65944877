"""Kinds of files, by name and content."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.works.content import Content, sniff
from headwaters.core.works.media import (
    FORMATS,
    Family,
    WorkKind,
    default_labels,
    family_of,
    format_name,
    identify,
    kind_of_work,
    stem,
)


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    return made.getvalue()


def _tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return made.getvalue()


MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp42"
SAMPLES: dict[str, bytes] = {
    "a.mp4": MP4,
    "a.m4a": b"\0\0\0\x18ftypM4A \0\0\0\0",
    "a.mov": b"\0\0\0\x14ftypqt  \0\0\0\0",
    "old.mov": b"\0\0\0\x08wide\0\0\0\0mdat",
    "a.webm": b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01webm",
    "a.mkv": b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0#B\x86\x81\x01matroska",
    "a.avi": b"RIFF\0\0\0\0AVI LIST",
    "a.ts": (b"G" + b"\xff" * 187) * 6,
    "a.mpg": b"\0\0\x01\xba" + b"D" * 40,
    "a.flac": b"fLaC\0\0\0\x22",
    "tagged.flac": b"ID3\x03\0\0\0\0\0\0",
    "a.mp3": b"\xff\xfb\x90\x64" + b"\0" * 60,
    "tagged.mp3": b"ID3\x04\0\0\0\0\0\0",
    "padded.mp3": b"\0" * 500 + b"\xff\xfb\x90\x64" + b"\0" * 60,
    "a.aac": b"\xff\xf1\x50\x80" + b"\0" * 60,
    "a.ogg": b"OggS\0\x02",
    "a.opus": b"OggS\0\x02",
    "a.wav": b"RIFF\0\0\0\0WAVEfmt ",
    "big.wav": b"RF64\xff\xff\xff\xffWAVEds64",
    "a.aiff": b"FORM\0\0\0\0AIFFCOMM",
    "a.mid": b"MThd\0\0\0\x06",
    "a.epub": _zip(),
    "a.cbz": _zip(),
    "a.zip": _zip(),
    "a.apk": _zip(),
    "a.love": _zip(),
    "a.docx": _zip(),
    "a.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "a.mobi": b"title".ljust(60, b"\0") + b"BOOKMOBI",
    "a.azw3": b"title".ljust(60, b"\0") + b"BOOKMOBI",
    "a.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "a.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "a.JPEG": b"\xff\xd8\xff\xe1\0\x10Exif",
    "a.gif": b"GIF89a\1\0\1\0",
    "a.webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "a.avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    "b.avif": b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf",
    "a.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "a.tiff": b"II*\0\x08\0\0\0",
    "a.svg": b"<?xml version='1.0'?>\n<!-- a river -->\n<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a.exe": b"MZ\x90\0\x03\0\0\0" + b"\0" * 60,
    "a.AppImage": b"\x7fELF\x02\x01\x01AI\x02",
    "game.x86_64": b"\x7fELF\x02\x01\x01\0",
    "game": b"\x7fELF\x02\x01\x01\0",
    "a.dmg": b"x\xda\x63\x60\x18\x05",
    "a.iso": b"\0" * 32769 + b"CD001",
    "a.vtt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi",
    "bom.vtt": b"\xef\xbb\xbfWEBVTT\n",
    "a.srt": b"1\n00:00:00,000 --> 00:00:01,000\nHi\n",
    "latin.srt": b"1\n00:00:00,000 --> 00:00:01,000\nD\xe9j\xe0 vu\n",
    "a.txt": "Déjà vu".encode(),
    "utf16.txt": "Déjà vu".encode("utf-16"),
    "a.md": b"<p align=center>Hi</p>\n# Title",
    "README": b"Read me",
    "a.csv": b"a,b\n1,2\n",
    "a.json": b'{"a": 1}',
    "a.html": b"<!DOCTYPE html><title>Hi</title>",
    "a.tar": _tar(),
    "a.tar.gz": b"\x1f\x8b\x08\0",
    "a.tar.xz": b"\xfd7zXZ\0",
    "a.7z": b"7z\xbc\xaf\x27\x1c",
    "a.rar": b"Rar!\x1a\x07\x01\0",
    "a.ttf": b"\0\x01\0\0\0\x0c",
    "a.otf": b"OTTO\0\x0c",
    "a.woff2": b"wOF2\0\x01",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_whose_name_and_content_agree_is_known(name: str) -> None:
    format_ = identify(name, SAMPLES[name])
    assert "." not in name or any(name.casefold().endswith(f".{ending}") for ending in format_.extensions)


def test_text_is_told_where_the_head_cuts_a_character_in_two() -> None:
    text = ("é" * 4096).encode()
    assert sniff(text[:4095]) is Content.TEXT


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("film.mp4", SAMPLES["a.png"], "“film.mp4” is called MP4, but its content is PNG."),
        ("film.mp4", SAMPLES["a.html"], "“film.mp4” is called MP4, but its content is HTML."),
        ("cover.jpg", SAMPLES["a.exe"], "“cover.jpg” is called JPEG, but its content is Windows program."),
        ("cover.jpg", SAMPLES["a.svg"], "“cover.jpg” is called JPEG, but its content is SVG."),
        ("book.epub", SAMPLES["a.pdf"], "“book.epub” is called EPUB, but its content is PDF."),
        ("song.mp3", b"\1\2\3\4" * 9, "“song.mp3” is called MP3, but its content is not."),
        ("words.txt", SAMPLES["a.exe"], "“words.txt” is called text, but its content is Windows program."),
        ("subs.vtt", b"not subtitles", "“subs.vtt” is called WebVTT, but its content is text."),
        ("a.srt", b"WEBVTT\n", "“a.srt” is called SubRip, but its content is WebVTT."),
        ("picture.heic", SAMPLES["a.avif"], "“picture.heic” is called HEIC, but its content is AVIF."),
    ],
)
def test_a_file_whose_content_contradicts_its_name_is_refused(name: str, content: bytes, message: str) -> None:
    with pytest.raises(Refused) as refused:
        identify(name, content)
    assert refused.value.code is Code.FILE_WRONG_KIND
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["save.dat", "scene.blend", "film.mp4.torrent", "archive.xyz", "mp4", ".mp4x"])
def test_an_unknown_kind_is_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(Refused) as refused:
        identify(name, b"\1\2\3")
    assert refused.value.code is Code.FILE_UNKNOWN_KIND
    assert refused.value.hint_text == "Put it into a ZIP, and publish the ZIP."


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        identify("film.mp4", b"")
    assert refused.value.code is Code.FILE_EMPTY


@given(st.binary(max_size=400))
def test_any_bytes_are_looked_at_without_harm(head: bytes) -> None:
    assert isinstance(sniff(head), Content)


def test_no_extension_means_two_kinds() -> None:
    extensions = [extension for format_ in FORMATS for extension in format_.extensions]
    assert len(extensions) == len(set(extensions))


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ([("video/mp4", 900), ("text/vtt", 1), ("image/jpeg", 10)], WorkKind.FILM),
        ([("audio/flac", 300), ("image/jpeg", 10), ("application/pdf", 20)], WorkKind.MUSIC),
        ([("application/epub+zip", 5)], WorkKind.BOOK),
        ([("text/plain", 5), ("text/markdown", 5)], WorkKind.BOOK),
        ([("audio/flac", 300), ("text/plain", 900)], WorkKind.MUSIC),
        ([("application/vnd.appimage", 50), ("audio/flac", 300)], WorkKind.GAME),
        ([("image/png", 5)], WorkKind.PICTURE),
        ([("application/zip", 5)], WorkKind.OTHER),
        ([("application/zip", 5), ("text/plain", 1)], WorkKind.OTHER),
        ([], WorkKind.OTHER),
    ],
)
def test_files_make_a_kind_of_work(files: list[tuple[str, int]], kind: WorkKind) -> None:
    assert kind_of_work(files) is kind


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
INTROS = ("Intro", "Intro", "Rain")  # one format tells nothing apart


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        ([("a.mp4", "video/mp4")], ("The film",)),
        ([("a.epub", "application/epub+zip")], ("The book, as EPUB",)),
        (
            [("a.epub", "application/epub+zip"), ("a.pdf", "application/pdf")],
            ("The book, as EPUB", "The book, as PDF"),
        ),
        ([("a.flac", "audio/flac"), ("a.opus", "audio/ogg")], ("The music, as FLAC", "The music, as Opus")),
        ([("01 Rain.flac", "audio/flac"), ("02 Sun.flac", "audio/flac")], ("01 Rain", "02 Sun")),
        (
            [("a.mp4", "video/mp4"), ("a.en.vtt", "text/vtt"), ("a.pt-BR.vtt", "text/vtt")],
            ("The film", "Subtitles (en)", "Subtitles (pt-BR)"),
        ),
        ([("g.exe", "application/vnd.microsoft.portable-executable")], ("The game, for Windows",)),
        ([("extras.tar.gz", "application/gzip"), ("b.zip", "application/zip")], ("extras", "b")),
        ([("good.zip", "application/zip")], ("Everything",)),
        ([("good.zip", "application/zip"), ("a.mp4", "video/mp4")], ("good", "The film")),
        ([("letter.docx", WORD), ("a.mp4", "video/mp4")], ("The text, as Word", "The film")),
        ([("a.epub", "application/epub+zip"), ("a.docx", WORD)], ("The book, as EPUB", "The book, as Word")),
        (
            [("photo.jpg", "image/jpeg"), ("photo.tiff", "image/tiff"), ("map.png", "image/png")],
            ("photo, as JPEG", "photo, as TIFF", "map"),
        ),
        ([("1/Intro.flac", "audio/flac"), ("2/Intro.flac", "audio/flac"), ("Rain.flac", "audio/flac")], INTROS),
    ],
)
def test_files_without_a_label_get_one(files: list[tuple[str, str]], labels: tuple[str, ...]) -> None:
    assert default_labels(files) == labels


def test_a_stem_loses_the_whole_extension() -> None:
    assert [stem(name) for name in ["a/b.tar.gz", "README", "x.v2.mp4", "Mr. X"]] == ["b", "README", "x.v2", "Mr. X"]


def test_media_types_have_families_and_names() -> None:
    assert family_of("video/mp4") is Family.FILM
    assert family_of("application/x-nothing") is Family.DATA
    assert format_name("audio/ogg", "a.opus") == "Opus"
    assert format_name("audio/ogg", "a") == "Ogg"
