"""The fast lane: the right bytes to the right reader, whoever stalls, goes or is taken off in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwaters.web import lane
from headwaters.web.lane import FastLane

SIZE = 24 << 20
CONTENT = os.urandom(1 << 20) * 24


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@contextlib.contextmanager
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """(ours, the reader's), over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def read_all(theirs: socket.socket, length: int) -> str:
    digest, left = hashlib.sha256(), length
    while left:
        data = theirs.recv(min(left, 1 << 20))
        if not data:
            return "it ended early"
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()


def names_of(connected: socket.socket) -> int:
    """How many descriptors of this process lead to one socket."""
    this = os.fstat(connected.fileno()).st_ino
    count = 0
    for name in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += name.stat().st_ino == this
    return count


async def test_many_at_once_get_each_their_own(file: int) -> None:
    fast = FastLane()

    async def one(number: int) -> None:
        offset = number * 1_000_003
        length = SIZE - offset
        with connection() as (ours, theirs):
            read = asyncio.create_task(asyncio.to_thread(read_all, theirs, length))
            assert await fast.send(ours.fileno(), file, offset, length, 1) == length
            assert await read == hashlib.sha256(CONTENT[offset:]).hexdigest()
            assert names_of(ours) == 1

    await asyncio.gather(*map(one, range(10)))
    assert [thread.name for thread in threading.enumerate()].count("fast lane") >= 1


async def test_who_stalls_comes_back_with_what_went_and_can_go_on(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "LOOK", 0.05)
    fast = FastLane()
    with connection() as (ours, theirs):
        sent = await fast.send(ours.fileno(), file, 0, SIZE, 1e6)
        assert 0 < sent < SIZE
        assert names_of(ours) == 1
        read = asyncio.create_task(asyncio.to_thread(read_all, theirs, SIZE))
        assert await fast.send(ours.fileno(), file, sent, SIZE - sent, 1) == SIZE - sent
        assert await read == hashlib.sha256(CONTENT).hexdigest()


async def test_who_is_taken_off_in_the_middle_gets_no_byte_more(file: int) -> None:
    fast = FastLane()
    with connection() as (ours, theirs):
        ride = asyncio.create_task(fast.send(ours.fileno(), file, 0, SIZE, 0))
        await asyncio.to_thread(theirs.recv, 1)
        ride.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ride
        assert names_of(ours) == 1
        ours.shutdown(socket.SHUT_WR)
        rest = await asyncio.to_thread(lambda: b"".join(iter(lambda: theirs.recv(1 << 20), b"")))
        assert len(rest) < SIZE - 1
        assert CONTENT[1:].startswith(rest)


async def test_a_reader_who_goes_is_an_error(file: int) -> None:
    fast = FastLane()
    with connection() as (ours, theirs):
        ride = asyncio.create_task(fast.send(ours.fileno(), file, 0, SIZE, 0))
        await asyncio.to_thread(theirs.recv, 1)
        theirs.close()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ride, 20)
        assert names_of(ours) == 1


async def test_a_file_that_is_shorter_than_it_was_is_an_error(file: int) -> None:
    fast = FastLane()
    with connection() as (ours, theirs):
        read = asyncio.create_task(asyncio.to_thread(read_all, theirs, 1000))
        with pytest.raises(OSError, match="shorter"):
            await asyncio.wait_for(fast.send(ours.fileno(), file, SIZE - 1000, 2000, 0), 20)
        assert await read == hashlib.sha256(CONTENT[-1000:]).hexdigest()


async def test_where_no_more_files_may_be_open_nothing_goes_this_way(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(descriptor: int) -> int:
        raise OSError(errno.EMFILE, "too many")

    with connection() as (ours, _), monkeypatch.context() as patch:
        patch.setattr(os, "dup", cannot)
        assert await FastLane().send(ours.fileno(), file, 0, SIZE, 0) == 0


async def test_a_lane_goes_on_in_another_loop_and_after_one_that_closed(file: int) -> None:
    fast = FastLane()

    def elsewhere() -> int:
        with connection() as (ours, theirs):
            reading = threading.Thread(target=read_all, args=(theirs, SIZE))
            reading.start()
            sent = asyncio.run(fast.send(ours.fileno(), file, 0, SIZE, 0))
            reading.join()
            return sent

    assert [await asyncio.to_thread(elsewhere) for _ in range(2)] == [SIZE, SIZE]
