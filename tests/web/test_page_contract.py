"""The contract for themes: contexts, their documentation, and the templates that they are given to."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest
from jinja2 import meta, nodes

from headwaters.web.themes import environment
from tests.support.contract import BEGIN, PAGE, ROOT, contexts, tables

TEMPLATES = ROOT / "src" / "headwaters" / "templates"
GIVEN = {"site", "page", "_", "gettext", "ngettext"}
WHOLE_PAGES = sorted(
    str(path.relative_to(TEMPLATES))
    for path in TEMPLATES.rglob("*.html")
    if not path.name.startswith("_") and path.name != "base.html"
)


def test_the_documentation_says_what_the_contexts_are():
    documented = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].strip()
    assert documented == tables().strip(), "run python -m tests.support.contract"


def test_every_page_has_a_context_and_every_context_a_page():
    assert sorted(contexts()) == WHOLE_PAGES


@pytest.mark.parametrize("template", WHOLE_PAGES)
def test_a_page_is_given_a_frozen_dataclass(template: str):
    context = contexts()[template]
    assert is_dataclass(context)
    assert context.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert fields(context)


@pytest.mark.parametrize("template", WHOLE_PAGES)
def test_a_template_uses_nothing_but_site_and_page(template: str):
    pages = environment("en")
    assert pages.loader is not None
    parsed = pages.parse(pages.loader.get_source(pages, template)[0])
    assert meta.find_undeclared_variables(parsed) - _own_names(parsed) <= GIVEN


def _own_names(parsed: nodes.Template) -> set[str]:
    """What a page imports, sets and defines for its blocks."""
    imported = {name for item in parsed.find_all(nodes.FromImport) for name in item.names if isinstance(name, str)}
    assigned = {item.target.name for item in parsed.find_all(nodes.Assign) if isinstance(item.target, nodes.Name)}
    return imported | assigned | {macro.name for macro in parsed.find_all(nodes.Macro)}


@pytest.mark.parametrize("template", WHOLE_PAGES)
def test_a_template_says_first_which_context_it_is_given(template: str):
    first = (TEMPLATES / template).read_text(encoding="utf-8").splitlines()[0]
    assert contexts()[template].__name__ in first
