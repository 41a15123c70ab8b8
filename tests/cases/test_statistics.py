"""Statistics: formulas by date, sums that agree at every level, packs that stay as they were frozen, restatements beside them."""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.domain.disclosure import Reached
from services.cases.domain.entry_cohort import EntryCohort
from services.cases.domain.pack import CountedLine, StatisticsPack
from services.cases.statistics import Statistics
from services.chassis.errors import Forbidden, NotFound, Refused
from services.chassis.indicators import FORMULAS, IDENTITIES, MEASURES, Line, compared, figures, places, ranked
from services.chassis.school_terms import PERIOD_KINDS, days_of, periods_to_freeze
from tests.cases.given import acting_on
from tests.cases.in_memory import MemoryCases
from tests.cases.schools import MEASURED, line, lines_of

LAST = date(2026, 8, 31)
LINES = lines_of(random.Random(7), schools=5)  # noqa: S311  # schools to count, no secret
CHANCES = st.integers(0, 10_000).map(random.Random)


class Office:
    """The bureau's statistics in memory."""

    def __init__(self) -> None:
        self.cases = MemoryCases()
        self.statistics = Statistics(cases=self.cases)

    def freeze(self, lines: tuple[CountedLine, ...] = LINES, *, on: date = LAST, **other: object) -> UUID:
        """A pack frozen by officer-1."""
        given: dict[str, object] = {
            "kind": "monthly",
            "period": "2026-08",
            "measures": MEASURED,
            "lines": lines,
            "reached": (Reached(service="roster", position=7),),
        }
        with acting_on(on):
            return self.statistics.freeze_statistics(**(given | other)).id  # type: ignore[arg-type]

    def restate(self, pack_id: UUID, lines: tuple[CountedLine, ...], *, on: date = LAST, reason: str = "重报") -> None:
        """Other numbers beside it."""
        with acting_on(on):
            self.statistics.restate_statistics(
                pack_id=pack_id,
                measures=MEASURED,
                lines=lines,
                reached=(Reached(service="roster", position=9),),
                reason=reason,
            )


@pytest.fixture
def office() -> Office:
    return Office()


def as_lines(counted: tuple[CountedLine, ...]) -> list[Line]:
    return [Line(township=each.township, school=each.school, name=each.name, counts=each.counts) for each in counted]


# --- figures ----------------------------------------------------------------------------------------------------------


@given(CHANCES, st.integers(0, 12))
def test_schools_sum_to_townships_and_townships_to_the_county(chance: random.Random, schools: int) -> None:
    lines = as_lines(lines_of(chance, schools=schools))
    by = {
        level: figures(FORMULAS, places(lines, measures=MEASURED, level=level))  # type: ignore[arg-type]
        for level in ("county", "township", "school")
    }
    for formula in FORMULAS:
        sums = {
            level: [
                sum(part for figure in of_level if figure.formula is formula for part in [getattr(figure, side)])
                for side in ("numerator", "denominator")
            ]
            for level, of_level in by.items()
        }
        assert sums["school"] == sums["township"] == sums["county"]


@given(CHANCES, st.integers(0, 12))
def test_a_sum_that_agrees_on_every_line_agrees_for_the_county(chance: random.Random, schools: int) -> None:
    counted = compared(as_lines(lines_of(chance, schools=schools)), measures=MEASURED, always=True)

    assert counted
    assert all(each.agrees for each in counted)


def test_both_dropout_rates_are_of_the_same_school_and_differ_by_their_formula() -> None:
    """Of 200 pupils three left for good, five moved away, two of whom are in no other school, and one came."""
    counts = {"pupils_begun": 200, "withdrawn": 3, "transferred_out": 5, "transferred_unplaced": 2, "transferred_in": 1}
    [place] = places(as_lines((line("410326103", "3141000300", counts),)), measures=MEASURED, level="county")

    rates = {each.formula.figure: each.rate for each in figures(FORMULAS, [place])}

    assert rates["dropout_inspection"] == Fraction(3 + 5 - 1, 200)
    assert rates["dropout_dictionary"] == Fraction(3 + 2, 200)


def test_retention_is_reckoned_on_those_who_entered_and_has_no_rate_where_nobody_said_how_many() -> None:
    lines = (
        line("410326103", "3141000300", {"graduated": 95, "final_class": 98, "entered": 100}),
        line("410326104", "3141000301", {"graduated": 40}),
    )
    found = {
        (each.formula.figure, each.place.school): each.rate
        for each in figures(FORMULAS, places(as_lines(lines), measures=MEASURED, level="school"))
    }

    assert found["retention_graduates", "3141000300"] == Fraction(95, 100)
    assert found["retention_final_class", "3141000300"] == Fraction(98, 100)
    assert found["retention_graduates", "3141000301"] is None


def test_the_best_is_ranked_first_and_equal_rates_share_their_rank() -> None:
    lines = tuple(
        line("410326103", f"314100030{number}", {"pupils_begun": 100, "withdrawn": withdrawn})
        for number, withdrawn in enumerate((2, 0, 2, 5))
    )
    of_one = figures(
        [each for each in FORMULAS if each.figure == "dropout_dictionary"],
        places(as_lines(lines), measures=MEASURED, level="school"),
    )

    order = [(rank, figure.place.school[-1], figure.meets) for rank, figure in ranked(of_one)]

    assert order == [(1, "1", True), (2, "0", False), (2, "2", False), (4, "3", False)]


def test_every_formula_and_identity_is_of_measures_that_are_counted_and_has_its_basis() -> None:
    for formula in FORMULAS:
        assert {*formula.numerator, *formula.denominator} <= MEASURES.keys()
        assert formula.legal_basis
        assert formula.source
    for identity in IDENTITIES:
        assert {*identity.left, *identity.right} <= MEASURES.keys()
    assert len({formula.id for formula in FORMULAS}) == len(FORMULAS)


# --- packs ------------------------------------------------------------------------------------------------------------


@given(st.lists(CHANCES, max_size=4))
def test_a_frozen_pack_stays_as_it_was_whatever_comes_after(chances: list[random.Random]) -> None:
    office = Office()
    pack = office.freeze()
    [frozen] = office.cases.told(StatisticsPack.Frozen)
    said = frozen.content.sha256
    for chance in chances:
        with suppress(Refused):  # the numbers may be those that stand
            office.restate(pack, lines_of(chance, schools=4))

    [still] = office.cases.told(StatisticsPack.Frozen)
    restated = office.cases.told(StatisticsPack.Restated)
    assert (still.sha256, still.content.sha256) == (said, said)
    assert [each.version for each in restated] == list(range(2, len(restated) + 2))
    assert [each.replaces for each in restated] == [said, *(each.sha256 for each in restated)][: len(restated)]


def test_a_period_is_frozen_once_and_what_is_wrong_is_restated(office: Office) -> None:
    pack = office.freeze()
    with pytest.raises(Refused, match="what is wrong in it is restated"):
        office.freeze()

    office.restate(pack, LINES[:-1], reason="一所学校重报")

    [restated] = office.cases.told(StatisticsPack.Restated)
    assert (restated.version, restated.reason, restated.originator_id) == (2, "一所学校重报", pack)


def test_a_restatement_with_the_same_numbers_is_none(office: Office) -> None:
    pack = office.freeze()
    with pytest.raises(Refused, match="nothing to restate"):
        office.restate(pack, LINES, on=LAST + timedelta(days=3))


@pytest.mark.parametrize(
    ("kind", "period", "last"),
    [
        ("monthly", "2026-02", date(2026, 2, 28)),
        ("quarterly", "2026-Q3", date(2026, 9, 30)),
        ("term", "2025-2026-1", date(2026, 1, 30)),
        ("year", "2025-2026", date(2026, 8, 31)),
    ],
)
def test_a_period_is_frozen_from_its_last_day_on_and_not_long_after(
    office: Office, kind: str, period: str, last: date
) -> None:
    with pytest.raises(Refused, match=f"ends on {last}"):
        office.freeze(kind=kind, period=period, on=last - timedelta(days=1))
    with pytest.raises(Refused, match="the numbers of another time"):
        office.freeze(kind=kind, period=period, on=last + timedelta(days=46))

    assert office.freeze(kind=kind, period=period, on=last)


@pytest.mark.parametrize(("kind", "period"), [("monthly", "2026-13"), ("year", "2026"), ("term", "2026-2028-1")])
def test_a_period_that_is_none_of_its_kind_is_refused_with_its_form(kind: str, period: str) -> None:
    with pytest.raises(Refused, match="written"):
        days_of(kind, period)


@given(st.dates(date(2024, 9, 1), date(2030, 8, 31)))
def test_what_is_said_to_be_due_can_be_frozen_that_day(day: date) -> None:
    due = periods_to_freeze(day)
    for kind, period in due:
        _, last = days_of(kind, period)
        assert last <= day <= last + timedelta(days=45)
    assert sum(kind == "monthly" for kind, _ in due) in {1, 2}


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match=", ".join(PERIOD_KINDS)):
        days_of("weekly", "2026-09")


def test_numbers_that_do_not_add_up_are_not_frozen(office: Office) -> None:
    broken = replace(LINES[0], counts=(LINES[0].counts[0] + 1, *LINES[0].counts[1:]))
    with pytest.raises(Refused, match=r"适龄儿童少年=各类就学情况之和.*can't be right"):
        office.freeze((broken, *LINES[1:]))


def test_sums_of_different_sources_are_kept_and_counted_where_they_differ(office: Office) -> None:
    """The ledger has a child that the partition does not."""
    lines = (line("410326103", "", {"on_education": 1, "listed": 1, "unified": 1}),)
    office.freeze(lines)

    [frozen] = office.cases.told(StatisticsPack.Frozen)
    apart = [each for each in compared(frozen.content.lines, measures=MEASURED) if not each.agrees]
    assert {(each.identity.id, each.left, each.right) for each in apart} == {("dropouts", 0, 1)}
    assert frozen.content.differing == len(apart) == 2  # the line, and the county


def test_a_pack_keeps_the_formulas_that_held_on_its_last_day(office: Office) -> None:
    office.freeze()

    [frozen] = office.cases.told(StatisticsPack.Frozen)
    assert frozen.content.formulas == FORMULAS


def test_a_school_stands_once_and_under_one_township(office: Office) -> None:
    twice = line("410326103", "3141000300", {})
    with pytest.raises(Refused, match="Each school stands in a pack once"):
        office.freeze((twice, twice))
    with pytest.raises(Refused, match="under one township"):
        office.freeze((twice, line("410326104", "3141000300", {})))


def test_nobody_but_the_bureau_freezes_and_nobody_restates_another_countys(office: Office) -> None:
    pack = office.freeze()
    with acting_on(LAST, department="township:410326103"), pytest.raises(Forbidden):
        office.statistics.freeze_statistics(kind="monthly", period="2026-07", measures=(), lines=(), reached=())
    with acting_on(LAST, department="education_bureau:410327"), pytest.raises(NotFound):
        office.statistics.restate_statistics(pack_id=pack, measures=(), lines=(), reached=(), reason="更正")


# --- who entered nine years ago ---------------------------------------------------------------------------------------


def test_a_cohort_is_stated_anew_with_another_paper_and_the_older_number_stays_on_record(office: Office) -> None:
    with acting_on(LAST):
        for pupils, paper in ((120, "2018年统计年报"), (118, "2018年统计年报(更正)")):
            office.statistics.state_entry_cohort(school="3141000300", entered=2018, pupils=pupils, paper=paper)
        with pytest.raises(Refused, match="stands already"):
            office.statistics.state_entry_cohort(
                school="3141000300", entered=2018, pupils=118, paper="2018年统计年报(更正)"
            )

    assert [each.pupils for each in office.cases.told(EntryCohort.Stated)] == [120, 118]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"entered": 2027}, "year of entry"),
        ({"pupils": 0}, "from 1 to"),
        ({"school": "小店镇一小?"}, "by its code"),
        ({"paper": "见身份证410326201501010021"}, "."),
    ],
)
def test_a_cohort_that_can_not_be_is_refused(office: Office, given: dict[str, object], said: str) -> None:
    stated: dict[str, object] = {"school": "3141000300", "entered": 2018, "pupils": 120, "paper": "2018年统计年报"}
    with acting_on(LAST), pytest.raises(Refused, match=said):
        office.statistics.state_entry_cohort(**(stated | given))  # type: ignore[arg-type]
