"""Two contract types for import-linter that say the rules of the house as DESIGN.md does.

Its own `forbidden` type lists who may *not* import what, and so forgets each new module; these two list
who may, look at direct imports (a floor below is free to use what it is for), and hold for modules that
do not exist yet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

STANDARD_LIBRARY = "<standard library>"
OTHER_PACKAGES = "<other packages>"
_ROOT = "headwaters"


def _within(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def _imports(graph: ImportGraph) -> Iterator[tuple[str, str]]:
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            yield importer, imported


def _kind(module: str) -> str | None:
    if _within(module, (_ROOT,)):
        return None
    return STANDARD_LIBRARY if module.partition(".")[0] in sys.stdlib_module_names else OTHER_PACKAGES


class _Direct(Contract):
    """A contract about direct imports: each subclass says which of them break it."""

    def breaks(self, importer: str, imported: str) -> bool:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        found = [pair for pair in _imports(graph) if self.breaks(*pair)]
        lines = [(*pair, graph.get_import_details(importer=pair[0], imported=pair[1])) for pair in found]
        return ContractCheck(kept=not found, metadata={"found": lines})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, details in check.metadata["found"]:
            where = ", ".join(str(detail["line_number"]) for detail in details)
            output.print_error(f"- {importer} imports {imported} (line {where})", bold=False)


class OnlyIn(_Direct):
    """`imported` packages are imported by modules of `only_in` and nobody else."""

    imported: list[str] = fields.ListField(subfield=fields.StringField())  # type: ignore[assignment]
    only_in: list[str] = fields.ListField(subfield=fields.StringField())  # type: ignore[assignment]

    def breaks(self, importer: str, imported: str) -> bool:
        return _within(imported, self.imported) and not _within(importer, self.only_in)


class ImportsOnly(_Direct):
    """`modules` import what `may_import` lists and nothing else: packages, or one of the two words above."""

    modules: list[str] = fields.ListField(subfield=fields.StringField())  # type: ignore[assignment]
    may_import: list[str] = fields.ListField(subfield=fields.StringField())  # type: ignore[assignment]

    def breaks(self, importer: str, imported: str) -> bool:
        allowed = _within(imported, self.may_import) or _kind(imported) in self.may_import
        return _within(importer, self.modules) and not allowed
