"""What people sign: the monthly list in its order, the statement under the one above it, the zero report that must be true."""

from uuid import UUID

import pytest

from services.cases.domain.catalogue import ROLES, SIGNATURES
from services.cases.domain.persuasion_list import PersuasionList
from services.cases.domain.statement import Statement
from services.cases.domain.zero_report import ZeroReport
from services.chassis.errors import Refused
from tests.cases.given import MONDAY, acting_on, days

HOLDERS = frozenset(f"officer-{number}" for number in range(8))
BACK, GONE = UUID(int=1), UUID(int=2)


def listed(*, returned: tuple[UUID, ...] = (BACK,), not_returned: tuple[UUID, ...] = (GONE,)) -> PersuasionList:
    """A township's list of September."""
    with acting_on(MONDAY):
        return PersuasionList.open(
            township="410326103", month="2026-09", returned=returned, not_returned=not_returned, today=MONDAY
        )


def test_six_persons_sign_in_their_order_and_the_last_completes_the_list() -> None:
    signed = listed()
    with acting_on(MONDAY):
        for number, role in enumerate(SIGNATURES):
            signed.sign(role=role, signer=f"officer-{number}", holders=HOLDERS, today=MONDAY)

        with pytest.raises(Refused, match="all six have signed"):
            signed.sign(role="bureau_leader", signer="officer-7", holders=HOLDERS, today=MONDAY)
    complete = [event.complete for event in signed.pending_events if isinstance(event, PersuasionList.Signed)]
    assert complete == [False] * 5 + [True]


def test_nobody_signs_out_of_turn_or_twice() -> None:
    signed = listed()
    with acting_on(MONDAY):
        with pytest.raises(Refused, match="turn of village_secretary 村支书"):
            signed.sign(role="township_head", signer="officer-1", holders=HOLDERS, today=MONDAY)
        signed.sign(role="village_secretary", signer="officer-1", holders=HOLDERS, today=MONDAY)
        with pytest.raises(Refused, match="six persons sign"):
            signed.sign(role="central_school_head", signer="officer-1", holders=HOLDERS, today=MONDAY)


def test_nobody_signs_for_a_post_somebody_else_holds() -> None:
    with acting_on(MONDAY), pytest.raises(Refused, match="don't hold the post village_secretary 村支书"):
        listed().sign(role="village_secretary", signer="stranger", holders=HOLDERS, today=MONDAY)


def test_every_signature_is_a_post_that_can_be_held() -> None:
    assert all(ROLES[role].unit for role in SIGNATURES)


def test_no_case_stands_in_both_halves() -> None:
    with pytest.raises(Refused, match="both halves"):
        listed(returned=(BACK,), not_returned=(BACK,))


def statement(level: str, *, party: str, superior: str, above: Statement | None = None, year: int = 2026) -> Statement:
    """A statement signed on the Monday."""
    with acting_on(MONDAY):
        return Statement.sign(
            level=level,
            year=year,
            superior=superior,
            party=party,
            township="410326103",
            above=above,
            today=MONDAY,
        )


def test_the_chain_is_signed_from_the_top_down() -> None:
    township = statement("county_township", party="township:410326103", superior="county:410326")
    village = statement("township_village", party="village:410326103201", superior="township:410326103", above=township)
    assert village.level == "township_village"

    with pytest.raises(Refused, match="from the top down"):
        statement("village_group", party="group:410326103201:3", superior="village:410326103201")
    with pytest.raises(Refused, match="from the top down"):
        statement("village_group", party="group:410326103201:3", superior="township:410326103", above=township)


def test_a_statement_is_for_this_year_or_the_next() -> None:
    statement("county_township", party="township:410326103", superior="county:410326", year=2027)
    with pytest.raises(Refused, match="in that year or the one before"):
        statement("county_township", party="township:410326103", superior="county:410326", year=2029)


def zero(*, day: int, dropouts: int = 0) -> ZeroReport:
    """A zero report of September, so many days after the Monday."""
    with acting_on(MONDAY + days(day)):
        return ZeroReport.sign(
            unit="school:3141000300",
            township="410326103",
            month="2026-09",
            signer="head-1",
            dropouts=dropouts,
            today=MONDAY + days(day),
        )


@pytest.mark.parametrize(("day", "late"), [(6, False), (14, False), (15, True), (40, True)])
def test_a_zero_report_is_late_after_the_28th(day: int, late: bool) -> None:
    (signed,) = zero(day=day).pending_events

    assert isinstance(signed, ZeroReport.Signed)
    assert signed.late is late


def test_nobody_signs_that_there_was_none_while_a_case_stands_confirmed() -> None:
    with pytest.raises(Refused, match="2 cases of this unit"):
        zero(day=10, dropouts=2)


def test_nobody_signs_for_a_month_that_has_just_begun() -> None:
    with pytest.raises(Refused, match="from its 20th on"):
        zero(day=0)
