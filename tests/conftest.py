"""What every test has: it stays on loopback, and finds databases, a browser, a post office and a served shop."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import network
from tests.support.browser import chromium, open_page, record
from tests.support.databases import (
    database,
    database_settings,
    database_url,
    postgresql_cluster,
    postgresql_template,
    postgresql_url,
    sqlite_template,
    sqlite_url,
)
from tests.support.house import clock, house, make_house
from tests.support.mail import post_office
from tests.support.needs import need
from tests.support.s3 import bucket, line, swift
from tests.support.served import serve_shop
from tests.support.stripe_emulator import running_stripe, stripe_emulator

__all__ = [
    "bucket",
    "chromium",
    "clock",
    "database",
    "database_settings",
    "database_url",
    "house",
    "line",
    "make_house",
    "open_page",
    "post_office",
    "postgresql_cluster",
    "postgresql_template",
    "postgresql_url",
    "record",
    "running_stripe",
    "serve_shop",
    "sqlite_template",
    "sqlite_url",
    "stripe_emulator",
    "swift",
]

network.lay_guard()
for _name in [name for name in os.environ if name.startswith("HEADWATERS_")]:
    del os.environ[_name]  # a setting of this machine is none of the tests'
os.environ["JAVA_TOOL_OPTIONS"] = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # epubcheck's JVM lives for a second or two
)

# A busy machine is no failure; and CI looks at the same samples each time, so that a red run is about the change.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


@pytest.fixture(autouse=True)
def stay_on_loopback() -> Iterator[None]:
    """Fails a test that tried to leave this machine, even where the code forgave the failure."""
    network.attempts.clear()
    yield
    assert network.attempts == [], "a test tried to leave this machine"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the order, but put the tests with a browser last in their module (see `chromium`)."""
    modules = {item.nodeid.partition("::")[0]: None for item in items}
    place = {module: number for number, module in enumerate(modules)}
    items.sort(
        key=lambda item: (place[item.nodeid.partition("::")[0]], "chromium" in getattr(item, "fixturenames", ()))
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            need(name)
