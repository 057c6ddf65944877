"""gettext in templates: an environment speaks one language, so what never changes is settled when it is compiled.

`_("Take it")` and `{% trans %}Take it{% endtrans %}` without placeholders become part of the template's own text; with
placeholders they are looked up as the page renders. A msgid is ours and may hold markup; what fills it is escaped.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.ext import InternationalizationExtension
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from headwaters.texts import translations


class _Constants(NodeTransformer):
    """Replaces gettext calls that have nothing to fill in by what they say, includes by what they bring, and imports by
    macros that are made once."""

    def __init__(self, environment: PageEnvironment, catalogue: _gettext.NullTranslations) -> None:
        self._environment = environment
        self._catalogue = catalogue

    def visit_Include(self, node: nodes.Include, *_args: Any, **_kwargs: Any) -> nodes.Node:
        """An include costs several microseconds each time it is met, and an order page is rendered for each reader."""
        loader = self._environment.loader
        if not isinstance(node.template, nodes.Const) or loader is None or not self._environment.joins_includes:
            return node
        name = node.template.value
        source, filename, _ = loader.get_source(self._environment, name)
        return nodes.Scope(self._environment.parse(source, name, filename).body, lineno=node.lineno)

    def visit_FromImport(self, node: nodes.FromImport, *_args: Any, **_kwargs: Any) -> nodes.Node | list[nodes.Node]:
        """Jinja looks through all globals at each rendering, whether macros have to be made anew. Ours never have."""
        if not isinstance(node.template, nodes.Const) or node.with_context:
            return node
        module = nodes.Name(self._environment.module(node.template.value), "load", lineno=node.lineno)
        names = [name if isinstance(name, tuple) else (name, name) for name in node.names]
        return [
            nodes.Assign(nodes.Name(here, "store"), nodes.Getattr(module, there, "load"), lineno=node.lineno)
            for there, here in names
        ]

    def visit_Extends(self, node: nodes.Extends, *_args: Any, **_kwargs: Any) -> nodes.Node:
        """The macros of a parent have to be there before a page that extends it is rendered."""
        if isinstance(node.template, nodes.Const):
            self._environment.get_template(node.template.value)
        return node

    def visit_Call(self, node: nodes.Call, *args: Any, **kwargs: Any) -> nodes.Node:
        is_gettext = isinstance(node.node, nodes.Name) and node.node.name in {"_", "gettext"}
        if is_gettext and len(node.args) == 1 and isinstance(node.args[0], nodes.Const) and not node.kwargs:
            return nodes.Const(_said(self._catalogue.gettext(node.args[0].value)), lineno=node.lineno)
        self.generic_visit(node, *args, **kwargs)
        return node


def _said(text: str) -> Markup:
    """A translation without placeholders; `%%` stands for `%`, as where there are some."""
    return Markup(text.replace("%%", "%"))  # noqa: S704  (msgids and catalogues are ours)


def _filled(text: str, values: Mapping[str, Any]) -> Markup:
    """What `Markup(text) % values` gives, in a third of its time."""
    safe = {name: value if isinstance(value, int) else escape(value) for name, value in values.items()}
    return Markup(text % safe)  # noqa: S704


class PageEnvironment(Environment):
    """A Jinja2 environment of one language."""

    joins_includes = True

    def __init__(self, language: str, **options: Any) -> None:
        super().__init__(extensions=[InternationalizationExtension], **options)
        self._catalogue = translations(language)
        self.newstyle_gettext = True
        self.globals.update(_=self._gettext, gettext=self._gettext, ngettext=self._ngettext)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        _Constants(self, self._catalogue).visit(template)
        return template

    def module(self, name: str) -> str:
        """The global under which the macros of a template are found."""
        key = "macros_of_" + "".join(letter if letter.isalnum() else "_" for letter in name)
        if key not in self.globals:
            self.globals[key] = self.get_template(name).module
        return key

    def _gettext(self, message: str, /, **values: Any) -> Markup:
        return _filled(self._catalogue.gettext(message), values)

    def _ngettext(self, one: str, many: str, num: int, /, **values: Any) -> Markup:
        return _filled(self._catalogue.ngettext(one, many, num), {"num": num, **values})


class SafePageEnvironment(PageEnvironment, ImmutableSandboxedEnvironment):
    """The same for templates that somebody else made: they see the page's values and reach nothing behind them.
    Includes stay apart, so that a fault names the file that it is in."""

    joins_includes = False
