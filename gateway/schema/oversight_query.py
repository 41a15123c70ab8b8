"""What Query tells of the work around the cases 督导办理: lists of what is mine, of my area, still open and late.

Its resolvers are plain, like those of `query.py`.
"""

# statements are made of this project's own words; what a caller sends is a parameter
# ruff: noqa: S608  # statements are made of this project's own words; what a caller sends is a parameter
# mypy: disable-error-code="untyped-decorator"

import re
from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from gateway.readmodel.partition import window
from gateway.readmodel.responsible import RESPONSIBLE_ON
from gateway.schema.cases import Document
from gateway.schema.causes import Cause, causes
from gateway.schema.oversight import (
    AccountabilityDecision,
    Admonition,
    Answering,
    AssistanceLetter,
    Attachment,
    CountyReport,
    Inspection,
    LateReply,
    PersuasionList,
    PostTenure,
    ProcuratorateNotice,
    PublicReport,
    Rectification,
    Statement,
    Unsigned,
    Visit,
    VisitPlan,
    ZeroReport,
)
from gateway.schema.paging import PAGE, BadArgument
from gateway.schema.reading import Connection, Info, listed, page

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_LATE = "(coalesce({day} < %(today)s, false) and {open}) = {{v}}"
_LATE_REPLY = _LATE.format(day="reply_by", open="answered_on is null")
_ANSWERED = "(answered_on is not null) = {v}"
_ON = """from_on <= {v} and (until_on is null or until_on >= {v})
    and (deputy or not exists (select from post_tenure d where d.post_id = r.post_id and d.deputy
           and d.from_on >= r.from_on and d.from_on <= {v} and d.until_on >= {v}))
    and (not deputy or not exists (select from post_tenure h where h.post_id = r.post_id and not h.deputy
           and h.from_on > r.from_on and h.from_on <= {v}))"""


_MINE = "township >= %(lo)s and township < %(hi)s"
_UNSIGNED = "not exists (select from statement s where s.party = p.party and s.year = %(year)s)"
_VILLAGES = "select 'village:' || code as party, name, township from village"
_PARTIES = {
    "county_township": "select 'township:' || code as party, name, code as township from township",
    "township_village": _VILLAGES,
    # No list has a village's groups 居民组; they are known by having signed, and a village that has named none by itself.
    "village_group": "select distinct g.party, '' as name, g.township from statement g where g.level = 'village_group'"
    f" union all select v.party || '/', v.name, v.township from ({_VILLAGES}) v where not exists (select from statement g"
    " where g.level = 'village_group' and g.superior = v.party)",
    "group_household": "select distinct 'household:' || c.household_id as party, '' as name, c.township"
    " from child c join child_identity i on i.child_id = c.child_id where c.household_id is not null"
    " and c.merged_into is null and i.birth_date > %(born_after)s and i.birth_date <= %(born_until)s",
}
"""Who signs a statement at a level, as far as it can be named."""
_REPORTING = (
    "select 'township:' || code as party, name, code as township, '' as school from township"
    " union all select 'school:' || school, max(school_name), min(township), school from child"
    " where school <> '' and merged_into is null group by school"
)
_AWAY = ("confirmed", "persuading", "unreachable", "sought", "reported", "ordered", "penalised", "demanded", "judicial")


@strawberry.type(description="督导办理查询 what may be asked around the cases.")
class OversightQuery:
    """What may be asked around the cases."""

    @strawberry.field(
        description="文书 papers on cases; `ranOut` those whose term is over and of which nobody has said what came, or are not"
    )
    async def documents(
        self,
        info: Info,
        township: str | None = None,
        kind: str | None = None,
        served: bool | None = None,
        result: str | None = None,
        ran_out: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Document]:
        """Papers by township, kind, service and result."""
        narrowed = {
            "township = {v}": township,
            "kind = {v}": kind,
            "(served_on is not null) = {v}": served,
            "result = {v}": result,
            _LATE.format(day="expires_on", open="result = ''"): ran_out,
        }
        return await listed(info, Document, narrowed, key="document_id", first=first, after=after)

    @strawberry.field(description="家访记录 home visits, by child or by who visited")
    async def visits(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        visitor: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Visit]:
        """Visits by township, child and visitor."""
        narrowed = {"township = {v}": township, "child_id = {v}": child_id, "visitor = {v}": visitor}
        return await listed(info, Visit, narrowed, key="visit_id", first=first, after=after)

    @strawberry.field(description="影像佐证 photos and scans")
    async def attachments(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        shows: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Attachment]:
        """Attachments by township, child and what they show."""
        narrowed = {"township = {v}": township, "child_id = {v}": child_id, "shows = {v}": shows}
        return await listed(info, Attachment, narrowed, key="attachment_id", first=first, after=after)

    @strawberry.field(
        description="家访计划 regular visits of focus children; `overdue` those whose next visit is late today, or is not"
    )
    async def visit_plans(
        self,
        info: Info,
        township: str | None = None,
        child_id: UUID | None = None,
        visitor: str | None = None,
        ended: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[VisitPlan]:
        """Visit plans by township, child, visitor, end and lateness."""
        narrowed = {
            "township = {v}": township,
            "child_id = {v}": child_id,
            "visitor = {v}": visitor,
            "(ended_on is not null) = {v}": ended,
            _LATE.format(day="next_on", open="ended_on is null"): overdue,
        }
        return await listed(info, VisitPlan, narrowed, key="plan_id", first=first, after=after)

    @strawberry.field(
        description="劝返清单 townships' lists of a month; `complete` those all six have signed, or not yet"
    )
    async def persuasion_lists(
        self,
        info: Info,
        township: str | None = None,
        month: str | None = None,
        complete: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[PersuasionList]:
        """Persuasion lists by township, month and whether they are complete."""
        narrowed = {"township = {v}": township, "month = {v}": month, "complete = {v}": complete}
        return await listed(info, PersuasionList, narrowed, key="list_id", first=first, after=after)

    @strawberry.field(description="目标责任书 responsibility statements; who has not signed is in `statementsOwed`")
    async def statements(
        self,
        info: Info,
        township: str | None = None,
        year: int | None = None,
        level: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Statement]:
        """Statements by township, year and level."""
        narrowed = {"township = {v}": township, "year = {v}": year, "level = {v}": level}
        return await listed(info, Statement, narrowed, key="statement_id", first=first, after=after)

    @strawberry.field(
        description="未签责任书 who has not signed a year's statement at a level: county_township, township_village, village_group (groups"
        " that signed in another year, and `village:…/` for a village of which no group ever has), or group_household (households with a"
        " child of school age)"
    )
    async def statements_owed(self, info: Info, year: int, level: str, township: str | None = None) -> list[Unsigned]:
        """Parties of a level without a statement for the year, up to a thousand."""
        if level not in _PARTIES:
            message = f"level is one of {', '.join(_PARTIES)}."
            raise BadArgument(message)
        looking = info.context
        born_after, born_until = window(looking.today)
        rows = await looking.rows(
            f"select party, name, township from ({_PARTIES[level]}) p where ({_MINE})"
            " and (%(township)s::text is null or township = %(township)s)"
            f" and {_UNSIGNED} order by township, party limit 1000",
            year=year,
            township=township,
            born_after=born_after,
            born_until=born_until,
            **looking.principal.parameters,
        )
        return [Unsigned.of(row, looking) for row in rows]

    @strawberry.field(description="督导检查 inspections of my area, or of my unit")
    async def inspections(
        self,
        info: Info,
        township: str | None = None,
        closed: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Inspection]:
        """Inspections by township and end."""
        narrowed = {"township = {v}": township, "(closed_on is not null) = {v}": closed}
        return await listed(info, Inspection, narrowed, key="inspection_id", first=first, after=after)

    @strawberry.field(
        description="限期整改 what inspections found, to be put right; `mine` what my unit owes, `overdue` what is late today"
    )
    async def rectifications(
        self,
        info: Info,
        township: str | None = None,
        state: str | None = None,
        mine: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Rectification]:
        """Findings of inspections by township, state, who owes them and lateness."""
        narrowed = {
            "township = {v}": township,
            "state = {v}": state,
            "(owed_by = %(unit)s) = {v}": mine,
            _LATE.format(day="due_on", open="state = 'owed'"): overdue,
        }
        return await listed(info, Rectification, narrowed, key="finding_id", first=first, after=after)

    @strawberry.field(
        description="约谈、通报 units called to order; `mine` my unit, `answered` with an answer, `overdue` whose answer is late"
    )
    async def admonitions(
        self,
        info: Info,
        township: str | None = None,
        mine: bool | None = None,
        answered: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[Admonition]:
        """Interviews and circulars by township, unit, answer and lateness."""
        narrowed = {
            "township = {v}": township,
            "(unit = %(unit)s) = {v}": mine,
            _ANSWERED: answered,
            _LATE_REPLY: overdue,
        }
        return await listed(info, Admonition, narrowed, key="admonition_id", first=first, after=after)

    @strawberry.field(description="责任追究 units held to account")
    async def accountability_decisions(
        self, info: Info, township: str | None = None, first: int = PAGE, after: str | None = None
    ) -> Connection[AccountabilityDecision]:
        """Decisions by township."""
        narrowed = {"township = {v}": township}
        return await listed(info, AccountabilityDecision, narrowed, key="decision_id", first=first, after=after)

    @strawberry.field(description="零报告 signed zero reports; who has not signed is in `zeroReportsOwed`")
    async def zero_reports(
        self,
        info: Info,
        township: str | None = None,
        month: str | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[ZeroReport]:
        """Zero reports by township and month."""
        narrowed = {"township = {v}": township, "month = {v}": month}
        return await listed(info, ZeroReport, narrowed, key="report_id", first=first, after=after)

    @strawberry.field(
        description="未报零报告 townships and schools without a zero report of a month, though no case of theirs stands confirmed"
        " or unreachable"
    )
    async def zero_reports_owed(self, info: Info, month: str) -> list[Unsigned]:
        """Units that owe a month's word; raises `BadArgument` for what is no month."""
        if _MONTH.fullmatch(month) is None:
            message = "month is a year and a month, such as 2026-09."
            raise BadArgument(message)
        looking = info.context
        rows = await looking.rows(
            f"select party, name, township from ({_REPORTING}) p where ({_MINE})"
            " and not exists (select from zero_report z where z.unit = p.party and z.month = %(month)s)"
            " and not exists (select from case_file f where f.closed_on is null and f.state = any(%(away)s)"
            "   and (p.school <> '' and f.school = p.school or p.school = '' and f.township = p.township))"
            " order by township, party",
            month=month,
            away=list(_AWAY),
            **looking.principal.parameters,
        )
        return [Unsigned.of(row, looking) for row in rows]

    @strawberry.field(description="异地协查函 letters to other counties; `overdue` those whose reply is late today")
    async def assistance_letters(
        self,
        info: Info,
        township: str | None = None,
        answered: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[AssistanceLetter]:
        """Letters by township, answer and lateness."""
        narrowed = {"township = {v}": township, _ANSWERED: answered, _LATE_REPLY: overdue}
        return await listed(info, AssistanceLetter, narrowed, key="letter_id", first=first, after=after)

    @strawberry.field(description="检察建议 notices of the procuratorate, and what the county answered")
    async def procuratorate_notices(
        self,
        info: Info,
        township: str | None = None,
        answered: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[ProcuratorateNotice]:
        """Notices by township, answer and lateness."""
        narrowed = {"township = {v}": township, _ANSWERED: answered, _LATE_REPLY: overdue}
        return await listed(info, ProcuratorateNotice, narrowed, key="notice_id", first=first, after=after)

    @strawberry.field(description="辍学原因 causes of dropping out, each with what can be done about it")
    async def causes(self) -> list[Cause]:
        """The list of causes."""
        return causes()

    @strawberry.field(description="上报县政府 reports of confirmed and unreachable children, newest first")
    async def county_reports(self, info: Info, first: int = PAGE, after: str | None = None) -> Connection[CountyReport]:
        """Reports to the county government."""
        keys = {"coalesce(made_on, 'epoch'::date)": "date", "report_id": "uuid"}
        return await page(
            info.context, CountyReport, "true", keys=keys, first=first, after=after, descending=True, given={}
        )

    @strawberry.field(description="群众举报 reports of the public; `overdue` those into which nobody looked in time")
    async def public_reports(
        self,
        info: Info,
        township: str | None = None,
        handled: bool | None = None,
        overdue: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[PublicReport]:
        """Public reports by township, end and lateness."""
        narrowed = {
            "township = {v}": township,
            "(handled_on is not null) = {v}": handled,
            "coalesce(owed_due_on < %(today)s, false) = {v}": overdue,
        }
        return await listed(info, PublicReport, narrowed, key="report_id", first=first, after=after)

    @strawberry.field(
        description="逾期未复 answers that did not come by their day: referrals, letters, notices, calls to order, findings"
    )
    async def late_replies(
        self,
        info: Info,
        township: str | None = None,
        matter: str | None = None,
        up_to: str | None = None,
        settled: bool | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[LateReply]:
        """Late answers by township, matter, the level told last, and whether they have ended."""
        narrowed = {
            "township = {v}": township,
            "matter = {v}": matter,
            "up_to = {v}": up_to,
            "(settled_on is not null) = {v}": settled,
        }
        return await listed(info, LateReply, narrowed, key="late_reply_id", first=first, after=after)

    @strawberry.field(
        description="任职 who holds or held a post; `on` the one who answers for a place on a day, a deputy before its holder"
    )
    async def posts(
        self,
        info: Info,
        township: str | None = None,
        village: str | None = None,
        school: str | None = None,
        role: str | None = None,
        officer: str | None = None,
        on: date | None = None,
        first: int = PAGE,
        after: str | None = None,
    ) -> Connection[PostTenure]:
        """Tenures by place, role, official and day."""
        narrowed = {
            "township = {v}": township,
            "village = {v}": village,
            "school = {v}": school,
            "role = {v}": role,
            "officer = {v}": officer,
            _ON: on,
        }
        return await listed(info, PostTenure, narrowed, key="tenure_id", first=first, after=after)

    @strawberry.field(
        description="某日责任人 for each role the one who answers for a child on a day (default today): its own person before"
        " the post of the place where it lived and went to school on that day, a deputy before whom it stands in for"
    )
    async def responsible_on(self, info: Info, child_id: UUID, on: date | None = None) -> list[Answering]:
        """Who answers for a child on a day; nothing where the child is not within the caller's reach."""
        rows = await info.context.rows(RESPONSIBLE_ON, child=child_id, day=on or info.context.today)
        return [Answering.of(row, info.context) for row in rows]
