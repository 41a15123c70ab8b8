"""Letters to guardians: a run makes one for each child, goes on where it stopped, and each is served once and proved."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import Refused
from services.chassis.typed_code import read_code
from services.roster.domain.child import Child
from services.roster.domain.guardian_letter import PROVED_BY_SCAN, GuardianLetter, LetterRun
from services.roster.policy import LATE_AT_ONCE
from tests.roster.given import BUREAU, acting_on, days
from tests.roster.in_memory import MemoryRoster, statement

JUNE = date(2026, 6, 1)
SERVE_BY = date(2026, 7, 15)
YEAR = "2026-2027"
SIX = "2020-03-03"
FIVE = "2021-03-03"
TOWNSHIP_UNIT = "township:410326103"


@pytest.fixture
def roster() -> MemoryRoster:
    return MemoryRoster()


def opened(roster: MemoryRoster, *, kind: str = "enrolment", on: date = JUNE) -> UUID:
    with acting_on(on):
        return roster.letters.open_letter_run(kind=kind, school_year=YEAR, serve_by=SERVE_BY).id


def letter_of(roster: MemoryRoster, run_id: UUID, child_id: UUID) -> GuardianLetter:
    return roster.get(GuardianLetter, GuardianLetter.id_of(run_id=run_id, child_id=child_id))


def served(
    roster: MemoryRoster, letter: GuardianLetter, *, method: str = "direct", on: date = JUNE, **told: object
) -> None:
    with acting_on(on, person="cadre-3", unit=TOWNSHIP_UNIT):
        roster.letters.serve_letter(letter_id=letter.id, method=method, served_on=on, **told)  # type: ignore[arg-type]


class TestARun:
    def test_makes_a_letter_for_each_child_that_enters_school_that_autumn_and_for_no_other(
        self, roster: MemoryRoster
    ) -> None:
        enters = roster.a_child("not_due", on=JUNE, birth_date=SIX)
        roster.a_child("not_due", on=JUNE, birth_date=FIVE)
        roster.a_child(on=JUNE, birth_date="2015-06-07")
        run_id = opened(roster)
        roster.pass_day(JUNE)

        [made] = roster.told(GuardianLetter.Made)
        assert (made.child_id, made.run_id, made.serve_by) == (enters, run_id, SERVE_BY)
        [run] = roster.told(LetterRun.Opened)
        assert (run.expected, run.begin_on) == (1, date(2026, 9, 1))

    def test_of_all_who_owe_schooling_goes_to_them_all(self, roster: MemoryRoster) -> None:
        pupils = {roster.a_child(on=JUNE, birth_date=SIX), roster.a_child(on=JUNE, birth_date="2015-06-07")}
        roster.a_child("not_due", on=JUNE, birth_date=FIVE)
        opened(roster, kind="guardians")
        roster.pass_day(JUNE)

        assert {made.child_id for made in roster.told(GuardianLetter.Made)} == pupils

    def test_gives_a_letter_to_who_comes_later_with_a_term_of_its_own_where_the_last_day_is_over(
        self, roster: MemoryRoster
    ) -> None:
        roster.a_child("not_due", on=JUNE, birth_date=SIX)
        opened(roster)
        roster.pass_day(JUNE)
        later = SERVE_BY + days(20)
        newcomer = roster.a_child("not_due", on=later, birth_date=SIX)
        roster.pass_day(later)

        made = roster.told(GuardianLetter.Made)[-1]
        assert (made.child_id, made.serve_by) == (newcomer, later + days(30))

    def test_that_is_broken_off_goes_on_where_it_stopped_and_makes_none_twice(self, roster: MemoryRoster) -> None:
        with acting_on(JUNE):
            children = [uuid4() for _ in range(LATE_AT_ONCE + 250)]
            said = [statement(child, "not_due", on=JUNE, new=True, birth_date=SIX) for child in children]
            roster.state_children(statements=said)
        opened(roster)
        roster.pass_day(JUNE)
        assert len(roster.told(GuardianLetter.Made)) == LATE_AT_ONCE
        roster.restart()
        roster.pass_day(JUNE)
        roster.pass_day(JUNE)

        made = roster.told(GuardianLetter.Made)
        assert sorted(event.child_id for event in made) == sorted(children)
        assert len({event.code for event in made}) == len(children)

    def test_that_was_closed_makes_no_more_letters_and_owes_those_that_are_out(self, roster: MemoryRoster) -> None:
        child = roster.a_child("not_due", on=JUNE, birth_date=SIX)
        run_id = opened(roster)
        roster.pass_day(JUNE)
        with acting_on(JUNE):
            roster.letters.close_letter_run(run_id=run_id)
        roster.a_child("not_due", on=JUNE, birth_date=SIX)
        roster.pass_day(SERVE_BY + days(1))

        assert len(roster.told(GuardianLetter.Made)) == 1
        assert "letter_unserved" in roster.open_kinds(child)
        with acting_on(JUNE), pytest.raises(Refused, match="停止制发"):
            roster.letters.close_letter_run(run_id=run_id)

    def test_is_opened_once_for_a_kind_and_school_year(self, roster: MemoryRoster) -> None:
        roster.a_child("not_due", on=JUNE, birth_date=SIX)
        opened(roster)
        with pytest.raises(Refused, match="opened before"):
            opened(roster)

    @pytest.mark.parametrize(
        ("kind", "year", "serve_by", "words"),
        [
            ("greeting", YEAR, None, "known are enrolment"),
            ("enrolment", "2024-2025", None, "学年已结束"),
            ("enrolment", "2026", None, "2026-2027-1"),
            ("enrolment", YEAR, JUNE - days(1), "today or later"),
            ("enrolment", "2027-2028", None, "no child gets this letter"),
        ],
    )
    def test_is_refused_in_words(
        self, roster: MemoryRoster, kind: str, year: str, serve_by: date | None, words: str
    ) -> None:
        roster.a_child("not_due", on=JUNE, birth_date=SIX)
        with acting_on(JUNE), pytest.raises(Refused, match=words):
            roster.letters.open_letter_run(kind=kind, school_year=year, serve_by=serve_by)


class TestALetter:
    @pytest.fixture
    def child(self, roster: MemoryRoster) -> UUID:
        return roster.a_child("not_due", on=JUNE, birth_date=SIX)

    @pytest.fixture
    def letter(self, roster: MemoryRoster, child: UUID) -> GuardianLetter:
        run_id = opened(roster)
        roster.pass_day(JUNE)
        return letter_of(roster, run_id, child)

    @pytest.mark.usefixtures("letter")
    def test_carries_a_code_that_can_be_typed_and_says_nothing_of_the_child(
        self, roster: MemoryRoster, child: UUID
    ) -> None:
        [made] = roster.told(GuardianLetter.Made)
        assert read_code(made.code) == made.code
        assert str(child).replace("-", "")[:8].upper() not in made.code

    def test_is_served_once_by_whoever_acts_and_proved(self, roster: MemoryRoster, letter: GuardianLetter) -> None:
        scan = uuid4()
        served(roster, letter, method="refused", scan_id=scan)

        [proof] = roster.told(GuardianLetter.Served)
        assert (proof.served_by, proof.served_for, proof.scan_id, proof.late) == ("cadre-3", TOWNSHIP_UNIT, scan, False)
        with pytest.raises(Refused, match="served once"):
            served(roster, letter)

    @pytest.mark.parametrize("method", sorted(PROVED_BY_SCAN))
    def test_that_nobody_signed_for_is_proved_by_a_photo(
        self, roster: MemoryRoster, letter: GuardianLetter, method: str
    ) -> None:
        with pytest.raises(Refused, match="须附现场影像"):
            served(roster, letter, method=method)

    def test_by_post_is_proved_by_the_number_of_the_parcel(self, roster: MemoryRoster, letter: GuardianLetter) -> None:
        with pytest.raises(Refused, match="邮件号"):
            served(roster, letter, method="post")
        served(roster, letter, method="post", receipt="EMS 1234567890")

    @pytest.mark.parametrize(
        ("method", "served_on", "words"),
        [
            ("drone", JUNE, "served by one of"),
            ("direct", JUNE - days(1), "from 2026-06-01"),
            ("direct", JUNE + days(1), "until today"),
        ],
    )
    def test_is_served_in_a_known_way_between_its_making_and_today(
        self, roster: MemoryRoster, letter: GuardianLetter, method: str, served_on: date, words: str
    ) -> None:
        with acting_on(JUNE), pytest.raises(Refused, match=words):
            roster.letters.serve_letter(letter_id=letter.id, method=method, served_on=served_on)

    def test_that_is_out_after_its_last_day_is_the_townships_duty_until_it_is_served(
        self, roster: MemoryRoster, child: UUID, letter: GuardianLetter
    ) -> None:
        roster.pass_day(SERVE_BY)
        assert roster.open_kinds(child) == set()
        roster.pass_day(SERVE_BY + days(1))
        finding = roster.get(Child, child).findings["letter_unserved"]
        assert (finding.owner, "送达" in finding.reason) == (TOWNSHIP_UNIT, True)

        served(roster, letter, on=SERVE_BY + days(2))
        roster.pass_day(SERVE_BY + days(2))
        assert roster.open_kinds(child) == set()
        assert roster.told(GuardianLetter.Served)[0].late

    def test_of_a_child_that_has_left_is_taken_back_and_owed_by_nobody(
        self, roster: MemoryRoster, child: UUID, letter: GuardianLetter
    ) -> None:
        roster.state(child, "gone", on=JUNE + days(3), birth_date=SIX)
        roster.pass_day(JUNE + days(3))
        roster.pass_day(SERVE_BY + days(1))

        assert [event.originator_id for event in roster.told(GuardianLetter.Withdrawn)] == [letter.id]
        assert roster.open_kinds(child) == set()
        with pytest.raises(Refused, match="withdrawn"):
            served(roster, letter, on=JUNE + days(4))

    @pytest.mark.usefixtures("letter")
    def test_of_a_child_whose_start_is_put_off_is_owed_when_that_is_over(
        self, roster: MemoryRoster, child: UUID
    ) -> None:
        until = SERVE_BY + days(30)
        with acting_on(JUNE, unit=BUREAU):
            roster.approve_deferral(child_id=child, kind="deferral", proof="诊31", from_on=JUNE, until_on=until)
        roster.pass_day(SERVE_BY + days(1))
        assert "letter_unserved" not in roster.open_kinds(child)
        roster.pass_day(until + days(1))
        assert "letter_unserved" in roster.open_kinds(child)
