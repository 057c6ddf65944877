"""Days and hours that people choose, and the states of a draft."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.works.drafts import DraftState, read_moment, source_of, states_before

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hour", "offset", "moment"),
    [
        ("2026-12-01", "20:00", "", datetime(2026, 12, 1, 20, 0, tzinfo=UTC)),
        ("2026-12-01", "20:00", "60", datetime(2026, 12, 1, 19, 0, tzinfo=UTC)),
        ("2026-12-01", "20:00", "-300", datetime(2026, 12, 2, 1, 0, tzinfo=UTC)),
        (" 2026-12-01 ", "", "330", datetime(2026, 11, 30, 18, 30, tzinfo=UTC)),
        ("2026-11-22", "12:01", "0", datetime(2026, 11, 22, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_day_and_an_hour_on_somebodys_clock_are_a_moment(day: str, hour: str, offset: str, moment: datetime) -> None:
    assert read_moment(day, hour, offset, NOW) == moment


@pytest.mark.parametrize(
    ("day", "hour", "offset"),
    [
        ("", "", ""),
        ("tomorrow", "20:00", ""),
        ("2026-02-30", "20:00", ""),
        ("2026-12-01", "25:00", ""),
        ("2026-12-01", "20:00", "here"),
        ("2026-12-01", "20:00", "9999"),
        ("2026-11-22", "12:00", ""),
        ("2026-11-22", "12:30", "60"),
        ("2031-01-01", "12:00", ""),
        ("9999-12-31", "23:59", "-900"),
        ("٢٠٢٦-12-01", "20:00", ""),
    ],
)
def test_what_is_no_moment_to_come_is_refused_beside_its_field(day: str, hour: str, offset: str) -> None:
    with pytest.raises(Refused) as refused:
        read_moment(day, hour, offset, NOW)
    assert (refused.value.code, refused.value.field) == (Code.DAY_INVALID, "day")


def test_a_published_draft_stays_one_and_a_source_names_its_draft() -> None:
    assert states_before(DraftState.PUBLISHED) == (DraftState.PUBLISHING,)
    assert set(states_before(DraftState.DISCARDED)) == {DraftState.OPEN, DraftState.SCHEDULED}
    assert source_of("abc") == "studio:abc"
