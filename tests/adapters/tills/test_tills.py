"""Which tills are on, by the shop's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwaters.adapters.tills import make_tills
from headwaters.adapters.vault import SivVault
from headwaters.config import Config
from headwaters.core.sales.states import Mode
from headwaters.core.shop import Settings
from tests.support.house import Clock

BOTH = {"stripe_secret_key": "sk_test_x", "stripe_webhook_secret": "whsec_x"}


def names(**settings: str) -> list[str]:
    return list(
        make_tills(
            Config(Path("/nowhere")), Settings(**settings), shop_key=bytes(32), clock=Clock(), vault=SivVault(bytes(32))
        )
    )


def test_a_new_shop_has_no_till() -> None:
    assert names() == []


def test_tills_are_offered_cards_first_and_practice_last() -> None:
    assert names(**BOTH, by_hand="trust", practice="on") == ["stripe", "practice", "by_hand"]


def test_where_cards_are_charged_in_earnest_nothing_is_practised() -> None:
    live = {**BOTH, "stripe_secret_key": "sk_live_x"}
    assert names(**live, by_hand="on", practice="on") == ["stripe", "by_hand"]
    assert names(stripe_secret_key="sk_live_x", practice="on") == ["practice"], "half a key takes nothing"


@pytest.mark.parametrize(
    "settings",
    [
        {"stripe_secret_key": "sk_test_x"},
        {"stripe_webhook_secret": "whsec_x"},
        {**BOTH, "stripe_secret_key": "pk_test_x"},
        {**BOTH, "stripe_secret_key": "whsec_x"},
        {**BOTH, "stripe_secret_key": "sk_test_"},
    ],
)
def test_a_till_without_its_secrets_is_off(settings: dict[str, str]) -> None:
    assert names(**settings) == []


@pytest.mark.parametrize(
    ("key", "mode"),
    [("sk_test_x", Mode.TEST), ("rk_test_x", Mode.TEST), ("sk_live_x", Mode.LIVE), ("rk_live_x", Mode.LIVE)],
)
def test_a_key_says_whether_money_is_real(key: str, mode: Mode) -> None:
    settings = Settings(**{**BOTH, "stripe_secret_key": key})
    assert (
        make_tills(Config(Path("/nowhere")), settings, shop_key=bytes(32), clock=Clock(), vault=SivVault(bytes(32)))[
            "stripe"
        ].mode
        is mode
    )
