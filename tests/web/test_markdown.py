"""Creators' Markdown: everything that CommonMark can say, and nothing that does harm."""

from __future__ import annotations

import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.web.markdown import render_markdown, summary

SAFE_TAGS = {"a", "blockquote", "br", "code", "em", "hr", "img", "li", "ol", "p", "pre", "s", "strong", "ul"}
SAFE_TAGS |= {"h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Two *calm* **words**.", "<p>Two <em>calm</em> <strong>words</strong>.</p>"),
        (
            "[a](https://example.org 'b')",
            '<p><a href="https://example.org" title="b" rel="nofollow noopener ugc">a</a></p>',
        ),
        ("[mail](mailto:a@example.org)", '<p><a href="mailto:a@example.org" rel="nofollow noopener ugc">mail</a></p>'),
        ("![own](/w/high-water/f/x/y.png)", '<p><img src="/w/high-water/f/x/y.png" alt="own"></p>'),
        ("~~gone~~", "<p><s>gone</s></p>"),
    ],
)
def test_what_is_allowed_is_kept(text: str, html: str):
    assert render_markdown(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<iframe src=//evil.example></iframe>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "![x](javascript:alert(1))",
        "![x](https://evil.example/pixel.png)",
        "![x](//evil.example/pixel.png)",
        "![x](/\\evil.example/pixel.png)",
        "![x](data:image/svg+xml,<svg onload=alert(1)>)",
        '<a href="https://x" style="position:fixed">x</a>',
        "<style>*{display:none}</style>",
        "[x]: javascript:alert(1)\n\n[x]",
        "<https://evil.example/<script>>",
        "`<script>`",
        "```html\n<script>alert(1)</script>\n```",
    ],
)
def test_an_attack_becomes_text_or_nothing(text: str):
    _assert_harmless(render_markdown(text))


def _assert_harmless(html: str) -> None:
    for element in html5lib.parseFragment(html, namespaceHTMLElements=False).iter():
        if not isinstance(element.tag, str) or element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in SAFE_TAGS
        for name, value in element.attrib.items():
            assert name in {"href", "title", "rel", "src", "alt", "start"}
            if name == "href":
                assert re.match(r"(https?:|mailto:|[^:]*$|[/?#.])", value, re.IGNORECASE), value
            if name == "src":
                assert re.fullmatch(r"/(?![/\\]).*", value), value


@given(st.text(alphabet=st.sampled_from("<>[]()!\"'&;:/\\#*_`~ \nabijrstpxscript=javonerlt12"), max_size=60))
def test_no_text_gets_through_as_anything_else(text: str):
    _assert_harmless(render_markdown(text))


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# a\n## b\n### c", [2, 3, 4]),
        ("### a\n# b\n##### c\n## d", [2, 2, 3, 3]),
        ("###### a", [2]),
        ("# a\n### b\n## c\n# d", [2, 3, 3, 2]),
    ],
)
def test_headings_fit_under_the_pages_own_and_skip_no_level(text: str, levels: list[int]):
    assert [int(level) for level in re.findall(r"<h(\d)>", render_markdown(text))] == levels


def test_a_foreign_picture_becomes_its_description():
    assert render_markdown("See ![the *river*](https://evil.example/p.png)!") == "<p>See the river!</p>"


def test_a_summary_is_the_first_words_in_plain_text():
    assert summary("", "# Title\n\nSome *words* & [more](https://x.example).\n\n- one\n- two") == (
        "Title Some words & more. one two"
    )
    long = summary("word " * 100)
    assert len(long) <= 202
    assert long.endswith("word …")
    assert summary("", "") == ""
