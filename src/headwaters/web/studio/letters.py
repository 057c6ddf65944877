"""Letters in the Studio: threads by tray, one thread, an answer. threads.py has what is done with a whole thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from headwaters.actions.deeds import noted
from headwaters.actions.letters import answer_once, goes_by_mail, open_thread
from headwaters.actions.threads import archive
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused
from headwaters.core.letters import LONGEST_LETTER, Author, Tray, Way, fill_saved, one_line
from headwaters.core.people import Right
from headwaters.core.sales.doors import check_nonce
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.errands.mail import reaches, sign_of
from headwaters.store import letters as rows
from headwaters.store import outbox as outbox_rows
from headwaters.store import reports as report_rows
from headwaters.store import saved as saved_rows
from headwaters.store import studio as studio_rows
from headwaters.store import threads as thread_rows
from headwaters.store.db import Connection
from headwaters.web.contexts.studio import ThreadItem
from headwaters.web.contexts.studio_talk import AboutThread, Choice, LetterItem, SavedChoice, ThreadPage, ThreadsPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of
from headwaters.web.studio.frame import PER_PAGE, frame, page_number, pages, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.words import moment, state_words

routes = web.RouteTableDef()

LETTERS = "/studio/letters"
_SENT = frozenset({"answered", "answered_by_mail", "answered_archived", "answered_by_mail_archived"})
_TRAYS = {
    Tray.OPEN: N_("Open"),
    Tray.UNREAD: N_("Unread"),
    Tray.ARCHIVED: N_("Archived"),
    Tray.BLOCKED: N_("Closed"),
    Tray.ALL: N_("All"),
}


# ── all threads ──────────────────────────────────────────────────────────────────────────────────


def thread_item(said: Format, thread: rows.ThreadRow) -> ThreadItem:
    """A thread as lists show it; the link leads to the first letter that is new."""
    new = "#new" if thread.unread and thread.count > 1 else ""
    return ThreadItem(
        href=f"{LETTERS}/{thread.order_id}{new}",
        title=thread.title,
        count=thread.count,
        unread=thread.unread,
        start=one_line(thread.last.body, 120),
        mine=thread.last.author is Author.CREATOR,
        last=moment(said, thread.last.created_at),
        archived=thread.archived,
        blocked=thread.blocked,
    )


def _tray_of(request: web.Request, find: str) -> Tray:
    """What was asked for; who looks for something looks everywhere."""
    asked = request.query.get("tray", "")
    return Tray(asked) if asked in set(Tray) else Tray.ALL if find else Tray.OPEN


def _list_href(tray: Tray, find: str) -> str:
    query = {"tray": tray.value, **({"find": find} if find else {})}
    return f"{LETTERS}?{urlencode(query)}" if find or tray is not Tray.OPEN else LETTERS


@dataclass(frozen=True, slots=True)
class _Seen:
    threads: list[rows.ThreadRow]
    counts: dict[Tray, int]
    any: bool
    reports: int


@routes.get(LETTERS)
@may(Right.TALK)
async def get_letters(request: web.Request, session: Session) -> web.Response:
    """The threads of a tray, unread ones first."""
    number, said = page_number(request), words_of(request)
    find = one_line(request.query.get("find", ""), 200)
    tray = _tray_of(request, find)

    def look(conn: Connection) -> _Seen:
        found = rows.threads(conn, PER_PAGE, (number - 1) * PER_PAGE, tray, find)
        counts = rows.count_trays(conn, find)
        some = bool(counts[Tray.ALL]) or bool(find and rows.count_threads(conn, Tray.ALL))
        return _Seen(found, counts, some, report_rows.count_reports(conn).get("open", 0))

    seen = await request.app[HOUSE].db.read(look)
    context = ThreadsPage(
        frame=await frame(request, session, "letters"),
        script=address_of("letters.js"),
        find=find,
        tray=tray.value,
        trays=tuple(
            Choice(one.value, said.gettext(words), _list_href(one, find), seen.counts[one], one is tray)
            for one, words in _TRAYS.items()
        ),
        any=seen.any,
        threads=tuple(thread_item(said, thread) for thread in seen.threads),
        pages=pages(LETTERS, number, seen.counts[tray], find=find, tray=tray.value),
        reports=seen.reports,
        sent=request.query.get("said") in _SENT,
    )
    return show(request, "letters", context)


# ── one thread ───────────────────────────────────────────────────────────────────────────────────


def order_id_of(request: web.Request) -> int:
    """The order of the address. Raises NotFound(ORDER_UNKNOWN) for what cannot be one."""
    text = request.match_info["order_id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    return int(text)


@routes.get(LETTERS + "/{order_id}")
@may(Right.TALK)
async def get_thread(request: web.Request, session: Session) -> web.Response:
    """One thread; its letters count as read from now on."""
    house, order_id = request.app[HOUSE], order_id_of(request)
    now = house.clock()
    letters = await house.db.read(lambda conn: rows.thread(conn, order_id))
    if any(letter.author is Author.READER and letter.read_at is None for letter in letters):
        letters = await house.db.write(lambda conn: open_thread(conn, order_id, now))
    return await thread_page(request, session, letters)


@dataclass(frozen=True, slots=True)
class _Beside:
    """What the page of a thread shows besides its letters."""

    story: studio_rows.OrderStory
    state: thread_rows.ThreadState
    asked: bool  # the reader's last letter asked for mail
    reached: bool  # and a mail would go out
    unread: tuple[int | None, int | None]
    saved: list[saved_rows.SavedRow]
    mails: Mapping[str, str]


def _look_beside(conn: Connection, house: House, order_id: int, letters: list[rows.LetterRow]) -> _Beside:
    story = studio_rows.order_story(conn, order_id)
    if story is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    last = rows.newest_from_reader(conn, order_id)
    keys = [_mail_key(letter) for letter in letters if letter.author is Author.CREATOR and letter.wants_mail]
    return _Beside(
        story=story,
        state=thread_rows.thread_state(conn, order_id),
        asked=last is not None and last.wants_mail,
        reached=_goes_by_mail(house, conn, order_id),
        unread=rows.unread_beside(conn, letters[-1].id) if letters else (None, None),
        saved=saved_rows.all_saved(conn),
        mails=outbox_rows.states_of(conn, keys),
    )


def _goes_by_mail(house: House, conn: Connection, order_id: int) -> bool:
    """Whether an answer reaches the reader by mail as well."""
    return goes_by_mail(conn, order_id) and reaches(house, conn, rows.order_email(conn, order_id))


async def thread_page(
    request: web.Request,
    session: Session,
    letters: list[rows.LetterRow],
    error: HeadwatersError | None = None,
    typed: str | None = None,
) -> web.Response:
    """The page of a thread; of a form that came back, with what was typed."""
    house, order_id, said = request.app[HOUSE], order_id_of(request), words_of(request)
    beside = await house.db.read(lambda conn: _look_beside(conn, house, order_id, letters))
    form = session.form
    newer, older = (f"{LETTERS}/{one}" if one is not None else "" for one in beside.unread)
    chosen = form.get("saved", "")
    context = ThreadPage(
        frame=await frame(request, session, "letters"),
        script=address_of("letters.js"),
        address=f"{LETTERS}/{order_id}",
        title=beside.story.line.title,
        about=_about(said, beside.story, Right.SELL in session.row.may),
        letters=tuple(_letter(said, letter, beside.mails) for letter in letters),
        archived=beside.state.archived_at is not None,
        blocked=beside.state.blocked_at is not None,
        newer=newer,
        older=older,
        by_mail=beside.reached,
        by_mail_ticked=beside.reached and (not form or "by_mail" in form),
        no_mail=said.gettext(_why_no_mail(house, beside)),
        saved=tuple(SavedChoice(one.id, one.title, str(one.id) == chosen) for one in beside.saved),
        body=form.get("body", "") if typed is None else typed,
        seen=letters[-1].id if letters else 0,
        limit=LONGEST_LETTER // 1000,
        nonce=house.token(),
        sent=request.query.get("said") in _SENT,
        problem=problem_of(request, error),
    )
    return show(request, "thread", context, error)


def _why_no_mail(house: House, beside: _Beside) -> str:
    if beside.reached:
        return ""
    if house.mailer is None:
        return N_("This shop sends no mail.")
    if not beside.asked:
        return N_("They did not ask for it by mail.")
    return N_("They want no mail from this shop any more.") if beside.story.line.email else N_("They gave no address.")


def _about(said: Format, story: studio_rows.OrderStory, may_sell: bool) -> AboutThread:
    line = story.line
    amount = line.paid or line.amount
    return AboutThread(
        titles=tuple(work.title for work in story.works),
        state=state_words(said, line),
        amount=said.of(amount) if line.door is Door.PAY or line.paid is not None else "",
        made=moment(said, line.created_at),
        email=line.email or "",
        number=line.id,
        order_href=f"/studio/orders/{line.id}" if may_sell else "",
    )


def _mail_key(letter: rows.LetterRow) -> str:
    return f"answer:{letter.id}"


_MAILED = {
    outbox_rows.WAITING: N_("by mail: on its way"),
    outbox_rows.DONE: N_("by mail too"),
    outbox_rows.GIVEN_UP: N_("the mail did not reach them; it is on their page"),
}


def _letter(said: Format, letter: rows.LetterRow, mails: Mapping[str, str]) -> LetterItem:
    mine = letter.author is Author.CREATOR
    state = mails.get(_mail_key(letter), outbox_rows.DONE)
    return LetterItem(
        mine=mine,
        fresh=not mine and letter.read_at is None,
        body=letter.body,
        by_mail=letter.wants_mail,
        mailed=said.gettext(_MAILED[state]) if mine and letter.wants_mail else "",
        when=moment(said, letter.created_at),
    )


# ── an answer ────────────────────────────────────────────────────────────────────────────────────


def seen_of(form: Mapping[str, str]) -> int | None:
    """What the form was shown with: the newest letter, how much of a log, which change. None: it does not say.

    Raises Refused(FORM_BROKEN).
    """
    text = form.get("seen")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused(Code.FORM_BROKEN, N_("This form did not arrive whole."), hint=N_("Please send it again."))
    return int(text)


@routes.post(LETTERS + "/{order_id}")
@may(Right.TALK)
async def post_answer(request: web.Request, session: Session) -> web.Response:
    """Answer, to the page and by mail where both want it. What is refused comes back with what was typed."""
    house, order_id, form = request.app[HOUSE], order_id_of(request), session.form
    ref, now, body = house.token()[:13], house.clock(), form.get("body", "")
    way = Way.ASKED if "by_mail" in form else Way.PAGE
    away = form.get("then") == "archive"
    who = session.row.creator_id
    try:
        nonce, seen = check_nonce(form.get("nonce", "")), seen_of(form)
        sent = noted(
            lambda conn: answer_once(conn, order_id, body, nonce, ref, now, way, seen),
            Deed(who, What.LETTER_ANSWERED, f"order:{order_id}"),
            now,
        )
        put_away = noted(
            lambda conn: archive(conn, order_id, now), Deed(who, What.LETTERS_ARCHIVED, f"order:{order_id}"), now
        )

        def run(conn: Connection) -> bool:
            if sent(conn) and away:  # a form that came before has put nothing away that is new since
                put_away(conn)
            return way is Way.ASKED and _goes_by_mail(house, conn, order_id)

        by_mail = await house.db.write(run)
    except NotFound:
        raise
    except Refused as refused:
        letters = await house.db.read(lambda conn: rows.thread(conn, order_id))
        return await thread_page(request, session, letters, refused)
    done = ("answered_by_mail" if by_mail else "answered") + ("_archived" if away else "")
    return go_to(f"{LETTERS if away else f'{LETTERS}/{order_id}'}?said={done}")


# ── a saved answer, put into the answer ──────────────────────────────────────────────────────────


def _filled(house: House, conn: Connection, order_id: int, saved_id: int) -> str:
    """What a saved answer says to this reader. Raises NotFound(SAVED_UNKNOWN | ORDER_UNKNOWN)."""
    story = studio_rows.order_story(conn, order_id)
    if story is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    saved = saved_rows.saved_by_id(conn, saved_id)
    return fill_saved(saved.body, story.line.title, sign_of(house.now.settings))


def saved_id_of(text: str) -> int:
    """Raises NotFound(SAVED_UNKNOWN)."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(Code.SAVED_UNKNOWN, N_("There is no such saved answer."))
    return int(text)


@routes.get(LETTERS + "/{order_id}/saved/{saved_id}")
@may(Right.TALK)
async def get_filled(request: web.Request, _session: Session) -> web.Response:
    """A saved answer as plain text, for the script."""
    house, order_id = request.app[HOUSE], order_id_of(request)
    saved_id = saved_id_of(request.match_info["saved_id"])
    text = await house.db.read(lambda conn: _filled(house, conn, order_id, saved_id))
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


@routes.post(LETTERS + "/{order_id}/insert")
@may(Right.TALK)
async def post_insert(request: web.Request, session: Session) -> web.Response:
    """The same without a script: the page comes back with the saved answer below what was typed."""
    house, order_id, form = request.app[HOUSE], order_id_of(request), session.form
    letters = await house.db.read(lambda conn: rows.thread(conn, order_id))
    try:
        saved_id = saved_id_of(form.get("saved", ""))
        text = await house.db.read(lambda conn: _filled(house, conn, order_id, saved_id))
    except NotFound as unknown:
        return await thread_page(request, session, letters, unknown)
    before = form.get("body", "").replace("\r\n", "\n").rstrip()
    typed = f"{before}\n\n{text}" if before else text
    return await thread_page(request, session, letters, typed=typed)
