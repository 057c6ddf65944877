"""The handbook, read by tests: the steps that it counts, and the names that it says are on the screen."""

from __future__ import annotations

import ast
import re

from headwaters.demo.book import chapters
from tests.support.needs import ROOT

TEXT = {chapter.name: chapter.text for chapter in chapters()}
FIRST = "02-five-minutes"


def steps_told(heading: str, chapter: str = FIRST) -> int:
    """How many numbered steps stand below a heading."""
    part = re.split(r"^## ", TEXT[chapter].split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", part, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    return len(numbers)


_RUN_IN = re.compile(r"^(?:- |> |\d+\. )?\*\*[^*]+[.:”]\*\* ", re.MULTILINE)


def names_told() -> set[str]:
    """What stands in bold: names of buttons, fields and pages. A sentence in bold that begins a paragraph or a point of
    a list is its heading, and not meant."""
    return {name for text in TEXT.values() for name in re.findall(r"\*\*(.+?)\*\*", _RUN_IN.sub("", text))}


def messages() -> set[str]:
    """Every text that a page or a command may say, in English."""
    pot = (ROOT / "src/headwaters/locale/headwaters.pot").read_text(encoding="utf-8")
    found = re.findall(r'^msgid(?:_plural)? ((?:".*"\n)+)', pot, re.MULTILINE)
    return {"".join(ast.literal_eval(line) for line in block.splitlines()) for block in found}
