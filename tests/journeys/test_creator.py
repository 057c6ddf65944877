"""Alice opens her shop with nothing but the command line and a browser, up to her first answered letter and after."""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.people import BOB
from tests.support.browser import DESK, PHONE, axe, scrolls_sideways
from tests.support.databases import KINDS
from tests.support.mail import PostOffice
from tests.support.served import Answer, Served, headwaters
from tests.support.shop import INSTRUCTIONS, fetch, make_alices_shop, open_shop, sha256_of, twin_of

PASSWORD = "gravel otter lantern ninth"
_databases = itertools.count(1)


@dataclass(frozen=True)
class Alices:
    """What Alice has: her shop, her files, the environment that says where her database is, and a mail server."""

    folder: Path
    works: Path
    settings: dict[str, str]
    post: PostOffice
    served: Served

    def run(self, command: str, *arguments: str | Path) -> Answer:
        """One of her commands, as JSON."""
        return headwaters(command, *arguments, "--shop", self.folder, "--json", settings=self.settings)

    def done(self, command: str, *arguments: str | Path) -> Any:
        """The same; it is done."""
        answer = self.run(command, *arguments)
        assert answer.code == 0, answer.err + answer.out
        return answer.json

    @property
    def url(self) -> str:
        return self.served.url


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """A blank database for this module's shop, as settings."""
    if request.param == "sqlite":
        yield {}
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    name = f"headwaters_creator_{next(_databases)}"
    yield {"HEADWATERS_DATABASE": cluster.create(name)}
    cluster.drop(name)


@pytest.fixture(scope="module")
def alice(database: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alices]:
    """Alice's shop, open: made with the command line alone."""
    base = tmp_path_factory.mktemp("alice")
    folder, works = base / "my shop", base / "works"
    works.mkdir()
    (works / "High Water.txt").write_text("The river was there before the dam.\n", encoding="utf-8")
    post = PostOffice()
    post.up()
    mail = {"HOST": post.host, "PORT": str(post.port), "SENDER": "alice@shop.example", "SECURITY": "none"}
    settings = {**database, **{f"HEADWATERS_SMTP_{name}": value for name, value in mail.items()}}
    made = headwaters("init", folder, "--name", "Alice's river", "--currency", "EUR", settings=settings)
    assert made.code == 0, made.err
    assert "headwaters publish" in made.out, "it says what comes next"
    with open_shop(folder, settings) as served:
        yield Alices(folder, works, settings, post, served)
    post.down()


@pytest.fixture(scope="module")
def published(alice: Alices) -> Alices:
    """The same, with a work and a way to pay."""
    work = alice.works / "High Water.txt"
    published = alice.done("publish", work, "--price", "5", "--minimum", "1", "--i-made-this")
    assert [work["change"] for work in published["works"]] == ["new_work"]
    for name, value in {"creator": "Alice", "by_hand": "on", "by_hand_instructions": INSTRUCTIONS}.items():
        assert alice.done("settings", name, value) == {"changed": {name: value}}
    wait_until(lambda: b"Pay and take it" in fetch(f"{alice.url}/w/high-water"))
    return alice


def wait_until(true: Any, seconds: float = 5) -> None:
    """A shop that is open looks once a second."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def look(page: Page) -> None:
    """What holds for every page of the Studio."""
    assert not scrolls_sideways(page), page.url
    axe(page)


def sign_in(alice: Alices, visit: Visit, width: int = DESK) -> Page:
    """Into the Studio, by a link of the command line."""
    page = visit(width=width)
    page.goto(alice.done("signin")["url"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/studio$|/studio/password$"))
    return page


def take_by_hand(alice: Alices, page: Page, email: str = "") -> str:
    """Bob wants to pay by hand; the reference."""
    page.goto(f"{alice.url}/w/high-water")
    if email:
        page.locator("#pay summary").click()
        page.locator("#pay input[name=email]").fill(email)
    page.locator("#pay button.go").click()
    page.wait_for_url("**/o/*")
    return page.locator("#reference").inner_text()


def body_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


# ── the first day ────────────────────────────────────────────────────────────────────────────────


def test_a_new_shop_is_called_as_alice_said(alice: Alices) -> None:
    assert alice.done("settings", "name") == {"name": "Alice's river"}
    assert b"Alice's river" in fetch(alice.url).replace(b"&#39;", b"'")


def test_a_work_without_a_declaration_of_rights_is_refused_and_nothing_is_published(alice: Alices) -> None:
    work = alice.works / "Not mine.txt"
    work.write_text("Somebody else wrote this.\n", encoding="utf-8")
    refused = alice.run("publish", work, "--price", "5")
    assert refused.code == 1
    assert refused.json["error"]["code"] == "rights_missing"
    assert "--i-made-this" in refused.json["error"]["hint"]
    assert all(line["title"] != "Not mine" for line in alice.done("works")["works"])
    assert b"Not mine" not in fetch(alice.url)


def test_an_empty_studio_says_what_to_do_first(tmp_path: Path, visit: Visit) -> None:
    folder = make_alices_shop(tmp_path / "shop")
    with open_shop(folder):
        page = visit(width=PHONE)
        page.goto(headwaters("signin", "--shop", folder, "--json").json["url"])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Skip it for now").click()
        expect(page.get_by_role("heading", name="To your first sale")).to_be_visible()
        look(page)
        for name in ("Orders", "Letters", "Works"):
            page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
            page.wait_for_url(f"**/studio/{name.lower()}")
            look(page)
        page.get_by_text("From the command line").click()
        expect(page.locator("code.address")).to_contain_text("headwaters publish")


def test_from_the_sign_in_link_to_a_password_and_back_in_with_it(published: Alices, visit: Visit) -> None:
    link = published.done("signin")["url"]
    for _ in range(2):
        assert b"This link works once" in fetch(link), "looking at the link does not spend it"
    page = visit()
    page.goto(link)
    look(page)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/studio/password")
    look(page)
    page.get_by_label("New password").fill("alicesriver1")
    page.get_by_role("button", name="Keep this password").click()
    expect(page.locator("#password-wrong"), "the shop's own name is easy to guess").to_be_visible()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Keep this password").click()
    page.wait_for_url("**/studio?said=password_*")
    assert "Your password is kept" in page.get_by_role("status").first.inner_text()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/studio/signin")
    page.goto(f"{published.url}/studio/orders")
    page.wait_for_url("**/studio/signin?next=/studio/orders")
    page.get_by_label("Your password").fill("gravel otter lantern tenth")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#password-wrong")).to_contain_text("This is not the password.")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/studio/orders")
    spent = visit()
    answer = spent.goto(link)
    assert answer is not None
    assert answer.status == 410
    expect(spent.get_by_role("heading", level=1)).to_have_text("This link is over")


# ── letters ──────────────────────────────────────────────────────────────────────────────────────


def test_a_letter_is_answered_in_the_studio_and_the_answer_comes_to_the_page_and_by_mail(
    published: Alices, visit: Visit
) -> None:
    reader = visit(width=PHONE, javascript=False)
    reader.goto(f"{published.url}/w/high-water")
    reader.locator("#cant_pay button.go").click()
    reader.wait_for_url("**/o/*")
    order_page = reader.url
    reader.get_by_label("Your letter").fill("Which river is it?\n\nBob")
    reader.get_by_label("Mail me the answer").check()
    reader.get_by_label("Your e-mail address, for the answer").fill(BOB)
    reader.get_by_role("button", name="Send the letter").click()
    expect(reader.locator(".thread .letter")).to_have_count(1)

    unread = published.done("letters", "--unread")["letters"]
    assert [(letter["body"], letter["author"], letter["wants_mail"]) for letter in unread] == [
        ("Which river is it?\n\nBob", "reader", True)
    ]
    studio = sign_in(published, visit)
    studio.goto(f"{published.url}/studio")
    look(studio)
    studio.get_by_role("navigation").get_by_role("link", name="Letters").click()
    studio.wait_for_url("**/studio/letters")
    look(studio)
    studio.get_by_role("link", name="High Water").first.click()
    expect(studio.locator(".thread .said")).to_have_text("Which river is it?\n\nBob")
    look(studio)
    studio.get_by_label("Your answer").fill("The one behind my house.\n\nAlice")
    studio.get_by_role("button", name="Send the letter").click()
    expect(studio.get_by_role("status").first).to_have_text(
        "Your answer is on the reader’s page, and goes out by mail."
    )
    assert published.done("letters", "--unread") == {"letters": []}

    reader.goto(order_page)
    assert reader.locator(".thread .said").all_inner_texts() == [
        "Which river is it?\n\nBob",
        "The one behind my house.\n\nAlice",
    ]
    published.post.wait_for(1)
    (mail,) = published.post.to(BOB)
    assert "The one behind my house." in body_of(mail)
    assert order_page.partition("#")[0] in body_of(mail)


def test_a_letter_is_answered_with_the_command_and_without_the_tick_no_mail_goes_out(
    published: Alices, visit: Visit
) -> None:
    mails = len(published.post.mails)
    reader = visit()
    reader.goto(f"{published.url}/w/high-water")
    reader.locator("#have_copy summary").click()
    reader.locator("#have_copy textarea").fill("A friend gave me a copy.")
    reader.locator("#have_copy button.go").click()
    reader.wait_for_url("**/o/*")
    (letter,) = published.done("letters", "--unread")["letters"]
    answered = published.done("answer", letter["letter"], "Greet your friend.")
    assert (answered["order"], answered["by_mail"]) == (letter["order"], False)
    reader.reload()
    assert reader.locator(".thread .said").all_inner_texts() == ["A friend gave me a copy.", "Greet your friend."]
    assert published.done("letters", "--unread") == {"letters": []}
    assert len(published.post.mails) == mails


# ── money by hand ────────────────────────────────────────────────────────────────────────────────


def test_a_payment_by_hand_is_found_and_confirmed_in_the_studio(published: Alices, visit: Visit) -> None:
    reader = visit()
    reference = take_by_hand(published, reader, "robert@example.org")
    assert twin_of(reader).files == []
    studio = sign_in(published, visit, PHONE)
    studio.goto(f"{published.url}/studio/orders")
    look(studio)
    studio.get_by_label("Find an order").fill(reference.lower().replace("-", ""))
    studio.get_by_role("button", name="Find").click()
    studio.locator(".list").get_by_role("link", name="High Water").click()
    expect(studio.get_by_text("robert@example.org")).to_be_visible()
    look(studio)
    amount = studio.get_by_label("What came, in EUR")
    amount.fill("nothing")
    studio.get_by_role("button", name="Yes, it came").click()
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_have_value("nothing")
    assert twin_of(reader).files == []
    amount.fill("4,50")
    studio.get_by_role("button", name="Yes, it came").click()
    expect(studio.get_by_role("status").first).to_contain_text("Confirmed.")
    expect(studio.get_by_role("button", name="Yes, it came")).to_have_count(0)
    reader.reload()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Thank you.")
    twin = twin_of(reader)
    assert (twin.state, twin.paid, len(twin.files)) == ("granted", "4.50", 1)
    again = published.run("confirm", reference)
    assert (again.code, again.json["error"]["code"]) == (1, "payment_state")
    mails = len(published.post.to("robert@example.org"))
    studio.get_by_role("button", name="Mail them the link of their page again").click()
    expect(studio.get_by_role("status").first).to_have_text("The link goes out by mail.")
    wait_until(lambda: len(published.post.to("robert@example.org")) == mails + 1)
    assert reader.url in body_of(published.post.to("robert@example.org")[-1])


def test_a_payment_by_hand_is_confirmed_with_the_command(published: Alices, visit: Visit) -> None:
    reader = visit(javascript=False)
    reference = take_by_hand(published, reader)
    waiting = published.done("orders", "--waiting")["orders"]
    assert [(order["reference"], order["payment"], order["amount"]) for order in waiting] == [
        (reference, "open", "5.00")
    ]
    confirmed = published.done("confirm", reference)
    assert confirmed == {"reference": reference, "amount": "5.00", "currency": "EUR"}
    assert published.done("orders", "--waiting") == {"orders": [], "count": 0}
    reader.reload()
    assert (twin_of(reader).state, twin_of(reader).paid) == ("granted", "5.00")
    unknown = published.run("confirm", "HW-0000-0000")
    assert (unknown.code, unknown.json["error"]["code"]) == (1, "payment_state")


# ── editions, and the end ────────────────────────────────────────────────────────────────────────


def test_who_has_a_work_gets_its_next_edition_and_keeps_it_when_it_is_retired(published: Alices, visit: Visit) -> None:
    work = published.works / "Second.txt"
    work.write_text("First wrods.\n", encoding="utf-8")
    options = ["--title", "Second", "--i-made-this"]
    assert published.done("publish", work, *options)["works"][0]["change"] == "new_work"
    reader = visit(width=PHONE, javascript=False)
    reader.goto(f"{published.url}/w/second")
    reader.locator("#cant_pay button.go").click()
    reader.wait_for_url("**/o/*")
    (old,) = twin_of(reader).files

    again = published.done("publish", work, *options)["works"][0]
    assert (again["change"], again["edition"]) == ("nothing", 1)
    work.write_text("First words.\n", encoding="utf-8")
    corrected = published.done("publish", work, *options)["works"][0]
    assert (corrected["change"], corrected["edition"]) == ("new_edition", 2)
    wait_until(lambda: twin_of(reader).files[0]["sha256"] == sha256_of(work))
    reader.reload()
    with reader.expect_download() as download:
        reader.locator("a[download]").first.click()
    assert download.value.path().read_bytes() == b"First words.\n"
    assert hashlib.sha256(fetch(old["url"])).hexdigest() == old["sha256"], "an address that lives goes on living"

    studio = sign_in(published, visit, PHONE)
    studio.goto(f"{published.url}/studio/works")
    look(studio)
    studio.get_by_role("link", name="Second").click()
    look(studio)
    studio.locator("summary", has_text="Retire it").click()
    studio.get_by_role("button", name="Retire “Second”").click()
    expect(studio.get_by_role("status").first).to_contain_text("Retired.")
    look(studio)
    charlie = visit()
    answer = charlie.goto(f"{published.url}/w/second")
    assert answer is not None
    assert answer.status == 410
    expect(charlie.get_by_text("“Second” is not published any more.")).to_be_visible()
    assert "Second" not in visit_home(published, charlie)
    reader.reload()
    with reader.expect_download() as download:
        reader.locator("a[download]").first.click()
    assert download.value.path().read_bytes() == b"First words.\n"

    assert published.done("restore", "second")["changed"] is True
    wait_until(lambda: "Second" in visit_home(published, charlie))
    assert published.done("retire", "second") == {"slug": "second", "state": "retired", "changed": True}
    assert published.done("retire", "second") == {"slug": "second", "state": "retired", "changed": False}
    wait_until(lambda: "Second" not in visit_home(published, charlie))


def visit_home(alice: Alices, page: Page) -> str:
    page.goto(alice.url)
    return page.locator("main").inner_text()


@pytest.mark.usefixtures("chromium")  # last, as all that need it are
def test_the_doctor_finds_nothing_broken_at_the_end_of_all_this(published: Alices) -> None:
    findings = published.done("doctor")["findings"]
    assert [finding for finding in findings if finding["health"] == "bad"] == []
