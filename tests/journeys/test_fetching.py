"""Bob fetches with Metalink and BitTorrent: from the shop alone, cut off and resumed; and wrong bytes are refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import libtorrent
import pytest

from headwaters.config import load_config
from headwaters.wiring import furnish
from tests.support.addresses import free_port
from tests.support.fetching import make_torrents
from tests.support.network import MARK
from tests.support.served import Served
from tests.support.shop import in_a_thread, make_alices_shop, taken, twin_of
from tests.support.wire import Wire

KB = 1 << 10
MB = 1 << 20
SONGS = {
    "Disc 1/01 Rain & wind.zip": 1_300_000,
    "Disc 1/02 雨の川 [live] (50%) #2.zip": 700_000,
    "Disc 2/01 Höhe+Wasser = eins.zip": 900_000,
    "Words; and more, ‘quoted’.txt": 17,
}

pytestmark = [pytest.mark.needs("aria2c", "transmission")]


@dataclass(frozen=True)
class Work:
    """A work of Alice's: what its files are, and what fetches them."""

    way: str  # the beginning of its addresses
    folder: str  # what a torrent puts around its files; empty for one that stands alone
    files: dict[str, str]  # name → SHA-256

    def torrent(self) -> bytes:
        with urlopen(f"{self.way}/all.torrent") as answer:
            data: bytes = answer.read()
            return data

    def is_whole(self, place: Path) -> bool:
        """Whether all files are below `place`, as they should be."""
        root = place / self.folder
        return all((root / name).is_file() and sha256(root / name) == digest for name, digest in self.files.items())


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_work(folder: Path, contents: dict[str, int], **more: str) -> None:
    for name, size in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("raw", os.urandom(size))
        else:
            path.write_bytes(b"words\n" * size)
    told = {"title": folder.name, "rights": "own", **more}
    lines = [f"{key} = {json.dumps(value) if not value.startswith('[') else value}" for key, value in told.items()]
    (folder / "work.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice's shop: a film in one file, songs in folders, and a free zine."""
    root = tmp_path_factory.mktemp("alice")
    write_work(root / "High Water", {"High Water, the film.zip": 5 * MB + 12_345})
    write_work(root / "River Songs", SONGS)
    write_work(root / "Zine", {"Zine 1.zip": 300_000, "Zine 2.zip": 5}, doors='["cant_pay", "have_copy"]')
    folder = make_alices_shop(root / "shop", [root / "High Water", root / "River Songs", root / "Zine"])

    async def make() -> None:
        async with furnish(load_config(folder, {})) as house:
            await make_torrents(house)

    in_a_thread(make)
    served = Served(folder).start()
    yield served
    if served.process:
        served.kill()
    assert MARK not in served.log


def work_of(shop: Served, slug: str) -> Work:
    twin = twin_of(taken(shop, slug))
    way = twin.archive.rpartition("/")[0]
    files = {file["name"]: file["sha256"] for file in twin.files}
    return Work(way, "" if len(files) == 1 else slug, files)


@pytest.fixture(scope="module")
def film(shop: Served) -> Work:
    return work_of(shop, "high-water")


@pytest.fixture(scope="module")
def songs(shop: Served) -> Work:
    return work_of(shop, "river-songs")


def by_way_of(wire: Wire, torrent: bytes) -> bytes:
    """A torrent whose web seed is reached over a bad line."""
    told = libtorrent.bdecode(torrent)
    told[b"url-list"] = [wire.address(url.decode()).encode() for url in told[b"url-list"]]
    data: bytes = libtorrent.bencode(told)
    return data


# ── three clients of torrents ────────────────────────────────────────────────────────────────────


class Client:
    """A program that fetches `torrent` into `place`; it is given up by `stop`, and goes on when it is made again."""

    def __init__(self, torrent: Path, place: Path) -> None:
        self.torrent, self.place = torrent, place
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        raise NotImplementedError

    def run(self, *command: str | Path) -> None:
        home = {**os.environ, "HOME": str(self.place), "TR_CURL_VERBOSE": ""}
        self.process = subprocess.Popen(
            list(command), cwd=self.place, env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def refused(self, wire: Wire) -> bool:
        """Whether it had enough time to find out that `wire` brings wrong bytes: it asks for them again."""
        return len(wire.requests) >= 3

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


class Transmission(Client):
    def start(self) -> None:
        config = self.place / ".config-of-transmission"
        config.mkdir(exist_ok=True)
        off = ("dht-enabled", "lpd-enabled", "pex-enabled", "utp-enabled", "port-forwarding-enabled")
        settings = {**dict.fromkeys(off, False), "bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1"}
        settings |= {"peer-port-random-on-start": True, "preallocation": 0}
        (config / "settings.json").write_text(json.dumps(settings))
        self.run("transmission-cli", "-M", "-g", config, "-w", self.place, self.torrent)


class Aria2(Client):
    def start(self) -> None:
        off = [f"--{name}=false" for name in ("enable-dht", "enable-dht6", "bt-enable-lpd", "enable-peer-exchange")]
        more = [
            "--seed-time=0",
            "--max-overall-download-limit=4M",
            "--file-allocation=none",
            "--auto-save-interval=1",
            "--retry-wait=1",
            "-c",
            "-q",
        ]
        self.run("aria2c", "--no-conf", *off, *more, "--max-tries=0", "-d", self.place, self.torrent)


class Libtorrent(Client):
    def start(self) -> None:
        off = ("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp", "ssrf_mitigation")
        self.session = libtorrent.session(
            {**dict.fromkeys(off, False), "listen_interfaces": "127.0.0.1:0", "urlseed_wait_retry": 1}
        )
        params = libtorrent.load_torrent_file(str(self.torrent))
        params.save_path = str(self.place)
        self.handle = self.session.add_torrent(params)

    def refused(self, wire: Wire) -> bool:
        """It asks nobody again who brought wrong bytes."""
        return bool(self.handle.status().total_failed_bytes)

    def stop(self) -> None:
        self.session.pause()
        with suppress(RuntimeError):  # it was removed before
            self.session.remove_torrent(self.handle)


CLIENTS: dict[str, type[Client]] = {"transmission": Transmission, "aria2": Aria2, "libtorrent": Libtorrent}
MakeClient = Callable[[bytes], Client]


@pytest.fixture(params=CLIENTS)
def fetch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeClient]:
    """`fetch(torrent)`: a client that fetches it below `tmp_path / "got"`."""
    place = tmp_path / "got"
    place.mkdir()
    made: list[Client] = []

    def make(torrent: bytes) -> Client:
        path = tmp_path / f"{len(made)}.torrent"
        path.write_bytes(torrent)
        made.append(CLIENTS[request.param](path, place))
        return made[-1]

    yield make
    for client in made:
        client.stop()


def until(done: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it came to be in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("slug", ["high-water", "river-songs"])
def test_a_torrent_is_completed_from_the_shop_alone(shop: Served, fetch: MakeClient, slug: str) -> None:
    work = work_of(shop, slug)
    client = fetch(work.torrent())
    assert until(lambda: work.is_whole(client.place))


def test_a_free_work_is_completed_from_its_public_address(shop: Served, fetch: MakeClient) -> None:
    work = work_of(shop, "zine")
    free = Work(f"{shop.url}/w/zine/get", "zine", work.files)
    client = fetch(free.torrent())
    assert until(lambda: free.is_whole(client.place))


def test_a_client_that_was_killed_goes_on_over_a_line_that_breaks(shop: Served, film: Work, fetch: MakeClient) -> None:
    with Wire(shop.port, cuts=[300_000] * 6).up() as wire:
        torrent = by_way_of(wire, film.torrent())
        client = fetch(torrent)
        assert until(lambda: len(wire.requests) >= 2)
        client.stop()
        assert not film.is_whole(client.place)
        again = type(client)(client.torrent, client.place)
        try:
            assert until(lambda: film.is_whole(client.place))
        finally:
            again.stop()
        assert any(asked.startswith("bytes=") and not asked.startswith("bytes=0-") for asked in wire.ranges)


def test_a_seed_with_wrong_bytes_is_refused(shop: Served, songs: Work, film: Work, fetch: MakeClient) -> None:
    """Where the film should be, the line flips a bit of every answer."""
    with Wire(shop.port, flip=30_000).up() as wire:
        client = fetch(by_way_of(wire, film.torrent()))
        assert until(lambda: client.refused(wire))
        assert not film.is_whole(client.place)


# ── Metalink ─────────────────────────────────────────────────────────────────────────────────────


def aria2(folder: Path, text: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Have aria2 fetch by a Metalink."""
    (folder / "x.meta4").write_text(text, encoding="utf-8")
    command = ["aria2c", "--no-conf", "--file-allocation=none", "--retry-wait=0", "-c", *more, "-M", "x.meta4"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    for path in folder.rglob("*&#38;*"):  # aria2 1.36 leaves an ampersand in a name as its XML parser wrote it down
        path.rename(path.with_name(path.name.replace("&#38;", "&")))
    return done


def read(address: str) -> str:
    with urlopen(address) as answer:
        text: str = answer.read().decode()
        return text


def test_aria2_takes_a_whole_work_by_its_metalink_and_sha256sum_agrees(songs: Work, tmp_path: Path) -> None:
    done = aria2(tmp_path, read(f"{songs.way}/all.meta4"))
    assert done.returncode == 0, done.stdout
    assert Work("", "", songs.files).is_whole(tmp_path)
    (tmp_path / "SHA256SUMS").write_text(read(f"{songs.way}/SHA256SUMS"), encoding="utf-8")
    check = ["sha256sum", "-c", "--strict", "SHA256SUMS"]
    summed = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert (summed.returncode, summed.stdout.count(": OK\n")) == (0, len(SONGS)), summed.stderr
    (tmp_path / "Disc 1/01 Rain & wind.zip").write_bytes(b"other bytes")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode == 1


def test_aria2_goes_on_after_breaks(shop: Served, film: Work, tmp_path: Path) -> None:
    with Wire(shop.port, cuts=[MB, 2 * MB, MB]).up() as wire:
        done = aria2(tmp_path, wire.address(read(f"{film.way}/all.meta4")), "--max-tries=9")
        assert done.returncode == 0, done.stdout
        assert len(wire.ranges) > 2
    assert Work("", "", film.files).is_whole(tmp_path)


def test_aria2_refuses_wrong_bytes(shop: Served, film: Work, tmp_path: Path) -> None:
    with Wire(shop.port, flip=3 * MB).up() as wire:
        done = aria2(tmp_path, wire.address(read(f"{film.way}/all.meta4")))
    assert done.returncode == 32, "aria2's number for a checksum that is wrong"


def test_aria2_refuses_another_file(film: Work, tmp_path: Path) -> None:
    """Already by what the shop says of it."""
    (digest,) = film.files.values()
    done = aria2(tmp_path, read(f"{film.way}/all.meta4").replace(digest, hashlib.sha256(b"another film").hexdigest()))
    assert done.returncode != 0
    assert "Invalid hash found in Digest header field" in done.stdout


def test_aria2_takes_a_file_from_a_mirror_when_the_shop_has_gone(film: Work, tmp_path: Path) -> None:
    """The shop is down; another address of the same Metalink is not (here: the shop itself, by its right port)."""
    text = read(f"{film.way}/all.meta4")
    (url,) = re.findall('<url priority="1">(.*)</url>', text)
    gone = re.sub(r":[0-9]+/", f":{free_port()}/", url, count=1)
    both = f'<url priority="1">{gone}</url><url priority="2">{url}</url>'
    done = aria2(tmp_path, re.sub("<url .*</url>", both, text), "--max-tries=2")
    assert done.returncode == 0, done.stdout
    assert Work("", "", film.files).is_whole(tmp_path)
