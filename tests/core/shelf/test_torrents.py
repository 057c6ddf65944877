"""Torrents, held to libtorrent: it makes the same info dictionary of the same files, and reads ours."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.shelf.bencode import decode
from headwaters.core.shelf.torrents import (
    LARGEST_PIECE,
    MOST_PIECES,
    SMALLEST_PIECE,
    Pieces,
    TorrentFile,
    folder_name,
    info_dict,
    infohash,
    magnet,
    piece_length,
    stands_alone,
    torrent_file,
)

KEY = "https://shop.example/d/aaaa/"


def made_by_libtorrent(root: Path, length: int) -> bytes:
    """The info dictionary of what is at `root`, v1."""
    files = libtorrent.list_files(str(root))
    maker = libtorrent.create_torrent(files, length, libtorrent.create_torrent.v1_only)
    libtorrent.set_piece_hashes(maker, str(root.parent))
    info: bytes = libtorrent.bencode(maker.generate()[b"info"])
    return info


def ours(root: Path, names: list[str], length: int) -> bytes:
    pieces, files = Pieces(length), []
    for name in names:
        path = root if root.is_file() else root / name
        pieces.add(path.read_bytes())
        files.append(TorrentFile(name, path.stat().st_size))
    return info_dict(root.name, files, length, pieces.done())


@pytest.mark.parametrize("size", [1, SMALLEST_PIECE - 1, SMALLEST_PIECE, SMALLEST_PIECE + 1, 3 * SMALLEST_PIECE + 7])
def test_a_single_file_is_as_libtorrent_makes_it(tmp_path: Path, size: int) -> None:
    film = tmp_path / "Höhe & Wasser.mp4"
    film.write_bytes(os.urandom(size))
    assert ours(film, [film.name], SMALLEST_PIECE) == made_by_libtorrent(film, SMALLEST_PIECE)


def test_many_files_are_as_libtorrent_makes_them(tmp_path: Path) -> None:
    root = tmp_path / "river-songs"
    contents = {"Disc 1/01 Rain.flac": 100_000, "Disc 1/02 雨.flac": 70_000, "Notes.pdf": 1, "cover.jpg": 65_536}
    for name, size in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.urandom(size))
    made = decode(made_by_libtorrent(root, SMALLEST_PIECE))
    assert isinstance(made, dict)
    names = ["/".join(part.decode() for part in file[b"path"]) for file in made[b"files"]]  # type: ignore
    assert sorted(names) == sorted(contents)
    assert decode(ours(root, names, SMALLEST_PIECE)) == made


def test_libtorrent_reads_the_whole_of_it() -> None:
    files = [TorrentFile("Disc 1/01 Rain.flac", 100_000), TorrentFile("Notes.pdf", 5)]
    info = info_dict("river-songs", files, SMALLEST_PIECE, bytes(40))
    data = torrent_file(info, [KEY + "seed/1/"], "https://shop.example/w/river-songs")
    read = libtorrent.torrent_info(data)
    assert str(read.info_hash()) == infohash(info) == hashlib.sha1(info).hexdigest()
    assert (read.name(), read.total_size(), read.num_pieces()) == ("river-songs", 100_005, 2)
    assert not read.priv()
    params = libtorrent.load_torrent_buffer(data)
    assert (params.trackers, params.url_seeds) == ([], [KEY + "seed/1/"])


def test_around_the_same_dictionary_goes_what_is_each_holders_own() -> None:
    info = info_dict("x", [TorrentFile("a.mp4", 3)], SMALLEST_PIECE, bytes(20))
    assert decode(info) == {b"length": 3, b"name": b"a.mp4", b"piece length": SMALLEST_PIECE, b"pieces": bytes(20)}
    one, other = (torrent_file(info, [f"https://shop.example/d/{key}/r/a.mp4"], "") for key in ("a", "b"))
    assert one != other
    assert libtorrent.torrent_info(one).info_hash() == libtorrent.torrent_info(other).info_hash()
    assert b"https" not in info


def test_a_magnet_link_says_what_libtorrent_wants_to_know() -> None:
    link = magnet("a" * 40, "Höhe & Wasser.mp4", 5_000_000_000, [KEY + "r/x%20y.mp4"], KEY + "all.torrent")
    found = libtorrent.parse_magnet_uri(link)
    assert str(found.info_hashes.v1) == "a" * 40
    assert found.name == "Höhe & Wasser.mp4"
    assert found.url_seeds == [KEY + "r/x%20y.mp4"]
    said = dict(parse_qsl(urlsplit(link).query))
    assert (said["xl"], said["xs"]) == ("5000000000", KEY + "all.torrent")
    assert link.isascii()


@given(st.lists(st.binary(max_size=300), max_size=12), st.integers(1, 64))
def test_pieces_do_not_depend_on_how_the_bytes_come(parts: list[bytes], length: int) -> None:
    whole = b"".join(parts)
    pieces = Pieces(length)
    for part in parts:
        pieces.add(part)
    cut = [whole[start : start + length] for start in range(0, len(whole), length)]
    assert pieces.done() == b"".join(hashlib.sha1(piece).digest() for piece in cut)


@given(st.integers(0, 2**42))
def test_pieces_are_few_and_never_too_long(size: int) -> None:
    length = piece_length(size)
    assert SMALLEST_PIECE <= length <= LARGEST_PIECE
    assert length & (length - 1) == 0
    assert size <= length * MOST_PIECES or length == LARGEST_PIECE
    assert length == SMALLEST_PIECE or size > length // 2 * MOST_PIECES


def test_each_edition_has_a_folder_of_its_own() -> None:
    assert [folder_name("high-water", number) for number in (1, 2, 11)] == [
        "high-water",
        "high-water-edition-2",
        "high-water-edition-11",
    ]


def test_a_file_in_a_folder_does_not_stand_alone() -> None:
    assert stands_alone(["a.mp4"])
    assert not stands_alone(["film/a.mp4"])
    assert not stands_alone(["a.mp4", "b.mp4"])
    assert not stands_alone([])
    alone = decode(info_dict("film", [TorrentFile("Part 1/a.mp4", 1)], SMALLEST_PIECE, bytes(20)))
    assert isinstance(alone, dict)
    assert (alone[b"name"], alone[b"files"]) == (b"film", [{b"length": 1, b"path": [b"Part 1", b"a.mp4"]}])
