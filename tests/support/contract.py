"""The contract for themes, read from the page contexts. `python -m tests.support.contract` writes it down."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from headwaters.web import contexts as package

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "develop" / "pages.md"
_FIRST = ("common", "works", "orders", "shop", "letters", "practice", "studio")  # as a reader would want them
BEGIN = "<!-- The tables below are written by `python -m tests.support.contract`; a test holds them. -->\n"
_COMMENT = re.compile(r"#\s*(.*)$")


def modules() -> list[ModuleType]:
    found = {module.name for module in iter_modules(package.__path__)}
    assert found.issuperset(_FIRST)
    return [import_module(f"{package.__name__}.{name}") for name in (*_FIRST, *sorted(found.difference(_FIRST)))]


def _classes(module: ModuleType) -> Iterator[tuple[ast.ClassDef, list[str]]]:
    source = inspect.getsource(module)
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            yield node, lines


def template_of(node: ast.ClassDef) -> str:
    """The template that a context's docstring names first, or nothing."""
    found = re.match(r"`([a-z_/]+\.html)`", ast.get_docstring(node) or "")
    return found[1] if found else ""


def _row(name: str, kind: str, line: str) -> str:
    comment = _COMMENT.search(line)
    return f"| `{name}` | `{kind}` | {comment[1] if comment else ''} |".replace("|  |", "| |")


def _field(node: ast.stmt, lines: list[str]) -> str:
    line = lines[node.lineno - 1]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        kind = ast.unparse(node.annotation).replace("|", "or").replace("or None", "or nothing")
        return _row(node.target.id, kind, line)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.targets[0], ast.Name):
        return _row(node.targets[0].id.lower(), repr(node.value.value).strip("'"), line)
    return ""


def _table(node: ast.ClassDef, lines: list[str]) -> str:
    rows = [row for item in node.body if (row := _field(item, lines))]
    says = (ast.get_docstring(node) or "").strip()
    return "\n".join([f"### {node.name}\n", says, "", "| name | type | what it is |", "|---|---|---|", *rows, ""])


def tables() -> str:
    """All contexts as Markdown."""
    parts = []
    for module in modules():
        parts.append(f"## {(module.__doc__ or '').strip().splitlines()[0].rstrip('.')}\n")
        parts.extend(_table(node, lines) for node, lines in _classes(module))
    return "\n".join(parts)


def contexts() -> dict[str, type]:
    """Template → the class of its `page`."""
    return {
        template: getattr(module, node.name)
        for module in modules()
        for node, _ in _classes(module)
        if (template := template_of(node))
    }


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text.partition(BEGIN)[0] + BEGIN + "\n" + tables(), encoding="utf-8")


if __name__ == "__main__":
    main()
