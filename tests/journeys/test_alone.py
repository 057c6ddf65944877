"""Nobody in between: once installed, without any network, a work is published, taken, paid by hand, and downloaded.

The guard of the tests keeps each process on loopback: whoever tries to leave fails the test (tests/support/network.py).
Where the kernel lets us, the shop also runs in a network namespace of its own, which has no way out at all.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.served import COMMAND, Served, ServeShop, environment, headwaters
from tests.support.shop import fetch, river_song, taken, twin_of


@pytest.fixture
def shop(tmp_path: Path, serve_shop: ServeShop) -> Served:
    """Alice's shop, made and opened without a word to anybody."""
    folder = tmp_path / "shop"
    assert headwaters("init", folder).code == 0
    assert headwaters("publish", river_song(tmp_path), "--shop", folder, "--i-made-this").code == 0
    assert headwaters("settings", "by_hand", "on", "--shop", folder).code == 0
    return serve_shop(folder)


def test_a_shop_with_no_account_anywhere_sells_by_hand_and_gives_for_nothing(shop: Served, tmp_path: Path) -> None:
    original = (tmp_path / "River Song.txt").read_bytes()
    for door in ("cant_pay", "have_copy"):
        (file,) = twin_of(taken(shop, "river-song", door)).files
        assert fetch(file["url"]) == original
    page = taken(shop, "river-song", "pay", amount="3", till="by_hand")
    assert twin_of(page).files == []
    reference = re.search(r'id="reference">(HW-[0-9A-Z]{4}-[0-9A-Z]{4})<', fetch(page).decode())
    assert reference is not None
    assert headwaters("confirm", reference[1], "--shop", shop.shop).code == 0
    twin = twin_of(page)
    assert (twin.state, twin.paid) == ("granted", "3.00")
    assert fetch(twin.files[0]["url"]) == original
    assert fetch(twin.archive)[:2] == b"PK"


def test_the_doctor_needs_nobody_outside(shop: Served) -> None:
    examined = headwaters("doctor", "--shop", shop.shop, "--json")
    assert (examined.code, [one for one in examined.json["findings"] if one["health"] == "bad"]) == (0, [])


def test_no_page_of_a_new_shop_speaks_of_a_third_party(shop: Served) -> None:
    for path in ("/", "/w/river-song", "/about"):
        html = fetch(shop.url + path).decode()
        hosts = set(re.findall(r'(?:src|href|action)="https?://([^/"]+)', html))
        assert hosts <= {f"127.0.0.1:{shop.port}", "www.gnu.org"}, "links may lead away; nothing is loaded from there"
        assert not re.search(r'<(?:script|img|video|audio|iframe|link rel="stylesheet")[^>]+https?://', html)


_IN_A_NAMESPACE = """
import http.client, json, os, subprocess, sys, time, urllib.parse
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
command, base = json.loads(sys.argv[1]), sys.argv[2]
def run(*arguments):
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout
shop = os.path.join(base, "shop")
run("init", shop)
run("publish", os.path.join(base, "River Song.txt"), "--shop", shop, "--i-made-this")
serving = subprocess.Popen([*command, "serve", "--shop", shop, "--port", "8000"], stdout=subprocess.DEVNULL)
try:
    for _ in range(400):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", 8000)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                break
        except OSError:
            time.sleep(0.05)
    form = urllib.parse.urlencode({"door": "cant_pay", "nonce": "a-nonce-of-a-form-1"})
    connection = http.client.HTTPConnection("127.0.0.1", 8000)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/w/river-song/take", form, kind)
    page = connection.getresponse().headers["Location"]
    connection = http.client.HTTPConnection("127.0.0.1", 8000)
    connection.request("GET", page + ".json")
    file = json.load(connection.getresponse())["works"][0]["editions"][0]["files"][0]
    connection = http.client.HTTPConnection("127.0.0.1", 8000)
    connection.request("GET", urllib.parse.urlsplit(file["url"]).path)
    print(connection.getresponse().read().decode(), end="")
finally:
    serving.kill()
"""


def test_in_a_network_namespace_with_nothing_but_loopback_the_shop_works_as_ever(tmp_path: Path) -> None:
    apart = ["unshare", "--net", "--map-root-user"]
    if (
        not (shutil.which("unshare") and shutil.which("ip"))
        or subprocess.run([*apart, "ip", "link"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this kernel gives us no network namespace (or there is no ip command)")
    original = river_song(tmp_path)
    done = subprocess.run(
        [*apart, sys.executable, "-c", _IN_A_NAMESPACE, json.dumps(COMMAND), str(tmp_path)],
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == original.read_text(encoding="utf-8")
