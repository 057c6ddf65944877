"""Readers that download, in processes of their own: as fast as they can, or as slowly as a poor line; and one who
looks at a page meanwhile. `python -m bench.readers KIND PORT PATH …` prints one JSON object.
"""

from __future__ import annotations

import heapq
import http.client
import json
import selectors
import socket
import sys
import time
from collections.abc import Callable, Mapping

SLOW_RATE = 20_000  # bytes a second
CONNECT_RATE = 400  # new slow readers a second
SILENT_RATE = 2000  # new connections that say nothing, a second
LOOKS = 50  # looks at the page in a second


def _ask(port: int, path: str, start: int, length: int) -> socket.socket:
    """A connection that asked for `length` bytes from `start` and will be closed behind them."""
    connection = socket.create_connection(("127.0.0.1", port))
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
    connection.sendall(f"{head}Range: bytes={start}-{start + length - 1}\r\n\r\n".encode())
    connection.setblocking(False)
    return connection


def fast(port: int, path: str, readers: int, each: int, size: int) -> Mapping[str, float]:
    """`readers` at once take `each` bytes of the `size`, from different places. Says bytes (heads too) and seconds."""
    buffer = bytearray(1 << 20)
    done = 0
    with selectors.DefaultSelector() as waiting:
        begin = time.perf_counter()
        for number in range(readers):
            start = (size - each) * number // max(readers - 1, 1)
            waiting.register(_ask(port, path, start, each), selectors.EVENT_READ)
        while waiting.get_map():
            for ready, _ in waiting.select():
                connection = ready.fileobj
                assert isinstance(connection, socket.socket)
                count = connection.recv_into(buffer)
                done += count
                if not count:
                    waiting.unregister(connection)
                    connection.close()
        seconds = time.perf_counter() - begin
    if not 0 <= done - readers * each < readers * 2000:
        raise RuntimeError(f"{done} bytes came instead of {readers * each}")
    return {"bytes": done, "seconds": seconds}


def slow(port: int, path: str, readers: int, seconds: int) -> Mapping[str, float]:
    """`readers` come one after the other, each reading SLOW_RATE; `seconds` after the last, says what arrived.

    Then waits for a line on stdin (whoever measures looks at the server first) before all hang up.
    """
    buffer = memoryview(bytearray(SLOW_RATE))
    begin = time.monotonic()
    turns: list[tuple[float, int, socket.socket]] = []  # when to read next, a number, who
    coming, arrived, counted = 0, 0, 0.0
    end = float("inf")
    while (now := time.monotonic()) < end:
        if coming < readers and now >= begin + coming / CONNECT_RATE:
            heapq.heappush(turns, (now + 1, coming, _ask(port, path, 0, 1 << 29)))
            coming += 1
            if coming == readers:
                counted, end, arrived = now + 2, now + 2 + seconds, 0
        elif turns and now >= turns[0][0]:
            due, number, connection = turns[0]
            heapq.heapreplace(turns, (max(due + 1, now), number, connection))
            count = _read(connection, buffer)
            arrived += count if now >= counted > 0 else 0
        else:
            time.sleep(0.001)
    print(json.dumps({"rate": arrived / readers / seconds, "all_there": counted}), flush=True)
    sys.stdin.readline()
    return {}


def _read(connection: socket.socket, buffer: memoryview) -> int:
    try:
        return connection.recv_into(buffer)
    except BlockingIOError:
        return 0


def silent(port: int, path: str, readers: int, seconds: int) -> Mapping[str, float]:
    """`readers` connect one after the other and say nothing; `seconds` after the last, says when that came.

    Then waits for a line on stdin.
    """
    begin, crowd = time.monotonic(), []
    for number in range(readers):
        time.sleep(max(0.0, begin + number / SILENT_RATE - time.monotonic()))
        crowd.append(socket.create_connection(("127.0.0.1", port)))
    there = time.monotonic()
    time.sleep(seconds)
    print(json.dumps({"all_there": there}), flush=True)
    sys.stdin.readline()
    return {}


def page(port: int, path: str) -> Mapping[str, object]:
    """Look at a page again and again until stdin ends; when each look began, and its milliseconds."""
    taken: list[tuple[float, float]] = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with selectors.DefaultSelector() as end:
        end.register(sys.stdin, selectors.EVENT_READ)
        while not end.select(1 / LOOKS):
            begin = time.monotonic()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            taken.append((begin, (time.monotonic() - begin) * 1000))
            if answer.status != 200:
                raise RuntimeError(f"the page answered {answer.status}")
    return {"looks": taken}


_KINDS: Mapping[str, Callable[..., Mapping[str, object]]] = {
    "fast": fast,
    "slow": slow,
    "silent": silent,
    "page": page,
}

if __name__ == "__main__":
    kind, port, path, *numbers = sys.argv[1:]
    if said := _KINDS[kind](int(port), path, *map(int, numbers)):
        print(json.dumps(said), flush=True)
