"""The shop's address: what is one, what is of the open internet, and the line in headwaters.toml."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.address import caddyfile, check_address, is_public, place_of, proof, with_url

URL = "https://shop.example"
FILE = """\
# How this shop runs.
# url = "https://old.example"
port = 8000  # as the router has it

[smtp]
# url = "not this one"
host = "mail.example.org"
"""


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("shop.example", "https://shop.example"),
        (" https://Shop.Example/ ", "https://shop.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_address(text: str, url: str) -> None:
    assert check_address(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://a b",
        "https://user@shop.example",
        "https://shop.example/x",
        "https://shop.example?x",
        "https://shop.example:99999",
        "https://[::1",
        'https://shop.example"\n[x]',
        "https://" + "a" * 70 + ".example",
    ],
)
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="It is an address"):
        check_address(text)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),  # a cloud's inside
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),  # 6to4 of 127.0.0.1
        ("64:ff9b::10.1.2.3", False),  # NAT64 of an inner one
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b:1::8.8.8.8", False),  # of a network's own NAT64
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("2001:0:7f00:1::", False),  # Teredo
        ("fec0::1", False),
        ("ff0e::1", False),
        ("shop.example", False),
        ("", False),
    ],
)
def test_what_belongs_to_the_open_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_names_are_told_from_numbers_and_from_this_machine() -> None:
    assert [place_of(url).is_name for url in (URL, "https://a.b.co.uk", "https://xn--bcher-kva.example")] == [True] * 3
    assert [place_of(url).is_name for url in ("http://127.0.0.1:8000", "http://localhost", "http://[::1]")] == [
        False
    ] * 3
    assert (place_of(URL).is_top, place_of("https://www.shop.example").is_top) == (True, False)
    assert (place_of(URL).port, place_of("http://a.example").port, place_of("http://a.example:81").port) == (
        443,
        80,
        81,
    )


def test_only_the_shop_with_this_key_can_say_this() -> None:
    assert proof(b"a" * 32, "nonce") == proof(b"a" * 32, "nonce")
    assert len({proof(b"a" * 32, "nonce"), proof(b"b" * 32, "nonce"), proof(b"a" * 32, "another")}) == 3


def test_a_caddyfile_leads_the_old_name_on() -> None:
    new, old = place_of(URL), place_of("https://old.example")
    assert caddyfile(new, place_of("http://127.0.0.1:8000"), "127.0.0.1:8000") == (
        "shop.example {\n\treverse_proxy 127.0.0.1:8000\n}\n"
    )
    assert caddyfile(new, old, "127.0.0.1:8000").endswith(
        "\n\nold.example {\n\tredir https://shop.example{uri} permanent\n}\n"
    )
    assert "redir" not in caddyfile(new, new, "127.0.0.1:8000")


# ── headwaters.toml ──────────────────────────────────────────────────────────────────────────────


def test_a_commented_line_becomes_the_line_and_all_else_stays() -> None:
    assert with_url(FILE, URL) == FILE.replace('# url = "https://old.example"', f'url = "{URL}"')


def test_a_line_is_replaced_where_it_is() -> None:
    text = 'port = 1\n  url = "http://a.example"  # old\n# url = "b"\n[smtp]\nhost = "m"\n'
    assert with_url(text, URL) == f'port = 1\nurl = "{URL}"\n# url = "b"\n[smtp]\nhost = "m"\n'


@pytest.mark.parametrize("text", ["", "port = 1\n", '[smtp]\nhost = "m"\nsender = "s"\n', "# only words", "port = 1"])
def test_a_line_is_added_above_everything(text: str) -> None:
    assert with_url(text, URL) == f'url = "{URL}"\n{text}'
    assert tomllib.loads(with_url(text, URL)) == {**tomllib.loads(text), "url": URL}


def test_twice_is_once() -> None:
    assert with_url(with_url(FILE, URL), URL) == with_url(FILE, URL)


@pytest.mark.parametrize(
    "text",
    [
        'files = """\nurl = "in a long text"\n"""\n',
        'url = """\nhttps://old.example"""\n',
        '"url" = "https://old.example"\n',
        "url = 'https://a.example'\nurl = 'https://b.example'\n",
        "port = \n",
    ],
)
def test_what_cannot_be_done_for_certain_is_not_done(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (a TOMLDecodeError is one, too)
        with_url(text, URL)


@given(st.text(max_size=80))
def test_whatever_stands_in_comments_stays(words: str) -> None:
    comment = "# " + "".join(one for one in words if one.isprintable())
    text = f"{comment}\nport = 8001\n"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert tomllib.loads(with_url(text, URL)) == {"port": 8001, "url": URL}
