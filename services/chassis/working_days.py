"""Working days 工作日 of the People's Republic: the ordinary week, changed by the State Council's yearly notices.

The notices stand as data in `working_days.toml`. A year whose notice isn't there yet is counted provisionally: the
ordinary week without the holidays that fall on the same date each year (全国年节及纪念日放假办法); `is_announced` tells.
"""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from importlib import resources
from typing import Final

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_FIXED: Final = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the holidays that need no lunar calendar: 元旦, 劳动节, 国庆节."""


def is_announced(year: int) -> bool:
    """Whether the notice on the holidays of a year is among the data; otherwise its days are provisional."""
    return year in _ANNOUNCED


def is_working_day(day: date) -> bool:
    """Whether offices work on a day."""
    if day in _WORKED:
        return True
    if day.weekday() >= _SATURDAY or day in _FREE:
        return False
    return is_announced(day.year) or (day.month, day.day) not in _FIXED


def add_working_days(day: date, number: int) -> date:
    """The last day of a term of so many working days that begins with `day`, which itself is not counted (民法典第二百零一条)."""
    while number > 0:
        day += _DAY
        number -= is_working_day(day)
    return day


def working_days_between(day: date, later: date) -> int:
    """How many working days come after `day`, up to and including `later`; 0 where `later` isn't later."""
    return sum(is_working_day(day + n * _DAY) for n in range(1, (later - day).days + 1))


def _days(year: int, spans: list[str]) -> Iterator[date]:
    for span in spans:
        first, _, last = span.partition("..")
        day, end = (date.fromisoformat(f"{year}-{text}") for text in (first, last or first))
        while day <= end:
            yield day
            day += _DAY


_YEARS: Final = {
    int(year): table
    for year, table in tomllib.loads(
        resources.files(__package__).joinpath("working_days.toml").read_text("utf-8")
    ).items()
}
_ANNOUNCED: Final = frozenset(_YEARS)
_FREE: Final = frozenset(day for year, table in _YEARS.items() for day in _days(year, table["free"]))
_WORKED: Final = frozenset(day for year, table in _YEARS.items() for day in _days(year, table["worked"]))
