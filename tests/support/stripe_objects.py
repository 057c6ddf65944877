"""Stripe's own sample objects, and events around them signed by Stripe's own npm library."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import time
from functools import cache
from typing import Any

import pytest

from tests.support.needs import ROOT, need

FIXTURES = ROOT.parent / "shared" / "data" / "stripe-fixtures.json"
_SIGNER = """
const { default: Stripe } = await import("stripe");
const { payload, secret, timestamp } = JSON.parse(process.argv[1]);
process.stdout.write(new Stripe("sk_test_x").webhooks.generateTestHeaderString({ payload, secret, timestamp }));
"""


@cache
def _fixtures() -> dict[str, Any]:
    if not FIXTURES.is_file():
        message = f"needs Stripe's sample objects in {FIXTURES.relative_to(ROOT.parent)}, beside the project"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    resources: dict[str, Any] = json.loads(FIXTURES.read_text(encoding="utf-8"))["resources"]
    return resources


def stripe_object(name: str, **changes: Any) -> dict[str, Any]:
    """A copy of Stripe's sample of `name` (checkout.session, charge…) with some of its fields changed."""
    return {**copy.deepcopy(_fixtures()[name]), **changes}


def stripe_event(kind: str, about: dict[str, Any], **changes: Any) -> bytes:
    """The body of an event of `kind` about an object."""
    event = stripe_object("event", type=kind, data={"object": about}, id=f"evt_{kind}", created=int(time.time()))
    return json.dumps({**event, **changes}, indent=2).encode()


def sign(body: bytes, secret: str, timestamp: int | None = None) -> dict[str, str]:
    """The headers of `body`, signed by Stripe's npm library."""
    need("stripe-npm")
    given = {"payload": body.decode(), "secret": secret, "timestamp": timestamp or int(time.time())}
    signed = subprocess.run(
        [need("node24"), "--input-type=module", "--eval", _SIGNER, json.dumps(given)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {"Stripe-Signature": signed.stdout}
