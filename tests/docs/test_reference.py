"""What a command, setting, name of the configuration or error code is, the docs say: they part here first."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from pathlib import Path

from headwaters.cli import build_parser
from headwaters.config import S3, Config, Smtp
from headwaters.core.errors import Code
from headwaters.core.shop import KEYS, Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def _rows(page: str, heading: str | None = None) -> dict[str, list[str]]:
    """The first cell of each table row, without its backticks → the other cells; below `heading` where one is given."""
    text = (DOCS / page).read_text(encoding="utf-8")
    if heading is not None:
        text = re.split(r"^## ", text.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, flags=re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in found}


def test_every_error_code_is_documented_and_no_other():
    assert set(_rows("develop/errors.md")) == {code.value for code in Code}


def test_every_setting_is_documented_with_its_default():
    defaults = Settings()
    documented = {key: cells[-1] for key, cells in _rows("operate/configuration.md", "Settings").items()}
    assert documented == {key: f"`{getattr(defaults, key)}`" if getattr(defaults, key) else "empty" for key in KEYS}


def test_every_name_of_the_configuration_is_documented():
    names = {item.name for item in fields(Config)} - {"shop", "smtp", "s3"}
    names |= {item.name for table in (Smtp, S3) for item in fields(table)}
    assert set(_rows("operate/configuration.md", "`headwaters.toml`")) == names


def _commands() -> dict[str, argparse.ArgumentParser]:
    parser = build_parser()
    (choices,) = (action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(choices)


def test_every_command_is_documented_with_all_its_options():
    text = (DOCS / "operate/commands.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0].strip("` "): part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}
    commands = _commands()
    assert set(sections) == set(commands)
    for name, parser in commands.items():
        options = {
            option for action in parser._actions for option in action.option_strings if option.startswith("--")
        } - {"--help", "--json", "--shop"}
        documented = set(re.findall(r"`(--[a-z-]+)", sections[name]))
        assert documented == options, name


def _named(text: str) -> set[str]:
    """`core/{look,shop}.py` and the like: each path of it."""
    found = set()
    for path in re.findall(r"`([\w{},/]+/[\w{},]*(?:\.py)?)(?:: [^`]+)?`", text):
        before, _, rest = path.partition("{")
        inside, _, after = rest.partition("}")
        found |= {before + name + after for name in inside.split(",")} if rest else {path}
    return found


def test_architecture_names_what_is_there():
    named = _named((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert len(named) > 50
    assert [
        name for name in sorted(named) if not any((at / name).exists() for at in (ROOT, ROOT / "src/headwaters"))
    ] == []
