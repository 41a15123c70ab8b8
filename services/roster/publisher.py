"""The roster's own events in the published language."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.contracts import deliveries, restriction, review
from services.contracts import roster as told
from services.contracts.envelope import Published, Sealed
from services.roster import field_publisher, letter_publisher, reminder_publisher
from services.roster.domain.child import Child
from services.roster.domain.column_mapping import ColumnMapping
from services.roster.domain.deferral import Deferral
from services.roster.domain.delivery import Delivery
from services.roster.domain.doubt import Doubt, RowPair
from services.roster.domain.facts import Ground, Links, RowPlace, SchoolYears, Sources
from services.roster.domain.field_check import FieldCheck
from services.roster.domain.field_round import FieldRound
from services.roster.domain.four_checks import FourChecks
from services.roster.domain.guardian_letter import GuardianLetter, LetterRun
from services.roster.domain.near_findings import NearFindings
from services.roster.domain.placement import Placement
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.schooling_elsewhere import SchoolingElsewhere
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import Transfer
from services.roster.reconcile.wording import in_words


def publish(event: object) -> Published | None:
    """What others are told of an event, or None where it is the roster's own matter."""
    match event:
        case Child.Registered() | Child.IdentityCorrected():
            return _identity(event)
        case Child.RowsLinked():
            return told.RowsLinked(
                child_id=event.originator_id,
                grounds=tuple(map(_ground, event.grounds)),
                links=_links(event.links),
                valid_on=event.valid_on,
            )
        case Child.SchoolYearsStated() | Child.SchoolAgeReached() | Child.SchoolAgePassed():
            return _of_age(event)
        case Child.Event():
            return _child(event)
        case Doubt.Event():
            return _doubt(event)
        case RegisterBatch.Loaded():
            return deliveries.RegisterLoaded(
                batch_id=event.originator_id,
                register=event.register,
                rows=event.rows,
                rejected=event.rejected,
                sha256=event.sha256,
                part=event.part,
            )
        case Delivery.Event():
            return _delivery(event)
        case ColumnMapping.Event():
            return _mapping(event)
        case FourChecks.Counted():
            return told.FourChecksCounted(
                as_of=event.as_of,
                batches=tuple(told.BatchCompared(**asdict(batch)) for batch in event.batches),
                places=tuple(told.PlaceCounts(**asdict(place)) for place in event.places),
            )
        case FieldCheck.Event() | FieldRound.Event():
            return field_publisher.publish(event)
        case NearFindings.Warned():
            return reminder_publisher.publish(event)
        case LetterRun.Event() | GuardianLetter.Event():
            return letter_publisher.publish(event)
        case Deferral.Event() | SchoolingElsewhere.Event():
            return _paper(event)
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
    grounds, links, sources = tuple(map(_ground, event.grounds)), _links(event.links), _sources(event.sources)
    if isinstance(event, Child.IdentityCorrected):
        return told.IdentityCorrected(
            child_id=event.originator_id,
            sex=event.sex,
            grounds=grounds,
            sources=sources,
            valid_on=event.valid_on,
            links=links,
            **sealed,
        )
    return told.ChildRegistered(
        child_id=event.originator_id,
        sex=event.sex,
        household_id=event.household_id,
        township=event.township,
        village=event.village,
        grounds=grounds,
        sources=sources,
        valid_on=event.valid_on,
        links=links,
        school_years=_school_years(event.school_years),
        **sealed,
    )


def _of_age(event: Child.SchoolYearsStated | Child.SchoolAgeReached | Child.SchoolAgePassed) -> Published:
    child_id = event.originator_id
    match event:
        case Child.SchoolYearsStated():
            return told.SchoolYearsStated(
                child_id=child_id, school_years=_school_years(event.school_years), valid_on=event.valid_on
            )
        case Child.SchoolAgeReached():
            return told.SchoolAgeReached(
                child_id=child_id, begin_on=event.begin_on, township=event.township, village=event.village
            )
        case Child.SchoolAgePassed():
            return told.SchoolAgePassed(
                child_id=child_id, end_on=event.end_on, township=event.township, village=event.village
            )


def _school_years(stated: SchoolYears | None) -> told.SchoolYears | None:
    return None if stated is None else told.SchoolYears(begin_on=stated.begin_on, end_on=stated.end_on)


def _ground(ground: Ground) -> told.Ground:
    return told.Ground(register=ground.register, batch_id=ground.batch_id, row=ground.row, rule=ground.rule)


def _links(links: Links) -> tuple[told.RowLink, ...]:
    return tuple(
        told.RowLink(**_side_by_side(link.one, link.other), rule=link.rule, words=in_words(link.rule), score=link.score)
        for link in links
    )


def _pair(pair: RowPair) -> review.RowPair:
    return review.RowPair(**_side_by_side(pair.of_child, pair.of_other), agree=pair.agree, differ=pair.differ)


def _side_by_side(one: RowPlace, other: RowPlace) -> dict[str, Any]:
    return asdict(one) | {f"other_{name}": value for name, value in asdict(other).items()}


def _sources(sources: Sources) -> tuple[told.Source, ...]:
    return tuple(
        told.Source(fact=source.fact, register=source.register, batch_id=source.batch_id, row=source.row)
        for source in sources
    )


def _child(event: Child.Event) -> Published | None:
    child_id = event.originator_id
    match event:
        case Child.ResidenceStated():
            return told.ResidenceStated(
                child_id=child_id,
                household_id=event.household_id,
                township=event.township,
                village=event.village,
                sources=_sources(event.sources),
                valid_on=event.valid_on,
            )
        case Child.SchoolingStated(schooling=schooling):
            return told.SchoolingStated(
                child_id=child_id,
                school=schooling.school,
                school_name=schooling.school_name,
                stage=schooling.stage,
                grade=schooling.grade,
                status=schooling.status,
                boarding=schooling.boarding,
                valid_on=event.valid_on,
                sources=_sources(event.sources),
            )
        case Child.GroupsStated():
            return _groups(event)
        case Child.StudentNumberStated():
            return told.StudentNumberStated(
                child_id=child_id,
                student_number=Sealed(event.student_number),
                valid_on=event.valid_on,
                sources=_sources(event.sources),
            )
        case Child.Accounted():
            return told.ChildAccounted(
                child_id=child_id,
                state=event.state,  # type: ignore[arg-type]  # the engine's states are the contract's, by test
                valid_on=event.valid_on,
                reason=event.reason,
            )
        case (
            Child.FindingRaised()
            | Child.FindingAnswered()
            | Child.FindingReturned()
            | Child.FindingOverdue()
            | Child.FindingResolved()
        ):
            return _finding(event)
        case Child.Merged():
            return told.ChildrenMerged(child_id=child_id, merged_id=event.merged_id, reason=event.reason)
        case Child.Erased():
            return told.ChildErased(child_id=child_id, reason=event.reason)
        case Child.Restricted():
            return restriction.ChildRestricted(child_id=child_id, basis=event.basis, until=event.until)
        case Child.RestrictionLifted():
            return restriction.RestrictionLifted(child_id=child_id, reason=event.reason)
        case Child.Unmerged():
            return told.ChildrenUnmerged(child_id=child_id, merged_id=event.merged_id, reason=event.reason)
        case _:
            return None


def _groups(event: Child.GroupsStated) -> Published:
    groups = event.groups
    return told.GroupsStated(
        child_id=event.originator_id,
        poverty=groups.poverty,
        disability=groups.disability,
        disability_grade=groups.disability_grade,
        left_behind=groups.left_behind,
        migrant=groups.migrant,
        relief=groups.relief,
        risk=groups.risk,
        monitored_on=groups.monitored_on,
        risk_removed_on=groups.risk_removed_on,
        valid_on=event.valid_on,
        sources=_sources(event.sources),
    )


def _finding(
    event: Child.FindingRaised
    | Child.FindingAnswered
    | Child.FindingReturned
    | Child.FindingOverdue
    | Child.FindingResolved,
) -> Published:
    child_id = event.originator_id
    match event:
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
                due_on=event.due_on,
                legal_basis=event.legal_basis,
                grounds=tuple(map(_ground, event.grounds)),
            )
        case Child.FindingAnswered():
            return told.FindingAnswered(
                finding_id=event.finding_id,
                child_id=child_id,
                kind=event.kind,
                code=event.code,
                evidence=event.evidence,
                answered_by=event.answered_by,
                answered_on=event.answered_on,
                due_on=event.due_on,
            )
        case Child.FindingReturned():
            return told.FindingReturned(
                finding_id=event.finding_id,
                child_id=child_id,
                kind=event.kind,
                reason=event.reason,
                due_on=event.due_on,
                returned_on=event.returned_on,
                owner=event.owner,
                township=event.township,
            )
        case Child.FindingOverdue():
            return told.FindingOverdue(
                finding_id=event.finding_id,
                child_id=child_id,
                kind=event.kind,
                owner=event.owner,
                due_on=event.due_on,
                overdue_on=event.overdue_on,
                township=event.township,
            )
        case Child.FindingResolved():
            return told.FindingResolved(
                finding_id=event.finding_id,
                child_id=child_id,
                kind=event.kind,
                resolution=event.resolution,
                resolved_on=event.resolved_on,
                evidence=event.evidence,
                approved_by=event.approved_by,
            )


def _doubt(event: Doubt.Event) -> Published | None:
    doubt_id = event.originator_id
    match event:
        case Doubt.Raised() | Doubt.RaisedAgain():
            return review.DoubtRaised(
                doubt_id=doubt_id,
                child_id=event.child_id,
                other_id=event.other_id,
                township=event.township,
                reason=event.reason,
                score=event.score,
                raised_on=event.raised_on,
                pairs=tuple(map(_pair, event.grounds)),
                child_rows=Sealed(event.child_rows),
                other_rows=Sealed(event.other_rows),
            )
        case Doubt.Decided():
            return review.DoubtDecided(
                doubt_id=doubt_id,
                child_id=event.child_id,
                other_id=event.other_id,
                decision=event.decision,
                reason=event.reason,
                decided_on=event.decided_on,
            )
        case Doubt.Withdrawn():
            return review.DoubtWithdrawn(
                doubt_id=doubt_id,
                child_id=event.child_id,
                other_id=event.other_id,
                withdrawn_on=event.withdrawn_on,
            )
        case _:
            return None


def _paper(event: Deferral.Event | SchoolingElsewhere.Event) -> Published | None:
    match event:
        case Deferral.Approved():
            return told.DeferralApproved(
                deferral_id=event.originator_id,
                child_id=event.child_id,
                kind=event.kind,  # type: ignore[arg-type]  # the aggregate refuses any other kind
                proof=event.proof,
                from_on=event.from_on,
                until_on=event.until_on,
                approved_on=event.approved_on,
            )
        case Deferral.Ended():
            return told.DeferralEnded(
                deferral_id=event.originator_id,
                child_id=event.child_id,
                reason=event.reason,
                ended_on=event.ended_on,
            )
        case SchoolingElsewhere.Proved():
            return told.SchoolingElsewhereProved(
                child_id=event.child_id,
                term=event.term,
                place=event.place,
                school_name=event.school_name,
                proof=event.proof,
                proved_on=event.proved_on,
            )
        case _:
            return None


def _mapping(event: ColumnMapping.Event) -> Published | None:
    mapping_id = event.originator_id
    match event:
        case ColumnMapping.Saved() | ColumnMapping.SavedAgain():
            return deliveries.ColumnMappingSaved(
                mapping_id=mapping_id, register=event.register, unit=event.unit, columns=_columns(event.columns)
            )
        case ColumnMapping.Replaced():
            return deliveries.ColumnMappingReplaced(mapping_id=mapping_id, columns=_columns(event.columns))
        case ColumnMapping.Deleted():
            return deliveries.ColumnMappingDeleted(mapping_id=mapping_id)
        case _:
            return None


def _columns(columns: Mapping[str, str]) -> tuple[deliveries.ColumnName, ...]:
    return tuple(deliveries.ColumnName(written=written, field=field) for written, field in columns.items())


def _delivery(event: Delivery.Event) -> Published | None:
    delivery_id = event.originator_id
    match event:
        case Delivery.HandedIn():
            return deliveries.DeliveryHandedIn(
                delivery_id=delivery_id, part=event.part, files=len(event.sha256), handed_in_on=event.handed_in_on
            )
        case Delivery.Previewed():
            return deliveries.DeliveryPreviewed(
                delivery_id=delivery_id,
                rows=event.rows,
                rejected=event.rejected,
                children_new=event.children_new,
                children_changed=event.children_changed,
                children_missed=event.children_missed,
                findings_raised=event.findings_raised,
                findings_resolved=event.findings_resolved,
                doubts=event.doubts,
            )
        case Delivery.Committed():
            return deliveries.DeliveryCommitted(delivery_id=delivery_id, committed_on=event.committed_on)
        case Delivery.Cancelled():
            return deliveries.DeliveryCancelled(
                delivery_id=delivery_id, reason=event.reason, cancelled_on=event.cancelled_on
            )
        case Delivery.Refused():
            return deliveries.DeliveryRefused(delivery_id=delivery_id, reason=event.reason, refused_on=event.refused_on)
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
                first_visit_by=event.first_visit_by,
            )
        case Placement.TeachingBegun():
            return told.HomeTeachingBegun(
                placement_id=event.originator_id, child_id=event.child_id, taught_on=event.taught_on
            )
        case Placement.Ended():
            return told.PlacementEnded(
                placement_id=event.originator_id,
                child_id=event.child_id,
                reason=event.reason,
                ended_on=event.ended_on,
            )
        case TermCheckIn.Opened():
            return told.TermCheckInOpened(
                check_in_id=event.originator_id,
                school=event.school,
                term=event.term,
                expected=len(event.expected),
                due_on=event.due_on,
            )
        case TermCheckIn.Present():
            return told.ChildrenCheckedIn(check_in_id=event.originator_id, children=event.children)
        case TermCheckIn.AbsenceVerified():
            return told.AbsenceVerified(
                check_in_id=event.originator_id,
                child_id=event.child_id,
                school=event.school,
                term=event.term,
                reason=event.reason,
                late=event.late,
                verified_on=event.verified_on,
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
