"""Stripe's library on our event loop, and its errors as ours. Stripe is told nothing that it does not need."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import stripe

from headwaters.core.errors import N_, Code, NotFound, Refused, Unavailable

log = logging.getLogger(__name__)

stripe.enable_telemetry = False  # it would send timings and the platform, and keep an id in the creator's home
logging.getLogger("stripe").setLevel(logging.WARNING)  # its notes hold ids of sessions

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
RETRIES = 2  # of the same request under the same idempotency key, so that nothing is done twice


class Connections(stripe.HTTPClient):
    """The library's requests over aiohttp. Connections are shared while requests overlap and closed when none is left:
    a till is thrown away whenever a setting changes, and has no other moment to close anything."""

    name = "aiohttp"

    def __init__(self) -> None:
        super().__init__()
        self._session: aiohttp.ClientSession | None = None
        self._users = 0

    @asynccontextmanager
    async def _shared(self) -> AsyncIterator[aiohttp.ClientSession]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        session = self._session
        self._users += 1
        try:
            yield session
        finally:
            self._users -= 1
            if self._users == 0:
                self._session = None
                await session.close()

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request. Raises stripe.APIConnectionError, upon which the library tries again."""
        try:
            async with (
                self._shared() as session,
                session.request(method, url, headers=headers, data=post_data, allow_redirects=False) as response,
            ):
                return await response.read(), response.status, response.headers
        except (aiohttp.ClientError, TimeoutError, OSError) as down:
            error = stripe.APIConnectionError(type(down).__name__, should_retry=True)  # type: ignore[no-untyped-call]
            raise error from down

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """Between two tries."""
        return asyncio.sleep(secs)


def make_client(secret_key: str, api: str, retries: int = RETRIES) -> stripe.StripeClient:
    """A client of Stripe's API; `api`: another address of it, or empty."""
    return stripe.StripeClient(
        secret_key,
        base_addresses={"api": api} if api else None,
        max_network_retries=retries,
        http_client=Connections(),
    )


@contextmanager
def translated() -> Iterator[None]:
    """Stripe's errors as ours. What is logged names no person: Stripe's messages may hold what the reader typed."""
    try:
        yield
    except stripe.StripeError as error:
        raise _translation(error, own_words(error)) from error


def own_words(error: stripe.StripeError) -> str:
    """Log an error by its kind alone; the parameter that it is about."""
    param = str(getattr(error, "param", None) or "")
    said = (type(error).__name__, error.code, param, error.request_id)
    log.warning("Stripe: %s", " ".join(filter(None, said)))
    return param


def _translation(error: stripe.StripeError, param: str) -> Refused | Unavailable:
    match error:
        case stripe.InvalidRequestError(code="resource_missing") | stripe.InvalidRequestError(http_status=404):
            return NotFound(Code.PAYMENT_STATE, N_("Stripe knows no such payment."))
        case stripe.InvalidRequestError(code="amount_too_small"):
            return Refused(Code.AMOUNT_TOO_SMALL, N_("That is too little for a card payment."), field="amount")
        case stripe.InvalidRequestError(code="amount_too_large"):
            return Refused(Code.AMOUNT_TOO_LARGE, N_("That is too much for one card payment."), field="amount")
        case stripe.InvalidRequestError() if "currency" in param:
            return Refused(Code.CURRENCY_UNKNOWN, N_("Card payments do not work in this currency."), field="till")
        case stripe.InvalidRequestError() | stripe.AuthenticationError() | stripe.PermissionError():
            return Refused(
                Code.TILL_OFF,
                N_("Card payments do not work here right now; the creator has to look at their settings."),
                hint=N_("Choose another way, or come back later."),
                field="till",
            )
    return Unavailable(
        Code.TILL_DOWN,
        N_("Stripe does not answer right now, so nothing was charged."),
        hint=N_("Try again in a minute."),
    )
