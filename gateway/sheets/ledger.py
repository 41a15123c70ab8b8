"""The three ledgers 台账 of the county in fixed columns (教基厅函〔2024〕15号): 适龄儿童, 疑似辍学, 辍学.

A ledger holds what its caller may see: rows by the caller's reach, fields by the policy, masked where they are masked; a
column of which the caller may see nothing keeps its place and stays empty. No official template of it was found anywhere,
so the columns are this system's own: who the child is and its guardian (学生基本信息表), where it is accounted for, what
was found and is owed, and who answers for it.

`choose` makes the one statement, `Draft` takes its rows page by page, small and compressed, and counts the content's
hash, `workbook` writes it out. The hash is over the cells as they stand in the sheet, so whoever has the file can count
it again (`canonical`), and the county knows by it what was taken out, by whom and for what.
"""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter

import csv
import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from io import StringIO
from typing import Any, Final
from uuid import UUID

import msgspec

from gateway.access.policy import Grants, Mode, forbidden
from gateway.schema.map import TABLES, column, identity_join, scope
from gateway.sheets.stamp import Stamp
from gateway.words import unit, word
from services.chassis.errors import Refused
from services.chassis.school_age import age_in, age_out
from services.chassis.workbook import Column, Kind, Sheet, neutral, write

MOST_ROWS: Final = 200_000
"""A county of a million people has about 120,000 children of school age; more is asked for township by township."""


class Ledger(StrEnum):
    """Which of the three."""

    SCHOOL_AGE = "school_age"
    SUSPECT = "suspect"
    DROPOUT = "dropout"

    @property
    def called(self) -> str:
        """Its name on the sheet."""
        return _TITLES[self]


_TITLES: Final[Mapping[Ledger, str]] = {
    Ledger.SCHOOL_AGE: "适龄儿童少年台账",
    Ledger.SUSPECT: "疑似辍学学生台账",
    Ledger.DROPOUT: "辍学学生台账",
}

_SUSPECTED: Final = (
    "(k.case_id is not null and k.confirmed_on is null or c.open_case_id is null and c.accounted_state = 'suspect'"
    " and {window})"
)
_WHICH: Final[Mapping[Ledger, str]] = {
    Ledger.SCHOOL_AGE: "{window}",
    Ledger.SUSPECT: _SUSPECTED,
    Ledger.DROPOUT: "k.confirmed_on is not null",
}
"""Who stands in which ledger. An open case keeps a child in its ledger when it grows out of the window: it is still owed."""
_WINDOW: Final = "(ci.birth_date is null or (ci.birth_date > %(after)s and ci.birth_date <= %(until)s))"


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of the ledger: its heading, the fields it tells, and how what was read becomes a text."""

    title: str
    width: int
    reads: tuple[str, ...]
    kind: Kind = "text"
    told: Callable[[Any], str] = str
    """What is read is a text, a date or, of things a child has several of, a list."""


def _each(group: str) -> Callable[[Sequence[str | None]], str]:
    return lambda codes: "；".join(word(group, code or "") for code in codes)


def _groups(found: Sequence[Any]) -> str:
    poverty, disability, grade, left_behind, migrant = found
    told = [
        poverty,
        f"残疾({disability}{grade})" if disability else "",
        "留守儿童" if left_behind else "",
        "随迁子女" if migrant else "",
    ]
    return "、".join(text for text in told if text)


def _schooling(birth: str | date) -> str:
    """From which September to which August the law has the child at school; nothing of a birth date that is masked."""
    return f"{age_in(birth):%Y.%m}—{age_out(birth):%Y.%m}" if isinstance(birth, date) else ""


def _answering(found: Sequence[Sequence[str]]) -> str:
    return "；".join(f"{word('roles', role)} {officer}" for role, officer in found)


ENTRIES: Final = (
    Entry("姓名", 10, ("Child.name",)),
    Entry("性别", 6, ("Child.sex",), told=lambda code: word("sexes", code)),
    Entry("出生日期", 11, ("Child.birthDate",), kind="date"),
    Entry("义务教育起止", 16, ("Child.birthDate",), told=_schooling),
    Entry("身份证号", 20, ("Child.idNumber",)),
    Entry("学籍号", 20, ("Child.studentNumber",)),
    Entry("监护人", 10, ("Child.guardianName",)),
    Entry("联系电话", 13, ("Child.guardianPhone",)),
    Entry("乡镇", 12, ("Child.townshipName",)),
    Entry("村(社区)", 14, ("Child.village",)),
    Entry("学校", 20, ("Child.schoolName",)),
    Entry("学段", 8, ("Child.stage",), told=lambda code: word("stages", code)),
    Entry("年级", 8, ("Child.grade",)),
    Entry("就学状态", 9, ("Child.schoolingStatus",)),
    Entry("归类", 10, ("Child.accountedState",), told=lambda code: word("states", code or "unaccounted")),
    Entry("归类依据", 24, ("Child.accountedReason",)),
    Entry("发现种类", 16, ("Finding.kind",), told=_each("findings")),
    Entry("发现责任单位", 12, ("Finding.owner",), told=_each("units")),
    Entry("发现答复期限", 12, ("Finding.dueOn",), told=lambda days: "；".join(day or "—" for day in days)),
    Entry("个案状态", 10, ("Case.state",), told=lambda code: word("cases", code)),
    Entry("个案欠办事项", 12, ("Case.owedStep",), told=lambda code: word("steps", code)),
    Entry("个案办理期限", 12, ("Case.owedDueOn",), kind="date"),
    Entry(
        "重点群体",
        14,
        ("Child.poverty", "Child.disability", "Child.disabilityGrade", "Child.leftBehind", "Child.migrant"),
        told=_groups,
    ),
    Entry("四包一责任人", 24, ("Responsibility.role", "Responsibility.officer"), told=_answering),
)
"""The ledger's columns but for 序号 before and 数据批次, 报告日期 after them."""
HEADINGS: Final = ("序号", *(entry.title for entry in ENTRIES), "数据批次", "报告日期")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A statement that brings `child_id` and then one value for each of `ENTRIES`, and the fields it tells."""

    statement: bytes
    fields: tuple[str, ...]


def choose(ledger: Ledger, *, grants: Grants, given: Mapping[str, str]) -> Chosen:
    """The statement of a ledger for callers with these grants, narrowed by township, village or school.

    Its parameters are the caller's reach, the window (`after`, `until`), `today` and what is `given`. Raises `Forbidden` where the
    caller may not see what the ledger or a narrowing is about: it would tell it.
    """
    needed = {"accountedState", "openCase", *given} if ledger is not Ledger.SCHOOL_AGE else {"accountedState", *given}
    for name in sorted(needed):
        grant = grants.of("Child", name)
        if grant is None or grant.mode is not Mode.FULL:
            raise forbidden("Child", name, grants=grants)
    values = [_value(entry, grants=grants) for entry in ENTRIES]
    conditions = [
        "c.merged_into is null",
        scope(TABLES["Child"], alias="c", grants=grants),
        _WHICH[ledger].replace("{window}", _WINDOW),
        *(f"c.{name} = %({name})s" for name in sorted(given)),
    ]
    statement = (
        f"select c.child_id, {', '.join(values)} from child c {identity_join(alias='c', grants=grants)}"
        f" left join case_file k on k.case_id = c.open_case_id and k.child_id = c.child_id and {_reached('Case', grants=grants)}"
        f" left join ({_findings(grants)}) f on f.child_id = c.child_id"
        f" left join ({_responsible(grants)}) r on r.child_id = c.child_id"
        f" where {' and '.join(conditions)}"
        " order by c.township, c.village, c.household_id, c.child_id"
    )
    fields = tuple(name for entry in ENTRIES for name in entry.reads if _sees(name, grants=grants))
    return Chosen(statement=statement.encode(), fields=fields)


def _sees(name: str, *, grants: Grants) -> bool:
    type_name, field_name = name.split(".")
    return field_name in TABLES[type_name].columns and grants.of(type_name, field_name) is not None


def _value(entry: Entry, *, grants: Grants) -> str:
    """The SQL of a column, masked as its caller may see it; null where it may not."""
    seen = [told_as(name, grants=grants) for name in entry.reads]
    type_name = entry.reads[0].partition(".")[0]
    if type_name == "Finding":
        return f"f.{entry.reads[0].partition('.')[2].lower()}"
    if type_name == "Responsibility":
        return "r.answering"
    return f"jsonb_build_array({', '.join(seen)})" if len(seen) > 1 else seen[0]


_ALIASES: Final[Mapping[str, str]] = {"Child": "c", "Case": "k", "Finding": "f", "Responsibility": "r"}
_IN_SHEETS: Final[Mapping[str, str]] = {
    "Child.village": "coalesce((select nullif(v.name, '') from village v where v.code = c.village), c.village)",
    "Child.accountedState": "case when c.open_case_id is not null then 'open_case' else c.accounted_state end",
}
"""Fields that a sheet tells in another way than GraphQL: a village by its name, a state as the partition counts it."""


def told_as(name: str, *, grants: Grants) -> str:
    if not _sees(name, grants=grants):
        return "null::text"
    type_name, field_name = name.split(".")
    told = column(TABLES[type_name], field_name, alias=_ALIASES[type_name], grants=grants)
    return _IN_SHEETS.get(name, told)


def _reached(type_name: str, *, grants: Grants) -> str:
    """The condition of the rows of a type that the caller reaches; none, where it may see nothing of the type."""
    if all(granted != type_name for granted, _ in grants.fields):
        return "false"
    return scope(TABLES[type_name], alias=_ALIASES[type_name], grants=grants)


def _findings(grants: Grants) -> str:
    """Of each child, what is open, in the order it was raised."""
    lists = ", ".join(
        f"jsonb_agg({told_as(f'Finding.{name}', grants=grants)} order by f.raised_on, f.finding_id) as {name.lower()}"
        for name in ("kind", "owner", "dueOn")
    )
    where = _reached("Finding", grants=grants)
    return f"select f.child_id, {lists} from finding f where f.resolved_on is null and {where} group by f.child_id"


def _responsible(grants: Grants) -> str:
    """Of each child, who answers for it now."""
    pair = ", ".join(told_as(f"Responsibility.{name}", grants=grants) for name in ("role", "officer"))
    return (
        f"select r.child_id, jsonb_agg(jsonb_build_array({pair}) order by r.from_on, r.assignment_id) as answering"
        f" from responsibility r where r.until_on is null and {_reached('Responsibility', grants=grants)}"
        " group by r.child_id"
    )


# --- the content -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A register batch 登记册批次 that is in force: the latest of its register and part."""

    batch_id: UUID
    register: str
    part: str
    rows: int
    rejected: int
    sha256: str
    loaded_on: date | None


BATCHES: Final = b"""
    select distinct on (register, part) batch_id, register, part, rows, rejected, sha256,
      (loaded_at at time zone 'Asia/Shanghai')::date as loaded_on
    from register_batch order by register, part, loaded_at desc nulls last, batch_id"""


def rests_on(batches: Sequence[Batch]) -> str:
    """What stands in the column 数据批次: how many batches, the latest day, and a short hash that tells them from others."""
    if not batches:
        return "—"
    latest = max((batch.loaded_on for batch in batches if batch.loaded_on), default="")
    told = hashlib.sha256("".join(sorted(str(batch.batch_id) for batch in batches)).encode()).hexdigest()[:8]
    return f"{latest} 共{len(batches)}批 {told}"


def canonical(cells: Sequence[object]) -> bytes:
    """A row as it counts for the hash: its cells as texts, as they stand in the sheet; dates as ISO 8601, nothing as ''."""
    return msgspec.json.encode([neutral("" if cell is None else str(cell)) for cell in cells]) + b"\n"


@dataclass(slots=True, kw_only=True)
class Draft:
    """A ledger being filled: its rows packed page by page, the hash counted along."""

    ledger: Ledger
    on: date
    batches: Sequence[Batch] = ()
    child_ids: list[UUID] = field(default_factory=list)
    _pages: list[bytes] = field(default_factory=list)
    _hash: Any = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self._hash.update(canonical([self.ledger.called]) + canonical(HEADINGS))

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Takes a page of rows as the statement brings them; raises `Refused` beyond what one ledger holds."""
        if len(self.child_ids) + len(rows) > MOST_ROWS:
            message = (
                f"一份台账最多 {MOST_ROWS} 行，请按乡镇分开导出。A ledger holds {MOST_ROWS} rows: ask by township."
            )
            raise Refused(message)
        batch, on = rests_on(self.batches), str(self.on)
        page: list[list[str]] = []
        for child_id, *values in rows:
            self.child_ids.append(child_id)
            cells = [_cell(entry, value) for entry, value in zip(ENTRIES, values, strict=True)]
            page.append([str(len(self.child_ids)), *cells, batch, on])
            self._hash.update(canonical(page[-1]))
        self._pages.append(zlib.compress(msgspec.msgpack.encode(page), 1))

    @property
    def content_hash(self) -> str:
        """The hash of everything taken so far."""
        return str(self._hash.hexdigest())

    def rows(self) -> Iterator[list[object]]:
        """The rows again, cell by cell."""
        dates = [place for place, entry in enumerate(ENTRIES, start=1) if entry.kind == "date"] + [len(HEADINGS) - 1]
        for page in self._pages:
            for texts in msgspec.msgpack.decode(zlib.decompress(page), type=list[list[str]]):
                cells: list[object] = list(texts)
                cells[0] = int(texts[0])
                for place in dates:
                    cells[place] = date.fromisoformat(texts[place]) if texts[place] else ""
                yield cells


def _cell(entry: Entry, value: Any) -> str:
    if value is None:
        return ""
    return entry.told(value) if isinstance(value, list) else _told(entry.told, value)


@lru_cache(maxsize=8192)
def _told(told: Callable[[Any], str], value: str | date) -> str:
    return told(value)


def text(draft: Draft, *, stamp: Stamp) -> bytes:
    """The ledger as CSV in UTF-8 with a mark for Excel: headings, rows, and a last line that says whose it is.

    The cells are those the hash is counted over, so none is a formula.
    """
    lines = StringIO()
    writer = csv.writer(lines)
    writer.writerow([neutral(heading) for heading in HEADINGS])
    writer.writerows([neutral(str(cell)) for cell in cells] for cells in draft.rows())
    writer.writerow([f"{warning(stamp)}{stamp.words}　校验码：{draft.content_hash}"])
    return lines.getvalue().encode("utf-8-sig")


def warning(stamp: Stamp) -> str:
    return f"内含未成年人个人信息，仅供{unit(stamp.unit)}用于{word('purposes', stamp.purpose)}，不得转发、转抄。"


def workbook(draft: Draft, *, stamp: Stamp) -> bytes:
    """The ledger as XLSX: the rows, and on a second sheet the batches they rest on."""
    said = warning(stamp)
    columns = [
        Column("序号", 6, "number"),
        *(Column(entry.title, entry.width, entry.kind) for entry in ENTRIES),
        Column("数据批次", 14),
        Column("报告日期", 11, "date"),
    ]
    rows = Sheet(
        draft.ledger.called,
        columns,
        draft.rows(),
        title=draft.ledger.called,
        notes=[
            f"{said}{stamp.words}",
            f"报告日期：{draft.on}　共 {len(draft.child_ids)} 人　内容校验码(SHA-256)：{draft.content_hash}",
            "空白栏目为无数据或本单位无权查看；凭编号或校验码可向教体局、督导机构核验。",
        ],
        footer=f"{said}{stamp.words}　校验码：{draft.content_hash[:16]}",
    )
    batches = Sheet(
        "数据批次",
        [
            Column("批次编号", 38),
            Column("登记册", 20),
            Column("送册单位", 20),
            Column("行数", 9, "number"),
            Column("退回行数", 9, "number"),
            Column("入库日期", 12, "date"),
            Column("文件校验码", 68),
        ],
        [
            (b.batch_id, word("registers", b.register), unit(b.part), b.rows, b.rejected, b.loaded_on, b.sha256)
            for b in draft.batches
        ],
        title="本表所依据的登记册批次",
        footer=stamp.words,
    )
    properties = {
        "title": draft.ledger.called,
        "subject": f"{said}{stamp.words}",
        "creator": "保学",
        "编号": stamp.number,
        "单位": stamp.unit,
        "用途": stamp.purpose,
        "校验码": draft.content_hash,
    }
    return write([rows, batches], properties=properties)
