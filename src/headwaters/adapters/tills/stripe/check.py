"""A look at Stripe's keys before they are kept: what they are, what they may do, and whether events will come.

A right is tried on something that does not exist: who has it is told that there is no such thing, who lacks it that
they may not look. So nothing is made or changed at Stripe, and nothing about anybody is read.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe

from headwaters.adapters.tills.stripe.client import make_client, own_words
from headwaters.adapters.tills.stripe.events import EVENTS
from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.core.sales.till_check import SECRET_KEY, WEBHOOK_SECRET, HookSeen, KeySeen, mode_of

_NOBODY = "headwaters_looks"
_MARK = "headwaters_shop"  # in an endpoint's metadata: which shop made it

_EVENTS: Any = list(EVENTS)  # the library lists all there are as literals
_Try = Callable[[stripe.StripeClient], Awaitable[object]]
# as Stripe's dashboard calls the rights of a restricted key
_RIGHTS: Mapping[str, _Try] = {
    "Checkout Sessions: Write": lambda client: client.v1.checkout.sessions.expire_async(f"cs_test_{_NOBODY}"),
    "PaymentIntents: Read": lambda client: client.v1.payment_intents.retrieve_async(f"pi_{_NOBODY}"),
    "Charges and Refunds: Read": lambda client: client.v1.charges.retrieve_async(f"ch_{_NOBODY}"),
    "Disputes: Read": lambda client: client.v1.disputes.retrieve_async(f"dp_{_NOBODY}"),
    "Balance Transactions: Read": lambda client: client.v1.balance_transactions.retrieve_async(f"txn_{_NOBODY}"),
}


class StripeCheck:
    """`shop_key` tells the endpoints that this shop made from those of another one on the same account."""

    events = EVENTS

    def __init__(self, *, shop_key: bytes, api: str = "") -> None:
        self._shop = hmac.digest(shop_key, b"headwaters: shop at stripe", "sha256").hex()[:16]
        self._api = api

    async def look(self, secret_key: str, hook_url: str) -> KeySeen:
        """All questions at once. Raises Refused(TILL_KEY_REFUSED), Unavailable(TILL_DOWN)."""
        client = make_client(secret_key, self._api, retries=0)
        hooks = client.v1.webhook_endpoints
        with _refusals():
            account = await _if_allowed(client.v1.accounts.retrieve_current_async())  # first: the rest needs a good key
            listed = await _if_allowed(hooks.list_async({"limit": 100}))
            attempts = (hooks.update_async(f"we_{_NOBODY}", {"enabled_events": _EVENTS}), *_attempts(client))
            may_arrange, *rights = await asyncio.gather(*map(_may, attempts))
        about = account.to_dict() if account is not None else {}
        found = self._hook(listed.to_dict()["data"], hook_url) if listed is not None else None
        return KeySeen(
            mode=mode_of(secret_key),
            account=str(about.get("id") or ""),
            name=_name(about),
            may_charge=bool(about.get("charges_enabled", True)),
            lacks=tuple(name for name, has in zip(_RIGHTS, rights, strict=True) if not has),
            may_arrange=may_arrange and listed is not None,
            hook=found,
        )

    def _hook(self, endpoints: list[Mapping[str, Any]], url: str) -> HookSeen | None:
        """The endpoint for this address; one of ours before another's."""
        found = [self._seen(endpoint) for endpoint in endpoints if endpoint.get("url") == url]
        return min(found, key=lambda hook: (not hook.enabled, not hook.ours), default=None)

    def _seen(self, endpoint: Mapping[str, Any]) -> HookSeen:
        sends = set(endpoint.get("enabled_events") or ())
        lacks = () if "*" in sends else tuple(event for event in EVENTS if event not in sends)
        ours = (endpoint.get("metadata") or {}).get(_MARK) == self._shop
        return HookSeen(str(endpoint["id"]), ours, endpoint.get("status") != "disabled", lacks)

    async def arrange_events(self, secret_key: str, hook_url: str) -> str:
        """Raises Refused(TILL_EVENTS | TILL_KEY_REFUSED), Unavailable(TILL_DOWN).

        The secret of an endpoint is told once, when it is made: so one of ours whose secret is lost is made anew.
        """
        client = make_client(secret_key, self._api, retries=0)
        endpoints = client.v1.webhook_endpoints
        with _refusals():
            listed = (await endpoints.list_async({"limit": 100})).to_dict()["data"]
            mine = [each for each in listed if each.get("url") == hook_url]
            if not all(self._seen(each).ours for each in mine):
                raise Refused(
                    Code.TILL_EVENTS,
                    N_("At Stripe there is an endpoint for this address that you made yourself."),
                    hint=N_("Paste its signing secret here; or delete it at Stripe, and the shop makes its own."),
                    field=WEBHOOK_SECRET,
                )
            for each in mine:
                await endpoints.delete_async(each["id"])
            made = await endpoints.create_async(
                {
                    "url": hook_url,
                    "enabled_events": _EVENTS,
                    "description": "Headwaters",
                    "metadata": {_MARK: self._shop},
                }
            )
        return str(made.secret)


def _attempts(client: stripe.StripeClient) -> Iterator[Awaitable[object]]:
    return (attempt(client) for attempt in _RIGHTS.values())


def _name(about: Mapping[str, Any]) -> str:
    """What the account calls itself."""
    shown = ((about.get("settings") or {}).get("dashboard") or {}).get("display_name")
    return str(shown or (about.get("business_profile") or {}).get("name") or "")


async def _may(attempt: Awaitable[object]) -> bool:
    """Whether the key has the right to what was tried: that there is no such thing is a good answer."""
    try:
        await attempt
    except stripe.PermissionError:
        return False
    except stripe.InvalidRequestError:
        return True
    return True


async def _if_allowed(attempt: Awaitable[Any]) -> Any | None:
    """What a key may tell; None where it may not."""
    try:
        return await attempt
    except stripe.PermissionError:
        return None


@contextmanager
def _refusals() -> Iterator[None]:
    """Stripe's errors as ours, beside the field that they are about."""
    try:
        yield
    except stripe.AuthenticationError as error:
        rolled = error.error is not None and error.error.code == "api_key_expired"
        raise Refused(
            Code.TILL_KEY_REFUSED,
            N_("This key has been rolled or has expired: Stripe does not take it any more.")
            if rolled
            else N_("Stripe does not know this key: it was revoked, or not copied whole."),
            hint=N_("Copy it once more from Stripe’s dashboard, under Developers, API keys."),
            field=SECRET_KEY,
        ) from error
    except stripe.PermissionError as error:
        raise Refused(
            Code.TILL_EVENTS,
            N_("This key may not arrange the events."),
            hint=N_("Give it the right “Webhook Endpoints: Write”, or make the endpoint at Stripe yourself."),
            field=WEBHOOK_SECRET,
        ) from error
    except stripe.InvalidRequestError as error:
        own_words(error)
        raise Refused(
            Code.TILL_EVENTS,
            N_("Stripe does not send events to this shop’s address."),
            hint=N_("It has to be reachable from everywhere, and start with https://."),
            field=WEBHOOK_SECRET,
        ) from error
    except stripe.StripeError as error:
        own_words(error)
        raise Unavailable(
            Code.TILL_DOWN,
            N_("Stripe does not answer right now."),
            hint=N_("Try again in a minute."),
            field=SECRET_KEY,
        ) from error
