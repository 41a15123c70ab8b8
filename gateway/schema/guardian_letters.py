"""The GraphQL types of letters to guardians 致监护人文书 (N9.1), and the lists of them."""

# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar
from uuid import UUID

import strawberry

from gateway.schema import oversight
from gateway.schema.guardian_letters_map import OVERDUE, RUNS
from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.paging import PAGE
from gateway.schema.reading import AsRead, Connection, Info, listed, one, page

if TYPE_CHECKING:
    from gateway.schema.oversight import Attachment


@strawberry.type(
    description="文书批次 A run of letters to guardians, with those within the caller's reach counted; as files: `/files/letters/{id}`."
)
class LetterRun(AsRead):
    """A run."""

    SELECT: ClassVar[str] = f"select run_id as id, r.* from {RUNS.replace('{scope}', 'true')} r"

    id: UUID = strawberry.field(description="编号 id")
    kind: str = strawberry.field(description="文书种类 kind of letter")
    school_year: str = strawberry.field(description="学年 school year")
    serve_by: date | None = strawberry.field(description="送达期限 the last day to serve")
    legal_basis: str = strawberry.field(description="法律依据 legal basis")
    expected: int = strawberry.field(
        description="应制发 how many children of the county were to get one when it was opened"
    )
    opened_on: date | None = strawberry.field(description="开始日期 opened when")
    closed_on: date | None = strawberry.field(
        description="停止制发日期 since when no more are made; null while they are"
    )
    made: int = strawberry.field(description="已制发 how many letters were made and not withdrawn")
    served: int = strawberry.field(description="已送达 how many of them were served")
    outstanding: int = strawberry.field(description="未送达 how many are out")
    overdue: int = strawberry.field(description="逾期未送达 how many of those are past their last day")


@strawberry.type(description="致监护人文书 A letter to a child's guardian, and the proof of its service (N9.1).")
class GuardianLetter(AsRead, Node):
    """A letter."""

    SELECT: ClassVar[str] = (
        f"select letter_id as id, g.*, {OVERDUE.replace('{a}', 'g')} as overdue from guardian_letter g"
    )

    id: UUID = strawberry.field(description="编号 id")
    run_id: UUID = strawberry.field(description="批次编号 the run")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    kind: str = strawberry.field(description="文书种类 kind of letter")
    school_year: str = strawberry.field(description="学年 school year")
    code: str = strawberry.field(
        description="送达码 what is printed on it to find it again; it tells nothing of anybody"
    )
    legal_basis: str = strawberry.field(description="法律依据 legal basis")
    serve_by: date | None = strawberry.field(description="送达期限 the last day to serve")
    made_on: date | None = strawberry.field(description="制发日期 made when")
    state: str = strawberry.field(description="状态 out, served or withdrawn")
    overdue: bool = strawberry.field(description="逾期未送达 out after its last day")
    method: str = strawberry.field(description="送达方式 how it was served")
    receipt: str = strawberry.field(description="回证号或邮件号 number of the slip or parcel")
    scan_id: UUID | None = strawberry.field(description="影像编号 the photo or scan that shows it")
    served_on: date | None = strawberry.field(description="送达日期 served when")
    served_by: str = strawberry.field(description="送达人 by which account")
    served_for: str = strawberry.field(description="送达单位 for which unit")
    late: bool = strawberry.field(description="逾期送达 served after its last day")
    withdrawn_on: date | None = strawberry.field(description="收回日期 withdrawn when")
    withdrawn_reason: str = strawberry.field(description="收回原因 why it was withdrawn")

    child = strawberry.field(resolver=its_child, description="儿童 the child")

    @strawberry.field(description="送达影像 the photo or scan that shows its service")
    async def scan(self, info: Info) -> Annotated["Attachment", strawberry.lazy("gateway.schema.oversight")] | None:
        """The photo or scan."""
        rest = "child_id = %(child)s and attachment_id = %(scan)s"
        return await one(info.context, oversight.Attachment, rest, child=self.child_id, scan=self.scan_id)


@strawberry.type(description="致监护人文书查询 what may be asked about letters to guardians.")
class GuardianLettersQuery:
    """What may be asked about letters to guardians."""

    @strawberry.field(description="文书批次 runs of letters to guardians, the latest first")
    async def letter_runs(self, info: Info, first: int = PAGE, after: str | None = None) -> Connection[LetterRun]:
        """Runs, the latest first."""
        keys = {"coalesce(opened_on, 'epoch'::date)": "date", "run_id": "uuid"}
        given = {"today": info.context.today}
        return await page(
            info.context, LetterRun, "true", keys=keys, first=first, after=after, descending=True, given=given
        )

    @strawberry.field(description="致监护人文书 letters to guardians; `code` is what is printed on one")
    async def guardian_letters(
        self,
        info: Info,
        run_id: UUID | None = None,
        township: str | None = None,
        state: str | None = None,
        overdue: bool | None = None,
        code: str | None = None,
        child_id: UUID | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[GuardianLetter]:
        """Letters by run, township, state, code and child."""
        narrowed = {
            "run_id = {v}": run_id,
            "township = {v}": township,
            "state = {v}": state,
            "overdue = {v}": overdue,
            "code = {v}": code,
            "child_id = {v}": child_id,
        }
        return await listed(info, GuardianLetter, narrowed, key="letter_id", first=first, after=after)
