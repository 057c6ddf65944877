"""The plan of an answer, against RFC 9110 case by case and against a naive reading of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.shelf.ranges import (
    MOST_RANGES,
    Plan,
    Representation,
    Slice,
    etag_of,
    http_date,
    parse_http_date,
    plan,
)

CONTENT = bytes(range(256)) * 4
ETAG = '"6dd1f2c1b3a4958677e8d9c0a1b2c3d4"'
PUBLISHED = datetime(2026, 11, 22, 10, 30, 15, 999_999, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 10:30:15 GMT"
EARLIER = "Sun, 22 Nov 2026 10:30:14 GMT"
LATER = "Sun, 22 Nov 2026 10:30:16 GMT"
FILM = Representation(len(CONTENT), ETAG, PUBLISHED, "video/mp4")


def asked(method: str = "GET", it: Representation = FILM, /, **headers: str) -> Plan:
    return plan(method, {name.replace("_", "-"): value for name, value in headers.items()}, it)


def body(answer: Plan, content: bytes = CONTENT) -> bytes:
    return b"".join(
        content[part.offset : part.offset + part.length] if isinstance(part, Slice) else part
        for part in answer.segments
    )


def test_without_a_range_the_whole_is_sent_with_its_validators() -> None:
    answer = asked()
    assert answer.status == 200
    assert answer.headers == (
        ("Accept-Ranges", "bytes"),
        ("ETag", ETAG),
        ("Last-Modified", DATE),
        ("Content-Type", "video/mp4"),
        ("Content-Length", "1024"),
    )
    assert answer.segments == (Slice(0, 1024),)


@pytest.mark.parametrize(
    ("asked_for", "offset", "length"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-1023", 0, 1024),
        ("bytes=0-", 0, 1024),
        ("bytes=1000-", 1000, 24),
        ("bytes=1000-99999", 1000, 24),
        ("bytes=-1", 1023, 1),
        ("bytes=-5000", 0, 1024),
        ("bytes=5-" + "9" * 6000, 5, 1019),
        ("bytes=-" + "9" * 6000, 0, 1024),
        ("bytes=000010-000019", 10, 10),
        ("BYTES=10-19", 10, 10),
        ("bytes=10-19,", 10, 10),
        ("bytes= ,, 10-19 ,", 10, 10),
        ("bytes=10-19,5000-6000", 10, 10),
    ],
)
def test_one_range_is_sent_as_such(asked_for: str, offset: int, length: int) -> None:
    answer = asked(Range=asked_for)
    assert answer.status == 206
    assert answer.segments == (Slice(offset, length),)
    assert ("Content-Range", f"bytes {offset}-{offset + length - 1}/1024") in answer.headers
    assert ("Content-Length", str(length)) in answer.headers
    assert ("Content-Type", "video/mp4") in answer.headers


@pytest.mark.parametrize(
    "asked_for", ["bytes=1024-", "bytes=9999-10000", "bytes=-0", "bytes=1024-,-0", "bytes=" + "9" * 5000 + "-"]
)
def test_a_range_outside_is_refused_with_the_length(asked_for: str) -> None:
    answer = asked(Range=asked_for)
    assert answer.status == 416
    assert answer.segments == ()
    assert ("Content-Range", "bytes */1024") in answer.headers
    assert ("Content-Length", "0") in answer.headers


@pytest.mark.parametrize(
    "asked_for",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=10-5",
        "bytes=0-5,10-5",
        "bytes=0-5;10-15",
        "bytes=0 - 5",
        "bytes=+1-5",
        "bytes=1-5-9",
        "bytes=--5",
        "bytes=0x0-0x5",
        "bytes=١-٥",
        "bytes:0-5",
        "items=0-5",
        "seconds=1-2",
        "0-5",
    ],
)
def test_what_is_no_range_of_bytes_is_ignored(asked_for: str) -> None:
    assert asked(Range=asked_for) == asked()


def test_head_knows_no_ranges_and_sends_no_body() -> None:
    answer = asked("HEAD", Range="bytes=0-5")
    assert answer.status == 200
    assert answer.segments == ()
    assert answer.headers == asked().headers


def test_too_many_ranges_get_the_whole() -> None:
    spread = [f"{2 * number}-{2 * number}" for number in range(MOST_RANGES)]
    assert asked(Range="bytes=" + ",".join(spread)).status == 206
    assert asked(Range="bytes=" + ",".join([*spread, "900-900"])) == asked()


def test_overlapping_and_adjacent_ranges_become_one() -> None:
    answer = asked(Range="bytes=10-19,15-29,30-39")
    assert answer.status == 206
    assert answer.segments == (Slice(10, 30),)


def test_several_ranges_come_in_the_order_asked_for_and_with_an_exact_length() -> None:
    answer = asked(Range="bytes=-10, 0-4, 100-109, 105-119")
    assert answer.status == 206
    assert [part for part in answer.segments if isinstance(part, Slice)] == [
        Slice(1014, 10),
        Slice(0, 5),
        Slice(100, 20),
    ]
    headers = dict(answer.headers)
    assert headers["Content-Length"] == str(len(body(answer)))
    assert "Content-Range" not in headers
    assert parts_of(answer, CONTENT) == [
        ("bytes 1014-1023/1024", CONTENT[-10:]),
        ("bytes 0-4/1024", CONTENT[:5]),
        ("bytes 100-119/1024", CONTENT[100:120]),
    ]


def test_an_empty_file_has_no_bytes_to_ask_for() -> None:
    empty = Representation(0, ETAG, PUBLISHED, "text/plain")
    assert asked("GET", empty).segments == ()
    assert ("Content-Length", "0") in asked("GET", empty).headers
    assert asked("GET", empty, Range="bytes=0-").status == 416
    assert asked("GET", empty, Range="bytes=-5") == asked("GET", empty)


# ── conditions ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (f"{ETAG}", 304),
        (f"W/{ETAG}", 304),
        (f'"other", {ETAG}', 304),
        (f'"a,b",W/"c",{ETAG}', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
        (ETAG.strip('"'), 200),
    ],
)
def test_if_none_match_compares_weakly(condition: str, status: int) -> None:
    answer = asked(If_None_Match=condition)
    assert answer.status == status
    if status == 304:
        assert answer.segments == ()
        assert answer.headers == (("Accept-Ranges", "bytes"), ("ETag", ETAG), ("Last-Modified", DATE))


@pytest.mark.parametrize(
    ("condition", "status"),
    [(ETAG, 200), (f'"other",{ETAG}', 200), ("*", 200), (f"W/{ETAG}", 412), ('"other"', 412), ("", 412)],
)
def test_if_match_compares_strongly(condition: str, status: int) -> None:
    answer = asked(If_Match=condition)
    assert answer.status == status
    assert (answer.segments == ()) == (status == 412)


@pytest.mark.parametrize(
    ("condition", "status"),
    [(DATE, 304), (LATER, 304), (EARLIER, 200), ("yesterday", 200), ("Sun, 22 Nov 2026 10:30:15 CET", 200), ("", 200)],
)
def test_if_modified_since_looks_at_the_second(condition: str, status: int) -> None:
    assert asked(If_Modified_Since=condition).status == status
    assert asked("HEAD", If_Modified_Since=condition).status == status


@pytest.mark.parametrize(("condition", "status"), [(DATE, 200), (LATER, 200), (EARLIER, 412), ("yesterday", 200)])
def test_if_unmodified_since_looks_at_the_second(condition: str, status: int) -> None:
    assert asked(If_Unmodified_Since=condition).status == status


def test_tags_win_over_dates() -> None:
    assert asked(If_None_Match='"other"', If_Modified_Since=LATER).status == 200
    assert asked(If_Match=ETAG, If_Unmodified_Since=EARLIER).status == 200
    assert asked(If_Match=ETAG, If_None_Match=ETAG).status == 304
    assert asked(If_Match='"other"', If_None_Match=ETAG).status == 412


def test_a_condition_is_looked_at_before_the_range() -> None:
    assert asked(If_None_Match=ETAG, Range="bytes=0-5").status == 304
    assert asked(If_None_Match=ETAG, Range="bytes=5000-").status == 304
    assert asked(If_Match='"other"', Range="bytes=0-5").status == 412
    assert asked(If_Match=ETAG, Range="bytes=0-5").status == 206


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (ETAG, 206),
        (f" {ETAG} ", 206),
        (f"W/{ETAG}", 200),
        ('"other"', 200),
        (f"{ETAG}, {ETAG}", 200),
        ("*", 200),
        (DATE, 206),
        (EARLIER, 200),
        (LATER, 200),
        ("yesterday", 200),
        ("", 200),
    ],
)
def test_if_range_needs_exactly_the_same_bytes(condition: str, status: int) -> None:
    assert asked(If_Range=condition, Range="bytes=5-9").status == status
    assert asked(If_Range=condition, Range="bytes=5000-").status == (416 if status == 206 else 200)
    assert asked(If_Range=condition).status == 200


def test_without_a_date_dates_say_nothing() -> None:
    undated = Representation(1024, ETAG, None, "application/zip")
    assert "Last-Modified" not in dict(asked("GET", undated).headers)
    assert asked("GET", undated, If_Modified_Since=LATER).status == 200
    assert asked("GET", undated, If_Unmodified_Since=EARLIER).status == 200
    assert asked("GET", undated, If_Range=DATE, Range="bytes=0-5").status == 200


@pytest.mark.parametrize("text", [DATE, "Sunday, 22-Nov-26 10:30:15 GMT", "Sun Nov 22 10:30:15 2026", f" {DATE} "])
def test_all_three_forms_of_a_date_are_read(text: str) -> None:
    assert parse_http_date(text) == PUBLISHED.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "2026-11-22T10:30:15Z",
        "Sun, 31 Feb 2026 10:30:15 GMT",
        "Sun, 22 Nov 2026 10:30:60 GMT",
        "Sun, 22 Nix 2026 10:30:15 GMT",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30), timezones=st.sampled_from([UTC])))
def test_a_date_comes_back_to_the_second(moment: datetime) -> None:
    assert parse_http_date(http_date(moment)) == moment.replace(microsecond=0)


def test_old_dates_of_two_digits_lie_in_the_past_century() -> None:
    assert parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert parse_http_date("Sun Nov  6 08:49:37 1994") == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


def test_the_tag_is_the_first_half_of_the_hash() -> None:
    assert etag_of("ab" * 32) == '"' + "ab" * 16 + '"'


# ── against a naive reading ──────────────────────────────────────────────────────────────────────


def parts_of(answer: Plan, content: bytes) -> list[tuple[str, bytes]]:
    """(Content-Range, bytes) of each part, read by the standard library's own MIME parser."""
    kind = dict(answer.headers)["Content-Type"]
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body(answer, content), policy=HTTP)
    assert message.is_multipart()
    found = []
    for part in message.iter_parts():
        assert part["Content-Type"] == "video/mp4"
        found.append((part["Content-Range"], part.get_payload(decode=True)))
    return found


ENDS = st.integers(min_value=0, max_value=70)
SPECS = st.one_of(
    st.tuples(ENDS, ENDS).map(lambda ends: (min(ends), max(ends))),
    st.tuples(ENDS, st.none()),
    st.tuples(st.none(), ENDS),
)


def naive(spec: tuple[int | None, int | None], content: bytes) -> set[int]:
    """The positions of the bytes asked for, by Python's own slices."""
    first, last = spec
    positions = range(len(content))
    if first is None:
        return set(positions[-last:]) if last else set()
    return set(positions[first:] if last is None else positions[first : last + 1])


def spelled(spec: tuple[int | None, int | None]) -> str:
    return "-".join("" if end is None else str(end) for end in spec)


@given(
    st.binary(min_size=1, max_size=64).map(lambda data: data.hex().encode()[: len(data)]),
    st.lists(SPECS, min_size=1, max_size=8),
)
def test_the_bytes_sent_are_the_bytes_asked_for(content: bytes, specs: list[tuple[int | None, int | None]]) -> None:
    it = Representation(len(content), ETAG, PUBLISHED, "video/mp4")
    answer = asked("GET", it, Range="bytes=" + ", ".join(map(spelled, specs)))
    wanted = set().union(*(naive(spec, content) for spec in specs))
    assert dict(answer.headers)["Content-Length"] == str(len(body(answer, content)))
    if not wanted:
        assert answer.status == 416
        return
    assert answer.status == 206
    slices = [part for part in answer.segments if isinstance(part, Slice)]
    sent = [position for part in slices for position in range(part.offset, part.offset + part.length)]
    assert len(sent) == len(set(sent)), "no byte twice"
    assert set(sent) == wanted
    if len(slices) == 1:
        assert body(answer, content) == content[min(wanted) : max(wanted) + 1]
        assert dict(answer.headers)["Content-Range"] == f"bytes {min(wanted)}-{max(wanted)}/{len(content)}"
    else:
        listed = [
            (
                f"bytes {part.offset}-{part.offset + part.length - 1}/{len(content)}",
                content[part.offset :][: part.length],
            )
            for part in slices
        ]
        assert parts_of(answer, content) == listed


@given(
    st.sampled_from(["GET", "HEAD"]),
    st.dictionaries(
        st.sampled_from(["Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]),
        st.one_of(
            st.text(max_size=40),
            st.from_regex(r"bytes=[0-9,\- ]{0,30}", fullmatch=True),
            st.sampled_from([ETAG, f"W/{ETAG}", "*", DATE, EARLIER, LATER]),
        ),
    ),
)
def test_whatever_is_asked_the_answer_is_one_of_five_and_its_length_right(method: str, headers: dict[str, str]) -> None:
    answer = plan(method, headers, FILM)
    assert answer.status in {200, 206, 304, 412, 416}
    assert answer.length == len(body(answer))
    if answer.status == 304 or method == "HEAD":
        assert answer.segments == ()
    else:
        assert dict(answer.headers)["Content-Length"] == str(answer.length)
    offsets = [part for part in answer.segments if isinstance(part, Slice)]
    assert all(part.length > 0 and part.offset + part.length <= FILM.size for part in offsets)


def test_published_times_with_a_zone_are_told_in_gmt() -> None:
    from datetime import timezone

    east = datetime(2026, 11, 22, 12, 30, 15, tzinfo=timezone(timedelta(hours=2)))
    assert http_date(east) == DATE
