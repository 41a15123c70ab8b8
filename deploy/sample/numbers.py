"""Citizen numbers 公民身份号码 (GB 11643-1999) and the numbers offices build from them.

The generator keeps its own ten lines of arithmetic instead of importing the service that will be tested with its output:
a shared mistake would be invisible.
"""

from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def check_character(first17: str) -> str:
    """The 18th character of a citizen number: ISO 7064 MOD 11-2 over the first 17 digits."""
    return _CHECKS[sum(w * int(d) for w, d in zip(_WEIGHTS, first17, strict=True)) % 11]


def citizen_number(*, division: str, birth: date, sequence: int) -> str:
    """6 digits of division, 8 of birth date, 3 of sequence (odd for boys), check character."""
    first17 = f"{division}{birth:%Y%m%d}{sequence:03d}"
    return first17 + check_character(first17)


def is_valid(number: str) -> bool:
    """Whether all 18 characters are of the right kind, hold a date of the calendar and pass the check."""
    return (
        len(number) == 18
        and number[:17].isascii()
        and number[:17].isdigit()
        and birth_of(number) is not None
        and number[17] == check_character(number[:17])
    )


def birth_of(number: str) -> date | None:
    """The birth date a number carries, or None where those eight digits are no date."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex_of(number: str) -> str:
    """The sex a number carries: odd sequence 男, even 女."""
    return "男" if int(number[16]) % 2 else "女"


def age(*, birth: date, on: date) -> int:
    """Completed years 周岁."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
