"""The roster's own events in the published language."""

from services.contracts import roster as told
from services.contracts.envelope import Published, Sealed
from services.roster.domain.child import Child, Ground
from services.roster.domain.placement import Placement
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import Transfer


def publish(event: object) -> Published | None:
    """What others are told of an event, or None where it is the roster's own matter."""
    match event:
        case Child.Registered() | Child.IdentityCorrected():
            return _identity(event)
        case Child.Event():
            return _child(event)
        case RegisterBatch.Loaded():
            return told.RegisterLoaded(
                batch_id=event.originator_id,
                register=event.register,
                rows=event.rows,
                rejected=event.rejected,
                sha256=event.sha256,
            )
        case _:
            return _movement(event)


def _identity(event: Child.Registered | Child.IdentityCorrected) -> Published:
    sealed = {
        "name": Sealed(event.name),
        "id_number": Sealed(event.id_number),
        "birth_date": Sealed(event.birth_date),
        "guardian_name": Sealed(event.guardian_name),
        "guardian_phone": Sealed(event.guardian_phone),
    }
    grounds = tuple(_ground(ground) for ground in event.grounds)
    if isinstance(event, Child.IdentityCorrected):
        return told.IdentityCorrected(child_id=event.originator_id, sex=event.sex, grounds=grounds, **sealed)
    return told.ChildRegistered(
        child_id=event.originator_id,
        sex=event.sex,
        household_id=event.household_id,
        township=event.township,
        village=event.village,
        grounds=grounds,
        **sealed,
    )


def _ground(ground: Ground) -> told.Ground:
    return told.Ground(register=ground.register, batch_id=ground.batch_id, row=ground.row, rule=ground.rule)


def _child(event: Child.Event) -> Published | None:
    child_id = event.originator_id
    match event:
        case Child.ResidenceStated():
            return told.ResidenceStated(
                child_id=child_id, household_id=event.household_id, township=event.township, village=event.village
            )
        case Child.SchoolingStated(schooling=schooling):
            return told.SchoolingStated(
                child_id=child_id,
                school=schooling.school,
                school_name=schooling.school_name,
                stage=schooling.stage,
                grade=schooling.grade,
                status=schooling.status,
                valid_on=event.valid_on,
            )
        case Child.GroupsStated(groups=groups):
            return told.GroupsStated(
                child_id=child_id,
                poverty=groups.poverty,
                disability=groups.disability,
                disability_grade=groups.disability_grade,
                left_behind=groups.left_behind,
                migrant=groups.migrant,
                valid_on=event.valid_on,
            )
        case Child.Accounted():
            return told.ChildAccounted(
                child_id=child_id,
                state=event.state,  # type: ignore[arg-type]  # the engine's states are the contract's, by test
                valid_on=event.valid_on,
                reason=event.reason,
            )
        case Child.FindingRaised():
            return told.FindingRaised(
                finding_id=event.finding_id,
                child_id=child_id,
                kind=event.kind,
                reason=event.reason,
                owner=event.owner,
                township=event.township,
                village=event.village,
                school=event.school,
                stage=event.stage,
                raised_on=event.raised_on,
            )
        case Child.FindingResolved():
            return told.FindingResolved(
                finding_id=event.finding_id,
                child_id=child_id,
                kind=event.kind,
                resolution=event.resolution,
                resolved_on=event.resolved_on,
            )
        case Child.Merged():
            return told.ChildrenMerged(child_id=child_id, merged_id=event.merged_id, reason=event.reason)
        case Child.Erased():
            return told.ChildErased(child_id=child_id, reason=event.reason)
        case Child.Unmerged():
            return told.ChildrenUnmerged(child_id=child_id, merged_id=event.merged_id, reason=event.reason)
        case _:
            return None


def _movement(event: object) -> Published | None:
    match event:
        case Transfer.Opened():
            return told.TransferOpened(
                transfer_id=event.originator_id,
                child_id=event.child_id,
                from_school=event.from_school,
                to_place=event.to_place,
                opened_on=event.opened_on,
                due_on=event.due_on,
            )
        case Transfer.Completed():
            return told.TransferCompleted(
                transfer_id=event.originator_id,
                child_id=event.child_id,
                to_school=event.to_school,
                completed_on=event.completed_on,
            )
        case Placement.Decided():
            return told.PlacementDecided(
                placement_id=event.originator_id,
                child_id=event.child_id,
                form=event.form,  # type: ignore[arg-type]  # the aggregate refuses any other form
                school=event.school,
                decided_on=event.decided_on,
            )
        case TermCheckIn.Closed():
            return told.TermCheckInClosed(
                check_in_id=event.originator_id,
                school=event.school,
                term=event.term,
                expected=event.expected,
                present=event.expected - len(event.absent),
                absent=event.absent,
                closed_on=event.closed_on,
            )
        case _:
            return None
