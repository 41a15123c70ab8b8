"""Who told a report of the public 举报人 (N3.5): one at a time, for one purpose, by its resolver alone.

There is no list and no field of a report that leads here, so nobody comes upon an informant who did not ask for this one.
"""

# mypy: disable-error-code="untyped-decorator"

from typing import ClassVar
from uuid import UUID

import strawberry

from gateway.schema.reading import Info


@strawberry.type(
    description="举报人 Who told a report of the public, as they said it themselves (N3.5). Each look is recorded with the report."
)
class Informant:
    """Who told a report."""

    SELECT: ClassVar[str] = (
        "select r.report_id, r.receipt_number, f.child_id from public_report r"
        " left join case_file f on f.case_id = r.case_id where r.report_id = %(report)s"
    )

    report_id: UUID = strawberry.field(description="举报编号 the report")
    receipt_number: str = strawberry.field(description="回执号 receipt number")
    contact: str = strawberry.field(
        description="举报人及联系方式 who they are and how to reach them; empty where they didn't say, or were erased"
    )


@strawberry.type(description="举报人 who told a report of the public.")
class InformantQuery:
    """Who told a report."""

    @strawberry.field(
        description="举报人 who told a report of the public; null where there is no such report within reach"
    )
    async def informant(self, info: Info, report_id: UUID) -> Informant | None:
        """The informant of one report within the caller's reach."""
        looking = info.context
        found = await looking.rows(Informant.SELECT, report=report_id)
        if looking.supervision is None or not found:
            return None
        looking.about = report_id
        contact = await looking.supervision.informant_of(report_id)
        return Informant(report_id=report_id, receipt_number=found[0]["receipt_number"], contact=contact)
