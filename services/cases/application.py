"""The commands of cases 个案: each loads, decides and records; what is refused is refused by the aggregates.

Dates of acts are the actor's day in China. Ids of cases, papers, referrals and assignments are derived from what they
belong to and counted from 1, so the latest of each is found by walking them, and two who make the same one at once collide.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TypeVar
from uuid import UUID

from services.cases.domain.attachment import Attachment
from services.cases.domain.case import Case, Place, id_of_case
from services.cases.domain.clearance import Clearance
from services.cases.domain.document import COMPLIED, Document, id_of_document
from services.cases.domain.number_book import NumberBook
from services.cases.domain.proceedings import Proceedings
from services.cases.domain.referral import Referral, id_of_referral
from services.cases.domain.relief import Decision
from services.cases.domain.seat import DayInClass, refuse_more_than_one_list
from services.cases.domain.visit import VisitPlan
from services.chassis.aggregate import RecordedAggregate, today, who_acts
from services.chassis.application import Answer, RecordedApplication
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder

A = TypeVar("A", bound=RecordedAggregate)


class Cases(RecordedApplication):
    """Everything that can be asked of cases."""

    def __init__(
        self, *, recorder: Recorder, mapper: SealingMapper, require_witnessed: Callable[[str], None] = lambda _: None
    ) -> None:
        """`require_witnessed` refuses what it is given where nobody outside has seen for too long what happens here."""
        self._require_witnessed = require_witnessed
        super().__init__(recorder=recorder, mapper=mapper)

    # Suspicion to confirmation

    def open_case(
        self,
        *,
        child_id: UUID,
        cause: str,
        township: str,
        village: str = "",
        school: str = "",
        stage: str = "",
        finding_id: UUID | None = None,
    ) -> Answer:
        """Opens a case for a child who has none open 立案; answers the case's id."""
        case = Case.open(
            child_id=child_id,
            earlier=self.find_latest_case(child_id),
            cause=cause,
            place=Place(township=township, village=village, school=school, stage=stage),
            finding_id=finding_id,
            today=today(),
        )
        return self.record(case)

    def begin_verification(self, *, case_id: UUID) -> Answer:
        """Somebody goes to find out 核实; on a missing child: it was found."""
        case = self.get(Case, case_id)
        case.begin_verification(today=today())
        return self.record(case)

    def confirm_case(self, *, case_id: UUID, causes: tuple[str, ...]) -> Answer:
        """Confirms that the child is out of school, and why 确认辍学."""
        case = self.get(Case, case_id)
        case.confirm(causes=causes, today=today())
        return self.record(case)

    def report_unreachable(self, *, case_id: UUID) -> Answer:
        """Says that the child can't be found 失联; the case stays open."""
        case = self.get(Case, case_id)
        case.report_unreachable(today=today())
        return self.record(case)

    def record_search(self, *, case_id: UUID, method: str, note: str, made_on: date) -> Answer:
        """Keeps a search that didn't find the child 查找记录; `note` is sealed under the child's key."""
        case = self.get(Case, case_id)
        case.search(method=method, note=note, made_on=made_on, today=today())
        return self.record(case)

    # The ladder

    def record_persuasion(self, *, case_id: UUID, method: str, outcome: str, note: str, made_on: date) -> Answer:
        """Keeps an attempt to persuade 劝返记录; `note` is sealed under the child's key."""
        case = self.get(Case, case_id)
        case.persuade(method=method, outcome=outcome, note=note, made_on=made_on, today=today())
        return self.record(case)

    def report_case(self, *, case_id: UUID, issuer: str, number: str = "") -> Answer:
        """Reports in writing to the bureau 书面报告; answers the document's id."""
        case = self.get(Case, case_id)
        document, *book = self._issue(case, kind="written_report", issuer=issuer, number=number, term_days=0)
        case.report(document_id=document.id, today=today())
        return self.record(case, document, *book, answer=document.id)

    def issue_order(self, *, case_id: UUID, issuer: str, term_days: int, number: str = "") -> Answer:
        """Issues the order to send the child back 责令限期改正; the case moves when it is served. Answers the document's id."""
        return self.issue_document(
            case_id=case_id, kind="order_to_correct", issuer=issuer, number=number, term_days=term_days
        )

    def issue_penalty(self, *, case_id: UUID, issuer: str, term_days: int, number: str = "") -> Answer:
        """Issues the penalty decision 行政处罚决定书; the case moves when it is served. Answers the document's id."""
        return self.issue_document(
            case_id=case_id, kind="penalty_decision", issuer=issuer, number=number, term_days=term_days
        )

    def issue_demand(self, *, case_id: UUID, issuer: str, term_days: int, number: str = "") -> Answer:
        """Issues the demand to comply 催告书; the case moves when it is served. Answers the document's id."""
        return self.issue_document(
            case_id=case_id, kind="performance_notice", issuer=issuer, number=number, term_days=term_days
        )

    def take_to_justice(self, *, case_id: UUID, issuer: str, term_days: int, number: str = "") -> Answer:
        """Issues the judicial document 司法文书; the case moves when it is served. Answers the document's id."""
        return self.issue_document(
            case_id=case_id, kind="judicial_document", issuer=issuer, number=number, term_days=term_days
        )

    def issue_document(self, *, case_id: UUID, kind: str, issuer: str, number: str = "", term_days: int = 0) -> Answer:
        """Issues a paper of any kind of the catalogue 签发文书, when its time has come; answers the document's id.

        Without a `number` of the office's own it gets the next one of the issuer's book 文号.
        """
        case = self.get(Case, case_id)
        before = None if case.stands_on is None else self.get(Document, case.stands_on)
        case.allow_paper(kind=kind, today=today(), complied_with=before is not None and before.result == COMPLIED)
        return self.record(*self._issue(case, kind=kind, issuer=issuer, number=number, term_days=term_days))

    def serve_document(self, *, document_id: UUID, method: str, receipt: str, served_on: date) -> Answer:
        """Keeps that a paper reached its addressee 送达; an order or judicial document moves its case with it."""
        document = self.get(Document, document_id)
        case = self.get(Case, document.case_id)
        expires_on = document.serve(method=method, receipt=receipt, served_on=served_on, today=today())
        case.paper_served(
            kind=document.kind, document_id=document_id, served_on=served_on, expires_on=expires_on, today=today()
        )
        return self.record(document, case)

    def record_document_result(self, *, document_id: UUID, result: str, found_on: date) -> Answer:
        """Says what came of a paper 文书办理结果: complied with, in part, not, or taken back before its service."""
        document = self.get(Document, document_id)
        document.find_result(result=result, found_on=found_on, found_by=who_acts().actor, today=today())
        return self.record(document)

    def set_aside_document(self, *, document_id: UUID, decided_by: str, decision: str, decided_on: date) -> Answer:
        """Keeps that a court, a review or the level above set a served paper aside 撤销; its case goes back to where it stood before."""
        document = self.get(Document, document_id)
        case = self.get(Case, document.case_id)
        document.set_aside(
            decided_by=decided_by, decision=decision, decided_on=decided_on, found_by=who_acts().actor, today=today()
        )
        proceedings = self.find_latest_proceedings(case.id)
        if proceedings is not None and proceedings.ground in case.papers_from(document_id):
            proceedings.fall(fell_on=decided_on)
        case.paper_set_aside(document_id=document_id, decided_on=decided_on, today=today())
        return self.record(document, case, *([] if proceedings is None else [proceedings]))

    def record_proceeding(
        self, *, case_id: UUID, proceeding: str, paper: str, made_on: date, comply_by: date | None = None
    ) -> Answer:
        """Keeps what the court or the procuratorate did 司法进展; `paper` is its number, `comply_by` the day it sets."""
        case = self.get(Case, case_id)
        case.record_proceeding(proceeding=proceeding, paper=paper, made_on=made_on, comply_by=comply_by, today=today())
        return self.record(case)

    # Back to the seat

    def record_return(self, *, case_id: UUID, school: str, returned_on: date, seat_days: int = 0) -> Answer:
        """Says that the child is back in class 复学, and on how many school days it was seen there so far."""
        case = self.get(Case, case_id)
        case.come_back(school=school, returned_on=returned_on, seat_days=seat_days, today=today())
        return self.record(case)

    def count_seat_days(self, *, case_id: UUID, seat_days: int) -> Answer:
        """States the school days seen in class since the return, all told 在校天数."""
        case = self.get(Case, case_id)
        case.count_seat_days(seat_days=seat_days, today=today())
        return self.record(case)

    def record_attendance(self, *, school: str, seen: tuple[DayInClass, ...]) -> Answer:
        """A school tells who sat in class on which day 到课登记, all or none; answers the first case's id.

        A child missing on too many days in a row is gone again, and its next case opens.
        """
        refuse_more_than_one_list(seen)
        cases = {each.case_id: self.get(Case, each.case_id) for each in seen}
        following: dict[UUID, Case] = {}
        for each in sorted(seen, key=lambda each: each.on):
            case = cases[each.case_id]
            case.must_sit_in(school, act="record_attendance")
            if case.id not in following:
                again = case.take_attendance(seen_on=each.on, present=each.present, today=today())
                following |= {} if again is None else {case.id: again}
        return self.record(*cases.values(), *following.values(), answer=seen[0].case_id)

    def watch_case(self, *, case_id: UUID) -> Answer:
        """Takes the return as proven and watches the child for a term 跟踪观察."""
        case = self.get(Case, case_id)
        case.watch(today=today())
        return self.record(case)

    def close_case(self, *, case_id: UUID) -> Answer:
        """Closes a case whose watch is over 结案."""
        self._require_witnessed("close_case")
        case = self.get(Case, case_id)
        case.close(today=today())
        return self.record(case)

    def record_relapse(self, *, case_id: UUID, cause: str = "relapse", finding_id: UUID | None = None) -> Answer:
        """Says that a child who was back is gone again 复辍: ends the case and opens the next; answers the next one's id."""
        case = self.get(Case, case_id)
        following = case.relapse(cause=cause, finding_id=finding_id, today=today())
        return self.record(case, following, answer=following.id)

    # The clock

    def pause_step(self, *, case_id: UUID, reason: str) -> Answer:
        """Lets the clock of the owed step stand, for a reason of the list 中止."""
        case = self.get(Case, case_id)
        case.pause(reason=reason, today=today())
        return self.record(case)

    def resume_step(self, *, case_id: UUID) -> Answer:
        """Lets a clock that stands run again 恢复."""
        case = self.get(Case, case_id)
        case.resume(today=today())
        return self.record(case)

    def request_extension(self, *, case_id: UUID, days: int, reason: str) -> Answer:
        """Asks for more time for the owed step 延期申请: `days` in the unit of its rule, at most the term itself, once."""
        case = self.get(Case, case_id)
        case.ask_extension(days=days, reason=reason, asked_by=who_acts().actor, today=today())
        return self.record(case)

    def grant_extension(self, *, case_id: UUID) -> Answer:
        """Grants the time asked for 准予延期; whoever asked can't."""
        case = self.get(Case, case_id)
        case.grant_extension(approver=who_acts().actor)
        return self.record(case)

    def decline_extension(self, *, case_id: UUID, reason: str) -> Answer:
        """Declines the time asked for 不予延期."""
        case = self.get(Case, case_id)
        case.decline_extension(reason=reason)
        return self.record(case)

    # Clearance

    def request_clearance(
        self, *, case_id: UUID, resolution: str, evidence_kind: str, evidence: str, expires_on: date | None = None
    ) -> Answer:
        """Asks to clear a case with a resolution code R1–R13 销号申请; `evidence` is the paper's reference, naming nobody."""
        case = self.get(Case, case_id)
        clearance = Clearance.ask(
            resolution=resolution,
            evidence_kind=evidence_kind,
            evidence=evidence,
            asked_by=who_acts().actor,
            expires_on=expires_on,
            today=today(),
        )
        case.ask_clearance(clearance=clearance)
        return self.record(case)

    def approve_clearance(self, *, case_id: UUID) -> Answer:
        """Clears the case as asked 销号; whoever asked can't be the one who approves."""
        self._require_witnessed("approve_clearance")
        case = self.get(Case, case_id)
        case.approve_clearance(approver=who_acts().actor, today=today())
        return self.record(case)

    def decline_clearance(self, *, case_id: UUID, reason: str) -> Answer:
        """Declines a clearance, or takes one's own back 不予销号; the case goes on."""
        case = self.get(Case, case_id)
        case.decline_clearance(reason=reason)
        return self.record(case)

    # Other departments

    def open_referral(self, *, case_id: UUID, to: str, purpose: str, request: str, reply_by: date) -> Answer:
        """Asks another department 转办; answers the referral's id."""
        case = self.get(Case, case_id)
        referral = Referral.open(
            case_id=case_id,
            child_id=case.child_id,
            earlier=self._latest(Referral, lambda n: id_of_referral(case_id, to=to, purpose=purpose, number=n)),
            to=to,
            purpose=purpose,
            request=request,
            asked_by=who_acts().department,
            reply_by=reply_by,
            today=today(),
        )
        return self.record(referral)

    def accept_referral(self, *, referral_id: UUID) -> Answer:
        """The department asked takes it on 受理."""
        referral = self.get(Referral, referral_id)
        referral.accept(department=who_acts().department)
        return self.record(referral)

    def answer_referral(self, *, referral_id: UUID, outcome: str, decision: Decision | None = None) -> Answer:
        """The department asked answers 办结回复; about help it says what it decided."""
        referral = self.get(Referral, referral_id)
        referral.answer(outcome=outcome, department=who_acts().department, today=today(), decision=decision)
        return self.record(referral)

    def record_crime_decision(self, *, referral_id: UUID, decision: str, paper: str, decided_on: date) -> Answer:
        """Keeps what police, procuratorate or court decided of a suspected crime that was handed over 刑事处理结果."""
        referral = self.get(Referral, referral_id)
        referral.record_crime_decision(
            decision=decision, paper=paper, decided_on=decided_on, department=who_acts().department, today=today()
        )
        return self.record(referral)

    def hand_on_referral(self, *, referral_id: UUID, to: str, outcome: str, request: str, reply_by: date) -> Answer:
        """The department that leads says what it found and hands the matter on 移送; answers the next referral's id."""
        referral = self.get(Referral, referral_id)
        following = referral.hand_on(
            to=to,
            earlier=self._latest(
                Referral, lambda n: id_of_referral(referral.case_id, to=to, purpose=referral.purpose, number=n)
            ),
            outcome=outcome,
            request=request,
            reply_by=reply_by,
            department=who_acts().department,
            today=today(),
        )
        return self.record(referral, following, answer=following.id)

    def return_referral(self, *, referral_id: UUID, reason: str) -> Answer:
        """The department asked gives a referral back 退回."""
        referral = self.get(Referral, referral_id)
        referral.give_back(reason=reason, department=who_acts().department)
        return self.record(referral)

    def revoke_referral(self, *, referral_id: UUID, reason: str) -> Answer:
        """The asking side takes a referral back 撤回."""
        referral = self.get(Referral, referral_id)
        referral.revoke(reason=reason, department=who_acts().department)
        return self.record(referral)

    # Time

    def expire_steps(self, *, case_id: UUID) -> Answer:
        """Lets today's date work on a case 逾期处理: a late step goes one level up, one that is near is told of, a lapsed deferral re-opens."""
        case = self.get(Case, case_id)
        case.expire(today=today())
        case.warn(today=today())
        opened = case.lapse(latest=self.find_latest_case(case.child_id) or case, today=today())
        return self.record(case, *opened)

    def keep_attachment(
        self,
        *,
        attachment_id: UUID,
        child_id: UUID,
        case_id: UUID | None,
        shows: str,
        media_type: str,
        size: int,
        sha256: str,
        document_id: UUID | None = None,
    ) -> Answer:
        """Keeps that a photo or scan was handed in 影像佐证; its bytes lie in the store of files."""
        if case_id is not None:
            self.get(Case, case_id).must_concern(child_id, act="keep_attachment")
        if document_id is not None:
            self.get(Document, document_id).must_concern(child_id, act="keep_attachment")
        attachment = Attachment.keep(
            attachment_id=attachment_id,
            child_id=child_id,
            case_id=case_id,
            shows=shows,
            media_type=media_type,
            size=size,
            sha256=sha256,
            today=today(),
            document_id=document_id,
        )
        return self.record(attachment)

    def note_unnamed(self, *, case_id: UUID, roles: tuple[str, ...]) -> Answer:
        """Nobody answers in these roles for a child who is looked for 责任人缺失; once for the same roles."""
        case = self.get(Case, case_id)
        case.note_unnamed(roles=roles, today=today())
        return self.record(case)

    def miss_visit(self, *, plan_id: UUID) -> Answer:
        """The day of a planned visit passed without one 家访逾期; once for each day."""
        plan = self.get(VisitPlan, plan_id)
        plan.miss(today=today())
        return self.record(plan)

    # A child that moves, and entries that turn out to be one

    def move_case(
        self,
        *,
        case_id: UUID,
        township: str | None = None,
        village: str | None = None,
        school: str | None = None,
        stage: str | None = None,
    ) -> Answer:
        """The child belongs elsewhere now 个案转移; what is not said stays as it is."""
        case = self.get(Case, case_id)
        said = {"township": township, "village": village, "school": school, "stage": stage}
        case.move(place=replace(case.place, **{name: value for name, value in said.items() if value is not None}))
        return self.record(case)

    def merge_case(self, *, case_id: UUID, into_case: UUID) -> Answer:
        """The entry was another child's 并案: what is to be done goes on in that child's case."""
        case = self.get(Case, case_id)
        case.merge_into(into=self.get(Case, into_case), today=today())
        return self.record(case)

    # What its own policy asks of it

    def find_latest_case(self, child_id: UUID) -> Case | None:
        """The child's latest case, open or ended."""
        return self._latest(Case, lambda n: id_of_case(child_id, n))

    def find_latest_proceedings(self, case_id: UUID) -> Proceedings | None:
        """The case's latest file of proceedings, going on or ended."""
        return self._latest(Proceedings, lambda n: Proceedings.id_of(case_id, n))

    def _issue(
        self, case: Case, *, kind: str, issuer: str, number: str, term_days: int
    ) -> tuple[Document, *tuple[NumberBook, ...]]:
        """The paper, and the book that gave its number where the office gave none."""
        n = 1
        while self.find(Document, id_of_document(case.id, kind=kind, number_in_case=n)) is not None:
            n += 1
        document_id = id_of_document(case.id, kind=kind, number_in_case=n)
        books: tuple[NumberBook, ...] = ()
        if not number:
            year = today().year
            book = self.find(NumberBook, NumberBook.id_of(issuer=issuer, kind=kind, year=year))
            book = book or NumberBook.open(issuer=issuer, kind=kind, year=year)
            books, number = (book,), book.take(document_id=document_id)
        document = Document.issue(
            document_id=document_id,
            case_id=case.id,
            child_id=case.child_id,
            kind=kind,
            number=number,
            issuer=issuer,
            term_days=term_days,
            today=today(),
        )
        return document, *books

    def _latest(self, kind: type[A], id_of: Callable[[int], UUID]) -> A | None:
        latest, n = None, 1
        while (found := self.find(kind, id_of(n))) is not None:
            latest, n = found, n + 1
        return latest
