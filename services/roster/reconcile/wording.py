"""What the engine's rules are called in Chinese, beside what they are called in `reasons.csv`: for whoever reviews a link.

A rule names what agreed, piece by piece, with commas between: `citizen number, name exact`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

SAID_IN_CHINESE: Final[Mapping[str, str]] = {
    "citizen number": "身份证号相同",
    "学籍号": "学籍号相同",
    "name exact": "姓名相同",
    "name compatible": "姓名相同（个别字未能写出）",
    "name homophone": "姓名同音",
    "name related": "姓名形近、音近或仅姓氏、语序不同",
    "name similar": "姓名差一字",
    "name unknown": "一方未写姓名",
    "birth same": "出生日期相同",
    "birth swapped": "出生日期月日颠倒",
    "birth slip": "出生日期差一处",
    "number same": "身份证号相同",
    "number near": "身份证号差一位或相邻两位颠倒",
    "number close": "身份证号差两处",
    "number cut": "身份证号被截断或遮盖，所余相同",
    "number older": "与学籍号所含身份证号相同",
    "village": "同村",
    "guardian": "监护人相同或相近",
    "telephone": "电话相同或差一位",
    "the same row twice": "同一行重复",
    "decided_same": "人工判定为同一人",
    "single_row": "仅此一行",
    "suspect": "疑似名单",
    "name": "姓名",
    "township": "乡镇",
    "number": "身份证号相符",
    "same class": "同班",
    "same grade": "同年级",
    "same school": "同校",
    "same name": "姓名相同",
    "same sound": "姓名同音",
    "same name and grade": "姓名、年级相同",
    "other school": "学校不同",
    "name alike": "姓名相近",
    "学籍号 nearly the same": "学籍号差一位",
    "the same 学籍号 twice": "同一学籍号两行",
    "same class or grade": "同班或同年级",
    "in class without 学籍": "在班无学籍",
    "name borne once": "全县仅一人用此名",
    "only one of the name near the school": "学校附近仅一人用此名",
    "only one of the sound near the school": "学校附近仅一人同音",
    "age fits": "年龄相符",
}
"""Every piece of a rule; rules that say it in Chinese themselves are not here."""


@lru_cache(maxsize=4096)
def in_words(rule: str) -> str:
    """A rule in both languages: `citizen number, name exact (身份证号相同、姓名相同)`."""
    if rule.endswith(")"):
        return rule
    pieces = rule.replace(": ", ", ").split(", ")
    return f"{rule} ({'、'.join(SAID_IN_CHINESE.get(piece, piece) for piece in pieces)})"
