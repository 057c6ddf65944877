"""The checklist from first start to first sale, for the Studio's first page: `checklist_view` and its macro."""

from __future__ import annotations

from aiohttp import web

from headwaters.core.errors import N_
from headwaters.core.people import Right
from headwaters.core.shop_checklist import Item, Step, checklist, is_finished
from headwaters.errands import checklist as errands
from headwaters.web.contexts.studio_checklist import ChecklistStep, ChecklistView
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import words_of
from headwaters.web.studio.guard import Session, go_to, may

routes = web.RouteTableDef()

NOTHING = ChecklistView(shown=False, finished=False, done=0, steps=(), next="")

# step: where one takes it, what it is called, what to do
_STEPS = {
    Step.NAME: ("/studio/look", N_("Give your shop a name"), N_("It stands at the top of each page.")),
    Step.ABOUT: (
        "/studio/look",
        N_("Say who you are"),
        N_("A few words about you, and the imprint that the law asks for where you live."),
    ),
    Step.WORK: ("/studio/works", N_("Publish a work"), N_("One file is enough. You can change its words at any time.")),
    Step.TILL: (
        "/studio/money",
        N_("Choose how you are paid"),
        N_("By bank transfer or in cash, by card, or both. The money goes straight to you."),
    ),
    Step.ADDRESS: (
        "/studio/address",
        N_("Give it an address of its own"),
        N_("So that readers reach it from everywhere, and nobody can listen in."),
    ),
    Step.KEY: (
        "/studio/you",
        N_("Make yourself a key"),
        N_("A passkey or a password: then you need no link from the shop’s machine to come in."),
    ),
    Step.MAIL: (
        "/studio/notices",
        N_("Try your mail"),
        N_("Readers who want it get a copy of their link by mail. The shop works without."),
    ),
    Step.PRACTICE: (
        "/studio/money#practice",
        N_("Buy from yourself"),
        N_("Switch the practice till on, and take your own work through each door. No real money moves."),
    ),
    Step.SALE: ("/studio/orders", N_("Somebody takes a work"), N_("Tell people where it lives; this ticks itself.")),
}


def _step(said: Format, item: Item) -> ChecklistStep:
    href, title, words = _STEPS[item.step]
    return ChecklistStep(item.step.value, said.gettext(title), said.gettext(words), href, item.done, item.optional)


async def checklist_view(request: web.Request, session: Session) -> ChecklistView:
    """What there is to do, for whoever runs the shop; nothing for others, and once it was put away."""
    if Right.SELL not in session.row.may:
        return NOTHING
    facts = await errands.facts_of(request.app[HOUSE], session.row.creator_id)
    if facts is None:
        return NOTHING
    items = checklist(facts)
    steps = tuple(_step(words_of(request), item) for item in items)
    left = next((step.name for step in steps if not step.done), "")
    return ChecklistView(True, is_finished(items), sum(step.done for step in steps), steps, left)


@routes.post("/studio/checklist/done")
@may(Right.SELL)
async def post_done(request: web.Request, session: Session) -> web.Response:
    """Put it away."""
    await errands.put_away(request.app[HOUSE], session.row.creator_id)
    return go_to("/studio?said=checklist_done")


@routes.post("/studio/checklist/mail")
@may(Right.SELL)
async def post_mail(request: web.Request, session: Session) -> web.Response:
    """Connect to the mail server and sign in; what it says against it becomes the page of an error."""
    await errands.try_mail(request.app[HOUSE])
    return go_to("/studio?said=mail_works")
