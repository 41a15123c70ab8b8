"""A payment list 资助发放名册 as the office hands it to the bank: line by line in yuan, with sums, hash and room for the bank's answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from gateway.sheets.payment_result import AMOUNT, AWARD, ON, OUTCOME, OUTCOMES, REASON
from gateway.sheets.stamp import Stamp
from gateway.words import WORDS, unit, word
from services.chassis.workbook import Column, Sheet, write

FIELDS: Final = (
    "Child.name",
    "Child.idNumber",
    "Child.schoolName",
    "Child.grade",
    "Award.id",
    "Award.amountFen",
    "PaymentList.sha256",
)
"""What a look at it shows of each child, for the receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A list as it was approved."""

    programme: str
    term: str
    school: str
    lines: int
    total_fen: int
    state: str
    made_by: str
    approved_by: str
    approved_on: date | None
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One child and what it is to be paid, in whole fen 分; name and number are absent where nobody knows them."""

    child_id: UUID
    award_id: UUID
    amount_fen: int
    name: str | None
    id_number: str | None
    school_name: str
    grade: str


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals, as a bank reads them; exact."""
    return f"{fen // 100}.{fen % 100:02}"


def workbook(approved: Approved, lines: Sequence[Line], *, stamp: Stamp) -> bytes:
    """The list as XLSX."""
    warning = f"内含未成年人个人信息，仅供{unit(stamp.unit)}用于{word('purposes', stamp.purpose)}，不得转发、转抄。"
    school = next((line.school_name for line in lines if line.school_name), approved.school)
    sheet = Sheet(
        "发放名册",
        [
            Column("序号", 6, "number", locked=True),
            Column("姓名", 10, locked=True),
            Column("公民身份号码", 20, locked=True),
            Column("学校", 18, locked=True),
            Column("年级", 8, locked=True),
            Column(AMOUNT, 10, locked=True),
            Column(OUTCOME, 10, choices=(*OUTCOMES,)),
            Column(ON, 12, "date"),
            Column(REASON, 16, choices=(*WORDS["return_reasons"].values(),)),
            Column(AWARD, 38, locked=True),
        ],
        [
            [
                number,
                line.name or "",
                line.id_number or "",
                line.school_name,
                line.grade,
                yuan(line.amount_fen),
                "",
                "",
                "",
                line.award_id,
            ]
            for number, line in enumerate(lines, start=1)
        ],
        title=f"{school}资助发放名册({approved.programme} {approved.term})",
        notes=[
            f"共 {len(lines)} 人，合计 {yuan(approved.total_fen)} 元。审批日期：{approved.approved_on}　校验码(SHA-256)：{approved.sha256}",
            f"{warning}{stamp.words}",
            "编制人：　　　　　　审批人：　　　　　　(盖章)　　　　年　　月　　日",
        ],
        footer=f"{warning}{stamp.words}",
    )
    return write([sheet], properties={"title": sheet.title, "subject": stamp.words, "编号": stamp.number})
