"""Resolution codes R1–R13: what each needs, and which of them never clear."""

import pytest

from services.cases.domain.catalogue import RESOLUTIONS
from services.cases.domain.clearance import Clearance
from services.chassis.errors import Refused
from tests.cases.given import MONDAY, clearance, days

CLEARING = sorted(code for code, resolution in RESOLUTIONS.items() if not resolution.instead)


def test_there_are_thirteen_codes_and_ten_of_them_clear() -> None:
    assert set(RESOLUTIONS) == {f"R{n}" for n in range(1, 14)}
    assert len(CLEARING) == 10


@pytest.mark.parametrize("code", CLEARING)
def test_each_code_is_shown_by_its_own_papers_and_by_no_other(code: str) -> None:
    expires_on = MONDAY + days(365) if RESOLUTIONS[code].expires else None
    for evidence_kind in RESOLUTIONS[code].evidence:
        assert clearance(code, evidence_kind=evidence_kind, expires_on=expires_on).resolution == code
    with pytest.raises(Refused, match="is shown by"):
        clearance(code, evidence_kind="hearsay", expires_on=expires_on)


@pytest.mark.parametrize(
    ("code", "way"), [("R11", "report_unreachable"), ("R12", "confirm_case"), ("R13", "record_return")]
)
def test_unreachable_dropout_and_returned_never_clear_and_name_the_way(code: str, way: str) -> None:
    with pytest.raises(Refused, match=rf"N\d.*{way}"):
        clearance(code)


def test_a_deferral_holds_until_a_date_to_come_and_no_other_code_has_one() -> None:
    with pytest.raises(Refused, match="give expires_on"):
        clearance("R9", evidence_kind="deferral_approval")
    with pytest.raises(Refused, match="beyond today"):
        clearance("R9", evidence_kind="deferral_approval", expires_on=MONDAY)
    with pytest.raises(Refused, match="leave expires_on out"):
        clearance("R8", expires_on=MONDAY + days(9))


def test_a_deferral_that_ran_out_while_it_waited_is_not_approved() -> None:
    asked = clearance("R9", evidence_kind="deferral_approval", expires_on=MONDAY + days(3))

    with pytest.raises(Refused, match="run out"):
        asked.must_be_approvable(approver="officer-2", today=MONDAY + days(3))


@pytest.mark.parametrize(
    "evidence", ["", "   ", "410326201209010013", "G410326201209010013", "call 13700000000", "x" * 501]
)
def test_evidence_is_a_reference_and_never_a_persons_number(evidence: str) -> None:
    with pytest.raises(Refused):
        Clearance.ask(
            resolution="R8",
            evidence_kind="exit_record",
            evidence=evidence,
            asked_by="officer-1",
            expires_on=None,
            today=MONDAY,
        )


def test_the_number_of_a_postal_receipt_is_no_persons_number() -> None:
    asked = Clearance.ask(
        resolution="R8",
        evidence_kind="exit_record",
        evidence="EMS 1098765432109",
        asked_by="officer-1",
        expires_on=None,
        today=MONDAY,
    )

    assert asked.evidence == "EMS 1098765432109"
