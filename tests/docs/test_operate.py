"""The files that docs/operate hands out, tried: Caddy in front of a real shop, and the unit as systemd reads it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headwaters.errands import uploads
from tests.support import proxies
from tests.support.addresses import free_port
from tests.support.proxies import OPERATE
from tests.support.served import ServeShop, headwaters
from tests.support.uploads import ADDRESS, BYTES, Desk, in_house, metadata, open_desk


@contextmanager
def caddy(folder: Path, backend: int) -> Iterator[int]:
    """Caddy with the documented file; the port of its TLS."""
    text = (OPERATE / "Caddyfile").read_text(encoding="utf-8")
    with proxies.caddy(folder, text.replace("127.0.0.1:8000", f"127.0.0.1:{backend}")) as port:
        yield port


def curl(*arguments: str) -> bytes:
    done = subprocess.run(["curl", "-sSk", *arguments], capture_output=True, check=True, timeout=30)
    return done.stdout


@pytest.mark.needs("caddy", "curl")
def test_downloads_keep_their_ranges_and_etags_behind_the_documented_caddyfile(tmp_path: Path, serve_shop: ServeShop):
    shop = tmp_path / "shop"
    book = tmp_path / "book.txt"
    book.write_bytes(b"".join(b"%07d\n" % line for line in range(40_000)))
    assert headwaters("init", shop, "--name", "Alice").code == 0
    assert headwaters("publish", book, "--shop", shop, "--i-made-this").code == 0
    served = serve_shop(shop, {"HEADWATERS_PROXIES": "127.0.0.1"})
    with caddy(tmp_path, served.port) as port:
        base = f"https://localhost:{port}"
        form = "door=cant_pay&nonce=behind-caddy-0001"
        taken = curl("-o", "/dev/null", "-w", "%{redirect_url}", "-d", form, f"{base}/w/book/take").decode()
        assert taken.startswith(f"{base}/o/")
        (work,) = json.loads(curl(f"{taken}.json"))["works"]
        file = work["editions"][0]["files"][0]
        address = base + file["url"].removeprefix(served.url)
        whole, head = curl("--compressed", address), curl("-I", "-H", "Accept-Encoding: gzip", address).decode()
        assert hashlib.sha256(whole).hexdigest() == file["sha256"]
        assert f'"{file["sha256"][:32]}"' in head
        assert "content-encoding: identity" in head.lower(), "a word to proxies that would pack it"
        assert curl("-r", "100-199", address) == whole[100:200]
        assert curl("-r", "-8", address) == b"0039999\n"


@contextmanager
def nginx(folder: Path, backend: int) -> Iterator[int]:
    """nginx with the documented location; its port."""
    port = free_port()
    text = (OPERATE / "README.md").read_text(encoding="utf-8")
    location = text.partition("```nginx\n")[2].partition("```")[0]
    location = proxies.replaced(location, shop=("127.0.0.1:8000", f"127.0.0.1:{backend}"))
    with proxies.nginx(folder, port, f"server {{ listen 127.0.0.1:{port};\n{location} }}"):
        yield port


def send(port: int, scheme: str, desk: Desk, film: Path) -> None:
    """Half of a film in one request over a line that breaks, and the rest of it in another."""
    base = [f"-HCookie: {desk.headers['Cookie']}", f"-HX-Studio-Token: {desk.headers['X-Studio-Token']}"]
    base += ["-HTus-Resumable: 1.0.0", "-HExpect:"]
    size, begin = film.stat().st_size, f"{scheme}://localhost:{port}{ADDRESS}"
    said = metadata(draft=desk.draft, filename=f"{scheme}.zip")
    head = curl(*base, "-i", "-X", "POST", f"-HUpload-Length: {size}", f"-HUpload-Metadata: {said}", begin).decode()
    assert " 201" in head.splitlines()[0], head
    (place,) = [line.split(": ")[1].strip() for line in head.splitlines() if line.lower().startswith("location:")]
    upload = f"{scheme}://localhost:{port}{place}"
    piece = [*base, f"-HContent-Type: {BYTES}", "-X", "PATCH"]
    slow = ["-HUpload-Offset: 0", "--data-binary", f"@{film}", "--limit-rate", "20M", "--max-time", "1", upload]
    subprocess.run(["curl", "-sSk", *piece, *slow], capture_output=True, check=False, timeout=30)
    rest, first = film.with_name("rest"), 0
    for _ in range(50):  # the proxy may still be handing over what it has of the first request
        time.sleep(0.2)
        offset = int(curl(*base, "-I", upload).decode().lower().partition("upload-offset: ")[2].split()[0])
        if not offset:
            continue
        first = first or offset
        rest.write_bytes(film.read_bytes()[offset:])
        code = curl(*piece, "-w", "%{http_code}", f"-HUpload-Offset: {offset}", "--data-binary", f"@{rest}", upload)
        if code == b"204":
            break
    assert 0 < first < size, "nothing of a request that broke off was kept"
    assert code == b"204"


@pytest.mark.needs("caddy", "nginx", "curl")
def test_a_film_passes_the_documented_proxies_and_what_came_before_a_break_counts(
    tmp_path: Path, serve_shop: ServeShop
):
    shop, film = tmp_path / "shop", tmp_path / "film.zip"
    assert headwaters("init", shop, "--name", "Alice").code == 0
    film.write_bytes(b"PK\x05\x06" + bytes(18) + os.urandom(40_000_000))
    desk = in_house(shop, open_desk)
    served = serve_shop(shop, {"HEADWATERS_PROXIES": "127.0.0.1"})
    with nginx(tmp_path, served.port) as port:
        send(port, "http", desk, film)
    with caddy(tmp_path, served.port) as port:
        send(port, "https", desk, film)
    digest = hashlib.sha256(film.read_bytes()).hexdigest()
    for file in in_house(shop, lambda house: uploads.files_of(house, desk.draft_id)):
        assert hashlib.sha256(file.path.read_bytes()).hexdigest() == digest, file.name


@pytest.mark.needs("systemd")
def test_the_unit_is_one_that_systemd_understands(tmp_path: Path):
    command = tmp_path / "headwaters"
    command.write_text("#!/bin/sh\n", encoding="utf-8")
    command.chmod(0o755)
    unit = tmp_path / "headwaters.service"
    text = (OPERATE / "headwaters.service").read_text(encoding="utf-8")
    assert "ExecStart=/usr/local/bin/headwaters serve\n" in text
    unit.write_text(text.replace("/usr/local/bin/headwaters", str(command)), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    broken = unit.with_name("broken.service")
    broken.write_text(text.replace("ExecStart=", "ExecStrt="), encoding="utf-8")
    assert subprocess.run(["systemd-analyze", "verify", str(broken)], capture_output=True, check=False).returncode != 0
