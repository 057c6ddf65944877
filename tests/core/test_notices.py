"""How often the creator is told, and when the daily notice goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.notices import Wish, next_moment, read_wish
from headwaters.core.shop import check_setting


@pytest.mark.parametrize(
    ("text", "wish"),
    [("each", Wish.EACH), ("daily", Wish.DAILY), ("never", Wish.NEVER), ("on", Wish.EACH), ("off", Wish.NEVER)]
    + [(nonsense, Wish.NEVER) for nonsense in ("", "hourly", "EACH", "each ")],
)
def test_a_row_is_a_wish_and_nonsense_is_silence(text: str, wish: Wish) -> None:
    assert read_wish(text) is wish


@pytest.mark.parametrize("key", ["notify_orders", "notify_letters"])
def test_the_words_of_before_are_taken_and_kept_in_the_new_ones(key: str) -> None:
    taken = [check_setting(key, text) for text in ("on", "off", "each", " daily ", "never")]
    assert taken == ["each", "never", "each", "daily", "never"]
    with pytest.raises(Refused) as refused:
        check_setting(key, "hourly")
    assert (refused.value.code, refused.value.field) == (Code.SETTING_INVALID, key)
    assert str(refused.value) == "It is one of: each, daily, never."


@pytest.mark.parametrize(("text", "kept"), [("0", "0"), ("07", "7"), ("23", "23")])
def test_an_hour_is_one_of_a_day(text: str, kept: str) -> None:
    assert check_setting("notify_hour", text) == kept


@pytest.mark.parametrize("text", ["", "24", "-1", "7.5", "007", "٧", "seven"])
def test_what_is_no_hour_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        check_setting("notify_hour", text)
    assert refused.value.code == Code.SETTING_INVALID


def test_the_next_moment_is_later_than_now_and_at_most_a_day_away() -> None:
    for minutes in range(0, 3 * 24 * 60, 7):
        now = datetime(2026, 12, 30, tzinfo=UTC) + timedelta(minutes=minutes)
        moment = next_moment(now, 7)
        assert timedelta(0) < moment - now <= timedelta(days=1)
        assert (moment.hour, moment.minute, moment.second) == (7, 0, 0)


def test_the_hour_is_that_of_utc_wherever_now_is() -> None:
    tokyo = datetime(2026, 11, 22, 8, 30, tzinfo=timezone(timedelta(hours=9)))  # 23:30 of the day before in UTC
    assert next_moment(tokyo, 0) == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    assert next_moment(datetime(2026, 11, 22, 7, 0, tzinfo=UTC), 7) == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
