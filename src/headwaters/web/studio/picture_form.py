"""A form of the Studio with one picture in it."""

from __future__ import annotations

import asyncio

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from headwaters.core.errors import N_, Code, Refused, TooLarge
from headwaters.errands.look import LARGEST_LOGO, Upload
from headwaters.web.sales import read_form

LARGEST_TEXT = 256 * 1024  # bytes of all text fields and their names together
MOST_PARTS = 200
MOST_READ = 64 << 20  # what is read of a file that is too large, so that its sender gets to see the answer
PATIENCE = 1200.0  # seconds for all of it: a large picture at 2 KB/s
_CHUNK = 64 * 1024


class PictureForm(dict[str, str]):
    """The text fields, the first of each name; and the picture, if one was chosen."""

    upload: Upload | None = None


async def read_picture_form(request: web.Request) -> PictureForm:
    """Read it, and no more of it than a browser sends, nor for longer: it may come from somebody who is not signed in.

    Raises Refused(FORM_BROKEN), TooLarge(FORM_BROKEN), web.HTTPRequestTimeout.
    """
    if request.content_type != "multipart/form-data":
        return PictureForm(await read_form(request))
    try:
        async with asyncio.timeout(PATIENCE):
            return await _read_parts(request)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, LookupError, RuntimeError, AssertionError, HttpProcessingError) as broken:
        raise Refused(Code.FORM_BROKEN, N_("This form did not arrive whole.")) from broken


async def _read_parts(request: web.Request) -> PictureForm:
    form, count = PictureForm(), 0
    async for part in await request.multipart():
        count += 1
        if count > MOST_PARTS:
            raise _far_too_large()
        if isinstance(part, BodyPartReader):
            await _take(form, part)
    return form


async def _take(form: PictureForm, part: BodyPartReader) -> None:
    if part.filename is None:
        name, taken = part.name or "", sum(len(field) + len(value) for field, value in form.items())
        if taken + len(name) > LARGEST_TEXT:
            raise _far_too_large()
        data = await _read(part, LARGEST_TEXT - taken - len(name))
        form.setdefault(name, data.decode("utf-8").replace("\0", ""))
        return
    data = await _read(part, LARGEST_LOGO)
    if data and form.upload is None:
        form.upload = Upload(part.filename[:200], data)


async def _read(part: BodyPartReader, most: int) -> bytes:
    """Its bytes; of what is too large, one more than `most`. Raises TooLarge(FORM_BROKEN) for what has no end."""
    data, seen = bytearray(), 0
    while chunk := await part.read_chunk(_CHUNK):
        seen += len(chunk)
        data += chunk[: max(0, most + 1 - len(data))]
        if seen > MOST_READ or (part.filename is None and seen > most):
            raise _far_too_large()
    return bytes(data)


def _far_too_large() -> TooLarge:
    return TooLarge(Code.FORM_BROKEN, N_("This form is far too large, so nothing was kept."))
