"""What offices do about requests of guardians 权利请求办理 (PIPL 44 to 50): receive, look at who asks, hand on, answer, refuse."""

from typing import Annotated, Final
from uuid import UUID

import strawberry

from gateway.schema.mutations.command import BELONGS, CommandAnswer, Words, command, record_of, send, subject_of
from gateway.schema.reading import Info
from services.chassis.errors import Refused

_ANSWERS: Final = frozenset({"education_bureau", "township", "school"})
"""Kinds of unit that answer requests."""
_COUNTY_DIGITS: Final = 6
_HANDED_OUT: Final = """
    select r.receipt_id from receipt r join data_request d on d.child_id = any(r.child_ids) where d.request_id = %(request)s
      and r.document_hash = %(content)s and r.operation = 'export_child_data' and r.decision = 'answered' limit 1"""
"""What was really made; only the bureau, which makes it, sees receipts."""
Unit = Annotated[
    str,
    strawberry.argument(description="单位 a school, township or the bureau of the county, such as township:410326103"),
]
Hash = Annotated[
    str, strawberry.argument(description="文件哈希 SHA-256 of the file that was handed over, as it is printed on it")
]


@strawberry.type(description="权利请求办理 commands about requests of guardians.")
class DataRequestCommands:
    """权利请求办理 commands about requests of guardians."""

    @command
    async def receive_data_request(
        self, info: Info, child_id: UUID, kind: str, asked_by: str, request: Words, about: str = ""
    ) -> CommandAnswer:
        """受理个人信息请求 a guardian asked at the counter; the answer is owed by this unit, by a day."""
        place = await record_of(info, BELONGS, child_id)
        return await send(
            info,
            "cases",
            {"child_id": child_id},
            child_id=child_id,
            township=place["township"],
            kind=kind,
            asked_by=asked_by,
            request=request,
            about=about,
        )

    @command
    async def check_requester(self, info: Info, request_id: UUID, shown: str) -> CommandAnswer:
        """核验请求人 somebody looked at who asks, and at what shows that they may."""
        return await _to(info, request_id, shown=shown)

    @command
    async def assign_data_request(self, info: Info, request_id: UUID, unit: Unit, officer: str = "") -> CommandAnswer:
        """交办个人信息请求 hands it to a unit, or to an officer of it; its last day stays."""
        kind, _, area = unit.partition(":")
        county = info.context.principal.unit.partition(":")[2][:_COUNTY_DIGITS]
        if kind not in _ANSWERS or not area or (kind != "school" and not area.startswith(county)):
            raise Refused(
                "A request is answered by a school, a township or the bureau of the county. 请填写本县承办单位。"
            )
        return await _to(info, request_id, unit=unit, officer=officer)

    @command
    async def answer_data_request(
        self, info: Info, request_id: UUID, outcome: str, answer: Words, content: Hash = ""
    ) -> CommandAnswer:
        """答复个人信息请求 answers it; who asked to see or have it was given the file of the child."""
        if content and not await info.context.rows(_HANDED_OUT, content=content, request=request_id):
            raise Refused(
                "No file with this hash was made for this request by your unit (/files/child-data). 没有导出过这份文件，请核对校验码。"
            )
        return await _to(info, request_id, outcome=outcome, answer=answer, content=content)

    @command
    async def decline_data_request(self, info: Info, request_id: UUID, ground: str, answer: Words) -> CommandAnswer:
        """不予办理 refuses it on a ground of the list, and says why."""
        return await _to(info, request_id, ground=ground, answer=answer)


async def _to(info: Info, request_id: UUID, **said: str) -> CommandAnswer:
    subject = await subject_of(info, "data_request", "request_id", request_id)
    about = {name: value for name, value in subject.items() if name != "request_id"}
    return await send(info, "cases", about, request_id=request_id, **said)
