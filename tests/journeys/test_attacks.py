"""Mallory writes where anybody may write: nothing of it runs, floods come to an end, and secrets stay what they are."""

from __future__ import annotations

import hashlib
import html
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page

from headwaters.core.shop import LONGEST_LINE
from tests.journeys.conftest import Visit
from tests.support.browser import PHONE, axe, scrolls_sideways
from tests.support.samples import png
from tests.support.served import Served, headwaters
from tests.support.shop import (
    Reply,
    ask,
    count,
    fetch,
    make_alices_shop,
    new_network,
    open_shop,
    rows,
    sha256_of,
    take,
    taken,
    twin_of,
)

RUNS = "window.pwned=(window.pwned||0)+1"
ATTACKS = [
    f"<script>{RUNS}</script>",
    f'"><img src=x onerror="{RUNS}">',
    f"'><svg/onload={RUNS}>",
    f"</textarea></title></style><script>{RUNS}</script>",
    f'<iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>',
    f'[link](javascript:{RUNS}) ![x](x"onerror="{RUNS}) <javascript:{RUNS}>',
    f"[data](data:text/html;base64,PHNjcmlwdD4=) <a href=javascript:{RUNS}>x</a>",
    "<base href=//evil.example/><meta http-equiv=refresh content='0;url=//evil.example'>",
    '<form action="//evil.example"><button class="go">Take it</button></form>',
    "{{ 7*7 }} {% raw %} ${7*7} %(title)s %s \\u003cscript\\u003e",
    "</script><!--<script>--!>",
]
ALL = "\n\n".join(ATTACKS)
LINE = " ".join(ATTACKS[:4])
NAMES = [
    "🌊 the wave 🌊.txt",
    "<img src=x onerror=window.pwned=1>.txt",
    'quote"; filename=evil.exe; x=".txt',
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd.txt",
    "back\\slash..\\..\\evil.txt",
    "CON.txt",
    "-rf --no-preserve-root.txt",
    "ünï çødé 映画.txt",
    "per%cent %s %(name)s.txt",
]


def toml(text: str) -> str:
    """A TOML string of any text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def hostile_work(folder: Path) -> Path:
    """A work in which every text and name is an attack."""
    work = folder / "hostile"
    work.mkdir(parents=True)
    for name in NAMES:
        (work / name).write_text(f"The file {name}\n", encoding="utf-8")
    (work / "page.html").write_text(f"<!doctype html><script>{RUNS}</script>", encoding="utf-8")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUNS}"><script>{RUNS}</script></svg>'
    (work / "drawing.svg").write_text(svg, encoding="utf-8")
    (work / "sample.svg").write_text(svg, encoding="utf-8")
    (work / "cover.png").write_bytes(png())
    fields = {"title": LINE[:200], "by": LINE[:200], "words": ALL, "description": ALL, "cover_alt": LINE}
    lines = [f"{key} = {toml(value)}" for key, value in fields.items()]
    (work / "work.toml").write_text("\n".join([*lines, 'slug = "hostile"', 'rights = "own"']), encoding="utf-8")
    return work


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("works")


@pytest.fixture(scope="module")
def shop(works: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop in which even Alice's own words are attacks, with both tills that need nobody."""
    lines = dict.fromkeys(("name", "tagline", "creator"), LINE[:LONGEST_LINE])
    said = {**lines, "about": ALL, "imprint": ALL, "by_hand_instructions": ALL}
    plain = works / "Plain.txt"
    plain.write_text("Plain.\n", encoding="utf-8")
    folder = tmp_path_factory.mktemp("attacks") / "shop"
    make_alices_shop(folder, [hostile_work(works), plain], by_hand="on", practice="on", **said)
    with open_shop(folder) as served:
        yield served


def check_nothing_ran(page: Page) -> None:
    """No script of Mallory's, no element of hers, and no place that leads where she wants."""
    assert page.evaluate("window.pwned") is None, page.url
    found = page.evaluate(
        """() => ({
            scripts: [...document.scripts].filter((one) => !one.src && one.type !== 'application/ld+json').length,
            frames: document.querySelectorAll('iframe, object, embed, base, meta[http-equiv]').length,
            handlers: [...document.querySelectorAll('*')].filter((one) =>
                [...one.attributes].some((attribute) => attribute.name.startsWith('on'))).length,
            addresses: [...document.querySelectorAll('[href], [src], [action], [formaction]')].flatMap((one) =>
                [one.href, one.src, one.getAttribute('action'), one.getAttribute('formaction')]).filter((one) =>
                    typeof one === 'string' && /^\\s*(javascript|data|vbscript):|evil\\.example/i.test(one)).length,
        })"""
    )
    assert found == {"scripts": 0, "frames": 0, "handlers": 0, "addresses": 0}, page.url
    assert "49" not in page.locator("h1").first.inner_text()


# ── texts ────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_creator_writes_is_shown_and_never_run(shop: Served, visit: Visit) -> None:
    page = visit(width=PHONE)
    for path in ("/", "/w/hostile", "/about", "/privacy", "/report", "/studio/signin", "/w/nothing"):
        page.goto(shop.url + path)
        check_nothing_ran(page)
        assert not scrolls_sideways(page), path
    page.goto(f"{shop.url}/w/hostile")
    assert page.locator("h1").inner_text() == LINE[:200].strip()
    assert "{{ 7" in page.locator("main").inner_text(), "no template is made of it"
    structured = page.locator("script[type='application/ld+json']").inner_text()
    assert page.evaluate("text => JSON.parse(text).name", structured) == LINE[:200].strip()
    axe(page)


def test_what_a_reader_writes_is_shown_and_never_run_on_either_side(shop: Served, visit: Visit) -> None:
    page = visit()
    page.goto(f"{shop.url}/w/hostile")
    page.locator("#have_copy summary").click()
    page.locator("#have_copy textarea").fill(ALL)
    page.locator("#have_copy button.go").click()
    page.wait_for_url("**/o/*")
    check_nothing_ran(page)
    assert page.locator(".thread .said").inner_text() == ALL
    for attack in ATTACKS:
        assert (
            ask(
                f"{page.url}/letters", {"body": attack, "nonce": "n" + hashlib.sha256(attack.encode()).hexdigest()[:30]}
            ).status
            == 303
        )
    page.reload()
    check_nothing_ran(page)
    assert page.locator(".thread .said").all_inner_texts()[1:] == ATTACKS
    studio = visit()
    studio.goto(headwaters("signin", "--shop", shop.shop, "--json").json["url"])
    studio.get_by_role("button", name="Sign in").click()
    studio.wait_for_url("**/studio/password")
    for path in (
        "/studio",
        "/studio/letters",
        "/studio/letters/1",
        "/studio/orders",
        "/studio/orders/1",
        "/studio/works",
    ):
        studio.goto(shop.url + path)
        check_nothing_ran(studio)
    token = urlsplit(page.url).path.split("/")[2]
    ((order,),) = rows(shop.shop, f"SELECT id FROM orders WHERE token = '{token}'")
    studio.goto(f"{shop.url}/studio/letters/{order}")
    assert studio.locator(".thread .said").all_inner_texts() == [ALL, *ATTACKS]
    studio.get_by_label("Your answer").fill(ALL)
    studio.get_by_role("button", name="Send the letter").click()
    studio.wait_for_url("**?said=answered")
    check_nothing_ran(studio)
    page.reload()
    check_nothing_ran(page)
    assert page.locator(".thread .said").last.inner_text() == ALL


def test_a_refused_form_gives_back_what_was_typed_and_runs_nothing_of_it(shop: Served, visit: Visit) -> None:
    page = visit()
    page.goto(f"{shop.url}/w/hostile")
    page.locator("#pay summary").click()
    page.locator("#pay textarea").fill(ALL)
    for attack in [attack for attack in ATTACKS if len(attack) <= 40] + ['"><b onclick=window.pwned=1 x="']:
        page.locator("#pay input[name=amount]").fill(attack)
        with page.expect_navigation(url="**/take"):
            page.locator("#pay button.go").click()
        assert page.locator("#pay input[name=amount]").input_value() == attack
        assert page.locator("#pay textarea").input_value() == ALL
        check_nothing_ran(page)


def test_a_report_is_shown_and_never_run(shop: Served, visit: Visit) -> None:
    page = visit(width=PHONE)
    page.goto(f"{shop.url}/report?about=" + quote(f"/w/{LINE}"))
    check_nothing_ran(page)
    page.get_by_label("Where is it?").fill(LINE)
    page.get_by_label("What is wrong?").fill(ALL)
    page.get_by_label("Your e-mail address, if you like").evaluate("field => field.type = 'text'")
    page.get_by_label("Your e-mail address, if you like").fill('"><script>window.pwned=1</script>')
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()
    check_nothing_ran(page)
    assert page.get_by_label("What is wrong?").input_value() == ALL
    page.get_by_label("Your e-mail address, if you like").fill("")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/report/*")
    check_nothing_ran(page)
    assert page.locator(".thread .said").inner_text() == ALL


@pytest.mark.parametrize(
    "word", ['"><script>window.pwned=1</script>', "x' onfocus=window.pwned=1 autofocus='", "a b", "A", "x" * 33, "é"]
)
def test_where_a_reader_came_from_is_a_plain_word_or_nothing(shop: Served, visit: Visit, word: str) -> None:
    page = visit()
    page.goto(f"{shop.url}/w/plain?from={quote(word)}")
    check_nothing_ran(page)
    assert page.locator("#cant_pay input[name=from]").get_attribute("value") == ""
    taken(shop, "plain", **{"from": word})
    assert rows(shop.shop, "SELECT came_from FROM orders ORDER BY id DESC LIMIT 1") == [("",)]


def test_the_practice_tills_page_runs_nothing_either(shop: Served, visit: Visit) -> None:
    page = visit(width=PHONE)
    page.goto(f"{shop.url}/w/hostile")
    page.locator("#pay input[value=practice]").check()
    page.locator("#pay button.go").click()
    page.wait_for_url("**/practice/**")
    check_nothing_ran(page)
    page.goto(f"{shop.url}/w/hostile")
    page.locator("#pay input[value=by_hand]").check()
    page.locator("#pay button.go").click()
    page.wait_for_url("**/o/*")
    check_nothing_ran(page)
    assert page.locator(".notice .said").inner_text().strip() == ALL


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def test_files_with_any_name_arrive_under_a_safe_one_with_the_same_bytes(
    shop: Served, works: Path, visit: Visit
) -> None:
    page = visit()
    page.goto(taken(shop, "hostile"))
    check_nothing_ran(page)
    originals = {sha256_of(path): path.name for path in (works / "hostile").iterdir()}
    files = twin_of(page).files
    assert {originals[file["sha256"]] for file in files} == {*NAMES, "page.html", "drawing.svg", "cover.png"}
    for file in files:
        assert not re.search(r'[\\<>:"|?*\x00-\x1f/]', file["name"]), file["name"]
        with page.expect_download() as download:
            page.locator(f"a[download][href='{urlsplit(file['url']).path}']").click()
        assert sha256_of(download.value.path()) == file["sha256"]
        assert "/" not in download.value.suggested_filename
        assert download.value.suggested_filename.rpartition(".")[2] in {"txt", "html", "svg", "png"}
        page.wait_for_timeout(120)  # more than ten in a second are dropped by Chromium


@pytest.mark.parametrize("asked", ["", "?inline", "?inline=1"])
def test_html_and_svg_are_never_shown_inline(shop: Served, asked: str) -> None:
    files = {file["name"]: file for file in twin_of(taken(shop, "hostile")).files}
    sample = re.search(r"/w/hostile/f/[a-z2-7]{13}/sample\.svg", fetch(f"{shop.url}/w/hostile").decode())
    assert sample is not None
    for address in (files["page.html"]["url"], files["drawing.svg"]["url"], shop.url + sample[0]):
        answer = ask(address + asked)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    page = fetch(f"{shop.url}/w/hostile").decode()
    assert not re.search(r"<(?:img|iframe|object|embed)[^>]+\.svg", page)


def test_paths_that_climb_lead_nowhere(shop: Served) -> None:
    key = urlsplit(twin_of(taken(shop, "plain")).files[0]["url"]).path.split("/")[2]
    for path in (
        "/static/../shop.key",
        "/static/%2e%2e/%2e%2e/shop.key",
        "/static/..%5c..%5cshop.key",
        "/w/hostile/f/../../../headwaters.db",
        f"/d/{key}/..%2f..%2fshop.key/x",
        f"/d/{key}/%2e%2e/%2e%2e/headwaters.db",
        "//etc/passwd",
        "/static/%00",
        "/w/%ff%fe",
        "/w/" + "a" * 4000,
    ):
        answer = ask(shop.url + path)
        assert answer.status in {400, 404}, path
        assert b"SQLite format" not in answer.body
        assert (shop.shop / "shop.key").read_bytes() not in answer.body


# ── floods and giants ────────────────────────────────────────────────────────────────────────────


def test_ten_megabytes_in_a_letter_are_refused_before_they_are_read(shop: Served) -> None:
    page = taken(shop, "plain")
    letters = count(shop.shop, "letters")
    for address, field in ((f"{page}/letters", "body"), (f"{shop.url}/w/plain/take", "letter")):
        began = time.monotonic()
        body = f"door=cant_pay&nonce={'n' * 20}&{field}=".encode() + b"x" * 10_000_000
        answer = send_all(address, body)
        assert answer.status == 413
        assert time.monotonic() - began < 5
    just_too_long = ask(f"{page}/letters", {"body": "ü" * 10_001, "nonce": "n" * 20})
    assert just_too_long.status == 413
    assert html.escape("A letter can have 20 KB at most.") in just_too_long.text
    assert "ü" * 10_001 in just_too_long.text, "what was written comes back"
    assert count(shop.shop, "letters") == letters
    assert ask(f"{page}/letters", {"body": "ü" * 10_000, "nonce": "n" * 20}).status == 303


def send_all(address: str, body: bytes) -> Reply:
    """The server may hang up on such a giant before it is through."""
    for _ in range(3):
        try:
            return ask(address, body, {"Content-Type": "application/x-www-form-urlencoded"})
        except (BrokenPipeError, ConnectionResetError):
            continue
    raise AssertionError("the server hung up without a word")


@pytest.mark.parametrize("path", ["take", "letters", "report", "signin"])
def test_a_flood_is_limited_with_a_word_when_to_come_back_and_others_are_served(shop: Served, path: str) -> None:
    page, mallory = taken(shop, "plain"), new_network()

    def flood(number: int, place: dict[str, str]) -> Reply:
        nonce = f"nonce-of-{path}-{number:06}"
        forms = {
            "take": (f"{shop.url}/w/plain/take", {"door": "cant_pay", "nonce": nonce}),
            "letters": (f"{page}/letters", {"body": f"Letter {number}", "nonce": nonce}),
            "report": (f"{shop.url}/report", {"address": "x", "body": f"Report {number}", "nonce": nonce}),
            "signin": (f"{shop.url}/studio/signin", {"password": f"guess {number}"}),
        }
        return ask(*forms[path], place)

    limit = next(number for number in range(1, 400) if (last := flood(number, mallory)).status == 429)
    assert limit > 3
    assert 1 <= int(last.headers["Retry-After"]) <= 3600
    assert "text/html" in last.headers["Content-Type"]
    assert flood(limit + 1, mallory).status == 429
    assert flood(limit + 2, new_network()).status in {303, 422}
    assert ask(f"{shop.url}/w/plain", headers=mallory).status == 200, "pages and files are never refused"
    assert fetch(twin_of(page).files[0]["url"]) == b"Plain.\n"


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_secret_is_the_same_404_whatever_it_looks_like(shop: Served) -> None:
    page = urlsplit(taken(shop, "plain")).path
    key = urlsplit(twin_of(shop.url + page).files[0]["url"]).path.split("/")[2]
    wrong = [
        "a" * 26,
        page.split("/")[2][:-1] + ("a" if page[-1] != "a" else "b"),
        "short",
        "A" * 26,
        "é" * 26,
        "a" * 300,
    ]

    def shape(answer: Reply) -> tuple[object, ...]:
        kept = ("Content-Type", "Cache-Control", "Referrer-Policy", "X-Robots-Tag", "Content-Length")
        return (answer.status, answer.body, *(answer.headers[name] for name in kept))

    for pattern in ("/o/{}", "/o/{}.json", "/d/{}/everything.zip", "/d/{}/" + "a" * 13 + "/x.txt", "/report/{}"):
        shapes = {shape(ask(shop.url + pattern.format(quote(secret)))) for secret in wrong}
        assert len(shapes) == 1, pattern
        assert next(iter(shapes))[0] == 404
    assert ask(f"{shop.url}/d/{key}/{'a' * 13}/x.txt").status == 404
    assert ask(f"{shop.url}/d/{page.split('/')[2]}/everything.zip").status == 404, "a page's secret opens no files"
    assert ask(f"{shop.url}/o/{key}").status == 404, "and a key opens no page"
    assert page.split("/")[2] not in shop.log
    assert key not in shop.log


def test_forms_of_other_sites_do_nothing_in_the_studio(shop: Served, visit: Visit) -> None:
    link = headwaters("signin", "--shop", shop.shop, "--json").json["url"]
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert ask(link, {}, foreign).status == 403, "nobody else presses the button of the link"
    signed_in = ask(link, {}, {"Origin": shop.url, "Sec-Fetch-Site": "same-origin"})
    assert signed_in.status == 303
    cookie = signed_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    session = {"Cookie": cookie.partition(";")[0]}
    studio = ask(f"{shop.url}/studio/works", headers=session)
    assert studio.status == 200
    csrf = re.search(r'name="csrf" value="([^"]+)"', studio.text)
    assert csrf is not None
    retire = f"{shop.url}/studio/works/plain/retire"
    for headers in (
        {**session, **foreign},
        {**session, "Sec-Fetch-Site": "same-site"},
        {**session, "Origin": "null"},
        {**session, "Origin": f"http://127.0.0.1:{shop.port + 1}"},
        {**session, "Origin": f"{shop.url}.evil.example"},
    ):
        assert ask(retire, {"csrf": csrf[1]}, headers).status == 403
    assert ask(retire, {"csrf": "x" * 43}, session).status == 403
    assert ask(retire, {}, session).status == 403
    assert ask(retire, {"csrf": csrf[1]}, {"Sec-Fetch-Site": "same-origin"}).status == 401, "who is not signed in"
    assert ask(f"{shop.url}/w/plain").status == 200
    assert ask(f"{shop.url}/studio/orders").headers["Location"] == "/studio/signin?next=/studio/orders"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/studio/../../evil",
        "javascript:1",
        "/studio\r\nX: y",
        "%2f%2fevil.example",
    ],
)
def test_no_address_of_the_shop_sends_a_visitor_elsewhere(shop: Served, visit: Visit, elsewhere: str) -> None:
    page = visit()
    page.goto(f"{shop.url}/studio/signin?next={quote(elsewhere)}")
    assert page.locator("input[name=next]").get_attribute("value") == "/studio"
    answer = ask(f"{shop.url}/report?about={quote(elsewhere)}")
    assert answer.status == 200
    assert "evil.example" not in (re.search(r'<form method="post" action="[^"]*"', answer.text) or [""])[0]
    for path in (f"/{elsewhere}", f"/w/{quote(elsewhere, safe='')}", "//evil.example/w/plain"):
        try:
            found = ask(shop.url + quote(path, safe="/:\\%"))
        except ValueError:
            continue
        assert "evil" not in (found.headers["Location"] or "")


def test_a_foreign_host_name_is_not_repeated(shop: Served) -> None:
    for path in ("/", "/w/plain", "/report", "/studio/in/" + "a" * 26):
        answer = ask(shop.url + path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert b"evil.example" not in answer.body.replace(b"//evil.example", b""), path


def test_every_answer_carries_the_headers_that_keep_readers_safe(shop: Served) -> None:
    page = taken(shop, "plain")
    file = twin_of(page).files[0]["url"]
    for address in (
        shop.url,
        f"{shop.url}/w/plain",
        page,
        f"{page}.json",
        file,
        f"{shop.url}/nothing",
        f"{shop.url}/healthz",
    ):
        headers = ask(address).headers
        assert headers["X-Content-Type-Options"] == "nosniff", address
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy or policy.startswith("sandbox")
        assert "script-src 'self'" in policy or "script-src" not in policy
        assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
        assert headers["Server"] == "Headwaters"
        assert "Set-Cookie" not in headers


def test_a_take_that_says_more_than_a_form_is_refused_in_words(shop: Served) -> None:
    orders = count(shop.shop, "orders")
    assert take(shop, "plain", "side_door").status == 422
    assert take(shop, "plain", nonce="short").status == 422
    assert take(shop, "plain", "pay", amount="5", till="../etc").status == 422
    assert take(shop, "nothing").status == 404
    address = f"{shop.url}/w/plain/take"
    assert ask(address, b"{}", {"Content-Type": "application/json"}).status == 422
    assert ask(address, b"\xff\xfe=%ff", {"Content-Type": "application/x-www-form-urlencoded"}).status in {400, 422}
    assert ask(address, b"x", {"Content-Type": "multipart/form-data; boundary=y"}).status in {400, 422}
    assert ask(address, method="PUT").status == 405
    assert ask(address).status in {404, 405}
    assert count(shop.shop, "orders") == orders
