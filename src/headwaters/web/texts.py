"""gettext in templates: an environment speaks one language, so what never changes is settled when it is compiled.

`_("Take it")` and `{% trans %}Take it{% endtrans %}` without placeholders become part of the template's own text; with
placeholders they are looked up as the page renders. A msgid is ours and may hold markup; what fills it is escaped.
"""

from __future__ import annotations

import gettext as _gettext
from typing import Any

from jinja2 import Environment, nodes
from jinja2.ext import InternationalizationExtension
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from headwaters.texts import translations


class _Constants(NodeTransformer):
    """Replaces gettext calls that have nothing to fill in by what they say, and includes by what they bring."""

    def __init__(self, environment: PageEnvironment, catalogue: _gettext.NullTranslations) -> None:
        self._environment = environment
        self._catalogue = catalogue

    def visit_Include(self, node: nodes.Include, *_args: Any, **_kwargs: Any) -> nodes.Node:
        """An include costs several microseconds each time it is met, and an order page is rendered for each reader."""
        loader = self._environment.loader
        if not isinstance(node.template, nodes.Const) or loader is None:
            return node
        name = node.template.value
        source, filename, _ = loader.get_source(self._environment, name)
        return nodes.Scope(self._environment.parse(source, name, filename).body, lineno=node.lineno)

    def visit_Call(self, node: nodes.Call, *args: Any, **kwargs: Any) -> nodes.Node:
        is_gettext = isinstance(node.node, nodes.Name) and node.node.name in {"_", "gettext"}
        if is_gettext and len(node.args) == 1 and isinstance(node.args[0], nodes.Const) and not node.kwargs:
            return nodes.Const(_said(self._catalogue.gettext(node.args[0].value)), lineno=node.lineno)
        self.generic_visit(node, *args, **kwargs)
        return node


def _said(text: str) -> Markup:
    """A translation without placeholders; `%%` stands for `%`, as where there are some."""
    return Markup(text.replace("%%", "%"))  # noqa: S704  (msgids and catalogues are ours)


class PageEnvironment(Environment):
    """A Jinja2 environment of one language."""

    def __init__(self, language: str, **options: Any) -> None:
        super().__init__(extensions=[InternationalizationExtension], **options)
        self._catalogue = translations(language)
        self.newstyle_gettext = True
        self.globals.update(_=self._gettext, gettext=self._gettext, ngettext=self._ngettext)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        _Constants(self, self._catalogue).visit(template)
        return template

    def _gettext(self, message: str, /, **values: Any) -> Markup:
        return Markup(self._catalogue.gettext(message)) % values  # noqa: S704

    def _ngettext(self, one: str, many: str, num: int, /, **values: Any) -> Markup:
        return Markup(self._catalogue.ngettext(one, many, num)) % {"num": num, **values}  # noqa: S704
