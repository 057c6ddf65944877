"""The guards of the tests themselves: each lets the good sample through and has refused a bad one."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support import network
from tests.support.browser import DESK, PHONE, OpenPage, Record, axe, scrolls_sideways
from tests.support.mail import PostOffice
from tests.support.served import environment

GOOD = "<!doctype html><html lang=en><meta charset=utf-8><title>A work</title><main><h1>A work</h1><p>Take it.</main>"
PAGES = {
    "/good": ("default-src 'none'", GOOD),
    "/foreign": ("default-src *", GOOD + "<img alt=x src=http://foreign.example/x.png>"),
    "/refused": ("default-src 'none'", GOOD + "<script>document.title = 1</script>"),
    "/unnamed": ("default-src *", GOOD + "<main><img src=x.png></main>"),
    "/wide": ("default-src * 'unsafe-inline'", GOOD + "<div style='width: 900px'>wide</div>"),
}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        policy, page = PAGES.get(self.path, ("default-src *", ""))
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


# ── the network ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "shop.localhost", None, "0.0.0.0"])
def test_this_machine_is_loopback(host: str | None) -> None:
    assert network.is_loopback(host)


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.1.1", "2001:db8::1", "shop.example", "localhost.example"])
def test_every_other_host_is_foreign(host: str) -> None:
    assert not network.is_loopback(host)


async def test_a_connection_that_leaves_this_machine_is_refused_and_remembered() -> None:
    with pytest.raises(network.LeftLoopback):
        await asyncio.open_connection("10.1.2.3", 80)
    with pytest.raises(network.LeftLoopback):
        socket.getaddrinfo("shop.example", 80)
    assert network.attempts == ["10.1.2.3", "shop.example"]
    network.attempts.clear()


def test_a_program_that_a_test_starts_is_kept_on_loopback_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_connection(('10.1.2.3', 80), timeout=1)"],
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{network.MARK} 10.1.2.3" in done.stderr
    assert done.returncode == 1


# ── the post office ──────────────────────────────────────────────────────────────────────────────


def _mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "alice@shop.example", "bob@example.org", "Your copy"
    mail.set_content("It is yours to keep.")
    return mail


def test_the_post_office_keeps_what_it_is_sent(post_office: PostOffice) -> None:
    with smtplib.SMTP(post_office.host, post_office.port) as client:
        client.send_message(_mail())
    assert [mail["Subject"] for mail in post_office.wait_for(1)] == ["Your copy"]
    assert len(post_office.to("bob@example.org")) == 1
    assert post_office.to("charlie@example.org") == []


def test_the_post_office_refuses_whom_it_is_told_to(post_office: PostOffice) -> None:
    post_office.refusals["bob@example.org"] = "550 No such reader"
    with smtplib.SMTP(post_office.host, post_office.port) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.send_message(_mail())
    assert post_office.mails == []


def test_the_post_office_can_be_down_and_come_back(post_office: PostOffice) -> None:
    post_office.down()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(post_office.host, post_office.port)
    post_office.up()
    with smtplib.SMTP(post_office.host, post_office.port) as client:
        client.send_message(_mail())
    assert len(post_office.wait_for(1)) == 1


def test_the_post_office_wants_the_right_password() -> None:
    office = PostOffice(login=("alice", "river"))
    office.up()
    try:
        with smtplib.SMTP(office.host, office.port) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("alice", "wrong")
            client.login("alice", "river")
            client.send_message(_mail())
        assert len(office.wait_for(1)) == 1
    finally:
        office.down()


# ── the browser ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("javascript", [True, False])
def test_a_page_of_ones_own_is_fine(
    open_page: OpenPage, record: Record, site: str, width: int, *, javascript: bool
) -> None:
    page = open_page(width=width, javascript=javascript)
    page.goto(f"{site}/good")
    assert page.inner_text("h1") == "A work"
    assert record.urls == [f"{site}/good"]
    assert record.origins == {site}
    assert not scrolls_sideways(page)


def test_a_request_to_a_foreign_host_is_seen(open_page: OpenPage, record: Record, site: str) -> None:
    open_page().goto(f"{site}/foreign")
    assert record.foreign == ["http://foreign.example/x.png"]
    record.requests.clear()


def test_what_the_content_policy_refused_is_heard(open_page: OpenPage, record: Record, site: str) -> None:
    open_page().goto(f"{site}/refused")
    assert len(record.complaints) == 1
    assert "Content Security Policy" in record.complaints[0]
    record.complaints.clear()


def test_axe_passes_a_good_page_under_a_strict_policy(open_page: OpenPage, site: str) -> None:
    page = open_page()
    page.goto(f"{site}/good")
    axe(page)


def test_axe_refuses_a_picture_without_words(open_page: OpenPage, site: str) -> None:
    page = open_page()
    page.goto(f"{site}/unnamed")
    with pytest.raises(AssertionError, match="image-alt"):
        axe(page)


def test_a_page_wider_than_a_phone_is_noticed(open_page: OpenPage, site: str) -> None:
    page = open_page(width=PHONE)
    page.goto(f"{site}/wide")
    assert scrolls_sideways(page)
