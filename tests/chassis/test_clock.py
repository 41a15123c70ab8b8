"""Time is handed in, goes one way, and its dates are China's."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.clock import CHINA, SteppedClock, SystemClock, china_date

# China had summer time until 1991; nothing here was recorded before. The bounds have no zone.
MOMENTS = st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 9, 14, 15, 59, 59, tzinfo=UTC), date(2026, 9, 14)),
        (datetime(2026, 9, 14, 16, 0, tzinfo=UTC), date(2026, 9, 15)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 9, 14, 23, 0, tzinfo=timezone(timedelta(hours=8))), date(2026, 9, 14)),
    ],
)
def test_a_day_begins_at_midnight_in_china(moment: datetime, day: date) -> None:
    assert china_date(moment) == day


@given(MOMENTS)
def test_the_date_is_the_same_whatever_zone_the_moment_is_told_in(moment: datetime) -> None:
    assert china_date(moment) == china_date(moment.astimezone(CHINA)) == (moment + timedelta(hours=8)).date()


def test_the_machines_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()

    assert told.tzinfo is UTC
    assert before <= told <= datetime.now(UTC)


@given(MOMENTS, st.lists(st.timedeltas(timedelta(0), timedelta(days=400)), max_size=5))
def test_a_stepped_clock_moves_only_when_it_is_told(start: datetime, steps: list[timedelta]) -> None:
    clock = SteppedClock(start)
    moments = [clock.now(), *(clock.step(step) for step in steps)]

    assert moments == sorted(moments)
    assert clock.now() == clock.now() == start + sum(steps, timedelta(0))


def test_a_stepped_clock_is_never_stepped_back() -> None:
    clock = SteppedClock(datetime(2026, 9, 14, tzinfo=UTC))

    with pytest.raises(ValueError, match="never"):
        clock.step(timedelta(microseconds=-1))


def test_a_stepped_clock_tells_utc_whatever_it_was_set_in() -> None:
    clock = SteppedClock(datetime(2026, 9, 14, 8, tzinfo=CHINA))

    assert clock.now() == datetime(2026, 9, 14, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
