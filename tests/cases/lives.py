"""Lives of every aggregate, told by their own decisions on fixed days: what publisher and histories are checked with."""

from dataclasses import replace
from uuid import UUID

from services.cases.domain.assignment import Assignment
from services.cases.domain.case import Case
from services.cases.domain.document import Document, id_of_document
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral
from services.chassis.aggregate import RecordedAggregate
from tests.cases.given import CHILD, MONDAY, OTHER_CHILD, PUPIL, UNENROLLED, acting_on, clearance, days, opened

TOWNSHIP = "township:410326103"
CIVIL_AFFAIRS = "civil_affairs:410326"
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
    back_on = MONDAY + days(41)
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
            proceeding="judged", paper="2026-77", made_on=later, comply_by=later + days(5), today=later
        )
        case.merge_into(into=opened(on=later, child_id=OTHER_CHILD), today=later)
    return [case, *papers]


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
        referrals[0].answer(outcome="relief granted", department=CIVIL_AFFAIRS, today=MONDAY)
        referrals[1].revoke(reason="asked by mistake", department=TOWNSHIP)
        report = PublicReport.receive(report_id=REPORT, informant="", text="sealed", township="410326103", today=MONDAY)
        cadre = Assignment.assign(child_id=CHILD, earlier=None, role="village_cadre", officer="cadre-1", from_on=MONDAY)
        following = cadre.end(until_on=MONDAY + days(30), successor="cadre-2")
    return [*referrals, report, cadre, *following]


def all_lives() -> list[RecordedAggregate]:
    """Every aggregate above; together they hold every event of the service."""
    return [*a_long_way_back(), *a_clock_that_stood(), *a_lost_child_deferred(), *around_a_case()]
