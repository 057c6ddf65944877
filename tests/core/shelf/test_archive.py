"""everything.zip: read by Python's zipfile, by Info-ZIP, and byte by byte."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwaters.core.shelf.archive import Archive, Piece, Stored, build_archive

DATE = datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC)
COLOPHON = "A film by Alice.\n"
GIB = 1 << 30


def stored(name: str, content: bytes) -> Stored:
    return Stored(name, hashlib.sha256(content).hexdigest(), crc32(content), len(content))


def filled(archive: Archive, blobs: dict[str, bytes], offset: int = 0, length: int | None = None) -> bytes:
    """The archive's bytes, its pieces taken from `blobs`."""
    pieces = archive.pieces(offset, archive.size if length is None else length)
    return b"".join(
        blobs[piece.blob][piece.offset : piece.offset + piece.length] if isinstance(piece, Piece) else piece
        for piece in pieces
    )


def made(files: dict[str, bytes], date: datetime = DATE) -> tuple[Archive, bytes]:
    archive = build_archive(COLOPHON, [stored(name, content) for name, content in files.items()], date)
    blobs = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    return archive, filled(archive, blobs)


FILES = {"film.mp4": b"moving pictures" * 99, "disc 1/Größe – 映画 😀.flac": b"\0" * 1000, "empty.txt": b""}


def test_zipfile_reads_every_member_back() -> None:
    archive, data = made(FILES)
    assert len(data) == archive.size
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["COLOPHON.txt", "SHA256SUMS", *FILES]
        assert {name: opened.read(name) for name in FILES} == FILES
        assert opened.read("COLOPHON.txt") == COLOPHON.encode()
        for entry in opened.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (2026, 11, 22, 10, 30, 14)
            assert entry.external_attr >> 16 == 0o100644
            assert entry.flag_bits == 1 << 11
            assert entry.extra == b""


@pytest.mark.needs("unzip")
def test_info_zip_and_sha256sum_agree(tmp_path: Path) -> None:
    _, data = made(FILES)
    (tmp_path / "everything.zip").write_bytes(data)
    tested = subprocess.run(["unzip", "-t", "everything.zip"], cwd=tmp_path, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout
    assert "No errors detected" in tested.stdout
    subprocess.run(
        ["unzip", "-q", "everything.zip", "-d", "out"],
        cwd=tmp_path,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    found = {
        str(path.relative_to(tmp_path / "out")): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert {name: found[name] for name in FILES} == FILES
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK") == 4


def test_the_same_files_give_the_same_bytes_for_ever() -> None:
    """A change of this sum breaks every download that is under way when the shop is updated: do not do it lightly."""
    archive, data = made(FILES)
    assert hashlib.sha256(data).hexdigest() == ("944c9ae8b2c52e93d7ee384e976123fcf8aee1b446c76d85ce308eae681148e7")
    again, same = made(FILES)
    assert (again.etag, same) == (archive.etag, data)


def test_any_change_changes_the_tag() -> None:
    archive, _ = made(FILES)
    others = [
        made({**FILES, "film.mp4": b"MOVING PICTURES" * 99})[0],
        made({"film2.mp4": FILES["film.mp4"]})[0],
        made(FILES, datetime(2026, 11, 22, 10, 30, 17, tzinfo=UTC))[0],
        build_archive("Another.\n", [stored(name, content) for name, content in FILES.items()], DATE),
    ]
    assert len({archive.etag, *(other.etag for other in others)}) == 5
    assert archive.etag.startswith('"')
    assert len(archive.etag) == 34


def test_a_piece_touches_no_other_blob() -> None:
    first, second = b"a" * 500, b"b" * 500
    archive = build_archive(COLOPHON, [stored("1", first), stored("2", second)], DATE)
    _, data = made({"1": first, "2": second})
    start = data.index(second)
    assert list(archive.pieces(start + 10, 20)) == [Piece(hashlib.sha256(second).hexdigest(), 10, 20)]
    assert archive.blobs == (hashlib.sha256(first).hexdigest(), hashlib.sha256(second).hexdigest())


@settings(max_examples=50)
@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.binary(max_size=300), max_size=6),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=10),
)
def test_any_range_of_it_is_that_range_of_the_whole(files: dict[str, bytes], ranges: list[tuple[int, int]]) -> None:
    archive, data = made(files)
    assert len(data) == archive.size
    blobs = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    for offset, length in ranges:
        assert filled(archive, blobs, offset, length) == data[offset : offset + length]
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert [opened.read(entry) for entry in opened.infolist()[2:]] == list(files.values())


def test_a_creators_own_colophon_gives_way() -> None:
    archive, data = made({"colophon.TXT": b"mine", "SHA256SUMS": b"mine too"})
    assert archive.names == ("COLOPHON.txt", "SHA256SUMS", "colophon (2).TXT", "SHA256SUMS (2)")
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.read("colophon (2).TXT") == b"mine"


@pytest.mark.parametrize(
    ("date", "told"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2200, 1, 1, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_dates_that_zip_does_not_know_are_its_first_and_last(date: datetime, told: tuple[int, ...]) -> None:
    _, data = made({"a": b"a"}, date)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.infolist()[2].date_time == told


def write_sparse(path: Path, archive: Archive) -> None:
    """The archive with holes for its (all zero) blobs."""
    with path.open("wb") as file:
        for piece in archive.pieces(0, archive.size):
            if isinstance(piece, Piece):
                file.seek(piece.length, os.SEEK_CUR)
            else:
                file.write(piece)
        assert file.tell() == archive.size


def zeros(number: int, size: int) -> Stored:
    """A file of zeros; only of a small one is the checksum right."""
    return Stored(
        f"{number}.bin", f"{number:064}", crc32(bytes(size)) if size < 1_000_000 else 0xABCD0000 + number, size
    )


@pytest.mark.parametrize(
    "sizes",
    [
        [0xFFFFFFFE, 1],  # the last size that fits, and an offset that does not
        [0x100000000, 1],
        [0xFFFFFFFF],  # the first that does not (Info-ZIP itself trips over another file behind it)
        [5 * GIB, 10, 6 * GIB, 7],
        [3 * GIB, GIB - 1000, 600],  # the directory begins below the limit and ends above
    ],
)
@pytest.mark.needs("unzip")
def test_beyond_four_gigabytes_zip64_takes_over(tmp_path: Path, sizes: list[int]) -> None:
    files = [zeros(number, size) for number, size in enumerate(sizes)]
    archive = build_archive(COLOPHON, files, DATE)
    path = tmp_path / "big.zip"
    write_sparse(path, archive)
    with zipfile.ZipFile(path) as opened:
        entries = opened.infolist()[2:]
        told = [(entry.filename, entry.file_size, entry.CRC) for entry in entries]
        assert told == [(file.name, file.size, file.crc32) for file in files]
        for entry in entries:
            with opened.open(entry) as member:  # compares the local header's name with the directory's
                assert member.read(1 if entry.file_size >= 1_000_000 else -1).strip(b"\0") == b""
    listed = subprocess.run(["unzip", "-Zl", path], capture_output=True, text=True)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert [int(line.split()[3]) for line in listed.stdout.splitlines() if ".bin" in line] == sizes
    if sizes[-1] < 1_000_000:
        last = subprocess.run(["unzip", "-p", path, files[-1].name], capture_output=True)
        assert (last.returncode, last.stdout) == (0, bytes(sizes[-1]))


def test_more_members_than_sixteen_bits_count() -> None:
    files = {f"{number:05}": b"x" for number in range(66_000)}
    archive = build_archive(COLOPHON, [stored(name, content) for name, content in files.items()], DATE)
    data = filled(archive, {hashlib.sha256(b"x").hexdigest(): b"x"})
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert len(opened.infolist()) == 66_002
        assert opened.read("65999") == b"x"
