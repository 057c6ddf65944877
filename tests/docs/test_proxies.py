"""Files sent by nginx and by Caddy themselves, with the configurations of docs/operate: the same bytes, the same
headers, the same answers to conditions and ranges as from the shop, and nothing for who asks past the shop."""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import signal
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.support.addresses import free_port
from tests.support.proxies import OPERATE, caddy, nginx, replaced
from tests.support.samples import ZIP_END
from tests.support.served import Served, headwaters

FILM = ZIP_END + random.Random(7).randbytes(3_000_000) + ZIP_END
LONG = ZIP_END + random.Random(8).randbytes(40_000_000) + ZIP_END  # more than kernels keep on its way
WORDS = b"".join(b"%07d\n" % line for line in range(40_000))
DIGEST = hashlib.sha256(FILM).hexdigest()
TAG = f'"{DIGEST[:32]}"'
PLACE = f"{DIGEST[:2]}/{DIGEST[2:4]}/{DIGEST}"
ANYBODY = ssl._create_unverified_context()
CHANGING = {"date", "server", "connection", "keep-alive", "alt-svc", "via", "content-encoding"}

pytestmark = pytest.mark.needs("nginx", "caddy", "openssl")


@dataclass(frozen=True)
class Way:
    """The shop itself, or a proxy in front of it."""

    base: str
    shop: Served
    key: str
    refs: Mapping[str, str]

    def path(self, name: str) -> str:
        return f"{self.base}/d/{self.key}/{self.refs[name]}/{name}"

    def ask(self, url: str, *headers: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body)."""
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        more = {"context": ANYBODY} if parts.scheme == "https" else {}
        connection = kind("localhost", parts.port, timeout=30, **more)
        connection.putrequest(method, url[url.index("/", 8) :], skip_accept_encoding=True)
        for header in ("Accept-Encoding: gzip, br, zstd", *headers):
            connection.putheader(*header.split(": ", 1))
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        named: dict[str, str] = {}
        for name, value in answer.getheaders():
            assert name.lower() not in named or name.lower() in {"link", "server"}, f"{name} came twice"
            named[name.lower()] = ", ".join(filter(None, (named.get(name.lower()), value)))
        return answer.status, named, body


def _publish(folder: Path) -> Path:
    shop, work = folder / "shop", folder / "work"
    work.mkdir()
    (work / "film.zip").write_bytes(FILM)
    (work / "long.zip").write_bytes(LONG)
    (work / "words.txt").write_bytes(WORDS)
    assert headwaters("init", shop, "--name", "Alice").code == 0
    with (shop / "headwaters.toml").open("a", encoding="utf-8") as config:
        config.write(f'\nproxies = ["127.0.0.1"]\naccel = "/-files/"\nfiles = "{folder}/files"\n')
    published = headwaters("publish", work, "--shop", shop, "--title", "Film", "--i-made-this")
    assert published.code == 0, published.err
    return shop


def _take(shop: Served) -> tuple[str, dict[str, str]]:
    """A key, and the references of the files that it opens."""
    with urlopen(f"{shop.url}/w/film/take", b"door=cant_pay&nonce=behind-proxies-01") as page:
        order = page.url
    with urlopen(f"{order}.json") as twin:
        (work,) = json.load(twin)["works"]
    parts = {file["name"]: file["url"].split("/d/")[1].split("/") for file in work["editions"][0]["files"]}
    return parts["film.zip"][0], {name: ref for name, (_, ref, _) in parts.items()}


def _nginx_servers(folder: Path, port: int, backend: int) -> str:
    chain, key = folder / "chain.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run([*make, "-keyout", key, "-out", chain], check=True, capture_output=True)
    return replaced(
        (OPERATE / "nginx.conf").read_text(encoding="utf-8"),
        listen=("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        chain=("/etc/letsencrypt/live/shop.example/fullchain.pem", str(chain)),
        key=("/etc/letsencrypt/live/shop.example/privkey.pem", str(key)),
        shop=("http://127.0.0.1:8000", f"http://127.0.0.1:{backend}"),
        files=("alias /srv/headwaters/files/", f"alias {folder}/files/"),
    )


@contextmanager
def _in_front(proxy: str, folder: Path, shop: Served) -> Iterator[str]:
    if proxy == "nginx":
        port = free_port()
        with nginx(folder, port, _nginx_servers(folder, port, shop.port)):
            yield f"https://localhost:{port}"
    else:
        text = replaced(
            (OPERATE / "Caddyfile.files").read_text(encoding="utf-8"),
            shop=("127.0.0.1:8000", f"127.0.0.1:{shop.port}"),
            files=("root * /srv/headwaters/files", f"root * {folder}/files"),
        )
        if proxy == "caddy that packs":
            text = replaced(text, pack=("\treverse_proxy", "\tencode zstd gzip\n\treverse_proxy"))
        with caddy(folder, text) as port:
            yield f"https://localhost:{port}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Served, str, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("proxies")
    shop = Served(_publish(folder)).start()
    yield folder, shop, *_take(shop)
    shop.kill()


@pytest.fixture(scope="module", params=["nginx", "caddy", "caddy that packs"])
def way(request: pytest.FixtureRequest, served: tuple[Path, Served, str, dict[str, str]]) -> Iterator[Way]:
    folder, shop, key, refs = served
    with _in_front(request.param, folder, shop) as base:
        yield Way(base, shop, key, refs)


@pytest.fixture
def direct(way: Way) -> Way:
    return Way(way.shop.url, way.shop, way.key, way.refs)


ASKED = {
    "all": (),
    "the start": ("Range: bytes=0-99999",),
    "one byte of the middle": ("Range: bytes=1000000-1000000",),
    "the rest": ("Range: bytes=2500000-",),
    "the end": ("Range: bytes=-100000",),
    "more than there is": ("Range: bytes=-99999999",),
    "beyond the end": ("Range: bytes=99999999-",),
    "several parts": ("Range: bytes=0-99999,200000-299999",),
    "parts that overlap": ("Range: bytes=0-99999,50000-149999",),
    "no range at all": ("Range: bytes=99-0",),
    "another unit": ("Range: lines=1-2",),
    "a resume": ("Range: bytes=100000-", f"If-Range: {TAG}"),
    "a resume by the date": ("Range: bytes=100000-", "If-Range: {date}"),
    "a resume of another edition": ("Range: bytes=100000-", 'If-Range: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"'),
    "a resume of long ago": ("Range: bytes=100000-", "If-Range: Sun, 22 Nov 2020 10:30:15 GMT"),
    "what is known": (f"If-None-Match: {TAG}",),
    "what was known": ('If-None-Match: "other"',),
    "this only": (f"If-Match: {TAG}",),
    "another only": ('If-Match: "other"',),
    "since then": ("If-Modified-Since: {date}",),
    "since long ago": ("If-Modified-Since: Sun, 22 Nov 2020 10:30:15 GMT",),
    "unless changed": ("If-Unmodified-Since: {date}",),
    "unless changed since long ago": ("If-Unmodified-Since: Sun, 22 Nov 2020 10:30:15 GMT",),
}


# The tag in what is asked is the film's.
PAIRS = [
    (name, asked)
    for name in ("film.zip", "words.txt")
    for asked in ASKED
    if name == "film.zip" or TAG not in "".join(ASKED[asked])
]


@pytest.mark.parametrize(("name", "asked"), PAIRS)
def test_through_the_proxy_comes_what_the_shop_would_have_sent(way: Way, direct: Way, name: str, asked: str) -> None:
    date = direct.ask(direct.path(name), method="HEAD")[1]["last-modified"]
    headers = [header.format(date=date) if "{date}" in header else header for header in ASKED[asked]]
    status, sent, body = way.ask(way.path(name), *headers)
    expected, ours, content = direct.ask(direct.path(name), *headers)
    assert (status, body) == (expected, content)
    if status == 206 and "accept-ranges" not in sent:
        del ours["accept-ranges"]  # nginx says it with a whole file, and a part speaks for itself
    assert sent.get("content-encoding", "identity") == "identity"
    assert {n: v for n, v in sent.items() if n not in CHANGING} == {n: v for n, v in ours.items() if n not in CHANGING}


def test_the_proxy_sends_it_and_not_the_shop(way: Way) -> None:
    """It goes on while the shop stands still, with more than lies about in buffers."""
    port = urlsplit(way.base).port
    connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=ANYBODY)
    connection.request("GET", urlsplit(way.path("long.zip")).path)
    answer = connection.getresponse()
    begin = answer.read(1000)
    assert way.shop.process is not None
    way.shop.process.send_signal(signal.SIGSTOP)
    try:
        assert hashlib.sha256(begin + answer.read()).digest() == hashlib.sha256(LONG).digest()
    finally:
        way.shop.process.send_signal(signal.SIGCONT)
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        f"/-files/{PLACE}",
        f"/-files//{PLACE}",
        f"//-files/{PLACE}",
        f"/%2Dfiles/{PLACE}",
        f"/x/../-files/{PLACE}",
        f"/-files/../files/{PLACE}",
        f"/d/..%2f-files/{PLACE}",
        f"/{PLACE}",
        "/-files/../shop/shop.key",
        "/-files/",
    ],
)
def test_nothing_is_there_for_who_asks_past_the_shop(way: Way, path: str) -> None:
    lead = [f"X-Accel-Redirect: /-files/{PLACE}", "X-Sendfile-Type: X-Accel-Redirect"]
    for headers in ([], lead):
        status, sent, body = way.ask(way.base + path, *headers)
        assert status in (400, 403, 404), sent
        assert FILM[:100] not in body
        assert "x-accel-redirect" not in sent


def test_nobody_is_told_where_files_lie(way: Way, direct: Way) -> None:
    for asker, path in ((way, way.path("film.zip")), (direct, direct.path("film.zip"))):
        assert "x-accel-redirect" not in asker.ask(path)[1]
    _, told, body = direct.ask(direct.path("film.zip"), "X-Sendfile-Type: X-Accel-Redirect")
    assert (told["x-accel-redirect"], body) == (f"/-files/{PLACE}", b""), "a proxy of ours, on this machine"
