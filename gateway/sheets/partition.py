"""The partition of all children of school age as a sheet to print and sign 适龄儿童归类表 (N1.8): workbook or page.

Lines are villages; a township's line is the sum of its villages, the county's the sum of its townships, and every line
the sum of its states. The sums are counted by themselves and then held against each other before anything is printed, so
the column 核对 tells what was checked. There is nothing personal in it. Its columns are this system's own design: no
official form of it was found.
"""

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from importlib.resources import files
from typing import Final

import msgspec

from gateway.readmodel.partition import PartitionRow
from gateway.sheets.stamp import Stamp
from gateway.words import WORDS, word
from services.chassis.workbook import Column, Sheet, write

_AGREES: Final = "相符"
_UNDATED: Final = "其中出生日期不明"
_CSS: Final = files("gateway.sheets").joinpath("partition.css").read_text(encoding="utf-8")
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page carries its style in itself, so that it prints the same once it was saved; nothing else of it may run."""


class DoesNotAddUp(Exception):
    """The sums of a partition don't agree, so it must not be printed; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: how many children in each state, in all, and how many of them without a known birth date."""

    counts: Mapping[str, int]
    total: int
    undated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The partition of an area on a day; villages by (township, village), townships by code."""

    states: tuple[str, ...]
    villages: Mapping[tuple[str, str], Line]
    townships: Mapping[str, Line]
    whole: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What a sheet says of itself: the day it is about, and who printed it."""

    on: date
    stamp: Stamp
    names: Mapping[str, str]
    """Names of townships and villages by code; one that is missing is printed as its code."""


def add_up(rows: Iterable[PartitionRow]) -> Partition:
    """The partition with all its sums, each counted from the rows by itself; raises `DoesNotAddUp`."""
    rows = list(rows)
    by_village: dict[tuple[str, str], list[PartitionRow]] = {}
    by_township: dict[str, list[PartitionRow]] = {}
    for row in rows:
        by_village.setdefault((row.township, row.village), []).append(row)
        by_township.setdefault(row.township, []).append(row)
    partition = Partition(
        states=(*WORDS["states"], *sorted({row.state for row in rows} - WORDS["states"].keys())),
        villages={place: _line(by_village[place]) for place in sorted(by_village)},
        townships={code: _line(by_township[code]) for code in sorted(by_township)},
        whole=_line(rows),
    )
    check(partition)
    return partition


def check(partition: Partition) -> None:
    """Holds the sums against each other; raises `DoesNotAddUp` naming the first line that does not agree."""
    lines = [*partition.villages.items(), *partition.townships.items(), ("whole", partition.whole)]
    for place, line in lines:
        if line.total != sum(line.counts.values()) or line.undated > line.total:
            message = f"the states of {place} do not add up to its children"
            raise DoesNotAddUp(message)
    for code, line in partition.townships.items():
        if line != _sum(village for (township, _), village in partition.villages.items() if township == code):
            message = f"the villages of {code} do not add up to it"
            raise DoesNotAddUp(message)
    if partition.whole != _sum(partition.townships.values()):
        message = "the townships do not add up to the whole"
        raise DoesNotAddUp(message)


def workbook(partition: Partition, printed: Printed) -> bytes:
    """The sheet as XLSX: townships on the first page, every village on the next."""
    sums = [*(Column(title, 11, "number") for title in _titles(partition)[2:]), Column("核对", 8)]
    of_townships = Sheet(
        "各乡镇归类表",
        [Column("乡镇", 16), Column("村(社区)数", 11, "number"), *sums],
        (
            [name, villages, *_numbers(partition, line), _AGREES]
            for name, villages, line in _township_lines(partition, printed)
        ),
        title="义务教育阶段适龄儿童少年归类表(分乡镇)",
        notes=_notes(printed),
        footer=printed.stamp.words,
    )
    of_villages = Sheet(
        "各村归类表",
        [Column("乡镇", 16), Column("村(社区)", 18), *sums],
        (
            [township, village, *_numbers(partition, line), _AGREES]
            for code in partition.townships
            for township, village, line in _village_lines(partition, code, printed)
        ),
        title="义务教育阶段适龄儿童少年归类表(分村)",
        notes=_notes(printed),
        footer=printed.stamp.words,
    )
    return write(
        [of_townships, of_villages],
        properties={
            "title": f"适龄儿童少年归类表 {printed.on}",
            "subject": printed.stamp.words,
            "编号": printed.stamp.number,
        },
    )


def page(partition: Partition, printed: Printed) -> str:
    """The sheet as one page of HTML for A4 across: the townships first, then each township on a page of its own."""
    titles = _titles(partition)
    tables = [
        _table(
            "义务教育阶段适龄儿童少年归类表(分乡镇)",
            ["乡镇", "村(社区)数", *titles[2:], "核对"],
            (
                [name, str(villages), *map(str, _numbers(partition, line)), _AGREES]
                for name, villages, line in _township_lines(partition, printed)
            ),
            printed,
        ),
        *(
            _table(
                f"{_name(code, printed)}适龄儿童少年归类表",
                [*titles[1:], "核对"],
                (
                    [village, *map(str, _numbers(partition, line)), _AGREES]
                    for _, village, line in _village_lines(partition, code, printed)
                ),
                printed,
            )
            for code in partition.townships
        ),
    ]
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>适龄儿童少年归类表 {printed.on}</title><style>{_CSS}</style></head><body>{''.join(tables)}</body></html>"
    )


def content_hash(partition: Partition, *, on: date) -> str:
    """What the sheet says, as sha256 over the day and every line: the same numbers have the same hash."""
    lines = [
        [str(on), *partition.states],
        *([*place, *_numbers(partition, line)] for place, line in partition.villages.items()),
    ]
    return hashlib.sha256(b"\n".join(msgspec.json.encode(line) for line in lines)).hexdigest()


def _line(rows: Sequence[PartitionRow]) -> Line:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.state] += row.children
    return Line(
        counts=counts,
        total=sum(row.children for row in rows),
        undated=sum(row.children for row in rows if not row.dated),
    )


def _sum(lines: Iterable[Line]) -> Line:
    lines = list(lines)
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line.counts)
    return Line(counts=counts, total=sum(line.total for line in lines), undated=sum(line.undated for line in lines))


def _titles(partition: Partition) -> list[str]:
    return ["乡镇", "村(社区)", "适龄儿童合计", *(word("states", state) for state in partition.states), _UNDATED]


def _numbers(partition: Partition, line: Line) -> list[int]:
    return [line.total, *(line.counts.get(state, 0) for state in partition.states), line.undated]


def _township_lines(partition: Partition, printed: Printed) -> Iterator[tuple[str, int, Line]]:
    for code, line in partition.townships.items():
        yield _name(code, printed), sum(township == code for township, _ in partition.villages), line
    yield "总计", len(partition.villages), partition.whole


def _village_lines(partition: Partition, code: str, printed: Printed) -> Iterator[tuple[str, str, Line]]:
    name = _name(code, printed)
    for (township, village), line in partition.villages.items():
        if township == code:
            yield name, _name(village, printed), line
    yield name, "小计", partition.townships[code]


def _name(code: str, printed: Printed) -> str:
    return printed.names.get(code) or code or "不详"


def _notes(printed: Printed) -> list[str]:
    return [
        f"统计日期：{printed.on}　口径：满 6 周岁至 16 周岁，含出生日期不明者；每名儿童只在一栏。",
        printed.stamp.words,
        "填表人：　　　　　　审核人：　　　　　　负责人：　　　　　　(盖章)　　　　年　　月　　日",
    ]


def _table(title: str, heading: Sequence[str], rows: Iterable[Sequence[str]], printed: Printed) -> str:
    day, stamp, signed = map(escape, _notes(printed))
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heading)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(text)}</td>" for text in row[1:])}</tr>'
        for row in rows
    )
    return (
        f"<section><h1>{escape(title)}</h1><p>{day}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<p>{signed}</p><footer>{stamp}</footer></section>"
    )
