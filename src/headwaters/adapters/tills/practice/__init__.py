"""The practice till: a bank of our own where no real money moves, to learn with and to show the shop.

What a session is about stands in its signed name, so that opening one costs nothing and keeps nothing; only what was
decided on its pay page is a file, in the shop's folder. Its events are signed and read as a real till's are.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from headwaters.adapters.tills.practice import signatures
from headwaters.adapters.tills.practice.decisions import Decision, Decisions
from headwaters.adapters.tills.practice.sessions import Session, Sessions
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.money import Money
from headwaters.core.sales.practice import Choice, Decided, PracticeEvent, PracticePage
from headwaters.core.sales.states import Mode, PaymentState
from headwaters.core.sales.tills import PaymentRequest, PaymentStatus, TillEvent, TillSession

LATE = timedelta(seconds=10)  # how long "pay, but later" takes

_STATES = {
    Choice.PAY: PaymentState.PAID,
    Choice.PAY_TWICE: PaymentState.PAID,
    Choice.PAY_LATE: PaymentState.PENDING,
    Choice.FAIL: PaymentState.FAILED,
}


class PracticeTill:
    """`url` is the shop's public address, `folder` where decisions are kept, `shop_key` what its secrets come from."""

    name = "practice"
    mode = Mode.PRACTICE

    def __init__(self, url: str, folder: Path, shop_key: bytes, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._clock = clock
        self._decisions = Decisions(folder)
        self._sessions = Sessions(url, hmac.digest(shop_key, b"headwaters: practice sessions", "sha256"))
        self._secret = hmac.digest(shop_key, b"headwaters: practice events", "sha256")

    def check(self, amount: Money) -> None:
        """Any amount is practised with."""

    def open_now(self, request: PaymentRequest) -> TillSession:
        """The same request gives the same session."""
        session_id = self._sessions.write(request)
        return TillSession(session_id, f"{self._url}/practice/{session_id}", request.expires_at)

    async def open(self, request: PaymentRequest) -> TillSession:
        """As `open_now`."""
        return self.open_now(request)

    async def fetch(self, session_id: str) -> PaymentStatus:
        """What was decided on the pay page, and whether what comes late has come. Raises NotFound(PAYMENT_STATE)."""
        return self._status(self._sessions.read(session_id), self._clock())

    def read_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> TillEvent:
        """Raises Refused(EVENT_FORGED | EVENT_BROKEN)."""
        signatures.check(self._secret, headers, body, now)
        try:
            raw = json.loads(body)
            session = self._sessions.read(raw["session_id"])
            status = self._told(session, PaymentState(raw["state"]))
            return TillEvent(raw["id"], f"payment.{status.state}", session.reference, session.session_id, status)
        except (ValueError, TypeError, KeyError, Refused) as broken:
            raise Refused(Code.EVENT_BROKEN, N_("This payment event cannot be read.")) from broken

    # ── the pay page ──

    def page(self, session_id: str) -> PracticePage:
        """What the pay page shows. Raises NotFound(PAYMENT_STATE)."""
        session = self._sessions.read(session_id)
        state = self._status(session, self._clock()).state
        return PracticePage(session_id, session.title, session.amount, state, session.return_url, session.cancel_url)

    def decide(self, session_id: str, choice: Choice) -> Decided:
        """Let `choice` happen. The first one counts; after it, each says again what the first one said.

        Raises NotFound(PAYMENT_STATE), Refused(PAYMENT_STATE) when the session is over.
        """
        session, now = self._sessions.read(session_id), self._clock()
        if choice is Choice.CANCEL:
            return Decided((), session.cancel_url)
        if self._status(session, now).state is PaymentState.EXPIRED:
            raise Refused(
                Code.PAYMENT_STATE,
                N_("The time for this payment is over, and nothing was paid."),
                hint=N_("Go back to your page and start another."),
            )
        decision = self._decisions.keep(session_id, Decision(choice, now))
        event = self._event(session, _STATES[decision.choice], now)
        return Decided((event,) * (2 if decision.choice is Choice.PAY_TWICE else 1), session.return_url)

    def event(self, session_id: str, state: PaymentState, now: datetime) -> PracticeEvent:
        """What this till would send when a session comes to `state`. Raises NotFound(PAYMENT_STATE)."""
        return self._event(self._sessions.read(session_id), state, now)

    def _event(self, session: Session, state: PaymentState, now: datetime) -> PracticeEvent:
        event_id = "evt_" + self._mark(f"{session.session_id} {state}")
        body = json.dumps({"id": event_id, "session_id": session.session_id, "state": state}).encode()
        return PracticeEvent(signatures.sign(self._secret, body, now), body)

    def _status(self, session: Session, now: datetime) -> PaymentStatus:
        decision = self._decisions.find(session.session_id)
        if decision is None:
            return self._told(session, PaymentState.OPEN if now < session.expires_at else PaymentState.EXPIRED)
        if decision.choice is Choice.PAY_LATE and now >= decision.at + LATE:
            return self._told(session, PaymentState.PAID)
        return self._told(session, _STATES[decision.choice])

    def _told(self, session: Session, state: PaymentState) -> PaymentStatus:
        external_id = "pay_" + self._mark(session.session_id) if state is PaymentState.PAID else None
        return PaymentStatus(session.session_id, session.reference, state, session.amount, self.mode, external_id)

    def _mark(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), "sha256").hex()[:24]
