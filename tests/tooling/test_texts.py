"""Every string that a person sees goes through gettext: held on the source of templates and of the code."""

from __future__ import annotations

import re
from pathlib import Path

import html5lib
import pytest
from babel.messages.extract import extract_from_dir
from jinja2 import Environment
from jinja2.lexer import Lexer

from tests.support.needs import ROOT

SOURCE = ROOT / "src" / "headwaters"
TEMPLATES = sorted((SOURCE / "templates").rglob("*.html"))
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
SAID = {"alt", "title", "aria-label", "aria-description", "placeholder", "label"}
UNSEEN = {"script", "style", "code", "samp", "svg"}
WORD = re.compile(r"[^\W\d_]{2,}")
EXPRESSION = "\u241f"  # stands where a template puts in a value
# A name is the same in every language.
NAMES = {"Headwaters", "SHA", "Stripe", "AGPL", "ZIP", "RSS", "JSON"}


def bare(template: str) -> str:
    """The HTML of a template: comments, statements and translated blocks are taken out, values are a mark."""
    kept: list[str] = []
    translated = inside = False
    for _, token, value in Lexer(Environment(extensions=["jinja2.ext.i18n"])).tokeniter(template, None):
        if token == "data" and not translated:
            kept.append(value)
        elif token == "variable_begin":
            kept.append(EXPRESSION)
        elif token == "block_begin":
            inside = True
        elif inside and token == "name":
            translated = value == "trans" or (translated and value != "endtrans")
            inside = False
    return "".join(kept)


def bare_words(template: str) -> list[str]:
    """The words that a template shows to a person without asking gettext."""
    seen: list[str] = []

    def look(element) -> None:  # type: ignore[no-untyped-def]  # an Element of whichever tree
        if isinstance(element.tag, str) and element.tag not in UNSEEN:
            seen.append(element.text or "")
            seen.extend(value for name, value in element.attrib.items() if name in SAID)
            for child in element:
                look(child)
        seen.append(element.tail or "")

    for element in html5lib.parseFragment(f"<div>{bare(template)}</div>", namespaceHTMLElements=False):
        look(element)
    return [text.strip() for text in map(without_attributes, seen) if set(WORD.findall(text)) - NAMES]


def without_attributes(text: str) -> str:
    """A macro may give a tag its attributes; of those, only what is said to a person is text."""
    if not re.match(r'\s*[a-z-]+="', text):
        return text
    (tag,) = html5lib.parseFragment(f"<i {text}></i>", namespaceHTMLElements=False)
    return " ".join(value for name, value in tag.attrib.items() if name in SAID)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(SOURCE / "templates")))
def test_a_template_shows_no_words_of_its_own(path: Path) -> None:
    assert bare_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "template",
    [
        "<p>{{ _('Take it') }}</p>",
        "{% trans %}Take it{% endtrans %}",
        "{% trans count=files|length %}One file{% pluralize %}{{ count }} files{% endtrans %}",
        "<p>{# a word to whoever reads this #}{{ work.title }} · {{ price }}</p>",
        "<img alt='' src='/static/picture.png'><p class='door'>…</p>",
        "<code>sha256sum -c SHA256SUMS</code> <p>SHA-256</p>",
        "{% if paid %}<p>{{ _('Thanks') }}</p>{% endif %}",
        """{% macro marks(id) %} aria-invalid="true" aria-describedby="{{ id }}-wrong" autofocus{% endmacro %}""",
    ],
)
def test_translated_words_pass(template: str) -> None:
    assert bare_words(template) == []


@pytest.mark.parametrize(
    "template",
    [
        "<p>Take it</p>",
        "<p>{{ _('Take it') }} now</p>",
        "<input placeholder='Your name'>",
        "<a href='/' title='Back to {{ shop }}'>{{ shop }}</a>",
        "{% trans %}Take it{% endtrans %} or leave it",
        "{% if paid %}Thanks{% endif %}",
        """{% macro marks(id) %} title="Thanks" hidden{% endmacro %}""",
    ],
)
def test_words_of_ones_own_are_found(template: str) -> None:
    assert len(bare_words(template)) == 1


def extracted() -> list[str]:
    found = extract_from_dir(SOURCE, METHODS, keywords=KEYWORDS)
    return [text for *_, message, _, _ in found for text in ([message] if isinstance(message, str) else message)]


def test_a_message_with_several_placeholders_names_them() -> None:
    """A translator must be able to turn them round."""
    messages = extracted()
    assert messages
    assert [text for text in messages if len(re.findall(r"(?<!%)%[sdif]", text)) > 1] == []


def test_no_message_is_put_together_before_it_is_translated() -> None:
    assert [text for text in extracted() if re.search(r"\{\w*\}", text)] == []
