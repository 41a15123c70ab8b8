"""Codes of the standards as data, and which of them a cell stands for in the habits of offices: 汉, 汉族 and 01 are one.

`codes.csv` names for each list the standard, its codes, their names, and what else is written for them. It holds the lists
that something here reads: ethnicity 民族 (GB/T 3304), kinship to the head of the household 与户主关系 (GB/T 4761), identity
documents 身份证件类型 (as the national 学籍 system numbers them), category and grade of disability (GB/T 26341, the last two
digits of a certificate; 61 to 67 are the same categories in GB/T 2261.3). Sex, grades and dates are written in more ways than a
list can hold: `normalise.py` reads them.
"""

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from services.roster.reconcile.normalise import word

_TABLE: Final = Path(__file__).with_name("codes.csv")
_WHOSE: Final = re.compile(r"^(?:户主)?之")  # 之孙子, 户主之女


def _read_table() -> dict[str, dict[str, str]]:
    """What is written to name, by list."""
    lists: dict[str, dict[str, str]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            written = lists.setdefault(line["list"], {})
            for text in (line["name"], line["code"], line["code"].lstrip("0"), *line["also"].split()):
                known = written.setdefault(word(text), line["name"])
                if known != line["name"]:
                    raise ValueError(f"codes.csv: {text} stands for both {known} and {line['name']}")
    return lists


_WRITTEN: Final[Mapping[str, Mapping[str, str]]] = _read_table()


@lru_cache(maxsize=8192)
def name_in(field: str, cell: str) -> str:
    """The name of the code that a cell of a coded field stands for, by code or name; '' where it stands for none."""
    text = word(cell)
    written = _WRITTEN[field]
    return written.get(text) or written.get(_WHOSE.sub("", text), "")
