"""The event of findings that are near their day 临期提醒 in the published language."""

from services.contracts.roster import FindingsFallDue
from services.roster.domain.near_findings import NearFindings


def publish(event: NearFindings.Warned) -> FindingsFallDue:
    """What others are told of it."""
    return FindingsFallDue(
        warning_id=event.originator_id,
        owner=event.owner,
        township=event.township,
        kind=event.kind,
        due_on=event.due_on,
        warned_on=event.warned_on,
    )
