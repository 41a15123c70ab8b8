"""Lives of every aggregate, told by their own decisions on fixed days: what publisher and histories are checked with."""

from uuid import UUID

from services.chassis.aggregate import RecordedAggregate
from services.roster.domain.child import Child, Groups, Identity, Residence, Schooling
from services.roster.domain.placement import Placement
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import Transfer
from tests.roster.given import CHILD, GROUND, IDENTITY, MONDAY, OTHER_CHILD, OTHER_SCHOOL, SCHOOL, acting_on, days

HOUSEHOLD = UUID("1b1d2f0e-7a77-4c39-b1f6-0d5a8f7b6c01")
TRANSFER = UUID("f2a4c6e8-1357-4b9d-8ace-0246813579bd")
PLACEMENT = UUID("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")


def a_child_lost_and_found() -> list[RecordedAggregate]:
    """A child is taken in from a register, is stated anew in every way, is missed in class, and is found to be two entries."""
    with acting_on():
        batch = RegisterBatch.load(register="hukou", sha256="0f" * 32, rows=2, rejected=1)
        child = Child.register(
            child_id=CHILD,
            identity=IDENTITY,
            residence=Residence(None, "410326102", "付店村"),
            grounds=(GROUND,),
        )
        child.state_residence(Residence(HOUSEHOLD, "410326103", "小店村"))
        child.state_schooling(Schooling(SCHOOL, "小店镇中心小学", "primary", "五年级", "suspect"), valid_on=MONDAY)
        child.state_groups(Groups("脱贫户", "听力", "二级", left_behind=True, migrant=False), valid_on=MONDAY)
        child.account(state="suspect", reason="学籍在册，课堂无人", valid_on=MONDAY)
        child.raise_finding(
            kind="not_in_seat",
            reason="学籍在册，课堂无人",
            owner=f"school:{SCHOOL}",
            raised_on=MONDAY,
            grounds=(GROUND,),
        )
    later = MONDAY + days(7)
    with acting_on(later):
        child.state_identity(
            Identity("燕归来", "41032620150607059X", "2015-06-07", "female", "", ""), grounds=(GROUND,)
        )
        child.account(state="in_seat", reason="在班", valid_on=later)
        child.resolve_finding(kind="not_in_seat", resolution="no_longer_found", resolved_on=later)
        child.merge(merged_id=OTHER_CHILD, reason="同一人")
        child.unmerge(merged_id=OTHER_CHILD, reason="并非同一人")
    return [batch, child]


def an_erasure() -> list[RecordedAggregate]:
    """A child is taken in and its personal data erased for good."""
    with acting_on():
        child = Child.register(
            child_id=OTHER_CHILD,
            identity=Identity(sex="male"),
            residence=Residence(None, "410326102", "付店村"),
            grounds=(GROUND,),
        )
        child.erase(reason="guardian's request 2026-7")
    return [child]


def a_move_and_a_placement() -> list[RecordedAggregate]:
    """A pupil moves to another school; a disabled child is taught at home for a while."""
    with acting_on():
        transfer = Transfer.open(
            transfer_id=TRANSFER, child_id=OTHER_CHILD, from_school=SCHOOL, to_place="洛阳市", today=MONDAY
        )
        placement = Placement.decide(
            placement_id=PLACEMENT, child_id=CHILD, form="home_teaching", school=SCHOOL, today=MONDAY
        )
    later = MONDAY + days(30)
    with acting_on(later):
        transfer.complete(to_school=OTHER_SCHOOL, today=later)
        placement.end(reason="转入特教学校", today=later)
    return [transfer, placement]


def a_term_begins() -> list[RecordedAggregate]:
    """Three are expected, two come, one late."""
    with acting_on():
        check_in = TermCheckIn.open(
            school=SCHOOL, term="2026-2027-1", expected=(CHILD, OTHER_CHILD, HOUSEHOLD), starts_on=MONDAY
        )
        check_in.check_in(children=(CHILD,))
        check_in.check_in(children=(OTHER_CHILD,))
        check_in.close(today=MONDAY + days(8))
    return [check_in]


def all_lives() -> list[RecordedAggregate]:
    """Every aggregate above; together they hold every event of the service."""
    return [*a_child_lost_and_found(), *an_erasure(), *a_move_and_a_placement(), *a_term_begins()]
