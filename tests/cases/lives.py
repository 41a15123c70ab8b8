"""Lives of every aggregate, told by their own decisions on fixed days: what publisher and histories are checked with."""

import hashlib
import random
from dataclasses import replace
from uuid import UUID

from services.cases.domain.admonition import Accountability, Admonition
from services.cases.domain.assignment import Assignment
from services.cases.domain.attachment import Attachment
from services.cases.domain.case import Case
from services.cases.domain.county_report import CountyReport
from services.cases.domain.data_request import DataRequest
from services.cases.domain.deputy import Deputy
from services.cases.domain.disclosure import Body, Disclosure, Reached
from services.cases.domain.disclosure_ledger import DisclosureLedger
from services.cases.domain.document import Document, id_of_document
from services.cases.domain.entry_cohort import EntryCohort
from services.cases.domain.inspection import Inspection
from services.cases.domain.ladder import State
from services.cases.domain.late_reply import Awaited, LateReply, NearReply
from services.cases.domain.letter import AssistanceLetter, ProcuratorateNotice
from services.cases.domain.number_book import NumberBook
from services.cases.domain.pack import StatisticsPack
from services.cases.domain.persuasion_list import PersuasionList
from services.cases.domain.post import Post
from services.cases.domain.proceedings import Proceedings
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral
from services.cases.domain.statement import Statement
from services.cases.domain.visit import Visit, VisitPlan
from services.cases.domain.zero_report import ZeroReport
from services.chassis.aggregate import RecordedAggregate
from tests.cases.counties import county, tables_of
from tests.cases.given import (
    CHILD,
    GRANTED,
    MONDAY,
    OTHER_CHILD,
    PUPIL,
    UNENROLLED,
    acting_on,
    brought_to,
    clearance,
    days,
    opened,
)
from tests.cases.schools import MEASURED, lines_of

TOWNSHIP = "township:410326103"
CIVIL_AFFAIRS = "civil_affairs:410326"
POLICE = "public_security:410326"
NEAR = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b13")
PHOTO = UUID("4d5e6f70-8192-4a3b-8c4d-5e6f708192a3")
VISIT = UUID("6a1d3f44-52d1-4e0a-9a0e-8d9c0b1a2f33")
INSPECTION = UUID("f0a1c2d3-1111-4222-8333-444455556666")
SUMMONS = UUID("9b1d8a0e-3c4d-4e5f-8a9b-0c1d2e3f4a5b")
NOTICE = UUID("0d1e2f3a-4b5c-4d6e-8f70-8192a3b4c5d6")
DECISION = UUID("7e6d5c4b-3a29-4817-8605-f4e3d2c1b0a9")
OTHER_REPORT = UUID("2c3d4e5f-6071-4829-93a4-b5c6d7e8f901")
NAMED_REPORT = UUID("5a1c2b3d-4e5f-4607-8899-aabbccddeeff")
FOLLOWED_REPORT = UUID("7c3e4d5f-2071-4829-aabb-ccddeeff0011")
LATE_REPORT = UUID("6b2d3c4e-1f60-4718-99aa-bbccddeeff00")
REPORT = UUID("1f6d7c3e-0d6b-4f53-8c5e-2f4dd40a9c11")


def paper(case: Case, *, kind: str, issuer: str, term_days: int, on: int, served: bool = True) -> Document:
    """A paper of a case, issued on a day after the Monday and served on the next."""
    with acting_on(MONDAY + days(on)):
        document = Document.issue(
            document_id=id_of_document(case.id, kind=kind, number_in_case=1),
            case_id=case.id,
            child_id=case.child_id,
            kind=kind,
            number="2026-12",
            issuer=issuer,
            term_days=term_days,
            today=MONDAY + days(on),
        )
    day = MONDAY + days(on + 1)
    if served:
        with acting_on(day):
            expires_on = document.serve(method="direct", receipt="hz-12", served_on=day, today=day)
            case.paper_served(kind=kind, document_id=document.id, served_on=day, expires_on=expires_on, today=day)
    return document


def a_long_way_back() -> list[RecordedAggregate]:
    """A pupil who is late verified, ordered back, taken to justice, comes back, is gone again, and stays at last."""
    case = opened(place=PUPIL)
    with acting_on(MONDAY + days(8)):
        case.expire(today=MONDAY + days(8))
        case.begin_verification(today=MONDAY + days(8))
        case.confirm(causes=("work", "poverty"), today=MONDAY + days(8))
        case.persuade(method="home_visit", outcome="refused", note="", made_on=MONDAY + days(8), today=MONDAY + days(8))
    report = paper(case, kind="written_report", issuer="school:3141000300", term_days=0, on=9, served=False)
    with acting_on(MONDAY + days(9)):
        case.report(document_id=report.id, today=MONDAY + days(9))
    order = paper(case, kind="order_to_correct", issuer=TOWNSHIP, term_days=10, on=12)
    judicial = paper(case, kind="judicial_document", issuer="justice:410326", term_days=10, on=30)
    back_on = MONDAY + days(42)
    with acting_on(back_on):
        case.come_back(school="3141000300", returned_on=back_on, seat_days=1, today=back_on)
    with acting_on(MONDAY + days(50)):
        following = case.relapse(cause="relapse", finding_id=None, today=MONDAY + days(50))
        following.come_back(school="3141000300", returned_on=MONDAY + days(50), seat_days=0, today=MONDAY + days(50))
    with acting_on(MONDAY + days(80)):
        following.count_seat_days(seat_days=20, today=MONDAY + days(80))
        following.watch(today=MONDAY + days(80))
    with acting_on(MONDAY + days(200)):
        following.close(today=MONDAY + days(200))
    return [case, report, order, judicial, following]


def a_lost_child_deferred() -> list[RecordedAggregate]:
    """A child without a school who can't be found, then turns out to be ill and deferred, until the deferral lapses."""
    case = opened(place=UNENROLLED, child_id=OTHER_CHILD)
    until = MONDAY + days(300)
    with acting_on(MONDAY):
        case.begin_verification(today=MONDAY)
        case.report_unreachable(today=MONDAY)
        case.ask_clearance(clearance=clearance())
        case.decline_clearance(reason="the copy can't be read")
        case.ask_clearance(clearance=clearance("R9", evidence_kind="deferral_approval", expires_on=until))
    with acting_on(MONDAY + days(1), actor="officer-2"):
        case.approve_clearance(approver="officer-2", today=MONDAY + days(1))
    with acting_on(until + days(1)):
        following = case.lapse(latest=case, today=until + days(1))
    return [case, *following]


def a_clock_that_stood() -> list[RecordedAggregate]:
    """A clock stands while the child is in hospital and is given more time; the guardian is fined, called to pay, and sued."""
    case = opened(place=PUPIL)
    with acting_on(MONDAY + days(1)):
        case.pause(reason="hospital", today=MONDAY + days(1))
    with acting_on(MONDAY + days(5)):
        case.resume(today=MONDAY + days(5))
        case.ask_extension(days=2, reason="the road is cut off", asked_by="officer-1", today=MONDAY + days(5))
        case.decline_extension(reason="say which road")
        case.ask_extension(days=2, reason="the road to the village", asked_by="officer-1", today=MONDAY + days(5))
        case.grant_extension(approver="officer-2")
        case.begin_verification(today=MONDAY + days(5))
        case.confirm(causes=("marriage",), today=MONDAY + days(5))
        case.move(place=replace(PUPIL, township="410326102", village="410326102201"))
        case.persuade(method="phone", outcome="refused", note="", made_on=MONDAY + days(5), today=MONDAY + days(5))
        case.report(document_id=REPORT, today=MONDAY + days(5))
    papers = [
        paper(case, kind="order_to_correct", issuer=TOWNSHIP, term_days=10, on=12),
        paper(case, kind="penalty_decision", issuer=TOWNSHIP, term_days=15, on=30),
        paper(case, kind="performance_notice", issuer=TOWNSHIP, term_days=10, on=50),
        paper(case, kind="judicial_document", issuer="court:410326", term_days=10, on=70),
    ]
    later = MONDAY + days(80)
    with acting_on(later):
        case.record_proceeding(
            proceeding="guardian_order", paper="2026-77", made_on=later, comply_by=later + days(5), today=later
        )
        case.merge_into(into=opened(on=later, child_id=OTHER_CHILD), today=later)
    return [case, *papers]


def a_last_day_that_is_near() -> list[RecordedAggregate]:
    """Who owes the first look at a child is told that its last day is near."""
    case = opened(child_id=NEAR)
    with acting_on(MONDAY + days(4)):
        case.warn(today=MONDAY + days(4))
    return [case]


def a_paper_set_aside() -> list[RecordedAggregate]:
    """An order is served, and a court sets it aside: the case stands on the school's report again."""
    case = opened(place=PUPIL)
    with acting_on(MONDAY):
        case.begin_verification(today=MONDAY)
        case.confirm(causes=("work",), today=MONDAY)
        case.persuade(method="phone", outcome="refused", note="", made_on=MONDAY, today=MONDAY)
        case.report(document_id=REPORT, today=MONDAY)
    order = paper(case, kind="order_to_correct", issuer=TOWNSHIP, term_days=10, on=12)
    day = MONDAY + days(20)
    with acting_on(day):
        order.set_aside(decided_by="court", decision="2026-9", decided_on=day, found_by="officer-1", today=day)
        case.paper_set_aside(document_id=order.id, decided_on=day, today=day)
    return [case, order]


def a_way_through_the_courts() -> list[RecordedAggregate]:
    """A township sues: not taken on, then judged, appealed, remitted, judged again and carried out; one taken back, one whose ground fell."""
    case = opened(place=PUPIL)
    with acting_on(MONDAY):
        case.begin_verification(today=MONDAY)
        case.confirm(causes=("work",), today=MONDAY)
        case.persuade(method="phone", outcome="refused", note="", made_on=MONDAY, today=MONDAY)
        case.report(document_id=REPORT, today=MONDAY)
    order = paper(case, kind="order_to_correct", issuer=TOWNSHIP, term_days=10, on=12)
    day = MONDAY + days(40)
    files: list[Proceedings] = []

    def sue() -> Proceedings:
        ground = case.allow_proceedings(kind="suit", filed_on=day)
        file = Proceedings.file(
            case_id=case.id,
            child_id=case.child_id,
            earlier=files[-1] if files else None,
            kind="suit",
            brought_by=TOWNSHIP,
            supported_by="procuratorate:410326",
            authority="court:410326",
            ground=ground,
            filed_on=day,
            today=day,
        )
        files.append(file)
        case.follow_proceedings(
            proceedings_id=file.id, ground=ground, trigger="suit_filed", counted_from=day, today=day
        )
        return file

    with acting_on(day):
        turned_down = sue()
        turned_down.decline(paper="2026-1", declined_on=day, today=day)
        case.proceedings_failed(proceedings_id=turned_down.id, outcome="declined", decided_on=day, today=day)
        suit = sue()
        suit.accept(docket="(2026)豫0326民初77号", accepted_on=day, today=day)
        suit.hear(heard_on=day, today=day)
        for decision in ("granted", "dismissed"):
            suit.decide(decision=decision, paper="2026-78", decided_on=day, comply_by=None, today=day)
            suit.serve(method="direct", receipt="hz-78", served_on=day, today=day)
            suit.appeal(appellant="guardian", appealed_on=day, today=day)
            if decision == "granted":
                suit.decide(decision="remitted", paper="2026-79", decided_on=day, comply_by=None, today=day)
        suit.decide(decision="granted", paper="2026-80", decided_on=day, comply_by=day + days(5), today=day)
        suit.serve(method="direct", receipt="hz-80", served_on=day, today=day)
        suit.enforce(paper="2026-81", enforced_on=day, today=day)
        sue().withdraw(paper="2026-82", withdrawn_on=day, today=day)
        sue().fall(fell_on=day)
    return [case, order, *files]


def around_a_case() -> list[RecordedAggregate]:
    """A referral answered and one taken back, a report of the public, an official who hands over."""
    case = opened()
    with acting_on(MONDAY):
        referrals = [
            Referral.open(
                case_id=case.id,
                child_id=CHILD,
                earlier=None,
                to="civil_affairs",
                purpose=purpose,
                request="look into it",
                asked_by=TOWNSHIP,
                reply_by=MONDAY + days(10),
                today=MONDAY,
            )
            for purpose in ("social_assistance", "guardianship")
        ]
        referrals[0].accept(department=CIVIL_AFFAIRS)
        referrals[0].answer(outcome="relief granted", department=CIVIL_AFFAIRS, today=MONDAY, decision=GRANTED)
        referrals[1].revoke(reason="asked by mistake", department=TOWNSHIP)
        report = PublicReport.receive(report_id=REPORT, informant="", text="sealed", township="410326103", today=MONDAY)
        cadre = Assignment.assign(child_id=CHILD, earlier=None, role="village_cadre", officer="cadre-1", from_on=MONDAY)
        following = cadre.end(until_on=MONDAY + days(30), successor="cadre-2", looked_for=False)
    return [*referrals, report, cadre, *following]


def a_suspected_crime() -> list[RecordedAggregate]:
    """A guardian's refusal handed over to the police, which filed it; the procuratorate charged, the court convicted."""
    case = opened()
    with acting_on(MONDAY):
        referral = Referral.open(
            case_id=case.id,
            child_id=CHILD,
            earlier=None,
            to="public_security",
            purpose="suspected_crime",
            request="a judgment in force is not complied with",
            asked_by=TOWNSHIP,
            reply_by=MONDAY + days(10),
            today=MONDAY,
        )
        referral.accept(department=POLICE)
    for number, decision in enumerate(("not_filed", "filed", "charged", "convicted"), start=1):
        on = MONDAY + days(30 * number)
        with acting_on(on):
            referral.record_crime_decision(
                decision=decision, paper=f"2026-{number}", decided_on=on, department=POLICE, today=on
            )
            if decision == "filed":
                referral.answer(outcome="filed after review", department=POLICE, today=on)
    return [referral]


def a_year_of_oversight() -> list[RecordedAggregate]:
    """Visits, a list and a statement signed, an inspection to its end, a summons, a letter and a notice, each answered."""
    later = MONDAY + days(31)
    with acting_on(MONDAY):
        report = PublicReport.receive(
            report_id=OTHER_REPORT, informant="", text="sealed", township="410326103", today=MONDAY
        )
        report.handle(outcome="passed_on", case_id=None, today=MONDAY)
        case = opened()
        returned = Referral.open(
            case_id=case.id,
            child_id=CHILD,
            earlier=None,
            to="human_resources",
            purpose="child_labour",
            request="look into it",
            asked_by=TOWNSHIP,
            reply_by=MONDAY + days(10),
            today=MONDAY,
        )
        returned.give_back(reason="outside the county", department="human_resources:410326")
        statement = Statement.sign(
            level="county_township",
            year=2026,
            superior="county:410326",
            party=TOWNSHIP,
            township="410326103",
            above=None,
            today=MONDAY,
        )
        decision = Accountability.decide(
            decision_id=DECISION,
            unit=TOWNSHIP,
            township="410326103",
            ground="inspection 7",
            measure="written_review",
            number="2026-9",
            by="county:410326",
            today=MONDAY,
        )
    with acting_on(later):
        zero = ZeroReport.sign(
            unit="school:3141000300",
            township="410326103",
            month="2026-09",
            signer="head-1",
            dropouts=0,
            today=later,
        )
    others = [*visits(), a_photo(), a_number(), signed_list(case), inspected(), *over_the_border(case)]
    return [report, case, returned, statement, decision, zero, *others]


def who_answers() -> list[RecordedAggregate]:
    """A village's post filled, deputised and handed over, a child's own helper with a deputy, and a child left to nobody."""
    later = MONDAY + days(5)
    with acting_on(MONDAY):
        post = Post.fill(unit="village:410326103201", role="village_cadre", officer="cadre-1", from_on=MONDAY)
        post.deputise(deputy=Deputy(officer="cadre-2", from_on=MONDAY, until_on=MONDAY + days(3)))
        post.hand_over(successor="cadre-3", from_on=later)
        helper = Assignment.assign(child_id=CHILD, earlier=None, role="helper", officer="helper-1", from_on=MONDAY)
        helper.deputise(deputy=Deputy(officer="helper-2", from_on=MONDAY, until_on=MONDAY + days(3)))
        report = PublicReport.receive(
            report_id=NAMED_REPORT, informant="sealed", text="sealed", township="410326103", today=MONDAY
        )
    case = opened()
    with acting_on(later):
        case.note_unnamed(roles=("principal", "teacher"), today=later)
    return [post, helper, report, case]


def a_child_searched_for() -> list[RecordedAggregate]:
    """A missing child searched for twice and found, seen in class by the day; a letter taken back, a report looked into."""
    case = opened(place=PUPIL)
    with acting_on(MONDAY):
        case.begin_verification(today=MONDAY)
        case.report_unreachable(today=MONDAY)
        case.report(document_id=REPORT, today=MONDAY)
        report = PublicReport.receive(
            report_id=LATE_REPORT,
            informant="",
            text="sealed",
            township="410326103",
            follow_up="0f" * 32,
            today=MONDAY,
        )
        letter = AssistanceLetter.send(
            case_id=case.id,
            child_id=CHILD,
            earlier=None,
            place="440307",
            number="2026-12",
            request="is the child with you",
            reply_by=MONDAY + days(10),
            today=MONDAY,
        )
    for number in (10, 30):
        day = MONDAY + days(number)
        with acting_on(day):
            case.search(method="relatives", note="sealed", made_on=day, today=day)
    back_on = MONDAY + days(35)
    with acting_on(back_on):
        case.come_back(school="3141000300", returned_on=back_on, seat_days=0, today=back_on)
        case.take_attendance(seen_on=back_on, present=True, today=back_on)
        letter.withdraw(today=back_on)
        report.inquire(method="village", note="sealed", made_on=back_on, today=back_on)
        report.handle(outcome="not_so", case_id=None, today=back_on)
    return [case, report, letter]


def a_report_followed_up() -> list[RecordedAggregate]:
    """Whoever told a report adds a word before anything came of it."""
    secret = "2QX4TDHJ4KP7K2M"
    with acting_on(MONDAY):
        report = PublicReport.receive(
            report_id=FOLLOWED_REPORT,
            informant="sealed",
            text="sealed",
            township="410326103",
            follow_up=hashlib.sha256(secret.encode()).hexdigest(),
            today=MONDAY,
        )
        report.supplement(secret=secret, text="sealed", today=MONDAY)
    return [report]


def a_paper_that_was_ignored() -> list[RecordedAggregate]:
    """An order nobody complied with in its term."""
    case = brought_to(State.REPORTED)  # on the Monday
    order = paper(case, kind="order_to_correct", issuer=TOWNSHIP, term_days=10, on=1)
    day = MONDAY + days(13)
    with acting_on(day):
        order.find_result(result="not_complied", found_on=day, found_by="clerk-1", today=day)
    return [case, order]


def a_number() -> NumberBook:
    """An office's book, and the first paper of the year."""
    with acting_on(MONDAY):
        book = NumberBook.open(issuer=TOWNSHIP, kind="order_to_correct", year=2026)
        book.take(document_id=REPORT)
    return book


def a_photo() -> Attachment:
    """A photo of a visit."""
    with acting_on(MONDAY):
        return Attachment.keep(
            attachment_id=PHOTO,
            child_id=CHILD,
            case_id=None,
            shows="visit",
            media_type="image/jpeg",
            size=3,
            sha256="0f" * 32,
            today=MONDAY,
        )


def visits() -> list[RecordedAggregate]:
    """A visit that counts for a plan, a day that passes without one, and the plan's end."""
    with acting_on(MONDAY):
        plan = VisitPlan.begin(
            child_id=CHILD, earlier=None, visitor="teacher-1", reason="returned", every_days=30, today=MONDAY
        )
        visit = Visit.make(
            visit_id=VISIT,
            child_id=CHILD,
            case_id=None,
            method="home_visit",
            attitude="agreed",
            promise="sealed",
            visitor="teacher-1",
            visited_on=MONDAY,
            next_on=MONDAY + days(30),
            attachments=(),
            today=MONDAY,
        )
    later = MONDAY + days(70)
    with acting_on(later):
        plan.visited(visited_on=MONDAY + days(20))
        plan.miss(today=later)
        plan.end(reason="at boarding school", today=later)
    return [plan, visit]


def signed_list(case: Case) -> PersuasionList:
    """A month's list with its first signature."""
    with acting_on(MONDAY):
        month = PersuasionList.open(
            township="410326103", month="2026-09", returned=(), not_returned=(case.id,), today=MONDAY
        )
        month.sign(role="village_secretary", signer="cadre-1", holders=frozenset({"cadre-1"}), today=MONDAY)
    return month


def inspected() -> Inspection:
    """An inspection whose one finding is put right at the second look."""
    with acting_on(MONDAY):
        inspection = Inspection.open(
            inspection_id=INSPECTION,
            unit=TOWNSHIP,
            township="410326103",
            matter="ledgers",
            population=(CHILD, OTHER_CHILD),
            size=1,
            today=MONDAY,
        )
        inspection.find(finding="no visit record", owed_by=TOWNSHIP, due_on=MONDAY + days(10), today=MONDAY)
        inspection.report(number=1, evidence="photo 3", unit=TOWNSHIP, reporter="cadre-1", today=MONDAY)
        inspection.check(number=1, right=True, due_on=None, checker="inspector-1", today=MONDAY)
        inspection.close(today=MONDAY)
    return inspection


def over_the_border(case: Case) -> list[RecordedAggregate]:
    """A summons, a letter to another province and a notice of the procuratorate, each answered."""
    reply_by, late = MONDAY + days(10), MONDAY + days(11)
    with acting_on(MONDAY):
        summons = Admonition.issue(
            admonition_id=SUMMONS,
            kind="interview",
            unit=TOWNSHIP,
            township="410326103",
            number="2026-3",
            ground="three steps ran out",
            reply_by=reply_by,
            today=MONDAY,
        )
        letter = AssistanceLetter.send(
            case_id=case.id,
            child_id=CHILD,
            earlier=None,
            place="440306",
            number="2026-11",
            request="is the child at school with you",
            reply_by=reply_by,
            today=MONDAY,
        )
        notice = ProcuratorateNotice.receive(
            notice_id=NOTICE,
            number="2026-5",
            matter="children in work",
            township="410326103",
            case_id=None,
            reply_by=reply_by,
            today=MONDAY,
        )
    with acting_on(late):
        summons.answer(answer="visits from now on", unit=TOWNSHIP, today=late)
        letter.remind(reply_by=late + days(10), today=late)
        letter.answer(outcome="at_school", paper="2026-88", today=late)
        notice.answer(answer="all visited", paper="2026-6", today=late)
    return [summons, letter, notice]


def an_answer_that_is_due_soon() -> list[RecordedAggregate]:
    """A unit called to order is told two days before its day."""
    with acting_on(MONDAY):
        awaited = Awaited(
            matter="admonition", about=SUMMONS, owed_by=TOWNSHIP, due_on=MONDAY + days(2), township="410326103"
        )
        return [NearReply.warn(awaited, today=MONDAY)]


def an_answer_that_came_late() -> list[RecordedAggregate]:
    """A unit called to order lets its day pass, and the next level's days as well, before it answers."""
    with acting_on(MONDAY):
        late = LateReply.note(
            Awaited(
                matter="admonition", about=SUMMONS, owed_by=TOWNSHIP, due_on=MONDAY - days(1), township="410326103"
            ),
            today=MONDAY,
        )
    with acting_on(MONDAY + days(8)):
        late.climb(today=MONDAY + days(8))
        late.settle(today=MONDAY + days(8))
    return [late]


def a_report_to_the_county() -> list[RecordedAggregate]:
    """The bureau reports one dropout and one child that can't be found."""
    with acting_on(MONDAY):
        report = CountyReport.make(
            report_id=NOTICE,
            unit="education_bureau:410326",
            number="〔2026〕1号",
            confirmed=(CHILD,),
            unreachable=(OTHER_CHILD,),
            today=MONDAY,
        )
    return [report]


def what_guardians_asked() -> list[RecordedAggregate]:
    """A guardian has a birth date corrected, another asks to delete and is refused, a third one's child is erased."""
    asked = {"child_id": OTHER_CHILD, "township": "410326103", "unit": TOWNSHIP, "today": MONDAY}
    with acting_on(MONDAY):
        correction = DataRequest.receive(
            **asked, number=1, kind="correction", about="identity", asked_by="mother", request="出生日期有误"
        )
        deletion, erased = (
            DataRequest.receive(
                **asked, number=number, kind="deletion", about="", asked_by="father", request="删除全部信息"
            )
            for number in (2, 3)
        )
        correction.check_requester(shown="household_register", today=MONDAY)
        correction.assign(unit="education_bureau:410326", officer="officer-2", by=TOWNSHIP, today=MONDAY)
        deletion.check_requester(shown="guardianship_paper", today=MONDAY)
    with acting_on(MONDAY + days(9)):
        today = MONDAY + days(9)
        correction.hear_correction(today=today)
        correction.answer(
            outcome="corrected", answer="已按户籍更正", content="", unit="education_bureau:410326", today=today
        )
        deletion.decline(ground="statutory_duty", answer="适龄儿童须劝返", unit=TOWNSHIP, today=today)
        erased.hear_end("erased", today=today)
    return [correction, deletion, erased]


def a_disclosure_withdrawn_and_one_discarded() -> list[RecordedAggregate]:
    """The bureau makes its numbers public and takes them back; another try is let go of."""
    with acting_on(MONDAY):
        ledger = DisclosureLedger.open("education_bureau:410326")
        released, discarded = (_prepared(disclosure_id) for disclosure_id in (NOTICE, SUMMONS))
        released.approve(approver="officer-2", today=MONDAY)
        number = ledger.enter(disclosure_id=released.id, sha256=released.content.sha256)
        released.release(number=number, releaser="officer-1", today=MONDAY)
        released.withdraw(reason="乡镇一栏有误", today=MONDAY)
        discarded.discard(reason="任务一栏要改", today=MONDAY)
    return [ledger, released, discarded]


def _prepared(disclosure_id: UUID) -> Disclosure:
    return Disclosure.prepare(
        disclosure_id=disclosure_id,
        unit="education_bureau:410326",
        counted=tables_of(county(random.Random(3))),  # noqa: S311  # a county to count, no secret
        reached=(Reached(service="roster", position=7),),
        tasks=("零辍学",),
        methods=("每学期开学一周内核实未报到学生",),
        bodies=(Body(unit="township:410326103", duty="责令限期改正"),),
        earlier=(),
        school_year="2026-2027",
        preparer="officer-1",
        today=MONDAY,
    )


def a_pack_frozen_and_restated() -> list[RecordedAggregate]:
    """The numbers of August are frozen, and restated when two schools have counted again; how many entered once is stated."""
    reached = (Reached(service="roster", position=7),)
    with acting_on(MONDAY):
        pack = StatisticsPack.freeze(
            unit="education_bureau:410326",
            kind="monthly",
            period="2026-08",
            measures=MEASURED,
            lines=lines_of(random.Random(3), schools=3),  # noqa: S311  # schools to count, no secret
            reached=reached,
            officer="officer-1",
            today=MONDAY,
        )
        pack.restate(
            measures=MEASURED,
            lines=lines_of(random.Random(4), schools=3),  # noqa: S311
            reached=reached,
            reason="两所学校重报",
            officer="officer-2",
            today=MONDAY,
        )
        cohort = EntryCohort.open(unit="education_bureau:410326", school="3141000300", entered=2018, today=MONDAY)
        cohort.state(pupils=120, paper="2018年教育事业统计年报", officer="officer-1", today=MONDAY)
    return [pack, cohort]


def all_lives() -> list[RecordedAggregate]:
    """Every aggregate above; together they hold every event of the service."""
    return [
        *a_long_way_back(),
        *a_clock_that_stood(),
        *a_paper_set_aside(),
        *a_way_through_the_courts(),
        *a_lost_child_deferred(),
        *around_a_case(),
        *a_suspected_crime(),
        *a_year_of_oversight(),
        *who_answers(),
        *a_child_searched_for(),
        *an_answer_that_is_due_soon(),
        *an_answer_that_came_late(),
        *a_report_to_the_county(),
        *what_guardians_asked(),
        *a_disclosure_withdrawn_and_one_discarded(),
        *a_pack_frozen_and_restated(),
        *a_report_followed_up(),
        *a_paper_that_was_ignored(),
        *a_last_day_that_is_near(),
    ]
