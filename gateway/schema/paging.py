"""Pages by place, not by number: a cursor names the last row seen, and is only ever and-ed with the caller's scope.

A cursor is base64 of the order's values joined by `|`. It is no secret and no right: whoever changes one starts their
page elsewhere among the rows they may see anyway. It is read back into typed values before it comes near a statement.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID

PAGE = 50
LARGEST_PAGE = 200


class BadArgument(ValueError):
    """An argument is of its type but not of its form: a page size, a cursor. The message names it."""


def size_of_page(first: object) -> int:
    """How many rows a page has; raises `BadArgument` beyond 1 to 200."""
    size = PAGE if first is None else first
    if not isinstance(size, int) or not 1 <= size <= LARGEST_PAGE:
        message = f"first is a number from 1 to {LARGEST_PAGE}."
        raise BadArgument(message)
    return size


def place_after(cursor: object, *, casts: tuple[str, ...]) -> tuple[object, ...]:
    """The values a cursor stands for, typed as `casts` says; raises `BadArgument`."""
    try:
        parts = base64.b64decode(str(cursor), validate=True).decode().split("|")
        return tuple(_READ[cast](part) for part, cast in zip(parts, casts, strict=True))
    except (binascii.Error, ValueError):
        message = "after is a cursor as an earlier page of the same list gave it."
        raise BadArgument(message) from None


def cursor_of(*values: str) -> str:
    """The cursor of a row."""
    return base64.b64encode("|".join(values).encode()).decode()


def _code(text: str) -> str:
    if not re.fullmatch(r"[0-9]{0,12}", text):
        raise ValueError(text)
    return text


_READ: Mapping[str, Callable[[str], object]] = {
    "text": _code,
    "uuid": UUID,
    "timestamptz": datetime.fromisoformat,
    "date": date.fromisoformat,
}
