"""One cell as XML: what it holds, made plain, in the kind of its column."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, Literal
from xml.sax.saxutils import quoteattr

Kind = Literal["text", "date", "number"]
MOST_TEXT: Final = 32_767

_FORMULA: Final = frozenset("=+-@\N{MINUS SIGN}")
"""What a formula begins with, once every width and height of it was made the same."""


def neutral(text: str) -> str:
    """A text that no spreadsheet runs: one that begins like a formula gets an apostrophe before it (CWE-1236).

    Such are `=` `+` `-` `@` in any width, behind blanks and marks that can't be seen too, and a leading tab or line break.
    """
    if not text or text[0].isalnum():
        return text
    first = next((letter for letter in text if letter.isprintable() and not letter.isspace()), "")
    if text[0] in "\t\r\n" or unicodedata.normalize("NFKC", first)[:1] in _FORMULA:
        return f"'{text}"
    return text


def _write_text(at: str, value: object, style: int, _text: int) -> str:
    return text_cell(at, value if isinstance(value, str) else _plain(value), style=style)


def _write_date(at: str, value: object, style: int, text: int) -> str:
    """A date as the day's number; before March 1900 spreadsheets disagree on it, so that is told as a text."""
    if isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_DAY:
        return f'<c r="{at}" s="{style}"><v>{value.toordinal() - _DAY_ZERO}</v></c>'
    return text_cell(at, _plain(value), style=text if value else style)


def _write_number(at: str, value: object, style: int, text: int) -> str:
    """A number of at most fifteen digits, which is what a spreadsheet keeps of one."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:  # not NaN either
        return f'<c r="{at}" s="{style}"><v>{value!r}</v></c>'
    return text_cell(at, _plain(value), style=text if value else style)


WRITERS: Final[Mapping[Kind, Callable[[str, object, int, int], str]]] = {
    "text": _write_text,
    "date": _write_date,
    "number": _write_number,
}
_FIRST_DAY: Final = date(1900, 3, 1)
_DAY_ZERO: Final = date(1899, 12, 30).toordinal()


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return str(value)


def text_cell(at: str, text: str, *, style: int) -> str:
    if not text:
        return f'<c r="{at}" s="{style}"/>'
    return f'<c r="{at}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escaped(neutral(text))}</t></is></c>'


_ODD: Final = re.compile(r"[&<>\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_x")
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LIKE_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """A text as XML. What XML can't say becomes U+FFFD, and `_x000D_` typed by a person stays what it is (ST_Xstring)."""
    if len(text) > MOST_TEXT:
        text = text[: MOST_TEXT - 1] + "…"
    if _ODD.search(text) is None:
        return text
    text = _LIKE_ESCAPE.sub("_x005F_", _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "_x000D_")


def attribute(text: str) -> str:
    """A text as the value of an attribute, in its quotes."""
    return quoteattr(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def letters_of(place: int) -> str:
    """A column's letters by its place from 0: A … Z, AA …"""
    place += 1
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
