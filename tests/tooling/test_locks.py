"""The locks hold what pyproject.toml asks for, with sums, and no address of any index."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.needs import ROOT

LOCKS = ["requirements.lock", "requirements-formats.lock", "requirements-dev.lock"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
NEEDED = [*PROJECT["project"]["dependencies"], *GROUPS["build"], *PROJECT["build-system"]["requires"]]
FORMATS = PROJECT["project"]["optional-dependencies"]["formats"]


def text(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def locked(lock: str) -> dict[str, set[str]]:
    """The versions of each package; more than one where they differ by Python's own."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", text(lock), re.MULTILINE):
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", NEEDED),
        ("requirements-formats.lock", NEEDED + FORMATS),
        ("requirements-dev.lock", [*NEEDED, *FORMATS, *GROUPS["test"], *GROUPS["check"]]),
    ],
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    versions = locked(lock)
    for requirement in map(Requirement, wanted):
        found = versions[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in found), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_its_sums(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", text(lock).strip())
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text(lock)) is None


def test_the_smaller_locks_hold_the_same_versions_as_the_large_one() -> None:
    large = locked("requirements-dev.lock")
    for lock in LOCKS[:2]:
        assert {name: large[name] for name in locked(lock)} == locked(lock)


def test_the_npm_lock_holds_exact_versions_and_sums_and_no_addresses() -> None:
    wanted = json.loads(text("package.json"))
    lock = json.loads(text("package-lock.json"))["packages"]
    assert all(re.fullmatch(r"(npm:[a-z0-9-]+@)?\d+\.\d+\.\d+", version) for version in wanted["dependencies"].values())
    entries = [entry for path, entry in lock.items() if path]
    assert entries
    assert [entry for entry in entries if "resolved" in entry or not entry["integrity"].startswith("sha512-")] == []
