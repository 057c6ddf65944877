"""What the handbook says is so: its commands, keys, settings and numbers are those of the software."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal

import pytest

from headwaters.cli import build_parser
from headwaters.core.people import RIGHTS
from headwaters.core.sales.fees import FeeRate, estimate
from headwaters.core.sales.money import parse_amount, plain
from headwaters.core.shop import KEYS as SETTINGS
from headwaters.core.works.editions import RIGHTS_TEXTS, Rights
from headwaters.core.works.manifest import KEYS, read_manifest, understand
from headwaters.demo.book import Chapter, chapters
from tests.support.handbook import TEXT, messages, names_told
from tests.support.needs import ROOT

BOOK = chapters()
ALL = "\n".join(TEXT.values())


def _blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", ALL, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


COMMANDS = [
    line
    for block in _blocks("sh")
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("headwaters ")
]


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one(line: str) -> None:
    build_parser().parse_args(shlex.split(line)[1:])


def test_every_setting_is_one() -> None:
    changed = {shlex.split(line)[2] for line in COMMANDS if line.startswith("headwaters settings ")}
    assert {"accent", "by_hand", "stripe_secret_key", "imprint"} <= changed <= set(SETTINGS)


def test_every_key_of_work_toml_is_explained_and_no_other() -> None:
    table = re.search(r"\| key \|.*?\n\n", TEXT["18-work-toml"], re.DOTALL)
    assert table
    assert re.findall(r"^\| `(\w+)` \|", table[0], re.MULTILINE) == list(KEYS)


def test_every_work_toml_is_read() -> None:
    blocks = [block for block in _blocks("toml") if "title" in block]
    assert len(blocks) == 2
    assert [understand(read_manifest(block), "EUR").title for block in blocks] == ["High Water", "High Water"]


def test_every_name_in_bold_is_one_on_the_screen() -> None:
    names = names_told()
    assert len(names) > 120
    assert sorted(names - messages() - {"bold letters"}) == []


def test_the_rights_of_a_contributor_are_told() -> None:
    rows = re.findall(r"^\| (\w+) \| (.+?) \|$", TEXT["14-people"], re.MULTILINE)
    assert [f"{name}: {words}" for name, words in rows] == list(RIGHTS.values())


def test_the_fees_are_what_the_page_would_show() -> None:
    rows = re.findall(r"^\| ([0-9.]+) \| ([0-9.]+) \| ([0-9.]+) \|$", TEXT["07-tills"], re.MULTILINE)
    rate = FeeRate(Decimal("1.5"), Decimal("0.25"))
    fees = [estimate(parse_amount(amount, "EUR"), rate) for amount, _, _ in rows]
    assert [(plain(fee.till), plain(fee.creator)) for fee in fees] == [(till, creator) for _, till, creator in rows]
    assert len(rows) == 4


def test_the_declaration_of_rights_is_quoted_word_for_word() -> None:
    said = RIGHTS_TEXTS["1"]
    for right in Rights:
        assert f"- `{right.value}`: *{said[right]}*" in TEXT["16-the-law"]


@pytest.mark.parametrize("chapter", BOOK, ids=lambda chapter: chapter.name)
def test_links_and_pictures_lead_somewhere(chapter: Chapter) -> None:
    folder = ROOT / "src" / "headwaters" / "demo" / "handbook"
    inside = [link for link in re.findall(r"\]\(([^)\s]+)", chapter.text) if "://" not in link]
    assert [link for link in inside if not (folder / link).is_file()] == []


def test_docs_sell_lists_every_chapter_by_its_title() -> None:
    page = (ROOT / "docs" / "sell" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\d+\. \[(.+?)\]\(\.\./\.\./src/headwaters/demo/handbook/([\w-]+)\.md\)", page, re.MULTILINE)
    assert listed == [(chapter.title, chapter.name) for chapter in BOOK]


def test_every_picture_is_described() -> None:
    pictures = re.findall(r"!\[(.*?)\]\((\S+) \"(.+?)\"\)", ALL)
    assert len(pictures) == 6
    assert all(len(alt) > 40 and caption for alt, _, caption in pictures)
    assert all(len(chapter.alt) > 15 for chapter in BOOK)
