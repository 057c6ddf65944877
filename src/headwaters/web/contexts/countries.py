"""Where a reader is."""

from __future__ import annotations

from dataclasses import dataclass

from headwaters.web.contexts.common import Problem


@dataclass(frozen=True, slots=True)
class Country:
    """A line of the list."""

    code: str  # ISO 3166-1 alpha-2
    name: str
    chosen: bool  # what the reader said before


@dataclass(frozen=True, slots=True)
class CountryPage:
    """`country.html`: a reader says where they are, or takes it back."""

    address: str  # path of the order page; the form goes to `<address>/country`
    said: str  # the country's name; empty: nothing was said
    countries: tuple[Country, ...]  # by name
    problem: Problem | None
