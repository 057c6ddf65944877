"""Looking at what files say of their own length: whatever they say, it is refused in words or passes."""

from __future__ import annotations

import random
import struct
import tempfile
from pathlib import Path

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.errands.whole import check_open
from tests.support import samples


def looked_at(name: str, data: bytes) -> Code | None:
    """What it is refused for."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            check_open(name, file.fileno())
        except Refused as refused:
            return refused.code
    return None


def test_an_archive_whose_list_is_said_to_be_nowhere_is_looked_at_no_further() -> None:
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 2**64 - 1, 1)
    whole = samples.zipped({"one.txt": "words"})
    end = whole.rindex(b"PK\5\6")
    assert looked_at("a.zip", whole) is None
    assert looked_at("a.zip", whole[:end] + locator + whole[end:]) is None


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_in_it_a_file_passes_or_is_refused_in_words(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    film = struct.pack(">I4s8sI4sQ", 16, b"ftyp", b"isom\0\0\2\0", 1, b"mdat", 2**63)
    whole = {
        "a.zip": samples.zipped({"one.txt": "words"}, {"two.txt": "one.txt"}),
        "a.wav": samples.wav(tmp_path / "a.wav").read_bytes(),
        "a.mp3": samples.music(tmp_path / "a.mp3").read_bytes(),
        "a.pdf": samples.pdf(),
        "a.png": samples.png(),
        "a.jpg": samples.photo(),
        "a.mp4": film,
        "a.flac": b"fLaC\0\0\0\x22" + draw.randbytes(60),
        "a.ogg": b"OggS\0\2" + draw.randbytes(60),
        "a.tif": b"II*\0\x08\0\0\0" + draw.randbytes(60),
    }
    for _ in range(300):
        name = draw.choice(list(whole))
        data = bytearray(whole[name] + draw.randbytes(draw.randrange(80)))
        for _ in range(draw.randrange(1, 12)):
            data[draw.randrange(4, len(data))] = draw.choice([0, 1, 0x7F, 0x80, 0xFF])
        looked_at(name, bytes(data[: draw.randrange(8, len(data) + 1)]))
