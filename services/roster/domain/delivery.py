"""Register files that were handed in together 送册: previewed, and then committed by somebody who saw what would change.

A delivery is known by the content of its files and by whose word they are, its `part`: a unit that hands in its own lists
speaks for itself only, everybody else for the whole county. The same content again is the delivery that is there; only what
was refused, cancelled, or has been replaced since can be handed in anew, as the next `attempt`.

What became of it in the tables beside (`intake/tables.py`) follows these events; names of files and people stand there alone.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, Literal
from uuid import UUID, uuid5

from services.chassis.aggregate import Caused, Created, RecordedAggregate, event
from services.chassis.errors import Forbidden, Refused
from services.roster.domain.findings import in_the_clear

_DELIVERIES = UUID("b1f0c7de-41a5-5c0e-8a53-9d2e6f3b7c20")

BUREAU: Final = "education_bureau"

REGISTERS_OF: Final[Mapping[str, frozenset[str]]] = {
    BUREAU: frozenset(
        [
            "hukou",
            "enrolment",
            "in_school",
            "poverty",
            "disability",
            "suspects",
            "civil_affairs",
            "check_in",
            "field_check",
        ]
    ),
    "public_security": frozenset({"hukou"}),
    "civil_affairs": frozenset({"civil_affairs"}),
    "disabled_federation": frozenset({"disability"}),
    "rural_affairs": frozenset({"poverty"}),
    "school": frozenset({"in_school", "check_in"}),
    "township": frozenset({"field_check"}),
}
"""Which registers each kind of unit hands in; the bureau may bring any of them for the others."""

OWN_PARTS: Final = frozenset({"school", "township"})
"""Kinds of unit whose lists are of themselves only."""

State = Literal["handed_in", "previewed", "accepted", "committed", "cancelled", "refused"]

OPEN: Final = frozenset({"handed_in", "previewed", "accepted"})


def part_of(unit: str) -> str:
    """Whose word a unit's lists are: its own, or '' for the county's."""
    return unit if unit.partition(":")[0] in OWN_PARTS else ""


class Delivery(RecordedAggregate):
    """One delivery."""

    TOPIC = "roster.Delivery"

    class HandedIn(RecordedAggregate.Event, Created):
        """Files were handed in 送达; `sha256` of each, in their order by hash."""

        TOPIC = "roster.Delivery.HandedIn"
        unit: str
        part: str
        sha256: tuple[str, ...]
        handed_in_on: date

    class Previewed(RecordedAggregate.Event):
        """They were read and compared without keeping anything 预览."""

        TOPIC = "roster.Delivery.Previewed"
        rows: int
        rejected: int
        children_new: int
        children_changed: int
        children_missed: int
        findings_raised: int
        findings_resolved: int
        doubts: int

    class Accepted(RecordedAggregate.Event):
        """Somebody who saw the preview wants it taken in 同意入库."""

        TOPIC = "roster.Delivery.Accepted"

    class Committed(RecordedAggregate.Event):
        """It was taken in and compared 入库; `batches` are what its registers are now."""

        TOPIC = "roster.Delivery.Committed"
        batches: tuple[UUID, ...]
        committed_on: date

    class Cancelled(RecordedAggregate.Event):
        """It was withdrawn 撤回; whole steps that were done stay."""

        TOPIC = "roster.Delivery.Cancelled"
        reason: str
        cancelled_on: date

    class Refused(RecordedAggregate.Event):
        """It can't be read 拒收; the reason names no file and nobody."""

        TOPIC = "roster.Delivery.Refused"
        reason: str
        refused_on: date

    @staticmethod
    def id_of(*, part: str, sha256: Iterable[str], attempt: int = 1) -> UUID:
        """The id of the delivery that this content is, handed in for the first, second, … time."""
        return uuid5(_DELIVERIES, f"{part}/{attempt}/{'/'.join(sorted(sha256))}")

    @classmethod
    def hand_in(cls, *, unit: str, sha256: Iterable[str], attempt: int, today: date) -> "Delivery":
        """Takes note of files a unit handed in; refused for units that hand in no registers."""
        if unit.partition(":")[0] not in REGISTERS_OF:
            raise Forbidden("该单位不负责送册 / this kind of unit hands in no registers.")
        part, content = part_of(unit), tuple(sorted(sha256))
        delivery_id = cls.id_of(part=part, sha256=content, attempt=attempt)
        return cls._create(cls.HandedIn, id=delivery_id, unit=unit, part=part, sha256=content, handed_in_on=today)

    def may_be_seen_by(self, unit: str) -> bool:
        """Whether a unit may look at this delivery: it handed it in, or is the bureau."""
        return unit == self.unit or unit.partition(":")[0] == BUREAU

    def check_registers(self, registers: Iterable[str]) -> None:
        """Refused where the unit brought a register that is not its to bring."""
        kind = self.unit.partition(":")[0]
        if foreign := sorted(set(registers) - REGISTERS_OF[kind]):
            raise Refused(
                f"本单位不报送此类名册 / not this unit's registers: {', '.join(foreign)}; "
                f"it hands in {', '.join(sorted(REGISTERS_OF[kind]))}."
            )

    def preview(
        self,
        *,
        rows: int,
        rejected: int,
        children_new: int,
        children_changed: int,
        children_missed: int,
        findings_raised: int,
        findings_resolved: int,
        doubts: int,
    ) -> None:
        """Says what would change; from now on somebody may commit it."""
        if self.state != "handed_in":
            raise Refused("This delivery was previewed already, or is over.")
        self.trigger_event(
            self.Previewed,
            rows=rows,
            rejected=rejected,
            children_new=children_new,
            children_changed=children_changed,
            children_missed=children_missed,
            findings_raised=findings_raised,
            findings_resolved=findings_resolved,
            doubts=doubts,
        )

    def accept(self, *, by: str) -> None:
        """Wants it taken in; nothing new where somebody did so already."""
        self._require_own(by)
        if self.state == "handed_in":
            raise Refused("尚未预览完毕，请稍后 / it is still being read; look at what would change first.")
        if self.state == "previewed":
            self.trigger_event(self.Accepted)
        elif self.state != "accepted":
            raise Refused("该送册已办结，不能再入库 / this delivery is over; hand the files in again.")

    def commit(self, *, batches: Iterable[UUID], today: date) -> None:
        """Says that all of it is in force and compared."""
        if self.state != "accepted":
            raise Refused("Only an accepted delivery is committed.")
        self.trigger_event(self.Committed, batches=tuple(sorted(batches)), committed_on=today)

    def cancel(self, *, reason: str, by: str, today: date) -> None:
        """Withdraws it, also while it is being taken in; refused once it is over."""
        self._require_own(by)
        if self.state not in OPEN:
            raise Refused("该送册已办结，不能撤回 / this delivery is over; hand in what was right before instead.")
        reason = in_the_clear(reason, what="why the delivery is withdrawn")
        self.trigger_event(self.Cancelled, reason=reason, cancelled_on=today)

    def lapse(self, *, reason: str, today: date) -> None:
        """Withdraws it because nobody decided about it for too long."""
        if self.state == "previewed":
            self.trigger_event(self.Cancelled, reason=reason, cancelled_on=today)

    def refuse(self, *, reason: str, today: date) -> None:
        """Can't take it in; `reason` names no file and nobody."""
        if self.state in OPEN:
            self.trigger_event(self.Refused, reason=reason, refused_on=today)

    def _require_own(self, unit: str) -> None:
        if not self.may_be_seen_by(unit):
            raise Forbidden("只有送册单位和教体局可以办理 / only the unit that handed it in, or the bureau, decides.")

    @event(HandedIn)
    def __init__(self, unit: str, part: str, sha256: tuple[str, ...], handed_in_on: date) -> None:
        self.unit = unit
        self.part = part
        self.sha256 = sha256
        self.handed_in_on = handed_in_on
        self.state: State = "handed_in"
        self.accepted_by: Caused | None = None
        self.batches: tuple[UUID, ...] = ()
        self.previewed: dict[str, int] | None = None

    @event(Previewed)
    def _previewed(
        self,
        rows: int,
        rejected: int,
        children_new: int,
        children_changed: int,
        children_missed: int,
        findings_raised: int,
        findings_resolved: int,
        doubts: int,
    ) -> None:
        self.state = "previewed"
        self.previewed = {
            "rows": rows,
            "rejected": rejected,
            "children_new": children_new,
            "children_changed": children_changed,
            "children_missed": children_missed,
            "findings_raised": findings_raised,
            "findings_resolved": findings_resolved,
            "doubts": doubts,
        }

    @event(Accepted)
    def _accepted(self, caused: Caused) -> None:
        self.state = "accepted"
        self.accepted_by = caused

    @event(Committed)
    def _committed(self, batches: tuple[UUID, ...]) -> None:
        self.state = "committed"
        self.batches = batches

    @event(Cancelled)
    def _cancelled(self) -> None:
        self.state = "cancelled"

    @event(Refused)
    def _refused(self) -> None:
        self.state = "refused"
