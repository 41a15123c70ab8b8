"""What was found of a child at the door 摸排结果 (`services/contracts/field_check.FieldFound`), in the words of villages."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from services.roster.reconcile.normalise import word

FOUND_BY_WORD: Final[Mapping[str, str]] = {
    "死": "dead", "亡": "dead", "查无": "no_such_person", "无此人": "no_such_person",
    "出国": "abroad", "国外": "abroad", "境外": "abroad", "出境": "abroad", "送教": "taught_at_home",
    "辍学": "out_of_school", "失学": "out_of_school", "未入学": "out_of_school", "不在校": "out_of_school", "未上学": "out_of_school",
    "未联系": "not_reached", "联系不上": "not_reached", "未见": "not_reached", "没见": "not_reached",
    "未满": "too_young_or_done", "不足": "too_young_or_done", "毕业": "too_young_or_done", "完成": "too_young_or_done",
    "超龄": "too_young_or_done", "外地": "at_school_elsewhere", "县外": "at_school_elsewhere", "异地": "at_school_elsewhere",
    "外县": "at_school_elsewhere", "外省": "at_school_elsewhere", "外迁": "moved_away", "迁出": "moved_away", "迁走": "moved_away",
    "搬": "moved_away", "在校": "at_school_here", "就读": "at_school_here", "在读": "at_school_here", "本县": "at_school_here",
}  # fmt: skip
"""By the words that sheets hold; the first that is in the cell."""
FOUND: Final = frozenset(FOUND_BY_WORD.values())


@lru_cache(maxsize=1024)
def read_found(cell: str) -> str:
    """What a sheet says was found, by its word or in the words of villages; '' where it says nothing that is known."""
    text = word(cell)
    if text.lower() in FOUND:
        return text.lower()
    return next((found for mark, found in FOUND_BY_WORD.items() if mark in text), "")
