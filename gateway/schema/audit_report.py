"""The GraphQL types of the yearly audit of minors' data 合规审计报告, and of what stands in the policy's log besides grounds of access."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

import strawberry

from gateway.access.principal import Principal
from gateway.readmodel.audit_report import read_content
from gateway.readmodel.in_force import LOGGED
from gateway.schema.paging import PAGE
from gateway.schema.reading import AsRead, Connection, Info, Looking, one, page


@strawberry.type(
    description="存证日志 A log as far as a report counted it: which entries are of the period, and under which tree head."
)
class AuditedLog:
    """A log as far as it was counted."""

    log: str = strawberry.field(description="日志 roster, cases, assistance, notify, access or policy")
    origin: str = strawberry.field(description="来源 its name as its checkpoints bear it")
    first: int = strawberry.field(description="首条序号 position of the period's first entry; 0 where there is none")
    last: int = strawberry.field(description="末条序号 position of the period's last entry")
    entries: int = strawberry.field(description="条数 how many are of the period")
    size: int = strawberry.field(description="树大小 size of the first tree signed over all of them")
    root: str = strawberry.field(description="根哈希 its root, in hex")
    checkpoints: int = strawberry.field(description="签名次数 checkpoints signed in the period")
    witnessed: int = strawberry.field(description="已见证 of these, seen by a witness by its end")
    late: int = strawberry.field(description="见证超时 of these, seen later than a witness has to, or not at all")
    longest_s: int = strawberry.field(description="最长等待秒数 the longest it took, in seconds")


@strawberry.type(description="审计指标 A number of a report, and by what it can be counted again.")
class AuditFigure:
    """A figure, or a part of one."""

    figure: str = strawberry.field(description="指标 which figure")
    item: str = strawberry.field(description="分项 which part of it; empty for all of it")
    value: int | None = strawberry.field(
        description="数 the number; null where it counts few children, or they could be reckoned from it 小数隐去"
    )
    log: str = strawberry.field(description="日志 in which log it was counted")
    counted: str = strawberry.field(description="计数口径 what of an entry makes it count")


@strawberry.type(
    description="合规审计报告 The yearly audit of what was done with minors' data, made of the logs (未成年人网络保护条例 第三十七条)."
)
class AuditReport:
    """A report as it was kept."""

    SELECT: ClassVar[str] = (
        "select r.report_id as id, r.*, e.position as entry from audit_report r"
        " left join policy_tree.entry e on e.kind = 'audit_report' and e.id = r.report_id::text"
    )

    id: UUID = strawberry.field(description="编号 id; as a workbook it is at `/files/audit-reports/{id}`")
    from_on: date = strawberry.field(description="期间起 first day it is of")
    until_on: date = strawberry.field(description="期间止 last day it is of")
    made_at: datetime = strawberry.field(description="生成时间 when it was made and kept")
    made_by: str = strawberry.field(description="生成人 account of who made it")
    made_for: str = strawberry.field(description="委托单位 for which body")
    sha256: str = strawberry.field(
        description="哈希 SHA-256 of its content; made again of the same logs it is the same"
    )
    entry: int | None = strawberry.field(description="存证序号 its place in the policy's log; null until it has one")
    withheld_under: int = strawberry.field(description="隐去下限 numbers of children smaller than this are withheld")
    lacking: list[str] = strawberry.field(description="日志未载事项 what is reported besides and no log tells")
    logs: list[AuditedLog] = strawberry.field(description="存证日志 the logs it was counted in")
    figures: list[AuditFigure] = strawberry.field(description="指标 its numbers")

    @classmethod
    def of(cls, row: Mapping[str, Any], _looking: Looking, /) -> "AuditReport":
        """A row, with what the text in it says."""
        content = read_content(row["body"])
        return cls(
            id=row["id"],
            from_on=row["from_on"],
            until_on=row["until_on"],
            made_at=row["made_at"],
            made_by=row["made_by"],
            made_for=row["made_for"],
            sha256=row["sha256"],
            entry=row["entry"],
            withheld_under=content.withheld_under,
            lacking=list(content.lacking),
            logs=[AuditedLog(**{name: getattr(log, name) for name in log.__struct_fields__}) for log in content.logs],
            figures=[
                AuditFigure(**{name: getattr(each, name) for name in each.__struct_fields__})
                for each in content.figures
            ],
        )


@strawberry.type(
    description="授权日志 An entry of the policy's log that is about everybody: a release, a version of rules or programmes, a key, a report."
    " Warrants and consents, which stand in it too, are `warrants` and `consents`."
)
class PolicyEntry(AsRead):
    """An entry, in the order of the log."""

    SELECT: ClassVar[str] = f"select l.* from {LOGGED} l"  # noqa: S608

    position: int = strawberry.field(description="序号 its place in the log")
    kind: str = strawberry.field(
        description="种类 release, rules, programmes, key_used, key_retired, restored or audit"
    )
    name: str = strawberry.field(description="名称 of what: a file, a key, the days of a report")
    version: str = strawberry.field(
        description="版本 beginning of the SHA-256 of the bytes; of a key its id, or how its public half begins"
    )
    at: datetime = strawberry.field(
        description="时间 from when: released, noted by a program that began with it, taken into use"
    )
    by: str = strawberry.field(description="经办 account of who released or made it; empty where a program noted it")
    legal_basis: str = strawberry.field(description="依据 on what ground it was released; of a report for which body")
    holds_from: list[date] = strawberry.field(
        description="生效日 the days from which something in a file of rules holds"
    )


def reaches_audit(principal: Principal) -> bool:
    """Whether reports are there for a caller: supervision's, and of the bureau its head's, whose it is to answer for them."""
    return principal.grants.kind == "supervision" or principal.is_head


@strawberry.type
class AuditQuery:
    """What may be asked of the yearly audit and of the policy's log."""

    @strawberry.field(
        description="合规审计报告 the reports that are kept, the latest period first; of the bureau its head is shown them"
    )
    async def audit_reports(self, info: Info, first: int = PAGE, after: str | None = None) -> Connection[AuditReport]:
        """Reports by period."""
        return await page(
            info.context,
            AuditReport,
            "true" if reaches_audit(info.context.principal) else "false",
            keys={"until_on": "date", "made_at": "timestamptz", "id": "uuid"},
            first=first,
            after=after,
            descending=True,
            given={},
        )

    @strawberry.field(description="合规审计报告 one report")
    async def audit_report(self, info: Info, id: UUID) -> AuditReport | None:  # noqa: A002
        """One report, or null."""
        if not reaches_audit(info.context.principal):
            return None
        return await one(info.context, AuditReport, "r.report_id = %(id)s", id=id)

    @strawberry.field(
        description="授权日志 entries of the policy's log that are about everybody, newest first; `kind` as in `PolicyEntry`"
    )
    async def policy_log(
        self, info: Info, kind: str | None = None, first: int = PAGE, after: str | None = None
    ) -> Connection[PolicyEntry]:
        """Releases, rules, programmes, keys and reports, in the order of the log."""
        return await page(
            info.context,
            PolicyEntry,
            "true" if kind is None else "kind = %(kind)s",
            keys={"position": "bigint"},
            first=first,
            after=after,
            descending=True,
            given={"kind": kind},
        )
