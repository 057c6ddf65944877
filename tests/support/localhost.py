"""A shop at localhost, the one address without TLS where browsers take passkeys, and devices that keep them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.support.addresses import free_port
from tests.support.served import Answer, Served, headwaters


@dataclass
class LocalShop:
    """A shop, open at localhost."""

    folder: Path
    served: Served
    url: str

    def run(self, *arguments: str) -> Answer:
        return headwaters(*arguments, "--shop", self.folder, "--json", settings=self.served.settings)

    def link(self) -> str:
        return str(self.run("signin").json["url"])


@contextmanager
def open_at_localhost(folder: Path) -> Iterator[LocalShop]:
    """Serve the shop in a folder."""
    port = free_port()
    url = f"http://localhost:{port}"
    served = Served(folder, {"HEADWATERS_URL": url}, port).start()
    try:
        yield LocalShop(folder, served, url)
    finally:
        served.kill()


@dataclass
class Device:
    """A phone or computer that keeps passkeys."""

    session: CDPSession
    name: str

    @classmethod
    def of(cls, page: Page) -> Device:
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(session, made["authenticatorId"])

    def keys(self) -> list[dict[str, Any]]:
        found = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.name})
        keys: list[dict[str, Any]] = found["credentials"]
        return keys

    def verifies(self, yes: bool) -> None:
        """Whether the finger on it is its owner's."""
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.name, "isUserVerified": yes})

    def count_back(self) -> None:
        """As a copy would, that was made before the last signature."""
        (key,) = self.keys()
        self.session.send("WebAuthn.clearCredentials", {"authenticatorId": self.name})
        self.session.send(
            "WebAuthn.addCredential", {"authenticatorId": self.name, "credential": {**key, "signCount": 0}}
        )
