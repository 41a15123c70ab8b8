"""A term's aid 资助汇总 as the office keeps it: sums of the county, of townships and of schools, in yuan to the fen, and what does not agree."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from gateway.schema.aid_watch import SUMS_BY, AidSum, AidWatch, summed
from gateway.sheets.ledger import canonical
from gateway.sheets.payment_list import yuan
from gateway.sheets.stamp import Stamp
from gateway.words import unit, word
from services.chassis.workbook import Column, Sheet, write
from services.contracts.divisions import DIVISIONS

SHEETS: Final = dict(zip(SUMS_BY, ("学校", "乡镇", "全县"), strict=True))
MONEY: Final = (
    ("认定金额(元)", "granted_fen"),
    ("实发(元)", "paid_fen"),
    ("应发未发(元)", "owed_fen"),
    ("应退(元)", "due_back_fen"),
    ("银行已发(元)", "received_fen"),
    ("退回(元)", "sent_back_fen"),
    ("退票(元)", "refused_fen"),
    ("名册合计(元)", "listed_fen"),
    ("名册明细(元)", "lines_fen"),
)
FIELDS: Final = ("Query.aidSums", "Query.aidWatch", "AidWatch.childId")
"""What a look at it shows, for the receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aid:
    """A term as it stands: the sums of its schools, and the questions with the name of each child, where the caller may see it."""

    term: str
    on: date
    sums: Sequence[AidSum]
    questions: Sequence[tuple[AidWatch, str]]

    @property
    def child_ids(self) -> tuple[UUID, ...]:
        """The children that are asked about."""
        return tuple(dict.fromkeys(question.child_id for question, _ in self.questions))

    @property
    def content_hash(self) -> str:
        """The hash of all rows, in their order."""
        rows = [row for by in SUMS_BY for row in _sum_rows(summed(self.sums, by=by))]
        told = [[str(cell) for cell in row] for row in (*rows, *_question_rows(self.questions))]
        return hashlib.sha256(b"".join(map(canonical, ([self.term], *told)))).hexdigest()


def workbook(aid: Aid, *, stamp: Stamp) -> bytes:
    """The term as XLSX."""
    sheets = [_sums(aid, by=by, stamp=stamp) for by in reversed(SUMS_BY)]
    return write(
        [*sheets, _questions(aid, stamp=stamp)],
        properties={"title": f"资助汇总 {aid.term}", "subject": stamp.words, "编号": stamp.number},
    )


def _sums(aid: Aid, *, by: str, stamp: Stamp) -> Sheet:
    return Sheet(
        SHEETS[by],
        [
            Column("乡镇", 14),
            Column("学校代码", 14),
            Column("项目", 20),
            Column("认定人数", 9, "number"),
            *(Column(title, 13) for title, _ in MONEY),
            Column("不平", 26),
        ],
        list(_sum_rows(summed(aid.sums, by=by))),
        title=f"{aid.term} 学期资助汇总({SHEETS[by]})",
        notes=[
            f"截至 {aid.on}。认定、实发按资助逐笔计算，银行已发、名册按支付逐笔计算；两边不一致时“不平”栏写明。",
            stamp.words,
        ],
        footer=stamp.words,
    )


def _sum_rows(sums: Iterable[AidSum]) -> Iterable[list[object]]:
    for one in sums:
        township = DIVISIONS.name_of(one.township) if one.township else "全县"
        yield [
            township,
            one.school,
            one.programme,
            one.granted,
            *(yuan(getattr(one, name)) for _, name in MONEY),
            one.difference,
        ]


def _questions(aid: Aid, *, stamp: Stamp) -> Sheet:
    warning = f"内含未成年人个人信息，仅供{unit(stamp.unit)}用于{word('purposes', stamp.purpose)}，不得转发、转抄。"
    return Sheet(
        "待办",
        [
            Column("种类", 18),
            Column("姓名", 10),
            Column("儿童编号", 38),
            Column("乡镇", 14),
            Column("学校代码", 14),
            Column("项目", 20),
            Column("金额(元)", 12),
            Column("起始", 12),
            Column("办理期限", 12),
            Column("逾期", 6),
            Column("责任单位", 20),
        ],
        list(_question_rows(aid.questions)),
        title=f"{aid.term} 学期资助监控",
        notes=[f"{warning}{stamp.words}"],
        footer=f"{warning}{stamp.words}",
    )


def _question_rows(questions: Iterable[tuple[AidWatch, str]]) -> Iterable[list[object]]:
    for one, name in questions:
        yield [
            word("aid_questions", one.kind),
            name,
            one.child_id,
            DIVISIONS.name_of(one.township),
            one.school,
            one.programme,
            yuan(one.amount_fen),
            one.since_on or "",
            one.due_on or "",
            "是" if one.overdue else "否",
            unit(one.owner),
        ]
