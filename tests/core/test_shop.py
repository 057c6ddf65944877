"""Settings: what is kept, and what is refused in words."""

from __future__ import annotations

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.shop import KEYS, Settings, check_setting, settings_from_rows


@pytest.mark.parametrize("key", KEYS)
def test_every_default_is_a_value_that_could_be_set(key: str) -> None:
    default = getattr(Settings(), key)
    assert check_setting(key, default) == default


@pytest.mark.parametrize(
    ("key", "text", "kept"),
    [
        ("name", "  High Water \n", "High Water"),
        ("currency", "usd", "USD"),
        ("accent", "#0D4A68", "#0d4a68"),
        ("accent", "", ""),
        ("accent", "0D4A68", "#0d4a68"),
        ("accent", "#Abc", "#aabbcc"),
        ("name", "High\n\tWater 🌊 <b>&", "High Water 🌊 <b>&"),
        ("creator", "علي", "علي"),
        ("language", "pt-BR", "pt-BR"),
        ("type", "", ""),
        ("type", "typewriter", "typewriter"),
        ("cover", "small", "small"),
        ("scheme", "dark", "dark"),
        ("theme", "zine", "zine"),
        ("next_address", "Shop.Example", "https://shop.example"),
        ("next_address", "https://bücher.example/", "https://xn--bcher-kva.example"),
        ("next_address", "", ""),
        ("by_hand", "trust", "trust"),
        ("stripe_secret_key", " rk_live_51Abc_x ", "rk_live_51Abc_x"),
        ("stripe_secret_key", "", ""),
        ("stripe_webhook_secret", "whsec_abc", "whsec_abc"),
        ("stripe_fee_percent", "2.9", "2.9"),
        ("notify_email", "alice@example.org", "alice@example.org"),
        ("about", "One\r\n\ttwo", "One\r\n\ttwo"),
    ],
)
def test_what_is_kept(key: str, text: str, kept: str) -> None:
    assert check_setting(key, text) == kept


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("currency", "EURO", "code of a currency"),
        ("accent", "blue", "no colour"),
        ("accent", "#12345", "no colour"),
        ("accent", "#0d4a68;}body{display:none", "no colour"),
        ("accent", "#٠٠٠٠٠٠", "no colour"),
        ("name", "x" * 121, "120 characters"),
        ("language", "../../etc", "language such as"),
        ("type", "comic", "letter, plain, book, typewriter"),
        ("cover", "", "auto, above, beside, full, small"),
        ("scheme", "grey", "auto, light, dark"),
        ("theme", "../zine", "theme’s name"),
        ("theme", "", "theme’s name"),
        ("next_address", "https://shop.example/path", "without a path"),
        ("next_address", "ftp://shop.example", "such as https"),
        ("by_hand", "yes", "off, on, trust"),
        ("practice", "trust", "off, on"),
        ("stripe_secret_key", "pk_live_51Abc", "starts with sk_live_"),
        ("stripe_secret_key", "whsec_abc", "starts with sk_live_"),
        ("stripe_secret_key", "sk_live_", "starts with sk_live_"),
        ("stripe_secret_key", "sk_live_a b", "starts with sk_live_"),
        ("stripe_webhook_secret", "sk_live_51Abc", "starts with whsec_"),
        ("stripe_fee_percent", "much", "number such as"),
        ("stripe_fee_percent", "NaN", "from 0 to 100"),
        ("stripe_fee_fixed", "-1", "from 0 to 100"),
        ("contact_email", "alice", "e-mail address"),
        ("about", "x" * 20_001, "too long"),
        ("name", "Alice\0", "invisible character"),
        ("language", "en\x1b", "invisible character"),
        ("imprint", "Alice \ud800", "invisible character"),
        ("colour", "blue", "no setting colour"),
    ],
)
def test_what_is_refused_names_the_setting_and_says_why(key: str, text: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        check_setting(key, text)
    assert (caught.value.code, caught.value.field) == (Code.SETTING_INVALID, key)


def test_rows_of_a_newer_version_are_left_alone() -> None:
    assert settings_from_rows({"name": "Alice", "from_the_future": "x"}) == Settings(name="Alice")
