"""Administrative divisions of the county 行政区划 as data with history (GB/T 2260, statistical township and village codes).

Two tables stand beside this module and are all that another county has to replace: `divisions.csv`, the county with its
townships, and `villages.csv`, its villages by twelve-digit codes. A line holds from `valid_from` (included) to `valid_to`
(excluded); a change of which only the month or year is known counts from its first day. A former division has no code
where no source here gives it; `successors` are the codes of what it became, divided by spaces.

A name leads to a code only where it leads to one and no other: rights and lists rest on codes, so nothing is guessed.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final

COUNTY: Final = "410326"

UNKNOWN_TOWNSHIP: Final = f"{COUNTY}000"
"""Where no register says which township 乡镇不详: still in the county, and in nobody's township."""

_RANK: Final = re.compile(r"(?:工业园区|工业区|镇|乡)(?:管委会|人民政府|政府)?$")
_COMMITTEE: Final = re.compile(r"(?:村民委员会|居民委员会|村委会|居委会|行政村|社区|村)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """One division as long as its name and rank did not change; `kind` is county, township, zone or village."""

    code: str
    name: str
    kind: str
    parent: str
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    source: str = ""

    @property
    def core(self) -> str:
        """The name without its rank, as people write it: 三屯 for 三屯镇, 上庄 for 上庄村委会."""
        ending = _COMMITTEE if self.kind == "village" else _RANK
        return ending.sub("", self.name) or self.name

    def stands(self, on: date | None) -> bool:
        """Whether it is there on a day; None asks for the present, which is what has not ended."""
        if on is None:
            return self.valid_to is None
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on < self.valid_to)


class Divisions:
    """Divisions of one county, found by code or by name, on any day."""

    def __init__(self, divisions: Iterable[Division]) -> None:
        self._by_code: dict[str, list[Division]] = defaultdict(list)
        self._by_name: dict[tuple[str, str], list[Division]] = defaultdict(list)
        self._below: dict[str, list[Division]] = defaultdict(list)
        for division in divisions:
            if division.code:
                self._by_code[division.code].append(division)
            self._below[division.parent].append(division)
            for name in {division.name, division.core}:
                self._by_name[division.parent, name].append(division)

    def name_of(self, code: str, *, on: date | None = None) -> str:
        """What a division is called on a day, at present where none is given; '' where none has the code then."""
        return next((division.name for division in self._by_code.get(code, ()) if division.stands(on)), "")

    def townships(self, *, on: date | None = None) -> dict[str, str]:
        """Code to name of the townships and zones 乡镇 of a day, in the order of the codes.

        Of a day in the past, those are left out whose codes of then are not known.
        """
        return {d.code: d.name for d in self.below(COUNTY, on=on)}

    def below(self, parent: str, *, on: date | None = None) -> list[Division]:
        """The divisions a division has on a day, by code: townships of the county, villages of a township."""
        return sorted((d for d in self._below.get(parent, ()) if d.code and d.stands(on)), key=lambda d: d.code)

    def township_code(self, name: str, *, on: date | None = None) -> str:
        """The code of a township by its name, with or without its rank; `UNKNOWN_TOWNSHIP` where the name says none.

        With a day, the code it had then. Without, a former name leads to the township that administers the place now. The name
        may stand behind the county's and those above it; 工业区 is the zone, where the county has but one.
        """
        for county in self._by_code.get(COUNTY, ()):
            name = name.rpartition(county.name)[2] or name
        if not _RANK.sub("", name):
            zones = [division.code for division in self.below(COUNTY, on=on) if division.kind == "zone"]
            return zones[0] if len(zones) == 1 and name.startswith("工业") else UNKNOWN_TOWNSHIP
        return self._code(parent=COUNTY, name=name, ending=_RANK, on=on) or UNKNOWN_TOWNSHIP

    def village_code(self, *, township: str, name: str, on: date | None = None) -> str:
        """The twelve-digit code of a village of a township (nine digits), or the name itself where the list has no such one.

        `name` may end in 村, 行政村, 社区, 村委会 or in nothing; `on` is as for townships.
        """
        return self._code(parent=township, name=name, ending=_COMMITTEE, on=on) or name

    def _present(self, division: Division) -> Division | None:
        """What a former division is now: along its successors while there is one of them; None where it was split."""
        seen = {division}
        while division.valid_to is not None:
            if len(division.successors) != 1:
                return None
            following = [d for d in self._by_code.get(division.successors[0], ()) if d not in seen]
            if not following:
                return None
            division = max(following, key=lambda d: (d.stands(None), d.valid_from or date.min))
            seen.add(division)
        return division

    def _code(self, *, parent: str, name: str, ending: re.Pattern[str], on: date | None) -> str:
        """The one code a name leads to, '' where none or several: the name as written first, then without its rank."""
        for wanted in dict.fromkeys((name, ending.sub("", name))):
            named = self._by_name.get((parent, wanted), ())
            there = {d.code for d in named if d.stands(on)}
            if on is None and not there:
                there = {now.code for d in named if (now := self._present(d)) is not None}
            if len(there) == 1:
                return there.pop()
        return ""


def read_divisions(text: str) -> list[Division]:
    """The divisions of a table with a header line, as in `divisions.csv`."""
    return [
        Division(
            code=line["code"],
            name=line["name"],
            kind=line["kind"],
            parent=line["parent"],
            valid_from=_first_day(line["valid_from"]),
            valid_to=_first_day(line["valid_to"]),
            successors=tuple(line["successors"].split()),
            source=line["source"],
        )
        for line in csv.DictReader(text.splitlines())
    ]


def _first_day(text: str) -> date | None:
    """The first day of a year, a month or a day; None for an open end."""
    return date.fromisoformat(text + "0000-01-01"[len(text) :]) if text else None


def _table(name: str) -> list[Division]:
    return read_divisions(files(__package__).joinpath(name).read_text(encoding="utf-8"))


DIVISIONS: Final = Divisions([*_table("divisions.csv"), *_table("villages.csv")])
"""The divisions of this installation's county."""

TOWNSHIPS: Final = DIVISIONS.townships()
"""Code to name 乡镇 at present; nine digits."""

VILLAGES: Final = tuple(village for township in TOWNSHIPS for village in DIVISIONS.below(township))
"""The villages 行政村 at present; twelve digits."""

township_code: Final = DIVISIONS.township_code
village_code: Final = DIVISIONS.village_code
