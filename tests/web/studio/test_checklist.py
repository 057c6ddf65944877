"""The checklist as a piece of the Studio's first page."""

from __future__ import annotations

from dataclasses import replace

from headwaters.core.themes import RIVER_THEME
from headwaters.errands import checklist
from headwaters.errands.house import House
from headwaters.web.contexts.studio import Frame
from headwaters.web.contexts.studio_checklist import ChecklistStep, ChecklistView
from headwaters.web.themes import template_of
from tests.web.studio.conftest import Visitor

FRAME = Frame("start", "", (), "token", "", mail=True)
STEP = ChecklistStep("mail", "Try your mail", "It works without.", "/studio/notices", done=False, optional=True)
VIEW = ChecklistView(shown=True, finished=False, done=0, steps=(STEP,), next="mail")


def html(view: ChecklistView, frame: Frame = FRAME) -> str:
    piece = template_of(RIVER_THEME, "en", "studio/_checklist.html")
    return piece.module.checklist(view, frame)  # type: ignore[attr-defined]


def test_a_step_leads_to_where_it_is_done() -> None:
    page = html(VIEW)
    assert '<a href="/studio/notices">Try your mail</a>' in page
    assert "if you like" in page
    assert "0 of 1 done" in page
    assert "Try the mail server now" in page
    assert "Put this list away" not in page
    assert "Try the mail server now" not in html(VIEW, replace(FRAME, mail=False))


def test_a_step_that_is_done_leads_nowhere_and_the_list_can_go() -> None:
    page = html(replace(VIEW, finished=True, done=1, steps=(replace(STEP, done=True),), next=""))
    assert "href" not in page
    assert "Your shop is ready" in page
    assert "Put this list away" in page


def test_a_list_that_was_put_away_is_not_there() -> None:
    assert html(replace(VIEW, shown=False)).strip() == ""


async def test_it_is_put_away_by_its_button(shop: House, alice: Visitor) -> None:
    fields = await alice.hidden("/studio/orders")
    answer = await alice.post("/studio/checklist/done", {"csrf": fields.get("csrf", "")})
    assert (answer.status, answer.headers["Location"]) == (303, "/studio?said=checklist_done")
    assert await checklist.facts_of(shop, 1) is None


async def test_a_mail_server_that_is_not_there_is_told_of(alice: Visitor) -> None:
    fields = await alice.hidden("/studio/orders")
    answer = await alice.post("/studio/checklist/mail", {"csrf": fields["csrf"]})
    assert answer.status == 422
    assert "This shop sends no mail yet." in await answer.text()
