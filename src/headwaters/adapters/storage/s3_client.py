"""One client of an S3-compatible store for a whole process, in a thread with an event loop of its own: whoever keeps
files waits for it in their thread, whoever sends them in their own loop.

What the store answers is translated here. Nothing of the secret ever reaches a message or a log.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any, Protocol, TypeVar

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError, ClientError

from headwaters.core.errors import N_, Code, HeadwatersError, Refused, Unavailable

T = TypeVar("T")
Client = Any  # botocore makes its methods at run time

ATTEMPTS = 6  # for each request, with back-off, where the store is busy or the line breaks
CONNECT_WITHIN = 10  # seconds
READ_WITHIN = 60  # seconds between two pieces of an answer
CONNECTIONS = 512  # at most; each proxied download has one while it runs

_KEY_REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "AuthorizationHeaderMalformed"}
_KEY_REFUSED |= {"403", "401", "AccountProblem", "AllAccessDisabled", "NotSignedUp", "InvalidToken", "ExpiredToken"}
_CLOCKS = {"RequestTimeTooSkewed", "RequestExpired"}
_ELSEWHERE = {"PermanentRedirect", "301", "IllegalLocationConstraintException", "InvalidRegionName"}
_MISSING = {"NoSuchKey", "404"}
_FULL = {"QuotaExceeded", "InsufficientStorage", "507", "EntityTooLarge", "XMinioStorageFull", "TooManyBuckets"}
_OTHER_SIZE = {"InvalidRange", "416"}


class Account(Protocol):
    """Where the store is and whose it is, as config.S3 says it. `addressing`: path, virtual or auto."""

    @property
    def endpoint(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def bucket(self) -> str: ...
    @property
    def prefix(self) -> str: ...
    @property
    def key_id(self) -> str: ...
    @property
    def secret(self) -> str: ...
    @property
    def addressing(self) -> str: ...
    @property
    def public_endpoint(self) -> str: ...


class S3Client:
    """Runs coroutines of the client. Made when it is first needed; `close` ends the thread."""

    def __init__(self, account: Account, attempts: int = ATTEMPTS) -> None:
        self.account = account
        self._attempts = attempts
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._clients: dict[str, Client] = {}
        self._stack = AsyncExitStack()
        self._making: asyncio.Lock | None = None

    def start(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> Future[T]:
        """Carry out `work`; its future raises as `speaking` says."""
        return asyncio.run_coroutine_threadsafe(self._carry_out(work), self._running())

    def run(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        """The same, and wait. Blocks: never from an event loop."""
        future = self.start(work)
        try:
            return future.result()
        finally:
            future.cancel()  # whoever waited may have been interrupted

    async def ask(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        """The same from an event loop."""
        return await asyncio.wrap_future(self.start(work))

    def let_go(self, tidying: Callable[[], Awaitable[None]]) -> None:
        """Run `tidying` when there is time; nobody waits for it."""

        async def run() -> None:
            with suppress(Exception):
                await tidying()

        loop = self._loop
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(run(), loop)

    async def public(self) -> Client:
        """The client that writes addresses for readers. Only inside `work`."""
        return await self._client(self.account.public_endpoint or self.account.endpoint)

    def close(self) -> None:
        """Close the connections and end the thread. Twice is fine."""
        with self._lock:
            loop, self._loop = self._loop, None
            thread, self._thread = self._thread, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    async def _carry_out(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        with speaking(self.account):
            return await work(await self._client(self.account.endpoint))

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run, args=(self._loop,), name="s3", daemon=True)
                self._thread.start()
            return self._loop

    async def _client(self, endpoint: str) -> Client:
        if self._making is None:
            self._making = asyncio.Lock()
        async with self._making:
            if endpoint not in self._clients:
                self._clients[endpoint] = await self._stack.enter_async_context(self._make(endpoint))
        return self._clients[endpoint]

    def _make(self, endpoint: str) -> Any:
        account = self.account
        session = AioSession()
        for setting in ("config_file", "credentials_file"):  # of others who use this machine
            session.set_config_variable(setting, os.devnull)
        options = AioConfig(
            signature_version="s3v4",
            s3={"addressing_style": account.addressing, "payload_signing_enabled": True},
            retries={"mode": "standard", "max_attempts": self._attempts},
            connect_timeout=CONNECT_WITHIN,
            read_timeout=READ_WITHIN,
            max_pool_connections=CONNECTIONS,
            # Signed payloads say the same on every store; the newer trailers are understood by few of them.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return session.create_client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=account.region,
            aws_access_key_id=account.key_id,
            aws_secret_access_key=account.secret,
            config=options,
        )

    async def _stop(self) -> None:
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._stack.aclose()
        self._clients.clear()
        self._making = None


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


async def seen(client: Client, bucket: str, key: str) -> Any:
    """What the store says of an object. Not by HEAD: an answer without a body cannot say what is wrong, and Swift's
    puts a stray byte behind it."""
    answer = await client.get_object(Bucket=bucket, Key=key)
    answer["Body"].close()
    return answer


# ── what the store says ──────────────────────────────────────────────────────────────────────────


@contextmanager
def speaking(account: Account) -> Iterator[None]:
    """Raise in our words what goes wrong inside.

    Unavailable: STORAGE_DOWN (busy, cut off, not there), BLOB_MISSING, BLOB_CHANGED (of another size). Refused:
    CONFIG_BROKEN (key, bucket, region, clock), DISK_FULL (no room, or nothing as large).
    """
    try:
        yield
    except HeadwatersError:
        raise
    except ClientError as error:
        raise translated(error, account) from error
    except (BotoCoreError, OSError, EOFError, TimeoutError, ValueError) as error:
        raise storage_down(account, type(error).__name__) from error


def translated(error: ClientError, account: Account) -> HeadwatersError:
    """What an answer of the store means."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    told = {code, status}
    if told & _CLOCKS:
        return _refusal(N_("The clock of this machine and that of the store differ too much."), account)
    if code == "NoSuchBucket":
        return _refusal(N_("The store at %(endpoint)s has no bucket “%(bucket)s”, or not for this key."), account)
    if told & _ELSEWHERE:
        return _refusal(N_("The bucket “%(bucket)s” is in another region than “%(region)s”."), account)
    if told & _KEY_REFUSED:
        return _refusal(N_("The store at %(endpoint)s refuses the shop’s key for the bucket “%(bucket)s”."), account)
    if told & _FULL:
        return Refused(
            Code.DISK_FULL,
            N_("The store at %(endpoint)s has no room for this file; nothing was kept."),
            hint=N_("Look at the limits of your account there."),
            endpoint=_name(account),
        )
    if told & _MISSING:
        return blob_missing()
    if told & _OTHER_SIZE:
        return blob_changed()
    return storage_down(account, code or status)


def _refusal(message: str, account: Account) -> Refused:
    return Refused(
        Code.CONFIG_BROKEN,
        message,
        hint=N_("Look at [s3] in headwaters.toml; “headwaters doctor” tries it."),
        endpoint=_name(account),
        bucket=account.bucket,
        region=account.region,
    )


def storage_down(account: Account, why: str) -> Unavailable:
    """The store is busy, or cannot be reached."""
    return Unavailable(
        Code.STORAGE_DOWN,
        N_("The store at %(endpoint)s does not answer as it should: %(why)s."),
        hint=N_("Try again in a while. “headwaters doctor” tries it and says more."),
        endpoint=_name(account),
        why=why,
    )


def blob_missing() -> Unavailable:
    """Its bytes are not there."""
    return Unavailable(
        Code.BLOB_MISSING,
        N_("A file of this shop cannot be read right now."),
        hint=N_("“headwaters doctor” says which, and what to do."),
    )


def blob_changed() -> Unavailable:
    """Other bytes are there."""
    return Unavailable(
        Code.BLOB_CHANGED,
        N_("A file of this shop is not as it was published."),
        hint=N_("“headwaters doctor” says which; publish it again."),
    )


def _name(account: Account) -> str:
    return account.endpoint or f"S3 ({account.region})"
