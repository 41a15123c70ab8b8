"""The commands about deliveries 送册 and how units call their columns; `intake` does the long work between them."""

from collections.abc import Mapping
from uuid import UUID

from services.chassis.aggregate import today, who_acts
from services.chassis.application import Answer
from services.chassis.errors import NotFound
from services.roster.application import Roster
from services.roster.domain.column_mapping import ColumnMapping
from services.roster.domain.delivery import Delivery, part_of
from services.roster.domain.statements import Rehearsed
from services.roster.reconcile.model import Register
from services.roster.reconcile.registers import FIELDS, Naming, naming


class Deliveries:
    """Everything that can be asked about deliveries."""

    def __init__(self, *, roster: Roster) -> None:
        self.roster = roster

    def commit_delivery(self, *, delivery_id: UUID) -> Answer:
        """Wants a previewed delivery taken in 同意入库; it is in force when `roster.delivery-committed` says so."""
        delivery = self.roster.get(Delivery, delivery_id)
        delivery.accept(by=who_acts().department)
        return self.roster.record(delivery)

    def cancel_delivery(self, *, delivery_id: UUID, reason: str) -> Answer:
        """Withdraws a delivery 撤回; one that is being taken in stops at the next step."""
        delivery = self.roster.get(Delivery, delivery_id)
        delivery.cancel(reason=reason, by=who_acts().department, today=today())
        return self.roster.record(delivery)

    def save_mapping(self, *, register: str, unit: str, columns: dict[str, str]) -> Answer:
        """Keeps how a unit calls the columns of a register, column as written to field; for its files from now on."""
        by = who_acts().department
        mapping = self.roster.find(ColumnMapping, ColumnMapping.id_of(register=register, unit=unit))
        if mapping is None:
            mapping = ColumnMapping.save(register=register, unit=unit, columns=columns, fields=FIELDS, by=by)
        else:
            mapping.replace(columns, fields=FIELDS, by=by)
        return self.roster.record(mapping)

    def delete_mapping(self, *, register: str, unit: str) -> Answer:
        """Forgets how a unit calls the columns of a register; its files are read by the known names again."""
        mapping = self.roster.find(ColumnMapping, ColumnMapping.id_of(register=register, unit=unit))
        if mapping is None:
            raise NotFound("该单位的该名册没有栏目对应 / this unit has no mapping for a register of this name.")
        mapping.delete(by=who_acts().department)
        return self.roster.record(mapping)

    def hand_in(self, *, sha256: Mapping[str, str], attempt: int) -> Answer:
        """Takes note of files, by name and hash; the `attempt` is the first whose delivery is not there yet."""
        delivery = Delivery.hand_in(unit=who_acts().department, sha256=sha256.values(), attempt=attempt, today=today())
        return self.roster.record(delivery)

    def standing(self, *, sha256: Mapping[str, str], heard: frozenset[UUID]) -> tuple[Delivery | None, int]:
        """The delivery that this content of this unit is, or None with the attempt that it would be.

        One that is over is none any more, unless it was committed and all its batches are still `heard`.
        """
        part = part_of(who_acts().department)
        attempt = 1
        while True:
            delivery = self.roster.find(Delivery, Delivery.id_of(part=part, sha256=sha256.values(), attempt=attempt))
            if delivery is None or not _is_over(delivery, heard):
                return delivery, attempt
            attempt += 1

    def preview(
        self, delivery_id: UUID, *, rows: int, rejected: int, missed: int, said: Rehearsed, doubts: int
    ) -> Answer:
        """Keeps what a delivery would change."""
        delivery = self.roster.get(Delivery, delivery_id)
        delivery.preview(
            rows=rows,
            rejected=rejected,
            children_new=said.new,
            children_changed=said.changed,
            children_missed=missed,
            findings_raised=said.raised,
            findings_resolved=said.resolved,
            doubts=doubts,
        )
        return self.roster.record(delivery)

    def finish(self, delivery_id: UUID, *, batches: tuple[UUID, ...]) -> Answer:
        """Notes that a delivery is in force and compared."""
        delivery = self.roster.get(Delivery, delivery_id)
        delivery.commit(batches=batches, today=today())
        return self.roster.record(delivery)

    def refuse(self, delivery_id: UUID, *, reason: str) -> Answer:
        """Notes that a delivery can't be taken in; `reason` names no file and nobody."""
        delivery = self.roster.get(Delivery, delivery_id)
        delivery.refuse(reason=reason, today=today())
        return self.roster.record(delivery)

    def lapse(self, delivery_id: UUID, *, reason: str) -> Answer:
        """Withdraws a delivery about which nobody decided for too long."""
        delivery = self.roster.get(Delivery, delivery_id)
        delivery.lapse(reason=reason, today=today())
        return self.roster.record(delivery)

    def namings(self, unit: str) -> list[Naming]:
        """How a unit calls the columns of its registers."""
        ids = (ColumnMapping.id_of(register=register, unit=unit) for register in Register)
        mappings = (self.roster.find(ColumnMapping, mapping_id) for mapping_id in ids)
        return [naming(mapping.register, mapping.columns) for mapping in mappings if mapping and mapping.columns]


def _is_over(delivery: Delivery, heard: frozenset[UUID]) -> bool:
    if delivery.state == "committed":
        return not heard.issuperset(delivery.batches)
    return delivery.state in {"cancelled", "refused"}
