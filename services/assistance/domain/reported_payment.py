"""A payment as the bank numbers it 支付流水 (N6.2): one payment settles one award, so a number reported for two is refused."""

from typing import Self
from uuid import UUID, uuid5

from services.chassis.aggregate import Created, RecordedAggregate, event
from services.chassis.errors import Refused


class ReportedPayment(RecordedAggregate):
    """One payment's number, and the award it was reported for."""

    TOPIC = "assistance.ReportedPayment"

    class Reported(RecordedAggregate.Event, Created):
        """The number was reported for the first time 首次上报."""

        TOPIC = "assistance.ReportedPayment.Reported"
        payment_id: UUID
        award_id: UUID

    @staticmethod
    def id_of(payment_id: UUID) -> UUID:
        """The id of what is known of a payment's number: there is one."""
        return uuid5(payment_id, "reported-payment")

    @classmethod
    def report(cls, *, known: Self | None, payment_id: UUID, award_id: UUID) -> Self:
        """Takes note which award a payment settles; refused where it settled another one already."""
        if known is None:
            return cls._create(cls.Reported, id=cls.id_of(payment_id), payment_id=payment_id, award_id=award_id)
        if known.award_id != award_id:
            raise Refused("This payment was reported for another award; one payment settles one. Ask the bank (N6.2).")
        return known

    @event(Reported)
    def __init__(self, award_id: UUID) -> None:
        self.award_id = award_id
