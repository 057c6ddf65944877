"""Files of a draft as pages: the list with its forms, the way without scripts, and files of this machine.

What programs and our own script use is in tus.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import BodyPartReader, ClientError, MultipartReader, web

from headwaters.core.errors import N_, Code, HeadwatersError, Refused, TooLarge
from headwaters.core.people import Right
from headwaters.core.works.editions import Role
from headwaters.core.works.media import format_name
from headwaters.core.works.stamps import read_findings
from headwaters.core.works.uploads import OPEN, UploadState
from headwaters.errands import picking, uploads
from headwaters.store import uploads as rows
from headwaters.store.db import Connection
from headwaters.store.drafts import draft_at
from headwaters.store.uploads import DraftKey
from headwaters.store.uploads import UploadRow as Row
from headwaters.texts import translations
from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio_uploads import FilesPage, ServerEntry, ServerPage, UploadRow, UploadsView
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE, INTAKE
from headwaters.web.look import address_of
from headwaters.web.studio.colophons import finding_lines, left_out_words
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may, studio_path
from headwaters.web.studio.tus import ADDRESS, SILENCE, check_token, sender

routes = web.RouteTableDef()

PLAIN_BYTES = 2_000_000_000  # in one form without scripts: what breaks off begins anew
_SMALL_FIELD = 1_000  # bytes of a form's other fields
_MOST_FIELDS = 20
_CHUNK = 256 * 1024

ROLE_WORDS = {
    Role.WORK.value: N_("Part of the work"),
    Role.SAMPLE.value: N_("Sample"),
    Role.COVER.value: N_("Cover"),
}


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


async def uploads_view(
    request: web.Request,
    session: Session,
    draft_ref: str,
    *,
    back: str = "",
    error: HeadwatersError | None = None,
    about: str = "",
) -> UploadsView:
    """The files of a draft for the macro `uploads`. `back`: the page that its forms come back to, else this one;
    `error`, and the upload that it is `about`. Raises NotFound(PAGE_UNKNOWN)."""
    draft, found, clean = await _draft_and_rows(request, draft_ref)
    said, house = words_of(request), request.app[HOUSE]
    address = f"/studio/drafts/{draft.ref}/files"
    problem = problem_of(request, error)
    own = {row.ref for row in found}
    return UploadsView(
        draft=draft.ref,
        address=address,
        endpoint=ADDRESS,
        csrf=session.csrf,
        back=studio_path(back or request.path),
        script=address_of("upload.js"),
        rows=tuple(
            _row(
                request,
                said,
                row,
                address,
                (number == 1, number == len(found)),
                problem if row.ref == about else None,
                clean,
            )
            for number, row in enumerate(found, 1)
        ),
        summary=_summary(said, found),
        open=draft.state == OPEN,
        largest=said.size(house.config.largest_bytes),
        plain=said.size(min(PLAIN_BYTES, house.config.largest_bytes)),
        server=f"/studio/drafts/{draft.ref}/server" if house.config.uploads_from else "",
        problem=None if about in own else problem,
    )


async def _draft_and_rows(request: web.Request, draft_ref: str) -> tuple[DraftKey, list[Row], bool]:
    """Also whether what the files tell is left out of the copies."""

    def read(conn: Connection) -> tuple[DraftKey, list[Row], bool]:
        draft = rows.find_draft(conn, draft_ref)
        form = draft_at(conn, draft_ref).form
        return draft, rows.uploads_of(conn, draft.id), bool(form.get("remove_private"))

    return await request.app[HOUSE].db.read(read)


def _summary(said: Format, found: list[Row]) -> str:
    if not found:
        return ""
    count, size = len(found), said.size(sum(row.size for row in found))
    many = translations(said.language).ngettext
    return many("%(count)d file, %(size)s", "%(count)d files, %(size)s", count) % {"count": count, "size": size}


def _row(
    request: web.Request,
    said: Format,
    row: Row,
    address: str,
    ends: tuple[bool, bool],
    problem: Problem | None,
    clean: bool,
) -> UploadRow:
    intake = request.app[INTAKE]
    checked = intake.checked(row.ref)
    done = (checked or 0) if row.state is UploadState.CHECKING else row.done
    role = ROLE_WORDS.get(row.role, "")
    findings = read_findings(row.findings) if row.state is UploadState.HERE else ()
    return UploadRow(
        ref=row.ref,
        address=f"{address}/{row.ref}",
        name=row.name,
        size_text=said.size(row.size),
        state=row.state.value,
        words=_state_words(said, row),
        percent=100 * done // row.size,
        busy=intake.is_receiving(row.ref),
        role=row.role,
        role_words=said.gettext(role) if role else "",
        label=row.label,
        origin=row.origin or "",
        first=ends[0],
        last=ends[1],
        changing=problem is not None or request.query.get("change") == row.ref,
        findings=finding_lines(said, findings),
        removable=any(one.removable for one in findings),
        left_out=left_out_words(said, findings) if clean else "",
        problem=problem,
    )


def _state_words(said: Format, row: Row) -> str:
    _ = said.gettext
    match row.state:
        case UploadState.COMING if row.done == 0:
            return _("Nothing of it is here yet. Choose the same file again to send it.")
        case UploadState.COMING:
            words = _("%(done)s of %(size)s are here. Choose the same file again, and it goes on from there.")
            return words % {"done": said.size(row.done), "size": said.size(row.size)}
        case UploadState.CHECKING:
            return _("It is here, and is being checked.")
        case UploadState.HERE:
            return _("Here, whole and checked: %(format)s") % {"format": format_name(row.media_type, row.name)}
        case UploadState.REFUSED:
            return row.error


# ── a page of its own ────────────────────────────────────────────────────────────────────────────


async def _files_page(
    request: web.Request, session: Session, error: HeadwatersError | None = None, back: str = "", about: str = ""
) -> web.Response:
    draft = request.match_info["draft"]
    back = back or f"/studio/drafts/{draft}/files"
    view = await uploads_view(request, session, draft, back=back, error=error, about=about)
    page = FilesPage(await frame(request, session, "works", "drafts"), f"/studio/drafts/{draft}", view)
    return show(request, "files", page, error)


@routes.get("/studio/drafts/{draft}/files")
@may(Right.PUBLISH)
async def get_files(request: web.Request, session: Session) -> web.Response:
    """The files of a draft, and nothing else."""
    return await _files_page(request, session)


def _back(request: web.Request, back: str, said: str) -> web.Response:
    """To the page that the form was on, as far as that is one of the Studio."""
    path = studio_path(back) if back else f"/studio/drafts/{request.match_info['draft']}/files"
    return go_to(f"{path}?said={said}#files")


@routes.post("/studio/drafts/{draft}/files/{ref}")
@may(Right.PUBLISH)
async def post_file(request: web.Request, session: Session) -> web.Response:
    """Name, role and label of a file; its place; or it goes."""
    house, form = request.app[HOUSE], session.form
    draft, ref, who = request.match_info["draft"], request.match_info["ref"], session.row.creator_id
    back = form.get("back", "")
    do, _, named = form.get("do", "").partition(" ")  # the buttons of all rows share a form, and name their file
    ref = named or ref
    try:
        match do:
            case "remove":
                await uploads.remove(house, draft, ref, who)
                return _back(request, back, "file_removed")
            case "up":
                await uploads.order(house, draft, ref, -1, who)
            case "down":
                await uploads.order(house, draft, ref, 1, who)
            case _:
                words = {key: form.get(key, "") for key in ("name", "role", "label")}
                await uploads.describe(house, draft, ref, **words, who=who)
                request.app[INTAKE].look()
    except Refused as refused:
        return await _files_page(request, session, refused, back, ref)
    return _back(request, back, "file_kept")


# ── without scripts ──────────────────────────────────────────────────────────────────────────────


@routes.post("/studio/drafts/{draft}/files")
async def post_files(request: web.Request) -> web.Response:
    """Files as a form sends them, in one go: each is written to the disk as it comes. Those that came whole stay, even
    where a later one is refused."""
    try:
        session = await sender(request)
    except Refused as refused:
        if refused.code is Code.SIGN_IN_NEEDED:
            return go_to(f"/studio/signin?next={studio_path(request.path)}")
        raise
    form: dict[str, str] = {}
    try:
        length = request.content_length
        if length is not None and length > PLAIN_BYTES:
            raise _too_much()
        if request.content_type != "multipart/form-data":
            raise Refused(Code.FORM_BROKEN, N_("This form did not arrive as a browser sends it."))
        count = await _take_parts(request, session, form)
        if not count:
            raise Refused(Code.FILE_MISSING, N_("No file was chosen."), field="files")
    except Refused as refused:
        if refused.code is Code.FOREIGN_FORM:
            raise
        return await _files_page(request, session, refused, form.get("back", ""))
    except (OSError, ClientError, TimeoutError, ValueError, web.RequestPayloadError):
        broken = Refused(Code.FORM_BROKEN, N_("This form did not arrive whole."), hint=N_("Send it again."))
        return await _files_page(request, session, broken, form.get("back", ""))
    finally:
        request.app[INTAKE].look()
    return _back(request, form.get("back", ""), "files_sent")


async def _take_parts(request: web.Request, session: Session, form: dict[str, str]) -> int:
    """Read the form to its end; how many files came. Its token stands before the first of them."""
    count = 0
    reader = await request.multipart()
    while True:
        async with asyncio.timeout(SILENCE):
            part = await reader.next()
        if part is None:
            return count
        if isinstance(part, MultipartReader):
            raise ValueError("a form within a form")
        if part.name != "files":
            if len(form) >= _MOST_FIELDS:
                raise ValueError("more fields than the form has")
            form[part.name or ""] = (await part.read_chunk(_SMALL_FIELD)).decode("utf-8", "replace")
            await part.release()
            continue
        check_token(session, form.get("csrf", ""))
        if part.filename:
            house, draft = request.app[HOUSE], request.match_info["draft"]
            await uploads.take_in(house, draft, part.filename, _chunks(part), session.row.creator_id)
            count += 1


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    came = 0
    while True:
        async with asyncio.timeout(SILENCE):
            chunk = await part.read_chunk(_CHUNK)
        if not chunk:
            return
        came += len(chunk)
        if came > PLAIN_BYTES:
            raise _too_much()
        yield chunk


def _too_much() -> TooLarge:
    return TooLarge(
        Code.FILE_TOO_LARGE,
        N_("This is more than a form can send in one go: %(most)s GB."),
        hint=N_("With JavaScript switched on in your browser it is sent in pieces, however large it is."),
        field="files",
        most=PLAIN_BYTES // 1_000_000_000,
    )


# ── files of this machine ────────────────────────────────────────────────────────────────────────


async def _server_page(
    request: web.Request, session: Session, path: str, back: str, error: HeadwatersError | None = None
) -> web.Response:
    house, said = request.app[HOUSE], words_of(request)
    draft, _, _ = await _draft_and_rows(request, request.match_info["draft"])
    address = f"/studio/drafts/{draft.ref}/server"
    back = studio_path(back) if back else f"/studio/drafts/{draft.ref}/files"
    try:
        folder = await picking.browse(house, path)
    except Refused as refused:
        folder, error = await picking.browse(house, ""), error or refused

    def way(to: str) -> str:
        return f"{address}?{urlencode({'in': to, 'back': back})}"

    entries = tuple(
        ServerEntry(
            name=entry.name,
            path=entry.path,
            href=way(entry.path) if entry.size is None else "",
            size="" if entry.size is None else said.size(entry.size),
        )
        for entry in folder.entries
    )
    above = "" if folder.above is None else way(folder.above)
    around = await frame(request, session, "works", "drafts")
    page = ServerPage(around, address, back, folder.path, above, entries, folder.more, problem_of(request, error))
    return show(request, "server", page, error)


@routes.get("/studio/drafts/{draft}/server")
@may(Right.PUBLISH)
async def get_server(request: web.Request, session: Session) -> web.Response:
    """Files and folders of this machine, as far as the configuration names them."""
    return await _server_page(request, session, request.query.get("in", ""), request.query.get("back", ""))


@routes.post("/studio/drafts/{draft}/server")
@may(Right.PUBLISH)
async def post_server(request: web.Request, session: Session) -> web.Response:
    """Pick a file, or all files of a folder."""
    house, form = request.app[HOUSE], session.form
    path, back = form.get("path", ""), form.get("back", "")
    draft_ref = request.match_info["draft"]
    try:
        draft = await house.db.read(partial(rows.find_draft, ref=draft_ref))
        await picking.pick(house, draft.id, Path(path), session.row.creator_id)
    except Refused as refused:
        return await _server_page(request, session, form.get("in", ""), back, refused)
    request.app[INTAKE].look()
    return _back(request, back, "files_picked")
