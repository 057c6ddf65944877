"""What docs/operate/tills.md says of tills is so."""

from __future__ import annotations

import re

from headwaters.adapters.tills.stripe import EVENTS
from headwaters.core.sales.references import creditor_reference
from tests.support.needs import ROOT

PAGE = (ROOT / "docs" / "operate" / "tills.md").read_text(encoding="utf-8")


def test_the_events_to_choose_at_stripe_are_those_that_are_read() -> None:
    assert sorted(re.findall(r"^ +- `([a-z._]+)`$", PAGE, re.MULTILINE)) == sorted(EVENTS)


def test_the_example_of_a_creditor_reference_is_right() -> None:
    (reference,) = set(re.findall(r"HW-[0-9A-Z]{4}-[0-9A-Z]{4}", PAGE))
    assert creditor_reference(reference) in PAGE
