"""What the uploads' measurements share: a draft to send to, and a client as plain as can be."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from headwaters.actions.drafts import open_draft
from headwaters.config import load_config
from headwaters.core.signin import form_token
from headwaters.errands import signin, uploads
from headwaters.errands.house import House
from headwaters.errands.uploads import UploadedFile
from headwaters.wiring import furnish

ADDRESS = "/studio/uploads/"
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Desk:
    """A draft, and what a request to it carries."""

    draft: str
    draft_id: int
    headers: Mapping[str, str]


def open_desk(shop: Path) -> Desk:
    """A new draft, and a session that may send to it."""

    async def run(house: House) -> Desk:
        ref, now = house.token()[:13], house.clock()
        verb = partial(open_draft, ref=ref, work_id=None, who=None, form="{}", now=now)
        number = await house.db.write(lambda conn: verb(conn))
        link = await signin.make_link(house)
        secret = (await signin.sign_in_by_link(house, link.rpartition("/")[2], "")).session
        headers = {
            "Cookie": f"studio={secret}",
            "X-Studio-Token": form_token(secret),
            "Tus-Resumable": "1.0.0",
        }
        return Desk(ref, number, headers)

    return asyncio.run(_in_house(shop, run))


def files_of(shop: Path, desk: Desk) -> tuple[UploadedFile, ...]:
    """What is here of the draft."""
    return asyncio.run(_in_house(shop, lambda house: uploads.files_of(house, desk.draft_id)))


def forget(shop: Path, desk: Desk) -> None:
    """All of it goes, so that the next round begins on the same disk."""
    asyncio.run(_in_house(shop, lambda house: uploads.forget(house, desk.draft_id)))


async def _in_house(shop: Path, errand):  # type: ignore[no-untyped-def]
    async with furnish(load_config(shop)) as house:
        return await errand(house)


class Line:
    """One connection that speaks just enough HTTP."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self._headers = headers
        self._rest = b""

    def close(self) -> None:
        """As a line that breaks."""
        self._socket.close()

    def head(self, method: str, path: str, more: Mapping[str, str], length: int | None = None) -> None:
        """The request's first lines."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in {**self._headers, **more}.items()]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def body(self, path: Path, begin: int, end: int) -> None:
        """Bytes of a file, from the kernel's own memory."""
        with path.open("rb") as file:
            self._socket.sendfile(file, begin, end - begin)

    def send(self, data: bytes) -> None:
        """Some bytes of a body."""
        self._socket.sendall(data)

    def answer(self, bodiless: bool = False) -> tuple[int, dict[str, str]]:
        """(status, headers with lower-case names)."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            more = self._socket.recv(65_536)
            if not more:
                raise ConnectionError("the server hung up")
            data += more
        head, _, self._rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        left = 0 if bodiless else int(headers.get("content-length", "0"))
        while len(self._rest) < left:
            self._rest += self._socket.recv(65_536)
        self._rest = self._rest[left:]
        return int(first.split()[1]), headers

    def begin(self, desk: Desk, name: str, size: int) -> str:
        """A new upload; its path."""
        said = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}"
            for key, value in {"draft": desk.draft, "filename": name}.items()
        )
        self.head("POST", ADDRESS, {"Upload-Length": str(size), "Upload-Metadata": said}, 0)
        status, headers = self.answer()
        if status != 201:
            raise RuntimeError(f"the upload was answered with {status}")
        return headers["location"]

    def offset(self, path: str) -> int:
        """How far an upload is."""
        self.head("HEAD", path, {})
        return int(self.answer(bodiless=True)[1]["upload-offset"])

    def patch(self, path: str, offset: int, length: int) -> None:
        """The first lines of a piece."""
        more = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        self.head("PATCH", path, more, length)


def sum_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
