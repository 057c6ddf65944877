"""Uploads: what is announced, what headers mean, and whether a file ends where it says."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused, TooLarge
from headwaters.core.works.uploads import (
    Announced,
    announce,
    check_names,
    clean_label,
    moved,
    read_checksum,
    read_count,
    read_metadata,
)
from headwaters.core.works.whole import check_whole

GB = 1_000_000_000


def test_what_is_announced_is_cleaned() -> None:
    found = announce(" Disc 1/Wh: at?.mp3 ", 5, GB, stamp="1" * 99, role="art", label=" The\nfirst  one ")
    assert found == Announced("Disc 1/Wh_ at_.mp3", 5, "1" * 64, "", "The first one")
    assert announce("cover.jpg", 5, GB, role="cover").role == "cover"


@pytest.mark.parametrize(
    ("name", "size", "code"),
    [
        ("film.mp4", 0, Code.FILE_EMPTY),
        ("film.mp4", GB + 1, Code.FILE_TOO_LARGE),
        ("film.xyz", 5, Code.FILE_UNKNOWN_KIND),
        ("..", 5, Code.NAME_INVALID),
        ("a//b.txt", 5, Code.NAME_INVALID),
        (".DS_Store", 5, Code.NAME_INVALID),
        ("", 5, Code.NAME_INVALID),
        ("/".join("abcdefgh") + "/i.txt", 5, Code.NAME_INVALID),
    ],
)
def test_what_cannot_be_published_is_refused_before_the_first_byte(name: str, size: int, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        announce(name, size, GB)
    assert refused.value.code is code


def test_two_files_of_one_name_are_refused_whatever_the_disk_makes_of_capitals() -> None:
    check_names(["a.txt"], ["b.txt", "c/a.txt"])
    for names, new in (
        (["a.txt"], ["a.txt"]),
        (["a.txt"], ["A.TXT"]),
        ([], ["b.txt", "B.txt"]),
        (["a"], ["a/b.txt"]),
        (["u\u0308.txt"], ["ü.txt"]),
    ):
        with pytest.raises(Refused) as refused:
            check_names(names, new)
        assert refused.value.code is Code.NAMES_COLLIDE
    with pytest.raises(TooLarge):
        check_names([f"{number}.txt" for number in range(2000)], ["one more.txt"])


def test_a_label_is_one_line() -> None:
    assert clean_label("a\u2028b\tc\x00d") == "a b c d"
    assert len(clean_label("x" * 500)) == 200


# ── headers ──────────────────────────────────────────────────────────────────────────────────────


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=40), max_size=5))
def test_metadata_is_read_as_it_was_written(values: dict[str, str]) -> None:
    header = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
    assert read_metadata(header) == values


def test_metadata_may_have_empty_values_and_spaces() -> None:
    assert read_metadata("is_confidential, filename d29ybGQ=") == {"is_confidential": "", "filename": "world"}
    assert read_metadata("") == {}


@pytest.mark.parametrize("header", ["a !", "a YQ==,a YQ==", "ü YQ==", "a /w==", "x" * 16_001])
def test_metadata_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_metadata(header)


def test_a_checksum_is_one_of_two_kinds() -> None:
    for algorithm in ("sha256", "sha1"):
        digest = hashlib.new(algorithm, b"abc").digest()
        found = read_checksum(f"{algorithm} {base64.b64encode(digest).decode()}")
        begun = found.begin()
        begun.update(b"abc")
        assert begun.digest() == found.digest == digest


@pytest.mark.parametrize("header", ["", "sha256", "sha256 YQ==", "md5 kAFQmDzST7DWlj99KOF/cg==", "SHA256 x"])
def test_a_checksum_of_another_kind_or_length_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_checksum(header)


@pytest.mark.parametrize("text", [None, "", "-1", "+1", "1.0", "1e3", "٣", " 1", "9" * 19])
def test_a_count_is_a_plain_number(text: str | None) -> None:
    with pytest.raises(ValueError, match="number"):
        read_count(text)


def test_a_file_moves_as_far_as_there_is_room() -> None:
    assert moved("abc", "b", -1) == ["b", "a", "c"]
    assert moved("abc", "b", 1) == ["a", "c", "b"]
    assert moved("abc", "a", -1) == ["a", "b", "c"]
    assert moved("abc", "c", 5) == ["a", "b", "c"]


# ── half files ───────────────────────────────────────────────────────────────────────────────────


def box(kind: bytes, data: bytes) -> bytes:
    return (8 + len(data)).to_bytes(4) + kind + data


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "hello" * 1000)
    return made.getvalue()


FTYP = box(b"ftyp", b"isom\0\0\0\0isommp42")
LARGE_MDAT = (1).to_bytes(4) + b"mdat" + (16 + 5000).to_bytes(8) + bytes(5000)
WHOLE = {
    "film.mp4": FTYP + box(b"moov", bytes(100)) + box(b"mdat", bytes(5000)),
    "late.mp4": FTYP + LARGE_MDAT + box(b"moov", bytes(100)),
    "open.mov": FTYP + box(b"moov", bytes(100)) + bytes(4) + b"mdat" + bytes(3000),
    "song.wav": b"RIFF" + (4 + 5000).to_bytes(4, "little") + b"WAVE" + bytes(5000),
    "live.wav": b"RIFF\xff\xff\xff\xffWAVE" + bytes(5000),
    "book.epub": zipped(),
    "page.png": b"\x89PNG\r\n\x1a\n" + bytes(3000) + b"\0\0\0\0IEND\xaeB`\x82",
    "book.pdf": b"%PDF-1.7\n" + bytes(5000) + b"\n%%EOF\n",
    "film.webm": b"\x1aE\xdf\xa3\x84abcd\x18\x53\x80\x67\x10\x00\x10\x00" + bytes(4096),
    "live.webm": b"\x1aE\xdf\xa3\x84abcd\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(4096),
    "letter.txt": b"hello",
    "disk.dmg": b"PK\x03\x04 by chance" + bytes(5000),
}


def check(name: str, data: bytes) -> None:
    check_whole(name, len(data), lambda offset, length: data[offset : offset + length])


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_passes(name: str) -> None:
    check(name, WHOLE[name])


@pytest.mark.parametrize(
    "name", [name for name in WHOLE if name not in {"live.wav", "live.webm", "letter.txt", "open.mov", "disk.dmg"}]
)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_half_a_file_is_told_from_a_whole_one(name: str, part: float) -> None:
    with pytest.raises(Refused) as refused:
        check(name, WHOLE[name][: int(len(WHOLE[name]) * part)])
    assert refused.value.code is Code.FILE_CUT_OFF


@given(st.binary(max_size=300), st.sampled_from(sorted(WHOLE)), st.integers(0, 5000))
def test_no_bytes_make_it_stumble(data: bytes, name: str, cut: int) -> None:
    with suppress(Refused):
        check(name, WHOLE[name][:cut] + data)
