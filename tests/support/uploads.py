"""Drafts to send files to, and a small tus client for tests of the web."""

from __future__ import annotations

import asyncio
import base64
import itertools
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from headwaters.actions.drafts import open_draft
from headwaters.config import load_config
from headwaters.core.signin import form_token
from headwaters.errands import signin
from headwaters.errands.house import House
from headwaters.store import uploads as rows
from headwaters.store.uploads import UploadRow
from headwaters.wiring import furnish

ADDRESS = "/studio/uploads/"
BYTES = "application/offset+octet-stream"
T = TypeVar("T")
_numbers = itertools.count(1)


def fresh_ref() -> str:
    return f"draft{next(_numbers):08}".translate(str.maketrans("0189", "abcd"))


async def make_draft(house: House, ref: str | None = None) -> tuple[int, str]:
    """(id, reference) of a new draft."""
    ref, now = ref or fresh_ref(), house.clock()
    verb = partial(open_draft, ref=ref, work_id=None, who=None, form="{}", now=now)
    return await house.db.write(lambda conn: verb(conn)), ref


async def look(house: House, ref: str) -> UploadRow:
    return await house.db.read(partial(rows.upload_at, ref=ref))


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


class Sender:
    """Alice's browser or program: it has the session's cookie and token."""

    def __init__(self, client: TestClient[Any, Any], draft: str) -> None:
        self.client = client
        self.draft = draft
        cookies = client.session.cookie_jar.filter_cookies(client.make_url("/studio"))
        secret = cookies["studio"].value if "studio" in cookies else ""
        self.headers = {"Tus-Resumable": "1.0.0", "X-Studio-Token": form_token(secret)}

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str | None] | None = None
    ) -> ClientResponse:
        """`headers` over the usual ones; None leaves one out."""
        merged = {**self.headers, **(headers or {})}
        sent = {name: value for name, value in merged.items() if value is not None}
        return await self.client.request(method, path, data=body, headers=sent, allow_redirects=False)

    async def create(self, name: str = "film.txt", size: int = 100, body: Any = None, **more: str) -> ClientResponse:
        said = metadata(draft=self.draft, filename=name, **more)
        headers = {"Upload-Length": str(size), "Upload-Metadata": said}
        if body is not None:
            headers["Content-Type"] = BYTES
        return await self.ask("POST", ADDRESS, body, headers)

    async def begin(self, name: str = "film.txt", size: int = 100, **more: str) -> str:
        """A new upload; its address."""
        answer = await self.create(name, size, **more)
        assert answer.status == 201, await answer.text()
        return answer.headers["Location"]

    async def patch(self, path: str, offset: int, body: Any, **headers: str | None) -> ClientResponse:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("PATCH", path, body, {"Upload-Offset": str(offset), "Content-Type": BYTES, **more})

    async def offset(self, path: str) -> int:
        answer = await self.ask("HEAD", path)
        assert answer.status == 200
        return int(answer.headers["Upload-Offset"])


async def code_of(answer: ClientResponse) -> str:
    return str((await answer.json())["error"]["code"])


# ── a served shop ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Desk:
    """A draft in a served shop, and what a program needs to send files to it."""

    draft: str
    draft_id: int
    headers: Mapping[str, str]


def in_house(folder: Path, errand: Callable[[House], Awaitable[T]]) -> T:
    """Run `errand` in a house on a shop's folder, in a thread: playwright's loop may run in this one."""
    found: list[T] = []

    async def run() -> None:
        async with furnish(load_config(folder)) as house:
            found.append(await errand(house))

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()
    return found[0]


async def open_desk(house: House) -> Desk:
    """A draft, and a session that may send to it."""
    number, ref = await make_draft(house)
    link = await signin.make_link(house)
    signed_in = await signin.sign_in_by_link(house, link.rpartition("/")[2], "")
    secret = signed_in.session
    return Desk(ref, number, {"Cookie": f"studio={secret}", "X-Studio-Token": form_token(secret)})
