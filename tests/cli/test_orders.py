"""Commands on orders and money: the same verbs as the Studio, and tables to the byte."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from headwaters.cli import main
from headwaters.config import load_config
from headwaters.core.sales.states import Door
from headwaters.errands.house import House
from headwaters.wiring import furnish
from tests.people import BOB, add_work, take_work

Run = Callable[..., str]


def in_shop(folder: Path, errand: Callable[[House], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with furnish(load_config(folder)) as house:
            return await errand(house)

    return asyncio.run(run())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    main(["init", str(folder), "--name", "Alice"])
    main(["settings", "by_hand", "on", "--shop", str(folder)])
    in_shop(folder, lambda house: house.db.write(lambda conn: add_work(conn, title="=High Water")))
    return folder


@pytest.fixture
def run(shop: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main([*arguments, "--shop", str(shop)]) == code
        told = capsys.readouterr()
        return told.out + told.err

    return run


def test_an_order_from_its_payment_to_its_refund(shop: Path, run: Run) -> None:
    order = in_shop(shop, lambda house: take_work(house, Door.PAY, email=BOB, till="by_hand", minor=750))
    run("confirm", order.reference)
    assert run("refund", order.reference, "--amount", "2.50").startswith("Booked: €2.50 went back for HW-")
    assert "no more can go back" in run("refund", order.reference, "--amount", "5.01", code=1)
    data = json.loads(run("refund", order.reference, "--json"))
    assert data == {"reference": order.reference, "amount": "5.00", "currency": "EUR"}
    assert "no more can go back" in run("refund", order.reference, code=1)
    told = json.loads(run("order", "1", "--note", "paid in coins", "--email", "bob@example.com", "--json"))
    assert (told["note"], told["email"], told["downloads"]) == ("paid in coins", "bob@example.com", 0)
    assert [line["words"] for line in told["story"]][:2] == [
        "Somebody came through the door “Pay what is fair”.",
        "A payment of €7.50 was begun: Bank or cash.",
    ]
    text = run("order", "1")
    assert "Your note: paid in coins" in text
    assert "€5.00 went back." in text
    assert "There is no such order." in run("order", "9", code=1)
    assert "sends no mail yet" in run("order", "1", "--mail", code=1)
    assert "There is nobody to ask" in run("order", "1", "--look")
    assert json.loads(run("order", "1", "--look", "--json"))["looked"] == "nobody"
    assert "There is no such order." in run("order", "9", "--look", code=1)


def test_orders_as_a_table_to_the_byte(shop: Path, run: Run) -> None:
    async def fill(house: House) -> None:
        await take_work(house, Door.CANT_PAY)
        await take_work(house, Door.PAY, email=BOB, till="by_hand", minor=750)

    in_shop(shop, fill)
    table = run("orders", "--csv", "--bom")
    head, *rows = table.split("\r\n")
    assert head == (
        "\ufefforder,made,works,door,state,currency,asked,paid,till_kept,paid_back,till,mode,reference,payment,email,"
        "came_from,granted,withdrawn,note"
    )
    at = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    assert re.fullmatch(rf"1,{at},'=High Water,cant_pay,granted,EUR,0.00,0.00,0.00,0.00,,,,,,,{at},,", rows[0])
    assert re.fullmatch(
        rf"2,{at},'=High Water,pay,waiting,EUR,7.50,0.00,0.00,0.00,by_hand,,HW-....-....,open,{BOB},,,,", rows[1]
    )
    assert rows[2:] == [""]
    assert len(run("orders", "--csv", "--door", "pay").split("\r\n")) == 3
    assert "is no day" in run("orders", "--from", "yesterday", code=2)
    assert "no JSON" in run("orders", "--csv", "--json", code=2)
    assert json.loads(run("orders", "--state", "free", "--json"))["count"] == 1


def test_the_ledger_by_month_and_as_a_table(shop: Path, run: Run) -> None:
    assert run("ledger") == "No money has come yet.\n"
    order = in_shop(shop, lambda house: take_work(house, Door.PAY, till="by_hand", minor=750))
    run("confirm", order.reference)
    run("refund", order.reference, "--amount", "2.50")
    (month,) = json.loads(run("ledger", "--json"))["months"]
    del month["month"]
    assert month == {
        "till": "by_hand",
        "mode": "live",
        "currency": "EUR",
        "payments": 1,
        "came": "7.50",
        "kept": "0.00",
        "back": "2.50",
        "left": "5.00",
    }
    assert "by_hand  1 payments  came €7.50  kept €0.00  back €2.50  yours €5.00" in run("ledger")
    head, *rows = run("ledger", "--csv").split("\r\n")
    assert head == "entry,at,kind,order,reference,till,mode,currency,amount"
    assert [re.sub(r",[0-9-]+T[^,]*,", ",…,", row) for row in rows] == [
        f"payment:1,…,payment,1,{order.reference},by_hand,live,EUR,7.50",
        f"refund:1,…,refund,1,{order.reference},by_hand,live,EUR,-2.50",
        "",
    ]


def test_the_tills_and_what_needs_a_look(run: Run) -> None:
    assert run("tills") == "by_hand: real money\n"
    run("settings", "stripe_secret_key", "sk_test_51Riverbed")
    run("settings", "stripe_webhook_secret", "whsec_51Riverbed")
    text = run("tills")
    assert "stripe: test keys: no real money" in text
    assert "Nobody has asked Stripe about these keys yet." in text
    assert json.loads(run("tills", "--json"))["tills"] == {"stripe": "test", "by_hand": "live"}
