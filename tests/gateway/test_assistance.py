"""Assistance over GraphQL: each command done by the service itself, refused in its words, and forbidden to who has no right."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import openpyxl
import psycopg
import pytest

from services.assistance.api import build_api
from services.assistance.application import Assistance
from services.assistance.domain.aid_question import AidQuestion
from services.assistance.domain.award import Award
from services.assistance.domain.categories import Groups
from services.assistance.domain.eligibility import Eligibility
from services.assistance.domain.home_teaching import HomeTeaching
from services.assistance.domain.household_plan import HouseholdPlan
from services.assistance.domain.learning_support import LearningSupport
from services.assistance.domain.payment_list import PaymentList
from services.assistance.domain.recognition_run import Pupil as PupilToRecognise
from services.assistance.domain.recognition_run import RecognitionRun
from services.assistance.domain.refusal import Refusal
from services.assistance.domain.student_plan import StudentPlan
from services.assistance.payments import BankLine, Payments
from services.chassis.aggregate import Caused, acting
from services.chassis.clock import SteppedClock
from services.chassis.http import Surroundings
from services.chassis.mapper import SealingMapper
from services.chassis.store import Recorder
from tests.cases.in_memory import MemoryRecorder, PlainMapper
from tests.gateway import county
from tests.gateway.conftest import Asking, Reply, asking_over
from tests.gateway.test_files_field_check import get

BUREAU = ("education_bureau:410326", "assistance")
NOBODY = ("rural_affairs:410326", "assistance")
TERM, EARLIER = "2026-2027-1", "2025-2026-2"
SURROUNDINGS = Surroundings(clock=SteppedClock(county.NOW), token="secret")
TODAY, SOON = county.TODAY, county.TODAY + timedelta(days=30)


class Service(httpx.AsyncBaseTransport):
    """Assistance in memory behind its own HTTP face."""

    def __init__(self) -> None:
        memory = MemoryRecorder()
        self.app = Assistance(recorder=cast("Recorder", memory), mapper=cast("SealingMapper", PlainMapper()))
        self.told = memory.log
        self.payments = Payments(assistance=self.app)
        self._face = httpx.ASGITransport(build_api(self.app, self.payments, surroundings=SURROUNDINGS))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._face.handle_async_request(request)

    @contextmanager
    def acting(self, actor: str = "clerk") -> Iterator[Assistance]:
        with acting(
            Caused.begin(actor=actor, department="education_bureau:410326", purpose="assistance", at=county.NOW)
        ):
            yield self.app


@dataclass(frozen=True)
class Pupil:
    """A child of the county with everything that can be granted, planned and given to it, in service and read model."""

    child: UUID
    sibling: UUID
    household: UUID
    other_household: UUID
    plan: UUID
    measure: UUID
    support: UUID
    ended: UUID
    award: UUID
    paid: UUID
    household_plan: UUID
    payable: UUID
    made: UUID
    sent: UUID
    sent_award: UUID
    refusal: UUID
    watch: UUID
    question: UUID
    running: UUID
    cancelled: UUID


SCHOOL = "3141000399"


@dataclass(frozen=True)
class Banked:
    """Pupils of a school and their awards: on no list, on one that was made, and on one that went to the bank, paid or refused."""

    children: tuple[UUID, ...]
    awards: tuple[UUID, ...]
    made: UUID
    sent: UUID
    refusal: UUID
    question: UUID
    twice: UUID
    """An award of the first pupil that was set aside, and paid."""

    @property
    def watch(self) -> UUID:
        """What `aidWatch` calls that."""
        told = f"paid_twice/{self.children[0]}/living_allowance/{self.twice}"
        return UUID(hashlib.md5(told.encode(), usedforsecurity=False).hexdigest())


def banked(service: Service) -> Banked:
    """Four pupils; the last one's payment was refused."""
    children, made, sent = tuple(uuid4() for _ in range(4)), uuid4(), uuid4()
    place: dict[str, Any] = {"school": SCHOOL, "township": county.XIAODIAN}
    with service.acting() as app:
        for child in children:
            app.state_groups(child_id=child, groups=Groups(poverty="脱贫户"), valid_on=date(2026, 3, 1))
        pupils = tuple(
            PupilToRecognise(child_id=child, stage="primary", boarding=True, categories=("lifted_from_poverty",))
            for child in children
        )
        service.payments.recognise_term(programme="living_allowance", term=TERM, school=SCHOOL, pupils=pupils)
        awards = tuple(Award.id_of(child_id=child, programme="living_allowance", term=TERM) for child in children)
        service.payments.make_payment_list(list_id=made, **place, awards=awards[1:2])
        service.payments.make_payment_list(list_id=sent, **place, awards=awards[2:])
    with service.acting("head"):
        service.payments.approve_payment_list(list_id=sent)
    with service.acting():
        line = BankLine(award_id=awards[3], outcome="refused", amount_fen=62500, on=TODAY, reason="card_lost")
        service.payments.take_bank_result(list_id=sent, lines=(line,))
        question = service.payments.ask_about_aid(
            child_id=children[1],
            kind="eligible_not_paid",
            programme="living_allowance",
            term=TERM,
            award_id=awards[1],
            owner=f"school:{SCHOOL}",
            township=county.XIAODIAN,
            due_on=SOON,
        ).id
    refusal = Refusal.id_of(award_id=awards[3], list_id=sent)
    return Banked(children, awards, made, sent, refusal, question, uuid4())


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


@pytest.fixture(scope="module")
def gateway(read_model: Any, service: Service) -> Iterator[Asking]:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("insert into tracking (name, position) values ('assistance/0', 1000000)")
    with asking_over(read_model, service) as asking:
        yield asking


@pytest.fixture
def pupil(gateway: Asking, service: Service) -> Pupil:
    """Another child of Xiaodian, newly known to assistance."""
    child, sibling, household, other_household = uuid4(), uuid4(), uuid4(), uuid4()
    with service.acting() as app:
        app.state_groups(child_id=child, groups=Groups(poverty="脱贫户"), valid_on=date(2026, 3, 1))
        app.state_groups(child_id=sibling, groups=Groups(poverty="脱贫户"), valid_on=date(2026, 3, 1))
        app.end_eligibility(child_id=sibling, category="lifted_from_poverty", until_on=TODAY)
        plan = app.open_student_plan(child_id=child, township=county.XIAODIAN).id
        measure = app.plan_measure(plan_id=plan, measure="tutoring", owner="school:3141000300", due_on=SOON).id
        support = app.begin_learning_support(
            child_id=child, needs=("mind",), helper="school:3141000300", review_on=SOON
        ).id
        ended = app.begin_learning_support(
            child_id=other_household, needs=("mind",), helper="school:3141000300", review_on=SOON
        ).id
        app.end_learning_support(support_id=ended)
        award, paid = (
            app.grant_award(
                child_id=child,
                programme="living_allowance",
                term=term,
                stage="primary",
                boarding=True,
                category="lifted_from_poverty",
            ).id
            for term in (TERM, EARLIER)
        )
        app.pay_award(award_id=paid, payment_id=paid, amount_fen=62500, paid_on=TODAY)
        household_plan = app.open_household_plan(household_id=household, children=(child,)).id
        waiting = PupilToRecognise(child_id=child, stage="primary", boarding=True, categories=("lifted_from_poverty",))
        running, cancelled = (
            service.payments.open_recognition(
                programme="living_allowance", term=TERM, area=county.XIAODIAN, pupils=(waiting,)
            ).id
            for _ in range(2)
        )
        service.payments.cancel_recognition(run_id=cancelled)
    at_bank = banked(service)
    of_child = {"child_id": child, "township": county.XIAODIAN}
    with psycopg.connect(gateway.writer_dsn) as connection:
        county.insert(
            connection,
            [
                ("child", {**of_child, "household_id": household, "stage": "primary"}),
                ("eligibility", {**of_child, "eligibility_id": uuid4(), "category": "lifted_from_poverty"}),
                ("child", {**of_child, "child_id": sibling, "household_id": other_household, "stage": "primary"}),
                ("student_plan", {**of_child, "plan_id": plan}),
                ("learning_support", {**of_child, "support_id": support}),
                ("learning_support", {**of_child, "support_id": ended}),
                *(("recognition_run", {"run_id": run, "township": county.XIAODIAN}) for run in (running, cancelled)),
                ("award", {**of_child, "award_id": award}),
                ("award", {**of_child, "award_id": paid}),
                (
                    "household_plan",
                    {
                        "plan_id": household_plan,
                        "household_id": household,
                        "township": county.XIAODIAN,
                        "children": [child],
                        "review_on": TODAY - timedelta(days=1),
                    },
                ),
            ],
            counted=False,
        )
        county.insert(connection, list(rows_of(at_bank)), counted=False)
    return Pupil(
        child,
        sibling,
        household,
        other_household,
        plan,
        measure,
        support,
        ended,
        award,
        paid,
        household_plan,
        payable=at_bank.awards[0],
        made=at_bank.made,
        sent=at_bank.sent,
        sent_award=at_bank.awards[2],
        refusal=at_bank.refusal,
        watch=at_bank.watch,
        question=at_bank.question,
        running=running,
        cancelled=cancelled,
    )


def rows_of(at_bank: Banked) -> Iterator[tuple[str, dict[str, object]]]:
    """How the read model shows them."""
    lists = (None, at_bank.made, at_bank.sent, None)
    for child, award_id, list_id in zip(at_bank.children, at_bank.awards, lists, strict=True):
        of_child = {"child_id": child, "township": county.XIAODIAN}
        of_term = {
            "programme": "living_allowance",
            "term": TERM,
            "amount_fen": 62500,
            "paid_fen": 0,
            "state": "granted",
        }
        yield "child", {**of_child, "school": SCHOOL, "stage": "primary"}
        yield (
            "eligibility",
            {**of_child, "eligibility_id": uuid4(), "category": "lifted_from_poverty", "from_on": TODAY},
        )
        yield "award", {**of_child, **of_term, "award_id": award_id, "list_id": list_id}
        if list_id is not None:
            yield (
                "payment",
                {
                    **of_child,
                    "payment_id": PaymentList.payment_of(list_id, award_id=award_id),
                    "award_id": award_id,
                    "list_id": list_id,
                    "listed_on": TODAY,
                },
            )
    for list_id in (at_bank.made, at_bank.sent):
        yield "payment_list", {"list_id": list_id, "township": county.XIAODIAN, "school": SCHOOL}
    of_first = {"child_id": at_bank.children[0], "township": county.XIAODIAN, "award_id": at_bank.twice, "term": TERM}
    set_aside = {"programme": "living_allowance", "amount_fen": 62500, "paid_fen": 62500, "state": "set_aside"}
    yield "award", {**of_first, **set_aside, "list_id": None}
    of_second = {"child_id": at_bank.children[1], "township": county.XIAODIAN, "question_id": at_bank.question}
    asked = {"kind": "eligible_not_paid", "programme": "living_allowance", "term": TERM, "owner": f"school:{SCHOOL}"}
    yield "aid_question", {**of_second, **asked, "due_on": SOON}
    yield (
        "payment_refusal",
        {"refusal_id": at_bank.refusal, "child_id": at_bank.children[3], "township": county.XIAODIAN},
    )


@dataclass(frozen=True)
class Command:
    """Arguments with which it is done, what the service then records, and arguments it refuses, in which words."""

    done: str
    event: type
    refused: str
    words: str


AWARD = 'childId: "{0.child}", programme: "living_allowance", stage: "primary", boarding: true, category: "{1}", term: "{2}"'
MEASURE = 'planId: "{0.plan}", owner: "school:3141000300", dueOn: "{soon}", measure: '
DONE = 'planId: "{0.plan}", evidence: "blob:{hash}", doneOn: "{today}", measureId: '
PAY = 'awardId: "{0.award}", paymentId: "{payment}", paidOn: "{today}", amountFen: '
RECOGNISE = 'childId: "{0.child}", category: "orphan", fromOn: "{today}", ground: '
SUPPORT = 'childId: "{0.sibling}", helper: "school:3141000300", reviewOn: "{soon}", needs: '
SESSION = (
    'supportId: "{0.support}", sessionId: "{payment}", minutes: 40, progress: "improved", heldOn: "{today}", need: '
)
TEACH = 'childId: "{0.child}", visitId: "{payment}", evidence: "blob:{hash}", givenOn: "{today}", hours: '
TERM_OF = 'school: "", pupils: [{{ childId: "{0.child}", boarding: true }}], programme: '
BANK = 'listId: "{0.sent}", lines: [{{ awardId: "{0.sent_award}", outcome: "paid", on: "{today}", amountFen: '

COMMANDS = {
    "grantAward": Command(
        AWARD.replace("{1}", "lifted_from_poverty").replace("{2}", "2026-2027-2"),
        Award.Granted,
        AWARD.replace("{1}", "lifted_from_poverty").replace("{2}", TERM),
        "granted",
    ),
    "payAward": Command(PAY + "62500", Award.Paid, PAY + "1", "in full"),
    "returnAward": Command(
        'awardId: "{0.paid}", paymentId: "{0.paid}", reason: "account_wrong", returnedOn: "{today}"',
        Award.Returned,
        'awardId: "{0.award}", paymentId: "{payment}", reason: "account_wrong", returnedOn: "{today}"',
        "payment",
    ),
    "recogniseEligibility": Command(
        RECOGNISE + '"referral:{payment}"', Eligibility.Found, RECOGNISE + '"the bureau said so"', "reference"
    ),
    "endEligibility": Command(
        'childId: "{0.child}", category: "lifted_from_poverty", untilOn: "{soon}"',
        Eligibility.Ended,
        'childId: "{0.sibling}", category: "lifted_from_poverty", untilOn: "{soon}"',
        "has ended already",
    ),
    "openStudentPlan": Command('childId: "{0.sibling}"', StudentPlan.Opened, "", ""),
    "planMeasure": Command(
        MEASURE + '"counselling"', StudentPlan.MeasurePlanned, MEASURE + '"tutoring"', "one measure is planned once"
    ),
    "carryOutMeasure": Command(DONE + '"{0.measure}"', StudentPlan.MeasureDone, DONE + '"{0.plan}"', "no such measure"),
    "reviewStudentPlan": Command(
        'planId: "{0.plan}", reviewOn: "{soon}"',
        StudentPlan.Reviewed,
        'planId: "{0.plan}", reviewOn: "{today}"',
        "The next review lies ahead",
    ),
    "beginLearningSupport": Command(SUPPORT + '["mind"]', LearningSupport.Begun, SUPPORT + '["money"]', "N5.1"),
    "reviewLearningSupport": Command(
        'supportId: "{0.support}", outcome: "improved", reviewOn: "{soon}"',
        LearningSupport.Reviewed,
        'supportId: "{0.support}", outcome: "improved", reviewOn: "{today}"',
        "The next review lies ahead",
    ),
    "holdSupportSession": Command(
        SESSION + '"mind"', LearningSupport.SessionHeld, SESSION + '"method"', "one of these needs"
    ),
    "endLearningSupport": Command(
        'supportId: "{0.support}"', LearningSupport.Ended, 'supportId: "{0.ended}"', "has ended"
    ),
    "openHouseholdPlan": Command(
        'householdId: "{0.other_household}"', HouseholdPlan.Opened, 'householdId: "{0.household}"', "its plan already"
    ),
    "includeChild": Command(
        'planId: "{0.household_plan}", childId: "{0.sibling}"', HouseholdPlan.ChildIncluded, "", ""
    ),
    "reviewHouseholdPlan": Command(
        'planId: "{0.household_plan}", reviewOn: "{soon}"',
        HouseholdPlan.Reviewed,
        'planId: "{0.household_plan}", reviewOn: "{today}"',
        "The next review lies ahead",
    ),
    "recogniseTerm": Command(
        TERM_OF + '"living_allowance", term: "2026-2027-2"',
        Award.Granted,
        TERM_OF + '"no_such", term: "2026-2027-2"',
        "No rate",
    ),
    "openRecognition": Command(
        'programme: "living_allowance", term: "2026-2027-1"',
        RecognitionRun.Opened,
        'programme: "no_such", term: "2026-2027-1"',
        "No rate",
    ),
    "cancelRecognition": Command(
        'runId: "{0.running}"', RecognitionRun.Ended, 'runId: "{0.cancelled}"', "cancelled already"
    ),
    "makePaymentList": Command(
        'listId: "{payment}", awards: ["{0.payable}"]',
        PaymentList.Made,
        'listId: "{payment}", awards: ["{0.sent_award}"]',
        "another payment list",
    ),
    "approvePaymentList": Command('listId: "{0.made}"', PaymentList.Approved, 'listId: "{0.sent}"', "approved already"),
    "withdrawPaymentList": Command('listId: "{0.made}"', PaymentList.Withdrawn, 'listId: "{0.sent}"', "answered"),
    "takeBankResult": Command(BANK + "62500 }}]", Award.Paid, BANK + "1 }}]", "Line 1"),
    "answerRefusedPayment": Command(
        'refusalId: "{0.refusal}", answer: "card_renewed"',
        Refusal.Closed,
        'refusalId: "{0.refusal}", answer: "later"',
        "answered with one of these",
    ),
    "askAboutAid": Command(
        'watchId: "{0.watch}", term: "2026-2027-1"',
        AidQuestion.Asked,
        'watchId: "{0.watch}", term: "2026-2027-1", owner: "the headmaster"',
        "who is asked",
    ),
    "answerAidQuestion": Command(
        'questionId: "{0.question}", answer: "set_right"',
        AidQuestion.Answered,
        'questionId: "{0.question}", answer: "later"',
        "answered with one of these",
    ),
    "giveHomeTeaching": Command(TEACH + "3", HomeTeaching.Given, TEACH + "0", "hours"),
}
REFUSED = sorted(name for name, command in COMMANDS.items() if command.refused)


def asked(gateway: Asking, name: str, arguments: str, pupil: Pupil, *, by: tuple[str, str] = BUREAU) -> Reply:
    """Sends a command about a child."""
    given = arguments.format(pupil, soon=SOON, today=TODAY, hash="0123456789abcdef" * 4, payment=uuid4())
    return gateway.ask(f"mutation {{ {name}({given}) {{ id visible }} }}", by=by)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_done_by_its_service(gateway: Asking, service: Service, pupil: Pupil, name: str) -> None:
    before = len(service.told)

    assert asked(gateway, name, COMMANDS[name].done, pupil).data[name]["visible"] is True

    told = service.told[before:]
    assert type(told[-1]) is COMMANDS[name].event
    assert {event.caused.department for event in told} == {BUREAU[0]}


@pytest.mark.parametrize("name", REFUSED)
def test_a_command_is_refused_in_the_words_of_its_service(
    gateway: Asking, service: Service, pupil: Pupil, name: str
) -> None:
    before = len(service.told)

    reply = asked(gateway, name, COMMANDS[name].refused, pupil)

    assert reply.code == "REFUSED"
    assert COMMANDS[name].words in reply.message
    assert service.told[before:] == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_forbidden_to_who_was_not_given_it(
    gateway: Asking, service: Service, pupil: Pupil, name: str
) -> None:
    before = len(service.told)

    assert asked(gateway, name, COMMANDS[name].done, pupil, by=NOBODY).code == "FORBIDDEN"
    assert service.told[before:] == []


def test_every_command_of_assistance_is_tried_here(service: Service) -> None:
    routes = {route.path for route in build_api(service.app, service.payments, surroundings=SURROUNDINGS).routes}

    assert {f"/commands/{_dashed(name)}" for name in COMMANDS} == {
        path for path in routes if path.startswith("/commands/")
    }


def _dashed(name: str) -> str:
    return re.sub(r"([A-Z])", r"-\1", name).lower()


# From a term's recognition to the bank


def test_a_school_shows_who_may_be_recognised_and_what_may_be_paid(gateway: Asking, pupil: Pupil) -> None:
    place = f'programme: "living_allowance", term: "{{}}", school: "{SCHOOL}"'

    payable = gateway.ask(f"{{ payableAwards({place.format(TERM)}) {{ id }} }}", by=BUREAU).data["payableAwards"]
    assert str(pupil.payable) in {award["id"] for award in payable}
    assert str(pupil.sent_award) not in {award["id"] for award in payable}

    query = f"{{ termCandidates({place.format('2026-2027-2')}) {{ childId stage categories child {{ id }} }} }}"
    candidates = gateway.ask(query, by=BUREAU).data["termCandidates"]
    assert {(one["stage"], *one["categories"]) for one in candidates} == {("primary", "lifted_from_poverty")}
    again = gateway.ask(f"{{ termCandidates({place.format(TERM)}) {{ childId }} }}", by=BUREAU)
    assert again.data["termCandidates"] == []


def bank_file(*lines: tuple[object, ...]) -> bytes:
    """A list as the bank answered it: award, amount in yuan, outcome, day, reason."""
    book = openpyxl.Workbook()
    sheet = cast("Any", book.active)
    for line in (("资助编号", "金额(元)", "发放结果", "发放日期", "退票原因"), *lines):
        sheet.append([str(cell) for cell in line])
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def send_file(gateway: Asking, list_id: UUID, content: bytes, *, by: Any = BUREAU) -> httpx.Response:
    path = f"/files/payment-lists/{list_id}/result"
    return get(gateway, path, by=by, method="POST", content=content, headers={"x-file-name": quote("九月回执.xlsx")})


def test_the_banks_file_is_taken_once_however_often_it_is_sent(gateway: Asking, service: Service, pupil: Pupil) -> None:
    content = bank_file((pupil.sent_award, "625.00", "已发放", TODAY, ""))
    before = len(service.told)
    first, again = (send_file(gateway, pupil.sent, content) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.json() == {"list_id": str(pupil.sent), "paid": 1, "refused": 0, "unanswered": 0}
    assert [type(event) for event in service.told[before:]].count(Award.Paid) == 1
    assert [receipt["operation"] for receipt in gateway.receipts_of()] == ["take_bank_file"]


def test_what_cannot_be_taken_is_named_by_its_place_and_nothing_of_the_file_is_taken(
    gateway: Asking, service: Service, pupil: Pupil
) -> None:
    before = len(service.told)
    unknown = send_file(
        gateway,
        pupil.sent,
        bank_file((pupil.sent_award, "625", "已发放", TODAY, ""), (uuid4(), "1", "已发放", TODAY, "")),
    )
    amiss = send_file(gateway, pupil.sent, bank_file((pupil.sent_award, "624.99", "已发放", TODAY, "")))

    [of_another], [too_little] = unknown.json()["rejects"], amiss.json()["rejects"]
    assert (unknown.status_code, amiss.status_code) == (422, 422)
    assert (of_another["file"], of_another["row"], of_another["column"]) == ("九月回执.xlsx", 3, "资助编号")
    assert (too_little["sheet"], too_little["row"]) == ("Sheet", 2)
    assert "paid in full" in too_little["reason"]
    assert service.told[before:] == []


def test_a_banks_file_for_a_list_that_is_not_ones_own_is_not_taken(gateway: Asking, pupil: Pupil) -> None:
    content = bank_file((pupil.sent_award, "625", "已发放", TODAY, ""))
    assert send_file(gateway, pupil.sent, content, by=("education_bureau:410327", "assistance")).status_code == 404
    assert send_file(gateway, pupil.sent, content, by=NOBODY).status_code == 403


def test_what_was_asked_about_aid_is_shown_to_the_school_and_on_the_watch(gateway: Asking, pupil: Pupil) -> None:
    query = (
        f'{{ aidQuestions(open: true, owner: "school:{SCHOOL}", first: 100) {{ nodes {{ id kind overdue answer }} }} }}'
    )
    shown = [
        gateway.ask(query, by=by).data["aidQuestions"]["nodes"] for by in (BUREAU, (f"school:{SCHOOL}", "assistance"))
    ]
    expected = {"id": str(pupil.question), "kind": "eligible_not_paid", "overdue": False, "answer": ""}
    assert all(expected in nodes for nodes in shown)

    gone = gateway.ask(f'mutation {{ askAboutAid(watchId: "{uuid4()}", term: "{TERM}") {{ id }} }}', by=BUREAU)
    assert gone.code == "NOT_FOUND"


# One household, one plan


def test_a_households_plan_shows_its_children_and_when_it_is_looked_at_again(gateway: Asking, pupil: Pupil) -> None:
    query = f"""{{ householdPlans(householdId: "{pupil.household}") {{ nodes {{
        id township openedOn reviewOn reviewedOn overdue children {{ id plans {{ id reviewOn measures {{ measure }} }} }} }} }} }}"""

    [plan] = gateway.ask(query, by=BUREAU).data["householdPlans"]["nodes"]

    assert (plan["id"], plan["township"], plan["overdue"]) == (str(pupil.household_plan), county.XIAODIAN, True)
    [child] = plan["children"]
    assert child["id"] == str(pupil.child)
    assert [held["id"] for held in child["plans"]] == [str(pupil.plan)]
    [receipt] = gateway.receipts_of()
    assert receipt["child_ids"] == [pupil.child]


def test_plans_that_are_late_are_listed_and_no_other_county_sees_them(gateway: Asking, pupil: Pupil) -> None:
    query = "{ householdPlans(first: 200, overdue: true) { nodes { id } } }"
    late = [node["id"] for node in gateway.ask(query, by=BUREAU).data["householdPlans"]["nodes"]]

    assert str(pupil.household_plan) in late
    elsewhere = gateway.ask(query, by=("education_bureau:410327", "assistance")).data["householdPlans"]["nodes"]
    assert not {node["id"] for node in elsewhere} & set(late)
    assert gateway.ask(query, by=NOBODY).code == "FORBIDDEN"
