"""The commands of assistance: load, let the aggregate decide, record.

The day of an act is the actor's (`today()`); days that others report (paid, returned, taught) come as arguments.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal, assert_never
from uuid import UUID

from services.assistance.domain.award import Award, settle
from services.assistance.domain.categories import CATEGORIES, Ground, Groups
from services.assistance.domain.eligibility import Eligibility, assess
from services.assistance.domain.home_teaching import HomeTeaching
from services.assistance.domain.household_plan import HouseholdPlan
from services.assistance.domain.learning_support import LearningSupport, Outcome
from services.assistance.domain.overdue import Due, Matter, Overdue
from services.assistance.domain.programmes import PROGRAMMES
from services.assistance.domain.recipient import Recipient, children_of
from services.assistance.domain.references import reference
from services.assistance.domain.refusal import Ending, Refusal
from services.assistance.domain.reported_payment import ReportedPayment
from services.assistance.domain.residence import Residence
from services.assistance.domain.school_year import Term, school_year_of, terms_until
from services.assistance.domain.statement import Statement
from services.assistance.domain.student_plan import StudentPlan
from services.chassis.aggregate import RecordedAggregate, today
from services.chassis.application import Answer, RecordedApplication


class Assistance(RecordedApplication):
    """Who may be assisted, what is planned, granted, paid and taught 资助帮扶."""

    def state_groups(self, *, child_id: UUID, groups: Groups, valid_on: date) -> Answer:
        """Takes what the registers state of a child and finds, or ends, its eligibility by their word (N6.1)."""
        said = self.find(Statement, Statement.id_of(child_id=child_id))
        stated = CATEGORIES.stated(groups, on=valid_on)
        known = {
            category: eligibility
            for category in dict.fromkeys((*stated, *(said.categories if said else ())))
            if (eligibility := self.find(Eligibility, Eligibility.id_of(child_id=child_id, category=category)))
        }
        return self.record(
            *Statement.take(known=said, child_id=child_id, categories=tuple(stated)),
            *assess(child_id=child_id, known=known, stated=stated, on=valid_on),
            answer=child_id,
        )

    def recognise_eligibility(self, *, child_id: UUID, category: str, ground: str, from_on: date) -> Answer:
        """Recognises a child as eligible on a department's authority (N3.3, N6.1).

        `ground` is the reference of the department's answer, such as `referral:<uuid>`.
        """
        recognised = CATEGORIES.get(category, on=from_on)
        said = Ground(
            category=category,
            source="department",
            words=reference(ground, what="the department's answer"),
            legal_basis=recognised.legal_basis,
        )
        return self.record(self._recognised(child_id, said, from_on=from_on))

    def take_decision(
        self,
        *,
        child_id: UUID,
        case_id: UUID,
        referral_id: UUID,
        purpose: str,
        granted: str,
        granted_from: date | None,
        refused_for: str,
        decided_on: date,
    ) -> Answer:
        """Hears what a department decided of the help it was asked for (N3.2, N6.1, N6.3): nobody has to type it again.

        Granted in a category of the registers, the child is eligible by the department's word from the day it said; whatever was
        granted or refused, the measure of the case's plan that waited for it is answered.
        """
        ground = f"referral:{referral_id}"
        changed: list[RecordedAggregate] = []
        if granted_from is not None and (category := CATEGORIES.find(granted, on=granted_from)) is not None:
            said = Ground(category=granted, source="department", words=ground, legal_basis=category.legal_basis)
            changed.append(self._recognised(child_id, said, from_on=granted_from))
        plan = self.find(StudentPlan, StudentPlan.id_of(child_id=child_id, case_id=case_id))
        if plan is not None:
            plan.hear_decision(
                purpose=purpose, evidence=ground, refused_for=refused_for, decided_on=decided_on, today=today()
            )
            changed.append(plan)
        return self.record(*(one for one in changed if one.pending_events), answer=child_id)

    def end_eligibility(self, *, child_id: UUID, category: str, until_on: date) -> Answer:
        """Ends a child's eligibility in a category with the day before `until_on`."""
        eligibility = self.get(Eligibility, Eligibility.id_of(child_id=child_id, category=category))
        eligibility.end(until_on=until_on)
        return self.record(eligibility)

    def grant_award(
        self,
        *,
        child_id: UUID,
        programme: str,
        term: str,
        stage: Literal["primary", "junior"],
        boarding: bool,
        category: str,
    ) -> Answer:
        """Grants a programme's amount for a term, written `2026-2027-1`, to a child eligible in the category (N6.2)."""
        during = Term.of(term)
        recipient = self._recipient(child_id)
        entries = recipient.entries
        award = Award.grant(
            standing=[known for known in self._awards(entries, term=term) if known.stands],
            child_id=child_id,
            term=during,
            rate=PROGRAMMES.get(programme, stage=stage, boarding=boarding, on=during.begins_on),
            eligibility=self._eligibility(entries, category=category, during=during),
            today=today(),
        )
        recipient.note_award(award_id=award.id)
        return self.record(recipient, award, answer=award.id)

    def pay_award(self, *, award_id: UUID, payment_id: UUID, amount_fen: int, paid_on: date) -> Answer:
        """Takes note that the bank paid an award in full; the same payment again changes nothing."""
        award = self.get(Award, award_id)
        award.pay(payment_id=payment_id, amount_fen=amount_fen, paid_on=paid_on, today=today())
        number = self.reported(payment_id, award_id=award_id)
        ended = self.ended_refusals([award], "paid")
        return self.record(number, *ended, *self.settled(award, known={award_id: award}), answer=award_id)

    def return_award(self, *, award_id: UUID, payment_id: UUID, reason: str, returned_on: date) -> Answer:
        """Takes note that a payment came back, so that the award is owed again; the same return changes nothing."""
        award = self.get(Award, award_id)
        award.take_back(payment_id=payment_id, reason=reason, returned_on=returned_on, today=today())
        return self.record(*self.settled(award, known={award_id: award}), answer=award_id)

    def merge_entries(self, *, child_id: UUID, merged_id: UUID, position: int) -> Answer:
        """Hears that an entry went into another one of the same child: of two awards of one kind, one stands (N6.3).

        `position` is the roster's; what was told before the last word of an entry changes nothing.
        """
        merged = self._recipient(merged_id)
        merged.merge_into(into=child_id, position=position)
        return self._regroup(merged)

    def part_entries(self, *, child_id: UUID, merged_id: UUID, position: int) -> Answer:
        """Hears that a merge was taken back: what the entry was granted stands by itself again."""
        merged = self._recipient(merged_id)
        merged.part_from(other=child_id, position=position)
        return self._regroup(merged)

    def reported(self, payment_id: UUID, *, award_id: UUID) -> ReportedPayment:
        """The payment as the bank numbers it, for this award and no other, not recorded yet."""
        known = self.find(ReportedPayment, ReportedPayment.id_of(payment_id))
        return ReportedPayment.report(known=known, payment_id=payment_id, award_id=award_id)

    def settled(self, award: Award, *, known: dict[UUID, Award]) -> list[RecordedAggregate]:
        """What changed of an award that was paid or came back, and by it of the child's others of the term, not recorded yet.

        `known` are awards this command has at hand already; those it looks at are added.
        """
        others = self._awards(self._entries_of(award.child_id), term=award.term)
        of_term = {award.id: award} | {one.id: known.setdefault(one.id, one) for one in others}
        settle(of_term.values(), today=today())
        changed = [one for one in of_term.values() if one.pending_events]
        return [*self.ended_refusals((one for one in changed if not one.stands), "owed_no_longer"), *changed]

    def ended_refusals(self, awards: Iterable[Award], ending: Ending) -> list[Refusal]:
        """The tasks about refused payments of these awards that end by this, not recorded yet."""
        ids = [Refusal.id_of(award_id=award.id, list_id=list_id) for award in awards for list_id in award.refused_lists]
        refusals = [refusal for refusal_id in ids if (refusal := self.find(Refusal, refusal_id))]
        for refusal in refusals:
            refusal.close(ending, today=today())
        return [refusal for refusal in refusals if refusal.pending_events]

    def learn_residence(self, *, child_id: UUID, township: str) -> Answer:
        """Remembers the township a case told, for the plan that may follow."""
        known = self.find(Residence, Residence.id_of(child_id=child_id))
        residence = known or Residence.learn(child_id=child_id, township=township)
        residence.hear(township=township)
        return self.record(residence)

    def open_student_plan(self, *, child_id: UUID, case_id: UUID | None = None, township: str = "") -> Answer:
        """Opens a child's plan, once per case; a plan that is open already is the answer (N6.3).

        Without a `township` the plan takes the one the child's case told.
        """
        known = self.find(StudentPlan, StudentPlan.id_of(child_id=child_id, case_id=case_id))
        plan = known or StudentPlan.open(
            child_id=child_id,
            case_id=case_id,
            township=township,
            residence=self.find(Residence, Residence.id_of(child_id=child_id)),
            today=today(),
        )
        return self.record(plan)

    def plan_measure(self, *, plan_id: UUID, measure: str, owner: str, due_on: date, note: str = "") -> Answer:
        """Plans a measure with owner and due date; the answer is the measure's id. The note is sealed (N6.3)."""
        plan = self.get(StudentPlan, plan_id)
        measure_id = plan.plan_measure(measure=measure, owner=owner, due_on=due_on, note=note, today=today())
        return self.record(plan, answer=measure_id)

    def carry_out_measure(self, *, plan_id: UUID, measure_id: UUID, evidence: str, done_on: date) -> Answer:
        """Takes note that a measure was carried out, with the reference of its evidence."""
        plan = self.get(StudentPlan, plan_id)
        plan.carry_out(measure_id=measure_id, evidence=evidence, done_on=done_on, today=today())
        return self.record(plan)

    def review_student_plan(self, *, plan_id: UUID, review_on: date) -> Answer:
        """Looks at a child's plan again and sets the next day to do so."""
        plan = self.get(StudentPlan, plan_id)
        plan.review(review_on=review_on, today=today())
        return self.record(plan)

    def move_student_plan(self, *, child_id: UUID, case_id: UUID, township: str) -> Answer:
        """Lets the plan of a case go along to another township; without a plan, the township is remembered for one that may follow."""
        known = self.find(Residence, Residence.id_of(child_id=child_id))
        residence = known or Residence.learn(child_id=child_id, township=township)
        residence.hear(township=township)
        plan = self.find(StudentPlan, StudentPlan.id_of(child_id=child_id, case_id=case_id))
        if plan is None:
            return self.record(residence)
        plan.move(township=township)
        return self.record(residence, plan)

    def end_student_plan(self, *, child_id: UUID, case_id: UUID, resolution: str, ended_on: date) -> Answer:
        """Ends the plan of a case that ended; a case that was never confirmed has none."""
        plan_id = StudentPlan.id_of(child_id=child_id, case_id=case_id)
        plan = self.find(StudentPlan, plan_id)
        if plan is None:
            return self.record(answer=plan_id)
        plan.end(resolution=resolution, ended_on=ended_on)
        return self.record(plan)

    def open_household_plan(self, *, household_id: UUID, children: tuple[UUID, ...]) -> Answer:
        """Opens a household's plan over its children (N6.3)."""
        known = self.find(HouseholdPlan, HouseholdPlan.id_of(household_id=household_id))
        return self.record(HouseholdPlan.open(known=known, household_id=household_id, children=children, today=today()))

    def include_child(self, *, plan_id: UUID, child_id: UUID) -> Answer:
        """Brings another child of the household under its plan."""
        plan = self.get(HouseholdPlan, plan_id)
        plan.include(child_id=child_id)
        return self.record(plan)

    def review_household_plan(self, *, plan_id: UUID, review_on: date) -> Answer:
        """Looks at a household's plan again and sets the next day to do so."""
        plan = self.get(HouseholdPlan, plan_id)
        plan.review(review_on=review_on, today=today())
        return self.record(plan)

    def begin_learning_support(self, *, child_id: UUID, needs: tuple[str, ...], helper: str, review_on: date) -> Answer:
        """Begins to support a pupil with learning difficulty; `helper` is a unit (N5.1)."""
        known = self.find(LearningSupport, LearningSupport.id_of(child_id=child_id))
        return self.record(
            LearningSupport.begin(
                known=known, child_id=child_id, needs=needs, helper=helper, review_on=review_on, today=today()
            )
        )

    def review_learning_support(self, *, support_id: UUID, outcome: Outcome, review_on: date) -> Answer:
        """Says how a supported pupil does and when to look again."""
        support = self.get(LearningSupport, support_id)
        support.review(outcome=outcome, review_on=review_on, today=today())
        return self.record(support)

    def hold_support_session(
        self, *, support_id: UUID, session_id: UUID, need: str, minutes: int, progress: Outcome, held_on: date
    ) -> Answer:
        """Counts a session of support about one need, and how the pupil did; the same session again changes nothing (N5.1)."""
        support = self.get(LearningSupport, support_id)
        support.hold_session(
            session_id=session_id, need=need, minutes=minutes, progress=progress, held_on=held_on, today=today()
        )
        return self.record(support)

    def end_learning_support(self, *, support_id: UUID) -> Answer:
        """Ends a pupil's support."""
        support = self.get(LearningSupport, support_id)
        support.end(today=today())
        return self.record(support)

    def give_home_teaching(
        self, *, child_id: UUID, visit_id: UUID, hours: int, evidence: str, given_on: date
    ) -> Answer:
        """Counts a visit of teaching at home in its school year; the same visit again changes nothing (N1.7)."""
        year = school_year_of(given_on)
        known = self.find(HomeTeaching, HomeTeaching.id_of(child_id=child_id, school_year=year))
        teaching = known or HomeTeaching.begin(child_id=child_id, school_year=year)
        teaching.give(visit_id=visit_id, hours=hours, evidence=evidence, given_on=given_on, today=today())
        return self.record(teaching)

    def watch_due(self, *, matter: Matter, plan_id: UUID, about: UUID) -> Answer:
        """Looks at a measure or review whose day has passed: notes it once, and lets it climb once its owner's days are over."""
        due = self._due(matter, plan_id, about)
        if due is None or due.due_on >= today():
            return self.record(answer=about)
        overdue = self.find(Overdue, Overdue.id_of(about, due_on=due.due_on))
        if overdue is None:
            return self.record(Overdue.note(due, today=today()))
        overdue.climb(due, today=today())
        return self.record(overdue)

    def _recognised(self, child_id: UUID, ground: Ground, *, from_on: date) -> Eligibility:
        """The child's eligibility in the category of a ground, recognised on it; known already, nothing is new of it."""
        known = self.find(Eligibility, Eligibility.id_of(child_id=child_id, category=ground.category))
        eligibility = known or Eligibility.recognise(child_id=child_id, ground=ground, from_on=from_on)
        eligibility.recognise_again(ground=ground, from_on=from_on)
        return eligibility

    def _regroup(self, moved: Recipient) -> Answer:
        """After an entry moved from one child to another, or to none: whatever either was granted is settled anew.

        Every entry of both notes it, so a grant to one of them that happens at once is decided again.
        """
        joined = () if moved.into is None else self._entries_of(moved.into)
        others = (entry for entry in dict.fromkeys((*moved.entries, *joined)) if entry != moved.child_id)
        known = {moved.child_id: moved, **{entry: self._recipient(entry) for entry in others}}
        changed: list[RecordedAggregate] = []
        for entries in children_of(known.values()):
            for entry in entries:
                known[entry].regroup(entries)
            awards = [award for entry in sorted(entries) for award in self._awards_of(known[entry])]
            settle(awards, today=today())
            changed += [one for one in (*(known[entry] for entry in entries), *awards) if one.pending_events]
            changed += self.ended_refusals((award for award in awards if not award.stands), "owed_no_longer")
        return self.record(*changed, answer=moved.child_id)

    def _awards_of(self, recipient: Recipient) -> list[Award]:
        """What an entry was granted; what was granted before recipients were kept is found by what there is."""
        entry = recipient.child_id
        kinds = ((programme, term) for programme in PROGRAMMES.codes for term in terms_until(today()))
        earlier = (Award.id_of(child_id=entry, programme=programme, term=term) for programme, term in kinds)
        ids = dict.fromkeys((*recipient.awards, *earlier))
        return [award for award_id in ids if (award := self.find(Award, award_id))]

    def _recipient(self, entry: UUID) -> Recipient:
        return self.find(Recipient, Recipient.id_of(child_id=entry)) or Recipient.begin(child_id=entry)

    def _entries_of(self, child_id: UUID) -> tuple[UUID, ...]:
        """All entries of the child that this entry is of."""
        known = self.find(Recipient, Recipient.id_of(child_id=child_id))
        return (child_id,) if known is None else known.entries

    def _awards(self, entries: Iterable[UUID], *, term: str) -> Iterator[Award]:
        """The awards that these entries have for a term."""
        kinds = ((entry, programme) for entry in entries for programme in PROGRAMMES.codes)
        ids = (Award.id_of(child_id=entry, programme=programme, term=term) for entry, programme in kinds)
        return (award for award_id in ids if (award := self.find(Award, award_id)))

    def _eligibility(self, entries: Iterable[UUID], *, category: str, during: Term) -> Eligibility | None:
        """The eligibility that holds in the term, of whichever entry; else one that doesn't, so that this can be said."""
        ids = (Eligibility.id_of(child_id=entry, category=category) for entry in entries)
        known = [found for eligibility_id in ids if (found := self.find(Eligibility, eligibility_id))]
        held = (e for e in known if e.held_during(begins_on=during.begins_on, ends_on=during.ends_on))
        return next(held, known[0] if known else None)

    def _due(self, matter: Matter, plan_id: UUID, about: UUID) -> Due | None:
        """What is owed still; None where it was done."""
        match matter:
            case "measure":
                return self.get(StudentPlan, plan_id).due_measure(about)
            case "plan_review":
                return self.get(StudentPlan, plan_id).due_review()
            case "household_review":
                plan = self.get(HouseholdPlan, plan_id)
                return plan.due_review(township=self._township_of(*plan.children))
            case "support_review":
                support = self.get(LearningSupport, plan_id)
                return support.due_review(township=self._township_of(support.child_id))
            case "payment_refused":
                return self.get(Refusal, about).due()
            case _:
                assert_never(matter)

    def _township_of(self, *children: UUID) -> str:
        """The township that a case told of one of these children, or none."""
        known = (self.find(Residence, Residence.id_of(child_id=child_id)) for child_id in children)
        return next((residence.township for residence in known if residence is not None), "")
