"""What went wrong, as a page that says what happened and what to do; as JSON or a line of text for programs."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from headwaters.core.errors import N_, Code, HeadwatersError, NotFound
from headwaters.core.shelf.keys import without_secrets
from headwaters.errands.failures import kind_of, log_failure, where
from headwaters.texts import translations
from headwaters.web.contexts.shop import ErrorPage
from headwaters.web.keys import HOUSE
from headwaters.web.render import PRIVATE, render, retry_headers, said_problem, status_of

log = logging.getLogger(__name__)

# What aiohttp raises for a body that is broken in itself: a part without a proper header, one that is not packed as it
# says, one whose sender went. That is the sender's doing, and no failure of ours.
BROKEN_BODY = (HttpProcessingError, web.RequestPayloadError)


class _Tactful(logging.Filter):
    """aiohttp would write down who sent a broken request and how it began, which is often with a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, BROKEN_BODY):
            return False  # the sender was told
        if error is not None:
            record.msg, record.args = "the server failed: %s\n%s", (kind_of(error), where(error))
            record.exc_info = record.exc_text = None
        return True


logging.getLogger("aiohttp.server").addFilter(_Tactful())

# status → what happened, what to do
_TITLES: Mapping[int, tuple[str, str]] = {
    400: (N_("That did not arrive as it should."), N_("Go back, load the page again, and try once more.")),
    403: (N_("That is not for everyone."), N_("If it is your shop, sign in and try again.")),
    404: (N_("There is nothing here."), N_("Look at the address again: a letter may be missing at its end.")),
    405: (N_("That is not how this page is used."), N_("Go back and use the buttons of the page.")),
    408: (N_("That took too long to arrive."), N_("Go back, look at your connection, and try once more.")),
    409: (N_("Somebody was quicker."), N_("Load the page again to see how things are now.")),
    410: (N_("This is gone."), ""),
    413: (
        N_("That is too much at once."),
        N_("Go back and send less of it. What you wrote is still in the form there."),
    ),
    422: (N_("That cannot be."), N_("Go back and look at the form again.")),
    429: (N_("One moment, please."), N_("That was a lot at once. Try again in a little while.")),
    423: (N_("Somebody is at it just now."), N_("Try again in a little while.")),
    451: (N_("This is withheld."), N_("A legal duty stands behind it. It is not this shop’s choice.")),
    500: (N_("That was our mistake."), N_("Nothing of yours is lost. Try again; if it stays, tell the shop.")),
    503: (N_("Please try again in a moment."), N_("Something that this page needs does not answer just now.")),
}


def error_context(error: HeadwatersError, status: int, language: str) -> ErrorPage:
    """The page of an error that was raised on purpose."""
    problem = said_problem(error, language)
    title, what_to_do = _said(status, language)
    if error.code in _TITLES_BY_CODE:
        title = translations(language).gettext(_TITLES_BY_CODE[error.code])
    if error.code in _NOT_WHOLE and "name" not in error.values:
        damaged, come_back = (translations(language).gettext(text) for text in _DAMAGED)
        return ErrorPage(status, title, damaged, come_back, error.code)
    return ErrorPage(status, title, problem.message, problem.hint or what_to_do, error.code)


# Storages speak to whoever runs the shop. A reader can do nothing with a command.
_NOT_WHOLE = frozenset([Code.BLOB_CHANGED, Code.BLOB_MISSING])
_DAMAGED = (
    N_("A file of this shop is damaged, and is not sent until it is whole again."),
    N_("Your page and all else on it stay. Come back in a while, or write to its creator from your page."),
)

# What its code says better than the status.
_TITLES_BY_CODE: Mapping[Code, str] = {Code.PAGE_NOT_YOURS: N_("This is not for you.")}


def _plain_context(status: int, language: str) -> ErrorPage:
    title, what_to_do = _said(status, language)
    return ErrorPage(status, title, "", what_to_do, "")


def _said(status: int, language: str) -> tuple[str, str]:
    catalogue = translations(language)
    title, what_to_do = _TITLES.get(status, _TITLES[500])
    return catalogue.gettext(title), catalogue.gettext(what_to_do) if what_to_do else ""


_READ = re.compile(r"/d/[^/]+/[^/]+/read(?:/[0-9]+)?")  # a book on a page


def _is_for_programs(path: str) -> bool:
    return path == "/healthz" or (path.startswith(("/d/", "/static/")) and not _READ.fullmatch(path))


def error_response(request: web.Request, context: ErrorPage, headers: Mapping[str, str]) -> web.Response:
    """`context` as whoever asks can read it."""
    headers = {**PRIVATE, **headers}
    if request.path.endswith(".json"):
        body = msgspec.json.encode({"error": {"code": context.code, "message": context.message or context.title}})
        return web.Response(body=body, status=context.status, headers={**headers, "Content-Type": "application/json"})
    if _is_for_programs(request.path):
        text = f"{context.message or context.title} {context.hint}".strip() + "\n"
        return web.Response(text=text, status=context.status, headers=headers)
    return render(request, "error.html", context, status=context.status, headers=headers)


def _check_address(request: web.Request) -> None:
    """No address of ours has a NUL in it, and a database need not take one."""
    if "\0" in request.path:
        raise NotFound(Code.PAGE_UNKNOWN, N_("There is no such page."))


def _went(request: web.Request, error: Exception) -> bool:
    """Whether whoever asked has hung up, so that nobody hears the answer."""
    return isinstance(error, ConnectionResetError) and (request.transport is None or request.transport.is_closing())


@web.middleware
async def errors_as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place where errors become responses. What nobody expected is logged, without any secret."""
    language = request.app[HOUSE].now.settings.language
    try:
        _check_address(request)
        return await handler(request)
    except HeadwatersError as error:
        status = status_of(error)
        if status >= 500:
            log.error("%s: %s", error.code, error)
        return error_response(request, error_context(error, status, language), retry_headers(error))
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        kept = {name: answer.headers[name] for name in ("Allow",) if name in answer.headers}
        return error_response(request, _plain_context(answer.status, language), kept)
    except BROKEN_BODY:
        return error_response(request, _plain_context(400, language), {})
    except Exception as error:
        if not _went(request, error):
            log_failure(log, f"{request.method} {without_secrets(request.path)}", error)
        return error_response(request, _plain_context(500, language), {})
