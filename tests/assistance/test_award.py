"""Awards: granted once, paid once, and no fen lost or made, whatever the bank reports and how often."""

from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.assistance.domain.award import RETURN_REASONS, Award
from services.assistance.domain.eligibility import Eligibility
from services.assistance.domain.programmes import PROGRAMMES, Rate
from services.assistance.domain.school_year import Term
from services.chassis.errors import Refused
from tests.assistance.given import CASE, CHILD, DAY, acting_on, poor, replayed

AUTUMN = Term.of("2026-2027-1")
FIRST, SECOND = uuid5(CASE, "first"), uuid5(CASE, "second")


def rate(*, stage: str = "junior", boarding: bool = True) -> Rate:
    return PROGRAMMES.get("living_allowance", stage=stage, boarding=boarding, on=AUTUMN.begins_on)


def grant(*, standing: tuple[Award, ...] = (), eligibility: Eligibility | None = None, term: Term = AUTUMN) -> Award:
    with acting_on(DAY):
        return Award.grant(
            standing=standing, child_id=CHILD, term=term, rate=rate(), eligibility=eligibility or poor(), today=DAY
        )


def pay(award: Award, payment_id: UUID = FIRST, *, amount_fen: int | None = None, paid_on: date = DAY) -> None:
    with acting_on(DAY):
        amount = award.amount_fen if amount_fen is None else amount_fen
        award.pay(payment_id=payment_id, amount_fen=amount, paid_on=paid_on, today=DAY)


def take_back(award: Award, payment_id: UUID = FIRST, *, reason: str = "card_lost") -> None:
    with acting_on(DAY):
        award.take_back(payment_id=payment_id, reason=reason, returned_on=DAY, today=DAY)


def test_a_grant_is_owed_in_full() -> None:
    award = grant()
    assert (award.amount_fen, award.owed_fen, award.paid_fen) == (75000, 75000, 0)


def test_an_award_is_granted_once_per_child_programme_and_term() -> None:
    with pytest.raises(Refused, match="granted once"):
        grant(standing=(grant(),))


def test_a_child_never_found_eligible_is_granted_nothing() -> None:
    with pytest.raises(Refused, match="never found eligible"), acting_on(DAY):
        Award.grant(standing=(), child_id=CHILD, term=AUTUMN, rate=rate(), eligibility=None, today=DAY)


def test_a_category_outside_the_programme_is_granted_nothing() -> None:
    with pytest.raises(Refused, match="never found eligible in a category"):
        grant(eligibility=poor(category="left_behind"))


def test_eligibility_that_ended_before_the_term_grants_nothing_in_it() -> None:
    eligibility = poor(from_on=date(2025, 9, 1))
    with acting_on(DAY):
        eligibility.end(until_on=AUTUMN.begins_on)
    with pytest.raises(Refused, match="not eligible as near_poverty on any day"):
        grant(eligibility=eligibility)


def test_eligibility_on_the_last_day_of_a_term_is_enough() -> None:
    last_day = AUTUMN.ends_on - timedelta(days=1)
    assert grant(eligibility=poor(from_on=last_day)).owed_fen
    with pytest.raises(Refused):
        grant(eligibility=poor(from_on=AUTUMN.ends_on))


def test_a_paid_award_is_never_paid_by_another_payment() -> None:
    award = grant()
    pay(award)
    with pytest.raises(Refused, match="never paid twice"):
        pay(award, SECOND)


def test_the_same_payment_reported_again_changes_nothing() -> None:
    award = grant()
    pay(award)
    before = award.version
    pay(award)
    assert award.version == before


def test_a_payment_that_came_back_does_not_return_by_being_reported_again() -> None:
    award = grant()
    pay(award)
    take_back(award)
    pay(award)
    take_back(award)
    assert (award.owed_fen, award.paid_fen) == (award.amount_fen, 0)


def test_returned_money_is_owed_and_paid_again_by_a_new_payment() -> None:
    award = grant()
    pay(award)
    take_back(award)
    pay(award, SECOND)
    assert (award.owed_fen, award.paid_fen) == (0, award.amount_fen)


@pytest.mark.parametrize("off_by", [-1, 1])
def test_an_award_is_paid_in_full_or_not_at_all(off_by: int) -> None:
    award = grant()
    with pytest.raises(Refused, match="in full or not at all"):
        pay(award, amount_fen=award.amount_fen + off_by)


def test_one_payment_has_one_amount() -> None:
    award = grant()
    pay(award)
    with pytest.raises(Refused, match="was reported with"):
        pay(award, amount_fen=1)


def test_a_payment_of_tomorrow_is_refused() -> None:
    with pytest.raises(Refused, match="lies ahead"):
        pay(grant(), paid_on=DAY + timedelta(days=1))


def test_an_unknown_payment_cannot_come_back() -> None:
    with pytest.raises(Refused, match="no such payment"):
        take_back(grant())


def test_money_comes_back_for_a_reason_on_the_list() -> None:
    award = grant()
    pay(award)
    with pytest.raises(Refused, match="one of these reasons"):
        take_back(award, reason="王某换卡")


class MoneyIsNeverCreatedOrLost(RuleBasedStateMachine):
    """A bank, a clerk who repeats and mistakes things, and one award; the model is the child's bank account."""

    payment_ids = st.integers(0, 4).map(lambda number: uuid5(CASE, f"payment/{number}"))

    @initialize(stage=st.sampled_from(["primary", "junior"]), boarding=st.booleans())
    def granted(self, stage: str, boarding: bool) -> None:
        with acting_on(DAY):
            self.award = Award.grant(
                standing=(),
                child_id=CHILD,
                term=AUTUMN,
                rate=rate(stage=stage, boarding=boarding),
                eligibility=poor(),
                today=DAY,
            )
        self.account_fen = 0
        self.seen: dict[UUID, str] = {}

    @rule(payment_id=payment_ids, wrong_by=st.sampled_from([0, 0, 0, -1, 1, 10_000]))
    def the_bank_reports_a_payment(self, payment_id: UUID, wrong_by: int) -> None:
        try:
            pay(self.award, payment_id, amount_fen=self.award.amount_fen + wrong_by)
        except Refused:
            assert wrong_by or (self.account_fen and payment_id not in self.seen)
            return
        assert not wrong_by
        if payment_id not in self.seen:
            assert not self.account_fen
            self.account_fen += self.award.amount_fen
            self.seen[payment_id] = "paid"

    @rule(payment_id=payment_ids, reason=st.sampled_from([*RETURN_REASONS]))
    def the_bank_reports_a_return(self, payment_id: UUID, reason: str) -> None:
        try:
            take_back(self.award, payment_id, reason=reason)
        except Refused:
            assert payment_id not in self.seen
            return
        if self.seen[payment_id] == "paid":
            self.account_fen -= self.award.amount_fen
            self.seen[payment_id] = "returned"

    @invariant()
    def the_books_agree_with_the_account(self) -> None:
        if not hasattr(self, "award"):
            return
        award = self.award
        out = sum(event.amount_fen for event in award.pending_events if isinstance(event, Award.Paid))
        back = sum(event.amount_fen for event in award.pending_events if isinstance(event, Award.Returned))
        assert out - back == award.paid_fen == self.account_fen
        assert award.paid_fen + award.owed_fen == award.amount_fen
        assert award.paid_fen in {0, award.amount_fen}

    @invariant()
    def replay_gives_the_same_books(self) -> None:
        if hasattr(self, "award"):
            assert replayed(self.award).payments == self.award.payments


TestMoneyIsNeverCreatedOrLost = MoneyIsNeverCreatedOrLost.TestCase
TestMoneyIsNeverCreatedOrLost.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
