"""Inspections: a sample nobody can choose, findings with a day, a second look by somebody else, an end when all is right."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.domain.inspection import Inspection, draw
from services.chassis.errors import Refused
from tests.cases.given import MONDAY, acting_on, days

INSPECTION = UUID("f0a1c2d3-1111-4222-8333-444455556666")
TOWNSHIP = "township:410326103"
CASES = [UUID(int=n) for n in range(40)]


def opened(*, size: int = 5) -> Inspection:
    """An inspection of a township with forty cases."""
    with acting_on(MONDAY):
        return Inspection.open(
            inspection_id=INSPECTION,
            unit=TOWNSHIP,
            township="410326103",
            matter="persuasion",
            population=CASES,
            size=size,
            today=MONDAY,
        )


def with_a_finding() -> Inspection:
    """An inspection that found something the township has to put right in ten days."""
    inspection = opened()
    with acting_on(MONDAY):
        inspection.find(finding="no visit record", owed_by=TOWNSHIP, due_on=MONDAY + days(10), today=MONDAY)
    return inspection


def reported(inspection: Inspection, *, by: str = "clerk-1") -> Inspection:
    """The township says that it is right now."""
    with acting_on(MONDAY):
        inspection.report(number=1, evidence="photo 3", unit=TOWNSHIP, reporter=by, today=MONDAY)
    return inspection


@given(cases=st.lists(st.uuids(), unique=True, max_size=60), size=st.integers(0, 30), inspection=st.uuids())
def test_a_sample_is_the_same_in_whatever_order_the_cases_come(cases: list[UUID], size: int, inspection: UUID) -> None:
    sample = draw(inspection, cases, size=size)

    assert sample == draw(inspection, reversed(cases), size=size)
    assert len(sample) == min(size, len(cases))
    assert set(sample) <= set(cases)


def test_another_inspection_draws_another_sample() -> None:
    assert draw(UUID(int=1), CASES, size=10) != draw(UUID(int=2), CASES, size=10)


def test_only_the_unit_that_owes_a_finding_reports_it_as_put_right() -> None:
    inspection = with_a_finding()

    with acting_on(MONDAY), pytest.raises(Refused, match="reports it itself"):
        inspection.report(number=1, evidence="x", unit="township:410326102", reporter="clerk-9", today=MONDAY)


def test_who_reported_a_finding_doesn_t_check_it() -> None:
    inspection = reported(with_a_finding(), by="clerk-1")

    with acting_on(MONDAY), pytest.raises(Refused, match="somebody else"):
        inspection.check(number=1, right=True, due_on=None, checker="clerk-1", today=MONDAY)


def test_what_isn_t_right_is_owed_by_a_new_day_and_reported_again() -> None:
    inspection = reported(with_a_finding())
    with acting_on(MONDAY):
        inspection.check(number=1, right=False, due_on=MONDAY + days(20), checker="inspector-1", today=MONDAY)
    assert inspection.findings[1].due_on == MONDAY + days(20)

    reported(inspection)

    assert inspection.findings[1].reported_by == "clerk-1"


def test_an_inspection_ends_when_everything_found_is_right_and_not_before() -> None:
    inspection = reported(with_a_finding())
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="findings 1 are not put right"):
            inspection.close(today=MONDAY)
        inspection.check(number=1, right=True, due_on=None, checker="inspector-1", today=MONDAY)
        inspection.close(today=MONDAY)

        with pytest.raises(Refused, match="is closed"):
            inspection.find(finding="more", owed_by=TOWNSHIP, due_on=MONDAY + days(3), today=MONDAY)


def test_a_sample_has_a_bound() -> None:
    with pytest.raises(Refused, match="up to 200"):
        opened(size=201)
