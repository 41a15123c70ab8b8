"""Commands about many awards at once: a term recognised for a school, a list for the bank, and what the bank answered (N6.2).

They work on awards through the same application; each loads, decides and records, in one transaction or not at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, assert_never
from uuid import UUID, uuid4, uuid5

from services.assistance.application import Assistance
from services.assistance.domain.aid_question import AidQuestion, Kind
from services.assistance.domain.award import Award
from services.assistance.domain.eligibility import Eligibility
from services.assistance.domain.exclusions import EXCLUSIONS
from services.assistance.domain.payment_list import PaymentList
from services.assistance.domain.programmes import PROGRAMMES, Rate
from services.assistance.domain.recipient import Recipient
from services.assistance.domain.recognition_run import Pupil, RecognitionRun
from services.assistance.domain.refusal import Refusal
from services.assistance.domain.school_year import Term
from services.chassis.aggregate import RecordedAggregate, today, who_acts
from services.chassis.application import Answer
from services.chassis.errors import Refused

MOST_PUPILS: Final = 500
"""How many pupils are recognised at once; a larger school by several commands."""

_RECOGNITIONS: Final = UUID("6f0d8a2e-6a0f-4f0c-8d6b-2f6a6f1e7c41")


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """What the bank says of one line of a list; `reason` of a refusal, else empty."""

    award_id: UUID
    outcome: Literal["paid", "refused"]
    amount_fen: int
    on: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the pupils of a recognition; what is granted in it is added.

    By what it is of, not by its id: to derive an id takes longer than to look for it.
    """

    recipients: dict[UUID, Recipient]
    awards: dict[tuple[UUID, str], Award]
    """By entry and programme."""
    eligibilities: dict[tuple[UUID, str], Eligibility]
    """By entry and category."""

    def recipient(self, child_id: UUID) -> Recipient:
        """The pupil's entry, begun where nothing was ever granted to it."""
        return self.recipients.get(child_id) or Recipient.begin(child_id=child_id)

    def has_award(self, recipient: Recipient, *, programme: str, beside: Iterable[str]) -> bool:
        """Whether any entry of the child has the award, or one that stands of the programmes not paid together with it."""
        kinds = ((entry, code) for code in (programme, *beside) for entry in recipient.entries)
        found = (award for kind in kinds if (award := self.awards.get(kind)))
        return any(award.programme == programme or award.stands for award in found)

    def eligibility(self, pupil: Pupil, *, rate: Rate, during: Term) -> Eligibility | None:
        """The first eligibility the pupil's child holds in the term, in a category of the programme."""
        recipient = self.recipients.get(pupil.child_id)
        entries = (pupil.child_id,) if recipient is None else recipient.entries
        named = (category for category in pupil.categories if category in rate.categories)
        kinds = ((entry, category) for category in named for entry in entries)
        found = (eligibility for kind in kinds if (eligibility := self.eligibilities.get(kind)))
        return next((e for e in found if e.held_during(begins_on=during.begins_on, ends_on=during.ends_on)), None)


class Payments:
    """Recognition by the term, payment lists and their results 学期认定与发放."""

    def __init__(self, *, assistance: Assistance) -> None:
        self._assistance = assistance

    def recognise_term(self, *, programme: str, term: str, school: str, pupils: tuple[Pupil, ...]) -> Answer:
        """Grants a programme's amount for a term to all of these pupils who are eligible and don't have it (N6.2).

        Whoever has it already, or what is not paid together with it, or is not eligible, is left as it is: the same again adds only
        who is new. The answer's id is that of the school's recognition.
        """
        if len(pupils) > MOST_PUPILS:
            raise Refused(f"At most {MOST_PUPILS} pupils are recognised at once; send the others after these.")
        recipients, awards = self._recognised(pupils, programme=programme, term=term)
        answer = recognition_of(programme, term=term, school=school)
        return self._assistance.record(*_in_turn(recipients, awards), answer=answer)

    def open_recognition(self, *, programme: str, term: str, area: str, pupils: tuple[Pupil, ...]) -> Answer:
        """Opens a run that recognises a term for all of these pupils, lot by lot, as time passes (N6.2).

        Refused at once where there is no rate for one of them, so that no run stops half way.
        """
        begins_on = Term.of(term).begins_on
        for stage, boarding in sorted({(pupil.stage, pupil.boarding) for pupil in pupils}):
            PROGRAMMES.get(programme, stage=stage, boarding=boarding, on=begins_on)
        run = RecognitionRun.open(
            run_id=uuid4(),
            programme=programme,
            term=term,
            area=area,
            pupils=pupils,
            by=who_acts().actor,
            today=today(),
        )
        return self._assistance.record(run)

    def recognise_lot(self, *, run_id: UUID) -> Answer:
        """Recognises the next lot of a run; a run that has ended has none."""
        run = self._assistance.get(RecognitionRun, run_id)
        lot = run.next_lot()
        if not lot:
            return self._assistance.record(answer=run_id)
        recipients, awards = self._recognised(lot, programme=run.programme, term=run.term)
        granted_fen = sum(award.amount_fen for award in awards)
        run.note_lot(lot, granted=len(awards), granted_fen=granted_fen, today=today())
        return self._assistance.record(*_in_turn(recipients, awards), run, answer=run_id)

    def cancel_recognition(self, *, run_id: UUID) -> Answer:
        """Stops a run before its next lot; what was granted stays."""
        run = self._assistance.get(RecognitionRun, run_id)
        run.cancel(today=today())
        return self._assistance.record(run)

    def _recognised(self, pupils: Iterable[Pupil], *, programme: str, term: str) -> tuple[list[Recipient], list[Award]]:
        """Grants to whoever of these is eligible and hasn't it: the recipients and their awards, not recorded yet."""
        during = Term.of(term)
        beside = EXCLUSIONS.beside(programme, on=during.begins_on)
        known = self._known(pupils, programmes=(programme, *beside), term=term)
        recipients: list[Recipient] = []
        awards: list[Award] = []
        for pupil in pupils:
            rate = PROGRAMMES.get(programme, stage=pupil.stage, boarding=pupil.boarding, on=during.begins_on)
            eligibility = known.eligibility(pupil, rate=rate, during=during)
            recipient = known.recipient(pupil.child_id)
            if (
                eligibility is None
                or recipient.into is not None
                or known.has_award(recipient, programme=programme, beside=beside)
            ):
                continue
            award = Award.grant(
                standing=(), child_id=pupil.child_id, term=during, rate=rate, eligibility=eligibility, today=today()
            )
            recipient.note_award(award_id=award.id)
            known.awards[award.child_id, programme] = award
            recipients.append(recipient)
            awards.append(award)
        return recipients, awards

    def make_payment_list(self, *, list_id: UUID, school: str, township: str, awards: tuple[UUID, ...]) -> Answer:
        """Puts awards that are owed on a list for the bank; an award is on one list at a time (N6.2)."""
        if self._assistance.find(PaymentList, list_id) is not None:
            raise Refused("There is a payment list of this id already.")
        found = [self._assistance.get(Award, award_id) for award_id in awards]
        made = PaymentList.make(
            list_id=list_id, school=school, township=township, awards=found, by=who_acts().actor, today=today()
        )
        ended = self._assistance.ended_refusals(found, "listed_again")
        return self._assistance.record(*ended, *found, made, answer=list_id)

    def approve_payment_list(self, *, list_id: UUID) -> Answer:
        """Approves and locks a list that another person made."""
        made = self._assistance.get(PaymentList, list_id)
        made.approve(self._awards_on(made), by=who_acts().actor, today=today())
        return self._assistance.record(made)

    def withdraw_payment_list(self, *, list_id: UUID) -> Answer:
        """Takes a list back that the bank has answered nothing of."""
        made = self._assistance.get(PaymentList, list_id)
        awards = list(self._awards_on(made))
        made.withdraw(awards, today=today())
        return self._assistance.record(*awards, made, answer=list_id)

    def take_bank_result(self, *, list_id: UUID, lines: tuple[BankLine, ...]) -> Answer:
        """Takes what the bank answered for lines of a list: paid, or refused with a reason, which becomes a task.

        All of it or nothing; a fault names the line, counted from 1. The same result again changes nothing.
        """
        made = self._assistance.get(PaymentList, list_id)
        made.require_locked()
        amounts = {line.award_id: line.amount_fen for line in made.lines}
        if len({line.award_id for line in lines}) < len(lines):
            raise Refused("This result names one award twice; ask the bank which line is right.")
        changed: dict[UUID, RecordedAggregate] = {}
        known: dict[UUID, Award] = {}
        for number, line in enumerate(lines, start=1):
            if line.award_id not in amounts:
                raise Refused(f"Line {number}: this award is not on the list.")
            try:
                found = (one for one in self._take(line, made=made, known=known) if one.pending_events)
                changed |= {one.id: one for one in found}
            except Refused as error:
                raise Refused(f"Line {number}: {error}") from error
        return self._assistance.record(*changed.values(), answer=list_id)

    def answer_refused_payment(self, *, refusal_id: UUID, answer: str) -> Answer:
        """Says what became of a payment the bank refused: `account_corrected`, `card_renewed` or `family_refuses`."""
        refusal = self._assistance.get(Refusal, refusal_id)
        refusal.answer(answer, today=today())
        return self._assistance.record(refusal)

    def ask_about_aid(
        self,
        *,
        child_id: UUID,
        kind: Kind,
        programme: str,
        term: str,
        award_id: UUID | None,
        owner: str,
        township: str,
        due_on: date,
    ) -> Answer:
        """Asks a unit, by a day, about what does not agree of a child's aid in a term (N6.2)."""
        question_id = AidQuestion.id_of(child_id=child_id, kind=kind, programme=programme, term=term)
        question = AidQuestion.ask(
            known=self._assistance.find(AidQuestion, question_id),
            child_id=child_id,
            kind=kind,
            programme=programme,
            term=term,
            award_id=award_id,
            owner=owner,
            township=township,
            due_on=due_on,
            today=today(),
        )
        return self._assistance.record(question)

    def answer_aid_question(self, *, question_id: UUID, answer: str) -> Answer:
        """Says what became of what was asked about: `set_right`, `being_set_right`, `as_it_should_be` or `family_refuses`."""
        question = self._assistance.get(AidQuestion, question_id)
        question.answer(answer, today=today())
        return self._assistance.record(question)

    def _known(self, pupils: Iterable[Pupil], *, programmes: Iterable[str], term: str) -> _Known:
        """What a recognition has to know of all its pupils, in three readings."""
        of = {pupil.child_id: pupil.categories for pupil in pupils}
        recipients = self._assistance.find_all(Recipient, (Recipient.id_of(child_id=child) for child in of))
        by_child = {recipient.child_id: recipient for recipient in recipients.values()}
        entries = {child: by_child[child].entries if child in by_child else (child,) for child in of}
        awards = self._assistance.find_all(
            Award,
            (
                Award.id_of(child_id=entry, programme=programme, term=term)
                for of_one in entries.values()
                for entry in of_one
                for programme in programmes
            ),
        )
        eligibilities = self._assistance.find_all(
            Eligibility,
            (
                Eligibility.id_of(child_id=entry, category=category)
                for child, of_one in entries.items()
                for entry in of_one
                for category in of[child]
            ),
        )
        return _Known(
            by_child,
            {(award.child_id, award.programme): award for award in awards.values()},
            {(found.child_id, found.category): found for found in eligibilities.values()},
        )

    def _take(self, line: BankLine, *, made: PaymentList, known: dict[UUID, Award]) -> Iterator[RecordedAggregate]:
        award = known.get(line.award_id) or self._assistance.get(Award, line.award_id)
        known[award.id] = award
        match line.outcome:
            case "paid":
                payment_id = PaymentList.payment_of(made.id, award_id=award.id)
                award.pay(payment_id=payment_id, amount_fen=line.amount_fen, paid_on=line.on, today=today())
                yield self._assistance.reported(payment_id, award_id=award.id)
                yield from self._assistance.ended_refusals([award], "paid")
                if not award.stands:  # it was on its way when another one came to stand for it: what is paid stands
                    yield from self._assistance.settled(award, known=known)
            case "refused":
                before = len(award.refused_lists)
                award.refuse_payment(list_id=made.id, reason=line.reason, refused_on=line.on, today=today())
                if len(award.refused_lists) > before and award.stands:
                    yield Refusal.note(
                        award_id=award.id,
                        child_id=award.child_id,
                        list_id=made.id,
                        school=made.school,
                        township=made.township,
                        reason=line.reason,
                        today=today(),
                    )
            case _:
                assert_never(line.outcome)
        if award.pending_events:
            yield award

    def _awards_on(self, made: PaymentList) -> Iterator[Award]:
        return (self._assistance.get(Award, line.award_id) for line in made.lines)


def _in_turn(recipients: Iterable[Recipient], awards: Iterable[Award]) -> Iterator[RecordedAggregate]:
    """Each recipient followed by its award."""
    return (aggregate for pair in zip(recipients, awards, strict=True) for aggregate in pair)


def recognition_of(programme: str, *, term: str, school: str) -> UUID:
    """The id by which the recognition of a term at a school is spoken of."""
    return uuid5(_RECOGNITIONS, f"{programme}/{term}/{school}")
