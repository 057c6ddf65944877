"""Archives that unpack elsewhere than in their own folder."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.works.unpacking import check_stays_inside
from tests.support.samples import zipped


def check(data: bytes, name: str = "a.zip") -> None:
    check_stays_inside(name, len(data), lambda offset, length: data[offset : offset + length])


def out(data: bytes, name: str = "a.zip") -> str:
    """The member that it is refused for."""
    with pytest.raises(Refused) as refused:
        check(data, name)
    assert (refused.value.code, refused.value.values["name"]) == (Code.FILE_LEADS_OUT, name)
    return str(refused.value.values["member"])


@pytest.mark.parametrize(
    "member",
    ["../up.txt", "a/../../up.txt", "a/..", "..\\up.txt", "a\\..\\up.txt", "/etc/up.txt", "C:\\up.txt", "c:/up.txt"],
)
def test_a_name_that_leads_out_is_refused(member: str) -> None:
    assert out(zipped({"good.txt": "good", member: "up"})) == member
    assert out(zipped({member: "up"}), "a.epub") == member


@pytest.mark.parametrize(
    ("link", "target"),
    [("a", "/etc/passwd"), ("a", ".."), ("a/b", "../../up"), ("a/b", "c/../../../up"), ("a", "./../up")],
)
def test_a_link_that_leads_out_is_refused(link: str, target: str) -> None:
    assert out(zipped({"good.txt": "good"}, {link: target})) == link


def test_what_stays_inside_passes() -> None:
    check(zipped({"...": "", "a..b.txt": "", "..a/b..": "", "Part 1: x.txt": "", "a/./b": ""}))
    mac = {"A.app/Frameworks/F/Current": "Versions/A", "A.app/Frameworks/F/B": "../G/B", "A.app/x": "../y"}
    check(zipped({"A.app/Info": "x"}, mac))
    check(b"PK\3\4 by chance", "a.zip")
    check(zipped({"../up.txt": ""}), "disk.dmg")


def test_what_is_before_or_behind_it_hides_nothing() -> None:
    bad = zipped({"../up.txt": "up"})
    assert out(bad + b"more") == "../up.txt"
    assert out(zipped({"good.txt": "good"}) + bad) == "../up.txt"


def test_many_members_are_all_looked_at() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(66_000):  # beyond what the old format counts
            archive.writestr(zipfile.ZipInfo(f"{number}"), "")
        archive.writestr("../last", "")
    assert out(data.getvalue()) == "../last"


BAD = zipped({"good.txt": "good" * 50}, {"a": "../up", "../b": "c"})


@settings(deadline=None)
@given(st.integers(0, len(BAD)), st.binary(max_size=60))
def test_no_bytes_make_it_stumble(at: int, data: bytes) -> None:
    with suppress(Refused):
        check(BAD[:at] + data + BAD[at + len(data) :])
