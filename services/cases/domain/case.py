"""A child's case 个案: from suspicion to seat, with the next step always owed by somebody.

States and what they allow stand in `ladder`, terms in `rules`, words in `catalogue`; here is what needs a case's own
history. A clock is never set back by doing the same thing again: a second attempt to persuade doesn't put off the
report, asking for clearance stops nothing. Cases of a child are numbered, and the id of the n-th is derived from the
child's, so that two who open one at the same moment collide.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID, uuid5

from services.cases.domain import catalogue, ladder
from services.cases.domain.clearance import Clearance
from services.cases.domain.clock import Clock, Extension, Pause
from services.cases.domain.ladder import State
from services.cases.domain.rules import RULES, Owed, Rule, falls_due_soon, handed_up, owed
from services.cases.domain.seat import Attendance
from services.chassis.aggregate import Created, Personal, RecordedAggregate, event
from services.chassis.clock import china_date
from services.chassis.errors import Refused
from services.chassis.school_terms import is_school_day, school_days

Outcome = Literal["kept", "relapsed"]
"""How a case closed: the child was kept in school 巩固, or was gone again before the watch ended 复辍."""


def id_of_case(child_id: UUID, number: int) -> UUID:
    """The id of a child's n-th case, counted from 1."""
    return uuid5(child_id, f"case/{number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a child belongs: township (9 digits), village (12), school (empty: none) and stage of schooling."""

    township: str
    village: str
    school: str
    stage: str


class Owing(RecordedAggregate.Event):
    """A step of a case that leaves somebody owing the next one."""

    child_id: UUID
    owed: Owed


@dataclass(frozen=True, slots=True)
class Pressed:
    """A served paper on which the case stands, or stood before the next: where it brought the case, and when its term ends."""

    state: State
    document_id: UUID
    expires_on: date | None = None


class Case(RecordedAggregate):
    """One child, out of school or thought to be, until it sits in class or is accounted for elsewhere."""

    TOPIC = "cases.Case"

    class Opened(Owing, Created):
        TOPIC = "cases.Case.Opened"
        number: int
        cause: str
        finding_id: UUID | None
        place: Place
        earlier_case: UUID | None
        opened_on: date

    class VerificationBegun(Owing):
        TOPIC = "cases.Case.VerificationBegun"

    class Confirmed(Owing):
        TOPIC = "cases.Case.Confirmed"
        causes: tuple[str, ...]
        confirmed_on: date
        evidence: tuple[UUID, ...] = ()

    class FoundUnreachable(Owing):
        TOPIC = "cases.Case.FoundUnreachable"

    class Persuaded(Owing):
        TOPIC = "cases.Case.Persuaded"
        method: str
        outcome: str
        note: Annotated[str, Personal("child_id")]
        made_on: date

    class Searched(Owing):
        TOPIC = "cases.Case.Searched"
        method: str
        note: Annotated[str, Personal("child_id")]
        made_on: date

    class Reported(Owing):
        TOPIC = "cases.Case.Reported"
        document_id: UUID
        sought: bool

    class Ordered(Owing):
        TOPIC = "cases.Case.Ordered"
        document_id: UUID
        served_on: date
        expires_on: date

    class Penalised(Owing):
        TOPIC = "cases.Case.Penalised"
        document_id: UUID
        served_on: date
        expires_on: date

    class Demanded(Owing):
        TOPIC = "cases.Case.Demanded"
        document_id: UUID
        served_on: date
        expires_on: date

    class TakenToJustice(Owing):
        TOPIC = "cases.Case.TakenToJustice"
        document_id: UUID
        served_on: date

    class SetBack(Owing):
        """What the case stood on fell: a served paper was set aside 撤销, or proceedings came to nothing (`ground` says which).

        The case stands where it stood before it, on `stands_on` or on the school's report. `document_id` is the paper or the file.
        """

        TOPIC = "cases.Case.SetBack"
        document_id: UUID
        state: str
        stands_on: UUID | None
        decided_on: date
        ground: str = "set_aside"

    class ProceedingsFollowed(Owing):
        """Its proceedings went a step on, and with them what is owed 司法程序进展."""

        TOPIC = "cases.Case.ProceedingsFollowed"
        proceedings_id: UUID
        trigger: str

    class ProceedingRecorded(Owing):
        TOPIC = "cases.Case.ProceedingRecorded"
        proceeding: str
        paper: str
        made_on: date
        comply_by: date | None

    class Returned(Owing):
        TOPIC = "cases.Case.Returned"
        school: str
        returned_on: date
        seat_days: int

    class AttendanceTaken(RecordedAggregate.Event):
        TOPIC = "cases.Case.AttendanceTaken"
        child_id: UUID
        seen_on: date
        present: bool
        seat_days: int

    class Watched(Owing):
        TOPIC = "cases.Case.Watched"
        watch_until: date

    class StepExpired(Owing):
        TOPIC = "cases.Case.StepExpired"
        expired: Owed
        expired_on: date

    class Warned(RecordedAggregate.Event):
        """What is owed falls due soon, and whoever owes it is to be told 临期提醒."""

        TOPIC = "cases.Case.Warned"
        child_id: UUID
        owed: Owed
        warned_on: date

    class Paused(Owing):
        TOPIC = "cases.Case.Paused"
        pause: Pause

    class Resumed(Owing):
        TOPIC = "cases.Case.Resumed"
        resumed_on: date

    class ExtensionAsked(RecordedAggregate.Event):
        TOPIC = "cases.Case.ExtensionAsked"
        child_id: UUID
        extension: Extension

    class ExtensionDeclined(RecordedAggregate.Event):
        TOPIC = "cases.Case.ExtensionDeclined"
        child_id: UUID
        reason: str

    class Extended(Owing):
        TOPIC = "cases.Case.Extended"
        extension: Extension
        approver: str

    class Moved(RecordedAggregate.Event):
        TOPIC = "cases.Case.Moved"
        child_id: UUID
        place: Place

    class MergedInto(RecordedAggregate.Event):
        TOPIC = "cases.Case.MergedInto"
        child_id: UUID
        into_case: UUID
        merged_on: date

    class FoundUnnamed(RecordedAggregate.Event):
        TOPIC = "cases.Case.FoundUnnamed"
        child_id: UUID
        roles: tuple[str, ...]
        found_on: date

    class Closed(RecordedAggregate.Event):
        TOPIC = "cases.Case.Closed"
        child_id: UUID
        closed_on: date
        outcome: Outcome

    class ClearanceAsked(RecordedAggregate.Event):
        TOPIC = "cases.Case.ClearanceAsked"
        child_id: UUID
        clearance: Clearance

    class ClearanceDeclined(RecordedAggregate.Event):
        TOPIC = "cases.Case.ClearanceDeclined"
        child_id: UUID
        reason: str

    class Cleared(RecordedAggregate.Event):
        TOPIC = "cases.Case.Cleared"
        child_id: UUID
        clearance: Clearance
        approver: str
        cleared_on: date

    class ClearanceLapsed(RecordedAggregate.Event):
        TOPIC = "cases.Case.ClearanceLapsed"
        child_id: UUID
        lapsed_on: date

    # Decisions

    @classmethod
    def open(
        cls,
        *,
        child_id: UUID,
        earlier: "Case | None",
        cause: str,
        place: Place,
        finding_id: UUID | None,
        today: date,
    ) -> Self:
        """Opens a child's next case 立案; `earlier` is its latest one, and has to have ended.

        A case is chained to the earlier one when the child had come back in that one: it is a relapse 复辍.
        """
        if earlier is not None and earlier.state in ladder.OPEN:
            going_on = catalogue.listed(ladder.allowed(earlier.state))
            raise Refused(
                f"open_case: a child has one open case at a time, and this child's is {earlier.state}; "
                f"go on with that one, allowed now: {going_on}."
            )
        catalogue.known(cause, words=catalogue.OPENINGS, what="cause for a case")
        number = 1 if earlier is None else earlier.number + 1
        pupil = place.school != ""
        rule = RULES.get("opened", stage=place.stage, pupil=pupil, on=today, township=place.township)
        return cls._create(
            cls.Opened,
            id=id_of_case(child_id, number),
            child_id=child_id,
            number=number,
            cause=cause,
            finding_id=finding_id,
            place=place,
            earlier_case=earlier.id if earlier is not None and earlier.returned_on is not None else None,
            opened_on=today,
            owed=owed(rule, counted_from=today),
        )

    def begin_verification(self, *, today: date) -> None:
        """Somebody goes to find out 核实; on a missing child: it was found, and is verified afresh."""
        ladder.refuse_unless("begin_verification", state=self.state)
        found_again = self.state is not State.SUSPECTED
        self._step(self.VerificationBegun, owed=self._owed("opened", today=today) if found_again else self.owed)

    def confirm(self, *, causes: tuple[str, ...], today: date, evidence: tuple[UUID, ...] = ()) -> None:
        """The child is out of school 确认辍学, for one cause or several of the list; `evidence` are its visits and scans."""
        ladder.refuse_unless("confirm_case", state=self.state)
        if not causes:
            raise Refused(f"confirm_case: name at least one cause (N2.1): {catalogue.listed(catalogue.CAUSES)}.")
        for cause in causes:
            catalogue.known(cause, words=catalogue.CAUSES, what="cause of dropping out")
        step = self._owed("confirmed", today=today)
        self._step(
            self.Confirmed, causes=tuple(dict.fromkeys(causes)), confirmed_on=today, evidence=evidence, owed=step
        )

    def report_unreachable(self, *, today: date) -> None:
        """The child can't be found 失联: the case stays open and the child is searched for."""
        ladder.refuse_unless("report_unreachable", state=self.state)
        self._step(self.FoundUnreachable, owed=self._owed("unreachable", today=today))

    def persuade(self, *, method: str, outcome: str, note: str, made_on: date, today: date) -> None:
        """An attempt to persuade 劝返; the first one starts the clock of the written report, no other moves it."""
        ladder.refuse_unless("record_persuasion", state=self.state)
        catalogue.known(method, words=catalogue.PERSUASION_METHODS, what="way of persuading")
        catalogue.known(outcome, words=catalogue.PERSUASION_OUTCOMES, what="outcome of persuading")
        _refuse_future(made_on, what="record_persuasion: an attempt", today=today)
        step = self.owed
        if self.state is State.CONFIRMED:
            step = self._owed("persuaded", today=today, counted_from=max(made_on, self.confirmed_on or made_on))
        self._step(self.Persuaded, method=method, outcome=outcome, note=note, made_on=made_on, owed=step)

    def search(self, *, method: str, note: str, made_on: date, today: date) -> None:
        """Somebody looked for the child and didn't find it 查找: once reported, the next search is owed from that day on.

        The duty comes back with every search for as long as the child is missing; it ends only when the child is found.
        """
        ladder.refuse_unless("record_search", state=self.state)
        catalogue.known(method, words=catalogue.SEARCHES, what="way of searching")
        _refuse_future(made_on, what="record_search: a search", today=today)
        if made_on < self.missing_since:
            raise Refused(f"record_search: the child is missing since {self.missing_since}; a search comes after that.")
        step = self.owed
        if self.state is State.SOUGHT:
            step = self._owed("searched", today=today, counted_from=made_on)
        self._step(self.Searched, method=method, note=note, made_on=made_on, owed=step)

    def report(self, *, document_id: UUID, today: date) -> None:
        """Reported in writing to the bureau 书面报告: persuasion failed, or the child can't be found."""
        ladder.refuse_unless("report_case", state=self.state)
        sought = self.state is State.UNREACHABLE
        step = self._owed("unreachable_reported" if sought else "reported", today=today)
        self._step(self.Reported, document_id=document_id, sought=sought, owed=step)

    def allow_paper(self, *, kind: str, today: date, complied_with: bool = False) -> None:
        """Refuses a paper before its time: an order before a report, justice before the order's term has run out.

        `complied_with`: what the served paper on which the case stands asked for was done, as far as is known.
        """
        paper = catalogue.known(kind, words=catalogue.PAPERS, what="document")
        if paper.moves == "report":
            raise Refused(f"issue_document: {paper.name} moves its case as it is issued; report_case does both (N2.4).")
        ladder.refuse_unless(paper.act, state=self.state)
        if paper.moves in ladder.AFTER_A_TERM:
            self._refuse_within_the_term(paper.act, on=today, complied_with=complied_with)

    def allow_proceedings(self, *, kind: str, filed_on: date, complied_with: bool = False) -> UUID:
        """Refuses going to court before its time 起诉条件; returns the served paper on which the case stands, the ground of the file."""
        act = "file_proceedings"
        of = catalogue.known(kind, words=catalogue.PROCEEDINGS_KINDS, what="kind of proceedings")
        ladder.refuse_unless(act, state=self.state)
        if self.stands_on is None or not {paper.state for paper in self.pressed}.intersection(of.follows):
            raise Refused(
                f"{act}: {kind} {of.name} follows only a case that was {catalogue.listed(of.follows)} by a served paper "
                f"({of.legal_basis}); this one is {self.state}."
            )
        self._refuse_within_the_term(act, on=filed_on, complied_with=complied_with)
        return self.stands_on

    def _refuse_within_the_term(self, act: str, *, on: date, complied_with: bool) -> None:
        if self.term_ends_on is not None and on <= self.term_ends_on:
            raise Refused(
                f"{act}: the served paper's term runs until {self.term_ends_on} and that day is still the "
                "guardian's (N2.6). Allowed until then: record_persuasion or record_return."
            )
        if complied_with:
            raise Refused(
                f"{act}: what the served paper asked was done, so nothing follows it (N2.6). Allowed: record_return, or "
                "record_document_result where that is no longer so."
            )

    def paper_served(self, *, kind: str, document_id: UUID, served_on: date, expires_on: date, today: date) -> None:
        """A paper reached its addressee 送达: the case moves on when this is the paper it waits for.

        Service is a fact and never refused here: a paper that arrives after the child came back moves nothing.
        """
        moves = catalogue.PAPERS[kind].moves
        if moves not in ladder.SERVED or self.state not in ladder.SERVED[moves].waiting:
            return
        if moves in ladder.AFTER_A_TERM and not (self.term_ends_on is not None and served_on > self.term_ends_on):
            return
        step = self._owed(ladder.SERVED[moves].trigger, today=today, counted_from=expires_on)
        paper = {"document_id": document_id, "served_on": served_on, "owed": step}
        if moves == "justice":
            self._step(self.TakenToJustice, **paper)
        else:
            served = {"order": self.Ordered, "penalty": self.Penalised, "demand": self.Demanded}[moves]
            self._step(served, expires_on=expires_on, **paper)

    def paper_set_aside(self, *, document_id: UUID, decided_on: date, today: date) -> None:
        """A served paper was set aside: the case goes back to where it stood before, and whatever followed that paper falls with it.

        The next step is owed anew from today. Where the case doesn't stand on that paper, nothing moves.
        """
        self._fall_back(document_id, ground="set_aside", decided_on=decided_on, today=today)

    def papers_from(self, document_id: UUID) -> tuple[UUID, ...]:
        """A served paper, and what followed it on this case."""
        standing = [paper.document_id for paper in self.pressed]
        return tuple(standing[standing.index(document_id) :]) if document_id in standing else (document_id,)

    def follow_proceedings(
        self, *, proceedings_id: UUID, ground: UUID, trigger: str, counted_from: date, today: date
    ) -> None:
        """Its proceedings went a step on, which starts the clock of `trigger`; where the case doesn't stand on their `ground` any
        more, nothing moves."""
        if self.state in ladder.PURSUED and ground in [paper.document_id for paper in self.pressed]:
            step = self._owed(trigger, today=today, counted_from=counted_from)
            self._step(self.ProceedingsFollowed, proceedings_id=proceedings_id, trigger=trigger, owed=step)

    def proceedings_failed(self, *, proceedings_id: UUID, outcome: str, decided_on: date, today: date) -> None:
        """Its proceedings came to nothing: not taken on, taken back, dismissed; it stands on the paper before again."""
        self._fall_back(proceedings_id, ground=outcome, decided_on=decided_on, today=today)

    def _fall_back(self, document_id: UUID, *, ground: str, decided_on: date, today: date) -> None:
        standing = [paper.document_id for paper in self.pressed]
        if self.state not in ladder.PURSUED or document_id not in standing:
            return
        before = self.pressed[: standing.index(document_id)]
        if before:
            last = before[-1]
            trigger = next(each.trigger for each in ladder.SERVED.values() if each.reaches is last.state)
            owed = self._owed(trigger, today=today, counted_from=max(today, last.expires_on or today))
        else:
            owed = self._owed("reported", today=today)
        self._step(
            self.SetBack,
            document_id=document_id,
            state=before[-1].state if before else State.REPORTED,
            stands_on=before[-1].document_id if before else None,
            decided_on=decided_on,
            ground=ground,
            owed=owed,
        )

    def record_proceeding(
        self, *, proceeding: str, paper: str, made_on: date, comply_by: date | None, today: date
    ) -> None:
        """What the court or the procuratorate did 司法进展; with a day to comply by, who enforces owes the step from then."""
        ladder.refuse_unless("record_proceeding", state=self.state)
        if catalogue.known(proceeding, words=catalogue.PROCEEDINGS, what="step of proceedings").filed:
            raise Refused(
                "record_proceeding: what happens in court stands in the file of its proceedings; file_proceedings."
            )
        _refuse_future(made_on, what="record_proceeding: a step of proceedings", today=today)
        if comply_by is not None and comply_by < made_on:
            raise Refused("record_proceeding: the day to comply by comes after the paper that sets it.")
        step = self.owed if comply_by is None else self._owed("judicial_ran_out", today=today, counted_from=comply_by)
        paper = catalogue.in_the_clear(paper, what="the paper's number")
        self._step(
            self.ProceedingRecorded,
            proceeding=proceeding,
            paper=paper,
            made_on=made_on,
            comply_by=comply_by,
            owed=step,
        )

    def come_back(self, *, school: str, returned_on: date, seat_days: int, today: date) -> None:
        """The child is back in class 复学, seen there on so many school days so far."""
        ladder.refuse_unless("record_return", state=self.state)
        if not school:
            raise Refused("record_return: name the school in which the child sits again (N2.2).")
        _refuse_future(returned_on, what="record_return: a return", today=today)
        _refuse_more_days_than_passed(seat_days, since=returned_on, today=today)
        step = self._owed("returned", today=today, counted_from=returned_on)
        self._step(self.Returned, school=school, returned_on=returned_on, seat_days=seat_days, owed=step)

    def count_seat_days(self, *, seat_days: int, today: date) -> None:
        """All school days on which the child has been seen in class since its return 在校天数."""
        ladder.refuse_unless("count_seat_days", state=self.state)
        since = self.returned_on or today
        _refuse_more_days_than_passed(seat_days, since=since, today=today)
        if seat_days <= self.seat_days:
            raise Refused(f"count_seat_days: {self.seat_days} days are counted already; give the higher total.")
        self._step(self.Returned, school=self.place.school, returned_on=since, seat_days=seat_days, owed=self.owed)

    def take_attendance(self, *, seen_on: date, present: bool, today: date) -> "Case | None":
        """Whether the child sat in class on a school day 到课登记; said again for the same day, the later word holds.

        Missing on as many school days in a row as the rule says, the child is gone again: this case ends, and the next
        one, which is returned, opens.
        """
        ladder.refuse_unless("record_attendance", state=self.state)
        _refuse_future(seen_on, what="record_attendance: a day in class", today=today)
        if seen_on < (self.returned_on or seen_on):
            raise Refused(f"record_attendance: the child is back since {self.returned_on}; days before don't count.")
        if not is_school_day(seen_on):
            raise Refused(f"record_attendance: {seen_on} is no school day of the county's calendar.")
        known = self.attendance.with_day(seen_on, present=present)
        self.trigger_event(
            self.AttendanceTaken,
            child_id=self.child_id,
            seen_on=seen_on,
            present=present,
            seat_days=max(self.seat_days_stated, known.days),
        )
        if self.attendance.missing_in_a_row < self._rule("returned", on=self.returned_on or today).absent_days:
            return None
        return self.relapse(cause="absent", finding_id=None, today=today)

    def watch(self, *, today: date) -> None:
        """The return is proven by days in class; the child is watched for a term 跟踪观察."""
        ladder.refuse_unless("watch_case", state=self.state)
        self._refuse_missing("watch_case")
        needed = self._rule("returned", on=self.returned_on or today).seat_days
        if self.seat_days < needed:
            raise Refused(
                f"watch_case: {needed} school days in class prove a return (N2.2), {self.seat_days} are counted. "
                "Allowed now: count_seat_days, or record_relapse if the child is gone again."
            )
        watch_until = today + timedelta(days=self._rule("watched", on=today).watch_days)
        self._step(self.Watched, watch_until=watch_until, owed=self._owed("watched", today=today))

    def close(self, *, today: date) -> None:
        """The watch ended with the child in school 结案."""
        ladder.refuse_unless("close_case", state=self.state)
        self._refuse_missing("close_case")
        if self.watch_until is not None and today < self.watch_until:
            raise Refused(
                f"close_case: the child is watched until {self.watch_until} (N2.3). "
                "Allowed until then: record_relapse if the child is gone again."
            )
        self.trigger_event(self.Closed, child_id=self.child_id, closed_on=today, outcome="kept")

    def relapse(self, *, cause: str, finding_id: UUID | None, today: date) -> "Case":
        """The child is gone again before the watch ended 复辍: this case ends, and the next one, chained to it, opens."""
        ladder.refuse_unless("record_relapse", state=self.state)
        catalogue.known(cause, words=catalogue.OPENINGS, what="cause for a case")
        self.trigger_event(self.Closed, child_id=self.child_id, closed_on=today, outcome="relapsed")
        return self._next(cause=cause, finding_id=finding_id, today=today)

    def ask_clearance(self, *, clearance: Clearance) -> None:
        """Asks to clear the case 销号申请; what is owed stays owed until somebody else approves."""
        ladder.refuse_unless("request_clearance", state=self.state)
        if self.clearance is not None:
            raise Refused("request_clearance: one is waiting already; approve_clearance or decline_clearance it first.")
        self.trigger_event(self.ClearanceAsked, child_id=self.child_id, clearance=clearance)

    def approve_clearance(self, *, approver: str, today: date) -> None:
        """A second person clears the case 销号."""
        asked = self._asked("approve_clearance")
        asked.must_be_approvable(approver=approver, today=today)
        self.trigger_event(self.Cleared, child_id=self.child_id, clearance=asked, approver=approver, cleared_on=today)

    def decline_clearance(self, *, reason: str) -> None:
        """The clearance isn't granted, or is taken back by who asked 不予销号."""
        self._asked("decline_clearance")
        reason = catalogue.in_the_clear(reason, what="the reason")
        self.trigger_event(self.ClearanceDeclined, child_id=self.child_id, reason=reason)

    def pause(self, *, reason: str, today: date) -> None:
        """The clock of the step stands still for a reason of the list 中止; it runs on by itself when that has lasted."""
        ladder.refuse_unless("pause_step", state=self.state)
        pause = self.clock.paused(reason=reason, today=today)
        self._step(self.Paused, pause=pause, owed=self.owed)

    def resume(self, *, today: date) -> None:
        """The clock runs again 恢复, with the days it still had."""
        ladder.refuse_unless("resume_step", state=self.state)
        self._step(self.Resumed, resumed_on=today, owed=self.clock.resumed(rules=RULES, today=today))

    def ask_extension(self, *, days: int, reason: str, asked_by: str, today: date) -> None:
        """Asks for more time for the step that is owed 延期申请; it stays due as it is until somebody else grants it."""
        ladder.refuse_unless("request_extension", state=self.state)
        extension = self.clock.may_extend(days=days, reason=reason, asked_by=asked_by, rules=RULES, today=today)
        self.trigger_event(self.ExtensionAsked, child_id=self.child_id, extension=extension)

    def grant_extension(self, *, approver: str) -> None:
        """A second person grants the time asked for 准予延期; once for a step."""
        ladder.refuse_unless("grant_extension", state=self.state)
        extension = self.clock.asked_for("grant_extension")
        if approver == extension.asked_by:
            raise Refused("grant_extension: who asked for more time can't grant it, a second person has to.")
        step = self.clock.extended_by(extension, rules=RULES)
        self._step(self.Extended, extension=extension, approver=approver, owed=step)

    def decline_extension(self, *, reason: str) -> None:
        """The time asked for isn't granted 不予延期."""
        ladder.refuse_unless("decline_extension", state=self.state)
        self.clock.asked_for("decline_extension")
        reason = catalogue.in_the_clear(reason, what="the reason")
        self.trigger_event(self.ExtensionDeclined, child_id=self.child_id, reason=reason)

    def must_concern(self, child_id: UUID, *, act: str) -> None:
        """Refuses what is said of another child."""
        if child_id != self.child_id:
            raise Refused(f"{act}: this case is another child's.")

    def must_sit_in(self, school: str, *, act: str) -> None:
        """Refuses what a school says of a child that is another's."""
        if school != self.place.school:
            raise Refused(f"{act}: a school speaks of the children who sit in it; this case is another school's.")

    def move(self, *, place: Place) -> None:
        """The child belongs elsewhere now 转移; what is owed stays owed, by the new township or school."""
        ladder.refuse_unless("move_case", state=self.state)
        if place != self.place:
            self.trigger_event(self.Moved, child_id=self.child_id, place=place)

    def merge_into(self, *, into: "Case", today: date) -> None:
        """This entry was another child's: what is to be done goes on in that child's case 并案."""
        ladder.refuse_unless("merge_case", state=self.state)
        if into.child_id == self.child_id or into.state not in ladder.OPEN:
            raise Refused("merge_case: a case goes on in the open case of the child that this entry turned out to be.")
        self.trigger_event(self.MergedInto, child_id=self.child_id, into_case=into.id, merged_on=today)

    def note_unnamed(self, *, roles: tuple[str, ...], today: date) -> None:
        """Nobody answers for the child in these roles 责任人缺失, or all are named by now; noted when it changes (N7.2, N7.3)."""
        if self.state in ladder.OPEN and roles != self.unnamed:
            self.trigger_event(self.FoundUnnamed, child_id=self.child_id, roles=roles, found_on=today)

    def expire(self, *, today: date) -> None:
        """A step that is late goes one level up 逾期上报; nothing happens where nothing is late, so it may be asked again.

        A pause that has lasted as long as it may ends here. What the county lets run out it owes again: nobody is above it.
        """
        if self.clock.pause is not None and self.state in ladder.OPEN:
            if today <= self.clock.pause.until_on:
                return
            self.resume(today=today)
        late = self.owed
        if self.state in ladder.OPEN and late.due_on < today:
            place = self.place
            above = handed_up(late, on=today, stage=place.stage, pupil=place.school != "", township=place.township)
            self._step(self.StepExpired, expired=late, expired_on=today, owed=above)

    def warn(self, *, today: date) -> None:
        """Whoever owes the step is to be told that it falls due soon 临期提醒: once for its day, and of none that is done, late, or stands."""
        is_told = self.clock.warned_of == self.owed.due_on or self.clock.pause is not None
        if self.state in ladder.OPEN and not is_told and falls_due_soon(self.owed, today=today):
            self.trigger_event(self.Warned, child_id=self.child_id, owed=self.owed, warned_on=today)

    def lapse(self, *, latest: "Case", today: date) -> "tuple[Case, ...]":
        """A deferral that has run out opens the child's next case 延缓期满; returns it, or nothing where none is due.

        `latest` is the child's latest case: where somebody has opened one already, the child is looked for there.
        """
        if self.cleared_until is None or self.cleared_until >= today or latest.id != self.id:
            return ()
        self.trigger_event(self.ClearanceLapsed, child_id=self.child_id, lapsed_on=today)
        return (self._next(cause="deferral_lapsed", finding_id=None, today=today),)

    def _next(self, *, cause: str, finding_id: UUID | None, today: date) -> "Case":
        return Case.open(
            child_id=self.child_id, earlier=self, cause=cause, place=self.place, finding_id=finding_id, today=today
        )

    @property
    def owed(self) -> Owed:
        """What is owed now."""
        return self.clock.owed

    @property
    def seat_days(self) -> int:
        """The school days on which the child was seen in class since its return: as stated, or day by day, whichever is more."""
        return max(self.seat_days_stated, self.attendance.days)

    def _step(self, event_class: type[Owing], **facts: object) -> None:
        self.trigger_event(event_class, child_id=self.child_id, **facts)

    def _rule(self, trigger: str, *, on: date) -> Rule:
        place = self.place
        return RULES.get(trigger, stage=place.stage, pupil=place.school != "", on=on, township=place.township)

    def _owed(self, trigger: str, *, today: date, counted_from: date | None = None) -> Owed:
        return owed(self._rule(trigger, on=today), counted_from=counted_from or today)

    def _refuse_missing(self, act: str) -> None:
        if missing := self.attendance.missing_in_a_row:
            raise Refused(
                f"{act}: the child was not in class on the last {missing} school days told (N2.3). Allowed now: "
                "record_attendance when it is seen again, or record_relapse if it is gone again."
            )

    def _asked(self, act: str) -> Clearance:
        ladder.refuse_unless(act, state=self.state)
        if self.clearance is None:
            raise Refused(f"{act}: nobody has asked to clear this case; request_clearance comes first.")
        return self.clearance

    # Evolution

    @event(Opened)
    def __init__(self, child_id: UUID, number: int, cause: str, place: Place, opened_on: date, owed: Owed) -> None:
        self.child_id = child_id
        self.number = number
        self.cause = cause
        self.place = place
        self.opened_on = opened_on
        self.state = State.SUSPECTED
        self.clock = Clock(owed=owed)
        self.confirmed_on: date | None = None
        self.term_ends_on: date | None = None
        self.stands_on: UUID | None = None
        self.pressed: tuple[Pressed, ...] = ()
        self.returned_on: date | None = None
        self.missing_since = opened_on
        self.seat_days_stated = 0
        self.attendance = Attendance()
        self.watch_until: date | None = None
        self.clearance: Clearance | None = None
        self.cleared_until: date | None = None
        self.unnamed: tuple[str, ...] = ()

    @event(VerificationBegun)
    def _verification_begun(self, owed: Owed) -> None:
        self.state = State.VERIFYING
        self._owe(owed)

    @event(Confirmed)
    def _confirmed(self, confirmed_on: date, owed: Owed) -> None:
        self.state = State.CONFIRMED
        self.confirmed_on = confirmed_on
        self._owe(owed)

    @event(FoundUnreachable)
    def _found_unreachable(self, timestamp: datetime, owed: Owed) -> None:
        self.state = State.UNREACHABLE
        self.missing_since = china_date(timestamp)
        self._owe(owed)

    @event(Persuaded)
    def _persuaded(self, owed: Owed) -> None:
        self.state = State.PERSUADING if self.state is State.CONFIRMED else self.state
        self._owe(owed)

    @event(Searched)
    def _searched(self, owed: Owed) -> None:
        self._owe(owed)

    @event(Reported)
    def _reported(self, sought: bool, owed: Owed) -> None:
        self.state = State.SOUGHT if sought else State.REPORTED
        self._owe(owed)

    @event(Ordered)
    def _ordered(self, document_id: UUID, expires_on: date, owed: Owed) -> None:
        self.state = State.ORDERED
        self.pressed = (Pressed(State.ORDERED, document_id, expires_on),)
        self.stands_on = document_id
        self.term_ends_on = expires_on
        self.clock = Clock(owed=owed)

    @event(Penalised)
    def _penalised(self, document_id: UUID, expires_on: date, owed: Owed) -> None:
        self.state = State.PENALISED
        self.pressed += (Pressed(State.PENALISED, document_id, expires_on),)
        self.stands_on = document_id
        self.term_ends_on = expires_on
        self.clock = Clock(owed=owed)

    @event(Demanded)
    def _demanded(self, document_id: UUID, expires_on: date, owed: Owed) -> None:
        self.state = State.DEMANDED
        self.pressed += (Pressed(State.DEMANDED, document_id, expires_on),)
        self.stands_on = document_id
        self.term_ends_on = expires_on
        self.clock = Clock(owed=owed)

    @event(TakenToJustice)
    def _taken_to_justice(self, document_id: UUID, owed: Owed) -> None:
        self.state = State.JUDICIAL
        self.pressed += (Pressed(State.JUDICIAL, document_id),)
        self._owe(owed)

    @event(ProceedingsFollowed)
    def _proceedings_followed(self, proceedings_id: UUID, owed: Owed) -> None:
        if proceedings_id not in [paper.document_id for paper in self.pressed]:
            self.pressed += (Pressed(State.JUDICIAL, proceedings_id),)
        self.state = State.JUDICIAL
        self._owe(owed)

    @event(SetBack)
    def _set_back(self, state: str, stands_on: UUID | None, owed: Owed) -> None:
        kept = [paper.document_id for paper in self.pressed].index(stands_on) + 1 if stands_on is not None else 0
        self.pressed = self.pressed[:kept]
        self.state = State(state)
        with_a_term = [paper for paper in self.pressed if paper.expires_on is not None]
        self.stands_on = with_a_term[-1].document_id if with_a_term else None
        self.term_ends_on = with_a_term[-1].expires_on if with_a_term else None
        self.clock = Clock(owed=owed)

    @event(Returned)
    def _returned(self, school: str, returned_on: date, seat_days: int, owed: Owed) -> None:
        self.state = State.RETURNED
        self.place = replace(self.place, school=school)
        self.returned_on = returned_on
        self.seat_days_stated = seat_days
        self._owe(owed)

    @event(AttendanceTaken)
    def _attendance_taken(self, seen_on: date, present: bool) -> None:
        self.attendance = self.attendance.with_day(seen_on, present=present)

    @event(Watched)
    def _watched(self, watch_until: date, owed: Owed) -> None:
        self.state = State.WATCHED
        self.watch_until = watch_until
        self._owe(owed)

    @event(ProceedingRecorded)
    def _proceeding_recorded(self, owed: Owed) -> None:
        self._owe(owed)

    @event(Paused)
    def _paused(self, pause: Pause) -> None:
        self.clock = replace(self.clock, pause=pause, paused_for=self.clock.paused_for | {pause.reason})

    @event(Resumed)
    def _resumed(self, owed: Owed) -> None:
        self.clock = replace(self.clock, owed=owed, pause=None)

    @event(ExtensionAsked)
    def _extension_asked(self, extension: Extension) -> None:
        self.clock = replace(self.clock, asked=extension)

    @event(ExtensionDeclined)
    def _extension_declined(self) -> None:
        self.clock = replace(self.clock, asked=None)

    @event(Extended)
    def _extended(self, owed: Owed) -> None:
        self.clock = replace(self.clock, owed=owed, asked=None, extended=True)

    @event(Moved)
    def _moved(self, place: Place) -> None:
        self.place = place

    @event(MergedInto)
    def _merged_into(self) -> None:
        self.state = State.MERGED

    @event(FoundUnnamed)
    def _found_unnamed(self, roles: tuple[str, ...]) -> None:
        self.unnamed = roles

    @event(StepExpired)
    def _step_expired(self, owed: Owed) -> None:
        self._owe(owed)

    @event(Warned)
    def _warned(self, owed: Owed) -> None:
        self.clock = replace(self.clock, warned_of=owed.due_on)

    @event(Closed)
    def _closed(self) -> None:
        self.state = State.CLOSED

    @event(ClearanceAsked)
    def _clearance_asked(self, clearance: Clearance) -> None:
        self.clearance = clearance

    @event(ClearanceDeclined)
    def _clearance_declined(self) -> None:
        self.clearance = None

    @event(Cleared)
    def _cleared(self, clearance: Clearance) -> None:
        self.state = State.CLEARED
        self.clearance = None
        self.cleared_until = clearance.expires_on

    @event(ClearanceLapsed)
    def _clearance_lapsed(self) -> None:
        self.cleared_until = None

    def _owe(self, owed: Owed) -> None:
        """Another step begins with a clock of its own; the same one goes on with the clock it had."""
        if owed != self.owed:
            self.clock = Clock(owed=owed)


def _refuse_future(day: date, *, what: str, today: date) -> None:
    if day > today:
        raise Refused(f"{what} is recorded after it happened; {day} is still to come.")


def _refuse_more_days_than_passed(seat_days: int, *, since: date, today: date) -> None:
    passed = school_days(since, today)
    if not 0 <= seat_days <= passed:
        raise Refused(
            f"Days in class: {passed} school days have passed since the return, {seat_days} can't have been seen."
        )
