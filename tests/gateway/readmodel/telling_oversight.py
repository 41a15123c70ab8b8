"""The invented county's work around the cases, told event by event: visits, papers signed, inspections, letters, what is late."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from services.contracts.data_requests import (
    CorrectionSeen,
    DataRequestAnswered,
    DataRequestAssigned,
    DataRequestDeclined,
    DataRequestReceived,
    RequesterChecked,
)
from services.contracts.disclosure import (
    DisclosureApproved,
    DisclosureContent,
    DisclosureDiscarded,
    DisclosurePrepared,
    DisclosureReleased,
    DisclosureWithdrawn,
    Reached,
    ResponsibleBody,
    ShownTable,
)
from services.contracts.envelope import Published
from services.contracts.near_replies import ReplyFallsDue
from services.contracts.oversight import (
    AccountabilityDecided,
    AdmonitionAnswered,
    AdmonitionIssued,
    AssistanceLetterAnswered,
    AssistanceLetterReminded,
    AssistanceLetterSent,
    AssistanceLetterWithdrawn,
    AttachmentKept,
    CountyReported,
    InspectionClosed,
    InspectionFound,
    InspectionOpened,
    LateReplySettled,
    PersuasionListOpened,
    PersuasionListSigned,
    PlannedVisitMade,
    PostDeputised,
    PostFilled,
    PostHandedOver,
    ProcuratorateNoticeAnswered,
    ProcuratorateNoticeReceived,
    RectificationChecked,
    RectificationReported,
    ReplyClimbed,
    ReplyOverdue,
    StatementSigned,
    VisitMissed,
    VisitPlanEnded,
    VisitRecorded,
    VisitsPlanned,
    ZeroReported,
)
from services.contracts.proceedings import (
    CourtDecided,
    CourtDecisionAppealed,
    CourtDecisionEnforced,
    CourtDecisionRemitted,
    CourtDecisionServed,
    FilingAccepted,
    FilingDeclined,
    HearingHeld,
    ProceedingsFallen,
    ProceedingsFiled,
    ProceedingsWithdrawn,
)
from services.contracts.statistics import (
    CountedTo,
    EntryCohortStated,
    StatisticsContent,
    StatisticsFrozen,
    StatisticsLine,
    StatisticsRestated,
)
from tests.gateway.readmodel.story import DAY, TOWNSHIPS, Story, made, sealed

TOWNSHIP = f"township:{TOWNSHIPS[0]}"
PACK = StatisticsContent(
    kind="monthly",
    period="2026-08",
    since=date(2026, 8, 1),
    until=date(2026, 8, 31),
    counted_on=DAY,
    measures=("age", "in_school"),
    lines=(StatisticsLine(township=TOWNSHIPS[0], school="3141000300", name="小店镇第一小学", counts=(7, 7)),),
    formulas=(),
    differing=0,
)
CONTENT = DisclosureContent(
    counted_on=DAY,
    school_year="2026-2027",
    rule="N9.2-least-10",
    least=10,
    tables=(
        ShownTable(
            table="children_by_sex",
            rows=(("male",), ("female",)),
            columns=(("in_school",), ("verifying", "out_of_school")),
            cells=((50, None), (40, None)),
            row_sums=(61, 55),
            column_sums=(90, 26),
        ),
    ),
    tasks=("零辍学",),
    methods=("每学期开学一周内核实",),
    bodies=(ResponsibleBody(unit=TOWNSHIP, duty="责令限期改正"),),
)


def _request_told(request: UUID, child: UUID) -> tuple[Published, ...]:
    """A guardian's request, handed on; one that is answered and refused no rule allows, and every order is folded."""
    of_it = {"request_id": request, "child_id": child}
    due = DAY + timedelta(days=15)
    return (
        DataRequestReceived(
            **of_it, receipt_number="QL1", township=TOWNSHIPS[0], kind="correction", about="identity", asked_by="mother",
            request="出生日期有误", owed_by=TOWNSHIP, due_on=due, rule="r", legal_basis="l", received_on=DAY,
        ),
        RequesterChecked(**of_it, shown="household_register", checked_on=DAY),
        DataRequestAssigned(
            **of_it, township=TOWNSHIPS[0], owed_by="education_bureau:410326", officer="o", due_on=due, assigned_on=DAY
        ),
        CorrectionSeen(**of_it, seen_on=DAY),
        DataRequestAnswered(**of_it, outcome="corrected", answer="已更正", content="", late=False, answered_on=DAY),
        DataRequestDeclined(**of_it, ground="withdrawn", legal_basis="l", answer="撤回", late=True, declined_on=DAY),
    )  # fmt: skip


def oversight_of(number: int, chance: random.Random) -> list[Story]:
    """What was done about one child."""
    child, case = made("child", number), made("case", number, 1)
    photo, visit, plan, letter = (made(name, number) for name in ("photo", "visit", "visits", "letter"))
    planned = {"plan_id": plan, "child_id": child}
    file = made("proceedings", number)
    filed = {"proceedings_id": file, "case_id": case, "child_id": child}
    sent = {"letter_id": letter, "case_id": case, "child_id": child}
    told = [
        Story("cases", photo, (
            AttachmentKept(
                attachment_id=photo, child_id=child, case_id=None, shows="visit", media_type="image/jpeg", size=3,
                sha256="ab", kept_on=DAY,
            ),
        )),
        Story("cases", visit, (
            VisitRecorded(
                visit_id=visit, child_id=child, case_id=case, method="home_visit", attitude="wavering",
                promise=sealed(child, "下周返校"), visitor="teacher-1", visited_on=DAY, next_on=None, attachments=(photo,),
            ),
        )),
        Story("cases", plan, _some(chance, (
            VisitsPlanned(**planned, visitor="teacher-1", reason="poor", every_days=30, next_on=DAY),
            PlannedVisitMade(**planned, visitor="teacher-1", visited_on=DAY, next_on=DAY + timedelta(days=30)),
            VisitMissed(**planned, visitor="teacher-1", due_on=DAY, missed_on=DAY + timedelta(days=1)),
            VisitPlanEnded(**planned, reason="在校住宿", ended_on=DAY),
        ))),
        Story("cases", letter, _some(chance, (
            AssistanceLetterSent(**sent, place="440306", number="函7", request="协查", reply_by=DAY, sent_on=DAY),
            AssistanceLetterReminded(**sent, reminders=1, reply_by=DAY, reminded_on=DAY),
            AssistanceLetterWithdrawn(**sent, withdrawn_on=DAY),
            AssistanceLetterAnswered(**sent, outcome="at_school", paper="复函8", answered_on=DAY),
        ))),
        Story("cases", file, _some(chance, (
            ProceedingsFiled(
                **filed, number_in_case=1, kind="suit", brought_by=TOWNSHIP, supported_by="procuratorate:410326",
                authority="court:410326", ground=made("document", number, 1), legal_basis="义务教育法第五十八条", filed_on=DAY,
            ),
            FilingAccepted(**filed, docket="(2026)豫0326民初77号", accepted_on=DAY),
            HearingHeld(**filed, heard_on=DAY),
            CourtDecided(
                **filed, decision="granted", grants=True, on_appeal=False, paper="2026-78", decided_on=DAY, comply_by=DAY,
            ),
            CourtDecisionServed(
                **filed, method="direct", receipt="回证9", served_on=DAY, appeal_until=DAY + timedelta(days=15),
                in_force_on=DAY + timedelta(days=16), grants=True,
            ),
            CourtDecisionAppealed(**filed, appellant="guardian", appealed_on=DAY),
            CourtDecisionRemitted(**filed, paper="2026-79", decided_on=DAY),
            CourtDecisionEnforced(**filed, paper="2026-80", enforced_on=DAY),
            chance.choice((
                FilingDeclined(**filed, paper="2026-81", declined_on=DAY),
                ProceedingsWithdrawn(**filed, paper="2026-82", withdrawn_on=DAY),
                ProceedingsFallen(**filed, ground=made("document", number, 1), fell_on=DAY),
            )),
        ))),
        Story("cases", made("request", number), _some(chance, _request_told(made("request", number), child))),
    ]  # fmt: skip
    return [story for story in told if chance.random() < 0.5]


def oversight_of_units(chance: random.Random) -> list[Story]:
    """What was asked of units, found at them and signed by them."""
    keys = {
        name: made(name)
        for name in (
            "list",
            "statement",
            "inspection",
            "summons",
            "decision",
            "zero",
            "procurator",
            "post",
            "near",
            "late",
            "report",
            "disclosure",
            "disclosure again",
            "pack",
            "cohort",
        )
    }
    of_unit = {"unit": TOWNSHIP, "township": TOWNSHIPS[0]}
    listed = {"list_id": keys["list"], "township": TOWNSHIPS[0], "month": "2026-08"}
    found = {"inspection_id": keys["inspection"], "township": TOWNSHIPS[0], "number": 1}
    post = {
        "post_id": keys["post"],
        "unit": f"village:{TOWNSHIPS[0]}005",
        "township": TOWNSHIPS[0],
        "role": "village_cadre",
    }
    late = {"late_reply_id": keys["late"], "about": keys["summons"], "case_id": None}
    return [
        Story("cases", keys["list"], (
            PersuasionListOpened(**listed, returned=(made("case", 0, 1),), not_returned=(made("case", 1, 1),), opened_on=DAY),
            PersuasionListSigned(**listed, role="village_secretary", signer="cadre-1", complete=False, signed_on=DAY),
        )),
        Story("cases", keys["statement"], (
            StatementSigned(
                statement_id=keys["statement"], level="county_township", year=2026, superior="county_government:410326",
                party=TOWNSHIP, township=TOWNSHIPS[0], signed_on=DAY,
            ),
        )),
        Story("cases", keys["inspection"], (
            InspectionOpened(
                **of_unit, inspection_id=keys["inspection"], matter="ledgers", population=2, sample=(made("case", 0, 1),),
                opened_on=DAY,
            ),
            InspectionFound(**found, unit=TOWNSHIP, finding="无家访记录", owed_by=TOWNSHIP, due_on=DAY),
            RectificationReported(**found, evidence="照片3", reported_on=DAY),
            RectificationChecked(**found, right=chance.random() < 0.5, due_on=None, checked_on=DAY),
            InspectionClosed(**of_unit, inspection_id=keys["inspection"], found=1, closed_on=DAY),
        )),
        Story("cases", keys["summons"], (
            AdmonitionIssued(
                **of_unit, admonition_id=keys["summons"], kind="interview", number="约3", ground="逾期三次", reply_by=DAY,
                issued_on=DAY,
            ),
            AdmonitionAnswered(**of_unit, admonition_id=keys["summons"], answer="逐户家访", late=True, answered_on=DAY),
        )),
        Story("cases", keys["decision"], (
            AccountabilityDecided(
                **of_unit, decision_id=keys["decision"], ground="未整改", measure="circular", number="追1", decided_on=DAY
            ),
        )),
        Story("cases", keys["zero"], (
            ZeroReported(**of_unit, report_id=keys["zero"], month="2026-08", signer="head-1", late=False, signed_on=DAY),
        )),
        Story("cases", keys["procurator"], (
            ProcuratorateNoticeReceived(
                notice_id=keys["procurator"], number="检建5", matter="督促履职", township=TOWNSHIPS[0], case_id=None,
                reply_by=DAY, received_on=DAY,
            ),
            ProcuratorateNoticeAnswered(
                notice_id=keys["procurator"], township=TOWNSHIPS[0], answer="已办结", paper="复6", late=False, answered_on=DAY
            ),
        )),
        Story("cases", keys["post"], (
            PostFilled(**post, officer="cadre-1", from_on=DAY),
            PostDeputised(**post, officer="cadre-1", deputy="cadre-2", from_on=DAY, until_on=DAY + timedelta(days=3)),
            PostHandedOver(**post, officer="cadre-1", successor="cadre-3", from_on=DAY + timedelta(days=9)),
        )),
        Story("cases", keys["report"], (
            CountyReported(
                report_id=keys["report"], unit="education_bureau:410326", number="〔2026〕1号",
                confirmed=(made("case", 0, 1),), unreachable=(), made_on=DAY,
            ),
        )),
        Story("cases", keys["disclosure"], (
            DisclosurePrepared(
                disclosure_id=keys["disclosure"], unit="education_bureau:410326", content=CONTENT, sha256="ab",
                reached=(Reached(service="roster", position=7),), follows=0, prepared_by="officer-1", prepared_on=DAY,
            ),
            *_some(chance, (
                DisclosureApproved(disclosure_id=keys["disclosure"], approved_by="officer-2", approved_on=DAY),
                DisclosureReleased(
                    disclosure_id=keys["disclosure"], number=1, sha256="ab", released_by="officer-1", released_on=DAY
                ),
                DisclosureWithdrawn(disclosure_id=keys["disclosure"], reason="乡镇一栏有误", withdrawn_on=DAY),
            )),
        )),
        Story("cases", keys["disclosure again"], (
            DisclosureDiscarded(disclosure_id=keys["disclosure again"], reason="任务一栏要改", discarded_on=DAY),
        )),
        Story("cases", keys["pack"], (
            StatisticsFrozen(
                pack_id=keys["pack"], unit="education_bureau:410326", content=PACK, sha256="ab",
                reached=(CountedTo(service="roster", position=7),), frozen_by="officer-1", frozen_on=DAY,
            ),
            *(
                StatisticsRestated(
                    pack_id=keys["pack"], unit="education_bureau:410326", version=version, content=PACK, sha256="cd",
                    replaces="ab", reached=(CountedTo(service="roster", position=9),), reason="一所学校重报",
                    restated_by="officer-2", restated_on=DAY,
                )
                for version in (2, 3)
            ),
        )),
        Story("cases", keys["cohort"], tuple(
            EntryCohortStated(
                cohort_id=keys["cohort"], unit="education_bureau:410326", school="3141000300", entered=2018, pupils=pupils,
                paper="2018年统计年报", stated_by="officer-1", stated_on=DAY,
            )
            for pupils in (120, 118)
        )),
        Story("cases", keys["near"], (
            ReplyFallsDue(
                near_reply_id=keys["near"], about=keys["summons"], case_id=None, matter="admonition", number=0, owed_by=TOWNSHIP,
                township=TOWNSHIPS[0], due_on=DAY, warned_on=DAY,
            ),
        )),
        Story("cases", keys["late"], _some(chance, (
            ReplyOverdue(
                **late, matter="admonition", number=0, owed_by=TOWNSHIP, township=TOWNSHIPS[0], child_id=None, due_on=DAY,
                up_to="education_bureau", noted_on=DAY,
            ),
            ReplyClimbed(**late, township=TOWNSHIPS[0], due_on=DAY, up_to="county_government", climbed_on=DAY),
            LateReplySettled(**late, settled_on=DAY),
        ))),
    ]  # fmt: skip


def _some(chance: random.Random, events: Sequence[Published]) -> tuple[Published, ...]:
    """The events up to a point, the first at least."""
    return tuple(events[: chance.randrange(1, len(events) + 1)])
