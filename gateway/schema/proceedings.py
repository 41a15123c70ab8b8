"""The GraphQL type of proceedings 司法程序 (N2.6)."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID

import strawberry

from gateway.schema.its_child import its_child
from gateway.schema.node import Node
from gateway.schema.reading import Looking, facts


@strawberry.type(
    description="司法程序 A file of proceedings before a court, from its filing to the day it is carried out (N2.6)."
)
class Proceedings(Node):
    """One file of proceedings."""

    SELECT: ClassVar[str] = "select proceedings_id as id, p.* from proceedings p"

    id: UUID = strawberry.field(description="编号 id")
    case_id: UUID = strawberry.field(description="个案编号 the case")
    child_id: UUID = strawberry.field(description="儿童编号 the child")
    township: str = strawberry.field(description="乡镇代码 township")
    number_in_case: int = strawberry.field(description="本案序号 the how manieth file of the case")
    kind: str = strawberry.field(description="种类 suit, public_interest or enforcement")
    state: str = strawberry.field(
        description="状态 filed, accepted, decided, served, in_force, appealed, enforced, refused, withdrawn or fallen"
    )
    brought_by: str = strawberry.field(description="起诉申请单位 who brought it")
    supported_by: str = strawberry.field(
        description="支持起诉 the procuratorate that supports it; empty where none does"
    )
    authority: str = strawberry.field(description="受理法院 the court")
    ground: UUID | None = strawberry.field(description="依据文书 the served paper on which it stands")
    legal_basis: str = strawberry.field(description="法律依据 legal basis")
    filed_on: date | None = strawberry.field(description="起诉申请日期 filed")
    docket: str = strawberry.field(description="案号 the court's number; empty until it is taken on")
    accepted_on: date | None = strawberry.field(description="立案日期 taken on")
    hearings: int = strawberry.field(description="开庭次数 how often it was heard")
    heard_on: date | None = strawberry.field(description="最近开庭 heard last")
    decision: str = strawberry.field(
        description="裁判结果 mediated, granted, dismissed, enforcement_granted, enforcement_refused, upheld or remitted"
    )
    grants: bool | None = strawberry.field(description="支持请求 whether what was asked is granted; none until decided")
    on_appeal: bool = strawberry.field(description="上级裁判 whether the decision is one on appeal")
    decision_paper: str = strawberry.field(description="裁判文书号 number of the decision")
    decided_on: date | None = strawberry.field(description="裁判日期 decided")
    comply_by: date | None = strawberry.field(description="履行期限 what is granted is to be done by then")
    method: str = strawberry.field(description="送达方式 how the decision was served")
    receipt: str = strawberry.field(description="送达回证 receipt of service")
    served_on: date | None = strawberry.field(description="送达日期 the decision was served")
    appeal_until: date | None = strawberry.field(description="上诉期限 the last day to appeal; none where it is final")
    in_force_on: date | None = strawberry.field(description="生效日期 from when the decision is in force")
    appellant: str = strawberry.field(description="上诉人 guardian or applicant; empty where nobody appealed")
    appealed_on: date | None = strawberry.field(description="上诉日期 appealed")
    ended_paper: str = strawberry.field(description="终结文号 number of the paper with which it ended")
    ended_on: date | None = strawberry.field(description="终结日期 carried out, not taken on, taken back, or fallen")

    @classmethod
    def of(cls, row: Mapping[str, Any], looking: Looking) -> Self:
        """The file as it stands today."""
        day = row["in_force_on"]
        in_force = row["state"] == "served" and day is not None and day <= looking.today
        return cls(**facts(cls, {**row, "state": "in_force" if in_force else row["state"]}))

    child = strawberry.field(resolver=its_child, description="儿童 the child")
