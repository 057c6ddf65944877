"""nginx and Caddy as docs/operate configures them, in front of a served shop, each on a port of its own."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.addresses import free_port, wait_until_open
from tests.support.needs import need

OPERATE = Path(__file__).parents[2] / "docs" / "operate"
_SECONDS = 20.0


def replaced(text: str, **what: tuple[str, str]) -> str:
    """`text` with each (old, new); every old one stands in it exactly once."""
    for name, (old, new) in what.items():
        assert text.count(old) == 1, f"{name}: {old} stands {text.count(old)} times in the documentation"
        text = text.replace(old, new)
    return text


@contextmanager
def caddy(folder: Path, text: str) -> Iterator[int]:
    """Caddy with a documented Caddyfile for shop.example, its name and certificate this machine's; its TLS port."""
    port = free_port()
    text = replaced(text, name=("\nshop.example {", f"\nhttps://localhost:{port} {{\n\ttls internal"))
    config = folder / "Caddyfile"
    config.write_text("{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n" + text, "utf-8")
    environ = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": "/usr/bin:/bin"}
    command = [str(need("caddy")), "run", "--config", str(config), "--adapter", "caddyfile"]
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        wait_until_open(port, process)
        _wait_until_certified(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_certified(port: int) -> None:
    """Caddy listens before its certificate is there, and until then breaks off every handshake."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as plain:
                context.wrap_socket(plain, server_hostname="localhost").close()
            return
        except OSError:  # ssl.SSLError is one
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def nginx(folder: Path, port: int, servers: str) -> Iterator[None]:
    """nginx with `servers`, which listen on `port`."""
    who = "user root root;" if os.geteuid() == 0 else ""  # tests' folders are closed to everybody else
    temporary = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; {who} pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{servers}\n}}\n",
        encoding="utf-8",
    )
    command = [str(part) for part in (need("nginx"), "-e", folder / "nginx.log", "-c", config)]
    process = subprocess.Popen(command)
    try:
        wait_until_open(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)
