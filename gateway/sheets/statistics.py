"""Statistics 统计报表 as a workbook in fixed columns: figures, townships, schools, ranking, three lists, checks, corrections.

No official form of it was found, so the columns are this system's own; they stand in the same order whatever is counted. There is
nobody in it. The content's hash is over all sheets' names, headings and rows as they stand, so whoever has the file can count it
again; of a pack the hash of what was frozen stands beside it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.schema.statistics_lines import Counted, called
from gateway.sheets.ledger import canonical
from gateway.sheets.stamp import Stamp
from gateway.words import unit, word
from services.chassis.indicators import Figure, Level, Place, compared, figures, places, ranked
from services.chassis.workbook import Column, Kind, Sheet, write
from services.contracts.divisions import COUNTY, DIVISIONS

THREE_LISTS: Final = (
    "listed",
    "on_education",
    "on_poverty",
    "on_platform",
    "unified",
    "differing",
    "off_education",
    "off_poverty",
    "off_platform",
)
"""三统一: what stands on the lists of education, poverty and platform, and what is missing on each."""
_FIGURES: Final = (
    ("指标", 30), ("口径编号", 26), ("范围", 14), ("分子", 9), ("分母", 9), ("比率", 10), ("目标", 8), ("是否达标", 9),
    ("口径施行日期", 12), ("依据", 36), ("口径说明", 60),
)  # fmt: skip
_RANKING: Final = (
    ("指标", 30),
    ("名次", 6),
    ("乡镇", 14),
    ("学校", 24),
    ("分子", 9),
    ("分母", 9),
    ("比率", 10),
    ("是否达标", 9),
)
_CHECKS: Final = (("勾稽关系", 44), ("范围", 24), ("左式", 9), ("右式", 9), ("相差", 9), ("核对", 8))
_CHANGES: Final = (("乡镇", 14), ("学校", 24), ("统计项", 24), ("更正前", 9), ("更正后", 9), ("相差", 9))
_NUMBERS: Final = frozenset({"分子", "分母", "名次", "左式", "右式", "相差", "更正前", "更正后"})

Row = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One sheet: its name, its title, its columns with their widths, its rows."""

    name: str
    title: str
    columns: tuple[tuple[str, int], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """All sheets of one file, and what they say of themselves."""

    called: str
    notes: tuple[str, ...]
    pages: tuple[Page, ...]
    content_hash: str


def of(counted: Counted) -> Made:
    """The sheets of what was counted, or of a version of a pack."""
    by: dict[Level, list[Place]] = {
        "county": places(counted.lines, measures=counted.measures, level="county"),
        "township": places(counted.lines, measures=counted.measures, level="township"),
        "school": places(counted.lines, measures=counted.measures, level="school"),
    }
    measures = counted.measures
    whole = by["county"]
    numbers = tuple((called(measure), 11) for measure in measures)
    pages = (
        Page(
            name="指标",
            title="控辍保学指标表",
            columns=_FIGURES,
            rows=tuple(_figure(each) for each in figures(counted.formulas, [*whole, *by["township"]])),
        ),
        Page(
            name="分乡镇",
            title="分乡镇统计表",
            columns=(("乡镇", 14), *numbers),
            rows=tuple([_where(at), *(at.counts[measure] for measure in measures)] for at in [*by["township"], *whole]),
        ),
        Page(
            name="分校",
            title="分校统计表",
            columns=(("乡镇", 14), ("学校代码", 14), ("学校", 24), *numbers),
            rows=tuple(
                [_township(at.township), at.school, _school(at), *(at.counts[measure] for measure in measures)]
                for at in by["school"]
            ),
        ),
        Page(name="排名", title="乡镇、学校排名表", columns=_RANKING, rows=tuple(_ranking(counted, by))),
        Page(
            name="三统一",
            title="教育、脱贫、平台三方名单差异表",
            columns=(("乡镇", 14), *((called(measure), 14) for measure in THREE_LISTS)),
            rows=tuple(
                [_where(at), *(at.counts.get(measure, 0) for measure in THREE_LISTS)] for at in [*by["township"], *whole]
            ),
        ),
        Page(name="勾稽", title="勾稽关系核对表", columns=_CHECKS, rows=tuple(_checks(counted))),
        Page(
            name="更正",
            title="更正对照表",
            columns=_CHANGES,
            rows=tuple(
                [
                    _township(each.township), each.name or each.school or "无学校", called(each.measure), each.before,
                    each.after, each.after - each.before,
                ]
                for each in counted.changes
            ),
        ),
    )  # fmt: skip
    return Made(called=_called(counted), notes=tuple(_notes(counted)), pages=pages, content_hash=_hash(pages))


def workbook(made: Made, *, stamp: Stamp) -> bytes:
    """The file: every sheet with the same notes, watermark and footer."""
    said = f"仅供{unit(stamp.unit)}用于{word('purposes', stamp.purpose)}。{stamp.words}"
    sheets = [
        Sheet(
            page.name,
            [Column(title, width, _kind(page, title)) for title, width in page.columns],
            page.rows,
            title=page.title,
            notes=[made.called, *made.notes, said, f"内容校验码(SHA-256)：{made.content_hash}"],
            footer=f"{said}　校验码：{made.content_hash[:16]}",
        )
        for page in made.pages
    ]
    properties = {
        "title": made.called,
        "subject": said,
        "creator": "保学",
        "编号": stamp.number,
        "单位": stamp.unit,
        "用途": stamp.purpose,
        "校验码": made.content_hash,
    }
    return write(sheets, properties=properties)


def _kind(page: Page, title: str) -> Kind:
    counted = page.name in {"分乡镇", "分校", "三统一"} and title not in {"乡镇", "学校", "学校代码"}
    return "number" if counted or title in _NUMBERS else "text"


def _called(counted: Counted) -> str:
    pack = counted.pack
    if pack is None:
        return f"控辍保学统计(未定格) {counted.counted_on}"
    restated = f" 第{pack.version}版(更正)" if pack.version > 1 else ""
    return f"控辍保学统计{word('packs', pack.kind)} {pack.period}{restated}"


def _notes(counted: Counted) -> Iterator[str]:
    yield f"统计日期：{counted.counted_on}　数据位置：{'　'.join(counted.reached)}"
    yield "学校按多数学生居住乡镇归属；分校计算后汇总。就学情况为统计时的情况，增减为本学年9月1日起至报告期末。"
    if counted.pack:
        yield f"定格内容(SHA-256)：{counted.pack.sha256}"
    if counted.pack and counted.pack.reason:
        yield f"更正原因：{counted.pack.reason}"


def _figure(figure: Figure) -> Row:
    formula = figure.formula
    return [
        formula.name, formula.id, _where(figure.place), figure.numerator, figure.denominator, _rate(figure),
        _percent(formula.target), _meets(figure), _day(formula.from_on), formula.legal_basis, formula.source,
    ]  # fmt: skip


def _ranking(counted: Counted, by: dict[Level, list[Place]]) -> Iterator[Row]:
    schools = [place for place in by["school"] if place.school]
    for formula in counted.formulas:
        for at in (by["township"], schools):
            for rank, figure in ranked(figures([formula], at)):
                school = _school(figure.place) if at is schools else "(全乡镇)"
                yield [
                    formula.name, rank, _township(figure.place.township), school, figure.numerator, figure.denominator,
                    _rate(figure), _meets(figure),
                ]  # fmt: skip


def _checks(counted: Counted) -> Iterator[Row]:
    for each in compared(counted.lines, measures=counted.measures):
        if each.agrees and (each.place.township or each.place.school):
            continue
        place = each.place
        where = " ".join(text for text in (_where(place), place.name or place.school) if text)
        yield [
            each.identity.name, where, each.left, each.right, each.left - each.right, "相符" if each.agrees else "不符",
        ]  # fmt: skip


def _hash(pages: Sequence[Page]) -> str:
    hashed = hashlib.sha256()
    for page in pages:
        hashed.update(canonical([page.name]) + canonical([title for title, _ in page.columns]))
        for row in page.rows:
            hashed.update(canonical(row))
    return hashed.hexdigest()


def _township(code: str) -> str:
    return (DIVISIONS.name_of(code) or code) if code else "不详"


def _where(place: Place) -> str:
    if not place.township and not place.school:
        return DIVISIONS.name_of(COUNTY) or COUNTY
    return _township(place.township)


def _school(place: Place) -> str:
    return place.name or place.school or "无学校"


def _rate(figure: Figure) -> str:
    return "" if figure.rate is None else f"{float(figure.rate):.2%}"


def _percent(target: str) -> str:
    return f"{float(target):.0%}" if target else ""


def _meets(figure: Figure) -> str:
    return "" if figure.meets is None else "达标" if figure.meets else "未达标"


def _day(on: date) -> str:
    return on.isoformat()
