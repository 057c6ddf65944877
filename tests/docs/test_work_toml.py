"""docs/develop/work-toml.md and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headwaters.core.sales.money import Money
from headwaters.core.works.details import default_minimum, default_price
from headwaters.core.works.manifest import FILE_KEYS, KEYS, Said, read_manifest, understand

PAGE = (Path(__file__).parents[2] / "docs" / "develop" / "work-toml.md").read_text(encoding="utf-8")


def _keys_of_each_table() -> list[tuple[str, ...]]:
    tables = re.findall(r"^\| key \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, flags=re.MULTILINE)
    return [tuple(re.findall(r"^\| `([a-z_]+)` \|", table, flags=re.MULTILINE)) for table in tables]


def test_every_key_is_documented_and_no_other() -> None:
    assert _keys_of_each_table() == [KEYS, FILE_KEYS]


def test_the_example_is_read() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    said = understand(read_manifest(example), "EUR")
    assert isinstance(said, Said)
    assert (said.title, said.price) == ("High Water", Money(500, "EUR"))


@pytest.mark.parametrize(("currency", "price", "minimum"), [("EUR", 500, 100), ("JPY", 500, 100), ("KWD", 5000, 1000)])
def test_the_default_price_is_the_documented_one(currency: str, price: int, minimum: int) -> None:
    assert (default_price(currency).minor, default_minimum(currency).minor) == (price, minimum)
