"""Serving says where the shop is, and lets its creator in for the first time."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from tests.support.addresses import free_port
from tests.support.served import COMMAND, environment, headwaters


@contextmanager
def served(shop: Path, port: int, out: int) -> Iterator[None]:
    """`headwaters serve` whose words go to `out`."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--shop", str(shop), "--port", str(port)],
        env=environment({}),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
    )
    os.close(out)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def said(reader: int) -> str:
    """What it says until it is open."""
    text = ""
    while "Ctrl+C" not in text:
        text += os.read(reader, 4096).decode()
    return text.replace("\r\n", "\n")


def test_a_terminal_is_given_a_link_while_nobody_has_a_key_and_a_log_is_not(tmp_path: Path) -> None:
    shop, port = tmp_path / "shop", free_port()
    assert headwaters("init", shop, "--name", "Alice").code == 0

    reader, writer = os.pipe()
    with served(shop, port, writer):
        text = said(reader)
    assert f"“headwaters signin --shop {shop}” makes a link." in text
    assert "/studio/in/" not in text

    reader, terminal = pty.openpty()
    with served(shop, port, terminal):
        text = said(reader)
        assert f"The shop is open:  http://localhost:{port}\n" in text
        assert "It listens on" not in text
        (link,) = re.findall(r"http://localhost:\d+/studio/in/\w+", text)
        here = link.replace("localhost", "127.0.0.1")
        form = Request(here, data=b"", method="POST", headers={"Sec-Fetch-Site": "same-origin"})
        with urlopen(form) as answer:
            assert answer.url.endswith("/studio/signin?next=/studio/password")  # this client keeps no cookie
