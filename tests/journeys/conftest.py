"""What journeys share: readers with a network of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page

from tests.support.browser import OpenPage
from tests.support.shop import new_network

Visit = Callable[..., Page]


@pytest.fixture
def network() -> dict[str, str]:
    """The headers of this test's reader."""
    return new_network()


@pytest.fixture
def visit(open_page: OpenPage, network: dict[str, str]) -> Visit:
    """As `open_page`, from this test's network."""
    return partial(open_page, extra_http_headers=network)
