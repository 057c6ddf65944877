"""The template of translations, from every string that people see: `script/messages` writes locale/headwaters.pot."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from tests.support.contract import ROOT

SOURCE = ROOT / "src" / "headwaters"
TEMPLATE = SOURCE / "locale" / "headwaters.pot"
METHODS = [
    ("**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
    ("themes/**.html", "jinja2"),
]
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
BEGUN = datetime(2026, 11, 22, tzinfo=UTC)  # a date that moved would make each run a change
HEADER = """\
# What Headwaters says to people. Copy this file to <language>/LC_MESSAGES/headwaters.po and fill it in.
# It belongs to the program, under the same licence (AGPL-3.0-or-later).
#"""


def extracted() -> Catalog:
    """Every message with the files it stands in."""
    catalogue = Catalog(
        project="Headwaters",
        version="",
        charset="utf-8",
        creation_date=BEGUN,
        revision_date=BEGUN,
        header_comment=HEADER,
    )
    found = extract_from_dir(SOURCE, METHODS, keywords=KEYWORDS, comment_tags=("TRANSLATORS:",))
    for name, line, message, comments, context in found:
        catalogue.add(message, None, [(f"headwaters/{name}", line)], auto_comments=comments, context=context)
    return catalogue


def as_text(catalogue: Catalog) -> str:
    """As a .pot file; without line numbers, which move with every change."""
    out = io.BytesIO()
    write_po(out, catalogue, width=120, sort_output=True, include_lineno=False)
    return "".join(line for line in out.getvalue().decode().splitlines(True) if "Generated-By" not in line)


def main() -> None:
    TEMPLATE.write_text(as_text(extracted()), encoding="utf-8")


if __name__ == "__main__":
    main()
