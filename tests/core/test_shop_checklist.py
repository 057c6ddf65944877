"""From first start to first sale: which steps are done, and when the list may be put away."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from headwaters.core.shop_checklist import OPTIONAL, Facts, Step, checklist, is_finished

NOTHING = Facts(*[False] * len(fields(Facts)))
ALL = Facts(*[True] * len(fields(Facts)))


def done(facts: Facts) -> set[Step]:
    return {item.step for item in checklist(facts) if item.done}


def test_a_new_shop_has_everything_before_it() -> None:
    assert done(NOTHING) == set()
    assert [item.step for item in checklist(NOTHING)] == list(Step)
    assert not is_finished(checklist(NOTHING))


@pytest.mark.parametrize(
    ("fact", "steps"),
    [
        ("named", {Step.NAME}),
        ("told", {Step.ABOUT}),
        ("published", {Step.WORK}),
        ("till", {Step.TILL}),
        ("reachable", {Step.ADDRESS}),
        ("way_in", {Step.KEY}),
        ("mail_tried", {Step.MAIL}),
        ("practised", {Step.PRACTICE}),
        ("sold", {Step.SALE}),
    ],
)
def test_each_fact_does_its_step(fact: str, steps: set[Step]) -> None:
    assert done(replace(NOTHING, **{fact: True})) == steps


def test_who_has_sold_is_not_asked_to_practise_and_who_practised_keeps_the_tick() -> None:
    assert Step.PRACTICE not in {item.step for item in checklist(replace(NOTHING, sold=True))}
    assert done(replace(NOTHING, sold=True, practised=True)) == {Step.SALE, Step.PRACTICE}


def test_mail_and_practice_are_as_one_likes_and_nothing_else_is() -> None:
    assert {Step.MAIL, Step.PRACTICE} == OPTIONAL
    without = replace(ALL, mail_tried=False, practised=False)
    assert is_finished(checklist(without))
    for fact in ("named", "told", "published", "till", "reachable", "way_in", "sold"):
        assert not is_finished(checklist(replace(ALL, **{fact: False}))), fact
