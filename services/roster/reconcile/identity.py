"""Numbers that name a person: citizen number, 学籍号, disability certificate; and how alike two names are.

Sources: GB 11643-1999 (6 address, 8 birth, 3 sequence, 1 check by ISO 7064 MOD 11-2; the 15-digit form before it has no
check), the 学籍号 rules (G, J or L and 18 characters), the certificate rules (18 of the number, 1 category, 1 grade).
"""

import re
from datetime import date
from enum import IntEnum, StrEnum
from functools import lru_cache
from operator import mul

from msgspec import Struct

from services.roster.reconcile.characters import look_alike
from services.roster.reconcile.codes import name_in
from services.roster.reconcile.model import Sex
from services.roster.reconcile.normalise import CHILDREN, EMPTY_WORDS, WILDCARD, compact, readings, units

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROES = 48 * sum(_WEIGHTS)  # what the weighted characters of seventeen zeroes come to
_CHECKS = "10X98765432"


class NumberKind(StrEnum):
    """What a written number is worth."""

    EMPTY = "empty"
    VALID = "valid"  # 18 characters, a real day, check right
    ROUNDED = "rounded"  # a spreadsheet kept 15 digits and wrote 000
    MASKED = "masked"  # some digits hidden on purpose
    FOREIGN = "foreign"  # a document that is not a citizen number
    BROKEN = "broken"  # meant to be a citizen number, but fails its check


class Number(Struct, frozen=True, gc=False):
    """A number as written (`text`, compact) and what it is worth; `birth` and `sex` only where the digits tell them."""

    text: str
    kind: NumberKind
    birth: date | None = None
    sex: Sex | None = None

    @property
    def valid(self) -> str:
        """The number if it can be trusted, else ''."""
        return self.text if self.kind is NumberKind.VALID else ""


NO_NUMBER = Number(text="", kind=NumberKind.EMPTY)


def check_character(first17: str) -> str:
    """The 18th character of a citizen number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _CHECKS[(sum(map(mul, _WEIGHTS, first17.encode())) - _ZEROES) % 11]


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


_birth = lru_cache(maxsize=8192)(_day)  # a county's children were born on some 5,000 days

_SEPARATORS = re.compile(r"[-_'\"`,，]")
_LABELLED = re.compile(r"(?<![\dA-Z*])[\dX*]{15,18}(?![\dA-Z*])")  # a number with words around it
YOUNGEST_YEAR = 40  # of two digits: 00 to 40 are of this century, for the registers are of children
_CROSSES = dict.fromkeys(map(ord, "×✕✖╳ΧχХх"), "X")  # multiplication signs, Greek and Cyrillic letters that look like X


def _bare(cell: str) -> str:
    """A number without spaces, separators and the letters that only look like X."""
    text = compact(cell)
    if text.isascii() and text.isalnum():
        return text
    text = _SEPARATORS.sub("", text).removesuffix(".0")
    if text.isascii():
        return text
    text = text.translate(_CROSSES)
    within = _LABELLED.findall(text)
    return within[0] if len(within) == 1 and not text.isascii() else text


_PLAIN_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")


def read_number(cell: str, *, document: str = "") -> Number:
    """A citizen number as an office wrote it; `document` is the document type, if stated (身份证件类型)."""
    if _PLAIN_NUMBER.fullmatch(cell):  # nearly all
        return _read_18(cell)
    text = _bare(cell)
    if len(text) == 18 and text[17] in "*?" and text[:17].isdigit() and check_character(text[:17]) == "X":
        text = text[:17] + "X"
    if len(text) == 18 and text.isascii() and text[:17].isdigit() and (text[17].isdigit() or text[17] == "X"):
        return _read_18(text) if text.strip("0") else NO_NUMBER
    if text in EMPTY_WORDS or not text.strip("0"):
        return NO_NUMBER
    if len(text) == 15 and text.isdigit():
        return _read_15(text)
    science = re.fullmatch(r"(\d)\.(\d+)E\+?17", text)
    if science:
        return Number((science[1] + science[2])[:15].ljust(18, "*"), NumberKind.MASKED)
    if len(text) == 18 and re.fullmatch(r"[\d*X]+", text):
        return Number(text, NumberKind.MASKED, birth=_day(text[6:14]) if text[6:14].isdigit() else None)
    if (document and "身份证" not in document) or (re.match(r"[A-Z]", text) and not re.search(r"\d{15}", text)):
        return Number(text, NumberKind.FOREIGN)
    return Number(text, NumberKind.BROKEN)


def _read_15(text: str) -> Number:
    """The old form, without the century and the check character. Two digits of a year to come are of the last century."""
    century = "19" if int(text[6:8]) > YOUNGEST_YEAR else "20"
    longer = text[:6] + century + text[6:]
    return _read_18(longer + check_character(longer)) if _day(longer[6:14]) else Number(text, NumberKind.BROKEN)


@lru_cache(maxsize=CHILDREN)  # one child's number stands in several registers, and in its 学籍号
def _read_18(text: str) -> Number:
    birth = _birth(text[6:14])
    sex = Sex.MALE if int(text[16]) % 2 else Sex.FEMALE
    if birth is not None and check_character(text[:17]) == text[17]:
        return Number(text, NumberKind.VALID, birth=birth, sex=sex)
    if text.endswith("000"):
        return Number(text, NumberKind.ROUNDED, birth=birth)
    return Number(text, NumberKind.BROKEN, birth=birth, sex=sex)


_CERTIFICATE = re.compile(r"(\d{17}[\dX])([1-7])([1-4])(B\d)?")


def read_certificate(cell: str) -> tuple[Number, str, str]:
    """(number inside, category, grade) of a disability certificate; the number alone where only that was written."""
    text = compact(cell)
    match = _CERTIFICATE.fullmatch(text)
    if match is None:
        return read_number(text[:18] if len(text) > 18 else text), "", ""
    return read_number(match[1]), name_in("disability_kind", match[2]), name_in("disability_grade", match[3])


_PLAIN_STUDENT_NUMBER = re.compile(r"[GJL][0-9]{17}[0-9X]")


def read_student_number(cell: str) -> tuple[str, Number]:
    """(学籍号, citizen number inside a G number). J and L numbers hold no citizen number, even where the check fits by chance."""
    text = cell if _PLAIN_STUDENT_NUMBER.fullmatch(cell) else _bare(cell)
    if text in EMPTY_WORDS:
        return "", NO_NUMBER
    if text[:1] == "G" and len(text) == 19:
        return text, read_number(text[1:])
    return text, NO_NUMBER


_LATIN = re.compile("[A-Z]")
_WRITTEN_ROUND = re.compile("[A-Z?]")  # a character that could not be written shows as pinyin or a placeholder


class Likeness(IntEnum):
    """How alike two names are, worst first."""

    DIFFERENT = 0
    UNKNOWN = 1  # one of them is not given
    SIMILAR = 2  # one character differs, is missing or changed places; or only the surname changed
    RELATED = 3  # differs as a slip or a new surname makes names differ, and not as names of twins do
    HOMOPHONE = 4  # sounds the same
    COMPATIBLE = 5  # the same but for characters that could not be written
    EXACT = 6


def name_likeness(a: str, b: str) -> Likeness:
    """How alike two name keys are. Two names of a pair of twins often are SIMILAR, so that alone never proves anything."""
    if not a or not b:
        return Likeness.UNKNOWN
    return Likeness.EXACT if a == b else _likeness_of_two(a, b)


@lru_cache(maxsize=65_536)
def _likeness_of_two(a: str, b: str) -> Likeness:
    """How alike two different name keys are."""
    if _WRITTEN_ROUND.search(a + b) and _fits(a, b):
        return Likeness.COMPATIBLE
    left, right = units(a), units(b)
    if len(left) == len(right):
        differing = [i for i, (x, y) in enumerate(zip(left, right, strict=True)) if x != y]
        if len(differing) < len(left) and all(_may_be_heard(left[i], right[i]) for i in differing):
            return Likeness.HOMOPHONE
        if _is_slip(left, right, differing):
            return Likeness.RELATED
        if len(left) >= 3 and (len(differing) == 1 or (len(differing) == 2 and sorted(left) == sorted(right))):
            return Likeness.SIMILAR
        return Likeness.DIFFERENT
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    if len(longer) >= 5 and len(shorter) >= 3 and longer[: len(shorter)] == shorter:
        return Likeness.RELATED  # a minority name without the father's, or cut where the form's field ended
    missing_one = len(longer) == len(shorter) + 1 and any(
        longer[:i] + longer[i + 1 :] == shorter for i in range(1, len(longer))
    )
    return Likeness.SIMILAR if missing_one else Likeness.DIFFERENT


def _is_slip(left: tuple[str, ...], right: tuple[str, ...], differing: list[int]) -> bool:
    """Whether names of one length differ by characters seen or heard alike, by the order of the given name, or by the surname
    before a given name of two characters. Twins have one surname and given names of their own."""
    if len(differing) < len(left) and all(
        _may_be_heard(left[i], right[i]) or look_alike(left[i], right[i]) for i in differing
    ):
        return True
    if len(left) == 3 and differing == [1, 2]:
        return sorted(left) == sorted(right)
    return len(left) == 3 and differing == [0]


def _may_be_heard(a: str, b: str) -> bool:
    return WILDCARD in (a, b) or _sound_alike(a, b)


def _sound_alike(a: str, b: str) -> bool:
    return not set(readings(a)).isdisjoint(readings(b))


def _has_latin(key: str) -> bool:
    return _LATIN.search(key) is not None


def _fits(a: str, b: str) -> bool:
    """Whether the names are the same but for placeholders and pinyin. A run of n placeholders stands for 1 to n characters."""
    if not _has_latin(a) and not _has_latin(b):
        return _pattern(a).fullmatch(b) is not None or _pattern(b).fullmatch(a) is not None
    left, right = units(a), units(b)
    if len(left) == len(right) > 1 and (a.isascii() or b.isascii()) and WILDCARD not in a + b:
        return all(map(_sound_alike, left, right))
    if len(left) == len(right) and any(x == y and not x.isascii() for x, y in zip(left, right, strict=True)):
        return all(
            x == y or WILDCARD in (x, y) or ((x.isascii() or y.isascii()) and _sound_alike(x, y))
            for x, y in zip(left, right, strict=True)
        )
    return False


@lru_cache(maxsize=4096)
def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?:\\\?)+", lambda run: f".{{1,{len(run[0]) // 2}}}", re.escape(key)))
