"""Letters in the Studio: all threads, one thread, an answer."""

from __future__ import annotations

from aiohttp import web

from headwaters.actions.letters import answer, goes_by_mail, open_thread
from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused
from headwaters.core.letters import LONGEST_LETTER, Author, one_line
from headwaters.core.people import Right
from headwaters.core.sales.doors import check_nonce
from headwaters.errands.house import House
from headwaters.errands.mail import reaches
from headwaters.store import letters as rows
from headwaters.store import studio as studio_rows
from headwaters.store.db import Connection
from headwaters.web.contexts.studio import LetterItem, ThreadItem, ThreadPage, ThreadsPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import PER_PAGE, frame, page_number, pages, problem_of, show, words_of
from headwaters.web.studio.guard import Session, go_to, may
from headwaters.web.studio.words import moment, state_words

routes = web.RouteTableDef()


def thread_item(said: Format, thread: rows.ThreadRow) -> ThreadItem:
    """A thread as lists show it."""
    return ThreadItem(
        href=f"/studio/letters/{thread.order_id}",
        title=thread.title,
        count=thread.count,
        unread=thread.unread,
        start=one_line(thread.last.body, 120),
        mine=thread.last.author is Author.CREATOR,
        last=moment(said, thread.last.created_at),
    )


@routes.get("/studio/letters")
@may(Right.TALK)
async def get_letters(request: web.Request, session: Session) -> web.Response:
    """All threads, unread ones first."""
    number, said = page_number(request), words_of(request)

    def look(conn: Connection) -> tuple[list[rows.ThreadRow], int]:
        return rows.threads(conn, PER_PAGE, (number - 1) * PER_PAGE), rows.count_threads(conn)

    threads, count = await request.app[HOUSE].db.read(look)
    context = ThreadsPage(
        frame=await frame(request, session, "letters"),
        threads=tuple(thread_item(said, thread) for thread in threads),
        pages=pages("/studio/letters", number, count),
    )
    return show(request, "letters", context)


def order_id_of(request: web.Request) -> int:
    """The order of the address. Raises NotFound(ORDER_UNKNOWN) for what cannot be one."""
    text = request.match_info["order_id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    return int(text)


@routes.get("/studio/letters/{order_id}")
@may(Right.TALK)
async def get_thread(request: web.Request, session: Session) -> web.Response:
    """One thread; its letters count as read from now on."""
    house, order_id = request.app[HOUSE], order_id_of(request)
    now = house.clock()
    letters = await house.db.read(lambda conn: rows.thread(conn, order_id))
    if any(letter.author is Author.READER and letter.read_at is None for letter in letters):
        letters = await house.db.write(lambda conn: open_thread(conn, order_id, now))
    return await _thread_page(request, session, letters)


async def _thread_page(
    request: web.Request,
    session: Session,
    letters: list[rows.LetterRow],
    body: str = "",
    error: HeadwatersError | None = None,
) -> web.Response:
    house, order_id, said = request.app[HOUSE], order_id_of(request), words_of(request)
    story, by_mail = await house.db.read(
        lambda conn: (studio_rows.order_story(conn, order_id), _goes_by_mail(house, conn, order_id))
    )
    if story is None:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such order."))
    context = ThreadPage(
        frame=await frame(request, session, "letters"),
        address=f"/studio/letters/{order_id}",
        title=story.line.title,
        order_href=f"/studio/orders/{order_id}",
        order_state=state_words(said, story.line),
        letters=tuple(_letter(said, letter) for letter in letters),
        by_mail=by_mail,
        body=body,
        limit=LONGEST_LETTER // 1000,
        nonce=house.token(),
        problem=problem_of(request, error),
    )
    return show(request, "thread", context, error)


def _goes_by_mail(house: House, conn: Connection, order_id: int) -> bool:
    """Whether an answer reaches the reader by mail as well."""
    return goes_by_mail(conn, order_id) and reaches(house, conn, rows.order_email(conn, order_id))


def _letter(said: Format, letter: rows.LetterRow) -> LetterItem:
    mine = letter.author is Author.CREATOR
    return LetterItem(
        mine=mine,
        fresh=not mine and letter.read_at is None,
        body=letter.body,
        by_mail=letter.wants_mail,
        when=moment(said, letter.created_at),
    )


@routes.post("/studio/letters/{order_id}")
@may(Right.TALK)
async def post_answer(request: web.Request, session: Session) -> web.Response:
    """Answer. What is refused comes back with what was typed."""
    house, order_id, form = request.app[HOUSE], order_id_of(request), session.form
    ref, now, body = house.token()[:13], house.clock(), form.get("body", "")
    try:
        nonce = check_nonce(form.get("nonce", ""))
        await house.db.write(lambda conn: answer(conn, order_id, body, nonce, ref, now))
    except NotFound:
        raise
    except Refused as refused:
        letters = await house.db.read(lambda conn: rows.thread(conn, order_id))
        return await _thread_page(request, session, letters, body, refused)
    by_mail = await house.db.read(lambda conn: _goes_by_mail(house, conn, order_id))
    return go_to(f"/studio/letters/{order_id}?said={'answered_by_mail' if by_mail else 'answered'}")
