"""A request to another department 转办 (N3): opened, accepted, answered - or revoked by the side that asked, returned by the side asked.

While a referral is open the department asked may see what its purpose needs, so one is never opened twice for the same
thing, and what ends it is always recorded. `request`, `outcome` and `reason` travel in the clear and name nobody.

A suspected crime 涉嫌犯罪 (N2.6) is handed over to the police by a referral. What police, procuratorate and court decide of it is
recorded with their papers' numbers, and nothing of it is decided here.
"""

from datetime import date
from enum import StrEnum
from typing import Final, Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue, relief
from services.cases.domain.late_reply import Awaited
from services.cases.domain.relief import Decision
from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused

OFFICE = "education_bureau"
"""The bureau keeps the office of the leading group: it may enter what another department wrote on paper 代录."""
SUSPECTED_CRIME: Final = "suspected_crime"


class ReferralState(StrEnum):
    """Where a referral stands; the last three are its ends."""

    OPENED = "opened"  # 已转办
    ACCEPTED = "accepted"  # 已受理
    ANSWERED = "answered"  # 已办结
    REVOKED = "revoked"  # 已撤回
    RETURNED = "returned"  # 已退回


ENDED = frozenset({ReferralState.ANSWERED, ReferralState.REVOKED, ReferralState.RETURNED})


def id_of_referral(case_id: UUID, *, to: str, purpose: str, number: int) -> UUID:
    """The id of a case's n-th referral to a department for a purpose, counted from 1."""
    return uuid5(case_id, f"referral/{to}/{purpose}/{number}")


class Referral(RecordedAggregate):
    """One request to one kind of department (`to`, such as `civil_affairs`), for one purpose."""

    TOPIC = "cases.Referral"

    class Opened(RecordedAggregate.Event, Created):
        TOPIC = "cases.Referral.Opened"
        case_id: UUID
        child_id: UUID
        number: int
        to: str
        purpose: str
        request: str
        asked_by: str
        opened_on: date
        reply_by: date
        handed_on_from: UUID | None = None

    class Accepted(RecordedAggregate.Event):
        TOPIC = "cases.Referral.Accepted"
        case_id: UUID
        child_id: UUID
        to: str

    class Answered(RecordedAggregate.Event):
        TOPIC = "cases.Referral.Answered"
        case_id: UUID
        child_id: UUID
        to: str
        outcome: str
        answered_on: date
        asked_by: str = ""
        purpose: str = ""
        decision: Decision | None = None

    class CrimeDecided(RecordedAggregate.Event):
        """What was decided of a suspected crime 刑事处理结果; `paper` is the number of the decision, such as that of its filing 立案决定书."""

        TOPIC = "cases.Referral.CrimeDecided"
        case_id: UUID
        child_id: UUID
        to: str
        decision: str
        paper: str
        decided_on: date

    class Revoked(RecordedAggregate.Event):
        TOPIC = "cases.Referral.Revoked"
        case_id: UUID
        child_id: UUID
        to: str
        reason: str

    class Returned(RecordedAggregate.Event):
        TOPIC = "cases.Referral.Returned"
        case_id: UUID
        child_id: UUID
        to: str
        reason: str
        asked_by: str = ""

    # Decisions

    @classmethod
    def open(
        cls,
        *,
        case_id: UUID,
        child_id: UUID,
        earlier: "Referral | None",
        to: str,
        purpose: str,
        request: str,
        asked_by: str,
        reply_by: date,
        today: date,
        handed_on_from: UUID | None = None,
    ) -> Self:
        """Asks a department; `earlier` is the latest request of this case to it for this purpose, and has to have ended.

        A matter that one department leads is asked of that one; others get it `handed_on_from` the lead's referral.
        """
        department = catalogue.known(to, words=catalogue.DEPARTMENTS, what="department")
        if purpose not in department.purposes:
            raise Refused(
                f"open_referral: {to} {department.name} is asked for {catalogue.listed(department.purposes)} (N3)."
            )
        if earlier is not None and earlier.state not in ENDED:
            raise Refused(
                f"open_referral: {to} {department.name} is asked for {purpose} already, reply by {earlier.reply_by}. "
                "Allowed now: answer_referral or revoke_referral."
            )
        chain = catalogue.CHAINS.get(purpose)
        if chain is not None and to != chain.lead and handed_on_from is None:
            raise Refused(
                f"open_referral: {purpose} {chain.name} is asked of {chain.lead} first, which hands it on ({chain.legal_basis})."
            )
        if reply_by <= today:
            raise Refused("open_referral: leave the department at least a day to reply: reply_by comes after today.")
        number = 1 if earlier is None else earlier.number + 1
        return cls._create(
            cls.Opened,
            id=id_of_referral(case_id, to=to, purpose=purpose, number=number),
            case_id=case_id,
            child_id=child_id,
            number=number,
            to=to,
            purpose=purpose,
            request=catalogue.in_the_clear(request, what="the request"),
            asked_by=asked_by,
            opened_on=today,
            reply_by=reply_by,
            handed_on_from=handed_on_from,
        )

    def accept(self, *, department: str) -> None:
        """The department takes it on 受理; `department` is the acting unit, written `kind:area`."""
        self._must_stand(ReferralState.OPENED, act="accept_referral")
        self._must_be_from({self.to}, department=department)
        self.trigger_event(self.Accepted, case_id=self.case_id, child_id=self.child_id, to=self.to)

    def answer(self, *, outcome: str, department: str, today: date, decision: Decision | None = None) -> None:
        """The department answers 办结回复, in words; about help with what it decided, to a suspected crime once it is known whether the police filed it."""
        self._must_stand(ReferralState.ACCEPTED, act="answer_referral")
        self._must_be_from({self.to}, department=department)
        if self.purpose == SUSPECTED_CRIME and not self.decision:
            raise Refused(
                "answer_referral: a suspected crime is answered by whether the police filed it "
                "(行政执法机关移送涉嫌犯罪案件的规定第八条); record_crime_decision comes first."
            )
        relief.check(decision, purpose=self.purpose)
        outcome = catalogue.in_the_clear(outcome, what="the outcome")
        self.trigger_event(
            self.Answered,
            case_id=self.case_id,
            child_id=self.child_id,
            to=self.to,
            outcome=outcome,
            answered_on=today,
            asked_by=self.asked_by,
            purpose=self.purpose,
            decision=decision,
        )

    def hand_on(
        self,
        *,
        to: str,
        earlier: "Referral | None",
        outcome: str,
        request: str,
        reply_by: date,
        department: str,
        today: date,
    ) -> "Referral":
        """The leading department says what it found and hands the matter on 移送; whoever asked first keeps sight of both."""
        chain = catalogue.CHAINS.get(self.purpose)
        if chain is None or to not in chain.then:
            following = catalogue.listed(chain.then) if chain else "nobody"
            raise Refused(f"hand_on_referral: {self.purpose} is handed on to {following} (N3.4).")
        self.answer(outcome=outcome, department=department, today=today)
        return Referral.open(
            case_id=self.case_id,
            child_id=self.child_id,
            earlier=earlier,
            to=to,
            purpose=self.purpose,
            request=request,
            asked_by=self.asked_by,
            reply_by=reply_by,
            today=today,
            handed_on_from=self.id,
        )

    def record_crime_decision(
        self, *, decision: str, paper: str, decided_on: date, department: str, today: date
    ) -> None:
        """What police, procuratorate or court decided of a suspected crime, each after what comes before it 立案、起诉、判决."""
        act = "record_crime_decision"
        if self.purpose != SUSPECTED_CRIME:
            raise Refused(
                f"{act}: this referral is for {self.purpose}; a crime is handed over for {SUSPECTED_CRIME} (N2.6)."
            )
        self._must_stand(ReferralState.ACCEPTED, ReferralState.ANSWERED, act=act)
        self._must_be_from({self.to}, department=department)
        known = catalogue.known(decision, words=catalogue.CRIME_DECISIONS, what="decision on a suspected crime")
        if self.decision not in known.follows:
            next_ones = [name for name, word in catalogue.CRIME_DECISIONS.items() if self.decision in word.follows]
            raise Refused(
                f"{act}: {decision} {known.name} doesn't follow {self.decision or 'a matter that nobody has decided yet'}; "
                f"what may follow: {catalogue.listed(next_ones or ['nothing'])}."
            )
        if not self.decided_on <= decided_on <= today:
            raise Refused(f"{act}: it was decided between {self.decided_on}, when the one before was, and today.")
        self.trigger_event(
            self.CrimeDecided,
            case_id=self.case_id,
            child_id=self.child_id,
            to=self.to,
            decision=decision,
            paper=catalogue.in_the_clear(paper, what="the decision's number"),
            decided_on=decided_on,
        )

    def give_back(self, *, reason: str, department: str) -> None:
        """The department gives it back 退回: not its matter, or something is missing; whoever asked has to act again."""
        self._must_stand(ReferralState.OPENED, ReferralState.ACCEPTED, act="return_referral")
        self._must_be_from({self.to}, department=department)
        reason = catalogue.in_the_clear(reason, what="the reason")
        self.trigger_event(
            self.Returned,
            case_id=self.case_id,
            child_id=self.child_id,
            to=self.to,
            reason=reason,
            asked_by=self.asked_by,
        )

    def revoke(self, *, reason: str, department: str) -> None:
        """The asking side takes it back 撤回; from then on the department sees nothing more."""
        self._must_stand(ReferralState.OPENED, ReferralState.ACCEPTED, act="revoke_referral")
        self._must_be_from({self.asked_by.partition(":")[0]}, department=department)
        reason = catalogue.in_the_clear(reason, what="the reason")
        self.trigger_event(self.Revoked, case_id=self.case_id, child_id=self.child_id, to=self.to, reason=reason)

    def awaited(self, *, township: str) -> Awaited | None:
        """The answer that is owed, in a case of this township; None once it has ended."""
        if self.state in ENDED:
            return None
        return Awaited(
            matter="referral",
            about=self.id,
            owed_by=self.to,
            due_on=self.reply_by,
            township=township,
            case_id=self.case_id,
            child_id=self.child_id,
        )

    def _must_stand(self, *states: ReferralState, act: str) -> None:
        if self.state in states:
            return
        following = {
            ReferralState.OPENED: "allowed now: accept_referral, return_referral or revoke_referral",
            ReferralState.ACCEPTED: "allowed now: answer_referral, return_referral or revoke_referral",
        }.get(self.state, "it has ended; ask again with open_referral")
        raise Refused(f"{act}: this referral is {self.state} (N3); {following}.")

    def _must_be_from(self, kinds: set[str], *, department: str) -> None:
        if department.partition(":")[0] not in kinds | {OFFICE}:
            raise Forbidden(f"Only {catalogue.listed(sorted(kinds | {OFFICE}))} may do this with this referral (N3).")

    # Evolution

    @event(Opened)
    def __init__(
        self,
        case_id: UUID,
        child_id: UUID,
        number: int,
        to: str,
        purpose: str,
        asked_by: str,
        opened_on: date,
        reply_by: date,
    ) -> None:
        self.purpose = purpose
        self.case_id = case_id
        self.child_id = child_id
        self.number = number
        self.to = to
        self.asked_by = asked_by
        self.reply_by = reply_by
        self.state = ReferralState.OPENED
        self.decision = ""
        self.decided_on = opened_on

    @event(Accepted)
    def _accepted(self) -> None:
        self.state = ReferralState.ACCEPTED

    @event(Answered)
    def _answered(self) -> None:
        self.state = ReferralState.ANSWERED

    @event(CrimeDecided)
    def _crime_decided(self, decision: str, decided_on: date) -> None:
        self.decision = decision
        self.decided_on = decided_on

    @event(Revoked)
    def _revoked(self) -> None:
        self.state = ReferralState.REVOKED

    @event(Returned)
    def _returned(self) -> None:
        self.state = ReferralState.RETURNED
