"""Programmes that are not paid together: pairs with a basis, each in force on its days."""

import csv
from datetime import date

import pytest

from services.assistance.domain.exclusions import EXCLUSIONS, Exclusions

HEADER = "one,other,from_on,until_on,legal_basis,source"
LINE = "bread,milk,2026-09-01,2027-09-01,law,test"


def read(*lines: str) -> Exclusions:
    return Exclusions.of(csv.DictReader([HEADER, *lines]), programmes=("bread", "milk", "shoes"))


def test_two_programmes_keep_apart_from_their_first_day_until_the_day_before_the_last() -> None:
    pairs = read(LINE)
    held = [pairs.between("milk", "bread", on=day) for day in (date(2026, 9, 1), date(2027, 8, 31))]
    assert [found.legal_basis for found in held if found] == ["law", "law"]
    assert (
        pairs.between("bread", "milk", on=date(2026, 8, 31))
        is pairs.between("bread", "milk", on=date(2027, 9, 1))
        is None
    )


def test_a_programme_knows_what_is_not_paid_beside_it() -> None:
    pairs = read(LINE, "shoes,milk,2026-09-01,,law,test")
    assert set(pairs.beside("milk", on=date(2026, 9, 1))) == {"bread", "shoes"}
    assert pairs.beside("milk", on=date(2027, 9, 1)) == ("shoes",)


@pytest.mark.parametrize(
    "line",
    ["bread,wine,2026-09-01,,law,test", "bread,bread,2026-09-01,,law,test", "bread,milk,2026-09-01,,,test"],
    ids=["no rate is set for it", "one programme", "no basis"],
)
def test_a_line_that_means_nothing_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read(line)


def test_one_pair_twice_on_one_day_is_refused_by_both_lines() -> None:
    with pytest.raises(ValueError, match="lines 2 and 3"):
        read(LINE, "milk,bread,2027-08-31,,law,test")


def test_the_shipped_pairs_are_defaults_with_a_basis() -> None:
    assert all(pair.legal_basis and pair.source.startswith("default") for pair in EXCLUSIONS.exclusions)
