"""A programme's amount for a child and term 资助认定与发放 (N6.2): granted once, and never paid twice.

There is one award per child, programme and term. It is owed from the grant; a payment settles it in full; money that
comes back makes it owed again. A payment is known by its id for ever, so a bank's report may come as often as it likes.
All money is whole fen 分.

Two entries of one child may each have an award of the same programme and term, or of two programmes that are not paid
together. Once they are known to be one child, one award stands and the others are set aside: nothing is owed on those, and what
was paid on them has to come back. Parted again, each stands by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Self
from uuid import UUID, uuid5

from services.assistance.domain.eligibility import Eligibility
from services.assistance.domain.exclusions import EXCLUSIONS
from services.assistance.domain.programmes import Rate
from services.assistance.domain.school_year import Term
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused

RETURN_REASONS: Final = {
    "account_closed": "账户注销",
    "account_wrong": "账号有误",
    "holder_mismatch": "户名不符",
    "card_lost": "社保卡挂失",
    "refused_by_bank": "银行退票",
    "paid_in_error": "误发",
}
"""Why money came back 退回原因."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment the bank reported, and whether it came back."""

    amount_fen: int
    returned: bool = False


class Award(RecordedAggregate):
    """One child, one programme, one term."""

    TOPIC = "assistance.Award"

    class Granted(RecordedAggregate.Event, Created):
        """The amount was granted and is owed 资助认定."""

        TOPIC = "assistance.Award.Granted"
        child_id: UUID
        programme: str
        term: str
        stage: str
        boarding: bool
        category: str
        amount_fen: int
        legal_basis: str
        granted_on: date

    class Paid(RecordedAggregate.Event):
        """The bank reported the money paid 发放."""

        TOPIC = "assistance.Award.Paid"
        child_id: UUID
        payment_id: UUID
        amount_fen: int
        paid_on: date

    class Returned(RecordedAggregate.Event):
        """The money came back; the award is owed again 退回."""

        TOPIC = "assistance.Award.Returned"
        child_id: UUID
        payment_id: UUID
        amount_fen: int
        reason: str
        returned_on: date

    class SetAside(RecordedAggregate.Event):
        """Another award of the same child stands for this one 重复搁置; what was paid on it has to come back."""

        TOPIC = "assistance.Award.SetAside"
        child_id: UUID
        standing: UUID
        set_aside_on: date

    class TakenUp(RecordedAggregate.Event):
        """It stands by itself again 恢复."""

        TOPIC = "assistance.Award.TakenUp"
        child_id: UUID
        taken_up_on: date

    class Listed(RecordedAggregate.Event):
        """It was put on a payment list 列入名册, to be paid under this payment's id."""

        TOPIC = "assistance.Award.Listed"
        child_id: UUID
        list_id: UUID
        payment_id: UUID
        listed_on: date

    class Unlisted(RecordedAggregate.Event):
        """Its list was withdrawn 移出名册."""

        TOPIC = "assistance.Award.Unlisted"
        child_id: UUID
        list_id: UUID
        unlisted_on: date

    class PaymentRefused(RecordedAggregate.Event):
        """The bank did not pay the list's line 退票; the award is owed still."""

        TOPIC = "assistance.Award.PaymentRefused"
        child_id: UUID
        list_id: UUID
        reason: str
        refused_on: date

    @staticmethod
    def id_of(*, child_id: UUID, programme: str, term: str) -> UUID:
        """The id of a child's award under a programme in a term: there is one."""
        return uuid5(child_id, f"award/{programme}/{term}")

    @classmethod
    def grant(
        cls,
        *,
        standing: Iterable[Self],
        child_id: UUID,
        term: Term,
        rate: Rate,
        eligibility: Eligibility | None,
        today: date,
    ) -> Self:
        """Grants a term's amount to an eligible child.

        `standing` are the awards this child has for the term already, whichever its entry; of programmes that are not paid together
        one is granted. The child must be eligible in a category of the programme on some day of the term; the rate is that of the
        term's first day.
        """
        for known in standing:
            if known.programme == rate.programme:
                raise Refused("This child has its award of this programme and term already; it is granted once (N6.3).")
            if (exclusion := EXCLUSIONS.between(known.programme, rate.programme, on=term.begins_on)) is not None:
                raise Refused(
                    f"This child has {known.programme} of this term, which is not paid together with {rate.programme} "
                    f"({exclusion.legal_basis})."
                )
        if eligibility is None or eligibility.category not in rate.categories:
            raise Refused(f"The child was never found eligible in a category of {rate.programme} (N6.1).")
        held = eligibility.held_during(begins_on=term.begins_on, ends_on=term.ends_on)
        if held is None:
            raise Refused(
                f"The child was not eligible as {eligibility.category} on any day of term {term.name} (N6.1)."
            )
        return cls._create(
            cls.Granted,
            id=cls.id_of(child_id=child_id, programme=rate.programme, term=term.name),
            child_id=child_id,
            programme=rate.programme,
            term=term.name,
            stage=rate.stage,
            boarding=rate.boarding,
            category=eligibility.category,
            amount_fen=rate.amount_fen,
            legal_basis=f"{rate.legal_basis};{held.ground.legal_basis}",
            granted_on=today,
        )

    def pay(self, *, payment_id: UUID, amount_fen: int, paid_on: date, today: date) -> None:
        """Takes note that the bank paid; a payment known already is nothing new, a second one is refused."""
        known = self.payments.get(payment_id)
        if known is not None and known.amount_fen == amount_fen:
            return
        if known is not None:
            raise Refused(f"This payment was reported with {known.amount_fen} fen before; ask the bank which is right.")
        if self.on_list is not None and payment_id != self.listed_payment:
            raise Refused("This award is on a payment list; what the bank says of it comes with that list's result.")
        if self.stands_for_it is not None and self.on_list is None:
            raise Refused("Another award of the same child stands for this one; nothing is owed on it (N6.3).")
        if self.paid_fen:
            raise Refused("This award is paid; an award is never paid twice. Report the first payment returned before.")
        if amount_fen != self.amount_fen:
            raise Refused(
                f"The award is {self.amount_fen} fen and paid in full or not at all; {amount_fen} was reported."
            )
        if paid_on > today:
            raise Refused("A payment is reported when it was made; its day lies ahead.")
        self.trigger_event(
            self.Paid, child_id=self.child_id, payment_id=payment_id, amount_fen=amount_fen, paid_on=paid_on
        )

    def take_back(self, *, payment_id: UUID, reason: str, returned_on: date, today: date) -> None:
        """Takes note that a payment came back; the same return again is nothing new."""
        payment = self.payments.get(payment_id)
        if payment is None:
            raise Refused("This award knows no such payment; report it paid before it is reported returned.")
        if payment.returned:
            return
        if reason not in RETURN_REASONS:
            raise Refused(f"Money comes back for one of these reasons: {', '.join(RETURN_REASONS)}.")
        if returned_on > today:
            raise Refused("A return is reported when it was made; its day lies ahead.")
        self.trigger_event(
            self.Returned,
            child_id=self.child_id,
            payment_id=payment_id,
            amount_fen=payment.amount_fen,
            reason=reason,
            returned_on=returned_on,
        )

    def put_on_list(self, *, list_id: UUID, payment_id: UUID, today: date) -> None:
        """Puts it on a payment list; refused where nothing is owed, or another list holds it."""
        if not self.owed_fen:
            raise Refused("Nothing is owed on one of these awards; a payment list holds what is owed.")
        if self.on_list is not None:
            raise Refused("One of these awards is on another payment list; an award is paid by one list.")
        self.trigger_event(self.Listed, child_id=self.child_id, list_id=list_id, payment_id=payment_id, listed_on=today)

    def take_off_list(self, *, today: date) -> None:
        """Takes it off its list, which was withdrawn."""
        if self.on_list is not None:
            self.trigger_event(self.Unlisted, child_id=self.child_id, list_id=self.on_list, unlisted_on=today)

    def refuse_payment(self, *, list_id: UUID, reason: str, refused_on: date, today: date) -> None:
        """Takes note that the bank did not pay a list's line; the same again is nothing new."""
        if list_id in self.refused_lists:
            return
        if self.on_list != list_id:
            raise Refused("This award is not on that list, or the bank has reported it paid; ask the bank (N6.2).")
        if reason not in RETURN_REASONS:
            raise Refused(f"A payment is refused for one of these reasons: {', '.join(RETURN_REASONS)}.")
        if refused_on > today:
            raise Refused("A refusal is reported when it was made; its day lies ahead.")
        self.trigger_event(
            self.PaymentRefused, child_id=self.child_id, list_id=list_id, reason=reason, refused_on=refused_on
        )

    def set_aside(self, *, standing: UUID, today: date) -> None:
        """Lets another award of the same child stand for this one; the same again is nothing new."""
        if self.stands_for_it != standing:
            self.trigger_event(self.SetAside, child_id=self.child_id, standing=standing, set_aside_on=today)

    def take_up(self, *, today: date) -> None:
        """Lets it stand by itself again; nothing happens where it does."""
        if self.stands_for_it is not None:
            self.trigger_event(self.TakenUp, child_id=self.child_id, taken_up_on=today)

    def excludes(self, other: "Award") -> bool:
        """Whether a child is not paid both: of one term, and of one programme or two that are not paid together."""
        if self.term != other.term:
            return False
        day = Term.of(self.term).begins_on
        return (
            self.programme == other.programme or EXCLUSIONS.between(self.programme, other.programme, on=day) is not None
        )

    @property
    def stands(self) -> bool:
        """Whether nothing else the child has for the term stands for it."""
        return self.stands_for_it is None

    @property
    def paid_fen(self) -> int:
        """What the child has: payments that didn't come back."""
        return sum(payment.amount_fen for payment in self.payments.values() if not payment.returned)

    @property
    def owed_fen(self) -> int:
        """What is still to be paid."""
        return self.amount_fen - self.paid_fen if self.stands else 0

    @property
    def due_back_fen(self) -> int:
        """What was paid although another award stands for this one, and hasn't come back."""
        return 0 if self.stands else self.paid_fen

    @event(Granted)
    def __init__(
        self, child_id: UUID, programme: str, term: str, category: str, amount_fen: int, granted_on: date
    ) -> None:
        self.child_id = child_id
        self.programme = programme
        self.term = term
        self.category = category
        self.amount_fen = amount_fen
        self.granted_on = granted_on
        self.payments: dict[UUID, Payment] = {}
        self.stands_for_it: UUID | None = None
        self.on_list: UUID | None = None
        self.listed_payment: UUID | None = None
        self.refused_lists: tuple[UUID, ...] = ()

    @event(Paid)
    def _paid(self, payment_id: UUID, amount_fen: int) -> None:
        self.payments[payment_id] = Payment(amount_fen)
        self.on_list = None

    @event(Returned)
    def _returned(self, payment_id: UUID) -> None:
        self.payments[payment_id] = replace(self.payments[payment_id], returned=True)

    @event(SetAside)
    def _set_aside(self, standing: UUID) -> None:
        self.stands_for_it = standing

    @event(TakenUp)
    def _taken_up(self) -> None:
        self.stands_for_it = None

    @event(Listed)
    def _listed(self, list_id: UUID, payment_id: UUID) -> None:
        self.on_list, self.listed_payment = list_id, payment_id

    @event(Unlisted)
    def _unlisted(self) -> None:
        self.on_list = None

    @event(PaymentRefused)
    def _payment_refused(self, list_id: UUID) -> None:
        self.on_list = None
        self.refused_lists = (*self.refused_lists, list_id)


def settle(awards: Iterable[Award], *, today: date) -> None:
    """Of the awards of one child that are not paid together, lets one stand, and sets the others aside: give it all of a term.

    What is paid goes before what isn't, what is on its way to the bank before what isn't, what stands before what doesn't, then the
    earlier grant: whatever the order in which entries were merged, no payment is undone that can be kept.
    """
    standing: list[Award] = []
    for award in sorted(
        awards,
        key=lambda award: (not award.paid_fen, award.on_list is None, not award.stands, award.granted_on, award.id),
    ):
        before = next((one for one in standing if one.excludes(award)), None)
        if before is not None:
            award.set_aside(standing=before.id, today=today)
        else:
            award.take_up(today=today)
            standing.append(award)
