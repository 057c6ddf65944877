"""Each decision is listed, and names a check that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.needs import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_the_list_and_the_records_agree() -> None:
    listed = re.findall(r"^\| \[[^\]]+\]\(([^)]+)\)", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == [path.name for path in RECORDS]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_names_a_check_that_exists(record: Path) -> None:
    _, heading, check = record.read_text(encoding="utf-8").partition("\n## The check\n")
    assert heading, "it has no section “The check”"
    named = [name for name in re.findall(r"`([^`\s]+)`", check) if "/" in name]
    assert named, "it names no file that checks it"
    assert [name for name in named if not (ROOT / name.partition("::")[0]).exists()] == []
