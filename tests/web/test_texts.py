"""gettext in templates: settled when they are compiled, escaped when they are filled."""

from __future__ import annotations

import gettext

import pytest
from jinja2 import DictLoader, StrictUndefined

from headwaters.web import texts
from headwaters.web.texts import PageEnvironment


class Shouting(gettext.NullTranslations):
    """A language in which everything is said loudly."""

    def gettext(self, message: str) -> str:
        return message.upper().replace("%(NAME)S", "%(name)s").replace("%(NUM)S", "%(num)s")

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> PageEnvironment:
    monkeypatch.setattr(texts, "translations", lambda language: Shouting())
    return PageEnvironment("loud", loader=DictLoader({}), autoescape=True, undefined=StrictUndefined)


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ _('take it') }}", "TAKE IT"),
        ("{% trans %}take it{% endtrans %}", "TAKE IT"),
        ("{% set said = _('take it') %}<i title='{{ said }}'>", "<i title='TAKE IT'>"),
        ("{% trans name=who %}from {{ name }}{% endtrans %}", "FROM &lt;Bob&gt;"),
        ("{{ _('from %(name)s', name=who) }}", "FROM &lt;Bob&gt;"),
        ("{{ _('100%% yours') }}", "100% YOURS"),
        ("{% trans num=1 %}{{ num }} letter{% pluralize %}{{ num }} letters{% endtrans %}", "1 LETTER"),
        ("{% trans num=3 %}{{ num }} letter{% pluralize %}{{ num }} letters{% endtrans %}", "3 LETTERS"),
        ("{{ ngettext('%(num)s letter', '%(num)s letters', 2) }}", "2 LETTERS"),
        ("{{ _('%(name)s', name='<b>'|safe) }}", "<b>"),
    ],
)
def test_words_are_translated_and_what_fills_them_is_escaped(pages: PageEnvironment, template: str, shown: str):
    assert pages.from_string(template).render(who="<Bob>") == shown


def test_words_without_placeholders_are_settled_when_the_template_is_compiled(pages: PageEnvironment):
    compiled = pages.compile("<p>{{ _('take it') }}</p>{% trans %}now{% endtrans %}", raw=True)
    assert "'<p>TAKE IT</p>'" in compiled
    assert "gettext" not in compiled.partition("def root")[2]


def test_an_include_sees_what_is_around_it_and_leaves_nothing_behind(pages: PageEnvironment):
    pages.loader = DictLoader({"_part.html": "{% set inner = 'x' %}{{ outer }}{{ number }}{{ _('ok') }}"})
    template = "{% set outer = 'a' %}{% for number in [1, 2] %}{% include '_part.html' %}{% endfor %}"
    assert pages.from_string(template).render() == "a1OKa2OK"
    assert pages.from_string(template + "{{ inner is defined }}").render() == "a1OKa2OKFalse"
    assert "get_template" not in pages.compile(template, raw=True)


def test_imported_macros_are_made_once_and_stay_in_their_template(pages: PageEnvironment):
    pages.loader = DictLoader(
        {
            "_some.macros.html": "{% macro loud(what) %}{{ _('hear') }} {{ what }}{% endmacro %}",
            "base.html": "[{% block main %}{% endblock %}]",
            "page.html": "{% extends 'base.html' %}{% from '_some.macros.html' import loud, loud as said %}"
            "{% block main %}{{ loud(who) }}, {{ said(1) }}{% endblock %}",
            "other.html": "{{ loud is defined }}",
        }
    )
    assert pages.get_template("page.html").render(who="<Bob>") == "[HEAR &lt;Bob&gt;, HEAR 1]"
    assert pages.get_template("other.html").render() == "False"
    assert "_get_default_module" not in pages.compile(pages.loader.get_source(pages, "page.html")[0], raw=True)


def test_what_fills_words_is_escaped_and_a_number_stays_one():
    assert texts._filled("%(count)d letters from %(who)s", {"count": 3, "who": "<Bob>"}) == "3 letters from &lt;Bob&gt;"
