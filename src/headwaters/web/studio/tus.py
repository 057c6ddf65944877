"""Uploads for programs: tus 1.0 (https://tus.io/protocols/resumable-upload) under /studio/uploads/.

Extensions: creation, creation-with-upload, termination, checksum, expiration. A request counts with the Studio's cookie
and the session's form token in `X-Studio-Token`, when no other site sent it; nothing secret stands in an address. There
are no CORS headers, so that no page of another site can send such a header here, or read what is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from email.utils import format_datetime
from functools import partial, wraps

import msgspec
from aiohttp import ClientError, web

from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.people import Right, not_yours
from headwaters.core.signin import same_secret
from headwaters.core.works.uploads import (
    CHECKSUMS,
    LIVES,
    Checksum,
    UploadState,
    announce,
    read_checksum,
    read_count,
    read_metadata,
)
from headwaters.errands import signin, uploads
from headwaters.errands.intake import LineCut
from headwaters.store import uploads as rows
from headwaters.store.db import Connection
from headwaters.store.uploads import UploadRow
from headwaters.web.keys import HOUSE, INTAKE
from headwaters.web.render import retry_headers, said_problem, status_of
from headwaters.web.studio.frame import language_of
from headwaters.web.studio.guard import Session, check_site, cookie_secret

routes = web.RouteTableDef()

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
ADDRESS = "/studio/uploads/"
BYTES = "application/offset+octet-stream"
SILENCE = 60.0  # seconds without a byte, after which a request ends; what came is kept
_SAFE = frozenset({"GET", "HEAD"})

Page = Callable[[web.Request, Session], Awaitable[web.Response]]
Handler = Callable[[web.Request], Awaitable[web.Response]]


class WrongRequest(Exception):
    """A request that is not as the protocol has it: HTTP's number, and why, for who writes a program."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


# ── who may send ─────────────────────────────────────────────────────────────────────────────────


async def sender(request: web.Request) -> Session:
    """Who is signed in and may publish. Raises Refused(SIGN_IN_NEEDED, FOREIGN_FORM), NotFound(PAGE_UNKNOWN)."""
    check_site(request)
    secret = cookie_secret(request)
    row = await signin.session_of(request.app[HOUSE], secret) if secret else None
    if row is None:
        raise Refused(
            Code.SIGN_IN_NEEDED,
            N_("You are signed out, so nothing was sent. What is here stays."),
            hint=N_("Sign in again in another window; then it goes on."),
        )
    if Right.PUBLISH not in row.may:
        raise not_yours()
    return Session(row, secret)


def check_token(session: Session, token: str) -> None:
    """Raises Refused(FOREIGN_FORM) unless `token` is this session's."""
    if not same_secret(token, session.csrf):
        raise Refused(
            Code.FOREIGN_FORM,
            N_("This form belongs to another session, so nothing was done."),
            hint=N_("Go back, load the page again and send it once more."),
        )


def protocol(page: Page) -> Handler:
    """Only for who may send, and only as tus has it; what goes wrong is answered as JSON."""

    @wraps(page)
    async def checked(request: web.Request) -> web.Response:
        try:
            session = await sender(request)
            if request.method not in _SAFE:
                check_token(session, request.headers.get("X-Studio-Token", ""))
            if request.method != "GET" and request.headers.get("Tus-Resumable") != VERSION:
                raise WrongRequest(412, f"this server speaks tus {VERSION}: say so in Tus-Resumable")
            response = await page(request, session)
        except WrongRequest as wrong:
            response = _said(wrong.status, Code.FORM_BROKEN, wrong.why, "")
        except HeadwatersError as error:
            response = _refusal(request, error)
        except LineCut:
            response = web.Response(status=400)  # nobody is there to read it
        response.headers.setdefault("Tus-Resumable", VERSION)
        if response.status == 412:
            response.headers["Tus-Version"] = VERSION
        return response

    return checked


def _refusal(request: web.Request, error: HeadwatersError) -> web.Response:
    problem = said_problem(error, language_of(request))
    status = 507 if error.code is Code.DISK_FULL else status_of(error)
    response = _said(status, error.code, problem.message, problem.hint)
    response.headers.update(retry_headers(error))
    return response


def _said(status: int, code: Code, message: str, hint: str) -> web.Response:
    return _json({"error": {"code": code.value, "message": message, "hint": hint}}, status)


def _json(value: object, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, headers={"Content-Type": "application/json"})


# ── what stands in headers ───────────────────────────────────────────────────────────────────────


def _count(request: web.Request, name: str) -> int:
    try:
        return read_count(request.headers.get(name))
    except ValueError:
        raise WrongRequest(400, f"{name} is a number of bytes") from None


def _metadata(request: web.Request) -> Mapping[str, str]:
    try:
        found = read_metadata(request.headers.get("Upload-Metadata", ""))
    except ValueError as wrong:
        raise WrongRequest(400, f"Upload-Metadata cannot be read: {wrong}") from None
    # No database need take a NUL; a name with one in it is refused as such.
    return {key: value if key in {"filename", "name"} else value.replace("\0", "") for key, value in found.items()}


def _checksum(request: web.Request) -> Checksum | None:
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    try:
        return read_checksum(header)
    except ValueError as wrong:
        raise WrongRequest(400, f"Upload-Checksum cannot be read: {wrong}") from None


def _upload_headers(row: UploadRow) -> dict[str, str]:
    headers = {"Upload-Offset": str(row.done)}
    if row.state is UploadState.COMING:
        headers["Upload-Expires"] = format_datetime(from_micros(row.changed_at) + LIVES, usegmt=True)
    return headers


class _Body:
    """A request's bytes as errands want them."""

    def __init__(self, request: web.Request) -> None:
        self._content = request.content

    async def read(self) -> bytes:
        """See errands.intake.Body."""
        try:
            async with asyncio.timeout(SILENCE):
                return await self._content.readany()
        except (OSError, ClientError, TimeoutError, web.RequestPayloadError) as cut:
            raise LineCut from cut


# ── the protocol ─────────────────────────────────────────────────────────────────────────────────


@routes.options(ADDRESS)
@routes.options(ADDRESS + "{ref}")
async def what_is_offered(request: web.Request) -> web.Response:
    """What this server can do: no secret, so nobody need be signed in."""
    headers = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(request.app[HOUSE].config.largest_bytes),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }
    return web.Response(status=204, headers=headers)


@routes.post(ADDRESS)
@protocol
async def announce_upload(request: web.Request, session: Session) -> web.Response:
    """Creation. Metadata: `draft`, `filename`; and `stamp` (its date), `role`, `label` where they are known. A body of
    bytes is the first piece."""
    house, said = request.app[HOUSE], _metadata(request)
    if "Upload-Defer-Length" in request.headers or "Upload-Concat" in request.headers:
        raise WrongRequest(400, "uploads of unknown length, and in parallel parts, are not offered")
    file = announce(
        said.get("filename", said.get("name", "")),
        _count(request, "Upload-Length"),
        house.config.largest_bytes,
        stamp=said.get("stamp", ""),
        role=said.get("role", ""),
        label=said.get("label", ""),
    )
    row = await uploads.begin(house, said.get("draft", ""), file, session.row.creator_id)
    if request.body_exists and request.content_type == BYTES and row.done == 0:
        row = await _receive(request, row, 0)
    headers = {"Location": ADDRESS + row.ref, **_upload_headers(row)}
    return web.Response(status=201, headers=headers)


@routes.head(ADDRESS + "{ref}")
@protocol
async def how_far(request: web.Request, session: Session) -> web.Response:
    """What is durably here."""
    row = await request.app[INTAKE].offset(request.match_info["ref"])
    headers = {**_upload_headers(row), "Upload-Length": str(row.size), "Cache-Control": "no-store"}
    return web.Response(status=200, headers=headers)


@routes.patch(ADDRESS + "{ref}")
@protocol
async def append(request: web.Request, session: Session) -> web.Response:
    """The next piece."""
    return await _append(request)


@routes.delete(ADDRESS + "{ref}")
@protocol
async def terminate(request: web.Request, session: Session) -> web.Response:
    """Take it out; its bytes go."""
    return await _terminate(request, session)


@routes.post(ADDRESS + "{ref}")
@protocol
async def overridden(request: web.Request, session: Session) -> web.Response:
    """PATCH and DELETE for who cannot send them (X-HTTP-Method-Override)."""
    match request.headers.get("X-HTTP-Method-Override"):
        case "PATCH":
            return await _append(request)
        case "DELETE":
            return await _terminate(request, session)
    raise WrongRequest(400, "X-HTTP-Method-Override is PATCH or DELETE")


async def _append(request: web.Request) -> web.Response:
    if request.content_type != BYTES:
        raise WrongRequest(415, f"the piece is sent as {BYTES}")
    offset = _count(request, "Upload-Offset")
    row = await request.app[INTAKE].offset(request.match_info["ref"])
    row = await _receive(request, row, offset)
    return web.Response(status=204, headers=_upload_headers(row))


async def _receive(request: web.Request, row: UploadRow, offset: int) -> UploadRow:
    checksum = _checksum(request)
    await request.app[INTAKE].receive(row, offset, _Body(request), request.content_length, checksum)
    return await request.app[HOUSE].db.read(partial(rows.upload_at, ref=row.ref))


async def _terminate(request: web.Request, session: Session) -> web.Response:
    house, ref = request.app[HOUSE], request.match_info["ref"]
    row = await house.db.read(partial(rows.upload_at, ref=ref))
    await uploads.remove(house, row.draft_ref, ref, session.row.creator_id)
    return web.Response(status=204)


# ── what our own page asks besides ───────────────────────────────────────────────────────────────


@routes.get(ADDRESS, allow_head=False)
@protocol
async def list_uploads(request: web.Request, session: Session) -> web.Response:
    """A draft's files as JSON, and the token of now for who signed in again meanwhile."""
    house, draft = request.app[HOUSE], request.query.get("draft", "").replace("\0", "")

    def read(conn: Connection) -> list[UploadRow]:
        return rows.uploads_of(conn, rows.find_draft(conn, draft).id)

    found = await house.db.read(read)
    return _json({"token": session.csrf, "uploads": [_told(request, row) for row in found]})


def _told(request: web.Request, row: UploadRow) -> dict[str, object]:
    return {
        "ref": row.ref,
        "name": row.name,
        "size": row.size,
        "done": row.done,
        "stamp": row.stamp,
        "state": row.state.value,
        "checked": request.app[INTAKE].checked(row.ref),
        "sha256": row.sha256,
        "error": row.error,
    }
