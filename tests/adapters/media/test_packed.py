"""What is packed in metadata and comes to far too much: left alone, and never unpacked."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwaters.adapters.media.lengths import measure_music
from headwaters.adapters.stamp import FileStamper, apart
from headwaters.adapters.stamp.apart import StamperApart
from headwaters.adapters.stamp.base import TOO_LARGE
from headwaters.core.works.stamps import Facts, Finding, Kind
from headwaters.ports import StampWish

FACTS = Facts("Tale", "Alice", "© Alice", "", "https://a.b/w/t", "https://a.b/w/t?from=copy", "", False)
LARGE = 300 << 20
SILENCE = (b"\xff\xfb\x90\x00" + bytes(413)) * 40


def packed(size: int, before: bytes = b"") -> bytes:
    """Zlib's word for `before` and so many spaces. A megabyte of them is packed once, and stands there often."""
    spaces, many = b" " * (1 << 20), size >> 20
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    begin = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    some = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    check = zlib.adler32(before)
    for _ in range(many):
        check = zlib.adler32(spaces, check)
    return b"\x78\xda" + begin + some * many + packer.flush() + check.to_bytes(4)


def seven_bits(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def tagged(path: Path, version: int, frames: list[bytes]) -> Path:
    """An MP3 whose tag has these packed comments."""
    tag = b""
    for frame in frames:
        if version == 4:
            tag += b"COMM" + seven_bits(len(frame) + 4) + b"\0\x09" + seven_bits(1000) + frame
        else:
            tag += b"COMM" + struct.pack(">I", len(frame) + 4) + b"\0\x80" + struct.pack(">I", 1000) + frame
    path.write_bytes(b"ID3" + bytes([version, 0, 0]) + seven_bits(len(tag)) + tag + SILENCE)
    return path


@pytest.fixture
def little() -> Iterator[None]:
    """Holds a test to a quarter of what its bomb comes to."""
    tracemalloc.start()
    yield
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200 << 20


@pytest.mark.usefixtures("little")
@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("frames", [1, 20])
def test_of_music(tmp_path: Path, version: int, frames: int) -> None:
    path = tagged(tmp_path / "a.mp3", version, [packed(LARGE // frames, b"\0eng%d\0" % n) for n in range(frames)])
    assert path.stat().st_size < 500_000
    assert FileStamper().examine(path, "a.mp3", None).why == TOO_LARGE
    measure_music(path)


@pytest.mark.parametrize("version", [3, 4])
def test_an_honest_packed_comment_is_read_again_and_again(tmp_path: Path, version: int) -> None:
    path = tagged(tmp_path / "a.mp3", version, [zlib.compress(b"\0eng\0from Alice")])
    for _ in range(3):
        assert FileStamper().examine(path, "a.mp3", None).findings == (Finding(Kind.COMMENT, "ID3 COMM", "from Alice"),)


def pdf(path: Path, metadata: bytes, more: bytes = b"/Filter/FlateDecode") -> Path:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>",
        b"<</Type/Metadata/Subtype/XML%b/Length %d>>stream\n%b\nendstream" % (more, len(metadata), metadata),
    ]
    out, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    listed = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 5\n0000000000 65535 f \n%btrailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    path.write_bytes(out + end % (listed, len(out)))
    return path


@pytest.mark.parametrize(
    "more", [b"/Filter/FlateDecode", b"/Filter[/FlateDecode]", b"/Filter[/FlateDecode /FlateDecode]"]
)
def test_of_a_document(tmp_path: Path, more: bytes) -> None:
    metadata = packed(LARGE)
    path = pdf(tmp_path / "a.pdf", zlib.compress(metadata) if more.count(b"Flate") == 2 else metadata, more)
    assert FileStamper().examine(path, "a.pdf", None).why
    assert FileStamper().examine(pdf(path, zlib.compress(b" ")), "a.pdf", None).why == ""
    assert FileStamper().examine(pdf(path, b" ", b""), "a.pdf", None).why == ""


@pytest.mark.usefixtures("little")
def test_of_a_picture(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    words = [chunk(b"zTXt", b"Comment\0\0" + packed(15 << 20)) for _ in range(20)]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    (path := tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + head + b"".join(words) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )
    assert FileStamper().examine(path, "a.png", None).why == ""


def object_bomb(path: Path) -> Path:
    """A PDF whose stream of objects comes to 1 GB."""
    body = packed(1 << 30, b"5 0 <<>> ")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Names 5 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>",
        b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(body), body),
    ]
    out, rows = b"%PDF-1.7\n", struct.pack(">BIB", 0, 0, 255)
    for number, text in enumerate(objects, 1):
        rows += struct.pack(">BIB", 1, len(out), 0)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    rows += struct.pack(">BIB", 2, 4, 0) + struct.pack(">BIB", 1, len(out), 0)
    listed = b"6 0 obj\n<</Type/XRef/Size 7/W[1 4 1]/Root 1 0 R/Length %d>>stream\n%b\nendstream\nendobj\n"
    path.write_bytes(out + listed % (len(rows), rows) + b"startxref\n%d\n%%%%EOF\n" % len(out))
    return path


def test_of_objects_in_a_process_with_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, target = object_bomb(tmp_path / "a.pdf"), tmp_path / "copy"
    monkeypatch.setattr(apart, "MEMORY", 768 << 20)
    assert StamperApart().examine(path, "a.pdf", None).why
    assert StamperApart().stamp(path, "a.pdf", target, StampWish(FACTS)).why
    assert not target.exists()


def test_apart_is_the_same(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", b" ", b"")
    stampers = FileStamper(), StamperApart()
    assert stampers[0].examine(path, "a.pdf", FACTS) == stampers[1].examine(path, "a.pdf", FACTS)
    copies = [tmp_path / "one", tmp_path / "two"]
    made = [one.stamp(path, "a.pdf", copy, StampWish(FACTS)) for one, copy in zip(stampers, copies, strict=True)]
    assert made[0] == made[1]
    assert made[0].made
    assert copies[0].read_bytes() == copies[1].read_bytes()
    with pytest.raises(FileNotFoundError):
        StamperApart().examine(tmp_path / "none.pdf", "a.pdf", None)
