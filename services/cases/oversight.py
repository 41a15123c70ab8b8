"""The commands around the cases: visits, lists and statements signed, inspections, letters over the border, zero reports.

They work on the cases' own events through the same application; like its commands, each loads, decides and records.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID, uuid4

from services.cases.application import Cases
from services.cases.domain import county_report
from services.cases.domain.admonition import Accountability, Admonition
from services.cases.domain.attachment import Attachment
from services.cases.domain.case import Case
from services.cases.domain.county_report import CountyReport
from services.cases.domain.data_request import DataRequest
from services.cases.domain.inspection import Inspection
from services.cases.domain.ladder import OPEN
from services.cases.domain.late_reply import Awaited, LateReply, NearReply
from services.cases.domain.letter import AssistanceLetter, ProcuratorateNotice
from services.cases.domain.number_book import NumberBook
from services.cases.domain.persuasion_list import PersuasionList
from services.cases.domain.post import Post
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral
from services.cases.domain.rules import is_near
from services.cases.domain.statement import Statement
from services.cases.domain.visit import Visit, VisitPlan
from services.cases.domain.zero_report import ZeroReport
from services.cases.lookup import Dropouts, Posts
from services.chassis.aggregate import RecordedAggregate, today, who_acts
from services.chassis.application import Answer
from services.chassis.errors import Refused

A = TypeVar("A", bound=RecordedAggregate)

MOST_CONFIRMED_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One case of a bulk confirmation, with causes of its own, and the visits and scans that show it."""

    case_id: UUID
    causes: tuple[str, ...]
    evidence: tuple[UUID, ...]


class Oversight:
    """Everything that can be asked around the cases."""

    def __init__(self, *, cases: Cases, dropouts: Callable[[], Dropouts], posts: Callable[[], Posts]) -> None:
        """`dropouts` gives who is confirmed and where, `posts` which posts there are, as of now."""
        self._cases = cases
        self._dropouts = dropouts
        self._posts = posts

    # Visits

    def record_visit(
        self,
        *,
        child_id: UUID,
        method: str,
        attitude: str,
        visited_on: date,
        promise: str = "",
        case_id: UUID | None = None,
        next_on: date | None = None,
        attachments: tuple[UUID, ...] = (),
    ) -> Answer:
        """Keeps a home visit 家访记录; `promise` is sealed. A regular plan of the child counts it."""
        if case_id is not None:
            self._cases.get(Case, case_id).must_concern(child_id, act="record_visit")
        visit = Visit.make(
            visit_id=uuid4(),
            child_id=child_id,
            case_id=case_id,
            method=method,
            attitude=attitude,
            promise=promise,
            visitor=who_acts().actor,
            visited_on=visited_on,
            next_on=next_on,
            attachments=attachments,
            today=today(),
        )
        plan = self._latest(VisitPlan, lambda n: VisitPlan.id_of(child_id, n))
        if plan is not None:
            plan.visited(visited_on=visited_on)
        return self._cases.record(visit, *([plan] if plan else []))

    def plan_visits(self, *, child_id: UUID, visitor: str, reason: str, every_days: int) -> Answer:
        """Has a focus child visited regularly 家访计划."""
        earlier = self._latest(VisitPlan, lambda n: VisitPlan.id_of(child_id, n))
        plan = VisitPlan.begin(
            child_id=child_id, earlier=earlier, visitor=visitor, reason=reason, every_days=every_days, today=today()
        )
        return self._cases.record(plan)

    def end_visits(self, *, plan_id: UUID, reason: str) -> Answer:
        """Ends regular visits 家访计划终止."""
        plan = self._cases.get(VisitPlan, plan_id)
        plan.end(reason=reason, today=today())
        return self._cases.record(plan)

    # Many at once, and none

    def confirm_cases(self, *, confirmations: tuple[Confirmation, ...]) -> Answer:
        """Confirms several dropouts 批量确认, each with its own causes and evidence, all or none; answers the first case's id."""
        if not 1 <= len(confirmations) <= MOST_CONFIRMED_AT_ONCE:
            raise Refused(f"confirm_cases: 1 to {MOST_CONFIRMED_AT_ONCE} cases at once.")
        confirmed = {each.case_id: self._cases.get(Case, each.case_id) for each in confirmations}
        if len(confirmed) < len(confirmations):
            raise Refused("confirm_cases: a case stands in the list twice.")
        for each in confirmations:
            case = confirmed[each.case_id]
            self._must_show(each.evidence, case=case)
            case.confirm(causes=each.causes, evidence=each.evidence, today=today())
        return self._cases.record(*confirmed.values())

    def sign_zero_report(self, *, township: str, month: str) -> Answer:
        """Signs for the acting unit that nobody dropped out in a month 零报告."""
        unit = who_acts().department
        known = self._cases.find(ZeroReport, ZeroReport.id_of(unit=unit, month=month))
        if known is not None:
            return self._cases.record(answer=known.id)
        report = ZeroReport.sign(
            unit=unit,
            township=township,
            month=month,
            signer=who_acts().actor,
            dropouts=self._dropouts().of(unit),
            today=today(),
        )
        return self._cases.record(report)

    def open_persuasion_list(
        self, *, township: str, month: str, returned: tuple[UUID, ...], not_returned: tuple[UUID, ...]
    ) -> Answer:
        """Makes up a township's monthly list 劝返清单; the same list again is the one that is there."""
        list_id = PersuasionList.id_of(township=township, month=month)
        if self._cases.find(PersuasionList, list_id) is not None:
            return self._cases.record(answer=list_id)
        for case_id in (*returned, *not_returned):
            self._cases.get(Case, case_id)
        opened = PersuasionList.open(
            township=township, month=month, returned=returned, not_returned=not_returned, today=today()
        )
        return self._cases.record(opened)

    def sign_persuasion_list(self, *, list_id: UUID, role: str) -> Answer:
        """Signs the list in one's turn 签字, as who holds the post of that name in the township today."""
        signed = self._cases.get(PersuasionList, list_id)
        posts = [self._cases.get(Post, post_id) for post_id in self._posts().of(signed.township, role=role)]
        signed.sign(
            role=role,
            signer=who_acts().actor,
            holders=frozenset(post.answers_on(today()) for post in posts),
            today=today(),
        )
        return self._cases.record(signed)

    def report_to_county(self) -> Answer:
        """Reports all confirmed and unreachable children of the acting unit's area to the county government 上报县政府 (N1.3)."""
        unit, year = who_acts().department, today().year
        CountyReport.must_be_made_by(unit)
        known, report_id = self._dropouts(), uuid4()
        book = self._cases.find(NumberBook, NumberBook.id_of(issuer=unit, kind=county_report.KIND, year=year))
        book = book or NumberBook.open(issuer=unit, kind=county_report.KIND, year=year)
        report = CountyReport.make(
            report_id=report_id,
            unit=unit,
            number=book.take(document_id=report_id),
            confirmed=known.cases_of(unit),
            unreachable=known.unreachable_of(unit),
            today=today(),
        )
        return self._cases.record(report, book)

    def sign_statement(self, *, level: str, year: int, superior: str, party: str, township: str) -> Answer:
        """Signs a responsibility statement under the one above it 目标责任书."""
        known = self._cases.find(Statement, Statement.id_of(party=party, year=year))
        if known is not None:
            return self._cases.record(answer=known.id)
        above = self._cases.find(Statement, Statement.id_of(party=superior, year=year))
        statement = Statement.sign(
            level=level, year=year, superior=superior, party=party, township=township, above=above, today=today()
        )
        return self._cases.record(statement)

    # Supervision

    def open_inspection(self, *, unit: str, township: str, matter: str, size: int) -> Answer:
        """Begins an inspection of a unit 督导检查, with a sample of the confirmed and unreachable cases it answers for."""
        inspection = Inspection.open(
            inspection_id=uuid4(),
            unit=unit,
            township=township,
            matter=matter,
            population=(*self._dropouts().cases_of(unit), *self._dropouts().unreachable_of(unit)),
            size=size,
            today=today(),
        )
        return self._cases.record(inspection)

    def record_inspection_finding(self, *, inspection_id: UUID, finding: str, owed_by: str, due_on: date) -> Answer:
        """Records what is to be put right 限期整改."""
        inspection = self._cases.get(Inspection, inspection_id)
        inspection.find(finding=finding, owed_by=owed_by, due_on=due_on, today=today())
        return self._cases.record(inspection)

    def report_rectification(self, *, inspection_id: UUID, number: int, evidence: str) -> Answer:
        """The unit reports a finding as put right 整改报告."""
        inspection = self._cases.get(Inspection, inspection_id)
        caused = who_acts()
        inspection.report(
            number=number, evidence=evidence, unit=caused.department, reporter=caused.actor, today=today()
        )
        return self._cases.record(inspection)

    def check_rectification(
        self, *, inspection_id: UUID, number: int, right: bool, due_on: date | None = None
    ) -> Answer:
        """Somebody else looks again 复查; what isn't right is owed by a new day."""
        inspection = self._cases.get(Inspection, inspection_id)
        inspection.check(number=number, right=right, due_on=due_on, checker=who_acts().actor, today=today())
        return self._cases.record(inspection)

    def close_inspection(self, *, inspection_id: UUID) -> Answer:
        """Ends an inspection whose findings are all put right 公告."""
        inspection = self._cases.get(Inspection, inspection_id)
        inspection.close(today=today())
        return self._cases.record(inspection)

    def issue_admonition(
        self, *, kind: str, unit: str, township: str, number: str, ground: str, reply_by: date
    ) -> Answer:
        """Summons a unit to an interview, or names it in a circular 约谈、通报."""
        admonition = Admonition.issue(
            admonition_id=uuid4(),
            kind=kind,
            unit=unit,
            township=township,
            number=number,
            ground=ground,
            reply_by=reply_by,
            today=today(),
        )
        return self._cases.record(admonition)

    def answer_admonition(self, *, admonition_id: UUID, answer: str) -> Answer:
        """The unit answers for itself 整改承诺."""
        admonition = self._cases.get(Admonition, admonition_id)
        admonition.answer(answer=answer, unit=who_acts().department, today=today())
        return self._cases.record(admonition)

    def decide_accountability(self, *, unit: str, township: str, ground: str, measure: str, number: str) -> Answer:
        """Holds a unit to account 责任追究."""
        decision = Accountability.decide(
            decision_id=uuid4(),
            unit=unit,
            township=township,
            ground=ground,
            measure=measure,
            number=number,
            by=who_acts().department,
            today=today(),
        )
        return self._cases.record(decision)

    # Over the border, and from outside

    def send_assistance_letter(self, *, case_id: UUID, place: str, number: str, request: str, reply_by: date) -> Answer:
        """Asks another county to look for a child 异地协查函."""
        case = self._cases.get(Case, case_id)
        letter = AssistanceLetter.send(
            case_id=case_id,
            child_id=case.child_id,
            earlier=self._latest(AssistanceLetter, lambda n: AssistanceLetter.id_of(case_id, place=place, number=n)),
            place=place,
            number=number,
            request=request,
            reply_by=reply_by,
            today=today(),
        )
        return self._cases.record(letter)

    def remind_assistance_letter(self, *, letter_id: UUID, reply_by: date) -> Answer:
        """Asks again where no reply came 催办."""
        letter = self._cases.get(AssistanceLetter, letter_id)
        letter.remind(reply_by=reply_by, today=today())
        return self._cases.record(letter)

    def answer_assistance_letter(self, *, letter_id: UUID, outcome: str, paper: str) -> Answer:
        """Keeps what the other county answered 回函."""
        letter = self._cases.get(AssistanceLetter, letter_id)
        letter.answer(outcome=outcome, paper=paper, today=today())
        return self._cases.record(letter)

    def receive_procuratorate_notice(
        self, *, number: str, matter: str, township: str, reply_by: date, case_id: UUID | None = None
    ) -> Answer:
        """Takes a notice of the procuratorate in 检察建议."""
        notice = ProcuratorateNotice.receive(
            notice_id=uuid4(),
            number=number,
            matter=matter,
            township=township,
            case_id=case_id,
            reply_by=reply_by,
            today=today(),
        )
        return self._cases.record(notice)

    def answer_procuratorate_notice(self, *, notice_id: UUID, answer: str, paper: str) -> Answer:
        """Answers the procuratorate 复函."""
        notice = self._cases.get(ProcuratorateNotice, notice_id)
        notice.answer(answer=answer, paper=paper, today=today())
        return self._cases.record(notice)

    # Time

    def watch_reply(self, *, matter: str, about: UUID, number: int = 0, noted: tuple[UUID, ...] = ()) -> Answer:
        """Lets today's date work on an answer that is awaited 逾期未复: noted when late, climbing, settled once it is there.

        `noted` are the late replies known of it that have not ended.
        """
        taken_back = self._taken_back(matter, about=about)
        awaited = None if taken_back else self._awaited(matter, about=about, number=number)
        current = None if awaited is None else LateReply.id_of(about, number=number, due_on=awaited.due_on)
        known = [self._cases.get(LateReply, late_id) for late_id in noted]
        for late in known:
            if late.id == current:
                late.climb(today=today())
            else:
                late.settle(today=today())
        if awaited is None or awaited.due_on >= today() or any(late.id == current for late in known):
            return self._cases.record(*taken_back, *known, answer=about)
        found = self._cases.find(LateReply, LateReply.id_of(about, number=number, due_on=awaited.due_on))
        fresh = () if found is not None else (LateReply.note(awaited, today=today()),)
        return self._cases.record(*known, *fresh, answer=about)

    def warn_of_reply(self, *, matter: str, about: UUID, number: int = 0, term: int) -> Answer:
        """Tells whoever owes an answer that its last day is near 临期提醒, once; `term` is the days it was given."""
        awaited = self._awaited(matter, about=about, number=number)
        if awaited is None or not is_near(awaited.due_on, term=term, today=today()):
            return self._cases.record(answer=about)
        known = self._cases.find(NearReply, NearReply.id_of(about, number=number, due_on=awaited.due_on))
        return self._cases.record(known or NearReply.warn(awaited, today=today()), answer=about)

    def _taken_back(self, matter: str, *, about: UUID) -> tuple[AssistanceLetter, ...]:
        """The letter, where its case has ended and nobody waits for the reply any longer 撤回协查."""
        if matter != "assistance_letter":
            return ()
        letter = self._cases.get(AssistanceLetter, about)
        if self._cases.get(Case, letter.case_id).state in OPEN:
            return ()
        letter.withdraw(today=today())
        return (letter,)

    def _awaited(self, matter: str, *, about: UUID, number: int) -> Awaited | None:
        match matter:
            case "referral":
                referral = self._cases.get(Referral, about)
                return referral.awaited(township=self._township_of(referral.case_id))
            case "assistance_letter":
                letter = self._cases.get(AssistanceLetter, about)
                return letter.awaited(township=self._township_of(letter.case_id))
            case "public_report":
                return self._cases.get(PublicReport, about).awaited()
            case "procuratorate_notice":
                return self._cases.get(ProcuratorateNotice, about).awaited()
            case "admonition":
                return self._cases.get(Admonition, about).awaited()
            case "data_request":
                return self._cases.get(DataRequest, about).awaited()
            case "rectification":
                return self._cases.get(Inspection, about).awaited(number)
            case _:
                raise Refused("watch_reply: no answer is awaited in a matter of that name.")

    def _township_of(self, case_id: UUID) -> str:
        return self._cases.get(Case, case_id).place.township

    def _must_show(self, evidence: tuple[UUID, ...], *, case: Case) -> None:
        """Refuses evidence that is missing or another child's: in a list of many, each child is confirmed by its own."""
        if not evidence:
            raise Refused("confirm_cases: each case of a list is shown by a visit or scan of its own child (N1.3).")
        for evidence_id in evidence:
            shown = self._cases.find(Visit, evidence_id) or self._cases.get(Attachment, evidence_id)
            case.must_concern(shown.child_id, act="confirm_cases")

    def _latest(self, kind: type[A], id_of: Callable[[int], UUID]) -> A | None:
        latest, n = None, 1
        while (found := self._cases.find(kind, id_of(n))) is not None:
            latest, n = found, n + 1
        return latest
