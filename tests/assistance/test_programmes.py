"""The county's rates: one for each pupil on each day, whole fen, with their basis."""

import csv
from datetime import date
from importlib import resources

import pytest

from services.assistance.domain.programmes import PROGRAMMES, STAGES, Programmes
from services.assistance.domain.school_year import Term, school_year_of
from services.chassis.errors import Refused

HEADER = "programme,name,stage,boarding,amount_fen,from_on,until_on,categories,legal_basis,source"


def read(*lines: str) -> Programmes:
    return Programmes.of(csv.DictReader([HEADER, *lines]))


def test_every_pupil_has_one_living_allowance_in_every_term_since_it_reached_day_pupils() -> None:
    for year in range(2019, 2030):
        for half in (1, 2):
            day = Term.of(f"{year}-{year + 1}-{half}").begins_on
            for stage in STAGES:
                boarding = PROGRAMMES.get("living_allowance", stage=stage, boarding=True, on=day)
                at_home = PROGRAMMES.get("living_allowance", stage=stage, boarding=False, on=day)
                assert boarding.amount_fen == 2 * at_home.amount_fen
                assert boarding.legal_basis


def test_shipped_amounts_say_that_they_are_defaults() -> None:
    assert all(rate.source.startswith("default") for rate in PROGRAMMES.rates)


def test_a_raise_takes_effect_with_its_term() -> None:
    before = PROGRAMMES.get("living_allowance", stage="primary", boarding=True, on=date(2025, 2, 28))
    after = PROGRAMMES.get("living_allowance", stage="primary", boarding=True, on=date(2025, 3, 1))
    assert (before.amount_fen, after.amount_fen) == (50000, 62500)


def test_a_programme_without_a_rate_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(Refused, match="living_allowance"):
        PROGRAMMES.get("free_lunch", stage="primary", boarding=True, on=date(2026, 9, 1))


def test_two_rates_for_one_pupil_on_one_day_are_refused_by_line() -> None:
    line = "a,甲,primary,yes,100,2026-09-01,,destitute,law,test"
    with pytest.raises(ValueError, match="lines 2 and 3"):
        read(line, line)


@pytest.mark.parametrize(
    "line",
    [
        "a,甲,primary,yes,0,2026-09-01,,destitute,law,test",
        "a,甲,primary,yes,12.5,2026-09-01,,destitute,law,test",
        "a,甲,senior,yes,100,2026-09-01,,destitute,law,test",
        "a,甲,primary,yes,100,2026-09-01,,rich,law,test",
    ],
)
def test_a_line_that_makes_no_sense_is_refused_by_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read(line)


def test_the_table_is_shipped_as_utf8_text_with_its_header() -> None:
    text = resources.files("services.assistance.domain").joinpath("programmes.csv").read_text("utf-8")
    assert text.splitlines()[0] == HEADER


@pytest.mark.parametrize("name", ["2026", "2026-2027", "2026-2028-1", "2026-2027-3", "2026-2027-1 "])
def test_what_is_no_term_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="2026-2027-1"):
        Term.of(name)


def test_a_school_year_turns_on_the_first_of_september() -> None:
    assert school_year_of(date(2027, 8, 31)) == "2026-2027"
    assert school_year_of(date(2027, 9, 1)) == "2027-2028"
