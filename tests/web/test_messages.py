"""The template of translations says what the program says."""

from __future__ import annotations

from tests.support.messages import TEMPLATE, as_text, extracted


def test_the_template_of_translations_is_current():
    assert TEMPLATE.read_text(encoding="utf-8") == as_text(extracted()), "run script/messages"
