"""A shop's files move to a store and back while it serves; the one who moves them is killed in the middle of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen

from headwaters.config import load_config
from headwaters.errands import storage
from headwaters.wiring import furnish, read_clock
from tests.support.s3 import Account, Swift
from tests.support.served import COMMAND, Served, ServeShop, environment, headwaters
from tests.support.shop import taken, twin_of

LARGE = 17_000_000  # bytes: more than one part of an upload
SMALL = 300_000
FILES = 5  # the last of them large


@dataclass
class Reader(threading.Thread):
    """Takes every file again and again, and holds it to its SHA-256."""

    files: dict[str, str]  # address → SHA-256
    over: threading.Event = field(default_factory=threading.Event)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        for address in cycle(self.files):
            self.take(address)
            if self.over.wait(0.2):
                return

    def take_all(self) -> None:
        for address in self.files:
            self.take(address)

    def take(self, address: str) -> None:
        try:
            with urlopen(address, timeout=60) as answer:
                if hashlib.file_digest(answer, "sha256").hexdigest() != self.files[address]:
                    self.wrong.append("other bytes")
        except OSError as error:
            self.wrong.append(repr(error))


@contextmanager
def reading(files: dict[str, str]) -> Iterator[Reader]:
    reader = Reader(files)
    reader.start()
    try:
        yield reader
    finally:
        reader.over.set()
        reader.join()
    assert reader.wrong == []


NEWS = 2.0  # seconds in which a serving shop hears where files are now; what they left stays for a day


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_shop(folder: Path, bucket: Account) -> Path:
    """A shop that knows of the bucket, with a work of several files."""
    shop, work = folder / "shop", folder / "Parts"
    work.mkdir()
    assert headwaters("init", shop, "--name", "Alice").code == 0
    assert headwaters("settings", "colophon", "off", "--shop", shop).code == 0
    for number in range(FILES):
        is_last = number == FILES - 1
        path = work / f"Part {number}.zip"
        while not path.exists() or (sha256(path) > "8") is not is_last:  # they move in the order of their SHA-256
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("raw", os.urandom(LARGE if is_last else SMALL))
    done = headwaters("publish", work, "--shop", shop, "--i-made-this")
    assert done.code == 0, done.err
    names = ("endpoint", "bucket", "key_id", "secret", "addressing")
    lines = ["[s3]", *(f'{name} = "{getattr(bucket, name)}"' for name in names)]
    (shop / "headwaters.toml").write_text("\n".join(lines), encoding="utf-8")
    return shop


def addresses(served: Served) -> dict[str, str]:
    """Of all files, with what their SHA-256 is."""
    order = taken(served, "parts")
    files = twin_of(order).raw["works"][0]["editions"][-1]["files"]
    return {urljoin(order, file["url"]): file["sha256"] for file in files}


def count_at(shop: Path, place: str) -> int:
    """How many files the database says are in a place."""
    with closing(sqlite3.connect(f"file:{shop / 'headwaters.db'}?mode=ro", uri=True)) as database:
        found: int = database.execute("SELECT count(*) FROM blobs WHERE place = ?", [place]).fetchone()[0]
        return found


def kill_in_the_middle(shop: Path, place: str, is_at_one: Callable[[], bool]) -> None:
    """Move, and die when some are there and another is on its way. It stands still while that is looked at."""
    command = [*COMMAND, "storage", "move", place, "--shop", str(shop)]
    process = subprocess.Popen(command, env=environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    try:
        while not (count_at(shop, place) and is_at_one()):
            process.send_signal(signal.SIGCONT)
            time.sleep(0.005)
            assert process.poll() is None, "it ended before it could be killed"
            process.send_signal(signal.SIGSTOP)
            assert time.monotonic() < deadline
    finally:
        process.kill()
        process.communicate()


async def sweep_later(shop: Path) -> storage.Cleared:
    """`headwaters storage sweep` in two days."""
    async with furnish(load_config(shop, {})) as house:
        house.clock = lambda: read_clock() + timedelta(days=2)
        return await storage.clear_all(house)


def test_a_move_that_is_killed_goes_on_and_leaves_nothing_behind(
    tmp_path: Path, swift: Swift, bucket: Account, serve_shop: ServeShop
) -> None:
    shop = make_shop(tmp_path, bucket)
    served, kept = serve_shop(shop), shop / "files"

    def uploads() -> int:
        listed = swift.ask(bucket, lambda client: client.list_multipart_uploads(Bucket=bucket.bucket))
        return len(listed.get("Uploads", ()))

    def copies() -> list[Path]:
        aside = {"incoming", "again"}  # half files, and marks of what was kept twice
        return [path for path in kept.rglob("*") if path.is_file() and not aside & set(path.parts)]

    def begun() -> list[Path]:
        """What is half here."""
        return [path for folder in (kept, shop) for path in (folder / "incoming").rglob("*") if path.is_file()]

    with reading(addresses(served)) as reader:
        total = len(copies())
        kill_in_the_middle(shop, "s3", lambda: uploads() > 0)
        assert 0 < count_at(shop, "s3") < total
        reader.take_all()
        done = headwaters("storage", "move", "s3", "--shop", shop, "--json")
        assert (done.code, json.loads(done.out)["failed"]) == (0, [])
        assert count_at(shop, "s3") == total
        time.sleep(NEWS)
        reader.take_all()
        cleared = asyncio.run(sweep_later(shop))
        assert (cleared.left_behind, cleared.unknown, cleared.not_ours) == (total, 0, ())
        assert (copies(), begun(), uploads()) == ([], [], 0)
        reader.take_all()

        kill_in_the_middle(shop, "local", lambda: bool(begun()))
        assert len(begun()) == 1
        assert 0 < count_at(shop, "local") < total
        reader.take_all()
        done = headwaters("storage", "move", "local", "--shop", shop, "--json")
        assert (done.code, json.loads(done.out)["failed"]) == (0, [])
        time.sleep(NEWS)
        reader.take_all()
        asyncio.run(sweep_later(shop))
        assert (count_at(shop, "local"), len(copies()), begun(), uploads()) == (total, total, [], 0)
        assert swift.keys(bucket) == ["headwaters-shop"]
        reader.take_all()
    assert "Traceback" not in served.log
