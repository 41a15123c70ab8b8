"""What the county makes public 信息公开 (N9.2) as people read it: a page without script, a workbook and CSV, all of one content.

There is nobody in it: numbers as cases released them, hidden ones as ※, and the units that answer. The hash on each is that
of the ledger, taken over the JSON of the same content.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import jinja2
import msgspec

from gateway.words import office, word
from services.chassis.workbook import Column, Sheet, neutral, write
from services.contracts.disclosure import DisclosureContent, ShownTable
from services.contracts.divisions import DIVISIONS

HIDDEN: Final = "※"
TOTAL: Final = "合计"
READ: Final = b"""
    select number, unit, state, content, sha256, released_on, reason, ended_on from disclosure"""
"""What `Made` is read from."""
_PAGES: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("gateway.sheets", "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A disclosure, made public or about to be; without a number it is a draft."""

    number: int
    unit: str
    state: str
    content: DisclosureContent
    sha256: str
    released_on: date | None
    reason: str
    ended_on: date | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Made":
        """A row of the read model."""
        return cls(**{**row, "content": msgspec.convert(row["content"], DisclosureContent)})

    @property
    def office(self) -> str:
        """Who makes it public."""
        return office(self.unit)

    @property
    def is_withdrawn(self) -> bool:
        """Its numbers are shown no longer."""
        return self.state == "withdrawn"

    @property
    def bodies(self) -> list[tuple[str, str]]:
        """Units in words, and what each answers for."""
        return [(office(body.unit), body.duty) for body in self.content.bodies]

    @property
    def tables(self) -> list["Told"]:
        """Its tables in words."""
        return [Told.of(table) for table in self.content.tables]

    @property
    def method(self) -> list[str]:
        """How numbers were made safe, in plain words."""
        least = self.content.least
        return [
            f"少于{least}的数不公开，以“{HIDDEN}”表示；合计照实公开。",
            f"为防止由合计推算，另有一些数也以“{HIDDEN}”表示。每个“{HIDDEN}”可能的取值至少相差{least}。",
            f"人数不足{least}的行、列与相邻的行、列合并，以“＋”连接。",
            f"与以前公开的数相比变动不足{least}的数也不公开；内容相近的表在规定时间内不重复公开。",
            f"统计日期：{self.content.counted_on}。适龄儿童少年指满6周岁、未满17周岁者。规则编号：{self.content.rule}。",
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A table in words: headings, and lines of a name and its numbers, the sum last."""

    name: str
    headings: list[str]
    lines: list[list[str | int]]

    @classmethod
    def of(cls, table: ShownTable) -> "Told":
        """A table as it was released."""
        lines: list[list[str | int]] = [
            [_line(codes), *(HIDDEN if value is None else value for value in table.cells[i]), table.row_sums[i]]
            for i, codes in enumerate(table.rows)
        ]
        return cls(
            name=word("disclosed", table.table),
            headings=["", *map(_line, table.columns), TOTAL],
            lines=[*lines, [TOTAL, *table.column_sums, sum(table.row_sums)]],
        )


def _line(codes: Sequence[str]) -> str:
    return "＋".join(DIVISIONS.name_of(code) or word("disclosed_lines", code) for code in codes)


def page(made: Made, *, others: Sequence[Made] = (), files: bool) -> str:
    """The page; `others` are releases it leads to, `files` whether the same is there to take along."""
    return _PAGES.get_template("disclosure.html").render(made=made, others=others, files=files, hidden=HIDDEN)


def empty_page() -> str:
    """The page where nothing has been made public yet."""
    return _PAGES.get_template("disclosure.html").render(made=None, others=(), files=False, hidden=HIDDEN)


def workbook(made: Made) -> bytes:
    """The same as XLSX: a sheet for each table, and one of tasks, methods and units."""
    notes = [f"{made.office} {made.content.school_year}学年", *made.method, f"SHA-256：{made.sha256}"]
    sheets = [
        Sheet(
            f"表{number}",
            [Column(heading, 14, "text") for heading in table.headings],
            table.lines,
            title=table.name,
            notes=notes,
        )
        for number, table in enumerate(made.tables, start=1)
    ]
    said = Sheet(
        "任务、做法与责任", [Column("类别", 12), Column("内容", 60)], _said(made), title="年度任务、工作做法、责任主体"
    )
    return write([said, *sheets], properties={"title": called(made), "subject": f"SHA-256：{made.sha256}"})


def text(made: Made) -> str:
    """The same as CSV for Excel: one table below the other."""
    lines = io.StringIO()
    lines.write("\ufeff")
    writer = csv.writer(lines)
    writer.writerow([called(made), made.office, f"SHA-256：{made.sha256}"])
    writer.writerows([line] for line in made.method)
    for table in made.tables:
        writer.writerow([])
        writer.writerow([table.name])
        writer.writerow(table.headings)
        writer.writerows(table.lines)
    writer.writerow([])
    writer.writerows([neutral(cell) for cell in line] for line in _said(made))
    return lines.getvalue()


def _said(made: Made) -> Iterator[list[str]]:
    yield from (["年度任务", task] for task in made.content.tasks)
    yield from (["工作做法", method] for method in made.content.methods)
    yield from (["责任主体", f"{unit}：{duty}"] for unit, duty in made.bodies)


def called(made: Made) -> str:
    """Its name."""
    number = f"第{made.number}号" if made.number else "未公开稿"
    return f"控辍保学信息公开 {number} {made.content.counted_on}"
