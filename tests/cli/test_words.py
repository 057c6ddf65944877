"""What every command says in the same way: wrong use, refusals, times, and lines to type."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from headwaters.cli import build_parser, main

TXT = b"The river was there before the dam.\n"


def document(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any, str]:
    """Exit code, the one JSON document, and what went to standard error."""
    capsys.readouterr()
    code = main([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["publish"], "headwaters publish: the following arguments are required: PATH"),
        (["orders", "--most", "many"], "headwaters orders: argument --most: invalid int value: 'many'"),
        (["letters", "--unr"], "headwaters: unrecognized arguments: --unr"),
        ([], "headwaters: the following arguments are required: COMMAND"),
    ],
)
def test_wrong_use_is_a_document_for_a_program_and_two_lines_for_a_person(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found, err = document(capsys, *arguments)
    assert (code, err) == (2, "")
    assert (found["error"]["code"], found["error"]["message"]) == ("wrong_use", message)
    assert found["error"]["hint"].startswith("usage: headwaters")
    assert found["error"]["field"] is None
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0]) == ("", message)
    assert err.splitlines()[1].startswith("usage: headwaters")


def test_a_refusal_without_a_field_says_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "shop")]) == 0
    assert document(capsys, "confirm", "HW-0000-0000", "--shop", tmp_path / "shop") == (
        1,
        {
            "error": {
                "code": "payment_state",
                "message": "There is no payment by hand with the reference HW-0000-0000.",
                "hint": "",
                "field": None,
            }
        },
        "",
    )


def test_times_are_written_as_in_the_pages_of_orders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "river.txt").write_bytes(TXT)
    assert main(["init", str(tmp_path / "shop")]) == 0
    assert main(["publish", str(tmp_path / "river.txt"), "--i-made-this", "--shop", str(tmp_path / "shop")]) == 0
    _, found, _ = document(capsys, "works", "--shop", tmp_path / "shop")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", found["works"][0]["published_at"])


def test_lines_to_type_hold_for_a_folder_with_spaces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my shop"
    assert main(["init", str(folder)]) == 0
    line = capsys.readouterr().out.splitlines()[3]
    assert shlex.split(line)[:4] == ["headwaters", "serve", "--shop", str(folder)]
    assert main(["init", str(folder)]) == 1
    assert f"“headwaters serve --shop '{folder}'”" in capsys.readouterr().err
    assert main(["works", "--shop", str(tmp_path / "no shop")]) == 2
    assert f"“headwaters init '{tmp_path / 'no shop'}'”" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["my shop", "100 %s", "shop"])
def test_a_command_that_is_named_can_be_pasted(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    assert main(["init", str(folder)]) == 0
    capsys.readouterr()
    option = f"--shop {shlex.quote(str(folder))}"

    assert main(["works", "--shop", str(folder)]) == 0
    words = f"There is no work yet. Publish one: headwaters publish {option} FILE-OR-FOLDER --i-made-this\n"
    assert capsys.readouterr().out == words

    assert main(["retire", "nothing", "--shop", str(folder)]) == 1
    hint = capsys.readouterr().err.splitlines()[1]
    assert hint == f"“headwaters works {option}” lists them."
    assert main(shlex.split(hint[1 : hint.index("”")])[1:]) == 0
    _, found, _ = document(capsys, "retire", "nothing", "--shop", folder)
    assert found["error"]["hint"] == hint

    main(["doctor", "--shop", str(folder)])
    out = capsys.readouterr().out
    assert f"“headwaters settings {option} by_hand on”" in out
    assert out.count("headwaters settings") == out.count(f"headwaters settings {option}")

    monkeypatch.setenv("HEADWATERS_SHOP", str(folder))  # whoever pastes has it as well
    assert main(["retire", "nothing"]) == 1
    assert capsys.readouterr().err.splitlines()[1] == "“headwaters works” lists them."


def test_all_commands_but_one_take_a_shop() -> None:
    (commands,) = (action for action in build_parser()._actions if action.dest == "command")
    assert isinstance(commands.choices, dict)
    assert {name for name, one in commands.choices.items() if "--shop" not in one.format_help()} == {"init"}
