"""Debian's Chromium, driven by playwright: every request is recorded, and one to a foreign host fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.support.needs import need
from tests.support.network import is_loopback

PHONE = 320  # CSS pixels: WCAG 2.2's reflow width
DESK = 1280
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
]


@dataclass
class Record:
    """What the pages of a test asked for and complained about."""

    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)  # script errors, and what the content policy refused

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.requests]

    @property
    def origins(self) -> set[str]:
        """Scheme, host and port of everything that was asked for."""
        return {f"{part.scheme}://{part.netloc}" for part in map(urlsplit, self.urls) if part.netloc}

    @property
    def foreign(self) -> list[str]:
        return [url for url in self.urls if urlsplit(url).netloc and not is_loopback(urlsplit(url).hostname)]

    def watch(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.requests.append(request))
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a module. Its loop runs in this thread: conftest puts such tests last in a module,
    behind those with a loop of their own."""
    program = need("chromium")
    need("libatomic")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def record() -> Record:
    """What this test's pages asked for, to look at while it runs."""
    return Record()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, record: Record) -> Iterator[OpenPage]:
    """Opens a page in a visitor of its own (no cookies of another): `open_page(width=PHONE, javascript=False)`.

    Further arguments go to playwright's `new_context`. At the end of the test nothing may have been asked of a foreign
    host, no script may have failed, and the content policy must have had nothing to refuse.
    """
    contexts: list[BrowserContext] = []

    def open_page(*, width: int = DESK, javascript: bool = True, **more: Any) -> Page:
        more.setdefault("locale", "en-GB")
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=javascript, reduced_motion="reduce", **more
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        record.watch(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert record.foreign == [], "a page asked a foreign host"
    assert record.complaints == [], "a page complained"


@cache
def _axe_source() -> str:
    return need("axe").read_text(encoding="utf-8")


def axe(page: Page) -> None:
    """Assert that axe finds nothing wrong with `page` as it is now (all of its rules; the page needs JavaScript)."""
    page.evaluate(_axe_source())  # by the debugger: no content policy is bent for it
    violations = page.evaluate("async () => (await axe.run()).violations")
    assert not violations, "\n".join(_describe(violation) for violation in violations)


def _describe(violation: dict[str, Any]) -> str:
    nodes = "\n".join(f"    {node['html']}\n    {node['failureSummary']}" for node in violation["nodes"])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}\n{nodes}"


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider
