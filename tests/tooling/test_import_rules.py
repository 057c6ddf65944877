"""The contract types that keep the rules of the house, on made-up houses."""

from __future__ import annotations

from grimp import ImportGraph

from tests.support.import_rules import OTHER_PACKAGES, STANDARD_LIBRARY, ImportsOnly, OnlyIn


def house(*imports: tuple[str, str]) -> ImportGraph:
    """A house in which the first of each pair imports the second."""
    graph = ImportGraph()
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported, line_number=7, line_contents="import")
    return graph


def only_in(graph: ImportGraph) -> list[tuple[str, str]]:
    options = {"imported": ["aiohttp"], "only_in": ["headwaters.web", "headwaters.adapters"]}
    check = OnlyIn(name="rule", session_options={}, contract_options=options).check(graph, verbose=False)
    found = [(importer, imported) for importer, imported, _ in check.metadata["found"]]
    assert check.kept is (found == [])
    return found


def imports_only(graph: ImportGraph, *may_import: str) -> list[tuple[str, str]]:
    options = {"modules": ["headwaters.core"], "may_import": list(may_import)}
    check = ImportsOnly(name="rule", session_options={}, contract_options=options).check(graph, verbose=False)
    return [(importer, imported) for importer, imported, _ in check.metadata["found"]]


def test_a_library_is_imported_where_it_lives() -> None:
    assert only_in(house(("headwaters.web.app", "aiohttp"), ("headwaters.adapters", "aiohttp"))) == []


def test_a_library_imported_elsewhere_breaks_the_rule() -> None:
    graph = house(("headwaters.web.app", "aiohttp"), ("headwaters.errands.take", "aiohttp"))
    assert only_in(graph) == [("headwaters.errands.take", "aiohttp")]


def test_a_name_that_only_begins_like_a_room_is_another_room() -> None:
    assert only_in(house(("headwaters.webhooks", "aiohttp"))) == [("headwaters.webhooks", "aiohttp")]


def test_a_floor_that_does_not_exist_yet_breaks_nothing() -> None:
    assert only_in(house(("headwaters.core.money", "decimal"))) == []


def test_the_core_may_use_itself_and_the_standard_library() -> None:
    graph = house(("headwaters.core.sales", "headwaters.core.errors"), ("headwaters.core.sales", "decimal"))
    assert imports_only(graph, "headwaters.core", STANDARD_LIBRARY) == []


def test_the_core_may_use_neither_a_floor_above_nor_another_package() -> None:
    above, other = ("headwaters.core.sales", "headwaters.store.db"), ("headwaters.core.sales", "msgspec")
    assert imports_only(house(above, other), "headwaters.core", STANDARD_LIBRARY) == [above, other]


def test_other_packages_may_be_allowed_without_the_standard_library() -> None:
    graph = house(("headwaters.core.sales", "decimal"), ("headwaters.core.sales", "msgspec"))
    assert imports_only(graph, OTHER_PACKAGES) == [("headwaters.core.sales", "decimal")]
