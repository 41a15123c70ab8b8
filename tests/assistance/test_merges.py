"""Two entries of one child: whatever is merged, parted, told again or told late, one award is paid for one entitlement."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.assistance.application import Assistance
from services.assistance.domain.award import RETURN_REASONS, Award
from services.assistance.domain.categories import Groups
from services.assistance.domain.payment_list import PaymentList
from services.assistance.domain.recipient import Recipient
from services.assistance.payments import BankLine, Payments
from services.assistance.policy import react
from services.chassis.errors import Refused
from services.contracts import assistance as told_of_aid
from services.contracts import roster
from tests.assistance.given import CASE, CHILD, DAY, AssistanceInMemory, acting_on, heard

OTHER = uuid5(CHILD, "other entry")
THIRD = uuid5(CHILD, "third entry")
AMOUNT = 62500
FIRST, SECOND = uuid5(CASE, "first"), uuid5(CASE, "second")
FIRST_LIST = uuid5(CASE, "first list")
Told = tuple[roster.ChildrenMerged | roster.ChildrenUnmerged, int]


def grant(
    app: Assistance,
    child_id: UUID,
    *,
    term: str = "2026-2027-1",
    category: str = "near_poverty",
    programme: str = "living_allowance",
) -> UUID:
    with acting_on(DAY):
        return app.grant_award(
            child_id=child_id,
            programme=programme,
            term=term,
            stage="primary",
            boarding=True,
            category=category,
        ).id


def pay(app: Assistance, award_id: UUID, payment_id: UUID = FIRST) -> None:
    amount = app.get(Award, award_id).amount_fen
    with acting_on(DAY):
        app.pay_award(award_id=award_id, payment_id=payment_id, amount_fen=amount, paid_on=DAY)


def take_back(app: Assistance, award_id: UUID, payment_id: UUID = FIRST) -> None:
    with acting_on(DAY):
        app.return_award(award_id=award_id, payment_id=payment_id, reason="paid_in_error", returned_on=DAY)


def to_the_bank(app: AssistanceInMemory, list_id: UUID, *awards: UUID) -> None:
    """Puts awards on a list that another person approves."""
    payments = Payments(assistance=app)
    with acting_on(DAY):
        payments.make_payment_list(list_id=list_id, school="3141000300", township="410326103", awards=awards)
    with acting_on(DAY, actor="officer-2"):
        payments.approve_payment_list(list_id=list_id)


def answer(app: AssistanceInMemory, list_id: UUID, awards: UUID | tuple[UUID, ...], outcome: str) -> None:
    """Takes what the bank says of some lines."""
    lines = tuple(
        BankLine(
            award_id=award_id,
            outcome=outcome,  # type: ignore[arg-type]
            amount_fen=app.get(Award, award_id).amount_fen,
            on=DAY,
            reason="card_lost" if outcome == "refused" else "",
        )
        for award_id in ((awards,) if isinstance(awards, UUID) else awards)
    )
    with acting_on(DAY):
        Payments(assistance=app).take_bank_result(list_id=list_id, lines=lines)


def hear(app: AssistanceInMemory, told: Told) -> None:
    event, position = told
    with acting_on(DAY):
        react(app, heard(event, aggregate_id=event.child_id, producer="roster", position=position), event)


def merged(merged_id: UUID, *, into: UUID, position: int) -> Told:
    return roster.ChildrenMerged(child_id=into, merged_id=merged_id, reason="same number"), position


def parted(merged_id: UUID, *, out_of: UUID, position: int) -> Told:
    return roster.ChildrenUnmerged(child_id=out_of, merged_id=merged_id, reason="two children"), position


@pytest.fixture
def app() -> AssistanceInMemory:
    """Three entries, each found eligible by the registers."""
    app = AssistanceInMemory()
    with acting_on(DAY):
        for entry in (CHILD, OTHER, THIRD):
            app.state_groups(child_id=entry, groups=Groups(poverty="边缘易致贫户"), valid_on=DAY)
    return app


def award(app: AssistanceInMemory, award_id: UUID) -> Award:
    found: Award = app.get(Award, award_id)
    return found


def test_of_two_unpaid_awards_of_one_child_one_is_owed(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    hear(app, merged(OTHER, into=CHILD, position=1))
    owed = [award(app, one).owed_fen for one in (mine, others)]
    assert sorted(owed) == [0, AMOUNT]


def test_what_was_paid_to_the_merged_entry_leaves_nothing_owed_to_the_child(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    pay(app, others)
    hear(app, merged(OTHER, into=CHILD, position=1))
    assert award(app, mine).owed_fen == 0
    with pytest.raises(Refused, match="stands for this one"):
        pay(app, mine, SECOND)


def test_what_was_paid_on_both_has_to_come_back_once(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    pay(app, mine)
    pay(app, others, SECOND)
    hear(app, merged(OTHER, into=CHILD, position=1))
    assert sum(award(app, one).due_back_fen for one in (mine, others)) == AMOUNT


def test_where_the_standing_payment_comes_back_the_other_one_stands(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    pay(app, mine)
    pay(app, others, SECOND)
    hear(app, merged(OTHER, into=CHILD, position=1))
    standing, aside = sorted((mine, others), key=lambda one: not award(app, one).stands)
    take_back(app, standing, FIRST if standing == mine else SECOND)
    assert (award(app, standing).owed_fen, award(app, aside).stands) == (0, True)


def test_a_child_with_another_entrys_award_is_granted_no_second_one(app: AssistanceInMemory) -> None:
    grant(app, OTHER)
    hear(app, merged(OTHER, into=CHILD, position=1))
    with pytest.raises(Refused, match="granted once"):
        grant(app, CHILD)


def test_a_merged_entry_is_granted_nothing_more(app: AssistanceInMemory) -> None:
    hear(app, merged(OTHER, into=CHILD, position=1))
    with pytest.raises(Refused, match="grant the award to that one"):
        grant(app, OTHER)


def test_an_award_of_before_merges_were_heard_is_found_as_well(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    app.stored = [event for event in app.stored if "Recipient" not in type(event).TOPIC]
    hear(app, merged(OTHER, into=CHILD, position=1))
    assert {award(app, one).stands for one in (mine, others)} == {True, False}


def test_parted_again_each_entry_is_owed_its_own(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    hear(app, merged(OTHER, into=CHILD, position=1))
    hear(app, parted(OTHER, out_of=CHILD, position=2))
    assert [award(app, one).owed_fen for one in (mine, others)] == [AMOUNT, AMOUNT]


def test_a_merge_told_after_its_taking_back_changes_nothing(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    hear(app, parted(OTHER, out_of=CHILD, position=2))
    hear(app, merged(OTHER, into=CHILD, position=1))
    assert [award(app, one).owed_fen for one in (mine, others)] == [AMOUNT, AMOUNT]


def test_what_went_into_a_merged_entry_goes_with_it(app: AssistanceInMemory) -> None:
    awards = [grant(app, entry) for entry in (CHILD, OTHER, THIRD)]
    hear(app, merged(THIRD, into=OTHER, position=1))
    hear(app, merged(OTHER, into=CHILD, position=2))
    assert sum(award(app, one).owed_fen for one in awards) == AMOUNT
    hear(app, parted(OTHER, out_of=CHILD, position=3))
    assert sum(award(app, one).owed_fen for one in awards) == 2 * AMOUNT


def test_a_grant_and_a_merge_far_below_it_meet_in_one_history(app: AssistanceInMemory) -> None:
    hear(app, merged(THIRD, into=OTHER, position=1))
    hear(app, merged(OTHER, into=CHILD, position=2))
    first = app.get(Recipient, Recipient.id_of(child_id=CHILD))
    assert set(first.entries) == {CHILD, OTHER, THIRD}
    hear(app, parted(OTHER, out_of=CHILD, position=3))
    assert app.get(Recipient, first.id).version > first.version


def test_a_departments_word_about_a_merged_entry_holds_for_the_child(app: AssistanceInMemory) -> None:
    with acting_on(DAY):
        app.recognise_eligibility(child_id=OTHER, category="orphan", ground=f"referral:{CASE}", from_on=DAY)
    hear(app, merged(OTHER, into=CHILD, position=1))
    assert award(app, grant(app, CHILD, category="orphan")).owed_fen == AMOUNT


def test_a_payment_reported_for_two_awards_is_refused(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    pay(app, mine)
    pay(app, mine)
    with pytest.raises(Refused, match="another award"):
        pay(app, others)


def test_a_child_is_granted_one_of_two_programmes_that_are_not_paid_together(app: AssistanceInMemory) -> None:
    with acting_on(DAY):
        app.state_groups(child_id=CHILD, groups=Groups(poverty="低保", disability="听力"), valid_on=DAY)
    grant(app, CHILD, category="minimum_living")
    with pytest.raises(Refused, match="not paid together"):
        grant(app, CHILD, category="disabled", programme="disability_allowance")
    grant(app, CHILD, category="disabled", programme="disability_allowance", term="2026-2027-2")


def test_of_two_programmes_paid_to_two_entries_of_one_child_one_has_to_come_back(app: AssistanceInMemory) -> None:
    with acting_on(DAY):
        app.state_groups(child_id=OTHER, groups=Groups(disability="听力"), valid_on=DAY)
    mine = grant(app, CHILD)
    others = grant(app, OTHER, category="disabled", programme="disability_allowance")
    pay(app, mine)
    pay(app, others, SECOND)
    hear(app, merged(OTHER, into=CHILD, position=1))
    aside = award(app, others)
    assert (award(app, mine).due_back_fen, aside.due_back_fen, aside.stands_for_it) == (0, 60000, mine)


def test_what_was_on_its_way_when_entries_were_merged_stands_once_it_is_paid_and_the_other_one_is_owed_no_longer(
    app: AssistanceInMemory,
) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    to_the_bank(app, FIRST_LIST, mine, others)
    hear(app, merged(OTHER, into=CHILD, position=1))
    standing, aside = sorted((mine, others), key=lambda one: not award(app, one).stands)
    answer(app, FIRST_LIST, aside, "paid")
    assert (award(app, aside).stands, award(app, standing).owed_fen, award(app, standing).due_back_fen) == (True, 0, 0)
    answer(app, FIRST_LIST, standing, "refused")
    assert award(app, standing).owed_fen == 0
    assert [event for event in app.told if isinstance(event, told_of_aid.PaymentRefused)] == []


def test_where_the_bank_pays_both_that_were_on_their_way_one_has_to_come_back(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    to_the_bank(app, FIRST_LIST, mine, others)
    hear(app, merged(OTHER, into=CHILD, position=1))
    answer(app, FIRST_LIST, (mine, others), "paid")
    assert sorted(award(app, one).due_back_fen for one in (mine, others)) == [0, AMOUNT]


def test_a_payment_of_a_list_reported_for_another_award_is_refused(app: AssistanceInMemory) -> None:
    mine, others = grant(app, CHILD), grant(app, OTHER)
    to_the_bank(app, FIRST_LIST, mine)
    answer(app, FIRST_LIST, mine, "paid")
    with pytest.raises(Refused, match="another award"):
        pay(app, others, PaymentList.payment_of(FIRST_LIST, award_id=mine))


ENTRIES = [uuid5(CHILD, f"entry/{number}") for number in range(3)]
TERMS = ["2026-2027-1", "2026-2027-2"]
PROGRAMMES = {"living_allowance": "minimum_living", "disability_allowance": "disabled"}
"""Two that are not paid together, each by the category that it is granted on here."""


class OneChildIsPaidOnce(RuleBasedStateMachine):
    """A roster that merges and parts, told late, out of order and twice; clerks who grant; a bank; and what each of them knows."""

    def __init__(self) -> None:
        super().__init__()
        self.app = AssistanceInMemory()
        self.into: dict[UUID, UUID] = {}
        self.waiting: dict[UUID, list[Told]] = {}
        self.delivered: list[Told] = []
        self.position = 0
        self.awards: dict[UUID, UUID] = {}
        self.payments: dict[UUID, UUID] = {}
        self.bank: dict[UUID, int] = {}
        self.lists: dict[UUID, dict[UUID, str]] = {}
        with acting_on(DAY):
            for entry in ENTRIES:
                self.app.state_groups(child_id=entry, groups=Groups(poverty="低保", disability="听力"), valid_on=DAY)

    @initialize(granted=st.sets(st.sampled_from(ENTRIES)))
    def a_term_begins(self, granted: set[UUID]) -> None:
        for entry in sorted(granted):
            self.a_clerk_grants(entry, TERMS[0], "living_allowance")

    @rule(entry=st.sampled_from(ENTRIES), term=st.sampled_from(TERMS), programme=st.sampled_from([*PROGRAMMES]))
    def a_clerk_grants(self, entry: UUID, term: str, programme: str) -> None:
        try:
            award_id = grant(self.app, entry, term=term, category=PROGRAMMES[programme], programme=programme)
        except Refused:
            return
        assert award_id not in self.awards
        self.awards[award_id] = entry
        self.bank[award_id] = 0

    @precondition(lambda self: self.awards)
    @rule(data=st.data(), again=st.booleans())
    def the_bank_pays(self, data: st.DataObject, again: bool) -> None:
        award_id = data.draw(st.sampled_from(sorted(self.awards)))
        fresh = uuid5(CASE, f"payment/{len(self.payments)}")
        payment_id = data.draw(st.sampled_from(sorted(self.payments))) if again and self.payments else fresh
        owed = award(self.app, award_id).owed_fen
        known = self.payments.get(payment_id)
        try:
            pay(self.app, award_id, payment_id)
        except Refused:
            listed = award(self.app, award_id).on_list is not None
            assert known not in {None, award_id} or not owed or listed
            return
        assert known in {None, award_id}
        if known is None:
            assert owed == award(self.app, award_id).amount_fen
            self.payments[payment_id] = award_id
            self.bank[award_id] += owed

    @precondition(lambda self: self.awards)
    @rule(data=st.data())
    def a_clerk_sends_a_list_to_the_bank(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.awards)), min_size=1, max_size=3, unique=True))
        list_id = uuid5(CASE, f"list/{len(self.lists)}")
        try:
            to_the_bank(self.app, list_id, *chosen)
        except Refused:
            return
        self.lists[list_id] = dict.fromkeys(chosen, "")

    @precondition(lambda self: self.lists)
    @rule(data=st.data(), outcome=st.sampled_from(["paid", "refused"]))
    def the_bank_answers_a_line(self, data: st.DataObject, outcome: str) -> None:
        list_id = data.draw(st.sampled_from(sorted(self.lists)))
        award_id, answered = data.draw(st.sampled_from(sorted(self.lists[list_id].items())))
        before = award(self.app, award_id)
        try:
            answer(self.app, list_id, award_id, outcome)
        except Refused:
            assert answered not in {"", outcome}
            return
        if answered in {"paid", outcome}:  # an earlier file come again: what was paid is not taken back by it
            assert award(self.app, award_id).version == before.version
            return
        self.lists[list_id][award_id] = outcome
        if outcome == "paid":
            self.payments[PaymentList.payment_of(list_id, award_id=award_id)] = award_id
            self.bank[award_id] += before.amount_fen

    @precondition(lambda self: self.payments)
    @rule(data=st.data(), reason=st.sampled_from([*RETURN_REASONS]))
    def the_bank_returns(self, data: st.DataObject, reason: str) -> None:
        payment_id, award_id = data.draw(st.sampled_from(sorted(self.payments.items())))
        there = award(self.app, award_id).payments[payment_id]
        with acting_on(DAY):
            self.app.return_award(award_id=award_id, payment_id=payment_id, reason=reason, returned_on=DAY)
        if not there.returned:
            self.bank[award_id] -= there.amount_fen

    @precondition(lambda self: len(self.into) < len(ENTRIES) - 1)
    @rule(data=st.data(), late=st.booleans())
    def the_roster_merges(self, data: st.DataObject, late: bool) -> None:
        one, other = data.draw(st.permutations([entry for entry in ENTRIES if entry not in self.into]))[:2]
        self.into[one] = other
        self._tell(merged(one, into=other, position=self._next()), late=late)

    @precondition(lambda self: self.into)
    @rule(data=st.data(), late=st.booleans())
    def the_roster_parts(self, data: st.DataObject, late: bool) -> None:
        one = data.draw(st.sampled_from(sorted(self.into)))
        self._tell(parted(one, out_of=self.into.pop(one), position=self._next()), late=late)

    @precondition(lambda self: any(self.waiting.values()))
    @rule(data=st.data())
    def a_message_arrives(self, data: st.DataObject) -> None:
        self._arrives(data.draw(st.sampled_from(sorted(sender for sender, told in self.waiting.items() if told))))

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def a_message_arrives_again(self, data: st.DataObject) -> None:
        hear(self.app, data.draw(st.sampled_from(self.delivered)))

    @invariant()
    def no_fen_is_made_or_lost(self) -> None:
        for award_id, out in self.bank.items():
            one = award(self.app, award_id)
            assert one.paid_fen == out
            assert one.paid_fen in {0, one.amount_fen}
            assert one.paid_fen + one.owed_fen == (one.amount_fen if one.stands else one.due_back_fen)

    @invariant()
    def one_award_stands_for_one_entitlement(self) -> None:
        for group in self._children():
            for term in TERMS:
                of_group = [award(self.app, id_) for id_, entry in self.awards.items() if entry in group]
                alike = [one for one in of_group if one.term == term]
                standing = [one for one in alike if one.stands]
                assert len(standing) == min(1, len(alike))
                paid = sum(one.paid_fen for one in alike)
                assert all(one.paid_fen for one in standing) or not paid
                assert sum(one.owed_fen for one in alike) == sum(one.amount_fen for one in standing if not paid)
                assert sum(one.due_back_fen for one in alike) == paid - sum(one.paid_fen for one in standing)

    def teardown(self) -> None:
        for sender in self.waiting:
            self._arrives(sender)
        self.no_fen_is_made_or_lost()
        self.one_award_stands_for_one_entitlement()
        assert self._heard() == self.into

    def _next(self) -> int:
        self.position += 1
        return self.position

    def _tell(self, told: Told, *, late: bool) -> None:
        """What an entry tells arrives in its order; what others tell may come before or after."""
        self.waiting.setdefault(told[0].child_id, []).append(told)
        if not late:
            self._arrives(told[0].child_id)

    def _arrives(self, sender: UUID) -> None:
        for told in self.waiting[sender]:
            self.delivered.append(told)
            hear(self.app, told)
        self.waiting[sender] = []

    def _heard(self) -> dict[UUID, UUID]:
        """Which entry went into which, by the last word that arrived."""
        last: dict[UUID, Told] = {}
        for told in self.delivered:
            known = last.get(told[0].merged_id)
            if known is None or told[1] > known[1]:
                last[told[0].merged_id] = told
        return {entry: told.child_id for entry, (told, _) in last.items() if isinstance(told, roster.ChildrenMerged)}

    def _children(self) -> Iterator[set[UUID]]:
        """The entries, by the children that they are known to be of."""
        groups: dict[UUID, set[UUID]] = {entry: {entry} for entry in ENTRIES}
        for one, other in self._heard().items():
            joined = groups[one] | groups[other]
            groups.update(dict.fromkeys(joined, joined))
        yield from {frozenset(group): group for group in groups.values()}.values()


TestOneChildIsPaidOnce: Any = OneChildIsPaidOnce.TestCase
TestOneChildIsPaidOnce.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
