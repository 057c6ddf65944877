"""OpenStack Swift with its S3 face as a process: a real S3 server on loopback, for tests and the bench."""

from __future__ import annotations

import itertools
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.addresses import free_port

KEY_ID, SECRET = "alice:shop", "a-secret-of-alice"
_PYTHON = "/usr/bin/python3"  # Debian's, which has Swift
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """As config.S3."""

    endpoint: str
    bucket: str = "shop"
    region: str = "us-east-1"
    prefix: str = ""
    key_id: str = KEY_ID
    secret: str = field(default=SECRET, repr=False)
    addressing: str = "path"
    public_endpoint: str = ""


@dataclass(frozen=True)
class Swift:
    """The server."""

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_bucket(self, **more: Any) -> Account:
        """An account with an empty bucket of its own."""
        account = Account(self.endpoint, bucket=f"shop-{next(_numbers)}", **more)
        self.ask(account, lambda client: client.create_bucket(Bucket=account.bucket))
        return account

    def ask(self, account: Account, work: Callable[[Any], Any]) -> Any:
        """`work(client)` of Amazon's client, straight to the server."""
        from headwaters.adapters.storage.s3_client import S3Client

        client = S3Client(replace(account, endpoint=self.endpoint))
        try:
            return client.run(work)
        finally:
            client.close()

    def keys(self, account: Account) -> list[str]:
        """What is in the bucket."""
        found = self.ask(account, lambda client: client.list_objects_v2(Bucket=account.bucket))
        return [item["Key"] for item in found.get("Contents", ())]

    def put(self, account: Account, key: str, data: bytes) -> None:
        """Write an object behind the shop's back."""
        self.ask(account, lambda client: client.put_object(Bucket=account.bucket, Key=key, Body=data))

    def drop(self, account: Account, key: str) -> None:
        """Delete one behind the shop's back."""
        self.ask(account, lambda client: client.delete_object(Bucket=account.bucket, Key=key))


@contextmanager
def running(folder: Path) -> Iterator[Swift]:
    """A server of its own in `folder`."""
    server = Swift(free_port())
    program = Path(__file__).with_name("swift_server.py")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [_PYTHON, "-P", program, folder, str(server.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert said == b"ready\n", f"Swift did not start:\n{(folder / 'log').read_text(errors='replace')}"
        _wait(server)
        yield server
    finally:
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        process.stdout.close()


def _wait(server: Swift) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"{server.endpoint}/healthcheck", timeout=2):
                return
        except OSError:
            assert time.monotonic() < deadline, "Swift does not answer"
            time.sleep(0.05)
