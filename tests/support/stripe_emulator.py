"""Stripe on loopback: the emulator of npm's `emulate`, behind a proxy that adds what it lacks.

The emulator has Checkout Sessions, their hosted page and signed events; it wants prices by id, and its sessions carry
neither amount nor reference. The proxy makes a product and a price out of inline `price_data`, gives sessions and
events what was posted, honours the Idempotency-Key, and knows refunds, disputes and fees. The product talks to it as it
does to Stripe.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
import stripe
from aiohttp import web

from tests.support.addresses import free_port
from tests.support.needs import need

SECRET_KEY = "sk_test_emulator"
WEBHOOK_SECRET = "whsec_of_the_shop"
_EMULATORS_SECRET = "whsec_of_the_emulator"
_HOP_BY_HOP = {"content-length", "transfer-encoding", "connection", "content-encoding", "host"}


@dataclass
class Event:
    """An event as it was signed for the shop, and what the shop answered (None: nobody to tell)."""

    headers: dict[str, str]
    body: bytes
    answer: int | None = None

    @property
    def raw(self) -> Any:
        return json.loads(self.body)


@dataclass
class Kept:
    """What was posted for a session, and what happened to its money since."""

    form: dict[str, str]
    amount: int
    currency: str
    payment: str
    charge: str
    fee: dict[str, Any] | None = None
    refunds: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)
    payment_status: str | None = None  # instead of the emulator's, for debits that come late
    payment_state: str = "succeeded"


RIGHTS = frozenset({"sessions", "payment_intents", "charges", "disputes", "balance_transactions", "account", "hooks"})


@dataclass
class Key:
    """Another key than the emulator's own: whose it is, and what it may do."""

    account: str = "acct_alice"
    rights: frozenset[str] = RIGHTS
    name: str = "Alice’s films"
    charges: bool = True
    rolled: bool = False


@dataclass
class StripeEmulator:
    """`url` is the API's address; events go to `hook_url` where one is set. Those of sessions are kept in `events`."""

    url: str
    hook_url: str = ""
    secret_key: str = SECRET_KEY
    webhook_secret: str = WEBHOOK_SECRET
    events: list[Event] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, headers
    failures: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # answered next, instead
    sessions: dict[str, Kept] = field(default_factory=dict)
    replies: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)  # by idempotency key
    under_way: set[str] = field(default_factory=set)  # idempotency keys
    keys: dict[str, Key] = field(default_factory=dict)
    hooks: list[dict[str, Any]] = field(default_factory=list)  # webhook endpoints
    down: bool = False  # whether it answers nothing but 503

    @property
    def settings(self) -> dict[str, str]:
        """The shop's settings that make this its till."""
        return {"stripe_secret_key": self.secret_key, "stripe_webhook_secret": self.webhook_secret}

    def fail(self, status: int, **error: Any) -> None:
        """Answer the next request with Stripe's error."""
        self.failures.append((status, {"error": error}))

    def refund(self, session_id: str, amount: int, status: str = "succeeded") -> str:
        """Give `amount` of a session's payment back; the refund's id."""
        kept = self.sessions[session_id]
        refund = {"object": "refund", "amount": amount, "currency": kept.currency, "status": status}
        refund |= {"id": f"re_{len(kept.refunds)}_{kept.charge}", "payment_intent": kept.payment, "metadata": {}}
        kept.refunds.insert(0, refund)
        return str(refund["id"])

    def dispute(self, session_id: str, amount: int, status: str, *moves: tuple[int, int]) -> None:
        """The card's owner disputes `amount`; `moves`: (amount, fee) of each balance transaction so far."""
        kept = self.sessions[session_id]
        dispute = {"object": "dispute", "amount": amount, "currency": kept.currency, "status": status}
        kept.disputes.append(dispute | {"id": f"dp_{len(kept.disputes)}_{kept.charge}", "metadata": {}})
        self.decide(session_id, status, *moves)

    def decide(self, session_id: str, status: str, *moves: tuple[int, int]) -> None:
        """What becomes of the newest dispute: its state, and what Stripe moves for it."""
        kept = self.sessions[session_id]
        dispute = kept.disputes[-1]
        booked = dispute.setdefault("balance_transactions", [])
        for amount, fee in moves:
            name = f"txn_{len(booked)}_{dispute['id']}"
            booked.append({"id": name, "amount": amount, "fee": fee, "net": amount - fee, "currency": kept.currency})
        dispute["status"] = status

    def book_fee(self, session_id: str, fee: int, currency: str | None = None) -> None:
        """Stripe books the charge: from now on its fee is known."""
        kept = self.sessions[session_id]
        kept.fee = {"id": f"txn_{kept.charge}", "fee": fee, "currency": currency or kept.currency}


class _Proxy:
    def __init__(self, emulator: StripeEmulator, behind: str) -> None:
        self._emulator = emulator
        self._behind = behind
        self._client: aiohttp.ClientSession

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 20)
        app.cleanup_ctx.append(self._with_client)
        app.router.add_post("/emulator-events", self._event)
        app.router.add_post("/v1/checkout/sessions", self._create)
        app.router.add_get("/v1/checkout/sessions/{id}", self._retrieve)
        app.router.add_get("/v1/refunds", self._list)
        app.router.add_get("/v1/disputes", self._list)
        app.router.add_get("/v1/account", self._account)
        app.router.add_post("/v1/checkout/sessions/cs_test_headwaters_looks/expire", self._nothing)
        for kind in ("payment_intents", "charges", "disputes", "balance_transactions"):
            app.router.add_get(f"/v1/{kind}/{{id}}", self._nothing)
        app.router.add_get("/v1/webhook_endpoints", self._hooks)
        app.router.add_post("/v1/webhook_endpoints", self._make_hook)
        app.router.add_post("/v1/webhook_endpoints/{id}", self._nothing)
        app.router.add_delete("/v1/webhook_endpoints/{id}", self._delete_hook)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        return app

    async def _with_client(self, _app: web.Application) -> Any:
        async with aiohttp.ClientSession() as self._client:
            yield

    # ── what is passed on ──

    async def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        async with self._client.request(method, self._behind + path, data=form, headers=headers) as answer:
            return answer.status, await answer.json()

    async def _pass_on(self, request: web.Request) -> web.Response:
        """The hosted page and what else nothing is added to."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with self._client.request(
            request.method,
            self._behind + request.path_qs,
            data=await request.read(),
            headers=headers,
            allow_redirects=False,
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    # ── the API ──

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Note the request; Stripe's refusal where one is due."""
        self._emulator.requests.append((request.method, request.path, dict(request.headers)))
        if self._emulator.failures:
            status, body = self._emulator.failures.pop(0)
            return web.json_response(body, status=status, headers={"Request-Id": "req_test"})
        if self._emulator.down:
            return web.json_response({"error": {"type": "api_error"}}, status=503)
        key = self._key(request)
        if key is None or key.rolled:
            error = {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_****"}
            return web.json_response({"error": error | ({"code": "api_key_expired"} if key else {})}, status=401)
        return None if _right(request.path) in key.rights else _forbidden()

    def _key(self, request: web.Request) -> Key | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._emulator.keys.get(given, Key() if given == SECRET_KEY else None)

    # ── what is looked at before a key is kept ──

    async def _account(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        key = self._key(request)
        assert key is not None
        about = {"id": key.account, "object": "account", "charges_enabled": key.charges}
        return web.json_response(about | {"settings": {"dashboard": {"display_name": key.name}}})

    async def _nothing(self, request: web.Request) -> web.Response:
        """There is no such thing, for who may look."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        error = {"type": "invalid_request_error", "code": "resource_missing", "message": "No such thing"}
        return web.json_response({"error": error}, status=404)

    async def _hooks(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        shown = [{name: value for name, value in hook.items() if name != "secret"} for hook in self._emulator.hooks]
        return web.json_response({"object": "list", "url": request.path, "has_more": False, "data": shown})

    async def _make_hook(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        form = dict(parse_qsl(await request.text(), strict_parsing=True))
        if not form["url"].startswith("https://"):
            error = {"type": "invalid_request_error", "param": "url", "message": "Invalid URL: must be https"}
            return web.json_response({"error": error}, status=400)
        number = len(self._emulator.hooks) + 1
        hook = {
            "id": f"we_{number}_{hashlib.sha256(form['url'].encode()).hexdigest()[:8]}",
            "object": "webhook_endpoint",
            "url": form["url"],
            "enabled_events": [value for name, value in form.items() if name.startswith("enabled_events[")],
            "metadata": _bracketed(form, "metadata"),
            "status": "enabled",
            "secret": f"whsec_made_{number}",
        }
        self._emulator.hooks.append(hook)
        return web.json_response(hook)

    async def _delete_hook(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        gone = request.match_info["id"]
        self._emulator.hooks[:] = [hook for hook in self._emulator.hooks if hook["id"] != gone]
        return web.json_response({"id": gone, "object": "webhook_endpoint", "deleted": True})

    async def _create(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = await request.text()
        key, digest = request.headers["Idempotency-Key"], hashlib.sha256(body.encode()).hexdigest()
        if key in self._emulator.replies:
            before, reply = self._emulator.replies[key]
            if before == digest:
                return web.json_response(reply, headers={"Idempotent-Replayed": "true"})
            error = {
                "type": "idempotency_error",
                "message": "Keys for idempotent requests can only be used with the same parameters.",
            }
            return web.json_response({"error": error}, status=400)
        if key in self._emulator.under_way:
            return web.json_response(
                {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}, status=409
            )
        self._emulator.under_way.add(key)
        try:
            form = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
            _check_form(form)
            session = await self._make_session(form)
            self._emulator.replies[key] = (digest, session)
        finally:
            self._emulator.under_way.discard(key)
        return web.json_response(session)

    async def _make_session(self, form: dict[str, str]) -> dict[str, Any]:
        item = "line_items[0][price_data]"
        currency, amount = form[f"{item}[currency]"], form[f"{item}[unit_amount]"]
        _, product = await self._ask("POST", "/v1/products", {"name": form[f"{item}[product_data][name]"]})
        price = {"product": product["id"], "currency": currency, "unit_amount": amount}
        _, price = await self._ask("POST", "/v1/prices", price)
        plain = {name: value for name, value in form.items() if not name.startswith((item, "payment_intent_data"))}
        status, session = await self._ask(
            "POST", "/v1/checkout/sessions", {**plain, "line_items[0][price]": price["id"]}
        )
        assert status == 200, session
        mark = hashlib.sha256(session["id"].encode()).hexdigest()[:16]
        self._emulator.sessions[session["id"]] = Kept(form, int(amount), currency, f"pi_{mark}", f"ch_{mark}")
        return self._enriched(session, expanded=False)

    def _enriched(self, session: dict[str, Any], *, expanded: bool) -> dict[str, Any]:
        kept = self._emulator.sessions[session["id"]]
        session = session | {
            "amount_total": kept.amount,
            "currency": kept.currency,
            "client_reference_id": kept.form.get("client_reference_id"),
            "customer_email": kept.form.get("customer_email"),
            "metadata": _bracketed(kept.form, "metadata"),
            "expires_at": int(kept.form["expires_at"]),
            "payment_intent": None,
        }
        if session["status"] == "complete":
            session["payment_status"] = kept.payment_status or session["payment_status"]
            session["payment_intent"] = _payment(kept) if expanded else kept.payment
        return session

    async def _retrieve(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        status, session = await self._ask("GET", f"/v1/checkout/sessions/{request.match_info['id']}")
        if status != 200:
            return web.json_response(session, status=status)
        expanded = any(name.startswith("expand") for name in request.query)
        return web.json_response(self._enriched(session, expanded=expanded))

    async def _list(self, request: web.Request) -> web.Response:
        """Refunds or disputes of a charge, in pages of at most three, so that more than one is asked for."""
        if (refusal := self._refusal(request)) is not None:
            return refusal
        kept = next(kept for kept in self._emulator.sessions.values() if kept.charge == request.query["charge"])
        rows = kept.refunds if request.path.endswith("refunds") else kept.disputes
        after = request.query.get("starting_after")
        start = 1 + next(at for at, row in enumerate(rows) if row["id"] == after) if after else 0
        page = {
            "object": "list",
            "url": request.path,
            "data": rows[start : start + 3],
            "has_more": len(rows) > start + 3,
        }
        return web.json_response(page)

    # ── events ──

    async def _event(self, request: web.Request) -> web.Response:
        """An event of the emulator: verified with its secret, completed, signed with the shop's, and passed on."""
        body = (await request.read()).decode()
        stripe.WebhookSignature.verify_header(body, request.headers["Stripe-Signature"], _EMULATORS_SECRET, 300)
        raw = json.loads(body)
        about = raw["data"]["object"]
        if raw["type"].startswith("checkout."):
            about = self._enriched(about, expanded=False)
        raw |= {"id": raw.get("id") or f"evt_{raw['type']}_{about['id']}", "object": "event"}
        raw |= {"created": int(time.time()), "livemode": False, "data": {"object": about}}
        await self._send(raw)
        return web.Response()

    async def _send(self, raw: dict[str, Any]) -> None:
        """Sign an event for the shop and bring it there."""
        body = json.dumps(raw, indent=2)
        header = stripe.WebhookSignature.generate_signature_header(body, self._emulator.webhook_secret)
        event = Event({"Stripe-Signature": header, "Content-Type": "application/json"}, body.encode())
        if self._emulator.hook_url:
            async with self._client.post(self._emulator.hook_url, data=event.body, headers=event.headers) as answer:
                event.answer = answer.status
        if raw["type"].startswith("checkout."):
            self._emulator.events.append(event)


def _right(path: str) -> str:
    """The right that a path of the API takes."""
    part = path.removeprefix("/v1/").split("/", 1)[0]
    return {"checkout": "sessions", "webhook_endpoints": "hooks", "refunds": "charges"}.get(part, part)


def _forbidden() -> web.Response:
    error = {"type": "invalid_request_error", "message": "The provided key does not have the required permissions."}
    return web.json_response({"error": error}, status=403)


def _check_form(form: dict[str, str]) -> None:
    """What Stripe would refuse and the emulator does not look at."""
    wait = int(form["expires_at"]) - time.time()
    assert 30 * 60 <= wait <= 24 * 3600, f"a session is open for 30 minutes to 24 hours, not {wait} s"
    assert form["mode"] == "payment"
    assert form["line_items[0][quantity]"] == "1"
    assert int(form["line_items[0][price_data][unit_amount]"]) > 0
    assert form["success_url"].startswith("http")
    assert form["payment_intent_data[metadata][payment]"] == form["metadata[payment]"] == form["client_reference_id"]


def _bracketed(form: dict[str, str], name: str) -> dict[str, str]:
    return {key[len(name) + 1 : -1]: value for key, value in form.items() if key.startswith(f"{name}[")}


def _payment(kept: Kept) -> dict[str, Any]:
    """A PaymentIntent with its charge, balance transaction and newest refunds, as `expand` gives them."""
    metadata = _bracketed(kept.form, "payment_intent_data[metadata]")
    charge = {
        "id": kept.charge,
        "object": "charge",
        "amount": kept.amount,
        "amount_refunded": sum(refund["amount"] for refund in kept.refunds if refund["status"] == "succeeded"),
        "currency": kept.currency,
        "balance_transaction": kept.fee,
        "disputed": bool(kept.disputes),
        "metadata": metadata,
        "refunds": {"object": "list", "data": kept.refunds[:10], "has_more": len(kept.refunds) > 10},
    }
    payment = {"id": kept.payment, "object": "payment_intent", "status": kept.payment_state, "metadata": metadata}
    return payment | {"latest_charge": charge if kept.payment_state == "succeeded" else None}


# ── running it ───────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _node(folder: Path, port: int, proxy_url: str) -> Iterator[str]:
    seed = folder / "seed.json"
    hook = {"url": f"{proxy_url}/emulator-events", "events": ["*"], "secret": _EMULATORS_SECRET}
    seed.write_text(json.dumps({"stripe": {"webhooks": [hook]}}), encoding="utf-8")
    arguments = ["--service", "stripe", "--port", str(port), "--seed", str(seed), "--base-url", proxy_url]
    with (folder / "emulate.log").open("wb") as log:
        process = subprocess.Popen(
            [need("node24"), need("emulate"), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def _in_a_thread(app: web.Application, port: int) -> Iterator[None]:
    """Serve `app` from a loop of its own: tests block theirs, or have none."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app)
    started, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10), "the proxy before the emulator did not start"
    yield
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def _wait_for(url: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        try:
            connection.request("GET", "/v1/products", headers={"Authorization": f"Bearer {SECRET_KEY}"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        assert time.monotonic() < deadline, "the Stripe emulator did not start"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def running_stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeEmulator]:
    """The run's own Stripe."""
    port, proxy_port = free_port(), free_port()
    emulator = StripeEmulator(f"http://127.0.0.1:{proxy_port}")
    with _node(tmp_path_factory.mktemp("stripe"), port, emulator.url) as behind:
        _wait_for(behind)
        with _in_a_thread(_Proxy(emulator, behind).app(), proxy_port):
            yield emulator


@pytest.fixture
def stripe_emulator(running_stripe: StripeEmulator) -> Iterator[StripeEmulator]:
    """Stripe, with nothing going on: point `hook_url` at the shop's /hooks/stripe to have events brought there."""
    running_stripe.hook_url = ""
    running_stripe.events.clear()
    running_stripe.requests.clear()
    running_stripe.failures.clear()
    running_stripe.keys.clear()
    running_stripe.hooks.clear()
    running_stripe.down = False
    yield running_stripe
    running_stripe.hook_url = ""
