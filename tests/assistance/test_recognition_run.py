"""A term recognised for a county in one run: lot by lot, each lot once, from where it was broken off until it ends or is cancelled."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assistance.domain import recognition_run
from services.assistance.domain.award import Award
from services.assistance.domain.categories import Groups
from services.assistance.domain.recognition_run import Pupil, RecognitionRun
from services.assistance.lookup import DuePlans
from services.assistance.payments import Payments
from services.assistance.policy import LOTS_AT_ONCE, tick
from services.chassis.errors import Refused
from services.contracts import assistance as told
from tests.assistance.given import CHILD, DAY, AssistanceInMemory, acting_on

TERM = "2026-2027-1"
AMOUNT = 62500
PUPILS = [uuid5(CHILD, f"pupil/{number}") for number in range(11)]
ELIGIBLE = PUPILS[::2]


@pytest.fixture(autouse=True, scope="module")
def _lots_of_two() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recognition_run, "A_LOT", 2)
        yield


class Office:
    """A county with eleven pupils, six of them eligible."""

    def __init__(self) -> None:
        self.app = AssistanceInMemory()
        self.payments = Payments(assistance=self.app)
        with acting_on(DAY):
            for child_id in ELIGIBLE:
                self.app.state_groups(child_id=child_id, groups=Groups(poverty="低保"), valid_on=DAY)

    def open(self, *children: UUID) -> UUID:
        pupils = tuple(
            Pupil(child_id=child_id, stage="primary", boarding=True, categories=("minimum_living",))
            for child_id in children or PUPILS
        )
        with acting_on(DAY):
            return self.payments.open_recognition(
                programme="living_allowance", term=TERM, area="410326", pupils=pupils
            ).id

    def lot(self, run_id: UUID) -> None:
        with acting_on(DAY):
            self.payments.recognise_lot(run_id=run_id)

    def tick(self, *, on: date = DAY) -> None:
        """A day of a process that has just been started: it knows what was recorded and nothing else."""
        due = DuePlans()
        for event in self.app.stored:
            due.apply(event)
        with acting_on(on):
            tick(self.app, Payments(assistance=self.app), on, due_plans=due)

    def run(self, run_id: UUID) -> RecognitionRun:
        found: RecognitionRun = self.app.get(RecognitionRun, run_id)
        return found

    @property
    def granted(self) -> list[UUID]:
        return [event.child_id for event in self.app.stored if isinstance(event, Award.Granted)]


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_run_grants_to_whoever_is_eligible_and_tells_how_far_it_is(office: Office) -> None:
    run_id = office.open()
    for _ in range(6):
        office.lot(run_id)
    opened, *advanced, ended = (
        event
        for event in office.app.told
        if isinstance(event, told.RecognitionOpened | told.RecognitionAdvanced | told.RecognitionEnded)
    )
    assert isinstance(opened, told.RecognitionOpened)
    assert (opened.pupils, opened.area, opened.opened_by) == (len(PUPILS), "410326", "officer-1")
    assert [(event.through, event.granted, event.granted_fen) for event in advanced] == [  # type: ignore[union-attr]
        (2, 1, AMOUNT), (4, 2, 2 * AMOUNT), (6, 3, 3 * AMOUNT), (8, 4, 4 * AMOUNT), (10, 5, 5 * AMOUNT), (11, 6, 6 * AMOUNT),
    ]  # fmt: skip
    assert isinstance(ended, told.RecognitionEnded)
    assert ended.outcome == "finished"
    assert office.granted == ELIGIBLE


def test_a_run_that_was_broken_off_goes_on_with_the_next_lot_in_whichever_process(office: Office) -> None:
    run_id = office.open()
    office.lot(run_id)
    office.lot(run_id)
    assert office.run(run_id).through == 4

    office.tick()

    assert (office.run(run_id).through, office.run(run_id).outcome) == (11, "finished")
    assert office.granted == ELIGIBLE


def test_one_tick_takes_so_many_lots_and_leaves_the_rest_to_the_next() -> None:
    office = Office()
    many = [uuid5(CHILD, f"many/{number}") for number in range(2 * LOTS_AT_ONCE + 3)]
    run_id = office.open(*many)
    office.tick()
    assert office.run(run_id).through == 2 * LOTS_AT_ONCE
    office.tick()
    assert office.run(run_id).outcome == "finished"


def test_runs_wait_for_the_one_before(office: Office) -> None:
    first, second = office.open(*PUPILS[:3]), office.open(*PUPILS[3:])
    office.tick()
    assert (office.run(first).outcome, office.run(second).through) == ("finished", 0)
    office.tick()
    assert office.run(second).outcome == "finished"
    assert sorted(office.granted) == sorted(ELIGIBLE)


def test_a_cancelled_run_keeps_what_it_granted_and_grants_no_more(office: Office) -> None:
    run_id = office.open()
    office.lot(run_id)
    with acting_on(DAY):
        office.payments.cancel_recognition(run_id=run_id)
        with pytest.raises(Refused, match="cancelled already"):
            office.payments.cancel_recognition(run_id=run_id)
    office.lot(run_id)
    office.tick()
    assert office.granted == ELIGIBLE[:1]

    again = office.open()
    office.tick()
    assert office.run(again).granted == len(ELIGIBLE) - 1
    assert sorted(office.granted) == sorted(ELIGIBLE)


def test_a_run_over_whom_has_everything_grants_nothing(office: Office) -> None:
    for _ in range(2):
        run_id = office.open()
        office.tick()
    assert office.run(run_id).granted == 0
    assert office.granted == ELIGIBLE


def test_a_run_is_refused_at_once_where_it_would_stop_half_way(office: Office) -> None:
    pupil = Pupil(child_id=CHILD, stage="primary", boarding=True, categories=())
    wrong = (
        ((), "Nobody of this area"),
        ((pupil, pupil), "named twice"),
    )
    with acting_on(DAY):
        for pupils, words in wrong:
            with pytest.raises(Refused, match=words):
                office.payments.open_recognition(programme="living_allowance", term=TERM, area="410326", pupils=pupils)
        with pytest.raises(Refused, match="No rate is set"):
            office.payments.open_recognition(programme="holidays", term=TERM, area="410326", pupils=(pupil,))


def test_a_run_has_so_many_pupils_at_most(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition_run, "MOST_OF_A_RUN", len(PUPILS) - 1)
    with pytest.raises(Refused, match="one for each township"):
        office.open()


@given(acts=st.lists(st.sampled_from(["open", "lot", "tick", "cancel", "school", "merge", "part"]), max_size=14))
def test_whatever_happens_to_runs_every_eligible_child_is_granted_once_and_the_sums_agree(acts: list[str]) -> None:
    office, runs = Office(), list[UUID]()
    for position, act in enumerate(acts, start=1):
        match act:
            case "open":
                runs.append(office.open())
            case "lot" if runs:
                office.lot(runs[-1])
            case "tick":
                office.tick()
            case "cancel" if runs and not office.run(runs[-1]).outcome:
                with acting_on(DAY):
                    office.payments.cancel_recognition(run_id=runs[-1])
            case "school":
                pupils = tuple(
                    Pupil(child_id=child_id, stage="primary", boarding=True, categories=("minimum_living",))
                    for child_id in PUPILS[3:7]
                )
                with acting_on(DAY):
                    office.payments.recognise_term(
                        programme="living_allowance", term=TERM, school="3141000300", pupils=pupils
                    )
            case "merge" | "part":
                move = office.app.merge_entries if act == "merge" else office.app.part_entries
                with acting_on(DAY + timedelta(days=position)):
                    move(child_id=ELIGIBLE[0], merged_id=ELIGIBLE[1], position=position)
            case _:
                pass
    assert len(office.granted) == len(set(office.granted))
    assert set(office.granted) <= set(ELIGIBLE)
    for run_id in runs:
        run = office.run(run_id)
        assert run.granted_fen == run.granted * AMOUNT
        assert run.through <= len(PUPILS)
        assert (run.through == len(PUPILS)) == (run.outcome == "finished")
