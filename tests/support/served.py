"""The `headwaters` command and a served shop, as processes of their own: started, stopped, killed, started again."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.addresses import free_port
from tests.support.network import MARK

_GUARD = Path(__file__).with_name("guard")
COMMAND = [sys.executable, "-m", "headwaters"]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings of Headwaters, kept on loopback, and `more`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HEADWATERS_")}
    return {**own, "HEADWATERS_WORKSHOP": "off", "PYTHONPATH": str(_GUARD), "PYTHONUNBUFFERED": "1", **more}


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def headwaters(*arguments: str | Path, settings: Mapping[str, str] | None = None, seconds: float = 60) -> Answer:
    """Run `headwaters …` to its end. `settings` are environment variables such as HEADWATERS_DATABASE."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(settings or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert MARK not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


@dataclass
class Served:
    """A shop served by `headwaters serve` on a port of its own, which it keeps when it is started again. `files`: how
    many it may have open; 0: as many as we may."""

    shop: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    files: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.shop.parent / f"{self.shop.name}-{self.port}.log"

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def start(self, seconds: float = 20) -> Served:
        """Start, and return once /healthz answers 200."""
        assert self.process is None, "it runs already"
        arguments = ["serve", "--shop", str(self.shop), "--host", "127.0.0.1", "--port", str(self.port)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self._limit if self.files else None,
            )
        deadline = time.monotonic() + seconds
        while not self.healthy():
            assert self.process.poll() is None, f"headwaters serve ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"headwaters serve did not answer in {seconds} s:\n{self.log}"
            time.sleep(0.02)
        return self

    def _limit(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

    def healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self, seconds: float = 20) -> int:
        """Ask it to end (SIGTERM); its exit code."""
        return self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """SIGKILL: nothing gets to say goodbye."""
        self._end(signal.SIGKILL, 20)

    def restart(self) -> Served:
        if self.process:
            self.stop()
        return self.start()

    def _end(self, how: signal.Signals, seconds: float) -> int:
        assert self.process, "it does not run"
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            return process.wait(seconds)
        finally:
            process.kill()
            process.wait()


ServeShop = Callable[..., Served]


@pytest.fixture
def serve_shop() -> Iterator[ServeShop]:
    """Serves a shop's folder: `serve_shop(folder, {"HEADWATERS_DATABASE": url})`; ends with the test, which fails if
    the shop tried to leave loopback."""
    running: list[Served] = []

    def serve(shop: Path, settings: Mapping[str, str] | None = None) -> Served:
        served = Served(shop, settings or {})
        running.append(served)
        return served.start()

    yield serve
    for served in running:
        if served.process:
            served.kill()
    for served in running:
        assert MARK not in served.log, served.log
