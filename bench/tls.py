"""A download over HTTPS: from this process, and through Caddy and nginx, which pass it on or send the file themselves
(docs/operate/proxies.md); against nginx with the file alone. The readers are curl.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.download import publish_for_nginx, take_file
from bench.rows import Options, Row, median
from bench.servers import Server, free_port, make_shop, running, scratch, serving

OPERATE = Path(__file__).parents[1] / "docs" / "operate"
SIZE = 600_000_000
MANY = 8

_NGINX = """
worker_processes 2; daemon off; {user} pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {servers}
}}
"""
_ALONE = "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key}; root {root}; }}"


@dataclass(frozen=True, slots=True)
class Way:
    """Where a reader asks, and which processes work for it."""

    name: str
    url: str
    servers: tuple[Server, ...]

    def download(self, readers: int, size: int) -> tuple[float, float]:
        """(GB/s, CPU seconds a GB of all its servers)."""
        command = ["curl", "-sSkf", "--http1.1", "-o", "/dev/null", "-w", "%{size_download}", self.url]
        before, begin = sum(server.cpu for server in self.servers), time.perf_counter()
        crowd = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(readers)]
        came = [int(reader.communicate()[0]) for reader in crowd]
        seconds = time.perf_counter() - begin
        if came != [size] * readers:
            raise RuntimeError(f"{self.name}: {came} bytes came instead of {size} each")
        gigabytes = readers * size / 1e9
        return gigabytes / seconds, (sum(server.cpu for server in self.servers) - before) / gigabytes


def _certify(folder: Path) -> tuple[Path, Path]:
    chain, key = folder / "chain.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run([*make, "-keyout", key, "-out", chain], check=True, capture_output=True)
    return chain, key


def _nginx(folder: Path, port: int, servers: str) -> Any:
    folder.mkdir()
    config, user = folder / "nginx.conf", "user root root;" if os.geteuid() == 0 else ""
    config.write_text(_NGINX.format(folder=folder, user=user, servers=servers), encoding="utf-8")
    return running(["nginx", "-c", str(config)], port, folder / "log")


def _caddy(folder: Path, port: int, chain: Path, key: Path, text: str) -> Any:
    folder.mkdir()
    config = folder / "Caddyfile"
    text = text.replace("\nshop.example {", f"\nhttps://localhost:{port} {{\n\ttls {chain} {key}")
    config.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text, encoding="utf-8")
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    return running(["env", f"HOME={folder}", f"XDG_DATA_HOME={folder}", *command], port, folder / "log")


def _ways(stack: ExitStack, folder: Path, size: int) -> Iterator[Way]:
    chain, key = _certify(folder)
    shop, root = make_shop(folder, size), folder / "www"
    root.mkdir()
    publish_for_nginx(shop, root, size)
    with (shop / "headwaters.toml").open("a", encoding="utf-8") as config:
        config.write('accel = "/-files/"\n')
    ours = stack.enter_context(serving(shop))
    path = take_file(ours.port)
    with (shop / "headwaters.toml").open("a", encoding="utf-8") as config:
        config.write(f'tls_certificate = "{chain}"\ntls_key = "{key}"\n')
    itself = stack.enter_context(serving(shop))
    yield Way("this process", f"https://localhost:{itself.port}{path}", (itself,))

    port = free_port()
    alone = _ALONE.format(port=port, chain=chain, key=key, root=root)
    yield Way(
        "nginx alone", f"https://localhost:{port}/film.bin", (stack.enter_context(_nginx(folder / "a", port, alone)),)
    )

    for number, (name, asks) in enumerate((("passes it on", False), ("sends the file", True))):
        port = free_port()
        text = (OPERATE / "nginx.conf").read_text(encoding="utf-8")
        for old, new in (
            ("listen 443 ssl http2", f"listen 127.0.0.1:{port} ssl"),
            ("/etc/letsencrypt/live/shop.example/fullchain.pem", str(chain)),
            ("/etc/letsencrypt/live/shop.example/privkey.pem", str(key)),
            ("127.0.0.1:8000", f"127.0.0.1:{ours.port}"),
            ("/srv/headwaters/files/", f"{shop}/files/"),
            *(() if asks else (("X-Sendfile-Type X-Accel-Redirect", "X-Sendfile-Type none"),)),
        ):
            text = text.replace(old, new)
        server = stack.enter_context(_nginx(folder / f"n{number}", port, text))
        yield Way(f"nginx {name}", f"https://localhost:{port}{path}", (server, ours))
        port = free_port()
        text = (OPERATE / ("Caddyfile.files" if asks else "Caddyfile")).read_text(encoding="utf-8")
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{ours.port}").replace(
            "/srv/headwaters/files", f"{shop}/files"
        )
        server = stack.enter_context(_caddy(folder / f"c{number}", port, chain, key, text))
        yield Way(f"Caddy {name}", f"https://localhost:{port}{path}", (server, ours))


def rows(options: Options) -> Iterator[Row]:
    """Each way against nginx alone."""
    size = round(SIZE * options.scale)
    with scratch() as folder, ExitStack() as stack:
        ways = list(_ways(stack, folder, size))
        for readers in (1, MANY):
            measured: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
            for _ in range(options.rounds):
                for way in random.sample(ways, len(ways)):
                    measured[way.name].append(way.download(readers, size))
            rate, cost = (
                {name: median([pair[at] for pair in them]) for name, them in measured.items()} for at in (0, 1)
            )
            who = "1 reader" if readers == 1 else f"{readers} readers"
            for way in ways:
                what, against = f"HTTPS, {who}, {way.name}", "" if way.name == "nginx alone" else "nginx alone"
                ratios = [one[way.name] / one["nginx alone"] if against else None for one in (rate, cost)]
                yield Row(what, rate[way.name], "GB/s", against, ratios[0], "", None)
                yield Row(f"{what}: CPU", cost[way.name], "s/GB", against, ratios[1], "", None)
