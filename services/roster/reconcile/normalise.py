"""Bringing what offices write to one form: text, names, dates, places, schools. Pure functions of one cell each.

Two forms are kept apart: a *key* is for comparing (never shown), a value is for showing. Everything that repeats in a county
(dates, places, schools) is cached; a county of 86,000 has some 5,000 different dates.
"""

import re
import unicodedata
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from services.roster.reconcile.characters import VARIANTS, split_pinyin
from services.roster.reconcile.model import HukouState, Risk, Sex

if TYPE_CHECKING:
    from opencc import OpenCC

EMPTY_WORDS = frozenset({
    "", "无", "暂无", "没有", "空", "不详", "未知", "未办", "未办理", "未登记", "无证件", "无身份证", "无身份证号", "缺", "待补",
    "-", "--", "—", "——", "/", "\\", "0", "NULL", "NONE", "N/A", "NA", "#N/A",
})  # fmt: skip

CHILDREN = 131_072
"""So many children's names and numbers are kept, and as many of their guardians: a county has some 90,000. Registers go through them
in orders of their own, so a cache that holds a few less helps nobody."""

WILDCARD = "?"  # stands for a character that an office could not write

_SPACES = re.compile(r"[\s\u200b\u200e\u200f\u00ad\ufeff]+")
_NAME_NOISE = re.compile(r"[\s·•・‧∙⋅●.。,，'\"“”‘’`()（）\[\]【】\-_\u200b\u200e\u200f\u00ad\ufeff]+")
_NAME_DOTS = re.compile("[•・‧∙⋅●.]")
_PLACEHOLDERS = re.compile(r"[?？■□▇▉█▓〓*＊�×○◯△▲\ue000-\uf8ff]")


def plain(text: str) -> str:
    """Half-width, without spaces at the ends or the apostrophe that keeps a spreadsheet from reading a number."""
    if text.isascii():
        return text if text.isalnum() else text.strip().strip("'\"").strip()
    return unicodedata.normalize("NFKC", text).strip().strip("'\"‘’“”").strip()


@lru_cache(maxsize=8192)
def repeated(text: str) -> str:
    """`plain` for cells that many rows have alike, such as names of schools."""
    return plain(text)


def compact(text: str) -> str:
    """`plain` without any space inside, upper case."""
    if text.isascii() and text.isalnum():
        return text.upper()
    return _SPACES.sub("", plain(text)).upper()


@lru_cache(maxsize=8192)
def word(text: str) -> str:
    """`compact` for cells that hold one of a few words, such as states and kinds."""
    return compact(text)


def is_blank(text: str) -> bool:
    """Whether an office meant "nothing" by this cell."""
    return text in EMPTY_WORDS or (len(text) < 16 and word(text) in EMPTY_WORDS)


@cache
def _converter() -> "OpenCC":
    # Loading the dictionaries takes a tenth of a second, so it waits until a name needs them.
    from opencc import OpenCC  # noqa: PLC0415

    return OpenCC("t2s")


class _Simplified(dict[int, str]):
    """Traditional → simplified by character, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = VARIANTS.get(code, chr(code))
        simple = str(_converter().convert(character)) if code > 0x3400 else character
        self[code] = simple
        return simple


_SIMPLIFIED = _Simplified()


# What offices write behind a name: 张三（女）, 李四(转入), 王五*; but 张*桐 and 张(?)桐 hide or replace a character.
_NAME_NOTE = re.compile(r"(?<=..)\s*(?:[(\[【<《][^?]{1,12}[)\]】>》]|(?<=...)[*＊#]+)\s*$")

# What schools write behind a name to tell namesakes apart: 张伟1, 张伟B.
_TOLD_APART = re.compile(r"(?<=[\u4e00-\u9fff]{2})(?:\d{1,2}|[A-Da-d])$")


@lru_cache(maxsize=2 * CHILDREN)
def name_key(text: str) -> str:
    """A name for comparing: simplified, half-width, without spaces, dots, quotes and notes, unwritable characters as `?`."""
    bare = unicodedata.normalize("NFKC", text)
    if not bare.isalpha() or bare[-1].isascii():  # nearly all names are characters and nothing else
        bare = _TOLD_APART.sub("", _NAME_NOISE.sub("", _NAME_NOTE.sub("", bare)))
        bare = _PLACEHOLDERS.sub(WILDCARD, bare)
    key = bare.translate(_SIMPLIFIED).upper()
    return "" if key in EMPTY_WORDS else key


_AND = re.compile(r"[、,，/;；]+")


@lru_cache(maxsize=65_536)
def people_keys(text: str) -> tuple[str, ...]:
    """The people named in one cell, each for comparing: 张三、李四 are two, 父:张三 is one."""
    if "、" not in text and text.isalpha():
        return (key,) if (key := name_key(text)) else ()
    said = (re.sub(r"^\s*\w{1,3}[:：]", "", part) for part in _AND.split(unicodedata.normalize("NFKC", text)))
    return tuple(dict.fromkeys(key for part in said if (key := name_key(part))))


def name_shown(text: str) -> str:
    """A name for showing: as written, without stray spaces and quotes; the dot of a minority name is kept as `·`."""
    written = unicodedata.normalize("NFKC", text)
    if written.isalpha():
        return written
    bare = _SPACES.sub("", _NAME_NOTE.sub("", written)).strip("'\"“”‘’`")
    return _NAME_DOTS.sub("·", bare)


@lru_cache(maxsize=8192)
def _readings(character: str) -> tuple[str, ...]:
    # Loading the dictionaries takes a while, so it waits until a name needs them.
    from pypinyin import Style, pinyin  # noqa: PLC0415

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(dict.fromkeys(_sound(reading) for reading in found[0])) if found else ()


def _sound(reading: str) -> str:
    """A syllable as ears and dialects of the county keep it: without retroflex and without back nasal (shi = si, ing = in)."""
    reading = reading.lower().replace("ü", "v").replace("u:", "v")
    for written, heard in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if reading.startswith(written):
            reading = heard + reading[2:]
    return reading[:-1] if reading.endswith("ng") else reading


_LATIN = re.compile("[A-Z]")
_UNITS = re.compile(r"[A-Z]+\d?|.")


def units(key: str) -> tuple[str, ...]:
    """The characters of a name key; a run of Latin letters (a rare character's pinyin) is one unit, a name in pinyin its syllables."""
    if not _LATIN.search(key):
        return tuple(key)
    return split_pinyin(key) if key.isalpha() and key.isascii() else tuple(_UNITS.findall(key))


def readings(unit: str) -> tuple[str, ...]:
    """How a unit of a name may sound, the usual reading first, tones and dialect left out; none for a placeholder."""
    if unit == WILDCARD:
        return ()
    if unit.isascii():
        return (_sound(unit.rstrip("012345")),)
    return _readings(unit)


@lru_cache(maxsize=CHILDREN)
def sound_keys(key: str) -> tuple[str, ...]:
    """How a name may sound, for finding candidates: the usual readings first, then with one other reading at a time."""
    heard = [readings(unit) for unit in units(key)]
    if not heard or not all(heard):
        return ()
    usual = [reading[0] for reading in heard]
    keys = [" ".join(usual)]
    for i, alternatives in enumerate(heard):
        keys.extend(" ".join([*usual[:i], other, *usual[i + 1 :]]) for other in alternatives[1:])
    return tuple(keys[:8])


_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?(?:出?生|[T\s].*)?")
_SHORT_DATE = re.compile(r"(\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T\s].*)?")
_WRITTEN_OUT = re.compile(r"[〇零○Oo一二三四五六七八九十]")
_WRITTEN_DIGITS = str.maketrans("〇零○Oo一二三四五六七八九", "00000123456789")
_DIGITS_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+)?")
_IN_ENGLISH = re.compile(r"(\d{1,2})[-/ ]([A-Za-z]{3})[a-z]*[-/ ,]+(\d{4}|[0-3]\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheets, which think that 1900 had a 29 February


@lru_cache(maxsize=65_536)
def parse_date(text: str) -> date | None:
    """A day in any habit, else None: 20120312, 2012/3/12, 2012-3-12, 2012.3.12, 2012年3月12日, 12.3.12, 二〇一二年三月十二日,
    12/3/2012 (day first), 12-Mar-12, a spreadsheet's day number."""
    cell = re.sub(r"(?<=[-/.年月])\s+|\s+(?=[-/.年月日])", "", plain(text))
    if not cell.isascii() and _WRITTEN_OUT.search(cell):
        cell = _in_digits(cell)
    match = _DATE.fullmatch(cell) or _DIGITS_DATE.fullmatch(cell)
    if match is None:
        if year_last := _YEAR_LAST.fullmatch(cell):
            first, second = int(year_last[1]), int(year_last[2])
            day, month = (second, first) if second > 12 else (first, second)
            return _day(int(year_last[3]), month, day)
        if short := _SHORT_DATE.fullmatch(cell):
            return _day(2000 + int(short[1]), int(short[2]), int(short[3])) if int(short[1]) < 40 else None
        if (english := _IN_ENGLISH.fullmatch(cell)) and (named := english[2].title()) in _MONTHS:
            year = int(english[3])
            return _day(year if year > 99 else 2000 + year, _MONTHS.index(named) + 1, int(english[1]))
        serial = _SERIAL.fullmatch(cell)
        # Day numbers of 1982 to 2064: enough for the children and their parents, and no confusion with years.
        if serial and 30_000 <= int(serial[1]) <= 60_000:
            return _EPOCH + timedelta(days=int(serial[1]))
        return None
    return _day(int(match[1]), int(match[2]), int(match[3]))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_digits(cell: str) -> str:
    """二〇一二年十二月三日 as 2012年12月3日."""
    cell = re.sub(r"([一二三]?)十([一二三四五六七八九]?)", lambda m: f"{m[1] or '一'}{m[2] or '〇'}", cell)
    return cell.translate(_WRITTEN_DIGITS)


def is_day_or_month_first(text: str) -> bool:
    """Whether a date is written with the year last and its first two numbers could each be the month."""
    match = _YEAR_LAST.fullmatch(plain(text)) if text else None
    return match is not None and int(match[1]) <= 12 and int(match[2]) <= 12


@lru_cache(maxsize=1024)
def parse_sex(text: str) -> Sex | None:
    """男/女, 男性/女性, 1/2 of GB/T 2261.1, M/F; else None."""
    cell = compact(text)
    if ("男" in cell and "女" not in cell) or cell in {"1", "M", "MALE", "♂"}:
        return Sex.MALE
    if ("女" in cell and "男" not in cell) or cell in {"2", "F", "FEMALE", "♀"}:
        return Sex.FEMALE
    return None


@lru_cache(maxsize=1024)
def parse_hukou_state(text: str) -> HukouState:
    """户籍状态; what is not said to be dead, cancelled or moved is normal."""
    cell = compact(text)
    if "死" in cell or "亡" in cell:
        return HukouState.DEAD
    if "注销" in cell or "销户" in cell:
        return HukouState.CANCELLED
    return HukouState.MOVED if "迁出" in cell else HukouState.NORMAL


@lru_cache(maxsize=1024)
def parse_risk(text: str) -> Risk | None:
    """风险状态, or the answer to 风险是否消除; None where the cell says neither."""
    cell = compact(text)
    if "未消" in cell or "未解除" in cell or cell == "否":
        return Risk.NOT_REMOVED
    return Risk.REMOVED if "消除" in cell or "解除" in cell or cell == "是" else None


# Townships that were merged into or renamed to others, by core name (GB/T 2260 history of 410326); extend by county.
FORMER_TOWNSHIPS = {"竹园": "十八盘"}

_PREFIX = re.compile(
    r"^(?:[^省市县区]{1,8}(?:省|自治区))?(?:[^省市县区]{1,8}市)?(?:[^省市县区乡镇]{1,6}(?:县|(?<![园业聚发])区))?"
)
_TOWNSHIP_SUFFIX = re.compile(
    r"(?:民族乡|乡镇|镇|乡|(?:工业园区|工业区|产业集聚区|开发区|园区)(?:管委会)?|街道办事处|街道办|街道|办事处|管委会)"
    r"(?:人民政府|政府)?$"
)
_VILLAGE_SUFFIX = re.compile(r"(?:村民委员会|居民委员会|村委会|居委会|行政村|社区|村)$")
_ADDRESS = re.compile(r"(?P<township>.{1,8}?(?:镇|乡|园区|工业区|集聚区|开发区|街道|办事处|管委会))(?P<village>.*)")
_VILLAGE_IN_ADDRESS = re.compile(r"(.{1,8}?)(?:村民委员会|居民委员会|村委会|居委会|行政村|社区|村).*")


@lru_cache(maxsize=8192)
def township_key(text: str) -> str:
    """The core of a township's name (王坪 for 王坪乡, 王坪, 汝阳县王坪乡), former names led to the present one."""
    cell = compact(text)
    if not cell or cell in EMPTY_WORDS:
        return ""
    bare = _PREFIX.sub("", cell) or cell
    core = _TOWNSHIP_SUFFIX.sub("", bare) or bare
    return FORMER_TOWNSHIPS.get(core, core)


@lru_cache(maxsize=8192)
def village_key(text: str) -> str:
    """The core of a village's name (上庄 for 上庄村, 上庄行政村, 上庄村委会)."""
    cell = compact(text)
    if cell in EMPTY_WORDS:
        return ""
    return _VILLAGE_SUFFIX.sub("", cell) or cell


@lru_cache(maxsize=65_536)
def split_address(text: str, cores: frozenset[str]) -> tuple[str, str]:
    """(township key, village key) of a written address; `cores` are the county's township keys, for addresses without 乡 or 镇."""
    cell = compact(text)
    if cell in EMPTY_WORDS:
        return "", ""
    bare = _PREFIX.sub("", cell)
    for core in sorted((c for c in cores if bare.startswith(c)), key=len, reverse=True)[:1]:
        rest = re.sub(
            r"^(?:镇|乡|工业园区|工业区|产业集聚区|开发区|园区|街道办事处|街道|办事处)?", "", bare[len(core) :], count=1
        )
        return FORMER_TOWNSHIPS.get(core, core), _village_of(rest)
    match = _ADDRESS.match(bare)
    return (township_key(match["township"]), _village_of(match["village"])) if match else ("", "")


def _village_of(rest: str) -> str:
    match = _VILLAGE_IN_ADDRESS.fullmatch(rest)
    return match[1] if match else village_key(rest)


_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


@lru_cache(maxsize=4096)
def parse_grade(text: str) -> int:
    """1 to 9 for 一年级 … 九年级, 1年级, 小一, 初一, 初中二年级; 0 where it can't be told, as by a year: 2022级, 2025届."""
    cell = re.sub(r"\d{4}[级届年]?", "", compact(text))
    match = re.search(r"[一二三四五六七八九1-9]", cell)
    if match is None:
        return 0
    grade = _NUMERALS.get(match[0]) or int(match[0])
    return grade + 6 if "初" in cell and grade <= 3 else grade


@lru_cache(maxsize=4096)
def class_key(text: str) -> str:
    """The number of a class: 3 for 3班, 三班, (3)班, 七年级3班, 七(3)班; else the text itself."""
    cell = compact(text)
    bare = re.sub(r"^.*年级|^[一二三四五六七八九1-9](?=\()", "", cell)
    match = re.search(r"\d+|[一二三四五六七八九]", bare)
    if match is None:
        return bare
    return str(_NUMERALS.get(match[0]) or int(match[0]))


@lru_cache(maxsize=4096)
def school_key(code: str, name: str) -> str:
    """A school by its 10-digit code where there is one, else by its name."""
    digits = re.sub(r"\D", "", compact(code).split(".", maxsplit=1)[0])
    return digits if len(digits) == 10 else re.sub(r"^.*?[县]", "", compact(name))


def phone_key(text: str) -> str:
    """The digits of a telephone number without country code; '' where fewer than seven."""
    if not text or (len(text) == 11 and text.isascii() and text.isdigit()):
        return text
    digits = re.sub(r"\D", "", compact(text).removesuffix(".0"))
    if len(digits) > 11 and digits.startswith("86"):
        digits = digits[2:]
    return digits[:11] if len(digits) >= 7 else ""


def is_yes(text: str) -> bool:
    """是, Y, 1, √ and their kin."""
    return word(text) in {"是", "Y", "YES", "1", "√", "TRUE", "有"}
