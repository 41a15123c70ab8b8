"""A child's cases under any sequence of acts on any days: what may never be true, and that history tells it all again.

The machine attempts acts at random, most of them refused, and checks against the recorded events alone what every guard
is for; it doesn't repeat the ladder's table.
"""

from collections.abc import Callable
from copy import copy, deepcopy
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.cases.domain.case import Case, Owing, Place, id_of_case
from services.cases.domain.clearance import Clearance
from services.cases.domain.document import Document
from services.cases.domain.ladder import OPEN, State
from services.cases.domain.proceedings import ENDED, Proceedings, Stage
from services.cases.domain.rules import Owed
from services.cases.lookup import DueCases
from services.chassis.aggregate import RecordedAggregate
from services.chassis.errors import Refused
from tests.cases.given import CHILD, MONDAY, PUPIL, UNENROLLED, acting_on, days, opened

OFFICERS = st.sampled_from(["officer-1", "officer-2", "officer-3"])
SIGNED_BY = {
    "order_to_correct": "township:1",
    "penalty_decision": "township:1",
    "performance_notice": "township:1",
    "judicial_document": "justice:1",
    "return_reminder": "school:1",
}
PAPERS = st.sampled_from(sorted(SIGNED_BY))
NEXT_PAPER = {
    State.REPORTED: "order_to_correct",
    State.ORDERED: "penalty_decision",
    State.PENALISED: "performance_notice",
    State.DEMANDED: "judicial_document",
}
COURT_ACTS = st.sampled_from(
    ["accept", "decline", "hear", "decide", "serve", "appeal", "enforce", "withdraw", "decide", "serve"]
)
COURT_DECISIONS = st.sampled_from(
    ["granted", "dismissed", "mediated", "enforcement_granted", "enforcement_refused", "upheld", "remitted"]
)
CODES = st.sampled_from(
    [("R8", "exit_record"), ("R9", "deferral_approval"), ("R11", "police_certificate"), ("R12", ""), ("R4", "hearsay")]
)

LADDER = (
    State.SUSPECTED,
    State.VERIFYING,
    State.CONFIRMED,
    State.PERSUADING,
    State.REPORTED,
    State.ORDERED,
    State.PENALISED,
    State.DEMANDED,
    State.JUDICIAL,
    State.RETURNED,
    State.WATCHED,
    State.CLOSED,
)


def act_in_court(file: Proceedings, act: str, decision: str, *, on: date, today: date) -> str:
    """Something happens in a file; returns the clock that it starts on the case, empty where it starts none."""
    match act:
        case "accept":
            file.accept(docket="7", accepted_on=on, today=today)
            return "suit_accepted"
        case "decline":
            file.decline(paper="7", declined_on=on, today=today)
        case "hear":
            file.hear(heard_on=on, today=today)
        case "decide":
            file.decide(decision=decision, paper="7", decided_on=on, comply_by=None, today=today)
            return "suit_accepted" if file.stage is Stage.ACCEPTED else ""
        case "serve":
            file.serve(method="direct", receipt="7", served_on=on, today=today)
            return "judicial_ran_out" if file.grants else ""
        case "appeal":
            file.appeal(appellant="guardian", appealed_on=on, today=today)
            return "decision_appealed"
        case "enforce":
            file.enforce(paper="7", enforced_on=on, today=today)
            return "decision_enforced"
        case "withdraw":
            file.withdraw(paper="7", withdrawn_on=on, today=today)
    return ""


def state_of(aggregate: RecordedAggregate) -> dict[str, Any]:
    """Everything an aggregate knows, but what waits to be recorded."""
    return {name: value for name, value in vars(aggregate).items() if not name.startswith("_pending")}


class CaseLife(RuleBasedStateMachine):
    """One child, its cases and papers, from a Monday on."""

    def __init__(self) -> None:
        super().__init__()
        self.today = MONDAY
        self.cases: list[Case] = []
        self.papers: list[Document] = []
        self.files: list[Proceedings] = []
        self.known: dict[tuple[UUID, int], dict[str, Any]] = {}

    @property
    def case(self) -> Case:
        """The child's latest case."""
        return self.cases[-1]

    @initialize(pupil=st.booleans(), begin=st.sampled_from(LADDER), term_days=st.integers(1, 5))
    def opens(self, pupil: bool, begin: State, term_days: int) -> None:
        self.cases.append(opened(on=self.today, place=PUPIL if pupil else UNENROLLED))
        self.remember(self.case)
        while self.case.state is not begin:
            self.take_the_next_step(serve_after=term_days + 1, term_days=term_days)

    def attempt(self, act: Callable[[], object], *changing: RecordedAggregate) -> None:
        """Acts; what is refused changes nothing."""
        before = [(aggregate.version, state_of(aggregate)) for aggregate in changing]
        refused = False
        with acting_on(self.today):
            try:
                act()
            except Refused:
                refused = True
        assert not refused or before == [(aggregate.version, state_of(aggregate)) for aggregate in changing]
        for aggregate in changing:
            self.remember(aggregate)

    def remember(self, aggregate: RecordedAggregate) -> None:
        self.known[aggregate.id, aggregate.version] = deepcopy(state_of(aggregate))

    @rule(number=st.integers(1, 40))
    def some_days_pass(self, number: int) -> None:
        self.today += days(number)

    @rule()
    def the_last_day_in_time_comes(self) -> None:
        self.today = max(self.today, self.case.owed.due_on)

    @rule()
    def time_works(self) -> None:
        for case in list(self.cases):
            self.attempt(partial(self.expire, case), case)

    def expire(self, case: Case) -> None:
        case.expire(today=self.today)
        self.cases.extend(case.lapse(latest=self.case, today=self.today))

    @rule(number=st.integers(1, 9), serve_after=st.integers(0, 8), term_days=st.integers(1, 5))
    def take_the_next_steps(self, number: int, serve_after: int, term_days: int) -> None:
        """What an office would do next, several times over, so that the machine also gets far."""
        for _ in range(number):
            self.take_the_next_step(serve_after=serve_after, term_days=term_days)

    def take_the_next_step(self, *, serve_after: int, term_days: int) -> None:
        match self.case.state:
            case State.SUSPECTED | State.SOUGHT:
                self.begin_verification()
            case State.VERIFYING:
                self.confirm(["work"])
            case State.CONFIRMED:
                self.persuade(0)
            case State.PERSUADING | State.UNREACHABLE:
                self.report()
            case State.REPORTED | State.ORDERED | State.PENALISED | State.DEMANDED as state:
                self.issue(NEXT_PAPER[state], term_days)
                self.some_days_pass(serve_after)
                self.serve(0, 0)
            case State.JUDICIAL:
                self.come_back(0, 0)  # whatever day it is: in the holidays none is spent in class
            case State.RETURNED:
                self.some_days_pass(30)
                self.count_seat_days(20)
                self.watch()
            case State.WATCHED:
                self.some_days_pass(25)
                self.close()
            case _:
                self.open_another()

    @rule()
    def open_another(self) -> None:
        self.attempt(lambda: self.cases.append(opened(on=self.today, earlier=self.case)), self.case)

    @rule()
    def begin_verification(self) -> None:
        self.attempt(lambda: self.case.begin_verification(today=self.today), self.case)

    @rule(causes=st.lists(st.sampled_from(["work", "poverty", "nonsense"]), max_size=2))
    def confirm(self, causes: list[str]) -> None:
        self.attempt(lambda: self.case.confirm(causes=tuple(causes), today=self.today), self.case)

    @rule()
    def report_unreachable(self) -> None:
        self.attempt(lambda: self.case.report_unreachable(today=self.today), self.case)

    @rule(ago=st.integers(-1, 30))
    def persuade(self, ago: int) -> None:
        made_on = self.today - days(ago)
        self.attempt(
            lambda: self.case.persuade(method="phone", outcome="refused", note="", made_on=made_on, today=self.today),
            self.case,
        )

    @rule()
    def report(self) -> None:
        self.attempt(lambda: self.case.report(document_id=uuid4(), today=self.today), self.case)

    @rule(kind=PAPERS, term_days=st.integers(1, 20))
    def issue(self, kind: str, term_days: int, *, at_its_time: bool = True) -> None:
        def act() -> None:
            if at_its_time:
                self.case.allow_paper(kind=kind, today=self.today)
            paper = Document.issue(
                document_id=uuid4(),
                case_id=self.case.id,
                child_id=CHILD,
                kind=kind,
                number="1",
                issuer=SIGNED_BY[kind],
                term_days=term_days,
                today=self.today,
            )
            self.papers.append(paper)

        self.attempt(act, self.case)

    @rule(kind=PAPERS, term_days=st.integers(1, 20))
    def serve_one_left_over(self, kind: str, term_days: int) -> None:
        """A paper from an earlier round of the same case reaches its addressee only now."""
        self.issue(kind, term_days, at_its_time=False)
        self.serve(0, 0)

    @rule(pick=st.integers(0, 5), ago=st.integers(-1, 10))
    def serve(self, pick: int, ago: int) -> None:
        if not self.papers:
            return
        paper = self.papers[-1 - pick % len(self.papers)]
        case = next(case for case in self.cases if case.id == paper.case_id)
        served_on = self.today - days(ago)

        def act() -> None:
            expires_on = paper.serve(method="direct", receipt="1", served_on=served_on, today=self.today)
            case.paper_served(
                kind=paper.kind, document_id=paper.id, served_on=served_on, expires_on=expires_on, today=self.today
            )

        self.attempt(act, case, paper)

    @rule(pick=st.integers(0, 5), ago=st.integers(-1, 10))
    def set_aside(self, pick: int, ago: int) -> None:
        """A court sets a paper aside, of this case or of one before, served or not."""
        if not self.papers:
            return
        paper = self.papers[-1 - pick % len(self.papers)]
        case = next(case for case in self.cases if case.id == paper.case_id)
        decided_on = self.today - days(ago)

        def act() -> None:
            paper.set_aside(
                decided_by="court", decision="2026-9", decided_on=decided_on, found_by="officer-1", today=self.today
            )
            for file in self.files:
                if file.ground in case.papers_from(paper.id):
                    file.fall(fell_on=decided_on)
            case.paper_set_aside(document_id=paper.id, decided_on=decided_on, today=self.today)

        self.attempt(act, case, paper, *self.files)

    @rule(kind=st.sampled_from(["suit", "enforcement", "no such kind"]), ago=st.integers(-1, 5))
    def go_to_court(self, kind: str, ago: int) -> None:
        filed_on = self.today - days(ago)

        def act() -> None:
            ground = self.case.allow_proceedings(kind=kind, filed_on=filed_on)
            of_case = [file for file in self.files if file.case_id == self.case.id]
            file = Proceedings.file(
                case_id=self.case.id,
                child_id=CHILD,
                earlier=of_case[-1] if of_case else None,
                kind=kind,
                brought_by=SIGNED_BY["order_to_correct"],
                supported_by="",
                authority="court:410326",
                ground=ground,
                filed_on=filed_on,
                today=self.today,
            )
            self.case.follow_proceedings(
                proceedings_id=file.id, ground=ground, trigger="suit_filed", counted_from=filed_on, today=self.today
            )
            self.files.append(file)

        self.attempt(act, self.case)

    @rule(act=COURT_ACTS, decision=COURT_DECISIONS, ago=st.integers(-1, 5))
    def a_court_acts(self, act: str, decision: str, ago: int) -> None:
        """A court or a party does something in the latest file, whatever became of its case."""
        if not self.files:
            return
        file, on = self.files[-1], self.today - days(ago)
        case = next(case for case in self.cases if case.id == file.case_id)

        def do() -> None:
            trigger = act_in_court(file, act, decision, on=on, today=self.today)
            if trigger:
                case.follow_proceedings(
                    proceedings_id=file.id, ground=file.ground, trigger=trigger, counted_from=on, today=self.today
                )
            elif file.stage is Stage.SERVED or file.stage in ENDED:
                case.proceedings_failed(proceedings_id=file.id, outcome=act, decided_on=on, today=self.today)

        self.attempt(do, case, file)

    @rule(ago=st.integers(-1, 40), seat_days=st.integers(-1, 45))
    def come_back(self, ago: int, seat_days: int) -> None:
        returned_on = self.today - days(ago)
        self.attempt(
            lambda: self.case.come_back(
                school="3141000300", returned_on=returned_on, seat_days=seat_days, today=self.today
            ),
            self.case,
        )

    @rule(seat_days=st.integers(1, 60))
    def count_seat_days(self, seat_days: int) -> None:
        self.attempt(lambda: self.case.count_seat_days(seat_days=seat_days, today=self.today), self.case)

    @rule()
    def watch(self) -> None:
        self.attempt(lambda: self.case.watch(today=self.today), self.case)

    @rule()
    def close(self) -> None:
        self.attempt(lambda: self.case.close(today=self.today), self.case)

    @rule()
    def relapse(self) -> None:
        self.attempt(
            lambda: self.cases.append(self.case.relapse(cause="relapse", finding_id=None, today=self.today)), self.case
        )

    @rule(ago=st.integers(-1, 40))
    def search(self, ago: int) -> None:
        made_on = self.today - days(ago)
        self.attempt(
            lambda: self.case.search(method="relatives", note="", made_on=made_on, today=self.today), self.case
        )

    @rule(lines=st.lists(st.tuples(st.integers(-1, 25), st.booleans()), min_size=1, max_size=4))
    def take_attendance(self, lines: list[tuple[int, bool]]) -> None:
        """A school tells of some days, in any order, and of some again."""
        for ago, present in lines:
            seen_on = self.today - days(ago)

            def act(seen_on: date = seen_on, present: bool = present) -> None:
                following = self.case.take_attendance(seen_on=seen_on, present=present, today=self.today)
                self.cases.extend([] if following is None else [following])

            self.attempt(act, self.case)

    @rule(comply=st.integers(-3, 20))
    def record_proceeding(self, comply: int) -> None:
        self.attempt(
            lambda: self.case.record_proceeding(
                proceeding="guardian_order",
                paper="2026-7",
                made_on=self.today,
                comply_by=self.today + days(comply),
                today=self.today,
            ),
            self.case,
        )

    @rule(reason=st.sampled_from(["hospital", "search_elsewhere", "no such reason"]))
    def pause(self, reason: str) -> None:
        self.attempt(lambda: self.case.pause(reason=reason, today=self.today), self.case)

    @rule()
    def resume(self) -> None:
        self.attempt(lambda: self.case.resume(today=self.today), self.case)

    @rule(number=st.integers(0, 12), asking=OFFICERS)
    def ask_extension(self, number: int, asking: str) -> None:
        self.attempt(
            lambda: self.case.ask_extension(days=number, reason="flood", asked_by=asking, today=self.today), self.case
        )

    @rule(granting=OFFICERS)
    def grant_extension(self, granting: str) -> None:
        self.attempt(lambda: self.case.grant_extension(approver=granting), self.case)

    @rule()
    def decline_extension(self) -> None:
        self.attempt(lambda: self.case.decline_extension(reason="not needed"), self.case)

    @rule(place=st.sampled_from([PUPIL, UNENROLLED]))
    def move(self, place: Place) -> None:
        self.attempt(lambda: self.case.move(place=place), self.case)

    @rule(code=CODES, officer=OFFICERS, holds=st.integers(-1, 100))
    def ask_clearance(self, code: tuple[str, str], officer: str, holds: int) -> None:
        resolution, evidence_kind = code
        expires_on = self.today + days(holds) if resolution == "R9" else None

        def act() -> None:
            self.case.ask_clearance(
                clearance=Clearance.ask(
                    resolution=resolution,
                    evidence_kind=evidence_kind,
                    evidence="paper 1",
                    asked_by=officer,
                    expires_on=expires_on,
                    today=self.today,
                )
            )

        self.attempt(act, self.case)

    @rule(asking=OFFICERS, approving=OFFICERS, holds=st.integers(1, 60))
    def clear(self, asking: str, approving: str, holds: int) -> None:
        self.ask_clearance(("R9", "deferral_approval"), asking, holds)
        self.approve_clearance(approving)

    @rule(officer=OFFICERS)
    def approve_clearance(self, officer: str) -> None:
        self.attempt(lambda: self.case.approve_clearance(approver=officer, today=self.today), self.case)

    @rule()
    def decline_clearance(self) -> None:
        self.attempt(lambda: self.case.decline_clearance(reason="not shown"), self.case)

    @invariant()
    def at_most_one_case_is_open_and_cases_are_numbered(self) -> None:
        assert [case.id for case in self.cases] == [id_of_case(CHILD, n + 1) for n in range(len(self.cases))]
        assert all(case.state not in OPEN for case in self.cases[:-1])

    @invariant()
    def every_step_of_the_history_had_its_ground(self) -> None:
        for case in self.cases:
            check_grounds(list(case.pending_events))

    @invariant()
    def the_look_up_names_exactly_the_cases_on_which_this_day_works(self) -> None:
        look_up = DueCases()
        for case in self.cases:
            for event in case.pending_events:
                look_up.apply(event)
        assert {id_ for _, id_ in look_up.due(self.today)} == {case.id for case in self.cases if self.works_on(case)}

    def works_on(self, case: Case) -> bool:
        """Whether this day changes a case."""
        changing = copy(case)
        changing._pending_events = []
        with acting_on(self.today):
            changing.expire(today=self.today)
            changing.lapse(latest=self.case, today=self.today)
        return changing.version > case.version

    def teardown(self) -> None:
        """Any beginning of a history, read from nothing, tells what was known then."""
        for aggregate in [*self.cases, *self.papers, *self.files]:
            replayed: Any = None
            for happened in deepcopy(list(aggregate.pending_events)):
                replayed = happened.mutate(replayed)
                known_then = self.known.get((aggregate.id, happened.originator_version))
                assert known_then is None or state_of(replayed) == known_then
            assert state_of(replayed) == state_of(aggregate)


class Grounds:
    """What has been recorded of a case so far, as far as a later event has to stand on it."""

    def __init__(self) -> None:
        self.verified = self.persuaded = self.lost = self.reported = self.back = False
        self.term_ends_on: date | None = None
        self.pressed = ""
        self.papers: list[tuple[UUID, str, date | None]] = []
        """What was served and stands, each with what it pressed by and the end of its term."""
        self.owed: Owed | None = None
        self.paused_for: set[str] = set()
        self.paused_on: date | None = None
        self.extension_asked_by = ""
        self.extended = False
        self.seat_days = 0
        self.attendance: dict[date, bool] = {}
        self.watch_until: date | None = None
        self.asked_by = ""
        self.late: set[Owed] = set()
        self.ended = False


def check_grounds(events: list[Any]) -> None:
    """Every event of a case stands on what was recorded before it."""
    known = Grounds()
    for event in events:
        assert not known.ended or isinstance(event, Case.ClearanceLapsed)
        assert not isinstance(event, Owing) or event.owed.step
        check_way_out(event, known)
        check_way_back(event, known)
        check_clock(event, known)


def check_way_out(event: object, known: Grounds) -> None:
    """From verification to justice: each step stands on the one before, since the child was last verified."""
    match event:
        case Case.VerificationBegun():
            known.verified, known.lost = True, False
            known.persuaded = known.reported = False
        case Case.Confirmed():
            assert known.verified
            assert not known.lost
            known.persuaded = False
        case Case.FoundUnreachable():
            assert known.verified
            known.lost, known.reported = True, False
        case Case.Persuaded():
            assert known.verified
            assert not known.lost
            known.persuaded = True
        case Case.Searched():
            assert known.lost
        case Case.Reported():
            assert event.sought is known.lost
            assert known.persuaded or known.lost
            known.reported = not known.lost
        case Case.Ordered():
            assert known.reported
            known.term_ends_on, known.pressed = event.expires_on, "order"
            known.papers = [(event.document_id, "order", event.expires_on)]
            known.reported = False
        case Case.Penalised() | Case.Demanded():
            assert not known.lost
            assert known.pressed == ("order" if isinstance(event, Case.Penalised) else "penalty")
            assert known.term_ends_on is not None
            assert event.served_on > known.term_ends_on
            known.pressed = "penalty" if isinstance(event, Case.Penalised) else "demand"
            known.term_ends_on = event.expires_on
            known.papers.append((event.document_id, known.pressed, event.expires_on))
        case Case.TakenToJustice():
            assert not known.lost
            assert known.term_ends_on is not None
            assert event.served_on > known.term_ends_on
            known.term_ends_on, known.pressed = None, ""
            known.papers.append((event.document_id, "", None))
        case Case.ProceedingsFollowed():
            assert not known.lost
            assert any(term is not None for _, _, term in known.papers)
            if event.proceedings_id not in [document_id for document_id, _, _ in known.papers]:
                known.papers.append((event.proceedings_id, "", None))
        case Case.SetBack():
            check_set_back(event, known)
        case _:
            return
    assert not known.back


def check_set_back(event: Case.SetBack, known: Grounds) -> None:
    """What was set aside had been served and stood, and with it falls all that followed; what stood before stands again."""
    served = [document_id for document_id, _, _ in known.papers]
    assert event.document_id in served
    known.papers = known.papers[: served.index(event.document_id)]
    assert event.stands_on == (known.papers[-1][0] if known.papers else None)
    known.reported = not known.papers
    known.pressed, known.term_ends_on = known.papers[-1][1:] if known.papers else ("", None)


def check_way_back(event: object, known: Grounds) -> None:
    """From return to end, by proof or by two persons; and what time brings, once."""
    match event:
        case Case.Returned():
            known.back, known.seat_days = True, event.seat_days
        case Case.AttendanceTaken():
            assert known.back
            known.attendance[event.seen_on] = event.present
            known.seat_days = max(known.seat_days, sum(known.attendance.values()))
        case Case.Watched():
            assert known.seat_days >= 20
            assert missing_in_a_row(known) == 0
            known.watch_until = event.watch_until
        case Case.StepExpired():
            assert event.expired not in known.late
            assert event.expired_on > event.expired.due_on
            assert event.owed.step == event.expired.step
            known.late.add(event.expired)
        case Case.ClearanceAsked():
            known.asked_by = event.clearance.asked_by
            assert event.clearance.resolution in {"R8", "R9"}
        case Case.ClearanceDeclined():
            known.asked_by = ""
        case Case.Cleared():
            assert event.approver != known.asked_by != ""
            known.ended = True
        case Case.Closed():
            assert known.back
            assert event.outcome == "relapsed" or missing_in_a_row(known) < 3
            assert event.outcome == "relapsed" or (
                known.watch_until is not None and event.closed_on >= known.watch_until and missing_in_a_row(known) == 0
            )
            known.ended = True
        case _:
            pass


def missing_in_a_row(known: Grounds) -> int:
    """On how many of the school days told last the child was missing."""
    days_told = [known.attendance[seen_on] for seen_on in sorted(known.attendance)]
    return next((n for n, present in enumerate(reversed(days_told)) if present), len(days_told))


def check_clock(event: object, known: Grounds) -> None:
    """A clock stands for each reason once a step, runs longer once a step, and is never set back by either."""
    before = known.owed
    match event:
        case Case.Paused(pause=pause):
            assert known.paused_on is None
            assert pause.reason not in known.paused_for
            known.paused_on = pause.paused_on
            known.paused_for.add(pause.reason)
        case Case.Resumed():
            assert known.paused_on is not None
            assert before is not None
            assert event.owed.step == before.step
            assert event.owed.due_on >= before.due_on
            known.paused_on, known.owed = None, event.owed
        case Case.ExtensionAsked(extension=extension):
            assert not known.extended
            known.extension_asked_by = extension.asked_by
        case Case.Extended():
            assert not known.extended
            assert event.approver != known.extension_asked_by != ""
            assert before is not None
            assert event.owed.due_on > before.due_on
            known.extended, known.owed = True, event.owed
        case Case.StepExpired():
            assert known.paused_on is None
        case _:
            pass
    if isinstance(event, Owing) and event.owed != known.owed:
        known.owed, known.paused_on, known.extended, known.paused_for = event.owed, None, False, set()


CaseLife.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestCaseLife = CaseLife.TestCase
