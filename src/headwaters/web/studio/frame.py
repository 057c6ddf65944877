"""How the Studio answers: its frame, its pages, and what it says after something was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from aiohttp import web

from headwaters.core.errors import N_, HeadwatersError
from headwaters.core.people import Right
from headwaters.store.letters import count_unread
from headwaters.web.contexts.common import Problem
from headwaters.web.contexts.studio import Frame, Pages, Tab
from headwaters.web.format import Format, formats
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of
from headwaters.web.render import render, retry_headers, said_problem, status_of
from headwaters.web.studio.guard import HEADERS, Session

PER_PAGE = 25

# What a page says after a form was carried out; the address holds the name alone, so nobody can put words there.
SAID = {
    "confirmed": N_("Confirmed. The money is in the ledger, and the files are theirs."),
    "sent": N_("The link goes out by mail."),
    "sent_before": N_("The link was sent just now; not again so soon."),
    "mail_works": N_("The mail server answers and lets the shop in."),
    "checklist_done": N_("The list is put away. Everything on it stays where it is."),
    "looked_news": N_("The till had something new: it is in the ledger, and in what happened."),
    "looked_same": N_("The till says what the shop knows already."),
    "looked_mismatch": N_("What the till says does not match what was asked for, so nothing was booked. Look there."),
    "looked_nobody": N_("There is nobody to ask: the till is off, or it has another account by now."),
    "refunded": N_("Booked. The money that went back is in the ledger; the reader keeps the files."),
    "address": N_("The address is corrected. If the shop sends mail, the link goes there."),
    "note": N_("Your note is kept. Nobody but you and yours sees it."),
    "till_kept": N_("Kept. Your pages follow at once."),
    "till_off": N_("Switched off. Nobody is offered it any more; what was paid stays as it is."),
    "practice_on": N_("Practice is on: each page says that no real money moves."),
    "practice_off": N_("Practice is off."),
    "keys_kept": N_("The keys work, and are kept sealed. They are not shown again."),
    "keys_unchecked": N_("The keys are kept, unchecked. Press “Look again” when Stripe can be reached."),
    "keys_good": N_("Stripe says that the keys work."),
    "answered": N_("Your answer is on the reader’s page."),
    "answered_by_mail": N_("Your answer is on the reader’s page, and goes out by mail."),
    "archived": N_("Archived. It comes back by itself when they write again."),
    "answered_archived": N_("Your answer is on the reader’s page, and the letters are in the archive."),
    "answered_by_mail_archived": N_(
        "Your answer is on the reader’s page and goes out by mail, and the letters are in the archive."
    ),
    "brought_back": N_("Out of the archive."),
    "blocked": N_("Closed. Their page says that you take no more letters; everything else on it stays theirs."),
    "unblocked": N_("Open again: they can write to you."),
    "unread": N_("Marked as unread."),
    "saved_kept": N_("Kept. You find it below each letter."),
    "saved_deleted": N_("Deleted."),
    "notices_kept": N_("Kept."),
    "report_answered": N_("Your answer is on the reporter’s page."),
    "report_closed": N_("Your answer is on the reporter’s page, and the report is closed."),
    "retired": N_("Retired. Its page is gone; who holds it keeps everything."),
    "restored": N_("Published again."),
    "withheld": N_("Withheld. The bytes stop, and its page says why."),
    "made_again": N_("It is made again, in its turn."),
    "made_elsewhere": N_("It waits for its turn. This server makes none itself: another one does."),
    "made_already": N_("There is nothing to try again: it is made, or waits for its turn already."),
    "making_over": N_("There was nothing left to stop."),
    "making_stopped": N_("Stopped. What was made before stays."),
    "colophon_kept": N_("Kept. The files of its next edition follow; those that are published stay as they are."),
    "sample_withdrawn": N_("Withdrawn. It is gone from the page, and nothing is at its address any more."),
    "words_kept": N_("Kept. The page says it from now on."),
    "mirror_added": N_("Noted. It is looked at now; readers are told when it is good."),
    "mirror_removed": N_("Off the list. Nobody is told of it any more."),
    "mirrors_checked": N_("All of them are looked at again now."),
    "ordered": N_("The first page has this order now."),
    "collected": N_("Done. The collection’s page follows."),
    "draft_kept": N_("Kept. Nobody sees it before it is published."),
    "left_out": N_("Kept. What the files of this work tell is left out of the copies that people get."),
    "taken_back": N_("Taken back. It is not published until you say so again."),
    "discarded": N_("Thrown away, with its files."),
    "published": N_("Published. Anyone can take it now."),
    "published_edition": N_("Published. Whoever has the work finds the new edition on their page."),
    "collection_made": N_("Made. Put works into it now."),
    "collection_kept": N_("Kept. The collection’s page says it from now on."),
    "collection_retired": N_("Retired. Its page is gone; the works stay where they are."),
    "collection_restored": N_("The collection is published again."),
    "file_kept": N_("Kept."),
    "file_removed": N_("Taken out. Your own copy of it stays where it is."),
    "files_sent": N_("Everything arrived. Each file is checked now."),
    "files_picked": N_("Picked. Each file is checked now; it stays where it is until the work is published."),
    "look_kept": N_("Kept. Your pages look like this from now on."),
    "formats_kept": N_("Kept. What is missing is made in the background."),
    "look_same": N_("It was like this already."),
    "address_noted": N_("Noted. Below is what leads your own name here."),
    "address_forgotten": N_("Forgotten. The shop stays where it is."),
    "password_fair": N_("Your password is kept. It is fair: a longer one is better."),
    "password_good": N_("Your password is kept. It is good: hard to guess."),
    "password_strong": N_("Your password is kept. It is strong: nobody will guess it."),
    "passkey_added": N_("Your passkey is kept. From now on it lets you in."),
    "passkey_renamed": N_("It is called so now."),
    "passkey_removed": N_("The passkey opens nothing any more. If its device is lost, sign out everywhere else, too."),
    "name_kept": N_("Your name is kept."),
    "session_ended": N_("Signed out there."),
    "sessions_ended": N_("Signed out everywhere else."),
    "person_changed": N_("It is so from now on."),
    "person_ended": N_("They are out: every place where they were signed in is signed out, and no link lets them in."),
    "person_restored": N_("They may come in again, with the keys that they had."),
    "skipped": N_("Fine. “headwaters signin” on the shop’s machine makes a new link whenever you need one."),
}


# section, whose right it takes (None: everybody's), where, what it is called
_TABS = (
    ("start", None, "/studio", N_("Start")),
    ("works", Right.PUBLISH, "/studio/works", N_("Works")),
    ("orders", Right.SELL, "/studio/orders", N_("Orders")),
    ("letters", Right.TALK, "/studio/letters", N_("Letters")),
    ("money", Right.SELL, "/studio/money", N_("Money")),
    ("launch", Right.SELL, "/studio/launch", N_("Launch")),
    ("shop", None, "/studio/shop", N_("Shop")),
)


# Each part loads its own sheet besides the common one, so that no page carries what it does not show.
_SHEETS: Mapping[str, tuple[str, ...]] = {
    "": ("studio-people.css",),  # before signing in
    "kept": ("studio-people.css",),
    "password": ("studio-people.css",),
    "start": ("studio-start.css", "studio-see.css"),  # the checklist, the numbers
    "numbers": ("studio-see.css", "studio-numbers.css"),
    "works": ("studio-publish.css", "studio-works.css"),
    "drafts": ("studio-publish.css", "studio-files.css"),
    "copies": ("studio-publish.css", "studio-copies.css"),
    "orders": ("studio-sell.css",),
    "letters": ("letters.css", "studio-talk.css"),
    "money": ("studio-sell.css",),
    "launch": ("studio-see.css", "studio-numbers.css", "studio-launch.css"),
    "shop": ("studio-look.css", "studio-people.css"),
}


def _styles(section: str) -> tuple[str, ...]:
    return tuple(address_of(name) for name in ("studio.css", *_SHEETS.get(section, ())))


def _tabs(said: Format, session: Session, counts: Mapping[str, int]) -> tuple[Tab, ...]:
    return tuple(
        Tab(section, href, said.gettext(text), counts.get(section, 0))
        for section, right, href, text in _TABS
        if right is None or right in session.row.may
    )


def language_of(request: web.Request) -> str:
    """The language of the shop's pages."""
    return request.app[HOUSE].now.settings.language


def words_of(request: web.Request) -> Format:
    """How this shop says values."""
    return formats(language_of(request))


async def frame(request: web.Request, session: Session, section: str, part: str = "") -> Frame:
    """What stands around a page of who is signed in. `part`: of the section, where it has sheets of its own."""
    house = request.app[HOUSE]
    said = SAID.get(request.query.get("said", ""), "") if request.method == "GET" else ""
    unread = await house.db.read(count_unread) if Right.TALK in session.row.may else 0
    return Frame(
        section=section,
        styles=_styles(part or section),
        tabs=_tabs(words_of(request), session, {"letters": unread}),
        csrf=session.csrf,
        said=words_of(request).gettext(said) if said else "",
        mail=house.mailer is not None,
    )


def outer_frame(request: web.Request) -> Frame:
    """What stands around a page before signing in."""
    return Frame("", _styles(""), (), "", "", request.app[HOUSE].mailer is not None)


def problem_of(request: web.Request, error: HeadwatersError | None) -> Problem | None:
    """What a refused form says."""
    return None if error is None else said_problem(error, language_of(request))


def show(request: web.Request, template: str, context: object, error: HeadwatersError | None = None) -> web.Response:
    """A page of the Studio; with the status of `error` where a form was refused."""
    status = 200 if error is None else status_of(error)
    headers = {**HEADERS, **retry_headers(error)}
    return render(request, f"studio/{template}.html", context, status=status, headers=headers)


# ── long lists ───────────────────────────────────────────────────────────────────────────────────


def page_number(request: web.Request) -> int:
    """Which page of a list is asked for, from 1; nonsense is 1."""
    text = request.query.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 6 else 1


def pages(path: str, number: int, count: int, **query: str) -> Pages:
    """The way to newer and older pages of a list with `count` lines."""
    last = max(1, -(-count // PER_PAGE))
    kept = {name: value for name, value in query.items() if value}
    address: Callable[[int], str] = lambda page: f"{path}?{urlencode({**kept, 'page': page})}"  # noqa: E731
    newer = address(min(number - 1, last)) if number > 1 else ""
    return Pages(number, last, newer, address(number + 1) if number < last else "")
