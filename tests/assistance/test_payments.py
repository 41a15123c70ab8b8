"""From a term's recognition to the bank and back: lists another person approves, results taken once, refusals that come back as tasks."""

from uuid import UUID, uuid5

import pytest

from services.assistance.domain.award import Award
from services.assistance.domain.categories import Groups
from services.assistance.domain.payment_list import PaymentList
from services.assistance.domain.recognition_run import Pupil
from services.assistance.domain.refusal import Refusal
from services.assistance.payments import BankLine, Payments
from services.chassis.errors import Refused
from services.contracts import assistance as told
from tests.assistance.given import CASE, CHILD, DAY, AssistanceInMemory, acting_on

LIST, SECOND = uuid5(CASE, "list"), uuid5(CASE, "second list")
SCHOOL = "3141000300"
POOR = [uuid5(CHILD, f"poor/{number}") for number in range(3)]
RICH = uuid5(CHILD, "rich")
AMOUNT = 62500


class Office:
    """A bureau's office with three pupils who are eligible and one who isn't."""

    def __init__(self) -> None:
        self.app = AssistanceInMemory()
        self.payments = Payments(assistance=self.app)
        with acting_on(DAY):
            for child_id in POOR:
                self.app.state_groups(child_id=child_id, groups=Groups(poverty="低保"), valid_on=DAY)

    def recognise(self, *children: UUID) -> None:
        pupils = tuple(
            Pupil(child_id=child_id, stage="primary", boarding=True, categories=("left_behind", "minimum_living"))
            for child_id in children
        )
        with acting_on(DAY):
            self.payments.recognise_term(programme="living_allowance", term="2026-2027-1", school=SCHOOL, pupils=pupils)

    def award_of(self, child_id: UUID) -> Award:
        award_id = Award.id_of(child_id=child_id, programme="living_allowance", term="2026-2027-1")
        found: Award = self.app.get(Award, award_id)
        return found

    def make(self, *children: UUID, list_id: UUID = LIST) -> None:
        awards = tuple(self.award_of(child_id).id for child_id in children)
        with acting_on(DAY):
            self.payments.make_payment_list(list_id=list_id, school=SCHOOL, township="410326103", awards=awards)

    def approve(self, *, by: str = "officer-2", list_id: UUID = LIST) -> None:
        with acting_on(DAY, actor=by):
            self.payments.approve_payment_list(list_id=list_id)

    def bank(self, *lines: BankLine, list_id: UUID = LIST) -> None:
        with acting_on(DAY):
            self.payments.take_bank_result(list_id=list_id, lines=lines)

    def paid(self, child_id: UUID) -> BankLine:
        return BankLine(award_id=self.award_of(child_id).id, outcome="paid", amount_fen=AMOUNT, on=DAY)

    def refused(self, child_id: UUID) -> BankLine:
        return BankLine(
            award_id=self.award_of(child_id).id, outcome="refused", amount_fen=AMOUNT, on=DAY, reason="account_wrong"
        )

    def refusal_of(self, child_id: UUID, *, list_id: UUID = LIST) -> Refusal:
        refusal_id = Refusal.id_of(award_id=self.award_of(child_id).id, list_id=list_id)
        found: Refusal = self.app.get(Refusal, refusal_id)
        return found


@pytest.fixture
def office() -> Office:
    """After the term was recognised."""
    office = Office()
    office.recognise(*POOR, RICH)
    return office


def test_a_term_is_recognised_for_whoever_is_eligible(office: Office) -> None:
    granted = [event for event in office.app.told if isinstance(event, told.AwardGranted)]
    assert [event.child_id for event in granted] == POOR
    assert {event.amount_fen for event in granted} == {AMOUNT}


def test_recognised_again_a_term_adds_only_who_is_new(office: Office) -> None:
    office.recognise(*POOR)
    assert sum(isinstance(event, told.AwardGranted) for event in office.app.told) == len(POOR)


def test_of_two_entries_of_one_child_one_is_recognised() -> None:
    office = Office()
    with acting_on(DAY):
        office.app.merge_entries(child_id=POOR[0], merged_id=POOR[1], position=1)
    office.recognise(*POOR)
    granted = [event for event in office.app.told if isinstance(event, told.AwardGranted)]
    assert [event.child_id for event in granted] == [POOR[0], POOR[2]]


def test_a_list_goes_to_the_bank_once_another_person_approved_it(office: Office) -> None:
    office.make(*POOR)
    with pytest.raises(Refused, match="another person"):
        office.approve(by="officer-1")
    with pytest.raises(Refused, match="not approved"):
        office.bank(office.paid(POOR[0]))
    office.approve()
    office.bank(*map(office.paid, POOR))
    assert [office.award_of(child_id).owed_fen for child_id in POOR] == [0, 0, 0]


def test_a_list_is_locked_under_a_hash_of_its_lines(office: Office) -> None:
    office.make(*POOR)
    office.approve()
    made = office.app.get(PaymentList, LIST)
    assert (made.sha256, made.total_fen) == (made.fingerprint, 3 * AMOUNT)


def test_an_award_is_on_one_list_at_a_time(office: Office) -> None:
    office.make(POOR[0])
    with pytest.raises(Refused, match="another payment list"):
        office.make(*POOR, list_id=SECOND)
    with pytest.raises(Refused, match="on a payment list"), acting_on(DAY):
        office.app.pay_award(
            award_id=office.award_of(POOR[0]).id, payment_id=uuid5(CASE, "by hand"), amount_fen=AMOUNT, paid_on=DAY
        )


def test_what_is_paid_is_put_on_no_list(office: Office) -> None:
    office.make(POOR[0])
    office.approve()
    office.bank(office.paid(POOR[0]))
    with pytest.raises(Refused, match="Nothing is owed"):
        office.make(*POOR, list_id=SECOND)


def test_a_list_that_was_withdrawn_leaves_its_awards_owed(office: Office) -> None:
    office.make(*POOR)
    with acting_on(DAY):
        office.payments.withdraw_payment_list(list_id=LIST)
    office.make(*POOR, list_id=SECOND)
    with pytest.raises(Refused, match="withdrawn"):
        office.approve()


def test_a_list_the_bank_answered_of_is_not_withdrawn(office: Office) -> None:
    office.make(*POOR)
    office.approve()
    office.bank(office.paid(POOR[0]))
    with pytest.raises(Refused, match="can't be withdrawn"), acting_on(DAY):
        office.payments.withdraw_payment_list(list_id=LIST)


def test_a_line_owed_no_longer_keeps_a_list_from_being_approved(office: Office) -> None:
    office.make(POOR[0])
    office.make(POOR[1], list_id=SECOND)
    with acting_on(DAY):
        office.app.merge_entries(child_id=POOR[0], merged_id=POOR[1], position=1)
    refused = 0
    for list_id in (LIST, SECOND):
        try:
            office.approve(list_id=list_id)
        except Refused:
            refused += 1
    assert refused == 1


def test_the_same_result_twice_changes_nothing(office: Office) -> None:
    office.make(*POOR)
    office.approve()
    for _ in range(2):
        office.bank(office.paid(POOR[0]), office.refused(POOR[1]))
    kinds = [type(event) for event in office.app.told]
    assert (kinds.count(told.AwardPaid), kinds.count(told.PaymentRefused)) == (1, 1)


def test_a_refused_payment_comes_back_as_a_task_of_the_school(office: Office) -> None:
    office.make(*POOR)
    office.approve()
    office.bank(office.refused(POOR[1]))
    [refused] = [event for event in office.app.told if isinstance(event, told.PaymentRefused)]
    assert (refused.owner, refused.reason, refused.due_on > DAY) == (f"school:{SCHOOL}", "account_wrong", True)
    assert office.award_of(POOR[1]).owed_fen == AMOUNT


def test_a_refused_payment_ends_by_an_answer_or_by_going_to_the_bank_again(office: Office) -> None:
    office.make(*POOR)
    office.approve()
    office.bank(office.refused(POOR[0]), office.refused(POOR[1]))
    with acting_on(DAY):
        office.payments.answer_refused_payment(refusal_id=office.refusal_of(POOR[0]).id, answer="account_corrected")
    office.make(POOR[0], POOR[1], list_id=SECOND)
    closed = {event.child_id: event.ending for event in office.app.told if isinstance(event, told.PaymentRefusalClosed)}
    assert closed == {POOR[0]: "answered", POOR[1]: "listed_again"}


def test_a_refused_payment_past_its_day_is_noted_late(office: Office) -> None:
    office.make(*POOR)
    office.approve()
    office.bank(office.refused(POOR[0]))
    refusal = office.refusal_of(POOR[0])
    with acting_on(refusal.due_on.replace(month=12)):
        office.app.watch_due(matter="payment_refused", plan_id=refusal.id, about=refusal.id)
    [late] = [event for event in office.app.told if isinstance(event, told.PaymentRefusalOverdue)]
    assert (late.refusal_id, late.owed_by) == (refusal.id, f"school:{SCHOOL}")


def test_a_result_with_a_fault_is_refused_whole_and_the_line_named(office: Office) -> None:
    office.make(POOR[0], POOR[1])
    office.approve()
    wrong = BankLine(award_id=office.award_of(POOR[1]).id, outcome="paid", amount_fen=1, on=DAY)
    with pytest.raises(Refused, match="Line 2: The award is 62500 fen"):
        office.bank(office.paid(POOR[0]), wrong)
    with pytest.raises(Refused, match="Line 1: this award is not on the list"):
        office.bank(office.paid(POOR[2]))
    assert office.award_of(POOR[0]).paid_fen == 0


def test_what_the_bank_paid_by_a_list_after_a_merge_is_known_to_be_due_back(office: Office) -> None:
    office.make(POOR[0], POOR[1])
    office.approve()
    with acting_on(DAY):
        office.app.merge_entries(child_id=POOR[0], merged_id=POOR[1], position=1)
    office.bank(office.paid(POOR[0]), office.paid(POOR[1]))
    assert sum(office.award_of(child_id).due_back_fen for child_id in POOR[:2]) == AMOUNT
